//! BODYSTRUCTURE and BODY (RFC 9051, 7.5.2), with the shapes that servers make of odd messages.
//!
//! Part paths follow RFC 9051, 6.4.5.1: a message's only part is `1`, a nested message's multipart
//! shares the path of the message.

use std::collections::BTreeMap;

use domain::{Part, PartPath};

use super::super::tokenizer::Value;
use super::envelope;
use crate::mime::words;

/// The structure of a message; at most `parts` parts of it. `None` if it is no structure.
pub(super) fn read(value: &Value, parts: usize) -> Option<Part> {
    let mut left = parts;
    read_body(value, &PartPath::default(), &mut left)
}

/// A size in octets; zero for the negative ones of Exchange.
pub(super) fn size(value: &Value) -> Option<u64> {
    let text = value.as_bytes()?;
    match text.strip_prefix(b"-") {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => Some(0),
        _ => value.as_number(),
    }
}

/// The body of the message at `path`: a multipart stands at the message's own path.
fn read_body(value: &Value, path: &PartPath, left: &mut usize) -> Option<Part> {
    let fields = value.as_list()?;
    let own = if is_multipart(fields) { path.clone() } else { path.child(1) };
    read_part(fields, own, left)
}

fn is_multipart(fields: &[Value]) -> bool {
    match fields {
        // The first part; or an empty multipart as Gmail writes it: subtype, then parameters.
        [Value::List(_), ..] | [_, Value::List(_), ..] => true,
        // Parts that are all missing; in a single part the size is the seventh field.
        [Value::Nil, ..] => fields.get(6).and_then(size).is_none(),
        _ => false,
    }
}

fn read_part(fields: &[Value], path: PartPath, left: &mut usize) -> Option<Part> {
    *left = left.checked_sub(1)?;
    if is_multipart(fields) { read_multipart(fields, path, left) } else { read_single(fields, path, left) }
}

fn read_multipart(fields: &[Value], path: PartPath, left: &mut usize) -> Option<Part> {
    let count = fields.iter().take_while(|value| value.as_bytes().is_none()).count();
    let (children, rest) = fields.split_at_checked(count)?;
    let mut part = Part {
        kind: "multipart".to_owned(),
        subtype: rest.first().and_then(lower).unwrap_or_else(|| "mixed".to_owned()),
        encoding: "7bit".to_owned(),
        ..Part::default()
    };
    for (number, child) in (1..).zip(children) {
        // A child that cannot be read keeps its number, so that its neighbours keep theirs.
        let Some(fields) = child.as_list() else { continue };
        let child = path.child(number);
        part.children.extend(read_part(fields, child, left));
    }
    part.path = path;
    part.parameters = parameters(rest.get(1));
    read_disposition(&mut part, rest.get(2));
    Some(part)
}

fn read_single(fields: &[Value], path: PartPath, left: &mut usize) -> Option<Part> {
    let field = |index: usize| fields.get(index).unwrap_or(&Value::Nil);
    if fields.len() < 2 {
        return None;
    }
    let mut part = Part {
        kind: lower(field(0)).unwrap_or_else(|| "application".to_owned()),
        subtype: lower(field(1)).unwrap_or_else(|| "octet-stream".to_owned()),
        parameters: parameters(fields.get(2)),
        content_id: field(3).as_bytes().and_then(|id| content_id(id)),
        encoding: lower(field(5)).filter(|name| !name.is_empty()).unwrap_or_else(|| "7bit".to_owned()),
        size: size(field(6)).unwrap_or(0),
        ..Part::default()
    };
    let mut rest = fields.get(7..).unwrap_or_default();
    if part.kind == "message" && (part.subtype == "rfc822" || part.subtype == "global") {
        rest = read_message(&mut part, &path, rest, left);
    }
    // The number of lines, of text and of messages; not all send it.
    if let [lines, tail @ ..] = rest
        && size(lines).is_some()
    {
        rest = tail;
    }
    // MD5, then the disposition.
    read_disposition(&mut part, rest.get(1));
    part.path = path;
    Some(part)
}

/// The envelope and body of a nested message, if the server sent them; returns what follows them.
fn read_message<'v>(part: &mut Part, path: &PartPath, rest: &'v [Value], left: &mut usize) -> &'v [Value] {
    let [first, second, tail @ ..] = rest else { return rest };
    let lines_follow = tail.first().is_some_and(|lines| size(lines).is_some());
    let is_message = matches!((first, second), (Value::List(_), Value::List(_)));
    if !is_message && !lines_follow {
        return rest;
    }
    part.envelope = envelope::read(first).map(Box::new);
    part.children.extend(read_body(second, path, left));
    tail
}

/// `("attachment" ("filename" "a.pdf"))`; or the bare type; or everything in one list.
fn read_disposition(part: &mut Part, value: Option<&Value>) {
    match value {
        Some(Value::List(fields)) => {
            part.disposition = fields.first().and_then(lower);
            part.disposition_parameters = match fields.get(1) {
                Some(Value::List(_)) => parameters(fields.get(1)),
                _ => decoded_pairs(fields.get(1..).unwrap_or_default()),
            };
        }
        Some(value) => part.disposition = lower(value).filter(|name| !name.is_empty()),
        None => {}
    }
}

fn parameters(value: Option<&Value>) -> BTreeMap<String, String> {
    value.and_then(Value::as_list).map(decoded_pairs).unwrap_or_default()
}

fn decoded_pairs(fields: &[Value]) -> BTreeMap<String, String> {
    words::decode_parameters(fields.chunks_exact(2).filter_map(|pair| match pair {
        [name, value] => Some((name.as_bytes()?.as_ref(), value.as_bytes()?.as_ref())),
        _ => None,
    }))
}

fn content_id(raw: &[u8]) -> Option<String> {
    let text = words::decode_raw(raw);
    let id = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty()).then(|| id.to_owned())
}

fn lower(value: &Value) -> Option<String> {
    value.as_bytes().map(|text| words::decode_raw(text).trim().to_ascii_lowercase())
}
