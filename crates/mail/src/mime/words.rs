//! Text of headers: encoded words (RFC 2047), parameters (RFC 2231), raw UTF-8 and older charsets.
//!
//! Never fails: what cannot be decoded is kept as it came. Decoded text holds no line ends and no other
//! control characters, whatever the sender put into it.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use encoding_rs::{Encoding, WINDOWS_1252};
use memchr::memmem;

use super::parser::decode_rare;

/// A charset's name is not longer.
const MAX_CHARSET: usize = 64;

const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of an unstructured header or a display name, with its encoded words decoded. Characters
/// that are split over two neighbouring words come out whole.
pub fn decode(raw: &[u8]) -> String {
    if memmem::find(raw, b"=?").is_none() {
        return clean(decode_raw(raw));
    }
    let is_utf8 = std::str::from_utf8(raw).is_ok();
    let mut out = Decoded { text: String::with_capacity(raw.len()), word: None, is_utf8 };
    let mut rest = raw;
    // Where no word can end any more, none is looked for: a thousand openings cost no thousand searches.
    let last_end = memmem::rfind(raw, b"?=").unwrap_or(0);
    while let Some(start) = memmem::find(rest, b"=?") {
        let (before, candidate) = rest.split_at(start);
        if raw.len() - candidate.len() >= last_end {
            break;
        }
        let Some(word) = Word::read(candidate) else {
            let (opening, tail) = candidate.split_at(2);
            out.push_plain(before);
            out.push_plain(opening);
            rest = tail;
            continue;
        };
        // Between two encoded words white space is not shown (RFC 2047, 6.2).
        if out.word.is_none() || !before.iter().all(u8::is_ascii_whitespace) {
            out.push_plain(before);
        }
        out.push_word(&word);
        rest = candidate.get(word.length..).unwrap_or_default();
    }
    out.push_plain(rest);
    clean(out.text)
}

/// Bytes without encoded words as text: UTF-8, or else windows-1252.
pub fn decode_raw(raw: &[u8]) -> String {
    decode_plain(raw, false).into_owned()
}

/// Text in which encoded words mean nothing (addresses, ids, a server's words): as [`decode_raw`], and
/// without control characters. An address must not be decoded: `=?utf-8?q?boss=40bank.org?=@evil.org`
/// would seem to be somebody else's.
pub fn decode_verbatim(raw: &[u8]) -> String {
    clean(decode_raw(raw))
}

/// Parameters of Content-Type or Content-Disposition by their names in lower case. Continuations and
/// charsets of RFC 2231 are joined and decoded (`filename*0*=utf-8''…`); encoded words are decoded
/// although RFC 2047 forbids them there. Of doubled names the extended one wins, else the first.
pub fn decode_parameters<'a>(
    pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> BTreeMap<String, String> {
    let mut plain = BTreeMap::new();
    let mut extended: BTreeMap<String, BTreeMap<u32, (bool, &[u8])>> = BTreeMap::new();
    for (name, value) in pairs {
        let name = decode_raw(name).trim().to_ascii_lowercase();
        match split_extended(&name) {
            Some((base, index, is_encoded)) => {
                let pieces = extended.entry(base.to_owned()).or_default();
                pieces.entry(index).or_insert((is_encoded, value));
            }
            None => {
                plain.entry(name).or_insert_with(|| decode(value));
            }
        }
    }
    for (name, pieces) in extended {
        if let Some(value) = join_pieces(&pieces) {
            plain.insert(name, value);
        }
    }
    plain
}

/// `name*`, `name*1` and `name*1*` as name, index, and whether the value is percent-encoded.
fn split_extended(name: &str) -> Option<(&str, u32, bool)> {
    let (base, suffix) = name.split_once('*')?;
    if suffix.is_empty() {
        return Some((base, 0, true));
    }
    let digits = suffix.strip_suffix('*');
    let index = digits.unwrap_or(suffix).parse().ok()?;
    Some((base, index, digits.is_some()))
}

