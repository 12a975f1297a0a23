//! text/plain → lines: format=flowed (RFC 3676), quote marks, long URLs.

use super::{
    invisible,
    line::{Line, Region},
    links::Links,
};

/// Deepest quotation that is told apart.
const MAX_QUOTE: usize = 40;

/// Converts plain text; the second value counts invisible characters that were taken out.
pub fn lines(text: &str, is_flowed: bool, is_delsp: bool, links: &mut Links) -> (Vec<Line>, usize) {
    // Page feeds are line ends of another kind, not hidden characters.
    let fed;
    let text = if text.contains(['\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}']) {
        fed = text.replace(['\u{B}', '\u{C}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
        fed.as_str()
    } else {
        text
    };
    let (text, invisible) = invisible::clean(text);
    let mut lines: Vec<Line> = Vec::new();
    let mut is_open = false;
    let mut enclosure: Option<Enclosure> = None;
    for raw in text.split('\n') {
        if let Some(open) = &mut enclosure {
            if open.takes(raw) {
                continue;
            }
            lines.push(open.line());
            enclosure = None;
            if raw.trim_end() == "end" {
                continue;
            }
        }
        if let Some(name) = uuencoded_name(raw) {
            enclosure = Some(Enclosure { name: name.to_owned(), octets: 0 });
            is_open = false;
            continue;
        }
        let was_cited = lines.last().is_some_and(|line| line.quote > 0);
        let (quote, rest) = split_quote(raw, is_flowed, was_cited);
        let rest = if is_flowed { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        let is_signature_mark = rest.trim_end_matches('\r') == "-- ";
        let goes_on = is_flowed && rest.ends_with(' ') && !is_signature_mark;
        let shown = if goes_on && is_delsp { rest.get(..rest.len() - 1).unwrap_or(rest) } else { rest };
        let joins = is_open && !is_signature_mark && lines.last().is_some_and(|line| line.quote == quote);
        if joins && let Some(last) = lines.last_mut() {
            last.text.push_str(shown);
        } else {
            let region = if quote > 0 { Region::Cited } else { Region::Own };
            lines.push(Line { text: shown.to_owned(), quote, region });
        }
        is_open = goes_on;
    }
    lines.extend(enclosure.map(|open| open.line()));
    for line in &mut lines {
        finish(line, links);
    }
    (lines, invisible)
}

/// A file that stands uuencoded inside the text, as programs sent it before MIME.
struct Enclosure {
    name: String,
    octets: usize,
}

impl Enclosure {
    /// Whether a line belongs to the file. Its first character says how many octets it carries.
    fn takes(&mut self, line: &str) -> bool {
        let line = line.trim_end();
        let Some(first) = line.bytes().next().filter(|first| (b' '..=b'`').contains(first)) else {
            return false;
        };
        let octets = usize::from(first.wrapping_sub(32) & 63);
        if line.len() > 62 || !line.bytes().all(|byte| (b' '..=b'`').contains(&byte)) {
            return false;
        }
        self.octets += octets;
        true
    }

    fn line(&self) -> Line {
        let text = format!("[file inside the text: {}, {} octets]", self.name, self.octets);
        Line { text, ..Line::default() }
    }
}

/// The file name of `begin 644 name`.
fn uuencoded_name(line: &str) -> Option<&str> {
    let (mode, name) = line.strip_prefix("begin ")?.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    (is_mode && !name.trim().is_empty() && name.len() < 200).then(|| name.trim())
}

fn finish(line: &mut Line, links: &mut Links) {
    if line.text.contains('\u{A0}') {
        line.text = line.text.replace('\u{A0}', " ");
    }
    let kept = line.text.trim_end().len();
    line.text.truncate(kept);
    if line.text.contains("://") {
        line.text = shorten_urls(&line.text, links);
    }
}

/// Quote marks before the text: `>`, `> >`, `>>`. A lone `>From` is what mbox files make of `From`.
fn split_quote(line: &str, is_flowed: bool, was_cited: bool) -> (usize, &str) {
    if line.starts_with(">From ") && !was_cited {
        return (0, line.get(1..).unwrap_or(line));
    }
    let mut rest = line;
    let mut quote = 0;
    loop {
        let next = if is_flowed || quote == 0 { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
        let Some(after) = next.strip_prefix('>').filter(|_| quote < MAX_QUOTE) else { break };
        rest = after;
        quote += 1;
    }
    if quote > 0 && !is_flowed {
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    (quote, rest)
}

fn shorten_urls(text: &str, links: &mut Links) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_url(rest) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| {
                c.is_whitespace() || matches!(c, '<' | '>' | '"' | '“' | '”' | '|' | '\u{3000}'..='\u{3002}')
            })
            .unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        let url_end = trim_punctuation(url).len();
        let (url, tail) = url.split_at(url_end);
        let shown = links.shorten_bare(url);
        // `text <https://…>`: the brackets go with the URL that became a link.
        let is_link = shown.as_ref().is_some_and(|shown| shown.starts_with('['));
        let is_bracketed = is_link && before.ends_with('<') && after.starts_with('>') && tail.is_empty();
        out.push_str(if is_bracketed { before.strip_suffix('<').unwrap_or(before) } else { before });
        out.push_str(shown.as_deref().unwrap_or(url));
        out.push_str(tail);
        rest = if is_bracketed { after.get(1..).unwrap_or_default() } else { after };
    }
    out.push_str(rest);
    out
}

fn find_url(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("://") {
        let at = from + at;
        let before = text.get(..at)?;
        for scheme in ["https", "http"] {
            let start = at.checked_sub(scheme.len());
            if let Some(start) = start
                && before.get(start..).is_some_and(|found| found.eq_ignore_ascii_case(scheme))
            {
                return Some(start);
            }
        }
        from = at + 3;
    }
    None
}

/// The URL without the punctuation of the sentence around it.
fn trim_punctuation(url: &str) -> &str {
    let mut url = url;
    // Stripping looks at the whole each time: a real URL is never that long.
    while url.len() <= 4_096 {
        let trimmed = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '…']);
        let trimmed = match trimmed.strip_suffix(')') {
            Some(inner) if inner.matches('(').count() < trimmed.matches(')').count() => inner,
            _ => trimmed,
        };
        let trimmed = match trimmed.strip_suffix(']') {
            Some(inner) if !inner.contains('[') => inner,
            _ => trimmed,
        };
        if trimmed.len() == url.len() {
            break;
        }
        url = trimmed;
    }
    url
}

#[cfg(test)]
#[path = "plain/tests.rs"]
mod tests;
