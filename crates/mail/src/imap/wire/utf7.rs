//! Mailbox names in modified UTF-7 (RFC 3501, 5.1.3).
//!
//! Only between a decoded name and its wire form; hierarchy and agents' names are `domain::FolderName`'s.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::mime::words;

/// The base64 of mailbox names: a comma for the slash, no padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The wire form of a decoded name.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut shifted = Vec::new();
    for character in name.chars() {
        if !matches!(character, ' '..='~') {
            let mut units = [0; 2];
            shifted.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        end_shift(&mut out, &mut shifted);
        out.push(character);
        if character == '&' {
            out.push('-');
        }
    }
    end_shift(&mut out, &mut shifted);
    out
}

fn end_shift(out: &mut String, shifted: &mut Vec<u8>) {
    if !shifted.is_empty() {
        out.push('&');
        BASE64.encode_string(&*shifted, out);
        out.push('-');
        shifted.clear();
    }
}

/// The decoded name. Raw UTF-8 (or else windows-1252) passes through; a malformed shift is kept as it
/// came, so that the name can still be told from others.
pub fn decode(raw: &[u8]) -> String {
    let text = words::decode_raw(raw);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, tail)) = rest.split_once('&') {
        out.push_str(before);
        rest = tail;
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | ','));
        let (digits, after) = tail.split_at(end.unwrap_or(tail.len()));
        if let Some(after) = after.strip_prefix('-')
            && let Some(decoded) = decode_shift(digits)
        {
            out.push_str(&decoded);
            rest = after;
        } else {
            out.push('&');
        }
    }
    out.push_str(rest);
    out
}

fn decode_shift(digits: &str) -> Option<String> {
    if digits.is_empty() {
        return Some("&".to_owned());
    }
    let bytes = BASE64.decode(digits).ok()?;
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_written_as_the_rfc_shows() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("😀 x", "&2D3eAA- x"),
            ("a\nb", "a&AAo-b"),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire.as_bytes()), name);
        }
    }

    #[test]
    fn raw_utf8_and_malformed_names_are_kept() {
        for name in ["Entwürfe", "a&b", "&", "&!!-", "x&2D0-", "&AA-", "M&M's - more"] {
            assert_eq!(decode(name.as_bytes()), name);
        }
        assert_eq!(decode(b"caf\xe9"), "café");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name: String) {
            let wire = encode(&name);
            prop_assert!(wire.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(decode(wire.as_bytes()), name);
        }

        #[test]
        fn any_bytes_are_decoded(raw: Vec<u8>) {
            decode(&raw);
        }
    }
}
