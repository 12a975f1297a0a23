//! Time zones: IANA's names, those of Windows, and what VTIMEZONE says; and the instant that a local time is.
//!
//! A zone whose name is known follows the tables, not the VTIMEZONE beside it: programs write outdated or
//! shortened ones, and the organizer's own calendar goes by the name too. Where the two differ at a time of the
//! event, the person is told. Abbreviations such as `EST` or `Eastern` mean what their VTIMEZONE says.
//!
//! A local time that the clock skips is read with the offset before the gap, one that it shows twice is the
//! first of both (RFC 5545, 3.3.5).

use std::{collections::HashMap, sync::Arc};

use calcard::common::{PartialDateTime, timezone::Tz};
use time::{Duration, OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::{
    lines::{Calendar, Component},
    moment,
    rule::{Budget, Expansion, Rule},
};

/// Zones of a calendar that are worked out.
const MAX_ZONES: usize = 200;
/// Observances of a zone that are looked at.
const MAX_OBSERVANCES: usize = 200;
/// Changes of the clock that are kept of a zone.
const MAX_CHANGES: usize = 4_000;
/// Nothing is known of the clocks of the year after.
const LAST_YEAR: i32 = 2200;
/// Steps that all rules of all zones may take.
const STEPS: u32 = 60_000;

/// Where a local time belongs.
#[derive(Debug, Clone)]
pub(super) enum Zone {
    Utc,
    Floating,
    Fixed(UtcOffset),
    /// One that the tables know, with its IANA name.
    Known(Tz, String),
    /// One that only the calendar knows.
    Own(Arc<Own>),
    /// One that nobody knows, as it is called.
    Unknown(String),
}

/// What a VTIMEZONE says.
#[derive(Debug)]
pub(super) struct Own {
    name: String,
    /// Before the first change.
    first: UtcOffset,
    /// From which local time on which offset holds, in order.
    changes: Vec<(PrimitiveDateTime, UtcOffset)>,
}

impl Zone {
    /// Whether its clock is never changed.
    pub(super) fn is_steady(&self) -> bool {
        !matches!(self, Self::Known(..) | Self::Own(_))
    }

    /// The instant of a local time.
    pub(super) fn instant(&self, local: PrimitiveDateTime) -> OffsetDateTime {
        local.assume_offset(self.offset(local)).to_offset(UtcOffset::UTC)
    }

    /// What the clock was ahead of UTC.
    pub(super) fn offset(&self, local: PrimitiveDateTime) -> UtcOffset {
        match self {
            Self::Utc | Self::Floating | Self::Unknown(_) => UtcOffset::UTC,
            Self::Fixed(offset) => *offset,
            Self::Known(zone, _) => known_offset(*zone, local),
            Self::Own(own) => own.offset(local),
        }
    }
}

impl Own {
    fn offset(&self, local: PrimitiveDateTime) -> UtcOffset {
        let before = self.changes.partition_point(|(from, _)| *from <= local);
        before.checked_sub(1).and_then(|at| self.changes.get(at)).map_or(self.first, |(_, offset)| *offset)
    }
}

/// The offset of a zone of the tables.
fn known_offset(zone: Tz, local: PrimitiveDateTime) -> UtcOffset {
    const STEP: Duration = Duration::minutes(15);
    // The longest gap is a whole day, where islands changed sides of the date line.
    let mut at = local;
    for _ in 0..=100 {
        // a skipped or doubled time has no single instant: the offset before is meant in both cases
        if let Some(offset) = single_offset(zone, at) {
            return offset;
        }
        let Some(earlier) = at.checked_sub(STEP) else { break };
        at = earlier;
    }
    UtcOffset::UTC
}

fn single_offset(zone: Tz, local: PrimitiveDateTime) -> Option<UtcOffset> {
    let partial = PartialDateTime {
        year: Some(u16::try_from(local.year()).ok()?),
        month: Some(local.month().into()),
        day: Some(local.day()),
        hour: Some(local.hour()),
        minute: Some(local.minute()),
        second: Some(local.second()),
        ..PartialDateTime::default()
    };
    let instant = partial.to_date_time_with_tz(zone)?.timestamp();
    let ahead = local.assume_utc().unix_timestamp() - instant;
    UtcOffset::from_whole_seconds(i32::try_from(ahead).ok()?).ok()
}

/// The zones of a calendar, each worked out once.
pub(super) struct Zones<'a> {
    calendar: &'a Calendar,
    found: HashMap<String, Zone>,
    budget: Budget,
}

