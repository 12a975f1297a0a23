//! What the mail around an event says of it: what became of it, what the person answered, what else is then.
//!
//! Pure. An update or a cancellation counts only from the organizer that the event itself names: anybody can
//! write a calendar that names somebody else's event.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use domain::{Address, MessageRef, Timestamp};
use mail::calendar::{Answer, Event, Invite, Method, Occurrence, Partstat, When};

use super::{Conflict, around::CalendarMail};

/// Events that overlap of which is told.
pub(super) const MAX_CONFLICTS: usize = 10;

/// Occurrences of one other event that are compared.
const MAX_COMPARED: usize = 200;

/// Other series that are compared: working out their times takes up to some ten milliseconds each, and anybody
/// can send them.
const MAX_SERIES: usize = 200;

/// Messages about one event that are looked at, the newest first.
const MAX_SAID: usize = 500;

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

/// What else is at the times of an event.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    /// At most [`MAX_CONFLICTS`], the earliest.
    pub(super) found: Vec<Conflict>,
    /// How many more there are.
    pub(super) more: usize,
    /// Whether there was too much to look at all of it.
    pub(super) is_cut: bool,
}

/// What else the person accepted, or organizes, at the times of an event. `uids` are the event's own.
pub(super) fn conflicts(
    windows: &[Occurrence],
    uids: &HashSet<&str>,
    all: &[Said<'_>],
    is_own: IsOwn<'_>,
) -> Conflicts {
    // Who takes somebody else's UID tells of another event.
    let mut each: BTreeMap<(&str, String), Vec<Said<'_>>> = BTreeMap::new();
    for said in all.iter().filter(|said| !uids.contains(said.event.uid.as_str())) {
        let organizer = said.event.organizer.as_ref().map(|organizer| organizer.email.trim());
        let organizer = organizer.unwrap_or_default().to_ascii_lowercase();
        each.entry((&said.event.uid, organizer)).or_default().push(*said);
    }
    let mut told = Conflicts::default();
    let mut seen: HashSet<(Timestamp, &MessageRef)> = HashSet::new();
    let mut found: Vec<(Timestamp, Timestamp, Said<'_>)> = Vec::new();
    let mut series = 0;
    for of_it in each.values_mut() {
        if of_it.len() > MAX_SAID {
            of_it.sort_by_key(|said| Reverse(said.mail.received));
            of_it.truncate(MAX_SAID);
            told.is_cut = true;
        }
        for said in attended(of_it, is_own) {
            if !said.event.is_single() {
                series += 1;
                if series > MAX_SERIES {
                    told.is_cut = true;
                    continue;
                }
            }
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
                if seen.insert((start, said.id)) {
                    found.push((start, end, said));
                }
            }
        }
    }
    found.sort_by(|a, b| (a.0, a.1, &a.2.event.summary).cmp(&(b.0, b.1, &b.2.event.summary)));
    told.more = found.len().saturating_sub(MAX_CONFLICTS);
    let conflict = |(start, end, said): (Timestamp, Timestamp, Said<'_>)| Conflict {
        summary: said.event.summary.clone(),
        start,
        end,
        id: said.id.clone(),
        from: said.mail.from.clone(),
    };
    told.found = found.into_iter().take(MAX_CONFLICTS).map(conflict).collect();
    told
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
    let times: Vec<(Timestamp, Timestamp)> = if event.is_single() {
        let times =
            |start: &When| (start.at, event.end.as_ref().map_or(start.at, |end| end.at.max(start.at)));
        event.start.iter().map(times).collect()
    } else {
        let times = invite.occurrences(event, first, MAX_COMPARED);
        times.into_iter().map(|occurrence| (occurrence.start.at, occurrence.end.at)).collect()
    };
    times
        .into_iter()
        .take_while(|(start, _)| *start <= last)
        .filter(|(start, end)| !moved.contains(start) && is_there(*start, *end))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, time::Instant};

    use mail::calendar;

    use super::*;

    fn mail(uid: u32, text: &str) -> (MessageRef, Arc<CalendarMail>) {
        let from = vec![Address { name: String::new(), email: "eve@evil.example".into() }];
        let invite = Arc::new(calendar::parse(text.as_bytes()).unwrap());
        let mail = CalendarMail { received: Timestamp::UNIX_EPOCH, from, is_sent: false, invite, octets: 0 };
        (format!("work/@inbox:{}@a", uid + 1).parse().unwrap(), Arc::new(mail))
    }

    fn calendar(events: impl Iterator<Item = String>) -> String {
        let mut text = String::from("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n");
        for event in events {
            let _ = write!(
                text,
                "BEGIN:VEVENT\r\n{event}\r\nORGANIZER:mailto:eve@evil.example\r\n\
                 ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\r\nEND:VEVENT\r\n"
            );
        }
        text + "END:VCALENDAR\r\n"
    }

    #[test]
    fn whoever_fills_a_mailbox_with_invites_keeps_nobody_busy_for_long() {
        // Somebody says that the person accepted all this, and invites them for a year.
        let long = calendar(std::iter::once(
            "UID:long\r\nDTSTART:20260101T000000Z\r\nDTEND:20270101T000000Z".into(),
        ));
        let long = calendar::parse(long.as_bytes()).unwrap();
        let after = long.events[0].start.as_ref().unwrap().at;
        let windows = long.occurrences(&long.events[0], after, 1);
        let series = |at: u32| {
            let event = move |number: u32| {
                format!(
                    "UID:s{at}.{number}\r\nDTSTART:20260102T080000Z\r\nDTEND:20260102T090000Z\r\nRRULE:FREQ=HOURLY"
                )
            };
            mail(at, &calendar((0..50).map(event)))
        };
        let moved = |at: u32| {
            let event = move |number: u32| {
                let when =
                    format!("20260{}{:02}T{:02}{:02}00Z", 1 + at % 9, 1 + number % 28, at % 24, number);
                format!("UID:one\r\nRECURRENCE-ID:{when}\r\nDTSTART:{when}")
            };
            mail(at, &calendar((0..50).map(event)))
        };
        let mails: Vec<_> = (0..40).map(series).chain((100..240).map(moved)).collect();
        let begun = Instant::now();
        let is_own = |email: &str| email == "alice@example.com";
        let told = conflicts(&windows, &HashSet::from(["long"]), &all(&mails), &is_own);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
        assert_eq!(told.found.len(), MAX_CONFLICTS);
        assert!(told.is_cut && told.more > MAX_SAID, "{} more", told.more);
    }
}
