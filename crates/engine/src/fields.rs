//! A hash over fields, each with its length in front, so that no two lists of them look alike. Databases and agents
//! keep such hashes: how one is made stays as it is. What is kept under a key is sealed in `storage`.

use sha2::{Digest as _, Sha256};

/// Fields that are hashed in their order.
#[derive(Default)]
pub(crate) struct Fields(Sha256);

impl Fields {
    /// One more field.
    pub(crate) fn add(&mut self, field: impl AsRef<[u8]>) {
        let field = field.as_ref();
        self.0.update((field.len() as u64).to_be_bytes());
        self.0.update(field);
    }

    /// One more that may be absent, which is not the same as empty.
    pub(crate) fn add_optional(&mut self, field: Option<&str>) {
        self.add([u8::from(field.is_some())]);
        self.add(field.unwrap_or_default());
    }

    /// A list of fields that may be absent, as one field each behind their number.
    pub(crate) fn add_list(&mut self, fields: Option<&[String]>) {
        self.add(fields.map_or(u64::MAX, |fields| fields.len() as u64).to_be_bytes());
        fields.unwrap_or_default().iter().for_each(|field| self.add(field));
    }

    /// The hash of all of them.
    pub(crate) fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(fields: &[&str]) -> [u8; 32] {
        let mut all = Fields::default();
        for field in fields {
            all.add(field);
        }
        all.hash()
    }

    #[test]
    fn a_hash_is_that_of_lengths_and_fields() {
        let plain = b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0";
        assert_eq!(hash(&["ab", ""]), <[u8; 32]>::from(Sha256::digest(plain)));
    }

    #[test]
    fn no_two_lists_of_fields_look_alike() {
        let lists: [&[&str]; 5] = [&[], &["ab"], &["a", "b"], &["ab", ""], &["", "ab"]];
        for (at, list) in lists.iter().enumerate() {
            assert!(lists.iter().skip(at + 1).all(|other| hash(other) != hash(list)), "{list:?}");
        }
    }
}
