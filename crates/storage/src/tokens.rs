//! Bearer tokens as hashes, and the one query that every call begins with.

use domain::{FamilyId, GrantId, Scopes, Timestamp, TokenId};

use crate::{Error, Result, Standing, Store, Transaction, grants, standing, standing::of_a_grant};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A bearer that a person made for a script.
    Personal,
    /// A bearer of an OAuth client.
    Access,
    /// What an OAuth client has its next tokens for: lets nobody in.
    Refresh,
}

impl TokenKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        match text {
            "personal" => Ok(Self::Personal),
            "access" => Ok(Self::Access),
            "refresh" => Ok(Self::Refresh),
            _ => Err(Error::Unreadable("kind of a token")),
        }
    }
}

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
    /// What the token is for.
    pub kind: TokenKind,
    /// What the token was given; all of its grant if absent.
    pub scopes: Option<Scopes>,
    /// Whom the token is for; absent for a personal one.
    pub resource: Option<String>,
    /// The sign-in that the token belongs to; absent for a personal one.
    pub family: Option<FamilyId>,
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
            "SELECT t.id AS token_id, t.kind, t.scopes AS token_scopes, t.resource, t.family_id, ",
            "t.expires AS token_expires, t.revoked AS token_revoked, t.last_used, ",
            of_a_grant!(columns),
            " FROM tokens t JOIN grants g ON g.id = t.grant_id ",
            of_a_grant!(joins),
            " WHERE t.hash = $1 ORDER BY a.name"
        );
        let rows = self.database.look(FIND, &[hash.as_slice().into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Bearer {
            token: TokenId::from_text(row.text("token_id")?),
            kind: TokenKind::read(row.text("kind")?)?,
            scopes: row.optional_text("token_scopes")?.map(grants::read_scopes),
            resource: row.optional_text("resource")?.map(str::to_owned),
            family: row.optional_text("family_id")?.map(FamilyId::from_text),
            token_expires: row.optional_instant("token_expires")?,
            is_token_revoked: !row.is_null("token_revoked")?,
            last_used: row.optional_instant("last_used")?,
            standing: standing::read(row, &rows)?,
        }))
    }

    /// Notes that a token, its sign-in and its grant were used at `at`; an earlier note is kept if it is later.
    pub async fn touch_token(&self, token: &TokenId, at: Timestamp) -> Result<()> {
        // in the order in which all lock rows of these tables
        const TOUCH: [&str; 3] = [
            "UPDATE grants SET last_used = $2 WHERE id = (SELECT grant_id FROM tokens WHERE id = $1) \
             AND (last_used IS NULL OR last_used < $2)",
            "UPDATE families SET last_used = $2 WHERE id = (SELECT family_id FROM tokens WHERE id = $1) \
             AND (last_used IS NULL OR last_used < $2)",
            "UPDATE tokens SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used < $2)",
        ];
        let mut transaction = self.database.begin().await?;
        for sql in TOUCH {
            transaction.execute(sql, &[token.as_str().into(), at.into()]).await?;
        }
        transaction.commit().await
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