impl<'a> Zones<'a> {
    pub(super) fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, found: HashMap::new(), budget: Budget::new(STEPS) }
    }

    /// The zone that a TZID means.
    pub(super) fn zone(&mut self, name: &str) -> Zone {
        if let Some(zone) = self.found.get(name) {
            return zone.clone();
        }
        let zone = self.find(name);
        if self.found.len() < MAX_ZONES {
            self.found.insert(name.to_owned(), zone.clone());
        }
        zone
    }

    /// Whether a known zone's VTIMEZONE says otherwise of this time.
    pub(super) fn is_contradicted(&mut self, zone: &Zone, name: &str, local: PrimitiveDateTime) -> bool {
        let Zone::Known(_, _) = zone else { return false };
        let key = format!("\n{name}");
        if !self.found.contains_key(&key) && self.found.len() < MAX_ZONES {
            let own = self.described(name).and_then(|index| self.own(name, index));
            self.found.insert(key.clone(), own.unwrap_or(Zone::Floating));
        }
        match self.found.get(&key) {
            Some(Zone::Own(own)) => own.offset(local) != zone.offset(local),
            _ => false,
        }
    }

    fn find(&mut self, name: &str) -> Zone {
        if self.found.len() >= MAX_ZONES {
            return Zone::Unknown(name.to_owned());
        }
        let described = self.described(name);
        let known = known(name);
        if is_sure(name)
            && let Some(zone) = known
        {
            return zone;
        }
        if let Some(index) = described {
            let component = &self.calendar.components[index];
            let hints = ["X-LIC-LOCATION", "TZID-ALIAS-OF"].map(|hint| component.text(hint));
            if let Some(zone) = hints.iter().filter(|hint| is_sure(hint)).find_map(|hint| self::known(hint)) {
                return zone;
            }
            if let Some(own) = self.own(name, index) {
                return own;
            }
        }
        known.unwrap_or_else(|| Zone::Unknown(name.to_owned()))
    }

    /// The VTIMEZONE of a name.
    fn described(&self, name: &str) -> Option<usize> {
        let is_it = |zone: &Component| {
            zone.line("TZID").is_some_and(|line| line.value.trim() == name || line.text() == name)
        };
        self.calendar.all("VTIMEZONE").take(MAX_ZONES).find(|(_, zone)| is_it(zone)).map(|(index, _)| index)
    }

    /// The changes of a VTIMEZONE (3.6.5).
    fn own(&mut self, name: &str, index: usize) -> Option<Zone> {
        let mut onsets: Vec<(PrimitiveDateTime, UtcOffset, UtcOffset)> = Vec::new();
        let inside = self.calendar.inside(index);
        let kinds = ["STANDARD", "DAYLIGHT"];
        for observance in inside.filter(|inner| kinds.contains(&inner.kind.as_str())).take(MAX_OBSERVANCES) {
            let offset = |name| observance.line(name).and_then(|line| moment::offset(&line.value));
            let (Some(to), Some(start)) = (
                offset("TZOFFSETTO"),
                observance.line("DTSTART").and_then(|line| moment::raw(&line.value)).map(|raw| raw.local),
            ) else {
                continue;
            };
            let from = offset("TZOFFSETFROM").unwrap_or(to);
            onsets.push((start, from, to));
            for line in observance.all("RDATE").take(MAX_OBSERVANCES) {
                let dates = line.value.split(',').take(MAX_CHANGES).filter_map(moment::raw);
                onsets.extend(dates.map(|date| (date.local, from, to)));
            }
            for rule in observance.all("RRULE").take(2).filter_map(|line| Rule::read(&line.value).ok()) {
                let last = rule.until.map(|until| until.latest());
                for at in Expansion::new(&rule, start, false, None, &mut self.budget) {
                    if at.year() > LAST_YEAR
                        || last.is_some_and(|last| at > last)
                        || onsets.len() > MAX_CHANGES
                    {
                        break;
                    }
                    onsets.push((at, from, to));
                }
            }
        }
        onsets.sort_by_key(|(at, _, _)| *at);
        let first = onsets.first()?.1;
        let changes = onsets.into_iter().map(|(at, from, to)| {
            // What the clock skips still counts with the old offset, what it shows twice at first as well: the
            // new one begins where neither is possible. An onset is told in the old offset.
            let skipped = (to.whole_seconds() - from.whole_seconds()).max(0);
            (at.saturating_add(Duration::seconds(skipped.into())), to)
        });
        Some(Zone::Own(Arc::new(Own { name: name.to_owned(), first, changes: changes.collect() })))
    }
}

