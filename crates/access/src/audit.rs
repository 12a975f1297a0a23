//! The audit trail: who did what, under which grant, to which messages; never contents.

use std::sync::Arc;

use domain::{Clock, Door, GrantId, Principal};
use storage::{AuditRow, Chain, NewAuditRow};

use crate::{Access, Result, writer::Writer};

/// Targets that one row names; further ones are counted.
const TARGETS: usize = 100;
/// Characters of a target that are kept.
const TARGET_CHARACTERS: usize = 300;
/// Characters of a tool's name and of an outcome that are kept.
const WORD_CHARACTERS: usize = 64;

/// One finished call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recorded<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Ids of messages, folders, accounts; never contents.
    pub targets: &'a [String],
    /// The word for how it ended: `ok`, or what was told instead.
    pub outcome: &'a str,
    /// Octets of the answer, if there was one.
    pub octets: Option<u64>,
    /// The handle of the change that it made, or took back; empty if there is none.
    pub undo: &'a str,
}

/// Records what was done.
pub struct Audit {
    writer: Writer,
    clock: Arc<dyn Clock>,
}

impl Audit {
    pub(crate) fn new(writer: Writer, clock: Arc<dyn Clock>) -> Self {
        Self { writer, clock }
    }

    /// Records one call: the tool, the ids (messages, folders, accounts; never contents) that it
    /// touched, and the word for how it ended, kept as it is: `ok`, or what was told instead. Written behind the call, in order; see [`Access::flush`].
    pub async fn record(&self, principal: &Principal, tool: &str, targets: &[String], outcome: &str) {
        self.record_call(principal, Recorded { tool, targets, outcome, ..Recorded::default() }).await;
    }

    /// Records one call as [`Self::record`] does, with the size of its answer and what takes it back.
    pub async fn record_call(&self, principal: &Principal, call: Recorded<'_>) {
        let who = (principal.door, principal.user.as_str(), principal.client.as_str());
        self.write(who, principal.grant.clone(), call).await;
    }

    /// Records what somebody did on our pages, or what was tried there in their name; under no grant.
    pub async fn record_page(&self, user: &str, what: &str, targets: &[String], outcome: &str) {
        self.record_under(Door::Page, user, GrantId::from_text(""), what, targets, outcome).await;
    }

    /// Records what happened under a grant, whether or not it was a call.
    pub(crate) async fn record_under(
        &self,
        door: Door,
        user: &str,
        grant: GrantId,
        tool: &str,
        targets: &[String],
        outcome: &str,
    ) {
        let call = Recorded { tool, targets, outcome, ..Recorded::default() };
        self.write((door, user, ""), grant, call).await;
    }

    /// Records what a person took back themselves, under the grant that had done it if that is known.
    pub(crate) async fn record_undo(&self, user: &str, grant: GrantId, call: Recorded<'_>) {
        self.write((Door::Page, user, ""), grant, call).await;
    }

    async fn write(&self, (door, user, client): (Door, &str, &str), grant: GrantId, call: Recorded<'_>) {
        let Recorded { tool, targets, outcome, octets, undo } = call;
        let short = |text: &str| text.chars().take(WORD_CHARACTERS).collect::<String>();
        let mut named: Vec<String> =
            targets.iter().take(TARGETS).map(|id| id.chars().take(TARGET_CHARACTERS).collect()).collect();
        if targets.len() > TARGETS {
            named.push(format!("+{} more", targets.len() - TARGETS));
        }
        self.writer
            .audit(NewAuditRow {
                user: user.to_owned(),
                grant,
                client: client.chars().take(TARGET_CHARACTERS).collect(),
                door: door.as_str().to_owned(),
                tool: short(tool),
                targets: serde_json::Value::from(named).to_string(),
                outcome: short(outcome),
                octets,
                undo: short(undo),
                at: self.clock.now(),
            })
            .await;
    }
}

impl Access {
    /// The user's newest audit rows, newest first.
    pub async fn audit_list(&self, user: &str, limit: u32) -> Result<Vec<AuditRow>> {
        Ok(self.store()?.list_audit(user, limit).await?)
    }

    /// Whether the user's audit rows are as they were written.
    pub async fn audit_check(&self, user: &str) -> Result<Chain> {
        Ok(self.store()?.check_audit(user).await?)
    }
}
