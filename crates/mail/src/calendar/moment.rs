//! Points and spans of time as a calendar writes them (RFC 5545, 3.3.4 to 3.3.6 and 3.3.14), into values.

use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::{
    When,
    lines::Line,
    zone::{Zone, Zones},
};

/// Years outside are mistakes, and would overflow where offsets are added.
const YEARS: std::ops::RangeInclusive<i32> = 1000..=9990;

/// A DATE or DATE-TIME before its zone is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw {
    pub(super) local: PrimitiveDateTime,
    pub(super) is_date: bool,
    /// The offset that is written behind it; zero for `Z`.
    pub(super) offset: Option<UtcOffset>,
}

/// `20260203`, `20260203T101500`, `20260203T101500Z`; with the signs of ISO 8601 as well, as some write it.
pub(super) fn raw(text: &str) -> Option<Raw> {
    let text = text.trim();
    if text.len() > 40 || !text.is_ascii() {
        return None;
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let date = date.replace('-', "");
    if date.len() != 8 {
        return None;
    }
    let year = number(&date[..4])?;
    let month = Month::try_from(u8::try_from(number(&date[4..6])?).ok()?).ok()?;
    let date = Date::from_calendar_date(year, month, u8::try_from(number(&date[6..])?).ok()?).ok()?;
    if !YEARS.contains(&year) {
        return None;
    }
    let Some(time) = time else {
        return Some(Raw { local: date.midnight(), is_date: true, offset: None });
    };
    let (clock, zone) = time.split_at(time.find(['Z', 'z', '+', '-']).unwrap_or(time.len()));
    let offset = match zone {
        "" => None,
        "Z" | "z" => Some(UtcOffset::UTC),
        zone => Some(offset(&zone.replace(':', ""))?),
    };
    let clock = clock.replace(':', "");
    let clock = clock.split('.').next().unwrap_or_default();
    if !matches!(clock.len(), 4 | 6) {
        return None;
    }
    let part = |at: usize| u8::try_from(number(clock.get(at..at + 2)?)?).ok();
    // a leap second is the second before it: nothing here can tell them apart
    let second = if clock.len() == 6 { part(4)?.min(59) } else { 0 };
    if clock.len() == 6 && part(4)? > 60 {
        return None;
    }
    let (date, hour) = match part(0)? {
        // the end of a day, as ISO 8601 allows to write it
        24 if part(2)? == 0 && second == 0 => (date.next_day()?, 0),
        hour => (date, hour),
    };
    let time = Time::from_hms(hour, part(2)?, second).ok()?;
    Some(Raw { local: PrimitiveDateTime::new(date, time), is_date: false, offset })
}

fn number(text: &str) -> Option<i32> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `+0100`, `-053000`
pub(super) fn offset(text: &str) -> Option<UtcOffset> {
    let text = text.trim();
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if !matches!(digits.len(), 2 | 4 | 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), number);
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    if hours > 18 || minutes > 59 || seconds > 59 {
        return None;
    }
    UtcOffset::from_whole_seconds(sign * (hours * 3600 + minutes * 60 + seconds)).ok()
}

/// A span: days are days of the calendar, which may be longer or shorter than 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) days: i64,
    pub(super) seconds: i64,
}

/// `P1W`, `-P2D`, `PT1H30M` (3.3.6).
pub(super) fn span(text: &str) -> Option<Span> {
    let text = text.trim().to_ascii_uppercase();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let mut span = Span::default();
    let (mut digits, mut is_time, mut is_any) = (String::new(), false, false);
    for char in text.strip_prefix('P')?.chars() {
        if char.is_ascii_digit() && digits.len() < 9 {
            digits.push(char);
            continue;
        }
        if char == 'T' && digits.is_empty() && !is_time {
            is_time = true;
            continue;
        }
        let count: i64 = sign * digits.parse::<i64>().ok()?;
        digits.clear();
        is_any = true;
        match (char, is_time) {
            ('W', false) => span.days += count * 7,
            ('D', false) => span.days += count,
            ('H', true) => span.seconds += count * 3600,
            ('M', true) => span.seconds += count * 60,
            ('S', true) => span.seconds += count,
            _ => return None,
        }
    }
    (is_any && digits.is_empty()).then_some(span)
}

