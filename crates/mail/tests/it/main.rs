//! The IMAP engine against servers: scripted ones that do what a test says, and a real Dovecot.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod dovecot;
mod faults;
mod folders;
mod fuzzed;
mod listing;
mod part;
mod pool;
mod reading;
mod script;
mod searching;
mod servers;
mod sign_in;
mod threads;
