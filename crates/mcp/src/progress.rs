//! What a client is told while a call goes on: how many of how many messages are done.
//!
//! Only clients that sent a progress token are told, at most twice a second, and never after the answer.
//! Whoever is told or not, work that moves puts the end of its call off.

use std::{
    future::{Future, pending},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{Either, FusedFuture as _, join, select},
};
use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
    service::RequestContext,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::deadline::Deadline;

const PAUSES: Pauses = Pauses { between: Duration::from_millis(500), last: Duration::from_secs(1) };

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Far {
    done: u64,
    total: u64,
}

/// Where a call notes how far it is.
#[derive(Debug)]
pub(crate) struct Progress {
    far: watch::Sender<Far>,
    deadline: Arc<Deadline>,
    pauses: Pauses,
}

/// Times of telling.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    /// Between two that are told.
    between: Duration,
    /// How long the answer waits for one that is on its way.
    last: Duration,
}

impl Progress {
    /// Of a call that begins now.
    pub(crate) fn of(deadline: Arc<Deadline>) -> Arc<Self> {
        Arc::new(Self { far: watch::Sender::new(Far::default()), deadline, pauses: PAUSES })
    }

    /// So many of so many are done. Only what is more than before counts.
    pub(crate) fn note(&self, done: u64, total: u64) {
        let is_more = self.far.send_if_modified(|far| {
            let is_more = done > far.done;
            if is_more {
                *far = Far { done, total };
            }
            is_more
        });
        if is_more {
            self.deadline.put_off();
        }
    }

    /// Does the work, and tells the client meanwhile if it asked for that.
    pub(crate) async fn told<T>(
        &self,
        context: &RequestContext<RoleServer>,
        work: impl Future<Output = T>,
    ) -> T {
        match context.meta.get_progress_token() {
            Some(token) => self.told_by(|far| tell(context.peer.clone(), token.clone(), far), work).await,
            None => work.await,
        }
    }

    async fn told_by<T, F: Future<Output = ()>>(
        &self,
        tell: impl Fn(Far) -> F,
        work: impl Future<Output = T>,
    ) -> T {
        let (mut work, mut noted) = (pin!(work), self.far.subscribe());
        loop {
            let far = match select(work, pin!(next(&mut noted))).await {
                Either::Left((done, _)) => return done,
                Either::Right((far, going_on)) => {
                    work = going_on;
                    far
                }
            };
            // a client that reads slowly does not hold the work up
            let mut telling = pin!(tell(far).fuse());
            let both = join(telling.as_mut(), sleep(self.pauses.between));
            match select(work, pin!(both)).await {
                Either::Left((done, _)) => {
                    if !telling.is_terminated() {
                        let _ = timeout(self.pauses.last, telling).await;
                    }
                    return done;
                }
                Either::Right((_, going_on)) => work = going_on,
            }
        }
    }
}

/// What is next to be told. That all is done is told by the answer.
async fn next(noted: &mut watch::Receiver<Far>) -> Far {
    loop {
        if noted.changed().await.is_err() {
            return pending().await;
        }
        let far = *noted.borrow_and_update();
        if far.done < far.total {
            return far;
        }
    }
}

async fn tell(peer: Peer<RoleServer>, token: ProgressToken, far: Far) {
    // whole numbers up to 2^53, more than there are messages
    #[expect(clippy::cast_precision_loss, reason = "the protocol counts in floats")]
    let (done, total) = (far.done as f64, far.total as f64);
    let word = ProgressNotificationParam::new(token, done).with_total(total);
    if let Err(error) = peer.notify_progress(word).await {
        tracing::debug!(%error, "a client could not be told how far its call is");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::time::Instant;

    use super::*;
    use crate::{deadline::Patience, settings::Settings};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn progress(between: u64, last: u64) -> Progress {
        let patience = Patience::of(&Settings::new("http://localhost:1").unwrap());
        let pauses = Pauses { between: ms(between), last: ms(last) };
        Progress { far: watch::Sender::default(), deadline: Arc::new(Deadline::of(patience)), pauses }
    }

    /// What was told, and when, while `work` ran.
    async fn heard(between: u64, work: impl AsyncFn(&Progress)) -> Vec<(Instant, u64)> {
        let (progress, heard) = (progress(between, 1_000), Mutex::new(Vec::new()));
        let tell = |far: Far| {
            heard.lock().unwrap().push((Instant::now(), far.done));
            std::future::ready(())
        };
        progress.told_by(tell, work(&progress)).await;
        heard.into_inner().unwrap()
    }

    #[tokio::test]
    async fn it_is_told_at_once_and_then_at_most_so_often() {
        let told = heard(40, async |progress| {
            for done in 1..=30 {
                progress.note(done, 30);
                sleep(ms(10)).await;
            }
        })
        .await;
        assert_eq!(told.first().map(|(_, done)| *done), Some(1));
        assert!((2..=20).contains(&told.len()), "{told:?}");
        for pair in told.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= ms(40) && pair[1].1 > pair[0].1, "{told:?}");
        }
    }

    #[tokio::test]
    async fn what_does_not_grow_and_what_is_whole_is_not_told() {
        let told = heard(1, async |progress| {
            for (done, total) in [(0, 9), (5, 9), (3, 9), (5, 9), (9, 9)] {
                progress.note(done, total);
                sleep(ms(20)).await;
            }
        })
        .await;
        assert_eq!(told.iter().map(|(_, done)| *done).collect::<Vec<_>>(), [5]);
    }

    #[tokio::test]
    async fn a_client_that_does_not_listen_never_holds_up_the_work_and_the_answer_not_for_long() {
        let progress = progress(10, 50);
        let work = async {
            for done in 1..5 {
                progress.note(done, 9);
                sleep(ms(10)).await;
            }
            "answer"
        };
        let start = Instant::now();
        let answered = timeout(Duration::from_secs(20), progress.told_by(|_| pending(), work)).await;
        assert_eq!(answered, Ok("answer"));
        assert!(start.elapsed() >= ms(50));
    }

    #[tokio::test]
    async fn nothing_is_told_after_the_answer() {
        let progress = progress(1, 10_000);
        let ended = Mutex::new(0);
        let tell = async |far: Far| {
            sleep(ms(30)).await;
            *ended.lock().unwrap() = far.done;
        };
        let work = async {
            progress.note(1, 9);
            sleep(ms(5)).await;
        };
        progress.told_by(tell, work).await;
        assert_eq!(*ended.lock().unwrap(), 1, "what was being told was told to its end");
    }
}
