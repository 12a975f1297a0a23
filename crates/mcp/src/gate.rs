//! What this door asks of whoever knows tokens and grants.
//!
//! Only questions; the answers come from `access`. Tests answer them from a table.

use std::{future::Future, pin::Pin, sync::Arc};

use domain::{GrantId, Principal, Problem, Secret, Timestamp};

/// A future that can be returned by an object.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a bearer gives no principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Unknown, expired, revoked, or meant for somebody else: 401.
    Invalid,
    /// Good, but the person has paused the agent: 403, and nothing that would make a client throw it away.
    Paused,
    /// It could not be checked just now: 503. Never treated as valid.
    Unavailable,
}

/// One finished tool call, for the audit trail. Holds no content of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRecord<'a> {
    /// The tool's name.
    pub tool: &'static str,
    /// Ids of messages, drafts, approvals and uploads, each at most 200 characters.
    pub targets: &'a [String],
    /// `ok`, `partly`, `failed` (for each message), `planned`; of what is to leave how that stands (`sent`,
    /// `waiting`, `scheduled`, `sending`, `denied`, `expired`, `taken_back`, `unknown`); `asked` (the person, first),
    /// `cancelled`, `bad_cursor`, `bad_state`, `revoked` (while it ran), or the code of the problem.
    pub outcome: &'static str,
    /// Octets of the answer as JSON, pictures included, of the words of an error, or of a file that was handed over;
    /// absent if there was none.
    pub octets: Option<u64>,
    /// The handle of the change that the call made, or took back; empty if there is none.
    pub undo: &'a str,
}

/// A link to an attachment, as an agent is given it.
#[derive(Debug, Clone)]
pub struct Link {
    /// What stands behind `/files/`. Whoever has it has the file.
    pub token: Secret,
    /// When it stops opening.
    pub expires: Timestamp,
}

/// What a link opens, and for whom.
#[derive(Debug, Clone)]
pub struct LinkedPart {
    /// The link's grant as it stands now, which may read.
    pub principal: Arc<Principal>,
    /// The message's id.
    pub message: String,
    /// Which of its attachments.
    pub index: usize,
}

/// Why a link opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRefusal {
    /// None of ours, or its grant does not hold any more: 404.
    Invalid,
    /// Its time is over: 410.
    Expired,
    /// It could not be checked just now: 503. Never treated as valid.
    Unavailable,
}

/// Who is calling, how much they may, and what they did.
pub trait Gate: Send + Sync {
    /// The principal of a bearer token, from the live grant.
    fn principal<'a>(&'a self, bearer: &'a str) -> Boxed<'a, Result<Arc<Principal>, Refusal>>;

    /// Whether the principal's grant lets it go on with what it was let in for: false once it was revoked or
    /// paused, has expired, or its user was disabled. What cannot be looked up just now goes on.
    fn holds<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, bool>;

    /// Counts one tool call; an error is the seconds to wait.
    fn admit<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<(), u64>>;

    /// Writes one finished call to the audit trail.
    fn record<'a>(&'a self, principal: &'a Principal, call: CallRecord<'a>) -> Boxed<'a, ()>;

    /// Remembers which grant a session of the older protocol belongs to, and answers the sessions that had
    /// to give way to it. An error refuses the session.
    fn bind_session<'a>(
        &'a self,
        session: &'a str,
        grant: &'a GrantId,
    ) -> Boxed<'a, Result<Vec<String>, Refusal>>;

    /// The grant that a session belongs to; absent if no such session is known.
    fn session_owner<'a>(&'a self, session: &'a str) -> Boxed<'a, Option<GrantId>>;

    /// Forgets a session that has ended.
    fn release_session<'a>(&'a self, session: &'a str) -> Boxed<'a, ()>;

    /// A link to one attachment of a message, under the principal's grant.
    fn new_link(&self, principal: &Principal, message: &str, index: usize) -> Result<Link, Problem>;

    /// What a link opens, from the live grant.
    fn open_link<'a>(&'a self, token: &'a str) -> Boxed<'a, Result<LinkedPart, LinkRefusal>>;

    /// The principal of whoever opened a link under that grant, as it stands now.
    fn link_principal<'a>(&'a self, grant: &'a GrantId) -> Boxed<'a, Result<Arc<Principal>, LinkRefusal>>;
}
