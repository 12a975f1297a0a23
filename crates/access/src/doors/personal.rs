//! Personal agent tokens, `prp_…`: what `postroom token new` prints once. Only their SHA-256 is kept.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Door, Principal, Random, Secret};
use sha2::{Digest, Sha256};
use time::Duration;

use crate::{Access, Error, Refusal, Result};

pub(crate) const PREFIX: &str = "prp_";

/// 32 bytes in base64url.
const DIGITS: usize = 43;

/// Uses are noted this far apart at most, so that a call does not cost a write.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// A new bearer and what is kept of it.
pub(crate) fn new_bearer(random: &dyn Random) -> (Secret, [u8; 32]) {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let bearer = Secret::new(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)));
    let hash = hash(bearer.expose());
    (bearer, hash)
}

fn hash(bearer: &str) -> [u8; 32] {
    Sha256::digest(bearer.as_bytes()).into()
}

/// The principal of a personal token, from its live grant. The bearer is looked up by its hash, so that
/// timing tells nothing about what is stored.
pub(crate) async fn principal(access: &Access, bearer: &str) -> Result<Principal, Refusal> {
    let digits = bearer.strip_prefix(PREFIX).unwrap_or_default();
    let is_shaped =
        digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !is_shaped {
        return Err(Refusal::Unknown);
    }
    let Ok(store) = access.store() else { return Err(Refusal::Unknown) };
    let found = store.find_bearer(&hash(bearer)).await;
    let found =
        found.map_err(|error| Refusal::Unavailable(Error::Storage(error)))?.ok_or(Refusal::Unknown)?;
    let now = access.clock().now();
    let principal = super::under(found.standing, Door::Personal, now)?;
    if found.is_token_revoked {
        return Err(Refusal::Revoked);
    }
    if found.token_expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::Expired);
    }
    if found.last_used.is_none_or(|used| now - used >= NOTED_EVERY) {
        access.writer().touch(found.token, now);
    }
    Ok(principal)
}