fn join_pieces(pieces: &BTreeMap<u32, (bool, &[u8])>) -> Option<String> {
    let (mut charset, mut bytes, mut has_encoded) = (None, Vec::new(), false);
    // A gap ends the value: what follows belongs to nothing.
    for (expected, (index, (is_encoded, value))) in (0..).zip(pieces) {
        if expected != *index {
            break;
        }
        let mut value = *value;
        if *is_encoded {
            if *index == 0 {
                let mut fields = value.splitn(3, |byte| *byte == b'\'');
                if let (Some(name), Some(_), Some(text)) = (fields.next(), fields.next(), fields.next()) {
                    charset = Some(name);
                    value = text;
                }
            }
            has_encoded = true;
            decode_percent(value, &mut bytes);
        } else {
            bytes.extend_from_slice(value);
        }
    }
    if bytes.is_empty() && !pieces.contains_key(&0) {
        return None;
    }
    Some(if has_encoded {
        clean(decode_charset(charset.unwrap_or_default(), &bytes))
    } else {
        decode(&bytes)
    })
}

fn decode_percent(raw: &[u8], out: &mut Vec<u8>) {
    decode_escapes(raw, b'%', out);
}

/// Replaces the mark and two hex digits by the byte they spell; a mark without digits stays.
fn decode_escapes(raw: &[u8], mark: u8, out: &mut Vec<u8>) {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if let (true, [high, low, after @ ..]) = (*first == mark, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            out.push(high << 4 | low);
            rest = after;
        } else {
            out.push(*first);
        }
    }
}

/// One encoded word, its encoding removed but not yet its charset.
struct Word<'a> {
    charset: &'a [u8],
    bytes: Vec<u8>,
    /// Octets from `=?` through `?=`.
    length: usize,
}

impl<'a> Word<'a> {
    /// The word that `raw` begins with. Longer ones than the RFC allows and unencoded spaces are read.
    fn read(raw: &'a [u8]) -> Option<Self> {
        let inner = raw.strip_prefix(b"=?")?;
        let charset_end = inner.iter().take(MAX_CHARSET).position(|byte| *byte == b'?')?;
        let charset = inner.get(..charset_end)?;
        if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let [encoding, b'?', text @ ..] = inner.get(charset_end + 1..)? else { return None };
        let is_base64 = match encoding {
            b'B' | b'b' => true,
            b'Q' | b'q' => false,
            _ => return None,
        };
        let text_end = memmem::find(text, b"?=")?;
        let text = text.get(..text_end)?;
        let bytes = if is_base64 { decode_base64(text) } else { decode_q(text) };
        // The language of RFC 2231, 5: `utf-8*de`.
        let charset = charset.split(|byte| *byte == b'*').next().unwrap_or(charset);
        Some(Self { charset, bytes, length: 2 + charset_end + 3 + text_end + 2 })
    }
}

fn decode_base64(text: &[u8]) -> Vec<u8> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut digits: Vec<u8> = text.iter().copied().filter(is_digit).collect();
    // A single digit at the end holds no octet.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    LENIENT_BASE64.decode(&digits).unwrap_or_else(|_| text.to_vec())
}

fn decode_q(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    decode_escapes(&spaced, b'=', &mut out);
    out
}

/// Text in the making. Words of the same charset that follow each other are decoded together.
struct Decoded<'a> {
    text: String,
    word: Option<(&'a [u8], Vec<u8>)>,
    is_utf8: bool,
}

impl<'a> Decoded<'a> {
    fn push_plain(&mut self, raw: &[u8]) {
        self.end_word();
        self.text.push_str(&decode_plain(raw, !self.is_utf8));
    }

    fn push_word(&mut self, word: &Word<'a>) {
        match &mut self.word {
            Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => {
                bytes.extend_from_slice(&word.bytes);
            }
            _ => {
                self.end_word();
                self.word = Some((word.charset, word.bytes.clone()));
            }
        }
    }

    fn end_word(&mut self) {
        if let Some((charset, bytes)) = self.word.take() {
            self.text.push_str(&decode_charset(charset, &bytes));
        }
    }
}

fn decode_plain(raw: &[u8], is_windows: bool) -> Cow<'_, str> {
    match std::str::from_utf8(raw) {
        Ok(text) if !is_windows => Cow::Borrowed(text),
        _ => WINDOWS_1252.decode_without_bom_handling(raw).0,
    }
}

/// Bytes in the charset of that label. What calls itself ASCII, or unknown, is UTF-8 or windows-1252.
pub fn decode_charset(label: &[u8], bytes: &[u8]) -> String {
    let label = label.trim_ascii();
    if label.is_empty() || label.eq_ignore_ascii_case(b"us-ascii") || label.eq_ignore_ascii_case(b"ascii") {
        return decode_raw(bytes);
    }
    if let Some(encoding) = Encoding::for_label_no_replacement(label) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    decode_rare(label, bytes).unwrap_or_else(|| decode_raw(bytes))
}

