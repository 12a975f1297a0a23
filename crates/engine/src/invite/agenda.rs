//! What the mail around an event says of it: what became of it, what the person answered, what else is then.
//!
//! Pure. An update or a cancellation counts only from the organizer that the event itself names: anybody can
//! write a calendar that names somebody else's event.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use domain::{Address, MessageRef, Timestamp};
use mail::calendar::{Answer, Event, Invite, Method, Occurrence, Partstat};

use super::{Conflict, around::CalendarMail};

/// Events that overlap of which is told.
pub(super) const MAX_CONFLICTS: usize = 10;

/// Occurrences of one other event that are compared.
const MAX_COMPARED: usize = 200;

/// One event of one message.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) id: &'a MessageRef,
    mail: &'a CalendarMail,
    event: &'a Event,
}

/// What became of an event since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Later {
    pub(super) is_cancelled: bool,
    pub(super) id: MessageRef,
}

/// Whose addresses are the person's.
pub(super) type IsOwn<'a> = &'a (dyn Fn(&str) -> bool + Send + Sync);

/// Every event of the messages.
pub(super) fn all(mails: &[(MessageRef, Arc<CalendarMail>)]) -> Vec<Said<'_>> {
    mails
        .iter()
        .flat_map(|(id, mail)| mail.invite.events.iter().map(move |event| Said { id, mail, event }))
        .collect()
}

impl Said<'_> {
    fn method(&self) -> Option<Method> {
        self.mail.invite.method
    }

    /// Newer events have a higher one (RFC 5546, 2.1.5).
    fn version(&self) -> (u32, Option<Timestamp>) {
        version(self.event)
    }

    /// Whether it comes from the organizer that it names.
    fn is_of_organizer(&self) -> bool {
        is_from_organizer(self.event, &self.mail.from)
    }

    fn is_request(&self) -> bool {
        self.method() == Some(Method::Request) && self.event.status != "CANCELLED"
    }

    fn is_cancellation(&self) -> bool {
        match self.method() {
            Some(Method::Cancel) => true,
            Some(Method::Request) => self.event.status == "CANCELLED",
            _ => false,
        }
    }
}

fn version(event: &Event) -> (u32, Option<Timestamp>) {
    (event.sequence, event.stamp)
}

/// Whether two addresses are one; nothing is folded beyond ASCII.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// Whether the organizer of the event, and nobody else, wrote the message.
pub(super) fn is_from_organizer(event: &Event, from: &[Address]) -> bool {
    let organizer = event.organizer.as_ref();
    !from.is_empty()
        && organizer.is_some_and(|organizer| from.iter().all(|one| is_same(&one.email, &organizer.email)))
}

fn has_same_organizer(one: &Event, other: &Event) -> bool {
    match (&one.organizer, &other.organizer) {
        (Some(one), Some(other)) => is_same(&one.email, &other.email),
        _ => false,
    }
}

/// Which occurrence of a series an event is; nothing for the series, or for a single event.
fn occurrence(event: &Event) -> Option<Timestamp> {
    event.recurrence_id.as_ref().map(|when| when.at)
}

/// Whether what is said of `said` concerns `event`: the series concerns each of its occurrences.
fn concerns(said: &Event, event: &Event) -> bool {
    // Without a UID no two events are known to be one.
    !event.uid.is_empty()
        && said.uid == event.uid
        && (occurrence(said).is_none() || occurrence(said) == occurrence(event))
}

/// What became of an event that came in a message from `from`.
pub(super) fn later(
    event: &Event,
    method: Option<Method>,
    (id, from): (&MessageRef, &[Address]),
    all: &[Said<'_>],
) -> Option<Later> {
    let is_same_sender = |said: &Said<'_>| {
        let senders = &said.mail.from;
        !senders.is_empty()
            && senders.iter().all(|one| from.iter().any(|other| is_same(&one.email, &other.email)))
    };
    let counts = |said: &&Said<'_>| {
        let is_newer = if said.is_cancellation() && method != Some(Method::Cancel) {
            // Some leave the sequence as it was.
            said.event.sequence >= event.sequence && said.event.stamp >= event.stamp
        } else {
            (said.is_cancellation() || said.is_request()) && said.version() > version(event)
        };
        is_newer
            && said.id != id
            && concerns(said.event, event)
            && has_same_organizer(said.event, event)
            && (said.is_of_organizer() || is_same_sender(said))
    };
    let newest = all.iter().filter(counts).max_by_key(|said| (said.version(), said.is_cancellation()))?;
    Some(Later { is_cancelled: newest.is_cancellation(), id: newest.id.clone() })
}

