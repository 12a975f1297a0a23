//! From what a message says to its octets, and the words that answers are made of.
//!
//! Pure functions: no I/O, no clock, no randomness. Files are places in a [`Layout`], never in memory.

mod address;
mod answer;
mod encoder;
pub(super) mod escape;
mod flowed;
mod header;
mod language;
mod layout;
mod letter;
mod markdown;
mod quotation;
mod references;
mod reply;
mod reply_subject;
mod rewrite;
pub(super) mod safe_html;
mod style;
mod transfer;

pub use address::{AddressError, AddressFault, WireAddress, parse_recipients, wire_address};
pub use answer::{Answer, Body, Own, body};
pub use encoder::FileEncoder;
pub use flowed::flow;
pub use language::Language;
pub use layout::{Layout, Segment, lay_out};
pub use letter::{CalendarPart, ComposeError, FileEncoding, FilePart, Letter, base32, message_id};
pub use markdown::{markdown_to_html, markdown_to_text};
pub use quotation::{Original, quotable};
pub use references::reply_references;
pub use reply::{Recipients, reply_recipients};
pub use reply_subject::{forward_subject, reply_subject};
pub use rewrite::{Rewritten, rewrite_header};
pub use safe_html::{html_to_text, safe_html};
