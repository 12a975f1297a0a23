//! Lengths of time as people write them.

use time::Duration;

use crate::{Error, Result};

/// Longer than ten years is a slip of the finger.
const LONGEST: Duration = Duration::days(3653);

/// Reads `30m`, `12h`, `90d` or `2w`: more than nothing, at most ten years.
pub fn parse_duration(text: &str) -> Result<Duration> {
    let refused = || Error::BadDuration(text.chars().take(32).collect());
    let text = text.trim();
    let unit = text.chars().next_back().ok_or_else(refused)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    let number: i32 = number.parse().map_err(|_| refused())?;
    let one = match unit {
        'm' => Duration::minutes(1),
        'h' => Duration::hours(1),
        'd' => Duration::days(1),
        'w' => Duration::weeks(1),
        _ => return Err(refused()),
    };
    let length = one.checked_mul(number).ok_or_else(refused)?;
    if length.is_positive() && length <= LONGEST { Ok(length) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_hours_minutes_and_weeks_are_read() {
        for (text, length) in [
            ("90d", Duration::days(90)),
            ("12h", Duration::hours(12)),
            (" 30m ", Duration::minutes(30)),
            ("2w", Duration::days(14)),
        ] {
            assert_eq!(parse_duration(text).unwrap(), length, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in ["", "d", "90", "0d", "-1d", "+1d", "1.5h", "1y", "4000d", "99999999999d", "9ä"] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.hint().contains("90d"), "{text}");
        }
    }
}
