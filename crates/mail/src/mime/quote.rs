//! Folds quoted history to one line each, without losing what was written between the quotes.
//!
//! Forwarded messages are content: they stay. Where nothing but history was sent, it stays too.

mod attribution;
mod heads;

pub(super) use self::heads::is_forward_mark;
pub use self::heads::is_forward_subject;

use super::line::{Line, Region};

/// A quoted passage of at most so many lines stays if an answer follows it: it is what is answered.
const KEPT_LINES: usize = 2;
/// Longest attribution, in lines: programs wrap it.
const MAX_ATTRIBUTION: usize = 4;

/// What a line is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Own,
    Attribution,
    History,
}

/// Folds history. `is_forward`: the subject says that the message passes another one on.
pub fn fold(lines: Vec<Line>, is_forward: bool) -> Vec<Line> {
    let forward = find_forward(&lines);
    let end = forward.unwrap_or(lines.len());
    if is_forward && forward.is_none() {
        return lines;
    }
    let (parts, head) = classify(&lines, end);
    let has_own = lines.iter().zip(&parts).any(|(line, part)| {
        *part == Part::Own && !line.is_blank() && line.region != Region::Signature && !is_mark(line)
    });
    if !has_own && forward.is_none() {
        return lines;
    }
    replace_runs(lines, &parts, head)
}

/// Lines that say nothing by themselves: rules and the mark before a signature.
fn is_mark(line: &Line) -> bool {
    line.text.trim().chars().all(|c| matches!(c, '-' | '_' | '*' | '=' | '>' | ' '))
}

/// The line from which on the message is one that is passed on.
fn find_forward(lines: &[Line]) -> Option<usize> {
    let mut was_cited = false;
    for (position, line) in lines.iter().enumerate() {
        if line.is_blank() {
            continue;
        }
        let opens_quote = line.quote == 1 && !was_cited;
        if (line.quote == 0 || opens_quote) && heads::is_forward_mark(&line.text) {
            return Some(position);
        }
        was_cited = line.quote > 0;
        if line.quote == 0 && heads::is_history_mark(&line.text) {
            return None;
        }
    }
    None
}

/// Takes every line up to `end` for own text, attribution or history; also tells where history begins that
/// runs to the end.
fn classify(lines: &[Line], end: usize) -> (Vec<Part>, Option<usize>) {
    let mut parts = vec![Part::Own; lines.len()];
    let mut head = None;
    let mut position = 0;
    while position < end {
        let Some(line) = lines.get(position) else { break };
        if is_head(lines, position, end) {
            head = Some(position);
            break;
        }
        if line.region == Region::Cited {
            set(&mut parts, position, Part::History);
        } else if let Some(length) = attribution_at(lines, position, end) {
            let next = next_filled(lines, position + length, end);
            let is_quoted = next.is_some_and(|next| next.quote > line.quote || next.region == Region::Cited);
            if is_quoted {
                for at in position..position + length {
                    set(&mut parts, at, Part::Attribution);
                }
                mark_quotation(lines, &mut parts, position + length, line.quote, end);
                position += length;
                continue;
            }
            let text = joined(lines, position, length);
            if next.is_some() && line.quote == 0 && attribution::is_certain(&text) {
                head = Some(position);
                break;
            }
        }
        position += 1;
    }
    if let Some(head) = head {
        for (position, part) in parts.iter_mut().enumerate().take(end).skip(head) {
            let is_signature =
                lines.get(position).is_some_and(|line| line.region == Region::Signature && line.quote == 0);
            if !is_signature {
                *part = Part::History;
            }
        }
    }
    (parts, head)
}

fn set(parts: &mut [Part], position: usize, part: Part) {
    if let Some(found) = parts.get_mut(position) {
        *found = part;
    }
}

/// A blockquote without a mark is a quotation of mail if an attribution stands before it.
fn mark_quotation(lines: &[Line], parts: &mut [Part], from: usize, outer: usize, end: usize) {
    for (position, line) in lines.iter().enumerate().take(end).skip(from) {
        if line.is_blank() {
            continue;
        }
        if line.quote <= outer {
            return;
        }
        set(parts, position, Part::History);
    }
}

