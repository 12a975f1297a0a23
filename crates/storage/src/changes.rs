//! What grants changed in mailboxes, so that it can be taken back; where moved messages went; and changes that
//! wait to be confirmed. What they say is sealed, and opaque here.
//!
//! The changes are here, those that are taken back in `changes/taken.rs`, where messages went in
//! `changes/moved.rs`, plans in `changes/plans.rs`. When a change
//! may be taken back, and what that means, is decided in `engine`.

mod moved;
mod plans;
mod taken;

use std::str::FromStr;

use domain::{AccountName, ChangeId, GrantId, HomeAccount, Timestamp};
use time::Duration;

use crate::{Error, Result, Row, Store, Transaction, Value, home::HomeKey};

pub use moved::NewMoved;
pub use plans::TakenPlan;

/// How long it is told that a plan was carried out, or is too old, once it has ended.
const PLAN_REMEMBERED: Duration = Duration::days(1);

/// How many accounts are told at once to have unfinished changes.
const ACCOUNTS: u32 = 1_000;

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
    /// When it was begun.
    pub begun: Timestamp,
}

/// What is left to be reversed of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftStep {
    /// Which of the change's steps.
    pub seq: u32,
    /// Whether it had come to an end.
    pub is_done: bool,
    /// What it says now.
    pub step: NewStep,
}

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// It is being made.
    Begun,
    /// It was made.
    Done,
    /// It is being taken back.
    Undoing,
    /// It was taken back, as far as that went.
    Undone,
}

impl ChangeState {
    /// Every state, in the order of a change's life.
    pub const ALL: &[Self] = &[Self::Begun, Self::Done, Self::Undoing, Self::Undone];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
}

impl FromStr for ChangeState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
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
    /// Which process took it last to take it back, and when it was last at it.
    pub taken: Option<(String, Timestamp)>,
    /// Its steps in their order.
    pub steps: Vec<Step>,
}

impl Store {
    /// Begins a change with its first step, which has number 0. `Gone` if the account was removed.
    pub async fn change_begin(
        &self,
        id: &ChangeId,
        grant: &GrantId,
        user: &str,
        owner: &str,
        expires: Timestamp,
        first: &NewStep,
    ) -> Result<()> {
        const BEGIN: &str = "INSERT INTO changes (id, grant_id, user_name, state, owner, created, expires) \
            VALUES ($1, $2, $3, 'begun', $4, $5, $6)";
        let values: [Value; 6] = [
            id.as_str().into(),
            grant.as_str().into(),
            user.into(),
            owner.into(),
            self.now().into(),
            expires.into(),
        ];
        let key = self.home_key(&first.account).await?.ok_or(Error::Gone)?;
        let mut transaction = self.database.begin().await?;
        transaction.execute(BEGIN, &values).await?;
        self.insert_step(&mut transaction, &key, id, 0, first).await?;
        transaction.commit().await
    }

    /// Adds a step that is about to be done. `Gone` if the account was removed, or the change is not being
    /// made any more.
    pub async fn change_step(&self, id: &ChangeId, seq: u32, step: &NewStep) -> Result<()> {
        const FIND: &str = "SELECT id FROM changes WHERE id = $1 AND state = 'begun'";
        let key = self.home_key(&step.account).await?.ok_or(Error::Gone)?;
        let mut transaction = self.database.begin().await?;
        transaction.fetch_optional(FIND, &[id.as_str().into()]).await?.ok_or(Error::Gone)?;
        self.insert_step(&mut transaction, &key, id, seq, step).await?;
        transaction.commit().await
    }

