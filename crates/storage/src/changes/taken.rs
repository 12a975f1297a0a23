//! Changes that are taken back: each by one process at a time, which says now and then that it is at it.
//!
//! Whether that process lives is decided by others; of one that died, another takes the change.

use domain::{ChangeId, GrantId, Timestamp};

use super::{LeftStep, seal};
use crate::{Result, Store, Transaction, Value};

impl Store {
    /// Takes a change that was made, to reverse it: only one taker gets it.
    pub async fn change_take(&self, grant: &GrantId, id: &ChangeId, taker: &str) -> Result<bool> {
        const TAKE: &str = "UPDATE changes SET state = 'undoing', taker = $4, taken = $3 \
            WHERE id = $1 AND grant_id = $2 AND state = 'done' AND expires > $3";
        let values = [id.as_str().into(), grant.as_str().into(), self.now().into(), taker.into()];
        Ok(self.database.execute(TAKE, &values).await? > 0)
    }

    /// Takes a change from a process that took it, and was at it then for the last time: only one gets it.
    pub async fn change_retake(
        &self,
        grant: &GrantId,
        id: &ChangeId,
        (from, at): (&str, Timestamp),
        taker: &str,
    ) -> Result<bool> {
        const TAKE: &str = "UPDATE changes SET taker = $4, taken = $3 \
            WHERE id = $1 AND grant_id = $2 AND state = 'undoing' AND taker = $5 AND taken = $6 AND expires > $3";
        let values: [Value; 6] = [
            id.as_str().into(),
            grant.as_str().into(),
            self.now().into(),
            taker.into(),
            from.into(),
            at.into(),
        ];
        Ok(self.database.execute(TAKE, &values).await? > 0)
    }

    /// Notes what is left of a step of a change that its taker is at, if anything. Does nothing if it is not
    /// the taker's any more.
    pub async fn change_left(
        &self,
        id: &ChangeId,
        taker: &str,
        seq: u32,
        left: Option<&LeftStep>,
    ) -> Result<()> {
        const AT_IT: &str =
            "UPDATE changes SET taken = $3 WHERE id = $1 AND taker = $2 AND state = 'undoing'";
        let body = match left {
            Some(left) => self.sealed(id, left).await?,
            None => None,
        };
        let mut transaction = self.database.begin().await?;
        let values = [id.as_str().into(), taker.into(), self.now().into()];
        if transaction.execute(AT_IT, &values).await? > 0 {
            leave(&mut transaction, id, seq, body).await?;
        }
        transaction.commit().await
    }

    /// The taker has come to the end of it. Gives the change back with what is left of its steps: those that
    /// are not named are forgotten. With nothing left it is taken back. A step that came to an end only since
    /// stays as it is.
    pub async fn change_give_back(&self, id: &ChangeId, taker: &str, left: &[LeftStep]) -> Result<()> {
        const END: &str = "UPDATE changes SET state = $3 WHERE id = $1 AND taker = $2 AND state = 'undoing'";
        const STEPS: &str = "SELECT seq FROM change_steps WHERE change_id = $1";
        let state = if left.is_empty() { "undone" } else { "done" };
        let mut kept = Vec::with_capacity(left.len());
        for step in left {
            // Of an account that was removed nothing can be taken back.
            if let Some(body) = self.sealed(id, step).await? {
                kept.push((step.seq, body));
            }
        }
        let mut transaction = self.database.begin().await?;
        let values = [id.as_str().into(), taker.into(), state.into()];
        if transaction.execute(END, &values).await? == 0 || left.is_empty() {
            return transaction.commit().await;
        }
        for row in transaction.fetch(STEPS, &[id.as_str().into()]).await? {
            let seq = row.int("seq")?;
            if let (false, Ok(seq)) = (left.iter().any(|left| i64::from(left.seq) == seq), u32::try_from(seq))
            {
                leave(&mut transaction, id, seq, None).await?;
            }
        }
        for (seq, body) in kept {
            leave(&mut transaction, id, seq, Some(body)).await?;
        }
        transaction.commit().await
    }

    /// What a step says now, and whether it had come to an end; nothing if its account was removed.
    async fn sealed(&self, id: &ChangeId, left: &LeftStep) -> Result<Option<(Vec<u8>, bool)>> {
        let LeftStep { seq, is_done, step } = left;
        let key = self.home_key(&step.account).await?;
        Ok(key.map(|key| (seal(&key, id, *seq, *is_done, &step.body), *is_done)))
    }
}

/// Leaves that of a step, or nothing.
async fn leave(
    transaction: &mut Transaction,
    id: &ChangeId,
    seq: u32,
    left: Option<(Vec<u8>, bool)>,
) -> Result<()> {
    const KEEP: &str = "UPDATE change_steps SET body = $3 WHERE change_id = $1 AND seq = $2 AND is_done = $4";
    const FORGET: &str = "DELETE FROM change_steps WHERE change_id = $1 AND seq = $2";
    let Some((body, is_done)) = left else {
        return transaction.execute(FORGET, &[id.as_str().into(), seq.into()]).await.map(drop);
    };
    let values: [Value; 4] = [id.as_str().into(), seq.into(), body.into(), i64::from(is_done).into()];
    transaction.execute(KEEP, &values).await.map(drop)
}
