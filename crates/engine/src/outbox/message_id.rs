//! The Message-ID of what is sent for a grant: the same for the same grant and key, and to be told from
//! all others by whoever has the account's key, from the Message-ID alone.
//!
//! `FIRST.SECOND@domain`: FIRST is made of grant and key, SECOND of FIRST. Both need the account's key, so
//! neither a stranger nor another account can make one that counts as ours.

use domain::{GrantId, HomeAccount};
use mail::mime::compose::base32;
use storage::Store;

/// What FIRST is made for.
const PURPOSE: &str = "message-id";
/// What SECOND is made for.
const CHECK: &str = "message-id check";

/// Octets of FIRST and SECOND before they are written: 24 and 16 characters.
const FIRST: usize = 15;
const SECOND: usize = 10;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The Message-ID, in angle brackets, of what `grant` sends under `key`; `domain` is the sender's, as it
/// stands on the wire.
pub(crate) async fn make(
    store: &Store,
    home: &HomeAccount,
    grant: &GrantId,
    key: &str,
    domain: &str,
) -> storage::Result<String> {
    let mac = store.account_mac(home, PURPOSE, &[grant.as_str().as_bytes(), key.as_bytes()]).await?;
    let first = written(&mac, FIRST);
    let second = check(store, home, &first).await?;
    Ok(format!("<{first}.{second}@{domain}>"))
}

/// Whether the Message-ID was made for a grant of this account. Angle brackets may be there or not.
pub(crate) async fn is_ours(store: &Store, home: &HomeAccount, message_id: &str) -> storage::Result<bool> {
    let Some((first, second)) = parts(message_id) else { return Ok(false) };
    Ok(check(store, home, first).await? == second)
}

async fn check(store: &Store, home: &HomeAccount, first: &str) -> storage::Result<String> {
    Ok(written(&store.account_mac(home, CHECK, &[first.as_bytes()]).await?, SECOND))
}

/// Whether it looks like one of ours, of whatever account.
pub(super) fn has_shape(message_id: &str) -> bool {
    parts(message_id).is_some()
}

/// FIRST and SECOND, if the text has the shape of one of ours.
fn parts(message_id: &str) -> Option<(&str, &str)> {
    let inside = message_id.trim().trim_start_matches('<').trim_end_matches('>');
    let (local, domain) = inside.rsplit_once('@')?;
    let (first, second) = local.split_once('.')?;
    let is_part = |part: &str, octets: usize| {
        part.len() == octets * 8 / 5 && part.bytes().all(|byte| ALPHABET.contains(&byte))
    };
    (!domain.is_empty() && is_part(first, FIRST) && is_part(second, SECOND)).then_some((first, second))
}

/// The first `count` octets, written so that case does not matter.
fn written(octets: &[u8], count: usize) -> String {
    base32(octets.get(..count).unwrap_or(octets))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{FixedClock, Random, Timestamp};
    use storage::{Database, MasterKey};

    use super::*;

    struct Sevens;

    impl Random for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[tokio::test]
    async fn it_is_known_as_ours_by_its_own_account_alone() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open_file(&dir.path().join("postroom.db")).await.unwrap();
        let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
        let key = MasterKey::generate(&Sevens);
        let store = Store::open(database, key, clock, Arc::new(Sevens)).await.unwrap();
        let (home, other) = (HomeAccount::Carried([1; 32]), HomeAccount::Carried([2; 32]));
        let grant = GrantId::from_text("gra_1");
        let made = make(&store, &home, &grant, "key:k", "example.org").await.unwrap();
        assert_eq!(made, make(&store, &home, &grant, "key:k", "example.org").await.unwrap());
        assert_ne!(made, make(&store, &home, &grant, "key:l", "example.org").await.unwrap());
        assert!(is_ours(&store, &home, &made).await.unwrap());
        assert!(is_ours(&store, &home, made.trim_matches(['<', '>'])).await.unwrap());
        assert!(!is_ours(&store, &other, &made).await.unwrap());
        let (first, rest) = made.split_at(5);
        let changed = format!("{first}{}{}", if rest.starts_with('a') { 'b' } else { 'a' }, &rest[1..]);
        assert!(!is_ours(&store, &home, &changed).await.unwrap());
        assert!(!is_ours(&store, &home, "<someone@example.org>").await.unwrap());
    }

    #[test]
    fn both_parts_have_the_length_that_they_are_known_by() {
        assert_eq!(written(&[0xff; 32], SECOND), "7".repeat(16));
        assert_eq!(written(&[0; 32], FIRST).len(), 24);
    }

    #[test]
    fn only_the_right_shape_is_looked_at() {
        let (first, second) = ("a".repeat(24), "b".repeat(16));
        let good = format!("<{first}.{second}@example.org>");
        assert_eq!(parts(&good), Some((first.as_str(), second.as_str())));
        assert_eq!(parts(good.trim_matches(['<', '>'])), Some((first.as_str(), second.as_str())));
        for bad in [
            String::new(),
            format!("<{first}.{second}@>"),
            format!("<{first}.{second}>"),
            format!("<{first}{second}@example.org>"),
            format!("<{first}.{second}.{second}@example.org>"),
            format!("<{}.{second}@example.org>", "A".repeat(24)),
            format!("<{first}.{}@example.org>", "b".repeat(15)),
            format!("<{first}.{}@example.org>", "1".repeat(16)),
        ] {
            assert_eq!(parts(&bad), None, "{bad}");
        }
    }
}
