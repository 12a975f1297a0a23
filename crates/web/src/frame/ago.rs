//! Times in words: how long ago, how long still, which day.

use domain::Timestamp;
use time::macros::format_description;

/// `just now`, `3 minutes ago`, `2 days ago`; the day if it is longer ago than a month.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = (now - then).whole_seconds();
    match seconds {
        ..60 => "just now".to_owned(),
        _ if seconds > 30 * DAY => day(then),
        _ => format!("{} ago", length(seconds)),
    }
}

/// `in 3 hours`; `over` if it has come.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> String {
    let seconds = (then - now).whole_seconds();
    match seconds {
        ..=0 => "over".to_owned(),
        1..60 => "in less than a minute".to_owned(),
        // seven days that have just begun are seven, so what is left is rounded to the nearest
        DAY.. => format!("in {}", length(seconds + DAY / 2)),
        HOUR.. => format!("in {}", length((seconds + HOUR / 2).min(DAY))),
        _ => format!("in {}", length((seconds + MINUTE / 2).min(HOUR))),
    }
}

/// `21 November 2026`.
pub(crate) fn day(then: Timestamp) -> String {
    then.format(format_description!("[day padding:none] [month repr:long] [year]")).unwrap_or_default()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        HOUR.. => (seconds / HOUR, "hour"),
        _ => (seconds / MINUTE, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = datetime!(2026-11-21 12:00 UTC);
        for (before, told) in [
            (Duration::seconds(-5), "just now"),
            (Duration::seconds(59), "just now"),
            (Duration::seconds(60), "1 minute ago"),
            (Duration::minutes(59), "59 minutes ago"),
            (Duration::hours(23), "23 hours ago"),
            (Duration::days(30), "30 days ago"),
            (Duration::days(31), "21 October 2026"),
        ] {
            assert_eq!(ago(now, now - before), told);
        }
        assert_eq!(until(now, now + Duration::hours(2)), "in 2 hours");
        assert_eq!(until(now, now + Duration::days(7) - Duration::seconds(1)), "in 7 days");
        assert_eq!(until(now, now + Duration::days(1) - Duration::seconds(1)), "in 1 day");
        assert_eq!(until(now, now + Duration::minutes(80)), "in 1 hour");
        assert_eq!(until(now, now + Duration::seconds(1)), "in less than a minute");
        assert_eq!(until(now, now), "over");
    }
}
