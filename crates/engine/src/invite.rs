//! Invites: what a message asks the person to, whether something else is then, and the answer.
//!
//! What a calendar says is its sender's: it is shown as data, decides nothing, and an update or a cancellation
//! counts only from the organizer that the event itself names. Reading calendars is `mail::calendar`.

mod agenda;
mod answer;
mod around;
mod parts;
mod told;

use std::{collections::HashSet, sync::Arc};

use domain::{Address, Code, MessageRef, Part, Principal, Problem, Timestamp};
use mail::{
    calendar::{CalendarError, Event, Invite, MAX_OCTETS, Method, Occurrence},
    imap::reading::Source,
};

pub use mail::calendar::Answer;

pub(crate) use self::around::Agenda;
use self::{
    agenda::{IsOwn, Later},
    around::Around,
    parts::{Octets, Wanted},
};
use crate::{
    Account, Engine,
    leaving::Shown,
    read::{self, Group, Message, View},
};

/// Events of one message that are shown.
const MAX_EVENTS: usize = 10;

/// Octets of a calendar as it stands in its message: base64 makes four of three.
const MAX_ENCODED: u64 = (MAX_OCTETS as u64) * 3 / 2;

/// Octets that are read where they come.
const READ_AT_ONCE: usize = 32 << 10;

/// A point of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// A date, or a time with its offset (ISO 8601); without one where no zone is known.
    pub text: String,
    /// The zone's name; empty if there is none.
    pub zone: String,
    /// Whether the whole day is meant.
    pub is_date: bool,
}

/// Somebody who is invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub address: Address,
    /// `accepted`, `tentative`, `declined`, `delegated`, or empty.
    pub answer: &'static str,
}

/// One event of an invite, as an agent reads it. All text in it is its sender's, without what nobody would see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitedTo {
    /// What it is.
    pub summary: String,
    /// Its beginning; absent where that cannot be read.
    pub start: Option<Moment>,
    /// Its end; of whole days the last one.
    pub end: Option<Moment>,
    /// Where.
    pub location: String,
    /// What it is about, cut.
    pub description: String,
    /// Where to find it in the web.
    pub url: String,
    /// Who invites.
    pub organizer: Option<Address>,
    /// Who is invited.
    pub attendees: Vec<Participant>,
    /// `confirmed`, `tentative`, `cancelled`, or empty.
    pub status: String,
    /// How it repeats, in words; empty for a single event.
    pub repeats: String,
    /// When it takes place next, if it repeats.
    pub next: Vec<String>,
    /// Which occurrence of a series it is about; empty if it is not about one.
    pub occurrence: String,
    /// What the person answered before, as far as mail in Sent tells: `accept`, `tentative`, `decline`, or empty.
    pub answered: &'static str,
    /// What became of it since, as later mail of its organizer says: `updated`, `cancelled`, or empty.
    pub later: &'static str,
    /// The message that says so.
    pub later_id: Option<MessageRef>,
    /// What to be careful about, in our own words.
    pub warnings: Vec<String>,
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
    /// The message that tells of it.
    pub id: MessageRef,
    /// Who wrote that.
    pub from: Vec<Address>,
}

/// An invite as an agent reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteView {
    /// The message.
    pub id: MessageRef,
    /// What it is for, in RFC 5546's words in lower case; empty for a file that only tells of events.
    pub method: &'static str,
    /// Its events; the first is the one that an answer is about.
    pub events: Vec<InvitedTo>,
    /// Events that are not shown.
    pub left_out: usize,
    /// What else is at the same time, of what the person accepted or organizes.
    pub conflicts: Vec<Conflict>,
    /// Conflicts that are not shown.
    pub more_conflicts: usize,
    /// How far back mail was looked through for those.
    pub back_to: Timestamp,
    /// Whether not all mail since could be looked through.
    pub is_cut: bool,
    /// How many likely codes and sign-in links were masked.
    pub masked: usize,
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

