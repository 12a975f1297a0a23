//! A Dovecot for the mailbox, a sink for what is sent, a database, a clock that the test moves.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    AccountName, AccountSettings, AccountSource, ApprovalRule, Clock, Credentials, Door, Endpoint, GrantId,
    GrantedAccount, Limits, Principal, Random, Scopes, Secret, Timestamp, TlsMode, account::Credential,
};
use engine::{
    Bounds, Engine, Settings,
    bounds::SendingBounds,
    outbox::{Authority, Standing},
    outgoing::{Composition, SendOutcome, SendRequest, Sending},
};
use futures_util::future::BoxFuture;
use net::{Outgoing, PrivateHosts};
use sha2::{Digest as _, Sha256};
use storage::{Database, MasterKey, Store};
use tempfile::TempDir;
use testkit::{
    Dovecot, Maildir, Options, SmtpSink, require_dovecot,
    smtp_sink::{SinkOptions, Transaction},
};

use crate::world::{NOW, credentials, settings};

/// How long a test waits for what should happen soon.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(crate) fn at(seconds: u64) -> Self {
        Self(AtomicI64::new(i64::try_from(seconds).unwrap()))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Predictable, and different for each seed.
pub(crate) struct Seeded(pub(crate) u64, pub(crate) AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.1.fetch_add(1, Ordering::SeqCst);
            let digest = Sha256::digest([self.0.to_be_bytes(), count.to_be_bytes()].concat());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// Where the grant stands as a test says.
pub(crate) struct Says(pub(crate) Mutex<Standing>);

impl Authority for Says {
    fn standing<'a>(&'a self, _: &'a GrantId, _: &'a str) -> BoxFuture<'a, Standing> {
        let standing = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(standing))
    }
}

pub(crate) struct OutboxWorld {
    pub(crate) dovecot: Dovecot,
    pub(crate) maildir: Maildir,
    pub(crate) sink: SmtpSink,
    pub(crate) clock: Arc<MovedClock>,
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) principal: Principal,
    pub(crate) bounds: SendingBounds,
    pub(crate) dir: TempDir,
}

/// Bounds for tests: nothing waits long.
pub(crate) fn bounds() -> SendingBounds {
    let soon = Duration::from_millis(20);
    SendingBounds {
        poll: soon,
        sweep: soon,
        patience: Duration::from_secs(10),
        copy_patience: Duration::from_secs(10),
        ..SendingBounds::default()
    }
}

pub(crate) async fn open_store(dir: &Path, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Store {
    let database = Database::open_file(&dir.join("postroom.db")).await.unwrap();
    let key = MasterKey::from_text(&Secret::new("11".repeat(32))).unwrap();
    Store::open(database, key, clock, random).await.unwrap()
}

pub(crate) fn engine_over(
    store: &Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    bounds: &SendingBounds,
    processes: Option<PathBuf>,
) -> Engine {
    Engine::bounded(
        settings_over(store, clock, random, processes),
        Bounds { sending: *bounds, ..Bounds::default() },
    )
}

pub(crate) fn settings_over(
    store: &Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    processes: Option<PathBuf>,
) -> Settings {
    let outgoing =
        Outgoing::new(net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() });
    let documents = documents::Reader::new("/nonexistent".into(), Vec::new(), documents::Limits::default());
    Settings {
        store: Some(store.clone()),
        sealer: store.sealer().clone(),
        outgoing,
        clock,
        random,
        documents,
        send_delay: Duration::ZERO,
        processes,
        pages: None,
    }
}

pub(crate) fn smtp_at(port: u16) -> Endpoint {
    Endpoint { host: "127.0.0.1".into(), port, tls: TlsMode::None, username: "alice".into() }
}

impl OutboxWorld {
    pub(crate) async fn new(options: SinkOptions) -> Option<Self> {
        Self::bounded(options, &bounds()).await
    }

    pub(crate) async fn bounded(options: SinkOptions, bounds: &SendingBounds) -> Option<Self> {
        Self::on(Options::default(), options, bounds).await
    }

    pub(crate) async fn on(dovecot: Options, options: SinkOptions, bounds: &SendingBounds) -> Option<Self> {
        let dovecot = require_dovecot(dovecot)?;
        let maildir = Maildir::of(&dovecot, "alice").unwrap();
        let sink = SmtpSink::with(options.person("alice", "alice-secret")).unwrap();
        let mut settings = settings(&dovecot);
        settings.smtp = Some(smtp_at(sink.port()));
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(MovedClock::at(NOW));
        let random: Arc<dyn Random> = Arc::new(Seeded(1, AtomicU64::new(0)));
        let store = open_store(dir.path(), clock.clone(), random.clone()).await;
        let user = store.add_user("alice", false, "x").await.unwrap();
        let name: AccountName = "work".parse().unwrap();
        let account =
            store.add_account(&user.id, &name, &settings, &credentials("alice-secret")).await.unwrap();
        let granted = GrantedAccount { name, is_default: true, source: AccountSource::Stored(account.id) };
        let processes = Some(dir.path().join("processes"));
        let engine = engine_over(&store, clock.clone(), random, bounds, processes);
        let principal = principal_of(granted);
        Some(Self { dovecot, maildir, sink, clock, store, engine, principal, bounds: *bounds, dir })
    }

