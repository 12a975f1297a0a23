//! Sending through a real mailbox and a submission server that fails where a test wants.

mod approvals;
mod copies;
mod faults;
mod kills;
mod limits;
mod once;
mod outbox_world;
mod real;
mod stopped;
mod worker;
