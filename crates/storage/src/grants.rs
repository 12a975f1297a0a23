//! Grants: a user's standing permission to a client. A grant is live until it is revoked or has expired; a
//! paused one is live, but nobody is let in under it.

use domain::{
    AccountName, ClientId, Grant, GrantId, GrantedAccounts, Limits, Scope, Scopes, Timestamp, UserId,
};

use crate::{
    Error, Result, Row, Store, Transaction, Value, changes,
    outbox::{self, Whose},
};

/// What a new grant is to hold.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The client's name, or the label of a personal token.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Where it allows it.
    pub accounts: GrantedAccounts,
    /// Its limits.
    pub limits: Limits,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

/// A live grant with what is known about its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGrant {
    /// The grant.
    pub grant: Grant,
    /// The OAuth client that it was given to; absent for a personal token.
    pub client: Option<ClientId>,
    /// Whether the person paused it.
    pub is_paused: bool,
    /// When one of its tokens was used last, as far as it was noted.
    pub last_used: Option<Timestamp>,
}

/// The columns of a held grant.
macro_rules! held {
    () => {
        "id AS grant_id, user_id, label, scopes, accounts, limits, created, expires, client_id, paused, \
         last_used"
    };
}

impl Store {
    /// Adds a grant together with its first token; `Taken` if the user has a live one of that label.
    pub async fn add_grant(&self, user: &UserId, grant: &NewGrant, token: &crate::NewToken) -> Result<Grant> {
        // A label whose grant has expired is free again.
        const EXPIRE: &str = "UPDATE grants SET revoked = $3 \
            WHERE user_id = $1 AND label = $2 AND revoked IS NULL AND expires <= $3";
        const ADD: &str = "INSERT INTO grants (id, user_id, label, scopes, accounts, limits, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
            RETURNING id AS grant_id, user_id, label, scopes, accounts, limits, created, expires";
        let now = Value::from(self.now());
        let values = [
            GrantId::from_random(self.new_id()).as_str().into(),
            user.as_str().into(),
            grant.label.as_str().into(),
            grant.scopes.to_string().into(),
            write_accounts(&grant.accounts)?,
            write_limits(&grant.limits)?,
            now.clone(),
            grant.expires.into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.execute(EXPIRE, &[user.as_str().into(), grant.label.as_str().into(), now]).await?;
        let row = transaction.fetch_optional(ADD, &values).await?;
        let grant = read(&row.ok_or(Error::Unreadable("new grant"))?)?;
        self.insert_token(&mut transaction, &grant.id, token).await?;
        transaction.commit().await?;
        Ok(grant)
    }

    /// The user's live grants in the order of their labels.
    pub async fn list_grants(&self, user: &UserId) -> Result<Vec<HeldGrant>> {
        const LIST: &str = concat!(
            "SELECT ",
            held!(),
            " FROM grants WHERE user_id = $1 AND revoked IS NULL AND (expires IS NULL OR expires > $2) \
             ORDER BY label"
        );
        let rows = self.database.fetch(LIST, &[user.as_str().into(), self.now().into()]).await?;
        rows.iter().map(read_held).collect()
    }

    /// Ids and labels of the user's grants, live ones first, then those that ended, the newest of them first; at most
    /// `limit`.
    pub async fn grant_labels(&self, user: &UserId, limit: u32) -> Result<Vec<(GrantId, String, bool)>> {
        const LIST: &str = "SELECT id, label, CAST(CASE WHEN revoked IS NULL AND (expires IS NULL OR expires > $2) \
                THEN 1 ELSE 0 END AS BIGINT) AS is_live \
            FROM grants WHERE user_id = $1 ORDER BY 3 DESC, created DESC, id LIMIT $3";
        let rows =
            self.database.fetch(LIST, &[user.as_str().into(), self.now().into(), limit.into()]).await?;
        let read = |row: &crate::Row| {
            Ok((GrantId::from_text(row.text("id")?), row.text("label")?.to_owned(), row.flag("is_live")?))
        };
        rows.iter().map(read).collect()
    }

    /// The user's live grant of that label.
    pub async fn find_grant(&self, user: &UserId, label: &str) -> Result<Option<HeldGrant>> {
        const FIND: &str = concat!(
            "SELECT ",
            held!(),
            " FROM grants WHERE user_id = $1 AND label = $2 AND revoked IS NULL \
             AND (expires IS NULL OR expires > $3)"
        );
        let values = [user.as_str().into(), label.into(), self.now().into()];
        self.database.fetch_optional(FIND, &values).await?.as_ref().map(read_held).transpose()
    }

    /// The user's live grant of that id.
    pub async fn find_grant_of(&self, user: &UserId, id: &GrantId) -> Result<Option<HeldGrant>> {
        const FIND: &str = concat!(
            "SELECT ",
            held!(),
            " FROM grants WHERE user_id = $1 AND id = $2 AND revoked IS NULL \
             AND (expires IS NULL OR expires > $3)"
        );
        let values = [user.as_str().into(), id.as_str().into(), self.now().into()];
        self.database.fetch_optional(FIND, &values).await?.as_ref().map(read_held).transpose()
    }

    /// The user's live grant of that client.
    pub async fn find_grant_to(&self, user: &UserId, client: &ClientId) -> Result<Option<HeldGrant>> {
        const FIND: &str = concat!(
            "SELECT ",
            held!(),
            " FROM grants WHERE user_id = $1 AND client_id = $2 AND revoked IS NULL \
             AND (expires IS NULL OR expires > $3)"
        );
        let values = [user.as_str().into(), client.as_str().into(), self.now().into()];
        self.database.fetch_optional(FIND, &values).await?.as_ref().map(read_held).transpose()
    }

    /// Gives the user's live grant of that id other scopes, accounts, limits and another end; its label stays.
    /// Answers whether there is such a one.
    pub async fn change_grant(&self, user: &UserId, id: &GrantId, new: &NewGrant) -> Result<bool> {
        const CHANGE: &str = "UPDATE grants SET scopes = $3, accounts = $4, limits = $5, expires = $6 \
            WHERE user_id = $1 AND id = $2 AND revoked IS NULL AND (expires IS NULL OR expires > $7)";
        let values = [
            user.as_str().into(),
            id.as_str().into(),
            new.scopes.to_string().into(),
            write_accounts(&new.accounts)?,
            write_limits(&new.limits)?,
            new.expires.into(),
            self.now().into(),
        ];
        Ok(self.database.execute(CHANGE, &values).await? > 0)
    }

    /// Lets nobody in under the user's live grant of that id, or does so again. Its MCP sessions end; all else
    /// is kept. Answers whether there is such a one.
    pub async fn pause_grant(&self, user: &UserId, id: &GrantId, is_paused: bool) -> Result<bool> {
        const PAUSE: &str = "UPDATE grants SET paused = $3 \
            WHERE user_id = $1 AND id = $2 AND revoked IS NULL AND (expires IS NULL OR expires > $4)";
        let now = self.now();
        let mut transaction = self.database.begin().await?;
        let paused = is_paused.then_some(now);
        let values = [user.as_str().into(), id.as_str().into(), paused.into(), now.into()];
        let changed = transaction.execute(PAUSE, &values).await?;
        if changed > 0 && is_paused {
            end_sessions(&mut transaction, id.as_str()).await?;
        }
        transaction.commit().await?;
        Ok(changed > 0)
    }

    /// Ends a grant, its sign-ins, its tokens and its MCP sessions, takes back its mail that has not begun to
    /// leave, and forgets what it could have taken back. Answers its id, or nothing if the user has no unrevoked
    /// grant of that label.
    pub async fn revoke_grant(&self, user: &UserId, label: &str) -> Result<Option<GrantId>> {
        const REVOKE: &str = "UPDATE grants SET revoked = $3 \
            WHERE user_id = $1 AND label = $2 AND revoked IS NULL RETURNING id AS grant_id";
        self.revoke(REVOKE, user, label).await
    }

    /// As [`Self::revoke_grant`], of that id. Answers whether there was such a one.
    pub async fn revoke_grant_of(&self, user: &UserId, id: &GrantId) -> Result<bool> {
        const REVOKE: &str = "UPDATE grants SET revoked = $3 \
            WHERE user_id = $1 AND id = $2 AND revoked IS NULL RETURNING id AS grant_id";
        Ok(self.revoke(REVOKE, user, id.as_str()).await?.is_some())
    }

    async fn revoke(&self, sql: &'static str, user: &UserId, named: &str) -> Result<Option<GrantId>> {
        let now = Value::from(self.now());
        let mut transaction = self.database.begin().await?;
        let values = [user.as_str().into(), named.into(), now.clone()];
        let Some(row) = transaction.fetch_optional(sql, &values).await? else { return Ok(None) };
        let id = row.text("grant_id")?;
        end(&mut transaction, id, now).await?;
        transaction.commit().await?;
        Ok(Some(GrantId::from_text(id)))
    }

    /// Lets go of clients that nobody used since `before`, where no live grant is theirs: revoked and expired
    /// grants keep their label alone.
    pub async fn release_clients(&self, before: Timestamp) -> Result<u64> {
        const RELEASE: &str = "UPDATE grants SET client_id = NULL \
            WHERE client_id IS NOT NULL AND (revoked IS NOT NULL OR expires <= $2) \
            AND EXISTS (SELECT 1 FROM clients WHERE clients.id = grants.client_id AND clients.last_used < $1)";
        self.database.execute(RELEASE, &[before.into(), self.now().into()]).await
    }
}

const END_SESSIONS: &str = "DELETE FROM mcp_sessions WHERE grant_id = $1";

/// What ends with a grant that has just been revoked. In the order in which all lock rows of these tables:
/// grants, families, tokens.
pub(crate) async fn end(transaction: &mut Transaction, id: &str, now: Value) -> Result<()> {
    const FAMILIES: &str = "UPDATE families SET revoked = $2 WHERE grant_id = $1 AND revoked IS NULL";
    const TOKENS: &str = "UPDATE tokens SET revoked = $2 WHERE grant_id = $1 AND revoked IS NULL";
    transaction.execute(FAMILIES, &[id.into(), now.clone()]).await?;
    transaction.execute(TOKENS, &[id.into(), now.clone()]).await?;
    end_sessions(transaction, id).await?;
    outbox::end_waiting(transaction, Whose::Grant(id), now).await?;
    changes::end_grant(transaction, id).await
}

/// Ends the MCP sessions of a grant: the transport closes them when it looks for them next.
pub(crate) async fn end_sessions(transaction: &mut Transaction, id: &str) -> Result<()> {
    transaction.execute(END_SESSIONS, &[id.into()]).await.map(drop)
}

/// Takes an account out of all grants of its user that name it.
pub(crate) async fn forget_account(
    transaction: &mut Transaction,
    user: &UserId,
    name: &AccountName,
) -> Result<()> {
    const FIND: &str = "SELECT id, accounts FROM grants \
        WHERE user_id = $1 AND revoked IS NULL AND accounts IS NOT NULL";
    for row in transaction.fetch(FIND, &[user.as_str().into()]).await? {
        let GrantedAccounts::Only(mut names) = read_accounts(row.optional_text("accounts")?)? else {
            continue;
        };
        if names.contains(name) {
            names.retain(|other| other != name);
            let accounts = write_accounts(&GrantedAccounts::Only(names))?;
            transaction
                .execute("UPDATE grants SET accounts = $2 WHERE id = $1", &[row.text("id")?.into(), accounts])
                .await?;
        }
    }
    Ok(())
}

pub(crate) fn write_accounts(accounts: &GrantedAccounts) -> Result<Value> {
    match accounts {
        GrantedAccounts::All => Ok(Value::Null),
        GrantedAccounts::Only(names) => {
            serde_json::to_string(names).map(Value::Text).map_err(|_| Error::Unreadable("accounts"))
        }
    }
}

pub(crate) fn write_limits(limits: &Limits) -> Result<Value> {
    serde_json::to_string(limits).map(Value::Text).map_err(|_| Error::Unreadable("limits"))
}

/// Scopes as they are stored; what is not known here allows nothing here.
pub(crate) fn read_scopes(text: &str) -> Scopes {
    text.split(' ').filter_map(|scope| scope.parse::<Scope>().ok()).collect()
}

fn read_accounts(text: Option<&str>) -> Result<GrantedAccounts> {
    let Some(text) = text else { return Ok(GrantedAccounts::All) };
    serde_json::from_str(text).map(GrantedAccounts::Only).map_err(|_| Error::Unreadable("accounts"))
}

/// Reads the columns `grant_id, user_id, label, scopes, accounts, limits, created, expires`.
pub(crate) fn read(row: &Row) -> Result<Grant> {
    Ok(Grant {
        id: GrantId::from_text(row.text("grant_id")?),
        user: UserId::from_text(row.text("user_id")?),
        label: row.text("label")?.to_owned(),
        scopes: read_scopes(row.text("scopes")?),
        accounts: read_accounts(row.optional_text("accounts")?)?,
        limits: serde_json::from_str(row.text("limits")?).map_err(|_| Error::Unreadable("limits"))?,
        created: row.instant("created")?,
        expires: row.optional_instant("expires")?,
    })
}

fn read_held(row: &Row) -> Result<HeldGrant> {
    Ok(HeldGrant {
        grant: read(row)?,
        client: row.optional_text("client_id")?.map(ClientId::from_text),
        is_paused: !row.is_null("paused")?,
        last_used: row.optional_instant("last_used")?,
    })
}
