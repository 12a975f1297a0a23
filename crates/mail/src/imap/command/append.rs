//! APPEND (RFC 9051, 6.3.12) and REPLACE (RFC 8508): putting a message into a mailbox, and where it is then.

use super::super::{
    request::{Reply, Request, Wants},
    response::{Code, Untagged},
    wire::Command,
    write::{Appending, Placed},
};

/// How the message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Whether the server is asked to take it first, even where it need not be.
    pub is_waiting: bool,
    /// As `UTF8 (~{…}`, which RFC 6855 wants of a message with UTF-8 in its header.
    pub is_utf8: bool,
}

/// Appends a message.
pub fn append(what: &Appending<'_>, form: Form) -> Request {
    write(Command::new("APPEND"), what, form)
}

/// Puts a message in the place of another one of the open mailbox.
pub fn replace(uid: u32, what: &Appending<'_>, form: Form) -> Request {
    write(Command::new("UID REPLACE").number(u64::from(uid)), what, form)
}

fn write(command: Command, what: &Appending<'_>, form: Form) -> Request {
    let mut command = command.string(what.mailbox);
    if !what.flags.is_empty() {
        command = command.flags(what.flags);
    }
    if let Some(received) = what.received {
        command = command.date_time(received);
    }
    let command = if form.is_utf8 {
        command.syntax("UTF8").open().streamed(what.size, true, form.is_waiting).close()
    } else {
        command.streamed(what.size, false, form.is_waiting)
    };
    Request::new(command, Wants::Places)
}

/// Where the message is, if the server says so (APPENDUID, RFC 4315): with the completion, or before it.
pub fn read(reply: &Reply) -> Option<Placed> {
    codes(reply).find_map(|code| match code {
        Code::AppendUid(validity, uids) => match uids.as_slice() {
            [(first, last)] if first == last && *validity > 0 => {
                Some(Placed { validity: *validity, uid: *first })
            }
            _ => None,
        },
        _ => None,
    })
}

/// All codes that came with a completion or before it.
pub(super) fn codes(reply: &Reply) -> impl Iterator<Item = &Code> {
    let before = reply.data.iter().filter_map(|data| match data {
        Untagged::Status(status) => status.code.as_ref(),
        _ => None,
    });
    reply.status.code.iter().chain(before)
}
