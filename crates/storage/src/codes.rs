//! Authorization codes as hashes: made with a person's yes (`consents.rs`), spent once. A spent one is kept for a
//! while, so that a second use shows.

use domain::{ClientId, Scopes, Timestamp};

use crate::{
    FamilyStanding, NewPair, Result, Spent, Store,
    families::{self, of_a_family},
    grants,
};

/// A code with all that decides about it, valid or not.
#[derive(Debug, Clone)]
pub struct Code {
    /// Whom it was made for.
    pub client: ClientId,
    /// Where it went.
    pub redirect_uri: String,
    /// The S256 challenge.
    pub code_challenge: String,
    /// What was ticked.
    pub scopes: Scopes,
    /// Whom the tokens are for.
    pub resource: String,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// Whether it was spent.
    pub is_used: bool,
    /// The sign-in that it belongs to, and its grant.
    pub standing: FamilyStanding,
}

impl Store {
    /// What is known about the code with that SHA-256.
    pub async fn find_code(&self, hash: &[u8; 32]) -> Result<Option<Code>> {
        const FIND: &str = concat!(
            "SELECT c.client_id, c.redirect_uri, c.code_challenge, c.scopes, c.resource, c.expires, c.used, ",
            of_a_family!(columns),
            " FROM codes c JOIN families f ON f.id = c.family_id ",
            of_a_family!(joins),
            " WHERE c.hash = $1"
        );
        let Some(row) = self.database.fetch_optional(FIND, &[hash.as_slice().into()]).await? else {
            return Ok(None);
        };
        Ok(Some(Code {
            client: ClientId::from_text(row.text("client_id")?),
            redirect_uri: row.text("redirect_uri")?.to_owned(),
            code_challenge: row.text("code_challenge")?.to_owned(),
            scopes: grants::read_scopes(row.text("scopes")?),
            resource: row.text("resource")?.to_owned(),
            expires: row.instant("expires")?,
            is_used: !row.is_null("used")?,
            standing: families::read_standing(&row)?,
        }))
    }

    /// Spends a code for the first tokens of its sign-in; if it was spent before, the sign-in ends instead.
    pub async fn spend_code(&self, hash: &[u8; 32], pair: &NewPair) -> Result<Spent> {
        const SPEND: &str = "UPDATE codes SET used = $2 WHERE hash = $1 AND used IS NULL RETURNING family_id";
        const FIND: &str = "SELECT family_id FROM codes WHERE hash = $1";
        let mut transaction = self.database.begin().await?;
        let values = [hash.as_slice().into(), self.now().into()];
        let spent = match transaction.fetch_optional(SPEND, &values).await? {
            Some(row) => self.issue(&mut transaction, row.text("family_id")?, pair).await?,
            None => match transaction.fetch_optional(FIND, &[hash.as_slice().into()]).await? {
                Some(row) => {
                    self.end_family_of(&mut transaction, row.text("family_id")?).await?;
                    Spent::Reused
                }
                None => Spent::Ended,
            },
        };
        transaction.commit().await?;
        Ok(spent)
    }

    /// Forgets codes whose time was over before `before`, spent or not.
    pub async fn forget_codes(&self, before: Timestamp) -> Result<u64> {
        self.database.execute("DELETE FROM codes WHERE expires < $1", &[before.into()]).await
    }
}
