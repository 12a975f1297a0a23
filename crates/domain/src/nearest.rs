//! The name that somebody probably meant, for errors that say so.

/// Letters of a name that are looked at.
const LENGTH: usize = 64;

/// Names that are looked at.
const NAMES: usize = 1_000;

/// How many letters must be changed, added, dropped or swapped with their neighbour to make one name the
/// other (optimal string alignment), without regard to case.
pub fn distance(left: &str, right: &str) -> usize {
    let letters = |name: &str| name.chars().flat_map(char::to_lowercase).take(LENGTH).collect::<Vec<char>>();
    let (left, right) = (letters(left), letters(right));
    let mut older: Vec<usize> = Vec::new();
    let mut before: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&before, j) + usize::from(a != b);
            let mut best = changed.min(at(&before, j + 1) + 1).min(at(&row, j) + 1);
            let is_swap = i > 0 && j > 0 && left.get(i - 1) == Some(b) && right.get(j - 1) == Some(a);
            if is_swap {
                best = best.min(at(&older, j - 1) + 1);
            }
            row.push(best);
        }
        older = std::mem::replace(&mut before, row);
    }
    before.last().copied().unwrap_or_default()
}

/// Of `names` the one nearest to `wanted`, if it is near: half of its letters, three at the most.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = (wanted.chars().count() / 2).clamp(1, 3);
    names
        .take(NAMES)
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= near)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_another_word_finds_none() {
        let names = || ["alice", "bob", "work"].into_iter();
        assert_eq!(nearest("alcie", names()), Some("alice"));
        assert_eq!(nearest("Wrk", names()), Some("work"));
        assert_eq!(nearest("zebra", names()), None);
        assert_eq!(nearest("", names()), None);
    }

    #[test]
    fn distances_are_as_counted_by_hand() {
        for (left, right, expected) in [
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("Same", "same", 0),
            ("form", "from", 1),
            ("ab", "", 2),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }
}
