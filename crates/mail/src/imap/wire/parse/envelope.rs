//! ENVELOPE (RFC 9051, 7.5.2), with what servers make of missing fields, groups and lost domains.

use domain::{Address, Envelope};

use super::super::{date, tokenizer::Value};
use crate::mime::words;

/// The envelope; `None` if the list's elements are not where they should be.
pub(super) fn read(value: &Value) -> Option<Envelope> {
    let fields = value.as_list()?;
    let field = |index: usize| fields.get(index).unwrap_or(&Value::Nil);
    if fields.len() < 2 {
        return None;
    }
    // Shifted fields (a quote that was not escaped) would put one person's address in another's place.
    if fields.len() > 10
        || [0, 1, 8, 9].iter().any(|index| field(*index).as_list().is_some_and(|list| !list.is_empty()))
    {
        return None;
    }
    let ids = |index: usize| field(index).as_bytes().map(|text| message_ids(text)).unwrap_or_default();
    Some(Envelope {
        date: field(0).as_bytes().and_then(|text| date::parse(text)),
        subject: decoded(field(1)),
        from: addresses(field(2))?,
        sender: addresses(field(3))?,
        reply_to: addresses(field(4))?,
        to: addresses(field(5))?,
        cc: addresses(field(6))?,
        bcc: addresses(field(7))?,
        in_reply_to: ids(8),
        message_id: ids(9).into_iter().next(),
    })
}

fn decoded(value: &Value) -> String {
    value.as_bytes().map(|text| words::decode(text).trim().to_owned()).unwrap_or_default()
}

/// The Message-IDs in a header's text, in angle brackets. A single one that lost its brackets gets them.
fn message_ids(raw: &[u8]) -> Vec<String> {
    let text = words::decode(raw);
    let mut ids = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, tail)) = rest.split_once('<') {
        let Some((id, tail)) = tail.split_once('>') else { break };
        if !id.trim().is_empty() {
            ids.push(format!("<{}>", id.trim()));
        }
        rest = tail;
    }
    let bare = text.trim().trim_matches(['<', '>']);
    if ids.is_empty() && bare.contains('@') && !bare.contains(char::is_whitespace) {
        ids.push(format!("<{bare}>"));
    }
    ids
}

/// The addresses of one field; `None` if something else stands there.
fn addresses(value: &Value) -> Option<Vec<Address>> {
    match value {
        Value::Nil => Some(Vec::new()),
        Value::Text(text) if text.is_empty() => Some(Vec::new()),
        Value::List(entries) => Some(read_addresses(entries)),
        _ => None,
    }
}

fn read_addresses(entries: &[Value]) -> Vec<Address> {
    // A group: an entry with its name alone, the members, an entry of nothing (RFC 5322, 3.4).
    let last_end =
        entries.iter().rposition(|entry| parts(entry).is_some_and(|parts| parts.into_iter().all(is_nil)));
    let mut found = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let Some([name, local, host]) = parts(entry) else { continue };
        let is_group = is_nil(name) && is_nil(host) && last_end.is_some_and(|end| index < end);
        if is_group {
            continue;
        }
        let local = local.as_bytes().map(|text| words::decode(text)).unwrap_or_default();
        let host = host.as_bytes().map(|text| words::decode(text)).unwrap_or_default();
        // What servers write for parts that are missing: Dovecot, UW-IMAP, Cyrus.
        let local = if is_placeholder(&local) { "" } else { local.trim() };
        let host = if is_placeholder(&host) { "" } else { host.trim() };
        let email = if host.is_empty() { local.to_owned() } else { format!("{local}@{host}") };
        let name = decoded(name);
        if !(email.is_empty() && name.is_empty()) {
            found.push(Address { name, email });
        }
    }
    found
}

/// Name, local part and host of an entry. The source route between the first two may be missing.
fn parts(entry: &Value) -> Option<[&Value; 3]> {
    match entry.as_list()? {
        [name, _, local, host, ..] | [name, local, host] => Some([name, local, host]),
        _ => None,
    }
}

fn is_nil(value: &Value) -> bool {
    *value == Value::Nil
}

fn is_placeholder(text: &str) -> bool {
    [
        "MISSING_MAILBOX",
        "MISSING_DOMAIN",
        ".MISSING-HOST-NAME.",
        ".SYNTAX-ERROR.",
        "unspecified-domain",
        "missing_mailbox",
    ]
    .contains(&text)
}
