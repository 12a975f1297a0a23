//! Text → format=flowed (RFC 3676, DelSp=no): lines of at most 78 characters that a reader joins again.
//!
//! A line of the text is a paragraph; `>` at its beginning are quotations around it. `plain` reads it back.

/// Most characters of a line, without CRLF.
const WIDTH: usize = 78;
/// Most octets of a line that cannot be broken at a blank, without CRLF (RFC 5322, 2.1.1: 998).
const MAX_OCTETS: usize = 990;
/// Most quote marks of a line; further ones are text.
const MAX_QUOTE: usize = 40;

/// Text as format=flowed with CRLF at the end of every line.
///
/// Quote marks (`> > ` and `>> ` alike) are kept by depth, lines that begin with a blank, `>` or `From `
/// are space-stuffed, `-- ` stands alone, other blanks at the ends of lines go. A word is broken only if
/// it is longer than a line may be, and a blank stands there then: text without any blanks (Chinese,
/// Japanese) has no other place to break.
pub fn flow(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return out;
    }
    for line in text.split('\n') {
        for line in line.strip_suffix('\r').unwrap_or(line).split(['\r', '\u{B}', '\u{C}']) {
            let (quote, rest) = split_quote(line);
            let rest: String = rest.chars().filter(|c| *c == '\t' || !c.is_ascii_control()).collect();
            if rest == "-- " {
                write_line(&mut out, quote, "-- ");
            } else {
                write_paragraph(&mut out, quote, rest.trim_end_matches(' '));
            }
        }
    }
    out
}

/// How many quotations a line stands in, and what stands in it.
fn split_quote(line: &str) -> (usize, &str) {
    let mut rest = line;
    let mut quote = 0;
    while quote < MAX_QUOTE {
        let next = if quote == 0 { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
        let Some(after) = next.strip_prefix('>') else { break };
        rest = after;
        quote += 1;
    }
    (quote, if quote > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

fn write_paragraph(out: &mut String, quote: usize, text: &str) {
    let mut rest = text;
    loop {
        let prefix = quote + usize::from(is_stuffed(quote, rest));
        let (line, after) = first_line(rest, WIDTH.saturating_sub(prefix), MAX_OCTETS - prefix);
        if after.is_empty() {
            write_line(out, quote, line);
            return;
        }
        if line.ends_with(' ') {
            write_line(out, quote, line);
        } else {
            write_line(out, quote, &format!("{line} "));
        }
        rest = after;
    }
}

/// The beginning of a paragraph that fits into a line, and the rest of it.
fn first_line(text: &str, width: usize, octets: usize) -> (&str, &str) {
    let mut best = None;
    let mut blank = None;
    let mut is_over = false;
    let mut chars = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        chars += 1;
        is_over |= chars > width;
        if end > octets {
            // The blank that marks the line as going on needs room too.
            let cut = best.or(blank).or_else(|| text.get(..at).map(|_| at));
            return text.split_at_checked(cut.unwrap_or(text.len())).unwrap_or((text, ""));
        }
        // A line of its own, these would begin a signature.
        let is_place = c == ' ' && text.get(..end) != Some("-- ");
        if is_place {
            if is_over {
                let cut = best.or(Some(end));
                return text.split_at_checked(cut.unwrap_or(text.len())).unwrap_or((text, ""));
            }
            best = Some(end);
        }
        if c == ' ' {
            blank = Some(end);
        }
        if is_over && let Some(best) = best {
            return text.split_at_checked(best).unwrap_or((text, ""));
        }
    }
    (text, "")
}

/// RFC 3676, 4.4; quoted text has a blank after its marks because people expect one.
fn is_stuffed(quote: usize, text: &str) -> bool {
    (quote > 0 && !text.is_empty()) || text.starts_with([' ', '>']) || text.starts_with("From ")
}

fn write_line(out: &mut String, quote: usize, line: &str) {
    out.extend(std::iter::repeat_n('>', quote));
    if is_stuffed(quote, line) {
        out.push(' ');
    }
    out.push_str(line);
    out.push_str("\r\n");
}

#[cfg(test)]
#[path = "flowed/tests.rs"]
mod tests;
