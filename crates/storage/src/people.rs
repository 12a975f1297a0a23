//! People as their administrator sees them: who they are and how much they have here, never what.

use domain::{Timestamp, UserId};

use crate::{Result, Row, Store, User, users};

/// One person, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonInNumbers {
    /// Who.
    pub user: User,
    /// Since when they are being removed, if they are.
    pub removal: Option<Timestamp>,
    /// When they last used a page or one of their agents did something, as far as that is noted.
    pub last_seen: Option<Timestamp>,
    /// Whether they have a password.
    pub has_password: bool,
    /// How many passkeys.
    pub passkeys: u64,
    /// Whether codes of an app are asked for.
    pub has_codes: bool,
    /// How many sign-ins at other providers.
    pub identities: u64,
    /// How many mailboxes.
    pub accounts: u64,
    /// How many agents that are let in.
    pub agents: u64,
}

impl Store {
    /// Everybody in the order of their names.
    pub async fn people(&self) -> Result<Vec<PersonInNumbers>> {
        const LIST: &str = "SELECT u.id, u.name, u.is_admin, u.is_disabled, u.created, u.removal, \
            CAST(CASE WHEN u.password_hash = '' THEN 0 ELSE 1 END AS BIGINT) AS has_password, \
            (SELECT max(last_used) FROM web_sessions s WHERE s.user_id = u.id) AS seen, \
            (SELECT max(last_used) FROM grants g WHERE g.user_id = u.id) AS used, \
            (SELECT count(*) FROM passkeys p WHERE p.user_id = u.id) AS passkeys, \
            (SELECT count(*) FROM one_time_codes o WHERE o.user_id = u.id AND o.confirmed IS NOT NULL) AS codes, \
            (SELECT count(*) FROM identities i WHERE i.user_id = u.id) AS identities, \
            (SELECT count(*) FROM accounts a WHERE a.user_id = u.id) AS accounts, \
            (SELECT count(*) FROM grants g WHERE g.user_id = u.id AND g.revoked IS NULL \
                AND (g.expires IS NULL OR g.expires > $1)) AS agents \
            FROM users u ORDER BY u.name";
        self.database.fetch(LIST, &[self.now().into()]).await?.iter().map(read).collect()
    }

    /// Makes a user an administrator, or takes that back, in the name of one. Nothing happens if they are none
    /// any more, or if nobody would be left. Answers whether it was done.
    pub async fn set_admin_by(&self, by: &UserId, user: &UserId, is_admin: bool) -> Result<bool> {
        // An update that changes nothing, of a row that is always there: one does so after the other.
        const LOCK: &str = "UPDATE meta SET value = value WHERE key = 'key_check'";
        const MAY: &str = "SELECT id FROM users WHERE id = $1 AND is_admin <> 0 AND is_disabled = 0";
        const LEFT: &str =
            "SELECT id FROM users WHERE id <> $1 AND is_admin <> 0 AND is_disabled = 0 LIMIT 1";
        const SET: &str = "UPDATE users SET is_admin = $2 WHERE id = $1 AND removal IS NULL";
        let mut transaction = self.database.begin().await?;
        transaction.execute(LOCK, &[]).await?;
        if transaction.fetch_optional(MAY, &[by.as_str().into()]).await?.is_none() {
            return Ok(false);
        }
        if !is_admin && transaction.fetch_optional(LEFT, &[user.as_str().into()]).await?.is_none() {
            return Ok(false);
        }
        let is_set = transaction.execute(SET, &[user.as_str().into(), is_admin.into()]).await? > 0;
        transaction.commit().await?;
        Ok(is_set)
    }
}

fn read(row: &Row) -> Result<PersonInNumbers> {
    Ok(PersonInNumbers {
        user: users::read(row)?,
        removal: row.optional_instant("removal")?,
        last_seen: row.optional_instant("seen")?.max(row.optional_instant("used")?),
        has_password: row.flag("has_password")?,
        passkeys: row.count("passkeys")?,
        has_codes: row.flag("codes")?,
        identities: row.count("identities")?,
        accounts: row.count("accounts")?,
        agents: row.count("agents")?,
    })
}
