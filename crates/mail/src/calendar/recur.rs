//! When an event takes place: its rules, the dates beside them, and what was said of single occurrences.

use std::collections::{HashMap, HashSet};

use domain::Timestamp;
use time::{Date, Duration, PrimitiveDateTime};

use super::{
    Event, Invite, Occurrence,
    lines::{Calendar, Component},
    moment::{Point, Span, raw, span, within},
    parse::{MAX_RULES, Times, times},
    rule::{Budget, Expansion, Frequency, Rule, Until},
    zone::Zones,
};

/// Occurrences that are ever given at once.
const MAX_OCCURRENCES: usize = 1_000;
/// Dates of one list that are looked at.
const MAX_DATES: usize = 5_000;
/// Steps that the rules of an event may take together: some ten milliseconds.
const STEPS: u32 = 100_000;

pub(super) fn occurrences(invite: &Invite, event: &Event, after: Timestamp, limit: usize) -> Vec<Occurrence> {
    let calendar: &Calendar = &event.source.calendar;
    let Some(component) = calendar.components.get(event.source.index) else { return Vec::new() };
    let mut zones = Zones::new(calendar);
    let times = times(component, &mut zones, &mut Vec::new());
    let Some(start) = times.start.clone() else { return Vec::new() };
    let limit = limit.min(MAX_OCCURRENCES);
    let mut found = Found { after, taking: Vec::new() };
    let usual = length(&times);
    if event.recurrence_id.is_some() {
        found.offer(&start, usual);
        return found.first(limit);
    }
    let overrides = Overrides::of(invite, event, calendar, &mut zones);
    let excluded = Excluded::of(component, &mut zones);
    let is_left = |point: &Point| !excluded.holds(point) && !overrides.replaces(point);
    // Each source gives as many as are asked for, so that the first of all are among them.
    let dates = dates(component, &mut zones);
    for (point, own) in &dates {
        if is_left(point) {
            overrides.offer(&mut found, point, own.unwrap_or(usual));
        }
    }
    let mut rules: Vec<Rule> =
        component.all("RRULE").take(MAX_RULES).filter_map(|line| Rule::read(&line.value).ok()).collect();
    // whole days do not repeat within a day
    rules.retain(|rule| !(start.is_date && rule.frequency < Frequency::Daily));
    if rules.is_empty() && is_left(&start) {
        overrides.offer(&mut found, &start, usual);
    }
    let from = begin(&start, after, longest(usual) + overrides.shift());
    let mut budget = Budget::new(STEPS);
    for rule in &rules {
        let before = found.taking.len();
        for local in Expansion::new(rule, start.local, start.is_date, from, &mut budget) {
            if is_beyond(rule, &start, local) || found.taking.len() - before >= limit {
                break;
            }
            let point = start.at(local);
            if from.is_none_or(|from| local >= from) && is_left(&point) {
                overrides.offer(&mut found, &point, usual);
            }
        }
    }
    for one in overrides.single.values() {
        if let (Some(point), false) = (&one.times.start, one.is_cancelled) {
            found.offer(point, length(&one.times));
        }
    }
    found.first(limit)
}

/// From which local time on occurrences may end after `after`; none for all.
fn begin(start: &Point, after: Timestamp, length: Duration) -> Option<PrimitiveDateTime> {
    // what clocks are changed by, but where islands changed sides of the date line
    const CHANGE: Duration = Duration::hours(3);
    let utc = PrimitiveDateTime::new(after.date(), after.time());
    let margin = if start.zone.is_steady() { Duration::ZERO } else { CHANGE };
    let ahead = Duration::seconds(start.zone.offset(utc).whole_seconds().into());
    utc.checked_add(ahead)?.checked_sub(length)?.checked_sub(margin)
}

/// Whether a time lies behind the end of a rule.
fn is_beyond(rule: &Rule, start: &Point, local: PrimitiveDateTime) -> bool {
    match rule.until {
        None => false,
        Some(Until::Local(until)) => local > until,
        // of a whole day, and where no zone is known, the date is meant
        Some(Until::Utc(until)) if start.is_date => local.date() > until.date(),
        Some(until @ Until::Utc(at)) => {
            // what is days away needs no zone
            let latest = until.latest();
            local > latest || local + Duration::days(4) > latest && start.zone.instant(local) > at
        }
    }
}

/// How long an event takes.
fn length(times: &Times) -> Span {
    let (Some(start), Some(end)) = (&times.start, &times.end) else { return Span::default() };
    match times.duration {
        Some(span) => span,
        None if start.is_date && end.is_date => {
            Span { days: (end.local - start.local).whole_days(), seconds: 0 }
        }
        // the same exact time for each (3.8.5.3)
        None => Span { days: 0, seconds: (end.instant() - start.instant()).whole_seconds() },
    }
}

fn longest(span: Span) -> Duration {
    Duration::days(span.days.max(0)).saturating_add(Duration::seconds(span.seconds.max(0)))
}

/// What was found.
struct Found {
    after: Timestamp,
    taking: Vec<Occurrence>,
}

