//! Taking changes back: what this grant changed and nobody changed since, and a message that has not left.
//!
//! A change is taken by one call alone and reversed step by step, the last first. What fails for a reason
//! that passes is kept, and the change given back with it: calling again goes on there. Messages are in
//! `messages` and `copies`, folders in `folders`, what leaves in `sending`, what a person takes back themselves in
//! `person`.

mod claim;
mod copies;
mod folders;
mod messages;
mod person;
mod places;
mod sending;
mod tally;

use domain::{ChangeId, Code, OutboxId, Principal, Problem, Scope};

use self::{claim::Claim, tally::Tally};
use crate::{
    Account, Engine,
    accounts::home,
    journal::{Change, ChangeFound, ChangeState, Step, StepFound},
    opened::Fresh,
    organize::{FailedOne, Progress},
};

/// Messages that are reversed at a time.
const BATCH: usize = 1_000;

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

/// What became of one message or folder.
type Reversed = Result<(), Problem>;

impl Engine {
    /// Takes a change back: one of `mail_organize`, `mail_folder` or `mail_send`, by its handle. Needs the scope of what it
    /// reverses.
    pub async fn undo(
        &self,
        principal: &Principal,
        undo: &str,
        progress: &Progress,
    ) -> Result<Undone, Problem> {
        let undo = undo.trim();
        let sending = OutboxId::from_text(undo);
        if sending.to_bytes().is_some() {
            return self.undo_send(principal, &sending).await;
        }
        let id = ChangeId::from_text(undo);
        if id.to_bytes().is_none() {
            return Err(Problem::new(Code::InvalidInput, "This is no handle to take something back by.")
                .hint("Copy `undo` from the answer of the change, as `chg_…` or `out_…`."));
        }
        let mut change = self.change_of(principal, &id).await?.ok_or_else(absent)?;
        check_scope(principal, &change)?;
        let is_again = change.state == ChangeState::Undoing;
        match change.state {
            ChangeState::Done if self.take_change(principal, &id).await? => {}
            ChangeState::Undoing if self.retake_change(principal, &change).await? => {
                // It may have come further since it was looked at.
                change = self.change_of(principal, &id).await?.ok_or_else(absent)?;
            }
            ChangeState::Done | ChangeState::Undoing => return Err(under_way()),
            ChangeState::Begun => {
                return Err(Problem::new(Code::Conflict, "The change is still being made.")
                    .hint("Call again once the call that makes it has been answered."));
            }
            ChangeState::Undone => return Err(already()),
        }
        let mut claim = Claim::of(self, principal, &change);
        let total = change.steps.iter().map(|step| size(&step.step)).sum();
        let mut reversal = Reversal {
            engine: self,
            principal,
            change: self.change(principal),
            progress,
            done: 0,
            total,
            is_again,
        };
        let mut tally = Tally::of(&change);
        if is_again {
            self.settle_steps(principal, &change).await;
        }
        for step in change.steps.iter().rev() {
            let outcomes = match reversal.reverse(step).await {
                Ok(outcomes) => {
                    claim.keep(step, &outcomes).await;
                    outcomes
                }
                // All of it is left.
                Err(problem) => vec![Err(problem); usize::try_from(size(&step.step)).unwrap_or_default()],
            };
            tally.take(step, outcomes);
        }
        let ended = reversal.change.finish().await;
        claim.settle().await?;
        ended?;
        Ok(tally.told())
    }

    /// Finds out how far the one came who died over a change's reversal: what it was at is in the journal, too.
    async fn settle_steps(&self, principal: &Principal, change: &ChangeFound) {
        let mut settled = Vec::new();
        for step in &change.steps {
            if settled.contains(&&step.account) {
                continue;
            }
            settled.push(&step.account);
            if let Ok(account) = self.account_of(principal, step).await {
                self.settle_changes(&account).await;
            }
        }
    }

    /// The account of a step, if the grant still has it, by whatever name.
    async fn account_of(&self, principal: &Principal, step: &StepFound) -> Result<Account, Problem> {
        let is_it = |name| home(principal, name).is_ok_and(|home| home == step.account);
        let granted = principal.accounts.iter().find(|granted| is_it(&granted.name));
        // One that is gone answers as one that was never there.
        let name = granted.map_or(&step.account_name, |granted| &granted.name);
        let account = self.account(principal, Some(name.as_str())).await?;
        if account.home == step.account {
            Ok(account)
        } else {
            Err(Problem::new(Code::NotFound, "The account is another one now."))
        }
    }
}

