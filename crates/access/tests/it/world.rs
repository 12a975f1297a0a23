//! A store of its own for each test, a clock that the test moves, randomness that repeats.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use access::{Access, NewToken, Settings};
use domain::{
    AccountName, AccountSettings, Clock, Credentials, Endpoint, Limits, Random, Scopes, Secret, Timestamp,
    TlsMode, account::Credential,
};
use sha2::{Digest, Sha256};
use storage::{Database, MasterKey, Store};
use tempfile::TempDir;

pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let digest = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) random: Arc<TestRandom>,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(TestClock(AtomicI64::new(1_790_000_000))),
            random: Arc::new(TestRandom(AtomicU64::new(0))),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn store(&self) -> Store {
        let database = Database::open_file(&self.dir.path().join("postroom.db")).await.unwrap();
        let key = MasterKey::from_text(&Secret::new("11".repeat(32))).unwrap();
        Store::open(database, key, self.clock.clone(), self.random.clone()).await.unwrap()
    }

    /// As another process on the same data directory has it.
    pub(crate) async fn access(&self) -> Access {
        self.access_with(&Settings::default()).await
    }

    pub(crate) async fn access_with(&self, settings: &Settings) -> Access {
        Access::new(self.store().await, settings)
    }

    pub(crate) fn access_without_store(&self) -> Access {
        Access::without_store(self.clock.clone(), self.random.clone(), &Settings::default())
    }
}

/// A user with the accounts named.
pub(crate) async fn person(access: &Access, user: &str, accounts: &[&str]) {
    access.user_add(user, false, &Secret::new("long enough")).await.unwrap();
    for account in accounts {
        access.account_add(user, &name(account), &settings(), &credentials()).await.unwrap();
    }
}

pub(crate) fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

pub(crate) fn settings() -> AccountSettings {
    AccountSettings {
        address: "ann@example.org".to_owned(),
        display_name: String::new(),
        imap: Endpoint {
            host: "imap.example.org".to_owned(),
            port: 993,
            tls: TlsMode::Tls,
            username: "ann".to_owned(),
        },
        smtp: None,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials { imap: Credential::Password(Secret::new("imap password")), smtp: None }
}

pub(crate) fn token(label: &str) -> NewToken {
    NewToken {
        label: label.to_owned(),
        scopes: Scopes::parse("search read").unwrap(),
        accounts: None,
        lifetime: None,
        limits: Limits::default(),
    }
}
