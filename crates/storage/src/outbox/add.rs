//! A message into the outbox, all of it or nothing, and out of it again.

use domain::{DraftId, GrantId, HomeAccount, OutboxId, Timestamp};

use super::{
    Added, NewApproval, NewOutgoing, Outgoing, Sums, an_outgoing,
    row::{Sealed, context, seal},
};
use crate::{
    Error, PieceReader, Pieces, Result, Store, Transaction, Value,
    home::HomeKey,
    pieces::{Recut, seal_piece},
};

/// A message by its grant and the hash of its key; `$3` is now.
const OF_KEY: &str = concat!(
    "SELECT ",
    an_outgoing!(columns),
    " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id \
     WHERE o.grant_id = $1 AND o.key_hash = $2 AND (o.key_until IS NULL \
     OR o.updated + o.key_until - o.created > $3 \
     OR o.state NOT IN ('sent', 'partly_sent', 'failed', 'denied', 'expired', 'cancelled'))"
);

/// The same, though the key may have ended.
const LAST_OF_KEY: &str = concat!(
    "SELECT ",
    an_outgoing!(columns),
    " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id WHERE o.grant_id = $1 AND o.key_hash = $2"
);

/// A message by its grant and the hash of a draft's version.
const OF_VERSION: &str = concat!(
    "SELECT ",
    an_outgoing!(columns),
    " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id \
     WHERE o.grant_id = $1 AND o.version_hash = $2"
);

impl Store {
    /// Adds a message with its octets and its question, together or not at all. If the grant's key,
    /// or that version of a draft, names a message already, that one is answered and nothing is read from
    /// `octets`; one that failed gives its key up. `Source` if `octets` fail or are not `frozen.size` many.
    pub async fn outbox_add(&self, new: &NewOutgoing, octets: impl Pieces) -> Result<Added> {
        // What failed may be tried again under its key. A key may end before its row, but never while the
        // message may leave yet, or may have left without anybody knowing.
        const FREE: &str = "UPDATE outbox SET key_hash = NULL \
            WHERE grant_id = $1 AND key_hash = $2 AND (state = 'failed' OR (updated + key_until - created <= $3 \
            AND state IN ('sent', 'partly_sent', 'denied', 'expired', 'cancelled')))";
        // A version of a draft that did not leave, and never will, may be sent under another key.
        const FREE_VERSION: &str = "UPDATE outbox SET version_hash = NULL WHERE grant_id = $1 \
            AND version_hash = $2 AND state IN ('failed', 'denied', 'expired', 'cancelled')";
        const ADD: &str = "INSERT INTO outbox (id, grant_id, user_name, client, account, account_name, key_hash, \
                key_until, frozen, size, recipients, new_recipients, state, due, approval_id, created, updated, draft_hash, version_hash) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18) \
            ON CONFLICT DO NOTHING RETURNING id";
        let key = self.home_key(&new.account).await?.ok_or(Error::Gone)?;
        let context = context(&new.id, &new.grant);
        let sealed = Sealed { key: new.key.clone(), content: new.content, frozen: new.frozen.clone() };
        let key_hash = self.key_hash(&new.grant, &new.key);
        let draft = new.frozen.draft.as_ref();
        let draft_hash = draft.map(|draft| self.draft_hash(&new.grant, draft));
        let version = draft.zip(new.frozen.draft_version.as_deref());
        let version_hash = version.map(|(draft, version)| self.version_hash(&new.grant, draft, version));
        let now = Value::from(self.now());
        let values = [
            new.id.as_str().into(),
            new.grant.as_str().into(),
            new.user.as_str().into(),
            new.client.as_str().into(),
            new.account.to_string().into(),
            new.account_name.as_str().into(),
            key_hash.clone(),
            new.key_until.into(),
            seal(&key, &context, "frozen", &sealed)?.into(),
            new.frozen.size.into(),
            (new.frozen.recipients.len() as u64).into(),
            new.new_recipients.into(),
            new.state.as_str().into(),
            new.due.into(),
            new.approval.as_ref().map(|approval| approval.id.as_str().to_owned()).into(),
            now.clone(),
            draft_hash.unwrap_or(Value::Null),
            version_hash.clone().unwrap_or(Value::Null),
        ];
        let mut transaction = self.database.begin().await?;
        let of_key = [new.grant.as_str().into(), key_hash, now];
        transaction.execute(FREE, &of_key).await?;
        if let Some(hash) = &version_hash {
            transaction.execute(FREE_VERSION, &[new.grant.as_str().into(), hash.clone()]).await?;
        }
        if transaction.fetch_optional(ADD, &values).await?.is_none() {
            drop(transaction);
            let mut known = self.outbox_find_key(&new.grant, &new.key).await?;
            if let (None, Some(hash)) = (&known, version_hash) {
                known = self.find_by(OF_VERSION, &[new.grant.as_str().into(), hash]).await?;
            }
            return Ok(Added::Known(Box::new(known.ok_or(Error::Gone)?)));
        }
        add_pieces(&mut transaction, &key, &context, octets, new.frozen.size).await?;
        if let Some(approval) = &new.approval {
            self.add_approval(&mut transaction, &key, &new.id, &new.grant, approval).await?;
        }
        transaction.commit().await?;
        Ok(Added::New)
    }

