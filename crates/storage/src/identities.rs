//! Who people are at another provider: issuer and subject, never an address. One of them is one user's.

use domain::{Timestamp, UserId, WebSessionId};

use crate::{
    NewWebSession, Result, Row, Store, User, WayRemoval, users,
    ways_in::{self, Way},
    web_sessions,
};

/// Who somebody is at a provider, as their own list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// What it calls them, for ever.
    pub subject: String,
    /// Their address or name there.
    pub shown: String,
    /// Since when they can sign in so.
    pub created: Timestamp,
    /// When they last did.
    pub last_used: Option<Timestamp>,
}

/// An identity as a provider told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentity {
    /// The provider.
    pub issuer: String,
    /// What it calls them.
    pub subject: String,
    /// Their address or name there.
    pub shown: String,
}

/// What became of a sign-in.
#[derive(Debug, Clone)]
pub enum IdentityUse {
    /// A session of that user was opened.
    Opened(User, WebSessionId),
    /// The user is disabled.
    Disabled,
    /// It is nobody's.
    Unknown,
}

impl Store {
    /// Whose identity it is.
    pub async fn identity_user(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        const FIND: &str = "SELECT u.id, u.name, u.is_admin, u.is_disabled, u.created \
            FROM identities i JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2";
        let row = self.database.fetch_optional(FIND, &[issuer.into(), subject.into()]).await?;
        row.as_ref().map(users::read).transpose()
    }

    /// Makes it the user's. Answers whether it is theirs now: false if it is somebody else's.
    pub async fn identity_add(&self, user: &UserId, new: &NewIdentity) -> Result<bool> {
        const ADD: &str = "INSERT INTO identities (issuer, subject, user_id, shown, created) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, subject) DO UPDATE \
            SET shown = excluded.shown WHERE identities.user_id = excluded.user_id";
        let values = [
            new.issuer.as_str().into(),
            new.subject.as_str().into(),
            user.as_str().into(),
            new.shown.as_str().into(),
            self.now().into(),
        ];
        Ok(self.database.execute(ADD, &values).await? > 0)
    }

    /// Makes a user who signs in by that identity and has no password: with the link of that hash, which is used
    /// up, or without one. `Taken` if the name is; nothing if the identity is somebody's already, or the link
    /// invites nobody any more.
    pub async fn add_user_of(
        &self,
        name: &str,
        new: &NewIdentity,
        link: Option<&[u8; 32]>,
    ) -> Result<Option<User>> {
        const ADD: &str = "INSERT INTO identities (issuer, subject, user_id, shown, created) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, subject) DO NOTHING";
        let mut transaction = self.database.begin().await?;
        let user = match link {
            None => self.insert_user(&mut transaction, name, false, "").await?,
            Some(hash) => match self.accept(&mut transaction, hash, name, "").await? {
                Some((user, _)) => user,
                None => return Ok(None),
            },
        };
        let values = [
            new.issuer.as_str().into(),
            new.subject.as_str().into(),
            user.id.as_str().into(),
            new.shown.as_str().into(),
            self.now().into(),
        ];
        if transaction.execute(ADD, &values).await? == 0 {
            return Ok(None);
        }
        transaction.commit().await?;
        Ok(Some(user))
    }

    /// The user's identities, oldest first.
    pub async fn identity_list(&self, user: &UserId) -> Result<Vec<Identity>> {
        const LIST: &str = "SELECT issuer, subject, shown, created, last_used FROM identities \
            WHERE user_id = $1 ORDER BY created, issuer, subject";
        self.database.fetch(LIST, &[user.as_str().into()]).await?.iter().map(read).collect()
    }

    /// As [`Store::web_session_open`], for somebody who comes from the provider as that identity.
    pub async fn web_session_open_by_identity(
        &self,
        issuer: &str,
        subject: &str,
        new: &NewWebSession,
        cap: usize,
    ) -> Result<IdentityUse> {
        const FIND: &str = "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2";
        const USE: &str =
            "UPDATE identities SET last_used = $4 WHERE issuer = $1 AND subject = $2 AND user_id = $3";
        let mut transaction = self.database.begin().await?;
        let found = transaction.fetch_optional(FIND, &[issuer.into(), subject.into()]).await?;
        let Some(found) = found else { return Ok(IdentityUse::Unknown) };
        let user = UserId::from_text(found.text("user_id")?);
        // the user before the identity, as whoever takes it away does
        let Some(found) = ways_in::lock(&mut transaction, &user).await? else {
            return Ok(IdentityUse::Disabled);
        };
        let values = [issuer.into(), subject.into(), user.as_str().into(), self.now().into()];
        if transaction.execute(USE, &values).await? == 0 {
            return Ok(IdentityUse::Unknown);
        }
        let id = self.insert_web_session(&mut transaction, &user, new, cap).await?;
        transaction.commit().await?;
        Ok(IdentityUse::Opened(found, id))
    }

    /// Notes that the person proved in that session who they are, by an identity that must be theirs. Answers
    /// whether it is, and they are not disabled, and the session still exists.
    pub async fn web_session_prove_by_identity(
        &self,
        user: &UserId,
        session: &WebSessionId,
        occasion: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<bool> {
        const USE: &str =
            "UPDATE identities SET last_used = $4 WHERE issuer = $1 AND subject = $2 AND user_id = $3";
        let mut transaction = self.database.begin().await?;
        let values = [issuer.into(), subject.into(), user.as_str().into(), self.now().into()];
        let is_proven = ways_in::lock(&mut transaction, user).await?.is_some()
            && transaction.execute(USE, &values).await? > 0
            && web_sessions::prove(&mut transaction, session, occasion, self.now()).await?;
        if is_proven {
            transaction.commit().await?;
        }
        Ok(is_proven)
    }

    /// Takes an identity from the user, unless nothing else lets them in, where people are sent to `asked`. Their
    /// sessions that one opened end, but `kept`.
    pub async fn identity_remove(
        &self,
        user: &UserId,
        (issuer, subject): (&str, &str),
        asked: Option<&str>,
        kept: &WebSessionId,
    ) -> Result<WayRemoval> {
        const DELETE: &str = "DELETE FROM identities WHERE user_id = $1 AND issuer = $2 AND subject = $3";
        let values = [user.as_str().into(), issuer.into(), subject.into()];
        let way = Way { delete: DELETE, values: &values, opens: "oidc" };
        self.way_remove(user, &way, asked, kept).await
    }
}

fn read(row: &Row) -> Result<Identity> {
    Ok(Identity {
        issuer: row.text("issuer")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        shown: row.text("shown")?.to_owned(),
        created: row.instant("created")?,
        last_used: row.optional_instant("last_used")?,
    })
}
