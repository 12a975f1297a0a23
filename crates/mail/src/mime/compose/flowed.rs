//! Plain text as `format=flowed` (RFC 3676). Line ends only, so far.

/// The text with CRLF line ends.
pub fn flow(text: &str) -> String {
    super::transfer::with_crlf(text)
}
