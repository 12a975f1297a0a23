//! Bearer tokens as hashes, and the one query that every call begins with.

use domain::{AccountId, AccountName, Grant, GrantId, Timestamp, TokenId};

use crate::{Error, Result, Row, Store, Transaction, grants};

/// A token that is to be stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// SHA-256 of the bearer.
    pub hash: [u8; 32],
    /// When it ends by itself; its grant may end earlier.
    pub expires: Option<Timestamp>,
}

/// All that is known about a bearer, valid or not: its token, its grant, its user, the user's accounts.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token's id.
    pub token: TokenId,
    /// When the token ends by itself.
    pub token_expires: Option<Timestamp>,
    /// Whether the token was revoked.
    pub is_token_revoked: bool,
    /// When the token was last noted as used.
    pub last_used: Option<Timestamp>,
    /// Its grant.
    pub grant: Grant,
    /// Whether the grant was revoked.
    pub is_grant_revoked: bool,
    /// The user's name.
    pub user_name: String,
    /// Whether the user is disabled.
    pub is_user_disabled: bool,
    /// All accounts of the user, granted or not, in the order of their names.
    pub accounts: Vec<BearerAccount>,
}

/// One account of a bearer's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
    /// Whether it is the user's default.
    pub is_default: bool,
}

impl Store {
    /// What is known about the bearer with that SHA-256, in one query.
    pub async fn find_bearer(&self, hash: &[u8; 32]) -> Result<Option<Bearer>> {
        const FIND: &str = "SELECT t.id AS token_id, t.expires AS token_expires, t.revoked AS token_revoked, \
                t.last_used, g.id AS grant_id, g.user_id, g.label, g.scopes, g.accounts, g.limits, g.created, \
                g.expires, g.revoked AS grant_revoked, u.name AS user_name, u.is_disabled, \
                a.id AS account_id, a.name AS account_name, a.is_default \
            FROM tokens t JOIN grants g ON g.id = t.grant_id JOIN users u ON u.id = g.user_id \
            LEFT JOIN accounts a ON a.user_id = u.id \
            WHERE t.hash = $1 ORDER BY a.name";
        let rows = self.database.fetch(FIND, &[hash.as_slice().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Bearer {
            token: TokenId::from_text(row.text("token_id")?),
            token_expires: row.optional_instant("token_expires")?,
            is_token_revoked: !row.is_null("token_revoked")?,
            last_used: row.optional_instant("last_used")?,
            grant: grants::read(row)?,
            is_grant_revoked: !row.is_null("grant_revoked")?,
            user_name: row.text("user_name")?.to_owned(),
            is_user_disabled: row.flag("is_disabled")?,
            accounts: rows.iter().filter_map(|row| read_account(row).transpose()).collect::<Result<_>>()?,
        }))
    }

    /// Notes that a token was used at `at`; an earlier note is kept if it is later.
    pub async fn touch_token(&self, token: &TokenId, at: Timestamp) -> Result<()> {
        const TOUCH: &str =
            "UPDATE tokens SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used < $2)";
        self.database.execute(TOUCH, &[token.as_str().into(), at.into()]).await.map(drop)
    }

    pub(crate) async fn insert_token(
        &self,
        transaction: &mut Transaction,
        grant: &GrantId,
        token: &NewToken,
    ) -> Result<TokenId> {
        const ADD: &str =
            "INSERT INTO tokens (id, grant_id, hash, created, expires) VALUES ($1, $2, $3, $4, $5)";
        let id = TokenId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            grant.as_str().into(),
            token.hash.as_slice().into(),
            self.now().into(),
            token.expires.into(),
        ];
        transaction.execute(ADD, &values).await?;
        Ok(id)
    }
}

fn read_account(row: &Row) -> Result<Option<BearerAccount>> {
    let Some(id) = row.optional_text("account_id")? else { return Ok(None) };
    Ok(Some(BearerAccount {
        id: AccountId::from_text(id),
        name: row.text("account_name")?.parse().map_err(|_| Error::Unreadable("account name"))?,
        is_default: row.flag("is_default")?,
    }))
}
