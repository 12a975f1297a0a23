//! SEARCH, SORT, ESEARCH and VANISHED (RFC 9051, 7.3.4; RFC 4731, 5256, 7162, 7377, 9394).

use super::super::{
    sequence,
    tokenizer::{Cursor, Fault, Value, read_number},
};
use super::text;
use crate::imap::response::{ESearch, Range, Untagged};

/// The numbers of a SEARCH or SORT response, read straight from the line: there may be a million.
pub(super) fn read_search(cursor: &mut Cursor<'_>, wrap: fn(Vec<u32>, Option<u64>) -> Untagged) -> Untagged {
    let (mut numbers, mut modseq) = (Vec::new(), None);
    loop {
        cursor.skip_spaces();
        let word = cursor.take_until(|byte| matches!(byte, b' ' | b'(' | b')' | b'\t'));
        if !word.is_empty() {
            numbers.extend(read_number::<u32>(word));
        } else if cursor.eat(b'(') {
            cursor.skip_spaces();
            if cursor.take_until(|byte| matches!(byte, b' ' | b')')).eq_ignore_ascii_case(b"MODSEQ") {
                cursor.skip_spaces();
                modseq = read_number(cursor.take_until(|byte| matches!(byte, b' ' | b')')));
            }
        } else if !cursor.eat(b')') {
            return wrap(numbers, modseq);
        }
    }
}

/// The rest of a VANISHED response.
pub(super) fn read_vanished(cursor: &mut Cursor<'_>) -> Result<Untagged, Fault> {
    let mut values = cursor.values()?.into_iter().peekable();
    let earlier = values.next_if(|value| value.as_list().is_some()).is_some();
    let Some(uids) = values.next().and_then(|value| ranges(&value)) else {
        return Ok(Untagged::Unreadable("a VANISHED without UIDs"));
    };
    Ok(Untagged::Vanished { earlier, uids: sequence::ascending(uids) })
}

/// What stands behind ESEARCH; what is not known is stepped over.
pub(super) fn read_esearch(values: &[Value]) -> ESearch {
    let mut found = ESearch::default();
    let mut values = values.iter().peekable();
    if let Some(correlator) = values.next_if(|value| value.as_list().is_some()) {
        for pair in correlator.as_list().unwrap_or_default().chunks_exact(2) {
            let [name, value] = pair else { continue };
            match upper(name).as_deref() {
                Some("TAG") => found.tag = text(value),
                Some("MAILBOX") => found.mailbox = value.as_bytes().map(|name| name.to_vec()),
                Some("UIDVALIDITY") => found.uid_validity = value.as_number(),
                _ => {}
            }
        }
    }
    while let Some(name) = values.next() {
        let Some(name) = upper(name) else { continue };
        if name == "UID" {
            found.is_uid = true;
            continue;
        }
        let Some(value) = values.next() else { break };
        match name.as_str() {
            "MIN" => found.min = value.as_number(),
            "MAX" => found.max = value.as_number(),
            "COUNT" => found.count = value.as_number(),
            "MODSEQ" => found.modseq = value.as_number(),
            "ALL" => found.all = ranges(value),
            "PARTIAL" => found.partial = read_partial(value),
            _ => {}
        }
    }
    found
}

/// `(1:20 4,7:9)` or `(1:20 NIL)`: the results.
fn read_partial(value: &Value) -> Option<Vec<Range>> {
    match value.as_list()? {
        [_, Value::Nil] => Some(Vec::new()),
        [_, results] => ranges(results),
        _ => None,
    }
}

fn ranges(value: &Value) -> Option<Vec<Range>> {
    sequence::parse(value.as_bytes()?)
}

fn upper(value: &Value) -> Option<String> {
    text(value).map(|name| name.to_ascii_uppercase())
}
