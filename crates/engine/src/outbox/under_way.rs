//! What a process keeps in memory of its sending: its name, what is being handed over, and who waits.
//!
//! Nothing here decides whether a message leaves: that is in the database. Lost, it costs time only.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use domain::{Endpoint, GrantId, HomeAccount, OutboxId, Random};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

use super::{Authority, owner::Owner};

/// How long a message is left alone that this process cannot send now.
const LEFT_ALONE: Duration = Duration::from_mins(1);

/// Among how many locks grants are dealt out.
const ADMISSIONS: usize = 32;

/// How many submission servers' sizes are remembered.
const SIZES: usize = 1_000;

/// What the outbox does for an account when nobody calls: one of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Work {
    /// Handing a message over.
    Sending,
    /// Seeing to a copy.
    Copying,
}

#[derive(Default)]
pub(crate) struct UnderWay {
    owner: OnceLock<Owner>,
    /// Who says how grants stand, where this process sends when nobody calls.
    authority: OnceLock<Arc<dyn Authority>>,
    /// Attempts and copies that run now.
    running: watch::Sender<usize>,
    /// Told when something may have become due.
    pub(super) wake: Notify,
    /// Told when something began to wait for its person.
    pub(super) waits: Notify,
    admissions: [tokio::sync::Mutex<()>; ADMISSIONS],
    busy: Mutex<HashSet<(Work, HomeAccount)>>,
    sizes: Mutex<HashMap<String, u64>>,
    left_alone: Mutex<HashMap<OutboxId, Instant>>,
    carried: Mutex<HashSet<HomeAccount>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UnderWay {
    /// Who this process is.
    pub(super) fn owner(&self, random: &dyn Random, folder: Option<&Path>) -> &Owner {
        self.owner.get_or_init(|| Owner::new(random, folder))
    }

    /// From now on this process sends when nobody calls.
    pub(super) fn note_authority(&self, authority: &Arc<dyn Authority>) {
        self.authority.get_or_init(|| Arc::clone(authority));
    }

    /// Who says how grants stand, if it does.
    pub(super) fn authority(&self) -> Option<Arc<dyn Authority>> {
        self.authority.get().cloned()
    }

    /// Something runs until the value is dropped.
    pub(super) fn begin(&self) -> Running<'_> {
        self.running.send_modify(|running| *running += 1);
        Running(self)
    }

    /// Waits until nothing runs, but not for ever.
    pub(super) async fn settled(&self, patience: Duration) {
        let mut running = self.running.subscribe();
        let _ = timeout(patience, running.wait_for(|running| *running == 0)).await;
    }

    /// One sending of a grant at a time is counted and added, and one is claimed, so that many at once do
    /// not pass a limit together.
    pub(super) fn admission(&self, grant: &GrantId) -> &tokio::sync::Mutex<()> {
        let mut hash = DefaultHasher::new();
        grant.hash(&mut hash);
        let [first, ..] = &self.admissions;
        let at = usize::try_from(hash.finish() % ADMISSIONS as u64).unwrap_or_default();
        self.admissions.get(at).unwrap_or(first)
    }

    /// Whether something of the kind is done for the account now.
    pub(super) fn is_busy(&self, work: Work, account: &HomeAccount) -> bool {
        lock(&self.busy).contains(&(work, account.clone()))
    }

    /// It is done from now on.
    pub(super) fn take_up(&self, work: Work, account: HomeAccount) {
        lock(&self.busy).insert((work, account));
    }

    /// It is not done any more.
    pub(super) fn lay_down(&self, work: Work, account: HomeAccount) {
        lock(&self.busy).remove(&(work, account));
    }

    /// Remembers what a submission server takes, in octets.
    pub(super) fn note_size(&self, endpoint: &Endpoint, size: Option<u64>) {
        let mut sizes = lock(&self.sizes);
        match size {
            Some(size) => {
                if sizes.len() >= SIZES {
                    sizes.clear();
                }
                sizes.insert(server(endpoint), size);
            }
            None => drop(sizes.remove(&server(endpoint))),
        }
    }

    /// What it takes, if it ever said so.
    pub(super) fn size(&self, endpoint: &Endpoint) -> Option<u64> {
        lock(&self.sizes).get(&server(endpoint)).copied()
    }

    /// Leaves a message alone for a while.
    pub(super) fn leave(&self, id: &OutboxId) {
        let mut left = lock(&self.left_alone);
        left.retain(|_, until| *until > Instant::now());
        left.insert(id.clone(), Instant::now() + LEFT_ALONE);
    }

    /// Whether it is to be left alone now.
    pub(super) fn is_left(&self, id: &OutboxId) -> bool {
        lock(&self.left_alone).get(id).is_some_and(|until| *until > Instant::now())
    }

    /// Remembers an account that was brought along and whose mail this process may send later.
    pub(super) fn note_carried(&self, home: &HomeAccount) {
        if matches!(home, HomeAccount::Carried(_)) {
            lock(&self.carried).insert(home.clone());
        }
    }

    /// All of those.
    pub(super) fn carried(&self) -> Vec<HomeAccount> {
        lock(&self.carried).iter().cloned().collect()
    }
}

fn server(endpoint: &Endpoint) -> String {
    format!("{}:{}", endpoint.host, endpoint.port)
}

/// Something that runs.
pub(super) struct Running<'a>(&'a UnderWay);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running = running.saturating_sub(1));
    }
}
