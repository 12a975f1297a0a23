//! Passkeys: the public keys of people's authenticators, each found by the id that its browser names. Whether an
//! answer was signed by one is `access`'s; that a use counts only as long as its passkey is there, unchanged since
//! it was looked at, and its person is let in, holds here.

use domain::{PasskeyId, Timestamp, UserId, WebSessionId};
use zeroize::Zeroizing;

use crate::{
    NewWebSession, Result, Row, Store, Transaction, User, WayRemoval, users,
    ways_in::{self, Way},
    web_sessions,
};

/// The sealer's purpose of credentials.
const PURPOSE: &str = "passkey";

/// A passkey that is to be stored.
pub struct NewPasskey {
    /// The id by which its browser names it.
    pub credential_id: Vec<u8>,
    /// What its person calls it.
    pub name: String,
    /// Public key and counter; sealed here.
    pub credential: Zeroizing<Vec<u8>>,
}

/// A passkey as it is stored.
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its person calls it.
    pub name: String,
    /// The id by which its browser names it.
    pub credential_id: Vec<u8>,
    /// Public key and counter.
    pub credential: Zeroizing<Vec<u8>>,
    /// Since when.
    pub created: Timestamp,
    /// When somebody last signed in or proved who they are with it.
    pub last_used: Option<Timestamp>,
    /// The credential as it was stored, to tell whether it still is.
    sealed: Vec<u8>,
}

/// A use of a passkey, which counts if it is stored as it was when the answer was looked at.
pub struct PasskeyUse<'a> {
    /// The passkey as it was.
    pub passkey: &'a Passkey,
    /// Its public key and counter after this use, if that changed them.
    pub changed: Option<Zeroizing<Vec<u8>>>,
}

impl Store {
    /// Stores a passkey of the user; nothing if they are disabled, or have `most` already. `Taken` if anybody
    /// has one of that credential id.
    pub async fn passkey_add(
        &self,
        user: &UserId,
        new: &NewPasskey,
        most: usize,
    ) -> Result<Option<PasskeyId>> {
        const COUNT: &str = "SELECT COUNT(*) AS count FROM passkeys WHERE user_id = $1";
        const ADD: &str = "INSERT INTO passkeys (id, user_id, credential_id, name, credential, created) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        let mut transaction = self.database.begin().await?;
        if ways_in::lock(&mut transaction, user).await?.is_none() {
            return Ok(None);
        }
        let count = transaction.fetch_optional(COUNT, &[user.as_str().into()]).await?;
        let count = count.map_or(Ok(0), |row| row.count("count"))?;
        if count >= u64::try_from(most).unwrap_or(u64::MAX) {
            return Ok(None);
        }
        let id = PasskeyId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            user.as_str().into(),
            new.credential_id.as_slice().into(),
            new.name.as_str().into(),
            self.sealer.seal(PURPOSE, &[user.as_str(), id.as_str()], &new.credential).into(),
            self.now().into(),
        ];
        transaction.execute(ADD, &values).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The user's passkeys, oldest first.
    pub async fn passkey_list(&self, user: &UserId) -> Result<Vec<Passkey>> {
        const LIST: &str = "SELECT id AS passkey, user_id, name AS called, credential_id, credential, \
            created AS added, last_used FROM passkeys WHERE user_id = $1 ORDER BY created, id";
        let rows = self.database.fetch(LIST, &[user.as_str().into()]).await?;
        rows.iter().map(|row| self.read_passkey(row)).collect()
    }

    /// The passkey that browsers name so with its person, if they are not disabled.
    pub async fn passkey_find(&self, credential_id: &[u8]) -> Result<Option<(User, Passkey)>> {
        const FIND: &str = "SELECT u.id, u.name, u.is_admin, u.is_disabled, u.created, p.id AS passkey, \
            p.user_id, p.name AS called, p.credential_id, p.credential, p.created AS added, p.last_used \
            FROM passkeys p JOIN users u ON u.id = p.user_id \
            WHERE p.credential_id = $1 AND u.is_disabled = 0";
        let row = self.database.fetch_optional(FIND, &[credential_id.into()]).await?;
        row.map(|row| Ok((users::read(&row)?, self.read_passkey(&row)?))).transpose()
    }

