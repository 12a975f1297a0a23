//! The name that somebody probably meant.

/// Of `names` the one that needs the fewest edits to become `wanted`, if those are few.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted: Vec<char> = wanted.chars().take(64).flat_map(char::to_lowercase).collect();
    // Two letters swapped are two edits.
    let near = (wanted.len() / 2).clamp(1, 3);
    names
        .take(1000)
        .map(|name| (edits(&wanted, name), name))
        .filter(|(edits, _)| *edits <= near)
        .min()
        .map(|(_, name)| name.to_owned())
}

/// Levenshtein's distance.
fn edits(wanted: &[char], name: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (above, letter) in name.chars().take(64).flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (other, up) in wanted.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(*other != letter)).min(up + 1).min(left + 1);
            diagonal = *up;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_and_another_word_finds_none() {
        let names = || ["alice", "bob", "work"].into_iter();
        assert_eq!(nearest("alcie", names()).as_deref(), Some("alice"));
        assert_eq!(nearest("Wrk", names()).as_deref(), Some("work"));
        assert_eq!(nearest("zebra", names()), None);
        assert_eq!(nearest("", names()), None);
    }

    #[test]
    fn edits_are_counted_as_by_hand() {
        let count = |a: &str, b: &str| edits(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!(count("kitten", "sitting"), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("same", "same"), 0);
    }
}
