//! Bearers that are random and of which only the SHA-256 is kept: how they are made, told apart and looked up.
//! Which door they belong to is said by their first letters, and held by the kind that is stored with them.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Door, Principal, Random, Secret};
use sha2::{Digest, Sha256};
use storage::{Bearer, TokenKind};
use time::Duration;

use crate::{Access, Error, Refusal};

/// 32 bytes in base64url.
const DIGITS: usize = 43;

/// Uses are noted this far apart at most, so that a call does not cost a write.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// A new one that begins with `prefix`, and what is kept of it.
pub(crate) fn mint(random: &dyn Random, prefix: &str) -> (Secret, [u8; 32]) {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let minted = Secret::new(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
    let hash = hash(minted.expose());
    (minted, hash)
}

/// What is kept of a bearer, a code or a client's secret.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a text can be one that [`mint`] made with that prefix.
pub(crate) fn is_shaped(text: &str, prefix: &str) -> bool {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// What is known about a bearer of that kind. It is looked up by its hash, so that timing tells nothing about
/// what is stored.
pub(crate) async fn find(
    access: &Access,
    bearer: &str,
    prefix: &str,
    kind: TokenKind,
) -> Result<Bearer, Refusal> {
    if !is_shaped(bearer, prefix) {
        return Err(Refusal::Unknown);
    }
    let Ok(store) = access.store() else { return Err(Refusal::Unknown) };
    let found = store.find_bearer(&hash(bearer)).await;
    let found = found.map_err(|error| Refusal::Unavailable(Error::Storage(error)))?;
    found.filter(|found| found.kind == kind).ok_or(Refusal::Unknown)
}

/// The principal of a bearer, from its live grant; its use is noted.
pub(crate) fn admit(access: &Access, found: Bearer, door: Door) -> Result<Principal, Refusal> {
    let now = access.clock().now();
    if found.is_token_revoked {
        return Err(Refusal::Revoked);
    }
    if found.token_expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::Expired);
    }
    let principal = super::under(found.standing, door, now)?;
    if found.last_used.is_none_or(|used| now - used >= NOTED_EVERY) {
        access.writer().touch(found.token, now);
    }
    Ok(principal)
}
