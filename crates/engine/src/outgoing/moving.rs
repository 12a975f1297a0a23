//! How long a transfer may stand still. A large message over a slow line takes long; one of which nothing
//! goes out any more is given up.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mail::octets::Chunks;
use tokio::time::{Instant, sleep_until};

/// When something last went out.
#[derive(Debug, Clone)]
pub(crate) struct Moving(Arc<Mutex<Instant>>);

impl Default for Moving {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Moving {
    /// The octets, which tell when they are asked for.
    pub(crate) fn watch<C>(&self, octets: C) -> Watched<C> {
        Watched { octets, moving: self.clone() }
    }

    /// What comes of the work; nothing if it stood still for so long.
    pub(crate) async fn within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            let until = self.last() + patience;
            tokio::select! {
                done = &mut work => return Some(done),
                () = sleep_until(until) => {
                    if self.last() + patience <= Instant::now() {
                        return None;
                    }
                }
            }
        }
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Octets whose reading is watched.
#[derive(Debug)]
pub(crate) struct Watched<C> {
    octets: C,
    moving: Moving,
}

impl<C: Chunks> Chunks for Watched<C> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let next = self.octets.next().await;
        *self.moving.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        next
    }
}

#[cfg(test)]
mod tests {
    use mail::octets::Whole;

    use super::*;

    #[tokio::test]
    async fn what_moves_may_take_long_and_what_stands_still_is_given_up() {
        let patience = Duration::from_millis(100);
        let moving = Moving::default();
        let mut octets = moving.watch(Whole::new("x"));
        let begun = moving.last();
        let moved = moving.within(patience, octets.next()).await.unwrap();
        assert_eq!(moved.unwrap().as_deref(), Some(b"x".as_slice()));
        assert!(moving.last() > begun);
        assert_eq!(moving.within(patience, std::future::pending::<()>()).await, None);
    }
}
