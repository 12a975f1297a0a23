//! Who is to be told by mail that something waits for them: seldom, by one program among many, and of what still
//! waits. What is written to them, and how it leaves, is not decided here.

use domain::{AccountName, ApprovalId, HomeAccount, Timestamp, UserId};

use crate::{Error, Result, Row, Store};

/// Somebody for whom something waits that they were not told of, and who was not told of anything lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Their id.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// What they wish of the server, as JSON; nothing if they never said.
    pub wishes: Option<String>,
}

/// One of the messages that wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMessage {
    /// What is asked about it.
    pub approval: ApprovalId,
    /// The label of the grant that it is sent under.
    pub client: String,
    /// The account that it would leave from.
    pub account: HomeAccount,
    /// That account's name.
    pub account_name: AccountName,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// Whether the person was told of it.
    pub is_told: bool,
}

impl Store {
    /// People who are to be told, in the order of their names, at most `limit`. Nobody whom somebody claimed
    /// until later than now; a claim that ends later than `until` is one of a clock that went wrong.
    pub async fn telling_due(&self, until: Timestamp, limit: u32) -> Result<Vec<Untold>> {
        const LIST: &str = "SELECT DISTINCT u.id, u.name, u.wishes FROM approvals p \
            JOIN outbox o ON o.approval_id = p.id JOIN users u ON u.name = o.user_name \
            LEFT JOIN telling t ON t.user_name = o.user_name \
            WHERE p.state = 'waiting' AND p.expires > $1 AND p.told IS NULL AND o.state = 'waiting' \
            AND u.is_disabled = 0 AND (t.until IS NULL OR t.until <= $1 OR t.until > $2) \
            ORDER BY u.name LIMIT $3";
        let values = [self.now().into(), until.into(), i64::from(limit).into()];
        let rows = self.database.fetch(LIST, &values).await?;
        let read = |row: &Row| {
            Ok(Untold {
                id: UserId::from_text(row.text("id")?),
                name: row.text("name")?.to_owned(),
                wishes: row.optional_text("wishes")?.map(str::to_owned),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Takes it on to tell that person, so that nobody else does before `until`. Of many who try at once, one
    /// hears yes.
    pub async fn telling_claim(&self, user: &str, until: Timestamp) -> Result<bool> {
        const CLAIM: &str = "INSERT INTO telling (user_name, until) VALUES ($1, $2) \
            ON CONFLICT (user_name) DO UPDATE SET until = excluded.until \
            WHERE telling.until <= $3 OR telling.until > excluded.until";
        let values = [user.into(), until.into(), self.now().into()];
        Ok(self.database.execute(CLAIM, &values).await? > 0)
    }

    /// What waits for that person on our pages, oldest first, told of or not; at most a thousand.
    pub async fn telling_waiting(&self, user: &str) -> Result<Vec<WaitingMessage>> {
        const LIST: &str = "SELECT p.id, p.expires, p.told, o.client, o.account, o.account_name \
            FROM outbox o JOIN approvals p ON p.id = o.approval_id \
            WHERE o.user_name = $1 AND o.state = 'waiting' AND p.state = 'waiting' AND p.expires > $2 \
            AND (p.told IS NULL OR p.told > 0) ORDER BY p.created, p.id LIMIT 1000";
        let rows = self.database.fetch(LIST, &[user.into(), self.now().into()]).await?;
        let read = |row: &Row| {
            Ok(WaitingMessage {
                approval: ApprovalId::from_text(row.text("id")?),
                client: row.text("client")?.to_owned(),
                account: row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?,
                account_name: row
                    .text("account_name")?
                    .parse()
                    .map_err(|_| Error::Unreadable("account name"))?,
                expires: row.instant("expires")?,
                is_told: row.optional_instant("told")?.is_some(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The person was told of those; with `is_over` nobody ever is to tell them.
    pub async fn telling_done(&self, approvals: &[ApprovalId], is_over: bool) -> Result<()> {
        const DONE: &str = "UPDATE approvals SET told = $2 WHERE id = $1 AND told IS NULL";
        let told = if is_over { Timestamp::UNIX_EPOCH } else { self.now() };
        let mut transaction = self.database.begin().await?;
        for approval in approvals {
            transaction.execute(DONE, &[approval.as_str().into(), told.into()]).await?;
        }
        transaction.commit().await
    }
}
