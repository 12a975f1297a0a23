//! What the Markdown parser is given: bounded in size, and in how deep a line can nest.

use std::borrow::Cow;

/// Most octets that are read as Markdown; longer texts are taken as they are.
const MAX_MARKDOWN: usize = 1024 * 1024;
/// Most quotations and lists that one line opens or goes on with.
const MAX_MARKS: usize = 32;

/// Markdown that the parser can be trusted with; nothing if it is too long.
pub(super) fn tame(markdown: &str) -> Option<Cow<'_, str>> {
    if markdown.len() > MAX_MARKDOWN {
        return None;
    }
    let text = if markdown.contains('\r') {
        Cow::Owned(markdown.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(markdown)
    };
    if !text.lines().any(|line| surplus_mark(line).is_some()) {
        return Some(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        // Behind the backslash the mark is a character, and everything after it words.
        let (before, after) =
            surplus_mark(line).and_then(|at| line.split_at_checked(at)).unwrap_or((line, ""));
        out.push_str(before);
        if !after.is_empty() {
            out.push('\\');
            out.push_str(after);
        }
    }
    Some(Cow::Owned(out))
}

/// Where the first mark stands that nests too deep.
fn surplus_mark(line: &str) -> Option<usize> {
    let is_rule = |mark: u8| line.bytes().all(|byte| byte == mark || byte.is_ascii_whitespace());
    let bytes = line.as_bytes();
    let mut at = 0;
    let mut marks = 0;
    loop {
        at += bytes.get(at..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let digits = bytes.get(at..)?.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let mark = at + digits;
        let is_mark = match (bytes.get(mark)?, digits) {
            (b'>', 0) => true,
            (b'-' | b'+' | b'*', 0) | (b'.' | b')', 1..) => {
                bytes.get(mark + 1).is_none_or(u8::is_ascii_whitespace)
            }
            _ => false,
        };
        if !is_mark {
            return None;
        }
        marks += 1;
        if marks > MAX_MARKS {
            return (!is_rule(b'-') && !is_rule(b'*')).then_some(mark);
        }
        at = mark + 1;
    }
}
