//! Browsers in which people are signed in: opened by a sign-in, listed, ended. Only the hash of a cookie is
//! kept. How a person proves who they are is in `signin/`.

use domain::{Secret, Timestamp, UserId, WebSessionId};
use storage::User;
use time::Duration;

use crate::{
    Access, Result,
    signin::{code, device::Device, user_agent},
    writer::Used,
};

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
    /// The value of the cookie of a browser in which nobody is signed in yet: what it begins, it alone finishes.
    pub visit: Option<Secret>,
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
    /// When they last proved who they are.
    pub proven: Timestamp,
    /// The occasion that they did so for, as it is stored; empty if it was the sign-in.
    pub proven_for: String,
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

/// How far a sign-in has come.
#[derive(Debug, Clone)]
pub enum SignInStep {
    /// A session was opened.
    Opened(Opened),
    /// The password was right, and a one-time code is asked for: [`Access::sign_in_with_code`].
    NeedsCode {
        /// What the browser hands in with the code.
        pending: Secret,
    },
}

impl SignInStep {
    /// The session, if it was opened.
    pub fn opened(self) -> Option<Opened> {
        match self {
            Self::Opened(opened) => Some(opened),
            Self::NeedsCode { .. } => None,
        }
    }
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
    /// How it was opened: `password`, `code`, `recovery`, `passkey`, `oidc`, `link`.
    pub way: String,
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
/// longer than any of ours. The name counts as it stands: what is trimmed off it here but not by browsers would
/// let another host set a cookie with our prefix.
pub fn cookie_of(header: &str, name: &str) -> Option<Secret> {
    let value = header.split(';').find_map(|pair| {
        let (found, value) = pair.trim_start_matches([' ', '\t']).split_once('=')?;
        (found == name).then(|| value.trim_matches([' ', '\t']))
    })?;
    (1..=LONGEST_COOKIE).contains(&value.len()).then(|| Secret::new(value))
}

/// How long a session lives that is not used.
const IDLE: Duration = Duration::days(30);
/// How long a session lives at most.
const LONGEST: Duration = Duration::days(90);
/// Uses are noted this far apart at most, so that a page does not cost a write.
const NOTED_EVERY: Duration = Duration::minutes(1);
/// Sessions that a person has at most.
pub(crate) const AT_ONCE: usize = 50;
/// Characters of an address that are kept.
const LONGEST_ADDRESS: usize = 64;

impl Access {
    /// Who is signed in with that cookie; nobody if it is unknown, ended or too old, or the person is disabled.
    pub async fn signed_in(&self, cookie: &Secret) -> Result<Option<SignedIn>> {
        self.signed_in_from(cookie, &Browser::default()).await
    }

    /// As [`Self::signed_in`]; the address of the browser is what the person sees in the list of their
    /// sessions.
    pub async fn signed_in_from(&self, cookie: &Secret, browser: &Browser) -> Result<Option<SignedIn>> {
        let Some(hash) = code::hash(cookie) else { return Ok(None) };
        let Some((user, session)) = self.store()?.web_session_find(&hash).await? else { return Ok(None) };
        let now = self.clock().now();
        if now - session.last_used >= NOTED_EVERY {
            let address = Some(browser.shown_address()).filter(|address| !address.is_empty());
            let expires = (now + IDLE).min(session.created + LONGEST);
            self.writer().touch_web_session(Used { session: session.id.clone(), at: now, address, expires });
        }
        Ok(Some(SignedIn {
            user,
            session: session.id,
            csrf: csrf_of(cookie),
            proven: session.proven,
            proven_for: session.proven_for,
        }))
    }

    /// Ends the session of that cookie.
    pub async fn sign_out(&self, who: &SignedIn) -> Result<()> {
        self.store()?.web_session_end(&who.user.id, &who.session).await?;
        self.audit().record_page(&who.user.name, "sign_out", &[who.session.to_string()], "ok").await;
        Ok(())
    }

    /// The person's sessions, last used first.
    pub async fn web_session_list(&self, who: &SignedIn) -> Result<Vec<WebSession>> {
        let sessions = self.store()?.web_session_list(&who.user.id).await?;
        Ok(sessions.into_iter().map(WebSession::from).collect())
    }

    /// Ends one session of the person; answers whether there was such a one.
    pub async fn web_session_end(&self, who: &SignedIn, session: &WebSessionId) -> Result<bool> {
        let is_ended = self.store()?.web_session_end(&who.user.id, session).await?;
        if is_ended {
            let targets = [session.to_string()];
            self.audit().record_page(&who.user.name, "sessions_end", &targets, "ok").await;
        }
        Ok(is_ended)
    }

    /// Ends all sessions of the person but this one; answers how many.
    pub async fn web_sessions_end_others(&self, who: &SignedIn) -> Result<u64> {
        let ended = self.store()?.web_sessions_end_others(&who.user.id, &who.session).await?;
        let targets = [format!("{ended} others")];
        self.audit().record_page(&who.user.name, "sessions_end", &targets, "ok").await;
        Ok(ended)
    }

