//! Where a long text is cut: at a line or a space where one is near, never inside a character as
//! readers see it, never inside a link's reference.

use domain::reading::Link;

use super::size::escaped;

/// Looks back for a line's end or a space over this part of the piece: a fifth.
const LOOK_BACK: usize = 5;

/// The length in bytes of the longest good beginning of `text` that takes at most `room` characters of
/// JSON together with what `link_cost` says of each link that it refers to, counted once.
/// Never zero for a text that is not empty, so that reading always goes on.
pub(super) fn fitting(text: &str, room: usize, links: &[Link], link_cost: impl Fn(&Link) -> usize) -> usize {
    let mut cost = 0;
    let mut seen = Vec::new();
    let mut limit = text.len();
    for (at, c) in text.char_indices() {
        cost += escaped(c);
        if c == ']'
            && let Some(number) = reference_at_end(text.get(..=at).unwrap_or_default())
            && !seen.contains(&number)
            && let Some(link) = links.iter().find(|link| link.number == number)
        {
            seen.push(number);
            cost += link_cost(link);
        }
        if cost > room {
            limit = at;
            break;
        }
    }
    if limit == text.len() { limit } else { boundary(text, limit) }
}

/// The numbers of the links that `text` refers to as `[…][n]`.
pub(super) fn references(text: &str) -> Vec<usize> {
    let ends = text.match_indices(']').filter_map(|(at, _)| reference_at_end(text.get(..=at)?));
    ends.collect()
}

/// The number of `][n]` at the end of the text.
fn reference_at_end(text: &str) -> Option<usize> {
    let inner = text.strip_suffix(']')?;
    let digits = inner.bytes().rev().take(6).take_while(u8::is_ascii_digit).count();
    let (before, number) = inner.split_at_checked(inner.len() - digits)?;
    before.ends_with("][").then(|| number.parse().ok()).flatten()
}

/// The best place to cut at or before `limit`.
fn boundary(text: &str, limit: usize) -> usize {
    let piece = text.get(..limit).unwrap_or_default();
    let first = text.chars().next().map_or(0, char::len_utf8);
    let floor = limit - limit / LOOK_BACK;
    let near = |wanted: fn(char) -> bool| {
        let at = piece.rfind(wanted)?;
        let after = at + piece.get(at..)?.chars().next()?.len_utf8();
        (after >= floor).then_some(after)
    };
    let cut = near(|c| c == '\n').or_else(|| near(char::is_whitespace)).unwrap_or(limit);
    let cut = before_reference(text, cut);
    let mut cut = cut.max(first);
    // not between the parts of one visible character; a character of more than 64 parts is cut anyway
    let start = cut;
    for _ in 0..64 {
        if !is_inside(text, cut) {
            return cut;
        }
        match text.get(..cut).and_then(|piece| piece.chars().next_back()) {
            Some(c) if cut > c.len_utf8() => cut -= c.len_utf8(),
            _ => return start,
        }
    }
    start
}

/// If `cut` is inside the `][n]` of a link, the place before it.
fn before_reference(text: &str, cut: usize) -> usize {
    let (Some(before), Some(after)) = (text.get(..cut), text.get(cut..)) else { return cut };
    let stem = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let tail = after.trim_start_matches(|c: char| c.is_ascii_digit());
    if stem.ends_with("][") && tail.starts_with(']') && before.len() - stem.len() <= 6 {
        return stem.len() - 2;
    }
    if before.ends_with(']') && after.starts_with('[') {
        return cut - 1;
    }
    cut
}

/// Whether a reader would see the characters on both sides of `cut` as one.
fn is_inside(text: &str, cut: usize) -> bool {
    let (Some(before), Some(after)) = (text.get(..cut), text.get(cut..)) else { return true };
    let (Some(left), Some(right)) = (before.chars().next_back(), after.chars().next()) else { return false };
    let flags = before.chars().rev().take(64).take_while(|c| is_regional(*c)).count();
    (left == '\r' && right == '\n')
        || left == '\u{200d}'
        || joins_left(right)
        || (is_regional(right) && flags % 2 == 1)
}

fn is_regional(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// Characters that belong to the one before: combining marks, joiners, selectors, skin tones, tags,
/// vowels and finals of Hangul, vowel signs of Indic scripts and Thai.
fn joins_left(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{900}'..='\u{903}'
        | '\u{93a}'..='\u{94f}' | '\u{981}'..='\u{983}' | '\u{9bc}'..='\u{9cd}' | '\u{a3c}'..='\u{a4d}'
        | '\u{abc}'..='\u{acd}' | '\u{b3c}'..='\u{b4d}' | '\u{bbe}'..='\u{bcd}' | '\u{c3e}'..='\u{c4d}'
        | '\u{cbc}'..='\u{ccd}' | '\u{d3b}'..='\u{d4d}' | '\u{e31}' | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}' | '\u{1160}'..='\u{11ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200c}' | '\u{200d}' | '\u{20d0}'..='\u{20ff}' | '\u{3099}' | '\u{309a}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, room: usize) -> &str {
        &text[..fitting(text, room, &[], |_| 0)]
    }

    #[test]
    fn a_cut_falls_on_a_line_or_a_space_if_one_is_near() {
        assert_eq!(cut("one two three four five six\nseven eight", 32), "one two three four five six\n");
        assert_eq!(cut("one two three four five six seven", 25), "one two three four five ");
        assert_eq!(cut("abcdefghijklmnopqrstuvwxyz", 10), "abcdefghij");
    }

    #[test]
    fn what_readers_see_as_one_character_stays_whole() {
        assert_eq!(cut("abcdefghe\u{301}z", 9), "abcdefgh");
        assert_eq!(cut("abcdefg👩\u{200d}💻z", 9), "abcdefg");
        assert_eq!(cut("abcdefgh🇩🇪🇫🇷", 11), "abcdefgh🇩🇪");
        assert_eq!(cut("ab\r\nz", 4), "ab");
    }

    #[test]
    fn a_links_reference_stays_whole() {
        assert_eq!(cut("abcdefghijklmno[site][12]", 23), "abcdefghijklmno[site");
        assert_eq!(cut("abcdefghijklmno[site][12]", 21), "abcdefghijklmno[site");
        assert_eq!(references("[a][1] and [b][12], not [3] nor a][4 ]"), vec![1, 12]);
    }

    #[test]
    fn even_without_room_something_is_shown() {
        assert_eq!(cut("é", 0), "é");
        assert_eq!(cut("e\u{301}\u{302}", 1), "e");
    }
}
