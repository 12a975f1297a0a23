//! Our IMAP engine: wire format, typed responses, connection, session, pool (RFC 3501, RFC 9051).
//!
//! From below: [`wire`] turns bytes into [`response`]s without I/O; [`connect`] signs in and leaves a
//! [`session`], whose [`connection`] task keeps many commands in flight; [`pool`] lends sessions. What
//! is asked is in [`command`]; [`folder`], [`listing`], [`reading`] and [`part`] are whole questions, and
//! [`write`] is what changes something.

pub mod capability;
pub mod change;
pub mod command;
mod compress;
mod connect;
mod connection;
mod dialogue;
pub mod folder;
pub mod listing;
mod literal;
pub mod make_role;
pub mod manage;
pub mod marked;
pub mod naming;
pub mod part;
pub mod pool;
pub mod quirk;
pub mod reading;
mod request;
pub mod response;
pub mod role;
pub mod row;
pub mod search;
pub mod session;
pub mod stored;
mod transport;
pub mod wire;
pub mod write;

pub use connect::{Login, Tuning, connect};
pub use pool::{Pool, Question};
pub use request::{Reply, Request};
pub use session::Session;
