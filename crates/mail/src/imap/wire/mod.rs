//! From bytes to responses and from commands to bytes, without any I/O.
//!
//! In: put what was read into a [`Framer`], take [`Event`]s out of it. Out: build a [`Command`], get
//! [`Segment`]s to write. What a response means is in [`super::response`]; nothing here waits or decides.

pub mod date;
pub mod encode;
pub mod framer;
mod parse;
pub mod sequence;
mod tokenizer;
pub mod utf7;

pub use encode::{Command, Dialect, Literals, Segment};
pub use framer::{Event, Framer, Limits};
pub use tokenizer::Value;

#[cfg(test)]
mod tests;
