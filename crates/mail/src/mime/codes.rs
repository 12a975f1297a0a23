//! Masks likely one-time codes and sign-in links: an agent that reads them could sign in as the person.
//!
//! Best effort by words and shapes, measured on `testdata/`. A code must stand near words that say so;
//! years, prices, phone and order numbers stay.

mod sign_in;
mod words;

use std::collections::HashMap;

pub(super) use self::sign_in::mask_links;

use self::words::{Strength, cue_in, is_denied_before, is_month};

/// What stands in place of a code.
pub const CODE: &str = "[code hidden]";
/// What stands in place of a sign-in link.
pub const LINK: &str = "[sign-in link hidden]";

/// How many lines a code may stand apart from the words that announce it.
const REACH: usize = 4;
/// How many lines in all, blank ones too.
const MAX_GAP: usize = 40;
/// Most words of a text that are looked at closely.
const MAX_CANDIDATES: usize = 5_000;
/// How many characters within a line.
const SPAN: usize = 90;

/// Masks codes and bare sign-in links; the count is of both.
pub fn mask(text: &str) -> (String, usize) {
    mask_below("", text)
}

/// Masks a text that stands below a subject: a code may be announced there alone.
pub fn mask_below(subject: &str, text: &str) -> (String, usize) {
    let (text, links) = sign_in::mask_bare(subject, text);
    let mut around = Around::new(&text, cue_in(subject));
    let mut out = String::with_capacity(text.len());
    let mut masked = links;
    let mut looked_at = 0;
    for position in 0..around.lines.len() {
        if position > 0 {
            out.push('\n');
        }
        let line = around.lines.get(position).copied().unwrap_or_default();
        let mut copied = 0;
        for candidate in candidates(line) {
            looked_at += 1;
            if looked_at > MAX_CANDIDATES {
                break;
            }
            if is_code(line, candidate, position, &mut around) {
                out.push_str(line.get(copied..candidate.start).unwrap_or_default());
                out.push_str(CODE);
                copied = candidate.end;
                masked += 1;
            }
        }
        out.push_str(line.get(copied..).unwrap_or_default());
    }
    (out, masked)
}

/// The lines of a text; which of them announce a code is found out only where it is asked.
struct Around<'a> {
    lines: Vec<&'a str>,
    cues: HashMap<usize, Option<Strength>>,
    /// What the subject announces.
    above: Option<Strength>,
}

impl<'a> Around<'a> {
    fn new(text: &'a str, above: Option<Strength>) -> Self {
        Self { lines: text.split('\n').collect(), cues: HashMap::new(), above }
    }

    fn cue(&mut self, position: usize) -> Option<Strength> {
        let line = self.lines.get(position).copied().unwrap_or_default();
        *self.cues.entry(position).or_insert_with(|| cue_in(line))
    }

    /// Whether words that announce a code stand in the lines around.
    fn announces(&mut self, position: usize) -> bool {
        self.above == Some(Strength::Strong)
            || self.cue(position).is_some()
            || self.reaches((position.saturating_sub(MAX_GAP)..position).rev(), REACH, true)
            || self.reaches(position + 1..self.lines.len().min(position + MAX_GAP), 2, false)
    }

    fn reaches(&mut self, range: impl Iterator<Item = usize>, most: usize, takes_weak: bool) -> bool {
        let mut filled = 0;
        for at in range {
            if self.lines.get(at).is_none_or(|line| line.trim().is_empty()) {
                continue;
            }
            match self.cue(at) {
                Some(Strength::Strong) => return true,
                Some(Strength::Weak) if takes_weak => return true,
                _ => {}
            }
            filled += 1;
            if filled >= most {
                return false;
            }
        }
        false
    }
}

fn is_code(line: &str, candidate: Candidate, position: usize, around: &mut Around<'_>) -> bool {
    let is_near = (around.cue(position).is_some() && is_announced(line, candidate))
        || (is_alone(line, candidate) && around.announces(position));
    is_near && !is_denied(line, candidate)
}

/// One candidate within a line, in octets.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    start: usize,
    end: usize,
    digits: usize,
    letters: usize,
}

