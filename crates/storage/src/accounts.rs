//! Mail accounts: settings as JSON, secrets sealed by a key of their own.

use domain::{
    AccountId, AccountName, AccountSettings, Credentials, Secret, Timestamp, UserId,
    account::{Credential, Typed},
};
use zeroize::Zeroizing;

use crate::{Error, Result, Row, Store, Value, changes, grants, outbox, seal::DataKey};

/// A stored account without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// Its name, unique to the user.
    pub name: AccountName,
    /// Its address and servers.
    pub settings: AccountSettings,
    /// Whether tools use it when none is named; one account of each user is.
    pub is_default: bool,
    /// Whether a password of its own is kept for SMTP.
    pub has_smtp_password: bool,
    /// When it was added.
    pub created: Timestamp,
}

/// What is stored of an account, and the key that its secrets are sealed with.
struct Kept {
    settings: AccountSettings,
    credentials: Credentials,
    key: DataKey,
}

impl Store {
    /// Adds an account; the user's first one is the default. `Taken` if the user has one of that name.
    pub async fn add_account(
        &self,
        user: &UserId,
        name: &AccountName,
        settings: &AccountSettings,
        credentials: &Credentials,
    ) -> Result<Account> {
        const ADD: &str = "INSERT INTO accounts \
            (id, user_id, name, settings, wrapped_key, imap_secret, smtp_secret, is_default, created) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, \
                CASE WHEN EXISTS (SELECT 1 FROM accounts WHERE user_id = $2) THEN 0 ELSE 1 END, $8) \
            RETURNING id, user_id, name, settings, smtp_secret, is_default, created";
        let id = AccountId::from_random(self.new_id());
        let (key, wrapped) = self.sealer.new_data_key(&[user.as_str(), id.as_str()]);
        let seal = |field: &str, credential: &Credential| {
            key.seal(&[user.as_str(), id.as_str(), field], &write_credential(credential))
        };
        let json = serde_json::to_string(settings).map_err(|_| Error::Unreadable("settings"))?;
        let values = [
            id.as_str().into(),
            user.as_str().into(),
            name.as_str().into(),
            json.into(),
            wrapped.into(),
            seal("imap", &credentials.imap).into(),
            credentials.smtp.as_ref().map(|smtp| seal("smtp", smtp)).into(),
            self.now().into(),
        ];
        let row = self.database.fetch_optional(ADD, &values).await?;
        read(&row.ok_or(Error::Unreadable("new account"))?)
    }

    /// The user's accounts in the order of their names.
    pub async fn list_accounts(&self, user: &UserId) -> Result<Vec<Account>> {
        const LIST: &str = "SELECT id, user_id, name, settings, smtp_secret, is_default, created FROM accounts \
            WHERE user_id = $1 ORDER BY name";
        self.database.fetch(LIST, &[user.as_str().into()]).await?.iter().map(read).collect()
    }

    /// An account's settings and secrets; nothing if it was removed.
    pub async fn open_account(&self, id: &AccountId) -> Result<Option<(AccountSettings, Credentials)>> {
        const OPEN: &str = "SELECT id, user_id, settings, wrapped_key, imap_secret, smtp_secret FROM accounts \
            WHERE id = $1";
        let Some(row) = self.database.fetch_optional(OPEN, &[id.as_str().into()]).await? else {
            return Ok(None);
        };
        let Kept { settings, credentials, .. } = self.open_row(&row)?;
        Ok(Some((settings, credentials)))
    }

    /// Changes an account's settings and what of its secrets was typed; nothing if there is none of that name.
    /// `PasswordNeeded` if a stored password would go elsewhere than it was typed for, `Changed` if somebody
    /// else changed the account at the same time.
    pub async fn edit_account(
        &self,
        user: &UserId,
        name: &AccountName,
        settings: &AccountSettings,
        typed: &Typed,
    ) -> Result<Option<Account>> {
        const FIND: &str = "SELECT id, user_id, settings, wrapped_key, imap_secret, smtp_secret FROM accounts \
            WHERE user_id = $1 AND name = $2";
        // Seals are never equal, so the one that was read tells whether anybody has written since.
        const EDIT: &str = "UPDATE accounts SET settings = $1, imap_secret = $2, smtp_secret = $3 \
            WHERE id = $4 AND imap_secret = $5 \
            RETURNING id, user_id, name, settings, smtp_secret, is_default, created";
        let found = self.database.fetch_optional(FIND, &[user.as_str().into(), name.as_str().into()]).await?;
        let Some(row) = found else { return Ok(None) };
        let Kept { key, settings: old, credentials } = self.open_row(&row)?;
        let credentials = typed.onto(&old, &credentials, settings)?;
        let id = row.text("id")?;
        let seal = |field: &str, credential: &Credential| {
            key.seal(&[user.as_str(), id, field], &write_credential(credential))
        };
        let json = serde_json::to_string(settings).map_err(|_| Error::Unreadable("settings"))?;
        let values = [
            json.into(),
            seal("imap", &credentials.imap).into(),
            credentials.smtp.as_ref().map(|smtp| seal("smtp", smtp)).into(),
            id.into(),
            row.bytes("imap_secret")?.to_vec().into(),
        ];
        let edited = self.database.fetch_optional(EDIT, &values).await?.ok_or(Error::Changed)?;
        Ok(Some(read(&edited)?))
    }