    /// Forgets what ended by itself: sessions in browsers, links, halves of sign-ins. Meant to be called every hour or so.
    pub async fn people_sweep(&self) -> Result<u64> {
        let store = self.store()?;
        Ok(store.web_sessions_sweep().await?
            + store.invitations_sweep().await?
            + store.ceremonies_sweep().await?
            + store.one_time_codes_sweep().await?)
    }

    /// Opens a session for somebody who has just proven by the password of that hash, or otherwise, who they
    /// are; nothing if they were disabled, or their password changed, meanwhile.
    pub(crate) async fn open_session(
        &self,
        user: &UserId,
        password_hash: &str,
        way: &'static str,
        browser: &Browser,
    ) -> Result<Option<Opened>> {
        let (cookie, new) = self.new_session(way, browser);
        let opened = self.store()?.web_session_open(user, password_hash, &new, AT_ONCE).await?;
        self.begin_session(opened, cookie, new, browser).await
    }

    /// As [`Self::open_session`], for somebody who has just answered with a passkey; nothing if they were
    /// disabled, or it was removed or used otherwise, meanwhile.
    pub(crate) async fn open_session_by_passkey(
        &self,
        user: &UserId,
        used: &storage::PasskeyUse<'_>,
        way: &'static str,
        browser: &Browser,
    ) -> Result<Option<Opened>> {
        let (cookie, new) = self.new_session(way, browser);
        let opened = self.store()?.web_session_open_by_passkey(user, used, &new, AT_ONCE).await?;
        self.begin_session(opened, cookie, new, browser).await
    }

    /// A session that is to be opened now, and its cookie.
    pub(crate) fn new_session(
        &self,
        way: &'static str,
        browser: &Browser,
    ) -> (Secret, storage::NewWebSession) {
        let (cookie, hash) = code::new(self.random());
        let now = self.clock().now();
        let new = storage::NewWebSession {
            hash,
            way,
            browser: user_agent::browser(&browser.user_agent),
            address: browser.shown_address(),
            proven: now,
            expires: now + IDLE,
        };
        (cookie, new)
    }

    /// What the browser gets of a session that was opened. Recorded.
    pub(crate) async fn begin_session(
        &self,
        opened: Option<(User, WebSessionId)>,
        cookie: Secret,
        new: storage::NewWebSession,
        browser: &Browser,
    ) -> Result<Option<Opened>> {
        let Some((user, session)) = opened else { return Ok(None) };
        let device = self.device_of(browser).filter(|device| device.user == user.id);
        let device = device.unwrap_or_else(|| Device::new(user.id.clone(), self.random()));
        let device = device.seal(self.store()?.sealer()).unwrap_or_else(|| Secret::new(""));
        let targets = [session.to_string(), new.browser, new.address, new.way.to_owned()];
        self.audit().record_page(&user.name, "sign_in", &targets, "ok").await;
        let (csrf, proven) = (csrf_of(&cookie), new.proven);
        let signed_in = SignedIn { user, session, csrf, proven, proven_for: String::new() };
        Ok(Some(Opened { signed_in, cookie, device }))
    }

    /// What the browser's cookie of devices says, if it is one of ours.
    pub(crate) fn device_of(&self, browser: &Browser) -> Option<Device> {
        Device::open(self.store().ok()?.sealer(), browser.device.as_ref()?)
    }
}

impl Browser {
    /// The address as it is kept: bounded, and on one line.
    pub(crate) fn shown_address(&self) -> String {
        self.address.chars().filter(|c| !c.is_control()).take(LONGEST_ADDRESS).collect()
    }
}

impl From<storage::WebSession> for WebSession {
    fn from(session: storage::WebSession) -> Self {
        let storage::WebSession { id, browser, address, created, last_used, way, .. } = session;
        Self { id, browser, address, created, last_used, way }
    }
}

/// What forms carry: it follows from the cookie, which no other page can read, and is not kept.
fn csrf_of(cookie: &Secret) -> Secret {
    code::derive(cookie, "csrf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_never_longer_than_ours() {
        let value = |header: &str| cookie_of(header, "postroom").map(|value| value.expose().to_owned());
        assert_eq!(value("a=b; postroom=abc; c=d").as_deref(), Some("abc"));
        assert_eq!(value("postroom=abc").as_deref(), Some("abc"));
        assert_eq!(value("postroom=first;postroom=second").as_deref(), Some("first"));
        for none in [
            "",
            "postroom",
            "postroom=",
            "xpostroom=a; postroom-device=b",
            ";;=;",
            "POSTROOM=a",
            "postroom =a",
            "\u{a0}postroom=a",
        ] {
            assert_eq!(value(none), None, "{none}");
        }
        assert_eq!(value(&format!("postroom={}", "x".repeat(LONGEST_COOKIE))).map(|v| v.len()), Some(1024));
        assert_eq!(value(&format!("postroom={}", "x".repeat(LONGEST_COOKIE + 1))), None);
    }
}