    async fn insert_step(
        &self,
        transaction: &mut Transaction,
        key: &HomeKey,
        id: &ChangeId,
        seq: u32,
        step: &NewStep,
    ) -> Result<()> {
        const ADD: &str = "INSERT INTO change_steps (change_id, seq, account, account_name, body, begun) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        let values: [Value; 6] = [
            id.as_str().into(),
            seq.into(),
            step.account.to_string().into(),
            step.account_name.as_str().into(),
            seal(key, id, seq, false, &step.body).into(),
            self.now().into(),
        ];
        transaction.execute(ADD, &values).await.map(drop)
    }

    /// Notes what a step did, and where messages went, at once. `Gone` if the account was removed.
    pub async fn change_step_done(
        &self,
        id: &ChangeId,
        seq: u32,
        step: &NewStep,
        moved: &[NewMoved],
        moved_until: Timestamp,
    ) -> Result<()> {
        const END: &str = "UPDATE change_steps SET body = $4, is_done = 1 \
            WHERE change_id = $1 AND seq = $2 AND account = $3";
        let key = self.home_key(&step.account).await?.ok_or(Error::Gone)?;
        // Sealed before the transaction, which others wait for.
        let rows = moved::rows(&key, &step.account, moved, moved_until);
        let values: [Value; 4] = [
            id.as_str().into(),
            seq.into(),
            step.account.to_string().into(),
            seal(&key, id, seq, true, &step.body).into(),
        ];
        let mut transaction = self.database.begin().await?;
        if transaction.execute(END, &values).await? == 0 {
            return Err(Error::Gone);
        }
        moved::insert(&mut transaction, &rows).await?;
        transaction.commit().await
    }

    /// Notes that all steps were done.
    pub async fn change_end(&self, id: &ChangeId) -> Result<()> {
        const END: &str = "UPDATE changes SET state = 'done' WHERE id = $1 AND state = 'begun'";
        self.database.execute(END, &[id.as_str().into()]).await.map(drop)
    }

    /// A change of the grant that is not too old, with its steps.
    pub async fn change_find(&self, grant: &GrantId, id: &ChangeId) -> Result<Option<Change>> {
        const FIND: &str = "SELECT c.id, c.grant_id, c.state, c.owner, c.created, c.expires, c.taker, c.taken, s.seq, s.account, \
                s.account_name, s.body, s.is_done, s.begun \
            FROM changes c JOIN change_steps s ON s.change_id = c.id \
            WHERE c.id = $1 AND c.grant_id = $2 AND c.expires > $3 ORDER BY s.seq";
        let values = [id.as_str().into(), grant.as_str().into(), self.now().into()];
        let mut found: Option<Change> = None;
        let mut keys = Keys::new(self);
        for row in self.database.fetch(FIND, &values).await? {
            let Some(step) = keys.read_step(&row).await? else { continue };
            match &mut found {
                Some(change) => change.steps.push(step),
                None => found = Some(read_change(&row, step)?),
            }
        }
        Ok(found)
    }

    /// The grant that made a change of the user's that is not too old.
    pub async fn change_grant_of(&self, user: &str, id: &ChangeId) -> Result<Option<GrantId>> {
        const FIND: &str = "SELECT grant_id FROM changes WHERE id = $1 AND user_name = $2 AND expires > $3";
        let values = [id.as_str().into(), user.into(), self.now().into()];
        let row = self.database.fetch_optional(FIND, &values).await?;
        row.map(|row| Ok(GrantId::from_text(row.text("grant_id")?))).transpose()
    }

    /// Changes with steps in the account that were begun and did not come to an end, with those steps only.
    /// One that cannot be read is left out.
    pub async fn changes_begun(&self, account: &HomeAccount) -> Result<Vec<Change>> {
        const FIND: &str = "SELECT c.id, c.grant_id, c.state, c.owner, c.created, c.expires, c.taker, c.taken, s.seq, s.account, \
                s.account_name, s.body, s.is_done, s.begun \
            FROM change_steps s JOIN changes c ON c.id = s.change_id \
            WHERE s.account = $1 AND s.is_done = 0 ORDER BY c.created, c.id, s.seq";
        let mut found: Vec<Change> = Vec::new();
        let mut keys = Keys::new(self);
        for row in self.database.fetch(FIND, &[account.to_string().into()]).await? {
            let step = match keys.read_step(&row).await {
                Ok(Some(step)) => step,
                Ok(None) => continue,
                Err(error @ (Error::Seal | Error::Unreadable(_))) => {
                    tracing::warn!(%error, "an unfinished change cannot be read");
                    continue;
                }
                Err(error) => return Err(error),
            };
            match found.last_mut() {
                Some(change) if change.id == step.change => change.steps.push(step),
                _ => found.push(read_change(&row, step)?),
            }
        }
        Ok(found)
    }

    /// Accounts with steps that were begun and did not come to an end, and a name of each in a grant.
    pub async fn changes_begun_in(&self) -> Result<Vec<(HomeAccount, AccountName)>> {
        const FIND: &str = "SELECT account, min(account_name) AS name FROM change_steps WHERE is_done = 0 \
            GROUP BY account ORDER BY account LIMIT $1";
        let rows = self.database.fetch(FIND, &[ACCOUNTS.into()]).await?;
        rows.iter().map(|row| Ok((account_of(row)?, name_of(row, "name")?))).collect()
    }

    /// Whether a process began steps that did not come to an end, or took a change and did not give it back.
    pub async fn changes_are_begun_by(&self, owner: &str) -> Result<bool> {
        const FIND: &str = "SELECT c.id FROM changes c WHERE (c.state = 'undoing' AND c.taker = $1) \
            OR (c.owner = $1 AND EXISTS (SELECT 1 FROM change_steps s WHERE s.change_id = c.id AND s.is_done = 0)) \
            LIMIT 1";
        Ok(self.database.fetch_optional(FIND, &[owner.into()]).await?.is_some())
    }

    /// Makes a change that a dead process left another's, who finds out how far it came: only one gets it.
    pub async fn change_adopt(&self, id: &ChangeId, from: &str, to: &str) -> Result<bool> {
        const ADOPT: &str = "UPDATE changes SET owner = $3 WHERE id = $1 AND owner = $2";
        Ok(self.database.execute(ADOPT, &[id.as_str().into(), from.into(), to.into()]).await? > 0)
    }

    /// Forgets what is too old: changes, earlier if their person wishes so, plans a day after they ended, and
    /// where messages went. Answers how many.
    pub async fn changes_sweep(&self, now: Timestamp) -> Result<u64> {
        const EMPTY: &str = "UPDATE plans SET body = NULL WHERE expires <= $1 AND body IS NOT NULL";
        // What is not finished stays until it is known how far it came.
        const SWEEP_OF: &str = "DELETE FROM changes WHERE user_name = $1 AND created <= $2 \
            AND state IN ('done', 'undone') AND NOT EXISTS \
            (SELECT 1 FROM change_steps s WHERE s.change_id = changes.id AND s.is_done = 0)";
        let long_ago = now.checked_sub(PLAN_REMEMBERED).unwrap_or(Timestamp::UNIX_EPOCH);
        self.database.execute(EMPTY, &[now.into()]).await?;
        let mut swept = 0;
        for (sql, until) in [
            ("DELETE FROM changes WHERE expires <= $1", now),
            ("DELETE FROM moved WHERE expires <= $1", now),
            ("DELETE FROM plans WHERE expires <= $1", long_ago),
        ] {
            swept += self.database.execute(sql, &[until.into()]).await?;
        }
        for (user, wishes) in self.wishes_of_all().await? {
            let values = [user.into(), wishes.undo_before(now).into()];
            swept += self.database.execute(SWEEP_OF, &values).await?;
        }
        Ok(swept)
    }
}

