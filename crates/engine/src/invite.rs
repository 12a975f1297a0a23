//! Invites: what a message asks the person to, whether something else is then, and the answer.

use domain::{MessageRef, Principal, Problem, Timestamp};
use mail::calendar::{Event, Method, Occurrence};

use crate::{Engine, outgoing::SendOutcome};

pub use mail::calendar::Answer;

/// One event of an invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedTo {
    /// The event.
    pub event: Event,
    /// When it takes place next, at most ten times.
    pub next: Vec<Occurrence>,
    /// What became of it since, as later mail says: `updated`, `cancelled`, or empty.
    pub later: String,
    /// The message that says so.
    pub later_id: Option<MessageRef>,
    /// What the person answered before, as far as mail in Sent tells: `accept`, `tentative`, `decline`, or empty.
    pub answered: String,
}

/// Something else at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What it is.
    pub summary: String,
    /// Its beginning.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
    /// The message that invited to it.
    pub id: MessageRef,
}

/// An invite as an agent reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteView {
    /// What it is for.
    pub method: Option<Method>,
    /// Its events.
    pub events: Vec<InvitedTo>,
    /// Events that are not shown.
    pub left_out: usize,
    /// What else is at the same time, of the invites in the mailbox that the person accepted.
    pub conflicts: Vec<Conflict>,
    /// How far back was looked for those; absent if everything was looked at.
    pub back_to: Option<Timestamp>,
}

/// An answer to an invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteReplyRequest {
    /// The message that invites.
    pub id: String,
    /// The answer.
    pub answer: Answer,
    /// Words to the organizer.
    pub comment: String,
}

impl Engine {
    /// Reads the invite of a message.
    pub async fn invite(&self, _principal: &Principal, _id: &str) -> Result<InviteView, Problem> {
        Err(Problem::new(domain::Code::NotSupported, "Not yet."))
    }

    /// Answers an invite by mail to its organizer, under the rules for what leaves.
    pub async fn invite_reply(
        &self,
        _principal: &Principal,
        _request: InviteReplyRequest,
    ) -> Result<SendOutcome, Problem> {
        Err(Problem::new(domain::Code::NotSupported, "Not yet."))
    }
}
