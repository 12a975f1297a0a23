//! The value that doors hold: everything of this room behind one cheap clone.

use std::sync::Arc;

use domain::{Clock, Door, GrantId, Principal, Problem, Random, chain};
use storage::Store;
use time::Duration;

use crate::{
    Audit, Ceiling, Error, RateLimit, Refusal, Result, Sessions,
    client_document::Documents,
    doors,
    signin::{
        password::Turns,
        throttle::Throttle,
        upstream::{LoginProvider, Provider},
    },
    writer::Writer,
};

/// Limits of this room that an operator or a test may set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Tool calls an hour of a grant that sets no limit of its own.
    pub calls_per_hour: u32,
    /// Calls that may come at once.
    pub burst: u32,
    /// MCP sessions that a grant may have open at the same time.
    pub sessions_per_grant: usize,
    /// The public URL without a trailing slash: the issuer of tokens, and with `/mcp` whom they are for.
    pub issuer: String,
    /// Whether agents get in by our own authorization server: else its tokens, of earlier, are of no use.
    pub has_oauth: bool,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a refresh token lives if it is not used.
    pub refresh_ttl: Duration,
    /// Who may make themselves a user.
    pub signup: Signup,
    /// The way out, for documents of clients; without it none is fetched.
    pub outgoing: Option<net::Outgoing>,
    /// How long the host of such a document may take, from looking up its name to the last octet.
    pub document_time: std::time::Duration,
    /// By whom people may sign in beside their passwords; needs the way out.
    pub login_provider: Option<LoginProvider>,
}

/// Who may make themselves a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signup {
    /// Who was invited.
    #[default]
    Invite,
    /// Anybody.
    Open,
    /// Nobody.
    Off,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            calls_per_hour: 600,
            burst: 60,
            sessions_per_grant: 32,
            issuer: "http://localhost:8143".to_owned(),
            has_oauth: true,
            access_ttl: Duration::hours(1),
            refresh_ttl: Duration::days(30),
            signup: Signup::default(),
            outgoing: None,
            document_time: std::time::Duration::from_secs(5),
            login_provider: None,
        }
    }
}

/// Who is calling and what they may do. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("has_store", &self.0.store.is_some()).finish_non_exhaustive()
    }
}

struct Inner {
    store: Option<Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rates: RateLimit,
    sessions: Sessions,
    audit: Audit,
    writer: Writer,
    turns: Turns,
    throttle: Throttle,
    documents: Documents,
    provider: Option<Provider>,
    settings: Settings,
    /// Whom tokens are for: looked at with every call.
    resource: String,
}

impl Access {
    /// Over the store of the data directory.
    pub fn new(store: Store, settings: &Settings) -> Self {
        let (clock, random) = (store.clock().clone(), store.random().clone());
        Self::build(Some(store), clock, random, settings)
    }

    /// Over a database in memory that ends with it: for tests of the doors, which know no storage.
    pub async fn in_memory(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: &Settings,
    ) -> Result<Self> {
        let database = storage::Database::open_memory().await?;
        let key = storage::MasterKey::generate(&*random);
        Ok(Self::new(Store::open(database, key, clock, random).await?, settings))
    }

    /// Without any store, for a local process whose account comes from the environment: nothing is
    /// recorded, there are no users, and every bearer is unknown.
    pub fn without_store(clock: Arc<dyn Clock>, random: Arc<dyn Random>, settings: &Settings) -> Self {
        Self::build(None, clock, random, settings)
    }

    fn build(
        store: Option<Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: &Settings,
    ) -> Self {
        let writer = Writer::new(store.clone());
        let provider = settings.login_provider.clone().zip(settings.outgoing.clone());
        let provider = provider.map(|(settings, outgoing)| Provider::new(settings, outgoing, clock.clone()));
        Self(Arc::new(Inner {
            rates: RateLimit::new(settings.calls_per_hour, settings.burst),
            sessions: Sessions::new(store.clone(), clock.clone(), settings.sessions_per_grant),
            audit: Audit::new(writer.clone(), clock.clone()),
            writer,
            turns: Turns::default(),
            throttle: Throttle::new(clock.clone()),
            documents: Documents::default(),
            provider,
            settings: settings.clone(),
            resource: format!("{}/mcp", settings.issuer),
            store,
            clock,
            random,
        }))
    }