fn is_head(lines: &[Line], position: usize, end: usize) -> bool {
    let Some(line) = lines.get(position).filter(|line| line.quote == 0 && !line.is_blank()) else {
        return false;
    };
    line.region == Region::HistoryHead
        || heads::is_history_mark(&line.text)
        || heads::is_header_block(lines.get(position..end).unwrap_or_default())
}

fn joined(lines: &[Line], position: usize, length: usize) -> String {
    let texts: Vec<&str> = lines.iter().skip(position).take(length).map(|line| line.text.trim()).collect();
    texts.join(" ")
}

/// How many lines from here are an attribution.
fn attribution_at(lines: &[Line], position: usize, end: usize) -> Option<usize> {
    let first = lines.get(position).filter(|line| !line.is_blank())?;
    if first.region == Region::Attribution {
        let run = lines.iter().take(end).skip(position).take(8);
        return Some(run.take_while(|line| line.region == Region::Attribution).count());
    }
    if !attribution::may_begin(&first.text) {
        return None;
    }
    for length in 1..=MAX_ATTRIBUTION {
        let last = lines.get(position + length - 1).filter(|_| position + length <= end)?;
        if last.is_blank() || last.quote != first.quote || last.region != first.region {
            return None;
        }
        if attribution::ends(&last.text) && attribution::is_attribution(&joined(lines, position, length)) {
            // The line before an attribution is none of it.
            let is_whole =
                |from: usize| attribution::is_attribution(&joined(lines, position + from, length - from));
            let begins_later = !attribution::opens(&first.text) && (1..length).any(is_whole);
            return (!begins_later).then_some(length);
        }
    }
    None
}

fn next_filled(lines: &[Line], from: usize, end: usize) -> Option<&Line> {
    lines.iter().take(end).skip(from).find(|line| !line.is_blank())
}

fn replace_runs(lines: Vec<Line>, parts: &[Part], head: Option<usize>) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut run: Vec<Line> = Vec::new();
    let mut run_parts: Vec<Part> = Vec::new();
    let mut blanks: Vec<Line> = Vec::new();
    for (position, (line, part)) in lines.into_iter().zip(parts).enumerate() {
        let is_blank = line.is_blank();
        if *part == Part::Own && !is_blank {
            flush(&mut out, &mut run, &mut run_parts, true);
            out.append(&mut blanks);
            out.push(line);
            continue;
        }
        // A head after quotations is a history of its own.
        if head == Some(position) && !run.is_empty() {
            flush(&mut out, &mut run, &mut run_parts, false);
        }
        if is_blank {
            blanks.push(line);
        } else {
            if run.is_empty() {
                out.append(&mut blanks);
            } else {
                blanks.clear();
            }
            run.push(line);
            run_parts.push(*part);
        }
    }
    flush(&mut out, &mut run, &mut run_parts, false);
    out
}

fn flush(out: &mut Vec<Line>, run: &mut Vec<Line>, parts: &mut Vec<Part>, is_answered: bool) {
    if run.is_empty() {
        return;
    }
    let run = std::mem::take(run);
    let parts = std::mem::take(parts);
    let quoted = parts.iter().filter(|part| **part == Part::History).count();
    let is_short = quoted <= KEPT_LINES && run.iter().map(|line| line.text.len()).sum::<usize>() < 400;
    if is_answered
        && is_short
        && run.iter().all(|line| line.quote > 0 || line.region != Region::Own || quoted == 0)
    {
        out.extend(run);
        return;
    }
    let introduction: Vec<&str> = run
        .iter()
        .zip(&parts)
        .filter(|(_, part)| **part == Part::Attribution)
        .map(|(line, _)| line.text.trim())
        .collect();
    let name = attribution::name_in(&introduction.join(" ")).or_else(|| name_inside(&run));
    let lines = if quoted == 1 { "line" } else { "lines" };
    let from = name.map(|name| format!(", from {name}")).unwrap_or_default();
    out.push(Line { text: format!("[quoted: {quoted} {lines}{from}]"), quote: 0, region: Region::Folded });
}

/// The author of a quotation that names them in its own first lines.
fn name_inside(run: &[Line]) -> Option<String> {
    if let Some(name) = heads::author(run) {
        return Some(name);
    }
    let first = run.iter().position(|line| !line.is_blank())?;
    let length = attribution_at(run, first, run.len())?;
    attribution::name_in(&joined(run, first, length))
}

#[cfg(test)]
mod tests;