/// A message with a calendar, as it was read.
struct Read {
    group: Group,
    source: Source,
    message: Message,
    invite: Arc<Invite>,
}

impl Read {
    fn account(&self) -> &Account {
        &self.group.account
    }

    fn from(&self) -> &[Address] {
        &self.source.summary.envelope.from
    }

    /// The event that an answer is about comes first: the series before its exceptions.
    fn events(&self) -> Vec<&Event> {
        let (mut series, single): (Vec<&Event>, Vec<&Event>) =
            self.invite.events.iter().partition(|event| event.recurrence_id.is_none());
        series.extend(single);
        series
    }

    fn later(&self, event: &Event, around: &Around) -> Option<Later> {
        let this = (&self.message.id, self.from());
        agenda::later(event, self.invite.method, this, &agenda::all(&around.mails))
    }
}

impl Engine {
    /// Reads the invite of a message.
    pub async fn invite(&self, principal: &Principal, id: &str) -> Result<InviteView, Problem> {
        let read = Box::pin(self.invited(principal, id)).await?;
        let account = read.account().clone();
        let (beside, now) = (read.group.folder.clone(), self.now());
        let around = account.around(&beside, &self.0.bounds, now).await;
        let apart = account.opened.apart.clone();
        let (view, senders) = apart.run("The invite", move || view(&read, &around, now)).await?;
        let shown = senders.into_iter().map(|senders| Shown { account: account.name.clone(), senders });
        self.expose(principal, shown.collect()).await?;
        Ok(view)
    }

    /// Reads a message and its calendar, with all limits of the grant. Nothing is noted as shown yet.
    async fn invited(&self, principal: &Principal, id: &str) -> Result<Read, Problem> {
        let group = self.resolve_one(principal, id).await?;
        let uid = group.wanted.first().map(|(_, uid)| *uid).unwrap_or_default();
        let (source, message) = group.source(uid, View::Headers).await?;
        let structure = source.summary.structure.clone().unwrap_or_default();
        let parts: Vec<Part> = parts::calendars(&structure).into_iter().cloned().collect();
        let mut problem = none();
        for part in parts {
            if part.size > MAX_ENCODED {
                problem = unreadable(&CalendarError::TooLarge);
                continue;
            }
            let octets = calendar_octets(&group, uid, &part).await?;
            let is_short = octets.len() <= READ_AT_ONCE;
            let reading = move || parts::read(&part, &octets);
            let invite = if is_short {
                reading()
            } else {
                group.account.opened.apart.run("The calendar", reading).await?
            };
            match invite {
                Ok(invite) => return Ok(Read { group, source, message, invite: Arc::new(invite) }),
                Err(error) => problem = unreadable(&error),
            }
        }
        Err(problem)
    }
}

/// The calendar's octets as they stand in the message.
async fn calendar_octets(group: &Group, uid: u32, part: &Part) -> Result<bytes::Bytes, Problem> {
    let name = &group.folder.wire_name;
    let parts = vec![(uid, part.path.clone())];
    let wanted = [Wanted { mailbox: name.clone(), validity: group.validity, parts }];
    let question = Octets { wanted: &wanted, limit: MAX_ENCODED };
    let ask = || group.account.opened.ask(Some(name), &question);
    let mut answer = ask().await;
    if answer.as_ref().is_err_and(mail::Error::is_connection_lost) {
        answer = ask().await;
    }
    let came = answer.and_then(|mut answers| answers.pop().unwrap_or(Ok(None)));
    let came = came.map_err(|error| group.account.problem(&error))?.ok_or_else(read::stale)?;
    came.into_values().next().ok_or_else(read::gone)
}

