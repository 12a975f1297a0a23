//! What a message says, before it is octets, and why it cannot become any.

use std::fmt;

use domain::{Address, Code, Problem, Timestamp};

use super::address::{AddressError, wire_domain};

/// What a message says, before it is octets.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// From.
    pub from: Address,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc: stands in the stored form only.
    pub bcc: Vec<Address>,
    /// Reply-To; empty for none.
    pub reply_to: Vec<Address>,
    /// The subject as a person reads it.
    pub subject: String,
    /// The date, with the offset to be written.
    pub date: Timestamp,
    /// Its Message-ID, in angle brackets.
    pub message_id: String,
    /// The Message-ID that it answers, in angle brackets.
    pub in_reply_to: Option<String>,
    /// References, oldest first, in angle brackets. An id that cannot be written is left out.
    pub references: Vec<String>,
    /// Further fields: name and text.
    pub extra: Vec<(String, String)>,
    /// Plain text: a paragraph is a single line, lines of quotes begin with `>`.
    pub text: String,
    /// A document or fragment of HTML that is already safe.
    pub html: Option<String>,
    /// What calendars read of it: the same as the text, for programs.
    pub calendar: Option<CalendarPart>,
    /// Files that the HTML shows, with a Content-ID.
    pub inline: Vec<FilePart>,
    /// Attached files.
    pub files: Vec<FilePart>,
}

/// A calendar as one of the renderings of a message (RFC 6047, 2.4).
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarPart {
    /// Its METHOD, which the part's type repeats.
    pub method: &'static str,
    /// The calendar, folded.
    pub text: String,
}

/// A file as its part says it; its octets are streamed into its place.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Its name as a person reads it; empty for none.
    pub name: String,
    /// Its media type, perhaps with parameters; what is no media type is written as `application/octet-stream`.
    pub media_type: String,
    /// The Content-ID, with or without angle brackets.
    pub content_id: Option<String>,
    /// How its octets are written.
    pub encoding: FileEncoding,
    /// Its size in octets before encoding, where it is known.
    pub size: Option<u64>,
}

/// How a file's octets stand in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEncoding {
    /// Base64.
    Base64,
    /// As they are, with CRLF lines: messages, which must not be encoded (RFC 2046 section 5.2.1).
    AsIs {
        /// Whether octets outside ASCII are among them.
        is_8bit: bool,
    },
}

// What a letter says is not for logs.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recipients = self.to.len() + self.cc.len() + self.bcc.len();
        let files = self.inline.len() + self.files.len();
        write!(f, "Letter({recipients} recipients, {files} files)")
    }
}

impl fmt::Debug for CalendarPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CalendarPart({})", self.method)
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilePart({:?}, {:?})", self.encoding, self.size)
    }
}

impl FileEncoding {
    /// How many octets a file of that size takes in the message. Of a file that stands there as it is, it is
    /// the size with CRLF lines that counts.
    pub fn encoded_size(&self, size: u64) -> u64 {
        match self {
            Self::AsIs { .. } => size,
            Self::Base64 => {
                let digits = size.div_ceil(3).saturating_mul(4);
                digits.saturating_add(digits.saturating_sub(1) / 76 * 2)
            }
        }
    }
}

/// Why a letter cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// An address of a field cannot be written.
    #[error("an address in {field} cannot be written")]
    Address {
        /// The field's name.
        field: &'static str,
        /// Why.
        #[source]
        source: AddressError,
    },
    /// The Message-ID is none.
    #[error("the Message-ID is not one")]
    MessageId,
    /// The date is outside the years 1900 to 9999.
    #[error("the date cannot be written")]
    Date,
    /// A further field's name is none, or one that the letter has by itself.
    #[error("a further field cannot be written")]
    Field,
    /// A Content-ID holds what none can.
    #[error("a Content-ID cannot be written")]
    ContentId,
    /// The header would be larger than what is read of one.
    #[error("the header is too large")]
    HeaderTooLarge,
}

impl ComposeError {
    /// The problem as a caller is told it.
    pub fn problem(&self) -> Problem {
        let ours = || Problem::new(Code::Internal, format!("The message could not be written: {self}."));
        match self {
            Self::Address { field, source } => {
                let mut problem = source.problem();
                problem.message = format!("{field}: {}", problem.message);
                problem
            }
            Self::ContentId => Problem::new(Code::InvalidInput, "A `content_id` cannot be written.")
                .hint("Use letters, digits and `.-_@` only, and the same after `cid:` in the HTML."),
            Self::HeaderTooLarge => Problem::new(Code::TooLarge, "The header would be larger than 1 MB.")
                .hint("Shorten the subject, or send to fewer recipients at once."),
            Self::Date => Problem::new(Code::InvalidInput, "The date is outside the years 1900 to 9999.")
                .hint("Give a date of our time."),
            Self::MessageId | Self::Field => ours(),
        }
    }
}

/// `<base32@domain>`: a Message-ID of what authenticates the message. What cannot stand in one is replaced.
pub fn message_id(mac: &[u8], domain: &str) -> String {
    let domain = wire_domain(domain).unwrap_or_else(|_| "postroom.invalid".to_owned());
    format!("<{}@{domain}>", base32(mac.get(..32).unwrap_or(mac)))
}

/// RFC 4648 section 6 in lower case, without padding.
pub fn base32(octets: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::with_capacity(octets.len().div_ceil(5) * 8);
    let (mut bits, mut count) = (0_u32, 0_u32);
    let digit = |value: u32| DIGITS.get((value & 31) as usize).map_or('a', |digit| char::from(*digit));
    for octet in octets {
        bits = (bits << 8 | u32::from(*octet)) & 0xfff;
        count += 8;
        while count >= 5 {
            count -= 5;
            out.push(digit(bits >> count));
        }
    }
    if count > 0 {
        out.push(digit(bits << (5 - count)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_the_rfc() {
        for (octets, digits) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(octets.as_bytes()), digits);
        }
    }

    #[test]
    fn a_message_id_has_a_domain_that_can_be_written() {
        assert_eq!(message_id(b"foobar", "bücher.example"), "<mzxw6ytboi@xn--bcher-kva.example>");
        assert_eq!(message_id(b"foobar", "x>\r\nBcc: y"), "<mzxw6ytboi@postroom.invalid>");
        assert!(message_id(&[0xff; 500], "x.example").len() < 80);
    }
}
