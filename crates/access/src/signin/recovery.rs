//! Recovery codes: eighty random bits each, in letters that are hard to confuse, for whoever has lost the telephone
//! that makes their one-time codes. Shown once, kept as hashes, used once.

use domain::{Random, Secret, UserId};
use sha2::{Digest, Sha256};

/// Codes that somebody has.
pub(crate) const COUNT: usize = 10;
/// Codes left at which the person is told to make new ones.
pub const FEW_RECOVERY_CODES: u64 = 2;

/// Letters of a code: 5 bits each.
const LETTERS: usize = 16;
/// Crockford's base 32: without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New codes of the user, and what is kept of them, in the same order.
pub(crate) fn new(random: &dyn Random, user: &UserId) -> (Vec<Secret>, Vec<[u8; 32]>) {
    (0..COUNT)
        .map(|_| {
            let mut bytes = [0; 16];
            random.fill(&mut bytes);
            let letters: String = bytes.iter().map(|byte| letter(*byte)).collect();
            (shown(&letters), hash(user, &letters))
        })
        .unzip()
}

/// What is kept of a code that somebody typed; nothing for a text that is none.
pub(crate) fn typed(user: &UserId, text: &str) -> Option<[u8; 32]> {
    let mut letters = String::with_capacity(LETTERS);
    for letter in text.chars() {
        let letter = match letter.to_ascii_lowercase() {
            ' ' | '-' => continue,
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        if letters.len() == LETTERS || !u8::try_from(letter).is_ok_and(|letter| ALPHABET.contains(&letter)) {
            return None;
        }
        letters.push(letter);
    }
    (letters.len() == LETTERS).then(|| hash(user, &letters))
}

fn letter(byte: u8) -> char {
    ALPHABET.get(usize::from(byte % 32)).copied().map_or('0', char::from)
}

fn shown(letters: &str) -> Secret {
    let groups: Vec<String> =
        letters.as_bytes().chunks(4).map(|group| group.iter().copied().map(char::from).collect()).collect();
    Secret::new(groups.join("-"))
}

/// Of eighty random bits a plain hash tells nothing; the user's id keeps two users' codes apart.
fn hash(user: &UserId, letters: &str) -> [u8; 32] {
    let hash = Sha256::new().chain_update("postroom recovery code\0").chain_update(user.as_str());
    hash.chain_update([0]).chain_update(letters).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::atomic::{AtomicU8, Ordering},
    };

    use super::*;

    struct Rising(AtomicU8);

    impl Random for Rising {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_typed_and_is_one_user_s() {
        let (ann, bob) = (UserId::from_random([1; 16]), UserId::from_random([2; 16]));
        let (codes, hashes) = new(&Rising(AtomicU8::new(0)), &ann);
        assert_eq!((codes.len(), codes[0].expose()), (COUNT, "0123-4567-89ab-cdef"));
        assert_eq!(codes.iter().map(|code| code.expose().to_owned()).collect::<BTreeSet<_>>().len(), 2);
        for text in ["0123-4567-89ab-cdef", " O123 4567 89AB CDEF ", "0l23456789abcdef", "oI23456789ABCDEF"] {
            assert_eq!(typed(&ann, text), Some(hashes[0]), "{text}");
        }
        assert_ne!(typed(&bob, "0123-4567-89ab-cdef"), Some(hashes[0]));
        let long = "0".repeat(100_000);
        for none in
            ["", "0123-4567-89ab-cde", "0123-4567-89ab-cdef0", "0123-4567-89ab-cdeu", "123456", "é", &long]
        {
            assert_eq!(typed(&ann, none), None, "{none}");
        }
    }
}
