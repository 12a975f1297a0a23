//! Audit rows: who, which grant, which tool, which messages, what came of it; never contents.
//!
//! The rows of a user form a chain: each holds the SHA-256 of itself and the one before, so that a row
//! changed or taken out of the middle shows.

use domain::{GrantId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{Error, Result, Row, Store, Transaction};

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
    /// `ok` or the code of the problem.
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

const ATTEMPTS: usize = 8;

impl Store {
    /// Appends rows in their order, all or none.
    pub async fn append_audit(&self, rows: &[NewAuditRow]) -> Result<()> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_append(rows).await {
                // Another replica has written the same number: read the end of the chain again.
                Err(Error::Taken) if attempt < ATTEMPTS => {}
                appended => return appended,
            }
        }
    }

    async fn try_append(&self, rows: &[NewAuditRow]) -> Result<()> {
        const ADD: &str = "INSERT INTO audit \
            (user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let mut ends: Vec<(&str, i64, Vec<u8>)> = Vec::new();
        let mut transaction = self.database.begin().await?;
        for row in rows {
            if !ends.iter().any(|(user, ..)| *user == row.user) {
                let (seq, hash) = end_of_chain(&mut transaction, &row.user).await?;
                ends.push((&row.user, seq, hash));
            }
            let Some((_, seq, end)) = ends.iter_mut().find(|(user, ..)| *user == row.user) else { continue };
            *seq += 1;
            let hash = hash_row(*seq, row, end);
            let values = [
                row.user.as_str().into(),
                (*seq).into(),
                row.grant.as_str().into(),
                row.door.as_str().into(),
                row.tool.as_str().into(),
                row.targets.as_str().into(),
                row.outcome.as_str().into(),
                row.at.into(),
                end.as_slice().into(),
                hash.as_slice().into(),
            ];
            transaction.execute(ADD, &values).await?;
            *end = hash;
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
        const NEXT: &str = "SELECT user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash \
            FROM audit WHERE user_name = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
        let mut end = START.to_vec();
        let mut seq = 0;
        loop {
            let rows = self.database.fetch(NEXT, &[user.into(), seq.into()]).await?;
            if rows.is_empty() {
                return Ok(Chain::Whole(u64::try_from(seq).unwrap_or(0)));
            }
            for row in &rows {
                let found = row.int("seq")?;
                let hash = hash_row(found, &read(row)?, &end);
                if found != seq + 1 || row.bytes("prev_hash")? != end || row.bytes("hash")? != hash {
                    return Ok(Chain::BrokenAt(found));
                }
                seq = found;
                end = hash;
            }
        }
    }
}

/// What the first row of a chain has before it.
const START: [u8; 32] = [0; 32];

async fn end_of_chain(transaction: &mut Transaction, user: &str) -> Result<(i64, Vec<u8>)> {
    const END: &str = "SELECT seq, hash FROM audit WHERE user_name = $1 ORDER BY seq DESC LIMIT 1";
    match transaction.fetch_optional(END, &[user.into()]).await? {
        Some(row) => Ok((row.int("seq")?, row.bytes("hash")?.to_vec())),
        None => Ok((0, START.to_vec())),
    }
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
