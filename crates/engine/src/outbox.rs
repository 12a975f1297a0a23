//! Sending at most once: the frozen message, its way to the submission server, and its copy in Sent.
//!
//! A row of the outbox stands before the first octet leaves (`freeze`), one attempt after another takes it
//! from there (`attempt`), and from the last octets on only the server's reply tells. What a call is told
//! is read from the row (`told`); nobody's leaving changes what happens. What people do themselves is in `person`.

mod attempt;
mod check;
mod filing;
mod follow_up;
mod freeze;
mod frozen;
mod key;
pub(crate) mod message_id;
mod of_draft;
pub(crate) mod owner;
mod person;
mod retry;
mod sent_copy;
mod told;
mod under_way;
mod worker;

use std::{sync::Arc, time::Duration};

use domain::{ApprovalId, ApprovalReason, Code, GrantId, OutboxId, Principal, Problem, Scope, Timestamp};
use futures_util::future::BoxFuture;
use storage::{Decided, Decision, Store};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

pub(crate) use self::attempt::no_submission;
pub(crate) use self::key::ANSWER;
pub(crate) use self::under_way::UnderWay;
use self::{attempt::Voucher, owner::Owner};
pub use self::{
    frozen::{frozen_hash, stored_form},
    person::{Acted, InSent, Listing, Looked, OwnOutgoing, Pile, Place, is_never_allowed},
};
use crate::{
    Engine,
    outgoing::{SendOutcome, SendRequest, Sending, keeps_nothing},
};
pub use storage::{Copy, CopyState, Outcome, OutcomeProblem, Outgoing, OutgoingState, RecipientOutcome};

/// How often it is looked how a message stands that somebody else is sending.
const LOOK: Duration = Duration::from_millis(100);

/// How often it is looked whether a person has answered: they take seconds at the least.
const LOOK_FOR_ANSWER: Duration = Duration::from_millis(500);

/// How a grant stands at the moment of sending.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It holds; the principal as it is now.
    Holds(Arc<Principal>),
    /// It was revoked, has expired, or its user is disabled.
    Ended,
    /// Only another process knows it: a local one with its own account.
    Elsewhere,
    /// It could not be found out now, or its person paused it: the message waits.
    Unavailable,
}

/// Who says how grants stand when nobody is calling.
pub trait Authority: Send + Sync {
    /// How the grant of that user stands now.
    fn standing<'a>(&'a self, grant: &'a GrantId, user: &'a str) -> BoxFuture<'a, Standing>;

    /// The principal of this process's own account, if it was started with one: what was scheduled for it
    /// is sent by this process.
    fn own(&self) -> Option<Arc<Principal>> {
        None
    }
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
    /// Why the person is asked.
    pub reasons: Vec<ApprovalReason>,
    /// The subject.
    pub subject: String,
    /// The beginning of what the recipients will see, codes too.
    pub preview: String,
    /// Names of the files.
    pub files: Vec<String>,
}

impl Engine {
    /// Whether any account of the principal has a submission server, and what is on its way can be kept.
    pub async fn can_send(&self, principal: &Principal) -> bool {
        if self.0.settings.store.is_none() {
            return false;
        }
        for granted in &principal.accounts {
            let account = self.account(principal, Some(granted.name.as_str())).await;
            if account.is_ok_and(|account| account.submission.is_some()) {
                return true;
            }
        }
        false
    }

    /// Sends, or says how a sending stands. Ends at the outbox: if the caller goes away, it runs on.
    pub async fn send(&self, principal: &Principal, request: SendRequest) -> Result<SendOutcome, Problem> {
        let store = self.sending_store(principal)?;
        let Some(asked) = key::asked(&request).await? else {
            let row = find(store, principal, &request).await?;
            return self.go_on(store, principal, row, false).await;
        };
        let known = if asked.is_given {
            store.outbox_find_last(&principal.grant, &asked.key).await
        } else {
            store.outbox_find_key(&principal.grant, &asked.key).await
        };
        let known = known.map_err(|error| stored_badly(&error))?;
        let known = known.filter(|row| row.state != OutgoingState::Failed);
        if known.as_ref().is_some_and(|row| row.content != asked.content) {
            return Err(key::another());
        }
        let before = self.sent_before(store, principal, &request.sending, &asked, known).await?;
        if let Some(row) = before {
            return self.go_on(store, principal, row, true).await;
        }
        let (id, found) = Box::pin(self.freeze(store, principal, request, &asked)).await?;
        match found {
            None => {
                let row = store.outbox_find(&id).await.map_err(|error| stored_badly(&error))?;
                let row = row.ok_or_else(|| absent("message"))?;
                self.go_on(store, principal, row, false).await
            }
            Some(row) if row.content != asked.content => Err(key::another()),
            Some(row) => self.go_on(store, principal, *row, true).await,
        }
    }

