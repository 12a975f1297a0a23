//! LIST, LSUB, STATUS and NAMESPACE (RFC 9051, 7.3; RFC 5258, 5819, 2342).

use memchr::memmem;

use super::super::tokenizer::{Cursor, Fault, Value};
use super::text;
use crate::{
    imap::response::{ListEntry, MailboxStatus, Namespaces, Untagged},
    mime::words,
};

/// The rest of a LIST or LSUB response, given to `wrap`.
pub(super) fn read_list(cursor: &mut Cursor<'_>, wrap: fn(ListEntry) -> Untagged) -> Result<Untagged, Fault> {
    let attributes = match cursor.value()? {
        Some(Value::List(values)) => values.iter().filter_map(text).map(|text| text.to_lowercase()).collect(),
        Some(Value::Nil) => Vec::new(),
        _ => return Ok(Untagged::Unreadable("a LIST without attributes")),
    };
    let delimiter = cursor.value()?.as_ref().and_then(delimiter);
    let Some(name) = read_name(cursor)? else {
        return Ok(Untagged::Unreadable("a LIST without a name"));
    };
    let extended = match cursor.value()? {
        Some(Value::List(values)) => named_pairs(values).collect(),
        _ => Vec::new(),
    };
    Ok(wrap(ListEntry { attributes, delimiter, name, extended }))
}

fn delimiter(value: &Value) -> Option<char> {
    value.as_bytes().and_then(|bytes| words::decode_raw(bytes).chars().next())
}

/// The rest of a STATUS response.
pub(super) fn read_status(cursor: &mut Cursor<'_>) -> Result<Untagged, Fault> {
    let Some(name) = read_name(cursor)? else {
        return Ok(Untagged::Unreadable("a STATUS without a name"));
    };
    let Some(Value::List(items)) = cursor.value()? else {
        return Ok(Untagged::Unreadable("a STATUS without items"));
    };
    let mut status = MailboxStatus { name, ..MailboxStatus::default() };
    for (name, value) in named_pairs(items) {
        let is_typed = match name.as_str() {
            "MESSAGES" => set(&mut status.messages, value.as_number()),
            "RECENT" => set(&mut status.recent, value.as_number()),
            "UIDNEXT" => set(&mut status.uid_next, value.as_number()),
            "UIDVALIDITY" => set(&mut status.uid_validity, value.as_number()),
            "UNSEEN" => set(&mut status.unseen, value.as_number()),
            "HIGHESTMODSEQ" => set(&mut status.highest_modseq, value.as_number()),
            "SIZE" => set(&mut status.size, value.as_number()),
            "DELETED" => set(&mut status.deleted, value.as_number()),
            "APPENDLIMIT" => value == Value::Nil || set(&mut status.append_limit, value.as_number()),
            "MAILBOXID" => {
                let id = value.as_list().and_then(<[Value]>::first).unwrap_or(&value);
                set(&mut status.mailbox_id, text(id))
            }
            _ => false,
        };
        if !is_typed {
            status.other.push((name, value));
        }
    }
    Ok(Untagged::MailboxStatus(status))
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let is_known = value.is_some();
    *field = value;
    is_known
}

/// The three lists of a NAMESPACE response.
pub(super) fn read_namespaces(values: &[Value]) -> Namespaces {
    let list = |index: usize| -> Vec<(Vec<u8>, Option<char>)> {
        let namespaces = values.get(index).and_then(Value::as_list).unwrap_or_default();
        let namespaces = namespaces.iter().filter_map(Value::as_list);
        namespaces
            .filter_map(|namespace| {
                let prefix = namespace.first()?.as_bytes()?.to_vec();
                Some((prefix, namespace.get(1).and_then(delimiter)))
            })
            .collect()
    };
    Namespaces { personal: list(0), other_users: list(1), shared: list(2) }
}

/// A mailbox name as it came. One that should have been quoted (spaces, UTF-8) runs up to a list.
fn read_name(cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, Fault> {
    cursor.skip_spaces();
    match cursor.peek() {
        Some(b'(' | b')') => Ok(None),
        None | Some(b'"') => Ok(cursor.value()?.and_then(|value| value.as_bytes().map(|name| name.to_vec()))),
        Some(_) => {
            let rest = cursor.rest();
            let length = memmem::find(rest, b" (").unwrap_or(rest.len());
            Ok(Some(cursor.take(length).trim_ascii_end().to_vec()))
        }
    }
}

/// The elements taken as names and values; names in upper case.
fn named_pairs(values: Vec<Value>) -> impl Iterator<Item = (String, Value)> {
    let mut values = values.into_iter();
    std::iter::from_fn(move || {
        loop {
            let name = text(&values.next()?);
            if let Some(name) = name {
                return Some((name.to_ascii_uppercase(), values.next()?));
            }
        }
    })
}
