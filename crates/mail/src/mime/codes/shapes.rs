//! The shapes of codes within one line. Whether one is a code, the words around it say.

use super::{pieces::MAX_PIECE, words};

/// One candidate within a line, in octets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// How many digits it has.
    pub(super) digits: usize,
    /// How many letters.
    pub(super) letters: usize,
    /// Whether the words right before it say that it is a secret, whatever its shape.
    pub(super) is_named: bool,
}

/// Words that have the shape of a code: 4 to 8 digits, also in two groups; short upper-case mixtures.
pub(super) fn candidates(line: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let bytes = line.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes.get(at).is_some_and(is_word) {
            at += 1;
            continue;
        }
        let start = at;
        while bytes.get(at).is_some_and(|byte| is_word(byte) || *byte == b'-') && at - start < 40 {
            at += 1;
        }
        let mut end = at;
        while end > start && bytes.get(end - 1) == Some(&b'-') {
            end -= 1;
        }
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(end..).and_then(|text| text.chars().next());
        // Part of a longer word, number, path, address or URL.
        let is_inside = before.is_some_and(|c| {
            is_letter(c) || matches!(c, '/' | '@' | '_' | '=' | '&' | '?' | '%' | '+' | '#')
        }) || after.is_some_and(|c| is_letter(c) || matches!(c, '@' | '_' | '/' | '%' | '='))
            || (matches!(before, Some('.' | ',' | ':' | '\'')) && preceded_by_digit(line, start))
            || (matches!(after, Some('.' | ',' | ':' | '\'')) && followed_by_digit(line, end));
        if !is_inside && let Some(candidate) = shape(line, start, end) {
            found.push(candidate);
        }
        at = at.max(start + 1);
    }
    join_groups(line, &found)
}

/// A letter or digit of a script that puts blanks between words.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}')
}

fn preceded_by_digit(line: &str, start: usize) -> bool {
    line.get(..start).and_then(|text| text.chars().rev().nth(1)).is_some_and(|c| c.is_ascii_digit())
}

fn followed_by_digit(line: &str, end: usize) -> bool {
    line.get(end..).and_then(|text| text.chars().nth(1)).is_some_and(|c| c.is_ascii_digit())
}

fn shape(line: &str, start: usize, end: usize) -> Option<Candidate> {
    let word = line.get(start..end)?;
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    let upper = word.bytes().filter(u8::is_ascii_uppercase).count();
    let groups: Vec<&str> = word.split('-').collect();
    let candidate = Some(Candidate { start, end, digits, letters, is_named: false });
    if letters == 0 {
        // A single group of 3 may be half of `123 456`; whole codes have 4 to 8.
        let is_grouped = groups.len() <= 3 && groups.iter().all(|group| (2..=4).contains(&group.len()));
        return if groups.len() == 1 {
            (3..=8).contains(&digits)
        } else {
            is_grouped && (4..=9).contains(&digits)
        }
        .then_some(candidate)?;
    }
    // `G-123456`
    if groups.len() == 2 && letters <= 3 && upper == letters && (4..=8).contains(&digits) {
        return candidate;
    }
    let is_upper = upper == letters;
    if groups.len() >= 2 {
        let is_even = groups.len() <= 4 && groups.iter().all(|group| (3..=6).contains(&group.len()));
        let is_long = is_upper
            && digits >= 2
            && digits + letters >= 8
            && groups.len() <= 5
            && groups.iter().all(|group| (2..=6).contains(&group.len()));
        let is_even_in_length = groups
            .windows(2)
            .all(|pair| pair.first().map(|one| one.len()) == pair.last().map(|one| one.len()));
        let is_mixed = digits >= 2 && is_even_in_length;
        let is_shouted = is_upper && (digits > 0 || groups.iter().all(|group| group.len() <= 4));
        return (is_long || is_even && (is_shouted || is_mixed)).then_some(candidate)?;
    }
    let length = digits + letters;
    let is_mixed = digits >= 1 && (5..=10).contains(&length) && is_upper;
    let is_any_mix = digits >= 2 && letters >= 2 && (6..=10).contains(&length) && !is_measure(word);
    (is_mixed || is_any_mix).then_some(candidate)?
}

/// `1080p`, `20th`, `150mb`: a number with its unit.
fn is_measure(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < word.len() && rest.chars().all(|c| c.is_ascii_alphabetic()) && rest.len() <= 3
}

/// `123 456` is one code; a lone group of three digits is none.
fn join_groups(line: &str, found: &[Candidate]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    let mut rest = found.iter().peekable();
    while let Some(candidate) = rest.next() {
        let mut joined = *candidate;
        // Single digits written apart (`1 2 3 4 5 6`) are too short to be candidates; pairs of groups are not.
        if candidate.letters == 0
            && (3..=4).contains(&candidate.digits)
            && let Some(next) = rest.peek()
            && next.letters == 0
            && next.digits == candidate.digits
            && line
                .get(candidate.end..next.start)
                .is_some_and(|gap| matches!(gap, " " | "\u{A0}" | " - " | "–"))
        {
            joined.end = next.end;
            joined.digits += next.digits;
            rest.next();
        }
        // `4471 90`
        let tail = line.get(joined.end..).unwrap_or_default().as_bytes();
        if let (4, 0, [b' ', one, other, rest @ ..]) = (joined.digits, joined.letters, tail)
            && joined.end - joined.start == 4
            && one.is_ascii_digit()
            && other.is_ascii_digit()
            && rest.first().is_none_or(u8::is_ascii_whitespace)
            && !rest.get(1).is_some_and(u8::is_ascii_digit)
        {
            joined.end += 3;
            joined.digits += 2;
        }
        if joined.letters > 0 || joined.digits >= 4 {
            out.push(joined);
        }
    }
    out.extend(spaced_digits(line));
    out.extend(spaced_pairs(line));
    without_overlaps(out)
}