    /// What the person is to be asked about a message of this grant that waits; nothing where the grant has
    /// approvals given elsewhere than in the client.
    pub async fn approval_question(
        &self,
        principal: &Principal,
        approval: &ApprovalId,
    ) -> Result<Option<ApprovalQuestion>, Problem> {
        let store = self.sending_store(principal)?;
        let row = find_approval(store, principal, approval).await?;
        let asked = row.approval.filter(|asked| asked.id == *approval && asked.expires > self.now());
        let Some(asked) =
            asked.filter(|_| row.state == OutgoingState::Waiting && told::is_asked_in_client(principal))
        else {
            return Ok(None);
        };
        Ok(Some(ApprovalQuestion {
            id: asked.id,
            expires: asked.expires,
            from: row.frozen.from,
            recipients: row.frozen.recipients,
            reasons: asked.reasons,
            subject: row.frozen.subject,
            preview: row.frozen.preview,
            files: row.frozen.files,
        }))
    }

    /// The person's answer, given in the client, and how the sending stands then.
    pub async fn answer_approval(
        &self,
        principal: &Principal,
        approval: &ApprovalId,
        is_approved: bool,
    ) -> Result<SendOutcome, Problem> {
        let store = self.sending_store(principal)?;
        if !told::is_asked_in_client(principal) {
            return Err(Problem::new(
                Code::OutsideGrant,
                "This grant's approvals are not given in the client.",
            )
            .hint(match told::page_of(self.pages(), approval) {
                Some(page) => format!("The person decides at {page} ."),
                None => format!("The person decides with `postroom approval show {approval}`."),
            }));
        }
        find_approval(store, principal, approval).await?;
        let decision = if is_approved { Decision::Approve } else { Decision::Deny };
        let by = format!("client {}", principal.client);
        match store.approval_decide(approval, decision, &by).await.map_err(|error| stored_badly(&error))? {
            Decided::Done(row) => self.go_on(store, principal, *row, false).await,
            Decided::Already(_) | Decided::Expired => {
                let row = find_approval(store, principal, approval).await?;
                self.go_on(store, principal, row, true).await
            }
            Decided::Absent => Err(absent("approval")),
        }
    }

    /// How the sending that the person is asked about stands once they have answered, or else after `patience`:
    /// then as one that waits. Only looks.
    pub async fn await_approval(
        &self,
        principal: &Principal,
        approval: &ApprovalId,
        patience: Duration,
    ) -> Result<SendOutcome, Problem> {
        let store = self.sending_store(principal)?;
        let deadline = Instant::now() + patience;
        loop {
            let row = find_approval(store, principal, approval).await?;
            let asked = row.approval.as_ref().is_some_and(|asked| asked.expires > self.now());
            if row.state != OutgoingState::Waiting || !asked || Instant::now() >= deadline {
                return self.go_on(store, principal, row, false).await;
            }
            sleep(LOOK_FOR_ANSWER).await;
        }
    }

    /// Returns when a message began to wait for its person since the last time; to be asked by one at a time.
    pub async fn something_waits(&self) {
        self.0.under_way.waits.notified().await;
    }

    /// The public URL of the person's pages.
    fn pages(&self) -> Option<&str> {
        self.0.settings.pages.as_deref()
    }

    /// Sends what is due, tries again what may be tried again, files copies, finishes changes that were left half
    /// done: until it is dropped.
    pub async fn run_outbox(&self, authority: Arc<dyn Authority>) {
        match self.0.settings.store.clone() {
            Some(store) => {
                self.0.under_way.note_authority(&authority);
                tokio::join!(self.work(&store, &authority), Box::pin(self.settle_for_ever(&*authority)));
            }
            None => std::future::pending().await,
        }
    }

    /// Begins to hand over a message that nobody calls for, under its grant as that stands now. The receiver is told
    /// when it is known what became of it; nothing begins where this process sends for callers only.
    pub(crate) fn begin_vouched(&self, id: &OutboxId) -> Option<oneshot::Receiver<()>> {
        let authority = self.0.under_way.authority()?;
        Some(self.begin_attempt(id.clone(), Voucher::Authority(authority)).0)
    }

    /// Waits, when the process is to end, until what is being handed over has been; not for ever.
    pub async fn settle_outbox(&self) {
        self.0.under_way.settled(self.0.bounds.sending.farewell).await;
    }

