//! Audit rows: who, which grant, which tool, which messages, what came of it; never contents.
//!
//! The rows of a user form a chain: each holds the SHA-256 of itself and the one before, and the end of
//! the chain is kept beside, so that a row that was changed or taken out shows.

use std::collections::BTreeMap;

use domain::{GrantId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Error, Result, Row, Store, Transaction, calls};

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditRow {
    /// The user's name.
    pub user: String,
    /// The grant that it ran under.
    pub grant: GrantId,
    /// The way in, as `domain::Door` names it.
    pub door: String,
    /// The tool's name.
    pub tool: String,
    /// Ids of messages, folders or accounts that it touched, as JSON list.
    pub targets: String,
    /// `ok`, the code of the problem, or another word for how it ended.
    pub outcome: String,
    /// When.
    pub at: Timestamp,
}

/// A recorded row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number among the user's rows, from 1.
    pub seq: i64,
    /// What was recorded.
    pub row: NewAuditRow,
}

/// What checking a chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Every one of that many rows is as it was written.
    Whole(u64),
    /// The row of that number is not, or the one before it is missing.
    BrokenAt(i64),
}

impl Store {
    /// Appends rows in their order, all or none, and counts the calls among them.
    pub async fn append_audit(&self, rows: &[NewAuditRow]) -> Result<()> {
        const ADD: &str = "INSERT INTO audit \
            (user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        const END: &str = "UPDATE audit_chains SET seq = $2, hash = $3 WHERE user_name = $1";
        let mut ends: BTreeMap<&str, End> =
            rows.iter().map(|row| (row.user.as_str(), End::default())).collect();
        let mut transaction = self.database.begin().await?;
        // In the order of names, so that two programs that append for the same users do not deadlock.
        for (user, end) in &mut ends {
            *end = lock_chain(&mut transaction, user).await?;
        }
        for row in rows {
            let Some(end) = ends.get_mut(row.user.as_str()) else { continue };
            let seq = end.seq + 1;
            let hash = hash_row(seq, row, &end.hash);
            let values = [
                row.user.as_str().into(),
                seq.into(),
                row.grant.as_str().into(),
                row.door.as_str().into(),
                row.tool.as_str().into(),
                row.targets.as_str().into(),
                row.outcome.as_str().into(),
                row.at.into(),
                end.hash.as_slice().into(),
                hash.as_slice().into(),
            ];
            transaction.execute(ADD, &values).await?;
            *end = End { seq, hash };
        }
        calls::count(&mut transaction, rows).await?;
        for (user, end) in ends {
            transaction.execute(END, &[user.into(), end.seq.into(), end.hash.into()]).await?;
        }
        transaction.commit().await
    }

    /// The user's newest rows, newest first.
    pub async fn list_audit(&self, user: &str, limit: u32) -> Result<Vec<AuditRow>> {
        const LIST: &str = "SELECT user_name, seq, grant_id, door, tool, targets, outcome, at FROM audit \
            WHERE user_name = $1 ORDER BY seq DESC LIMIT $2";
        let rows = self.database.fetch(LIST, &[user.into(), i64::from(limit).into()]).await?;
        rows.iter().map(|row| Ok(AuditRow { seq: row.int("seq")?, row: read(row)? })).collect()
    }

    /// Checks the user's chain from its first row to its last, a thousand at a time.
    pub async fn check_audit(&self, user: &str) -> Result<Chain> {
        const END: &str = "SELECT seq, hash FROM audit_chains WHERE user_name = $1";
        const NEXT: &str = "SELECT user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash \
            FROM audit WHERE user_name = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
        // Read first: rows that are appended meanwhile are left for the next check.
        let end = match self.database.fetch_optional(END, &[user.into()]).await? {
            Some(row) => End::read(&row)?,
            None => End::default(),
        };
        let mut last = End::default();
        while last.seq < end.seq {
            let rows = self.database.fetch(NEXT, &[user.into(), last.seq.into()]).await?;
            let reached = last.seq;
            for row in rows.iter().take_while(|row| row.int("seq").is_ok_and(|seq| seq <= end.seq)) {
                let found = End::read(row)?;
                let hash = hash_row(found.seq, &read(row)?, &last.hash);
                if found.seq != last.seq + 1 || row.bytes("prev_hash")? != last.hash || found.hash != hash {
                    return Ok(Chain::BrokenAt(found.seq));
                }
                last = found;
            }
            if last.seq == reached {
                return Ok(Chain::BrokenAt(reached + 1));
            }
        }
        let is_whole = last.hash == end.hash;
        Ok(if is_whole {
            Chain::Whole(u64::try_from(end.seq).unwrap_or(0))
        } else {
            Chain::BrokenAt(end.seq)
        })
    }
}

/// The last row of a chain; of an empty one, number 0 and a hash of zeros.
#[derive(Clone)]
struct End {
    seq: i64,
    hash: Vec<u8>,
}

impl Default for End {
    fn default() -> Self {
        Self { seq: 0, hash: vec![0; 32] }
    }
}

impl End {
    fn read(row: &Row) -> Result<Self> {
        Ok(Self { seq: row.int("seq")?, hash: row.bytes("hash")?.to_vec() })
    }
}

/// The end of a user's chain, which nobody else can move until the transaction ends.
async fn lock_chain(transaction: &mut Transaction, user: &str) -> Result<End> {
    // An update that changes nothing, since that is what locks a row in both databases.
    const LOCK: &str = "INSERT INTO audit_chains (user_name, seq, hash) VALUES ($1, $2, $3) \
        ON CONFLICT (user_name) DO UPDATE SET seq = audit_chains.seq RETURNING seq, hash";
    let start = End::default();
    let values = [user.into(), start.seq.into(), start.hash.into()];
    let row = transaction.fetch_optional(LOCK, &values).await?;
    End::read(&row.ok_or(Error::Unreadable("end of the audit chain"))?)
}

fn hash_row(seq: i64, row: &NewAuditRow, previous: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(seq.to_be_bytes());
    // As it is stored: milliseconds.
    hash.update((row.at.unix_timestamp_nanos() / 1_000_000).to_be_bytes());
    for text in [&row.user, row.grant.as_str(), &row.door, &row.tool, &row.targets, &row.outcome] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

fn read(row: &Row) -> Result<NewAuditRow> {
    Ok(NewAuditRow {
        user: row.text("user_name")?.to_owned(),
        grant: GrantId::from_text(row.text("grant_id")?),
        door: row.text("door")?.to_owned(),
        tool: row.text("tool")?.to_owned(),
        targets: row.text("targets")?.to_owned(),
        outcome: row.text("outcome")?.to_owned(),
        at: row.instant("at")?,
    })
}
