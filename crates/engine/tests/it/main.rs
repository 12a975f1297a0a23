//! The engine on a real Dovecot: what its users ask of it, end to end down to the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accounts;
mod attachments;
mod drafted_files;
mod drafts;
mod exactness;
mod faults;
mod flights;
mod hostile;
mod invites;
mod listing;
mod lookup;
mod paging;
mod people;
mod reading;
mod scripted;
mod searching;
mod sending;
mod servers;
mod stages;
mod stripped;
mod thread_flights;
mod threads;
mod withheld;
mod world;
