//! A database, a clock that the test moves, and processes over it; grants whose journal is kept here or there.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use bytes::Bytes;
use domain::{
    AccountSettings, AccountSource, Clock, Credentials, Door, Endpoint, Flag, GrantId, GrantedAccount,
    Limits, Principal, Random, Scopes, Secret, Timestamp, TlsMode, account::Credential,
};
use mail::imap::{
    change::{End, OneTransferred, Was},
    write::Placed,
};
use net::{Outgoing, PrivateHosts};
use sha2::{Digest as _, Sha256};
use storage::{Database, MasterKey, Sealer, Store};
use tempfile::TempDir;
use testkit::Dovecot;

use super::super::{Place, Reflagged, Step};
use crate::{Account, Engine, Settings};

/// 21 November 2026, noon.
const NOW: i64 = 1_795_262_400;

pub(super) const MINUTE: i64 = 60;
pub(super) const DAY: i64 = 86_400;

pub(super) struct MovedClock(AtomicI64);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Different in each process.
struct Seeded(u64, AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.1.fetch_add(1, Ordering::SeqCst);
            let digest = Sha256::digest([self.0.to_be_bytes(), count.to_be_bytes()].concat());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// Where the journal of a grant is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A stored account: in the database.
    Stored,
    /// A local process with an account of its own: in the database.
    Local,
    /// An account that each request brings along: in memory.
    Brought,
    /// No database: in memory.
    Nowhere,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Stored, Self::Local, Self::Brought, Self::Nowhere];

    pub(super) fn is_in_memory(self) -> bool {
        matches!(self, Self::Brought | Self::Nowhere)
    }
}

pub(super) struct World {
    clock: Arc<MovedClock>,
    dir: TempDir,
    pub(super) store: Store,
    account: domain::AccountId,
    settings: AccountSettings,
    processes: AtomicU64,
}

impl World {
    /// Nothing listens at the account's server.
    pub(super) async fn without_server() -> Self {
        Self::at_port(1).await
    }

    pub(super) async fn over(dovecot: &Dovecot) -> Self {
        Self::at_port(dovecot.imap_port()).await
    }

    async fn at_port(port: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovedClock(AtomicI64::new(NOW)));
        let random: Arc<dyn Random> = Arc::new(Seeded(0, AtomicU64::default()));
        let database = Database::open_file(&dir.path().join("postroom.db")).await.unwrap();
        let key = MasterKey::from_text(&Secret::new("11".repeat(32))).unwrap();
        let store = Store::open(database, key, clock.clone(), random).await.unwrap();
        let settings = AccountSettings {
            address: "alice@example.org".into(),
            display_name: String::new(),
            imap: Endpoint { host: "127.0.0.1".into(), port, tls: TlsMode::None, username: "alice".into() },
            smtp: None,
            allowed_folders: Vec::new(),
            signature: String::new(),
            writing_style: String::new(),
        };
        let user = store.add_user("alice", false, "hash").await.unwrap();
        let name = "work".parse().unwrap();
        let account = store.add_account(&user.id, &name, &settings, &credentials()).await.unwrap().id;
        Self { clock, dir, store, account, settings, processes: AtomicU64::new(1) }
    }

    /// A process that shows the others that it lives, until all of it is dropped.
    pub(super) fn process(&self, kind: Kind) -> Engine {
        let processes = Some(self.dir.path().join("processes"));
        Engine::new(Settings { processes, ..self.engine_settings(kind) })
    }

    /// A process of which nobody knows whether it lives.
    pub(super) fn far_process(&self) -> Engine {
        Engine::new(self.engine_settings(Kind::Stored))
    }

    fn engine_settings(&self, kind: Kind) -> Settings {
        let seed = self.processes.fetch_add(1, Ordering::SeqCst);
        let random: Arc<dyn Random> = Arc::new(Seeded(seed, AtomicU64::default()));
        let store = (kind != Kind::Nowhere).then(|| self.store.clone());
        let outgoing =
            Outgoing::new(net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() });
        Settings {
            store,
            sealer: Sealer::new(MasterKey::generate(&*random), Arc::clone(&random)),
            outgoing,
            clock: self.clock.clone(),
            random,
            documents: documents::Reader::new(
                "/nonexistent".into(),
                Vec::new(),
                documents::Limits::default(),
            ),
            send_delay: std::time::Duration::ZERO,
            processes: None,
            pages: None,
        }
    }

    pub(super) fn principal(&self, kind: Kind) -> Principal {
        let source = match kind {
            Kind::Stored => AccountSource::Stored(self.account.clone()),
            _ => AccountSource::Carried(Arc::new((self.settings.clone(), credentials()))),
        };
        Principal {
            user: "alice".into(),
            grant: GrantId::from_text("gra_test"),
            client: "test".into(),
            door: match kind {
                Kind::Stored => Door::OAuth,
                Kind::Brought => Door::Header,
                Kind::Local | Kind::Nowhere => Door::Stdio,
            },
            sign_in: None,
            scopes: Scopes::all(),
            accounts: vec![GrantedAccount { name: "work".parse().unwrap(), is_default: true, source }],
            limits: Limits::default(),
        }
    }

    pub(super) fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(super) async fn rows(&self, sql: &'static str) -> i64 {
        self.store.database().fetch(sql, &[]).await.unwrap()[0].int("rows").unwrap()
    }
}

