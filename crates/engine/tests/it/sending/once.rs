//! What leaves, once, and what a key names.

use domain::{Code, Scopes};
use engine::outgoing::SendStatus;
use testkit::smtp_sink::{Act, Fault, SinkOptions, Stage};

use super::outbox_world::{OutboxWorld, ended, letter, request, state_of, to_bob};

#[tokio::test]
async fn a_message_arrives_without_bcc_and_its_copy_has_it() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let mut composition = letter(&["bob@example.org"], "Grüße");
    composition.bcc = Some(vec!["Eve <eve@example.org>".into()]);
    let outcome = world.send(request(composition, None)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent, "{outcome:?}");
    assert!(!outcome.is_repeated && outcome.hint.is_empty());
    let accepted: Vec<_> =
        outcome.recipients.iter().map(|one| (one.address.as_str(), one.accepted)).collect();
    assert_eq!(accepted, [("bob@example.org", Some(true)), ("eve@example.org", Some(true))]);
    let sent = ended(&world.sink);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].accepted(), ["bob@example.org", "eve@example.org"]);
    let wire = String::from_utf8(sent[0].message()).unwrap();
    assert!(!wire.to_lowercase().contains("eve") && wire.contains(&outcome.message_id), "{wire}");
    // Nobody told us who files it: it is looked first.
    assert_eq!(outcome.copy.as_ref().unwrap().state, "looking");
    // The stored form is the wire form and its Bcc field, octet by octet.
    let engine = world.engine.clone();
    world
        .work_until(&engine, async || {
            world.clock.forward(60);
            !world.filed("Sent").is_empty()
        })
        .await;
    let filed = world.filed("Sent");
    assert_eq!(filed.len(), 1);
    let stored = filed[0].replace("\r\n", "\n");
    let without: String =
        stored.split_inclusive('\n').filter(|line| !line.to_lowercase().starts_with("bcc:")).collect();
    assert!(stored.len() > without.len());
    assert_eq!(without, wire.replace("\r\n", "\n"));
}

#[tokio::test]
async fn the_same_key_answers_the_first_outcome_and_another_content_is_a_conflict() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let first = world.send(to_bob(Some("k1"))).await.unwrap();
    let again = world.send(to_bob(Some("k1"))).await.unwrap();
    assert!(again.is_repeated && again.status == SendStatus::Sent);
    assert_eq!(first.message_id, again.message_id);
    let other = world.send(request(letter(&["bob@example.org"], "Coffee"), Some("k1"))).await;
    assert_eq!(other.unwrap_err().code, Code::Conflict);
    let state = world.state_of("k1").await.unwrap();
    assert_eq!((state.status, state.is_repeated), (SendStatus::Sent, false));
    assert_eq!(ended(&world.sink).len(), 1);
    // The key is the grant's own.
    let mut other = world.principal.clone();
    other.grant = domain::GrantId::from_text("gra_other");
    let absent = world.engine.send(&other, state_of("k1")).await.unwrap_err();
    assert_eq!(absent.code, Code::NotFound);
    let theirs = world.engine.send(&other, to_bob(Some("k1"))).await.unwrap();
    assert!(!theirs.is_repeated && theirs.message_id != first.message_id);
}

#[tokio::test]
async fn without_a_key_the_same_content_is_the_same_sending_for_a_quarter_of_an_hour() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let first = world.send(to_bob(None)).await.unwrap();
    world.clock.forward(14 * 60);
    let again = world.send(to_bob(None)).await.unwrap();
    assert!(again.is_repeated && again.message_id == first.message_id);
    assert_eq!(ended(&world.sink).len(), 1);
    world.clock.forward(2 * 60);
    let new = world.send(to_bob(None)).await.unwrap();
    assert!(!new.is_repeated && new.message_id != first.message_id);
    assert_eq!(ended(&world.sink).len(), 2);
}

