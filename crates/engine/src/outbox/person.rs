//! What a person does themselves with mail on its way: see it, take it back, have it leave now, look for it in
//! Sent, send it again, put it away. Called as the person (`access`), never under a grant.
//!
//! Only here is a message handed over a second time that may have left: one attempt for one click, and what it
//! comes to. No row becomes `Ready` by it, so nobody tries on.

use std::{sync::Arc, time::Duration};

use domain::{AccountSource, Code, FolderArg, HomeAccount, OutboxId, Principal, Problem, Role};
use storage::{Copy, CopyState, Outgoing, OutgoingState, Store};
use tokio::time::timeout;

pub use storage::{Listing, Looked, OwnOutgoing, Pile, Place};

use super::{
    attempt::{Voucher, no_submission},
    check::{Check, foreign, writes_as},
    retry::End,
    stored_badly,
};
use crate::{Account, Engine, opened::Fresh};

/// How long a person is kept waiting for what became of a message: then they are told that it is on its way.
const PATIENCE: Duration = Duration::from_secs(8);

/// What came of something that a person wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    /// It was done.
    Done,
    /// The message is not as it was shown to them: nothing was done.
    Late,
}

impl Acted {
    fn of(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Late }
    }
}

/// What looking for a message in Sent came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InSent {
    /// It is there.
    Found,
    /// It is not.
    Absent,
    /// It could not be looked, and why.
    NotLooked(Problem),
}

