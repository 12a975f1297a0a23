//! Sign-ins of OAuth clients: a code and all tokens that came of it, which end together. Rotation of refresh
//! tokens is here; whether a client may have new tokens at all is decided in `access`.
//!
//! A family's row is locked before its tokens are touched, so that nothing is added to one that is ending.

use domain::{ClientId, FamilyId, GrantId, Scopes, Timestamp, TokenId, UserId};

use crate::{Error, Result, Row, Store, TokenKind, Transaction, Value, grants};

/// Refresh tokens of a family that can be used at the same time: answers that were lost leave some over.
const LIVE: u32 = 20;
/// Refresh tokens of a family that are kept after their use, to be known again.
const SPENT: u32 = 500;
/// Bearers of a family that can be used at the same time.
const BEARERS: u32 = 100;

/// A live sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: FamilyId,
    /// Since when.
    pub created: Timestamp,
    /// When one of its tokens was used last, as far as it was noted.
    pub last_used: Option<Timestamp>,
    /// When it ends by itself if it is not used.
    pub expires: Option<Timestamp>,
}

/// A sign-in, live or not, with whatever of its grant decides what its tokens are worth.
#[derive(Debug, Clone)]
pub struct FamilyStanding {
    /// Its id.
    pub family: FamilyId,
    /// Whether it was ended.
    pub is_ended: bool,
    /// Its grant.
    pub grant: GrantId,
    /// The client that the grant was given to.
    pub client: Option<ClientId>,
    /// What the grant allows.
    pub scopes: Scopes,
    /// When the grant ends by itself.
    pub expires: Option<Timestamp>,
    /// Whether the grant was revoked.
    pub is_revoked: bool,
    /// The user's name.
    pub user_name: String,
    /// Whether the user is disabled.
    pub is_user_disabled: bool,
}

/// A bearer and a refresh token that are to be stored.
#[derive(Debug, Clone)]
pub struct NewPair {
    /// The bearer.
    pub access: NewOne,
    /// The refresh token.
    pub refresh: NewOne,
    /// Whom both are for.
    pub resource: String,
}

/// One of a pair.
#[derive(Debug, Clone)]
pub struct NewOne {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// What it was given.
    pub scopes: Scopes,
    /// When it ends by itself.
    pub expires: Timestamp,
}

/// A refresh token with all that decides about it, valid or not.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Its id.
    pub token: TokenId,
    /// What it was given.
    pub scopes: Scopes,
    /// Whom it is for.
    pub resource: String,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// When it was exchanged for the next.
    pub replaced: Option<Timestamp>,
    /// The sign-in that it belongs to, and its grant.
    pub standing: FamilyStanding,
}

/// What came of the use of a code or a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// The pair was stored.
    Done,
    /// It was used before, and its sign-in has ended now.
    Reused,
    /// Its sign-in had ended, or it had itself.
    Ended,
}

/// The parts of a query for a family's standing: what is selected, and what is joined to the families `f`.
macro_rules! of_a_family {
    (columns) => {
        "f.id AS family_id, f.revoked AS family_revoked, g.id AS grant_id, g.client_id AS grant_client, \
         g.scopes AS grant_scopes, g.expires AS grant_expires, g.revoked AS grant_revoked, u.name AS user_name, \
         u.is_disabled"
    };
    (joins) => {
        "JOIN grants g ON g.id = f.grant_id JOIN users u ON u.id = g.user_id"
    };
}
pub(crate) use of_a_family;