    /// The message of that id; nothing if there is none or its account was removed.
    pub async fn outbox_find(&self, id: &OutboxId) -> Result<Option<Outgoing>> {
        const FIND: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id WHERE o.id = $1"
        );
        match self.database.fetch_optional(FIND, &[id.as_str().into()]).await? {
            Some(row) => self.read_outgoing(&row).await,
            None => Ok(None),
        }
    }

    /// The message that the grant's key names, also one that failed.
    pub async fn outbox_find_key(&self, grant: &GrantId, key: &str) -> Result<Option<Outgoing>> {
        let values = [grant.as_str().into(), self.key_hash(grant, key), self.now().into()];
        self.find_by(OF_KEY, &values).await
    }

    /// The same, or the last that the key named if it has ended.
    pub async fn outbox_find_last(&self, grant: &GrantId, key: &str) -> Result<Option<Outgoing>> {
        self.find_by(LAST_OF_KEY, &[grant.as_str().into(), self.key_hash(grant, key)]).await
    }

    /// What the grant was asked to send of a draft and did not fail, the newest first; at most 20.
    pub async fn outbox_of_draft(&self, grant: &GrantId, draft: &DraftId) -> Result<Vec<Outgoing>> {
        const LIST: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id \
             WHERE o.grant_id = $1 AND o.draft_hash = $2 AND o.state <> 'failed' \
             ORDER BY o.created DESC, o.id DESC LIMIT 20"
        );
        let values = [grant.as_str().into(), self.draft_hash(grant, draft)];
        let mut found = Vec::new();
        for row in self.database.fetch(LIST, &values).await? {
            found.extend(self.read_outgoing(&row).await?);
        }
        Ok(found)
    }

    async fn find_by(&self, sql: &'static str, values: &[Value]) -> Result<Option<Outgoing>> {
        match self.database.fetch_optional(sql, values).await? {
            Some(row) => self.read_outgoing(&row).await,
            None => Ok(None),
        }
    }

    /// Reads a message's stored form. `Gone` if it is not kept any more.
    pub async fn outbox_reader(&self, id: &OutboxId) -> Result<PieceReader> {
        const FIND: &str = "SELECT grant_id, account, pieces FROM outbox WHERE id = $1";
        const PIECE: &str = "SELECT content FROM outbox_pieces WHERE outbox_id = $1 AND seq = $2";
        let row = self.database.fetch_optional(FIND, &[id.as_str().into()]).await?.ok_or(Error::Gone)?;
        let account: HomeAccount = row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?;
        Ok(PieceReader {
            database: self.database.clone(),
            sql: PIECE,
            key: self.home_key(&account).await?.ok_or(Error::Gone)?,
            context: context(id, &GrantId::from_text(row.text("grant_id")?)),
            seq: 0,
            count: row.count("pieces")?,
        })
    }

    /// What a grant was asked to send, or began to, since then: all that left or may leave yet. The message
    /// that is being sent is one of them. What failed counts as a message if it was begun: a server was
    /// asked.
    pub async fn outbox_sums(&self, grant: &GrantId, since: Timestamp) -> Result<Sums> {
        // A sum of whole numbers is a fraction to Postgres.
        const SUM: &str = "SELECT count(*) AS messages, \
                CAST(COALESCE(sum(CASE WHEN state = 'failed' THEN 0 ELSE recipients END), 0) AS BIGINT) AS recipients, \
                CAST(COALESCE(sum(CASE WHEN state = 'failed' THEN 0 ELSE new_recipients END), 0) AS BIGINT) AS new_recipients, \
                CAST(COALESCE(sum(CASE WHEN state = 'failed' THEN 0 ELSE size END), 0) AS BIGINT) AS octets \
            FROM outbox WHERE grant_id = $1 AND (begun >= $2 OR (created >= $2 AND state <> 'failed')) \
            AND state NOT IN ('denied', 'expired', 'cancelled')";
        self.sum(SUM, &[grant.as_str().into(), since.into()]).await
    }

    /// What else of the grant left, failed, or began to leave before this message did, since then: what its
    /// own leaving comes on top of. Of two that began together each sees the other or is seen by it, never
    /// both, so that one of them can go on.
    pub async fn outbox_sums_before(&self, id: &OutboxId, since: Timestamp) -> Result<Sums> {
        const SUM: &str = "SELECT count(*) AS messages, \
                CAST(COALESCE(sum(CASE WHEN o.state = 'failed' THEN 0 ELSE o.recipients END), 0) AS BIGINT) AS recipients, \
                CAST(COALESCE(sum(CASE WHEN o.state = 'failed' THEN 0 ELSE o.new_recipients END), 0) AS BIGINT) AS new_recipients, \
                CAST(COALESCE(sum(CASE WHEN o.state = 'failed' THEN 0 ELSE o.size END), 0) AS BIGINT) AS octets \
            FROM outbox o JOIN outbox m ON m.id = $1 AND o.grant_id = m.grant_id AND o.id <> m.id \
            WHERE o.begun >= $2 AND (o.state IN ('sent', 'partly_sent', 'unknown', 'failed', 'committing') \
            OR (o.state = 'sending' AND (o.begun < m.begun OR (o.begun = m.begun AND o.id < m.id))))";
        self.sum(SUM, &[id.as_str().into(), since.into()]).await
    }

    async fn sum(&self, sql: &'static str, values: &[Value]) -> Result<Sums> {
        let row = self.database.fetch_optional(sql, values).await?;
        let row = row.ok_or(Error::Unreadable("sums"))?;
        Ok(Sums {
            messages: row.count("messages")?,
            recipients: row.count("recipients")?,
            new_recipients: row.count("new_recipients")?,
            octets: row.count("octets")?,
        })
    }

    pub(super) async fn add_approval(
        &self,
        transaction: &mut Transaction,
        key: &HomeKey,
        id: &OutboxId,
        grant: &GrantId,
        approval: &NewApproval,
    ) -> Result<()> {
        const ADD: &str = "INSERT INTO approvals (id, outbox_id, reasons, state, expires, created, told) \
            VALUES ($1, $2, $3, 'waiting', $4, $5, $6)";
        let values = [
            approval.id.as_str().into(),
            id.as_str().into(),
            Self::seal_reasons(key, id, grant, approval)?.into(),
            approval.expires.into(),
            self.now().into(),
            if approval.is_to_be_told { Value::Null } else { 0_i64.into() },
        ];
        transaction.execute(ADD, &values).await.map(drop)
    }

    /// A key may tell what it is about, so only this is kept where it can be searched.
    fn key_hash(&self, grant: &GrantId, key: &str) -> Value {
        self.sealer.mac("outbox key", &[grant.as_str().as_bytes(), key.as_bytes()]).as_slice().into()
    }

    fn draft_hash(&self, grant: &GrantId, draft: &DraftId) -> Value {
        let parts = [grant.as_str().as_bytes(), draft.as_str().as_bytes()];
        self.sealer.mac("outbox draft", &parts).as_slice().into()
    }

    fn version_hash(&self, grant: &GrantId, draft: &DraftId, version: &str) -> Value {
        let parts = [grant.as_str().as_bytes(), draft.as_str().as_bytes(), version.as_bytes()];
        self.sealer.mac("outbox draft version", &parts).as_slice().into()
    }
}

async fn add_pieces(
    transaction: &mut Transaction,
    key: &HomeKey,
    context: &[String],
    octets: impl Pieces,
    size: u64,
) -> Result<()> {
    const ADD: &str = "INSERT INTO outbox_pieces (outbox_id, seq, content) VALUES ($1, $2, $3)";
    let id = context.first().ok_or(Error::Unreadable("outbox id"))?.as_str();
    let mut pieces = Recut::new(octets);
    let (mut seq, mut read) = (0_u64, 0_u64);
    while let Some(piece) = pieces.next().await? {
        read += piece.len() as u64;
        let sealed = seal_piece(key, context, seq, piece);
        transaction.execute(ADD, &[id.into(), seq.into(), sealed.into()]).await?;
        seq += 1;
    }
    if read != size {
        return Err(Error::Source(std::io::ErrorKind::UnexpectedEof.into()));
    }
    const COUNT: &str = "UPDATE outbox SET pieces = $2 WHERE id = $1";
    transaction.execute(COUNT, &[id.into(), seq.into()]).await.map(drop)
}
