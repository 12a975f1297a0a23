//! A draft that was stored on a real server, as it would leave.

use std::sync::{Arc, Mutex};

use domain::{
    AccountSettings, AccountSource, Clock, Credentials, Door, Endpoint, FixedClock, GrantId, GrantedAccount,
    Limits, Principal, Random, Scopes, Secret, TlsMode, account::Credential,
};
use mail::octets::Chunks as _;
use net::{Outgoing, PrivateHosts};
use storage::{MasterKey, Sealer};
use testkit::{Dovecot, Mail, Maildir, Options, OtherClient, maildir::Numbering, require_dovecot};

use super::*;
use crate::{
    Settings,
    outgoing::{Composition, DraftRequest, Drafted, FileSource, Follows},
};

const NOW: u64 = 1_795_262_400;

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

struct World {
    dovecot: Dovecot,
    engine: Engine,
    principal: Principal,
}

fn world() -> Option<World> {
    let dovecot = require_dovecot(Options::default())?;
    let random: Arc<dyn Random> = Arc::new(Counter(Mutex::new(1)));
    let now = Timestamp::from_unix_timestamp(i64::try_from(NOW).unwrap()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now));
    let private = net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() };
    let sealer = Sealer::new(MasterKey::generate(&*random), Arc::clone(&random));
    let documents = documents::Reader::new("/nonexistent".into(), Vec::new(), documents::Limits::default());
    let outgoing = Outgoing::new(private);
    let engine = Engine::new(Settings {
        store: None,
        sealer,
        outgoing,
        clock,
        random,
        documents,
        send_delay: std::time::Duration::ZERO,
        processes: None,
        pages: None,
    });
    let imap = Endpoint {
        host: dovecot.host().into(),
        port: dovecot.imap_port(),
        tls: TlsMode::None,
        username: "alice".into(),
    };
    let settings = AccountSettings {
        address: "alice@example.com".into(),
        display_name: "Alice".into(),
        imap,
        smtp: None,
        allowed_folders: Vec::new(),
        signature: String::new(),
        writing_style: String::new(),
    };
    let credentials = Credentials { imap: Credential::Password(Secret::new("alice-secret")), smtp: None };
    let granted = GrantedAccount {
        name: "work".parse().unwrap(),
        is_default: true,
        source: AccountSource::Carried(Arc::new((settings, credentials))),
    };
    let principal = Principal {
        user: "alice".into(),
        grant: GrantId::from_text("gra_test"),
        client: "test".into(),
        door: Door::Stdio,
        sign_in: None,
        scopes: Scopes::all(),
        accounts: vec![granted],
        limits: Limits::default(),
    };
    Some(World { dovecot, engine, principal })
}

impl World {
    async fn drafted(&self, composition: Composition) -> Drafted {
        let request = DraftRequest { replaces: None, composition };
        self.engine.draft(&self.principal, request).await.unwrap()
    }

    async fn to_send(&self, draft: &DraftId, expect: Option<&str>) -> Result<DraftToSend, Problem> {
        let held = self.engine.find_draft(&self.principal, draft, None).await?;
        let due = Timestamp::from_unix_timestamp(i64::try_from(NOW).unwrap() + 3_600).unwrap();
        let found = self.engine.draft_to_send(&held, expect, "<sent@example.com>", due).await?;
        assert_eq!(found.version, held.version());
        Ok(found)
    }

    fn other(&self) -> OtherClient {
        OtherClient::sign_in(&self.dovecot, "alice", "alice-secret").unwrap()
    }

    /// The only message in Drafts, in lines that end with CRLF.
    fn stored(&self) -> String {
        let folder = self.dovecot.user_home("alice").join("Maildir/.Drafts/cur");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        std::fs::read_to_string(files.remove(0).path()).unwrap().replace('\n', "\r\n")
    }

    /// As another program saves a draft that it edited.
    fn edit(&self, change: impl Fn(String) -> String) {
        let edited = change(self.stored());
        let mut other = self.other();
        other.append("Drafts", &Mail::new(edited, NOW).flags("DS")).unwrap();
        other.delete("Drafts", "1").unwrap();
    }
}

