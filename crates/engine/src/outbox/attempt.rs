//! One attempt to hand a message over: claimed, judged once more, submitted, and its end written down.
//!
//! It runs in a task of its own, so that nobody's leaving stops it. Until the row says `Committing` it may
//! be tried again whatever happens here; from then on only the server's reply, written down, ends it.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{Code, OutboxId, Principal, Problem};
use mail::smtp::{self, Envelope, NotSubmitted};
use storage::{Copy, NewApproval, Outgoing, OutgoingState, Store};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    Authority, Standing,
    check::Check,
    filing,
    frozen::{Checked, wire_size},
    retry::{self, End},
    told,
};
use crate::{Account, Engine};

/// The longest wait between two tries to write an end down.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Who says how the grant stands.
#[derive(Clone)]
pub(super) enum Voucher {
    /// The one who is calling: as it is now.
    Caller(Arc<Principal>),
    /// Nobody is calling.
    Authority(Arc<dyn Authority>),
    /// Its person wants it sent again, who was shown that it was begun so often.
    Person(Arc<Principal>, u32),
}

impl Engine {
    /// Begins an attempt. The receiver is told when it is known what became of the message; the task goes
    /// on to file the copy.
    pub(super) fn begin_attempt(
        &self,
        id: OutboxId,
        voucher: Voucher,
    ) -> (oneshot::Receiver<()>, JoinHandle<()>) {
        let (known, told) = oneshot::channel();
        let engine = self.clone();
        let task = tokio::spawn(async move {
            let _running = engine.0.under_way.begin();
            let Some(store) = engine.0.settings.store.clone() else { return };
            let work = {
                let (engine, store, id) = (engine.clone(), store.clone(), id.clone());
                async move {
                    let sent = engine.attempt(&store, &id, voucher).await;
                    let _ = known.send(());
                    if let Some((account, row)) = sent {
                        engine.follow_up(&store, &account, &row).await;
                    }
                }
            };
            let mut task = tokio::spawn(work);
            loop {
                tokio::select! {
                    ended = &mut task => {
                        if ended.is_err() {
                            tracing::error!("an attempt to send broke off");
                            engine.pick_up(&store, &id).await;
                        }
                        return;
                    }
                    () = sleep(engine.0.bounds.sending.renew) => engine.renew(&store).await,
                }
            }
        });
        (told, task)
    }

    /// Says that this process lives and holds what it has claimed.
    async fn renew(&self, store: &Store) {
        let until = self.now() + self.0.bounds.sending.lease;
        if let Err(error) = store.outbox_renew(self.owner().name(), until).await {
            tracing::warn!(%error, "a claim could not be renewed");
        }
    }

    /// What was in the hands of a task that is gone.
    async fn pick_up(&self, store: &Store, id: &OutboxId) {
        let Ok(Some(row)) = store.outbox_find(id).await else { return };
        if row.owner.as_deref() != Some(self.owner().name()) {
            return;
        }
        let problem = Problem::new(Code::Internal, "The attempt broke off.");
        let end = match row.state {
            OutgoingState::Committing => End::Final(OutgoingState::Unknown, told::failure(&problem)),
            _ => End::again(&problem),
        };
        self.write_down(store, &row, end, &Copy::NONE).await;
    }

    /// Until it is known what became of the message; the account and the row if it was sent.
    async fn attempt(&self, store: &Store, id: &OutboxId, voucher: Voucher) -> Option<(Account, Outgoing)> {
        let principal = match voucher {
            Voucher::Caller(principal) => principal,
            Voucher::Authority(authority) => self.vouched(store, id, &*authority).await?,
            Voucher::Person(person, attempts) => {
                let row = self.claim_again(store, &person, id, attempts).await?;
                let check = self.check_own(&person, &row).await;
                return self.proceed(store, row, check).await;
            }
        };
        let lease = self.now() + self.0.bounds.sending.lease;
        let claimed = {
            // So that who claims later sees, when it counts, who claimed before.
            let _turn = self.0.under_way.admission(&principal.grant).lock().await;
            store.outbox_claim(id, self.owner().name(), lease).await
        };
        let row = match claimed {
            Ok(row) => row?,
            Err(error) => {
                self.cannot_open(store, id, &error).await;
                return None;
            }
        };
        let check = self.check(store, &principal, &row).await;
        self.proceed(store, row, check).await
    }

