//! Days of the calendar from seconds since 1970, in UTC.

const DAY: u64 = 86_400;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// As `YYYY-MM-DD`.
pub(super) fn iso_day(seconds: u64) -> String {
    let (year, month, day) = civil(seconds);
    format!("{year}-{:02}-{day:02}", month + 1)
}

/// As a Date header has it (RFC 5322).
pub(super) fn mail_date(seconds: u64) -> String {
    let (year, month, day) = civil(seconds);
    format!(
        "{}, {day} {} {year} {:02}:{:02}:{:02} +0000",
        WEEKDAYS[(seconds / DAY % 7) as usize],
        MONTHS[month],
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Year, month counted from 0, day counted from 1.
fn civil(seconds: u64) -> (u64, usize, u64) {
    let mut days = seconds / DAY;
    let mut year = 1970_u64;
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 0;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(iso_day(0), "1970-01-01");
        assert_eq!(iso_day(951_782_400), "2000-02-29");
        assert_eq!(iso_day(1_704_067_199), "2023-12-31");
        assert_eq!(iso_day(1_704_067_200), "2024-01-01");
    }

    #[test]
    fn dates_of_mail_name_the_day_of_the_week() {
        assert_eq!(mail_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(mail_date(1_700_000_000), "Tue, 14 Nov 2023 22:13:20 +0000");
    }
}
