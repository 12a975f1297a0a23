//! What an agent reads of a message: text, links, attachments, and how far to trust it.
//!
//! All text here came from senders. It is cleaned of what nobody would see, but it stays untrusted.

/// A link of a body, numbered as `[text][n]` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The number, counted from 1.
    pub number: usize,
    /// The visible text, shortened.
    pub text: String,
    /// Host and path, or the full URL where text and target disagree or the full view was asked for.
    pub url: String,
    /// Why to be careful, in our own words; absent if nothing is odd.
    pub warning: Option<String>,
}

/// What was taken out of a text because no reader of the message would have seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Characters of text that its style hid.
    pub hidden: usize,
    /// Invisible characters: tags, bidi controls, zero-width ones.
    pub invisible: usize,
}

impl Removed {
    /// Both counts of two texts together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { hidden: self.hidden + other.hidden, invisible: self.invisible + other.invisible }
    }
}

/// A body as an agent reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readable {
    /// Visible text as Markdown.
    pub text: String,
    /// The links of the text, by number.
    pub links: Vec<Link>,
    /// What was removed.
    pub removed: Removed,
}

/// A part that is offered as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its number among the message's attachments, counted from 1.
    pub index: usize,
    /// Where it stands in the message.
    pub path: crate::PartPath,
    /// Its file name; made from its type if it has none.
    pub name: String,
    /// Its media type as the sender claims it.
    pub media_type: String,
    /// Octets after decoding, estimated from the encoded size.
    pub size: u64,
    /// Whether it is shown inside the body.
    pub is_inline: bool,
}

/// What a mechanism of Authentication-Results (RFC 8601) said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// It held.
    Pass,
    /// It did not.
    Fail,
    /// Not checked, or no header that can be believed.
    #[default]
    Unknown,
}

impl Verdict {
    /// `pass`, `fail` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// How far a message can be believed to come from whom it says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// SPF.
    pub spf: Verdict,
    /// DKIM.
    pub dkim: Verdict,
    /// DMARC.
    pub dmarc: Verdict,
    /// Whether Reply-To leads to another domain than From.
    pub reply_to_differs: bool,
    /// Why the sender's domain or name looks like somebody else's; absent if it does not.
    pub look_alike: Option<String>,
    /// What was removed from subject, names and body.
    pub removed: Removed,
    /// How many likely one-time codes and sign-in links were masked.
    pub masked_codes: usize,
}