fn credentials() -> Credentials {
    Credentials { imap: Credential::Password(Secret::new("alice-secret")), smtp: None }
}

pub(super) async fn account(engine: &Engine, principal: &Principal) -> Account {
    engine.account(principal, None).await.unwrap()
}

pub(super) fn placed(uid: u32) -> Placed {
    Placed { validity: 7, uid }
}

pub(super) fn at(wire: &str) -> Place {
    Place { wire: Bytes::copy_from_slice(wire.as_bytes()), key: wire.to_lowercase(), validity: 7 }
}

pub(super) fn was(uid: u32) -> Was {
    Was {
        uid,
        message_id: Some(format!("<m{uid}@example.org>")),
        received: Some(Timestamp::from_unix_timestamp(NOW).unwrap()),
        size: Some(4711),
        flags: vec![Flag::Seen, Flag::Keyword("$Work".into())],
        labels: vec!["Wichtig ä".into()],
    }
}

/// Of messages by the UID that each had, and that it got, if that is known.
pub(super) fn transfer(from: &str, to: &str, is_copy: bool, messages: &[(u32, Option<u32>, End)]) -> Step {
    let one = |(uid, to, end): &(u32, Option<u32>, End)| OneTransferred {
        was: was(*uid),
        to: to.map(placed),
        end: *end,
    };
    Step::Transfer {
        from: at(from),
        to: (Bytes::copy_from_slice(to.as_bytes()), to.to_lowercase()),
        is_copy,
        uids: messages.iter().map(|(uid, ..)| *uid).collect(),
        messages: messages.iter().map(one).collect(),
    }
}

pub(super) fn moved(from: &str, to: &str, uid: u32, new: u32) -> Step {
    transfer(from, to, false, &[(uid, Some(new), End::Done)])
}

/// The same before it is done.
pub(super) fn meant(step: &Step) -> Step {
    match step.clone() {
        Step::Transfer { from, to, is_copy, uids, .. } => {
            Step::Transfer { from, to, is_copy, uids, messages: Vec::new() }
        }
        other => other,
    }
}

pub(super) fn flagged(uid: u32) -> Step {
    let message = Reflagged {
        uid,
        added: vec![Flag::Flagged],
        removed: vec![Flag::Seen],
        added_labels: vec!["a".into()],
        removed_labels: Vec::new(),
        modseq: Some(99),
    };
    Step::Flags { at: at("INBOX"), messages: vec![message] }
}

/// Makes a change of these steps.
pub(super) async fn make(engine: &Engine, principal: &Principal, steps: &[Step]) -> Option<domain::ChangeId> {
    let account = account(engine, principal).await;
    let mut change = engine.change(principal);
    for step in steps {
        let number = change.begin(&account, &meant(step)).await.unwrap();
        change.end(&account, number, step).await.unwrap();
    }
    change.finish().await.unwrap()
}
