//! A Dovecot with the sample mailbox, an engine, and a principal who may use it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    AccountName, AccountSettings, AccountSource, Clock, Credentials, Door, Endpoint, FixedClock, GrantId,
    GrantedAccount, Limits, Principal, Random, Scopes, Secret, Timestamp, TlsMode, account::Credential,
};
use engine::{
    Bounds, Engine, Settings,
    search::{Page, Row, SearchRequest},
};
use net::{Outgoing, PrivateHosts};
use storage::{MasterKey, Sealer, Store};
use testkit::{Dovecot, Maildir, Options, require_dovecot, sample};

/// 21 November 2026, noon.
pub(crate) const NOW: u64 = 1_795_262_400;

/// Predictable, and different each time it is asked.
struct Counter(Mutex<u64>);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        for byte in bytes {
            *next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = next.to_be_bytes()[0];
        }
    }
}

pub(crate) struct World {
    pub(crate) dovecot: Dovecot,
    pub(crate) maildir: Maildir,
    pub(crate) engine: Engine,
    pub(crate) principal: Principal,
}

/// A world with the sample mailbox; nothing where there is no Dovecot.
pub(crate) fn world(options: Options) -> Option<World> {
    let dovecot = require_dovecot(options)?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    sample::fill(&maildir, NOW).unwrap();
    Some(over(dovecot, maildir))
}

/// The settings of another person at the same server.
pub(crate) fn settings_of(dovecot: &Dovecot, user: &str) -> AccountSettings {
    let mut settings = settings(dovecot);
    settings.address = format!("{user}@example.com");
    user.clone_into(&mut settings.imap.username);
    settings
}

/// All pages of a request, with something that happens before each page but the first.
pub(crate) async fn pages(
    engine: &Engine,
    principal: &Principal,
    mut request: SearchRequest,
    mut between: impl FnMut(&[Row]),
) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    loop {
        let page = engine.search(principal, request.clone()).await.unwrap();
        assert!(page.rows.len() <= request.limit);
        request.cursor.clone_from(&page.next_cursor);
        pages.push(page);
        if request.cursor.is_none() {
            return pages;
        }
        assert!(pages.len() < 300, "the pages do not end");
        let shown: Vec<Row> = pages.iter().flat_map(|page| page.rows.clone()).collect();
        between(&shown);
    }
}

/// A world with empty folders.
pub(crate) fn empty_world(options: Options) -> Option<World> {
    let dovecot = require_dovecot(options)?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    Some(over(dovecot, maildir))
}

fn over(dovecot: Dovecot, maildir: Maildir) -> World {
    let principal = principal(&dovecot, Limits::default());
    World { engine: new_engine(), principal, dovecot, maildir }
}

pub(crate) fn new_engine() -> Engine {
    bounded_engine(Bounds::default())
}

#[expect(clippy::large_types_passed_by_value, reason = "each test has bounds of its own")]
pub(crate) fn bounded_engine(bounds: Bounds) -> Engine {
    engine_at(bounds, Arc::new(FixedClock(now())))
}

/// An engine whose time a test moves.
#[expect(clippy::large_types_passed_by_value, reason = "each test has bounds of its own")]
pub(crate) fn engine_at(bounds: Bounds, clock: Arc<dyn Clock>) -> Engine {
    let outgoing = net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() };
    engine_over(bounds, clock, outgoing, None)
}

/// Predictable randomness.
pub(crate) fn random() -> Arc<dyn Random> {
    Arc::new(Counter(Mutex::new(1)))
}

/// An engine with a way out and perhaps a store.
#[expect(clippy::large_types_passed_by_value, reason = "each test has bounds of its own")]
pub(crate) fn engine_over(
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    outgoing: net::Settings,
    store: Option<Store>,
) -> Engine {
    let random = random();
    let outgoing = Outgoing::new(outgoing);
    let sealer = Sealer::new(MasterKey::generate(&*random), Arc::clone(&random));
    // What documents say is tried where the program that reads them is: in the server's tests.
    let documents = documents::Reader::new("/nonexistent".into(), Vec::new(), documents::Limits::default());
    let (send_delay, processes, pages) = (Duration::ZERO, None, None);
    let settings =
        Settings { store, sealer, outgoing, clock, random, documents, send_delay, processes, pages };
    Engine::bounded(settings, bounds)
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_timestamp(i64::try_from(NOW).unwrap()).unwrap()
}

pub(crate) fn settings(dovecot: &Dovecot) -> AccountSettings {
    settings_at(dovecot.host(), dovecot.imap_port())
}

pub(crate) fn settings_at(host: &str, port: u16) -> AccountSettings {
    AccountSettings {
        address: "alice@example.com".into(),
        display_name: "Alice".into(),
        imap: Endpoint { host: host.into(), port, tls: TlsMode::None, username: "alice".into() },
        smtp: None,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    }
}

pub(crate) fn credentials(password: &str) -> Credentials {
    Credentials { imap: Credential::Password(Secret::new(password)), smtp: None }
}

pub(crate) fn principal(dovecot: &Dovecot, limits: Limits) -> Principal {
    principal_with(settings(dovecot), credentials("alice-secret"), limits)
}

pub(crate) fn principal_with(
    settings: AccountSettings,
    credentials: Credentials,
    limits: Limits,
) -> Principal {
    principal_of(vec![granted("work", true, settings, credentials)], limits)
}

pub(crate) fn granted(
    name: &str,
    is_default: bool,
    settings: AccountSettings,
    credentials: Credentials,
) -> GrantedAccount {
    let name: AccountName = name.parse().unwrap();
    GrantedAccount { name, is_default, source: AccountSource::Carried(Arc::new((settings, credentials))) }
}

pub(crate) fn principal_of(accounts: Vec<GrantedAccount>, limits: Limits) -> Principal {
    Principal {
        user: "alice".into(),
        grant: GrantId::from_text("gra_test"),
        client: "test".into(),
        door: Door::Stdio,
        sign_in: None,
        scopes: Scopes::all(),
        accounts,
        limits,
    }
}
