//! The text of a document while it is written: bounded, without control characters, with notes on what was
//! left out. Invisible characters stay; whoever shows the text removes them as in any other.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text; its only control characters are line feed and tab.
    pub text: String,
    /// Whether the end is missing, for the text is longer than [`Limits::text`](crate::Limits) or has more pages.
    pub is_cut: bool,
    /// What was left out or could not be read.
    pub notes: Vec<Note>,
}

/// What was left out of a text. Its `Display` is a sentence for the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// So many passages that a person would not see.
    Hidden(usize),
    /// So many passages that are marked as deleted.
    Deleted(usize),
    /// So many pages that could not be read to their end.
    Unreadable(usize),
    /// There is no text; pages that were scanned are pictures.
    NoText,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden(count) => write!(f, "Hidden passages left out: {count}."),
            Self::Deleted(count) => write!(f, "Deleted passages left out: {count}."),
            Self::Unreadable(count) => write!(f, "Pages that could not be read completely: {count}."),
            Self::NoText => {
                f.write_str("There is no text in it; it may hold scanned pages or pictures only.")
            }
        }
    }
}

/// A text being written.
#[derive(Debug)]
pub(crate) struct Writing {
    text: String,
    limit: usize,
    is_cut: bool,
    /// Whether anything but marks has been written.
    has_words: bool,
    /// Where the last mark ends; no empty line follows it.
    marked_to: Option<usize>,
    /// Passages that a person would not see.
    pub(crate) hidden: usize,
    /// Passages marked as deleted.
    pub(crate) deleted: usize,
    /// Pages that could not be read to their end.
    pub(crate) unreadable: usize,
}

impl Writing {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
            is_cut: false,
            has_words: false,
            marked_to: None,
            hidden: 0,
            deleted: 0,
            unreadable: 0,
        }
    }

    /// Whether the limit is met, so that going on is no use.
    pub(crate) fn is_full(&self) -> bool {
        self.is_cut
    }

    /// The bytes that a line may have before it is too long in any case.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Says that the rest is left out.
    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Writes text as it came.
    pub(crate) fn push(&mut self, text: &str) {
        let mut previous = '\0';
        for character in text.chars() {
            let clean = match character {
                '\n' if previous == '\r' => None,
                '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
                '\n' | '\t' => Some(character),
                '\u{fffe}' | '\u{ffff}' => None,
                _ if character.is_control() => None,
                _ => Some(character),
            };
            previous = character;
            match clean {
                Some('\n') => self.end_line(),
                Some(clean) if self.text.len() + clean.len_utf8() <= self.limit => {
                    self.has_words |= !clean.is_whitespace();
                    self.text.push(clean);
                }
                Some(_) => {
                    self.is_cut = true;
                    return;
                }
                None => {}
            }
        }
    }

    /// Ends the line, without blanks at its end and never with more than one empty line.
    pub(crate) fn end_line(&mut self) {
        let kept = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(kept);
        let is_blank = self.text.is_empty() || self.text.ends_with("\n\n") || self.marked_to == Some(kept);
        if !is_blank && kept < self.limit {
            self.text.push('\n');
        }
    }

    /// Writes a whole line.
    pub(crate) fn line(&mut self, text: &str) {
        self.push(text);
        self.end_line();
    }

    /// Writes what tells the parts of a document apart, such as `--- page 2 ---`.
    pub(crate) fn mark(&mut self, what: &str) {
        let had_words = self.has_words;
        self.marked_to = None;
        if !self.text.is_empty() {
            self.end_line();
            self.end_line();
        }
        // a line break in a name would forge a mark of its own
        let what: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.line(&format!("--- {what} ---"));
        self.marked_to = Some(self.text.len());
        self.has_words = had_words;
    }

    /// Whether the document itself has said anything so far.
    pub(crate) fn has_words(&self) -> bool {
        self.has_words
    }

    /// The text and what is to be said about it.
    pub(crate) fn finish(mut self) -> Text {
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        let mut notes = Vec::new();
        if !self.has_words {
            notes.push(Note::NoText);
        }
        let counts = [
            (self.hidden, Note::Hidden(self.hidden)),
            (self.deleted, Note::Deleted(self.deleted)),
            (self.unreadable, Note::Unreadable(self.unreadable)),
        ];
        notes.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, note)| note));
        Text { text: self.text, is_cut: self.is_cut, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_line_ends_become_line_feeds() {
        let mut writing = Writing::new(100);
        writing.push("a\u{0}\u{1b}[31mb\r\nc\rd\u{2028}e\tf \t\n\n\n\ng");
        assert_eq!(writing.finish().text, "a[31mb\nc\nd\ne\tf\n\ng");
    }

    #[test]
    fn the_limit_holds_in_bytes_and_cuts_between_characters() {
        let mut writing = Writing::new(5);
        writing.push("äöü");
        assert!(writing.is_full());
        let text = writing.finish();
        assert_eq!((text.text.as_str(), text.is_cut), ("äö", true));
    }

    #[test]
    fn a_document_of_marks_alone_has_no_text() {
        let mut writing = Writing::new(100);
        writing.mark("page 1");
        writing.push("\n \n");
        writing.mark("page\n2");
        let text = writing.finish();
        assert_eq!(
            (text.text.as_str(), text.notes),
            ("--- page 1 ---\n\n--- page 2 ---", vec![Note::NoText])
        );
    }
}
