//! OAuth clients: those that registered here (RFC 7591), and those that say themselves who they are by a
//! document at the URL that is their id. Whether a redirect is one of a client's is decided here.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ClientId, Secret, Timestamp, chain};
use storage::{ClientRow, NewClientRow};
use time::Duration;
use url::Url;

use crate::{Access, agents::client_of, client_document, doors::bearer, redirect};

/// Over which registrations are counted.
const WINDOW: Duration = Duration::hours(1);
/// Registrations in that time, of all together.
const IN_ALL: u32 = 200;
/// Registrations in that time whose answers go to one host.
const PER_HOST: u32 = 20;
/// Registrations in that time of programs on people's own machines, whose host tells nothing.
const PER_LOOPBACK: u32 = 60;
/// How long a client is kept that nobody uses and nobody let in.
const KEPT_UNUSED: Duration = Duration::days(30);
/// What a client is called that gives no name.
const UNNAMED: &str = "Unnamed agent";
/// Characters of an id, or of a client's page.
const MAX_ID: usize = 2000;
/// Characters of a name as it is shown, and as it is looked at.
const MAX_NAME: usize = 100;
const MAX_NAME_READ: usize = 1000;

/// How a client proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMethod {
    /// It has no secret.
    None,
    /// HTTP Basic.
    Basic,
    /// In the form.
    Post,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it sends as `client_id`.
    pub id: ClientId,
    /// What it calls itself: never to be believed.
    pub name: String,
    /// Its own page; empty if it named none.
    pub uri: String,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// Whether its id is the URL of its document.
    pub is_document: bool,
    /// Since when it is known.
    pub created: Timestamp,
}

