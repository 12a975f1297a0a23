//! What clients ask for and signed-in persons have yet to answer. A yes makes the grant and a code in the same
//! transaction, so that of two answers one counts. What may be asked and answered is decided in `access`.

use std::collections::HashSet;

use domain::{ClientId, ConsentId, FamilyId, GrantId, GrantedAccounts, Limits, Scopes, Timestamp, UserId};

use crate::{Result, Row, Store, Transaction, Value, grants};

/// A question that is to be kept.
#[derive(Debug, Clone)]
pub struct NewConsent {
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What goes back with it.
    pub state: Option<String>,
    /// The S256 challenge.
    pub code_challenge: String,
    /// The scopes it names; absent if it names none.
    pub scopes: Option<Scopes>,
    /// Whom the tokens are for.
    pub resource: String,
    /// Until when it can be answered.
    pub expires: Timestamp,
}

/// A question as it was put.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What goes back with it.
    pub state: Option<String>,
    /// The scopes it names; absent if it names none.
    pub scopes: Option<Scopes>,
    /// Until when it can be answered.
    pub expires: Timestamp,
    /// Whether it was answered.
    pub is_answered: bool,
}

/// A person's yes.
#[derive(Debug, Clone)]
pub struct Yes {
    /// What a new grant is called, if no other one is called so.
    pub label: String,
    /// What is allowed of what was offered.
    pub scopes: Scopes,
    /// What was offered: of the rest, a grant that there is keeps what it allows.
    pub offered: Scopes,
    /// In which accounts.
    pub accounts: GrantedAccounts,
    /// Within which limits.
    pub limits: Limits,
    /// When the grant ends by itself.
    pub expires: Option<Timestamp>,
    /// SHA-256 of the code.
    pub code_hash: [u8; 32],
    /// When the code ends by itself.
    pub code_expires: Timestamp,
}

/// What came of a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The grant.
    pub grant: GrantId,
    /// Whether it was made by this answer.
    pub is_new: bool,
}

impl Store {
    /// Keeps a question to the user; of their open ones, the newest `cap` are kept.
    pub async fn add_consent(&self, user: &UserId, new: &NewConsent, cap: u32) -> Result<ConsentId> {
        const ADD: &str = "INSERT INTO consents \
            (id, user_id, client_id, redirect_uri, state, code_challenge, scopes, resource, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        const DROP: &str = "DELETE FROM consents WHERE user_id = $1 AND answered IS NULL AND id <> $2 \
            AND id NOT IN (SELECT id FROM consents WHERE user_id = $1 AND answered IS NULL AND id <> $2 \
                ORDER BY created DESC, id LIMIT $3)";
        let id = ConsentId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            user.as_str().into(),
            new.client.as_str().into(),
            new.redirect_uri.as_str().into(),
            new.state.as_deref().into(),
            new.code_challenge.as_str().into(),
            new.scopes.map(|scopes| scopes.to_string()).into(),
            new.resource.as_str().into(),
            self.now().into(),
            new.expires.into(),
        ];
        let mut transaction = self.database.begin().await?;
        transaction.execute(ADD, &values).await?;
        let others = cap.saturating_sub(1);
        transaction.execute(DROP, &[user.as_str().into(), id.as_str().into(), others.into()]).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// A question to the user, answered or not.
    pub async fn find_consent(&self, user: &UserId, id: &ConsentId) -> Result<Option<Consent>> {
        const FIND: &str = "SELECT id, client_id, redirect_uri, state, scopes, expires, answered \
            FROM consents WHERE id = $1 AND user_id = $2";
        let values = [id.as_str().into(), user.as_str().into()];
        self.database.fetch_optional(FIND, &values).await?.as_ref().map(read).transpose()
    }