/// What the person answered, as their own mail in Sent says.
pub(super) fn answered(event: &Event, all: &[Said<'_>], is_own: IsOwn<'_>) -> Option<Answer> {
    let newest = all
        .iter()
        .filter(|said| said.event.sequence >= event.sequence && concerns(said.event, event))
        .filter(|said| said.event.organizer.is_none() || has_same_organizer(said.event, event))
        .filter_map(|said| Some((said.mail.received, own_reply(said, is_own)?)))
        .max_by_key(|(received, _)| *received);
    match newest?.1 {
        Partstat::Accepted => Some(Answer::Accept),
        Partstat::Tentative => Some(Answer::Tentative),
        Partstat::Declined => Some(Answer::Decline),
        _ => None,
    }
}

/// How the person answered in a message that they sent; nothing if it is none of theirs.
fn own_reply(said: &Said<'_>, is_own: IsOwn<'_>) -> Option<Partstat> {
    let is_theirs = said.mail.is_sent && said.method() == Some(Method::Reply);
    if is_theirs { own_partstat(said.event, is_own) } else { None }
}

fn own_partstat(event: &Event, is_own: IsOwn<'_>) -> Option<Partstat> {
    event.attendees.iter().find(|attendee| is_own(&attendee.address.email)).map(|attendee| attendee.partstat)
}

/// What else the person accepted, or organizes, at the times of an event; at most [`MAX_CONFLICTS`], and how
/// many more there are. `uids` are the event's own.
pub(super) fn conflicts(
    windows: &[Occurrence],
    uids: &HashSet<&str>,
    all: &[Said<'_>],
    is_own: IsOwn<'_>,
) -> (Vec<Conflict>, usize) {
    // Who takes somebody else's UID tells of another event.
    let mut each: BTreeMap<(&str, String), Vec<Said<'_>>> = BTreeMap::new();
    for said in all.iter().filter(|said| !uids.contains(said.event.uid.as_str())) {
        let organizer = said.event.organizer.as_ref().map(|organizer| organizer.email.trim());
        let organizer = organizer.unwrap_or_default().to_ascii_lowercase();
        each.entry((&said.event.uid, organizer)).or_default().push(*said);
    }
    let mut found: Vec<Conflict> = Vec::new();
    for of_it in each.values() {
        for said in attended(of_it, is_own) {
            let moved: HashSet<Timestamp> = if occurrence(said.event).is_none() {
                of_it
                    .iter()
                    .filter(|other| is_authentic(other, is_own))
                    .filter_map(|other| occurrence(other.event))
                    .collect()
            } else {
                HashSet::new()
            };
            for (start, end) in overlapping(&said.mail.invite, said.event, windows, &moved) {
                let conflict = Conflict {
                    summary: said.event.summary.clone(),
                    start,
                    end,
                    id: said.id.clone(),
                    from: said.mail.from.clone(),
                };
                if !found.iter().any(|other| other.start == conflict.start && other.id == conflict.id) {
                    found.push(conflict);
                }
            }
        }
    }
    found.sort_by(|a, b| (a.start, a.end, &a.summary).cmp(&(b.start, b.end, &b.summary)));
    let more = found.len().saturating_sub(MAX_CONFLICTS);
    found.truncate(MAX_CONFLICTS);
    (found, more)
}

/// Whether it may say what an event is: the organizer's own words, or the person's.
fn is_authentic(said: &Said<'_>, is_own: IsOwn<'_>) -> bool {
    let organizes = said.event.organizer.as_ref().is_some_and(|organizer| is_own(&organizer.email));
    if organizes { said.mail.is_sent } else { said.is_of_organizer() }
}

/// Of the messages about one event and its occurrences those that the person takes part in, as they were last told.
fn attended<'a>(of_it: &[Said<'a>], is_own: IsOwn<'_>) -> Vec<Said<'a>> {
    let mut newest: BTreeMap<Option<Timestamp>, Said<'a>> = BTreeMap::new();
    let mut take = |said: &Said<'a>| {
        let known = newest.entry(occurrence(said.event)).or_insert(*said);
        if said.version() > known.version() {
            *known = *said;
        }
    };
    of_it.iter().filter(|said| said.is_request() && is_authentic(said, is_own)).for_each(&mut take);
    let requested: HashSet<Option<Timestamp>> = of_it
        .iter()
        .filter(|said| said.is_request() && is_authentic(said, is_own))
        .map(|said| occurrence(said.event))
        .collect();
    // The invite may be gone; what was answered still says when.
    let replies = of_it.iter().filter(|said| own_reply(said, is_own).is_some());
    replies.filter(|said| !requested.contains(&occurrence(said.event))).for_each(&mut take);
    newest.into_values().filter(|said| is_attended(said, of_it, is_own)).collect()
}

fn is_attended(said: &Said<'_>, of_it: &[Said<'_>], is_own: IsOwn<'_>) -> bool {
    let event = said.event;
    let is_cancelled = event.status == "CANCELLED"
        || of_it.iter().any(|other| {
            other.is_cancellation()
                && is_authentic(other, is_own)
                && has_same_organizer(other.event, event)
                && concerns(other.event, event)
                && other.event.sequence >= event.sequence
                && other.event.stamp >= event.stamp
        });
    if is_cancelled || !event.is_busy {
        return false;
    }
    let reply = of_it
        .iter()
        .filter(|other| concerns(other.event, event))
        .filter_map(|other| Some((other.mail.received, own_reply(other, is_own)?)))
        .max_by_key(|(received, _)| *received);
    if let Some((_, partstat)) = reply {
        return matches!(partstat, Partstat::Accepted | Partstat::Tentative);
    }
    let organizes = event.organizer.as_ref().is_some_and(|organizer| is_own(&organizer.email));
    organizes || own_partstat(event, is_own) == Some(Partstat::Accepted)
}

/// The times of an event that overlap one of the windows, without those that were moved elsewhere.
fn overlapping(
    invite: &Invite,
    event: &Event,
    windows: &[Occurrence],
    moved: &HashSet<Timestamp>,
) -> Vec<(Timestamp, Timestamp)> {
    let Some(first) = windows.iter().map(|window| window.start.at).min() else { return Vec::new() };
    let Some(last) = windows.iter().map(|window| window.end.at).max() else { return Vec::new() };
    let is_there = |start: Timestamp, end: Timestamp| {
        windows.iter().any(|window| {
            // What takes no time still is at one.
            let window_end = window.end.at.max(window.start.at + time::Duration::SECOND);
            start < window_end && window.start.at < end.max(start + time::Duration::SECOND)
        })
    };
    let times = invite.occurrences(event, first, MAX_COMPARED);
    let times = times.into_iter().map(|occurrence| (occurrence.start.at, occurrence.end.at));
    times
        .take_while(|(start, _)| *start <= last)
        .filter(|(start, end)| !moved.contains(start) && is_there(*start, *end))
        .collect()
}
