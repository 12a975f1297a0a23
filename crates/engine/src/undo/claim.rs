//! A change that one call has taken to reverse it, and what of it is left to be reversed: given back if
//! that may still succeed, also where the call is cancelled.

use domain::{ChangeId, Principal, Problem};

use super::{Reversed, may_pass};
use crate::{
    Engine,
    journal::{ChangeFound, Step, StepFound},
};

pub(super) struct Claim {
    engine: Engine,
    principal: Principal,
    id: ChangeId,
    /// The steps with what is not reversed of them, in their order.
    left: Vec<StepFound>,
    is_settled: bool,
}

impl Claim {
    /// Of a change that was just taken: all is left.
    pub(super) fn of(engine: &Engine, principal: &Principal, change: &ChangeFound) -> Self {
        Self {
            engine: engine.clone(),
            principal: principal.clone(),
            id: change.id.clone(),
            left: change.steps.clone(),
            is_settled: false,
        }
    }

    /// Keeps of a step what may be reversed later; also for another process, if this one does not come to
    /// the end.
    pub(super) async fn keep(&mut self, of: &StepFound, outcomes: &[Reversed]) {
        let is_left = |index: usize| outcomes.get(index).is_some_and(|one| one.as_ref().is_err_and(may_pass));
        let Some(position) = self.left.iter().position(|step| step.number == of.number) else { return };
        match rest(&of.step, is_left) {
            Some(step) => {
                if let Some(kept) = self.left.get_mut(position) {
                    kept.step = step;
                }
            }
            None => drop(self.left.remove(position)),
        }
        // What is left of the last step is told when all is settled.
        let is_last = !self.left.iter().any(|step| step.number < of.number);
        if is_last {
            return;
        }
        let left = self.left.iter().find(|step| step.number == of.number);
        let noted = self.engine.leave_of_change(&self.principal, &self.id, of.number, left).await;
        if let Err(problem) = noted {
            tracing::warn!(code = %problem.code, "how far a change was taken back cannot be noted");
        }
    }

    /// The reversal has come to its end. A change of which nothing is left is taken back for good.
    pub(super) async fn settle(mut self) -> Result<(), Problem> {
        self.engine.give_back_change(&self.principal, &self.id, &self.left).await?;
        self.is_settled = true;
        Ok(())
    }
}

/// What of a step is left; nothing if it is reversed.
fn rest(step: &Step, is_left: impl Fn(usize) -> bool) -> Option<Step> {
    let is_folders = !matches!(step, Step::Flags { .. } | Step::Transfer { .. } | Step::Destroyed { .. });
    if is_folders {
        return is_left(0).then(|| step.clone());
    }
    let mut rest = step.clone();
    let mut index = 0;
    let mut is_next_left = || {
        index += 1;
        is_left(index - 1)
    };
    let count = match &mut rest {
        Step::Flags { messages, .. } => {
            messages.retain(|_| is_next_left());
            messages.len()
        }
        Step::Transfer { messages, uids, .. } if messages.is_empty() => {
            uids.retain(|_| is_next_left());
            uids.len()
        }
        Step::Transfer { messages, uids, .. } => {
            messages.retain(|_| is_next_left());
            *uids = messages.iter().map(|message| message.was.uid).collect();
            messages.len()
        }
        _ => 0,
    };
    (count > 0).then_some(rest)
}

impl Drop for Claim {
    /// A call that was cancelled leaves the rest to another.
    fn drop(&mut self) {
        if self.is_settled {
            return;
        }
        let (engine, principal, id) = (self.engine.clone(), self.principal.clone(), self.id.clone());
        let left = std::mem::take(&mut self.left);
        // Outside of a runtime the process is ending.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(problem) = engine.give_back_change(&principal, &id, &left).await {
                tracing::warn!(code = %problem.code, "a change that was not taken back whole could not be given back");
            }
        });
    }
}
