//! Browsers in which people are signed in, each found by the hash of its cookie.
//!
//! How long they live is `access`'s; that a disabled person has none, and that none outlives the password it
//! was opened with, holds here.

use domain::{Timestamp, UserId, WebSessionId};

use crate::{Result, Row, Store, Transaction, User, users};

/// A session that is to be stored.
#[derive(Debug, Clone)]
pub struct NewWebSession {
    /// SHA-256 of the cookie.
    pub hash: [u8; 32],
    /// How the person proved who they are.
    pub way: &'static str,
    /// The browser in words.
    pub browser: String,
    /// The network address that it was opened from.
    pub address: String,
    /// When the person last proved who they are: a sign-in that somebody else vouches for may be of long ago.
    pub proven: Timestamp,
    /// When it ends if it is not used.
    pub expires: Timestamp,
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// Its id.
    pub id: WebSessionId,
    /// The browser in words.
    pub browser: String,
    /// The network address it was noted from last.
    pub address: String,
    /// Since when.
    pub created: Timestamp,
    /// When it was last noted as used.
    pub last_used: Timestamp,
    /// When the person last proved in it who they are.
    pub proven: Timestamp,
    /// The occasion that they did so for; empty if it was the sign-in.
    pub proven_for: String,
    /// How it was opened.
    pub way: String,
}

impl Store {
    /// Stores a session of the user, if they are not disabled and their password still has that hash; nothing
    /// else. Of their sessions the `cap` last used ones stay, this one among them.
    pub async fn web_session_open(
        &self,
        user: &UserId,
        password_hash: &str,
        new: &NewWebSession,
        cap: usize,
    ) -> Result<Option<(User, WebSessionId)>> {
        // An update that changes nothing: it locks the row, so that nobody changes the password or disables
        // the person between the look and the session.
        const LOCK: &str = "UPDATE users SET password_hash = password_hash \
            WHERE id = $1 AND password_hash = $2 AND is_disabled = 0 \
            RETURNING id, name, is_admin, is_disabled, created";
        let mut transaction = self.database.begin().await?;
        let values = [user.as_str().into(), password_hash.into()];
        let Some(row) = transaction.fetch_optional(LOCK, &values).await? else { return Ok(None) };
        let id = self.insert_web_session(&mut transaction, user, new, cap).await?;
        transaction.commit().await?;
        Ok(Some((users::read(&row)?, id)))
    }