impl Store {
    /// The live sign-ins of a grant, last used first.
    pub async fn list_families(&self, grant: &GrantId) -> Result<Vec<Family>> {
        const LIST: &str = "SELECT f.id, f.created, f.last_used, \
                (SELECT max(t.expires) FROM tokens t WHERE t.family_id = f.id AND t.kind = 'refresh' \
                    AND t.revoked IS NULL AND t.replaced IS NULL) AS expires \
            FROM families f WHERE f.grant_id = $1 AND f.revoked IS NULL \
            AND EXISTS (SELECT 1 FROM tokens t WHERE t.family_id = f.id AND t.revoked IS NULL \
                AND t.replaced IS NULL AND t.expires > $2) \
            ORDER BY COALESCE(f.last_used, f.created) DESC, f.id";
        let rows = self.database.fetch(LIST, &[grant.as_str().into(), self.now().into()]).await?;
        let read = |row: &Row| {
            Ok(Family {
                id: FamilyId::from_text(row.text("id")?),
                created: row.instant("created")?,
                last_used: row.optional_instant("last_used")?,
                expires: row.optional_instant("expires")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Whether that sign-in was not ended.
    pub async fn is_family_live(&self, family: &FamilyId) -> Result<bool> {
        const FIND: &str = "SELECT id FROM families WHERE id = $1 AND revoked IS NULL";
        Ok(self.database.look_optional(FIND, &[family.as_str().into()]).await?.is_some())
    }

    /// What is known about the refresh token with that SHA-256.
    pub async fn find_refresh(&self, hash: &[u8; 32]) -> Result<Option<Refresh>> {
        const FIND: &str = concat!(
            "SELECT t.id AS token_id, t.scopes, t.resource, t.expires, t.revoked, t.replaced, ",
            of_a_family!(columns),
            " FROM tokens t JOIN families f ON f.id = t.family_id ",
            of_a_family!(joins),
            " WHERE t.hash = $1 AND t.kind = 'refresh'"
        );
        let Some(row) = self.database.fetch_optional(FIND, &[hash.as_slice().into()]).await? else {
            return Ok(None);
        };
        Ok(Some(Refresh {
            token: TokenId::from_text(row.text("token_id")?),
            scopes: grants::read_scopes(row.text("scopes")?),
            resource: row.text("resource")?.to_owned(),
            expires: row.optional_instant("expires")?,
            is_revoked: !row.is_null("revoked")?,
            replaced: row.optional_instant("replaced")?,
            standing: read_standing(&row)?,
        }))
    }

    /// Exchanges a refresh token for a pair. One that was exchanged at `grace_from` or later gets a pair beside
    /// the one before; for one that was exchanged earlier, the sign-in ends.
    pub async fn rotate(&self, refresh: &Refresh, pair: &NewPair, grace_from: Timestamp) -> Result<Spent> {
        const REPLACE: &str = "UPDATE tokens SET replaced = COALESCE(replaced, $2) \
            WHERE id = $1 AND revoked IS NULL RETURNING replaced";
        let family = refresh.standing.family.as_str();
        let mut transaction = self.database.begin().await?;
        if !self.lock_family(&mut transaction, family).await? {
            return Ok(Spent::Ended);
        }
        let values = [refresh.token.as_str().into(), self.now().into()];
        let Some(row) = transaction.fetch_optional(REPLACE, &values).await? else { return Ok(Spent::Ended) };
        let spent = if row.instant("replaced")? < grace_from {
            self.end_family_of(&mut transaction, family).await?;
            Spent::Reused
        } else {
            self.issue(&mut transaction, family, pair).await?
        };
        transaction.commit().await?;
        Ok(spent)
    }

    /// Ends a sign-in of the user's grant, with its tokens, and the grant's MCP sessions, which do not tell whose
    /// they are. Answers whether there was such a one.
    pub async fn end_family(&self, user: &UserId, grant: &GrantId, family: &FamilyId) -> Result<bool> {
        const FIND: &str = "SELECT f.id FROM families f JOIN grants g ON g.id = f.grant_id \
            WHERE f.id = $1 AND g.id = $2 AND g.user_id = $3 AND f.revoked IS NULL";
        let values = [family.as_str().into(), grant.as_str().into(), user.as_str().into()];
        let mut transaction = self.database.begin().await?;
        if transaction.fetch_optional(FIND, &values).await?.is_none() {
            return Ok(false);
        }
        let has_ended = self.end_family_of(&mut transaction, family.as_str()).await?;
        transaction.commit().await?;
        Ok(has_ended)
    }

    /// Ends the sign-in that a token of the client belongs to, whatever its kind; answers it, or nothing if
    /// there is no such token.
    pub async fn end_family_by_token(
        &self,
        hash: &[u8; 32],
        client: &ClientId,
    ) -> Result<Option<FamilyStanding>> {
        const FIND: &str = concat!(
            "SELECT ",
            of_a_family!(columns),
            " FROM tokens t JOIN families f ON f.id = t.family_id ",
            of_a_family!(joins),
            " WHERE t.hash = $1 AND g.client_id = $2"
        );
        let values = [hash.as_slice().into(), client.as_str().into()];
        let mut transaction = self.database.begin().await?;
        let Some(row) = transaction.fetch_optional(FIND, &values).await? else { return Ok(None) };
        let found = read_standing(&row)?;
        self.end_family_of(&mut transaction, found.family.as_str()).await?;
        transaction.commit().await?;
        Ok(Some(found))
    }

    /// Forgets tokens of OAuth that had expired before `before`.
    pub async fn forget_tokens(&self, before: Timestamp) -> Result<u64> {
        const FORGET: &str = "DELETE FROM tokens WHERE expires < $1 AND kind <> 'personal'";
        self.database.execute(FORGET, &[before.into()]).await
    }

    /// Forgets sign-ins of before `before` of which neither a code nor a token is left.
    pub async fn forget_families(&self, before: Timestamp) -> Result<u64> {
        const FORGET: &str = "DELETE FROM families WHERE created < $1 \
            AND NOT EXISTS (SELECT 1 FROM tokens WHERE tokens.family_id = families.id) \
            AND NOT EXISTS (SELECT 1 FROM codes WHERE codes.family_id = families.id)";
        self.database.execute(FORGET, &[before.into()]).await
    }

    /// Whether the family is live; it stays so until the transaction ends.
    async fn lock_family(&self, transaction: &mut Transaction, family: &str) -> Result<bool> {
        // An update that changes nothing, since that is what locks a row in both databases.
        const LOCK: &str =
            "UPDATE families SET created = created WHERE id = $1 AND revoked IS NULL RETURNING id";
        Ok(transaction.fetch_optional(LOCK, &[family.into()]).await?.is_some())
    }

    /// Ends a family, its tokens, and its grant's MCP sessions. Answers whether it was live.
    pub(crate) async fn end_family_of(&self, transaction: &mut Transaction, family: &str) -> Result<bool> {
        const END: &str =
            "UPDATE families SET revoked = $2 WHERE id = $1 AND revoked IS NULL RETURNING grant_id";
        const TOKENS: &str = "UPDATE tokens SET revoked = $2 WHERE family_id = $1 AND revoked IS NULL";
        let values = [family.into(), Value::from(self.now())];
        let Some(row) = transaction.fetch_optional(END, &values).await? else { return Ok(false) };
        transaction.execute(TOKENS, &values).await?;
        grants::end_sessions(transaction, row.text("grant_id")?).await?;
        Ok(true)
    }

    /// Stores a pair, and drops what the family has too many of.
    pub(crate) async fn issue(
        &self,
        transaction: &mut Transaction,
        family: &str,
        pair: &NewPair,
    ) -> Result<Spent> {
        const TOO_MANY: &str = "UPDATE tokens SET revoked = $4 WHERE family_id = $1 AND kind = 'refresh' \
            AND replaced IS NULL AND revoked IS NULL AND id <> $2 AND id NOT IN \
            (SELECT id FROM tokens WHERE family_id = $1 AND kind = 'refresh' AND replaced IS NULL \
                AND revoked IS NULL AND id <> $2 ORDER BY created DESC, id LIMIT $3)";
        const TOO_OLD: &str = "DELETE FROM tokens WHERE family_id = $1 AND kind = 'refresh' \
            AND (replaced IS NOT NULL OR revoked IS NOT NULL) AND id NOT IN \
            (SELECT id FROM tokens WHERE family_id = $1 AND kind = 'refresh' \
                AND (replaced IS NOT NULL OR revoked IS NOT NULL) \
                ORDER BY COALESCE(replaced, revoked) DESC, id LIMIT $2)";
        const BEARERS_TOO_MANY: &str = "DELETE FROM tokens WHERE family_id = $1 AND kind = 'access' \
            AND id <> $2 AND id NOT IN (SELECT id FROM tokens WHERE family_id = $1 AND kind = 'access' \
                AND id <> $2 ORDER BY created DESC, id LIMIT $3)";
        if !self.lock_family(transaction, family).await? {
            return Ok(Spent::Ended);
        }
        let (kind, resource) = (TokenKind::Access, pair.resource.as_str());
        let access = self.add_one(transaction, family, kind, &pair.access, resource).await?;
        let kind = TokenKind::Refresh;
        let refresh = self.add_one(transaction, family, kind, &pair.refresh, resource).await?;
        let now = Value::from(self.now());
        let values = [family.into(), refresh.as_str().into(), (LIVE - 1).into(), now];
        transaction.execute(TOO_MANY, &values).await?;
        transaction.execute(TOO_OLD, &[family.into(), SPENT.into()]).await?;
        let values = [family.into(), access.as_str().into(), (BEARERS - 1).into()];
        transaction.execute(BEARERS_TOO_MANY, &values).await?;
        Ok(Spent::Done)
    }

    async fn add_one(
        &self,
        transaction: &mut Transaction,
        family: &str,
        kind: TokenKind,
        one: &NewOne,
        resource: &str,
    ) -> Result<TokenId> {
        const ADD: &str = "INSERT INTO tokens \
            (id, grant_id, hash, created, expires, kind, family_id, scopes, resource) \
            SELECT $1, grant_id, $3, $4, $5, $6, id, $7, $8 FROM families WHERE id = $2 RETURNING id";
        let id = TokenId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            family.into(),
            one.hash.as_slice().into(),
            self.now().into(),
            one.expires.into(),
            kind.as_str().into(),
            one.scopes.to_string().into(),
            resource.into(),
        ];
        let added = transaction.fetch_optional(ADD, &values).await?;
        added.map(|_| id).ok_or(Error::Unreadable("new token"))
    }
}

/// Reads the columns of [`of_a_family`].
pub(crate) fn read_standing(row: &Row) -> Result<FamilyStanding> {
    Ok(FamilyStanding {
        family: FamilyId::from_text(row.text("family_id")?),
        is_ended: !row.is_null("family_revoked")?,
        grant: GrantId::from_text(row.text("grant_id")?),
        client: row.optional_text("grant_client")?.map(ClientId::from_text),
        scopes: grants::read_scopes(row.text("grant_scopes")?),
        expires: row.optional_instant("grant_expires")?,
        is_revoked: !row.is_null("grant_revoked")?,
        user_name: row.text("user_name")?.to_owned(),
        is_user_disabled: row.flag("is_disabled")?,
    })
}
