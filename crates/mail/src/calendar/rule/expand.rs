//! What a rule makes: local times in their order, one period after the other, each step paid from a budget.

use std::collections::VecDeque;

use time::{Date, Duration, Month, PrimitiveDateTime, Time, Weekday, util::days_in_month};

use super::{Frequency, Rule};
use crate::calendar::moment::within;

/// Times of one period that are kept.
const MAX_TIMES: usize = 100_000;

/// What may be spent on finding times. A step is about a day that is looked at, or a time that is made.
#[derive(Debug, Clone, Copy)]
pub(in crate::calendar) struct Budget(u32);

impl Budget {
    pub(in crate::calendar) fn new(steps: u32) -> Self {
        Self(steps)
    }

    fn spend(&mut self, steps: usize) -> bool {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let is_enough = self.0 >= steps;
        self.0 = self.0.saturating_sub(steps);
        is_enough
    }
}

/// The times of a rule, the event's beginning first: it counts even if the rule does not make it (3.8.5.3). The
/// end that UNTIL sets is the caller's, who knows the zone.
pub(in crate::calendar) struct Expansion<'a> {
    rule: Rule,
    start: PrimitiveDateTime,
    budget: &'a mut Budget,
    /// The next period, counted from the one of the beginning in steps of the interval.
    period: i64,
    /// Ready, in order.
    times: VecDeque<PrimitiveDateTime>,
    left: Option<u32>,
    is_over: bool,
}

impl<'a> Expansion<'a> {
    /// Begins at `start`, or, where nothing counts the times before it, near `from`.
    pub(in crate::calendar) fn new(
        rule: &Rule,
        start: PrimitiveDateTime,
        is_date: bool,
        from: Option<PrimitiveDateTime>,
        budget: &'a mut Budget,
    ) -> Self {
        let mut rule = rule.clone();
        complete(&mut rule, start, is_date);
        let left = rule.count;
        let mut this = Self { rule, start, budget, period: 0, times: VecDeque::new(), left, is_over: false };
        if let Some(from) = from.filter(|from| left.is_none() && *from > start) {
            this.period = (this.period_of(from) - 1).max(0);
        }
        if this.period == 0 {
            this.fill();
            if this.times.front() != Some(&start) {
                this.times.push_front(start);
            }
        }
        this
    }

    /// Which period holds a time.
    fn period_of(&self, at: PrimitiveDateTime) -> i64 {
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(u8::from(date.month()));
        let (first, date) = (self.start.date(), at.date());
        let units = match self.rule.frequency {
            Frequency::Yearly => i64::from(date.year() - first.year()),
            Frequency::Monthly => months(date) - months(first),
            Frequency::Weekly => (date - first).whole_weeks(),
            Frequency::Daily => (date - first).whole_days(),
            _ => (at - self.start).whole_seconds() / self.seconds(),
        };
        units / i64::from(self.rule.interval)
    }

    fn seconds(&self) -> i64 {
        match self.rule.frequency {
            Frequency::Hourly => 3600,
            Frequency::Minutely => 60,
            _ => 1,
        }
    }

    /// Makes the times of the next period; false when there are no more.
    fn fill(&mut self) -> bool {
        if !self.budget.spend(1) {
            return false;
        }
        let Some(units) = self.period.checked_mul(i64::from(self.rule.interval)) else { return false };
        self.period += 1;
        let mut times = if self.rule.frequency < Frequency::Daily {
            let Some(times) = self.within_day(units) else { return false };
            times
        } else {
            let Some(days) = self.days(units) else { return false };
            let clock = self.clock(&self.rule.by_hour, &self.rule.by_minute, &self.rule.by_second);
            if days.len().saturating_mul(clock.len()) > MAX_TIMES
                || !self.budget.spend(days.len() * clock.len())
            {
                return false;
            }
            days.iter().flat_map(|day| clock.iter().map(|time| PrimitiveDateTime::new(*day, *time))).collect()
        };
        self.choose(&mut times);
        times.retain(|time| *time >= self.start);
        self.times.extend(times);
        true
    }

    /// The times of the day; each list is full (see `complete`).
    fn clock(&self, hours: &[u8], minutes: &[u8], seconds: &[u8]) -> Vec<Time> {
        let at = |hour, minute| {
            seconds.iter().filter_map(move |second| Time::from_hms(hour, minute, *second).ok())
        };
        hours.iter().flat_map(|hour| minutes.iter().flat_map(move |minute| at(*hour, *minute))).collect()
    }

