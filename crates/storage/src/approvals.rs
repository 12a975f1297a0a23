//! What a person is asked about one frozen message, and their answer: given once, in time, and carried
//! out in the same transaction.

use std::str::FromStr;

use domain::{ApprovalId, ApprovalReason, Timestamp};

use crate::{
    Error, Outgoing, OutgoingState, Result, Row, Store, known,
    outbox::{an_outgoing, drop_pieces},
};

/// A question to a person as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Why it is asked.
    pub reasons: Vec<ApprovalReason>,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// What was answered.
    pub state: ApprovalState,
    /// When it was answered or ended.
    pub decided: Option<Timestamp>,
    /// Who answered.
    pub by: Option<String>,
}

/// How a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApprovalState {
    /// Nobody answered yet.
    Waiting,
    /// Yes.
    Approved,
    /// No.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The message was taken back.
    Cancelled,
}

impl ApprovalState {
    /// Every state.
    pub const ALL: &[Self] = &[Self::Waiting, Self::Approved, Self::Denied, Self::Expired, Self::Cancelled];

    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for ApprovalState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may leave, and its recipients are known from now on.
    Approve,
    /// It may not.
    Deny,
}

/// What an answer came to.
#[derive(Debug)]
pub enum Decided {
    /// It holds; the message as it is now.
    Done(Box<Outgoing>),
    /// It was answered before, or the message is beyond it: the message's state.
    Already(OutgoingState),
    /// It came too late.
    Expired,
    /// There is no such question.
    Absent,
}

