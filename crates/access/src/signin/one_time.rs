//! Who is asked for a one-time code beside their password, and what became of the code that they typed. What a code
//! is, is in `totp.rs` and `recovery.rs`. Attempts are counted apart from passwords: only who knows the password
//! comes so far.

use domain::{Secret, Timestamp, UserId, chain};
use serde::{Deserialize, Serialize};

use crate::{
    Access, Browser, Opened, Result, SignedIn,
    signin::{
        ceremony::FirstHalf,
        recovery,
        throttle::Attempt,
        totp::{self, Typed},
        user_agent,
    },
};

/// The kind of first halves that wait for a code.
const KIND: &str = "code";

/// Whether somebody is asked for one-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodesState {
    /// They are not.
    Off,
    /// They will be, once they have typed a first one.
    Waiting,
    /// They are.
    On {
        /// Since when.
        since: Timestamp,
        /// Recovery codes that were not used yet.
        recovery: u64,
    },
}

/// What an app needs to make somebody's codes.
#[derive(Debug, Clone)]
pub struct CodesSetup {
    /// What its camera reads: `otpauth://totp/…`.
    pub uri: Secret,
    /// What is typed into it instead.
    pub secret: Secret,
}

/// Why a code was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CodeFault {
    /// It is not one of theirs.
    #[error("the code is wrong")]
    Wrong,
    /// It is one of another time: the clock that made it is so many seconds ahead, or behind if below zero.
    #[error("the code is of another time")]
    Drifted(i64),
    /// It was used before.
    #[error("the code was used before")]
    Used,
    /// Too many attempts; the whole seconds to wait.
    #[error("too many attempts")]
    TooMany(u64),
    /// It could not be checked.
    #[error("codes cannot be checked just now")]
    Unavailable(#[from] crate::Error),
}

impl CodeFault {
    /// The word in the audit trail and the log.
    fn reason(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong_code",
            Self::Drifted(_) => "code_of_another_time",
            Self::Used => "used_code",
            Self::TooMany(_) => "too_many",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// What became of a code that was typed to sign in.
#[derive(Debug)]
pub enum CodeStep {
    /// A session was opened.
    Opened(Opened),
    /// The code was not taken; another one may be typed with this.
    Again {
        /// Why not.
        fault: CodeFault,
        /// What the browser hands in with the next one.
        pending: Secret,
    },
    /// The password was typed too long ago, in another browser, or is another by now: it is to be typed again.
    Over,
}

/// What waits for the code.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// Who typed their password.
    name: String,
    /// The hash of the password that was right.
    password_hash: String,
    /// Milliseconds since 1970 until which a code may be typed.
    until: i64,
    /// The address from which the password was typed, under which that attempt was counted.
    address: String,
    /// The browser, under which it was counted instead if it is known to be theirs.
    device: Option<String>,
}

impl Access {
    /// Whether the person is asked for one-time codes.
    pub async fn codes_state(&self, who: &SignedIn) -> Result<CodesState> {
        let store = self.store()?;
        Ok(match store.one_time_codes_find(&who.user.id).await?.map(|codes| codes.confirmed) {
            None => CodesState::Off,
            Some(None) => CodesState::Waiting,
            Some(Some(since)) => {
                CodesState::On { since, recovery: store.recovery_codes_left(&who.user.id).await? }
            }
        })
    }

    /// Makes a secret that the person gives to their app; nothing is asked of them yet. Answers false if they
    /// are asked for codes already.
    pub async fn codes_begin(&self, who: &SignedIn) -> Result<bool> {
        let mut secret = zeroize::Zeroizing::new([0; totp::SECRET]);
        self.random().fill(secret.as_mut_slice());
        Ok(self.store()?.one_time_codes_begin(&who.user.id, secret.as_slice()).await?)
    }

    /// What the person's app needs, until they have typed a first code; nothing after that.
    pub async fn codes_setup(&self, who: &SignedIn) -> Result<Option<CodesSetup>> {
        let codes = self.store()?.one_time_codes_find(&who.user.id).await?;
        Ok(codes.filter(|codes| codes.confirmed.is_none()).map(|codes| CodesSetup {
            uri: totp::uri(&codes.secret, &self.own_host(), &who.user.name),
            secret: totp::spelled(&codes.secret),
        }))
    }

