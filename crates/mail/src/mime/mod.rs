//! From MIME to what an agent reads.
//!
//! Pure functions over bytes: no I/O, no clock, bounded in depth and size, no panic on any input.
//! [`text_parts`] says which parts to fetch, [`render`] turns them into text, [`attachments`] lists the
//! files, [`trust`] judges the sender. [`whole`] is for messages whose structure a server cannot tell.

pub mod attachments;
pub mod codes;
pub mod compose;
pub mod decode;
pub mod file_text;
pub mod header;
pub mod invisible;
pub mod line;
pub mod links;
mod parser;
pub mod plain;
pub mod quote;
pub mod render;
pub mod safe_html;
pub mod signature;
pub mod subject;
pub mod text_parts;
pub mod transfer;
pub mod trust;
pub mod visible_text;
pub mod whole;
pub mod words;
