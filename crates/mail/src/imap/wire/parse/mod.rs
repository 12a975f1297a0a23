//! From the pieces of one response to a typed [`Response`]; one file per family.
//!
//! Nothing here fails: what is unknown is kept as values, what cannot be read is `Untagged::Unreadable`.

mod body_structure;
mod envelope;
mod fetch;
mod mailboxes;
mod search;
mod status;

pub(super) use status::is_status_word;

use super::{
    framer::Limits,
    tokenizer::{Cursor, Piece, Value, read_number},
};
use crate::{
    imap::response::{Response, Section, Untagged},
    mime::words,
};

/// The response that the pieces make.
pub(super) fn read_response(pieces: &[Piece], limits: &Limits) -> Response {
    let mut cursor = Cursor::new(pieces, limits.depth, limits.values);
    if cursor.eat(b'+') {
        cursor.eat(b' ');
        return Response::Continue(cursor.take(usize::MAX));
    }
    if cursor.eat(b'*') {
        if !cursor.eat(b' ') {
            return unreadable("a star without data");
        }
        return Response::Untagged(read_data(&mut cursor, limits));
    }
    let tag = cursor.take_until(|byte| byte == b' ');
    if tag.is_empty() {
        return unreadable("an empty line");
    }
    cursor.skip_spaces();
    match status::read(&mut cursor, limits) {
        Some(status) => Response::Tagged { tag: words::decode_verbatim(tag), status },
        None => unreadable("neither data nor a completion"),
    }
}

/// Of a FETCH response that breaks off before a large literal: sequence number, UID, and the section
/// that the literal fills. `None` for other responses.
pub(super) fn read_place(
    pieces: &[Piece],
    limits: &Limits,
) -> Option<(Option<u32>, Option<u32>, Option<Section>)> {
    let mut cursor = Cursor::new(pieces, limits.depth, limits.values);
    cursor.eat(b'*').then_some(())?;
    cursor.skip_spaces();
    let sequence = read_number(cursor.take_until(|byte| byte == b' '))?;
    cursor.skip_spaces();
    cursor.take_until(|byte| byte == b' ').eq_ignore_ascii_case(b"FETCH").then_some(())?;
    let (mut fetch, ends_streamed) = fetch::read(&mut cursor, sequence, limits);
    let section = if ends_streamed { fetch.sections.pop() } else { None };
    Some((Some(sequence), fetch.uid, section))
}

fn unreadable(why: &'static str) -> Response {
    Response::Untagged(Untagged::Unreadable(why))
}

fn read_data(cursor: &mut Cursor<'_>, limits: &Limits) -> Untagged {
    cursor.skip_spaces();
    let start = cursor.clone();
    if let Some(status) = status::read(cursor, limits) {
        return Untagged::Status(status);
    }
    *cursor = start;
    let mut word = cursor.take_until(|byte| byte == b' ');
    let mut number = None;
    if word.first().is_some_and(u8::is_ascii_digit) {
        number = match read_number::<u32>(word) {
            Some(number) => Some(number),
            None => return Untagged::Unreadable("a number out of range"),
        };
        cursor.skip_spaces();
        word = cursor.take_until(|byte| byte == b' ' || byte == b'(');
    }
    if word.is_empty() {
        return Untagged::Unreadable("a star without data");
    }
    let name = words::decode_verbatim(word).to_ascii_uppercase();
    let data = match (number, name.as_str()) {
        (Some(number), "FETCH") => {
            if cursor.is_at_end() {
                return Untagged::Unreadable("a FETCH without items");
            }
            return Untagged::Fetch(Box::new(fetch::read(cursor, number, limits).0));
        }
        (Some(number), "EXISTS") => return Untagged::Exists(number),
        (Some(number), "RECENT") => return Untagged::Recent(number),
        (Some(number), "EXPUNGE") => return Untagged::Expunge(number),
        (None, "SEARCH") => {
            return search::read_search(cursor, |numbers, modseq| Untagged::Search { numbers, modseq });
        }
        (None, "SORT") => {
            return search::read_search(cursor, |numbers, modseq| Untagged::Sort { numbers, modseq });
        }
        (None, "VANISHED") => search::read_vanished(cursor),
        (None, "ESEARCH") => cursor.values().map(|values| Untagged::ESearch(search::read_esearch(&values))),
        (None, "THREAD") => cursor.values().map(Untagged::Thread),
        (None, "CAPABILITY") => cursor.values().map(|values| Untagged::Capability(upper_words(&values))),
        (None, "ENABLED") => cursor.values().map(|values| Untagged::Enabled(upper_words(&values))),
        (None, "LIST" | "XLIST") => mailboxes::read_list(cursor, Untagged::List),
        (None, "LSUB") => mailboxes::read_list(cursor, Untagged::Lsub),
        (None, "STATUS") => mailboxes::read_status(cursor),
        (None, "NAMESPACE") => {
            cursor.values().map(|values| Untagged::Namespace(mailboxes::read_namespaces(&values)))
        }
        (None, "FLAGS") => cursor.values().map(|values| {
            Untagged::Flags(fetch::flags(values.first().and_then(Value::as_list).unwrap_or(&[])))
        }),
        (None, "ID") => cursor.values().map(|values| Untagged::Id(read_id(&values))),
        _ => cursor.values().map(|values| Untagged::Other { number, name, values }),
    };
    data.unwrap_or_else(|fault| Untagged::Unreadable(fault.why()))
}

fn upper_words(values: &[Value]) -> Vec<String> {
    values
        .iter()
        .filter_map(Value::as_bytes)
        .map(|word| words::decode_verbatim(word).to_ascii_uppercase())
        .collect()
}

fn read_id(values: &[Value]) -> Vec<(String, Option<String>)> {
    let fields = values.first().and_then(Value::as_list).unwrap_or_default();
    fields
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [name, value] => Some((text(name)?, text(value))),
            _ => None,
        })
        .collect()
}

/// The text of an atom or string, without control characters; no encoded words.
fn text(value: &Value) -> Option<String> {
    value.as_bytes().map(|bytes| words::decode_verbatim(bytes))
}
