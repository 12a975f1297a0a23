//! The first half of a sign-in or proof while it waits for the other: what was asked, sealed, so that any
//! replica can finish what one began. Each is taken once, in its time. What they say is `access`'s.

use domain::{Timestamp, UserId, WebSessionId};
use zeroize::Zeroizing;

use crate::{Result, Store};

/// The sealer's purpose of what they say.
const PURPOSE: &str = "ceremony";

/// Of one person's of one kind that wait at the same time in one session, or in none, the newest stay: whoever
/// begins many pushes out none of those that the person began in a session.
const AT_ONCE: u32 = 16;

/// Rows whose time is over that go with each new one, so that they never pile up between two sweeps.
const SWEPT_WITH: u32 = 16;

/// A first half that is to be kept.
pub struct NewCeremony {
    /// SHA-256 of what the browser holds meanwhile.
    pub hash: [u8; 32],
    /// What it is half of: only who asks for the same kind takes it.
    pub kind: &'static str,
    /// Whose, if that is known already.
    pub user: Option<UserId>,
    /// The session that it was begun in, if somebody was signed in.
    pub session: Option<WebSessionId>,
    /// What a proof is for, as it is stored; empty for a sign-in.
    pub occasion: String,
    /// What the second half is held to; sealed here.
    pub body: Zeroizing<Vec<u8>>,
    /// When it can no longer be taken.
    pub expires: Timestamp,
}

/// A first half that was taken.
pub struct Ceremony {
    /// Whose, if that was known.
    pub user: Option<UserId>,
    /// The session that it was begun in.
    pub session: Option<WebSessionId>,
    /// What a proof is for, as it is stored.
    pub occasion: String,
    /// What the second half is held to.
    pub body: Zeroizing<Vec<u8>>,
    /// When it was begun.
    pub created: Timestamp,
}

impl Store {
    /// Keeps a first half. `Taken` if there is one of that hash.
    pub async fn ceremony_begin(&self, new: &NewCeremony) -> Result<()> {
        const SWEEP: &str = "DELETE FROM ceremonies WHERE hash IN (SELECT hash FROM ceremonies \
            WHERE expires <= $1 ORDER BY expires LIMIT $2)";
        const ADD: &str = "INSERT INTO ceremonies \
            (hash, kind, user_id, session_id, occasion, body, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        const DROP: &str = "DELETE FROM ceremonies WHERE hash IN (SELECT hash FROM ceremonies \
            WHERE user_id = $1 AND hash <> $2 AND kind = $4 AND COALESCE(session_id, '') = $5 \
            ORDER BY created DESC, hash LIMIT 1000 OFFSET $3)";
        let sealed = self.sealer.seal(PURPOSE, &[new.kind, &hex(&new.hash)], &new.body);
        let mut transaction = self.database.begin().await?;
        transaction.execute(SWEEP, &[self.now().into(), SWEPT_WITH.into()]).await?;
        let values = [
            new.hash.as_slice().into(),
            new.kind.into(),
            new.user.as_ref().map(UserId::as_str).into(),
            new.session.as_ref().map(WebSessionId::as_str).into(),
            new.occasion.as_str().into(),
            sealed.into(),
            self.now().into(),
            new.expires.into(),
        ];
        transaction.execute(ADD, &values).await?;
        if let Some(user) = &new.user {
            let values = [
                user.as_str().into(),
                new.hash.as_slice().into(),
                (AT_ONCE - 1).into(),
                new.kind.into(),
                new.session.as_ref().map_or("", WebSessionId::as_str).into(),
            ];
            transaction.execute(DROP, &values).await?;
        }
        transaction.commit().await
    }

    /// Takes the first half of that hash, if it is of that kind and its time is not over: it is gone then, and
    /// of two who take it at once one gets it.
    pub async fn ceremony_take(&self, hash: &[u8; 32], kind: &str) -> Result<Option<Ceremony>> {
        const TAKE: &str = "DELETE FROM ceremonies WHERE hash = $1 AND kind = $2 AND expires > $3 \
            RETURNING user_id, session_id, occasion, body, created";
        let values = [hash.as_slice().into(), kind.into(), self.now().into()];
        let Some(row) = self.database.fetch_optional(TAKE, &values).await? else { return Ok(None) };
        Ok(Some(Ceremony {
            user: row.optional_text("user_id")?.map(UserId::from_text),
            session: row.optional_text("session_id")?.map(WebSessionId::from_text),
            occasion: row.text("occasion")?.to_owned(),
            body: self.sealer.open(PURPOSE, &[kind, &hex(hash)], row.bytes("body")?)?,
            created: row.instant("created")?,
        }))
    }

    /// Forgets first halves whose time is over; answers how many.
    pub async fn ceremonies_sweep(&self) -> Result<u64> {
        self.database.execute("DELETE FROM ceremonies WHERE expires <= $1", &[self.now().into()]).await
    }
}

fn hex(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // a string takes whatever is written
        let _ = write!(text, "{byte:02x}");
        text
    })
}
