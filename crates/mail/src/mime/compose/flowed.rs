//! Text → format=flowed (RFC 3676).

/// Text as format=flowed.
pub fn flow(text: &str) -> String {
    text.replace('\n', "\r\n")
}
