//! The commands we send, one file each: how it is asked and how its answer is read.

pub mod fetch;
pub mod list;
pub mod search;
pub mod select;

use super::{
    request::{Request, Wants},
    wire::Command,
};

/// NOOP: anything new?
pub fn noop() -> Request {
    Request::new(Command::new("NOOP"), Wants::Nothing)
}
