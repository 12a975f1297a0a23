//! Sessions of the older protocol: each belongs to the grant that opened it, and to no other.
//!
//! The newer protocol has none. The binding itself is kept by the gate; here the number is bounded.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use domain::GrantId;
use futures_util::future::join_all;
use rmcp::transport::streamable_http_server::session::{SessionManager as _, local::LocalSessionManager};
use tokio::time::timeout;
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use crate::{
    files::Downloads,
    gate::{Gate, Refusal},
    settings::Settings,
};

/// How long a session may take to hear that it is over. What it waits on is dropped then all the same.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Ends from outside what would go on by itself: sessions whose grant was revoked, and downloads at the end.
#[derive(Clone)]
pub struct Closer {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) downloads: Downloads,
}

impl std::fmt::Debug for Closer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Closer").finish_non_exhaustive()
    }
}

impl Closer {
    /// Ends the sessions of these ids: their event streams end, their running calls are cancelled, and the
    /// ids answer 404 from then on. Ids that are not open here are passed over.
    pub async fn close(&self, sessions: &[String]) {
        join_all(sessions.iter().map(|session| async {
            self.sessions.forget_everywhere(session);
            self.sessions.close(session).await;
        }))
        .await;
    }

    /// Ends all running downloads, and returns when each is on record.
    pub async fn end_downloads(&self) {
        self.downloads.end().await;
    }
}

/// Tells a request that the session that it came in is closed: the transport alone lets its calls run on.
#[derive(Debug, Clone, Default)]
pub(crate) struct SessionEnd(Arc<Ending>);

#[derive(Debug, Default)]
struct Ending {
    token: CancellationToken,
    answers: TaskTracker,
}

impl SessionEnd {
    /// Returns when the session is closed.
    pub(crate) async fn comes(&self) {
        self.0.token.cancelled().await;
    }

    /// To be held while an answer is on its way: the session is closed behind it.
    pub(crate) fn answer(&self) -> TaskTrackerToken {
        self.0.answers.token()
    }
}

/// The sessions of this process.
pub(crate) struct Sessions {
    manager: Arc<LocalSessionManager>,
    gate: Arc<dyn Gate>,
    most: usize,
    /// By grant, oldest first.
    open: Mutex<BTreeMap<GrantId, VecDeque<String>>>,
    /// Ends of the sessions that requests are running in.
    ends: Mutex<BTreeMap<String, Weak<Ending>>>,
}

impl Sessions {
    pub(crate) fn new(gate: Arc<dyn Gate>, settings: &Settings) -> Self {
        let mut manager = LocalSessionManager::default();
        manager.session_config.keep_alive = Some(settings.session_idle);
        let most = settings.sessions_per_grant.max(1);
        Self { manager: Arc::new(manager), gate, most, open: Mutex::default(), ends: Mutex::default() }
    }

    /// What the transport keeps its sessions in.
    pub(crate) fn manager(&self) -> Arc<LocalSessionManager> {
        Arc::clone(&self.manager)
    }

    /// Whether the grant may use the session. One that nobody opened is nobody's.
    pub(crate) async fn belongs(&self, session: &str, grant: &GrantId) -> bool {
        self.gate.session_owner(session).await.is_some_and(|owner| owner == *grant)
    }

    /// What tells a request of the session that the session was closed.
    pub(crate) fn end_of(&self, session: &str) -> SessionEnd {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = ends.get(session).and_then(Weak::upgrade) {
            return SessionEnd(end);
        }
        ends.retain(|_, end| end.strong_count() > 0);
        let end = SessionEnd::default();
        ends.insert(session.to_owned(), Arc::downgrade(&end.0));
        end
    }

    /// Binds a session that was just opened. If that fails the session is ended.
    pub(crate) async fn bind(&self, session: &str, grant: &GrantId) -> Result<(), Refusal> {
        let given_way = match self.gate.bind_session(session, grant).await {
            Ok(given_way) => given_way,
            Err(refusal) => {
                self.close(session).await;
                return Err(refusal);
            }
        };
        for old in given_way {
            self.forget(&old, grant);
            self.close(&old).await;
        }
        for old in self.note(session, grant).await {
            self.close(&old).await;
            self.gate.release_session(&old).await;
        }
        Ok(())
    }

    /// Forgets a session that its client ended.
    pub(crate) async fn release(&self, session: &str, grant: &GrantId) {
        self.forget(session, grant);
        self.gate.release_session(session).await;
    }

    fn forget(&self, session: &str, grant: &GrantId) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sessions) = open.get_mut(grant) {
            sessions.retain(|one| one != session);
            if sessions.is_empty() {
                open.remove(grant);
            }
        }
    }

    fn forget_everywhere(&self, session: &str) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, sessions| {
            sessions.retain(|one| one != session);
            !sessions.is_empty()
        });
    }

    /// Remembers the session and takes out those that ended by themselves or are too many.
    async fn note(&self, session: &str, grant: &GrantId) -> Vec<String> {
        let alive: Vec<String> = self.manager.sessions.read().await.keys().map(ToString::to_string).collect();
        let mut gone = Vec::new();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry(grant.clone()).or_default().push_back(session.to_owned());
        for (owner, sessions) in open.iter_mut() {
            let (still, ended): (VecDeque<_>, VecDeque<_>) =
                sessions.drain(..).partition(|one| alive.contains(one) || one == session);
            *sessions = still;
            gone.extend(ended);
            while owner == grant && sessions.len() > self.most {
                gone.extend(sessions.pop_front());
            }
        }
        open.retain(|_, sessions| !sessions.is_empty());
        gone
    }

    async fn close(&self, session: &str) {
        let end =
            self.ends.lock().unwrap_or_else(PoisonError::into_inner).get(session).and_then(Weak::upgrade);
        if let Some(end) = &end {
            end.token.cancel();
            end.answers.close();
            // its running calls say how they ended: with the transport their answers would be lost
            let _ = timeout(LAST_WORD, end.answers.wait()).await;
        }
        let id = session.to_owned().into();
        match timeout(LAST_WORD, self.manager.close_session(&id)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a session could not be closed"),
            Err(_) => tracing::warn!("a session did not hear that it is over"),
        }
        // last, so that no request begins in it afterwards
        let end = self.ends.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
        if let Some(end) = end.and_then(|end| end.upgrade()) {
            end.token.cancel();
        }
    }
}
