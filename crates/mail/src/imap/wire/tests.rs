//! Tests of the whole way: octets to events, commands to octets, against recorded replies and imap-codec.

mod commands;
mod differential;
mod framing;
mod replies;
