//! The connections of one account: at most two for calls (the third an account may have is for being
//! told of changes), kept open for five minutes, signed in one at a time, slower after refusals.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Endpoint, Random, account::Credential};
use net::{Origin, Outgoing};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    connect::{Login, Tuning, connect},
    session::Session,
};
use crate::Error;

/// What a pool needs to sign in, and its limits.
pub struct Settings {
    /// The way out.
    pub outgoing: Outgoing,
    /// The server and the login name.
    pub endpoint: Endpoint,
    /// The proof.
    pub credential: Credential,
    /// Who named the host.
    pub origin: Origin,
    /// Randomness for SASL.
    pub random: Arc<dyn Random>,
    /// Connections for calls; 2 unless a test wants otherwise.
    pub connections: usize,
    /// How long an unused connection is kept.
    pub idle: Duration,
}

/// Something that is asked of a session in one or a few flights, and that may safely be asked again.
pub trait Question: Sync {
    /// What comes of it.
    type Answer: Send;

    /// Asks it.
    fn ask(&self, session: &mut Session) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// A pool of sessions. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Inner>);

struct Inner {
    settings: Settings,
    tuning: Tuning,
    permits: Arc<Semaphore>,
    parked: Mutex<Parked>,
    /// Held while signing in, so that logins follow each other.
    login: tokio::sync::Mutex<Backoff>,
    /// How often mailboxes were renamed or removed here.
    names_changed: AtomicU64,
    /// Whether somebody who may change mail uses the account.
    expects_changes: AtomicBool,
}

/// Sessions that wait for a call.
#[derive(Default)]
struct Parked {
    sessions: Vec<Session>,
    /// Whether a task looks after them.
    is_watched: bool,
}

/// What the last sign-in attempts taught.
#[derive(Default)]
struct Backoff {
    failures: u32,
    until: Option<(Instant, Refusal)>,
}

/// A refused sign-in, to be told again while waiting.
struct Refusal {
    is_busy: bool,
    text: String,
}

impl Refusal {
    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::SignInRefused { text, .. } => Some(Self { is_busy: false, text: text.clone() }),
            Error::Refused { text, .. } if error.is_busy() => {
                Some(Self { is_busy: true, text: text.clone() })
            }
            _ => None,
        }
    }

    fn error(&self, host: &str) -> Error {
        let (host, text) = (host.to_owned(), self.text.clone());
        if self.is_busy {
            Error::Refused { command: "sign-in", code: Some("UNAVAILABLE".to_owned()), text }
        } else {
            Error::SignInRefused { host, text }
        }
    }
}

impl Pool {
    /// A pool without connections yet.
    pub fn new(settings: Settings) -> Self {
        Self::tuned(settings, Tuning::default())
    }

    /// A pool whose limits are not the product's.
    pub fn tuned(settings: Settings, tuning: Tuning) -> Self {
        let permits = Arc::new(Semaphore::new(settings.connections));
        let (parked, login) = (Mutex::default(), tokio::sync::Mutex::default());
        let names_changed = AtomicU64::default();
        let expects_changes = AtomicBool::default();
        Self(Arc::new(Inner { settings, tuning, permits, parked, login, names_changed, expects_changes }))
    }

