//! Passwords: argon2id (RFC 9106, 19 MiB, two passes), a few at a time and off the async threads.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use domain::Secret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Access, Error, Result};

const SHORTEST: usize = 8;
const LONGEST: usize = 1024;

/// Whether it may become somebody's password.
pub(crate) fn check(password: &Secret) -> Result<()> {
    let length = password.expose().chars().count();
    if (SHORTEST..=LONGEST).contains(&length) { Ok(()) } else { Err(Error::BadPassword) }
}

/// Whom a password is hashed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A person who is known: by their session, their browser, or their shell on this machine.
    Known,
    /// Anybody else: one at a time, so that the other turn is always left to those who are known.
    Stranger,
}

/// Turns for hashing: each takes 19 MiB and a core.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// Hashes that are computed at the same time.
const AT_ONCE: usize = 2;

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), strangers: Arc::new(Semaphore::new(1)) }
    }
}

impl Turns {
    async fn take(&self, lane: Lane) -> Result<(Option<OwnedSemaphorePermit>, OwnedSemaphorePermit)> {
        let stranger = match lane {
            Lane::Known => None,
            Lane::Stranger => Some(self.strangers.clone().acquire_owned().await.map_err(|_| Error::Hashing)?),
        };
        Ok((stranger, self.all.clone().acquire_owned().await.map_err(|_| Error::Hashing)?))
    }
}

/// The PHC string of a password, with a salt of its own.
pub(crate) async fn hash(access: &Access, lane: Lane, password: &Secret) -> Result<String> {
    let mut salt = [0; 16];
    access.random().fill(&mut salt);
    let password = password.clone();
    compute(access, lane, move || {
        let hash = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Hashing)
    })
    .await
}

/// Whether the password is the one that was hashed. Without a hash, or with an empty one, it takes as long and is
/// false, so that timing does not tell who exists or has a password.
pub(crate) async fn verify(
    access: &Access,
    lane: Lane,
    password: &Secret,
    phc: Option<String>,
) -> Result<bool> {
    let password = password.clone();
    compute(access, lane, move || {
        if password.expose().len() > 4 * LONGEST {
            return Ok(false);
        }
        let password = password.expose().as_bytes();
        // who has no password has an empty one
        if let Some(phc) = phc.filter(|phc| !phc.is_empty()) {
            return Ok(Argon2::default().verify_password(password, phc.as_str()).is_ok());
        }
        let spent = Argon2::default().hash_password_with_salt(password, &[0; 16]);
        spent.map(|_| false).map_err(|_| Error::Hashing)
    })
    .await
}

async fn compute<T: Send + 'static>(
    access: &Access,
    lane: Lane,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let turn = access.turns().take(lane).await?;
    tokio::task::spawn_blocking(move || {
        // until the work is done, even if whoever asked for it has gone: else coming and going would start more
        let _turn = turn;
        work()
    })
    .await
    .map_err(|_| Error::Hashing)?
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use domain::{Clock, FixedClock, Random, Timestamp};

    use super::*;
    use crate::Settings;

    struct NoRandom;

    impl Random for NoRandom {
        fn fill(&self, _: &mut [u8]) {}
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_their_turn_taken_until_the_work_is_done() {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
        let access = Access::without_store(clock, Arc::new(NoRandom), &Settings::default());
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, is_ended) = mpsc::channel::<()>();
        let asked = tokio::spawn({
            let access = access.clone();
            async move {
                let work = move || {
                    let _ = begun.send(());
                    // an error: the other side was dropped
                    let _ = is_ended.recv();
                    Ok(())
                };
                compute(&access, Lane::Stranger, work).await
            }
        });
        has_begun.await.unwrap();
        asked.abort();
        assert!(asked.await.unwrap_err().is_cancelled());
        assert_eq!(access.turns().strangers.available_permits(), 0);
        // who is known does not wait for a stranger
        compute(&access, Lane::Known, || Ok(())).await.unwrap();
        drop(end);
        compute(&access, Lane::Stranger, || Ok(())).await.unwrap();
    }
}
