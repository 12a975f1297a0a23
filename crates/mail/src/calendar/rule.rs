//! Rules of repetition (RFC 5545, 3.3.10): read, and told in words. What they make is in `rule/expand.rs`.

mod expand;
mod words;

use std::str::FromStr;

use time::{OffsetDateTime, PrimitiveDateTime, Time, Weekday};

use super::moment;

pub(super) use self::expand::{Budget, Expansion};

/// Parts of a rule, and values of one part, that are looked at.
const MAX_VALUES: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// Up to when, itself counted in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// The end of a day, or a time of the clock at the event's place.
    Local(PrimitiveDateTime),
    Utc(OffsetDateTime),
}

impl Until {
    /// A local time that nothing comes after, wherever it is.
    pub(super) fn latest(self) -> PrimitiveDateTime {
        match self {
            Self::Local(local) => local,
            Self::Utc(at) => {
                PrimitiveDateTime::new(at.date(), at.time()).saturating_add(time::Duration::days(2))
            }
        }
    }
}

/// A rule as it is written, each list in order and without doubles.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u32,
    pub(super) count: Option<u32>,
    pub(super) until: Option<Until>,
    by_second: Vec<u8>,
    by_minute: Vec<u8>,
    by_hour: Vec<u8>,
    /// With the number of the weekday in its month or year; 0 for all.
    by_day: Vec<(i16, Weekday)>,
    by_month_day: Vec<i16>,
    by_year_day: Vec<i16>,
    by_week: Vec<i16>,
    by_month: Vec<u8>,
    by_position: Vec<i16>,
    week_start: Weekday,
}

impl Rule {
    /// Reads a rule; in words why it cannot be read.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const BROKEN: &str = "it holds a part that cannot be read";
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            count: None,
            until: None,
            by_second: Vec::new(),
            by_minute: Vec::new(),
            by_hour: Vec::new(),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            by_week: Vec::new(),
            by_month: Vec::new(),
            by_position: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut has_frequency = false;
        for part in text.trim().split(';').filter(|part| !part.trim().is_empty()).take(MAX_VALUES) {
            let (name, value) = part.split_once('=').ok_or(BROKEN)?;
            let value = value.trim().to_ascii_uppercase();
            match name.trim().to_ascii_uppercase().as_str() {
                "FREQ" => {
                    rule.frequency = frequency(&value).ok_or("how often it repeats cannot be read")?;
                    has_frequency = true;
                }
                "INTERVAL" => {
                    rule.interval = value
                        .parse()
                        .ok()
                        .filter(|interval| *interval > 0)
                        .ok_or("its interval is no number above 0")?;
                }
                "COUNT" => {
                    rule.count = Some(
                        value
                            .parse()
                            .ok()
                            .filter(|count| *count > 0)
                            .ok_or("its count is no number above 0")?,
                    );
                }
                "UNTIL" => rule.until = Some(until(&value).ok_or("its end cannot be read")?),
                "WKST" => rule.week_start = weekday(&value).ok_or(BROKEN)?,
                "BYSECOND" => rule.by_second = list(&value, 0, 59).ok_or(BROKEN)?,
                "BYMINUTE" => rule.by_minute = list(&value, 0, 59).ok_or(BROKEN)?,
                "BYHOUR" => rule.by_hour = list(&value, 0, 23).ok_or(BROKEN)?,
                "BYDAY" => rule.by_day = days(&value).ok_or(BROKEN)?,
                "BYMONTHDAY" => rule.by_month_day = signed(&value, 31).ok_or(BROKEN)?,
                "BYYEARDAY" => rule.by_year_day = signed(&value, 366).ok_or(BROKEN)?,
                "BYWEEKNO" => rule.by_week = signed(&value, 53).ok_or(BROKEN)?,
                "BYMONTH" => rule.by_month = list(&value, 1, 12).ok_or(BROKEN)?,
                "BYSETPOS" => rule.by_position = signed(&value, 366).ok_or(BROKEN)?,
                "RSCALE" if value != "GREGORIAN" => return Err("it counts by another calendar"),
                "SKIP" if value != "OMIT" => return Err("it moves days that do not exist"),
                _ => {}
            }
        }
        if has_frequency { Ok(rule) } else { Err("how often it repeats is missing") }
    }

    pub(super) fn is_endless(&self) -> bool {
        self.count.is_none() && self.until.is_none()
    }
}

fn frequency(value: &str) -> Option<Frequency> {
    Some(match value {
        "SECONDLY" => Frequency::Secondly,
        "MINUTELY" => Frequency::Minutely,
        "HOURLY" => Frequency::Hourly,
        "DAILY" => Frequency::Daily,
        "WEEKLY" => Frequency::Weekly,
        "MONTHLY" => Frequency::Monthly,
        "YEARLY" => Frequency::Yearly,
        _ => return None,
    })
}

fn until(value: &str) -> Option<Until> {
    let raw = moment::raw(value)?;
    Some(match raw.offset {
        Some(offset) => Until::Utc(raw.local.assume_offset(offset)),
        None if raw.is_date => Until::Local(raw.local.replace_time(Time::MAX)),
        None => Until::Local(raw.local),
    })
}

fn weekday(value: &str) -> Option<Weekday> {
    Some(match value {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// `MO,-1FR,+2TU`
fn days(value: &str) -> Option<Vec<(i16, Weekday)>> {
    let mut days = Vec::new();
    for part in value.split(',').take(MAX_VALUES) {
        let part = part.trim();
        let (number, day) = part.split_at_checked(part.len().checked_sub(2)?)?;
        let number = match number {
            "" => 0,
            number => {
                number.parse::<i16>().ok().filter(|number| (-53..=53).contains(number) && *number != 0)?
            }
        };
        days.push((number, weekday(day)?));
    }
    days.sort_by_key(|(number, day)| (*number, day.number_days_from_monday()));
    days.dedup();
    Some(days)
}

fn list<T: FromStr + Ord + Copy>(value: &str, least: T, most: T) -> Option<Vec<T>> {
    let numbers = value.split(',').take(MAX_VALUES).map(|number| number.trim().parse::<T>().ok());
    let mut numbers: Vec<T> = numbers.collect::<Option<_>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().all(|number| (least..=most).contains(number)).then_some(numbers)
}

/// Numbers counted from the beginning or, below zero, from the end.
fn signed(value: &str, most: i16) -> Option<Vec<i16>> {
    list(value, -most, most).filter(|numbers| !numbers.contains(&0))
}