#[tokio::test]
async fn without_a_key_what_has_not_left_yet_is_the_same_sending_however_long_it_takes() {
    let options = SinkOptions::default().fault(Fault::say(Stage::Mail, "451 4.3.0 not now").times(2));
    let Some(world) = OutboxWorld::new(options).await else { return };
    let first = world.send(to_bob(None)).await.unwrap();
    assert_eq!(first.status, SendStatus::Sending);
    // What it is asked for with is told, and taken.
    let key = first.hint.split('`').find(|word| word.starts_with("hash:")).unwrap().to_owned();
    assert_eq!(world.state_of(&key).await.unwrap().message_id, first.message_id);
    world.clock.forward(20 * 60);
    let again = world.send(to_bob(None)).await.unwrap();
    assert!(again.is_repeated && again.status == SendStatus::Sending, "{again:?}");
    world.clock.forward(20 * 60);
    let sent = world.send(to_bob(None)).await.unwrap();
    assert!(sent.is_repeated && sent.status == SendStatus::Sent && sent.message_id == first.message_id);
    // Given, it names that message for as long as any key does.
    world.clock.forward(3_600);
    assert!(world.send(to_bob(Some(&key))).await.unwrap().is_repeated);
    assert_eq!(world.state_of(&key).await.unwrap().status, SendStatus::Sent);
    let other = request(letter(&["bob@example.org"], "Coffee"), Some(&key));
    assert_eq!(world.send(other).await.unwrap_err().code, Code::Conflict);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn without_a_key_what_is_scheduled_or_unknown_is_not_sent_again() {
    let options = SinkOptions::default().fault(Fault::new(Stage::End, Act::Close).once());
    let Some(world) = OutboxWorld::new(options).await else { return };
    let mut wish = to_bob(None);
    wish.at = Some(crate::world::now() + time::Duration::HOUR);
    assert_eq!(world.send(wish).await.unwrap().status, SendStatus::Scheduled);
    world.clock.forward(20 * 60);
    let again = world.send(to_bob(None)).await.unwrap();
    assert!(again.is_repeated && again.status == SendStatus::Scheduled);
    world.clock.forward(3_600);
    assert_eq!(world.send(to_bob(None)).await.unwrap().status, SendStatus::Unknown);
    world.clock.forward(24 * 3_600);
    assert_eq!(world.send(to_bob(None)).await.unwrap().status, SendStatus::Unknown);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn an_address_that_only_quotation_marks_allow_arrives() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let outcome = world.send(request(letter(&["\"a<b\"@example.org"], "Tea"), None)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
    assert_eq!(world.sink.received()[0].to, ["\"a<b\"@example.org"]);
    let outcome = world.send(request(letter(&["\"a> b\"@example.org"], "Tea"), None)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
}

#[tokio::test]
async fn many_calls_at_once_with_one_key_send_once() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let calls = (0..8).map(|_| world.send(to_bob(Some("k"))));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(outcome.unwrap().status, SendStatus::Sent);
    }
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn a_call_that_goes_away_does_not_stop_what_it_began() {
    let options = SinkOptions { pause: std::time::Duration::from_millis(100), ..SinkOptions::default() };
    let Some(world) = OutboxWorld::new(options).await else { return };
    {
        let call = world.send(to_bob(Some("k")));
        let begun = async {
            while world.sink.transactions().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = call => panic!("it is too quick for this test"),
            () = begun => {}
        }
    }
    world.engine.settle_outbox().await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Sent);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_sent_says_so() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let mut reader = world.principal.clone();
    reader.scopes = Scopes::default();
    assert_eq!(world.engine.send(&reader, to_bob(None)).await.unwrap_err().code, Code::ScopeMissing);
    let nobody = request(engine::outgoing::Composition { to: None, ..letter(&[], "x") }, None);
    assert_eq!(world.send(nobody).await.unwrap_err().code, Code::InvalidInput);
    let lines = request(letter(&["bob@example.org\r\nBcc: eve@example.org"], "x"), None);
    assert_eq!(world.send(lines).await.unwrap_err().code, Code::InvalidInput);
    let nothing = engine::outgoing::SendRequest {
        sending: engine::outgoing::Sending::State { approval: None },
        key: None,
        at: None,
    };
    assert_eq!(world.send(nothing).await.unwrap_err().code, Code::InvalidInput);
    assert!(world.engine.can_send(&world.principal).await);
    let without = crate::world::principal(&world.dovecot, domain::Limits::default());
    assert!(!world.engine.can_send(&without).await);
    assert_eq!(world.engine.send(&without, to_bob(None)).await.unwrap_err().code, Code::NotSupported);
    assert!(!crate::world::new_engine().can_send(&world.principal).await);
    assert!(ended(&world.sink).is_empty());
}
