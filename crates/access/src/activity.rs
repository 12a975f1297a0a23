//! What happened under a person's name, as they look at it: calls of their agents and what they did on our pages,
//! found, shown, checked, deleted. Taking changes back is `engine`'s; what came of it is recorded here.

use domain::{ChangeId, GrantId, OutboxId, Timestamp};
pub use storage::{
    AuditFilter as ActivityFilter, AuditRow, CallsOfHour as BusyHour, Chain, ChainCheck, Went,
};
use storage::{HandleState, Store};

use crate::{Access, Recorded, Result, SignedIn};

/// Grants that are named.
const MOST_AGENTS: u32 = 500;
/// Rows that one call checks: a second's work or two.
const CHECKED: u32 = 100_000;
/// What taking back is called in the trail.
const UNDO: &str = "undo";
/// What deleting rows is called in the trail.
const DELETE: &str = "activity_delete";

/// Rows that were found, newest first.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// The rows.
    pub rows: Vec<ActivityRow>,
    /// Further ones may be before the row of this number; absent if there are none.
    pub next: Option<i64>,
    /// How far back was looked, if fewer than wanted were found and there are more behind.
    pub looked_back_to: Option<Timestamp>,
}

/// A row, and what became of what it did.
#[derive(Debug, Clone)]
pub struct ActivityRow {
    /// What was recorded.
    pub recorded: AuditRow,
    /// Whether the person can take it back now, and until when if that ends.
    pub can_be_undone: Option<Option<Timestamp>>,
    /// Who took it back, wholly or in part.
    pub taken_back: Option<TakenBack>,
}

/// That something was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// The agent that did; absent for the person.
    pub agent: Option<GrantId>,
    /// When.
    pub at: Timestamp,
    /// Whether some of it was left as it is.
    pub is_partly: bool,
}

/// An agent of the person's that there is or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityAgent {
    /// Its grant.
    pub grant: GrantId,
    /// What the person knows it by.
    pub label: String,
    /// Whether it has access now.
    pub is_live: bool,
}

impl Access {
    /// The person's rows that are wanted, from before the row of number `before`; at most `limit`.
    pub async fn activity(
        &self,
        who: &SignedIn,
        filter: &ActivityFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Activity> {
        let store = self.store()?;
        let page = store.audit_look(&who.user.name, filter, before, limit).await?;
        let rows = with_ends(store, &who.user.name, page.rows).await?;
        Ok(Activity { rows, next: page.next, looked_back_to: page.looked_back_to })
    }

    /// The person's rows that are wanted as they were written, for whoever takes them along.
    pub async fn activity_recorded(
        &self,
        who: &SignedIn,
        filter: &ActivityFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, Option<i64>)> {
        let page = self.store()?.audit_look(&who.user.name, filter, before, limit).await?;
        Ok((page.rows, page.next))
    }

    /// The person's agents, live ones first; of those that ended the newest.
    pub async fn activity_agents(&self, who: &SignedIn) -> Result<Vec<ActivityAgent>> {
        let labels = self.store()?.grant_labels(&who.user.id, MOST_AGENTS).await?;
        Ok(labels
            .into_iter()
            .map(|(grant, label, is_live)| ActivityAgent { grant, label, is_live })
            .collect())
    }

    /// What the person's agents did in each hour since that of `since`, in the order of hours.
    pub async fn activity_by_hour(&self, who: &SignedIn, since: Timestamp) -> Result<Vec<BusyHour>> {
        Ok(self.store()?.calls_over_time(&who.user.id, since).await?)
    }

    /// How the check of the person's rows stands.
    pub async fn activity_checked(&self, who: &SignedIn) -> Result<ChainCheck> {
        Ok(self.store()?.audit_checked(&who.user.name).await?)
    }

    /// Checks some more of the person's rows; to be called again while `done` is not 0.
    pub async fn activity_check(&self, who: &SignedIn) -> Result<ChainCheck> {
        Ok(self.store()?.audit_check_on(&who.user.name, CHECKED).await?)
    }

    /// Deletes the person's rows from before that instant, or all; answers how many. Recorded. Goes on to its end
    /// even if nobody waits for it.
    pub async fn activity_delete(&self, who: &SignedIn, before: Option<Timestamp>) -> Result<u64> {
        self.flush().await;
        let (access, user) = (self.clone(), who.user.name.clone());
        let until = before.unwrap_or_else(|| self.clock().now() + time::Duration::SECOND);
        let deleting = tokio::spawn(async move {
            let deleted = access.store()?.audit_delete_before(&user, until).await?;
            let what = before.map_or_else(|| "all".to_owned(), |before| format!("before:{}", before.date()));
            let targets = [what, format!("entries:{deleted}")];
            access.audit().record_page(&user, DELETE, &targets, "ok").await;
            access.flush().await;
            Ok(deleted)
        });
        deleting.await.unwrap_or(Err(crate::Error::NoStore))
    }

    /// Records that the person took something back, or tried to: what, how it ended, and the word for that.
    pub async fn activity_undone(&self, who: &SignedIn, undo: &str, outcome: &str) -> Result<()> {
        let (store, user) = (self.store()?, &who.user.name);
        let (change, sending) = (ChangeId::from_text(undo), OutboxId::from_text(undo));
        let grant = if change.to_bytes().is_some() {
            store.change_grant_of(user, &change).await?
        } else if sending.to_bytes().is_some() {
            store.outbox_find(&sending).await?.filter(|row| row.user == *user).map(|row| row.grant)
        } else {
            None
        };
        // what is not theirs leaves no trace by its name
        let Some(grant) = grant else { return Ok(()) };
        let targets = [undo.to_owned()];
        let call = Recorded { tool: UNDO, targets: &targets, outcome, octets: None, undo };
        self.audit().record_undo(user, grant, call).await;
        self.flush().await;
        Ok(())
    }
}

/// The rows with what became of what they did.
async fn with_ends(store: &Store, user: &str, rows: Vec<AuditRow>) -> Result<Vec<ActivityRow>> {
    let is_deed =
        |row: &&AuditRow| !row.row.undo.is_empty() && !matches!(row.row.tool.as_str(), UNDO | "mail_undo");
    let asked: Vec<String> = rows.iter().filter(is_deed).map(|row| row.row.undo.clone()).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let (states, reversals) =
        (store.audit_handles(user, &asked).await?, store.audit_reversals(user, &asked).await?);
    let told = |recorded: AuditRow| {
        if !is_deed(&&recorded) {
            return ActivityRow { recorded, can_be_undone: None, taken_back: None };
        }
        let state = states.iter().find(|handle| handle.undo == recorded.row.undo).map(|handle| handle.state);
        let reversal = reversals.iter().rfind(|reversal| reversal.row.undo == recorded.row.undo);
        let taken_back = reversal.map(|reversal| TakenBack {
            agent: (reversal.row.tool != UNDO).then(|| reversal.row.grant.clone()),
            at: reversal.row.at,
            is_partly: reversal.row.outcome == "partly" || matches!(state, Some(HandleState::Open(_))),
        });
        let can_be_undone = match state {
            Some(HandleState::Open(until)) => Some(until),
            _ => None,
        };
        ActivityRow { recorded, can_be_undone, taken_back }
    };
    Ok(rows.into_iter().map(told).collect())
}
