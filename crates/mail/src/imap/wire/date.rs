//! Dates: read as leniently as mail needs (INTERNALDATE, Date headers), written as IMAP wants them.
//!
//! Tells no time itself.

use domain::Timestamp;
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// No date is longer; what follows is not looked at.
const MAX_LENGTH: usize = 256;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Names of zones that mail still carries (RFC 5322, 4.3, and a few more), in hours from UTC.
const ZONES: [(&str, i8); 14] = [
    ("GMT", 0),
    ("UTC", 0),
    ("UT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("CET", 1),
    ("CEST", 2),
    ("BST", 1),
];

/// Reads INTERNALDATE (`1-Jul-1996 02:44:25 -0700`), Date headers of RFC 822 and 5322 with their usual
/// mistakes, asctime and ISO 8601. No zone, or an unknown one, is UTC; no time of day is midnight.
pub fn parse(raw: &[u8]) -> Option<Timestamp> {
    let mut text = String::from_utf8_lossy(raw.get(..MAX_LENGTH).unwrap_or(raw));
    if text.contains('(') {
        text = without_comments(&text).into();
    }
    let mut fields = Fields::default();
    for word in
        text.split(|c: char| c.is_whitespace() || c == ',' || c == '"').filter(|word| !word.is_empty())
    {
        fields.read(word);
    }
    fields.assemble()
}

/// `1-Jul-2024`: the date of a SEARCH key (RFC 9051, `date-text`).
pub fn format_date(date: Date) -> String {
    format!("{}-{}-{:04}", date.day(), month_name(date.month()), date.year())
}

/// ` 1-Jul-2024 08:30:00 +0000`: the date-time of APPEND, without its quotes; in UTC.
pub fn format_date_time(at: Timestamp) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (hour, minute, second) = at.to_hms();
    let (day, month, year) = (at.day(), month_name(at.month()), at.year());
    format!("{day:2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

fn month_name(month: Month) -> &'static str {
    MONTHS.get(usize::from(u8::from(month)) - 1).copied().unwrap_or("Jan")
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_usize;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

#[derive(Default)]
struct Fields {
    day: Option<u8>,
    month: Option<Month>,
    year: Option<i32>,
    time: Option<Time>,
    /// Minutes from UTC.
    zone: Option<i32>,
}

impl Fields {
    fn read(&mut self, word: &str) {
        let first = word.bytes().next().unwrap_or_default();
        if self.time.is_some() && matches!(first, b'+' | b'-') {
            self.zone = self.zone.or_else(|| offset_minutes(word));
        } else if let Some((date, time)) = word.split_once(['T', 't']).filter(|(date, _)| date.len() >= 8) {
            self.read_date(date);
            self.read_time(time);
        } else if word.contains(':') {
            self.read_time(word);
        } else if first.is_ascii_digit() && word.contains(['-', '/', '.']) {
            self.read_date(word);
        } else if first.is_ascii_digit() {
            self.read_number(word);
        } else {
            self.read_name(word);
        }
    }

    fn read_number(&mut self, word: &str) {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let Ok(number) = digits.parse::<i32>() else { return };
        if self.day.is_none() && digits.len() <= 2 {
            self.day = u8::try_from(number).ok();
        } else if self.year.is_none() {
            self.year = full_year(number, digits.len());
        }
    }

    fn read_name(&mut self, word: &str) {
        if let Some(month) = month_of(word)
            && self.month.is_none()
        {
            self.month = Some(month);
            return;
        }
        let zone = ZONES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
        if let Some((_, hours)) = zone {
            // `GMT+0200` and `GMT +0200`: the number says it better.
            self.zone = self.zone.or((*hours != 0).then(|| i32::from(*hours) * 60));
        } else if word.eq_ignore_ascii_case("PM")
            && let Some(time) = self.time.filter(|time| time.hour() < 12)
        {
            self.time = time.replace_hour(time.hour() + 12).ok();
        } else if let Some(at) = word.find(['+', '-']) {
            self.zone = self.zone.or_else(|| offset_minutes(word.get(at..)?));
        }
    }

    /// `1-Jul-1996`, `1996-07-01`, `1.7.1996`.
    fn read_date(&mut self, word: &str) {
        let parts: Vec<&str> = word.split(['-', '/', '.']).filter(|part| !part.is_empty()).collect();
        let [first, second, third] = parts.as_slice() else { return };
        let (day, year) = if first.len() == 4 { (third, first) } else { (first, third) };
        self.day = day.parse().ok();
        self.month = month_of(second).or_else(|| Month::try_from(second.parse::<u8>().ok()?).ok());
        self.year = year.parse().ok().and_then(|number| full_year(number, year.len()));
    }

    /// `2:44`, `02:44:25`, `02:44:25.5Z`, `02:44:25+02:00`.
    fn read_time(&mut self, word: &str) {
        let at = word.find(['+', '-', 'Z', 'z']).unwrap_or(word.len());
        let (clock, zone) = word.split_at(at);
        let mut parts = clock.split([':', '.']);
        let mut next = || parts.next().map_or(Some(0), |part| part.parse::<u8>().ok());
        let (Some(hour), Some(minute), Some(second)) = (next(), next(), next()) else { return };
        // A leap second is the one before.
        self.time = self.time.or_else(|| Time::from_hms(hour, minute, second.min(59)).ok());
        self.zone = self.zone.or_else(|| offset_minutes(zone));
    }

    fn assemble(self) -> Option<Timestamp> {
        let date = Date::from_calendar_date(self.year?, self.month?, self.day?).ok()?;
        let local = PrimitiveDateTime::new(date, self.time.unwrap_or(Time::MIDNIGHT));
        let minutes = self.zone.filter(|minutes| minutes.abs() < 24 * 60).unwrap_or(0);
        let offset = UtcOffset::from_whole_seconds(minutes * 60).ok()?;
        local.assume_offset(offset).checked_to_offset(UtcOffset::UTC)
    }
}

fn month_of(word: &str) -> Option<Month> {
    let start = word.get(..3)?;
    let number = (1..).zip(MONTHS).find(|(_, name)| start.eq_ignore_ascii_case(name))?.0;
    Month::try_from(number).ok()
}

/// Two digits are of this or the last century (RFC 5322, 4.3), three are years since 1900.
fn full_year(number: i32, digits: usize) -> Option<i32> {
    match (digits, number) {
        (2, 0..50) => Some(number + 2000),
        (2 | 3, _) => Some(number + 1900),
        (4, _) => Some(number),
        _ => None,
    }
}

/// `+0200`, `-07:00` or `+2` in minutes.
fn offset_minutes(word: &str) -> Option<i32> {
    let sign = match word.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = word.chars().filter(char::is_ascii_digit).take(4).collect();
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    Some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn dates_of_servers_and_senders_are_read() {
        let moment = datetime!(1996-07-01 09:44:25 UTC);
        for text in [
            " 1-Jul-1996 02:44:25 -0700",
            "1-Jul-1996 02:44:25 -0700",
            "01-Jul-1996 09:44:25 GMT",
            "Mon, 1 Jul 1996 02:44:25 -0700 (PDT)",
            "Mon, 1 Jul 96 02:44:25 PDT",
            "Mon,1 Jul 1996 11:44:25 +0200",
            "1 July 1996 09:44:25",
            "Mon Jul  1 09:44:25 1996",
            "1996-07-01T09:44:25Z",
            "1996-07-01T11:44:25.123+02:00",
            "Mon, 01 Jul 1996 09:44:25 (what (ever)) +0000",
            "Mon, 1 Jul 1996 11:44:25 GMT+0200",
            "Mon, 1 Jul 1996 09:44:25 +9999",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(moment), "{text}");
        }
        assert_eq!(parse(b"1 Jul 1996"), Some(datetime!(1996-07-01 0:00 UTC)));
        assert_eq!(parse(b"31 Dec 1998 23:59:60 +0000"), Some(datetime!(1998-12-31 23:59:59 UTC)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "d", "32 Jul 1996 00:00:00", "1 Foo 1996", "30-Feb-2020 00:00:00 +0000", "1996"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn dates_are_written_as_the_grammar_says() {
        assert_eq!(format_date(date!(2024 - 07 - 01)), "1-Jul-2024");
        assert_eq!(format_date_time(datetime!(2024-07-01 08:30 +2)), " 1-Jul-2024 06:30:00 +0000");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(raw: Vec<u8>) {
            parse(&raw);
        }

        #[test]
        fn what_looks_like_a_date_is_read_or_refused(text in "[0-9A-Za-z:+\\-., ()/]{0,40}") {
            parse(text.as_bytes());
        }

        #[test]
        fn every_moment_comes_back(seconds in 0_i64..253_402_300_799) {
            let moment = Timestamp::from_unix_timestamp(seconds).unwrap();
            prop_assert_eq!(parse(format_date_time(moment).as_bytes()), Some(moment));
        }
    }
}
