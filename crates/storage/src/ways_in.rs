//! What lets a person in: one of it goes only while something else stays, whatever is taken away at the same
//! instant. What the ways are is told in `passkeys` and `identities`; passwords stand in `users`.

use domain::{UserId, WebSessionId};

use crate::{Result, Store, Transaction, User, Value, users};

/// What became of a way in that was to be taken from a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayRemoval {
    /// It is gone.
    Removed,
    /// It was not theirs.
    Absent,
    /// Nothing else would let them in: nothing was changed.
    LastWay,
}

/// A way in that is to be taken from a person.
pub(crate) struct Way<'a> {
    /// The statement that deletes it.
    pub(crate) delete: &'static str,
    /// Its values.
    pub(crate) values: &'a [Value],
    /// How sessions are called that it may have opened.
    pub(crate) opens: &'static str,
}

impl Store {
    /// Takes a way in from the user, unless nothing else lets them in: no password, no passkey, no identity at
    /// `asked`, the provider where people are sent now. Their sessions that it may have opened end, but `kept`.
    pub(crate) async fn way_remove(
        &self,
        user: &UserId,
        way: &Way<'_>,
        asked: Option<&str>,
        kept: &WebSessionId,
    ) -> Result<WayRemoval> {
        const OTHERS: &str = "SELECT id FROM users u WHERE id = $1 AND (password_hash <> '' \
            OR EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = u.id) \
            OR EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id AND i.issuer = $2))";
        const END: &str = "DELETE FROM web_sessions WHERE user_id = $1 AND way = $2 AND id <> $3";
        let mut transaction = self.database.begin().await?;
        // of two who remove the last two at once, one finds that it is the last
        lock(&mut transaction, user).await?;
        if transaction.execute(way.delete, way.values).await? == 0 {
            return Ok(WayRemoval::Absent);
        }
        let values = [user.as_str().into(), asked.unwrap_or_default().into()];
        if transaction.fetch_optional(OTHERS, &values).await?.is_none() {
            return Ok(WayRemoval::LastWay);
        }
        let values = [user.as_str().into(), way.opens.into(), kept.as_str().into()];
        transaction.execute(END, &values).await?;
        transaction.commit().await?;
        Ok(WayRemoval::Removed)
    }
}

/// An update that changes nothing: it locks the row of the user until the transaction ends. Nothing if they are
/// disabled, or there is no such user.
pub(crate) async fn lock(transaction: &mut Transaction, user: &UserId) -> Result<Option<User>> {
    const LOCK: &str = "UPDATE users SET is_disabled = is_disabled WHERE id = $1 \
        RETURNING id, name, is_admin, is_disabled, created";
    let row = transaction.fetch_optional(LOCK, &[user.as_str().into()]).await?;
    Ok(row.as_ref().map(users::read).transpose()?.filter(|user| !user.is_disabled))
}
