//! One command on its way: its bytes, which untagged data belongs to it, how long it may take.

use std::time::Duration;

use super::{
    response::{Code, Range, Status, StatusKind, Untagged},
    wire::Command,
};
use crate::Error;

/// How long a command may take unless it says otherwise (contract: command 60 s).
pub(super) const COMMAND_TIMEOUT: Duration = Duration::from_mins(1);

/// A command as the connection sends it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The command without its tag.
    pub command: Command,
    /// Which untagged data is an answer to it.
    pub wants: Wants,
    /// How long it may take.
    pub timeout: Duration,
    /// How many octets of each literal that comes in chunks are kept; the rest is dropped. What all of a
    /// reply may hold is the connection's bound.
    pub keep: usize,
}

/// Which untagged data answers a command. Untagged that several commands in flight want goes to the oldest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// Only the completion.
    Nothing,
    /// What SELECT and EXAMINE answer.
    Mailbox,
    /// LIST and STATUS lines.
    List,
    /// STATUS lines.
    Status,
    /// SEARCH, SORT and ESEARCH results, and how far the server looked for them.
    Search,
    /// FETCH data of any message.
    Fetch,
    /// FETCH data of these UIDs.
    Uids(Vec<Range>),
    /// CAPABILITY, ENABLED, ID, NAMESPACE: what is asked around sign-in.
    Session,
    /// APPENDUID and COPYUID: where messages were put.
    Places,
}

impl Wants {
    /// Whether `data` answers a command with these wants that was sent under `tag`.
    #[expect(clippy::match_same_arms, reason = "one line for each kind of want reads better")]
    pub(super) fn take(&self, data: &Untagged, tag: &str) -> bool {
        match (self, data) {
            (Self::Mailbox, Untagged::Exists(_) | Untagged::Flags(_) | Untagged::Recent(_)) => true,
            (Self::Mailbox, Untagged::Status(status)) => {
                status.kind == StatusKind::Ok && status.code.is_some()
            }
            (Self::List, Untagged::List(_) | Untagged::Lsub(_) | Untagged::MailboxStatus(_))
            | (Self::Status, Untagged::MailboxStatus(_)) => true,
            (Self::Search, Untagged::Search { .. } | Untagged::Sort { .. }) => true,
            (Self::Search, Untagged::Status(status)) => {
                status.code.as_ref().and_then(Code::limit_reached).is_some()
            }
            (Self::Search, Untagged::ESearch(found)) => found.tag.as_deref().is_none_or(|of| of == tag),
            (Self::Places, Untagged::Status(status)) => {
                matches!(status.code, Some(Code::AppendUid(..) | Code::CopyUid(..)))
            }
            (Self::Fetch, Untagged::Fetch(_)) => true,
            (Self::Uids(ranges), Untagged::Fetch(fetch)) => {
                fetch.uid.is_some_and(|uid| ranges.iter().any(|(low, high)| (*low..=*high).contains(&uid)))
            }
            (
                Self::Session,
                Untagged::Capability(_)
                | Untagged::Enabled(_)
                | Untagged::Id(_)
                | Untagged::Namespace(_)
                | Untagged::Status(_),
            ) => true,
            _ => false,
        }
    }
}

impl Request {
    /// A command whose answers are what it `wants`, within the usual time; nothing large is kept.
    pub fn new(command: Command, wants: Wants) -> Self {
        Self { command, wants, timeout: COMMAND_TIMEOUT, keep: 0 }
    }
}

/// What came of a command that the server completed with OK.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The completion.
    pub status: Status,
    /// The data it wanted, in the order it came.
    pub data: Vec<Untagged>,
    /// Whether a response that could not be read came meanwhile, so that data may be missing.
    pub has_gaps: bool,
}

impl Reply {
    /// Ok for OK, else the refusal as an error.
    pub(super) fn check(name: &'static str, status: Status, data: Vec<Untagged>) -> Result<Self, Error> {
        match status.kind {
            StatusKind::Ok | StatusKind::Preauth => Ok(Self { status, data, has_gaps: false }),
            _ => Err(Error::Refused {
                command: name,
                code: status.code.map(|code| code.to_string()),
                text: status.text,
            }),
        }
    }
}
