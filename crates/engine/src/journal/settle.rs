//! Steps of which nobody knows the end: the process died, or the call went away. What was half moved is moved.
//!
//! Done when the server starts and every minute from then on, and before the first change of an account.

use std::time::Duration;

use bytes::Bytes;
use domain::{HomeAccount, Timestamp};
use mail::imap::change::{Changed, End, Messages, OneTransferred, Was};
use storage::{NewStep, Store};

use super::{Step, following::moved_by, form, lock};
use crate::{
    Account, Engine,
    opened::Fresh,
    outbox::{Authority, owner::Life},
};

/// How long a step is left alone if it cannot be told whether somebody is at it.
pub(super) const LEASE: time::Duration = time::Duration::minutes(5);

/// How long it is tried to reach the server; then it is written down as it is.
const TRIED_FOR: time::Duration = time::Duration::days(1);

/// How long a message is found under its old id.
const FOLLOWED_FOR: time::Duration = time::Duration::days(30);

/// How often it is looked for what is unfinished.
const EVERY: Duration = Duration::from_mins(1);

/// What came of looking through an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settled {
    /// Steps whose end is written down now.
    pub(crate) steps: usize,
    /// Steps that somebody may be at, or whose server did not answer.
    pub(crate) left: usize,
    /// Messages that are where they were to go.
    pub(crate) moved: usize,
    /// Messages that are where they were.
    pub(crate) here: usize,
    /// Messages at both places, and those that were not found again.
    pub(crate) undecided: usize,
}

/// A step's end, as far as it could be found out.
enum Found {
    /// This is what became of it.
    Ended(Step),
    /// It is to be asked again.
    NotNow,
}

impl Engine {
    /// Finishes what others left unfinished, in every account that can be opened: what is stored, and what
    /// belongs to this process alone.
    pub async fn settle_all(&self, authority: &dyn Authority) {
        let Some(store) = &self.0.settings.store else { return };
        let accounts = match store.changes_begun_in().await {
            Ok(accounts) => accounts,
            Err(error) => return tracing::warn!(%error, "unfinished changes cannot be looked for"),
        };
        for (home, name) in accounts {
            let account = match &home {
                // It is owed whatever became of the grant.
                HomeAccount::Stored(id) => self.stored_account(id, &name).await,
                HomeAccount::Carried(_) => match authority.own() {
                    Some(own) => self.account(&own, Some(name.as_str())).await,
                    None => continue,
                },
            };
            if let Ok(account) = account
                && account.home == home
            {
                self.settle_changes(&account).await;
            }
        }
    }

