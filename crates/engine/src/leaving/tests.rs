//! The rules on a real mailbox: whose address is known, what reading changes, and what a grant limits.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use domain::{
    AccountName, AccountSettings, Address, ApprovalReason, ApprovalRule, Clock, Code, Credentials, Door,
    Endpoint, GrantId, GrantedAccount, Limits, Random, Scopes, Secret, Timestamp, TlsMode,
    account::Credential,
};
use net::{Outgoing, PrivateHosts};
use storage::{Database, MasterKey, Store};
use tempfile::TempDir;
use testkit::{Dovecot, Mail, Maildir, Options, maildir::Numbering, require_dovecot};

use super::*;
use crate::{Settings, outbox::message_id, search::SearchRequest};

/// 21 November 2026, noon.
const NOW: i64 = 1_795_262_400;
const HOUR: i64 = 3_600;

/// Bytes that are different each time.
struct Counter(AtomicI64);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes()[0];
        }
    }
}

/// A clock that a test moves.
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

struct World {
    // first: nothing is asked of a server that is gone
    engine: Engine,
    store: Store,
    clock: Arc<Moved>,
    home: Maildir,
    dovecot: Dovecot,
    _directory: TempDir,
}

fn account(dovecot: &Dovecot, name: &str, user: &str) -> GrantedAccount {
    let settings = AccountSettings {
        address: format!("{user}@example.org"),
        display_name: String::new(),
        imap: Endpoint {
            host: dovecot.host().into(),
            port: dovecot.imap_port(),
            tls: TlsMode::None,
            username: user.into(),
        },
        smtp: None,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    };
    let password = Credential::Password(Secret::new(format!("{user}-secret")));
    let credentials = Credentials { imap: password, smtp: None };
    let name: AccountName = name.parse().unwrap();
    let is_default = name.as_str() == "home";
    GrantedAccount { name, is_default, source: AccountSource::Carried(Arc::new((settings, credentials))) }
}

impl World {
    async fn new(sent: Vec<Mail>) -> Option<Self> {
        let dovecot = require_dovecot(Options::default())?;
        let home = Maildir::of(&dovecot, "alice").unwrap();
        home.fill("Sent", Numbering::default(), sent).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(Moved(AtomicI64::new(NOW)));
        let random: Arc<dyn Random> = Arc::new(Counter(AtomicI64::new(1)));
        let database = Database::open_file(&directory.path().join("postroom.db")).await.unwrap();
        let key = MasterKey::generate(&*random);
        let store = Store::open(database, key, clock.clone(), random.clone()).await.unwrap();
        let outgoing =
            Outgoing::new(net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() });
        let documents =
            documents::Reader::new("/nonexistent".into(), Vec::new(), documents::Limits::default());
        let engine = Engine::new(Settings {
            store: Some(store.clone()),
            sealer: store.sealer().clone(),
            outgoing,
            clock: clock.clone(),
            random,
            documents,
            send_delay: std::time::Duration::ZERO,
            processes: None,
            pages: None,
        });
        Some(Self { engine, store, clock, home, dovecot, _directory: directory })
    }

    fn principal(&self, limits: Limits) -> Principal {
        Principal {
            user: "alice".into(),
            grant: GrantId::from_text("gra_test"),
            client: "test".into(),
            door: Door::Stdio,
            sign_in: None,
            scopes: Scopes::all(),
            accounts: vec![account(&self.dovecot, "home", "alice"), account(&self.dovecot, "work", "bob")],
            limits,
        }
    }

    fn ruled(&self, rule: ApprovalRule) -> Principal {
        self.principal(Limits { approval: Some(rule), ..Limits::default() })
    }

    async fn judge(&self, principal: &Principal, recipients: &[&str]) -> Result<Judgement, Problem> {
        let account = self.engine.account(principal, Some("home")).await.unwrap();
        let recipients: Vec<String> = recipients.iter().map(|recipient| (*recipient).to_owned()).collect();
        self.engine.judge(principal, &account, &recipients).await
    }

    /// Recipients that the person would be asked about as new ones.
    async fn asked(&self, principal: &Principal, recipients: &[&str]) -> Vec<String> {
        let judgement = self.judge(principal, recipients).await.unwrap();
        let new = judgement.reasons.into_iter().filter_map(|reason| match reason {
            ApprovalReason::NewRecipient { address } => Some(address),
            _ => None,
        });
        new.collect()
    }

    async fn list(&self, principal: &Principal, account: &str, folder: &str) -> usize {
        let request = SearchRequest {
            account: Some(account.to_owned()),
            folder: Some(domain::FolderArg::parse(folder)),
            limit: 20,
            ..SearchRequest::default()
        };
        self.engine.search(principal, request).await.unwrap().rows.len()
    }

    fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

