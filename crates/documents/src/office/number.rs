//! Numbers of cells as a person reads them: which formats are dates, and dates and fractions as text.

use time::{Date, Duration, Time};

/// The day before day 1 of spreadsheets, in days of the Julian calendar's count.
const DAY_ZERO: f64 = 2_415_019.0;
/// What the other calendar of spreadsheets, which begins in 1904, is behind.
const LATER_BY: f64 = 1462.0;
/// The last day that spreadsheets know: the end of the year 9999.
const LAST_DAY: f64 = 2_958_465.0;
const SECONDS_OF_DAY: f64 = 86_400.0;

/// Whether a number in the format with this id, or this code if the document has its own, is a date or time.
pub(super) fn is_date(id: usize, code: Option<&str>) -> bool {
    match code {
        Some(code) => is_date_code(code),
        None => matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58),
    }
}

/// Whether letters of date or time stand in a format's code outside of quotes, escapes and brackets.
fn is_date_code(code: &str) -> bool {
    // what comes after is for negative numbers
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                characters.by_ref().find(|c| *c == '"');
            }
            '\\' | '_' | '*' => {
                characters.next();
            }
            '[' => {
                // [h]:mm is elapsed time; [Red] and [$€-407] are not
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                if !inside.is_empty()
                    && inside.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's'))
                {
                    return true;
                }
            }
            'G' | 'g' if characters.as_str().to_ascii_lowercase().starts_with("eneral") => return false,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            ';' => return false,
            _ => {}
        }
    }
    false
}

/// A serial number as date, time or both.
pub(super) fn date(serial: f64, is_1904: bool) -> Option<String> {
    let serial = if is_1904 { serial + LATER_BY } else { serial };
    if !(0.0..LAST_DAY + 1.0).contains(&serial) {
        return None;
    }
    let seconds = (serial.fract() * SECONDS_OF_DAY).round();
    let (days, seconds) =
        if seconds >= SECONDS_OF_DAY { (serial.trunc() + 1.0, 0.0) } else { (serial.trunc(), seconds) };
    #[expect(clippy::cast_possible_truncation, reason = "both are whole numbers within their ranges")]
    let (days, seconds) = (days, seconds as i64);
    let time = Time::MIDNIGHT + Duration::seconds(seconds);
    if days < 1.0 {
        return Some(clock(time));
    }
    // day 60 of these calendars is the 29th of February 1900, which never was
    let days = if days < 60.0 { days + 1.0 } else { days };
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the last day")]
    let day = Date::from_julian_day((DAY_ZERO + days) as i32).ok()?;
    let day = format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day());
    Some(if time == Time::MIDNIGHT { day } else { format!("{day} {}", clock(time)) })
}

fn clock(time: Time) -> String {
    match time.second() {
        0 => format!("{:02}:{:02}", time.hour(), time.minute()),
        second => format!("{:02}:{:02}:{second:02}", time.hour(), time.minute()),
    }
}

/// A number as it stands in the file, without the digits that only binary fractions have.
pub(super) fn plain(number: &str) -> String {
    const DIGITS_THAT_MEAN_SOMETHING: usize = 15;
    match number.parse::<f64>() {
        Ok(value) if number.len() > DIGITS_THAT_MEAN_SOMETHING && value.is_finite() => {
            let rounded = format!("{value:.*e}", DIGITS_THAT_MEAN_SOMETHING - 1);
            rounded.parse::<f64>().unwrap_or(value).to_string()
        }
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_dates_are_told_from_formats_of_numbers() {
        for code in ["yyyy-mm-dd", "d. mmm", "[h]:mm", "[$-407]dd/mm/yyyy", "h:mm AM/PM", "\"on \"d/m"] {
            assert!(is_date(164, Some(code)), "{code}");
        }
        for code in ["0.00", "#,##0 \"days\"", "[Red]0", "General", "0\\d", "[$€-407]0.00", "@", "0;\"mm\""]
        {
            assert!(!is_date(164, Some(code)), "{code}");
        }
        assert!(is_date(14, None) && !is_date(4, None));
    }

    #[test]
    fn serial_numbers_are_dates_in_both_calendars() {
        assert_eq!(date(45_292.0, false).as_deref(), Some("2024-01-01"));
        assert_eq!(date(43_830.0, true).as_deref(), Some("2024-01-01"));
        assert_eq!(date(45_292.75, false).as_deref(), Some("2024-01-01 18:00"));
        assert_eq!(date(0.5, false).as_deref(), Some("12:00"));
        assert_eq!(date(1.0, false).as_deref(), Some("1900-01-01"));
        assert_eq!(date(61.0, false).as_deref(), Some("1900-03-01"));
        assert_eq!(date(45_291.999_999_99, false).as_deref(), Some("2024-01-01"));
        assert_eq!(date(2_958_465.999_999_9, false), None);
        for nonsense in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(date(nonsense, false), None);
        }
    }

    #[test]
    fn binary_fractions_are_rounded_and_other_numbers_stay() {
        assert_eq!(plain("0.30000000000000004"), "0.3");
        assert_eq!(plain("1234567.8900000001"), "1234567.89");
        assert_eq!(plain("007"), "007");
        assert_eq!(plain("no number at all, but long"), "no number at all, but long");
    }
}