    /// The same again and again, until it is dropped.
    pub(crate) async fn settle_for_ever(&self, authority: &dyn Authority) {
        loop {
            self.settle_all(authority).await;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Once for each account, before this process changes something in it.
    pub(super) async fn look_through(&self, account: &Account) {
        let looked = &self.0.journal.looked;
        if self.0.settings.store.is_none() || lock(looked).contains(&account.home) {
            return;
        }
        if self.settle_changes(account).await.left == 0 {
            let mut looked = lock(looked);
            if looked.len() >= super::REMEMBERED {
                looked.clear();
            }
            looked.insert(account.home.clone());
        }
    }

    /// Finds out how far the account's steps came that somebody left unfinished, finishes what was half moved,
    /// and writes that down. What somebody may be at is left alone.
    pub(crate) async fn settle_changes(&self, account: &Account) -> Settled {
        let mut settled = Settled::default();
        let Some(store) = &self.0.settings.store else { return settled };
        let changes = match store.changes_begun(&account.home).await {
            Ok(changes) => changes,
            Err(error) => {
                tracing::warn!(%error, "unfinished changes cannot be read");
                settled.left = 1;
                return settled;
            }
        };
        for change in changes {
            // One that is held is being made now, or seen to.
            let held = self.0.journal.hold(&change.id);
            let (over, busy): (Vec<_>, Vec<_>) =
                change.steps.iter().partition(|step| self.is_over(&change.owner, step.begun));
            settled.left += busy.len();
            let Some(_held) = held else {
                settled.left += over.len();
                continue;
            };
            if over.is_empty() || !self.adopt(store, &change).await {
                settled.left += over.len();
                continue;
            }
            for step in over {
                self.settle_step(store, account, step, &mut settled).await;
            }
        }
        if settled.steps > 0 {
            let Settled { steps, left, moved, here, undecided } = settled;
            tracing::warn!(steps, left, moved, here, undecided, "finished changes that were left half done");
        }
        settled
    }

    /// Whether nobody is at a step any more. Asked only for what is not held: of this process's own changes,
    /// those whose call went away, but whose commands may still run.
    fn is_over(&self, owner: &str, begun: Timestamp) -> bool {
        let is_old = begun + LEASE <= self.now();
        if owner == self.owner().name() {
            return is_old;
        }
        match self.owner().life_of(owner) {
            Life::Alive => false,
            Life::Dead => true,
            Life::Unknown => is_old,
        }
    }

    /// Whether the change is this process's to see to.
    async fn adopt(&self, store: &Store, change: &storage::Change) -> bool {
        let own = self.owner().name();
        if change.owner == own {
            return true;
        }
        store.change_adopt(&change.id, &change.owner, own).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "an unfinished change cannot be taken up");
            false
        })
    }

    async fn settle_step(
        &self,
        store: &Store,
        account: &Account,
        begun: &storage::Step,
        settled: &mut Settled,
    ) {
        // A newer program may understand it.
        let Some(meant) = form::read_step(&begun.body) else { return settled.left += 1 };
        let may_wait = self.now() < begun.begun + TRIED_FOR;
        let Found::Ended(ended) = find_out(account, meant, may_wait).await else {
            return settled.left += 1;
        };
        let step = NewStep {
            account: begun.account.clone(),
            account_name: begun.account_name.clone(),
            body: form::write_step(&ended),
        };
        let until = self.now() + FOLLOWED_FOR;
        let written = store.change_step_done(&begun.change, begun.seq, &step, &moved_by(&ended), until).await;
        if let Err(error) = written {
            tracing::warn!(%error, "how far a change came cannot be written down");
            return settled.left += 1;
        }
        settled.steps += 1;
        if let Step::Transfer { uids, messages, is_copy, .. } = &ended {
            let count = |end: End| messages.iter().filter(|message| message.end == end).count();
            settled.moved += count(End::Done);
            settled.here += count(End::Here);
            let known = count(End::Done) + count(End::Here);
            settled.undecided += if *is_copy { 0 } else { uids.len().saturating_sub(known) };
        }
    }
}

/// What became of a step. Only moves are asked about: flags that are set or not, and messages that were copied or
/// not, lose nothing, and what was destroyed does not come back.
async fn find_out(account: &Account, meant: Step, may_wait: bool) -> Found {
    let Step::Transfer { from, to, is_copy: false, uids, messages: known } = meant else {
        return Found::Ended(match meant {
            Step::Flags { at, .. } => Step::Flags { at, messages: Vec::new() },
            other => other,
        });
    };
    let known = known.into_iter().map(|message| message.was);
    let known: Vec<Was> = known.filter(|was| was.size.is_some()).collect();
    let meant = Messages { mailbox: &from.wire, validity: from.validity, uids: &uids };
    let finished = account.opened.pool.finish_transfer(&meant, &to.0, &known).await;
    account.opened.forget_rows(&from.wire);
    let messages: Vec<OneTransferred> = match finished {
        Ok(Changed::Done(transferred)) => match transferred.trouble {
            Some(error) if may_wait && is_passing(account, &from.wire, &error).await => return Found::NotNow,
            _ => transferred.messages,
        },
        // The folder was made anew: nothing of before is in it.
        Ok(Changed::Stale) => Vec::new(),
        Err(error) if may_wait && is_passing(account, &from.wire, &error).await => {
            tracing::info!(%error, "how far a change came is found out later");
            return Found::NotNow;
        }
        Err(error) => {
            tracing::warn!(%error, "how far a change came cannot be found out");
            Vec::new()
        }
    };
    Found::Ended(Step::Transfer { from, to, is_copy: false, uids, messages })
}

/// Whether it may be otherwise later: not where the server cannot do it, nor where the folder is gone. Any other
/// refusal may be one of the moment.
async fn is_passing(account: &Account, mailbox: &Bytes, error: &mail::Error) -> bool {
    match error {
        mail::Error::NotSupported(_) | mail::Error::Unsendable(_) => false,
        // Not every server says why it refuses a folder that is not there.
        mail::Error::Refused { .. } => match account.opened.folders(Fresh::Now { counts: false }).await {
            Ok(folders) => folders.all.iter().any(|folder| folder.wire_name == *mailbox),
            Err(_) => true,
        },
        _ => true,
    }
}
