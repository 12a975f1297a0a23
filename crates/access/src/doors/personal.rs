//! Personal agent tokens, `prp_…`: what `postroom token new` prints once.

use domain::{Door, Principal};
use storage::TokenKind;

use super::bearer;
use crate::{Access, Refusal};

pub(crate) const PREFIX: &str = "prp_";

/// The principal of a personal token, from its live grant.
pub(crate) async fn principal(access: &Access, bearer: &str) -> Result<Principal, Refusal> {
    let found = bearer::find(access, bearer, PREFIX, TokenKind::Personal).await?;
    bearer::admit(access, found, Door::Personal)
}
