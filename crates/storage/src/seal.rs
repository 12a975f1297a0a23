//! Sealing of bytes: AES-256-GCM under keys that are derived from the master key, one per purpose.
//!
//! A seal is bound to its purpose and its context (whose it is, which field), so that it opens nowhere
//! else. Layout: version 1, key id (4), nonce (12), ciphertext, tag (16). It knows no tables; secrets of
//! accounts are sealed by a key of their account (`DataKey`), which the master key wraps.

use std::sync::Arc;

use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Random;
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Error, MasterKey, Result};

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const HEADER: usize = 1 + KEY_ID + NONCE;

/// Seals and opens under the master key. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Keys>);

struct Keys {
    master: MasterKey,
    id: [u8; KEY_ID],
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(hidden)")
    }
}

impl Sealer {
    /// A sealer under `master`; nonces come from `random`.
    pub fn new(master: MasterKey, random: Arc<dyn Random>) -> Self {
        let mut id = [0; KEY_ID];
        derive(master.bytes(), "key id", &mut id);
        Self(Arc::new(Keys { master, id, random }))
    }

    /// Seals `bytes` for one purpose (`cursor`, `link` …) and a context, which must be given again to
    /// open them. Part boundaries of the context count: `["ab", "c"]` is not `["a", "bc"]`.
    pub fn seal(&self, purpose: &str, context: &[&str], bytes: &[u8]) -> Vec<u8> {
        let key = self.purpose_key(purpose);
        seal_with(&key, self.0.id, &*self.0.random, &associated(purpose, context), bytes)
    }

    /// Opens what [`Self::seal`] made; `WrongKey` if another master key sealed it, `Seal` if it was
    /// altered or is from another purpose or context.
    pub fn open(&self, purpose: &str, context: &[&str], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let key = self.purpose_key(purpose);
        open_with(&key, self.0.id, &associated(purpose, context), sealed)
    }

    /// As [`Self::seal`], in base64url without padding.
    pub fn seal_text(&self, purpose: &str, context: &[&str], bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.seal(purpose, context, bytes))
    }

    /// As [`Self::open`], out of base64url without padding.
    pub fn open_text(&self, purpose: &str, context: &[&str], text: &str) -> Result<Zeroizing<Vec<u8>>> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Seal)?;
        self.open(purpose, context, &sealed)
    }

    /// Makes HMACs under a key of their purpose: equal parts, equal bytes, and nothing to be told from them
    /// without the master key.
    pub(crate) fn macs(&self, purpose: &str) -> MacKey {
        MacKey(self.purpose_key(purpose))
    }

    /// One of them.
    pub(crate) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.macs(purpose).of(parts)
    }

    /// A new key for one account, and the same sealed for keeping.
    pub(crate) fn new_data_key(&self, context: &[&str]) -> (DataKey, Vec<u8>) {
        let mut key = Zeroizing::new([0; 32]);
        self.0.random.fill(&mut *key);
        let wrapped = self.seal("data key", context, &*key);
        (DataKey { key, random: self.0.random.clone() }, wrapped)
    }

    /// Opens what [`Self::new_data_key`] sealed.
    pub(crate) fn open_data_key(&self, context: &[&str], wrapped: &[u8]) -> Result<DataKey> {
        let bytes = self.open("data key", context, wrapped)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| Error::Seal)?;
        Ok(DataKey { key: Zeroizing::new(key), random: self.0.random.clone() })
    }

    fn purpose_key(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        derive(self.0.master.bytes(), purpose, &mut *key);
        key
    }
}

/// The key of one account. Whoever deletes its wrapped form has deleted all that it sealed.
pub(crate) struct DataKey {
    key: Zeroizing<[u8; 32]>,
    random: Arc<dyn Random>,
}

/// Stands in the header where a data key sealed: it is not a key of the file.
const DATA_KEY_ID: [u8; KEY_ID] = *b"data";

impl DataKey {
    pub(crate) fn seal(&self, context: &[&str], bytes: &[u8]) -> Vec<u8> {
        seal_with(&self.key, DATA_KEY_ID, &*self.random, &associated("secret", context), bytes)
    }

    pub(crate) fn open(&self, context: &[&str], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        open_with(&self.key, DATA_KEY_ID, &associated("secret", context), sealed)
    }

    /// As [`Sealer::macs`], under the account's key.
    pub(crate) fn macs(&self, purpose: &str) -> MacKey {
        let mut key = Zeroizing::new([0; 32]);
        derive(&*self.key, purpose, &mut *key);
        MacKey(key)
    }
}

/// The key of one purpose's HMACs: to be had once for many.
pub(crate) struct MacKey(Zeroizing<[u8; 32]>);

impl MacKey {
    /// An HMAC-SHA256 over the parts.
    pub(crate) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*self.0) else {
            unreachable!("HMAC takes a key of any length");
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

fn derive(from: &[u8], purpose: &str, key: &mut [u8]) {
    let hkdf = Hkdf::<Sha256>::new(Some(b"postroom 1"), from);
    // Fails only for more than 255 hashes of output; we ask for one.
    if hkdf.expand(purpose.as_bytes(), key).is_err() {
        unreachable!("32 bytes are within HKDF's limit");
    }
}

/// A context with its owner in front.
pub(crate) fn within<'a>(owner: &'a str, context: &[&'a str]) -> Vec<&'a str> {
    std::iter::once(owner).chain(context.iter().copied()).collect()
}

/// Purpose and context, each with its length in front.
fn associated(purpose: &str, context: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in std::iter::once(&purpose).chain(context) {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

fn seal_with(
    key: &[u8; 32],
    id: [u8; KEY_ID],
    random: &dyn Random,
    associated: &[u8],
    bytes: &[u8],
) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let mut sealed = Vec::with_capacity(HEADER + bytes.len() + 16);
    sealed.push(VERSION);
    sealed.extend_from_slice(&id);
    sealed.extend_from_slice(&nonce);
    let aad = [&sealed, associated].concat();
    let cipher = Aes256Gcm::new(key.into());
    let Ok(ciphertext) = cipher.encrypt(&Nonce::from(nonce), Payload { msg: bytes, aad: &aad }) else {
        unreachable!("AES-GCM takes 64 GiB, and no such text fits into memory here");
    };
    sealed.extend_from_slice(&ciphertext);
    sealed
}

fn open_with(
    key: &[u8; 32],
    id: [u8; KEY_ID],
    associated: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let (header, ciphertext) = sealed.split_at_checked(HEADER).ok_or(Error::Seal)?;
    let (version, rest) = header.split_at_checked(1).ok_or(Error::Seal)?;
    let (sealed_id, nonce) = rest.split_at_checked(KEY_ID).ok_or(Error::Seal)?;
    if version != [VERSION] {
        return Err(Error::Seal);
    }
    if sealed_id != id {
        return Err(Error::WrongKey);
    }
    let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| Error::Seal)?;
    let aad = [header, associated].concat();
    let cipher = Aes256Gcm::new(key.into());
    let opened = cipher.decrypt(&Nonce::from(nonce), Payload { msg: ciphertext, aad: &aad });
    opened.map(Zeroizing::new).map_err(|_| Error::Seal)
}