impl Own {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Whether a name means one zone to everybody.
fn is_sure(name: &str) -> bool {
    let name = name.trim();
    let upper = name.to_ascii_uppercase();
    name.contains('/')
        || name.starts_with('(')
        || upper.ends_with("STANDARD TIME")
        || matches!(upper.as_str(), "UTC" | "GMT" | "Z" | "UCT" | "ZULU" | "COORDINATED UNIVERSAL TIME")
        || upper.starts_with("UTC+")
        || upper.starts_with("UTC-")
}

/// The zone of a name: IANA's, with or without the prefix of a registry, or one of Windows.
fn known(name: &str) -> Option<Zone> {
    let name = name.trim().trim_matches('"').trim();
    if name.is_empty() || name.len() > 200 {
        return None;
    }
    if matches!(name.to_ascii_uppercase().as_str(), "Z" | "COORDINATED UNIVERSAL TIME") {
        return Some(Zone::Utc);
    }
    // `/citadel.org/20070227_1/Europe/Berlin`: the longest end that is a name
    let ends = std::iter::once(name).chain(name.match_indices('/').map(|(at, _)| &name[at + 1..]));
    if let Some(zone) = ends.take(8).find_map(listed) {
        return Some(zone);
    }
    half_hours(name).map(Zone::Fixed)
}

fn listed(name: &str) -> Option<Zone> {
    let name = name.strip_prefix("SystemV/").unwrap_or(name);
    // `(UTC+05:30) …` without a known place would be cut to whole hours by the tables
    if half_hours(name).is_some_and(|offset| offset.minutes_past_hour() != 0) && place(name).is_none() {
        return None;
    }
    let zone = name.parse::<Tz>().ok().or_else(|| capitals(name).parse().ok())?;
    let called = zone.name()?.into_owned();
    Some(if zone.is_utc() { Zone::Utc } else { Zone::Known(zone, called) })
}

/// What the tables say of the places behind `(UTC+05:30)`.
fn place(name: &str) -> Option<Tz> {
    name.split_once(')')?.1.trim().parse().ok()
}

/// `europe/berlin` as `Europe/Berlin`.
fn capitals(name: &str) -> String {
    let mut is_first = true;
    let capital = |char: char| {
        let new = if is_first { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
        is_first = !char.is_ascii_alphanumeric();
        new
    };
    name.chars().map(capital).collect()
}

/// `(UTC+05:45) Somewhere` or `GMT+0530`: the offset, if it is one.
fn half_hours(name: &str) -> Option<UtcOffset> {
    let inside = match name.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?.0,
        None => name,
    };
    let inside = inside.trim();
    let signed = inside.strip_prefix("UTC").or_else(|| inside.strip_prefix("GMT"))?.trim();
    moment::offset(&signed.replace(':', ""))
}
