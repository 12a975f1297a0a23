//! What grants changed in mailboxes, so that it can be taken back; where moved messages went; and changes that
//! wait to be confirmed. What they say is sealed, and opaque here.

use domain::{AccountName, ChangeId, GrantId, HomeAccount, PlanId, Timestamp};

use crate::{Error, Result, Store};

/// One step of a change: all that was done to one folder at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStep {
    /// The account, whose key seals what it says.
    pub account: HomeAccount,
    /// The account's name in the grant.
    pub account_name: AccountName,
    /// What is about to be done.
    pub body: Vec<u8>,
}

/// A step as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The change.
    pub change: ChangeId,
    /// Which of its steps, from 0.
    pub seq: u32,
    /// The account.
    pub account: HomeAccount,
    /// The account's name in the grant.
    pub account_name: AccountName,
    /// What was done, or was about to be done.
    pub body: Vec<u8>,
    /// Whether it came to an end.
    pub is_done: bool,
}

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// It is being made.
    Begun,
    /// It was made.
    Done,
    /// It is being taken back, or was: as far as that went.
    Undone,
}

/// A change as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// Who made it.
    pub grant: GrantId,
    /// How it stands.
    pub state: ChangeState,
    /// The process that makes it.
    pub owner: String,
    /// When it was begun.
    pub created: Timestamp,
    /// Until when it can be taken back.
    pub expires: Timestamp,
    /// Its steps in their order.
    pub steps: Vec<Step>,
}

/// A message that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMoved {
    /// What names the place it was at: only its HMAC is kept.
    pub from: Vec<u8>,
    /// Where it is now, or how it is found.
    pub to: Vec<u8>,
}

/// What was found of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenPlan {
    /// It holds, and is used up now.
    Plan(Vec<u8>),
    /// It was confirmed before.
    Used,
    /// It is too old.
    Expired,
    /// There is none of this grant.
    Absent,
}

impl Store {
    /// Begins a change with its first step. `Gone` if the account was removed.
    pub async fn change_begin(
        &self,
        _id: &ChangeId,
        _grant: &GrantId,
        _user: &str,
        _owner: &str,
        _expires: Timestamp,
        _first: &NewStep,
    ) -> Result<()> {
        Err(Error::Gone)
    }

    /// Adds a step that is about to be done.
    pub async fn change_step(&self, _id: &ChangeId, _seq: u32, _step: &NewStep) -> Result<()> {
        Err(Error::Gone)
    }

    /// Notes what a step did, and where messages went, at once.
    pub async fn change_step_done(
        &self,
        _id: &ChangeId,
        _seq: u32,
        _step: &NewStep,
        _moved: &[NewMoved],
        _moved_until: Timestamp,
    ) -> Result<()> {
        Err(Error::Gone)
    }

    /// Notes that all steps were done.
    pub async fn change_end(&self, _id: &ChangeId) -> Result<()> {
        Err(Error::Gone)
    }

    /// A change of the grant that is not too old, with its steps.
    pub async fn change_find(&self, _grant: &GrantId, _id: &ChangeId) -> Result<Option<Change>> {
        Err(Error::Gone)
    }

    /// Takes a change that was made, to reverse it: only one taker gets it.
    pub async fn change_take(&self, _grant: &GrantId, _id: &ChangeId) -> Result<bool> {
        Err(Error::Gone)
    }

    /// Changes with steps in the account that were begun and did not come to an end, with those steps only.
    pub async fn changes_begun(&self, _account: &HomeAccount) -> Result<Vec<Change>> {
        Err(Error::Gone)
    }

    /// Where messages went that were at those places; nothing for those not moved by us.
    pub async fn moved_find(
        &self,
        _account: &HomeAccount,
        _from: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        Err(Error::Gone)
    }

    /// Keeps a change that waits to be confirmed.
    pub async fn plan_add(
        &self,
        _id: &PlanId,
        _grant: &GrantId,
        _body: &[u8],
        _expires: Timestamp,
    ) -> Result<()> {
        Err(Error::Gone)
    }

    /// Takes a plan to be carried out, once.
    pub async fn plan_take(&self, _grant: &GrantId, _id: &PlanId) -> Result<TakenPlan> {
        Err(Error::Gone)
    }

    /// Forgets what is too old: changes, plans a day after they ended, and where messages went. Answers how many.
    pub async fn changes_sweep(&self, _now: Timestamp) -> Result<u64> {
        Err(Error::Gone)
    }
}
