//! Bearers of OAuth clients, `prm_…`: for a short time, for this server alone, for at most what was ticked.
//! How clients get them is in `exchange.rs`.

use domain::{Door, Principal};
use storage::TokenKind;

use super::bearer;
use crate::{Access, Refusal};

pub(crate) const PREFIX: &str = "prm_";

/// The principal of an access token: what it was given, within what its grant allows now.
pub(crate) async fn principal(access: &Access, bearer: &str) -> Result<Principal, Refusal> {
    let found = bearer::find(access, bearer, PREFIX, TokenKind::Access).await?;
    if found.resource.as_deref() != Some(access.own_resource()) {
        return Err(Refusal::Unknown);
    }
    let given = found.scopes.unwrap_or_default();
    let sign_in = found.family.clone();
    let mut principal = bearer::admit(access, found, Door::OAuth)?;
    principal.sign_in = sign_in;
    principal.scopes = principal.scopes.intersect(given);
    Ok(principal)
}
