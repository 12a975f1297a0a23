//! What grants changed in mailboxes: noted before it is done and after, so that it can be taken back, and
//! so that a message that was moved is found under its old id.
//!
//! Kept in the database (`storage::changes`) for seven days, or in memory for ten minutes (`journal/memory.rs`).
//! Steps as octets are in `journal/form.rs`, where messages went in `journal/following.rs`, what is done about
//! steps of which nobody knows the end in `journal/settle.rs`, who takes a change back in `journal/taken.rs`. What a change is, and how it is made, is not known
//! here: see `organize`, `delete` and `manage`. Taking it back is in `undo`.

mod following;
mod form;
mod kept;
mod memory;
mod settle;
mod taken;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use domain::{AccountName, ChangeId, Code, Flag, HomeAccount, Principal, Problem, Timestamp};
use mail::imap::change::{End, OneTransferred};
use storage::NewStep;

pub(crate) use self::following::MovedTo;
use self::memory::Memory;
pub(crate) use storage::ChangeState;

use crate::{Account, Engine};

/// Accounts of which is remembered that nothing is unfinished; beyond that all are forgotten.
const REMEMBERED: usize = 10_000;

/// What a process keeps in memory of the journal.
#[derive(Default)]
pub(crate) struct Journal {
    /// What is kept nowhere else.
    memory: Memory,
    /// Changes that are being made, or seen to, by this process now.
    held: Mutex<HashSet<ChangeId>>,
    /// Accounts that were looked through for what other processes left unfinished.
    looked: Mutex<HashSet<HomeAccount>>,
}

/// A change that nobody else of this process sees to, until this is dropped.
struct Held<'a> {
    journal: &'a Journal,
    id: ChangeId,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        lock(&self.journal.held).remove(&self.id);
    }
}

impl Journal {
    fn hold(&self, id: &ChangeId) -> Option<Held<'_>> {
        lock(&self.held).insert(id.clone()).then(|| Held { journal: self, id: id.clone() })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mailbox as a step names it: as the server writes it, and as agents do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// As the server writes its name.
    pub(crate) wire: Bytes,
    /// As agents name it in ids.
    pub(crate) key: String,
    /// UIDVALIDITY.
    pub(crate) validity: u32,
}

/// A message whose flags or labels were changed: only what it did not have before, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reflagged {
    /// Its UID.
    pub(crate) uid: u32,
    /// Flags that it did not have and got.
    pub(crate) added: Vec<Flag>,
    /// Flags that it had and lost.
    pub(crate) removed: Vec<Flag>,
    /// Likewise, labels.
    pub(crate) added_labels: Vec<String>,
    /// Likewise.
    pub(crate) removed_labels: Vec<String>,
    /// MODSEQ after the change.
    pub(crate) modseq: Option<u64>,
}

/// One step of a change. It is begun with the UIDs that are meant, and ended with what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Flags or labels of messages.
    Flags {
        /// Where.
        at: Place,
        /// The messages; before it is done, without what changes.
        messages: Vec<Reflagged>,
    },
    /// Messages that were moved or copied.
    Transfer {
        /// From where.
        from: Place,
        /// To where: as the server writes it, and as agents do.
        to: (Bytes, String),
        /// Whether they stay where they were, too.
        is_copy: bool,
        /// The messages that are meant.
        uids: Vec<u32>,
        /// What became of them. Before it is done, what is remembered of them, without a size where nothing is,
        /// or nothing at all: after a crash that finds those which are not here any more.
        messages: Vec<OneTransferred>,
    },
    /// Messages that were destroyed: noted, and not to be taken back.
    Destroyed {
        /// Where.
        at: Place,
        /// Which.
        uids: Vec<u32>,
    },
    /// A folder that was made.
    Created {
        /// As the server writes its name.
        wire: Bytes,
    },
    /// A folder that got another name.
    Renamed {
        /// As the server wrote its name before.
        from: Bytes,
        /// As it writes it now.
        to: Bytes,
    },
    /// An empty folder that was removed.
    Removed {
        /// As the server wrote its name.
        wire: Bytes,
        /// Whether the person was subscribed to it.
        was_subscribed: bool,
    },
    /// A subscription that began or ended.
    Subscribed {
        /// As the server writes its name.
        wire: Bytes,
        /// Whether it began.
        is_on: bool,
    },
}

impl Step {
    /// Whether anything of what was done can be taken back.
    fn can_be_undone(&self) -> bool {
        match self {
            Self::Flags { messages, .. } => messages.iter().any(|message| {
                let flags = message.added.len() + message.removed.len();
                flags + message.added_labels.len() + message.removed_labels.len() > 0
            }),
            Self::Transfer { messages, .. } => {
                messages.iter().any(|message| matches!(message.end, End::Done | End::Both))
            }
            Self::Destroyed { .. } => false,
            Self::Created { .. } | Self::Renamed { .. } | Self::Removed { .. } | Self::Subscribed { .. } => {
                true
            }
        }
    }
}

/// A change that is being made by one call.
pub(crate) struct Change<'a> {
    engine: &'a Engine,
    principal: &'a Principal,
    held: Option<Held<'a>>,
    /// The number of the next step.
    next: u32,
    /// Whether any step so far can be taken back.
    can_be_undone: bool,
}

