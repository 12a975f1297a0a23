//! Browsers in which people are signed in: opened by a sign-in, listed, ended. Only the hash of a cookie is
//! kept. How a person proves who they are is in `signin/`.

use domain::{Secret, Timestamp, WebSessionId};
use storage::User;

use crate::{Access, Result};

/// Octets of a cookie's value that are looked at.
const LONGEST_COOKIE: usize = 1024;

/// Where a request of a browser comes from, in so far as people are told and attempts are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Browser {
    /// The network address; empty if it is not known.
    pub address: String,
    /// The `User-Agent` header; empty if there was none.
    pub user_agent: String,
    /// The value of the cookie that says that somebody signed in with this browser before.
    pub device: Option<Secret>,
}

/// Who is signed in, in which browser.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// Their session.
    pub session: WebSessionId,
    /// What forms of this session carry, so that no other page can post them.
    pub csrf: Secret,
    /// When they typed their password last.
    pub proven: Timestamp,
}

/// A session that was just opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Who is signed in.
    pub signed_in: SignedIn,
    /// The value of the session's cookie: not kept, not shown again.
    pub cookie: Secret,
    /// The value of the cookie by which this browser is known to be this person's from now on.
    pub device: Secret,
}

/// A session as its person sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// Its id.
    pub id: WebSessionId,
    /// The browser in words: `Firefox on Linux`.
    pub browser: String,
    /// The network address it was used from last.
    pub address: String,
    /// Since when.
    pub created: Timestamp,
    /// When it was used last, within a minute.
    pub last_used: Timestamp,
}

/// The name of the cookie of a session. `__Host-` binds it to this host and to https, so that browsers drop it
/// on plain http.
pub fn session_cookie(is_https: bool) -> &'static str {
    if is_https { "__Host-postroom" } else { "postroom" }
}

/// The name of the cookie that says who signed in with this browser before; it lives a year.
pub fn device_cookie(is_https: bool) -> &'static str {
    if is_https { "__Host-postroom-device" } else { "postroom-device" }
}

/// The value of the first cookie of that name in a `Cookie` header; nothing if it is missing, empty or
/// longer than any of ours.
pub fn cookie_of(header: &str, name: &str) -> Option<Secret> {
    let value = header.split(';').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found.trim() == name).then(|| value.trim())
    })?;
    (1..=LONGEST_COOKIE).contains(&value.len()).then(|| Secret::new(value))
}

impl Access {
    /// Who is signed in with that cookie; nobody if it is unknown, ended or too old, or the person is disabled.
    pub async fn signed_in(&self, cookie: &Secret) -> Result<Option<SignedIn>> {
        let _ = cookie;
        todo!()
    }

    /// Ends the session of that cookie.
    pub async fn sign_out(&self, who: &SignedIn) -> Result<()> {
        let _ = who;
        todo!()
    }

    /// The person's sessions, last used first.
    pub async fn web_session_list(&self, who: &SignedIn) -> Result<Vec<WebSession>> {
        let _ = who;
        todo!()
    }

    /// Ends one session of the person; answers whether there was such a one.
    pub async fn web_session_end(&self, who: &SignedIn, session: &WebSessionId) -> Result<bool> {
        let _ = (who, session);
        todo!()
    }

    /// Ends all sessions of the person but this one; answers how many.
    pub async fn web_sessions_end_others(&self, who: &SignedIn) -> Result<u64> {
        let _ = who;
        todo!()
    }
}