fn letter(fields: &str) -> Mail {
    Mail::new(format!("{}\r\nSubject: Hello\r\n\r\nHello\r\n", fields.replace('\n', "\r\n")), 1_795_000_000)
}

fn to_ann() -> Mail {
    letter("From: Alice <alice@example.org>\nTo: Ann Lee <Ann@Example.org>\nMessage-ID: <1@example.org>")
}

#[tokio::test]
async fn whom_the_person_wrote_to_is_known_and_nobody_else() {
    let sent = vec![
        to_ann(),
        letter("From: alice@example.org\nTo: x@example.net\nCc: Bea <bea@example.net>\nBcc: cid@example.net"),
        letter("From: alice@example.org\nTo: joann@example.com, dora@xn--bcher-kva.example"),
    ];
    let Some(world) = World::new(sent).await else { return };
    let inbox = [letter(
        "From: eve@evil.example\nTo: alice@example.org, fay@evil.example\nReply-To: gus@evil.example",
    )];
    world.home.fill("INBOX", Numbering::default(), inbox).unwrap();
    let grant = world.ruled(ApprovalRule::NewRecipients);
    for known in [
        "ann@example.org",
        "ANN@EXAMPLE.ORG",
        "bea@example.net",
        "cid@example.net",
        "dora@xn--bcher-kva.example",
        "Dora@b\u{fc}cher.example",
        "alice@example.org",
    ] {
        assert_eq!(world.asked(&grant, &[known]).await, [""; 0], "{known}");
    }
    for unknown in [
        "eve@evil.example",
        "fay@evil.example",
        "gus@evil.example",
        "ann@example.com",
        "ann@example.org.evil.example",
        "ann+tag@example.org",
        "nn@example.org",
        "bob@example.org",
    ] {
        assert_eq!(world.asked(&grant, &[unknown]).await, [unknown], "{unknown}");
    }
    let all = ["eve@evil.example", "ann@example.org", "bea@example.net", "fay@evil.example"];
    assert_eq!(world.asked(&grant, &all).await, ["eve@evil.example", "fay@evil.example"]);
    assert_eq!(world.judge(&grant, &all).await.unwrap().new_recipients, 2);
}

#[tokio::test]
async fn what_stands_in_sent_but_was_not_written_by_the_person_makes_nobody_known() {
    let Some(world) = World::new(Vec::new()).await else { return };
    let grant = world.ruled(ApprovalRule::NewRecipients);
    let home = crate::accounts::home(&grant, &"home".parse().unwrap()).unwrap();
    let made = message_id::make(&world.store, &home, &grant.grant, "key", "example.org").await.unwrap();
    let sent = vec![
        // sent by an agent
        letter(&format!("From: alice@example.org\nTo: ann@example.org\nMessage-ID: {made}")),
        // somebody else's, moved there
        letter("From: eve@evil.example\nTo: bea@example.org"),
        letter("From: alice@example.org, eve@evil.example\nTo: cid@example.org"),
    ];
    for (number, mail) in (10..).zip(&sent) {
        world.home.deliver("Sent", number, mail).unwrap();
    }
    for unknown in ["ann@example.org", "bea@example.org", "cid@example.org"] {
        assert_eq!(world.asked(&grant, &[unknown]).await, [unknown]);
    }
    // A Message-ID that only looks like an agent's hides nothing.
    let forged = format!("<{}.{}@example.org>", "a".repeat(24), "b".repeat(16));
    let own = letter(&format!("From: alice@example.org\nTo: ann@example.org\nMessage-ID: {forged}"));
    world.home.deliver("Sent", 99, &own).unwrap();
    assert_eq!(world.asked(&grant, &["ann@example.org"]).await, [""; 0]);
}

