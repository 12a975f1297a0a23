//! Text and smaller pictures out of documents, read in a child process with limits.
//!
//! Formats made by strangers are parsed in the child only: [`Reader`] starts it, feeds it and ends it,
//! [`child_main`] is what it runs. Knows no mail and no user; what a text says is not judged here.

mod child;
mod error;
mod kind;
mod limits;
mod office;
mod pdf;
mod picture;
mod pipe;
mod reader;
mod text;

pub use child::child_main;
pub use error::{Error, Result};
pub use kind::Kind;
pub use limits::Limits;
pub use reader::{Picture, Reader};
pub use text::{Note, Text};
