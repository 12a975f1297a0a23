//! Users: people with a sign-in here. Passwords come hashed; hashing is `access`'s.

use domain::{Timestamp, UserId, WebSessionId};

use crate::{
    Result, Row, Store, Transaction,
    outbox::{self, Whose},
    web_sessions,
};

/// A person with a sign-in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name, unique.
    pub name: String,
    /// Whether they administrate the server.
    pub is_admin: bool,
    /// Whether nothing is let in in their name.
    pub is_disabled: bool,
    /// Since when they are known.
    pub created: Timestamp,
}

impl Store {
    /// Adds a user; the first one is an administrator whatever `is_admin` says. `Taken` if the name is.
    pub async fn add_user(&self, name: &str, is_admin: bool, password_hash: &str) -> Result<User> {
        let mut transaction = self.database.begin().await?;
        let user = self.insert_user(&mut transaction, name, is_admin, password_hash).await?;
        transaction.commit().await?;
        Ok(user)
    }

    pub(crate) async fn insert_user(
        &self,
        transaction: &mut Transaction,
        name: &str,
        is_admin: bool,
        password_hash: &str,
    ) -> Result<User> {
        const ADD: &str = "INSERT INTO users (id, name, is_admin, password_hash, is_disabled, created) \
            VALUES ($1, $2, CASE WHEN EXISTS (SELECT 1 FROM users) THEN $3 ELSE 1 END, $4, 0, $5) \
            RETURNING id, name, is_admin, is_disabled, created";
        let values = [
            UserId::from_random(self.new_id()).as_str().into(),
            name.into(),
            is_admin.into(),
            password_hash.into(),
            self.now().into(),
        ];
        let row = transaction.fetch_optional(ADD, &values).await?;
        read(&row.ok_or(crate::Error::Unreadable("new user"))?)
    }

    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool> {
        Ok(self.database.look_optional("SELECT id FROM users LIMIT 1", &[]).await?.is_some())
    }

    /// All users in the order of their names.
    pub async fn list_users(&self) -> Result<Vec<User>> {
        const LIST: &str = "SELECT id, name, is_admin, is_disabled, created FROM users ORDER BY name";
        self.database.fetch(LIST, &[]).await?.iter().map(read).collect()
    }

    /// The user of that name.
    pub async fn find_user(&self, name: &str) -> Result<Option<User>> {
        const FIND: &str = "SELECT id, name, is_admin, is_disabled, created FROM users WHERE name = $1";
        self.database.look_optional(FIND, &[name.into()]).await?.as_ref().map(read).transpose()
    }

    /// The user of that name with the hash of their password.
    pub async fn find_password_hash(&self, name: &str) -> Result<Option<(User, String)>> {
        const FIND: &str =
            "SELECT id, name, is_admin, is_disabled, created, password_hash FROM users WHERE name = $1";
        let row = self.database.fetch_optional(FIND, &[name.into()]).await?;
        row.map(|row| Ok((read(&row)?, row.text("password_hash")?.to_owned()))).transpose()
    }

    /// Lets nothing in in the user's name any more, or does so again. Their sessions of MCP and in browsers end,
    /// links that set their password or that they made too, and their mail that has not begun to leave is
    /// taken back. Answers whether there is such a user; one who is being removed is none.
    pub async fn disable_user(&self, user: &UserId, is_disabled: bool) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let changed = self.disable(&mut transaction, user, is_disabled).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// As [`Self::disable_user`], by an administrator who stays: nothing happens if they are none any more, or
    /// would shut out themselves. So two who shut out each other at once leave one. Answers whether it was
    /// done.
    pub async fn disable_user_by(&self, by: &UserId, user: &UserId, is_disabled: bool) -> Result<bool> {
        // An update that changes nothing, of a row that is always there: one does so after the other.
        const LOCK: &str = "UPDATE meta SET value = value WHERE key = 'key_check'";
        const FIND: &str = "SELECT id FROM users WHERE id = $1 AND is_admin <> 0 AND is_disabled = 0";
        let mut transaction = self.database.begin().await?;
        transaction.execute(LOCK, &[]).await?;
        let is_admin = transaction.fetch_optional(FIND, &[by.as_str().into()]).await?.is_some();
        if !is_admin || by == user || !self.disable(&mut transaction, user, is_disabled).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    pub(crate) async fn disable(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        is_disabled: bool,
    ) -> Result<bool> {
        const DISABLE: &str =
            "UPDATE users SET is_disabled = $2 WHERE id = $1 AND removal IS NULL RETURNING name";
        let changed =
            transaction.fetch_optional(DISABLE, &[user.as_str().into(), is_disabled.into()]).await?;
        if let (Some(row), true) = (&changed, is_disabled) {
            const END: &str = "DELETE FROM mcp_sessions \
                WHERE grant_id IN (SELECT id FROM grants WHERE user_id = $1)";
            transaction.execute(END, &[user.as_str().into()]).await?;
            web_sessions::end(transaction, user, None).await?;
            const LINKS: &str = "DELETE FROM invitations WHERE made_by = $1 AND used IS NULL";
            transaction.execute(LINKS, &[row.text("name")?.into()]).await?;
            outbox::end_waiting(transaction, Whose::User(row.text("name")?), self.now().into()).await?;
        }
        Ok(changed.is_some())
    }

    /// Replaces the hash of the user's password, if it is `was` (where that is given), and ends their sessions
    /// in browsers but `kept`, and links that set their password. Answers whether it was replaced.
    pub async fn set_password_hash(
        &self,
        user: &UserId,
        was: Option<&str>,
        password_hash: &str,
        kept: Option<&WebSessionId>,
    ) -> Result<bool> {
        const SET: &str = "UPDATE users SET password_hash = $3 \
            WHERE id = $1 AND password_hash = COALESCE($2, password_hash)";
        let mut transaction = self.database.begin().await?;
        let values = [user.as_str().into(), was.into(), password_hash.into()];
        let is_set = transaction.execute(SET, &values).await? > 0;
        if is_set {
            web_sessions::end(&mut transaction, user, kept).await?;
        }
        transaction.commit().await?;
        Ok(is_set)
    }
}

pub(crate) fn read(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId::from_text(row.text("id")?),
        name: row.text("name")?.to_owned(),
        is_admin: row.flag("is_admin")?,
        is_disabled: row.flag("is_disabled")?,
        created: row.instant("created")?,
    })
}