/// Words that have the shape of a code: 4 to 8 digits, also in two groups; short upper-case mixtures.
fn candidates(line: &str) -> Vec<Candidate> {
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
fn is_letter(c: char) -> bool {
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
    let candidate = Some(Candidate { start, end, digits, letters });
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
        return (is_upper && is_even && (digits > 0 || groups.iter().all(|group| group.len() <= 4)))
            .then_some(candidate)?;
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
        if joined.letters > 0 || joined.digits >= 4 {
            out.push(joined);
        }
    }
    out.extend(spaced_digits(line));
    out.extend(spaced_pairs(line));
    out.sort_by_key(|candidate| candidate.start);
    let mut last_end = 0;
    out.retain(|candidate| {
        let is_free = candidate.start >= last_end;
        if is_free {
            last_end = candidate.end;
        }
        is_free
    });
    out
}

/// `4 8 1 9 2 3`: single characters set apart.
fn spaced_digits(line: &str) -> Option<Candidate> {
    let trimmed = line.trim();
    let words: Vec<&str> = trimmed.split_whitespace().collect();
    if !(4..=8).contains(&words.len())
        || !words.iter().all(|word| word.len() == 1 && word.as_bytes()[0].is_ascii_digit())
    {
        return None;
    }
    let start = line.len() - line.trim_start().len();
    Some(Candidate { start, end: start + trimmed.len(), digits: words.len(), letters: 0 })
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
    Some(Candidate { start, end: start + 8, digits: 6, letters: 0 })
}

/// Whether nothing but the code and its decoration stands in the line.
fn is_alone(line: &str, candidate: Candidate) -> bool {
    let before = line.get(..candidate.start).unwrap_or_default();
    let after = line.get(candidate.end..).unwrap_or_default();
    let is_decoration = |text: &str| text.chars().all(|c| !c.is_alphanumeric() && !"$€£¥".contains(c));
    // `Code: 123456` in a table, and `[123456][2]` as a link.
    let after =
        after.strip_prefix("][").map_or(after, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    is_decoration(before) && is_decoration(after)
}

/// Whether the line itself announces the code, close enough and without other words claiming it.
fn is_announced(line: &str, candidate: Candidate) -> bool {
    let start = floor(line, candidate.start.saturating_sub(SPAN));
    let end = ceil(line, (candidate.end + SPAN).min(line.len()));
    let before = line.get(start..candidate.start).unwrap_or_default();
    let after = line.get(candidate.end..end).unwrap_or_default();
    // Another sentence is another matter, unless it only points at what was announced.
    let tail = before.rsplit(['.', '!', '?', ';']).next().unwrap_or_default();
    let front = after.split(['.', '!', '?', ';', '\n']).next().unwrap_or_default();
    match cue_in(tail) {
        Some(Strength::Strong) => return true,
        Some(Strength::Weak) => return words::is_close_before(tail),
        None => {}
    }
    match cue_in(front) {
        Some(Strength::Strong) => words::is_close_after_strong(front),
        Some(Strength::Weak) => words::is_close_after(front),
        // `Use this verification code to sign in. 123456`
        None => tail.trim().is_empty() && matches!(cue_in(before), Some(Strength::Strong)),
    }
}

fn is_denied(line: &str, candidate: Candidate) -> bool {
    let before =
        line.get(floor(line, candidate.start.saturating_sub(SPAN))..candidate.start).unwrap_or_default();
    let after = line.get(candidate.end..).unwrap_or_default();
    let word = line.get(candidate.start..candidate.end).unwrap_or_default();
    if before.trim_end().ends_with(['$', '€', '£', '¥', '₹', '+', '#', '№']) {
        return true;
    }
    let next = after.trim_start();
    if next.starts_with(['%', '€', '$', '£', '°']) {
        return true;
    }
    let next_word: String =
        next.chars().take_while(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    if words::is_unit(&next_word) {
        return true;
    }
    let last_word =
        before.split(|c: char| !c.is_alphanumeric()).rfind(|word| !word.is_empty()).unwrap_or_default();
    if is_month(&last_word.to_lowercase()) || is_month(&next_word) {
        return true;
    }
    if candidate.letters == 0 && candidate.digits == 4 {
        let is_year = word.starts_with("19") || word.starts_with("20");
        if is_year && !words::points_at(before) {
            return true;
        }
    }
    is_denied_before(before)
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