    /// The store, if the principal may send at all.
    pub(crate) fn sending_store(&self, principal: &Principal) -> Result<&Store, Problem> {
        if !principal.may(Scope::Send) {
            return Err(Problem::new(Code::ScopeMissing, "Sending needs `mail:send`."));
        }
        self.0.settings.store.as_ref().ok_or_else(keeps_nothing)
    }

    /// Hands over what may leave now, waits for it a while, and tells how it stands.
    async fn go_on(
        &self,
        store: &Store,
        principal: &Principal,
        row: Outgoing,
        is_repeated: bool,
    ) -> Result<SendOutcome, Problem> {
        let now = self.now();
        let is_due = matches!(row.state, OutgoingState::Ready | OutgoingState::Scheduled) && row.due <= now;
        let is_moving = matches!(row.state, OutgoingState::Sending | OutgoingState::Committing);
        if !is_due && !is_moving {
            return told::told(&row, principal, self.pages(), now, is_repeated);
        }
        let bounds = &self.0.bounds.sending;
        let deadline = Instant::now() + bounds.patience;
        if is_due {
            let voucher = Voucher::Caller(Arc::new(principal.clone()));
            let (known, task) = self.begin_attempt(row.id.clone(), voucher);
            if timeout(bounds.patience, known).await.is_ok() {
                let _ = timeout(bounds.copy_patience, task).await;
            }
        }
        loop {
            let row = store.outbox_find(&row.id).await.map_err(|error| stored_badly(&error))?;
            let row = row.ok_or_else(|| absent("message"))?;
            let is_moving = matches!(row.state, OutgoingState::Sending | OutgoingState::Committing);
            if !is_moving || Instant::now() >= deadline {
                return told::told(&row, principal, self.pages(), self.now(), is_repeated);
            }
            sleep(LOOK).await;
        }
    }

    /// Who this process is.
    pub(crate) fn owner(&self) -> &Owner {
        let settings = &self.0.settings;
        self.0.under_way.owner(&*settings.random, settings.processes.as_deref())
    }

    /// What an id is made of.
    pub(crate) fn random_id(&self) -> [u8; 16] {
        let mut octets = [0; 16];
        self.0.settings.random.fill(&mut octets);
        octets
    }
}

/// The row whose state is asked for: one of this grant, else there is none.
async fn find(store: &Store, principal: &Principal, request: &SendRequest) -> Result<Outgoing, Problem> {
    if let Sending::State { approval: Some(approval) } = &request.sending {
        return find_approval(store, principal, approval).await;
    }
    let Some(name) = &request.key else {
        return Err(Problem::new(Code::InvalidInput, "There is nothing to send.").hint(
            "Give `draft_id`, or recipients and a text; or `idempotency_key` or `approval_id` alone to learn an outcome.",
        ));
    };
    let draft = domain::DraftId::from_text(name.as_str());
    for key in [key::given(name)?, key::of_draft(&draft)] {
        let row = store.outbox_find_last(&principal.grant, &key).await;
        if let Some(row) = row.map_err(|error| stored_badly(&error))? {
            return Ok(row);
        }
    }
    // A draft that was sent under another key.
    let rows = store.outbox_of_draft(&principal.grant, &draft).await.map_err(|error| stored_badly(&error))?;
    rows.into_iter().next().ok_or_else(|| absent("message with this key"))
}

async fn find_approval(
    store: &Store,
    principal: &Principal,
    approval: &ApprovalId,
) -> Result<Outgoing, Problem> {
    let row = store.approval_find(approval).await.map_err(|error| stored_badly(&error))?;
    row.filter(|row| row.grant == principal.grant).ok_or_else(|| absent("approval"))
}

fn absent(what: &str) -> Problem {
    Problem::new(Code::NotFound, format!("There is no such {what} of this grant."))
        .hint("What was sent is known for 30 days, or as long as the person wishes, by the key or the approval it was sent with.")
}

/// The problem of a database that did not do what it was asked.
pub(crate) fn stored_badly(error: &storage::Error) -> Problem {
    if matches!(error, storage::Error::Gone) {
        return Problem::new(Code::NotFound, "The account was removed meanwhile.");
    }
    tracing::error!(%error, "the outbox failed");
    if matches!(error, storage::Error::Seal | storage::Error::Unreadable(_)) {
        return Problem::new(Code::Internal, "What is kept of this message was altered: it does not leave.")
            .hint("Tell the person. Only if they want it, send it anew with a new `idempotency_key`.");
    }
    Problem::new(Code::Internal, "The outbox cannot be read or written now.")
        .hint("Call again with the same arguments: nothing is sent twice.")
}

/// The problem of what somebody else is doing at this moment.
fn busy() -> Problem {
    Problem::new(Code::Conflict, "Somebody else is at it.")
}
