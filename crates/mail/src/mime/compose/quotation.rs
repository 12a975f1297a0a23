//! A message that is answered or passed on, as it stands in the new one.

use domain::{Address, Timestamp, reading::Readable};

/// The message that is answered or passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original<'a> {
    /// From.
    pub from: &'a [Address],
    /// To.
    pub to: &'a [Address],
    /// Cc.
    pub cc: &'a [Address],
    /// When it was written, with the offset that is shown.
    pub date: Timestamp,
    /// The decoded subject.
    pub subject: &'a str,
    /// Its visible text as our converter makes it (see [`quotable`]), never its HTML.
    pub text: &'a str,
}

/// The text of a message as it can be quoted.
pub fn quotable(readable: &Readable) -> String {
    readable.text.clone()
}