fn composition() -> Composition {
    Composition {
        to: Some(vec!["Bob <bob@example.org>".into()]),
        bcc: Some(vec!["eve@example.net, carl@bücher.example".into()]),
        subject: Some("The plan".into()),
        body: Some("Some words".into()),
        attachments: Some(vec![FileSource::Octets {
            name: "numbers.csv".into(),
            media_type: String::new(),
            content_id: None,
            octets: vec![b'7'; 600_000].into(),
        }]),
        ..Composition::default()
    }
}

async fn octets(spool: &Spool) -> String {
    let mut reader = spool.read();
    let mut out = Vec::new();
    while let Some(piece) = reader.next().await.unwrap() {
        out.extend_from_slice(&piece);
    }
    assert_eq!(out.len() as u64, spool.size());
    String::from_utf8(out).unwrap()
}

fn emails(addresses: &[Address]) -> Vec<&str> {
    addresses.iter().map(|address| address.email.as_str()).collect()
}

fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn a_draft_leaves_with_the_same_body_and_a_header_without_its_handle() {
    let Some(world) = world() else { return };
    let made = world.drafted(composition()).await;
    let found = world.to_send(&made.draft, Some(&made.expect)).await.unwrap();
    let message = octets(&found.spool).await;
    let stored = world.stored();
    assert_eq!(body(&message), body(&stored), "octet for octet");
    let (header, _) = message.split_once("\r\n\r\n").unwrap();
    assert!(!header.to_lowercase().contains("postroom"), "{header}");
    assert_eq!(header.matches("Message-ID:").count(), 1);
    assert!(header.contains("Message-ID: <sent@example.com>"), "{header}");
    assert!(header.contains("Date: Sat, 21 Nov 2026 13:00:00 +0000"), "{header}");
    let bcc = found.spool.bcc();
    let bcc = &message[usize::try_from(bcc.start).unwrap()..usize::try_from(bcc.end).unwrap()];
    assert!(bcc.starts_with("Bcc: ") && bcc.ends_with("\r\n") && bcc.contains("eve@example.net"), "{bcc}");
    assert_eq!((emails(&found.to), emails(&found.cc)), (vec!["bob@example.org"], vec![]));
    assert_eq!(found.bcc.len(), 2);
    assert_eq!((found.subject.as_str(), found.preview.as_str()), ("The plan", "Some words"));
    assert_eq!(
        (found.from.email.as_str(), found.names),
        ("alice@example.com", vec!["numbers.csv".to_owned()])
    );
    assert!(!found.spool.is_8bit() && !found.spool.needs_utf8());
    assert_eq!(found.follows, None);
}

