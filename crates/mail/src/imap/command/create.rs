//! CREATE, SUBSCRIBE and UNSUBSCRIBE (RFC 9051, 6.3.4, 6.3.7 and 6.3.8): making a mailbox, with its special
//! use where that can be said (RFC 6154), and having it shown.

use super::super::{
    request::{Request, Wants},
    wire::Command,
};

/// Makes a mailbox; `special_use` is like `\Drafts`.
pub fn create(mailbox: &[u8], special_use: Option<&'static str>) -> Request {
    let command = Command::new("CREATE").string(mailbox);
    let command = match special_use {
        Some(attribute) => command.open().syntax("USE").open().syntax(attribute).close().close(),
        None => command,
    };
    Request::new(command, Wants::Nothing)
}

/// Subscribes to a mailbox.
pub fn subscribe(mailbox: &[u8]) -> Request {
    Request::new(Command::new("SUBSCRIBE").string(mailbox), Wants::Nothing)
}

/// Ends the subscription to a mailbox, which need not exist any more.
pub fn unsubscribe(mailbox: &[u8]) -> Request {
    Request::new(Command::new("UNSUBSCRIBE").string(mailbox), Wants::Nothing)
}
