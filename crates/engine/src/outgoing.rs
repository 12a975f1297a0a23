//! Mail on its way out: what an agent wants said, drafts of it, and sending it.
//!
//! A [`Composition`] is resolved here into a letter (who writes, to whom, what stands in it), which becomes
//! a draft in the person's mailbox or a frozen message in the outbox. Who may be written to is decided in
//! `leaving`, how it leaves in `outbox`.

mod draft;
mod drafts_folder;
mod files;
mod identity;
mod invite_answer;
mod mark;
mod media_type;
mod moving;
mod originals;
mod prepare;
mod preview;
mod recipients;
mod source;
mod spool;
mod stored;
mod stripped;
mod to_send;
mod unflow;
mod upload;
mod whole_message;

use std::fmt;

use bytes::Bytes;
use domain::{AccountName, Address, ApprovalId, Code, DraftId, MessageRef, OutboxId, Timestamp, UploadId};
use mail::mime::compose::CalendarPart;

pub use self::upload::{NewUpload, Upload};
pub(crate) use self::{
    prepare::Made,
    spool::{Spool, too_large},
};

/// Which message an outgoing one follows. The id is a message's as agents know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follows {
    /// An answer to whoever wants it.
    Reply(String),
    /// An answer to all.
    ReplyAll(String),
    /// The message handed on, with its files.
    Forward(String),
}

/// Where a file to be attached comes from.
#[derive(Debug)]
pub enum FileSource {
    /// A file of a message; the whole message if no index is given.
    FromMessage {
        /// The message.
        message: String,
        /// Of its attachments, counted from 1.
        index: Option<usize>,
    },
    /// A file that was uploaded.
    Upload(UploadId),
    /// A file that the door opened, once.
    Opened {
        /// Its name.
        name: String,
        /// Its media type; found by its name if empty.
        media_type: String,
        /// Its length in octets when it was opened: no more of it is read.
        size: u64,
        /// The file, at its beginning.
        file: std::fs::File,
    },
    /// Octets that came with the call.
    Octets {
        /// Its name.
        name: String,
        /// Its media type; found by its name if empty.
        media_type: String,
        /// By which `html` shows it, without angle brackets; a plain attachment if absent.
        content_id: Option<String>,
        /// The octets.
        octets: Bytes,
    },
}

/// What an agent wants written. What is absent is computed, or stays as it is in a draft that is replaced.
#[derive(Debug, Default)]
pub struct Composition {
    /// The account's name; the default one if absent.
    pub account: Option<String>,
    /// What it follows.
    pub follows: Option<Follows>,
    /// The identity that writes; the account's own if absent.
    pub from: Option<String>,
    /// To, each entry one or more addresses.
    pub to: Option<Vec<String>>,
    /// Cc.
    pub cc: Option<Vec<String>>,
    /// Bcc.
    pub bcc: Option<Vec<String>>,
    /// The subject.
    pub subject: Option<String>,
    /// The text in Markdown.
    pub body: Option<String>,
    /// The same as HTML, where Markdown does not do. If both are given and have other words, the text is
    /// made from the HTML instead: what one sees of a message must not depend on its program.
    pub html: Option<String>,
    /// Files, in their order.
    pub attachments: Option<Vec<FileSource>>,
    /// Whether the account's signature stands below.
    pub signature: bool,
}

/// A draft to be made or replaced.
#[derive(Debug)]
pub struct DraftRequest {
    /// The draft to replace.
    pub replaces: Option<DraftId>,
    /// What is to stand in it.
    pub composition: Composition,
}

/// A draft as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// Its handle, the same through all versions.
    pub draft: DraftId,
    /// What this version is: to be given when it is sent, so that no other is.
    pub expect: String,
    /// The identity that writes.
    pub from: Address,
    /// To, all of them.
    pub to: Vec<Address>,
    /// Cc, all of them.
    pub cc: Vec<Address>,
    /// Bcc, all of them.
    pub bcc: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// The beginning of what its recipients will see.
    pub preview: String,
    /// Recipients for whom the person would be asked; everybody if the grant asks always.
    pub needs_approval: Vec<String>,
}