    /// The server this pool signs in to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.settings.endpoint
    }

    /// Somebody who may change mail uses the account: from now on mailboxes are opened so that what was read
    /// can be changed.
    pub fn expect_changes(&self) {
        self.0.expects_changes.store(true, Ordering::Relaxed);
    }

    /// The limits.
    pub(super) fn tuning(&self) -> &Tuning {
        &self.0.tuning
    }

    /// Asks on a session, preferably one that has `mailbox` open. If a connection that had been waiting
    /// turns out dead, or out of step with the protocol, it is asked once more on a new one.
    pub async fn ask<Q: Question>(&self, mailbox: Option<&[u8]>, question: &Q) -> Result<Q::Answer, Error> {
        let mut lease = self.lease(mailbox).await?;
        match question.ask(&mut lease).await {
            Err(error) if lease.may_be_renewed(&error) => {
                tracing::debug!(reason = %error, "a waiting imap connection was useless, once more");
                // Others that waited as long may be dead too, so it is a new one.
                lease.renew().await?;
                question.ask(&mut lease).await
            }
            result => result,
        }
    }

    /// A session for one caller alone; it goes back when the lease is dropped, if it is still healthy.
    pub async fn lease(&self, mailbox: Option<&[u8]>) -> Result<Lease, Error> {
        let permit = Arc::clone(&self.0.permits).acquire_owned();
        let permit = tokio::time::timeout(self.0.tuning.free_connection, permit)
            .await
            .map_err(|_| Error::Timeout("free connection"))?
            .map_err(|_| Error::Closed)?;
        let lease = |mut session: Session, was_waiting| {
            session.expect_changes(self.0.expects_changes.load(Ordering::Relaxed));
            Lease {
                session: Some(session),
                names_changed: self.0.names_changed.load(Ordering::Acquire),
                pool: self.clone(),
                was_waiting,
                _permit: permit,
            }
        };
        if let Some(session) = self.take_parked(mailbox) {
            return Ok(lease(session, true));
        }
        let mut backoff = self.0.login.lock().await;
        // While others signed in, one may have become free.
        if let Some(session) = self.take_parked(mailbox) {
            return Ok(lease(session, true));
        }
        Ok(lease(self.sign_in(&mut backoff).await?, false))
    }

    async fn sign_in(&self, backoff: &mut Backoff) -> Result<Session, Error> {
        if let Some((until, refusal)) = &backoff.until
            && Instant::now() < *until
        {
            return Err(refusal.error(&self.0.settings.endpoint.host));
        }
        let Settings { outgoing, endpoint, credential, origin, random, .. } = &self.0.settings;
        let mut nonce = [0; 24];
        random.fill(&mut nonce);
        let login = Login { endpoint, credential, origin: *origin, nonce };
        match connect(outgoing, login, &self.0.tuning).await {
            Ok(session) => {
                *backoff = Backoff::default();
                Ok(session)
            }
            Err(error) => {
                // A server that cannot be reached is no refusal.
                let Some(refusal) = Refusal::of(&error) else { return Err(error) };
                backoff.failures = (backoff.failures + 1).min(8);
                // A wrong password is not sent again and again, which providers answer with a lock-out.
                let doublings =
                    if error.is_busy() { backoff.failures } else { backoff.failures.saturating_sub(2) };
                let wait = Duration::from_secs(1) * 2_u32.pow(doublings);
                backoff.until = (doublings > 0).then(|| (Instant::now() + wait, refusal));
                Err(error)
            }
        }
    }

    fn parked(&self) -> std::sync::MutexGuard<'_, Parked> {
        self.0.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The best of the waiting sessions: the one with the mailbox open, or, where no mailbox is wanted,
    /// with any (a server that counts while listing opens what is closed); else the last used. Rather one
    /// that is not busy with what a cancelled call left behind.
    fn take_parked(&self, mailbox: Option<&[u8]>) -> Option<Session> {
        let mut parked = self.parked();
        parked.drop_useless(self.0.settings.idle);
        let rank = |session: &Session| {
            let is_wanted = |open: &Bytes| mailbox.is_none_or(|name| open == name);
            let has_it_open = session.selected().is_some_and(|open| is_wanted(&open.name));
            (!session.is_busy(), has_it_open)
        };
        let best = (0..parked.sessions.len()).max_by_key(|index| parked.sessions.get(*index).map(rank))?;
        Some(parked.sessions.remove(best))
    }

    /// Takes a session back that was given when names had changed so often.
    fn park(&self, mut session: Session, names_changed: u64) {
        // Outside of a runtime nobody could look after it.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !session.is_open() {
            return;
        }
        session.touch();
        let mut parked = self.parked();
        if self.0.names_changed.load(Ordering::Acquire) != names_changed {
            session.forget_selected();
        }
        parked.sessions.push(session);
        if !parked.is_watched {
            parked.is_watched = true;
            runtime.spawn(close_when_idle(Arc::downgrade(&self.0)));
        }
    }

    /// Names of mailboxes mean others now: whatever a session has open, it opens anew before it is used by its
    /// next caller.
    pub(super) fn forget_selected(&self) {
        self.0.names_changed.fetch_add(1, Ordering::AcqRel);
        self.parked().sessions.iter_mut().for_each(Session::forget_selected);
    }

    /// Closes all waiting connections.
    pub fn close(&self) {
        self.parked().sessions.clear();
    }

    /// Closes the waiting connections that are busy with what a cancelled call left behind.
    pub fn close_busy(&self) {
        self.parked().sessions.retain(|session| !session.is_busy());
    }
}

impl Parked {
    fn drop_useless(&mut self, idle: Duration) {
        self.sessions.retain(|session| session.is_open() && session.last_used().elapsed() < idle);
    }
}

/// Looks after parked sessions until none is left; one such task a pool at the most.
async fn close_when_idle(pool: Weak<Inner>) {
    loop {
        let next = {
            let Some(inner) = pool.upgrade() else { return };
            let pool = Pool(inner);
            let idle = pool.0.settings.idle;
            let mut parked = pool.parked();
            parked.drop_useless(idle);
            let Some(oldest) = parked.sessions.iter().map(Session::last_used).min() else {
                parked.is_watched = false;
                return;
            };
            oldest + idle
        };
        tokio::time::sleep_until(next).await;
    }
}

/// A session out of the pool.
pub struct Lease {
    session: Option<Session>,
    pool: Pool,
    names_changed: u64,
    was_waiting: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Whether what failed with this error, before it had any effect, may be tried on a new connection:
    /// this one had been waiting, and turned out useless.
    pub(super) fn may_be_renewed(&self, error: &Error) -> bool {
        self.was_waiting && (error.is_connection_lost() || error.is_out_of_step())
    }

    /// How long the connection may have waited and still be taken to be alive.
    pub(super) fn believed(&self) -> Duration {
        self.pool.tuning().believed
    }

    /// Replaces a session that turned out dead by one that was just signed in.
    pub(super) async fn renew(&mut self) -> Result<(), Error> {
        // The dead one must be gone first, so that there are never more connections than allowed.
        self.session = None;
        let mut backoff = self.pool.0.login.lock().await;
        let mut session = self.pool.sign_in(&mut backoff).await?;
        session.expect_changes(self.pool.0.expects_changes.load(Ordering::Relaxed));
        self.session = Some(session);
        self.was_waiting = false;
        Ok(())
    }
}

impl Deref for Lease {
    type Target = Session;

    #[expect(clippy::expect_used, reason = "the session leaves the lease only when it is dropped")]
    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease holds a session")
    }
}

impl DerefMut for Lease {
    #[expect(clippy::expect_used, reason = "the session leaves the lease only when it is dropped")]
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease holds a session")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.pool.park(session, self.names_changed);
        }
    }
}
