//! Who may hand a message over now, and what the hand-over came to. Every change is one statement that
//! names the state, and the owner, that it starts from.

use domain::{GrantId, HomeAccount, OutboxId, Timestamp};

use super::{
    Copy, Due, NewApproval, Orphan, Outcome, Outgoing, OutgoingState, Reach,
    row::{Whose, context, drop_pieces, end_waiting, seal},
};
use crate::{Error, Result, Store, Value, calls::count_sent, home::HomeKey};

impl Store {
    /// What can be sent now, those first that are due longest, from behind `after` on.
    pub async fn outbox_due(
        &self,
        reach: &Reach,
        now: Timestamp,
        after: Option<&Due>,
        limit: u32,
    ) -> Result<Vec<Due>> {
        const STORED: &str = "SELECT id, account, due FROM outbox WHERE state IN ('ready', 'scheduled') \
            AND due <= $1 AND (due > $3 OR (due = $3 AND id > $4)) \
            AND account NOT LIKE 'carried:%' ORDER BY due, id LIMIT $2";
        const CARRIED: &str = "SELECT id, account, due FROM outbox WHERE state IN ('ready', 'scheduled') \
            AND due <= $1 AND (due > $3 OR (due = $3 AND id > $4)) AND account = $5 ORDER BY due, id LIMIT $2";
        self.due_of([STORED, CARRIED], reach, now, after, limit).await
    }

