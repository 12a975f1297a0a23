//! One message over a signed-in connection: envelope, octets, end (RFC 5321 sections 3.3 and 4.1.1).
//!
//! Everything turns on one moment: the end of the data, `CRLF.CRLF`. Before it nothing is taken; after it
//! only the server's reply tells. So all octets but these are handed over first, then `before_end` is
//! awaited, then they go.

use std::{future::Future, io};

use super::{Reply, SignedIn};
use crate::{Error, octets::Chunks};

/// What goes around a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's address as it goes over the wire; empty for none.
    pub from: String,
    /// The recipients' addresses as they go over the wire.
    pub recipients: Vec<String>,
    /// How many octets the source gives, exactly: a source that gives more or fewer is not believed.
    pub size: u64,
    /// Whether there are octets above 127.
    pub is_8bit: bool,
    /// Whether an address is not ASCII (RFC 6531).
    pub needs_utf8: bool,
    /// Whether a failed delivery shall be told to the sender, where the server takes such wishes (RFC 3461).
    pub wants_dsn: bool,
}

/// What the server said to one recipient, or of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReply {
    /// Whether it was a yes.
    pub accepted: bool,
    /// Whether it was a "not now" (4yz).
    pub is_temporary: bool,
    /// The three digits.
    pub code: u16,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The server's own words, shortened, without the enhanced code.
    pub text: String,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// What was said to each recipient, in the order of the envelope; at least one was accepted.
    pub recipients: Vec<RecipientReply>,
    /// The server's own words at the end.
    pub text: String,
}

/// Why a message was not taken, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum NotSubmitted {
    /// No recipient was accepted; what was said to each, in the order of the envelope.
    #[error("the server refused all recipients")]
    AllRefused(Vec<RecipientReply>),
    /// The sender was refused.
    #[error("the server refused the sender")]
    SenderRefused(RecipientReply),
    /// The message was refused by a reply: definite.
    #[error("the server refused the message")]
    MessageRefused(RecipientReply),
    /// Larger than the server says it takes.
    #[error("the server takes messages of at most {limit} octets")]
    TooLarge {
        /// What it takes, in octets.
        limit: u64,
    },
    /// An address is not ASCII, and the server takes only such.
    #[error("the server takes no addresses beyond ASCII")]
    NeedsUtf8,
    /// The message is 8 bit, and the server takes only 7 bit.
    #[error("the server takes no 8 bit messages")]
    Needs8Bit,
    /// Lost before the last of the data: nothing was taken, it is safe to try again.
    #[error("the message was not handed over")]
    NotSent(#[source] Error),
    /// Lost between the last of the data and the reply: perhaps taken.
    #[error("the server did not say whether it took the message")]
    Unknown(#[source] Error),
    /// The source of the octets or `before_end` failed, or the envelope cannot be written: nothing was taken.
    #[error("the message could not be read")]
    Stopped(#[source] io::Error),
}

/// Hands one message over.
///
/// `before_end` is awaited once, after all octets but the last of the data were handed over; if it fails,
/// nothing is taken. If this future is dropped before `before_end` is done nothing is taken either;
/// dropped later, nobody knows.
///
/// # Errors
/// [`NotSubmitted`] says which of them are safe to repeat.
pub async fn submit<F>(
    signed_in: &mut SignedIn,
    envelope: &Envelope,
    octets: &mut impl Chunks,
    before_end: F,
) -> Result<Submitted, NotSubmitted>
where
    F: Future<Output = io::Result<()>> + Send,
{
    let _ = (signed_in, envelope, octets, before_end, Reply::text);
    Err(NotSubmitted::NotSent(Error::NotSupported("not built")))
}
