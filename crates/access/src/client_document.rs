//! Clients that say who they are by a document at the https URL that is their id (OAuth client id metadata
//! documents). It is fetched, read with the same rules as a registration, and kept for an hour.
//!
//! Whoever wrote the URL chooses what this server asks for: so hosts are public ones, few are asked at a time,
//! one host is asked seldom, and what comes is small.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{ClientId, Timestamp, chain};
use net::{AnswerFault, FetchBounds, Fetched, Origin};
use serde::Deserialize;
use storage::{ClientRow, NewClientRow};
use time::Duration;
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use crate::{
    Access, AuthMethod, Client, ClientRefusal,
    agents::client_of,
    clients::{shown_name, shown_uri},
    redirect,
};

/// Octets of a document.
const MAX_DOCUMENT: usize = 5 << 10;
/// How long what was read holds.
const FRESH: Duration = Duration::hours(1);
/// How long it still holds if it cannot be read again.
const USABLE: Duration = Duration::days(1);
/// Documents that are fetched at the same time.
const AT_ONCE: usize = 8;
/// How long one waits for its turn.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Of these, documents that are fetched for people who have not signed in.
const AT_ONCE_FOR_STRANGERS: usize = 2;
/// Documents that are fetched for them in a minute, of all hosts together.
const FOR_STRANGERS: u32 = 20;
/// Documents of one host that are fetched in a minute.
const PER_HOST: u32 = 10;
/// Hosts that are remembered with how often they were asked.
const REMEMBERED: usize = 1024;
/// Characters of the URL.
const MAX_URL: usize = 2000;

/// What bounds the fetching.
#[derive(Debug)]
pub(crate) struct Documents {
    running: Semaphore,
    for_strangers: Semaphore,
    asked: Mutex<HashMap<String, Asked>>,
}

#[derive(Debug)]
struct Asked {
    since: Timestamp,
    count: u32,
}

impl Default for Documents {
    fn default() -> Self {
        Self {
            running: Semaphore::new(AT_ONCE),
            for_strangers: Semaphore::new(AT_ONCE_FOR_STRANGERS),
            asked: Mutex::default(),
        }
    }
}

impl Documents {
    /// Counts a question to `host`; false if it was asked too often.
    fn count(&self, host: &str, now: Timestamp) -> bool {
        self.count_up_to(PER_HOST, host, now)
    }

    fn count_up_to(&self, most: u32, host: &str, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, asked| now - asked.since < Duration::minutes(1));
        if asked.len() >= REMEMBERED && !asked.contains_key(host) {
            return false;
        }
        let asked = asked.entry(host.to_owned()).or_insert(Asked { since: now, count: 0 });
        asked.count += 1;
        asked.count <= most
    }
}

/// Whether an id is meant as the URL of a document.
pub(crate) fn is_document(id: &ClientId) -> bool {
    id.as_str().starts_with("https://")
}

/// Whether what a document said is taken without asking anew.
pub(crate) fn is_fresh(row: &ClientRow, now: Timestamp) -> bool {
    row.fetched.is_some_and(|fetched| now - fetched < FRESH)
}

/// The URL of a document, in its one spelling; the words say what is wrong with it.
pub(crate) fn check_url(text: &str) -> Result<Url, &'static str> {
    const WRONG: &str = "its id must be an https URL with a path, without user, fragment or dot segments";
    if text.len() > MAX_URL {
        return Err("its id is longer than 2,000 characters");
    }
    let url = Url::parse(text).map_err(|_| WRONG)?;
    let is_plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.path().len() > 1
        && url.host_str().is_some_and(|host| !host.is_empty());
    // another spelling of the same URL (case, default port, dots, tabs) would be another client of the same name
    if !is_plain || url.as_str() != text {
        return Err(WRONG);
    }
    // other services of a host are none of a client's business
    if url.port().is_some_and(|port| port < 1024) {
        return Err("its id names a port that no web server has");
    }
    Ok(url)
}

impl Access {
    /// The client whose document is at the URL `id`.
    pub(crate) async fn document_client(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        let url = check_url(id.as_str()).map_err(ClientRefusal::Document)?;
        let now = self.clock().now();
        let kept = self.find_client(id).await?.filter(|row| row.is_document);
        let kept = match kept {
            Some(row) if is_fresh(&row, now) => return Ok(client_of(row)),
            kept => kept,
        };
        let new = match self.read_document(&url).await {
            Ok(new) => new,
            Err(why) => {
                tracing::info!(reason = why, "document of a client not read");
                // a host that is down for a while does not shut out who uses its client every day
                let is_usable = |fetched| now - fetched < USABLE;
                let row = kept.filter(|row| row.fetched.is_some_and(is_usable));
                return row.map(client_of).ok_or(ClientRefusal::Document(why));
            }
        };
        let store = self.store().map_err(ClientRefusal::Unavailable)?;
        let saved = store.save_document_client(id, &new).await;
        let row = saved.map_err(|error| ClientRefusal::Unavailable(error.into()))?;
        self.forget_unused_clients().await;
        Ok(client_of(row))
    }

