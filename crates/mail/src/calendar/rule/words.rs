//! A rule in the words of a person.

use std::fmt::Write as _;

use time::Weekday;

use super::{Frequency, Rule, Until};

/// Values of a list that are told.
const MAX_TOLD: usize = 31;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Rule {
    /// Like `every 2 weeks on Monday and Friday, until 2026-12-31`.
    pub(in crate::calendar) fn in_words(&self) -> String {
        let unit = match self.frequency {
            Frequency::Yearly => "year",
            Frequency::Monthly => "month",
            Frequency::Weekly => "week",
            Frequency::Daily => "day",
            Frequency::Hourly => "hour",
            Frequency::Minutely => "minute",
            Frequency::Secondly => "second",
        };
        let mut text = match self.interval {
            1 => format!("every {unit}"),
            interval => format!("every {interval} {unit}s"),
        };
        let working: Vec<Weekday> =
            [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday]
                .into();
        let plain: Vec<Weekday> =
            self.by_day.iter().filter(|(number, _)| *number == 0).map(|(_, day)| *day).collect();
        let is_working = plain == working && self.by_day.len() == plain.len();
        let position = match self.by_position[..] {
            [one] if !self.by_day.is_empty() || !self.by_month_day.is_empty() => Some(ordinal(one)),
            _ => None,
        };
        if let Some(position) = &position {
            let of = if is_working {
                "weekday".to_owned()
            } else {
                joined(self.by_day.iter().map(|day| self.weekday(*day)), "or")
            };
            if of.is_empty() {
                let days = joined(self.by_month_day.iter().map(|day| month_day(*day)), "or");
                let _ = write!(text, " on the {position} of {days}");
            } else {
                let _ = write!(text, " on the {position} {of}");
            }
        } else if is_working {
            text.push_str(" on weekdays");
        } else if !self.by_day.is_empty() {
            let _ = write!(text, " on {}", joined(self.by_day.iter().map(|day| self.weekday(*day)), "and"));
        }
        if !self.by_month_day.is_empty() && (position.is_none() || !self.by_day.is_empty()) {
            let on = if self.by_day.is_empty() { "on" } else { "that is" };
            let join = if self.by_day.is_empty() { "and" } else { "or" };
            let _ =
                write!(text, " {on} {}", joined(self.by_month_day.iter().map(|day| month_day(*day)), join));
        }
        if !self.by_year_day.is_empty() {
            let days = joined(self.by_year_day.iter().map(|day| from_end(*day, "day")), "and");
            let _ = write!(text, " on {days} of the year");
        }
        if !self.by_week.is_empty() {
            let _ = write!(
                text,
                " in {}",
                joined(self.by_week.iter().map(|week| from_end(*week, "week")), "and")
            );
        }
        if !self.by_month.is_empty() {
            let name =
                |month: &u8| MONTHS.get(usize::from(*month) - 1).copied().unwrap_or_default().to_owned();
            let _ = write!(text, " in {}", joined(self.by_month.iter().map(name), "and"));
        }
        self.clock(&mut text);
        if position.is_none() && !self.by_position.is_empty() {
            let chosen = joined(self.by_position.iter().map(|at| ordinal(*at)), "and");
            let _ = write!(text, ", of these only the {chosen}");
        }
        if self.interval > 1 && self.frequency == Frequency::Weekly && self.week_start != Weekday::Monday {
            let _ = write!(text, ", with weeks from {}", self.week_start);
        }
        match self.until {
            Some(Until::Local(until)) => {
                let _ = write!(text, ", until {}", until.date());
            }
            Some(Until::Utc(until)) => {
                let _ =
                    write!(text, ", until {} {:02}:{:02} UTC", until.date(), until.hour(), until.minute());
            }
            None => {}
        }
        match self.count {
            Some(1) => text.push_str(", once"),
            Some(count) => {
                let _ = write!(text, ", {count} times");
            }
            None => {}
        }
        text
    }

    fn clock(&self, text: &mut String) {
        for (list, unit) in
            [(&self.by_hour, "hour"), (&self.by_minute, "minute"), (&self.by_second, "second")]
        {
            if !list.is_empty() {
                let _ = write!(text, " at {unit} {}", joined(list.iter().map(ToString::to_string), "and"));
            }
        }
    }

    fn weekday(&self, (number, day): (i16, Weekday)) -> String {
        // elsewhere the number means nothing
        if number == 0 || self.frequency < Frequency::Monthly {
            return day.to_string();
        }
        let of =
            if self.frequency == Frequency::Yearly && self.by_month.is_empty() { " of the year" } else { "" };
        format!("the {} {day}{of}", ordinal(number))
    }
}

/// `first`, `last`, `12th to last`
fn ordinal(number: i16) -> String {
    const NAMES: [&str; 6] = ["", "first", "second", "third", "fourth", "fifth"];
    let from_start = |number: u16| match NAMES.get(usize::from(number)) {
        Some(name) => (*name).to_owned(),
        None => match (number % 10, number % 100) {
            (1, rest) if rest != 11 => format!("{number}st"),
            (2, rest) if rest != 12 => format!("{number}nd"),
            (3, rest) if rest != 13 => format!("{number}rd"),
            _ => format!("{number}th"),
        },
    };
    match number {
        -1 => "last".to_owned(),
        0.. => from_start(number.unsigned_abs()),
        _ => format!("{} to last", from_start(number.unsigned_abs())),
    }
}

fn month_day(day: i16) -> String {
    match day {
        -1 => "the last day of the month".to_owned(),
        0.. => format!("day {day}"),
        _ => format!("the {} day of the month", ordinal(day)),
    }
}

fn from_end(number: i16, unit: &str) -> String {
    if number < 0 { format!("the {} {unit}", ordinal(number)) } else { format!("{unit} {number}") }
}

/// `a, b and c`
fn joined(parts: impl Iterator<Item = String>, word: &str) -> String {
    let mut parts: Vec<String> = parts.collect();
    let left_out = parts.len().saturating_sub(MAX_TOLD);
    parts.truncate(MAX_TOLD);
    if left_out > 0 {
        parts.push(format!("{left_out} more"));
    }
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
        None => String::new(),
    }
}
