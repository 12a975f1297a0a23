//! Signing in with a password, and changing it. Attempts are counted so that guessing is slow and nobody can
//! lock a person out: see `throttle`.

use domain::Secret;

use crate::{Access, Browser, Opened, Result, SignedIn};

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Name or password is wrong, or the person is disabled: which one, nobody is told.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many attempts; the whole seconds to wait.
    #[error("too many attempts")]
    TooMany(u64),
    /// It could not be checked.
    #[error("signing in is not possible just now")]
    Unavailable(#[source] crate::Error),
}

impl Access {
    /// Signs somebody in with their password: a new session, whatever cookie the browser had. Recorded.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Opened, SignInRefusal> {
        let _ = (name, password, browser);
        todo!()
    }

    /// Notes that the person typed their password anew; `Wrong` or `TooMany` else.
    pub async fn prove(
        &self,
        who: &SignedIn,
        password: &Secret,
        browser: &Browser,
    ) -> Result<(), SignInRefusal> {
        let _ = (who, password, browser);
        todo!()
    }

    /// Gives the person another password, if the old one is right, and ends their other sessions.
    pub async fn password_change(
        &self,
        who: &SignedIn,
        old: &Secret,
        new: &Secret,
        browser: &Browser,
    ) -> Result<(), PasswordRefusal> {
        let _ = (who, old, new, browser);
        todo!()
    }
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefusal {
    /// The old one was not right, or was tried too often.
    #[error(transparent)]
    Old(#[from] SignInRefusal),
    /// The new one cannot be one.
    #[error(transparent)]
    New(#[from] crate::Error),
}