    /// Adds a session of the user, whose row is locked; the `cap` last used ones stay.
    pub(crate) async fn insert_web_session(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        new: &NewWebSession,
        cap: usize,
    ) -> Result<WebSessionId> {
        const ADD: &str = "INSERT INTO web_sessions \
            (id, hash, user_id, browser, address, created, last_used, proven, expires, way) \
            VALUES ($1, $2, $3, $4, $5, $6, $6, $9, $7, $8)";
        const DROP: &str = "DELETE FROM web_sessions WHERE id IN (SELECT id FROM web_sessions \
            WHERE user_id = $1 AND id <> $2 ORDER BY last_used DESC, created DESC, id LIMIT 1000 OFFSET $3)";
        let id = WebSessionId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            new.hash.as_slice().into(),
            user.as_str().into(),
            new.browser.as_str().into(),
            new.address.as_str().into(),
            self.now().into(),
            new.expires.into(),
            new.way.into(),
            new.proven.into(),
        ];
        transaction.execute(ADD, &values).await?;
        let others = i64::try_from(cap.saturating_sub(1)).unwrap_or(i64::MAX);
        transaction.execute(DROP, &[user.as_str().into(), id.as_str().into(), others.into()]).await?;
        Ok(id)
    }

    /// The session of that cookie with its person, if it has not ended and they are not disabled; in one query.
    pub async fn web_session_find(&self, hash: &[u8; 32]) -> Result<Option<(User, WebSession)>> {
        const FIND: &str = "SELECT u.id, u.name, u.is_admin, u.is_disabled, u.created, \
            s.id AS session, s.browser, s.address, s.created AS opened, s.last_used, s.proven, \
            s.proven_for, s.way \
            FROM web_sessions s JOIN users u ON u.id = s.user_id \
            WHERE s.hash = $1 AND s.expires > $2 AND u.is_disabled = 0";
        let row = self.database.look_optional(FIND, &[hash.as_slice().into(), self.now().into()]).await?;
        row.map(|row| Ok((users::read(&row)?, read(&row)?))).transpose()
    }

    /// Notes that a session was used at `at`, and from where if that is known; it lives until `expires` then.
    pub async fn web_session_touch(
        &self,
        id: &WebSessionId,
        at: Timestamp,
        address: Option<&str>,
        expires: Timestamp,
    ) -> Result<()> {
        const TOUCH: &str = "UPDATE web_sessions SET last_used = $2, address = COALESCE($3, address), \
            expires = $4 WHERE id = $1 AND last_used < $2";
        let values = [id.as_str().into(), at.into(), address.into(), expires.into()];
        self.database.execute(TOUCH, &values).await.map(drop)
    }

    /// Notes that the person proved now, for that occasion, who they are. Answers whether the session still
    /// exists.
    pub async fn web_session_prove(&self, id: &WebSessionId, occasion: &str) -> Result<bool> {
        let values = [id.as_str().into(), self.now().into(), occasion.into()];
        Ok(self.database.execute(PROVE, &values).await? > 0)
    }

    /// The user's sessions that have not ended, last used first.
    pub async fn web_session_list(&self, user: &UserId) -> Result<Vec<WebSession>> {
        const LIST: &str = "SELECT id AS session, browser, address, created AS opened, last_used, proven, proven_for, way \
            FROM web_sessions WHERE user_id = $1 AND expires > $2 ORDER BY last_used DESC, created DESC, id";
        let values = [user.as_str().into(), self.now().into()];
        self.database.fetch(LIST, &values).await?.iter().map(read).collect()
    }

    /// Ends one session of the user. Answers whether there was such a one.
    pub async fn web_session_end(&self, user: &UserId, id: &WebSessionId) -> Result<bool> {
        const END: &str = "DELETE FROM web_sessions WHERE id = $2 AND user_id = $1";
        Ok(self.database.execute(END, &[user.as_str().into(), id.as_str().into()]).await? > 0)
    }

    /// Ends all sessions of the user but one; answers how many.
    pub async fn web_sessions_end_others(&self, user: &UserId, kept: &WebSessionId) -> Result<u64> {
        const END: &str = "DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2";
        self.database.execute(END, &[user.as_str().into(), kept.as_str().into()]).await
    }

    /// Forgets sessions that ended by themselves; answers how many.
    pub async fn web_sessions_sweep(&self) -> Result<u64> {
        const SWEEP: &str = "DELETE FROM web_sessions WHERE expires <= $1";
        self.database.execute(SWEEP, &[self.now().into()]).await
    }
}

const PROVE: &str = "UPDATE web_sessions SET proven = $2, proven_for = $3 WHERE id = $1";

/// As [`Store::web_session_prove`], together with something else.
pub(crate) async fn prove(
    transaction: &mut Transaction,
    id: &WebSessionId,
    occasion: &str,
    now: Timestamp,
) -> Result<bool> {
    Ok(transaction.execute(PROVE, &[id.as_str().into(), now.into(), occasion.into()]).await? > 0)
}

/// Ends what lets the user in on our pages: their sessions but `kept`, links that set their password,
/// and halves of sign-ins.
pub(crate) async fn end(
    transaction: &mut Transaction,
    user: &UserId,
    kept: Option<&WebSessionId>,
) -> Result<()> {
    const SESSIONS: &str = "DELETE FROM web_sessions WHERE user_id = $1 AND id <> $2";
    const CEREMONIES: &str = "DELETE FROM ceremonies WHERE user_id = $1";
    const RESETS: &str = "DELETE FROM invitations WHERE user_id = $1 AND used IS NULL";
    let kept = kept.map_or("", WebSessionId::as_str);
    transaction.execute(SESSIONS, &[user.as_str().into(), kept.into()]).await?;
    transaction.execute(RESETS, &[user.as_str().into()]).await?;
    transaction.execute(CEREMONIES, &[user.as_str().into()]).await.map(drop)
}

fn read(row: &Row) -> Result<WebSession> {
    Ok(WebSession {
        id: WebSessionId::from_text(row.text("session")?),
        browser: row.text("browser")?.to_owned(),
        address: row.text("address")?.to_owned(),
        created: row.instant("opened")?,
        last_used: row.instant("last_used")?,
        proven: row.instant("proven")?,
        proven_for: row.text("proven_for")?.to_owned(),
        way: row.text("way")?.to_owned(),
    })
}