/// Unfolds lines and turns every other control character into a space.
fn clean(text: String) -> String {
    // In UTF-8 a control character begins with one of these bytes.
    if !text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7f | 0xc2)) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if !character.is_control() {
            out.push(character);
            continue;
        }
        // A line end and the white space that it is folded with are one space.
        let ends_line = matches!(character, '\r' | '\n');
        while ends_line && characters.next_if(|next| matches!(next, '\r' | '\n' | '\t' | ' ')).is_some() {}
        out.push(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        decode_parameters(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
    }

    #[test]
    fn encoded_words_are_decoded_wherever_they_stand() {
        for (raw, text) in [
            ("plain", "plain"),
            ("=?utf-8?Q?caf=C3=A9?=", "café"),
            ("=?ISO-8859-1?q?a_b=E9?= c", "a bé c"),
            ("Re: =?UTF-8?B?w6TDtsO8?=", "Re: äöü"),
            ("=?utf-8?b?w6TDtg?=", "äö"),
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?=\r\n\t=?iso-8859-1?q?=E4?= x", "aä x"),
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
            ("=?utf-8*en?q?hi?= there", "hi there"),
            ("=?utf-8?Q?two words?=", "two words"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
            ("=?utf-7?Q?+AOQ-?=", "ä"),
        ] {
            assert_eq!(decode(raw.as_bytes()), text, "{raw}");
        }
    }

    #[test]
    fn what_is_no_encoded_word_stays_as_it_is() {
        for raw in ["=?", "=?utf-8?Q?never ends", "=?utf-8?x?abc?=", "=??q?a?=", "a =? b ?= c"] {
            assert_eq!(decode(raw.as_bytes()), raw);
        }
    }

    #[test]
    fn raw_bytes_are_utf8_or_windows_1252() {
        assert_eq!(decode("café".as_bytes()), "café");
        assert_eq!(decode(b"caf\xe9 \x80"), "café €");
        assert_eq!(decode(b"\xe9 =?utf-8?q?=C3=A4?="), "é ä");
        assert_eq!(decode_charset(b"us-ascii", "ü".as_bytes()), "ü");
        assert_eq!(decode_charset(b"no-such", b"\xfc"), "ü");
    }

    #[test]
    fn decoded_text_cannot_end_a_line() {
        assert_eq!(decode(b"=?utf-8?q?a=0D=0ABcc:_x=00y?="), "a Bcc: x y");
        assert_eq!(decode(b"folded\r\n line"), "folded line");
    }

    #[test]
    fn parameters_with_continuations_and_charsets_are_joined() {
        let long = parameters(&[("filename*1*", "%A9.pdf"), ("FILENAME*0*", "utf-8'en'r%C3"), ("x", "1")]);
        assert_eq!(long["filename"], "ré.pdf");
        assert_eq!(long["x"], "1");
        assert_eq!(parameters(&[("name*", "iso-8859-1''%E4.txt"), ("name", "a.txt")])["name"], "ä.txt");
        assert_eq!(parameters(&[("name*0", "a b"), ("name*1", "c.txt")])["name"], "a bc.txt");
        assert_eq!(parameters(&[("name*0", "a"), ("name*2", "c")])["name"], "a");
        assert_eq!(parameters(&[("name", "=?utf-8?B?w6QudHh0?=")])["name"], "ä.txt");
        assert_eq!(parameters(&[("name*0*", "utf-8''a%20"), ("name*1", "b%20c")])["name"], "a b%20c");
        assert!(parameters(&[("name*1", "lost")]).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_give_text_without_control_characters(raw: Vec<u8>) {
            prop_assert!(!decode(&raw).chars().any(char::is_control));
        }

        #[test]
        fn text_comes_back_from_any_cut_into_words(text in "\\PC{0,40}", size in 1_usize..20) {
            let words: Vec<String> = text
                .as_bytes()
                .chunks(size)
                .map(|chunk| format!("=?utf-8?B?{}?=", base64::prelude::BASE64_STANDARD.encode(chunk)))
                .collect();
            prop_assert_eq!(decode(words.join("\r\n ").as_bytes()), text);
        }

        #[test]
        fn any_parameters_are_read(pairs: Vec<(String, Vec<u8>)>) {
            decode_parameters(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
        }
    }
}
