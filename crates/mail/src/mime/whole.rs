//! A whole message → its structure and the octets of its parts, where a server cannot tell them.
//!
//! Depth and number of parts are bounded before anything nests, which mail-parser's own tree is not: a
//! message of a hundred thousand nested messages would overflow the stack there. It reads field values.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use domain::{Part, PartPath};
use mail_parser::{ContentType, parsers::MessageStream};

use super::{
    header::{Headers, split_header},
    invisible,
    parser::{guarded, tame},
    text_parts::{MAX_DEPTH, MAX_PARTS},
};

/// Longest Content-Type or Content-Disposition that is read, in octets.
const MAX_FIELD: usize = 4 * 1024;

/// A message taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The message's own header.
    pub headers: Headers,
    /// Its structure, as BODYSTRUCTURE would tell it.
    pub structure: Part,
    /// The encoded octets of each part that is no multipart, by its path.
    pub part_bytes: BTreeMap<PartPath, Bytes>,
}

/// Takes a message apart. Always gives something: what is no MIME is one text part.
pub fn parse(raw: &[u8]) -> Parsed {
    // Files of mailboxes begin with a line that is no header.
    let raw = match raw.strip_prefix(b"From ") {
        Some(_) => memchr::memchr(b'\n', raw).and_then(|end| raw.get(end + 1..)).unwrap_or_default(),
        None => raw,
    };
    let (header, body) = split_header(raw);
    let headers = Headers::parse(header);
    // No header at all: everything is text.
    let body = if headers.is_empty() { raw } else { body };
    let mut reader = Reader { parts: 0, part_bytes: BTreeMap::new() };
    let body = Bytes::copy_from_slice(body);
    let structure =
        reader.read(&headers, &body, &Place { path: PartPath::default(), depth: 0, is_digest: false });
    Parsed { headers, structure, part_bytes: reader.part_bytes }
}

struct Reader {
    parts: usize,
    part_bytes: BTreeMap<PartPath, Bytes>,
}

#[derive(Clone)]
struct Place {
    /// Empty for the body of a message, whose path depends on whether it is a multipart.
    path: PartPath,
    depth: usize,
    is_digest: bool,
}

impl Reader {
    /// Reads one entity. Recursion is as deep as the parts, at most `MAX_DEPTH`.
    fn read(&mut self, headers: &Headers, body: &Bytes, place: &Place) -> Part {
        self.parts += 1;
        let mut part = describe(headers, place.is_digest);
        part.size = body.len() as u64;
        part.path = place.path.clone();
        let may_nest = place.depth < MAX_DEPTH && self.parts < MAX_PARTS;
        if part.kind == "multipart" {
            let boundary = part.parameters.get("boundary").cloned().filter(|boundary| !boundary.is_empty());
            let bodies = boundary.filter(|_| may_nest).map(|boundary| split_parts(body, boundary.as_bytes()));
            if let Some(bodies) = bodies.filter(|bodies| !bodies.is_empty()) {
                for entity in bodies {
                    if self.parts >= MAX_PARTS {
                        break;
                    }
                    let number = u32::try_from(part.children.len() + 1).unwrap_or(u32::MAX);
                    let is_digest = part.subtype == "digest";
                    let child = Place { path: place.path.child(number), depth: place.depth + 1, is_digest };
                    let (header, content) = split_entity(entity);
                    let content = body.slice_ref(content);
                    part.children.push(self.read(&Headers::parse(header), &content, &child));
                }
                return part;
            }
            // A multipart without parts is what it says in words, if anything.
            make_plain(&mut part);
        }
        if part.path == PartPath::default() || place.path.0.is_empty() {
            part.path = place.path.child(1);
        }
        if part.is("message", "rfc822") || part.is("message", "global") {
            let decoded = match super::decode::decode_transfer(&part.encoding, body) {
                Cow::Borrowed(same) => body.slice_ref(same),
                Cow::Owned(decoded) => Bytes::from(decoded),
            };
            let (header, content) = split_header(&decoded);
            let content = decoded.slice_ref(content);
            let headers = Headers::parse(header);
            part.envelope = Some(Box::new(headers.envelope()));
            if may_nest {
                let inner = Place { path: part.path.clone(), depth: place.depth + 1, is_digest: false };
                let is_multipart = content_type(&headers).is_some_and(|found| found.ctype() == "multipart");
                let inner = if is_multipart { inner } else { Place { path: part.path.child(1), ..inner } };
                part.children.push(self.read(&headers, &content, &inner));
            }
        }
        self.part_bytes.insert(part.path.clone(), body.clone());
        part
    }
}

