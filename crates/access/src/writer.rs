//! Writes what can wait, behind the calls: audit rows and the notes of when a token was used.
//!
//! One task, in the order of arrival, several rows a transaction. The queue is bounded: when the
//! database is slower than the calls, the calls wait rather than memory grow or rows get lost.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::{Timestamp, TokenId, WebSessionId, chain};
use storage::{NewAuditRow, Store};
use tokio::sync::{mpsc, oneshot};

const QUEUED: usize = 1024;
const AT_ONCE: usize = 64;
/// Together about three seconds, besides the database's own waiting.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

enum Job {
    Audit(NewAuditRow),
    Touch(TokenId, Timestamp),
    TouchWebSession(Used),
    Flush(oneshot::Sender<()>),
}

/// A use of a session of a browser.
pub(crate) struct Used {
    /// Which session.
    pub(crate) session: WebSessionId,
    /// When.
    pub(crate) at: Timestamp,
    /// From where, if that is known.
    pub(crate) address: Option<String>,
    /// When it ends if it is not used again.
    pub(crate) expires: Timestamp,
}

/// Hands jobs to the task, which starts with the first one.
#[derive(Clone)]
pub(crate) struct Writer {
    store: Option<Store>,
    jobs: Arc<OnceLock<mpsc::Sender<Job>>>,
}

impl Writer {
    pub(crate) fn new(store: Option<Store>) -> Self {
        Self { store, jobs: Arc::default() }
    }

    /// Queues an audit row; waits only if the queue is full.
    pub(crate) async fn audit(&self, row: NewAuditRow) {
        if let Some(jobs) = self.jobs()
            && jobs.send(Job::Audit(row)).await.is_err()
        {
            tracing::error!("audit row lost: its writer has ended");
        }
    }

    /// Queues a note that a token was used; left out if the queue is full, since the next use notes it.
    pub(crate) fn touch(&self, token: TokenId, at: Timestamp) {
        if let Some(jobs) = self.jobs()
            && jobs.try_send(Job::Touch(token, at)).is_err()
        {
            tracing::debug!("token's use not noted");
        }
    }

    /// Queues a note that a session of a browser was used; left out if the queue is full.
    pub(crate) fn touch_web_session(&self, used: Used) {
        if let Some(jobs) = self.jobs()
            && jobs.try_send(Job::TouchWebSession(used)).is_err()
        {
            tracing::debug!("session's use not noted");
        }
    }

    /// Returns when all that was queued before is written.
    pub(crate) async fn flush(&self) {
        if let Some(jobs) = self.jobs.get() {
            let (done, is_done) = oneshot::channel();
            if jobs.send(Job::Flush(done)).await.is_ok() {
                // An error means that the task has ended, and then there is nothing to wait for.
                let _ = is_done.await;
            }
        }
    }

    fn jobs(&self) -> Option<&mpsc::Sender<Job>> {
        let store = self.store.as_ref()?;
        Some(self.jobs.get_or_init(|| {
            let (jobs, queue) = mpsc::channel(QUEUED);
            tokio::spawn(write(store.clone(), queue));
            jobs
        }))
    }
}

async fn write(store: Store, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(AT_ONCE);
    while queue.recv_many(&mut jobs, AT_ONCE).await > 0 {
        let mut rows = Vec::new();
        let mut flushed = Vec::new();
        for job in jobs.drain(..) {
            match job {
                Job::Audit(row) => rows.push(row),
                Job::Flush(done) => flushed.push(done),
                Job::Touch(token, at) => {
                    if let Err(error) = store.touch_token(&token, at).await {
                        tracing::warn!(error = %chain(&error), "token's use not noted");
                    }
                }
                Job::TouchWebSession(used) => {
                    let Used { session, at, address, expires } = used;
                    let noted = store.web_session_touch(&session, at, address.as_deref(), expires).await;
                    if let Err(error) = noted {
                        tracing::warn!(error = %chain(&error), "session's use not noted");
                    }
                }
            }
        }
        append(&store, &rows).await;
        for done in flushed {
            // Whoever asked may have given up waiting.
            let _ = done.send(());
        }
    }
}

async fn append(store: &Store, rows: &[NewAuditRow]) {
    if rows.is_empty() {
        return;
    }
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=ATTEMPTS {
        match store.append_audit(rows).await {
            Ok(()) => return,
            Err(error) if attempt == ATTEMPTS => {
                tracing::error!(error = %chain(&error), rows = rows.len(), "audit rows lost");
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), attempt, "audit rows wait");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}