impl Found {
    fn offer(&mut self, start: &Point, length: Span) {
        let Some(end) = start.after(length) else { return };
        if end.instant() > self.after {
            self.taking.push(Occurrence { start: start.when(), end: end.when() });
        }
    }

    fn first(mut self, limit: usize) -> Vec<Occurrence> {
        self.taking.sort_by_key(|one| (one.start.at, one.end.at));
        self.taking.dedup_by_key(|one| one.start.at);
        self.taking.truncate(limit);
        self.taking
    }
}

/// EXDATE. A date without a time takes the whole day out, as some programs write it.
#[derive(Default)]
struct Excluded {
    instants: HashSet<Timestamp>,
    days: HashSet<Date>,
}

impl Excluded {
    fn of(component: &Component, zones: &mut Zones<'_>) -> Self {
        let mut excluded = Self::default();
        for line in component.all("EXDATE") {
            for value in line.value.split([',', ';']).take(MAX_DATES) {
                let Some(point) = Point::read(value, line, zones) else { continue };
                if excluded.instants.len() + excluded.days.len() >= MAX_DATES {
                    return excluded;
                }
                if point.is_date {
                    excluded.days.insert(point.local.date());
                } else {
                    excluded.instants.insert(point.instant());
                }
            }
        }
        excluded
    }

    fn holds(&self, point: &Point) -> bool {
        self.days.contains(&point.local.date()) || self.instants.contains(&point.instant())
    }
}

/// RDATE: points, and for a PERIOD how long it is.
fn dates(component: &Component, zones: &mut Zones<'_>) -> Vec<(Point, Option<Span>)> {
    let mut dates = Vec::new();
    for line in component.all("RDATE") {
        for value in line.value.split([',', ';']).take(MAX_DATES) {
            let (value, rest) =
                value.split_once('/').map_or((value, None), |(start, rest)| (start, Some(rest)));
            let Some(point) = Point::read(value, line, zones) else { continue };
            if dates.len() >= MAX_DATES {
                return dates;
            }
            let length = rest.and_then(|rest| match raw(rest) {
                Some(_) => Point::read(rest, line, zones).map(|end| {
                    let seconds = (end.instant() - point.instant()).whole_seconds().max(0);
                    Span { days: 0, seconds }
                }),
                None => span(rest),
            });
            dates.push((point, length));
        }
    }
    dates
}

/// What the invite says of single occurrences.
struct Overrides {
    single: HashMap<Timestamp, One>,
    /// Those that speak of all later ones as well, in order.
    ranges: Vec<One>,
    /// Occurrences that are named by their day.
    days: HashSet<Date>,
}

struct One {
    names: Point,
    sequence: u32,
    times: Times,
    is_cancelled: bool,
}

impl Overrides {
    fn of(invite: &Invite, event: &Event, calendar: &Calendar, zones: &mut Zones<'_>) -> Self {
        let mut overrides = Self { single: HashMap::new(), ranges: Vec::new(), days: HashSet::new() };
        for other in &invite.events {
            if other.uid != event.uid || other.recurrence_id.is_none() {
                continue;
            }
            let Some(component) = calendar.components.get(other.source.index) else { continue };
            let Some(line) = component.line("RECURRENCE-ID") else { continue };
            let Some(names) = Point::read(&line.value, line, zones) else { continue };
            let mut times = times(component, zones, &mut Vec::new());
            if times.start.is_none() {
                times.start = Some(names.clone());
            }
            let is_range =
                line.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
            let one = || One {
                names: names.clone(),
                sequence: other.sequence,
                times: times.clone(),
                is_cancelled: other.status == "CANCELLED",
            };
            if is_range {
                overrides.ranges.push(one());
            }
            if names.is_date {
                overrides.days.insert(names.local.date());
            }
            let key = names.instant();
            if overrides.single.get(&key).is_none_or(|there| there.sequence <= other.sequence) {
                overrides.single.insert(key, one());
            }
        }
        overrides.ranges.sort_by_key(|one| one.names.instant());
        overrides
    }

    fn replaces(&self, point: &Point) -> bool {
        self.days.contains(&point.local.date()) || self.single.contains_key(&point.instant())
    }

    /// How far a range moves what follows, at most.
    fn shift(&self) -> Duration {
        let moved =
            self.ranges.iter().filter_map(|one| Some(one.times.start.as_ref()?.local - one.names.local));
        let lasting = self.ranges.iter().map(|one| longest(length(&one.times)));
        moved.map(Duration::abs).max().unwrap_or_default() + lasting.max().unwrap_or_default()
    }

    /// Offers an occurrence as the last range before it has it.
    fn offer(&self, found: &mut Found, point: &Point, usual: Span) {
        let at = point.instant();
        let range = self.ranges.iter().rev().find(|one| one.names.instant() <= at);
        let Some(range) = range else { return found.offer(point, usual) };
        if range.is_cancelled {
            return;
        }
        let moved =
            range.times.start.as_ref().map(|start| start.local - range.names.local).unwrap_or_default();
        if let Some(local) = point.local.checked_add(moved).and_then(within) {
            found.offer(&point.at(local), length(&range.times));
        }
    }
}