fn new(address: &str) -> ApprovalReason {
    ApprovalReason::NewRecipient { address: address.to_owned() }
}

#[tokio::test]
async fn an_address_that_was_approved_is_known_from_then_on() {
    let Some(world) = World::new(Vec::new()).await else { return };
    let grant = world.ruled(ApprovalRule::NewRecipients);
    assert_eq!(world.asked(&grant, &["ann@example.org"]).await, ["ann@example.org"]);
    let home = crate::accounts::home(&grant, &"home".parse().unwrap()).unwrap();
    world.store.known_add(&home, &["Ann@example.org".to_owned()]).await.unwrap();
    assert_eq!(world.asked(&grant, &["ann@example.org"]).await, [""; 0]);
    // Of that account alone.
    let account = world.engine.account(&grant, Some("work")).await.unwrap();
    let judged = world.engine.judge(&grant, &account, &["ann@example.org".to_owned()]).await.unwrap();
    assert_eq!(judged.reasons, [new("ann@example.org")]);
}

#[tokio::test]
async fn always_asks_for_every_message_and_never_for_none() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    let always = world.ruled(ApprovalRule::Always);
    let own = world.judge(&always, &["alice@example.org"]).await.unwrap();
    assert_eq!(own.reasons, [ApprovalReason::Always]);
    let others = world.judge(&always, &["ann@example.org", "eve@evil.example"]).await.unwrap();
    assert_eq!(others.reasons, [ApprovalReason::Always, new("eve@evil.example")]);
    let never = world.ruled(ApprovalRule::Never);
    world.list(&never, "work", "@inbox").await;
    let judged = world.judge(&never, &["eve@evil.example"]).await.unwrap();
    assert_eq!(judged, Judgement { reasons: Vec::new(), new_recipients: 1 });
    // Who says nothing is asked for new recipients.
    let silent = world.principal(Limits::default());
    assert_eq!(world.asked(&silent, &["eve@evil.example"]).await, ["eve@evil.example"]);
}

#[tokio::test]
async fn after_strangers_asks_for_a_day_after_one_was_read() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    world
        .home
        .fill("INBOX", Numbering::default(), [letter("From: ann@example.org\nTo: alice@example.org")])
        .unwrap();
    world
        .home
        .fill("Archive", Numbering::default(), [letter("From: eve@evil.example\nTo: alice@example.org")])
        .unwrap();
    let grant = world.ruled(ApprovalRule::AfterStrangers);
    let new = ["new@example.net"];
    assert_eq!(world.asked(&grant, &new).await, [""; 0]);
    // Ann is known.
    assert_eq!(world.list(&grant, "home", "@inbox").await, 1);
    assert_eq!(world.asked(&grant, &new).await, [""; 0]);
    assert_eq!(world.list(&grant, "home", "Archive").await, 1);
    assert_eq!(world.asked(&grant, &new).await, new);
    assert_eq!(world.asked(&grant, &["ann@example.org"]).await, [""; 0]);
    world.advance(23 * HOUR);
    assert_eq!(world.asked(&grant, &new).await, new);
    world.advance(2 * HOUR);
    assert_eq!(world.asked(&grant, &new).await, [""; 0]);
    // Reading on keeps it up.
    world.list(&grant, "home", "Archive").await;
    world.advance(20 * HOUR);
    world.list(&grant, "home", "Archive").await;
    world.advance(20 * HOUR);
    assert_eq!(world.asked(&grant, &new).await, new);
}

