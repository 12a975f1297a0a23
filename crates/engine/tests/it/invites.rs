//! Invites: read from a mailbox, held against the mail around them, answered through the outbox.

mod answering;
mod around;
mod letters;
mod reading;
