//! From what a message says to its octets, and the words that answers are made of.
//!
//! Pure functions: no I/O, no clock, no randomness. Files are places in a [`Layout`], never in memory.

mod address;
mod encoder;
mod flowed;
mod header;
mod layout;
mod letter;
mod rewrite;
mod transfer;

pub use address::{AddressError, AddressFault, WireAddress, parse_recipients, wire_address};
pub use encoder::FileEncoder;
pub use flowed::flow;
pub use layout::{Layout, Segment, lay_out};
pub use letter::{ComposeError, FileEncoding, FilePart, Letter, message_id};
pub use rewrite::{Rewritten, rewrite_header};
