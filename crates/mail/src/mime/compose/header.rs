//! Header fields as they are written: folded, encoded (RFC 2047, RFC 2231), and closed to injection.
//!
//! Whatever text goes in, exactly one field comes out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Address, Timestamp};
use time::UtcOffset;

use super::address::{WireAddress, is_atom, quoted};

/// Longest line that is written where it can be folded.
const WIDTH: usize = 76;
/// Longest encoded word (RFC 2047 section 2).
const MAX_WORD: usize = 75;
/// What an encoded word has around its text.
const AROUND: usize = "=?utf-8?Q?".len() + "?=".len();
/// Longest plain word of a text; longer ones are cut into encoded words, which can be folded.
const MAX_PLAIN: usize = 60;
/// Longest id that is written, so that its line stays below 998 octets.
const MAX_ID: usize = 900;

/// A header in the making.
#[derive(Debug, Default)]
pub(super) struct Header {
    octets: Vec<u8>,
    /// Where the open line stands, in octets.
    column: usize,
    /// Whether nothing but the name stands in the open line.
    is_begun: bool,
}

impl Header {
    /// What was written so far.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// Length of what was written so far.
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    /// The empty line at its end.
    pub(super) fn end(&mut self) {
        self.octets.extend_from_slice(b"\r\n");
    }