    /// Has the person be asked for codes from now on, if `typed` is the one that their app shows now. Answers
    /// their recovery codes, which are not shown again. Recorded.
    pub async fn codes_confirm(&self, who: &SignedIn, typed: &str) -> Result<Vec<Secret>, CodeFault> {
        let attempt = Attempt::Code { user: &who.user.id, browser: who.session.as_str() };
        self.throttle().take(&attempt).map_err(CodeFault::TooMany)?;
        let store = self.store()?;
        let codes = store.one_time_codes_find(&who.user.id).await.map_err(crate::Error::from)?;
        let codes = codes.filter(|codes| codes.confirmed.is_none()).ok_or(CodeFault::Used)?;
        let step = match totp::typed(&codes.secret, typed, self.clock().now()) {
            Typed::Right(step) => step,
            Typed::Drifted(seconds) => return Err(CodeFault::Drifted(seconds)),
            Typed::Wrong => return Err(CodeFault::Wrong),
        };
        let (recovery, hashes) = recovery::new(self.random(), &who.user.id);
        let confirmed = store.one_time_codes_confirm(&who.user.id, &codes, step, &hashes).await;
        if !confirmed.map_err(crate::Error::from)? {
            return Err(CodeFault::Used);
        }
        self.throttle().give_back(&attempt);
        self.audit().record_page(&who.user.name, "codes_on", &[], "ok").await;
        Ok(recovery)
    }

    /// Asks the person for no codes any more; answers whether they were asked. Recorded.
    pub async fn codes_off(&self, who: &SignedIn) -> Result<bool> {
        let is_off = self.store()?.one_time_codes_end(&who.user.id).await?;
        if is_off {
            self.audit().record_page(&who.user.name, "codes_off", &[], "ok").await;
        }
        Ok(is_off)
    }

    /// Other recovery codes in place of the person's; nothing if they are asked for no codes. Recorded.
    pub async fn recovery_new(&self, who: &SignedIn) -> Result<Option<Vec<Secret>>> {
        let (recovery, hashes) = recovery::new(self.random(), &who.user.id);
        if !self.store()?.recovery_codes_replace(&who.user.id, &hashes).await? {
            return Ok(None);
        }
        self.audit().record_page(&who.user.name, "recovery_new", &[], "ok").await;
        Ok(Some(recovery))
    }

    /// Asks a user for no codes any more who has lost everything that makes them; answers whether they were
    /// asked. For the operator; recorded in the trail of the user.
    pub async fn codes_end_of(&self, name: &str) -> Result<bool> {
        self.codes_end("", name).await
    }

    /// As [`Self::codes_end_of`], in the name of an administrator; to others there is no such user. Recorded in
    /// both trails.
    pub async fn codes_end_by(&self, by: &SignedIn, name: &str) -> Result<bool> {
        if !by.user.is_admin {
            return Err(crate::Error::UserNotFound { name: name.to_owned(), nearest: None });
        }
        self.codes_end(&by.user.name, name).await
    }

    async fn codes_end(&self, by: &str, name: &str) -> Result<bool> {
        let user = self.find_user(name).await?;
        let is_ended = self.store()?.one_time_codes_end(&user.id).await?;
        if is_ended {
            self.record_for_both(by, &user.name, "codes_off", &[]).await;
        }
        Ok(is_ended)
    }

    /// What the browser hands in with the code, if the user, whose password was right, is asked for one.
    pub(crate) async fn code_ask(
        &self,
        user: &storage::User,
        password_hash: &str,
        browser: &Browser,
    ) -> Result<Option<Secret>> {
        let codes = self.store()?.one_time_codes_find(&user.id).await?;
        if codes.is_none_or(|codes| codes.confirmed.is_none()) {
            return Ok(None);
        }
        let until = self.clock().now() + super::ceremony::LIFETIME;
        let pending = Pending {
            name: user.name.clone(),
            password_hash: password_hash.to_owned(),
            until: until.unix_timestamp().saturating_mul(1000),
            address: browser.address.clone(),
            device: self
                .device_of(browser)
                .filter(|device| device.user == user.id)
                .map(|device| device.key()),
        };
        self.wait_for_code(&user.id, &pending, browser).await.map(Some)
    }

