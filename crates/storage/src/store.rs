//! The store: the database, the sealer, the clock and randomness, together.
//!
//! Its functions lie beside their tables: `users.rs`, `accounts.rs`, `grants.rs`, `tokens.rs`,
//! `audit.rs`, `sessions.rs`. They check nothing about the caller.

use std::sync::Arc;

use domain::{Clock, Random, Timestamp};

use crate::{Database, Error, MasterKey, Result, Sealer};

/// What the key check seals: opening it proves that the master key is the right one.
const KEY_CHECK: &[u8] = b"postroom";

/// Everything that is kept. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) sealer: Sealer,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.database).finish()
    }
}

impl Store {
    /// Puts database and key together. The first key that a database meets is its key; with any other
    /// it is refused with `WrongKey`, unchanged.
    pub async fn open(
        database: Database,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        let store = Self { sealer: Sealer::new(master, random.clone()), database, clock, random };
        store.check_key().await?;
        Ok(store)
    }

    /// Whether database and key answer: what readiness asks.
    pub async fn check_key(&self) -> Result<()> {
        const FIND: &str = "SELECT value FROM meta WHERE key = 'key_check'";
        let mut found = self.database.fetch_optional(FIND, &[]).await?;
        if found.is_none() {
            let check = self.sealer.seal("key check", &[], KEY_CHECK);
            self.database
                .execute(
                    "INSERT INTO meta (key, value) VALUES ('key_check', $1) ON CONFLICT (key) DO NOTHING",
                    &[check.into()],
                )
                .await?;
            found = self.database.fetch_optional(FIND, &[]).await?;
        }
        let row = found.ok_or(Error::Unreadable("key check"))?;
        match self.sealer.open("key check", &[], row.bytes("value")?) {
            Ok(opened) if *opened == KEY_CHECK => Ok(()),
            _ => Err(Error::WrongKey),
        }
    }

    /// The database, for statements that have no function here.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The sealer, for cursors, links and the like.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The clock that all rows are dated by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The randomness that ids and tokens are made of.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// 16 random bytes for an id.
    pub(crate) fn new_id(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        bytes
    }

    /// Ends all connections of the database.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