    /// BYSETPOS: keeps the first, the last and so on of a period.
    fn choose(&self, times: &mut Vec<PrimitiveDateTime>) {
        if self.rule.by_position.is_empty() {
            return;
        }
        let count = times.len();
        let mut chosen: Vec<usize> =
            self.rule.by_position.iter().filter_map(|at| index(*at, count)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        *times = chosen.into_iter().map(|at| times[at]).collect();
    }

    /// The days of a period; none beyond the last year.
    fn days(&mut self, units: i64) -> Option<Vec<Date>> {
        let first = self.start.date();
        let days: Vec<Date> = match self.rule.frequency {
            Frequency::Yearly => {
                let year = i32::try_from(i64::from(first.year()).checked_add(units)?).ok()?;
                within(Date::from_ordinal_date(year, 1).ok()?.midnight())?;
                let months = 1..=12_u8;
                let months = months.filter(|month| is_in(&self.rule.by_month, *month));
                months
                    .filter_map(|month| Month::try_from(month).ok())
                    .flat_map(|month| month_of(year, month))
                    .collect()
            }
            Frequency::Monthly => {
                let months = i64::from(first.year()) * 12 + i64::from(u8::from(first.month())) - 1;
                let months = months.checked_add(units)?;
                let year = i32::try_from(months / 12).ok()?;
                let month = Month::try_from(u8::try_from(months % 12 + 1).ok()?).ok()?;
                within(Date::from_calendar_date(year, month, 1).ok()?.midnight())?;
                if !is_in(&self.rule.by_month, month.into()) {
                    return Some(Vec::new());
                }
                month_of(year, month).collect()
            }
            Frequency::Weekly => {
                let since = days_since(first.weekday(), self.rule.week_start);
                let week = first.checked_add(Duration::days(units.checked_mul(7)? - since))?;
                within(week.midnight())?;
                (0..7).filter_map(|day| week.checked_add(Duration::days(day))).collect()
            }
            _ => {
                let day = first.checked_add(Duration::days(units))?;
                within(day.midnight())?;
                vec![day]
            }
        };
        self.budget.spend(days.len()).then(|| days.into_iter().filter(|day| self.is_day(*day)).collect())
    }

    /// Whether a day passes all lists of days.
    fn is_day(&self, day: Date) -> bool {
        let rule = &self.rule;
        is_in(&rule.by_month, day.month().into())
            && (rule.by_month_day.is_empty()
                || is_counted(
                    &rule.by_month_day,
                    day.day().into(),
                    days_in_month(day.month(), day.year()).into(),
                ))
            && (rule.by_year_day.is_empty()
                || is_counted(&rule.by_year_day, day.ordinal(), time::util::days_in_year(day.year())))
            && (rule.by_day.is_empty() || rule.by_day.iter().any(|one| self.is_weekday(day, *one)))
            && (rule.by_week.is_empty() || {
                let (week, weeks) = week_of(day, rule.week_start);
                is_counted(&rule.by_week, week, weeks)
            })
    }

    fn is_weekday(&self, day: Date, (number, weekday): (i16, Weekday)) -> bool {
        if day.weekday() != weekday {
            return false;
        }
        // A number counts in a month or in a year; elsewhere it means nothing.
        let is_monthly = self.rule.frequency == Frequency::Monthly
            || self.rule.frequency == Frequency::Yearly && !self.rule.by_month.is_empty();
        let (at, length) = if is_monthly {
            (u16::from(day.day()), u16::from(days_in_month(day.month(), day.year())))
        } else if self.rule.frequency == Frequency::Yearly && self.rule.by_week.is_empty() {
            (day.ordinal(), time::util::days_in_year(day.year()))
        } else {
            return true;
        };
        let (from_first, from_last) = ((at - 1) / 7 + 1, (length - at) / 7 + 1);
        match number {
            0 => true,
            1.. => number.unsigned_abs() == from_first,
            _ => number.unsigned_abs() == from_last,
        }
    }

    /// The times of an hour, minute or second; leaps over those that cannot be meant.
    fn within_day(&mut self, units: i64) -> Option<Vec<PrimitiveDateTime>> {
        let unit = self.seconds();
        let at = self.start.checked_add(Duration::seconds(units.checked_mul(unit)?)).and_then(within)?;
        let (day, time) = (at.date(), at.time());
        let rule = &self.rule;
        let leap_to = if !self.is_day(day) {
            Some(day.next_day()?.midnight())
        } else if !is_in(&rule.by_hour, time.hour()) {
            Some(at.checked_add(Duration::hours(1))?.replace_minute(0).ok()?.replace_second(0).ok()?)
        } else if rule.frequency < Frequency::Hourly && !is_in(&rule.by_minute, time.minute()) {
            Some(at.checked_add(Duration::minutes(1))?.replace_second(0).ok()?)
        } else {
            None
        };
        if let Some(leap_to) = leap_to {
            let step = unit.checked_mul(i64::from(rule.interval))?;
            let missing = (leap_to - self.start).whole_seconds();
            // the first period that does not begin before
            self.period = self.period.max((missing + step - 1) / step);
            return Some(Vec::new());
        }
        let one = |list: &[u8], value: u8| if list.is_empty() { vec![value] } else { list.to_vec() };
        let hour = [time.hour()];
        let times = match rule.frequency {
            Frequency::Hourly => {
                self.clock(&hour, &one(&rule.by_minute, time.minute()), &one(&rule.by_second, time.second()))
            }
            Frequency::Minutely => self.clock(&hour, &[time.minute()], &one(&rule.by_second, time.second())),
            _ if is_in(&rule.by_second, time.second()) => vec![time],
            _ => Vec::new(),
        };
        self.budget
            .spend(times.len())
            .then(|| times.iter().map(|time| PrimitiveDateTime::new(day, *time)).collect())
    }
}

impl Iterator for Expansion<'_> {
    type Item = PrimitiveDateTime;

