//! OK, NO, BAD, BYE and PREAUTH with their response codes (RFC 9051, 7.1; RFC 5530).

use memchr::memmem;

use super::super::{
    framer::Limits,
    sequence,
    tokenizer::{Cursor, Piece, Value},
};
use super::{text, upper_words};
use crate::{
    imap::response::{Code, Range, Status, StatusKind},
    mime::words,
};

const KINDS: [(&[u8], StatusKind); 5] = [
    (b"OK", StatusKind::Ok),
    (b"NO", StatusKind::No),
    (b"BAD", StatusKind::Bad),
    (b"BYE", StatusKind::Bye),
    (b"PREAUTH", StatusKind::Preauth),
];

fn kind_of(word: &[u8]) -> Option<StatusKind> {
    KINDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
}

/// Whether the word is one of the five conditions, after which free text follows.
pub(in crate::imap::wire) fn is_status_word(word: &[u8]) -> bool {
    kind_of(word).is_some()
}

/// The status that begins at the cursor; `None` if another word stands there.
pub(super) fn read(cursor: &mut Cursor<'_>, limits: &Limits) -> Option<Status> {
    let kind = kind_of(cursor.take_until(|byte| byte == b' '))?;
    cursor.skip_spaces();
    let mut code = None;
    if cursor.peek() == Some(b'[')
        && let Some(length) = code_length(cursor.rest())
    {
        cursor.bump();
        let inside = cursor.take(length);
        cursor.bump();
        code = read_code(inside, limits);
    }
    let text = words::decode_verbatim(cursor.rest()).trim().to_owned();
    Some(Status { kind, code, text })
}

/// How many octets stand between the opening bracket that `text` begins with and the one that closes
/// it. Brackets may stand inside (Gmail's `[PERMANENTFLAGS (OIB-Seen-[Gmail]/All)]`).
fn code_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'[' if !is_quoted => depth += 1,
            b']' if !is_quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at.checked_sub(1);
                }
            }
            _ => {}
        }
    }
    // Brackets or quotes that do not match: the first that closes before a space or the end.
    let spaced = memmem::find(text, b"] ").or_else(|| text.ends_with(b"]").then(|| text.len() - 1));
    spaced?.checked_sub(1)
}

fn read_code(inside: bytes::Bytes, limits: &Limits) -> Option<Code> {
    let pieces = [Piece::Line(inside)];
    let mut cursor = Cursor::new(&pieces, limits.depth, limits.values);
    cursor.skip_spaces();
    let name =
        words::decode_verbatim(cursor.take_until(|byte| byte == b' ' || byte == b'(')).to_ascii_uppercase();
    if name.is_empty() {
        return None;
    }
    cursor.skip_spaces();
    let rest = words::decode_verbatim(cursor.rest()).trim_end().to_owned();
    let values = cursor.values().unwrap_or_default();
    Some(known_code(&name, &values).unwrap_or(Code::Other(name, rest)))
}

fn known_code(name: &str, values: &[Value]) -> Option<Code> {
    let first = values.first();
    let list = || first.and_then(Value::as_list).unwrap_or_default();
    Some(match name {
        "ALERT" => Code::Alert,
        "CAPABILITY" => Code::Capability(upper_words(values)),
        "PERMANENTFLAGS" => Code::PermanentFlags(list().iter().filter_map(text).collect()),
        "READ-ONLY" => Code::ReadOnly,
        "READ-WRITE" => Code::ReadWrite,
        "TRYCREATE" => Code::TryCreate,
        "UIDNEXT" => Code::UidNext(first?.as_number()?),
        "UIDVALIDITY" => Code::UidValidity(first?.as_number()?),
        "UIDNOTSTICKY" => Code::UidNotSticky,
        "UNSEEN" => Code::Unseen(first?.as_number()?),
        "HIGHESTMODSEQ" => Code::HighestModSeq(first?.as_number()?),
        "NOMODSEQ" => Code::NoModSeq,
        "COPYUID" => Code::CopyUid(first?.as_number()?, written(values.get(1))?, written(values.get(2))?),
        "APPENDUID" => Code::AppendUid(first?.as_number()?, ranges(values.get(1))?),
        "MODIFIED" => Code::Modified(ranges(first)?),
        "AUTHENTICATIONFAILED" => Code::AuthenticationFailed,
        "AUTHORIZATIONFAILED" => Code::AuthorizationFailed,
        "EXPIRED" => Code::Expired,
        "UNAVAILABLE" => Code::Unavailable,
        "LIMIT" => Code::Limit,
        "INUSE" => Code::InUse,
        "OVERQUOTA" => Code::OverQuota,
        "NONEXISTENT" => Code::NonExistent,
        "ALREADYEXISTS" => Code::AlreadyExists,
        "NOPERM" => Code::NoPerm,
        "CLOSED" => Code::Closed,
        "TOOBIG" => Code::TooBig,
        "BADCHARSET" => Code::BadCharset(list().iter().filter_map(text).collect()),
        _ => return None,
    })
}

/// A set of numbers; empty where there is none (Yahoo's `[COPYUID 1 ]`), `None` where it is no set.
fn ranges(value: Option<&Value>) -> Option<Vec<Range>> {
    written(value).map(sequence::ascending)
}

/// The same in the direction in which it is written.
fn written(value: Option<&Value>) -> Option<Vec<Range>> {
    match value {
        None => Some(Vec::new()),
        Some(value) => sequence::parse(value.as_bytes()?),
    }
}
