//! The answer to an invite (RFC 5546, 3.2.3).

use domain::{Address, Timestamp};

use super::{CalendarError, Event};

/// What somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// They come.
    Accept,
    /// Perhaps.
    Tentative,
    /// They do not.
    Decline,
}

/// Who answers what, and when.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// The event.
    pub event: &'a Event,
    /// Who answers: the attendee as the invite has it, so that the organizer's calendar finds them.
    pub attendee: &'a Address,
    /// What.
    pub answer: Answer,
    /// Words to the organizer.
    pub comment: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// A calendar with METHOD:REPLY, with CRLF lines, folded.
pub fn reply(_reply: &Reply<'_>) -> Result<String, CalendarError> {
    Err(CalendarError::Unanswerable("not yet"))
}
