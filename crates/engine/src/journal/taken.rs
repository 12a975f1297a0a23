//! Changes that are taken back: by one process at a time. What one that died had taken, another takes, with
//! what was left of it then.

use domain::{ChangeId, Principal, Problem};
use storage::{LeftStep, NewStep};

use super::{ChangeFound, StepFound, form, settle::LEASE, unreadable};
use crate::{Engine, outbox::owner::Life};

impl Engine {
    /// Takes a change that was made, to reverse it: only one taker gets it, once.
    pub(crate) async fn take_change(&self, principal: &Principal, id: &ChangeId) -> Result<bool, Problem> {
        let (kept, taker) = (self.journal_of(principal), self.owner().name());
        kept.change_take(&principal.grant, id, taker, self.now()).await.map_err(|error| unreadable(&error))
    }

    /// Takes a change from a process that took it and is not there any more; not from one that may be at it.
    pub(crate) async fn retake_change(
        &self,
        principal: &Principal,
        change: &ChangeFound,
    ) -> Result<bool, Problem> {
        let Some((taker, at)) = &change.taken else { return Ok(false) };
        let is_left = match self.owner().life_of(taker) {
            Life::Alive => false,
            Life::Dead => true,
            Life::Unknown => *taker != self.owner().name() && *at + LEASE <= self.now(),
        };
        if !is_left {
            return Ok(false);
        }
        let (kept, own) = (self.journal_of(principal), self.owner().name());
        let taken = kept.change_retake(&principal.grant, &change.id, (taker, *at), own).await;
        taken.map_err(|error| unreadable(&error))
    }

    /// Notes what is left of a step of a change that was taken, so that nobody reverses the rest again.
    pub(crate) async fn leave_of_change(
        &self,
        principal: &Principal,
        id: &ChangeId,
        number: u32,
        left: Option<&StepFound>,
    ) -> Result<(), Problem> {
        let left = left.map(left_step);
        let kept = self.journal_of(principal);
        let noted = kept.change_left(id, self.owner().name(), number, left.as_ref()).await;
        noted.map_err(|error| unreadable(&error))
    }

    /// Gives back a change that was taken, with what is left of its steps: it can be taken again, unless
    /// nothing is left.
    pub(crate) async fn give_back_change(
        &self,
        principal: &Principal,
        id: &ChangeId,
        left: &[StepFound],
    ) -> Result<(), Problem> {
        let left: Vec<LeftStep> = left.iter().map(left_step).collect();
        let given = self.journal_of(principal).change_give_back(id, self.owner().name(), &left).await;
        given.map_err(|error| unreadable(&error))
    }
}

fn left_step(found: &StepFound) -> LeftStep {
    let (account, account_name) = (found.account.clone(), found.account_name.clone());
    let step = NewStep { account, account_name, body: form::write_step(&found.step) };
    LeftStep { seq: found.number, is_done: found.is_done, step }
}
