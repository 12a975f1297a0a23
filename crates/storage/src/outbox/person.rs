//! What a person sees and does of their mail on its way: lists, and changes that name the state they start from.
//!
//! Only mail of stored accounts is anybody's own; what an agent may do is in the other files.

use domain::{OutboxId, Timestamp};

use super::{
    Outgoing, OutgoingState, an_outgoing,
    row::{drop_pieces, seal},
};
use crate::{Error, Result, Row, Store, Value, calls::count_sent};

/// Which of their messages a person looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pile {
    /// What wants them to do something, or to know: unanswered, unknown, failed, partly sent, without a copy.
    Wanting,
    /// What is to leave or is leaving.
    Leaving,
    /// What left, or never will.
    Over,
}

/// Where a list goes on: behind this message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When it was asked for.
    pub created: Timestamp,
    /// Its id.
    pub id: OutboxId,
}

/// When a message was last looked for in Sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// When.
    pub at: Timestamp,
    /// Whether it was there.
    pub is_found: bool,
}

/// A message as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOutgoing {
    /// The message.
    pub message: Outgoing,
    /// Whether its person is sending it again just now.
    pub is_again: bool,
    /// Whether its octets are still kept, without which nothing can be sent or filed again.
    pub has_octets: bool,
    /// When it was last looked for in Sent.
    pub looked: Option<Looked>,
}

/// Some messages of a pile, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Those that can be read.
    pub messages: Vec<OwnOutgoing>,
    /// How many were altered where they are kept.
    pub unreadable: usize,
    /// Where the list goes on, if it does.
    pub next: Option<Place>,
}

/// The columns of an [`OwnOutgoing`] and where they come from, as in `an_outgoing`; then a condition.
macro_rules! own {
    ($($condition:literal)+) => {
        concat!(
            "SELECT ",
            an_outgoing!(columns),
            ", o.back_to, o.looked, o.is_found, CAST(CASE WHEN EXISTS \
             (SELECT 1 FROM outbox_pieces x WHERE x.outbox_id = o.id) THEN 1 ELSE 0 END AS BIGINT) AS has_octets \
             FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id \
             WHERE o.user_name = $1 AND o.hidden IS NULL AND o.account NOT LIKE 'carried:%' AND ",
            $($condition),+
        )
    };
}

macro_rules! pile {
    ($condition:literal) => {
        own!($condition " AND (o.created < $2 OR (o.created = $2 AND o.id < $3)) \
            ORDER BY o.created DESC, o.id DESC LIMIT $4")
    };
}

