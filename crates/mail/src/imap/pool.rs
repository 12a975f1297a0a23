//! The connections of one account: at most two for calls (the third an account may have is for being
//! told of changes), kept open for five minutes, signed in one at a time, slower after refusals.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use domain::{Endpoint, Random, account::Credential};
use net::{Origin, Outgoing};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    connect::{Login, connect},
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
    permits: Arc<Semaphore>,
    parked: Mutex<Vec<Session>>,
    /// Held while signing in, so that logins follow each other.
    login: tokio::sync::Mutex<Backoff>,
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
        let permits = Arc::new(Semaphore::new(settings.connections));
        let parked = Mutex::new(Vec::new());
        Self(Arc::new(Inner { settings, permits, parked, login: tokio::sync::Mutex::default() }))
    }

    /// The server this pool signs in to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.settings.endpoint
    }

    /// Asks on a session, preferably one that has `mailbox` open. If a connection that had been waiting
    /// turns out dead, it is asked once more on a new one.
    pub async fn ask<Q: Question>(&self, mailbox: Option<&[u8]>, question: &Q) -> Result<Q::Answer, Error> {
        loop {
            let mut lease = self.lease(mailbox).await?;
            let was_waiting = lease.was_waiting;
            match question.ask(&mut lease).await {
                Err(error) if was_waiting && error.is_connection_lost() => {
                    tracing::debug!(reason = %error, "a waiting imap connection was dead, once more");
                    self.drop_closed();
                }
                result => return result,
            }
        }
    }

    /// A session for one caller alone; it goes back when the lease is dropped, if it is still healthy.
    pub async fn lease(&self, mailbox: Option<&[u8]>) -> Result<Lease, Error> {
        let permit = Arc::clone(&self.0.permits).acquire_owned();
        let permit = tokio::time::timeout(super::request::COMMAND_TIMEOUT, permit)
            .await
            .map_err(|_| Error::Timeout("free connection"))?
            .map_err(|_| Error::Closed)?;
        if let Some(session) = self.take_parked(mailbox) {
            return Ok(Lease {
                session: Some(session),
                pool: self.clone(),
                was_waiting: true,
                _permit: permit,
            });
        }
        let session = self.sign_in().await?;
        Ok(Lease { session: Some(session), pool: self.clone(), was_waiting: false, _permit: permit })
    }

    async fn sign_in(&self) -> Result<Session, Error> {
        let mut backoff = self.0.login.lock().await;
        if let Some((until, refusal)) = &backoff.until
            && Instant::now() < *until
        {
            return Err(refusal.error(&self.0.settings.endpoint.host));
        }
        let Settings { outgoing, endpoint, credential, origin, random, .. } = &self.0.settings;
        let mut nonce = [0; 24];
        random.fill(&mut nonce);
        match connect(outgoing, Login { endpoint, credential, origin: *origin, nonce }).await {
            Ok(session) => {
                *backoff = Backoff::default();
                Ok(session)
            }
            Err(error) => {
                backoff.failures = (backoff.failures + 1).min(8);
                // A wrong password is not sent again and again, which providers answer with a lock-out.
                let doublings =
                    if error.is_busy() { backoff.failures } else { backoff.failures.saturating_sub(2) };
                let wait = Duration::from_secs(1) * 2_u32.pow(doublings);
                backoff.until = Refusal::of(&error)
                    .filter(|_| doublings > 0)
                    .map(|refusal| (Instant::now() + wait, refusal));
                Err(error)
            }
        }
    }

    fn parked(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.0.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drop_closed(&self) {
        let idle = self.0.settings.idle;
        self.parked().retain(|session| session.is_open() && session.last_used().elapsed() < idle);
    }

    fn take_parked(&self, mailbox: Option<&[u8]>) -> Option<Session> {
        self.drop_closed();
        let mut parked = self.parked();
        let has_it_open = |session: &Session| {
            mailbox.is_some_and(|name| session.selected().is_some_and(|selected| selected.name == name))
        };
        let best = parked.iter().position(has_it_open).or(parked.len().checked_sub(1))?;
        Some(parked.swap_remove(best))
    }

    fn park(&self, session: Session) {
        if !session.is_open() {
            return;
        }
        let mut parked = self.parked();
        let is_first = parked.is_empty();
        parked.push(session);
        if is_first {
            tokio::spawn(close_when_idle(Arc::downgrade(&self.0), self.0.settings.idle));
        }
    }

    /// Closes all waiting connections.
    pub fn close(&self) {
        self.parked().clear();
    }
}

/// Looks after parked sessions until none is left.
async fn close_when_idle(pool: Weak<Inner>, idle: Duration) {
    loop {
        tokio::time::sleep(idle + Duration::from_millis(100)).await;
        let Some(inner) = pool.upgrade() else { return };
        let pool = Pool(inner);
        pool.drop_closed();
        if pool.parked().is_empty() {
            return;
        }
    }
}

/// A session out of the pool.
pub struct Lease {
    session: Option<Session>,
    pool: Pool,
    was_waiting: bool,
    _permit: OwnedSemaphorePermit,
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
            self.pool.park(session);
        }
    }
}
