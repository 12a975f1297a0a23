//! Speaks to mail servers: IMAP, submission by SMTP, SASL and MIME.
//!
//! Knows no users, no grants and no SQL; it can be used by somebody else as a library. Values in and
//! out are `domain`'s. Start with [`imap`] for servers and [`mime`] for what a message says.

pub mod calendar;
pub mod discover;
pub mod error;
pub mod imap;
pub mod mime;
pub mod octets;
pub mod sasl;
pub mod smtp;

pub use error::Error;
