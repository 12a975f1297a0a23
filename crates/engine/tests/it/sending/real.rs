//! Through a real submission server, and what becomes of drafts and answered messages.

use domain::{Endpoint, Principal, TlsMode};
use engine::outgoing::{Composition, DraftRequest, Follows, SendRequest, SendStatus, Sending};
use testkit::{Mail, Options, smtp_sink::SinkOptions};

use super::outbox_world::{OutboxWorld, SOON, bounds, letter, to_bob};

#[tokio::test]
async fn a_real_submission_server_takes_it_as_it_is() {
    let options = Options::default().with_submission();
    let Some(world) = OutboxWorld::on(options, SinkOptions::default(), &bounds()).await else { return };
    let Some(port) = world.dovecot.submission_port() else { return };
    let mut settings = crate::world::settings(&world.dovecot);
    settings.smtp =
        Some(Endpoint { host: "127.0.0.1".into(), port, tls: TlsMode::None, username: "alice".into() });
    let principal = Principal {
        limits: world.principal.limits.clone(),
        ..crate::world::principal_with(
            settings,
            crate::world::credentials("alice-secret"),
            domain::Limits::default(),
        )
    };
    let outcome = world.engine.send(&principal, to_bob(None)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
    let relay = world.dovecot.sink().unwrap();
    relay.wait_for(1, SOON).unwrap();
    let relayed = relay.received();
    assert_eq!(relayed[0].to, ["bob@example.org"]);
    assert!(relayed[0].message.contains(&outcome.message_id) && relayed[0].message.contains("At five?"));
}

#[tokio::test]
async fn a_draft_that_was_sent_is_gone_and_one_that_was_not_is_not() {
    use testkit::smtp_sink::{Act, Fault, Stage};
    let options = SinkOptions::default().fault(Fault::new(Stage::End, Act::Close).once());
    let Some(world) = OutboxWorld::new(options).await else { return };
    let draft = async |subject: &str| {
        let composition = letter(&["bob@example.org"], subject);
        let request = DraftRequest { replaces: None, composition };
        world.engine.draft(&world.principal, request).await.unwrap()
    };
    let send = |drafted: &engine::outgoing::Drafted| SendRequest {
        sending: Sending::Draft {
            draft: drafted.draft.clone(),
            expect: Some(drafted.expect.clone()),
            account: None,
        },
        key: None,
        at: None,
    };
    let (one, two) = (draft("One").await, draft("Two").await);
    assert_eq!(world.filed("Drafts").len(), 2);
    assert_eq!(world.send(send(&one)).await.unwrap().status, SendStatus::Unknown);
    assert_eq!(world.filed("Drafts").len(), 2, "perhaps it did not leave");
    let outcome = world.send(send(&two)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
    let left = world.filed("Drafts");
    assert!(left.len() == 1 && left[0].contains("Subject: One"), "{left:?}");
    let sent = world.sink.received().pop().unwrap().message;
    assert!(sent.contains(&outcome.message_id) && !sent.contains("X-Postroom-Draft"), "{sent}");
    // The draft is its key.
    assert!(world.send(send(&two)).await.unwrap().is_repeated);
    assert_eq!(world.state_of(two.draft.as_str()).await.unwrap().status, SendStatus::Sent);
}

#[tokio::test]
async fn an_answered_message_is_marked() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let raw = "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: Tea\r\n\
        Message-ID: <tea@example.org>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nAt five?\r\n";
    world.maildir.deliver("INBOX", 1, &Mail::new(raw, crate::world::NOW)).unwrap();
    let flags = || {
        let path = world.maildir.path_of("INBOX").unwrap().join("cur");
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let composition = Composition {
        follows: Some(Follows::Reply("<tea@example.org>".into())),
        body: Some("Yes.".into()),
        ..Composition::default()
    };
    let request = SendRequest { sending: Sending::New(Box::new(composition)), key: None, at: None };
    let outcome = world.send(request).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
    assert_eq!(outcome.recipients[0].address, "bob@example.org");
    assert!(flags().iter().any(|name| name.contains(":2,") && name.contains('R')), "{:?}", flags());
}
