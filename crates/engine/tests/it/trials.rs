//! Trying the servers of an account against a real one: how far one gets, and what is said where it ends.

use std::sync::Arc;

use domain::{
    AccountSettings, Code, Credentials, Endpoint, FixedClock, Secret, TlsMode,
    account::{Credential, PasswordNeeded, Service, SmtpPassword, Typed},
};
use engine::{
    Bounds, Engine,
    trial::{Failure, Outcome, Stage, Trial, Untried},
};
use net::PrivateHosts;
use storage::{Database, MasterKey, Store};
use testkit::{CertificateKind, Dovecot, Options, Proxy, proxy::Faults, require_dovecot};

use crate::world::{credentials, engine_over, now, random, settings_at};

const PASSWORD: &str = "alice-secret";

fn engine_trusting(dovecot: &Dovecot, store: Option<Store>) -> Engine {
    let outgoing = net::Settings {
        private_hosts: PrivateHosts::Allow,
        ca_file: Some(dovecot.ca_file().to_owned()),
        ..net::Settings::default()
    };
    engine_over(Bounds::default(), Arc::new(FixedClock(now())), outgoing, store)
}

fn at(dovecot: &Dovecot, port: u16, tls: TlsMode) -> Endpoint {
    Endpoint { host: dovecot.host().to_owned(), port, tls, username: "alice".to_owned() }
}

/// Both servers, secured from the first byte.
fn both(dovecot: &Dovecot) -> AccountSettings {
    let smtp = dovecot.submissions_port().unwrap();
    AccountSettings {
        imap: at(dovecot, dovecot.imaps_port(), TlsMode::Tls),
        smtp: Some(at(dovecot, smtp, TlsMode::Tls)),
        ..settings_at(dovecot.host(), 0)
    }
}

fn imap_only(endpoint: Endpoint) -> AccountSettings {
    AccountSettings { imap: endpoint, ..settings_at("", 0) }
}

fn failure(trial: &Trial) -> &Failure {
    trial.imap.failure.as_ref().unwrap()
}

#[tokio::test]
async fn servers_that_take_the_sign_in_pass_every_stage() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let engine = engine_trusting(&dovecot, None);
    let trial = engine.try_servers(&both(&dovecot), &credentials(PASSWORD)).await;
    assert!(trial.is_ok(), "{trial:?}");
    assert!(trial.imap.folders.unwrap() > 0);
    let stages: Vec<Stage> = trial.imap.stages().into_iter().map(|(stage, _)| stage).collect();
    assert_eq!(stages, [Stage::Lookup, Stage::Connect, Stage::Tls, Stage::SignIn, Stage::Folders]);
    let smtp = trial.smtp.unwrap();
    assert_eq!(smtp.folders, None);
    assert!(smtp.stages().iter().all(|(_, outcome)| *outcome == Outcome::Passed));
    let mut by_starttls = both(&dovecot);
    by_starttls.imap = at(&dovecot, dovecot.imap_port(), TlsMode::StartTls);
    by_starttls.smtp = Some(at(&dovecot, dovecot.submission_port().unwrap(), TlsMode::StartTls));
    let trial = engine.try_servers(&by_starttls, &credentials(PASSWORD)).await;
    assert!(trial.is_ok(), "{trial:?}");
}

#[tokio::test]
async fn a_wrong_password_ends_at_the_sign_in_of_both_servers_and_is_not_told() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let trial = engine_trusting(&dovecot, None).try_servers(&both(&dovecot), &credentials("sesame-7")).await;
    assert_eq!(trial.servers().count(), 2);
    for server in trial.servers() {
        let failure = server.failure.as_ref().unwrap();
        assert_eq!((failure.stage, failure.problem.code), (Stage::SignIn, Code::AccountAuthFailed));
        assert!(failure.problem.message.ends_with("refused the sign-in."), "{failure:?}");
        assert!(failure.problem.hint.contains("app password"), "{failure:?}");
    }
    assert!(!format!("{trial:?}").contains("sesame-7"));
    let mut only_smtp_is_wrong = credentials(PASSWORD);
    only_smtp_is_wrong.smtp = Some(Credential::Password(Secret::new("other")));
    let trial = engine_trusting(&dovecot, None).try_servers(&both(&dovecot), &only_smtp_is_wrong).await;
    assert!(trial.imap.is_ok() && !trial.smtp.unwrap().is_ok());
}

#[tokio::test]
async fn tls_at_a_port_that_begins_in_plain_text_is_told_as_that() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let mut wrong = both(&dovecot);
    wrong.imap = at(&dovecot, dovecot.imap_port(), TlsMode::Tls);
    wrong.smtp = Some(at(&dovecot, dovecot.submission_port().unwrap(), TlsMode::Tls));
    let trial = engine_trusting(&dovecot, None).try_servers(&wrong, &credentials(PASSWORD)).await;
    for server in trial.servers() {
        let failure = server.failure.as_ref().unwrap();
        assert_eq!((failure.stage, failure.speaks), (Stage::Tls, Some(TlsMode::StartTls)), "{failure:?}");
        assert!(failure.problem.message.contains("does not speak TLS from the first byte"));
    }
}

