//! From text/calendar to events.

mod people;

use std::sync::Arc;

use domain::Timestamp;

use self::people::{attendees, organizer};
use super::{
    CalendarError, Event, Invite, MAX_EVENTS, MAX_OCTETS, Method, Source, When,
    lines::{Calendar, Component, Line},
    moment::{self, Point},
    rule::Rule,
    zone::{Zone, Zones},
};

pub(super) use self::people::address;

/// Rules of one event that are looked at; the RFC allows one.
pub(super) const MAX_RULES: usize = 3;

/// Where the link to a meeting stands when no URL does.
const MEETING_LINKS: [&str; 8] = [
    "X-GOOGLE-CONFERENCE",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK",
    "X-ZOOM-MEETING-URL",
    "X-WEBEX-MEETING-URL",
    "X-JITSI-MEET-URL",
    "CONFERENCE",
];

/// Reads a calendar.
pub fn parse(octets: &[u8]) -> Result<Invite, CalendarError> {
    if octets.len() > MAX_OCTETS {
        return Err(CalendarError::TooLarge);
    }
    let calendar = Arc::new(Calendar::read(octets));
    let Some((first, _)) = calendar.all("VEVENT").next() else {
        let is_calendar = calendar.all("VCALENDAR").next().is_some();
        return Err(if is_calendar { CalendarError::NoEvent } else { CalendarError::Unreadable });
    };
    // A file may hold several calendars. One message asks for one thing: what the first that has events says.
    let method = method_of(&calendar, first);
    let (mut wanted, mut others) = (Vec::new(), 0_usize);
    for (index, component) in calendar.all("VEVENT") {
        if method_of(&calendar, index) == method {
            wanted.push((index, component));
        } else {
            others += 1;
        }
    }
    let left_out = wanted.len().saturating_sub(MAX_EVENTS);
    let mut zones = Zones::new(&calendar);
    let mut events: Vec<Event> = wanted
        .iter()
        .take(MAX_EVENTS)
        .map(|(index, component)| {
            event(component, Source { calendar: Arc::clone(&calendar), index: *index }, &mut zones)
        })
        .collect();
    if others > 0
        && let Some(first) = events.first_mut()
    {
        let verb = if others == 1 { "event is" } else { "events are" };
        first
            .warnings
            .push(format!("{others} further {verb} of a calendar with another purpose and left out"));
    }
    Ok(Invite { method, events, left_out })
}

/// The METHOD of the calendar around an event.
pub(super) fn method_of(calendar: &Calendar, index: usize) -> Option<Method> {
    let around = &calendar.components[calendar.calendar_of(index)?];
    Some(match around.text("METHOD").to_ascii_uppercase().as_str() {
        "PUBLISH" => Method::Publish,
        "REQUEST" => Method::Request,
        "REPLY" => Method::Reply,
        "ADD" => Method::Add,
        "CANCEL" => Method::Cancel,
        "REFRESH" => Method::Refresh,
        "COUNTER" => Method::Counter,
        "DECLINECOUNTER" => Method::DeclineCounter,
        _ => return None,
    })
}

/// When an event takes place, as its occurrences need it.
#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) start: Option<Point>,
    pub(super) end: Option<Point>,
    /// DURATION, where it makes the end.
    pub(super) duration: Option<moment::Span>,
}

/// Begin and end of an event; what is wrong with them goes to `warnings`.
pub(super) fn times(component: &Component, zones: &mut Zones<'_>, warnings: &mut Vec<String>) -> Times {
    let start = component.line("DTSTART").and_then(|line| Point::read(&line.value, line, zones));
    if start.is_none() {
        let why = if component.line("DTSTART").is_some() { "cannot be read" } else { "is missing" };
        warnings.push(format!("the time at which the event begins {why}"));
    }
    let mut duration = None;
    let mut end = match (component.line("DTEND"), component.line("DURATION"), &start) {
        (Some(line), _, _) => {
            let end = Point::read(&line.value, line, zones);
            if end.is_none() {
                warnings.push("the time at which the event ends cannot be read".to_owned());
            }
            end
        }
        (None, Some(line), Some(start)) => {
            duration = moment::span(&line.value);
            let end = duration.and_then(|span| start.after(span));
            if end.is_none() {
                warnings.push("how long the event takes cannot be read".to_owned());
            }
            end
        }
        // a whole day (3.6.1)
        (None, None, Some(start)) if start.is_date => start.after(moment::Span { days: 1, seconds: 0 }),
        _ => None,
    };
    if let (Some(begins), Some(ends)) = (&start, &end)
        && ends.instant() < begins.instant()
    {
        warnings.push("the event ends before it begins: its end is left out".to_owned());
        (end, duration) = (None, None);
    }
    Times { start, end, duration }
}

