//! One-time codes of an app, and the recovery codes beside them. What a code is, is `access`'s; that each is taken
//! once, whoever asks at the same instant, holds here. Secrets are sealed, recovery codes hashed.

use domain::{Timestamp, UserId};
use time::Duration;
use zeroize::Zeroizing;

use crate::{Result, Store, Transaction};

/// The sealer's purpose of secrets.
const PURPOSE: &str = "one-time codes";

/// How long a secret is kept that no code was typed of.
const BEGUN_FOR: Duration = Duration::days(1);

/// What a person's app makes codes of.
pub struct OneTimeCodes {
    /// The secret that the app shares.
    pub secret: Zeroizing<Vec<u8>>,
    /// The newest time step whose code was used.
    pub last_step: u64,
    /// When the secret was made.
    pub created: Timestamp,
    /// When the first code was typed; until then nobody is asked for one.
    pub confirmed: Option<Timestamp>,
    sealed: Vec<u8>,
}

impl std::fmt::Debug for OneTimeCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimeCodes").field("confirmed", &self.confirmed).finish_non_exhaustive()
    }
}

impl Store {
    /// Forgets secrets that nobody typed a code of within a day. Answers how many.
    pub async fn one_time_codes_sweep(&self) -> Result<u64> {
        const SWEEP: &str = "DELETE FROM one_time_codes WHERE confirmed IS NULL AND created <= $1";
        let before = self.now().checked_sub(BEGUN_FOR).unwrap_or(Timestamp::UNIX_EPOCH);
        self.database.execute(SWEEP, &[before.into()]).await
    }

    /// Keeps a new secret of the user until a code of it is typed, in place of an earlier one that waited.
    /// Answers whether it was kept: false if codes are asked for already.
    pub async fn one_time_codes_begin(&self, user: &UserId, secret: &[u8]) -> Result<bool> {
        const BEGIN: &str = "INSERT INTO one_time_codes (user_id, secret, last_step, created) \
            VALUES ($1, $2, 0, $3) ON CONFLICT (user_id) DO UPDATE \
            SET secret = excluded.secret, last_step = 0, created = excluded.created \
            WHERE one_time_codes.confirmed IS NULL";
        let sealed = self.sealer().seal(PURPOSE, &[user.as_str()], secret);
        let values = [user.as_str().into(), sealed.into(), self.now().into()];
        Ok(self.database.execute(BEGIN, &values).await? > 0)
    }

    /// What the user's app makes codes of, whether or not they are asked for yet.
    pub async fn one_time_codes_find(&self, user: &UserId) -> Result<Option<OneTimeCodes>> {
        const FIND: &str =
            "SELECT secret, last_step, created, confirmed FROM one_time_codes WHERE user_id = $1";
        let Some(row) = self.database.fetch_optional(FIND, &[user.as_str().into()]).await? else {
            return Ok(None);
        };
        let sealed = row.bytes("secret")?.to_vec();
        Ok(Some(OneTimeCodes {
            secret: self.sealer().open(PURPOSE, &[user.as_str()], &sealed)?,
            last_step: row.count("last_step")?,
            created: row.instant("created")?,
            confirmed: row.optional_instant("confirmed")?,
            sealed,
        }))
    }

    /// Has the user be asked for codes of that secret from now on, since one of `step` was typed, and keeps the
    /// hashes of their recovery codes. Answers whether that is so: false if the secret is another by now, or
    /// they are asked already.
    pub async fn one_time_codes_confirm(
        &self,
        user: &UserId,
        codes: &OneTimeCodes,
        step: u64,
        recovery: &[[u8; 32]],
    ) -> Result<bool> {
        const CONFIRM: &str = "UPDATE one_time_codes SET confirmed = $3, last_step = $4 \
            WHERE user_id = $1 AND secret = $2 AND confirmed IS NULL";
        let mut transaction = self.database.begin().await?;
        let values = [user.as_str().into(), codes.sealed.as_slice().into(), self.now().into(), step.into()];
        let is_confirmed = transaction.execute(CONFIRM, &values).await? > 0;
        if is_confirmed {
            replace(&mut transaction, user, recovery).await?;
        }
        transaction.commit().await?;
        Ok(is_confirmed)
    }

    /// Uses up the code of that time step: false if it, or a newer one, was used before.
    pub async fn one_time_code_use(&self, user: &UserId, step: u64) -> Result<bool> {
        const USE: &str = "UPDATE one_time_codes SET last_step = $2 \
            WHERE user_id = $1 AND last_step < $2 AND confirmed IS NOT NULL";
        Ok(self.database.execute(USE, &[user.as_str().into(), step.into()]).await? > 0)
    }

    /// Asks the user for no codes any more, and forgets their recovery codes. Answers whether they were asked.
    pub async fn one_time_codes_end(&self, user: &UserId) -> Result<bool> {
        const END: &str = "DELETE FROM one_time_codes WHERE user_id = $1 RETURNING confirmed";
        const RECOVERY: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
        let mut transaction = self.database.begin().await?;
        let ended = transaction.fetch_optional(END, &[user.as_str().into()]).await?;
        transaction.execute(RECOVERY, &[user.as_str().into()]).await?;
        transaction.commit().await?;
        ended.map_or(Ok(false), |row| Ok(!row.is_null("confirmed")?))
    }

    /// Puts other recovery codes in place of the user's. Answers whether that was done: false if they are asked
    /// for no codes.
    pub async fn recovery_codes_replace(&self, user: &UserId, hashes: &[[u8; 32]]) -> Result<bool> {
        // An update that changes nothing: it locks the row, so that of two who do this one follows the other.
        const LOCK: &str = "UPDATE one_time_codes SET last_step = last_step \
            WHERE user_id = $1 AND confirmed IS NOT NULL";
        let mut transaction = self.database.begin().await?;
        let is_on = transaction.execute(LOCK, &[user.as_str().into()]).await? > 0;
        if is_on {
            replace(&mut transaction, user, hashes).await?;
        }
        transaction.commit().await?;
        Ok(is_on)
    }

    /// How many recovery codes of the user were not used yet.
    pub async fn recovery_codes_left(&self, user: &UserId) -> Result<u64> {
        const COUNT: &str =
            "SELECT count(*) AS codes FROM recovery_codes WHERE user_id = $1 AND used IS NULL";
        let row = self.database.fetch_optional(COUNT, &[user.as_str().into()]).await?;
        row.map_or(Ok(0), |row| row.count("codes"))
    }

    /// Uses up the recovery code of that hash: false if the user has no such one, or it was used before.
    pub async fn recovery_code_use(&self, user: &UserId, hash: &[u8; 32]) -> Result<bool> {
        const USE: &str =
            "UPDATE recovery_codes SET used = $3 WHERE user_id = $1 AND hash = $2 AND used IS NULL";
        let values = [user.as_str().into(), hash.as_slice().into(), self.now().into()];
        Ok(self.database.execute(USE, &values).await? > 0)
    }
}

async fn replace(transaction: &mut Transaction, user: &UserId, hashes: &[[u8; 32]]) -> Result<()> {
    const CLEAR: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
    const ADD: &str = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
    transaction.execute(CLEAR, &[user.as_str().into()]).await?;
    for hash in hashes {
        transaction.execute(ADD, &[user.as_str().into(), hash.as_slice().into()]).await?;
    }
    Ok(())
}
