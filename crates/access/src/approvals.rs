//! A person's answers to what waits for them, each with a row in their audit trail. Whether it is the person
//! who answers is for the caller to make sure of: the command line by its terminal, our pages by a sign-in.

use domain::{ApprovalId, Door};
use storage::{Decided, Decision, NewAuditRow, Outgoing, PieceReader};

use crate::{Access, Error, Result};

/// What these rows name as the tool.
const TOOL: &str = "approval";

impl Access {
    /// Messages that wait for an answer, of one user or of all, oldest first.
    pub async fn approval_list(&self, user: Option<&str>) -> Result<Vec<Outgoing>> {
        let waiting = self.store()?.approvals_waiting(user).await?;
        if let (Some(user), true) = (user, waiting.is_empty()) {
            self.find_user(user).await?;
        }
        Ok(waiting)
    }

    /// The message that a question is about, answered or not; with `user`, only if it is theirs.
    pub async fn approval_find(&self, id: &ApprovalId, user: Option<&str>) -> Result<Outgoing> {
        let found = self.store()?.approval_find(id).await?;
        found
            .filter(|found| user.is_none_or(|user| user == found.user))
            .ok_or_else(|| Error::ApprovalNotFound(id.to_string()))
    }

    /// The stored form of a message that waits.
    pub async fn approval_octets(&self, message: &Outgoing) -> Result<PieceReader> {
        Ok(self.store()?.outbox_reader(&message.id).await?)
    }

    /// Answers a question in the name of `by`, once and in time, and records it. Answers the message as it
    /// is then.
    pub async fn approval_decide(&self, id: &ApprovalId, decision: Decision, by: &str) -> Result<Outgoing> {
        let message = match self.store()?.approval_decide(id, decision, by).await? {
            Decided::Done(message) => *message,
            Decided::Already(state) => return Err(Error::ApprovalDecided(state.as_str())),
            Decided::Expired => return Err(Error::ApprovalExpired),
            Decided::Absent => return Err(Error::ApprovalNotFound(id.to_string())),
        };
        let outcome = match decision {
            Decision::Approve => "approved",
            Decision::Deny => "denied",
        };
        let row = NewAuditRow {
            user: message.user.clone(),
            grant: message.grant.clone(),
            client: String::new(),
            door: Door::Stdio.as_str().to_owned(),
            tool: TOOL.to_owned(),
            targets: serde_json::json!([id.as_str(), format!("by:{by}")]).to_string(),
            outcome: outcome.to_owned(),
            octets: None,
            undo: String::new(),
            at: self.clock().now(),
        };
        self.writer().audit(row).await;
        Ok(message)
    }
}
