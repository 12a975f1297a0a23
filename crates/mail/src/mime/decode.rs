//! Octets of a part → text: charsets, tolerant of everything that mail really contains.
//!
//! Transfer encodings are removed by `transfer`.
//! Truncated input is normal here: snippets come from the first kilobytes of a part.

use std::borrow::Cow;

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{parser::decode_rare, text_parts::TextPart, transfer::Decoder};

/// The text of a part as fetched: transfer encoding removed, charset decoded, lines still as they came.
pub fn decode_text(part: &TextPart, data: &[u8]) -> String {
    let bytes = decode_transfer(&part.encoding, data);
    let charset = part.charset.as_deref().map(Cow::Borrowed);
    let charset = charset.or_else(|| if part.is_html { sniff_meta(&bytes).map(Cow::Owned) } else { None });
    decode_charset(charset.as_deref(), &bytes)
}

/// Removes a Content-Transfer-Encoding (RFC 2045); an unknown one is left alone.
pub fn decode_transfer<'a>(encoding: &str, data: &'a [u8]) -> Cow<'a, [u8]> {
    let decoder = Decoder::new(encoding);
    if decoder.is_identity() { Cow::Borrowed(data) } else { Cow::Owned(whole(decoder, data)) }
}

/// Base64 that skips everything outside its alphabet and needs no padding.
pub fn decode_base64(data: &[u8]) -> Vec<u8> {
    whole(Decoder::base64(), data)
}

/// Quoted-printable (RFC 2045, 6.7); what is not encoded properly stays as it is.
pub fn decode_quoted_printable(data: &[u8]) -> Vec<u8> {
    whole(Decoder::quoted_printable(), data)
}

fn whole(mut decoder: Decoder, data: &[u8]) -> Vec<u8> {
    let mut out = decoder.push(data);
    out.append(&mut decoder.finish());
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
        None => decode_rare(label.as_bytes(), bytes).unwrap_or_else(|| guess(bytes)),
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
