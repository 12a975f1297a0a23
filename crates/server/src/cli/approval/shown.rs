//! Texts that agents and strangers wrote, as they may stand on a terminal: without anything that moves,
//! hides or turns, and in lines that no terminal breaks, so that no text can pass for a line of ours.

use std::fmt::Write as _;

/// Columns that a terminal surely has, less a few.
const WIDTH: usize = 76;
/// Where values begin.
const INDENT: usize = 10;
/// Stands before each line of a message's own text, and nowhere else.
const MARK: &str = "  | ";

/// A text on one line: whole, and without anything that moves, hides or turns what stands on the terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if is_unseen(c) { '\u{fffd}' } else { c }).collect()
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// A label of ours and a value, which goes on below itself.
pub(super) fn field(label: &str, value: &str) -> Vec<String> {
    let pieces = broken(&shown(value), WIDTH - INDENT);
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels
        .zip(pieces)
        .map(|(label, piece)| format!("{label:<INDENT$}{piece}").trim_end().to_owned())
        .collect()
}

/// The lines of a message's text, each behind a mark.
pub(super) fn quoted(text: &str) -> Vec<String> {
    let lines = text.lines().flat_map(|line| broken(&shown(&line.replace('\t', "    ")), WIDTH - MARK.len()));
    lines.map(|line| format!("{MARK}{line}").trim_end().to_owned()).collect()
}

/// JSON in which every character that could move, hide or turn something is written as its number.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_unseen(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Cuts a line so that no piece is wider; at least one piece.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut filled = 0;
    for c in line.chars() {
        // some take two columns; which of them is the terminal's business
        let columns = if c.is_ascii() { 1 } else { 2 };
        if filled + columns > width {
            pieces.push(String::new());
            filled = 0;
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
        filled += columns;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_turns_or_hides_text_reaches_the_terminal_and_nothing_is_cut() {
        let long = "a".repeat(5000);
        assert_eq!(shown(&long), long);
        assert_eq!(shown("a\u{202e}b\u{1b}[2Jc\nd\u{e0041}"), "a\u{fffd}b\u{fffd}[2Jc\u{fffd}d\u{fffd}");
        assert_eq!(shown("Grüße 日本"), "Grüße 日本");
    }

    #[test]
    fn no_line_is_so_long_that_a_terminal_breaks_it() {
        let long = format!("{}to        bob@example.org", " ".repeat(70));
        for text in [long.clone(), "日".repeat(300), "x".repeat(300)] {
            let lines = [field("subject", &text), quoted(&text)].concat();
            assert!(lines.len() > 2);
            for line in lines {
                assert!(
                    line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() <= 80,
                    "{line}"
                );
                assert!(line.starts_with("subject") || line.starts_with("  "), "{line}");
            }
        }
    }

    #[test]
    fn a_text_keeps_its_lines_and_each_has_its_mark() {
        assert_eq!(quoted("a\r\n\tb\n\nto        x"), ["  | a", "  |     b", "  |", "  | to        x"]);
        assert_eq!(quoted("a\rb\u{b}c\u{85}d"), ["  | a\u{fffd}b\u{fffd}c\u{fffd}d"]);
    }

    #[test]
    fn json_says_the_same_without_showing_what_turns() {
        let value = serde_json::json!({"a": "x\u{202e}y\u{9b}z\u{e0041}\n"});
        let written = escaped(&format!("{value:#}"));
        assert!(!written.contains(['\u{202e}', '\u{9b}', '\u{e0041}']), "{written}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }
}
