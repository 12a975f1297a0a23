//! OAuth clients: registered here, or read from the document at the URL that is their id.
//!
//! What a client may be is decided in `access`; here it is kept, counted and forgotten.

use domain::{ClientId, Timestamp};

use crate::{Error, Result, Row, Store};

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// What it sends as `client_id`.
    pub id: ClientId,
    /// Whether its id is the URL of its document.
    pub is_document: bool,
    /// What it calls itself.
    pub name: String,
    /// Its own page; empty if it named none.
    pub uri: String,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// What its registration is counted under.
    pub redirect_host: String,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub auth_method: String,
    /// SHA-256 of its secret; absent for a public client.
    pub secret_hash: Option<[u8; 32]>,
    /// Since when it is known.
    pub created: Timestamp,
    /// When somebody last began to connect it, or it fetched tokens.
    pub last_used: Timestamp,
    /// When its document was read last; absent for one that registered.
    pub fetched: Option<Timestamp>,
}

/// A client that is to be kept; `created`, `last_used` and `fetched` are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClientRow {
    /// What it calls itself.
    pub name: String,
    /// Its own page; empty if it named none.
    pub uri: String,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// What its registration is counted under.
    pub redirect_host: String,
    /// `none`, `client_secret_basic` or `client_secret_post`.
    pub auth_method: &'static str,
    /// SHA-256 of its secret; absent for a public client.
    pub secret_hash: Option<[u8; 32]>,
}

macro_rules! columns {
    () => {
        "id, kind, name, uri, redirect_uris, redirect_host, auth_method, secret_hash, created, last_used, \
         fetched"
    };
}

impl Store {
    /// The client of that id.
    pub async fn find_client(&self, id: &ClientId) -> Result<Option<ClientRow>> {
        const FIND: &str = concat!("SELECT ", columns!(), " FROM clients WHERE id = $1");
        self.database.fetch_optional(FIND, &[id.as_str().into()]).await?.as_ref().map(read).transpose()
    }

    /// Keeps a client that registered, under an id made here.
    pub async fn add_client(&self, new: &NewClientRow) -> Result<ClientRow> {
        const ADD: &str = concat!(
            "INSERT INTO clients (id, kind, name, uri, redirect_uris, redirect_host, auth_method, secret_hash, ",
            "created, last_used) VALUES ($1, 'registered', $2, $3, $4, $5, $6, $7, $8, $8) RETURNING ",
            columns!()
        );
        let values = [
            ClientId::from_random(self.new_id()).as_str().into(),
            new.name.as_str().into(),
            new.uri.as_str().into(),
            list_of(&new.redirect_uris)?.into(),
            new.redirect_host.as_str().into(),
            new.auth_method.into(),
            new.secret_hash.map(|hash| hash.to_vec()).into(),
            self.now().into(),
        ];
        let row = self.database.fetch_optional(ADD, &values).await?;
        read(&row.ok_or(Error::Unreadable("new client"))?)
    }

    /// Keeps what a client's document says now, in place of what it said before.
    pub async fn save_document_client(&self, id: &ClientId, new: &NewClientRow) -> Result<ClientRow> {
        const SAVE: &str = concat!(
            "INSERT INTO clients (id, kind, name, uri, redirect_uris, redirect_host, auth_method, created, ",
            "last_used, fetched) VALUES ($1, 'document', $2, $3, $4, $5, $6, $7, $7, $7) ",
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, uri = excluded.uri, ",
            "redirect_uris = excluded.redirect_uris, redirect_host = excluded.redirect_host, ",
            "auth_method = excluded.auth_method, fetched = excluded.fetched RETURNING ",
            columns!()
        );
        let values = [
            id.as_str().into(),
            new.name.as_str().into(),
            new.uri.as_str().into(),
            list_of(&new.redirect_uris)?.into(),
            new.redirect_host.as_str().into(),
            new.auth_method.into(),
            self.now().into(),
        ];
        let row = self.database.fetch_optional(SAVE, &values).await?;
        read(&row.ok_or(Error::Unreadable("new client"))?)
    }

