//! Grants: a user's standing permission to a client. A grant is live until it is revoked or has expired.

use domain::{AccountName, Grant, GrantId, GrantedAccounts, Limits, Scope, Scopes, Timestamp, UserId};

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
            serde_json::to_string(&grant.limits).map_err(|_| Error::Unreadable("limits"))?.into(),
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

    /// The user's live grants in the order of their labels, each with its last use.
    pub async fn list_grants(&self, user: &UserId) -> Result<Vec<(Grant, Option<Timestamp>)>> {
        const LIST: &str = "SELECT id AS grant_id, user_id, label, scopes, accounts, limits, created, expires, \
                (SELECT max(last_used) FROM tokens WHERE grant_id = grants.id) AS last_used \
            FROM grants WHERE user_id = $1 AND revoked IS NULL AND (expires IS NULL OR expires > $2) \
            ORDER BY label";
        let rows = self.database.fetch(LIST, &[user.as_str().into(), self.now().into()]).await?;
        rows.iter().map(|row| Ok((read(row)?, row.optional_instant("last_used")?))).collect()
    }

    /// The user's live grant of that label.
    pub async fn find_grant(&self, user: &UserId, label: &str) -> Result<Option<Grant>> {
        const FIND: &str = "SELECT id AS grant_id, user_id, label, scopes, accounts, limits, created, expires \
            FROM grants WHERE user_id = $1 AND label = $2 AND revoked IS NULL \
            AND (expires IS NULL OR expires > $3)";
        let values = [user.as_str().into(), label.into(), self.now().into()];
        self.database.fetch_optional(FIND, &values).await?.as_ref().map(read).transpose()
    }

    /// Ends a grant, its tokens and its MCP sessions, takes back its mail that has not begun to leave, and
    /// forgets what it could have taken back. Answers its id, or nothing if the user has no unrevoked grant of
    /// that label.
    pub async fn revoke_grant(&self, user: &UserId, label: &str) -> Result<Option<GrantId>> {
        const REVOKE: &str = "UPDATE grants SET revoked = $3 \
            WHERE user_id = $1 AND label = $2 AND revoked IS NULL RETURNING id AS grant_id";
        let now = Value::from(self.now());
        let mut transaction = self.database.begin().await?;
        let values = [user.as_str().into(), label.into(), now.clone()];
        let Some(row) = transaction.fetch_optional(REVOKE, &values).await? else { return Ok(None) };
        let id = row.text("grant_id")?;
        transaction
            .execute(
                "UPDATE tokens SET revoked = $2 WHERE grant_id = $1 AND revoked IS NULL",
                &[id.into(), now.clone()],
            )
            .await?;
        transaction.execute("DELETE FROM mcp_sessions WHERE grant_id = $1", &[id.into()]).await?;
        outbox::end_waiting(&mut transaction, Whose::Grant(id), now).await?;
        changes::end_grant(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(Some(GrantId::from_text(id)))
    }
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

fn write_accounts(accounts: &GrantedAccounts) -> Result<Value> {
    match accounts {
        GrantedAccounts::All => Ok(Value::Null),
        GrantedAccounts::Only(names) => {
            serde_json::to_string(names).map(Value::Text).map_err(|_| Error::Unreadable("accounts"))
        }
    }
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
        // What is not known here allows nothing here.
        scopes: row.text("scopes")?.split(' ').filter_map(|scope| scope.parse::<Scope>().ok()).collect(),
        accounts: read_accounts(row.optional_text("accounts")?)?,
        limits: serde_json::from_str(row.text("limits")?).map_err(|_| Error::Unreadable("limits"))?,
        created: row.instant("created")?,
        expires: row.optional_instant("expires")?,
    })
}