/// What is shown of an invite, and the senders of every message that something of is shown.
fn view(read: &Read, around: &Around, now: Timestamp) -> (InviteView, Vec<Vec<Address>>) {
    let account = read.account();
    let own = account.identities();
    let is_own = move |email: &str| own.iter().any(|own| agenda::is_same(own, email));
    let is_own: IsOwn<'_> = &is_own;
    let all = agenda::all(&around.mails);
    let subject = &read.source.summary.envelope.subject;
    let events = read.events();
    let left_out = read.invite.left_out + events.len().saturating_sub(MAX_EVENTS);
    let mut windows: Vec<Occurrence> = Vec::new();
    let (mut shown, mut masked) = (Vec::new(), 0);
    for event in events.iter().take(MAX_EVENTS) {
        let next = read.invite.occurrences(event, now, told::MAX_NEXT);
        let (mut told, count) = told::told(account, subject, event, &next);
        masked += count;
        let later = read.later(event, around);
        told.later =
            later.as_ref().map_or("", |later| if later.is_cancelled { "cancelled" } else { "updated" });
        told.later_id = later.map(|later| later.id);
        told.answered = agenda::answered(event, &all, is_own).map_or("", answer::word);
        told.warnings.extend(warnings(read, event, is_own));
        if next.is_empty() && event.start.is_some() {
            told.warnings.push("It is over, or never takes place.".to_owned());
        }
        shown.push(told);
        windows.extend(next);
    }
    let uids: HashSet<&str> = read.invite.events.iter().map(|event| event.uid.as_str()).collect();
    let is_off = matches!(read.invite.method, Some(Method::Cancel | Method::Reply));
    let (mut conflicts, more_conflicts) =
        if is_off { (Vec::new(), 0) } else { agenda::conflicts(&windows, &uids, &all, is_own) };
    for conflict in &mut conflicts {
        let (summary, _, count) = account.line(&conflict.summary);
        (conflict.summary, masked) = (summary, masked + count);
    }
    let mut senders = vec![read.from().to_vec()];
    senders.extend(conflicts.iter().map(|conflict| conflict.from.clone()));
    let view = InviteView {
        id: read.message.id.clone(),
        method: read.invite.method.map_or("", method),
        events: shown,
        left_out,
        conflicts,
        more_conflicts,
        back_to: around.back_to,
        is_cut: around.is_cut,
        masked,
    };
    (view, senders)
}

/// What is odd about an event beside its own text.
fn warnings(read: &Read, event: &Event, is_own: IsOwn<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    let organizes = event.organizer.as_ref().is_some_and(|organizer| is_own(&organizer.email));
    let asks = matches!(read.invite.method, Some(Method::Request | Method::Cancel | Method::Add));
    match &event.organizer {
        None if asks => warnings.push("It names no organizer, so it cannot be answered.".to_owned()),
        Some(_) if asks && !organizes && !agenda::is_from_organizer(event, read.from()) => {
            let told = "The mail is not from the organizer that it names: somebody else may have made it up.";
            warnings.push(told.to_owned());
        }
        _ => {}
    }
    let is_invited = event.attendees.iter().any(|attendee| is_own(&attendee.address.email));
    if asks && !organizes && !is_invited {
        warnings.push("The person's own address is not among those invited.".to_owned());
    }
    warnings
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Publish => "publish",
        Method::Request => "request",
        Method::Reply => "reply",
        Method::Add => "add",
        Method::Cancel => "cancel",
        Method::Refresh => "refresh",
        Method::Counter => "counter",
        Method::DeclineCounter => "declinecounter",
    }
}

fn none() -> Problem {
    Problem::new(Code::NotFound, "The message holds no invite.")
        .hint("mail_read shows what it says; mail_attachment reads its files.")
}

fn unreadable(error: &CalendarError) -> Problem {
    let (code, told) = match error {
        CalendarError::TooLarge => (
            Code::TooLarge,
            format!("The calendar is larger than the {} MB that are read.", MAX_OCTETS >> 20),
        ),
        CalendarError::NoEvent => (Code::NotFound, "The calendar in the message holds no event.".to_owned()),
        _ => (Code::NotSupported, "The calendar in the message is broken.".to_owned()),
    };
    Problem::new(code, told).hint("mail_attachment may still read it as text, or link to the file.")
}
