//! Signing in with a password, and changing it. Attempts are counted so that guessing is slow and nobody can
//! lock a person out: see `throttle`.

use domain::{Secret, chain};

use crate::{
    Access, Browser, Occasion, Result, SignInStep, SignedIn,
    signin::{
        password::{self, Lane},
        throttle::Attempt,
        user_agent,
    },
    users::check_name,
};

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

impl SignInRefusal {
    pub(crate) fn unavailable(error: impl Into<crate::Error>) -> Self {
        Self::Unavailable(error.into())
    }

    /// The word in the audit trail and the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::TooMany(_) => "too_many",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl Access {
    /// Signs somebody in with their password: a new session, whatever cookie the browser had. Recorded.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<SignInStep, SignInRefusal> {
        let name = name_of(name);
        let signed_in = self.try_sign_in(&name, password, browser).await;
        if let Err(refusal) = &signed_in {
            self.record_refusal("sign_in", &name, refusal, browser).await;
        }
        signed_in
    }

    /// The whole seconds for which this browser's tries are refused whatever is in them, if there were so many
    /// from its address that they come from nobody who reads the answer; else nothing. To be asked before a try
    /// is read, so that a flood of them costs little. Of a browser in which somebody signed in before, only the
    /// name in the form tells.
    pub fn sign_in_wait(&self, browser: &Browser) -> Option<u64> {
        if self.device_of(browser).is_some() {
            return None;
        }
        self.throttle().flood_wait(&browser.address)
    }

    async fn try_sign_in(
        &self,
        name: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<SignInStep, SignInRefusal> {
        let store = self.store().map_err(SignInRefusal::unavailable)?;
        // Strangers are counted before anything is looked up: what they are refused costs nothing.
        let known = match self.device_of(browser) {
            None => None,
            Some(device) => {
                let user = store.find_user(name).await.map_err(SignInRefusal::unavailable)?;
                user.filter(|user| user.id == device.user).map(|user| (user.id, device.key()))
            }
        };
        let (attempt, lane) = match &known {
            Some((user, browser)) => (Attempt::Known { user, browser }, Lane::Known),
            None => (Attempt::Stranger { address: &browser.address, name }, Lane::Stranger),
        };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        let found = store.find_password_hash(name).await.map_err(SignInRefusal::unavailable)?;
        let (user, hash) = found.unzip();
        let verified = password::verify(self, lane, password, hash.clone()).await;
        let user = user.filter(|user| !user.is_disabled);
        let (true, Some(user), Some(hash)) = (verified.map_err(SignInRefusal::unavailable)?, user, hash)
        else {
            return Err(SignInRefusal::Wrong);
        };
        // asked for only once the password was right, so that nobody else learns who has codes
        if let Some(pending) =
            self.code_ask(&user, &hash, browser).await.map_err(SignInRefusal::unavailable)?
        {
            // the attempt counts until the code was right too: whoever knows only the password is nobody yet
            return Ok(SignInStep::NeedsCode { pending });
        }
        let opened = self.open_session(&user.id, &hash, "password", browser).await;
        let opened = opened.map_err(SignInRefusal::unavailable)?.ok_or(SignInRefusal::Wrong)?;
        self.throttle().give_back(&attempt);
        Ok(SignInStep::Opened(opened))
    }

    /// Notes that the person typed their password anew, for that occasion; `Wrong` or `TooMany` else.
    pub async fn prove(
        &self,
        who: &SignedIn,
        password: &Secret,
        occasion: &Occasion,
        browser: &Browser,
    ) -> Result<(), SignInRefusal> {
        let proven = self.check(who, password).await;
        match &proven {
            Ok(_) => {
                let targets = [who.session.to_string()];
                self.audit().record_page(&who.user.name, "prove", &targets, "ok").await;
            }
            Err(refusal) => self.record_refusal("prove", &who.user.name, refusal, browser).await,
        }
        proven?;
        let store = self.store().map_err(SignInRefusal::unavailable)?;
        let noted = store.web_session_prove(&who.session, &occasion.stored()).await;
        // the session may have been ended meanwhile
        if noted.map_err(SignInRefusal::unavailable)? { Ok(()) } else { Err(SignInRefusal::Wrong) }
    }

    /// Gives the person another password, if the old one is right, and ends their other sessions.
    pub async fn password_change(
        &self,
        who: &SignedIn,
        old: &Secret,
        new: &Secret,
        browser: &Browser,
    ) -> Result<(), PasswordRefusal> {
        password::check(new)?;
        let was = match self.check(who, old).await {
            Ok(hash) => hash,
            Err(refusal) => {
                self.record_refusal("password_change", &who.user.name, &refusal, browser).await;
                return Err(refusal.into());
            }
        };
        let hash = password::hash(self, Lane::Known, new).await?;
        let store = self.store()?;
        let set = store.set_password_hash(&who.user.id, Some(&was), &hash, Some(&who.session)).await;
        if !set.map_err(crate::Error::from)? {
            // somebody else changed it meanwhile: what was typed is the old one no more
            return Err(SignInRefusal::Wrong.into());
        }
        let targets = [who.session.to_string()];
        self.audit().record_page(&who.user.name, "password_change", &targets, "ok").await;
        Ok(())
    }

    /// Gives a person who has no password, and proved lately who they are, their first one; `Wrong` if they have
    /// one, or did not. Ends their other sessions.
    pub async fn password_set_first(&self, who: &SignedIn, new: &Secret) -> Result<(), PasswordRefusal> {
        if !self.is_proven(who, &Occasion::Change) {
            return Err(SignInRefusal::Wrong.into());
        }
        password::check(new)?;
        let hash = password::hash(self, Lane::Known, new).await?;
        let set = self.store()?.set_password_hash(&who.user.id, Some(""), &hash, Some(&who.session)).await;
        if !set.map_err(crate::Error::from)? {
            return Err(SignInRefusal::Wrong.into());
        }
        let targets = [who.session.to_string()];
        self.audit().record_page(&who.user.name, "password_change", &targets, "ok").await;
        Ok(())
    }

    /// The hash of the password of somebody who is signed in, if it is right.
    async fn check(&self, who: &SignedIn, password: &Secret) -> Result<String, SignInRefusal> {
        let attempt = Attempt::Known { user: &who.user.id, browser: who.session.as_str() };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        let store = self.store().map_err(SignInRefusal::unavailable)?;
        let found = store.find_password_hash(&who.user.name).await.map_err(SignInRefusal::unavailable)?;
        let hash =
            found.filter(|(user, _)| user.id == who.user.id && !user.is_disabled).map(|(_, hash)| hash);
        let is_right = password::verify(self, Lane::Known, password, hash.clone()).await;
        match hash {
            Some(hash) if is_right.map_err(SignInRefusal::unavailable)? => {
                self.throttle().give_back(&attempt);
                Ok(hash)
            }
            _ => Err(SignInRefusal::Wrong),
        }
    }

    /// Records that somebody was refused: in the trail of the person of that name if there is one, in the log
    /// without the name. Of a series of `too_many` only the first is recorded, and then one now and then.
    pub(crate) async fn record_refusal(
        &self,
        what: &str,
        name: &str,
        refusal: &SignInRefusal,
        browser: &Browser,
    ) {
        match refusal {
            SignInRefusal::Unavailable(error) => {
                tracing::error!(error = %chain(error), "sign-in not checked");
                return;
            }
            SignInRefusal::TooMany(_) if !self.throttle().is_news(name) => return,
            _ => {}
        }
        let address = browser.shown_address();
        tracing::info!(what, reason = refusal.reason(), "sign-in or proof refused");
        let Ok(store) = self.store() else { return };
        match store.find_user(name).await {
            Ok(Some(user)) => {
                let targets = [user_agent::browser(&browser.user_agent), address];
                self.audit().record_page(&user.name, what, &targets, refusal.reason()).await;
            }
            Ok(None) => {}
            Err(error) => tracing::error!(error = %chain(&error), "refused sign-in not recorded"),
        }
    }
}

/// The name that somebody typed: without the spaces and capitals that telephones add; empty for one that
/// nobody can have.
fn name_of(typed: &str) -> String {
    let name = typed.trim();
    let name = if name.len() <= 64 { name.to_ascii_lowercase() } else { String::new() };
    if check_name(&name).is_ok() { name } else { String::new() }
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