#[tokio::test]
async fn what_a_person_edited_leaves_as_they_left_it_and_only_if_that_is_expected() {
    let Some(world) = world() else { return };
    let made = world.drafted(composition()).await;
    world.edit(|stored| {
        let edited = stored
            .replace("Some words", "My own words")
            .replace("To: Bob <bob@example.org>", "To: dora@example.org");
        format!("X-Mozilla-Draft-Info: internal\r\nBcc: zoe@example.net\r\n{edited}")
    });
    let refused = world.to_send(&made.draft, Some(&made.expect)).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    let found = world.to_send(&made.draft, None).await.unwrap();
    assert_eq!(emails(&found.to), ["dora@example.org"]);
    assert_eq!((found.bcc.len(), found.preview.as_str()), (3, "My own words"));
    let message = octets(&found.spool).await;
    assert!(!message.contains("X-Mozilla") && message.contains("My own words"));
    let bcc = found.spool.bcc();
    let range = usize::try_from(bcc.start).unwrap()..usize::try_from(bcc.end).unwrap();
    let mut wire = message.clone();
    wire.replace_range(range, "");
    for secret in ["Bcc", "zoe@example.net", "eve@example.net", "xn--bcher"] {
        assert!(!wire.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_draft_from_somebody_else_does_not_leave() {
    let Some(world) = world() else { return };
    let made = world.drafted(composition()).await;
    let changes: [(&str, &str); 3] = [
        ("From: Alice <alice@example.com>", "From: Boss <boss@example.com>"),
        ("From: Boss <boss@example.com>", "From: alice@example.com, boss@example.com"),
        ("From: alice@example.com, boss@example.com", "X-From: nobody"),
    ];
    for (number, (from, to)) in changes.into_iter().enumerate() {
        let edited = world.stored().replace(from, to);
        assert!(edited.contains(to));
        let mut other = world.other();
        other.append("Drafts", &Mail::new(edited, NOW).flags("DS")).unwrap();
        other.delete("Drafts", &(number + 1).to_string()).unwrap();
        let refused = world.to_send(&made.draft, None).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.code, Code::InvalidInput, "{to}");
        assert!(refused.hint.contains("alice@example.com"), "{refused:?}");
    }
}

#[tokio::test]
async fn what_a_draft_follows_is_told_when_it_leaves() {
    let Some(world) = world() else { return };
    let maildir = Maildir::of(&world.dovecot, "alice").unwrap();
    let raw = "From: bob@example.org\r\nMessage-ID: <one@x>\r\nSubject: Lunch\r\n\r\nShall we?";
    maildir.fill("INBOX", Numbering::default(), [Mail::new(raw, NOW)]).unwrap();
    for (follows, is_forward) in
        [(Follows::Reply("<one@x>".into()), false), (Follows::Forward("<one@x>".into()), true)]
    {
        let composition = Composition { follows: Some(follows), ..composition() };
        let made = world.drafted(composition).await;
        let found = world.to_send(&made.draft, Some(&made.expect)).await.unwrap();
        let (of, forwards) = found.follows.unwrap();
        assert_eq!((of.uid, forwards), (1, is_forward));
        world.engine.discard_draft(&found.account, &made.draft, &found.version).await.unwrap();
    }
}

#[tokio::test]
async fn a_sent_draft_is_gone_with_the_versions_before_it_and_others_stay() {
    let Some(world) = world() else { return };
    let made = world.drafted(composition()).await;
    let copy = world.stored();
    let again = || world.other().append("Drafts", &Mail::new(copy.clone(), NOW).flags("DS")).unwrap();
    again();
    let second = world.to_send(&made.draft, None).await.unwrap();
    assert_ne!(second.version, made.expect);
    let stays = world.drafted(Composition { attachments: None, ..composition() }).await;
    // What came after the one that was sent.
    again();
    let newest = world.to_send(&made.draft, None).await.unwrap();
    let (engine, account) = (&world.engine, &newest.account);
    engine.discard_draft(account, &made.draft, &second.version).await.unwrap();
    assert_eq!(world.to_send(&made.draft, Some(&newest.version)).await.unwrap().version, newest.version);
    // Once more changes nothing, nor does what is not there.
    engine.discard_draft(account, &made.draft, &second.version).await.unwrap();
    engine.discard_draft(account, &made.draft, "").await.unwrap();
    world.to_send(&made.draft, Some(&newest.version)).await.unwrap();
    engine.discard_draft(account, &made.draft, &newest.version).await.unwrap();
    let refused = world.to_send(&made.draft, None).await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code, Code::NotFound);
    engine.discard_draft(account, &made.draft, &newest.version).await.unwrap();
    assert!(world.stored().contains(stays.draft.as_str()));
    world.to_send(&stays.draft, Some(&stays.expect)).await.unwrap();
}

#[tokio::test]
async fn too_many_recipients_or_one_that_cannot_be_written_to_do_not_leave() {
    let Some(world) = world() else { return };
    let made = world.drafted(composition()).await;
    let many: Vec<String> = (0..101).map(|n| format!("a{n}@example.org")).collect();
    let many = format!("To: {}", many.join(",\r\n "));
    world.edit(|stored| stored.replace("To: Bob <bob@example.org>", &many));
    assert_eq!(world.to_send(&made.draft, None).await.map(|_| ()).unwrap_err().code, Code::TooMany);
    let edited = world.stored().replace(&many, "To: nobody-at-all");
    world.other().append("Drafts", &Mail::new(edited, NOW).flags("DS")).unwrap();
    assert_eq!(world.to_send(&made.draft, None).await.map(|_| ()).unwrap_err().code, Code::InvalidInput);
}
