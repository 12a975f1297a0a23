//! Folds the author's signature to one line.

use super::{
    line::{Line, Region},
    quote,
};

/// A longer one is no signature but text below a line of dashes.
const MAX_LINES: usize = 16;
/// Signatures marked by the sender's program may be longer: pictures, disclaimers.
const MAX_MARKED: usize = 40;

/// Folds signatures, unless nothing else would be left.
pub fn fold(lines: Vec<Line>) -> Vec<Line> {
    let is_other = |line: &Line| !line.is_blank() && line.region != Region::Signature;
    let others = lines.iter().filter(|line| is_other(line)).count();
    let has_other = |range: std::ops::Range<usize>| {
        lines.get(range).unwrap_or_default().iter().filter(|line| is_other(line)).count() < others
    };
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let mut position = 0;
    while position < lines.len() {
        let end = signature_end(&lines, position);
        if let Some(end) = end.filter(|end| has_other(position..*end)) {
            found.push(position..end);
            position = end;
        } else {
            position += 1;
        }
    }
    if found.is_empty() {
        return lines;
    }
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut ranges = found.into_iter().peekable();
    for (position, line) in lines.iter().enumerate() {
        match ranges.peek() {
            Some(range) if range.contains(&position) => {
                if range.start == position {
                    let inside = lines.get(range.clone()).unwrap_or_default();
                    let count = inside.iter().filter(|line| !line.is_blank() && !is_mark(line)).count();
                    let words = if count == 1 { "line" } else { "lines" };
                    if count > 0 {
                        let text = format!("[signature: {count} {words}]");
                        out.push(Line { text, quote: 0, region: Region::Folded });
                    }
                }
                if position + 1 == range.end {
                    ranges.next();
                }
            }
            _ => out.push(line.clone()),
        }
    }
    out
}

/// The line of two dashes that starts a signature (RFC 3676, 4.3); its blank is often lost.
fn is_mark(line: &Line) -> bool {
    line.quote == 0 && matches!(line.text.trim(), "--" | "—" | "- --")
}

fn signature_end(lines: &[Line], start: usize) -> Option<usize> {
    let first = lines.get(start)?;
    if first.region == Region::Signature && !first.is_blank() {
        let mut end = start;
        let mut count = 0;
        for (position, line) in lines.iter().enumerate().skip(start) {
            if line.region != Region::Signature {
                break;
            }
            count += usize::from(!line.is_blank());
            end = position + 1;
        }
        return (count <= MAX_MARKED).then_some(end);
    }
    if !is_mark(first) || first.region != Region::Own {
        return None;
    }
    let mut end = start + 1;
    let mut count = 0;
    for (position, line) in lines.iter().enumerate().skip(start + 1) {
        if line.is_blank() {
            continue;
        }
        if line.quote > 0 || !matches!(line.region, Region::Own | Region::Signature) {
            break;
        }
        // A message passed on below the signature is none of it.
        if quote::is_forward_mark(&line.text) {
            break;
        }
        count += 1;
        end = position + 1;
        if count > MAX_LINES {
            break;
        }
    }
    (count <= MAX_LINES).then_some(end)
}

#[cfg(test)]
#[path = "signature/tests.rs"]
mod tests;
