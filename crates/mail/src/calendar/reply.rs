//! The answer to an invite (RFC 5546, 3.2.3).

use std::collections::HashSet;

use domain::{Address, Timestamp};
use time::UtcOffset;

use super::{
    CalendarError, Event, Method,
    lines::{Calendar, Component, Line, escape},
    parse::{address, method_of},
};

/// Octets of all VTIMEZONEs that an answer repeats.
const MAX_ZONES: usize = 64 * 1024;

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

impl Answer {
    fn partstat(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPTED",
            Self::Tentative => "TENTATIVE",
            Self::Decline => "DECLINED",
        }
    }
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
///
/// What the organizer's calendar finds the event by (UID, RECURRENCE-ID, SEQUENCE, ORGANIZER, the attendee's own
/// address) is repeated as the invite writes it.
pub fn reply(reply: &Reply<'_>) -> Result<String, CalendarError> {
    let event = reply.event;
    let calendar: &Calendar = &event.source.calendar;
    let component = calendar
        .components
        .get(event.source.index)
        .ok_or(CalendarError::Unanswerable("the invite does not hold it"))?;
    let organizer = answerable(event, component, method_of(calendar, event.source.index))?;
    let attendee = attendee(reply, component)?;
    if event.organizer.as_ref().is_some_and(|organizer| is_same(organizer, reply.attendee)) {
        return Err(CalendarError::Unanswerable("the organizer does not answer themselves"));
    }
    let copied = |name: &str| component.line(name).map(|line| repeated(line, &["TZID", "VALUE", "RANGE"]));
    let mut lines = vec![plain("UID", component.line("UID").map_or("", |line| line.value.trim()))];
    lines.extend(copied("RECURRENCE-ID"));
    lines.push(plain("SEQUENCE", &event.sequence.to_string()));
    lines.push(plain("DTSTAMP", &utc(reply.now)));
    lines.push(repeated(organizer, &["CN", "SENT-BY", "EMAIL", "LANGUAGE"]));
    lines.push(attendee);
    if event.start.is_some() {
        lines.extend(copied("DTSTART"));
        // an end that was not understood would contradict the beginning
        if event.end.is_some() {
            lines.extend(copied("DTEND").or_else(|| copied("DURATION")));
        }
    }
    for (name, text) in [("SUMMARY", event.summary.as_str()), ("COMMENT", reply.comment.trim())] {
        if !text.is_empty() {
            lines.push(plain(name, &escape(text)));
        }
    }

    let mut out = Lines::default();
    out.begin("VCALENDAR");
    out.line(&plain("PRODID", "-//Postroom//Postroom//EN"));
    out.line(&plain("VERSION", "2.0"));
    out.line(&plain("METHOD", "REPLY"));
    out.zones(calendar, &lines);
    out.begin("VEVENT");
    for line in &lines {
        out.line(line);
    }
    out.end("VEVENT");
    out.end("VCALENDAR");
    Ok(out.text)
}

/// Why an event cannot be answered, or whom the answer goes to.
fn answerable<'a>(
    event: &Event,
    component: &'a Component,
    method: Option<Method>,
) -> Result<&'a Line, CalendarError> {
    let no = |why| Err(CalendarError::Unanswerable(why));
    match method {
        Some(Method::Request) => {}
        Some(Method::Cancel) => return no("it is cancelled"),
        Some(Method::Reply) => return no("it is somebody's answer itself"),
        Some(Method::Publish) | None => return no("it is told of, and no answer is asked for"),
        // Answers to these are other messages: of the organizer to a proposal, or a request to be sent all.
        Some(Method::Add) => return no("it adds to a series that is answered as a whole"),
        Some(Method::Counter | Method::DeclineCounter | Method::Refresh) => {
            return no("it is no invite but a message about one");
        }
    }
    if event.status == "CANCELLED" {
        return no("it is cancelled");
    }
    if event.uid.is_empty() {
        return no("it has no UID");
    }
    if component.line("RECURRENCE-ID").is_some() && event.recurrence_id.is_none() {
        return no("which occurrence of a series it is cannot be read");
    }
    let organizer = component.all("ORGANIZER").find(|line| address(line).is_some());
    organizer.map_or_else(|| no("it has no organizer"), Ok)
}

