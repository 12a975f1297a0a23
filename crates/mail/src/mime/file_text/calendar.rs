//! Calendars (iCalendar, RFC 5545) as lines that a reader understands without knowing the format.
//!
//! Recurrences are told in words and never expanded, so that a rule cannot cost more than its length.

use std::fmt::Write as _;

use calcard::{
    Entry, Parser,
    common::{IanaString as _, PartialDateTime},
    icalendar::{
        ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDay, ICalendarEntry,
        ICalendarFrequency, ICalendarMethod, ICalendarParameterName, ICalendarProperty,
        ICalendarRecurrenceRule, ICalendarValue, ICalendarWeekday,
    },
};
use time::{Date, Month};

/// Entries of a calendar that are shown.
const MAX_ENTRIES: usize = 500;
/// Attendees of one event that are shown.
const MAX_PEOPLE: usize = 50;

/// The events, tasks and notes of a file; the file as it is where it cannot be understood.
pub(super) fn text(file: &str) -> String {
    let mut parser = Parser::new(file);
    let mut out = String::new();
    let mut room = MAX_ENTRIES;
    let mut left_out = 0;
    loop {
        match parser.entry() {
            Entry::ICalendar(calendar) => left_out += write(&calendar, &mut room, &mut out),
            Entry::Eof => break,
            _ => {}
        }
    }
    if left_out > 0 {
        let _ = writeln!(out, "\n[{left_out} more entries are not shown]");
    }
    if out.is_empty() { file.to_owned() } else { out }
}

/// Writes a calendar; how many entries there was no room for.
fn write(calendar: &ICalendar, room: &mut usize, out: &mut String) -> usize {
    let method = calendar.components.first().and_then(|top| top.property(&ICalendarProperty::Method));
    if let Some(ICalendarValue::Method(method)) = method.and_then(|entry| entry.values.first()) {
        let word = match method {
            ICalendarMethod::Request => "Invitation",
            ICalendarMethod::Cancel => "Cancellation",
            ICalendarMethod::Reply => "Answer to an invitation",
            ICalendarMethod::Counter => "Proposal of another time",
            ICalendarMethod::Publish => "Published calendar",
            _ => "Calendar message",
        };
        let _ = writeln!(out, "{word} (method {})", method.as_str());
    }
    let mut left_out = 0;
    for component in &calendar.components {
        let kind = match component.component_type {
            ICalendarComponentType::VEvent => "Event",
            ICalendarComponentType::VTodo => "Task",
            ICalendarComponentType::VJournal => "Note",
            ICalendarComponentType::VFreebusy => "Free and busy times",
            _ => continue,
        };
        if *room == 0 {
            left_out += 1;
            continue;
        }
        *room -= 1;
        if !out.is_empty() {
            out.push('\n');
        }
        entry(component, kind, out);
    }
    left_out
}

fn entry(component: &ICalendarComponent, kind: &str, out: &mut String) {
    let property = |name: ICalendarProperty| component.properties_of(name);
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            let _ = writeln!(out, "{name}: {}", value.trim());
        }
    };
    let text = |name| property(name).into_iter().find_map(words);
    line(kind, Some(text(ICalendarProperty::Summary).unwrap_or_else(|| "(without a title)".to_owned())));
    line("When", when(component));
    line("Due", property(ICalendarProperty::Due).first().and_then(|entry| moment(entry)));
    line("Instead of", property(ICalendarProperty::RecurrenceId).first().and_then(|entry| moment(entry)));
    for entry in property(ICalendarProperty::Rrule) {
        if let Some(ICalendarValue::RecurrenceRule(rule)) = entry.values.first() {
            line("Repeats", Some(repeats(rule)));
        }
    }
    line("Except", moments(&property(ICalendarProperty::Exdate)));
    line("Also", moments(&property(ICalendarProperty::Rdate)));
    line("Where", text(ICalendarProperty::Location));
    line("Status", text(ICalendarProperty::Status).map(|status| status.to_ascii_lowercase()));
    line("Organizer", property(ICalendarProperty::Organizer).first().map(|entry| person(entry)));
    let attendees = property(ICalendarProperty::Attendee);
    if !attendees.is_empty() {
        let mut shown: Vec<String> = attendees.iter().take(MAX_PEOPLE).map(|entry| person(entry)).collect();
        if attendees.len() > MAX_PEOPLE {
            shown.push(format!("+{} more", attendees.len() - MAX_PEOPLE));
        }
        line("Attendees", Some(shown.join("; ")));
    }
    line("Link", text(ICalendarProperty::Url));
    line("Description", text(ICalendarProperty::Description));
}

/// All entries of a name, in order.
trait Properties {
    fn properties_of(&self, name: ICalendarProperty) -> Vec<&ICalendarEntry>;
}

impl Properties for ICalendarComponent {
    fn properties_of(&self, name: ICalendarProperty) -> Vec<&ICalendarEntry> {
        self.entries.iter().filter(|entry| entry.name == name).collect()
    }
}

