//! Sending at most once: the frozen message, its way to the submission server, and its copy in Sent.

pub(crate) mod message_id;

use std::sync::Arc;

use domain::{ApprovalId, Code, GrantId, Principal, Problem, Timestamp};
use futures_util::future::BoxFuture;

use crate::{
    Engine,
    outgoing::{SendOutcome, SendRequest},
};

/// How a grant stands at the moment of sending.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It holds; the principal as it is now.
    Holds(Arc<Principal>),
    /// It was revoked, has expired, or its user is disabled.
    Ended,
    /// Only another process knows it: a local one with its own account.
    Elsewhere,
    /// It could not be found out now.
    Unavailable,
}

/// Who says how grants stand when nobody is calling.
pub trait Authority: Send + Sync {
    /// How the grant stands now.
    fn standing<'a>(&'a self, grant: &'a GrantId) -> BoxFuture<'a, Standing>;
}

/// What a person is asked where approvals are given in the client. All of it is as it will leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalQuestion {
    /// The approval.
    pub id: ApprovalId,
    /// When it is too late.
    pub expires: Timestamp,
    /// The address that writes.
    pub from: String,
    /// Every recipient, Bcc too.
    pub recipients: Vec<String>,
    /// Why the person is asked, one line each.
    pub reasons: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The beginning of the text.
    pub preview: String,
    /// Names of the files.
    pub files: Vec<String>,
}

impl Engine {
    /// Whether any account of the principal has a submission server, and what is on its way can be kept.
    pub async fn can_send(&self, principal: &Principal) -> bool {
        let _ = principal;
        false
    }

    /// Sends, or says how a sending stands. Ends at the outbox: if the caller goes away, it runs on.
    pub async fn send(&self, principal: &Principal, request: SendRequest) -> Result<SendOutcome, Problem> {
        let _ = (principal, request);
        Err(Problem::new(Code::NotSupported, "Nothing is sent yet."))
    }

    /// What the person is to be asked about a message of this grant that waits; nothing where the grant has
    /// approvals given elsewhere than in the client.
    pub async fn approval_question(
        &self,
        principal: &Principal,
        approval: &ApprovalId,
    ) -> Result<Option<ApprovalQuestion>, Problem> {
        let _ = (principal, approval);
        Ok(None)
    }

    /// The person's answer, given in the client, and how the sending stands then.
    pub async fn answer_approval(
        &self,
        principal: &Principal,
        approval: &ApprovalId,
        is_approved: bool,
    ) -> Result<SendOutcome, Problem> {
        let _ = (principal, approval, is_approved);
        Err(Problem::new(Code::NotSupported, "Nothing is sent yet."))
    }

    /// Sends what is due, tries again what may be tried again, files copies: until it is dropped.
    pub async fn run_outbox(&self, authority: Arc<dyn Authority>) {
        let _ = authority;
        std::future::pending::<()>().await;
    }
}
