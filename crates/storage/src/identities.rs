//! Who people are at another provider: issuer and subject, never an address. One of them is one user's.

use domain::{Timestamp, UserId};

use crate::{Error, Result, Row, Store, User, users};

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

    /// Makes a user who signs in by that identity and has no password. `Taken` if the name is; nothing if the
    /// identity is somebody's already.
    pub async fn add_user_of(&self, name: &str, new: &NewIdentity) -> Result<Option<User>> {
        const ADD: &str = "INSERT INTO identities (issuer, subject, user_id, shown, created) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer, subject) DO NOTHING";
        let mut transaction = self.database.begin().await?;
        let user = self.insert_user(&mut transaction, name, false, "").await?;
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

    /// Takes an identity from the user, unless nothing else lets them in: no password, no passkey, no other
    /// identity. `Taken` then; else whether there was such a one.
    pub async fn identity_remove(&self, user: &UserId, issuer: &str, subject: &str) -> Result<bool> {
        // An update that changes nothing: it locks the row, so that two who remove one each leave one.
        const LOCK: &str =
            "UPDATE users SET password_hash = password_hash WHERE id = $1 RETURNING password_hash";
        const REMOVE: &str = "DELETE FROM identities WHERE user_id = $1 AND issuer = $2 AND subject = $3";
        const LEFT: &str = "SELECT 1 AS one FROM passkeys WHERE user_id = $1 \
            UNION ALL SELECT 1 AS one FROM identities WHERE user_id = $1 LIMIT 1";
        let mut transaction = self.database.begin().await?;
        let Some(row) = transaction.fetch_optional(LOCK, &[user.as_str().into()]).await? else {
            return Ok(false);
        };
        let values = [user.as_str().into(), issuer.into(), subject.into()];
        if transaction.execute(REMOVE, &values).await? == 0 {
            return Ok(false);
        }
        if row.text("password_hash")?.is_empty()
            && transaction.fetch_optional(LEFT, &[user.as_str().into()]).await?.is_none()
        {
            return Err(Error::Taken);
        }
        transaction.commit().await?;
        Ok(true)
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