/// In their order; of two that overlap the one that begins first.
fn without_overlaps(mut found: Vec<Candidate>) -> Vec<Candidate> {
    found.sort_by_key(|candidate| (candidate.start, !candidate.is_named));
    let mut last_end = 0;
    found.retain(|candidate| {
        let is_free = candidate.start >= last_end;
        if is_free {
            last_end = candidate.end;
        }
        is_free
    });
    found
}

/// The candidates of a line, and what is named as a secret whatever its shape: `Password: Tulip!48-rain`.
///
/// `left` bounds how many lines are looked through, and `names_secret` says whether the line does at all:
/// the words to look for are many.
pub(super) fn announced_secrets(
    line: &str,
    found: Vec<Candidate>,
    left: &mut usize,
    names_secret: impl FnOnce() -> bool,
) -> Vec<Candidate> {
    if *left == 0 || line.len() > MAX_PIECE || !line.split_whitespace().any(is_secret_shape) {
        return found;
    }
    *left -= 1;
    if !names_secret() {
        return found;
    }
    let mut found = found;
    let mut from = 0;
    for word in line.split_whitespace() {
        let Some(at) = line.get(from..).and_then(|rest| rest.find(word)).map(|at| from + at) else { break };
        from = at + word.len();
        let secret = undecorated(word);
        let Some(start) = word.find(secret).map(|inside| at + inside) else { continue };
        if is_secret_shape(secret) && words::announces_next(line.get(..start).unwrap_or_default()) {
            let digits = secret.bytes().filter(u8::is_ascii_digit).count();
            let letters = secret.chars().filter(|c| c.is_alphabetic()).count();
            found.push(Candidate { start, end: start + secret.len(), digits, letters, is_named: true });
        }
    }
    without_overlaps(found)
}

/// A word without the punctuation around it.
fn undecorated(word: &str) -> &str {
    word.trim_matches(|c: char| ".,;:!?()[]\"'„“”«»*_-".contains(c))
}

/// Whether another group of digits stands beside a candidate, as in a telephone number.
pub(super) fn has_neighbour(line: &str, candidate: Candidate) -> bool {
    let is_gap = |c: char| matches!(c, ' ' | '\u{A0}' | '-' | '.' | '/' | '(' | ')' | '+');
    let before = line.get(..candidate.start).unwrap_or_default();
    let after = line.get(candidate.end..).unwrap_or_default();
    before.len() > before.trim_end_matches(is_gap).len()
        && before.trim_end_matches(is_gap).ends_with(|c: char| c.is_ascii_digit())
        || after.len() > after.trim_start_matches(is_gap).len()
            && after.trim_start_matches(is_gap).starts_with(|c: char| c.is_ascii_digit())
}

/// What no plain word, number, date or address looks like.
fn is_secret_shape(word: &str) -> bool {
    let word = undecorated(word);
    if !(5..=40).contains(&word.len()) {
        return false;
    }
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hyphens = word.bytes().filter(|byte| *byte == b'-').count();
    let signs = word.bytes().filter(|byte| b"!#$%&*+=?^_~".contains(byte)).count();
    letters > 0 && (digits > 0 || hyphens >= 2 || signs > 0) && !word.contains(['/', '@', ':', ']', '['])
}

/// `4 8 1 9 2 3`, `4 | 8 | 1 | 9`: digits set apart.
fn spaced_digits(line: &str) -> Option<Candidate> {
    let bytes = line.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_single = |at: usize| {
        let is_open =
            |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii());
        is_digit(at) && is_open(bytes.get(at + 1)) && (at == 0 || is_open(bytes.get(at - 1)))
    };
    let mut at = 0;
    while at < bytes.len() {
        if !is_single(at) {
            at += 1;
            continue;
        }
        let (start, mut end, mut digits) = (at, at + 1, 1);
        while let Some(gap) = [" | ", " - ", " "].iter().find(|gap| {
            line.get(end..).is_some_and(|rest| rest.starts_with(**gap)) && is_single(end + gap.len())
        }) {
            end += gap.len() + 1;
            digits += 1;
        }
        if (4..=8).contains(&digits) {
            return Some(Candidate { start, end, digits, letters: 0, is_named: false });
        }
        at = end;
    }
    None
}

/// `55 43 21`: three pairs.
fn spaced_pairs(line: &str) -> Option<Candidate> {
    let bytes = line.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let fits = |start: usize| {
        [0, 1, 3, 4, 6, 7].iter().all(|offset| is_digit(start + offset))
            && [2, 5].iter().all(|offset| bytes.get(start + offset) == Some(&b' '))
            && !is_digit(start + 8)
            && !(bytes.get(start + 8) == Some(&b' ') && is_digit(start + 9))
    };
    let begins = |start: usize| {
        start == 0
            || !bytes.get(start - 1).is_some_and(|byte| byte.is_ascii_digit() || b"+-.,/:".contains(byte))
    };
    let follows = |start: usize| start >= 2 && bytes.get(start - 1) == Some(&b' ') && is_digit(start - 2);
    let start = (0..bytes.len().saturating_sub(7))
        .find(|start| fits(*start) && begins(*start) && !follows(*start))?;
    Some(Candidate { start, end: start + 8, digits: 6, letters: 0, is_named: false })
}