    /// When the `nth` last of the clients registered, of those since `since`; nothing if fewer did.
    /// With that a limit of `nth` is reached, and there is room again once this one is older than `since`.
    pub async fn nth_last_registration(&self, nth: u32, since: Timestamp) -> Result<Option<Timestamp>> {
        // a client is used when it registers, so the index of the last use narrows the rows
        const FIND: &str = "SELECT created FROM clients \
            WHERE last_used > $1 AND created > $1 AND kind = 'registered' \
            ORDER BY created DESC LIMIT 1 OFFSET $2";
        let values = [since.into(), nth.saturating_sub(1).into()];
        let row = self.database.fetch_optional(FIND, &values).await?;
        row.map(|row| row.instant("created")).transpose()
    }

    /// As [`Self::nth_last_registration`], of those that are counted under one host.
    pub async fn nth_last_registration_of(
        &self,
        redirect_host: &str,
        nth: u32,
        since: Timestamp,
    ) -> Result<Option<Timestamp>> {
        const FIND: &str = "SELECT created FROM clients \
            WHERE redirect_host = $3 AND created > $1 AND kind = 'registered' \
            ORDER BY created DESC LIMIT 1 OFFSET $2";
        let values = [since.into(), nth.saturating_sub(1).into(), redirect_host.into()];
        let row = self.database.fetch_optional(FIND, &values).await?;
        row.map(|row| row.instant("created")).transpose()
    }

    /// Notes that a client is in use; a later note is kept.
    pub async fn touch_client(&self, id: &ClientId, at: Timestamp) -> Result<()> {
        const TOUCH: &str = "UPDATE clients SET last_used = $2 WHERE id = $1 AND last_used < $2";
        self.database.execute(TOUCH, &[id.as_str().into(), at.into()]).await.map(drop)
    }

    /// Forgets clients that nobody used since `before` and that nobody ever let in; answers how many.
    /// One with a grant stays, even a revoked one: whoever looks at the past is told who it was.
    pub async fn forget_clients(&self, before: Timestamp) -> Result<u64> {
        const QUESTIONS: &str = "DELETE FROM consents WHERE client_id IN (SELECT id FROM clients \
            WHERE last_used < $1 \
            AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = clients.id))";
        const CLIENTS: &str = "DELETE FROM clients WHERE last_used < $1 \
            AND NOT EXISTS (SELECT 1 FROM grants WHERE grants.client_id = clients.id)";
        let mut transaction = self.database.begin().await?;
        transaction.execute(QUESTIONS, &[before.into()]).await?;
        let forgotten = transaction.execute(CLIENTS, &[before.into()]).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

fn list_of(redirect_uris: &[String]) -> Result<String> {
    serde_json::to_string(redirect_uris).map_err(|_| Error::Unreadable("redirects of a client"))
}

fn read(row: &Row) -> Result<ClientRow> {
    let redirects = "redirects of a client";
    let hash = row.optional_bytes("secret_hash")?.map(<[u8; 32]>::try_from).transpose();
    Ok(ClientRow {
        id: ClientId::from_text(row.text("id")?),
        is_document: row.text("kind")? == "document",
        name: row.text("name")?.to_owned(),
        uri: row.text("uri")?.to_owned(),
        redirect_uris: serde_json::from_str(row.text("redirect_uris")?)
            .map_err(|_| Error::Unreadable(redirects))?,
        redirect_host: row.text("redirect_host")?.to_owned(),
        auth_method: row.text("auth_method")?.to_owned(),
        secret_hash: hash.map_err(|_| Error::Unreadable("hash of a client's secret"))?,
        created: row.instant("created")?,
        last_used: row.instant("last_used")?,
        fetched: row.optional_instant("fetched")?,
    })
}
