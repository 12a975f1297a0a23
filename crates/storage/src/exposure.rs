//! Which accounts' mail a grant has been given to read, and until when that counts; and until when that of
//! strangers does.

use domain::{GrantId, HomeAccount, Timestamp};

use crate::{Error, Result, Store};

/// What a grant was given of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The account whose mail it was.
    pub account: HomeAccount,
    /// Until when it counts.
    pub until: Timestamp,
    /// Until when it counts that some of it came from strangers.
    pub stranger_until: Option<Timestamp>,
}

impl Store {
    /// Notes that a grant was given mail of an account, of a stranger or not, which counts until then,
    /// rounded up to a full minute. A note is never shortened.
    pub async fn exposure_note(
        &self,
        grant: &GrantId,
        account: &HomeAccount,
        is_stranger: bool,
        until: Timestamp,
    ) -> Result<()> {
        const FIND: &str = "SELECT until, stranger_until FROM exposures WHERE grant_id = $1 AND account = $2";
        const NOTE: &str = "INSERT INTO exposures (grant_id, account, until, stranger_until) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (grant_id, account) DO UPDATE SET \
            until = CASE WHEN exposures.until > excluded.until THEN exposures.until ELSE excluded.until END, \
            stranger_until = CASE WHEN excluded.stranger_until IS NULL \
                OR exposures.stranger_until > excluded.stranger_until \
                THEN exposures.stranger_until ELSE excluded.stranger_until END";
        // Rounded, so that one who reads all day writes once a minute.
        let until = full_minute(until);
        let stranger_until = is_stranger.then_some(until);
        let of = [grant.as_str().into(), account.to_string().into()];
        if let Some(row) = self.database.fetch_optional(FIND, &of).await? {
            let is_noted = row.instant("until")? >= until
                && stranger_until.is_none_or(|until| {
                    row.optional_instant("stranger_until").is_ok_and(|noted| noted >= Some(until))
                });
            if is_noted {
                return Ok(());
            }
        }
        let [grant, account] = of;
        self.database.execute(NOTE, &[grant, account, until.into(), stranger_until.into()]).await.map(drop)
    }

    /// What still counts of what the grant was given.
    pub async fn exposures(&self, grant: &GrantId, now: Timestamp) -> Result<Vec<Exposure>> {
        const LIST: &str = "SELECT account, until, stranger_until FROM exposures \
            WHERE grant_id = $1 AND until > $2 ORDER BY account";
        let rows = self.database.fetch(LIST, &[grant.as_str().into(), now.into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(Exposure {
                    account: row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?,
                    until: row.instant("until")?,
                    stranger_until: row.optional_instant("stranger_until")?.filter(|until| *until > now),
                })
            })
            .collect()
    }
}

fn full_minute(at: Timestamp) -> Timestamp {
    let over = at.unix_timestamp_nanos().rem_euclid(60_000_000_000);
    if over == 0 {
        return at;
    }
    let minute = at.unix_timestamp_nanos() - over + 60_000_000_000;
    Timestamp::from_unix_timestamp_nanos(minute).unwrap_or(at)
}
