//! Room for the files that are held at once: so much for everybody, and one file a user at a time, so that
//! nobody's slow server or endless files leave the others without.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{Code, Problem};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::timeout,
};

/// MiB of files that are held at once, for all accounts; who comes later waits.
const ALL: usize = 128;

/// Seconds after which it may well work.
const AGAIN: u64 = 10;

/// The room and whose turn it is.
#[derive(Debug)]
pub(crate) struct FileRoom {
    mebibytes: Semaphore,
    turns: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// How long a file waits for another of its user's, and then for those of others.
    patience: (Duration, Duration),
}

/// A place in it; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    _mebibytes: SemaphorePermit<'a>,
    _turn: OwnedSemaphorePermit,
}

impl Default for FileRoom {
    fn default() -> Self {
        let patience = (Duration::from_secs(30), Duration::from_secs(10));
        Self { mebibytes: Semaphore::new(ALL), turns: Mutex::default(), patience }
    }
}

impl FileRoom {
    /// Waits until the user may hold so many MiB.
    pub(crate) async fn take(&self, user: &str, mebibytes: u32) -> Result<Taken<'_>, Problem> {
        let (own, others) = self.patience;
        let turn = timeout(own, self.turn(user).acquire_owned()).await;
        let turn = turn.map_err(|_| busy("Other files of yours are being read."))?;
        let room = timeout(others, self.mebibytes.acquire_many(mebibytes)).await;
        let room = room.map_err(|_| busy("Too many files are being read."))?;
        match (turn, room) {
            (Ok(turn), Ok(mebibytes)) => Ok(Taken { _mebibytes: mebibytes, _turn: turn }),
            _ => Err(Problem::new(Code::Internal, "Files are not read any more.")),
        }
    }

    fn turn(&self, user: &str) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Who holds or waits for a turn has a share of it; of the others nothing need be known.
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(user.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

fn busy(told: &str) -> Problem {
    Problem::new(Code::RateLimited, told).hint("Ask again in a few seconds.").retry_after(AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impatient() -> FileRoom {
        let patience = (Duration::from_millis(50), Duration::from_millis(50));
        FileRoom { patience, ..FileRoom::default() }
    }

    #[tokio::test]
    async fn a_user_holds_one_file_at_a_time_and_nobody_else_waits_for_it() {
        let room = impatient();
        let first = room.take("ann", 26).await.unwrap();
        let refused = room.take("ann", 1).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(AGAIN)));
        room.take("bob", 26).await.unwrap();
        let (next, ()) = tokio::join!(room.take("ann", 1), async { drop(first) });
        assert!(next.is_ok());
        drop(next);
        assert!(room.take("bob", 1).await.is_ok());
        assert_eq!(room.turns.lock().unwrap().len(), 1, "of users without files nothing is kept");
    }

    #[tokio::test]
    async fn where_there_is_no_room_a_file_waits_a_while_and_then_is_told_to_come_back() {
        let room = impatient();
        let mut held = Vec::new();
        for user in ["ann", "bob", "cid", "dan"] {
            held.push(room.take(user, 32).await.unwrap());
        }
        let refused = room.take("eve", 1).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(AGAIN)));
        held.pop();
        assert!(room.take("eve", 32).await.is_ok());
    }
}
