//! A draft that was sent before: whether a wish to send it is that one again, or a new one.
//!
//! One version of a draft leaves once, whatever keys it is asked for with; only a version that did not leave
//! and never will is sent anew, under a new key. Another version needs a new key that is given: without one it
//! is a conflict, since nobody can tell whether both were meant.

use domain::{DraftId, Principal, Problem};
use storage::{Outgoing, OutgoingState, Store};

use super::{key::Asked, stored_badly, told};
use crate::{Engine, outgoing::Sending};

impl Engine {
    /// The sending that this wish is already, if it is one; `known` is what its key names. Nothing if it is
    /// to be sent now.
    pub(super) async fn sent_before(
        &self,
        store: &Store,
        principal: &Principal,
        sending: &Sending,
        asked: &Asked,
        known: Option<Outgoing>,
    ) -> Result<Option<Outgoing>, Problem> {
        let Sending::Draft { draft, expect, account } = sending else { return Ok(known) };
        let is_new_wish = asked.is_given && known.is_none();
        if is_new_wish {
            // What nobody answered in time must not stand in the way as if it waited.
            store.approvals_expire(self.now()).await.map_err(|error| stored_badly(&error))?;
        }
        let mut rows = store.outbox_of_draft(&principal.grant, draft).await;
        if let (Ok(rows), Some(known)) = (&mut rows, &known) {
            // What the key names comes first.
            rows.retain(|row| row.id != known.id);
            rows.insert(0, known.clone());
        }
        let rows = rows.map_err(|error| stored_badly(&error))?;
        let Some(newest) = rows.first() else { return Ok(None) };
        let wanted = match expect {
            Some(expect) => Some(expect.clone()),
            None => self.version_now(principal, draft, account.as_deref()).await?,
        };
        let Some(wanted) = wanted else {
            // It went when it was sent, or somebody removed it: there is nothing else to send.
            return Ok(Some(newest.clone()));
        };
        let is_it = |row: &&Outgoing| row.frozen.draft_version.as_ref().is_none_or(|of| *of == wanted);
        let same = match &known {
            Some(known) if asked.is_given => Some(known).filter(is_it),
            _ => rows.iter().find(is_it),
        };
        match same {
            Some(row) if is_new_wish && has_not_left(row.state) => Ok(None),
            Some(row) => Ok(Some(row.clone())),
            None if is_new_wish => Ok(None),
            None => Err(told::another_version(newest, self.now())),
        }
    }

    /// The name of the draft's newest version; nothing if the draft is gone.
    async fn version_now(
        &self,
        principal: &Principal,
        draft: &DraftId,
        account: Option<&str>,
    ) -> Result<Option<String>, Problem> {
        match Box::pin(self.draft_version(principal, draft, account)).await {
            Ok(version) => Ok(Some(version)),
            Err(problem) if problem.code == domain::Code::NotFound => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// Whether it did not leave, and never will.
fn has_not_left(state: OutgoingState) -> bool {
    matches!(
        state,
        OutgoingState::Failed | OutgoingState::Denied | OutgoingState::Expired | OutgoingState::Cancelled
    )
}