    /// A list of what is due: by the first statement for stored accounts, by the second for a carried one.
    pub(super) async fn due_of(
        &self,
        [of_stored, of_carried]: [&'static str; 2],
        reach: &Reach,
        now: Timestamp,
        after: Option<&Due>,
        limit: u32,
    ) -> Result<Vec<Due>> {
        let (due, id) = match after {
            Some(after) => (after.due.into(), after.id.as_str().into()),
            None => (Value::Int(i64::MIN), "".into()),
        };
        let mut values = vec![now.into(), limit.into(), due, id];
        let rows = match reach {
            Reach::Stored => self.database.fetch(of_stored, &values).await?,
            Reach::Carried(account) => {
                values.push(account.to_string().into());
                self.database.fetch(of_carried, &values).await?
            }
        };
        let read = |row: &crate::Row| {
            Ok(Due {
                id: OutboxId::from_text(row.text("id")?),
                account: row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?,
                due: row.instant("due")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Takes a message that is due: `Sending`, and `owner`'s until `lease_until` or later. Nothing if
    /// somebody else did, or it is not to leave now.
    pub async fn outbox_claim(
        &self,
        id: &OutboxId,
        owner: &str,
        lease_until: Timestamp,
    ) -> Result<Option<Outgoing>> {
        const CLAIM: &str = "UPDATE outbox SET state = 'sending', owner = $2, lease_until = $3, \
                attempts = attempts + 1, begun = $4, updated = $4 \
            WHERE id = $1 AND state IN ('ready', 'scheduled') AND due <= $4";
        let values = [id.as_str().into(), owner.into(), lease_until.into(), self.now().into()];
        if self.database.execute(CLAIM, &values).await? == 0 {
            return Ok(None);
        }
        let claimed = self.outbox_find(id).await?;
        if claimed.is_none() {
            // Its account was removed in between.
            const END: &str = "UPDATE outbox SET state = 'cancelled', owner = NULL, lease_until = NULL \
                WHERE id = $1 AND owner = $2 AND state = 'sending'";
            self.database.execute(END, &[id.as_str().into(), owner.into()]).await?;
        }
        Ok(claimed)
    }

    /// `Sending` to `Committing`: from here on only the server's reply tells whether the message left.
    /// True only once this outlives a loss of power; false if the message is not `owner`'s to send.
    pub async fn outbox_commit_point(&self, id: &OutboxId, owner: &str) -> Result<bool> {
        const COMMIT: &str = "UPDATE outbox SET state = 'committing', updated = $3 \
            WHERE id = $1 AND owner = $2 AND state = 'sending'";
        let values = [id.as_str().into(), owner.into(), self.now().into()];
        Ok(self.database.execute(COMMIT, &values).await? > 0)
    }

    /// Ends `owner`'s hand-over in a final state: `Sent`, `PartlySent` and `Unknown` only after the commit
    /// point, the others before it too. The octets go unless the copy or the person still needs them. What
    /// is owed besides is due at once.
    pub async fn outbox_finish(
        &self,
        id: &OutboxId,
        owner: &str,
        state: OutgoingState,
        outcome: &Outcome,
        copy: &Copy,
    ) -> Result<bool> {
        const FINISH: &str = "UPDATE outbox SET state = $3, outcome = $4, copy_state = $5, copy_id = $6, \
                copy_tries = $7, copy_next = $8, follow_next = $10, owner = NULL, lease_until = NULL, \
                back_to = NULL, updated = $9 \
            WHERE id = $1 AND owner = $2 AND state = 'committing' RETURNING state, grant_id";
        // What its person sent again and did not leave is as it was: `unknown` stays so, whatever came of this time.
        const FINISH_EARLY: &str = "UPDATE outbox SET state = COALESCE(back_to, $3), outcome = $4, copy_state = $5, \
                copy_id = $6, copy_tries = $7, copy_next = $8, follow_next = $10, owner = NULL, lease_until = NULL, \
                back_to = NULL, updated = $9 \
            WHERE id = $1 AND owner = $2 AND state IN ('sending', 'committing') RETURNING state, grant_id";
        if !state.is_final() {
            return Ok(false);
        }
        let has_left =
            matches!(state, OutgoingState::Sent | OutgoingState::PartlySent | OutgoingState::Unknown);
        let (key, context) = self.key_of(id).await?;
        // Without its key there is nobody left who could read them.
        let (said, copy_id) = match &key {
            Some(key) => (
                Some(seal(key, &context, "outcome", outcome)?),
                copy.id.as_ref().map(|id| seal(key, &context, "copy_id", id)).transpose()?,
            ),
            None => (None, None),
        };
        let is_sent = matches!(state, OutgoingState::Sent | OutgoingState::PartlySent);
        let row = match self.outbox_find(id).await {
            // That it left must be written down all the same.
            Err(Error::Seal | Error::Unreadable(_)) => None,
            row => row?,
        };
        let follow = is_sent && row.is_some_and(|row| row.frozen.owes_follow_up());
        let values = [
            id.as_str().into(),
            owner.into(),
            state.as_str().into(),
            said.into(),
            copy.state.as_str().into(),
            copy_id.into(),
            copy.tries.into(),
            copy.next.into(),
            self.now().into(),
            follow.then(|| self.now()).into(),
        ];
        let mut transaction = self.database.begin().await?;
        let sql = if has_left { FINISH } else { FINISH_EARLY };
        let Some(row) = transaction.fetch_optional(sql, &values).await? else { return Ok(false) };
        let ended: OutgoingState = row.text("state")?.parse().map_err(|()| Error::Unreadable("state"))?;
        if matches!(ended, OutgoingState::Sent | OutgoingState::PartlySent) {
            count_sent(&mut transaction, row.text("grant_id")?, self.now()).await?;
        }
        // The person may send these again.
        let may_leave = matches!(ended, OutgoingState::Unknown | OutgoingState::Failed);
        if !may_leave && !copy.needs_octets() {
            drop_pieces(&mut transaction, id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Gives a message that certainly did not leave back: `Ready`, not before `next`; one that its person sent
    /// again is as it was before.
    pub async fn outbox_retry(
        &self,
        id: &OutboxId,
        owner: &str,
        next: Timestamp,
        outcome: &Outcome,
    ) -> Result<bool> {
        const RETRY: &str = "UPDATE outbox SET state = COALESCE(back_to, 'ready'), due = $3, outcome = $4, \
                owner = NULL, lease_until = NULL, back_to = NULL, updated = $5 \
            WHERE id = $1 AND owner = $2 AND state IN ('sending', 'committing')";
        self.give_back(RETRY, (id, owner), next, outcome).await
    }

    /// Gives a message back that was not even tried: it is not counted as begun.
    pub async fn outbox_put_off(
        &self,
        id: &OutboxId,
        owner: &str,
        next: Timestamp,
        outcome: &Outcome,
    ) -> Result<bool> {
        const PUT_OFF: &str = "UPDATE outbox SET state = 'ready', due = $3, outcome = $4, owner = NULL, \
                lease_until = NULL, begun = NULL, attempts = attempts - 1, updated = $5 \
            WHERE id = $1 AND owner = $2 AND state = 'sending' AND back_to IS NULL";
        self.give_back(PUT_OFF, (id, owner), next, outcome).await
    }

    /// Gives a message of `owner` back by that statement; it ends where its account is gone.
    async fn give_back(
        &self,
        sql: &'static str,
        (id, owner): (&OutboxId, &str),
        next: Timestamp,
        outcome: &Outcome,
    ) -> Result<bool> {
        let (key, context) = self.key_of(id).await?;
        let Some(key) = key else {
            return self.outbox_finish(id, owner, OutgoingState::Cancelled, outcome, &Copy::NONE).await;
        };
        let outcome = seal(&key, &context, "outcome", outcome)?;
        let values = [id.as_str().into(), owner.into(), next.into(), outcome.into(), self.now().into()];
        Ok(self.database.execute(sql, &values).await? > 0)
    }

    /// Ends a message that cannot be opened, where nobody has begun to hand it over but perhaps `owner`: it
    /// was altered, and never leaves. What is left of it goes.
    pub async fn outbox_fail_unreadable(
        &self,
        id: &OutboxId,
        owner: &str,
        outcome: &Outcome,
    ) -> Result<bool> {
        const FAIL: &str = "UPDATE outbox SET state = COALESCE(back_to, 'failed'), outcome = $3, owner = NULL, \
                lease_until = NULL, back_to = NULL, updated = $4 \
            WHERE id = $1 AND (state IN ('ready', 'scheduled') OR (state = 'sending' AND owner = $2))";
        let (key, context) = self.key_of(id).await?;
        let said = key.map(|key| seal(&key, &context, "outcome", outcome)).transpose()?;
        let values = [id.as_str().into(), owner.into(), said.into(), self.now().into()];
        let mut transaction = self.database.begin().await?;
        let is_done = transaction.execute(FAIL, &values).await? > 0;
        if is_done {
            drop_pieces(&mut transaction, id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(is_done)
    }

    /// Back to `Waiting`, with another question to the person: before the commit point alone.
    pub async fn outbox_hold(&self, id: &OutboxId, owner: &str, approval: &NewApproval) -> Result<bool> {
        const HOLD: &str = "UPDATE outbox SET state = 'waiting', approval_id = $3, owner = NULL, \
                lease_until = NULL, updated = $4 \
            WHERE id = $1 AND owner = $2 AND state = 'sending' AND back_to IS NULL RETURNING grant_id";
        let (key, _) = self.key_of(id).await?;
        let Some(key) = key else { return Ok(false) };
        let values = [id.as_str().into(), owner.into(), approval.id.as_str().into(), self.now().into()];
        let mut transaction = self.database.begin().await?;
        let Some(row) = transaction.fetch_optional(HOLD, &values).await? else { return Ok(false) };
        let grant = GrantId::from_text(row.text("grant_id")?);
        self.add_approval(&mut transaction, &key, id, &grant, approval).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Says that `owner` is alive until then.
    pub async fn outbox_renew(&self, owner: &str, lease_until: Timestamp) -> Result<()> {
        const RENEW: &str = "UPDATE outbox SET lease_until = $2 \
            WHERE owner = $1 AND state IN ('sending', 'committing')";
        self.database.execute(RENEW, &[owner.into(), lease_until.into()]).await.map(drop)
    }

    /// What others than `owner` began to send and have not ended, alive or not.
    pub async fn outbox_orphans(&self, owner: &str) -> Result<Vec<Orphan>> {
        const LIST: &str = "SELECT id, owner, state, lease_until FROM outbox \
            WHERE state IN ('sending', 'committing') AND owner <> $1 ORDER BY lease_until, id";
        let rows = self.database.fetch(LIST, &[owner.into()]).await?;
        let read = |row: &crate::Row| {
            Ok(Orphan {
                id: OutboxId::from_text(row.text("id")?),
                owner: row.text("owner")?.to_owned(),
                state: row.text("state")?.parse().map_err(|()| Error::Unreadable("state"))?,
                lease_until: row.instant("lease_until")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Takes a message out of the hands of an owner that is gone: `Sending` becomes `Ready`, or what it was before
    /// its person sent it again; `Committing` becomes `Unknown`. False if the owner turned out to be alive, or somebody else did it.
    pub async fn outbox_recover(&self, orphan: &Orphan) -> Result<bool> {
        const RECOVER: &str = "UPDATE outbox SET state = COALESCE(back_to, 'ready'), owner = NULL, \
                lease_until = NULL, back_to = NULL, updated = $5 \
            WHERE id = $1 AND owner = $2 AND state = $3 AND lease_until = $4";
        const RECOVER_UNKNOWN: &str = "UPDATE outbox SET state = 'unknown', owner = NULL, lease_until = NULL, \
                back_to = NULL, updated = $5 \
            WHERE id = $1 AND owner = $2 AND state = $3 AND lease_until = $4";
        let recover = match orphan.state {
            OutgoingState::Sending => RECOVER,
            OutgoingState::Committing => RECOVER_UNKNOWN,
            _ => return Ok(false),
        };
        let values = [
            orphan.id.as_str().into(),
            orphan.owner.as_str().into(),
            orphan.state.as_str().into(),
            orphan.lease_until.into(),
            self.now().into(),
        ];
        Ok(self.database.execute(recover, &values).await? > 0)
    }

    /// Takes back all of a grant that has not begun to leave. Answers how many messages.
    pub async fn outbox_cancel(&self, grant: &GrantId) -> Result<u64> {
        self.cancel(Whose::Grant(grant.as_str())).await
    }

    /// Takes back one message, if it has not begun to leave.
    pub async fn outbox_cancel_one(&self, id: &OutboxId) -> Result<bool> {
        Ok(self.cancel(Whose::Message(id.as_str())).await? > 0)
    }

    async fn cancel(&self, whose: Whose<'_>) -> Result<u64> {
        let mut transaction = self.database.begin().await?;
        let ended = end_waiting(&mut transaction, whose, self.now().into()).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    /// The key of a message's account, if that is still there, and the context that it seals in.
    pub(super) async fn key_of(&self, id: &OutboxId) -> Result<(Option<HomeKey>, Vec<String>)> {
        const FIND: &str = "SELECT grant_id, account FROM outbox WHERE id = $1";
        let Some(row) = self.database.fetch_optional(FIND, &[id.as_str().into()]).await? else {
            return Ok((None, Vec::new()));
        };
        let account: HomeAccount = row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?;
        Ok((self.home_key(&account).await?, context(id, &GrantId::from_text(row.text("grant_id")?))))
    }
}
