//! What happens when nobody calls: what is due leaves, copies are filed, what a dead process left is taken
//! up, and questions that nobody answered end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{HomeAccount, Principal};
use storage::{Due, OutgoingState, Reach, Store};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::{Authority, attempt::Voucher, owner::Life, under_way::Work};
use crate::Engine;

/// Rows that are asked for in one go.
const ROUND: u32 = 200;

/// How often that is done in one round: what is left alone must not hide what comes after it.
const PAGES: usize = 100;

/// The longest wait after the database failed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often what is old is forgotten.
const FORGET: Duration = Duration::from_hours(1);

/// How much is done at the same time.
struct Permits {
    sending: Arc<Semaphore>,
    /// Copies have places of their own: servers for sending and for mailboxes hang apart.
    copying: Arc<Semaphore>,
    rounds: AtomicUsize,
}

impl Engine {
    /// Round after round, for ever.
    pub(super) async fn work(&self, store: &Store, authority: &Arc<dyn Authority>) {
        let bounds = self.0.bounds.sending;
        let permits = Permits {
            sending: Arc::new(Semaphore::new(bounds.at_once.max(1))),
            copying: Arc::new(Semaphore::new(bounds.copies_at_once.max(1))),
            rounds: AtomicUsize::new(0),
        };
        let (mut swept, mut forgot): (Option<Instant>, Option<Instant>) = (None, None);
        let mut wait = bounds.poll;
        loop {
            let is_over =
                |last: &Option<Instant>, every: Duration| last.is_none_or(|at| at.elapsed() >= every);
            let round = async {
                if is_over(&swept, bounds.sweep) {
                    self.sweep(store).await?;
                    swept = Some(Instant::now());
                }
                if is_over(&forgot, FORGET) {
                    store.outbox_sweep(self.now()).await?;
                    store.uploads_sweep(self.now()).await?;
                    store.changes_sweep(self.now()).await?;
                    forgot = Some(Instant::now());
                }
                self.round(store, authority, &permits).await
            };
            wait = match round.await {
                Ok(()) => bounds.poll,
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be looked through");
                    (wait * 2).min(LONGEST_WAIT)
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.0.under_way.wake.notified() => {}
            }
        }
    }

    /// What is due now.
    async fn round(
        &self,
        store: &Store,
        authority: &Arc<dyn Authority>,
        permits: &Permits,
    ) -> storage::Result<()> {
        let mut reaches = self.reaches(authority.own()).await;
        // Whoever was first in the last round is last in this one.
        let turn = permits.rounds.fetch_add(1, Ordering::Relaxed) % reaches.len().max(1);
        reaches.rotate_left(turn);
        for reach in &reaches {
            for work in [(Work::Sending, &permits.sending), (Work::Copying, &permits.copying)] {
                self.begin_due(store, authority, reach, work).await?;
            }
        }
        Ok(())
    }

    /// Begins what is due of one kind of work, one message for each account: a server that hangs holds up
    /// its own.
    async fn begin_due(
        &self,
        store: &Store,
        authority: &Arc<dyn Authority>,
        reach: &Reach,
        (work, permits): (Work, &Arc<Semaphore>),
    ) -> storage::Result<()> {
        let now = self.now();
        let mut last: Option<Due> = None;
        for _ in 0..PAGES {
            let page = match work {
                Work::Sending => store.outbox_due(reach, now, last.as_ref(), ROUND).await?,
                Work::Copying => store.outbox_copies_due(reach, now, last.as_ref(), ROUND).await?,
            };
            for due in &page {
                if self.is_to_wait(work, due) {
                    continue;
                }
                // Who waits for a place is looked for again when there is one.
                let Ok(permit) = Arc::clone(permits).try_acquire_owned() else { return Ok(()) };
                self.0.under_way.take_up(work, due.account.clone());
                let (id, authority) = (due.id.clone(), Arc::clone(authority));
                let task = match work {
                    Work::Sending => self.begin_attempt(id, Voucher::Authority(authority)).1,
                    Work::Copying => {
                        let (engine, store) = (self.clone(), store.clone());
                        tokio::spawn(async move {
                            let _running = engine.0.under_way.begin();
                            engine.copy_due(&store, &id, &*authority).await;
                        })
                    }
                };
                self.release_after(task, permit, work, due.account.clone());
            }
            last = page.into_iter().nth(ROUND as usize - 1);
            if last.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn is_to_wait(&self, work: Work, due: &Due) -> bool {
        self.0.under_way.is_left(&due.id) || self.0.under_way.is_busy(work, &due.account)
    }

    fn release_after(
        &self,
        task: JoinHandle<()>,
        permit: OwnedSemaphorePermit,
        work: Work,
        account: HomeAccount,
    ) {
        let engine = self.clone();
        tokio::spawn(async move {
            let _ = task.await;
            engine.0.under_way.lay_down(work, account);
            drop(permit);
            engine.0.under_way.wake.notify_one();
        });
    }

    /// Whose mail this process can send: that of every stored account, and that of accounts which were
    /// brought along to this process.
    async fn reaches(&self, own: Option<Arc<Principal>>) -> Vec<Reach> {
        if let Some(own) = own {
            for granted in &own.accounts {
                if let Ok(account) = self.account(&own, Some(granted.name.as_str())).await {
                    self.0.under_way.note_carried(&account.home);
                }
            }
        }
        let carried = self.0.under_way.carried().into_iter().map(Reach::Carried);
        std::iter::once(Reach::Stored).chain(carried).collect()
    }

    /// What dead processes left, and what nobody answered in time.
    pub(crate) async fn sweep(&self, store: &Store) -> storage::Result<()> {
        let owner = self.owner();
        let now = self.now();
        for orphan in store.outbox_orphans(owner.name()).await? {
            let is_dead = match owner.life_of(&orphan.owner) {
                Life::Alive => false,
                Life::Dead => true,
                Life::Unknown => orphan.lease_until <= now,
            };
            if is_dead && store.outbox_recover(&orphan).await? {
                let is_unknown = orphan.state == OutgoingState::Committing;
                tracing::warn!(outbox = %orphan.id, is_unknown, "took up what another process left");
            }
        }
        // What they were sending was taken up above; what they were changing is seen to apart from this.
        for name in owner.dead() {
            if !store.changes_are_begun_by(&name).await? {
                owner.bury(&name);
            }
        }
        store.approvals_expire(now).await?;
        Ok(())
    }
}