fn words(entry: &ICalendarEntry) -> Option<String> {
    let texts: Vec<&str> = entry.values.iter().filter_map(ICalendarValue::as_text).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// `Name <address>`, and the answer that was given.
fn person(entry: &ICalendarEntry) -> String {
    let address = entry.calendar_address().unwrap_or_default();
    let parameter = |name| entry.parameter(&name).and_then(|value| value.as_text());
    let mut text = match parameter(ICalendarParameterName::Cn) {
        Some(name) if name != address => format!("{name} <{address}>"),
        _ => address.to_owned(),
    };
    if let Some(answer) = parameter(ICalendarParameterName::Partstat) {
        let _ = write!(text, " ({})", answer.to_ascii_lowercase());
    }
    text
}

/// Beginning and end with their zones. The end of a whole day is the day after it (3.6.1).
fn when(component: &ICalendarComponent) -> Option<String> {
    let start = *component.properties_of(ICalendarProperty::Dtstart).first()?;
    let end = component.properties_of(ICalendarProperty::Dtend).first().copied();
    let at = start.values.first()?.as_partial_date_time()?;
    if !at.has_time() {
        let first = date(at)?;
        let end = end.and_then(|end| date(end.values.first()?.as_partial_date_time()?));
        let last = end.and_then(Date::previous_day).filter(|last| *last > first);
        let last = last.map(|last| format!(" to {}", day(last))).unwrap_or_default();
        return Some(format!("{}{last}, all day", day(first)));
    }
    let mut text = moment(start)?;
    if let Some(end) = end.and_then(moment) {
        let _ = write!(text, " to {end}");
    } else if let Some(duration) = component.properties_of(ICalendarProperty::Duration).first()
        && let Some(ICalendarValue::Duration(duration)) = duration.values.first()
    {
        let minutes = duration.as_seconds() / 60;
        let _ = write!(text, " for {} h {} min", minutes / 60, minutes % 60);
    }
    Some(text)
}

fn moments(entries: &[&ICalendarEntry]) -> Option<String> {
    let all: Vec<String> = entries.iter().filter_map(|entry| moment(entry)).take(MAX_PEOPLE).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The times of an entry, with their zone.
fn moment(entry: &ICalendarEntry) -> Option<String> {
    let zone = entry.parameter(&ICalendarParameterName::Tzid).and_then(|zone| zone.as_text());
    let times = entry.values.iter().filter_map(ICalendarValue::as_partial_date_time);
    let shown: Vec<String> = times.filter_map(|at| point(at, zone)).take(MAX_PEOPLE).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn point(at: &PartialDateTime, zone: Option<&str>) -> Option<String> {
    let mut text = day(date(at)?);
    if let (Some(hour), Some(minute)) = (at.hour, at.minute) {
        let _ = write!(text, " {hour:02}:{minute:02}");
        match (at.tz_hour, zone) {
            (Some(0), _) if at.tz_minute.unwrap_or(0) == 0 => text.push_str(" UTC"),
            (Some(hours), _) => {
                let sign = if at.tz_minus { '-' } else { '+' };
                let _ = write!(text, " {sign}{hours:02}:{:02}", at.tz_minute.unwrap_or(0));
            }
            (None, Some(zone)) => {
                let _ = write!(text, " {zone}");
            }
            (None, None) => {}
        }
    }
    Some(text)
}

fn date(at: &PartialDateTime) -> Option<Date> {
    let month = Month::try_from(at.month?).ok()?;
    Date::from_calendar_date(i32::from(at.year?), month, at.day?).ok()
}

/// `Saturday 2026-11-21`
fn day(date: Date) -> String {
    format!("{} {:04}-{:02}-{:02}", date.weekday(), date.year(), u8::from(date.month()), date.day())
}

/// A recurrence rule in words, with the rule itself where words would not be exact.
fn repeats(rule: &ICalendarRecurrenceRule) -> String {
    let unit = match rule.freq {
        ICalendarFrequency::Yearly => "year",
        ICalendarFrequency::Monthly => "month",
        ICalendarFrequency::Weekly => "week",
        ICalendarFrequency::Daily => "day",
        ICalendarFrequency::Hourly => "hour",
        ICalendarFrequency::Minutely => "minute",
        ICalendarFrequency::Secondly => "second",
    };
    let mut text = match rule.interval {
        Some(interval) if interval > 1 => format!("every {interval} {unit}s"),
        _ => format!("every {unit}"),
    };
    if !rule.byday.is_empty() {
        let days: Vec<String> = rule.byday.iter().take(MAX_PEOPLE).copied().map(weekday).collect();
        let _ = write!(text, " on {}", days.join(", "));
    }
    if !rule.bymonthday.is_empty() {
        let days: Vec<String> = rule.bymonthday.iter().take(31).map(ToString::to_string).collect();
        let _ = write!(text, " on day {} of the month", days.join(", "));
    }
    if let Some(until) = rule.until.as_ref().and_then(|until| point(until, None)) {
        let _ = write!(text, " until {until}");
    }
    if let Some(count) = rule.count {
        let _ = write!(text, ", {count} times");
    }
    let is_told = rule.bysecond.is_empty()
        && rule.byminute.is_empty()
        && rule.byhour.is_empty()
        && rule.byyearday.is_empty()
        && rule.byweekno.is_empty()
        && rule.bymonth.is_empty()
        && rule.bysetpos.is_empty();
    if !is_told {
        let _ = write!(text, " ({rule})");
    }
    text
}

fn weekday(day: ICalendarDay) -> String {
    let name = match day.weekday {
        ICalendarWeekday::Monday => "Monday",
        ICalendarWeekday::Tuesday => "Tuesday",
        ICalendarWeekday::Wednesday => "Wednesday",
        ICalendarWeekday::Thursday => "Thursday",
        ICalendarWeekday::Friday => "Friday",
        ICalendarWeekday::Saturday => "Saturday",
        ICalendarWeekday::Sunday => "Sunday",
    };
    match day.ordwk {
        None | Some(0) => name.to_owned(),
        Some(-1) => format!("the last {name}"),
        Some(1) => format!("the first {name}"),
        Some(number) => format!("{name} number {number}"),
    }
}
