//! EXPUNGE (RFC 9051, 6.4.3): destroying what is marked `\Deleted`, by UID where that can be said.

use super::super::{
    request::{Request, Wants},
    response::Range,
    wire::Command,
};

/// Destroys those of the messages that are marked (UIDPLUS).
pub fn these(uids: &[Range]) -> Request {
    Request::new(Command::new("UID EXPUNGE").ranges(uids), Wants::Nothing)
}

/// Destroys all messages that are marked, whoever marked them.
pub fn all() -> Request {
    Request::new(Command::new("EXPUNGE"), Wants::Nothing)
}
