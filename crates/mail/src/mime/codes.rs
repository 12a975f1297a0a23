//! Masks likely one-time codes and sign-in links: an agent that reads them could sign in as the person.
//!
//! Best effort by words and shapes, measured on `testdata/`. A code must stand near words that say so, or
//! in a mail that is about signing in; years, prices, phone and order numbers stay.

mod context;
mod lists;
mod pieces;
mod shapes;
mod sign_in;
mod words;

use std::{
    cell::LazyCell,
    collections::{HashMap, HashSet},
};

pub(super) use self::sign_in::mask_links;

use self::{
    context::Context,
    pieces::{Piece, pieces},
    shapes::{Candidate, announced_secrets, candidates},
    words::{Strength, cue_in, is_denied_before, is_month},
};

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
/// How much of a subject is heeded, in octets: it is looked through for each link below it.
const MAX_SUBJECT: usize = 500;

/// Masks codes and bare sign-in links; the count is of both.
pub fn mask(text: &str) -> (String, usize) {
    mask_below("", text)
}

/// Masks a text that stands below a subject: a code may be announced there alone.
pub fn mask_below(subject: &str, text: &str) -> (String, usize) {
    let subject = head_of(subject);
    let (text, links) = sign_in::mask_bare(subject, text);
    let mut around = Around::new(subject, &text);
    let mut out = String::with_capacity(text.len());
    let mut masked = links;
    let mut looked_at = 0;
    let mut lines_left = MAX_CANDIDATES / 5;
    // What was a code once is one wherever else it stands.
    let mut known: HashSet<String> = HashSet::new();
    for position in 0..around.lines.len() {
        let Piece { text: line, begins_line } = around.lines.get(position).copied().unwrap_or_default();
        if begins_line && position > 0 {
            out.push('\n');
        }
        if looked_at > MAX_CANDIDATES {
            out.push_str(line);
            continue;
        }
        let mut copied = 0;
        let found =
            announced_secrets(line, candidates(line), &mut lines_left, || around.cue(position).is_some());
        for candidate in found {
            looked_at += 1;
            if looked_at > MAX_CANDIDATES {
                break;
            }
            let code: String = line
                .get(candidate.start..candidate.end)
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_alphanumeric())
                .collect();
            let is_known = code.len() >= 5 && known.contains(&code);
            if candidate.is_named || is_known || is_code(line, candidate, position, &mut around) {
                known.insert(code);
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

/// The lines of a text, long ones in pieces; what each of them says is found out once, where it is asked.
struct Around<'a> {
    lines: Vec<Piece<'a>>,
    cues: HashMap<usize, Option<Strength>>,
    sales: HashMap<usize, bool>,
    /// What the subject announces.
    above: Option<Strength>,
    /// What the mail is about; found out once it is asked.
    context: LazyCell<Context, Box<dyn FnOnce() -> Context + 'a>>,
}

impl<'a> Around<'a> {
    fn new(subject: &'a str, text: &'a str) -> Self {
        Self {
            lines: pieces(text),
            cues: HashMap::new(),
            sales: HashMap::new(),
            above: cue_in(subject),
            context: LazyCell::new(Box::new(move || Context::read(subject, text))),
        }
    }

    fn line(&self, position: usize) -> &'a str {
        self.lines.get(position).map_or("", |piece| piece.text)
    }

    fn cue(&mut self, position: usize) -> Option<Strength> {
        let line = self.line(position);
        *self.cues.entry(position).or_insert_with(|| cue_in(line))
    }

    fn sells(&mut self, position: usize) -> bool {
        let line = self.line(position);
        *self.sales.entry(position).or_insert_with(|| context::is_selling(line))
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
            if self.line(at).trim().is_empty() {
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
    let is_alone = is_alone(line, candidate);
    let is_near = (around.cue(position).is_some() && is_announced(line, candidate))
        || (is_alone && around.announces(position))
        || (around.context.is_access
            && (is_alone || is_asked_for(line, candidate) || is_cued(line, candidate)))
        || (is_alone && around.context.is_brief && candidate.digits >= 5)
        || is_left_over(line, candidate, *around.context)
        || is_labelled(line, candidate, around)
        || is_asked_for_closely(line, candidate);
    is_near && !is_denied(line, candidate, position, around)
}

/// Whether a number can hardly be anything but the code that the mail is about: six digits are what most
/// codes have.
fn is_left_over(line: &str, candidate: Candidate, context: Context) -> bool {
    let is_likely = candidate.letters == 0
        && (context.is_warned || (context.is_access && context.is_short && candidate.digits == 6));
    is_likely && !shapes::has_neighbour(line, candidate)
}

/// Whether a candidate stands behind a label, and mail or label speak of signing in.
fn is_labelled(line: &str, candidate: Candidate, around: &Around<'_>) -> bool {
    let start = floor(line, candidate.start.saturating_sub(SPAN));
    let before = line.get(start..candidate.start).unwrap_or_default().trim_end();
    let Some(label) = before.strip_suffix([':', '：']) else { return false };
    let label = label.rsplit(['.', '!', '?', ';', ',']).next().unwrap_or_default().to_lowercase();
    let last = label.split_whitespace().next_back().unwrap_or_default();
    let is_other =
        ["id", "ref", "reference", "nr", "no", "ip", "date", "time", "device", "build"].contains(&last);
    let speaks = context::speaks_of_access(&label)
        || (around.context.is_access && label.split_whitespace().count() <= 3);
    let is_code = candidate.letters == 0 || candidate.digits >= 2;
    speaks && !is_other && is_code && !context::is_other_code(&label)
}

/// Whether the clause around a candidate asks to enter it.
fn is_asked_for(line: &str, candidate: Candidate) -> bool {
    let start = floor(line, candidate.start.saturating_sub(SPAN));
    let end = ceil(line, (candidate.end + SPAN).min(line.len()));
    let before = line.get(start..candidate.start).unwrap_or_default();
    let after = line.get(candidate.end..end).unwrap_or_default();
    let clause = before.rsplit(['.', '!', '?', ';', '。']).next().unwrap_or_default();
    let rest = after.split(['.', '!', '?', ';', '。']).next().unwrap_or_default();
    context::asks(clause) || context::asks(rest)
}

/// Whether the clause before a candidate speaks of a code, at any distance.
fn is_cued(line: &str, candidate: Candidate) -> bool {
    let start = floor(line, candidate.start.saturating_sub(SPAN));
    let before = line.get(start..candidate.start).unwrap_or_default();
    let clause = before.rsplit(['.', '!', '?', ';', '。']).next().unwrap_or_default();
    candidate.letters == 0 && cue_in(clause).is_some()
}

/// Whether the word right before a code that can be nothing else asks for it: `Enter WXHD-BRTP`.
fn is_asked_for_closely(line: &str, candidate: Candidate) -> bool {
    let is_grouped = line.get(candidate.start..candidate.end).is_some_and(|code| code.contains(['-', ' ']));
    let before = line.get(..candidate.start).unwrap_or_default().trim_end();
    let last = before.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
    is_grouped && candidate.digits + candidate.letters >= 6 && context::asks(last)
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
        Some(Strength::Weak) => {
            return words::is_close_before(tail) || tail.trim_end().ends_with([':', '：']);
        }
        None => {}
    }
    match cue_in(front) {
        Some(Strength::Strong) => words::is_close_after_strong(front),
        Some(Strength::Weak) => words::is_close_after(front),
        // `Use this verification code to sign in. 123456`
        None => tail.trim().is_empty() && matches!(cue_in(before), Some(Strength::Strong)),
    }
}

fn is_denied(line: &str, candidate: Candidate, position: usize, around: &mut Around<'_>) -> bool {
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
    // What a shop calls a code is for everybody.
    if candidate.letters > 0 && around.cue(position) != Some(Strength::Strong) && around.sells(position) {
        return true;
    }
    // `this PIN for the parcel: 8841`
    let clause = before.rsplit(['.', '!', '?', ';']).next().unwrap_or_default().trim_end();
    if clause.ends_with([':', '：']) && cue_in(clause).is_some() {
        return false;
    }
    is_denied_before(before)
}

/// What is heeded of a subject.
fn head_of(subject: &str) -> &str {
    subject.get(..floor(subject, MAX_SUBJECT.min(subject.len()))).unwrap_or_default()
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
