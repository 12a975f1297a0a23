//! An event as an agent reads it: what its sender wrote without what nobody would see, codes masked, times with
//! their zone.

use domain::{Address, Timestamp};
use mail::{
    calendar::{Event, Occurrence, Partstat, When},
    mime::file_text::{self, File, Shape},
};
use time::{Duration, macros::format_description};

use super::{InvitedTo, Moment, Participant};
use crate::{Account, row};

/// Times of a series that are told.
pub(super) const MAX_NEXT: usize = 5;

/// Characters of a description that are shown.
const MAX_DESCRIPTION: usize = 2_000;

/// Warnings of one event.
const MAX_WARNINGS: usize = 10;

/// What is shown of an event, and how many codes were masked in it.
pub(super) fn told(
    account: &Account,
    subject: &str,
    event: &Event,
    next: &[Occurrence],
) -> (InvitedTo, usize) {
    let mut masked = 0;
    let mut line = |text: &str| {
        let (text, _, count) = account.line(text);
        masked += count;
        text
    };
    let (summary, location, url) = (line(&event.summary), line(&event.location), line(&event.url));
    let status = line(&event.status).to_lowercase();
    let mut warnings: Vec<String> = event.warnings.iter().take(MAX_WARNINGS).map(|text| line(text)).collect();
    let (start, end) = (event.start.as_ref().map(moment), end_of(event));
    if start.is_none() && event.warnings.is_empty() {
        warnings.push("When it begins cannot be told.".to_owned());
    }
    let (description, masked_below) = description(account, subject, &event.description);
    let repeats = line(&event.repeats);
    let occurrence = event.recurrence_id.as_ref().map(|when| moment(when).text).unwrap_or_default();
    let is_series = !repeats.is_empty();
    let shown = InvitedTo {
        summary,
        start,
        end,
        location,
        description,
        url,
        organizer: event.organizer.as_ref().map(row::address),
        attendees: event
            .attendees
            .iter()
            .map(|attendee| participant(&attendee.address, attendee.partstat))
            .collect(),
        status,
        repeats,
        next: next
            .iter()
            .filter(|_| is_series)
            .take(MAX_NEXT)
            .map(|times| moment(&times.start).text)
            .collect(),
        occurrence,
        answered: "",
        later: "",
        later_id: None,
        warnings,
    };
    (shown, masked + masked_below)
}

fn participant(address: &Address, partstat: Partstat) -> Participant {
    let answer = match partstat {
        Partstat::Accepted => "accepted",
        Partstat::Declined => "declined",
        Partstat::Tentative => "tentative",
        Partstat::Delegated => "delegated",
        Partstat::NeedsAction | Partstat::Other => "",
    };
    Participant { address: row::address(address), answer }
}

fn moment(when: &When) -> Moment {
    let text = if when.is_date { date(when.at) } else { row::single_line(&when.local) };
    let zone = when.zone.clone().or_else(|| when.unknown_zone.clone()).unwrap_or_default();
    Moment { text, zone: row::single_line(&zone), is_date: when.is_date }
}

/// The end; of whole days the last of them, where RFC 5545 names the first that is free again.
fn end_of(event: &Event) -> Option<Moment> {
    let end = event.end.as_ref()?;
    let mut told = moment(end);
    let begins_before = event.start.as_ref().is_some_and(|start| start.at < end.at);
    if end.is_date && begins_before {
        told.text = date(end.at.checked_sub(Duration::DAY).unwrap_or(end.at));
    }
    Some(told)
}

fn date(at: Timestamp) -> String {
    at.to_offset(time::UtcOffset::UTC).format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// The visible text of a description, cut. Some programs write HTML there.
fn description(account: &Account, subject: &str, text: &str) -> (String, usize) {
    let lower = text.to_ascii_lowercase();
    let is_html =
        ["</", "<br", "<p>", "<html", "<div", "<span", "<!--"].iter().any(|mark| lower.contains(mark));
    let file = File {
        shape: if is_html { Shape::Html } else { Shape::Plain },
        charset: Some("utf-8"),
        subject,
        mask_codes: !account.shows_codes,
    };
    let read = file_text::read(&file, text.as_bytes());
    let mut text = read.text.trim().to_owned();
    if let Some((end, _)) = text.char_indices().nth(MAX_DESCRIPTION) {
        text.truncate(end);
        text.push('…');
    }
    (text, read.masked)
}

/// A moment in words for a line of text: the local time with its zone.
pub(super) fn in_words(when: &When) -> String {
    let Moment { text, zone, .. } = moment(when);
    if zone.is_empty() || zone == "UTC" { text } else { format!("{text} ({zone})") }
}