#[tokio::test]
async fn a_port_that_waits_for_tls_is_told_as_that_whatever_mode_was_chosen() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    for tls in [TlsMode::StartTls, TlsMode::None] {
        let mut wrong = both(&dovecot);
        wrong.imap.tls = tls;
        wrong.smtp.as_mut().unwrap().tls = tls;
        let trial = engine_trusting(&dovecot, None).try_servers(&wrong, &credentials(PASSWORD)).await;
        for server in trial.servers() {
            let failure = server.failure.as_ref().unwrap();
            assert_eq!(failure.speaks, Some(TlsMode::Tls), "{failure:?}");
            assert!(failure.problem.message.ends_with("speaks TLS from the first byte."), "{failure:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_ends_at_the_encryption() {
    let options = Options { certificate: CertificateKind::WrongName, ..Options::default() };
    let Some(dovecot) = require_dovecot(options) else { return };
    let settings = imap_only(at(&dovecot, dovecot.imaps_port(), TlsMode::Tls));
    let trial = engine_trusting(&dovecot, None).try_servers(&settings, &credentials(PASSWORD)).await;
    let failure = failure(&trial);
    assert_eq!((failure.stage, failure.problem.code), (Stage::Tls, Code::TlsFailed));
    assert!(failure.problem.message.contains("for another host name"), "{failure:?}");
}

#[tokio::test]
async fn where_nothing_listens_it_ends_at_the_connection() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let outgoing = net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() };
    let engine = engine_over(Bounds::default(), Arc::new(FixedClock(now())), outgoing, None);
    let trial = engine.try_servers(&settings_at("127.0.0.1", free), &credentials(PASSWORD)).await;
    assert_eq!((failure(&trial).stage, trial.smtp.is_none()), (Stage::Connect, true));
    assert!(failure(&trial).problem.hint.contains("port"));
}

#[tokio::test]
async fn a_private_host_is_refused_before_anything_is_sent_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let outgoing = net::Settings::default();
    let engine = engine_over(Bounds::default(), Arc::new(FixedClock(now())), outgoing, None);
    for host in ["127.0.0.1", "localhost", "[::1]", "0x7f.1"] {
        let mut settings = settings_at(host, port);
        settings.smtp = Some(settings.imap.clone());
        let trial = engine.try_servers(&settings, &credentials(PASSWORD)).await;
        for server in trial.servers() {
            let failure = server.failure.as_ref().unwrap();
            assert_eq!(failure.stage, Stage::Lookup, "{failure:?}");
            assert!(failure.problem.message.contains("private network"), "{failure:?}");
        }
    }
    assert!(listener.accept().is_err(), "nobody came");
}

async fn store() -> Store {
    let database = Database::open_memory().await.unwrap();
    let key = MasterKey::generate(&*random());
    Store::open(database, key, Arc::new(FixedClock(now())), random()).await.unwrap()
}

#[tokio::test]
async fn a_stored_account_is_tried_and_how_it_did_is_remembered_until_it_is_let_go() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let store = store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let name = "work".parse().unwrap();
    let settings = both(&dovecot);
    let id = store.add_account(&ann.id, &name, &settings, &credentials(PASSWORD)).await.unwrap().id;
    let engine = engine_trusting(&dovecot, Some(store.clone()));
    assert_eq!(engine.last_state(&id).0, "unknown");
    assert!(engine.try_account(&id).await.unwrap().is_ok());
    assert_eq!(engine.last_state(&id).0, "ok");
    engine.let_go(&id);
    assert_eq!(engine.last_state(&id).0, "unknown");
    let typed = Typed { imap: Some(Secret::new("wrong")), smtp: SmtpPassword::SameAsImap };
    store.edit_account(&ann.id, &name, &settings, &typed).await.unwrap().unwrap();
    assert!(!engine.try_account(&id).await.unwrap().is_ok());
    let (state, hint) = engine.last_state(&id);
    assert_eq!(state, "account_auth_failed");
    assert!(hint.contains("password"), "{hint}");
    store.remove_account(&ann.id, &name).await.unwrap();
    assert_eq!(engine.try_account(&id).await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn a_stored_password_is_never_tried_at_a_server_it_was_not_typed_for() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let elsewhere = Proxy::start(dovecot.imaps_port(), Faults::default()).unwrap();
    let store = store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let settings = both(&dovecot);
    let stored: Credentials = credentials(PASSWORD);
    let id = store.add_account(&ann.id, &"work".parse().unwrap(), &settings, &stored).await.unwrap().id;
    let engine = engine_trusting(&dovecot, Some(store));
    let mut moved = settings.clone();
    moved.imap.port = elsewhere.port();
    let needed = Err(Untried::PasswordNeeded(PasswordNeeded(Service::Imap)));
    assert_eq!(engine.try_changed(&id, &moved, &Typed::default()).await, needed);
    let mut smtp_moved = settings.clone();
    smtp_moved.smtp.as_mut().unwrap().port = elsewhere.port();
    assert_eq!(engine.try_changed(&id, &smtp_moved, &Typed::default()).await, needed);
    assert_eq!(elsewhere.connections(), 0);
    let typed = Typed { imap: Some(Secret::new(PASSWORD)), smtp: SmtpPassword::SameAsImap };
    assert!(engine.try_changed(&id, &moved, &typed).await.unwrap().is_ok());
    assert!(elsewhere.connections() > 0);
    assert!(engine.try_changed(&id, &settings, &Typed::default()).await.unwrap().is_ok(), "as it was");
}