    /// Calls a passkey of the user otherwise. Answers whether there is such a one.
    pub async fn passkey_rename(&self, user: &UserId, id: &PasskeyId, name: &str) -> Result<bool> {
        const RENAME: &str = "UPDATE passkeys SET name = $3 WHERE id = $2 AND user_id = $1";
        let values = [user.as_str().into(), id.as_str().into(), name.into()];
        Ok(self.database.execute(RENAME, &values).await? > 0)
    }

    /// Takes a passkey from the user, unless nothing else lets them in, where people are sent to `asked`. Their
    /// sessions that one opened end, but `kept`.
    pub async fn passkey_remove(
        &self,
        user: &UserId,
        id: &PasskeyId,
        asked: Option<&str>,
        kept: &WebSessionId,
    ) -> Result<WayRemoval> {
        const DELETE: &str = "DELETE FROM passkeys WHERE id = $2 AND user_id = $1";
        let values = [user.as_str().into(), id.as_str().into()];
        let way = Way { delete: DELETE, values: &values, opens: "passkey" };
        self.way_remove(user, &way, asked, kept).await
    }

    /// As [`Self::web_session_open`], for somebody who answered with a passkey: nothing if it was removed or
    /// used otherwise since it was looked at, or they are disabled.
    pub async fn web_session_open_by_passkey(
        &self,
        user: &UserId,
        used: &PasskeyUse<'_>,
        new: &NewWebSession,
        cap: usize,
    ) -> Result<Option<(User, WebSessionId)>> {
        let mut transaction = self.database.begin().await?;
        let Some(found) = ways_in::lock(&mut transaction, user).await? else { return Ok(None) };
        if !self.note_use(&mut transaction, user, used).await? {
            return Ok(None);
        }
        let id = self.insert_web_session(&mut transaction, user, new, cap).await?;
        transaction.commit().await?;
        Ok(Some((found, id)))
    }

    /// As [`Self::web_session_prove`], with a passkey of the user: false too if it was removed or used
    /// otherwise since it was looked at, or they are disabled.
    pub async fn web_session_prove_by_passkey(
        &self,
        user: &UserId,
        session: &WebSessionId,
        occasion: &str,
        used: &PasskeyUse<'_>,
    ) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let is_proven = ways_in::lock(&mut transaction, user).await?.is_some()
            && self.note_use(&mut transaction, user, used).await?
            && web_sessions::prove(&mut transaction, session, occasion, self.now()).await?;
        if is_proven {
            transaction.commit().await?;
        }
        Ok(is_proven)
    }

    /// Notes a use; answers whether the passkey was still as it had been looked at.
    async fn note_use(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        used: &PasskeyUse<'_>,
    ) -> Result<bool> {
        const USE: &str = "UPDATE passkeys SET credential = $4, last_used = $5 \
            WHERE id = $2 AND user_id = $1 AND credential = $3";
        let passkey = used.passkey;
        let context = [user.as_str(), passkey.id.as_str()];
        let credential = used.changed.as_ref().map(|changed| self.sealer.seal(PURPOSE, &context, changed));
        let values = [
            user.as_str().into(),
            passkey.id.as_str().into(),
            passkey.sealed.as_slice().into(),
            credential.as_deref().unwrap_or(&passkey.sealed).into(),
            self.now().into(),
        ];
        Ok(transaction.execute(USE, &values).await? > 0)
    }

    fn read_passkey(&self, row: &Row) -> Result<Passkey> {
        let id = row.text("passkey")?;
        let sealed = row.bytes("credential")?.to_vec();
        Ok(Passkey {
            id: PasskeyId::from_text(id),
            name: row.text("called")?.to_owned(),
            credential_id: row.bytes("credential_id")?.to_vec(),
            credential: self.sealer.open(PURPOSE, &[row.text("user_id")?, id], &sealed)?,
            created: row.instant("added")?,
            last_used: row.optional_instant("last_used")?,
            sealed,
        })
    }
}
