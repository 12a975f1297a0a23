//! The engine on a real Dovecot: what its users ask of it, end to end down to the wire.

mod listing;
mod reading;
mod searching;
mod world;
