//! Taking back a message that was to leave and has not begun to.

use domain::{Code, OutboxId, Principal, Problem, Scope};
use storage::OutgoingState;

use super::{Undone, absent, already};
use crate::{Engine, organize::FailedOne};

impl Engine {
    /// Cancels a sending of this grant.
    pub(super) async fn undo_send(&self, principal: &Principal, id: &OutboxId) -> Result<Undone, Problem> {
        if !principal.may(Scope::Send) {
            return Err(Problem::new(Code::ScopeMissing, "Taking a sending back needs `mail:send`."));
        }
        let Some(store) = &self.0.settings.store else { return Err(absent()) };
        let find = || async {
            let row = store.outbox_find(id).await.map_err(|error| failed(&error))?;
            row.filter(|row| row.grant == principal.grant).ok_or_else(absent)
        };
        if find().await?.state == OutgoingState::Cancelled {
            return Err(already());
        }
        if store.outbox_cancel_one(id).await.map_err(|error| failed(&error))? {
            return Ok(Undone { undone: 1, ..Undone::default() });
        }
        let told = match find().await?.state {
            OutgoingState::Cancelled => return Err(already()),
            OutgoingState::Sending | OutgoingState::Committing => "The message is leaving just now.",
            OutgoingState::Sent | OutgoingState::PartlySent => "The message has left.",
            OutgoingState::Unknown => "The message has perhaps left; nobody can take it back.",
            _ => "The message does not leave any more; nothing is to be taken back.",
        };
        let failed = FailedOne { id: id.to_string(), problem: Problem::new(Code::Conflict, told) };
        Ok(Undone { undone: 0, failed: vec![failed], failed_count: 1 })
    }
}

fn failed(error: &storage::Error) -> Problem {
    tracing::error!(%error, "the outbox failed");
    Problem::new(Code::Internal, "The outbox cannot be read or written now.")
        .hint("Call again: a message that has not left by then is taken back.")
}