    async fn wait_for_code(&self, user: &UserId, pending: &Pending, browser: &Browser) -> Result<Secret> {
        let half = FirstHalf {
            kind: KIND,
            visit: browser.visit.as_ref(),
            session: None,
            user: Some(user),
            occasion: String::new(),
        };
        self.ceremony_begin(half, pending).await
    }

    /// Signs in who typed their password with `pending` as the answer, if `typed` is a one-time code of theirs or
    /// a recovery code. Recorded.
    pub async fn sign_in_with_code(
        &self,
        pending: &Secret,
        typed: &str,
        browser: &Browser,
    ) -> Result<CodeStep> {
        let taken = self.ceremony_take::<Pending>(pending, KIND, browser.visit.as_ref(), None).await?;
        let Some(taken) = taken else { return Ok(CodeStep::Over) };
        let (Some(user), waits) = (taken.user, taken.body) else { return Ok(CodeStep::Over) };
        if self.clock().now().unix_timestamp().saturating_mul(1000) >= waits.until {
            return Ok(CodeStep::Over);
        }
        let device = self.device_of(browser).filter(|device| device.user == user).map(|device| device.key());
        let attempt = Attempt::Code { user: &user, browser: device.as_deref().unwrap_or_default() };
        let checked = match self.throttle().take(&attempt) {
            Ok(()) => self.check_code(&user, typed).await,
            Err(seconds) => Err(CodeFault::TooMany(seconds)),
        };
        let way = match checked {
            Ok(way) => way,
            Err(fault) => {
                self.record_code(&waits.name, &fault, browser).await;
                let pending = self.wait_for_code(&user, &waits, browser).await?;
                return Ok(CodeStep::Again { fault, pending });
            }
        };
        self.throttle().give_back(&attempt);
        // and the password's, which did not come back while the code was not there
        self.throttle().give_back(&match &waits.device {
            Some(browser) => Attempt::Known { user: &user, browser },
            None => Attempt::Stranger { address: &waits.address, name: &waits.name },
        });
        let opened = self.open_session(&user, &waits.password_hash, way, browser).await?;
        Ok(opened.map_or(CodeStep::Over, CodeStep::Opened))
    }

    /// How somebody is let in by what they typed, which is used up.
    async fn check_code(&self, user: &UserId, typed: &str) -> Result<&'static str, CodeFault> {
        let store = self.store()?;
        let codes = store.one_time_codes_find(user).await.map_err(crate::Error::from)?;
        let codes = codes.filter(|codes| codes.confirmed.is_some()).ok_or(CodeFault::Wrong)?;
        if let Some(hash) = recovery::typed(user, typed) {
            let is_used = store.recovery_code_use(user, &hash).await.map_err(crate::Error::from)?;
            return if is_used { Ok("recovery") } else { Err(CodeFault::Wrong) };
        }
        match totp::typed(&codes.secret, typed, self.clock().now()) {
            Typed::Right(step) => {
                let is_new = store.one_time_code_use(user, step).await.map_err(crate::Error::from)?;
                if is_new { Ok("code") } else { Err(CodeFault::Used) }
            }
            Typed::Drifted(seconds) => Err(CodeFault::Drifted(seconds)),
            Typed::Wrong => Err(CodeFault::Wrong),
        }
    }

    async fn record_code(&self, name: &str, fault: &CodeFault, browser: &Browser) {
        match fault {
            CodeFault::Unavailable(error) => {
                tracing::error!(error = %chain(error), "one-time code not checked");
                return;
            }
            CodeFault::TooMany(_) if !self.throttle().is_news(name) => return,
            _ => {}
        }
        tracing::info!(reason = fault.reason(), "one-time code refused");
        let targets = [user_agent::browser(&browser.user_agent), browser.shown_address()];
        self.audit().record_page(name, "sign_in", &targets, fault.reason()).await;
    }

    /// The host of the public URL.
    fn own_host(&self) -> String {
        let url = url::Url::parse(&self.settings().issuer).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}
