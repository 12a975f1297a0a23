//! How often grants called which tool, by the hour: summed up while audit rows are written, so that nobody has
//! to read the trail to count. Not a record: rows are forgotten when nobody looks at them any more.

use std::collections::{BTreeMap, HashMap};

use domain::{Door, GrantId, Timestamp, UserId};

use crate::{NewAuditRow, Result, Store, Transaction, Went};

/// Milliseconds of an hour.
const HOUR: i128 = 3_600_000;

/// What is recorded without being a call: a person's answer on the command line, and the end of a sign-in whose
/// code or refresh token was used a second time.
const NO_CALLS: [&str; 2] = ["approval", "token_reuse"];

/// How often a grant called a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    /// The tool.
    pub tool: String,
    /// Calls that went well.
    pub ok: u64,
    /// All others.
    pub other: u64,
}

/// What a grant did in an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallsOfHour {
    /// The grant.
    pub grant: GrantId,
    /// Whole hours since 1970.
    pub hour: i64,
    /// Its calls.
    pub calls: u64,
    /// Messages of it that left in that hour, whenever they were asked for, or were said to have left then.
    pub sent: u64,
}

impl Store {
    /// How often a grant called which tool since the hour of `since`, most often first.
    pub async fn count_calls(&self, grant: &GrantId, since: Timestamp) -> Result<Vec<CallCount>> {
        const COUNT: &str = "SELECT tool, CAST(sum(ok) AS BIGINT) AS ok, CAST(sum(other) AS BIGINT) AS other \
            FROM calls WHERE grant_id = $1 AND hour >= $2 AND tool <> '' GROUP BY tool ORDER BY sum(ok + other) DESC, tool";
        let rows = self.database.fetch(COUNT, &[grant.as_str().into(), hour(since).into()]).await?;
        let read = |row: &crate::Row| {
            let tool = row.text("tool")?.to_owned();
            Ok(CallCount { tool, ok: row.count("ok")?, other: row.count("other")? })
        };
        rows.iter().map(read).collect()
    }

    /// How many calls each live grant of the user made since the hour of `since`; those that made none are left
    /// out.
    pub async fn count_calls_of(&self, user: &UserId, since: Timestamp) -> Result<HashMap<GrantId, u64>> {
        const COUNT: &str = "SELECT grant_id, CAST(sum(ok + other) AS BIGINT) AS calls FROM calls \
            WHERE grant_id IN (SELECT id FROM grants WHERE user_id = $1 AND revoked IS NULL) AND hour >= $2 \
            AND tool <> '' GROUP BY grant_id";
        let rows = self.database.fetch(COUNT, &[user.as_str().into(), hour(since).into()]).await?;
        let read = |row: &crate::Row| Ok((GrantId::from_text(row.text("grant_id")?), row.count("calls")?));
        rows.iter().map(read).collect()
    }

    /// What each grant of the user did in each hour since that of `since`, in the order of hours; ended grants too.
    pub async fn calls_over_time(&self, user: &UserId, since: Timestamp) -> Result<Vec<CallsOfHour>> {
        const SUM: &str = "SELECT grant_id, hour, CAST(sum(ok + other) AS BIGINT) AS calls, \
                CAST(sum(sent) AS BIGINT) AS sent \
            FROM calls WHERE grant_id IN (SELECT id FROM grants WHERE user_id = $1) AND hour >= $2 \
            GROUP BY grant_id, hour ORDER BY hour, grant_id";
        let rows = self.database.fetch(SUM, &[user.as_str().into(), hour(since).into()]).await?;
        let read = |row: &crate::Row| {
            Ok(CallsOfHour {
                grant: GrantId::from_text(row.text("grant_id")?),
                hour: row.int("hour")?,
                calls: row.count("calls")?,
                sent: row.count("sent")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Forgets what was counted before the hour of `before`.
    pub async fn forget_calls(&self, before: Timestamp) -> Result<u64> {
        self.database.execute("DELETE FROM calls WHERE hour < $1", &[hour(before).into()]).await
    }
}

/// Counts the calls among audit rows that are being written. What people do themselves is none.
pub(crate) async fn count(transaction: &mut Transaction, rows: &[&NewAuditRow]) -> Result<()> {
    const ADD: &str = "INSERT INTO calls (grant_id, hour, tool, ok, other) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (grant_id, hour, tool) \
        DO UPDATE SET ok = calls.ok + excluded.ok, other = calls.other + excluded.other";
    let mut counts: BTreeMap<(&str, i64, &str), (i64, i64)> = BTreeMap::new();
    for row in
        rows.iter().filter(|row| row.door != Door::Page.as_str() && !NO_CALLS.contains(&row.tool.as_str()))
    {
        let (ok, other) = counts.entry((row.grant.as_str(), hour(row.at), &row.tool)).or_default();
        *(if Went::of(&row.outcome) == Went::Well { ok } else { other }) += 1;
    }
    for ((grant, hour, tool), (ok, other)) in counts {
        transaction.execute(ADD, &[grant.into(), hour.into(), tool.into(), ok.into(), other.into()]).await?;
    }
    Ok(())
}

/// Counts a message of the grant that left at that instant. It is no call: a person may have let it go.
pub(crate) async fn count_sent(transaction: &mut Transaction, grant: &str, at: Timestamp) -> Result<()> {
    const ADD: &str = "INSERT INTO calls (grant_id, hour, tool, ok, other, sent) VALUES ($1, $2, '', 0, 0, 1) \
        ON CONFLICT (grant_id, hour, tool) DO UPDATE SET sent = calls.sent + 1";
    transaction.execute(ADD, &[grant.into(), hour(at).into()]).await.map(drop)
}

/// Whole hours since 1970.
fn hour(at: Timestamp) -> i64 {
    i64::try_from((at.unix_timestamp_nanos() / 1_000_000).div_euclid(HOUR)).unwrap_or(i64::MAX)
}