/// The one ATTENDEE: as the invite has them, with the answer.
fn attendee(reply: &Reply<'_>, component: &Component) -> Result<Line, CalendarError> {
    let kept =
        ["CN", "CUTYPE", "ROLE", "DELEGATED-FROM", "DELEGATED-TO", "MEMBER", "SENT-BY", "EMAIL", "LANGUAGE"];
    let is_it = |line: &&Line| address(line).is_some_and(|found| is_same(&found, reply.attendee));
    let mut line = match component.all("ATTENDEE").find(is_it) {
        Some(line) => repeated(line, &kept),
        None => unlisted(reply.attendee)?,
    };
    let answer = ("PARTSTAT".to_owned(), vec![reply.answer.partstat().to_owned()]);
    line.parameters.insert(0, answer);
    Ok(line)
}

/// Somebody who was invited by another address: it is for the organizer whether they take part.
fn unlisted(attendee: &Address) -> Result<Line, CalendarError> {
    let (name, email) = (attendee.name.trim(), attendee.email.trim());
    if !email.contains('@') || email.contains(|char: char| char.is_whitespace() || char.is_control()) {
        return Err(CalendarError::Unanswerable("who answers has no mail address"));
    }
    let mut line = plain("ATTENDEE", &format!("mailto:{email}"));
    if !name.is_empty() {
        line.parameters.push(("CN".to_owned(), vec![name.to_owned()]));
    }
    Ok(line)
}

fn is_same(one: &Address, other: &Address) -> bool {
    one.email.eq_ignore_ascii_case(other.email.trim())
}

fn plain(name: &str, value: &str) -> Line {
    Line { name: name.to_owned(), parameters: Vec::new(), value: value.to_owned() }
}

/// A line of the invite with some of its parameters; one without a value says nothing, and stops some readers.
fn repeated(line: &Line, kept: &[&str]) -> Line {
    let is_kept = |(name, values): &&(String, Vec<String>)| {
        kept.contains(&name.as_str()) && values.iter().any(|value| !value.trim().is_empty())
    };
    Line {
        name: line.name.clone(),
        parameters: line.parameters.iter().filter(is_kept).cloned().collect(),
        value: line.value.trim().to_owned(),
    }
}

fn utc(at: Timestamp) -> String {
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Lines as they go out.
#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn begin(&mut self, kind: &str) {
        self.line(&plain("BEGIN", kind));
    }

    fn end(&mut self, kind: &str) {
        self.line(&plain("END", kind));
    }

    fn line(&mut self, line: &Line) {
        line.write(&mut self.text);
    }

    /// The lines of a zone that say when which clock holds. Whatever else an invite's sender wrote there would
    /// leave under the name of the person, who is not shown it.
    fn clock(&mut self, component: &Component) {
        const KNOWN: [&str; 6] = ["DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE", "LAST-MODIFIED"];
        let is_of_times = |value: &str| {
            value.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-,;=/:".contains(&byte))
        };
        for line in &component.lines {
            if line.name == "TZID" || KNOWN.contains(&line.name.as_str()) && is_of_times(&line.value) {
                self.line(&repeated(line, &["VALUE"]));
            }
        }
    }

    /// The VTIMEZONEs that these lines name.
    fn zones(&mut self, calendar: &Calendar, lines: &[Line]) {
        let names: HashSet<&str> =
            lines.iter().filter_map(|line| line.parameter("TZID")).map(str::trim).collect();
        let mut written: HashSet<&str> = HashSet::new();
        let mut left = MAX_ZONES;
        for (index, zone) in calendar.all("VTIMEZONE") {
            // a parameter names it without the escapes of a text
            let Some(line) = zone.line("TZID") else { continue };
            let is_named = names.contains(line.value.trim()) || names.contains(line.text().as_str());
            if !is_named || !written.insert(line.value.trim()) {
                continue;
            }
            let mut copy = Self::default();
            copy.begin("VTIMEZONE");
            copy.clock(zone);
            for inner in
                calendar.inside(index).filter(|inner| matches!(inner.kind.as_str(), "STANDARD" | "DAYLIGHT"))
            {
                copy.begin(&inner.kind);
                copy.clock(inner);
                copy.end(&inner.kind);
            }
            copy.end("VTIMEZONE");
            if let Some(rest) = left.checked_sub(copy.text.len()) {
                left = rest;
                self.text.push_str(&copy.text);
            }
        }
    }
}