    /// What a row holds, opened.
    fn open_row(&self, row: &Row) -> Result<Kept> {
        let (id, user) = (row.text("id")?, row.text("user_id")?);
        let key = self.sealer.open_data_key(&[user, id], row.bytes("wrapped_key")?)?;
        let open = |field: &str, sealed: &[u8]| read_credential(&key.open(&[user, id, field], sealed)?);
        let credentials = Credentials {
            imap: open("imap", row.bytes("imap_secret")?)?,
            smtp: row.optional_bytes("smtp_secret")?.map(|sealed| open("smtp", sealed)).transpose()?,
        };
        Ok(Kept { settings: read_settings(row)?, credentials, key })
    }

    /// Removes an account and destroys its key; grants that name it lose it for good, so that a later
    /// account of the same name is not reached by them. Its mail that has not begun to leave is taken back,
    /// and what was remembered for it is forgotten. Another account becomes the default if it was.
    /// Answers its id, or nothing if there is none of that name.
    pub async fn remove_account(&self, user: &UserId, name: &AccountName) -> Result<Option<AccountId>> {
        const REMOVE: &str = "DELETE FROM accounts WHERE user_id = $1 AND name = $2 RETURNING id, is_default";
        const PROMOTE: &str = "UPDATE accounts SET is_default = 1 WHERE id = \
            (SELECT id FROM accounts WHERE user_id = $1 ORDER BY created, name LIMIT 1)";
        let owner = [Value::from(user.as_str())];
        let mut transaction = self.database.begin().await?;
        let removed =
            transaction.fetch_optional(REMOVE, &[user.as_str().into(), name.as_str().into()]).await?;
        let Some(row) = removed else { return Ok(None) };
        if row.flag("is_default")? {
            transaction.execute(PROMOTE, &owner).await?;
        }
        grants::forget_account(&mut transaction, user, name).await?;
        outbox::end_account(&mut transaction, row.text("id")?, self.now().into()).await?;
        changes::end_account(&mut transaction, row.text("id")?).await?;
        transaction.commit().await?;
        if let Err(error) = self.database.scrub().await {
            // It is removed all the same, and the next checkpoint does this too.
            tracing::warn!(%error, "removed account's key may still be in the database's log file");
        }
        Ok(Some(AccountId::from_text(row.text("id")?)))
    }

    /// Makes an account the one that tools use when none is named. Answers whether there is such one.
    pub async fn set_default_account(&self, user: &UserId, name: &AccountName) -> Result<bool> {
        let values = [Value::from(user.as_str()), Value::from(name.as_str())];
        let mut transaction = self.database.begin().await?;
        transaction
            .execute("UPDATE accounts SET is_default = 0 WHERE user_id = $1 AND name <> $2", &values)
            .await?;
        let changed = transaction
            .execute("UPDATE accounts SET is_default = 1 WHERE user_id = $1 AND name = $2", &values)
            .await?;
        if changed > 0 {
            transaction.commit().await?;
        }
        Ok(changed > 0)
    }
}

/// One letter for the kind, then the secret.
fn write_credential(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let (kind, secret) = match credential {
        Credential::Password(secret) => (b'p', secret),
        Credential::AccessToken(secret) => (b't', secret),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 + secret.expose().len()));
    bytes.push(kind);
    bytes.extend_from_slice(secret.expose().as_bytes());
    bytes
}

fn read_credential(bytes: &[u8]) -> Result<Credential> {
    let (kind, secret) = bytes.split_first().ok_or(Error::Seal)?;
    let secret = Secret::new(std::str::from_utf8(secret).map_err(|_| Error::Seal)?);
    match kind {
        b'p' => Ok(Credential::Password(secret)),
        b't' => Ok(Credential::AccessToken(secret)),
        _ => Err(Error::Seal),
    }
}

fn read_settings(row: &Row) -> Result<AccountSettings> {
    serde_json::from_str(row.text("settings")?).map_err(|_| Error::Unreadable("settings"))
}

fn read(row: &Row) -> Result<Account> {
    Ok(Account {
        id: AccountId::from_text(row.text("id")?),
        user: UserId::from_text(row.text("user_id")?),
        name: row.text("name")?.parse().map_err(|_| Error::Unreadable("account name"))?,
        settings: read_settings(row)?,
        is_default: row.flag("is_default")?,
        has_smtp_password: !row.is_null("smtp_secret")?,
        created: row.instant("created")?,
    })
}