    /// Does what was found right for a message that is in our hands.
    async fn proceed(&self, store: &Store, row: Outgoing, check: Check) -> Option<(Account, Outgoing)> {
        let account = match check {
            Check::Go(account) => account,
            Check::PutOff(problem) => {
                let next = self.now() + self.0.bounds.sending.put_off;
                let outcome = told::failure(&problem);
                persist(|| store.outbox_put_off(&row.id, self.owner().name(), next, &outcome)).await;
                return None;
            }
            Check::Ask(approval) => {
                self.hold(store, &row, &approval).await;
                return None;
            }
            Check::End(end) => {
                self.write_down(store, &row, end, &Copy::NONE).await;
                return None;
            }
            Check::Cancel => {
                let problem = Problem::new(Code::OutsideGrant, "The grant does not allow this any more.");
                let end = End::Final(OutgoingState::Cancelled, told::failure(&problem));
                self.write_down(store, &row, end, &Copy::NONE).await;
                return None;
            }
        };
        let end = self.hand_over(store, &account, &row).await;
        let copy = match &end {
            End::Final(OutgoingState::Sent | OutgoingState::PartlySent, _) => {
                filing::of(store, &account).await.copy(&self.0.bounds.sending, self.now())
            }
            _ => Copy::NONE,
        };
        let is_sent = matches!(end, End::Final(OutgoingState::Sent | OutgoingState::PartlySent, _));
        self.write_down(store, &row, end, &copy).await;
        is_sent.then_some((*account, Outgoing { copy, ..row }))
    }

    /// A row that was altered never leaves; one that could not be read now is left alone for a while.
    async fn cannot_open(&self, store: &Store, id: &OutboxId, error: &storage::Error) {
        tracing::error!(%error, outbox = %id, "a message of the outbox cannot be opened");
        if retry::is_lost(error) {
            let outcome = told::failure(&retry::altered());
            let owner = self.owner().name();
            persist(|| store.outbox_fail_unreadable(id, owner, &outcome)).await;
        } else {
            self.0.under_way.leave(id);
        }
    }

    /// The principal that the grant stands for now; nothing if the message is not to be sent now, and by us.
    async fn vouched(
        &self,
        store: &Store,
        id: &OutboxId,
        authority: &dyn Authority,
    ) -> Option<Arc<Principal>> {
        let row = match store.outbox_find(id).await {
            Ok(Some(row)) => row,
            Ok(None) => {
                self.0.under_way.leave(id);
                return None;
            }
            Err(error) => {
                self.cannot_open(store, id, &error).await;
                return None;
            }
        };
        let grant = row.grant;
        match authority.standing(&grant, &row.user).await {
            Standing::Holds(principal) => Some(principal),
            Standing::Ended => {
                if let Err(error) = store.outbox_cancel(&grant).await {
                    self.0.under_way.leave(id);
                    tracing::warn!(%error, "what an ended grant left could not be cancelled");
                }
                None
            }
            Standing::Elsewhere | Standing::Unavailable => {
                self.0.under_way.leave(id);
                None
            }
        }
    }

