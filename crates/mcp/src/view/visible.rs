//! Text of others where a person reads it before they decide: nothing of it is hidden, turned round, or
//! taken for words of ours.

/// What makes a text look like another one: characters of no width, and those that turn its direction.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text on one line, without what is invisible.
pub(crate) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let words = text.split(breaks).map(|word| word.replace(is_invisible, ""));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The lines of the text that are not empty, each as [`one_line`] and behind a mark, so that none can be
/// taken for a line of ours.
pub(crate) fn lines(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}']).map(one_line);
    let marked = |text: String, line: String| text + "| " + &line + "\n";
    lines.filter(|line| !line.is_empty()).fold(String::new(), marked)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_stays_one_and_shows_all_that_it_is() {
        assert_eq!(one_line("Hi\r\nTo: boss@bank.example"), "Hi To: boss@bank.example");
        assert_eq!(one_line("invoice\u{202e}fdp.exe\u{200b}"), "invoicefdp.exe");
        assert_eq!(lines("Hi\n\nFrom: x\u{2028}Bcc: y"), "| Hi\n| From: x\n| Bcc: y\n");
    }

    proptest! {
        #[test]
        fn nothing_invisible_is_left_of_any_text(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(|c| c.is_control() || is_invisible(c)), "{line:?}");
            prop_assert!(lines(&text).lines().all(|line| line.starts_with("| ")));
        }
    }
}
