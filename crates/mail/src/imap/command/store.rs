//! STORE (RFC 9051, 6.4.6): setting and taking away flags, without having them told, or told with what
//! tells whether somebody changed them since (RFC 7162); and Gmail's labels.

use domain::Flag;

use super::{
    super::{
        request::{Reply, Request, Wants},
        response::{Code, Range},
        wire::Command,
    },
    append::codes,
};

/// Sets flags.
pub fn add(uids: &[Range], flags: &[Flag]) -> Request {
    Request::new(Command::new("UID STORE").ranges(uids).syntax("+FLAGS.SILENT").flags(flags), Wants::Nothing)
}

/// Takes flags away.
pub fn remove(uids: &[Range], flags: &[Flag]) -> Request {
    Request::new(Command::new("UID STORE").ranges(uids).syntax("-FLAGS.SILENT").flags(flags), Wants::Nothing)
}

/// Whether something is set or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Way {
    Add,
    Remove,
}

/// Sets flags or takes them away; the server tells how they are then. With `since` only of messages whose
/// MODSEQ is not higher.
pub fn told(uids: &[Range], way: Way, flags: &[Flag], since: Option<u64>) -> Request {
    let mut command = Command::new("UID STORE").ranges(uids);
    if let Some(since) = since {
        command = command.open().syntax("UNCHANGEDSINCE").number(since).close();
    }
    let item = if way == Way::Add { "+FLAGS" } else { "-FLAGS" };
    Request::new(command.syntax(item).flags(flags), Wants::Uids(uids.to_vec()))
}

/// Sets Gmail's labels or takes them away.
pub fn labels(uids: &[Range], way: Way, labels: &[String]) -> Request {
    let item = if way == Way::Add { "+X-GM-LABELS" } else { "-X-GM-LABELS" };
    let command = Command::new("UID STORE").ranges(uids).syntax(item).open();
    let command = labels.iter().fold(command, |command, label| {
        // Those of the system (`\Inbox`) are no names but atoms.
        let is_system = label
            .strip_prefix('\\')
            .is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if is_system { command.atom(label.clone()) } else { command.mailbox(label.clone()) }
    });
    Request::new(command.close(), Wants::Uids(uids.to_vec()))
}

/// The messages that were left alone since they changed meanwhile (MODIFIED, RFC 7162).
pub fn modified(reply: &Reply) -> Vec<Range> {
    let modified = codes(reply).filter_map(|code| match code {
        Code::Modified(uids) => Some(uids.as_slice()),
        _ => None,
    });
    modified.flatten().copied().collect()
}
