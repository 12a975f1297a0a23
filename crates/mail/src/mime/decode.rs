//! Transfer encodings and charsets, tolerant of everything that mail really contains.
//!
//! Truncated input is normal here: snippets come from the first kilobytes of a part.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::text_parts::TextPart;

/// The text of a part as fetched: transfer encoding removed, charset decoded, lines still as they came.
pub fn decode_text(part: &TextPart, data: &[u8]) -> String {
    let bytes = decode_transfer(&part.encoding, data);
    let charset = part.charset.as_deref().map(Cow::Borrowed);
    let charset = charset.or_else(|| if part.is_html { sniff_meta(&bytes).map(Cow::Owned) } else { None });
    decode_charset(charset.as_deref(), &bytes)
}

/// Removes a Content-Transfer-Encoding (RFC 2045); an unknown one is left alone.
pub fn decode_transfer<'a>(encoding: &str, data: &'a [u8]) -> Cow<'a, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" | "b" => Cow::Owned(decode_base64(data)),
        "quoted-printable" | "q" => Cow::Owned(decode_quoted_printable(data)),
        "x-uuencode" | "x-uue" | "uuencode" => Cow::Owned(decode_uu(data)),
        _ => Cow::Borrowed(data),
    }
}

/// Base64 that skips everything outside its alphabet and needs no padding.
pub fn decode_base64(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3);
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut is_ended = false;
    for &byte in data {
        if is_ended {
            is_ended = byte != b'\n';
            continue;
        }
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            // Padding ends a run. Another may follow on the next line where a program joined two; what
            // follows on the same line is garbage.
            b'=' => {
                flush_base64(&mut out, bits, count);
                (bits, count, is_ended) = (0, 0, true);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend(bits.to_be_bytes().iter().skip(1));
            (bits, count) = (0, 0);
        }
    }
    flush_base64(&mut out, bits, count);
    out
}

fn flush_base64(out: &mut Vec<u8>, bits: u32, count: u32) {
    match count {
        2 => out.extend((bits >> 4).to_be_bytes().iter().skip(3)),
        3 => out.extend((bits >> 2).to_be_bytes().iter().skip(2)),
        _ => {}
    }
}

/// Quoted-printable (RFC 2045, 6.7); what is not encoded properly stays as it is.
pub fn decode_quoted_printable(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(at) = memchr::memchr2(b'=', b'\n', rest) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        if from.first() == Some(&b'\n') {
            // Blanks at the end of a line were added on the way.
            let had_cr = out.last() == Some(&b'\r');
            if had_cr {
                out.pop();
            }
            while matches!(out.last(), Some(b' ' | b'\t')) {
                out.pop();
            }
            if had_cr {
                out.push(b'\r');
            }
            out.push(b'\n');
            rest = from.get(1..).unwrap_or_default();
            continue;
        }
        let after = from.get(1..).unwrap_or_default();
        if let (Some(high), Some(low)) = (hex(after.first()), hex(after.get(1))) {
            out.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else if let Some(skipped) = soft_break(after) {
            rest = after.get(skipped..).unwrap_or_default();
        } else {
            out.push(b'=');
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// How many octets a soft line break takes after its `=`; blanks before the line end are allowed.
fn soft_break(after: &[u8]) -> Option<usize> {
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).take(80).count();
    let end = after.get(blanks..).unwrap_or_default();
    match end {
        [] if blanks == 0 => Some(0),
        [b'\r', b'\n', ..] => Some(blanks + 2),
        [b'\n' | b'\r', ..] => Some(blanks + 1),
        _ => None,
    }
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// uuencode: the lines between `begin` and `end`; each says its own length.
fn decode_uu(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3);
    for line in data.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.starts_with(b"begin ") || line.starts_with(b"end") || line.is_empty() {
            continue;
        }
        let value = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(b'`').wrapping_sub(32) & 63);
        let length = value(line.first()) as usize;
        let start = out.len();
        for group in line.get(1..).unwrap_or_default().chunks(4) {
            let bits = value(group.first()) << 18
                | value(group.get(1)) << 12
                | value(group.get(2)) << 6
                | value(group.get(3));
            out.extend(bits.to_be_bytes().iter().skip(1));
        }
        out.truncate(start + length);
    }
    out
}

/// Text in a named charset; without one, or with an unknown one, UTF-8 if it is, else windows-1252.
pub fn decode_charset(charset: Option<&str>, bytes: &[u8]) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(bytes.get(length..).unwrap_or_default()).0.into_owned();
    }
    let label = charset.map(|label| label.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let Some(label) = label.filter(|label| !label.is_empty()) else { return guess(bytes) };
    let encoding = Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != REPLACEMENT);
    match encoding {
        // Programs that write UTF-8 under a Latin label are common; Latin text that is valid UTF-8 is not.
        Some(encoding) if encoding == WINDOWS_1252 || encoding == UTF_8 => {
            guess_with(bytes, encoding == UTF_8)
        }
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            // A part that says UTF-16 and holds no zero octet is ASCII that passed a converter.
            if bytes.contains(&0) || bytes.is_empty() || !bytes.is_ascii() {
                encoding.decode_without_bom_handling(bytes).0.into_owned()
            } else {
                guess(bytes)
            }
        }
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
        None => match charset_decoder(label.as_bytes()) {
            Some(decode) => decode(bytes),
            None => guess(bytes),
        },
    }
}

fn guess(bytes: &[u8]) -> String {
    guess_with(bytes, false)
}

/// UTF-8 if the octets are (a character cut off at the end is dropped), else windows-1252. Mostly sound
/// UTF-8 under a UTF-8 label stays UTF-8 with replacement characters.
fn guess_with(bytes: &[u8], says_utf8: bool) -> String {
    let Err(error) = std::str::from_utf8(bytes) else { return String::from_utf8_lossy(bytes).into_owned() };
    let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
    if error.error_len().is_none() && (says_utf8 || !valid.is_ascii()) {
        return String::from_utf8_lossy(valid).into_owned();
    }
    let lossy = String::from_utf8_lossy(bytes);
    let broken = lossy.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    let sound = lossy.chars().filter(|c| !c.is_ascii()).count().saturating_sub(broken);
    if says_utf8 && sound >= broken && sound > 0 {
        lossy.into_owned()
    } else {
        WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
    }
}

/// The charset that an HTML part names in its own head.
fn sniff_meta(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(2_048))?.to_ascii_lowercase();
    let meta = memchr::memmem::find(&head, b"<meta")?;
    let at = meta + memchr::memmem::find(head.get(meta..)?, b"charset=")? + b"charset=".len();
    let name: String = head
        .get(at..)?
        .iter()
        .skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '))
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
        .take(40)
        .map(|byte| char::from(*byte))
        .collect();
    // A part that could be searched for ASCII text is no UTF-16, whatever it says.
    (!name.is_empty() && !name.starts_with("utf-16")).then_some(name)
}

#[cfg(test)]
#[path = "decode/tests.rs"]
mod tests;