    /// A field of tokens that are folded between, never within. They are sound already.
    pub(super) fn tokens<'a>(&mut self, name: &str, tokens: impl IntoIterator<Item = &'a str>) {
        self.begin(name);
        tokens.into_iter().for_each(|token| self.token(token));
        self.end();
    }

    /// Free text (RFC 5322 section 2.2.1).
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.begin(name);
        let text = tamed(text);
        let words: Vec<&str> = text.trim().split(' ').collect();
        let needs: Vec<bool> = words.iter().map(|word| needs_encoding(word)).collect();
        // A blank beside another stands within an encoded word, with the words around it.
        let is_encoded = |at: usize| {
            let is_empty = |at: usize| words.get(at).is_some_and(|word| word.is_empty());
            needs.get(at) == Some(&true) || is_empty(at) || is_empty(at + 1) || at > 0 && is_empty(at - 1)
        };
        let first = (0..words.len()).find(|at| is_encoded(*at)).unwrap_or(words.len());
        let end = (first..words.len()).rev().find(|at| is_encoded(*at)).map_or(first, |last| last + 1);
        words.iter().take(first).for_each(|word| self.token(word));
        let encoded = words.get(first..end).unwrap_or_default().join(" ");
        self.encoded_words(&encoded);
        words.iter().skip(end).for_each(|word| self.token(word));
        self.end();
    }

    /// Text that was written for a field already: folded at its blanks, encoded only where it is not ASCII.
    pub(super) fn ready(&mut self, name: &str, text: &str) {
        if text.is_ascii() {
            self.tokens(name, tamed(text).split_whitespace());
        } else {
            self.text(name, text);
        }
    }

    /// A list of addresses; nothing for an empty one.
    pub(super) fn addresses(&mut self, name: &str, addresses: &[(String, WireAddress)]) {
        let Some(last) = addresses.len().checked_sub(1) else { return };
        self.begin(name);
        for (at, (display, wire)) in addresses.iter().enumerate() {
            self.phrase(display);
            // Where quotes come first, readers take them for a name; brackets say otherwise.
            let is_bare = display.trim().is_empty() && !wire.text.starts_with('"');
            let mut token = if is_bare { wire.text.clone() } else { format!("<{}>", wire.text) };
            if at < last {
                token.push(',');
            }
            self.token(&token);
        }
        self.end();
    }

    /// Message-IDs; those that cannot be written are left out, and the field if none is left.
    pub(super) fn ids<'a>(&mut self, name: &str, ids: impl IntoIterator<Item = &'a str>) {
        let sound: Vec<&str> = ids.into_iter().filter(|id| is_id(id)).collect();
        if !sound.is_empty() {
            self.tokens(name, sound);
        }
    }

    /// A value with parameters, as Content-Type has them.
    pub(super) fn parameters(&mut self, name: &str, value: &str, parameters: &[String]) {
        let last = parameters.len();
        let all = std::iter::once(value).chain(parameters.iter().map(String::as_str));
        let all: Vec<String> =
            all.enumerate().map(|(at, text)| format!("{text}{}", if at < last { ";" } else { "" })).collect();
        self.tokens(name, all.iter().map(String::as_str));
    }

    fn begin(&mut self, name: &str) {
        self.octets.extend_from_slice(name.as_bytes());
        self.octets.push(b':');
        self.column = name.len() + 1;
        self.is_begun = true;
    }

    fn token(&mut self, token: &str) {
        if token.is_empty() {
            return;
        }
        // A line with a name alone is lawful, and some servers lose what follows it.
        if !self.is_begun && self.column + 1 + token.len() > WIDTH {
            self.octets.extend_from_slice(b"\r\n");
            self.column = 0;
        }
        self.octets.push(b' ');
        self.octets.extend_from_slice(token.as_bytes());
        self.column += 1 + token.len();
        self.is_begun = false;
    }

    /// A display name (RFC 5322 section 3.2.5).
    fn phrase(&mut self, name: &str) {
        let name = tamed(name).split_whitespace().collect::<Vec<_>>().join(" ");
        let as_quoted = quoted(&name);
        if !name.is_ascii() || name.contains("=?") || as_quoted.len() > MAX_PLAIN {
            self.encoded_words(&name);
        } else if name.chars().all(|c| is_atom(c) || c == ' ') {
            name.split(' ').for_each(|word| self.token(word));
        } else {
            self.token(&as_quoted);
        }
    }

    /// Text as encoded words, none of which splits a character.
    fn encoded_words(&mut self, text: &str) {
        // Mostly ASCII stays readable, also where that takes more room.
        let literal = text.chars().filter(|c| q_width(*c) == 1).count();
        let is_q = text.is_ascii() || literal * 3 >= text.chars().count() * 2;
        let mut rest = text;
        while !rest.is_empty() {
            let room = (WIDTH - 1).saturating_sub(self.column).min(MAX_WORD);
            // A word of its own line is better than two: some readers show a blank between two.
            let is_cut = fitting(rest, room.max(AROUND) - AROUND, is_q) < rest.len();
            let room = if is_cut && !self.is_begun { MAX_WORD } else { room.max(30) };
            let length = fitting(rest, room - AROUND, is_q);
            let (word, after) = rest.split_at(length);
            let encoded = if is_q { q_encoded(word) } else { STANDARD.encode(word) };
            self.token(&format!("=?utf-8?{}?{encoded}?=", if is_q { 'Q' } else { 'B' }));
            rest = after;
        }
    }
}

/// How many octets of the text fit, encoded, into that room: whole characters, at least one.
fn fitting(text: &str, room: usize, is_q: bool) -> usize {
    let mut quoted = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        quoted += q_width(c);
        let width = if is_q { quoted } else { end.div_ceil(3) * 4 };
        if width > room && at > 0 {
            return at;
        }
    }
    text.len()
}

fn q_width(c: char) -> usize {
    if c == ' ' || is_q_literal(c) { 1 } else { 3 * c.len_utf8() }
}

/// What may stand for itself even in a display name (RFC 2047 section 5, rule 3).
fn is_q_literal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '!' | '*' | '+' | '-' | '/')
}

fn q_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for c in text.chars() {
        match c {
            ' ' => out.push('_'),
            c if is_q_literal(c) => out.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_hex(&mut out, '=', byte)),
        }
    }
    out
}

fn push_hex(out: &mut String, mark: char, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push(mark);
    for digit in [byte >> 4, byte & 15] {
        out.push(DIGITS.get(usize::from(digit)).map_or('0', |digit| char::from(*digit)));
    }
}

