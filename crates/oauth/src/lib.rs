//! The door for machines that ask for permission: our own authorization server (OAuth 2.1).
//!
//! Metadata (RFC 8414), registration (RFC 7591), authorize, token, revocation (RFC 7009); one endpoint is one
//! file with its errors and tests. What codes and tokens are, and who may have them, is decided in `access`;
//! the person is asked on a page of `web`.

mod authorize;
mod client_proof;
mod cors;
mod error;
mod metadata;
mod page;
mod parameters;
mod register;
mod revoke;
mod token;
#[cfg(test)]
mod world;

use std::sync::Arc;

use access::Access;
use axum::Router;

/// What this door needs to know besides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer: the public URL without a trailing slash.
    pub issuer: String,
}

/// What every endpoint works with.
#[derive(Debug)]
struct Desk {
    access: Access,
    settings: Settings,
}

impl Desk {
    /// Whether people reach the server over TLS.
    fn is_https(&self) -> bool {
        self.settings.issuer.starts_with("https:")
    }
}

/// All endpoints.
pub fn router(access: Access, settings: Settings) -> Router {
    let metadata = metadata::routes(&settings);
    let desk = Arc::new(Desk { access, settings });
    Router::new()
        .merge(authorize::routes())
        .merge(token::routes())
        .merge(register::routes())
        .merge(revoke::routes())
        .merge(page::routes())
        .with_state(desk)
        .merge(metadata)
}
