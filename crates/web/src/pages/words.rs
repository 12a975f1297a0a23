//! Values as people read them: moments, days, and names that somebody else chose.

use domain::{Timestamp, mailbox::is_format};
use time::macros::format_description;

use crate::frame::{ago, until};

/// A moment for a page: in words, and exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// `5 minutes ago`, `in 3 days`, `21 November 2026`.
    pub(crate) text: String,
    /// For `<time datetime>`, UTC.
    pub(crate) exact: String,
}

impl Moment {
    /// The moment as seen from `now`.
    pub(crate) fn of(at: Timestamp, now: Timestamp) -> Self {
        let text = if at > now { until(now, at) } else { ago(now, at) };
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        Self { text, exact: at.format(format).unwrap_or_default() }
    }
}

/// `1 call`, `2 calls`, `12,000 calls`.
pub(crate) fn counted(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {unit}{plural}", grouped(number))
}

/// `1 byte`, `740 bytes`, `1.2 kB`, `250 MB`, `1.5 GB`: as file managers tell it, never more than there is.
pub(crate) fn size(octets: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| octets >= *unit) else {
        return counted(octets, "byte");
    };
    let (whole, tenths) = (octets / unit, octets % unit * 10 / unit);
    if whole >= 100 { format!("{} {name}", grouped(whole)) } else { format!("{whole}.{tenths} {name}") }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A name that somebody else chose, fit to be shown in one line: nothing invisible, nothing that turns the
/// direction of what stands beside it, single spaces, at most `longest` characters.
pub(crate) fn foreign(text: &str, longest: usize) -> String {
    let visible: String = text
        .chars()
        .take(4 * longest + 64)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_format(*c))
        .collect();
    let mut line = visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(longest) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn sizes_are_told_as_file_managers_tell_them() {
        for (octets, told) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_250, "1.2 kB"),
            (3_460_000, "3.4 MB"),
            (250_000_000, "250 MB"),
            (1_599_999_999, "1.5 GB"),
            (u64::MAX, "18,446,744,073 GB"),
        ] {
            assert_eq!(size(octets), told);
        }
    }

    #[test]
    fn a_moment_is_told_in_words_and_exactly() {
        let now = datetime!(2026-11-21 12:00 UTC);
        for (at, text) in [
            (datetime!(2026-11-21 12:00 UTC), "just now"),
            (datetime!(2026-11-21 09:00 UTC), "3 hours ago"),
            (datetime!(2026-12-01 12:00 UTC), "in 10 days"),
        ] {
            assert_eq!(Moment::of(at, now).text, text);
        }
        assert_eq!(Moment::of(datetime!(2026-03-02 04:05:06 UTC), now).exact, "2026-03-02T04:05:06Z");
    }

    #[test]
    fn a_number_is_grouped_and_counted() {
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(counted(0, "call"), "0 calls");
        assert_eq!(counted(1_234_567, "call"), "1,234,567 calls");
        assert_eq!(counted(123, "call"), "123 calls");
    }

    #[test]
    fn a_foreign_name_has_nothing_invisible_and_an_end() {
        assert_eq!(foreign("Claude\u{202e}moc.live \u{200b}\n\tCode", 40), "Claudemoc.live Code");
        assert_eq!(foreign(&"x".repeat(100_000), 10), format!("{}…", "x".repeat(10)));
        assert_eq!(foreign("\u{200f}\u{7}", 10), "");
    }
}
