//! What is known of a message without its bodies: envelope, flags, MIME structure, sizes.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::Timestamp;

/// One mail address with the name that stands before it. Both are text that the sender chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Address {
    /// The decoded display name; empty if there is none.
    pub name: String,
    /// `local@domain`, as written; only the local part where the domain is missing.
    pub email: String,
}

impl Address {
    /// The domain in lower case; empty if there is none.
    pub fn domain(&self) -> String {
        self.email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase()).unwrap_or_default()
    }
}

impl fmt::Display for Address {
    /// `Name <local@domain>`, or the address alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            f.write_str(&self.email)
        } else {
            write!(f, "{} <{}>", self.name, self.email)
        }
    }
}

/// The ENVELOPE of RFC 9051, 7.5.2, with encoded words decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// The Date header, if it can be read.
    pub date: Option<Timestamp>,
    /// The decoded subject.
    pub subject: String,
    /// From.
    pub from: Vec<Address>,
    /// Sender.
    pub sender: Vec<Address>,
    /// Reply-To.
    pub reply_to: Vec<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Bcc.
    pub bcc: Vec<Address>,
    /// Message-IDs of In-Reply-To, in angle brackets.
    pub in_reply_to: Vec<String>,
    /// The Message-ID in angle brackets; absent if the message has none.
    pub message_id: Option<String>,
}

/// A flag or keyword of a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// Any other, as the server writes it.
    Keyword(String),
}

impl Flag {
    /// Reads a flag as servers write it; system flags in any case.
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "\\seen" => Self::Seen,
            "\\answered" => Self::Answered,
            "\\flagged" => Self::Flagged,
            "\\deleted" => Self::Deleted,
            "\\draft" => Self::Draft,
            _ => Self::Keyword(text.to_owned()),
        }
    }

    /// The flag on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Seen => "\\Seen",
            Self::Answered => "\\Answered",
            Self::Flagged => "\\Flagged",
            Self::Deleted => "\\Deleted",
            Self::Draft => "\\Draft",
            Self::Keyword(name) => name,
        }
    }
}

/// Where a MIME part stands in its message: the numbers of RFC 9051, 6.4.5.1 (`1.2`). Empty: the whole message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PartPath(pub Vec<u32>);

impl PartPath {
    /// The path of this part's child with that number, counted from 1.
    #[must_use]
    pub fn child(&self, number: u32) -> Self {
        let mut path = self.0.clone();
        path.push(number);
        Self(path)
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, number) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            number.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for PartPath {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split('.').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// One node of a message's MIME structure (BODYSTRUCTURE, RFC 9051, 7.5.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Where it stands. A message that is not multipart has its only part at `1`.
    pub path: PartPath,
    /// `text`, `multipart`, `message` …, in lower case.
    pub kind: String,
    /// `plain`, `mixed` …, in lower case.
    pub subtype: String,
    /// Parameters of Content-Type: names in lower case, values decoded (RFC 2231, RFC 2047).
    pub parameters: BTreeMap<String, String>,
    /// Content-ID, without angle brackets.
    pub content_id: Option<String>,
    /// Content-Transfer-Encoding in lower case; `7bit` if the server gave none.
    pub encoding: String,
    /// Octets as they stand in the message, that is: encoded. Zero if the server lied or said nothing.
    pub size: u64,
    /// Content-Disposition's type in lower case.
    pub disposition: Option<String>,
    /// Parameters of Content-Disposition, decoded.
    pub disposition_parameters: BTreeMap<String, String>,
    /// Parts of a multipart; of a `message/rfc822` the nested message's body.
    pub children: Vec<Part>,
    /// The nested message's envelope, for `message/rfc822`.
    pub envelope: Option<Box<Envelope>>,
}

impl Part {
    /// Whether the media type is `kind/subtype`.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    /// The media type as text.
    pub fn media_type(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }

    /// The file name of Content-Disposition, else the name of Content-Type.
    pub fn file_name(&self) -> Option<&str> {
        let name = self.disposition_parameters.get("filename").or_else(|| self.parameters.get("name"));
        name.map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// What Gmail adds to a message (X-GM-EXT-1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GmailIds {
    /// X-GM-MSGID: the same in every folder.
    pub message: u64,
    /// X-GM-THRID.
    pub thread: u64,
    /// X-GM-LABELS, decoded.
    pub labels: Vec<String>,
}

/// What a list shows of a message: everything but the bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The UID in its folder.
    pub uid: u32,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// INTERNALDATE: when the server received it.
    pub received: Timestamp,
    /// RFC822.SIZE in octets.
    pub size: u64,
    /// The envelope.
    pub envelope: Envelope,
    /// The MIME structure; absent where it was not asked for or could not be read.
    pub structure: Option<Part>,
    /// Message-IDs of References, oldest first, in angle brackets.
    pub references: Vec<String>,
    /// The List-Id between its angle brackets.
    pub list_id: Option<String>,
    /// Whether the message offers List-Unsubscribe.
    pub has_unsubscribe: bool,
    /// Authentication-Results headers, unfolded, topmost first.
    pub authentication_results: Vec<String>,
    /// Ids and labels of Gmail.
    pub gmail: Option<GmailIds>,
    /// THREADID (RFC 8474), where the server keeps threads.
    pub thread_id: Option<String>,
}

impl Summary {
    /// Whether the flag is set.
    pub fn has(&self, flag: &Flag) -> bool {
        self.flags.contains(flag)
    }

    /// The thread that its server put it into: X-GM-THRID in decimal, else THREADID.
    pub fn server_thread(&self) -> Option<String> {
        match &self.gmail {
            Some(gmail) if gmail.thread != 0 => Some(gmail.thread.to_string()),
            _ => self.thread_id.clone(),
        }
    }

    /// The Message-IDs that it answers: References, oldest first, then In-Reply-To.
    pub fn answered(&self) -> impl Iterator<Item = &String> {
        self.references.iter().chain(&self.envelope.in_reply_to)
    }
}
