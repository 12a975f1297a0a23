//! Deleting audit rows from the beginning of a chain: the rest still verifies, since the chain keeps the number and
//! the hash of the last row that went.

use domain::Timestamp;

use crate::{Result, Store, Value};

/// Rows that go in one transaction: whoever appends meanwhile waits for it.
const AT_ONCE: i64 = 2_000;

impl Store {
    /// Deletes the user's oldest rows, up to the first that is not older than `before`; answers how many. What was
    /// deleted when this fails stays deleted, and the chain whole.
    pub async fn audit_delete_before(&self, user: &str, before: Timestamp) -> Result<u64> {
        const FIRST_KEPT: &str =
            "SELECT seq FROM audit WHERE user_name = $1 AND at >= $2 ORDER BY seq LIMIT 1";
        const LAST: &str = "SELECT seq FROM audit_chains WHERE user_name = $1";
        let kept = self.database.fetch_optional(FIRST_KEPT, &[user.into(), before.into()]).await?;
        let last = match kept {
            Some(row) => row.int("seq")? - 1,
            None => match self.database.fetch_optional(LAST, &[user.into()]).await? {
                Some(row) => row.int("seq")?,
                None => return Ok(0),
            },
        };
        let mut deleted = 0;
        loop {
            let some = self.audit_delete_some(user, last).await?;
            deleted += some;
            if some == 0 {
                return Ok(deleted);
            }
        }
    }

    /// Deletes some of the rows up to the one of that number.
    async fn audit_delete_some(&self, user: &str, last: i64) -> Result<u64> {
        const LOCK: &str = "UPDATE audit_chains SET seq = seq WHERE user_name = $1";
        const NEXT: &str = "SELECT seq, hash FROM \
            (SELECT seq, hash FROM audit WHERE user_name = $1 AND seq <= $2 ORDER BY seq LIMIT $3) AS oldest \
            ORDER BY seq DESC LIMIT 1";
        const DELETE: &str = "DELETE FROM audit WHERE user_name = $1 AND seq <= $2";
        const BEGIN: &str =
            "UPDATE audit_chains SET first_seq = $2, first_hash = $3 WHERE user_name = $1 AND first_seq < $2";
        let mut transaction = self.database.begin().await?;
        transaction.execute(LOCK, &[user.into()]).await?;
        let values = [user.into(), last.into(), AT_ONCE.into()];
        let Some(row) = transaction.fetch_optional(NEXT, &values).await? else { return Ok(0) };
        let seq = row.int("seq")?;
        let begin: [Value; 3] = [user.into(), seq.into(), row.bytes("hash")?.into()];
        let deleted = transaction.execute(DELETE, &[user.into(), seq.into()]).await?;
        transaction.execute(BEGIN, &begin).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}