/// What is to be sent.
#[derive(Debug)]
pub enum Sending {
    /// A draft.
    Draft {
        /// Its handle.
        draft: DraftId,
        /// The version that is meant.
        expect: Option<String>,
        /// The account's name.
        account: Option<String>,
    },
    /// Something new.
    New(Box<Composition>),
    /// An answer to an invite.
    Invite(Box<InviteAnswer>),
    /// Nothing: how what was sent with the key of the request, or under an approval, stands.
    State {
        /// The approval.
        approval: Option<ApprovalId>,
    },
}

/// An answer to an invite, as [`crate::Engine::invite_reply`] makes it.
pub struct InviteAnswer {
    pub(crate) account: AccountName,
    /// The organizer.
    pub(crate) to: Address,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) calendar: CalendarPart,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) references: Vec<String>,
    /// The message that invites.
    pub(crate) follows: MessageRef,
    /// What it is known by in the outbox.
    pub(crate) key: String,
}

// What an answer says is not for logs.
impl fmt::Debug for InviteAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InviteAnswer({})", self.follows)
    }
}

/// A wish to send.
#[derive(Debug)]
pub struct SendRequest {
    /// What.
    pub sending: Sending,
    /// The grant's own name for this sending: with the same one it is not sent again.
    pub key: Option<String>,
    /// When it is to leave; at once if absent.
    pub at: Option<Timestamp>,
}

/// How a sending stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendStatus {
    /// All recipients were taken.
    Sent,
    /// The person must be asked first.
    ApprovalNeeded,
    /// The person said no.
    Denied,
    /// The person did not answer in time.
    Expired,
    /// It was taken back, or the grant ended.
    Cancelled,
    /// It leaves later.
    Scheduled,
    /// It is on its way, or will be tried again.
    Sending,
    /// Some recipients were taken.
    PartlySent,
    /// The server may have it or not: only the person may send it again.
    Unknown,
}

impl SendStatus {
    /// The name as agents know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::ApprovalNeeded => "approval_needed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Scheduled => "scheduled",
            Self::Sending => "sending",
            Self::PartlySent => "partly_sent",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientOutcome {
    /// The address.
    pub address: String,
    /// Whether the server took it; nothing while that is not known.
    pub accepted: Option<bool>,
    /// The server's own words if it did not, which are not to be trusted; or why approval is needed.
    pub reason: String,
}

/// How the copy in the Sent folder stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCopy {
    /// `waiting`, `looking`, `kept` (the provider files it), `stored`, `failed`.
    pub state: &'static str,
    /// The copy's id, where it is known.
    pub id: Option<MessageRef>,
}

/// An approval that is waited for, or was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedApproval {
    /// Its id.
    pub id: ApprovalId,
    /// The page where the person answers, while they can; absent where they have no pages. It is worth
    /// nothing without their sign-in.
    pub url: Option<String>,
    /// When it is too late.
    pub expires: Timestamp,
}

/// How a sending stands, as an agent is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendOutcome {
    /// Its status.
    pub status: SendStatus,
    /// The Message-ID in angle brackets.
    pub message_id: String,
    /// Every recipient, Bcc too.
    pub recipients: Vec<RecipientOutcome>,
    /// The copy in the Sent folder, once it was sent.
    pub copy: Option<SentCopy>,
    /// The approval.
    pub approval: Option<WantedApproval>,
    /// When it leaves.
    pub at: Option<Timestamp>,
    /// By which it is taken back, as long as it has not begun to leave.
    pub undo: Option<OutboxId>,
    /// Whether this is the outcome of an earlier call with the same key.
    pub is_repeated: bool,
    /// What to do next, in our own words; empty if nothing.
    pub hint: String,
}

/// The problem of what cannot be done without a database.
pub(crate) fn keeps_nothing() -> domain::Problem {
    domain::Problem::new(Code::NotSupported, "Nothing is sent without a place to keep what is on its way.")
        .hint("Start with a data directory (`POSTROOM_DATA_DIR`).")
}
