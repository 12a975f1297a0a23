//! Markdown that an agent wrote → HTML for mail programs, and the plain text a person would have typed.
//!
//! CommonMark with tables, strikethrough and task lists. Raw HTML is shown as text (`<br>` breaks the
//! line), links lead to http, https and mailto only, images are those of the message (`cid:`). Size and
//! depth are bounded before the parser sees anything.

mod bound;
mod html;
mod text;

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser};

use self::bound::tame;
use super::escape::{escape_lines, escape_link};
use crate::mime::parser::guarded;

/// Fewest characters of a line that was wrapped by width.
const MIN_WRAPPED: usize = 50;
/// Most characters of such a line.
const MAX_WRAPPED: usize = 120;

/// Markdown as an HTML fragment: plain elements, a few inline styles, nothing that loads or runs.
///
/// A single line break stays a line break, here and in the text: people write `Best,⏎Ann` and mean two
/// lines. Only a paragraph of three or more lines, each as long as its width allows, was wrapped by a
/// program and becomes one line (in list items two lines are enough).
pub fn markdown_to_html(markdown: &str) -> String {
    let Some(source) = tame(markdown) else { return escape_lines(markdown) };
    guarded(|| Some(html::write(&source))).unwrap_or_else(|| escape_lines(markdown))
}

/// Markdown as plain text: marks of emphasis are gone, lists, quotes, code and line breaks stay; links
/// are `text <url>`. Lines end with `\n`; a paragraph is one line (see [`markdown_to_html`]).
pub fn markdown_to_text(markdown: &str) -> String {
    let Some(source) = tame(markdown) else { return markdown.replace('\r', "") };
    guarded(|| Some(text::write(&source))).unwrap_or_else(|| markdown.replace('\r', ""))
}

fn events(source: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(source, options).into_offset_iter()
}

/// Whether the line breaks of a paragraph come from wrapping at a width: no line but the last is short,
/// and no next word would have fitted.
fn is_wrapped(paragraph: &str, fewest_breaks: usize) -> bool {
    let lines: Vec<&str> = paragraph
        .lines()
        .map(|line| line.trim_start_matches([' ', '\t', '>']).trim_end())
        .take_while(|line| !line.is_empty())
        .collect();
    let Some((_, full)) = lines.split_last() else { return false };
    if full.len() < fewest_breaks || paragraph.len() > 100_000 {
        return false;
    }
    let length = |text: &str| text.chars().count();
    let width = lines.iter().map(|line| length(line)).max().unwrap_or(0);
    let is_full = |(line, next): (&&str, &&str)| {
        let word = next.split(' ').next().unwrap_or_default();
        length(line) >= MIN_WRAPPED && length(line) + 1 + length(word) > width
    };
    width <= MAX_WRAPPED && full.iter().zip(lines.iter().skip(1)).all(is_full)
}

/// The lines of an item before whatever is nested in it.
fn item_lines(item: &str) -> &str {
    let mut end = 0;
    for line in item.split_inclusive('\n') {
        let text = line.trim_start();
        let nests = text.starts_with(['-', '*', '+', '>', '#', '`', '~', '|'])
            || text.starts_with(|c: char| c.is_ascii_digit());
        if end > 0 && nests {
            break;
        }
        end += line.len();
    }
    item.get(..end).unwrap_or(item)
}

/// The target of a link that may be followed.
fn link_target(kind: LinkType, url: &str) -> Option<String> {
    let url = url.trim();
    if kind == LinkType::Email {
        return Some(escape_link(&format!("mailto:{url}")));
    }
    let scheme = url.split_once(':')?.0.to_ascii_lowercase();
    matches!(scheme.as_str(), "http" | "https" | "mailto").then(|| escape_link(url))
}

/// Whether raw HTML is a line break.
fn is_break(html: &str) -> bool {
    matches!(html.trim().to_ascii_lowercase().as_str(), "<br>" | "<br/>" | "<br />")
}

#[cfg(test)]
#[path = "markdown/tests.rs"]
mod tests;