/// Header and content of a part: one that starts with an empty line has no header.
fn split_entity(entity: &[u8]) -> (&[u8], &[u8]) {
    match entity {
        [b'\n', content @ ..] | [b'\r', b'\n', content @ ..] => (&[], content),
        _ => {
            let (header, content) = split_header(entity);
            // A part without any header field is all content.
            if content.is_empty() && Headers::parse(header).is_empty() {
                (&[], entity)
            } else {
                (header, content)
            }
        }
    }
}

/// The entities between the delimiters of a boundary (RFC 2046, 5.1.1); a missing end is forgiven.
fn split_parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut start: Option<usize> = None;
    let mut at = 0;
    while at < body.len() && parts.len() < MAX_PARTS {
        let rest = body.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or_default();
        let mark = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(after) = mark {
            let after_end = after.strip_prefix(b"--");
            let is_mark = after_end.unwrap_or(after).trim_ascii().is_empty() || after_end.is_some();
            if is_mark {
                if let Some(start) = start {
                    parts.push(without_last_break(body.get(start..at).unwrap_or_default()));
                }
                if after_end.is_some() {
                    return parts;
                }
                start = Some(at + length);
            }
        }
        at += length;
    }
    if let Some(start) = start.filter(|start| *start < body.len()) {
        parts.push(body.get(start..).unwrap_or_default());
    }
    parts
}

/// The line end before a delimiter belongs to the delimiter.
fn without_last_break(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

fn content_type(headers: &Headers) -> Option<ContentType<'static>> {
    headers.raw("content-type").and_then(structured)
}

fn structured(value: &[u8]) -> Option<ContentType<'static>> {
    let mut line = tame(value, MAX_FIELD).to_vec();
    line.push(b'\n');
    guarded(|| MessageStream::new(&line).parse_content_type().into_owned().into_content_type())
}

fn describe(headers: &Headers, is_digest: bool) -> Part {
    let mut part = Part::default();
    match content_type(headers) {
        Some(found) => {
            part.kind = found.ctype().trim().to_ascii_lowercase();
            part.subtype = found.subtype().unwrap_or_default().trim().to_ascii_lowercase();
            part.parameters = parameters(&found);
            // `Content-Type: text` and worse.
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
            let is_broken = part.subtype.is_empty() && part.kind != "multipart";
            if is_broken || !part.kind.chars().all(is_token) {
                make_plain(&mut part);
            }
        }
        None if is_digest => (part.kind, part.subtype) = ("message".to_owned(), "rfc822".to_owned()),
        None => (part.kind, part.subtype) = ("text".to_owned(), "plain".to_owned()),
    }
    let encoding = headers.text("content-transfer-encoding").unwrap_or_default();
    let encoding = encoding.split([';', ' ', '(']).next().unwrap_or_default().to_ascii_lowercase();
    part.encoding = if encoding.is_empty() { "7bit".to_owned() } else { encoding };
    part.content_id = headers.text("content-id").map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
    if let Some(found) = headers.raw("content-disposition").and_then(structured) {
        part.disposition = Some(found.ctype().trim().to_ascii_lowercase());
        part.disposition_parameters = parameters(&found);
    }
    part
}

fn make_plain(part: &mut Part) {
    "text".clone_into(&mut part.kind);
    "plain".clone_into(&mut part.subtype);
}

fn parameters(found: &ContentType<'_>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for attribute in found.attributes().unwrap_or_default().iter().take(200) {
        let value = if attribute.value.contains("=?") {
            super::header::decode_words(attribute.value.as_bytes())
        } else if attribute.name == "boundary" {
            attribute.value.clone().into_owned()
        } else {
            invisible::clean(&attribute.value).0.into_owned()
        };
        map.entry(attribute.name.to_ascii_lowercase()).or_insert(value);
    }
    map
}

#[cfg(test)]
#[path = "whole/tests.rs"]
mod tests;
