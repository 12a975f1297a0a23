//! The token endpoint's work: codes and refresh tokens against new tokens, and the end of tokens. Codes are
//! spent by their first use; a refresh token that is used again ends its whole family.

use domain::{ClientId, Scopes, Secret};

use crate::{Access, AuthMethod, Result};

/// How a client says who it is.
#[derive(Debug, Clone)]
pub struct ClientProof {
    /// Its id.
    pub client: ClientId,
    /// Its secret.
    pub secret: Option<Secret>,
    /// How it sent that.
    pub method: AuthMethod,
}

/// New tokens.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The bearer.
    pub access: Secret,
    /// What the next ones are had with.
    pub refresh: Secret,
    /// Seconds that the bearer lives.
    pub expires_in: i64,
    /// What it allows.
    pub scopes: Scopes,
}

/// Why there are no tokens. `reason` is for the log; callers learn the kind.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// Unknown client or wrong secret.
    #[error("the client is not known or did not prove itself")]
    Client(&'static str),
    /// Code or refresh token is unknown, spent, expired, revoked, or another client's.
    #[error("the code or refresh token is not valid")]
    Grant(&'static str),
    /// The tokens would be for somebody else.
    #[error("the resource is not this server")]
    Target,
    /// More was asked for than was granted.
    #[error("the scope is more than was granted")]
    Scope,
    /// It could not be checked or stored.
    #[error("tokens cannot be had just now")]
    Unavailable(#[source] crate::Error),
}

impl Access {
    /// The one resource that tokens are for: `PUBLIC_URL/mcp`, if `named` means it (origin alone, a trailing
    /// slash, upper case in scheme and host count as equal; absent too).
    pub fn resource(&self, named: Option<&str>) -> Option<String> {
        let _ = named;
        todo!()
    }

    /// A code against tokens.
    pub async fn exchange_code(
        &self,
        code: &Secret,
        verifier: &Secret,
        redirect_uri: Option<&str>,
        proof: &ClientProof,
        resource: Option<&str>,
    ) -> Result<Issued, TokenRefusal> {
        let _ = (code, verifier, redirect_uri, proof, resource);
        todo!()
    }

    /// A refresh token against the next tokens.
    pub async fn exchange_refresh(
        &self,
        refresh: &Secret,
        proof: &ClientProof,
        scope: Option<&str>,
        resource: Option<&str>,
    ) -> Result<Issued, TokenRefusal> {
        let _ = (refresh, proof, scope, resource);
        todo!()
    }

    /// Ends the family of a token (RFC 7009); a token that is unknown or another client's is passed over.
    pub async fn token_end(&self, token: &Secret, proof: &ClientProof) -> Result<(), TokenRefusal> {
        let _ = (token, proof);
        todo!()
    }
}
