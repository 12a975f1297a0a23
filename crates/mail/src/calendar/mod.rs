//! Invites: text/calendar into values (RFC 5545, RFC 5546), and the answer to one.
//!
//! Pure functions over bytes: no I/O, no clock, bounded in size, properties and occurrences, no panic on any
//! input. Where an event stands in somebody's mailbox is not known here.

mod lines;
mod moment;
mod parse;
mod recur;
mod reply;
mod rule;
mod zone;

use std::sync::Arc;

use domain::{Address, Timestamp};

pub use self::{
    parse::parse,
    reply::{Answer, Reply, reply},
};

/// Octets of a calendar that are looked at.
pub const MAX_OCTETS: usize = 1 << 20;

/// Events of a calendar that are looked at.
pub const MAX_EVENTS: usize = 100;

/// Why a calendar says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It is none, or broken beyond reading.
    #[error("this is no calendar that can be read")]
    Unreadable,
    /// It holds no event.
    #[error("the calendar holds no event")]
    NoEvent,
    /// It is larger than what is looked at.
    #[error("the calendar is too large")]
    TooLarge,
    /// The event cannot be answered.
    #[error("the event cannot be answered: {0}")]
    Unanswerable(&'static str),
}

/// What an invite is for (RFC 5546, 1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are RFC 5546's")]
pub enum Method {
    Publish,
    Request,
    Reply,
    Add,
    Cancel,
    Refresh,
    Counter,
    DeclineCounter,
}

/// How somebody answered (RFC 5545, 3.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are RFC 5545's")]
pub enum Partstat {
    NeedsAction,
    Accepted,
    Declined,
    Tentative,
    Delegated,
    /// What the RFC does not name.
    Other,
}

/// A point of an event: an instant, a whole day, or a local time that belongs to no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// The instant; of a whole day its first moment in UTC, of a floating time as if it were UTC.
    pub at: Timestamp,
    /// Whether the whole day is meant.
    pub is_date: bool,
    /// Whether no zone was given.
    pub is_floating: bool,
    /// The zone's IANA name, where it is known.
    pub zone: Option<String>,
    /// The zone as the invite names it, if it is not known: then `at` follows its VTIMEZONE, or is floating.
    pub unknown_zone: Option<String>,
    /// As it stands in the invite, local and with its offset where that is known (ISO 8601).
    pub local: String,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// Name and address; the address without `mailto:`.
    pub address: Address,
    /// ROLE, in capitals; `REQ-PARTICIPANT` if it is not given.
    pub role: String,
    /// PARTSTAT.
    pub partstat: Partstat,
    /// Whether an answer is asked for.
    pub rsvp: bool,
}

/// One event of an invite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// UID.
    pub uid: String,
    /// RECURRENCE-ID: this is one occurrence of a series.
    pub recurrence_id: Option<When>,
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP.
    pub stamp: Option<Timestamp>,
    /// STATUS, in capitals; empty if it is not given.
    pub status: String,
    /// SUMMARY.
    pub summary: String,
    /// LOCATION.
    pub location: String,
    /// DESCRIPTION.
    pub description: String,
    /// URL of the meeting, or of the event.
    pub url: String,
    /// Whether it takes time (TRANSP).
    pub is_busy: bool,
    /// DTSTART; absent where it is missing or broken.
    pub start: Option<When>,
    /// DTEND, or what DURATION makes of the beginning.
    pub end: Option<When>,
    /// ORGANIZER.
    pub organizer: Option<Address>,
    /// ATTENDEE, at most 500.
    pub attendees: Vec<Attendee>,
    /// RRULE in words, like `every week on Monday, 10 times`; empty for a single event.
    pub repeats: String,
    /// Whether it repeats without an end.
    pub is_endless: bool,
    /// What of it could not be read, in words for the person.
    pub warnings: Vec<String>,
    /// What makes its occurrences, and what an answer repeats.
    pub(crate) source: Source,
}

impl Event {
    /// Whether it takes place once at most, when its beginning says: nothing has to be worked out.
    pub fn is_single(&self) -> bool {
        let component = self.source.calendar.components.get(self.source.index);
        let has = |name| component.is_some_and(|component| component.line(name).is_some());
        self.recurrence_id.is_some() || !["RRULE", "RDATE", "EXDATE"].into_iter().any(has)
    }
}

/// What is kept of the event's own properties.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Source {
    /// All that the file holds; shared by its events.
    pub(crate) calendar: Arc<lines::Calendar>,
    /// Which of its components.
    pub(crate) index: usize,
}

/// A calendar as it came in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// METHOD; absent for a file that only tells of events.
    pub method: Option<Method>,
    /// The events.
    pub events: Vec<Event>,
    /// How many more there are than [`MAX_EVENTS`].
    pub left_out: usize,
}

/// One time that an event takes place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Its beginning.
    pub start: When,
    /// Its end; the beginning if it has none.
    pub end: When,
}

impl Invite {
    /// The next `limit` occurrences of an event that end after `after`, in their order, with exceptions
    /// (EXDATE, RDATE, and the events of this invite with a RECURRENCE-ID) counted in. What costs too much to
    /// find is left out.
    pub fn occurrences(&self, event: &Event, after: Timestamp, limit: usize) -> Vec<Occurrence> {
        recur::occurrences(self, event, after, limit)
    }
}
