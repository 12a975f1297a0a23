//! A submission server that fails at every stage: what is told, and whether it is tried again.

use std::time::Duration;

use domain::Code;
use engine::outgoing::SendStatus;
use testkit::smtp_sink::{Act, Fault, SinkOptions, Stage};

use super::outbox_world::{OutboxWorld, bounds, ended, letter, request, to_bob};

async fn with(fault: Fault) -> Option<OutboxWorld> {
    OutboxWorld::new(SinkOptions::default().fault(fault)).await
}

/// Sends, is told that it is tried again, and sees it arrive once.
async fn arrives_later(fault: Fault) {
    let at = format!("{fault:?}");
    let Some(world) = with(fault.once()).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sending, "{at}: {outcome:?}");
    assert!(outcome.hint.contains("tried again"), "{at}: {}", outcome.hint);
    assert!(ended(&world.sink).is_empty() || !ended(&world.sink)[0].is_taken, "{at}");
    world.clock.forward(10);
    let engine = world.engine.clone();
    world.work_until(&engine, async || world.state_of("k").await.unwrap().status == SendStatus::Sent).await;
    let taken = world.sink.received();
    assert_eq!(taken.len(), 1, "{at}");
    assert!(taken[0].message.contains(&outcome.message_id));
}

#[tokio::test]
async fn what_was_lost_before_the_end_is_tried_again_and_arrives_once() {
    for stage in [
        Stage::Greeting,
        Stage::Ehlo,
        Stage::SignIn,
        Stage::Mail,
        Stage::Rcpt,
        Stage::Data,
        Stage::Octets(100),
    ] {
        arrives_later(Fault::new(stage, Act::Close)).await;
    }
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_again_and_arrives_once() {
    for stage in [Stage::Greeting, Stage::SignIn, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::End] {
        arrives_later(Fault::say(stage, "451 4.3.0 not now")).await;
    }
}

#[tokio::test]
async fn what_is_refused_for_good_fails_with_the_servers_words_and_its_key_is_free() {
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::End] {
        let Some(world) = with(Fault::say(stage, "554 5.7.1 go away").once()).await else { return };
        let problem = world.send(to_bob(Some("k"))).await.unwrap_err();
        assert_eq!(problem.code, Code::ServerRefused, "{stage:?}: {problem:?}");
        assert!(problem.server_text.as_deref().unwrap_or_default().contains("go away"), "{problem:?}");
        assert_eq!(world.state_of("k").await.unwrap_err().code, Code::ServerRefused);
        let again = world.send(to_bob(Some("k"))).await.unwrap();
        assert_eq!((again.status, again.is_repeated), (SendStatus::Sent, false), "{stage:?}");
        assert_eq!(world.sink.received().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_sign_in_fails_at_once() {
    let Some(world) = with(Fault::say(Stage::SignIn, "535 5.7.8 no")).await else { return };
    let problem = world.send(to_bob(None)).await.unwrap_err();
    assert_eq!(problem.code, Code::AccountAuthFailed);
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn some_recipients_refused_is_partly_sent_and_never_repeated() {
    let Some(world) = with(Fault::refuse("eve@example.org", "550 5.1.1 unknown here")).await else { return };
    let both = || request(letter(&["bob@example.org", "eve@example.org"], "Tea"), Some("k"));
    let outcome = world.send(both()).await.unwrap();
    assert_eq!(outcome.status, SendStatus::PartlySent);
    assert_eq!(outcome.recipients[0].accepted, Some(true));
    assert_eq!(outcome.recipients[1].accepted, Some(false));
    assert!(outcome.recipients[1].reason.contains("unknown here"));
    assert!(outcome.copy.is_some());
    assert!(world.send(both()).await.unwrap().is_repeated);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn a_lost_reply_is_unknown_for_ever() {
    let Some(world) = with(Fault::new(Stage::End, Act::Close)).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Unknown);
    assert!(outcome.copy.is_none() && outcome.hint.contains("tell the person"));
    world.clock.forward(3_600);
    assert_eq!(world.send(to_bob(Some("k"))).await.unwrap().status, SendStatus::Unknown);
    let engine = world.engine.clone();
    let mut rounds = 0;
    world
        .work_until(&engine, async || {
            rounds += 1;
            rounds > 10
        })
        .await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Unknown);
    assert_eq!(ended(&world.sink).len(), 1);
    assert!(world.filed("Sent").is_empty());
}

#[tokio::test]
async fn a_server_that_is_silent_at_the_end_leaves_the_call_early_and_is_unknown() {
    let mut bounds = bounds();
    bounds.patience = Duration::from_millis(300);
    bounds.submission.end = Duration::from_secs(2);
    let options = SinkOptions::default().fault(Fault::new(Stage::End, Act::Hang));
    let Some(world) = OutboxWorld::bounded(options, &bounds).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sending);
    world.engine.settle_outbox().await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Unknown);
}

#[tokio::test]
async fn what_is_refused_for_a_day_fails() {
    let Some(world) = with(Fault::say(Stage::Rcpt, "450 4.7.1 greylisted")).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sending);
    assert!(outcome.recipients[0].reason.contains("greylisted"), "{outcome:?}");
    let engine = world.engine.clone();
    world
        .work_until(&engine, async || {
            world.clock.forward(3_600);
            world.state_of("k").await.is_err()
        })
        .await;
    let problem = world.state_of("k").await.unwrap_err();
    assert_eq!(problem.code, Code::ServerRefused);
    assert!(world.sink.received().is_empty());
}

#[tokio::test]
async fn a_message_that_the_server_finds_too_large_says_so() {
    let options = SinkOptions::default().only(&["SIZE 300"]);
    let Some(world) = OutboxWorld::new(options).await else { return };
    assert_eq!(world.send(to_bob(None)).await.unwrap_err().code, Code::TooLarge);
    // Known from now on: it is said before anything is connected.
    let connections = world.sink.connections();
    assert_eq!(world.send(to_bob(None)).await.unwrap_err().code, Code::TooLarge);
    assert_eq!(world.sink.connections(), connections);
}
