//! The IMAP engine against servers: scripted ones that do what a test says, and a real Dovecot. And letters
//! of every kind, all the way through MIME. And messages handed to submission servers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod calendar;
mod calendar_replies;
mod calendar_rules;
mod compose;
mod compose_foreign;
mod composed;
mod composing;
mod dovecot;
mod faults;
mod folders;
mod fuzzed;
mod letters;
mod listing;
mod part;
mod pool;
mod reading;
mod rendering;
mod script;
mod searching;
mod servers;
mod sign_in;
mod structure;
mod submission;
mod submission_dovecot;
mod submission_faults;
mod threads;
mod writing;
