//! Sending through a real mailbox and a submission server that fails where a test wants.

mod approvals;
mod copies;
mod faults;
mod follow_up;
mod kills;
mod large;
mod limits;
mod once;
mod outbox_world;
mod real;
mod stopped;
mod worker;
