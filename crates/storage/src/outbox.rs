//! Mail on its way out: the row that stands before the first octet leaves, and what became of it.
//!
//! The words are here; adding in `outbox/add.rs`, sending in `outbox/sending.rs`, what people do in
//! `outbox/person.rs`, the Sent copy and the end of rows in `outbox/after.rs`, values in `outbox/row.rs`. What a message may do next is decided
//! in `engine`; here a row changes only if it is in the state, and in the hands, that the caller takes it
//! to be.

mod add;
mod after;
mod person;
mod row;
mod sending;

use std::{ops::Range, str::FromStr};

use domain::{AccountName, ApprovalId, ApprovalReason, DraftId, GrantId, HomeAccount, OutboxId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Approval;

pub use person::{Listing, Looked, OwnOutgoing, Pile, Place};
pub(crate) use row::{Whose, an_outgoing, drop_pieces, end_account, end_waiting};

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutgoingState {
    /// A person is asked.
    Waiting,
    /// It leaves at a later time.
    Scheduled,
    /// It leaves as soon as somebody takes it.
    Ready,
    /// Somebody is handing it over; the server cannot have taken it yet.
    Sending,
    /// The last octets are leaving: from here on only the server's reply tells.
    Committing,
    /// The server took it for every recipient.
    Sent,
    /// The server took it for some recipients.
    PartlySent,
    /// The last octets left and no reply came.
    Unknown,
    /// It did not leave.
    Failed,
    /// The person said no.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// It was taken back.
    Cancelled,
}

impl OutgoingState {
    /// Every state, in the order of a message's life.
    pub const ALL: &[Self] = &[
        Self::Waiting,
        Self::Scheduled,
        Self::Ready,
        Self::Sending,
        Self::Committing,
        Self::Sent,
        Self::PartlySent,
        Self::Unknown,
        Self::Failed,
        Self::Denied,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Committing => "committing",
            Self::Sent => "sent",
            Self::PartlySent => "partly_sent",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Waiting | Self::Scheduled | Self::Ready | Self::Sending | Self::Committing)
    }
}

impl FromStr for OutgoingState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
}

/// The envelope and what else is fixed once a message is frozen. Kept sealed. The default one fits no message: its
/// hash is that of none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The sender's address of the envelope.
    pub from: String,
    /// The recipients of the envelope, those of Bcc among them.
    pub recipients: Vec<String>,
    /// With angle brackets.
    pub message_id: String,
    /// As people read it.
    pub subject: String,
    /// Octets of the stored form.
    pub size: u64,
    /// Where the Bcc field stands in the stored form; empty if there is none.
    pub bcc: Range<u64>,
    /// SHA-256 over envelope and stored form.
    pub hash: [u8; 32],
    /// Whether it has octets above 127 in its body.
    pub is_8bit: bool,
    /// Whether it needs SMTPUTF8.
    pub needs_utf8: bool,
    /// The draft that it was, which goes once it is sent.
    pub draft: Option<DraftId>,
    /// Which of the draft's versions, by the name that agents expect one by.
    #[serde(default)]
    pub draft_version: Option<String>,
    /// When it is dated, in seconds since 1970.
    #[serde(default)]
    pub date: Option<i64>,
    /// The message that it answers or forwards, as agents name it.
    pub answers: Option<String>,
    /// Whether it forwards that message.
    pub is_forward: bool,
    /// The beginning of its text, for the person who is asked.
    #[serde(default)]
    pub preview: String,
    /// Names of its files, likewise.
    #[serde(default)]
    pub files: Vec<String>,
}

impl Frozen {
    /// Whether something is to be done in the mailbox once it has left, besides its copy.
    pub fn owes_follow_up(&self) -> bool {
        self.draft.is_some() || self.answers.is_some()
    }
}

/// What is to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOutgoing {
    /// Its id.
    pub id: OutboxId,
    /// The grant that it is sent under.
    pub grant: GrantId,
    /// The user's name.
    pub user: String,
    /// The grant's label.
    pub client: String,
    /// The account that it leaves from.
    pub account: HomeAccount,
    /// That account's name.
    pub account_name: AccountName,
    /// What the grant names this sending by; the same key is the same sending. Kept sealed.
    pub key: String,
    /// Until when the key names it, counted anew from its end; for as long as the row is kept if absent.
    pub key_until: Option<Timestamp>,
    /// Hash of what was asked for. Kept sealed.
    pub content: [u8; 32],
    /// Envelope and the like.
    pub frozen: Frozen,
    /// `Waiting`, `Scheduled` or `Ready`.
    pub state: OutgoingState,
    /// It does not leave before.
    pub due: Timestamp,
    /// What a person is asked, if `Waiting`.
    pub approval: Option<NewApproval>,
    /// How many of the recipients are not known.
    pub new_recipients: u32,
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    /// Its id.
    pub id: ApprovalId,
    /// Why it is asked. Kept sealed: it names addresses.
    pub reasons: Vec<ApprovalReason>,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// Whether the person is told by mail that it waits.
    pub is_to_be_told: bool,
}