/// A change that a grant made, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeFound {
    /// Its id.
    pub(crate) id: ChangeId,
    /// How it stands.
    pub(crate) state: ChangeState,
    /// Which process took it last to take it back, and when it was last at it.
    pub(crate) taken: Option<(String, Timestamp)>,
    /// Its steps in their order, as far as they can be read: not those of accounts that were removed.
    pub(crate) steps: Vec<StepFound>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepFound {
    /// Which, from 0.
    pub(crate) number: u32,
    /// The account's name when it was made.
    pub(crate) account_name: AccountName,
    /// The account.
    pub(crate) account: HomeAccount,
    /// What was done; what was about to be done, if it did not come to an end.
    pub(crate) step: Step,
    /// Whether it came to an end.
    pub(crate) is_done: bool,
}

impl Engine {
    /// A change in which nothing was done yet; nothing is kept of it until a step begins.
    pub(crate) fn change<'a>(&'a self, principal: &'a Principal) -> Change<'a> {
        Change { engine: self, principal, held: None, next: 0, can_be_undone: false }
    }

    /// A change of the principal's grant that is not too old to be taken back. One of another grant answers
    /// like one that never was.
    pub(crate) async fn change_of(
        &self,
        principal: &Principal,
        id: &ChangeId,
    ) -> Result<Option<ChangeFound>, Problem> {
        let found = self.journal_of(principal).change_find(&principal.grant, id, self.now()).await;
        let Some(found) = found.map_err(|error| unreadable(&error))? else { return Ok(None) };
        let read = |step: storage::Step| {
            let Some(body) = form::read_step(&step.body) else {
                tracing::warn!("a step of a change is in a form that is not known here");
                return None;
            };
            let (account_name, account) = (step.account_name, step.account);
            Some(StepFound { number: step.seq, account_name, account, step: body, is_done: step.is_done })
        };
        let steps = found.steps.into_iter().filter_map(read).collect();
        Ok(Some(ChangeFound { id: found.id, state: found.state, taken: found.taken, steps }))
    }
}

impl Change<'_> {
    /// Notes what is about to be done in the account; answers the number of the step. Once it has answered, it
    /// is kept whatever happens to this process.
    pub(crate) async fn begin(&mut self, account: &Account, step: &Step) -> Result<u32, Problem> {
        let engine = self.engine;
        engine.look_through(account).await;
        let step = new_step(account, step);
        let kept = engine.journal_of(self.principal);
        let number = self.next;
        let begun = if let Some(held) = &self.held {
            kept.change_step(&held.id, number, &step, engine.now()).await
        } else {
            let id = ChangeId::from_random(engine.random_id());
            // Nobody else can have a new id.
            let held = engine.0.journal.hold(&id);
            let begun =
                kept.change_begin(&id, self.principal, engine.owner().name(), engine.now(), &step).await;
            if begun.is_ok() {
                self.held = held;
            }
            begun
        };
        begun.map_err(|error| not_begun(&error))?;
        self.next += 1;
        Ok(number)
    }

    /// Notes what became of it.
    pub(crate) async fn end(&mut self, account: &Account, number: u32, step: &Step) -> Result<(), Problem> {
        let Some(held) = &self.held else {
            return Err(Problem::new(Code::Internal, "What was not begun cannot end."));
        };
        let moved = following::moved_by(step);
        let kept = self.engine.journal_of(self.principal);
        let now = self.engine.now();
        let ended = kept.change_step_done(&held.id, number, &new_step(account, step), &moved, now).await;
        ended.map_err(|error| not_ended(&error))?;
        self.can_be_undone |= step.can_be_undone();
        Ok(())
    }

    /// All steps were done. The handle to take it back by, if anything can be.
    pub(crate) async fn finish(self) -> Result<Option<ChangeId>, Problem> {
        let Some(held) = &self.held else { return Ok(None) };
        let ended = self.engine.journal_of(self.principal).change_end(&held.id, self.engine.now()).await;
        if let Err(error) = ended {
            // What was done was done: the call must not look as if it had failed.
            tracing::error!(%error, "a change cannot be taken back: its end was not written down");
            return Ok(None);
        }
        Ok(self.can_be_undone.then(|| held.id.clone()))
    }
}

fn new_step(account: &Account, step: &Step) -> NewStep {
    NewStep {
        account: account.home.clone(),
        account_name: account.name.clone(),
        body: form::write_step(step),
    }
}

/// The problem of a step that could not be noted: it is not done then.
fn not_begun(error: &storage::Error) -> Problem {
    failed(error, "The change was not made: it cannot be noted, so it could not be taken back.")
        .hint("Try again; if it persists, the operator should look at the database.")
}

/// The problem of a step that was done, and whose end could not be noted.
fn not_ended(error: &storage::Error) -> Problem {
    failed(error, "The change was made, and cannot be noted: it cannot be taken back by a handle.")
        .hint("Look at the folders before you do more. The operator should look at the database.")
}

/// The problem of a journal that cannot be read.
pub(crate) fn unreadable(error: &storage::Error) -> Problem {
    failed(error, "The journal of changes cannot be read now.")
        .hint("Try again; if it persists, the operator should look at the database.")
}

fn failed(error: &storage::Error, message: &str) -> Problem {
    if matches!(error, storage::Error::Gone) {
        return Problem::new(Code::NotFound, "The account was removed, or the grant ended, meanwhile.");
    }
    tracing::error!(%error, "the journal of changes failed");
    Problem::new(Code::Internal, message)
}