    fn next(&mut self) -> Option<PrimitiveDateTime> {
        if self.left == Some(0) {
            return None;
        }
        while self.times.is_empty() && !self.is_over {
            self.is_over = !self.fill();
        }
        let time = self.times.pop_front()?;
        self.left = self.left.map(|left| left - 1);
        Some(time)
    }
}

/// Fills in what a rule leaves to the event's beginning.
fn complete(rule: &mut Rule, start: PrimitiveDateTime, is_date: bool) {
    if rule.frequency >= Frequency::Daily {
        let set = |list: &mut Vec<u8>, value: u8| {
            if list.is_empty() || is_date {
                *list = vec![value];
            }
        };
        set(&mut rule.by_hour, start.hour());
        set(&mut rule.by_minute, start.minute());
        set(&mut rule.by_second, start.second());
    }
    let has_days = !(rule.by_day.is_empty() && rule.by_month_day.is_empty() && rule.by_year_day.is_empty());
    if has_days {
        return;
    }
    match rule.frequency {
        Frequency::Yearly if rule.by_week.is_empty() => {
            if rule.by_month.is_empty() {
                rule.by_month = vec![start.month().into()];
            }
            rule.by_month_day = vec![start.day().into()];
        }
        Frequency::Yearly | Frequency::Weekly => rule.by_day = vec![(0, start.weekday())],
        Frequency::Monthly => rule.by_month_day = vec![start.day().into()],
        _ => {}
    }
}

fn month_of(year: i32, month: Month) -> impl Iterator<Item = Date> {
    (1..=days_in_month(month, year)).filter_map(move |day| Date::from_calendar_date(year, month, day).ok())
}

fn is_in(list: &[u8], value: u8) -> bool {
    list.is_empty() || list.contains(&value)
}

/// Whether a place, counted from 1 or from the end, is one of a list.
fn is_counted(list: &[i16], place: u16, length: u16) -> bool {
    let (Ok(place), Ok(length)) = (i16::try_from(place), i16::try_from(length)) else { return false };
    list.contains(&place) || list.contains(&(place - length - 1))
}

/// The index that a number from the beginning or the end means.
fn index(number: i16, count: usize) -> Option<usize> {
    let place = usize::from(number.unsigned_abs());
    let index = if number > 0 { place.checked_sub(1)? } else { count.checked_sub(place)? };
    (index < count).then_some(index)
}

fn days_since(day: Weekday, start: Weekday) -> i64 {
    i64::from((day.number_days_from_monday() + 7 - start.number_days_from_monday()) % 7)
}

/// The number of a day's week, and how many weeks its year has. Week 1 is the first with four days in the year.
fn week_of(day: Date, start: Weekday) -> (u16, u16) {
    // the middle of the week says which year it belongs to
    let Some(middle) = day.checked_add(Duration::days(3 - days_since(day.weekday(), start))) else {
        return (0, 0);
    };
    let week = (middle.ordinal() - 1) / 7 + 1;
    let left = time::util::days_in_year(middle.year()) - middle.ordinal();
    (week, week + left / 7)
}
