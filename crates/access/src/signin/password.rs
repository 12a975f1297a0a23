//! Passwords: argon2id (RFC 9106, 19 MiB, two passes), a few at a time and off the async threads.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use domain::Secret;

use crate::{Access, Error, Result};

const SHORTEST: usize = 8;
const LONGEST: usize = 1024;

/// Whether it may become somebody's password.
pub(crate) fn check(password: &Secret) -> Result<()> {
    let length = password.expose().chars().count();
    if (SHORTEST..=LONGEST).contains(&length) { Ok(()) } else { Err(Error::BadPassword) }
}

/// The PHC string of a password, with a salt of its own.
pub(crate) async fn hash(access: &Access, password: &Secret) -> Result<String> {
    let mut salt = [0; 16];
    access.random().fill(&mut salt);
    let password = password.clone();
    compute(access, move || {
        let hash = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Hashing)
    })
    .await
}

/// Whether the password is the one that was hashed. Without a hash it takes as long and is false, so
/// that timing does not tell who exists.
pub(crate) async fn verify(access: &Access, password: &Secret, phc: Option<String>) -> Result<bool> {
    let password = password.clone();
    compute(access, move || {
        if password.expose().len() > 4 * LONGEST {
            return Ok(false);
        }
        let password = password.expose().as_bytes();
        if let Some(phc) = phc {
            return Ok(Argon2::default().verify_password(password, phc.as_str()).is_ok());
        }
        let spent = Argon2::default().hash_password_with_salt(password, &[0; 16]);
        spent.map(|_| false).map_err(|_| Error::Hashing)
    })
    .await
}

async fn compute<T: Send + 'static>(
    access: &Access,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let _turn = access.hashing().acquire().await.map_err(|_| Error::Hashing)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Hashing)?
}
