//! Text that stands in HTML as text.

/// Characters that mean something in HTML or in an attribute, written so that they mean themselves.
pub(in crate::mime) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Neither may stand in HTML nor in the body of a message.
            '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{7F}' => {}
            c => out.push(c),
        }
    }
}

/// The same as a value.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    escape_into(&mut out, text);
    out
}

/// A line: spaces at its beginning stay.
pub(super) fn escape_line_into(out: &mut String, line: &str) {
    let line = line.trim_end();
    let words = line.trim_start_matches(' ');
    for _ in 0..line.len() - words.len() {
        out.push_str("&nbsp;");
    }
    escape_into(out, words);
}

/// Lines of text with `<br>` between them.
pub(in crate::mime) fn escape_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for (position, line) in text.trim_end().lines().enumerate() {
        if position > 0 {
            out.push_str("<br>\n");
        }
        escape_line_into(&mut out, line);
    }
    out
}

/// A URL without characters that end it in text or in an attribute.
pub(super) fn escape_link(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            ' ' => out.push_str("%20"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '"' => out.push_str("%22"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
