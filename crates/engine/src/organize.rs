//! Changing what is in the mailbox: flags, keywords, moving, copying, archiving, trash and junk.
//!
//! Messages are named by id, or by a query in a folder. What touches many, and what a query finds, is
//! answered with a plan first, which is carried out when it is confirmed. Every step is in the journal
//! before it is done.

mod batches;
mod carry_out;
mod chosen;
mod deed;
mod find;
mod look;
mod plans;
mod refusals;
mod tally;
mod wish;

use domain::{ChangeId, Code, FolderArg, MessageRef, Principal, Problem};
use serde::{Deserialize, Serialize};

use self::{chosen::Chosen, tally::Tally};
pub(crate) use self::{plans::Said, wish::Work};
use crate::{Engine, search::Row};

/// Which messages are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meant {
    /// By id; empty if there is a query.
    pub ids: Vec<String>,
    /// What a query finds.
    pub query: Option<String>,
    /// In that folder.
    pub folder: Option<FolderArg>,
    /// Of that account; the default one if absent.
    pub account: Option<String>,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum Action {
    Read,
    Unread,
    Star,
    Unstar,
    AddKeyword,
    RemoveKeyword,
    Move,
    Copy,
    Archive,
    Trash,
    Junk,
    NotJunk,
}

/// A wish to change messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizeRequest {
    /// Which.
    pub meant: Meant,
    /// What.
    pub action: Action,
    /// Where to, for moving and copying.
    pub to_folder: Option<FolderArg>,
    /// Which keywords, for setting and taking them away.
    pub keywords: Vec<String>,
    /// The plan that the person or the agent agrees to, as it was answered.
    pub confirm: Option<String>,
}

/// One message that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneOne {
    /// The id as it was given, or as it was.
    pub id: String,
    /// Its id now, if it has another one that is known.
    pub new_id: Option<MessageRef>,
}

/// One that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedOne {
    /// The id as it was given.
    pub id: String,
    /// Why.
    pub problem: Problem,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// To how many messages.
    pub count: u64,
    /// Some of them, newest first.
    pub sample: Vec<Row>,
    /// To be given back, to have it done.
    pub confirm: String,
    /// What to know before, in words; empty if nothing.
    pub note: String,
}

/// What came of a wish to change or delete messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Organized {
    /// Those that were changed; of more than [`SHOWN`] only how many.
    pub done: Vec<DoneOne>,
    /// How many were changed.
    pub done_count: u64,
    /// Those that were not; at most [`SHOWN`].
    pub failed: Vec<FailedOne>,
    /// How many were not.
    pub failed_count: u64,
    /// By which it is taken back.
    pub undo: Option<ChangeId>,
    /// What would be done: then nothing was.
    pub plan: Option<Planned>,
}

/// Messages that an answer names one by one.
pub const SHOWN: usize = 100;

/// Messages a call changes without a plan.
pub const WITHOUT_PLAN: usize = 50;

/// Messages of one plan.
pub const MOST: usize = 20_000;

/// Told how many of how many messages are done.
pub type Progress = dyn Fn(u64, u64) + Send + Sync;

impl Engine {
    /// Changes messages, or answers a plan.
    pub async fn organize(
        &self,
        principal: &Principal,
        request: OrganizeRequest,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        let said = Said::of(&request);
        if let Some(confirm) = &request.confirm {
            let work = Work::from(request.action);
            return self.carry_out_plan(principal, confirm, &work, &said, progress).await;
        }
        let work = Work::of(&request)?;
        let meant = &request.meant;
        let chosen = match &meant.query {
            _ if meant.ids.is_empty() && meant.query.is_none() => {
                return Err(Problem::new(Code::InvalidInput, "No messages are named.")
                    .hint("Give `ids`, or `query` (\"\" for all) with `folder`."));
            }
            None if meant.folder.is_some() || meant.account.is_some() => {
                return Err(Problem::new(
                    Code::InvalidInput,
                    "`folder` and `account` belong to `query`; ids say both by themselves.",
                )
                .hint("Leave them out."));
            }
            None => self.choose(principal, &meant.ids).await?,
            Some(_) if !meant.ids.is_empty() => {
                return Err(Problem::new(Code::InvalidInput, "Messages are named by `ids` and by `query`.")
                    .hint("Give one of them."));
            }
            Some(query) => self.find_all(principal, query, meant).await?,
        };
        let is_planned = meant.query.is_some() || chosen.count() > WITHOUT_PLAN;
        let chosen = self.doable(principal, &work, chosen, is_planned).await?;
        if is_planned {
            return self.answer_plan(principal, work, said, chosen).await;
        }
        self.carry_out(principal, &work, chosen, progress).await
    }

    /// Takes from what was chosen what cannot be done at all, and tells each of it; where nothing is left
    /// for one reason, that is the answer.
    async fn doable(
        &self,
        principal: &Principal,
        work: &Work,
        chosen: Chosen,
        is_planned: bool,
    ) -> Result<Chosen, Problem> {
        let mut chosen = self.young_enough(principal, chosen, is_planned).await;
        let mut tally: Tally = std::mem::take(&mut chosen.failed);
        let mut refusal = None;
        let had_failures = tally.failed_count() > 0;
        for lot in std::mem::take(&mut chosen.lots) {
            match lot.account.deed(&lot.folder, work).await {
                Ok(_) => chosen.lots.push(lot),
                Err(problem) => {
                    tally.fail_lot(&lot, &problem);
                    refusal.get_or_insert(problem);
                }
            }
        }
        if let Some(problem) = refusal.filter(|_| chosen.lots.is_empty() && !had_failures) {
            return Err(problem);
        }
        chosen.failed = tally;
        Ok(chosen)
    }
}
