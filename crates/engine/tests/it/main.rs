//! The engine on a real Dovecot: what its users ask of it, end to end down to the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accounts;
mod faults;
mod hostile;
mod listing;
mod lookup;
mod paging;
mod reading;
mod searching;
mod servers;
mod world;