impl Store {
    /// At most `limit` messages of the user, newest first, from behind `after` on.
    pub async fn outbox_of_person(
        &self,
        user: &str,
        pile: Pile,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Listing> {
        const WANTING: &str = pile!(
            "(o.state IN ('waiting', 'unknown', 'failed', 'partly_sent') \
             OR (o.state = 'sent' AND o.copy_state = 'failed' AND o.copy_next IS NULL))"
        );
        const LEAVING: &str = pile!("o.state IN ('scheduled', 'ready', 'sending', 'committing')");
        const OVER: &str = pile!(
            "(o.state IN ('denied', 'expired', 'cancelled') \
             OR (o.state = 'sent' AND NOT (o.copy_state = 'failed' AND o.copy_next IS NULL)))"
        );
        let sql = match pile {
            Pile::Wanting => WANTING,
            Pile::Leaving => LEAVING,
            Pile::Over => OVER,
        };
        let (created, id) = match after {
            Some(after) => (after.created.into(), after.id.as_str().into()),
            None => (Value::Int(i64::MAX), "".into()),
        };
        let most = limit as u64 + 1;
        let rows = self.database.fetch(sql, &[user.into(), created, id, most.into()]).await?;
        let mut listing = Listing::default();
        for row in rows.iter().take(limit) {
            match self.read_own(row).await {
                Ok(found) => listing.messages.extend(found),
                Err(Error::Seal | Error::WrongKey | Error::Unreadable(_)) => listing.unreadable += 1,
                Err(error) => return Err(error),
            }
        }
        if let (true, Some(last)) = (rows.len() > limit, rows.get(limit.saturating_sub(1))) {
            let id = OutboxId::from_text(last.text("id")?);
            listing.next = Some(Place { created: last.instant("created")?, id });
        }
        Ok(listing)
    }

    /// The user's message of that id; nothing if it is another's, was put away, or its account was removed.
    pub async fn outbox_find_own(&self, user: &str, id: &OutboxId) -> Result<Option<OwnOutgoing>> {
        const FIND: &str = own!("o.id = $2");
        match self.database.fetch_optional(FIND, &[user.into(), id.as_str().into()]).await? {
            Some(row) => self.read_own(&row).await,
            None => Ok(None),
        }
    }

    async fn read_own(&self, row: &Row) -> Result<Option<OwnOutgoing>> {
        let Some(message) = self.read_outgoing(row).await? else { return Ok(None) };
        let is_found = row.flag("is_found")?;
        Ok(Some(OwnOutgoing {
            message,
            is_again: !row.is_null("back_to")?,
            has_octets: row.flag("has_octets")?,
            looked: row.optional_instant("looked")?.map(|at| Looked { at, is_found }),
        }))
    }

    /// Has a message that waits for its time leave now: only the time changes, all checks are still to come.
    pub async fn outbox_send_now(&self, user: &str, id: &OutboxId) -> Result<bool> {
        const NOW: &str = "UPDATE outbox SET due = $3, updated = $3 \
            WHERE id = $2 AND user_name = $1 AND state IN ('scheduled', 'ready') AND due > $3";
        let values = [user.into(), id.as_str().into(), self.now().into()];
        Ok(self.database.execute(NOW, &values).await? > 0)
    }

    /// Takes a message for its person's own further try: `Sending`, and `owner`'s until `lease_until` or later.
    /// Only one that is `Unknown` or `Failed` and was begun `attempts` times, as its person saw it: of two
    /// clicks one does. It never becomes `Ready`, so nobody else tries on. False if it is not so.
    pub async fn outbox_claim_again(
        &self,
        user: &str,
        id: &OutboxId,
        attempts: u32,
        owner: &str,
        lease_until: Timestamp,
    ) -> Result<bool> {
        const CLAIM: &str = "UPDATE outbox SET back_to = state, state = 'sending', owner = $4, lease_until = $5, \
                attempts = attempts + 1, looked = NULL, is_found = 0, updated = $6 \
            WHERE id = $2 AND user_name = $1 AND attempts = $3 AND state IN ('unknown', 'failed') \
            AND hidden IS NULL";
        let values = [
            user.into(),
            id.as_str().into(),
            attempts.into(),
            owner.into(),
            lease_until.into(),
            self.now().into(),
        ];
        Ok(self.database.execute(CLAIM, &values).await? > 0)
    }

    /// Notes that a message was looked for in Sent, and where it is there, as agents name it.
    pub async fn outbox_note_look(&self, user: &str, id: &OutboxId, found: Option<&str>) -> Result<bool> {
        const NOTE: &str = "UPDATE outbox SET looked = $3, is_found = $4, copy_id = COALESCE($5, copy_id) \
            WHERE id = $2 AND user_name = $1 AND hidden IS NULL AND (state = 'unknown' \
            OR (state IN ('sent', 'partly_sent') AND copy_state = 'failed' AND copy_next IS NULL))";
        let (key, context) = self.key_of(id).await?;
        let key = key.ok_or(Error::Gone)?;
        let place = found.map(|place| seal(&key, &context, "copy_id", &place)).transpose()?;
        let values =
            [user.into(), id.as_str().into(), self.now().into(), found.is_some().into(), place.into()];
        Ok(self.database.execute(NOTE, &values).await? > 0)
    }

    /// An `Unknown` message has left, its person says: `Sent`. If it was not found in Sent, its copy is to be
    /// made; what else it owes in the mailbox is due.
    pub async fn outbox_settle(&self, user: &str, id: &OutboxId) -> Result<bool> {
        const SETTLE: &str = "UPDATE outbox SET state = 'sent', outcome = NULL, copy_tries = 1, \
                copy_state = CASE WHEN is_found = 1 THEN 'kept' ELSE 'failed' END, \
                copy_next = CASE WHEN is_found = 1 THEN NULL ELSE $3 END, follow_next = $4, updated = $3 \
            WHERE id = $2 AND user_name = $1 AND state = 'unknown' AND hidden IS NULL RETURNING is_found";
        let Some(own) = self.outbox_find_own(user, id).await? else { return Ok(false) };
        let now = self.now();
        let follow = own.message.frozen.owes_follow_up().then_some(now);
        let values = [user.into(), id.as_str().into(), now.into(), follow.into()];
        let mut transaction = self.database.begin().await?;
        let Some(row) = transaction.fetch_optional(SETTLE, &values).await? else { return Ok(false) };
        if row.flag("is_found")? {
            drop_pieces(&mut transaction, id.as_str()).await?;
        }
        count_sent(&mut transaction, own.message.grant.as_str(), now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Has a copy that failed for good be seen to again. It is looked for before it is stored.
    pub async fn outbox_file_again(&self, user: &str, id: &OutboxId) -> Result<bool> {
        // One try is behind it: what may be there already is looked for.
        const AGAIN: &str = "UPDATE outbox SET copy_tries = 1, copy_next = $3, updated = $3 \
            WHERE id = $2 AND user_name = $1 AND state IN ('sent', 'partly_sent') AND copy_state = 'failed' \
            AND copy_next IS NULL AND hidden IS NULL \
            AND EXISTS (SELECT 1 FROM outbox_pieces x WHERE x.outbox_id = outbox.id)";
        let values = [user.into(), id.as_str().into(), self.now().into()];
        Ok(self.database.execute(AGAIN, &values).await? > 0)
    }

    /// Puts a message that has ended out of its person's sight. Its key still names it; its octets go, unless its
    /// copy is being made.
    pub async fn outbox_hide(&self, user: &str, id: &OutboxId) -> Result<bool> {
        const HIDE: &str = "UPDATE outbox SET hidden = $3 WHERE id = $2 AND user_name = $1 AND hidden IS NULL \
            AND state IN ('sent', 'partly_sent', 'unknown', 'failed', 'denied', 'expired', 'cancelled') \
            RETURNING state, copy_next";
        let values = [user.into(), id.as_str().into(), self.now().into()];
        let mut transaction = self.database.begin().await?;
        let Some(row) = transaction.fetch_optional(HIDE, &values).await? else { return Ok(false) };
        let state: OutgoingState = row.text("state")?.parse().map_err(|()| Error::Unreadable("state"))?;
        let has_left = matches!(state, OutgoingState::Sent | OutgoingState::PartlySent);
        if !has_left || row.is_null("copy_next")? {
            drop_pieces(&mut transaction, id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}