/// The text without anything that ends a line for any reader: a blank stands in its place.
pub(super) fn tamed(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

fn needs_encoding(word: &str) -> bool {
    !word.is_ascii() || word.contains("=?") || word.len() > MAX_PLAIN
}

/// Whether it is a Message-ID that can be written: one token in angle brackets.
pub(super) fn is_id(id: &str) -> bool {
    let inside = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    !inside.is_empty()
        && id.len() <= MAX_ID
        && inside.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'))
}

/// Whether it is a field's name (RFC 5322 section 3.6.8), of a sensible length.
pub(super) fn is_field_name(name: &str) -> bool {
    (1..=60).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// Names and wire addresses of a field.
pub(super) fn wired(addresses: &[Address]) -> Result<Vec<(String, WireAddress)>, super::AddressError> {
    let wired = |address: &Address| Ok((address.name.clone(), super::address::wire_address(&address.email)?));
    addresses.iter().map(wired).collect()
}

/// A date (RFC 5322 section 3.3); nothing outside the years 1900 to 9999.
pub(super) fn date(at: Timestamp) -> Option<String> {
    // the field has no seconds of an offset
    let (hours, minutes, _) = at.offset().as_hms();
    let offset = UtcOffset::from_hms(hours, minutes, 0).ok()?;
    let at = at.checked_to_offset(offset)?;
    at.format(&time::format_description::well_known::Rfc2822).ok().filter(|_| at.year() <= 9_999)
}

/// The parameters of a file's name: as it is where every reader understands that, else extended (RFC 2231)
/// with an ASCII name for those that do not know it.
pub(super) fn file_name(key: &str, name: &str) -> Vec<String> {
    let name = tamed(name).trim().to_owned();
    if name.is_empty() {
        return Vec::new();
    }
    if is_simple_name(&name) {
        return vec![format!("{key}=\"{name}\"")];
    }
    // Extended ones come first: some readers know only the first of two with the same name.
    let mut parameters = extended(key, &name);
    parameters.push(format!("{key}=\"{}\"", ascii_name(&name)));
    parameters
}

/// Whether every reader understands it between quotation marks.
pub(super) fn is_simple_name(name: &str) -> bool {
    let is_simple = |c: char| c == ' ' || c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | '\'');
    name.len() <= MAX_PLAIN && !name.contains("=?") && !name.contains("  ") && name.chars().all(is_simple)
}

/// `key*=utf-8''…`, or in pieces where that is too long for a line; no piece splits a character.
fn extended(key: &str, name: &str) -> Vec<String> {
    const ROOM: usize = 50;
    let mut pieces = vec![String::new()];
    for c in name.chars() {
        let mut encoded = String::new();
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            encoded.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_hex(&mut encoded, '%', byte));
        }
        match pieces.last_mut() {
            Some(piece) if piece.len() + encoded.len() <= ROOM => piece.push_str(&encoded),
            _ => pieces.push(encoded),
        }
    }
    if let [whole] = pieces.as_slice() {
        return vec![format!("{key}*=utf-8''{whole}")];
    }
    let charset = |at| if at == 0 { "utf-8''" } else { "" };
    pieces.iter().enumerate().map(|(at, piece)| format!("{key}*{at}*={}{piece}", charset(at))).collect()
}

/// The name in ASCII: what is not becomes `_`; the ending stays.
fn ascii_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || " ._-+()[]".contains(c) { c } else { '_' };
        if !(c == '_' && out.ends_with('_') || c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    let (stem, ending) = match out.rsplit_once('.') {
        Some((stem, ending)) if (1..=8).contains(&ending.len()) => (stem, format!(".{ending}")),
        _ => (out.as_str(), String::new()),
    };
    let stem: String = stem.chars().take(40).collect();
    let stem = stem.trim();
    let stem = if stem.chars().all(|c| matches!(c, '_' | '.' | ' ')) { "file" } else { stem };
    format!("{stem}{ending}")
}

#[cfg(test)]
#[path = "header/tests.rs"]
mod tests;