    /// Connects, signs in, submits.
    async fn hand_over(&self, store: &Store, account: &Account, row: &Outgoing) -> End {
        let name = account.name.as_str();
        let Some(submission) = account.submission.clone() else {
            return End::failed(&no_submission(account));
        };
        let deadline = Instant::now() + self.0.bounds.sending.attempt;
        let mut signed_in = match self.sign_in_to_submit(&submission, deadline).await {
            Ok(signed_in) => signed_in,
            Err(error) => return retry::of_error(name, &error),
        };
        self.0.under_way.note_size(&submission.endpoint, signed_in.capabilities.max_size);
        let reader = match store.outbox_reader(&row.id).await {
            Ok(reader) => reader,
            Err(error) if retry::is_lost(&error) => return End::failed(&retry::altered()),
            Err(error) => {
                tracing::error!(%error, "a frozen message cannot be read");
                return End::again(&Problem::new(Code::Internal, "The frozen message cannot be read."));
            }
        };
        let mut octets = Checked::wire(reader, &row.frozen);
        let envelope = Envelope {
            from: row.frozen.from.clone(),
            recipients: row.frozen.recipients.clone(),
            size: wire_size(&row.frozen),
            is_8bit: row.frozen.is_8bit,
            needs_utf8: row.frozen.needs_utf8,
            wants_dsn: true,
        };
        let is_whole = octets.is_whole();
        // Whether the last octets may have left.
        let is_past = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let passing = Arc::clone(&is_past);
        let owner = self.owner().name();
        let before_end = async move {
            if !is_whole.load(Ordering::Acquire) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not all of it was read"));
            }
            if store.outbox_commit_point(&row.id, owner).await.map_err(io::Error::other)? {
                passing.store(true, Ordering::Release);
                return Ok(());
            }
            Err(io::Error::new(io::ErrorKind::NotFound, NotOurs))
        };
        let submitting = smtp::submit(&mut signed_in, &envelope, &mut octets, before_end);
        let submitted = timeout_at(deadline, submitting).await.unwrap_or_else(|_| {
            let error = mail::Error::Timeout("the message");
            Err(if is_past.load(Ordering::Acquire) {
                NotSubmitted::Unknown(error)
            } else {
                NotSubmitted::NotSent(error)
            })
        });
        match submitted {
            Ok(submitted) => {
                // Taking leave is a courtesy that nobody waits for.
                tokio::spawn(timeout(LONGEST_WAIT, signed_in.quit()));
                retry::of_submitted(&row.frozen.recipients, &submitted)
            }
            Err(NotSubmitted::Stopped(error)) if is_not_ours(&error) => End::Gone,
            Err(failure) => retry::of_failure(name, &row.frozen.recipients, failure),
        }
    }

    /// Back to the person.
    async fn hold(&self, store: &Store, row: &Outgoing, approval: &NewApproval) {
        persist(|| store.outbox_hold(&row.id, self.owner().name(), approval)).await;
        self.0.under_way.waits.notify_one();
    }

    /// Writes the end of an attempt down; what cannot be written yet is written later.
    async fn write_down(&self, store: &Store, row: &Outgoing, end: End, copy: &Copy) {
        let owner = self.owner().name();
        match end {
            End::Gone => {}
            End::Final(state, outcome) => {
                tracing::info!(outbox = %row.id, state = state.as_str(), "a message ended");
                persist(|| store.outbox_finish(&row.id, owner, state, &outcome, copy)).await;
            }
            End::Again(outcome) => {
                let now = self.now();
                if let Some(next) = retry::next(&self.0.bounds.sending, row.attempts, now) {
                    persist(|| store.outbox_retry(&row.id, owner, next, &outcome)).await;
                } else {
                    let failed = OutgoingState::Failed;
                    persist(|| store.outbox_finish(&row.id, owner, failed, &outcome, copy)).await;
                }
            }
        }
    }
}

/// Until it succeeds: the row is ours, and nobody else will.
async fn persist<F, T>(mut write: impl FnMut() -> F) -> T
where
    F: Future<Output = storage::Result<T>>,
{
    let mut wait = Duration::from_millis(100);
    loop {
        match write().await {
            Ok(done) => return done,
            Err(error) => tracing::error!(%error, "the end of an attempt cannot be written down yet"),
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// The row was taken out of our hands.
#[derive(Debug)]
struct NotOurs;

impl std::fmt::Display for NotOurs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the message is not this process's to send any more")
    }
}

impl std::error::Error for NotOurs {}

fn is_not_ours(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<NotOurs>()).is_some()
}

/// The problem of an account that cannot send.
pub(crate) fn no_submission(account: &Account) -> Problem {
    Problem::new(Code::NotSupported, format!("Account `{}` has no submission server.", account.name))
        .hint("The person adds it with the account's SMTP settings.")
}