/// A point with where it belongs.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) local: PrimitiveDateTime,
    pub(super) is_date: bool,
    pub(super) zone: Zone,
}

impl Point {
    /// What one value of a line says.
    pub(super) fn read(text: &str, line: &Line, zones: &mut Zones<'_>) -> Option<Self> {
        let raw = raw(text)?;
        let zone = match (raw.offset, line.parameter("TZID")) {
            _ if raw.is_date => Zone::Floating,
            (Some(offset), _) if offset.is_utc() => Zone::Utc,
            (Some(offset), _) => Zone::Fixed(offset),
            (None, Some(name)) if !name.trim().is_empty() => zones.zone(name.trim()),
            (None, _) => Zone::Floating,
        };
        Some(Self { local: raw.local, is_date: raw.is_date, zone })
    }

    pub(super) fn instant(&self) -> OffsetDateTime {
        self.zone.instant(self.local)
    }

    /// The same zone at another local time.
    pub(super) fn at(&self, local: PrimitiveDateTime) -> Self {
        Self { local, is_date: self.is_date, zone: self.zone.clone() }
    }

    /// After a span: first its days by the calendar, then its seconds by the clock. None beyond all years.
    pub(super) fn after(&self, span: Span) -> Option<Self> {
        let local = self.local.checked_add(Duration::days(span.days))?;
        if span.seconds == 0 || self.is_date {
            return within(local).map(|local| self.at(local));
        }
        let end = self.zone.instant(within(local)?).checked_add(Duration::seconds(span.seconds))?;
        // the offset at the end may be another one: two steps settle it, but in the hour of a change
        let mut offset = self.zone.offset(local);
        for _ in 0..2 {
            let local = end.checked_to_offset(offset)?;
            offset = self.zone.offset(PrimitiveDateTime::new(local.date(), local.time()));
        }
        let local = end.checked_to_offset(offset)?;
        within(PrimitiveDateTime::new(local.date(), local.time())).map(|local| self.at(local))
    }

    pub(super) fn when(&self) -> When {
        let (zone, unknown_zone) = match &self.zone {
            _ if self.is_date => (None, None),
            Zone::Utc => (Some("UTC".to_owned()), None),
            Zone::Known(_, name) => (Some(name.clone()), None),
            Zone::Own(own) => (None, Some(own.name().to_owned())),
            Zone::Unknown(name) => (None, Some(name.clone())),
            Zone::Floating | Zone::Fixed(_) => (None, None),
        };
        When {
            at: self.instant(),
            is_date: self.is_date,
            is_floating: !self.is_date && matches!(self.zone, Zone::Floating | Zone::Unknown(_)),
            zone,
            unknown_zone,
            local: self.shown(),
        }
    }

    /// ISO 8601.
    fn shown(&self) -> String {
        let (date, time) = (self.local.date(), self.local.time());
        let day = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
        if self.is_date {
            return day;
        }
        let offset = match &self.zone {
            Zone::Floating | Zone::Unknown(_) => String::new(),
            Zone::Utc => "Z".to_owned(),
            zone => {
                let offset = zone.offset(self.local);
                let (hours, minutes, _) = offset.as_hms();
                let sign = if offset.is_negative() { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", hours.abs(), minutes.abs())
            }
        };
        format!("{day}T{:02}:{:02}:{:02}{offset}", time.hour(), time.minute(), time.second())
    }
}

/// A time in a year that is counted with.
pub(super) fn within(local: PrimitiveDateTime) -> Option<PrimitiveDateTime> {
    YEARS.contains(&local.year()).then_some(local)
}