#[tokio::test]
async fn what_was_read_under_another_rule_counts_when_the_rule_is_changed() {
    let Some(world) = World::new(Vec::new()).await else { return };
    world
        .home
        .fill("INBOX", Numbering::default(), [letter("From: eve@evil.example\nTo: alice@example.org")])
        .unwrap();
    let never = world.ruled(ApprovalRule::Never);
    world.list(&never, "home", "@inbox").await;
    let changed = world.ruled(ApprovalRule::AfterStrangers);
    assert_eq!(world.asked(&changed, &["new@example.net"]).await, ["new@example.net"]);
    // Another grant read nothing.
    let other = Principal { grant: GrantId::from_text("gra_other"), ..changed };
    assert_eq!(world.asked(&other, &["new@example.net"]).await, [""; 0]);
}

#[tokio::test]
async fn for_a_day_after_another_account_was_read_even_the_known_are_asked_about() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    let work = Maildir::of(&world.dovecot, "bob").unwrap();
    work.fill("INBOX", Numbering::default(), [letter("From: eve@evil.example\nTo: bob@example.org")])
        .unwrap();
    let listed = Limits {
        recipients: vec!["*@listed.example".to_owned(), "ann@example.org".to_owned()],
        ..Limits::default()
    };
    for (limits, asked) in [(Limits::default(), true), (listed, false)] {
        let grant =
            Principal { grant: GrantId::from_text(format!("gra_{asked}")), ..world.principal(limits) };
        assert_eq!(world.judge(&grant, &["ann@example.org"]).await.unwrap().reasons, []);
        world.list(&grant, "work", "@inbox").await;
        let reason = ApprovalReason::AcrossAccounts {
            address: "ann@example.org".to_owned(),
            read: "work".parse().ok(),
        };
        let reasons: Vec<ApprovalReason> = asked.then_some(reason).into_iter().collect();
        let judged = world.judge(&grant, &["ann@example.org", "alice@example.org"]).await.unwrap();
        assert_eq!(judged.reasons, reasons);
        world.advance(25 * HOUR);
        assert_eq!(world.judge(&grant, &["ann@example.org"]).await.unwrap().reasons, []);
    }
}

#[tokio::test]
async fn a_list_of_recipients_is_a_limit() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    let limits = Limits {
        recipients: vec!["bea@example.net".to_owned(), "*@listed.example".to_owned()],
        approval: Some(ApprovalRule::Never),
        ..Limits::default()
    };
    let grant = world.principal(limits);
    for allowed in ["bea@example.net", "anyone@listed.example", "alice@example.org"] {
        assert!(world.judge(&grant, &[allowed]).await.is_ok(), "{allowed}");
    }
    for refused in ["ann@example.org", "x@sub.listed.example", "eve@evil.example"] {
        let problem = world.judge(&grant, &["bea@example.net", refused]).await.unwrap_err();
        assert_eq!(problem.code, Code::RecipientNotAllowed);
        assert!(problem.message.contains(refused));
    }
}

#[tokio::test]
async fn where_nobody_can_sign_in_mail_goes_only_to_the_list_and_to_oneself() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    for door in [Door::Sealed, Door::Header, Door::Oidc] {
        let grant = Principal { door, ..world.ruled(ApprovalRule::Never) };
        assert_eq!(
            world.judge(&grant, &["ann@example.org"]).await.unwrap_err().code,
            Code::RecipientNotAllowed
        );
        assert!(world.judge(&grant, &["alice@example.org"]).await.is_ok());
    }
}

