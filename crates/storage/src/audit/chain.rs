//! The chain of a user's audit rows: what a hash covers, where the chain begins and ends, and whether every row
//! between is as it was written. A check goes so many rows at a time and is gone on with later, by any process.

use domain::Timestamp;
use sha2::{Digest, Sha256};

use super::{AuditRow, NewAuditRow, columns, read};
use crate::{Error, Result, Row, Store, Transaction};

/// Rows that are read at a time.
const AT_ONCE: i64 = 1_000;

/// What checking a chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Every one of that many rows is as it was written.
    Whole(u64),
    /// The row of that number is not, or the one before it is missing.
    BrokenAt(i64),
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainCheck {
    /// How many rows the chain has.
    pub rows: u64,
    /// What the last check that came to its end found, and when that was.
    pub last: Option<(Chain, Timestamp)>,
    /// How many rows were looked at by the check that is under way; 0 if none is.
    pub done: u64,
}

/// The last row of a chain, or of a part of it; of an empty one, number 0 and a hash of zeros.
#[derive(Clone)]
pub(super) struct End {
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
}

impl Default for End {
    fn default() -> Self {
        Self { seq: 0, hash: vec![0; 32] }
    }
}

impl End {
    pub(super) fn read(row: &Row) -> Result<Self> {
        Ok(Self { seq: row.int("seq")?, hash: row.bytes("hash")?.to_vec() })
    }
}

/// A chain as it is kept: both ends, and its checks.
struct Kept {
    first: End,
    end: End,
    reached: End,
    last: Option<(Chain, Timestamp)>,
}

impl Kept {
    fn read(row: &Row) -> Result<Self> {
        let end_of = |seq: i64, hash: Option<&[u8]>| {
            hash.map_or_else(End::default, |hash| End { seq, hash: hash.to_vec() })
        };
        let first = end_of(row.int("first_seq")?, row.optional_bytes("first_hash")?);
        let reached = end_of(row.int("check_seq")?, row.optional_bytes("check_hash")?);
        let last = match (row.optional_instant("checked")?, row.int("broken_seq")?) {
            (None, _) => None,
            (Some(at), 0) => {
                // of those that it found whole, some may have been deleted since
                let rows = row.int("checked_seq")?.saturating_sub(first.seq);
                Some((Chain::Whole(u64::try_from(rows).unwrap_or(0)), at))
            }
            (Some(at), broken) => Some((Chain::BrokenAt(broken), at)),
        };
        Ok(Self { end: End::read(row)?, first, reached, last })
    }

    fn rows_to(&self, seq: i64) -> u64 {
        u64::try_from(seq.saturating_sub(self.first.seq)).unwrap_or(0)
    }

    fn told(&self) -> ChainCheck {
        ChainCheck { rows: self.rows_to(self.end.seq), last: self.last, done: self.rows_to(self.reached.seq) }
    }
}

/// How far a look along a chain came.
enum Came {
    To(End),
    Broken(i64),
}

impl Store {
    /// Checks the user's chain from its first row to its last, however long that takes.
    pub async fn check_audit(&self, user: &str) -> Result<Chain> {
        let Some(mut kept) = self.chain(user).await? else { return Ok(Chain::Whole(0)) };
        // Kept from here: rows that are appended meanwhile are left for the next check.
        let end = kept.end.clone();
        let mut from = kept.first.clone();
        loop {
            match self.look_along(user, &from, &end, i64::MAX).await? {
                Came::To(_) => return Ok(Chain::Whole(kept.rows_to(end.seq))),
                Came::Broken(seq) => {
                    // rows that were deleted meanwhile are not missing
                    let Some(now) = self.chain(user).await? else { return Ok(Chain::BrokenAt(seq)) };
                    if now.first.seq <= kept.first.seq {
                        return Ok(Chain::BrokenAt(seq));
                    }
                    if now.first.seq >= end.seq {
                        return Ok(Chain::Whole(0));
                    }
                    from = now.first.clone();
                    kept = now;
                }
            }
        }
    }

    /// How the check of the user's chain stands.
    pub async fn audit_checked(&self, user: &str) -> Result<ChainCheck> {
        let kept = self.chain(user).await?;
        Ok(kept.map_or(ChainCheck { rows: 0, last: None, done: 0 }, |kept| kept.told()))
    }

