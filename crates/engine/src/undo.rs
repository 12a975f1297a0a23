//! Taking changes back: what this grant changed and nobody changed since, and a message that has not left.

use domain::{Principal, Problem};

use crate::{
    Engine,
    organize::{FailedOne, Progress},
};

/// What came of taking a change back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undone {
    /// How many messages or folders are as they were.
    pub undone: u64,
    /// Those that are not; at most a hundred.
    pub failed: Vec<FailedOne>,
    /// How many are not.
    pub failed_count: u64,
}

impl Engine {
    /// Takes a change back: one of `mail_organize`, `mail_folder` or `mail_send`, by its handle. Needs the scope of what it
    /// reverses.
    pub async fn undo(
        &self,
        _principal: &Principal,
        _undo: &str,
        _progress: &Progress,
    ) -> Result<Undone, Problem> {
        Err(Problem::new(domain::Code::NotSupported, "Not yet."))
    }
}
