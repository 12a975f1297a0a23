//! Reading messages.

use domain::{
    Address, Flag, MessageRef, Principal, Problem, Timestamp,
    reading::{Attachment, Link, Trust},
};

use crate::{Engine, search::Row};

/// How a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Visible text, quotes and signature folded.
    #[default]
    Text,
    /// Visible text with quotes, signature and full URLs.
    Full,
    /// All headers, no body.
    Headers,
    /// The message as it is stored.
    Raw,
}

/// One message as an agent reads it. The door cuts `body` to its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id.
    pub id: MessageRef,
    /// The Message-ID in angle brackets.
    pub message_id: Option<String>,
    /// From.
    pub from: Vec<Address>,
    /// To, all of them.
    pub to: Vec<Address>,
    /// Cc, all of them.
    pub cc: Vec<Address>,
    /// Reply-To, where it differs from From.
    pub reply_to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// When the server received it.
    pub date: Timestamp,
    /// The Date header, where it differs from `date` by more than a day.
    pub sent: Option<Timestamp>,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// What the view shows, whole: text, headers or source.
    pub body: String,
    /// Links of the body.
    pub links: Vec<Link>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// How far to trust it.
    pub trust: Trust,
}

/// What became of one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The message.
    Message(Box<Message>),
    /// A Message-ID that several messages have: rows to choose from.
    Several(String, Vec<Row>),
    /// Why there is none; the id as it was given.
    Failed(String, Problem),
}

impl Engine {
    /// Reads up to ten messages, named by id or by Message-ID in angle brackets; outcomes in the order
    /// of `ids`. Never sets `\Seen`.
    pub async fn read(
        &self,
        _principal: &Principal,
        _ids: &[String],
        _view: View,
    ) -> Result<Vec<Outcome>, Problem> {
        Ok(Vec::new())
    }
}
