//! Sequence sets (RFC 9051, 4.1.1): numbers to `1:3,5` and back. Never makes a list out of a range that
//! a server sent: `1:4294967295` is one pair here.

use std::fmt::Write as _;

use super::tokenizer::read_number;
use crate::imap::response::Range;

/// The numbers as ranges: sorted, doubles merged, neighbours joined. Zero, which is no number of a
/// message, is left out.
pub fn compress(numbers: impl IntoIterator<Item = u32>) -> Vec<Range> {
    let mut numbers: Vec<u32> = numbers.into_iter().filter(|number| *number != 0).collect();
    if !numbers.is_sorted() {
        numbers.sort_unstable();
    }
    let mut ranges: Vec<Range> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if number <= last.saturating_add(1) => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

/// The ranges as one set; empty for none.
pub fn format(ranges: &[Range]) -> String {
    let mut out = String::new();
    for (first, last) in ranges {
        if !out.is_empty() {
            out.push(',');
        }
        let _ = write!(out, "{first}");
        if first != last {
            let _ = write!(out, ":{last}");
        }
    }
    out
}

/// Reads a set as it stands: order and direction are kept. `None` if it is no set; `*` is none here,
/// since servers do not send it.
pub fn parse(text: &[u8]) -> Option<Vec<Range>> {
    text.split(|byte| *byte == b',')
        .map(|range| {
            let mut ends = range.splitn(2, |byte| *byte == b':');
            let first = read_number(ends.next()?)?;
            let last = ends.next().map_or(Some(first), read_number)?;
            Some((first, last))
        })
        .collect()
}

/// The ranges with the lower end first.
pub fn ascending(mut ranges: Vec<Range>) -> Vec<Range> {
    for (first, last) in &mut ranges {
        if first > last {
            std::mem::swap(first, last);
        }
    }
    ranges
}

/// How many numbers the ranges hold, whatever their direction; doubles count twice.
pub fn count(ranges: &[Range]) -> u64 {
    ranges.iter().map(|(first, last)| u64::from(first.abs_diff(*last)) + 1).sum()
}

/// The numbers of the ranges in their order and direction, one after the other. May be four billion:
/// take only as many as are needed.
pub fn numbers(ranges: &[Range]) -> impl DoubleEndedIterator<Item = u32> {
    ranges.iter().flat_map(|(first, last)| {
        let is_down = first > last;
        let (low, high) = if is_down { (*last, *first) } else { (*first, *last) };
        let (up, down) = if is_down { (None, Some((low..=high).rev())) } else { (Some(low..=high), None) };
        up.into_iter().flatten().chain(down.into_iter().flatten())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_become_ranges() {
        assert_eq!(format(&compress([5, 1, 2, 3, 3, 0])), "1:3,5");
        assert_eq!(format(&compress([u32::MAX, u32::MAX - 1])), "4294967294:4294967295");
        assert_eq!(format(&[]), "");
    }

    #[test]
    fn a_set_keeps_the_direction_it_was_sent_in() {
        let ranges = parse(b"9:7,1").unwrap();
        assert_eq!(numbers(&ranges).collect::<Vec<_>>(), [9, 8, 7, 1]);
        assert_eq!(numbers(&ranges).rev().collect::<Vec<_>>(), [1, 7, 8, 9]);
        assert_eq!(ascending(ranges), [(7, 9), (1, 1)]);
        assert_eq!(count(&[(1, u32::MAX)]), u64::from(u32::MAX));
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "a", "1:", ",1", "1:*", "4294967296", "-1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(wanted: std::collections::BTreeSet<u32>) {
            let set = format(&compress(wanted.iter().copied()));
            let again: Vec<u32> =
                parse(set.as_bytes()).map(|ranges| numbers(&ranges).collect()).unwrap_or_default();
            let wanted: Vec<u32> = wanted.into_iter().filter(|number| *number != 0).collect();
            prop_assert_eq!(again, wanted);
        }
    }
}
