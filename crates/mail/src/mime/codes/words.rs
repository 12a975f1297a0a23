//! The words around one-time codes, in the languages of their senders.

use super::lists::{CLAIM_NUMBERS, CLAIMS, ENDINGS, LINKS, NOT, STEMS, STRONG, STRONG_MORE, UNITS, WEAK};

/// How much a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// A code may stand anywhere near.
    Strong,
    /// A code must stand beside it.
    Weak,
}

/// The strongest announcing word of a text.
pub(super) fn cue_in(text: &str) -> Option<Strength> {
    if text.is_empty() {
        return None;
    }
    let lower = text.to_lowercase();
    if STRONG.iter().chain(&STRONG_MORE).any(|word| has_word(&lower, word)) {
        return Some(Strength::Strong);
    }
    let without = NOT
        .iter()
        .filter(|not| lower.contains(**not))
        .fold(lower.clone(), |text, not| text.replace(not, " "));
    let is_weak = WEAK.iter().any(|word| has_word(&without, word)) || has_compound(&without);
    (is_weak && !is_only_other(&without)).then_some(Strength::Weak)
}

/// Whether a word is made with one that announces: `Abholcode`.
fn has_compound(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| {
        ENDINGS.iter().any(|end| word.len() > end.len() + 2 && word.ends_with(end))
            && !NOT.iter().any(|not| word.ends_with(not))
            || STEMS.iter().any(|stem| word.contains(stem))
    })
}

/// Whether the words beside each code make it one of another kind (`kod pocztowy`).
fn is_only_other(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '-').collect();
    let mut has_code = false;
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        if !(WEAK.contains(&word) || has_compound(word)) {
            continue;
        }
        has_code = true;
        let beside = words.get(at.saturating_sub(1)..(at + 3).min(words.len())).unwrap_or_default();
        if !beside.iter().any(|beside| super::context::is_other_code(beside)) {
            return false;
        }
    }
    has_code
}

/// Whether a text ends by saying that what follows is a secret: `Temporary password:`, `your code is`.
pub(super) fn announces_next(before: &str) -> bool {
    // The word that links and the five before it: all that is looked at.
    let mut words: Vec<&str> = before.split_whitespace().rev().take(6).collect();
    words.reverse();
    let Some(last) = words.last().copied() else { return false };
    let is_linked =
        LINKS.contains(&last.to_lowercase().as_str()) || matches!(last, "—" | "–" | "-" | "=" | ":");
    if is_linked {
        words.pop();
    }
    let is_marked = words.last().is_some_and(|word| word.ends_with([':', '：', '=']));
    if !is_linked && !is_marked {
        return false;
    }
    let tail = words.get(words.len().saturating_sub(5)..).unwrap_or_default().join(" ");
    let tail = tail.rsplit(['.', '!', '?', ';', ',']).next().unwrap_or_default();
    cue_in(tail).is_some()
}

/// Whether a word stands in a text by itself; scripts without spaces need no borders.
fn has_word(text: &str, word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(word)) {
        let at = from + at;
        let end = at + word.len();
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(end..).and_then(|text| text.chars().next());
        let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let is_spaceless = word.chars().next().is_some_and(|c| c >= '\u{3000}');
        // German and Dutch put words together, plural and case endings follow.
        let has_ending = word.chars().count() >= 5 || after == Some('s');
        if is_spaceless || (is_open(before) && (is_open(after) || has_ending)) {
            return true;
        }
        from = end;
    }
    false
}

/// `… code is 123456`, `PIN: 1234`: nothing but small words between.
pub(super) fn is_close_before(before: &str) -> bool {
    words_after_cue(before).is_some_and(|words| words <= 4)
}

/// `123456 is your … code`
pub(super) fn is_close_after(after: &str) -> bool {
    words_before_cue(after, &WEAK) <= 5
        && [
            "is your",
            "is the",
            "ist dein",
            "ist ihr",
            "est votre",
            "es tu",
            "es su",
            "è il tuo",
            "is je",
            "is uw",
            "to ",
        ]
        .iter()
        .any(|start| after.trim_start().to_lowercase().starts_with(start))
}

/// The same with a word that says more.
pub(super) fn is_close_after_strong(after: &str) -> bool {
    words_before_cue(after, &STRONG) <= 8 || words_before_cue(after, &STRONG_MORE) <= 8
}

fn words_after_cue(text: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let ends = WEAK.iter().chain(&ENDINGS).filter_map(|word| lower.rfind(word).map(|at| at + word.len()));
    let end = ends.max()?;
    Some(lower.get(end..)?.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count())
}

fn words_before_cue(text: &str, cues: &[&str]) -> usize {
    let lower = text.to_lowercase();
    cues.iter()
        .filter_map(|word| lower.find(word))
        .min()
        .and_then(|at| lower.get(..at))
        .map_or(usize::MAX, |before| before.split_whitespace().count())
}

/// Whether the words just before a number name it as something else (`order 123456`, `Ticket no. 4711`).
pub(super) fn is_denied_before(before: &str) -> bool {
    let tail: String = before.chars().rev().take(60).collect::<String>().chars().rev().collect();
    let lower = tail.to_lowercase();
    let mut words =
        lower.split(|c: char| !c.is_alphanumeric() && c != '©').filter(|word| !word.is_empty()).rev();
    let Some(mut last) = words.next() else { return false };
    if CLAIM_NUMBERS.contains(&last) {
        match words.next() {
            Some(word) => last = word,
            None => return true,
        }
    }
    if CLAIMS.contains(&last) {
        return true;
    }
    NOT.iter().any(|not| lower.trim_end_matches([':', ' ', '"', '“', '*']).ends_with(not))
        || NOT
            .iter()
            .any(|not| lower.trim_end_matches([':', ' ', '"']).trim_end_matches(" is").ends_with(not))
}

/// Whether the text ends by pointing at a code: then even a year is one.
pub(super) fn points_at(before: &str) -> bool {
    let lower = before.trim_end().to_lowercase();
    cue_in(&lower).is_some()
        && [
            "is", "is:", "code", "code:", "pin", "pin:", "ist", "ist:", "lautet", "lautet:", "est", "est:",
            "es", "es:", ":",
        ]
        .iter()
        .any(|end| lower.ends_with(end))
        || lower.is_empty()
}

/// Whether a word after a number makes it an amount.
pub(super) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word)
}

/// Whether a word is the name of a month.
pub(super) fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 44] = [
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "januar",
        "februar",
        "märz",
        "mai",
        "juni",
        "juli",
        "oktober",
        "dezember",
        "janvier",
        "février",
        "mars",
        "avril",
        "juin",
        "juillet",
        "août",
        "octobre",
        "décembre",
        "enero",
        "marzo",
        "abril",
        "agosto",
    ];
    MONTHS.contains(&word)
}
