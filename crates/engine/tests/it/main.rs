//! The engine on a real Dovecot: what its users ask of it, end to end down to the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accounts;
mod at_rest;
mod attachments;
mod deleting;
mod drafted_files;
mod drafts;
mod exactness;
mod faults;
mod flights;
mod following;
mod hostile;
mod invites;
mod listing;
mod lookup;
mod managing;
mod moving_kills;
mod organizing;
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
mod trials;
mod undoing;
mod undoing_kills;
mod withheld;
mod world;