fn event(component: &Component, source: Source, zones: &mut Zones<'_>) -> Event {
    let mut warnings = Vec::new();
    let times = times(component, zones, &mut warnings);
    warn_of_zones(component, &times, zones, &mut warnings);
    let uid = component.text("UID");
    if uid.is_empty() {
        warnings.push("the event has no UID: no calendar can find it again".to_owned());
    }
    let recurrence_id = component.line("RECURRENCE-ID").and_then(|line| {
        let point = Point::read(&line.value, line, zones);
        if point.is_none() {
            warnings.push("which occurrence of a series this is cannot be read".to_owned());
        }
        point
    });
    let (repeats, is_endless) = repeats(component, &mut warnings);
    let organizer = organizer(component);
    if organizer.is_none() && component.line("ORGANIZER").is_some() {
        warnings.push("the organizer has no mail address".to_owned());
    }
    let attendees = attendees(component, &mut warnings);
    Event {
        uid,
        recurrence_id: recurrence_id.map(|point| point.when()),
        sequence: sequence(component, &mut warnings),
        stamp: component.line("DTSTAMP").and_then(|line| stamp(line, zones)),
        status: component.text("STATUS").to_ascii_uppercase(),
        summary: component.text("SUMMARY"),
        location: component.text("LOCATION"),
        description: component.text("DESCRIPTION"),
        url: url(component),
        is_busy: !component.text("TRANSP").eq_ignore_ascii_case("TRANSPARENT"),
        start: times.start.as_ref().map(Point::when),
        end: times.end.as_ref().map(Point::when),
        organizer,
        attendees,
        repeats,
        is_endless,
        warnings,
        source,
    }
}

/// Tells of zones that nobody knows, and of those that the calendar describes otherwise.
fn warn_of_zones(component: &Component, times: &Times, zones: &mut Zones<'_>, warnings: &mut Vec<String>) {
    for (name, point) in [("DTSTART", &times.start), ("DTEND", &times.end)] {
        let Some(point) = point else { continue };
        let warning = match &point.zone {
            Zone::Unknown(zone) => format!(
                "the time zone {zone:?} is not known, and the invite does not describe it: times are as on the clock \
                 of the organizer"
            ),
            zone @ Zone::Known(_, called) => {
                let named =
                    component.line(name).and_then(|line| line.parameter("TZID")).unwrap_or_default().trim();
                if !zones.is_contradicted(zone, named, point.local) {
                    continue;
                }
                format!(
                    "the invite describes the clocks of {called} otherwise than they are: the true ones are used, \
                     ask the organizer if in doubt"
                )
            }
            _ => continue,
        };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

fn repeats(component: &Component, warnings: &mut Vec<String>) -> (String, bool) {
    let (mut words, mut is_endless) = (Vec::new(), false);
    for line in component.all("RRULE").take(MAX_RULES) {
        match Rule::read(&line.value) {
            Ok(rule) => {
                words.push(rule.in_words());
                is_endless |= rule.is_endless();
            }
            Err(why) => {
                warnings.push(format!("the event repeats, but by a rule that cannot be followed: {why}"))
            }
        }
    }
    if component.line("EXRULE").is_some() {
        warnings.push("a rule says when the event does not repeat: it is not followed".to_owned());
    }
    let dates = component.all("RDATE").count();
    if dates > 0 {
        words.push(if words.is_empty() {
            "at dates that are listed".to_owned()
        } else {
            "further dates".to_owned()
        });
    }
    (words.join(", and "), is_endless)
}

fn sequence(component: &Component, warnings: &mut Vec<String>) -> u32 {
    let Some(line) = component.line("SEQUENCE") else { return 0 };
    line.value.trim().parse().unwrap_or_else(|_| {
        warnings.push("the number of the event's version cannot be read".to_owned());
        0
    })
}

/// DTSTAMP is in UTC; where the sign of that is missing it is meant all the same.
fn stamp(line: &Line, zones: &mut Zones<'_>) -> Option<Timestamp> {
    Point::read(&line.value, line, zones).map(|point| point.when()).map(|When { at, .. }| at)
}

fn url(component: &Component) -> String {
    // an URI has no escapes (3.3.13)
    let value = |name: &&str| component.line(name).map(|line| line.value.trim().to_owned());
    let mut links = std::iter::once("URL").chain(MEETING_LINKS);
    links.find_map(|name| value(&name).filter(|value| !value.is_empty())).unwrap_or_default()
}