/// A change while it is reversed.
struct Reversal<'a> {
    engine: &'a Engine,
    principal: &'a Principal,
    /// What is done for it, which is a change like any other.
    change: Change<'a>,
    progress: &'a Progress,
    done: u64,
    total: u64,
    /// Whether another process began it, and died over it.
    is_again: bool,
}

impl Reversal<'_> {
    /// Reverses a step: one outcome for each of its messages, or one for its folder. An error if it was not
    /// even tried.
    async fn reverse(&mut self, found: &StepFound) -> Result<Vec<Reversed>, Problem> {
        let (before, count) = (self.done, size(&found.step));
        let tried = match self.engine.account_of(self.principal, found).await {
            Ok(_) if !found.is_done => {
                Err(Problem::new(Code::Conflict, "How far the change came here is not known yet.")
                    .hint("Call again in a minute."))
            }
            Ok(account) => Ok(self.reverse_in(&account, &found.step).await),
            Err(problem) => Err(problem),
        };
        self.done = before;
        self.advance(count);
        tried
    }

    async fn reverse_in(&mut self, account: &Account, step: &Step) -> Vec<Reversed> {
        // Days may have passed: folders that are remembered may be gone.
        if let Err(error) = account.opened.folders(Fresh::Now { counts: false }).await {
            return vec![Err(account.problem(&error)); usize::try_from(size(step)).unwrap_or_default()];
        }
        match step {
            Step::Flags { at, messages } => self.flags(account, at, messages).await,
            Step::Transfer { from, to, is_copy: false, messages, .. } => {
                self.moves(account, from, to, messages).await
            }
            Step::Transfer { from, to, is_copy: true, messages, .. } => {
                self.copies(account, from, to, messages).await
            }
            Step::Destroyed { .. } => {
                let problem = Problem::new(Code::NotSupported, "It was deleted for good.");
                vec![Err(problem); usize::try_from(size(step)).unwrap_or_default()]
            }
            // The folder of a role that a change made by the way stays where only messages may be changed.
            Step::Created { .. } if !self.principal.may(Scope::Manage) => vec![Ok(())],
            Step::Created { .. } | Step::Renamed { .. } | Step::Removed { .. } | Step::Subscribed { .. } => {
                vec![self.folder(account, step).await]
            }
        }
    }

    fn advance(&mut self, count: u64) {
        self.done += count;
        (self.progress)(self.done.min(self.total), self.total);
    }
}

/// How many messages or folders a step is about.
fn size(step: &Step) -> u64 {
    let count = match step {
        Step::Flags { messages, .. } => messages.len(),
        Step::Transfer { messages, uids, .. } => {
            if messages.is_empty() {
                uids.len()
            } else {
                messages.len()
            }
        }
        Step::Destroyed { uids, .. } => uids.len(),
        Step::Created { .. } | Step::Renamed { .. } | Step::Removed { .. } | Step::Subscribed { .. } => 1,
    };
    count as u64
}

/// Whether the grant may do now what it did then. A folder that was made by the way, for messages to go to,
/// needs nothing of its own.
fn check_scope(principal: &Principal, change: &ChangeFound) -> Result<(), Problem> {
    let any = |is_it: fn(&Step) -> bool| change.steps.iter().any(|found| is_it(&found.step));
    let messages =
        any(|step| matches!(step, Step::Flags { .. } | Step::Transfer { .. } | Step::Destroyed { .. }));
    let folders =
        any(|step| matches!(step, Step::Renamed { .. } | Step::Removed { .. } | Step::Subscribed { .. }));
    for (scope, is_needed) in [(Scope::Modify, messages), (Scope::Manage, folders || !messages)] {
        if is_needed && !principal.may(scope) {
            return Err(Problem::new(Code::ScopeMissing, format!("Taking this back needs `{scope}`."))
                .hint("Ask the person for it, or to take it back themselves."));
        }
    }
    Ok(())
}

/// Whether a reversal that failed so may succeed later.
fn may_pass(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::AccountUnreachable
            | Code::AccountAuthFailed
            | Code::TlsFailed
            | Code::Timeout
            | Code::RateLimited
            | Code::ServerRefused
            | Code::OutsideGrant
            // A folder that can only be read now.
            | Code::NotSupported
            | Code::Internal
    )
}

/// There is no such thing of this grant: never was, is too old, or is another's.
fn absent() -> Problem {
    Problem::new(Code::NotFound, "This grant has nothing to take back by this handle.")
        .hint("A change can be taken back for 7 days, a message until it leaves, by the grant that made it.")
}

fn under_way() -> Problem {
    Problem::new(Code::Conflict, "This is being taken back by another call.")
        .hint("Call again in a minute: what could not be taken back then can be tried once more.")
}

fn already() -> Problem {
    Problem::new(Code::Conflict, "This was taken back already.")
}
