//! RENAME and DELETE (RFC 9051, 6.3.6 and 6.3.5): another name for a mailbox and what is below it, and its end.

use super::super::{
    request::{Request, Wants},
    wire::Command,
};

/// Gives a mailbox another name.
pub fn rename(mailbox: &[u8], to: &[u8]) -> Request {
    Request::new(Command::new("RENAME").string(mailbox).string(to), Wants::Nothing)
}

/// Removes a mailbox with the messages in it.
pub fn delete(mailbox: &[u8]) -> Request {
    Request::new(Command::new("DELETE").string(mailbox), Wants::Nothing)
}
