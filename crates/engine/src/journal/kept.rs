//! Where the journal of a principal is kept: in the database, or in memory where there is none, or where the
//! account is known only while a call runs. Whoever writes to it does not notice.

use domain::{AccountSource, ChangeId, Door, GrantId, HomeAccount, PlanId, Principal, Timestamp};
use storage::{LeftStep, NewMoved, NewStep, Result, Store, TakenPlan};
use time::Duration;

use super::memory::Memory;
use crate::Engine;

/// How long a change can be taken back.
const UNDONE_WITHIN: Duration = Duration::days(7);

/// How long a message is found under its old id.
const FOLLOWED_FOR: Duration = Duration::days(30);

/// How long a plan can be confirmed.
const CONFIRMED_WITHIN: Duration = Duration::minutes(10);

/// Where it is kept.
pub(crate) enum Kept<'a> {
    /// In the database.
    Database(&'a Store),
    /// In memory, as long as the process lives at most.
    Memory(&'a Memory),
}

impl Engine {
    /// Where the principal's changes and plans are kept.
    pub(crate) fn journal_of(&self, principal: &Principal) -> Kept<'_> {
        let is_stored = |source: &AccountSource| matches!(source, AccountSource::Stored(_));
        let is_known_later = principal.door == Door::Stdio
            || principal.accounts.iter().all(|granted| is_stored(&granted.source));
        match &self.0.settings.store {
            Some(store) if is_known_later => Kept::Database(store),
            _ => Kept::Memory(&self.0.journal.memory),
        }
    }
}

impl Kept<'_> {
    pub(super) async fn change_begin(
        &self,
        id: &ChangeId,
        principal: &Principal,
        owner: &str,
        now: Timestamp,
        first: &NewStep,
    ) -> Result<()> {
        let grant = &principal.grant;
        match self {
            Self::Database(store) => {
                store.change_begin(id, grant, &principal.user, owner, now + UNDONE_WITHIN, first).await
            }
            Self::Memory(memory) => {
                memory.begin(id, grant, now, first);
                Ok(())
            }
        }
    }

    pub(super) async fn change_step(
        &self,
        id: &ChangeId,
        seq: u32,
        step: &NewStep,
        now: Timestamp,
    ) -> Result<()> {
        match self {
            Self::Database(store) => store.change_step(id, seq, step).await,
            Self::Memory(memory) => memory.step(id, seq, step, now),
        }
    }

    pub(super) async fn change_step_done(
        &self,
        id: &ChangeId,
        seq: u32,
        step: &NewStep,
        moved: &[NewMoved],
        now: Timestamp,
    ) -> Result<()> {
        match self {
            Self::Database(store) => store.change_step_done(id, seq, step, moved, now + FOLLOWED_FOR).await,
            Self::Memory(memory) => memory.step_done(id, seq, step, moved),
        }
    }

    pub(super) async fn change_end(&self, id: &ChangeId, now: Timestamp) -> Result<()> {
        match self {
            Self::Database(store) => store.change_end(id).await,
            Self::Memory(memory) => {
                memory.end(id, now);
                Ok(())
            }
        }
    }

    pub(super) async fn change_find(
        &self,
        grant: &GrantId,
        id: &ChangeId,
        now: Timestamp,
    ) -> Result<Option<storage::Change>> {
        match self {
            Self::Database(store) => store.change_find(grant, id).await,
            Self::Memory(memory) => Ok(memory.find(grant, id, now)),
        }
    }

    pub(super) async fn change_take(
        &self,
        grant: &GrantId,
        id: &ChangeId,
        taker: &str,
        now: Timestamp,
    ) -> Result<bool> {
        match self {
            Self::Database(store) => store.change_take(grant, id, taker).await,
            Self::Memory(memory) => Ok(memory.take(grant, id, now)),
        }
    }

    /// What is in memory dies with whoever took it.
    pub(super) async fn change_retake(
        &self,
        grant: &GrantId,
        id: &ChangeId,
        from: (&str, Timestamp),
        taker: &str,
    ) -> Result<bool> {
        match self {
            Self::Database(store) => store.change_retake(grant, id, from, taker).await,
            Self::Memory(_) => Ok(false),
        }
    }

    pub(super) async fn change_left(
        &self,
        id: &ChangeId,
        taker: &str,
        seq: u32,
        left: Option<&LeftStep>,
    ) -> Result<()> {
        match self {
            Self::Database(store) => store.change_left(id, taker, seq, left).await,
            Self::Memory(_) => Ok(()),
        }
    }

    pub(super) async fn change_give_back(&self, id: &ChangeId, taker: &str, left: &[LeftStep]) -> Result<()> {
        match self {
            Self::Database(store) => store.change_give_back(id, taker, left).await,
            Self::Memory(memory) => {
                memory.give_back(id, left);
                Ok(())
            }
        }
    }

    pub(crate) async fn plan_add(
        &self,
        id: &PlanId,
        grant: &GrantId,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<()> {
        let expires = now + CONFIRMED_WITHIN;
        match self {
            Self::Database(store) => store.plan_add(id, grant, &body, expires).await,
            Self::Memory(memory) => {
                memory.add_plan(id, grant, body, (now, expires));
                Ok(())
            }
        }
    }

    pub(crate) async fn plan_take(&self, id: &PlanId, grant: &GrantId, now: Timestamp) -> Result<TakenPlan> {
        match self {
            Self::Database(store) => store.plan_take(grant, id).await,
            Self::Memory(memory) => Ok(memory.take_plan(id, grant, now)),
        }
    }
}

impl Engine {
    /// Where messages of the account went from places that are named so, one move far: what this process
    /// remembers, then what the database knows.
    pub(super) async fn moved_once(
        &self,
        account: &HomeAccount,
        from: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let mut found = self.0.journal.memory.moved(account, from);
        let Some(store) = &self.0.settings.store else { return Ok(found) };
        let missing = || found.iter().zip(from).filter(|(found, _)| found.is_none());
        let asked: Vec<Vec<u8>> = missing().map(|(_, from)| from.clone()).collect();
        let mut answers = store.moved_find(account, &asked).await?.into_iter();
        for found in found.iter_mut().filter(|found| found.is_none()) {
            *found = answers.next().flatten();
        }
        Ok(found)
    }
}
