//! Taking back what an agent did, by the person themselves: also where the agent was paused or its access has ended.

use domain::{ChangeId, Code, GrantId, OutboxId, Principal, Problem};

use super::Undone;
use crate::{Engine, journal::unreadable, organize::Progress};

impl Engine {
    /// Takes back what any agent of a person's changed, by its handle. `person` is who is signed in, under no grant;
    /// what another person's agents did answers as if it had never been.
    pub async fn undo_as_person(
        &self,
        person: &Principal,
        undo: &str,
        progress: &Progress,
    ) -> Result<Undone, Problem> {
        let undo = undo.trim();
        let grant = self.grant_behind(&person.user, undo).await?.ok_or_else(gone)?;
        // The journal knows a change by the grant that made it; what may be done is the person's.
        let as_made = Principal { grant, ..person.clone() };
        self.undo(&as_made, undo, progress).await
    }

    /// The grant under which a person's change was made, or their message written.
    async fn grant_behind(&self, user: &str, undo: &str) -> Result<Option<GrantId>, Problem> {
        let Some(store) = &self.0.settings.store else { return Ok(None) };
        let (change, sending) = (ChangeId::from_text(undo), OutboxId::from_text(undo));
        let found = if change.to_bytes().is_some() {
            store.change_grant_of(user, &change).await
        } else if sending.to_bytes().is_some() {
            let row = store.outbox_find(&sending).await;
            row.map(|row| row.filter(|row| row.user == user).map(|row| row.grant))
        } else {
            Ok(None)
        };
        found.map_err(|error| unreadable(&error))
    }
}

/// It never was, is too old, or is another person's.
fn gone() -> Problem {
    Problem::new(Code::NotFound, "There is nothing to take back here.")
        .hint("A change can be taken back for 7 days, and a message until it leaves.")
}