    /// The same for somebody who has not signed in: what is read is not kept, and nothing is answered once
    /// strangers have had so much read that others would be kept waiting.
    pub(crate) async fn document_client_for_stranger(
        &self,
        id: &ClientId,
    ) -> Result<Option<Client>, ClientRefusal> {
        let url = check_url(id.as_str()).map_err(ClientRefusal::Document)?;
        let now = self.clock().now();
        let Ok(_turn) = self.documents().for_strangers.try_acquire() else { return Ok(None) };
        // no host is called so
        if !self.documents().count_up_to(FOR_STRANGERS, "(strangers)", now) {
            return Ok(None);
        }
        let new = self.read_document(&url).await.map_err(|why| {
            tracing::info!(reason = why, "document of a client not read for a stranger");
            ClientRefusal::Document(why)
        })?;
        Ok(Some(Client {
            id: id.clone(),
            name: new.name,
            uri: new.uri,
            redirect_uris: new.redirect_uris,
            auth_method: AuthMethod::None,
            is_document: true,
            created: now,
        }))
    }

    async fn read_document(&self, url: &Url) -> Result<NewClientRow, &'static str> {
        let outgoing = self.settings().outgoing.as_ref().ok_or("this server fetches no documents")?;
        let host = url.host_str().unwrap_or_default();
        if !self.documents().count(host, self.clock().now()) {
            return Err("its host was asked too often; try again in a minute");
        }
        let busy = "too many documents are being fetched; try again in a moment";
        let running = timeout(PATIENCE, self.documents().running.acquire()).await.map_err(|_| busy)?;
        let _running = running.map_err(|_| busy)?;
        let bounds = FetchBounds { body: MAX_DOCUMENT, time: self.settings().document_time };
        let fetched = outgoing.fetch(url, bounds, Origin::User).await.map_err(|error| {
            tracing::info!(error = %chain(&error), "document of a client not fetched");
            match error {
                net::Error::PrivateHost { .. } => "its host is in a private network",
                net::Error::Answer { fault: AnswerFault::TooLarge, .. } => "it is larger than 5 kB",
                net::Error::Answer { fault: AnswerFault::TooSlow, .. } | net::Error::Timeout { .. } => {
                    "its host did not answer in time"
                }
                net::Error::Certificate { .. } => "its host's certificate cannot be trusted",
                _ => "it could not be fetched",
            }
        })?;
        understand(url.as_str(), &fetched)
    }
}

/// The fields that count (RFC 7591, 2); all others are passed over.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    #[serde(default)]
    client_name: String,
    #[serde(default)]
    client_uri: String,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    client_secret: Option<serde_json::Value>,
}

fn understand(url: &str, fetched: &Fetched) -> Result<NewClientRow, &'static str> {
    if fetched.status != 200 {
        return Err("its host does not answer with it (a redirect is not followed)");
    }
    if fetched.content_type != "application/json" && !fetched.content_type.ends_with("+json") {
        return Err("its content type is not JSON");
    }
    let document: Document = serde_json::from_slice(&fetched.body)
        .map_err(|_| "it is not JSON with `client_id` and `redirect_uris`")?;
    if document.client_id != url {
        return Err("the `client_id` in it is not its own URL");
    }
    if document.client_secret.is_some() {
        return Err("there is a secret in it, which everybody can read");
    }
    let lists = |list: Option<Vec<String>>, name| list.is_none_or(|list| list.iter().any(|one| one == name));
    if !lists(document.grant_types, "authorization_code") || !lists(document.response_types, "code") {
        return Err("it does not use authorization codes");
    }
    // who can sign assertions, but says that it need not, is a public client here
    let takes_none = document.token_endpoint_auth_methods_supported.iter().any(|method| method == "none");
    match document.token_endpoint_auth_method.as_deref() {
        None | Some("none") => {}
        Some("private_key_jwt") if takes_none => {}
        Some(_) => return Err("it can prove itself only in a way that is not supported here"),
    }
    redirect::check_all(&document.redirect_uris)?;
    let name = Some(shown_name(&document.client_name)).filter(|name| !name.is_empty());
    let host = || Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    Ok(NewClientRow {
        name: name.unwrap_or_else(host),
        uri: shown_uri(&document.client_uri),
        redirect_host: redirect::counted_under(&document.redirect_uris),
        redirect_uris: document.redirect_uris,
        auth_method: AuthMethod::None.as_str(),
        secret_hash: None,
    })
}

#[cfg(test)]
mod tests;