/// What a client wants to be registered with.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// What it calls itself.
    pub name: String,
    /// Its own page; empty if it named none.
    pub uri: String,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// How it will prove itself.
    pub auth_method: AuthMethod,
}

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationRefusal {
    /// A redirect that is not allowed.
    #[error("{0}")]
    Redirect(&'static str),
    /// Something else about it.
    #[error("{0}")]
    Metadata(&'static str),
    /// Too many clients register; the seconds to wait.
    #[error("too many registrations")]
    TooMany(u64),
    /// It could not be stored.
    #[error("registering is not possible just now")]
    Unavailable(#[source] crate::Error),
}

/// Why there is no client of an id.
#[derive(Debug, thiserror::Error)]
pub enum ClientRefusal {
    /// Nobody of that id registered.
    #[error("the client is not known here")]
    Unknown,
    /// Its document cannot be used; the words say why.
    #[error("the client's document cannot be used: {0}")]
    Document(&'static str),
    /// It could not be looked up.
    #[error("the client cannot be looked up just now")]
    Unavailable(#[source] crate::Error),
}

impl AuthMethod {
    /// Its name in metadata (RFC 7591, 2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    /// The method of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::None, Self::Basic, Self::Post].into_iter().find(|method| method.as_str() == name)
    }
}

impl Client {
    /// Whether answers may go to `uri`: one of its own, octet by octet, except for the port of a loopback host
    /// (RFC 8252, 7.3).
    pub fn has_redirect(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| redirect::is_same(registered, uri))
    }
}

impl Access {
    /// The client of that id, its document fetched if it is a URL.
    pub async fn client(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        if client_document::is_document(id) {
            return self.document_client(id).await;
        }
        self.client_kept(id).await?.ok_or(ClientRefusal::Unknown)
    }

    /// The client of that id as far as it is known here, without asking anybody else: nothing for a document
    /// that was not read within the hour.
    pub async fn client_kept(&self, id: &ClientId) -> Result<Option<Client>, ClientRefusal> {
        if !is_shaped(id) {
            return Err(ClientRefusal::Unknown);
        }
        if client_document::is_document(id) {
            client_document::check_url(id.as_str()).map_err(ClientRefusal::Document)?;
        }
        let now = self.clock().now();
        let found = self.find_client(id).await?;
        let Some(row) = found.filter(|row| !row.is_document || client_document::is_fresh(row, now)) else {
            return Ok(None);
        };
        Ok(Some(client_of(row)))
    }

    /// The client of that id for somebody who has not signed in. A document that is not kept is read for them too,
    /// but seldom, and not kept: then, and for a client that nobody knows, there is nothing.
    pub async fn client_for_stranger(&self, id: &ClientId) -> Result<Option<Client>, ClientRefusal> {
        match self.client_kept(id).await? {
            None if client_document::is_document(id) => self.document_client_for_stranger(id).await,
            kept => Ok(kept),
        }
    }

    /// Registers a client; the secret is absent for a public one, and is not shown again.
    pub async fn client_register(
        &self,
        new: &NewClient,
    ) -> Result<(Client, Option<Secret>), RegistrationRefusal> {
        redirect::check_all(&new.redirect_uris).map_err(RegistrationRefusal::Redirect)?;
        let redirect_host = redirect::counted_under(&new.redirect_uris);
        let store = self.store().map_err(RegistrationRefusal::Unavailable)?;
        self.check_registrations(store, &redirect_host).await?;
        let secret = (new.auth_method != AuthMethod::None).then(|| self.new_client_secret());
        let name = Some(shown_name(&new.name)).filter(|name| !name.is_empty());
        let row = NewClientRow {
            name: name.unwrap_or_else(|| UNNAMED.to_owned()),
            uri: shown_uri(&new.uri),
            redirect_uris: new.redirect_uris.clone(),
            redirect_host,
            auth_method: new.auth_method.as_str(),
            secret_hash: secret.as_ref().map(|secret| bearer::hash(secret.expose())),
        };
        let unavailable = |error: storage::Error| RegistrationRefusal::Unavailable(error.into());
        let kept = store.add_client(&row).await.map_err(unavailable)?;
        self.forget_unused_clients().await;
        Ok((client_of(kept), secret))
    }

    /// Counted in the database, so that several servers have one limit. Two registrations at the same
    /// instant may both find room: the limit is against floods, one more is none.
    async fn check_registrations(
        &self,
        store: &storage::Store,
        redirect_host: &str,
    ) -> Result<(), RegistrationRefusal> {
        let since = self.clock().now() - WINDOW;
        let of_host = if redirect_host == redirect::LOOPBACK { PER_LOOPBACK } else { PER_HOST };
        let unavailable = |error: storage::Error| RegistrationRefusal::Unavailable(error.into());
        let in_all = store.nth_last_registration(IN_ALL, since).await.map_err(unavailable)?;
        let here =
            store.nth_last_registration_of(redirect_host, of_host, since).await.map_err(unavailable)?;
        // room comes when the oldest that counts has left the window
        match in_all.max(here) {
            None => Ok(()),
            Some(oldest) => {
                let seconds = (oldest - since).whole_seconds().max(0).unsigned_abs() + 1;
                Err(RegistrationRefusal::TooMany(seconds))
            }
        }
    }

    /// The row of a client.
    pub(crate) async fn find_client(&self, id: &ClientId) -> Result<Option<ClientRow>, ClientRefusal> {
        let store = self.store().map_err(ClientRefusal::Unavailable)?;
        store.find_client(id).await.map_err(|error| ClientRefusal::Unavailable(error.into()))
    }

    /// Registrations and documents that came to nothing go when the next ones come.
    pub(crate) async fn forget_unused_clients(&self) {
        let Ok(store) = self.store() else { return };
        match store.forget_clients(self.clock().now() - KEPT_UNUSED).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "unused clients forgotten"),
            Err(error) => tracing::warn!(error = %chain(&error), "unused clients not forgotten"),
        }
    }

    fn new_client_secret(&self) -> Secret {
        let mut bytes = [0; 32];
        self.random().fill(&mut bytes);
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn is_shaped(id: &ClientId) -> bool {
    (1..=MAX_ID).contains(&id.as_str().len()) && id.as_str().bytes().all(|byte| byte.is_ascii_graphic())
}

/// A client's name as people are shown it: one line without characters that show nothing or turn their
/// neighbours around, at most 100 of them.
pub(crate) fn shown_name(name: &str) -> String {
    let shown: String = name
        .chars()
        .take(MAX_NAME_READ)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_unseen(*c))
        .collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    words.join(" ").chars().take(MAX_NAME).collect::<String>().trim_end().to_owned()
}

/// Format characters, variation selectors, fillers that are drawn as nothing, and private use.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}

/// A client's own page, if people can be shown it: https and plain; else empty.
pub(crate) fn shown_uri(uri: &str) -> String {
    let is_plain = uri.len() <= MAX_ID
        && uri.starts_with("https://")
        && Url::parse(uri).is_ok_and(|url| url.username().is_empty() && url.password().is_none())
        && uri.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { uri.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests;
