//! The door for machines that ask for permission: our own authorization server (OAuth 2.1).
//!
//! Metadata (RFC 8414), registration (RFC 7591), authorize, token, revocation (RFC 7009); one endpoint is one
//! file with its errors and tests. What codes and tokens are, and who may have them, is decided in `access`;
//! the person is asked on a page of `web`.

use access::Access;
use axum::Router;

/// What this door needs to know besides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer: the public URL without a trailing slash.
    pub issuer: String,
}

/// All endpoints.
pub fn router(access: Access, settings: Settings) -> Router {
    let _ = (access, settings);
    Router::new()
}
