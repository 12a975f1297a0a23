//! Audit rows: who, which grant, which tool, which messages, what came of it; never contents.
//!
//! The rows of a user form a chain: each holds the SHA-256 of itself and the one before, and both ends of
//! the chain are kept beside, so that a row that was changed or taken out shows. The chain is in `audit/chain.rs`,
//! finding rows in `audit/look.rs`, deleting them in `audit/forget.rs`, what was taken back in `audit/undone.rs`.

mod chain;
mod forget;
mod look;
mod undone;

use std::collections::BTreeMap;

use domain::{GrantId, Timestamp};

use crate::{Result, Row, Store, Transaction, calls};

pub use chain::{Chain, ChainCheck};
use chain::{End, hash_row, lock_chain};
pub use look::{AuditFilter, AuditPage, Went};
pub use undone::{Handle, HandleState, Reversal};

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAuditRow {
    /// The user's name.
    pub user: String,
    /// The grant that it ran under.
    pub grant: GrantId,
    /// The grant's label then; empty where that is not known, or for what a person did.
    pub client: String,
    /// The way in, as `domain::Door` names it.
    pub door: String,
    /// The tool's name.
    pub tool: String,
    /// Ids of messages, folders or accounts that it touched, as JSON list.
    pub targets: String,
    /// `ok`, the code of the problem, or another word for how it ended.
    pub outcome: String,
    /// Octets of the answer, if there was one.
    pub octets: Option<u64>,
    /// The handle of the change that it made, or took back; empty if there is none.
    pub undo: String,
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
    /// What its hash covers: 1 without, 2 with `client`, `octets` and `undo`.
    pub form: i64,
    /// The hash of the row before it.
    pub previous: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
}

/// The form in which rows are written.
const FORM: i64 = 2;

/// The columns that [`read`] reads.
macro_rules! columns {
    () => {
        "user_name, seq, grant_id, client, door, tool, targets, outcome, octets, undo, at, form, prev_hash, hash"
    };
}
pub(crate) use columns;

impl Store {
    /// Appends rows in their order, all or none, and counts the calls among them. Rows of people who were removed
    /// meanwhile are left out, or the next person of that name would find them; those of a name in parentheses,
    /// which nobody can have, are not.
    pub async fn append_audit(&self, rows: &[NewAuditRow]) -> Result<()> {
        const ADD: &str = concat!(
            "INSERT INTO audit (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        );
        const DROP: &str = "DELETE FROM audit_chains WHERE user_name = $1 AND seq = 0";
        const END: &str = "UPDATE audit_chains SET seq = $2, hash = $3 WHERE user_name = $1";
        let mut ends: BTreeMap<&str, End> =
            rows.iter().map(|row| (row.user.as_str(), End::default())).collect();
        let mut transaction = self.database.begin().await?;
        // In the order of names, so that two programs that append for the same users do not deadlock.
        for (user, end) in &mut ends {
            *end = lock_chain(&mut transaction, user).await?;
        }
        let mut gone = Vec::new();
        for user in ends.keys() {
            // behind the lock of the chain: a removal waits for it, or was waited for
            if !is_here(&mut transaction, user).await? {
                transaction.execute(DROP, &[(*user).into()]).await?;
                gone.push((*user).to_owned());
            }
        }
        let rows: Vec<&NewAuditRow> = rows.iter().filter(|row| !gone.contains(&row.user)).collect();
        for row in &rows {
            let Some(end) = ends.get_mut(row.user.as_str()) else { continue };
            let seq = end.seq + 1;
            let hash = hash_row(FORM, seq, row, &end.hash);
            let values = [
                row.user.as_str().into(),
                seq.into(),
                row.grant.as_str().into(),
                row.client.as_str().into(),
                row.door.as_str().into(),
                row.tool.as_str().into(),
                row.targets.as_str().into(),
                row.outcome.as_str().into(),
                row.octets.into(),
                row.undo.as_str().into(),
                row.at.into(),
                FORM.into(),
                end.hash.as_slice().into(),
                hash.as_slice().into(),
            ];
            transaction.execute(ADD, &values).await?;
            *end = End { seq, hash };
        }
        calls::count(&mut transaction, &rows).await?;
        for (user, end) in ends {
            transaction.execute(END, &[user.into(), end.seq.into(), end.hash.into()]).await?;
        }
        transaction.commit().await
    }

    /// The user's newest rows, newest first.
    pub async fn list_audit(&self, user: &str, limit: u32) -> Result<Vec<AuditRow>> {
        const LIST: &str =
            concat!("SELECT ", columns!(), " FROM audit WHERE user_name = $1 ORDER BY seq DESC LIMIT $2");
        let rows = self.database.fetch(LIST, &[user.into(), i64::from(limit).into()]).await?;
        rows.iter().map(read).collect()
    }
}

/// Whether there is somebody of that name, or it is one that nobody can have.
async fn is_here(transaction: &mut Transaction, user: &str) -> Result<bool> {
    const FIND: &str = "SELECT id FROM users WHERE name = $1";
    Ok(user.starts_with('(') || transaction.fetch_optional(FIND, &[user.into()]).await?.is_some())
}

fn read(row: &Row) -> Result<AuditRow> {
    Ok(AuditRow {
        seq: row.int("seq")?,
        form: row.int("form")?,
        previous: row.bytes("prev_hash")?.to_vec(),
        hash: row.bytes("hash")?.to_vec(),
        row: NewAuditRow {
            user: row.text("user_name")?.to_owned(),
            grant: GrantId::from_text(row.text("grant_id")?),
            client: row.text("client")?.to_owned(),
            door: row.text("door")?.to_owned(),
            tool: row.text("tool")?.to_owned(),
            targets: row.text("targets")?.to_owned(),
            outcome: row.text("outcome")?.to_owned(),
            octets: if row.is_null("octets")? { None } else { Some(row.count("octets")?) },
            undo: row.text("undo")?.to_owned(),
            at: row.instant("at")?,
        },
    })
}