    /// Checks at most that many further rows of the user's chain, from where the last call came to, and keeps how
    /// far it came or what was found.
    pub async fn audit_check_on(&self, user: &str, most: u32) -> Result<ChainCheck> {
        const GO_ON: &str = "UPDATE audit_chains SET check_seq = $2, check_hash = $3 WHERE user_name = $1";
        const DONE: &str = "UPDATE audit_chains SET check_seq = 0, check_hash = NULL, checked = $2, \
            checked_seq = $3, broken_seq = $4 WHERE user_name = $1";
        let Some(kept) = self.chain(user).await? else { return self.audit_checked(user).await };
        // rows of before may have been deleted
        let from = if kept.reached.seq > kept.first.seq { &kept.reached } else { &kept.first };
        let done = |seq: i64, broken: i64| [user.into(), self.now().into(), seq.into(), broken.into()];
        match self.look_along(user, from, &kept.end, i64::from(most)).await? {
            Came::To(end) if end.seq < kept.end.seq => {
                let values = [user.into(), end.seq.into(), end.hash.into()];
                self.database.execute(GO_ON, &values).await?;
            }
            Came::To(end) => {
                self.database.execute(DONE, &done(end.seq, 0)).await?;
            }
            Came::Broken(seq) => {
                let now = self.chain(user).await?;
                let was_deleted = now.is_some_and(|now| now.first.seq > kept.first.seq);
                let values = [user.into(), 0_i64.into(), crate::Value::Null];
                if was_deleted {
                    // what is left is looked at from its new beginning
                    self.database.execute(GO_ON, &values).await?;
                } else {
                    self.database.execute(DONE, &done(seq, seq)).await?;
                }
            }
        }
        self.audit_checked(user).await
    }

    /// Goes along the chain from behind `from`, as far as `end` and at most so many rows.
    async fn look_along(&self, user: &str, from: &End, end: &End, most: i64) -> Result<Came> {
        const NEXT: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE user_name = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4"
        );
        let mut last = from.clone();
        let mut left = most;
        while last.seq < end.seq && left > 0 {
            let values = [user.into(), last.seq.into(), end.seq.into(), AT_ONCE.min(left).into()];
            let rows = self.database.fetch(NEXT, &values).await?;
            if rows.is_empty() {
                return Ok(Came::Broken(last.seq + 1));
            }
            for row in &rows {
                let found = read(row)?;
                if !follows(&found, &last) {
                    return Ok(Came::Broken(found.seq));
                }
                last = End { seq: found.seq, hash: found.hash };
                left -= 1;
            }
        }
        let is_at_end = last.seq >= end.seq;
        Ok(if is_at_end && last.hash != end.hash { Came::Broken(end.seq) } else { Came::To(last) })
    }

    async fn chain(&self, user: &str) -> Result<Option<Kept>> {
        const FIND: &str = "SELECT seq, hash, first_seq, first_hash, check_seq, check_hash, checked, checked_seq, \
            broken_seq FROM audit_chains WHERE user_name = $1";
        self.database.fetch_optional(FIND, &[user.into()]).await?.as_ref().map(Kept::read).transpose()
    }
}

/// Whether the row is as it was written, behind that one.
fn follows(found: &AuditRow, last: &End) -> bool {
    let AuditRow { seq, row, form, previous, hash } = found;
    // what the hash does not cover was not there when it was made
    let is_plain = row.client.is_empty() && row.undo.is_empty() && row.octets.is_none();
    let is_known = matches!((form, is_plain), (1, true) | (2, _));
    is_known
        && *seq == last.seq + 1
        && *previous == last.hash
        && *hash == hash_row(*form, *seq, row, &last.hash)
}

/// The end of a user's chain, which nobody else can move until the transaction ends.
pub(super) async fn lock_chain(transaction: &mut Transaction, user: &str) -> Result<End> {
    // An update that changes nothing, since that is what locks a row in both databases.
    const LOCK: &str = "INSERT INTO audit_chains (user_name, seq, hash) VALUES ($1, $2, $3) \
        ON CONFLICT (user_name) DO UPDATE SET seq = audit_chains.seq RETURNING seq, hash";
    let start = End::default();
    let values = [user.into(), start.seq.into(), start.hash.into()];
    let row = transaction.fetch_optional(LOCK, &values).await?;
    End::read(&row.ok_or(Error::Unreadable("end of the audit chain"))?)
}

/// SHA-256 over the hash before, the number (8 octets, the highest first), the instant (milliseconds since 1970, 16
/// octets), and each text behind its length (8 octets). The second form goes on where the first one ends.
pub(super) fn hash_row(form: i64, seq: i64, row: &NewAuditRow, previous: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(seq.to_be_bytes());
    // As it is stored: milliseconds.
    hash.update((row.at.unix_timestamp_nanos() / 1_000_000).to_be_bytes());
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for text in [&row.user, row.grant.as_str(), &row.door, &row.tool, &row.targets, &row.outcome] {
        add(text);
    }
    if form >= 2 {
        add(&row.client);
        add(&row.undo);
        add(&row.octets.map(|octets| octets.to_string()).unwrap_or_default());
    }
    hash.finalize().to_vec()
}
