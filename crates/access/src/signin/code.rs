//! Codes that are kept as hashes: cookies of sessions, and what stands in links. 32 random bytes each.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Random, Secret};
use sha2::{Digest, Sha256};

/// 32 bytes in base64url.
const DIGITS: usize = 43;

/// A new code and what is kept of it.
pub(crate) fn new(random: &dyn Random) -> (Secret, [u8; 32]) {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    let code = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let hash = Sha256::digest(code.expose().as_bytes()).into();
    (code, hash)
}

/// What would be kept of a code; nothing for a text that is none. Whoever looks it up by this hash tells
/// nothing by the time that it takes.
pub(crate) fn hash(code: &Secret) -> Option<[u8; 32]> {
    let digits = code.expose();
    let is_shaped =
        digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_shaped.then(|| Sha256::digest(digits.as_bytes()).into())
}

/// Another secret that follows from a code, for one purpose; neither the code nor its hash can be told from it.
pub(crate) fn derive(code: &Secret, purpose: &str) -> Secret {
    let mut hash = Sha256::new();
    hash.update(b"postroom ");
    hash.update(purpose.as_bytes());
    hash.update([0]);
    hash.update(code.expose().as_bytes());
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(hash.finalize()))
}
