//! What happens to mail: open an account, list, search, read, fetch files.
//!
//! Doors call [`Engine`] with a principal and get plain values or a [`domain::Problem`]. An account is
//! opened by [`Engine::account`] alone, so one that was not granted cannot be expressed. Nothing here
//! knows which door a request came through.

pub mod accounts;
mod apart;
pub mod approval;
pub mod attachment;
pub mod bounds;
mod carried;
mod cursor;
pub mod delete;
mod fields;
pub mod folders;
pub mod invite;
mod journal;
mod leaving;
pub mod manage;
mod merge;
mod opened;
pub mod organize;
pub mod outbox;
pub mod outgoing;
mod pages;
pub mod people;
mod plan;
pub mod read;
mod row;
pub mod search;
mod submission;
pub mod suggest;
pub mod telling;
pub mod thread;
pub mod trial;
pub mod undo;
mod unstored;

pub use accounts::{Account, AccountStatus, Engine, Settings};
pub use bounds::Bounds;
