//! Files that are text, one way or another → what an agent reads of them.
//!
//! What a file is its content says; its type and name only where the content leaves it open. Documents
//! that need a parser of their own (PDF, Office) are not read here.

mod calendar;
mod card;
mod nested;

use std::fmt::Write as _;

use super::{
    codes, decode, invisible,
    render::{self, Options},
    text_parts::TextPart,
};

/// How a file of text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As it is: txt, csv, json, xml, md, logs.
    Plain,
    /// Its visible text.
    Html,
    /// Events, one after the other (RFC 5545).
    Calendar,
    /// Cards of people (RFC 6350).
    Card,
    /// A message: who, what, when, its text, its files.
    Message,
}

/// A file as it is read.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// How.
    pub shape: Shape,
    /// The charset that its part names.
    pub charset: Option<&'a str>,
    /// The subject of the message that brought it, which may announce a code.
    pub subject: &'a str,
    /// Mask likely one-time codes and sign-in links.
    pub mask_codes: bool,
}

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileText {
    /// Visible text; line ends are line feeds.
    pub text: String,
    /// How many likely codes and sign-in links were masked.
    pub masked: usize,
}

/// As much of a beginning as is looked at.
const LOOKED_AT: usize = 64 * 1024;

impl Shape {
    /// How a file is read; `None` if it is no text. If `beginning` is empty, type and name decide.
    pub fn of(media_type: &str, name: &str, charset: Option<&str>, beginning: &[u8]) -> Option<Self> {
        let claimed = claimed(media_type, name);
        if beginning.is_empty() {
            return claimed;
        }
        let beginning = beginning.get(..LOOKED_AT).unwrap_or(beginning);
        let start = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
        let begins =
            |mark: &[u8]| start.get(..mark.len()).is_some_and(|word| word.eq_ignore_ascii_case(mark));
        if begins(b"{\\rtf") || !is_text(beginning, charset, claimed.is_some()) {
            return None;
        }
        if begins(b"BEGIN:VCALENDAR") {
            return Some(Self::Calendar);
        }
        if begins(b"BEGIN:VCARD") {
            return Some(Self::Card);
        }
        if begins(b"<!doctype html") || begins(b"<html") {
            return Some(Self::Html);
        }
        match claimed {
            Some(Self::Message) if nested::is_message(start) => claimed,
            Some(Self::Html) => claimed,
            // What says that it is a calendar, a card or a message and is none is shown as it is.
            _ => Some(Self::Plain),
        }
    }
}

fn claimed(media_type: &str, name: &str) -> Option<Shape> {
    let media_type = media_type.trim().to_ascii_lowercase();
    let (kind, subtype) = media_type.split_once('/').unwrap_or((&media_type, ""));
    match (kind, subtype) {
        (_, "html" | "xhtml+xml") => Some(Shape::Html),
        (_, "calendar" | "ics") => Some(Shape::Calendar),
        (_, "vcard" | "x-vcard" | "directory") => Some(Shape::Card),
        ("message", "rfc822" | "global") => Some(Shape::Message),
        ("text" | "message", _)
        | ("application", "json" | "xml" | "yaml" | "x-yaml" | "toml" | "sql" | "javascript" | "x-sh") => {
            Some(Shape::Plain)
        }
        (_, other) if other.ends_with("+json") || other.ends_with("+xml") => Some(Shape::Plain),
        _ => named(name),
    }
}

fn named(name: &str) -> Option<Shape> {
    let (_, ending) = name.trim_end().rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" | "xhtml" => Some(Shape::Html),
        "ics" | "ical" | "vcs" => Some(Shape::Calendar),
        "vcf" | "vcard" => Some(Shape::Card),
        "eml" => Some(Shape::Message),
        "txt" | "text" | "csv" | "tsv" | "json" | "xml" | "md" | "log" | "yaml" | "yml" | "toml" | "ini"
        | "conf" | "patch" | "diff" | "sql" | "srt" | "tex" | "asc" | "pem" => Some(Shape::Plain),
        _ => None,
    }
}

/// Whether octets are text in some charset. What says so itself is believed more easily.
fn is_text(beginning: &[u8], charset: Option<&str>, is_claimed: bool) -> bool {
    let is_wide = beginning.starts_with(b"\xFF\xFE")
        || beginning.starts_with(b"\xFE\xFF")
        || charset.is_some_and(|charset| charset.trim().to_ascii_lowercase().starts_with("utf-16"));
    if is_wide {
        return true;
    }
    // Escape and shift characters belong to charsets of East Asia.
    let is_odd = |byte: &&u8| matches!(byte, 1..=8 | 0xB | 0x10..=0x1A | 0x1C..=0x1F | 0x7F);
    let odd = beginning.iter().filter(is_odd).count();
    if beginning.contains(&0) || odd > beginning.len() / 100 {
        return false;
    }
    let is_utf8 = match std::str::from_utf8(beginning) {
        Ok(_) => true,
        // A character cut off at the end.
        Err(error) => error.error_len().is_none(),
    };
    is_claimed || is_utf8 || beginning.iter().filter(|byte| !byte.is_ascii()).count() < beginning.len() / 4
}

/// The text of a file's decoded octets, perhaps only its beginning.
pub fn read(file: &File<'_>, octets: &[u8]) -> FileText {
    let decoded = || decode::decode_charset(file.charset, octets);
    let (text, masked) = match file.shape {
        Shape::Plain => (decoded(), 0),
        Shape::Calendar => (calendar::text(&decoded()), 0),
        Shape::Card => (card::text(&decoded()), 0),
        Shape::Html => {
            let part = TextPart {
                is_html: true,
                charset: file.charset.map(str::to_owned),
                encoding: "binary".to_owned(),
                ..TextPart::default()
            };
            rendered(&[(part, octets)], file.subject, file.mask_codes)
        }
        Shape::Message => nested::text(octets, file.mask_codes),
    };
    let FileText { text, masked: late } = shown(&text, file.subject, file.mask_codes);
    FileText { text, masked: masked + late }
}

/// A text from a file as an agent may read it: without invisible characters, codes masked if asked for.
pub fn shown(text: &str, subject: &str, mask_codes: bool) -> FileText {
    let mut lines = String::with_capacity(text.len());
    let mut previous = '\0';
    for c in text.chars() {
        match c {
            '\n' if previous == '\r' => {}
            '\r' | '\n' => lines.push('\n'),
            '\t' => lines.push(c),
            c if c.is_control() => {}
            c => lines.push(c),
        }
        previous = c;
    }
    let (clean, _) = invisible::clean(lines.trim_end());
    let (text, masked) =
        if mask_codes { codes::mask_below(subject, &clean) } else { (clean.into_owned(), 0) };
    FileText { text, masked }
}

/// Visible text with its links behind it, and how many codes were masked.
fn rendered(parts: &[(TextPart, &[u8])], subject: &str, mask_codes: bool) -> (String, usize) {
    let rendered = render::render(parts, Options { full: true, mask_codes, subject });
    let mut text = rendered.readable.text;
    for (position, link) in rendered.readable.links.iter().enumerate() {
        text.push_str(if position == 0 { "\n\n" } else { "\n" });
        let _ = write!(text, "[{}]: {}", link.number, link.url);
        if let Some(warning) = &link.warning {
            let _ = write!(text, " ({warning})");
        }
    }
    (text, rendered.masked)
}

#[cfg(test)]
#[path = "file_text/tests.rs"]
mod tests;