impl Store {
    /// The message that a question is about, with that question; nothing if there is none or the
    /// account was removed.
    pub async fn approval_find(&self, id: &ApprovalId) -> Result<Option<Outgoing>> {
        const FIND: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM approvals p JOIN outbox o ON o.id = p.outbox_id WHERE p.id = $1"
        );
        match self.database.fetch_optional(FIND, &[id.as_str().into()]).await? {
            Some(row) => self.read_outgoing(&row).await,
            None => Ok(None),
        }
    }

    /// Messages that wait for an answer which can still be given, of one user or of all, oldest first; at
    /// most a thousand.
    pub async fn approvals_waiting(&self, user: Option<&str>) -> Result<Vec<Outgoing>> {
        const ALL: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o JOIN approvals p ON p.id = o.approval_id \
             WHERE o.state = 'waiting' AND p.state = 'waiting' AND p.expires > $1 \
             ORDER BY p.created, p.id LIMIT 1000"
        );
        const OF_USER: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o JOIN approvals p ON p.id = o.approval_id \
             WHERE o.state = 'waiting' AND p.state = 'waiting' AND p.expires > $1 AND o.user_name = $2 \
             ORDER BY p.created, p.id LIMIT 1000"
        );
        let now = self.now().into();
        let rows = match user {
            Some(user) => self.database.fetch(OF_USER, &[now, user.into()]).await?,
            None => self.database.fetch(ALL, &[now]).await?,
        };
        self.read_those(&rows).await
    }

    /// Questions of that user that are over, answered or not, newest first, each with its message.
    pub async fn approvals_over(&self, user: &str, limit: u32) -> Result<Vec<Outgoing>> {
        const OVER: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o JOIN approvals p ON p.outbox_id = o.id \
             WHERE o.user_name = $1 AND (p.state <> 'waiting' OR p.expires <= $2) \
             ORDER BY COALESCE(p.decided, p.expires) DESC, p.id LIMIT $3"
        );
        let values = [user.into(), self.now().into(), i64::from(limit).into()];
        let rows = self.database.fetch(OVER, &values).await?;
        self.read_those(&rows).await
    }

    /// The messages of those rows that can be read: one that was altered where it is kept keeps back no other.
    async fn read_those(&self, rows: &[Row]) -> Result<Vec<Outgoing>> {
        let mut messages = Vec::with_capacity(rows.len());
        for row in rows {
            match self.read_outgoing(row).await {
                Ok(found) => messages.extend(found),
                Err(error @ (Error::Seal | Error::WrongKey | Error::Unreadable(_))) => {
                    tracing::error!(message = row.text("id")?, %error, "a message was altered where it is kept");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(messages)
    }

    /// How many messages of that user wait for an answer which can still be given.
    pub async fn approvals_count(&self, user: &str) -> Result<u64> {
        const COUNT: &str = "SELECT COUNT(*) AS count FROM outbox o JOIN approvals p ON p.id = o.approval_id \
            WHERE o.user_name = $1 AND o.state = 'waiting' AND p.state = 'waiting' AND p.expires > $2";
        let row = self.database.fetch_optional(COUNT, &[user.into(), self.now().into()]).await?;
        Ok(row.map(|row| row.count("count")).transpose()?.unwrap_or_default())
    }

    /// Answers a question, once and in time, and moves its message on: approved, it becomes `Ready`, or
    /// `Scheduled` if it is due later, and its recipients are known to the account; denied, `Denied`.
    pub async fn approval_decide(&self, id: &ApprovalId, decision: Decision, by: &str) -> Result<Decided> {
        // The message first, in every transaction that changes both: two of them never wait for each other.
        const MOVE: &str = "UPDATE outbox SET state = CASE WHEN $2 = 'denied' THEN 'denied' \
                WHEN due > $3 THEN 'scheduled' ELSE 'ready' END, updated = $3 \
            WHERE approval_id = $1 AND state = 'waiting' AND EXISTS \
                (SELECT 1 FROM approvals WHERE id = $1 AND state = 'waiting' AND expires > $3)";
        const DECIDE: &str = "UPDATE approvals SET state = $2, decided = $3, decided_by = $4 \
            WHERE id = $1 AND state = 'waiting' AND expires > $3";
        let Some(asked) = self.approval_find(id).await? else { return Ok(Decided::Absent) };
        let word = match decision {
            Decision::Approve => ApprovalState::Approved,
            Decision::Deny => ApprovalState::Denied,
        };
        let now = self.now();
        let of_message = [id.as_str().into(), word.as_str().into(), now.into()];
        let of_question = [id.as_str().into(), word.as_str().into(), now.into(), by.into()];
        let known = match decision {
            Decision::Approve => self.fingerprints(&asked.account, &asked.frozen.recipients).await?,
            Decision::Deny => Vec::new(),
        };
        let mut transaction = self.database.begin().await?;
        let is_decided = transaction.execute(MOVE, &of_message).await? > 0
            && transaction.execute(DECIDE, &of_question).await? > 0;
        if !is_decided {
            drop(transaction);
            return self.why_undecided(id).await;
        }
        known::add(&mut transaction, &asked.account, known, now.into()).await?;
        if decision == Decision::Deny {
            drop_pieces(&mut transaction, asked.id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(self.approval_find(id).await?.map_or(Decided::Absent, |now| Decided::Done(Box::new(now))))
    }

    async fn why_undecided(&self, id: &ApprovalId) -> Result<Decided> {
        let Some(found) = self.approval_find(id).await? else { return Ok(Decided::Absent) };
        let is_over = found.approval.as_ref().is_some_and(|approval| match approval.state {
            ApprovalState::Waiting => approval.expires <= self.now(),
            ApprovalState::Expired => true,
            _ => false,
        });
        Ok(if is_over { Decided::Expired } else { Decided::Already(found.state) })
    }

    /// Ends messages whose question nobody answered in time. Answers how many.
    pub async fn approvals_expire(&self, now: Timestamp) -> Result<u64> {
        const END: &str = "UPDATE outbox SET state = 'expired', updated = $1 \
            WHERE state = 'waiting' AND approval_id IN \
                (SELECT id FROM approvals WHERE state = 'waiting' AND expires <= $1) RETURNING id";
        const EXPIRE: &str = "UPDATE approvals SET state = 'expired', decided = $2 \
            WHERE outbox_id = $1 AND state = 'waiting'";
        let mut transaction = self.database.begin().await?;
        let ended = transaction.fetch(END, &[now.into()]).await?;
        for row in &ended {
            let id = row.text("id")?;
            transaction.execute(EXPIRE, &[id.into(), now.into()]).await?;
            drop_pieces(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(ended.len() as u64)
    }
}
