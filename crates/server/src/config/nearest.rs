//! The name that somebody probably meant.

/// Of `names` the one that needs the fewest edits to become `wanted`, if those are few.
pub(crate) fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let bare = |name: &str| -> Vec<char> {
        let name = name.strip_prefix("POSTROOM_").unwrap_or(name);
        name.chars().take(64).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
    };
    let wanted = bare(wanted);
    let near = (wanted.len() / 2).clamp(1, 4);
    names
        .map(|name| (edits(&wanted, &bare(&name)), name))
        .filter(|(edits, _)| *edits <= near)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (above, letter) in to.iter().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        let mut next = vec![left];
        for (other, up) in from.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(other != letter)).min(up + 1).min(left + 1);
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
    fn a_slip_of_the_finger_finds_the_setting_and_nonsense_finds_none() {
        let names = || ["listen", "public_url", "log", "log_format"].into_iter().map(str::to_owned);
        assert_eq!(nearest("lsiten", names()).as_deref(), Some("listen"));
        assert_eq!(nearest("public-url", names()).as_deref(), Some("public_url"));
        assert_eq!(nearest("POSTROOM_PUBLICURL", names()).as_deref(), Some("public_url"));
        assert_eq!(nearest("xyzzy", names()), None);
    }
}
