//! A database of its own for each test, a clock that the test moves, randomness that repeats.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use domain::{
    AccountName, AccountSettings, Clock, Credentials, Endpoint, GrantedAccounts, Limits, Random, Scopes,
    Secret, Timestamp, TlsMode, account::Credential,
};
use sha2::{Digest, Sha256};
use storage::{Database, MasterKey, NewGrant, Store};
use tempfile::TempDir;

pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct TestRandom(pub(crate) AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let digest = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) random: Arc<TestRandom>,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn on_sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("made/postroom.db").display());
        Self::at(url, dir)
    }

    pub(crate) fn at(url: String, dir: TempDir) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000)));
        Self { url, dir, clock, random: Arc::new(TestRandom(AtomicU64::new(0))) }
    }

    /// Another handle on the same database, as another process would have.
    pub(crate) async fn store(&self) -> Store {
        self.store_with(&"11".repeat(32)).await.unwrap()
    }

    pub(crate) async fn store_with(&self, key: &str) -> storage::Result<Store> {
        let database = Database::open(&self.url).await?;
        let key = MasterKey::from_text(&Secret::new(key)).unwrap();
        Store::open(database, key, self.clock.clone(), self.random.clone()).await
    }
}

pub(crate) fn name(text: &str) -> AccountName {
    AccountName::from_str(text).unwrap()
}

pub(crate) fn settings(address: &str) -> AccountSettings {
    AccountSettings {
        address: address.to_owned(),
        display_name: "Ann".to_owned(),
        imap: Endpoint {
            host: "imap.example.org".to_owned(),
            port: 993,
            tls: TlsMode::Tls,
            username: address.to_owned(),
        },
        smtp: None,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    }
}

pub(crate) fn password(text: &str) -> Credentials {
    Credentials { imap: Credential::Password(Secret::new(text)), smtp: None }
}

pub(crate) fn grant(label: &str) -> NewGrant {
    NewGrant {
        label: label.to_owned(),
        scopes: Scopes::parse("search read").unwrap(),
        accounts: GrantedAccounts::All,
        limits: Limits::default(),
        expires: None,
    }
}

pub(crate) fn token(number: u8) -> storage::NewToken {
    storage::NewToken { hash: [number; 32], expires: None }
}
