//! A person's answers to what waits for them, each with a row in their audit trail. Whether it is the person
//! who answers is for the caller to make sure of: the command line by its terminal, our pages by a sign-in.

use domain::{ApprovalId, ApprovalReason, Door, Secret};
use storage::{Decided, Decision, Outgoing, OutgoingState, PieceReader};

use crate::{Access, Browser, Error, Occasion, Result, SignInRefusal, SignedIn};

/// What these rows name as the tool.
const TOOL: &str = "approval";
/// By whom an answer is that was given on our pages.
const PAGE: &str = "page";

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
    /// is then. Not for pages: what they ask is [`Self::approval_approve`] and [`Self::approval_deny`].
    pub async fn approval_decide(&self, id: &ApprovalId, decision: Decision, by: &str) -> Result<Outgoing> {
        self.decide(id, decision, by, Door::Stdio).await
    }

    async fn decide(&self, id: &ApprovalId, decision: Decision, by: &str, door: Door) -> Result<Outgoing> {
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
        self.record_decision(&message, id, by, door, outcome).await;
        Ok(message)
    }

    async fn record_decision(
        &self,
        message: &Outgoing,
        id: &ApprovalId,
        by: &str,
        door: Door,
        outcome: &str,
    ) {
        let targets = [id.to_string(), format!("by:{by}")];
        let grant = message.grant.clone();
        self.audit().record_under(door, &message.user, grant, TOOL, &targets, outcome).await;
    }
}

/// A person in front of our own pages: only what is asked of them is there for them.
impl Access {
    /// What waits for the person's answer, oldest first.
    pub async fn approvals_waiting(&self, who: &SignedIn) -> Result<Vec<Outgoing>> {
        Ok(self.store()?.approvals_waiting(Some(&who.user.name)).await?)
    }

    /// How many messages that are.
    pub async fn approvals_count(&self, who: &SignedIn) -> Result<u64> {
        Ok(self.store()?.approvals_count(&who.user.name).await?)
    }

    /// Questions to the person that are over, newest first.
    pub async fn approvals_over(&self, who: &SignedIn, limit: u32) -> Result<Vec<Outgoing>> {
        Ok(self.store()?.approvals_over(&who.user.name, limit).await?)
    }

    /// The message that a question to the person is about, answered or not; that of another is absent.
    pub async fn approval_of(&self, who: &SignedIn, id: &ApprovalId) -> Result<Outgoing> {
        self.approval_find(id, Some(&who.user.name)).await
    }

    /// Whether the yes to that message takes a proof of who the person is, and there is none yet.
    pub fn approval_wants_proof(&self, who: &SignedIn, id: &ApprovalId, message: &Outgoing) -> bool {
        is_first_time(message) && !self.is_proven(who, &Occasion::Approval(id.clone()))
    }

    /// The person's yes. Where somebody would get it to whom they never wrote, it takes a proof for this very
    /// message: one that was given before, or `password`. Given once and in time, and recorded.
    pub async fn approval_approve(
        &self,
        who: &SignedIn,
        id: &ApprovalId,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Outgoing, ApprovalRefusal> {
        let message = self.approval_of(who, id).await?;
        let is_open = message.state == OutgoingState::Waiting;
        // nobody is asked for a password to learn that it is too late
        if is_open && self.approval_wants_proof(who, id, &message) {
            if password.expose().is_empty() {
                return Err(ApprovalRefusal::ProofNeeded);
            }
            self.prove(who, password, &Occasion::Approval(id.clone()), browser).await?;
        }
        self.settle_question(who, id, Decision::Approve, &message).await.map_err(ApprovalRefusal::Answer)
    }

    /// The person's no. Given once and in time, and recorded.
    pub async fn approval_deny(&self, who: &SignedIn, id: &ApprovalId) -> Result<Outgoing> {
        let message = self.approval_of(who, id).await?;
        self.settle_question(who, id, Decision::Deny, &message).await
    }

    async fn settle_question(
        &self,
        who: &SignedIn,
        id: &ApprovalId,
        decision: Decision,
        message: &Outgoing,
    ) -> Result<Outgoing> {
        let decided = self.decide(id, decision, PAGE, Door::Page).await;
        let outcome = match &decided {
            Err(Error::ApprovalDecided(_)) => "decided_before",
            Err(Error::ApprovalExpired) => "too_late",
            _ => return decided,
        };
        tracing::info!(user = %who.user.id, outcome, "an answer came to nothing");
        self.record_decision(message, id, PAGE, Door::Page, outcome).await;
        decided
    }
}

/// Why an approval was not given.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalRefusal {
    /// It takes a proof of who the person is, and none came along.
    #[error("this approval takes a proof of who you are")]
    ProofNeeded,
    /// The proof was none.
    #[error(transparent)]
    Proof(#[from] SignInRefusal),
    /// It cannot be answered.
    #[error(transparent)]
    Answer(#[from] Error),
}

/// Whether somebody would get it to whom the person never wrote.
fn is_first_time(message: &Outgoing) -> bool {
    let reasons = message.approval.as_ref().map(|approval| approval.reasons.as_slice()).unwrap_or_default();
    // counted when it was frozen; what was asked about later is in the reasons alone
    message.new_recipients > 0
        || reasons.iter().any(|reason| matches!(reason, ApprovalReason::NewRecipient { .. }))
}
