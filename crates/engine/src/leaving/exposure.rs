//! What a grant has read lately, as far as it decides what may leave: of which account, and whether of
//! somebody the person does not know. Noted before an answer is given, for a day.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use domain::{AccountName, Address, ApprovalRule, Code, GrantId, HomeAccount, Principal, Problem, Timestamp};
use time::Duration;

use super::{Recall, folded};
use crate::{Engine, accounts::home, read::Outcome, search::Row};

/// How long what was read counts.
const LASTS: Duration = Duration::hours(24);

/// How much longer it is noted for, so that most readings need no note of their own.
const AHEAD: Duration = Duration::minutes(10);

/// Grants and accounts whose notes are remembered; beyond that all are forgotten, which costs a note each.
const REMEMBERED: usize = 10_000;

/// What was noted by this process: until when at all, and until when for strangers.
type Noted = (Timestamp, Option<Timestamp>);

/// The notes that this process made lately.
#[derive(Default)]
pub(crate) struct Exposures(Mutex<HashMap<(GrantId, HomeAccount), Noted>>);

impl Exposures {
    fn noted(&self, key: &(GrantId, HomeAccount)) -> Option<Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    fn note(&self, key: (GrantId, HomeAccount), noted: Noted) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(key, noted);
    }
}

/// What an answer shows of one account.
pub(crate) struct Shown {
    /// The account's name.
    pub(crate) account: AccountName,
    /// Who wrote it.
    pub(crate) senders: Vec<Address>,
}

impl Shown {
    /// What a row shows.
    pub(crate) fn of_row(row: &Row) -> Self {
        Self { account: row.id.account.clone(), senders: row.from.iter().cloned().collect() }
    }

    /// What became of an id: a message, rows to choose from, or nothing.
    pub(crate) fn of_outcome(outcome: &Outcome) -> Vec<Self> {
        match outcome {
            Outcome::Message(message) => {
                vec![Self { account: message.id.account.clone(), senders: message.from.clone() }]
            }
            Outcome::Several(_, rows) => rows.iter().map(Self::of_row).collect(),
            Outcome::Failed(..) => Vec::new(),
        }
    }
}

impl Engine {
    /// Notes what is about to be shown. An answer whose note fails is not given: what cannot be held
    /// against a later sending must not be read.
    pub(crate) async fn expose(&self, principal: &Principal, shown: Vec<Shown>) -> Result<(), Problem> {
        if self.0.settings.store.is_none() {
            // Nothing is ever sent then.
            return Ok(());
        }
        let mut senders: HashMap<AccountName, BTreeSet<String>> = HashMap::new();
        for Shown { account, senders: of_it } in shown {
            let all = senders.entry(account).or_default();
            if of_it.is_empty() {
                // Nobody is known as somebody.
                all.insert(String::new());
            }
            all.extend(of_it.iter().map(|address| folded(&address.email)));
        }
        for (name, senders) in senders {
            self.expose_account(principal, &name, senders).await?;
        }
        Ok(())
    }

    async fn expose_account(
        &self,
        principal: &Principal,
        name: &AccountName,
        senders: BTreeSet<String>,
    ) -> Result<(), Problem> {
        let Some(store) = &self.0.settings.store else { return Ok(()) };
        let now = self.now();
        let home = home(principal, name)?;
        let key = (principal.grant.clone(), home);
        let noted = self.0.exposures.noted(&key);
        let is_noted = |until: Option<Timestamp>| until.is_some_and(|until| until >= now + LASTS);
        let has_any = is_noted(noted.map(|(until, _)| until));
        if has_any && is_noted(noted.and_then(|(_, until)| until)) {
            return Ok(());
        }
        // Only one rule asks who it was; for any other, and for a later change of it, all are strangers.
        let is_stranger = match principal.limits.approval.unwrap_or_default() {
            ApprovalRule::AfterStrangers => self.has_stranger(principal, name, senders).await?,
            _ => true,
        };
        if has_any && !is_stranger {
            return Ok(());
        }
        let until = now + LASTS + AHEAD;
        store.exposure_note(&key.0, &key.1, is_stranger, until).await.map_err(|error| {
            tracing::error!(%error, "what a grant read cannot be noted");
            Problem::new(Code::Internal, "That this was read cannot be noted, so it is not shown.")
                .hint("Try again; if it persists, the operator should look at the database.")
        })?;
        let stranger_until = if is_stranger { Some(until) } else { noted.and_then(|(_, until)| until) };
        self.0.exposures.note(key, (until, stranger_until));
        Ok(())
    }

    async fn has_stranger(
        &self,
        principal: &Principal,
        name: &AccountName,
        senders: BTreeSet<String>,
    ) -> Result<bool, Problem> {
        let account = self.account(principal, Some(name.as_str())).await?;
        let asked: Vec<String> =
            senders.into_iter().filter(|sender| !super::is_allowed(principal, &account, sender)).collect();
        // Nobody is looked up who cannot be known.
        if asked.iter().any(String::is_empty) {
            return Ok(true);
        }
        Ok(!self.unknown(&account, &asked, Recall::Known).await?.is_empty())
    }
}
