//! After a message left: its copy in Sent, what else is owed in the mailbox, and the end of its row.

use domain::{OutboxId, Timestamp};

use super::{
    Copy, Due, Reach,
    row::{drop_pieces, seal, small},
};
use crate::{Result, Store, Value, Wishes};

/// Octets of a user's messages that are kept only because a second try of theirs, or of its copy, may need them.
const KEPT_OCTETS: u64 = 256 << 20;

impl Store {
    /// Messages whose copy in Sent, or what else is owed in the mailbox, is to be seen to now, those first
    /// that are due longest, from behind `after` on.
    pub async fn outbox_copies_due(
        &self,
        reach: &Reach,
        now: Timestamp,
        after: Option<&Due>,
        limit: u32,
    ) -> Result<Vec<Due>> {
        const STORED: &str = "SELECT id, account, due FROM (SELECT id, account, \
            CASE WHEN follow_next <= $1 THEN follow_next ELSE copy_next END AS due FROM outbox \
            WHERE state IN ('sent', 'partly_sent') AND (follow_next <= $1 \
            OR (copy_state IN ('waiting', 'looking', 'failed') AND copy_next <= $1)) \
            AND account NOT LIKE 'carried:%') AS owed \
            WHERE due > $3 OR (due = $3 AND id > $4) ORDER BY due, id LIMIT $2";
        const CARRIED: &str = "SELECT id, account, due FROM (SELECT id, account, \
            CASE WHEN follow_next <= $1 THEN follow_next ELSE copy_next END AS due FROM outbox \
            WHERE state IN ('sent', 'partly_sent') AND (follow_next <= $1 \
            OR (copy_state IN ('waiting', 'looking', 'failed') AND copy_next <= $1)) \
            AND account = $5) AS owed \
            WHERE due > $3 OR (due = $3 AND id > $4) ORDER BY due, id LIMIT $2";
        self.due_of([STORED, CARRIED], reach, now, after, limit).await
    }

    /// Takes what is owed besides the copy, if it is due; nobody else does before `until`. Answers how often
    /// it was taken, this time included.
    pub async fn outbox_follow(&self, id: &OutboxId, until: Timestamp) -> Result<Option<u32>> {
        const TAKE: &str = "UPDATE outbox SET follow_tries = follow_tries + 1, follow_next = $2 \
            WHERE id = $1 AND follow_next <= $3 AND state IN ('sent', 'partly_sent') RETURNING follow_tries";
        let values = [id.as_str().into(), until.into(), self.now().into()];
        let taken = self.database.fetch_optional(TAKE, &values).await?;
        taken.map(|row| small(&row, "follow_tries")).transpose()
    }

    /// When to see to it again; never if absent: it is done, or given up.
    pub async fn outbox_set_follow(&self, id: &OutboxId, next: Option<Timestamp>) -> Result<()> {
        const SET: &str = "UPDATE outbox SET follow_next = $2 WHERE id = $1 AND follow_next IS NOT NULL";
        self.database.execute(SET, &[id.as_str().into(), next.into()]).await.map(drop)
    }

    /// Moves the copy on, if it is still as `from` says: whoever is to store it first moves `next` ahead,
    /// and of two who try one does. The octets go once there is a copy; one that failed its person may have filed
    /// again.
    pub async fn outbox_set_copy(&self, id: &OutboxId, from: &Copy, to: &Copy) -> Result<bool> {
        const SET: &str = "UPDATE outbox SET copy_state = $2, copy_id = $3, copy_tries = $4, copy_next = $5, \
                updated = $6 \
            WHERE id = $1 AND copy_state = $7 AND copy_tries = $8 AND COALESCE(copy_next, -1) = $9";
        let (key, context) = self.key_of(id).await?;
        let copy_id = match (&key, &to.id) {
            (Some(key), Some(id)) => Some(seal(key, &context, "copy_id", id)?),
            _ => None,
        };
        let values = [
            id.as_str().into(),
            to.state.as_str().into(),
            copy_id.into(),
            to.tries.into(),
            to.next.into(),
            self.now().into(),
            from.state.as_str().into(),
            from.tries.into(),
            from.next.map_or(Value::Int(-1), Value::from),
        ];
        let mut transaction = self.database.begin().await?;
        let is_set = transaction.execute(SET, &values).await? > 0;
        if is_set && !to.needs_octets() {
            drop_pieces(&mut transaction, id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(is_set)
    }

    /// Forgets messages that ended as long ago as their person wishes, 30 days if they wish nothing, octets of
    /// failures beyond the newest of each user, and what grants read long ago. Answers how many messages.
    pub async fn outbox_sweep(&self, now: Timestamp) -> Result<u64> {
        const SWEEP: &str = "DELETE FROM outbox WHERE updated <= $1 AND state IN \
            ('sent', 'partly_sent', 'unknown', 'failed', 'denied', 'expired', 'cancelled') \
            AND user_name NOT IN (SELECT name FROM users WHERE wishes IS NOT NULL)";
        const SWEEP_OF: &str = "DELETE FROM outbox WHERE updated <= $1 AND state IN \
            ('sent', 'partly_sent', 'unknown', 'failed', 'denied', 'expired', 'cancelled') \
            AND user_name = $2";
        const BOUND: &str = "DELETE FROM outbox_pieces WHERE outbox_id IN (SELECT id FROM (SELECT id, \
                CAST(sum(size) OVER (PARTITION BY user_name ORDER BY updated DESC, id DESC) AS BIGINT) AS kept \
                FROM outbox WHERE state = 'failed' \
                OR (state IN ('sent', 'partly_sent') AND copy_state = 'failed' AND copy_next IS NULL)) AS ended \
            WHERE kept > $1)";
        let before = Wishes::default().outbox_before(now);
        let mut swept = self.database.execute(SWEEP, &[before.into()]).await?;
        for (user, wishes) in self.wishes_of_all().await? {
            let values = [wishes.outbox_before(now).into(), user.into()];
            swept += self.database.execute(SWEEP_OF, &values).await?;
        }
        self.database.execute(BOUND, &[KEPT_OCTETS.into()]).await?;
        self.database.execute("DELETE FROM exposures WHERE until <= $1", &[now.into()]).await?;
        Ok(swept)
    }
}