    /// Who holds this bearer. All refusals but `Unavailable` and `Paused` look alike to the caller; the log
    /// tells them apart.
    pub async fn principal(&self, bearer: &str) -> Result<Principal, Refusal> {
        let answer = doors::principal(self, bearer).await;
        match &answer {
            Err(Refusal::Unavailable(error)) => {
                tracing::error!(error = %chain(error), "bearer not checked");
            }
            // Anybody can send nonsense; it is not worth a line each time.
            Err(Refusal::Unknown) => tracing::debug!("bearer unknown"),
            Err(refusal) => tracing::info!(reason = refusal.reason(), "bearer refused"),
            Ok(_) => {}
        }
        answer
    }

    /// The local person `user`: with a label under that live grant, without one in all their accounts
    /// with the scopes of `ceiling`. To be asked for each call, as a bearer is: what was changed or
    /// revoked meanwhile holds at once.
    pub async fn stdio_principal(
        &self,
        user: &str,
        label: Option<&str>,
        ceiling: Ceiling,
    ) -> Result<Principal> {
        doors::stdio::principal(self, user, label, ceiling).await
    }

    /// Who a grant of the user `user` is now, for whoever does something under it while nobody calls, such
    /// as sending what it scheduled. A grant without a row is known here if it is a local person's; one
    /// whose account was brought along is `Unknown`.
    pub async fn standing_of(
        &self,
        grant: &GrantId,
        user: &str,
        ceiling: Ceiling,
    ) -> Result<Principal, Refusal> {
        match self.granted(grant, Door::Personal).await {
            Err(Refusal::Unknown) if doors::stdio::grant_of(user) == *grant => {}
            answer => {
                return answer.and_then(|principal| {
                    if principal.user == user { Ok(principal) } else { Err(Refusal::Unknown) }
                });
            }
        }
        self.stdio_principal(user, None, ceiling).await.map_err(|error| match error {
            Error::UserDisabled(_) => Refusal::Disabled,
            Error::Storage(_) => Refusal::Unavailable(error),
            _ => Refusal::Unknown,
        })
    }

    /// Whether what the principal was let in for may go on: false once its grant was revoked or paused, has
    /// expired, its sign-in was ended, or its user was disabled. What cannot be looked up just now goes on; a
    /// grant without a row holds as long as its process.
    pub async fn holds(&self, principal: &Principal) -> bool {
        match self.granted(&principal.grant, principal.door).await {
            Ok(_) => match (&principal.sign_in, self.store()) {
                (Some(family), Ok(store)) => store.is_family_live(family).await.unwrap_or(true),
                _ => true,
            },
            Err(Refusal::Unavailable(_)) => true,
            Err(Refusal::Unknown) => principal.door == Door::Stdio,
            Err(Refusal::Expired | Refusal::Revoked | Refusal::Disabled | Refusal::Paused) => false,
        }
    }

    /// The principal of a stored grant as it stands now.
    pub(crate) async fn granted(&self, grant: &GrantId, door: Door) -> Result<Principal, Refusal> {
        let store = self.store().map_err(|_| Refusal::Unknown)?;
        let standing = store.find_standing(grant).await;
        let standing = standing.map_err(|error| Refusal::Unavailable(error.into()))?;
        doors::under(standing.ok_or(Refusal::Unknown)?, door, self.clock().now())
    }

    /// Counts one tool call against the principal's rate; `rate_limited` with the seconds to wait if
    /// there were too many.
    pub fn count_call(&self, principal: &Principal) -> Result<(), Problem> {
        self.0.rates.count(&principal.grant, principal.limits.calls_per_hour).map_err(|seconds| {
            Problem::new(domain::Code::RateLimited, "Too many calls under this grant.")
                .hint(format!("Wait {seconds} s, then go on."))
                .retry_after(seconds)
        })
    }

    /// The rates.
    pub fn rates(&self) -> &RateLimit {
        &self.0.rates
    }

    /// Which MCP session belongs to which grant.
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The audit trail.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Waits until everything recorded so far is written: the last step before the process ends.
    pub async fn flush(&self) {
        self.0.writer.flush().await;
    }

    pub(crate) fn store(&self) -> Result<&Store> {
        self.0.store.as_ref().ok_or(Error::NoStore)
    }

    /// What this was set up with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whom tokens of OAuth are for.
    pub(crate) fn own_resource(&self) -> &str {
        &self.0.resource
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.0.random
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.0.documents
    }
}