/// A message on its way out, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub id: OutboxId,
    /// The grant that it is sent under.
    pub grant: GrantId,
    /// The user's name.
    pub user: String,
    /// The grant's label.
    pub client: String,
    /// The account that it leaves from.
    pub account: HomeAccount,
    /// That account's name.
    pub account_name: AccountName,
    /// What the grant named this sending by.
    pub key: String,
    /// Hash of what was asked for.
    pub content: [u8; 32],
    /// Envelope and the like.
    pub frozen: Frozen,
    /// How far it is.
    pub state: OutgoingState,
    /// It does not leave before.
    pub due: Timestamp,
    /// How many of the recipients were not known.
    pub new_recipients: u32,
    /// How often somebody began to send it.
    pub attempts: u32,
    /// The process that is sending it.
    pub owner: Option<String>,
    /// What came of it, or of the last attempt.
    pub outcome: Option<Outcome>,
    /// The copy in Sent.
    pub copy: Copy,
    /// The last question to the person, answered or not.
    pub approval: Option<Approval>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// What came of an attempt. Kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Each recipient, in the envelope's order; empty if the server was not asked.
    pub recipients: Vec<RecipientOutcome>,
    /// Why it did not work, if it did not.
    pub problem: Option<OutcomeProblem>,
}

/// What the server said of one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientOutcome {
    /// The address.
    pub address: String,
    /// Whether the server took the message for it.
    pub accepted: bool,
    /// The server's words.
    pub reason: String,
}

/// A `domain::Problem` as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeProblem {
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// The server's own words.
    pub server_text: Option<String>,
}

/// The copy in Sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// How far it is.
    pub state: CopyState,
    /// The message's id there, if known. Kept sealed.
    pub id: Option<String>,
    /// How often it was tried.
    pub tries: u32,
    /// When to go on; not at all if absent.
    pub next: Option<Timestamp>,
}

impl Copy {
    /// No copy, now or later.
    pub const NONE: Self = Self { state: CopyState::None, id: None, tries: 0, next: None };

    /// Whether nothing more is to be done for it.
    pub fn is_done(&self) -> bool {
        match self.state {
            CopyState::Kept | CopyState::Stored | CopyState::None => true,
            CopyState::Failed => self.next.is_none(),
            CopyState::Waiting | CopyState::Looking => false,
        }
    }

    /// Whether it may yet be made.
    pub fn needs_octets(&self) -> bool {
        !matches!(self.state, CopyState::Kept | CopyState::Stored | CopyState::None)
    }
}

/// How far the copy in Sent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyState {
    /// It is to be stored.
    Waiting,
    /// It is looked whether the provider files it itself.
    Looking,
    /// The provider filed it.
    Kept,
    /// It was stored.
    Stored,
    /// It could not be stored; perhaps it is tried again.
    Failed,
    /// There is none.
    None,
}

impl CopyState {
    /// Every state.
    pub const ALL: &[Self] =
        &[Self::Waiting, Self::Looking, Self::Kept, Self::Stored, Self::Failed, Self::None];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Looking => "looking",
            Self::Kept => "kept",
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::None => "none",
        }
    }
}

impl FromStr for CopyState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What adding a message to the outbox came to.
#[derive(Debug)]
pub enum Added {
    /// It is there now.
    New,
    /// The grant's key, or that version of a draft, names this one already; nothing was added.
    Known(Box<Outgoing>),
}

/// Whose mail a process can send: it needs the account's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// That of all accounts of the database.
    Stored,
    /// That of one account which was brought along.
    Carried(HomeAccount),
}

/// A message that somebody may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its id.
    pub id: OutboxId,
    /// The account that it leaves from.
    pub account: HomeAccount,
    /// When it is due: with the id, where a list goes on.
    pub due: Timestamp,
}

/// A message that somebody else began to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its id.
    pub id: OutboxId,
    /// Who began.
    pub owner: String,
    /// `Sending` or `Committing`.
    pub state: OutgoingState,
    /// Until when the owner said to be alive.
    pub lease_until: Timestamp,
}

/// What a grant sent, or may yet send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Messages.
    pub messages: u64,
    /// Their recipients.
    pub recipients: u64,
    /// Those of them who were not known.
    pub new_recipients: u64,
    /// Octets.
    pub octets: u64,
}
