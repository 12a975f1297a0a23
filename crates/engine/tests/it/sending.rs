//! Sending through a real mailbox and a submission server that fails where a test wants.

mod again_kills;
mod approvals;
mod copies;
mod drafts_once;
mod faults;
mod follow_up;
mod kills;
mod large;
mod limits;
mod moment;
mod once;
pub(crate) mod outbox_world;
mod person;
mod real;
mod stopped;
mod tarpit;
mod telling;
mod worker;
