//! The header of a stored message, written anew for sending. Others may have written it.

use std::ops::Range;

use bytes::Bytes;

use super::header::{Header, is_field_name};
use crate::mime::header::MAX_HEADER;

/// Longest line of RFC 5322, without its end.
const MAX_LINE: usize = 998;

/// A header that was written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// All of it with CRLF lines, and the empty line at its end.
    pub octets: Bytes,
    /// Where the Bcc fields stand, all together; empty if there are none.
    pub bcc: Range<u64>,
    /// Whether it was larger than what is read of a header, and fields are missing.
    pub is_cut: bool,
}

/// Drops fields by their names in any case, puts new ones in front, and brings all Bcc fields together where
/// the first stood. What is no field goes, as it could be read as one, or as the header's end, on the way.
pub fn rewrite_header(header: &[u8], drop: &[&str], add: &[(&str, String)]) -> Rewritten {
    let (fields, is_cut) = fields(header);
    let is_dropped = |name: &str| drop.iter().any(|dropped| dropped.eq_ignore_ascii_case(name));
    let mut kept: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in add.iter().filter(|(name, _)| is_field_name(name)) {
        let mut field = Header::default();
        field.ready(name, value);
        kept.push(((*name).to_owned(), field.into_octets()));
    }
    kept.extend(fields.into_iter().filter(|(name, _)| !is_dropped(name)));
    let mut octets = Vec::with_capacity(header.len() + 256);
    let mut bcc = 0..0;
    for (name, field) in &kept {
        if !is_bcc(name) {
            octets.extend_from_slice(field);
        } else if bcc.is_empty() {
            let start = octets.len() as u64;
            let all = kept.iter().filter(|(name, _)| is_bcc(name));
            all.for_each(|(_, field)| octets.extend_from_slice(field));
            bcc = start..octets.len() as u64;
        }
    }
    octets.extend_from_slice(b"\r\n");
    Rewritten { octets: Bytes::from(octets), bcc, is_cut }
}

/// Whether the field names recipients that others must not see.
fn is_bcc(name: &str) -> bool {
    name.eq_ignore_ascii_case("bcc") || name.eq_ignore_ascii_case("resent-bcc")
}

/// The fields up to the first empty line, with their names, in CRLF lines; and whether more followed than is read.
fn fields(header: &[u8]) -> (Vec<(String, Vec<u8>)>, bool) {
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    // What continues a line that is no field goes with it.
    let mut is_open = false;
    let mut read = 0;
    let mut is_first = true;
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            break;
        }
        read += line.len();
        if read > MAX_HEADER {
            return (fields, true);
        }
        let text = sound(text);
        if matches!(text.first(), Some(b' ' | b'\t')) && !is_first {
            // a line of blanks would end the header for some
            if let Some((_, field)) = fields.last_mut().filter(|_| is_open && !text.trim_ascii().is_empty()) {
                write_line(&text, field);
            }
            continue;
        }
        is_first = false;
        let name = memchr::memchr(b':', &text).and_then(|colon| text.get(..colon)).unwrap_or_default();
        let name = String::from_utf8_lossy(name.trim_ascii_end()).into_owned();
        is_open =
            !name.is_empty() && name.len() <= MAX_LINE && name.bytes().all(|octet| octet.is_ascii_graphic());
        if is_open {
            let mut field = Vec::with_capacity(text.len() + 2);
            write_line(&text, &mut field);
            fields.push((name, field));
        }
    }
    (fields, false)
}

/// The line without NUL; a CR in its midst, which servers may take for a line end, becomes a blank.
fn sound(line: &[u8]) -> Vec<u8> {
    let kept = line.iter().filter(|octet| **octet != 0);
    kept.map(|octet| if *octet == b'\r' { b' ' } else { *octet }).collect()
}

/// Writes a line with its end, folded where it is longer than a line may be.
fn write_line(line: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    while rest.len() > MAX_LINE {
        let head = rest.get(..MAX_LINE).unwrap_or(rest);
        // at the last blank that has something before and behind it
        let blank = head.iter().rposition(|octet| matches!(octet, b' ' | b'\t'));
        let Some(at) = blank.filter(|at| {
            let (before, after) = rest.split_at(*at);
            !before.trim_ascii().is_empty() && !before.ends_with(b":") && !after.trim_ascii().is_empty()
        }) else {
            break;
        };
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[path = "rewrite/tests.rs"]
mod tests;
