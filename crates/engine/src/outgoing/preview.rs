//! The beginning of what recipients will see: for the agent that wrote it, and for the person who is asked.

use mail::mime::invisible;

use crate::{Account, row};

/// Characters of a preview.
const PREVIEW: usize = 200;

impl Account {
    /// The beginning of a text, on one line, as an agent may see it.
    pub(super) fn preview(&self, text: &str) -> String {
        shortened(self.line(&beginning(text)).0)
    }
}

/// The beginning of a text, on one line, as the person is asked about it: what leaves is not masked.
pub(super) fn asked_preview(text: &str) -> String {
    shortened(row::single_line(&beginning(text)))
}

/// More than a preview shows, of what can be seen: nothing hides behind blanks or what is invisible.
fn beginning(text: &str) -> String {
    let (text, _) = invisible::clean(text);
    let mut line = String::new();
    for word in text.split_whitespace() {
        line.push_str(word);
        if line.len() > PREVIEW * 8 {
            break;
        }
        line.push(' ');
    }
    line.chars().take(PREVIEW * 8).collect()
}

fn shortened(line: String) -> String {
    match line.char_indices().nth(PREVIEW) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}