    /// Notes a no. Answers whether the question was open.
    pub async fn refuse_consent(&self, user: &UserId, id: &ConsentId) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let answered = self.answer(&mut transaction, user, id).await?;
        transaction.commit().await?;
        Ok(answered.is_some())
    }

    /// Notes a yes: makes the grant of user and client, or edits and resumes the one there is, and makes a
    /// code. Nothing if the question is not open; `Taken` if another grant was made at the same instant.
    pub async fn give_consent(&self, user: &UserId, id: &ConsentId, yes: &Yes) -> Result<Option<Given>> {
        const ADD_FAMILY: &str = "INSERT INTO families (id, grant_id, created) VALUES ($1, $2, $3)";
        const ADD_CODE: &str = "INSERT INTO codes \
            (hash, family_id, client_id, redirect_uri, code_challenge, scopes, resource, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let mut transaction = self.database.begin().await?;
        let Some(asked) = self.answer(&mut transaction, user, id).await? else { return Ok(None) };
        let client = asked.text("client_id")?;
        let given = match self.edit(&mut transaction, user, client, yes).await? {
            Some(grant) => Given { grant, is_new: false },
            None => Given { grant: self.make(&mut transaction, user, client, yes).await?, is_new: true },
        };
        let family = FamilyId::from_random(self.new_id());
        let now = Value::from(self.now());
        let values = [family.as_str().into(), given.grant.as_str().into(), now.clone()];
        transaction.execute(ADD_FAMILY, &values).await?;
        let values = [
            yes.code_hash.as_slice().into(),
            family.as_str().into(),
            client.into(),
            asked.text("redirect_uri")?.into(),
            asked.text("code_challenge")?.into(),
            yes.scopes.to_string().into(),
            asked.text("resource")?.into(),
            now,
            yes.code_expires.into(),
        ];
        transaction.execute(ADD_CODE, &values).await?;
        transaction.commit().await?;
        Ok(Some(given))
    }

    /// Forgets questions whose time was over before `before`.
    pub async fn forget_consents(&self, before: Timestamp) -> Result<u64> {
        self.database.execute("DELETE FROM consents WHERE expires < $1", &[before.into()]).await
    }

    /// Takes a question that is open: nobody else can answer it any more.
    async fn answer(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        id: &ConsentId,
    ) -> Result<Option<Row>> {
        const ANSWER: &str = "UPDATE consents SET answered = $3 \
            WHERE id = $1 AND user_id = $2 AND answered IS NULL AND expires > $3 \
            RETURNING client_id, redirect_uri, code_challenge, resource";
        let values = [id.as_str().into(), user.as_str().into(), self.now().into()];
        transaction.fetch_optional(ANSWER, &values).await
    }

    /// Edits the live grant of user and client, if there is one; one that has expired is ended first.
    async fn edit(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        client: &str,
        yes: &Yes,
    ) -> Result<Option<GrantId>> {
        const EXPIRE: &str = "UPDATE grants SET revoked = $3 \
            WHERE user_id = $1 AND client_id = $2 AND revoked IS NULL AND expires <= $3 RETURNING id";
        const RESUME: &str = "UPDATE grants SET paused = NULL \
            WHERE user_id = $1 AND client_id = $2 AND revoked IS NULL RETURNING id, scopes";
        const EDIT: &str =
            "UPDATE grants SET scopes = $2, accounts = $3, limits = $4, expires = $5 WHERE id = $1";
        let now = Value::from(self.now());
        let values = [user.as_str().into(), client.into(), now.clone()];
        if let Some(row) = transaction.fetch_optional(EXPIRE, &values).await? {
            grants::end(transaction, row.text("id")?, now).await?;
        }
        let values = [user.as_str().into(), client.into()];
        let Some(row) = transaction.fetch_optional(RESUME, &values).await? else { return Ok(None) };
        let kept = grants::read_scopes(row.text("scopes")?).iter().filter(|scope| !yes.offered.has(*scope));
        let scopes: Scopes = kept.chain(yes.scopes.iter()).collect();
        let values = [
            row.text("id")?.into(),
            scopes.to_string().into(),
            grants::write_accounts(&yes.accounts)?,
            grants::write_limits(&yes.limits)?,
            yes.expires.into(),
        ];
        transaction.execute(EDIT, &values).await?;
        Ok(Some(GrantId::from_text(row.text("id")?)))
    }

    async fn make(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        client: &str,
        yes: &Yes,
    ) -> Result<GrantId> {
        const LABELS: &str = "SELECT label FROM grants WHERE user_id = $1 AND revoked IS NULL";
        const ADD: &str = "INSERT INTO grants \
            (id, user_id, label, scopes, accounts, limits, created, expires, client_id) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let rows = transaction.fetch(LABELS, &[user.as_str().into()]).await?;
        let taken = rows.iter().map(|row| row.text("label")).collect::<Result<HashSet<_>>>()?;
        let id = GrantId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            user.as_str().into(),
            free_label(&yes.label, &taken).into(),
            yes.scopes.to_string().into(),
            grants::write_accounts(&yes.accounts)?,
            grants::write_limits(&yes.limits)?,
            self.now().into(),
            yes.expires.into(),
            client.into(),
        ];
        transaction.execute(ADD, &values).await?;
        Ok(id)
    }
}

/// Characters of a label.
const LABEL: usize = 64;

/// The label, or the first of `label (2)`, `label (3)` … that is not taken.
fn free_label(wanted: &str, taken: &HashSet<&str>) -> String {
    let numbered = |number: usize| {
        let end = if number < 2 { String::new() } else { format!(" ({number})") };
        let kept: String = wanted.chars().take(LABEL.saturating_sub(end.len())).collect();
        format!("{}{end}", kept.trim_end())
    };
    // one of so many is free
    let mut labels = (1..=taken.len() + 1).map(numbered);
    labels.find(|label| !taken.contains(label.as_str())).unwrap_or_else(|| wanted.to_owned())
}

fn read(row: &Row) -> Result<Consent> {
    Ok(Consent {
        id: ConsentId::from_text(row.text("id")?),
        client: ClientId::from_text(row.text("client_id")?),
        redirect_uri: row.text("redirect_uri")?.to_owned(),
        state: row.optional_text("state")?.map(str::to_owned),
        scopes: row.optional_text("scopes")?.map(grants::read_scopes),
        expires: row.instant("expires")?,
        is_answered: !row.is_null("answered")?,
    })
}
