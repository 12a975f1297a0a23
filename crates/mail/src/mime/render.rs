//! Fetched parts → what an agent reads: decode, convert, fold, clean, mask.
//!
//! The same input gives the same output: continuing at an offset relies on it.

use std::collections::HashSet;

use domain::reading::{Readable, Removed};

use super::{
    codes, decode, invisible,
    line::{self, Line},
    links::Links,
    plain, quote, signature,
    text_parts::TextPart,
    visible_text,
};

/// How to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options<'a> {
    /// Fold nothing, show whole URLs (`view: full`).
    pub full: bool,
    /// Mask likely one-time codes and sign-in links.
    pub mask_codes: bool,
    /// The decoded subject: it tells forwards from replies, and may announce a code that the body holds.
    pub subject: &'a str,
}

/// A body and what was masked in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// Text, links and what was removed.
    pub readable: Readable,
    /// How many likely codes and sign-in links were masked.
    pub masked: usize,
}

/// Renders parts as fetched (still transfer-encoded, maybe cut off) in their order.
pub fn render(parts: &[(TextPart, &[u8])], options: Options<'_>) -> Rendered {
    let mut links = Links::new(options.full);
    let mut removed = Removed::default();
    let is_forward = quote::is_forward_subject(options.subject);
    let mut lines: Vec<Line> = Vec::new();
    for (part, data) in parts {
        let (mut converted, gone) = convert(part, data, &mut links);
        removed = removed.plus(gone);
        if !options.full {
            converted = signature::fold(quote::fold(converted, is_forward));
        }
        if !lines.is_empty() && converted.iter().any(|line| !line.is_blank()) {
            lines.push(Line::default());
        }
        lines.append(&mut converted);
    }
    // Once more after entities and encodings are gone and texts have met.
    let text = line::join(&lines);
    let (clean, late) = invisible::clean(&text);
    removed.invisible += late;
    let mut text = clean.into_owned();
    let mut masked = 0;
    if options.mask_codes {
        let (without, count) = codes::mask_links(options.subject, &text, &mut links);
        masked += count;
        let (without, count) = codes::mask_below(options.subject, &without);
        masked += count;
        text = without;
    }
    let mut links = links.into_links();
    let shown = shown_numbers(&text);
    // Links of folded history would only cost room.
    links.retain(|link| shown.contains(&link.number));
    Rendered { readable: Readable { text, links, removed }, masked }
}

/// The numbers of the links that a text shows.
fn shown_numbers(text: &str) -> HashSet<usize> {
    let ends = text.split("][").skip(1).filter_map(|rest| rest.split_once(']'));
    ends.filter_map(|(number, _)| number.parse().ok()).collect()
}

/// The beginning of a text for a list: one line, quotes and signature left out, codes masked if asked for (`full` has no effect).
///
/// `parts` may be cut off after the first kilobytes.
pub fn snippet(parts: &[(TextPart, &[u8])], max_chars: usize, options: Options<'_>) -> String {
    let mut links = Links::new(false);
    let mut words = String::new();
    for (part, data) in parts {
        let (lines, _) = convert(part, data, &mut links);
        let lines = signature::fold(quote::fold(lines, quote::is_forward_subject(options.subject)));
        for line in lines.iter().filter(|line| line.quote == 0 && !line.is_blank()) {
            if line.region == line::Region::Folded {
                continue;
            }
            words.push_str(&without_images(&without_link_marks(line.text.trim())));
            words.push('\n');
        }
        if words.chars().count() > max_chars * 4 {
            break;
        }
    }
    let (clean, _) = invisible::clean(&words);
    let text =
        if options.mask_codes { codes::mask_below(options.subject, &clean).0 } else { clean.into_owned() };
    let one_line = text.split_whitespace().filter(|word| !is_ornament(word)).collect::<Vec<_>>().join(" ");
    super::links::clip(&one_line, max_chars)
}

/// Whether a part as fetched holds any text to show: if not, ask for the alternatives.
pub fn has_text(part: &TextPart, data: &[u8]) -> bool {
    let mut links = Links::new(false);
    let (lines, _) = convert(part, data, &mut links);
    lines
        .iter()
        .any(|line| line.text.chars().any(char::is_alphanumeric) && !line.text.starts_with("[image: "))
}

fn convert(part: &TextPart, data: &[u8], links: &mut Links) -> (Vec<Line>, Removed) {
    let text = decode::decode_text(part, data);
    if part.is_html || is_html_by_mistake(&text) {
        let converted = visible_text::convert(&text, links);
        (converted.lines, Removed { hidden: converted.hidden, invisible: converted.invisible })
    } else {
        let (lines, invisible) = plain::lines(&text, part.is_flowed, part.is_delsp, links);
        (lines, Removed { hidden: 0, invisible })
    }
}

/// HTML that was sent as plain text: nobody meant its source to be read.
fn is_html_by_mistake(text: &str) -> bool {
    let start = text.trim_start().get(..9).unwrap_or_default().to_ascii_lowercase();
    start == "<!doctype" || start.starts_with("<html>") || start.starts_with("<html ")
}

/// A preview has no room for pictures.
fn without_images(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, picture)) = rest.split_once("[image: ") {
        out.push_str(before);
        rest = picture.split_once(']').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Dashes and rules carry nothing in a preview.
fn is_ornament(word: &str) -> bool {
    (word.len() >= 3 || word == "|")
        && word.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '#' | '~' | '|' | '>'))
}

/// `[text][3]` → `text`.
fn without_link_marks(text: &str) -> String {
    if !text.contains("][") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("][") {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let is_link = digits > 0 && after.as_bytes().get(digits) == Some(&b']');
        if is_link {
            match before.rfind('[') {
                // `[image: words][3]` goes with its brackets, like every picture.
                Some(open) if before.get(open..).is_some_and(|shown| shown.starts_with("[image")) => {
                    out.push_str(before.get(..open).unwrap_or_default());
                }
                Some(open) => {
                    out.push_str(before.get(..open).unwrap_or_default());
                    out.push_str(before.get(open + 1..).unwrap_or_default());
                }
                None => out.push_str(before),
            }
            rest = after.get(digits + 1..).unwrap_or_default();
        } else {
            out.push_str(before);
            out.push_str("][");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "render/tests.rs"]
mod tests;
