//! From MIME to what an agent reads.

pub mod words;
