//! LIST, LSUB and STATUS: the mailboxes, what they are for, and what is in them.

use super::super::{
    capability::Capabilities,
    request::{Reply, Request, Wants},
    response::{ListEntry, MailboxStatus, Untagged},
    wire::Command,
};

const STATUS_ITEMS: &str = "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)";

/// The commands that list everything, to be sent in one flight. With LIST-STATUS they bring the counts
/// along; else the counts are asked afterwards with [`status`].
pub fn everything(capabilities: &Capabilities, counts: bool) -> Vec<Request> {
    let is_extended = capabilities.has("LIST-EXTENDED") || capabilities.is_rev2();
    let list = Command::new("LIST").syntax("\"\" \"*\"");
    if !is_extended {
        let subscribed = Command::new("LSUB").syntax("\"\" \"*\"");
        return vec![Request::new(list, Wants::List), Request::new(subscribed, Wants::List)];
    }
    let mut list = list.syntax("RETURN").open().syntax("SUBSCRIBED");
    if capabilities.has_special_use() {
        list = list.syntax("SPECIAL-USE");
    }
    if counts && capabilities.has_list_status() {
        list = list.syntax("STATUS").syntax(STATUS_ITEMS);
    }
    vec![Request::new(list.close(), Wants::List)]
}

/// STATUS of one mailbox.
pub fn status(mailbox: &[u8]) -> Request {
    Request::new(Command::new("STATUS").string(mailbox).syntax(STATUS_ITEMS), Wants::Status)
}

/// How large a message the mailbox takes (RFC 7889).
pub fn append_limit(mailbox: &[u8]) -> Request {
    Request::new(Command::new("STATUS").string(mailbox).syntax("(APPENDLIMIT)"), Wants::Status)
}

/// What LIST, LSUB and STATUS answered.
#[derive(Debug, Default)]
pub struct Listed {
    /// LIST lines.
    pub entries: Vec<ListEntry>,
    /// LSUB lines.
    pub subscribed: Vec<ListEntry>,
    /// STATUS lines.
    pub statuses: Vec<MailboxStatus>,
}

impl Listed {
    /// Adds what one reply holds.
    pub fn take(&mut self, reply: Reply) {
        for data in reply.data {
            match data {
                Untagged::List(entry) => self.entries.push(entry),
                Untagged::Lsub(entry) => self.subscribed.push(entry),
                Untagged::MailboxStatus(status) => self.statuses.push(status),
                _ => {}
            }
        }
    }
}
