//! OAuth clients: those that registered here (RFC 7591), and those that say themselves who they are by a
//! document at the URL that is their id. Whether a redirect is one of a client's is decided here.

use domain::{ClientId, Secret, Timestamp};

use crate::{Access, Result};

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

impl Client {
    /// Whether answers may go to `uri`: one of its own, octet by octet, except for the port of a loopback host
    /// (RFC 8252, 7.3).
    pub fn has_redirect(&self, uri: &str) -> bool {
        let _ = uri;
        todo!()
    }
}

impl Access {
    /// The client of that id, its document fetched if it is a URL.
    pub async fn client(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        let _ = id;
        todo!()
    }

    /// Registers a client; the secret is absent for a public one, and is not shown again.
    pub async fn client_register(
        &self,
        new: &NewClient,
    ) -> Result<(Client, Option<Secret>), RegistrationRefusal> {
        let _ = new;
        todo!()
    }
}
