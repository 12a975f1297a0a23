//! Days, months and years of a query, and ages like `7d`. Which instant a day begins at is not decided
//! here: that depends on the user's time zone.

use std::fmt;

use time::{Date, Month};

/// A day that a query compares with, and the age it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub day: Date,
    /// How the query said it, if as an age: `7d` counted back from today.
    pub age: Option<Age>,
}

/// A number of days, weeks, months or years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: AgeUnit,
}

/// The unit of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AgeUnit {
    Days,
    Weeks,
    Months,
    Years,
}

/// A day, a month or a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub first: Date,
    /// How long it is.
    pub span: Span,
}

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Span {
    Day,
    Month,
    Year,
}

impl Period {
    /// Reads `2026-11-21`, `2026/11/21`, `2026-11` or `2026`; years 1900 to 9998.
    pub(super) fn read(text: &str) -> Option<Self> {
        let separator = if text.contains('/') { '/' } else { '-' };
        let mut numbers = text.split(separator).map(|digits| {
            let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            if is_number { digits.parse::<u16>().ok() } else { None }
        });
        let year = i32::from(numbers.next()??);
        let month = numbers.next();
        let day = numbers.next();
        if numbers.next().is_some() || !(1900..=9998).contains(&year) {
            return None;
        }
        let narrow = |number: Option<u16>| u8::try_from(number?).ok();
        let in_month = |number: Option<u16>| Month::try_from(narrow(number)?).ok();
        let (first, span) = match (month, day) {
            (None, _) => (Date::from_calendar_date(year, Month::January, 1), Span::Year),
            (Some(month), None) => (Date::from_calendar_date(year, in_month(month)?, 1), Span::Month),
            (Some(month), Some(day)) => {
                (Date::from_calendar_date(year, in_month(month)?, narrow(day)?), Span::Day)
            }
        };
        Some(Self { first: first.ok()?, span })
    }

    /// The day after its last.
    pub fn next(self) -> Date {
        let (year, month) = (self.first.year(), self.first.month());
        let next = match (self.span, month) {
            (Span::Day, _) => return self.first.next_day().unwrap_or(Date::MAX),
            (Span::Month, month) if month != Month::December => (year, month.next()),
            _ => (year + 1, Month::January),
        };
        Date::from_calendar_date(next.0, next.1, 1).unwrap_or(Date::MAX)
    }

    /// Whether the day is in it.
    pub fn contains(self, day: Date) -> bool {
        self.first <= day && day < self.next()
    }
}

impl Age {
    /// Reads `7d`, `2w`, `3m` or `1y`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let unit = match text.chars().next_back()? {
            'd' | 'D' => AgeUnit::Days,
            'w' | 'W' => AgeUnit::Weeks,
            'm' | 'M' => AgeUnit::Months,
            'y' | 'Y' => AgeUnit::Years,
            _ => return None,
        };
        let digits = text.get(..text.len() - 1)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        Some(Self { count: if is_number { digits.parse().ok()? } else { return None }, unit })
    }

    /// The day that was that long ago; nothing if that is before the year 1900. The day of the month
    /// is kept, or the month's last where it has no such day.
    pub(super) fn before(self, today: Date) -> Option<Date> {
        let count = i32::try_from(self.count).ok()?;
        let day = match self.unit {
            AgeUnit::Days => today.checked_sub(time::Duration::days(count.into()))?,
            AgeUnit::Weeks => today.checked_sub(time::Duration::weeks(count.into()))?,
            AgeUnit::Months => back(today, count)?,
            AgeUnit::Years => back(today, count.checked_mul(12)?)?,
        };
        (day.year() >= 1900).then_some(day)
    }
}

fn back(today: Date, months: i32) -> Option<Date> {
    let month = today.year().checked_mul(12)? + i32::from(u8::from(today.month())) - 1;
    let month = month.checked_sub(months)?;
    let year = month.div_euclid(12);
    let month = Month::try_from(u8::try_from(month.rem_euclid(12)).ok()? + 1).ok()?;
    Date::from_calendar_date(year, month, today.day().min(month.length(year))).ok()
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            AgeUnit::Days => 'd',
            AgeUnit::Weeks => 'w',
            AgeUnit::Months => 'm',
            AgeUnit::Years => 'y',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = (self.first.year(), u8::from(self.first.month()), self.first.day());
        match self.span {
            Span::Day => write!(f, "{year:04}-{month:02}-{day:02}"),
            Span::Month => write!(f, "{year:04}-{month:02}"),
            Span::Year => write!(f, "{year:04}"),
        }
    }
}