    /// Another process over the same database.
    pub(crate) async fn another(&self, seed: u64) -> Engine {
        let random: Arc<dyn Random> = Arc::new(Seeded(seed, AtomicU64::new(0)));
        let store = open_store(self.dir.path(), self.clock.clone(), random.clone()).await;
        let processes = Some(self.dir.path().join("processes"));
        engine_over(&store, self.clock.clone(), random, &self.bounds, processes)
    }

    pub(crate) async fn send(&self, request: SendRequest) -> Result<SendOutcome, domain::Problem> {
        self.engine.send(&self.principal, request).await
    }

    /// Runs the outbox until the condition holds.
    pub(crate) async fn work_until(&self, engine: &Engine, mut is_done: impl AsyncFnMut() -> bool) {
        let holds = Standing::Holds(Arc::new(self.principal.clone()));
        work_until(engine, holds, &mut is_done).await;
    }

    /// How the sending with the key stands.
    pub(crate) async fn state_of(&self, key: &str) -> Result<SendOutcome, domain::Problem> {
        self.send(state_of(key)).await
    }

    /// Messages with this subject in the folder, as files.
    pub(crate) fn filed(&self, folder: &str) -> Vec<String> {
        let path = self.maildir.path_of(folder).unwrap();
        let mut found = Vec::new();
        for kind in ["cur", "new"] {
            let Ok(entries) = std::fs::read_dir(path.join(kind)) else { continue };
            found.extend(entries.map(|entry| {
                String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned()
            }));
        }
        found
    }

    /// The same principal with a carried account at the door.
    pub(crate) fn carried(&self, door: Door) -> Principal {
        let mut settings: AccountSettings = settings(&self.dovecot);
        settings.smtp = Some(smtp_at(self.sink.port()));
        let credentials = Credentials { imap: Credential::Password(Secret::new("alice-secret")), smtp: None };
        let source = AccountSource::Carried(Arc::new((settings, credentials)));
        let granted = GrantedAccount { name: "work".parse().unwrap(), is_default: true, source };
        Principal { door, ..principal_of(granted) }
    }
}

pub(crate) async fn work_until(engine: &Engine, standing: Standing, is_done: &mut impl AsyncFnMut() -> bool) {
    let authority = Arc::new(Says(Mutex::new(standing)));
    let waiting = async {
        while !is_done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = engine.run_outbox(authority) => {}
        waited = tokio::time::timeout(SOON, waiting) => assert!(waited.is_ok(), "it does not come about"),
    }
}

/// Octets of a message that a test puts into the outbox itself.
pub(crate) struct Octets(pub(crate) Vec<u8>);

impl storage::Pieces for Octets {
    async fn next(&mut self) -> std::io::Result<Option<bytes::Bytes>> {
        Ok((!self.0.is_empty()).then(|| std::mem::take(&mut self.0).into()))
    }
}

/// The like of a message that is in the outbox, under another id and key.
pub(crate) fn like(row: &storage::Outgoing, number: u16) -> storage::NewOutgoing {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    storage::NewOutgoing {
        id: domain::OutboxId::from_random(id),
        grant: row.grant.clone(),
        user: row.user.clone(),
        client: row.client.clone(),
        account: row.account.clone(),
        account_name: row.account_name.clone(),
        key: format!("key:{number}"),
        key_until: None,
        content: row.content,
        frozen: row.frozen.clone(),
        state: row.state,
        due: row.due,
        approval: None,
        new_recipients: row.new_recipients,
    }
}

/// Somebody who is asked nothing.
pub(crate) fn principal_of(granted: GrantedAccount) -> Principal {
    Principal {
        user: "alice".into(),
        grant: GrantId::from_text("gra_test"),
        client: "test".into(),
        door: Door::Personal,
        sign_in: None,
        scopes: Scopes::all(),
        accounts: vec![granted],
        limits: Limits { approval: Some(ApprovalRule::Never), ..Limits::default() },
    }
}

pub(crate) fn letter(to: &[&str], subject: &str) -> Composition {
    Composition {
        to: Some(to.iter().map(|to| (*to).to_owned()).collect()),
        subject: Some(subject.into()),
        body: Some("Hello.\n\nAt five?".into()),
        ..Composition::default()
    }
}

pub(crate) fn to_bob(key: Option<&str>) -> SendRequest {
    request(letter(&["bob@example.org"], "Tea"), key)
}

pub(crate) fn request(composition: Composition, key: Option<&str>) -> SendRequest {
    SendRequest { sending: Sending::New(Box::new(composition)), key: key.map(str::to_owned), at: None }
}

pub(crate) fn state_of(key: &str) -> SendRequest {
    SendRequest { sending: Sending::State { approval: None }, key: Some(key.to_owned()), at: None }
}

/// Transactions whose end arrived.
pub(crate) fn ended(sink: &SmtpSink) -> Vec<Transaction> {
    sink.transactions().into_iter().filter(|one| one.is_ended).collect()
}
