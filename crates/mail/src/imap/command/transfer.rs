//! COPY (RFC 9051, 6.4.7) and MOVE (RFC 6851), and where the messages are then (COPYUID, RFC 4315).

use super::{
    super::{
        request::{Reply, Request, Wants},
        response::{Code, Range},
        wire::Command,
    },
    append::codes,
};

/// Copies messages of the open mailbox.
pub fn copy(uids: &[Range], to: &[u8]) -> Request {
    Request::new(Command::new("UID COPY").ranges(uids).string(to), Wants::Places)
}

/// Moves messages of the open mailbox.
pub fn relocate(uids: &[Range], to: &[u8]) -> Request {
    Request::new(Command::new("UID MOVE").ranges(uids).string(to), Wants::Places)
}

/// UIDVALIDITY and UIDs at the other end, if the server says so. Some (Yahoo) say it without the UIDs.
pub fn read(reply: &Reply) -> Option<(u32, Vec<Range>)> {
    codes(reply).find_map(|code| match code {
        Code::CopyUid(validity, _, uids) if *validity > 0 && !uids.is_empty() => {
            Some((*validity, uids.clone()))
        }
        _ => None,
    })
}