impl Engine {
    /// At most `limit` of the person's messages, newest first, from behind `after` on.
    pub async fn own_outbox(
        &self,
        person: &Principal,
        pile: Pile,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Listing, Problem> {
        let Some(store) = &self.0.settings.store else { return Ok(Listing::default()) };
        let listing = store.outbox_of_person(&person.user, pile, after, limit).await;
        listing.map_err(|error| stored_badly(&error))
    }

    /// The person's message of that id; `NotFound` if there is none that is theirs.
    pub async fn own_outgoing(&self, person: &Principal, id: &OutboxId) -> Result<OwnOutgoing, Problem> {
        self.own(person, id).await.map(|(_, own)| own)
    }

    /// Takes back a message that has not begun to leave.
    pub async fn cancel_own(&self, person: &Principal, id: &OutboxId) -> Result<Acted, Problem> {
        let (store, _) = self.own(person, id).await?;
        store.outbox_cancel_one(id).await.map(Acted::of).map_err(|error| stored_badly(&error))
    }

    /// Has a message that waits for its time leave now. Everything that is checked then is checked.
    pub async fn send_own_now(&self, person: &Principal, id: &OutboxId) -> Result<Acted, Problem> {
        let (store, _) = self.own(person, id).await?;
        let is_done = store.outbox_send_now(&person.user, id).await.map_err(|error| stored_badly(&error))?;
        self.0.under_way.wake.notify_one();
        Ok(Acted::of(is_done))
    }

    /// Looks for a message in the Sent folder of its account, where it is not known whether it left, or its copy
    /// could not be filed. Notes what it finds; a copy that is there is none to be filed any more.
    pub async fn look_in_sent(&self, person: &Principal, id: &OutboxId) -> Result<InSent, Problem> {
        let (store, own) = self.own(person, id).await?;
        let row = &own.message;
        let found = match self.own_account(person, row).await {
            Ok(account) => self.in_sent(&account, row).await,
            Err(problem) => Err(problem),
        };
        let found = match found {
            Ok(found) => found,
            Err(problem) => {
                tracing::info!(code = %problem.code, "a message could not be looked for in Sent");
                return Ok(InSent::NotLooked(problem));
            }
        };
        let noted = store.outbox_note_look(&person.user, id, found.as_deref()).await;
        noted.map_err(|error| stored_badly(&error))?;
        if let (Some(place), CopyState::Failed) = (&found, row.copy.state) {
            let there =
                Copy { state: CopyState::Stored, id: Some(place.clone()), next: None, ..row.copy.clone() };
            store.outbox_set_copy(id, &row.copy, &there).await.map_err(|error| stored_badly(&error))?;
        }
        Ok(if found.is_some() { InSent::Found } else { InSent::Absent })
    }

    /// The person knows that an unknown message has left: it is sent.
    pub async fn settle_own(&self, person: &Principal, id: &OutboxId) -> Result<Acted, Problem> {
        let (store, _) = self.own(person, id).await?;
        let is_done = store.outbox_settle(&person.user, id).await.map_err(|error| stored_badly(&error))?;
        self.0.under_way.wake.notify_one();
        Ok(Acted::of(is_done))
    }

    /// Hands over once more, as it is and under the same Message-ID, what is unknown or failed, if it was begun
    /// `attempts` times, as the person was shown: of two clicks one does. Waits a while for what becomes of it.
    /// An error if it cannot be tried at all.
    pub async fn send_own_again(
        &self,
        person: &Principal,
        id: &OutboxId,
        attempts: u32,
    ) -> Result<Acted, Problem> {
        let (_, own) = self.own(person, id).await?;
        let row = &own.message;
        let may_leave = matches!(row.state, OutgoingState::Unknown | OutgoingState::Failed);
        if !may_leave || row.attempts != attempts {
            return Ok(Acted::Late);
        }
        if !own.has_octets {
            return Err(Problem::new(Code::NotFound, "This message is not kept any more.")
                .hint("Ask the agent to write it anew, or write it yourself."));
        }
        if is_never_allowed(row) {
            return Err(Problem::new(
                Code::RecipientNotAllowed,
                "The agent may not send to these recipients, and you were not asked about them.",
            )
            .hint("Change the agent’s recipients and have it send anew, or write the message yourself."));
        }
        self.sending_account(person, row).await?;
        let voucher = Voucher::Person(Arc::new(person.clone()), attempts);
        let (known, _) = self.begin_attempt(id.clone(), voucher);
        let _ = timeout(PATIENCE.min(self.0.bounds.sending.patience), known).await;
        Ok(Acted::Done)
    }

    /// Has a copy in Sent made that could not be made before. If it is there by now it is not made twice.
    pub async fn file_own_again(&self, person: &Principal, id: &OutboxId) -> Result<Acted, Problem> {
        let (store, _) = self.own(person, id).await?;
        let is_done =
            store.outbox_file_again(&person.user, id).await.map_err(|error| stored_badly(&error))?;
        self.0.under_way.wake.notify_one();
        Ok(Acted::of(is_done))
    }

    /// Puts a message that has ended out of the person's sight. Its agent can still ask how it ended.
    pub async fn forget_own(&self, person: &Principal, id: &OutboxId) -> Result<Acted, Problem> {
        let (store, _) = self.own(person, id).await?;
        store.outbox_hide(&person.user, id).await.map(Acted::of).map_err(|error| stored_badly(&error))
    }

    /// The row, claimed for the person's own try; nothing if it is not as they saw it any more.
    pub(super) async fn claim_again(
        &self,
        store: &Store,
        person: &Principal,
        id: &OutboxId,
        attempts: u32,
    ) -> Option<Outgoing> {
        // Read first: once it is claimed, it must not be left in our hands unread.
        let found = store.outbox_find_own(&person.user, id).await;
        let row = found.ok().flatten().map(|own| own.message)?;
        let lease = self.now() + self.0.bounds.sending.lease;
        let claimed = store.outbox_claim_again(&person.user, id, attempts, self.owner().name(), lease).await;
        match claimed {
            Ok(is_claimed) => is_claimed.then(|| Outgoing { attempts: attempts.saturating_add(1), ..row }),
            Err(error) => {
                tracing::error!(%error, "a message cannot be taken to be sent again");
                None
            }
        }
    }

    /// Whether it may leave because its person wants it: its account must be able to. What its grant may, and how
    /// much, is not asked.
    pub(super) async fn check_own(&self, person: &Principal, row: &Outgoing) -> Check {
        match self.sending_account(person, row).await {
            Ok(account) => Check::Go(Box::new(account)),
            Err(problem) if problem.code == Code::Internal => Check::End(End::again(&problem)),
            Err(problem) => Check::End(End::failed(&problem)),
        }
    }

    /// The person's account that a message leaves from, if it can send it.
    async fn sending_account(&self, person: &Principal, row: &Outgoing) -> Result<Account, Problem> {
        let account = self.own_account(person, row).await?;
        if !writes_as(&account, &row.frozen.from) {
            return Err(foreign(&account));
        }
        if account.submission.is_none() {
            return Err(no_submission(&account));
        }
        Ok(account)
    }

    /// The person's account of a message, whatever it is called now.
    async fn own_account(&self, person: &Principal, row: &Outgoing) -> Result<Account, Problem> {
        let is_it = |source: &AccountSource| match (source, &row.account) {
            (AccountSource::Stored(own), HomeAccount::Stored(id)) => own == id,
            _ => false,
        };
        let own = person.accounts.iter().find(|granted| is_it(&granted.source));
        let own =
            own.ok_or_else(|| Problem::new(Code::NotFound, "The mailbox of this message was removed."))?;
        self.account(person, Some(own.name.as_str())).await
    }

    /// Where the message is in Sent, as agents name it. Without such a folder it is nowhere.
    async fn in_sent(&self, account: &Account, row: &Outgoing) -> Result<Option<String>, Problem> {
        let folders = account.opened.folders(Fresh::Known).await.map_err(|error| account.problem(&error))?;
        let sent = folders.find(&FolderArg::Role(Role::Sent)).filter(|folder| folder.is_selectable).cloned();
        let Some(sent) = sent else { return Ok(None) };
        Ok(self.find_sent(account, &sent, row).await?.map(|(place, _)| place.to_string()))
    }

    /// The store, and the person's message of that id.
    async fn own(&self, person: &Principal, id: &OutboxId) -> Result<(&Store, OwnOutgoing), Problem> {
        let Some(store) = &self.0.settings.store else { return Err(absent()) };
        let own = store.outbox_find_own(&person.user, id).await.map_err(|error| stored_badly(&error))?;
        own.map(|own| (store, own)).ok_or_else(absent)
    }
}

/// Whether it failed because its grant never allows its recipients: nobody ever said that it may leave.
pub fn is_never_allowed(row: &Outgoing) -> bool {
    let problem = row.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref());
    row.state == OutgoingState::Failed
        && problem.is_some_and(|problem| problem.code == Code::RecipientNotAllowed.as_str())
}

fn absent() -> Problem {
    Problem::new(Code::NotFound, "There is no such message.")
}
