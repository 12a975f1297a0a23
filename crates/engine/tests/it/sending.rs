//! Sending through a real mailbox and a submission server that fails where a test wants.

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
mod real;
mod stopped;
mod tarpit;
mod telling;
mod worker;
