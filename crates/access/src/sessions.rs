//! MCP sessions of the older era: the transport knows an id, this knows whose it is.
//!
//! What is bound here is stored, so that other replicas know it too; a cache answers the hot path. A
//! session that is not known, or belongs to another grant, does not exist for the caller.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Clock, GrantId, Timestamp, chain};
use storage::Store;
use time::Duration;

use crate::{Error, Result};

/// Uses are noted in the database this far apart at most.
const NOTED_EVERY: Duration = Duration::minutes(1);
/// Sessions in the cache.
const CACHED: usize = 10_000;
/// Longest id of a session.
const ID_BYTES: usize = 128;

/// Which session belongs to which grant.
pub struct Sessions {
    store: Option<Store>,
    clock: Arc<dyn Clock>,
    per_grant: usize,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone)]
struct Known {
    grant: GrantId,
    last_used: Timestamp,
    noted: Timestamp,
}

impl Sessions {
    pub(crate) fn new(store: Option<Store>, clock: Arc<dyn Clock>, per_grant: usize) -> Self {
        Self { store, clock, per_grant: per_grant.max(1), known: Mutex::default() }
    }

    /// Binds a new session to the grant that opened it. If the grant has too many, those unused longest
    /// are forgotten; their ids are answered, and the transport is to close them.
    pub async fn bind(&self, session: &str, grant: &GrantId) -> Result<Vec<String>> {
        if session.is_empty() || session.len() > ID_BYTES || !session.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::BadSession);
        }
        let stored = match &self.store {
            Some(store) => {
                Some(store.add_session(session, grant, self.per_grant).await.map_err(|error| {
                    // Somebody else's id is not taken over.
                    if matches!(error, storage::Error::Taken) { Error::BadSession } else { error.into() }
                })?)
            }
            None => None,
        };
        let now = self.clock.now();
        let mut known = self.lock();
        if stored.is_none() && known.contains_key(session) {
            return Err(Error::BadSession);
        }
        let dropped = stored.unwrap_or_else(|| surplus(&known, grant, self.per_grant - 1));
        for id in &dropped {
            known.remove(id);
        }
        remember(&mut known, session, Known { grant: grant.clone(), last_used: now, noted: now });
        Ok(dropped)
    }

    /// The grant that a session belongs to; nothing if it is unknown, was closed, or cannot be looked up.
    pub async fn owner(&self, session: &str) -> Option<GrantId> {
        if session.len() > ID_BYTES {
            return None;
        }
        let now = self.clock.now();
        let cached = {
            let mut known = self.lock();
            known.get_mut(session).map(|known| {
                known.last_used = now;
                let is_due = now - known.noted >= NOTED_EVERY;
                if is_due {
                    known.noted = now;
                }
                (known.grant.clone(), is_due)
            })
        };
        let (Some(store), true) = (&self.store, cached.as_ref().is_none_or(|(_, is_due)| *is_due)) else {
            return cached.map(|(grant, _)| grant);
        };
        match self.look_up(store, session, now).await {
            Ok(owner) => owner,
            Err(error) => {
                tracing::error!(error = %chain(&error), "session not looked up");
                None
            }
        }
    }

    async fn look_up(&self, store: &Store, session: &str, now: Timestamp) -> Result<Option<GrantId>> {
        let found = store.find_session(session).await?;
        if let Some(found) = &found {
            if now - found.last_used >= NOTED_EVERY {
                store.touch_session(session).await?;
            }
            let known = Known { grant: found.grant.clone(), last_used: now, noted: now };
            remember(&mut self.lock(), session, known);
        } else {
            self.lock().remove(session);
        }
        Ok(found.map(|found| found.grant))
    }

    /// Forgets a session that its client or the transport closed.
    pub async fn forget(&self, session: &str) -> Result<()> {
        self.lock().remove(session);
        if let Some(store) = &self.store {
            store.remove_session(session).await?;
        }
        Ok(())
    }

    /// Forgets sessions unused for `idle`, and answers the ids of this process's sessions that no longer
    /// exist: idle ones, and those whose grant or user was ended here or in another process. The
    /// transport is to close them. Meant to be called every second or so.
    pub async fn sweep(&self, idle: Duration) -> Result<Vec<String>> {
        let before = self.clock.now().checked_sub(idle).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut ended: Vec<String> = Vec::new();
        if let Some(store) = &self.store {
            let cached: Vec<String> = self.lock().keys().cloned().collect();
            if cached.is_empty() {
                return Ok(ended);
            }
            let mut live = store.list_sessions().await?;
            if live.iter().any(|session| session.last_used < before) {
                store.remove_idle_sessions(before).await?;
                live.retain(|session| session.last_used >= before);
            }
            let live: HashSet<String> = live.into_iter().map(|session| session.id).collect();
            ended.extend(cached.into_iter().filter(|id| !live.contains(id)));
        } else {
            let known = self.lock();
            let idle = known.iter().filter(|(_, known)| known.last_used < before);
            ended.extend(idle.map(|(id, _)| id.clone()));
        }
        let mut known = self.lock();
        for id in &ended {
            known.remove(id);
        }
        Ok(ended)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The grant's sessions but the `kept` last used ones.
fn surplus(known: &HashMap<String, Known>, grant: &GrantId, kept: usize) -> Vec<String> {
    let mut own: Vec<(Timestamp, &String)> = known
        .iter()
        .filter(|(_, known)| known.grant == *grant)
        .map(|(id, known)| (known.last_used, id))
        .collect();
    own.sort_unstable_by(|a, b| b.cmp(a));
    own.into_iter().skip(kept).map(|(_, id)| id.clone()).collect()
}

fn remember(known: &mut HashMap<String, Known>, session: &str, entry: Known) {
    if known.len() >= CACHED && !known.contains_key(session) {
        let oldest = known.iter().min_by_key(|(_, known)| known.last_used).map(|(id, _)| id.clone());
        if let Some(oldest) = oldest {
            known.remove(&oldest);
        }
    }
    known.insert(session.to_owned(), entry);
}