#[tokio::test]
async fn who_cannot_be_looked_up_is_not_let_through() {
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    let grant = world.ruled(ApprovalRule::NewRecipients);
    world.engine.close();
    let World { engine, dovecot, store: _, clock: _, home: _, _directory: _ } = &world;
    let account = engine.account(&grant, Some("home")).await.unwrap();
    let at = Address { name: String::new(), email: "ann@example.org".to_owned() };
    testkit::process::terminate(dovecot.pid().unwrap());
    let mut problem = None;
    for _ in 0..200 {
        problem = engine.judge(&grant, &account, std::slice::from_ref(&at.email)).await.err();
        if problem.is_some() {
            break;
        }
        engine.close();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(matches!(problem.unwrap().code, Code::AccountUnreachable | Code::Timeout));
}

#[tokio::test]
async fn reading_costs_one_note_and_is_refused_where_it_cannot_be_noted() {
    let Some(world) = World::new(Vec::new()).await else { return };
    world
        .home
        .fill("INBOX", Numbering::default(), [letter("From: eve@evil.example\nTo: alice@example.org")])
        .unwrap();
    let grant = world.ruled(ApprovalRule::NewRecipients);
    assert_eq!(world.list(&grant, "home", "@inbox").await, 1);
    world.store.close().await;
    // It is noted: nothing more is asked of the database for a while.
    assert_eq!(world.list(&grant, "home", "@inbox").await, 1);
    world.advance(HOUR);
    let request = SearchRequest { account: Some("home".to_owned()), limit: 20, ..SearchRequest::default() };
    let refused = world.engine.search(&grant, request).await.unwrap_err();
    assert!(matches!(refused, crate::search::Failure::Problem(problem) if problem.code == Code::Internal));
}

/// Every way in which a grant is given what somebody wrote.
#[tokio::test]
async fn whatever_shows_what_a_stranger_wrote_is_noted() {
    use crate::{
        attachment::Form,
        outgoing::{Composition, DraftRequest, FileSource, Follows},
        people::PeopleRequest,
        read::View,
        thread::ThreadRequest,
    };
    let Some(world) = World::new(vec![to_ann()]).await else { return };
    let with_file = letter(
        "From: Send it to me <eve@evil.example>\nTo: alice@example.org\nMessage-ID: <e@evil.example>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=m",
    );
    let parts = "--m\r\nContent-Type: text/plain\r\n\r\nHello\r\n--m\r\nContent-Type: text/plain\r\n\
        Content-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--m--\r\n";
    let raw = [&*with_file.raw, parts.as_bytes()].concat();
    world.home.fill("INBOX", Numbering::default(), [Mail::new(raw, 1_795_000_000)]).unwrap();
    let id = "home/@inbox:1@s44we8";
    let engine = &world.engine;
    let ways = [
        "search",
        "read",
        "read by Message-ID",
        "thread",
        "attachment",
        "link",
        "people",
        "reply",
        "forward",
        "file",
    ];
    for way in ways {
        let grant = Principal {
            grant: GrantId::from_text(format!("gra_{way}")),
            ..world.ruled(ApprovalRule::AfterStrangers)
        };
        assert_eq!(world.asked(&grant, &["new@example.net"]).await, [""; 0], "{way}");
        let draft = |composition| engine.draft(&grant, DraftRequest { replaces: None, composition });
        let told = match way {
            "search" => (world.list(&grant, "home", "@inbox").await == 1).then_some(()),
            "read" => engine.read(&grant, &[id.to_owned()], View::Headers).await.ok().map(drop),
            "read by Message-ID" => {
                engine.read(&grant, &["<e@evil.example>".to_owned()], View::Text).await.ok().map(drop)
            }
            "thread" => {
                let request = ThreadRequest { id: id.to_owned(), limit: 10, cursor: None };
                engine.thread(&grant, request).await.ok().map(drop)
            }
            "attachment" => engine.attachment(&grant, id, 1, Form::Text).await.ok().map(drop),
            "link" => engine.download(&grant, id, 1).await.ok().map(drop),
            "people" => {
                let found =
                    engine.people(&grant, PeopleRequest { query: "eve".to_owned(), account: None }).await;
                found.ok().filter(|found| found.people.len() == 1).map(drop)
            }
            "reply" => {
                let follows = Some(Follows::Reply(id.to_owned()));
                draft(Composition { follows, body: Some("x".to_owned()), ..Composition::default() })
                    .await
                    .ok()
                    .map(drop)
            }
            "forward" => {
                let follows = Some(Follows::Forward(id.to_owned()));
                draft(Composition { follows, ..Composition::default() }).await.ok().map(drop)
            }
            _ => {
                let file = FileSource::FromMessage { message: id.to_owned(), index: Some(1) };
                draft(Composition { attachments: Some(vec![file]), ..Composition::default() })
                    .await
                    .ok()
                    .map(drop)
            }
        };
        assert!(told.is_some(), "{way} does not work");
        assert_eq!(world.asked(&grant, &["new@example.net"]).await, ["new@example.net"], "{way}");
    }
}