/// Forgets what a grant that ends could have confirmed. What it changed its person can take back still.
pub(crate) async fn end_grant(transaction: &mut Transaction, grant: &str) -> Result<()> {
    transaction.execute("DELETE FROM plans WHERE grant_id = $1", &[grant.into()]).await.map(drop)
}

/// Forgets what was done in an account that is removed: nobody can open it any more.
pub(crate) async fn end_account(transaction: &mut Transaction, account: &str) -> Result<()> {
    for sql in [
        "DELETE FROM changes WHERE id IN (SELECT change_id FROM change_steps WHERE account = $1) \
            AND NOT EXISTS (SELECT 1 FROM change_steps s WHERE s.change_id = changes.id AND s.account <> $1)",
        "DELETE FROM change_steps WHERE account = $1",
        "DELETE FROM moved WHERE account = $1",
    ] {
        transaction.execute(sql, &[account.into()]).await?;
    }
    Ok(())
}

/// The keys of accounts, each asked for once.
struct Keys<'a> {
    store: &'a Store,
    known: Vec<(HomeAccount, Option<HomeKey>)>,
}

impl<'a> Keys<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, known: Vec::new() }
    }

    /// Reads a step; nothing if its account was removed.
    async fn read_step(&mut self, row: &Row) -> Result<Option<Step>> {
        let account = account_of(row)?;
        if !self.known.iter().any(|(known, _)| *known == account) {
            self.known.push((account.clone(), self.store.home_key(&account).await?));
        }
        let key = self.known.iter().find(|(known, _)| *known == account).and_then(|(_, key)| key.as_ref());
        let Some(key) = key else { return Ok(None) };
        let (change, is_done) = (ChangeId::from_text(row.text("id")?), row.flag("is_done")?);
        let seq = u32::try_from(row.int("seq")?).map_err(|_| Error::Unreadable("seq"))?;
        let body = open(key, &change, seq, is_done, row.bytes("body")?)?;
        let account_name = name_of(row, "account_name")?;
        Ok(Some(Step { change, seq, account, account_name, body, is_done, begun: row.instant("begun")? }))
    }
}

/// Reads the columns of the change; it has the one step.
fn read_change(row: &Row, first: Step) -> Result<Change> {
    Ok(Change {
        id: ChangeId::from_text(row.text("id")?),
        grant: GrantId::from_text(row.text("grant_id")?),
        state: row.text("state")?.parse().map_err(|()| Error::Unreadable("state"))?,
        owner: row.text("owner")?.to_owned(),
        created: row.instant("created")?,
        expires: row.instant("expires")?,
        taken: row.optional_text("taker")?.map(str::to_owned).zip(row.optional_instant("taken")?),
        steps: vec![first],
    })
}

fn account_of(row: &Row) -> Result<HomeAccount> {
    row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))
}

fn name_of(row: &Row, column: &'static str) -> Result<AccountName> {
    row.text(column)?.parse().map_err(|_| Error::Unreadable("account name"))
}

/// Whether the step was done is sealed along: what was only meant never passes for what was done.
fn seal(key: &HomeKey, id: &ChangeId, seq: u32, is_done: bool, body: &[u8]) -> Vec<u8> {
    key.seal(&[id.as_str(), &seq.to_string(), end(is_done), "change step"], body)
}

fn open(key: &HomeKey, id: &ChangeId, seq: u32, is_done: bool, sealed: &[u8]) -> Result<Vec<u8>> {
    let opened = key.open(&[id.as_str(), &seq.to_string(), end(is_done), "change step"], sealed)?;
    Ok(opened.to_vec())
}

fn end(is_done: bool) -> &'static str {
    if is_done { "done" } else { "begun" }
}
