//! Bearer tokens as hashes, and the one query that every call begins with.

use domain::{GrantId, Timestamp, TokenId};

use crate::{Result, Standing, Store, Transaction, standing, standing::of_a_grant};

/// A token that is to be stored.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// SHA-256 of the bearer.
    pub hash: [u8; 32],
    /// When it ends by itself; its grant may end earlier.
    pub expires: Option<Timestamp>,
}

/// All that is known about a bearer, valid or not: its token, and its grant with whatever decides about it.
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
    /// How its grant stands.
    pub standing: Standing,
}

impl Store {
    /// What is known about the bearer with that SHA-256, in one query.
    pub async fn find_bearer(&self, hash: &[u8; 32]) -> Result<Option<Bearer>> {
        const FIND: &str = concat!(
            "SELECT t.id AS token_id, t.expires AS token_expires, t.revoked AS token_revoked, t.last_used, ",
            of_a_grant!(columns),
            " FROM tokens t JOIN grants g ON g.id = t.grant_id ",
            of_a_grant!(joins),
            " WHERE t.hash = $1 ORDER BY a.name"
        );
        let rows = self.database.fetch(FIND, &[hash.as_slice().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Bearer {
            token: TokenId::from_text(row.text("token_id")?),
            token_expires: row.optional_instant("token_expires")?,
            is_token_revoked: !row.is_null("token_revoked")?,
            last_used: row.optional_instant("last_used")?,
            standing: standing::read(row, &rows)?,
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
