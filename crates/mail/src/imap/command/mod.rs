//! The commands we send, one file each: how it is asked and how its answer is read.

pub mod append;
pub mod create;
pub mod expunge;
pub mod fetch;
pub mod list;
pub mod rename;
pub mod search;
pub mod select;
pub mod store;
pub mod transfer;

use super::{
    request::{Request, Wants},
    wire::Command,
};

/// NOOP behind a FETCH: anything new, and which flags changed?
pub fn news() -> Request {
    Request::new(Command::new("NOOP"), Wants::Fetch)
}

/// NOOP: anything new?
pub fn noop() -> Request {
    Request::new(Command::new("NOOP"), Wants::Nothing)
}
