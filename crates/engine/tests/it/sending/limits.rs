//! How much and how far ahead a grant may send.

use domain::{Code, Door};
use engine::outgoing::SendStatus;
use testkit::smtp_sink::{Fault, SinkOptions, Stage};
use time::Duration;

use super::outbox_world::{OutboxWorld, bounds, ended, letter, request, to_bob};
use crate::world::now;

#[tokio::test]
async fn an_hour_has_so_many_sends() {
    let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.principal.limits.sends_per_hour = Some(2);
    world.send(to_bob(Some("1"))).await.unwrap();
    world.clock.forward(600);
    world.send(to_bob(Some("2"))).await.unwrap();
    let problem = world.send(to_bob(Some("3"))).await.unwrap_err();
    assert_eq!(problem.code, Code::RateLimited);
    assert!(problem.retry_after.is_some_and(|wait| (1_800..=3_600).contains(&wait)), "{problem:?}");
    // What was sent is still told.
    assert!(world.send(to_bob(Some("1"))).await.unwrap().is_repeated);
    world.clock.forward(3_001);
    world.send(to_bob(Some("3"))).await.unwrap();
    assert_eq!(ended(&world.sink).len(), 3);
}

#[tokio::test]
async fn what_a_server_refuses_counts_as_a_message_of_the_hour() {
    let options = SinkOptions::default().fault(Fault::say(Stage::Mail, "554 5.7.1 go away"));
    let Some(mut world) = OutboxWorld::new(options).await else { return };
    world.principal.limits.sends_per_hour = Some(2);
    for key in ["1", "2"] {
        assert_eq!(world.send(to_bob(Some(key))).await.unwrap_err().code, Code::ServerRefused);
    }
    assert_eq!(world.send(to_bob(Some("3"))).await.unwrap_err().code, Code::RateLimited);
    world.clock.forward(3_601);
    assert_eq!(world.send(to_bob(Some("3"))).await.unwrap_err().code, Code::ServerRefused);
}

#[tokio::test]
async fn many_calls_at_once_do_not_pass_a_limit_together() {
    let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.principal.limits.sends_per_hour = Some(3);
    let keys: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let calls = keys.iter().map(|key| world.send(to_bob(Some(key))));
    let outcomes = futures_util::future::join_all(calls).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(ended(&world.sink).len(), 3);
}

#[tokio::test]
async fn a_day_has_so_many_recipients_and_octets() {
    let mut lowered = bounds();
    (lowered.recipients_a_day, lowered.octets_a_day) = (3, 5_000);
    let Some(world) = OutboxWorld::bounded(SinkOptions::default(), &lowered).await else { return };
    let many = ["a@example.org", "b@example.org", "c@example.org", "d@example.org"];
    let problem = world.send(request(letter(&many, "Tea"), None)).await.unwrap_err();
    assert_eq!(problem.code, Code::TooMany);
    world.send(request(letter(&many[..2], "Tea"), None)).await.unwrap();
    let problem = world.send(request(letter(&many[2..], "Tea"), None)).await.unwrap_err();
    assert_eq!(problem.code, Code::RateLimited);
    let mut long = letter(&many[..1], "Long");
    long.body = Some("x ".repeat(3_000));
    assert_eq!(world.send(request(long, None)).await.unwrap_err().code, Code::RateLimited);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn ten_thousand_recipients_are_too_many() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let many: Vec<String> = (0..10_000).map(|number| format!("{number}@example.org")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let problem = world.send(request(letter(&many, "Tea"), None)).await.unwrap_err();
    assert_eq!(problem.code, Code::TooMany);
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn a_scheduled_message_leaves_when_it_is_due_and_not_before() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let mut wish = to_bob(Some("k"));
    wish.at = Some(now() + Duration::HOUR);
    let outcome = world.send(wish).await.unwrap();
    assert_eq!((outcome.status, outcome.at), (SendStatus::Scheduled, Some(now() + Duration::HOUR)));
    let mut rounds = 0;
    world
        .work_until(&world.engine.clone(), async || {
            rounds += 1;
            rounds > 5
        })
        .await;
    assert!(world.sink.transactions().is_empty());
    world.clock.forward(3_600);
    // Whatever process is there then.
    let other = world.another(2).await;
    world.work_until(&other, async || world.sink.received().len() == 1).await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Sent);
}

#[tokio::test]
async fn a_time_just_past_means_at_once_and_one_long_past_or_too_far_ahead_is_refused() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let at = |key: &str, at| {
        let mut wish = to_bob(Some(key));
        wish.at = Some(at);
        wish
    };
    assert_eq!(world.send(at("1", now() - Duration::minutes(5))).await.unwrap().status, SendStatus::Sent);
    for mistaken in [now() - Duration::minutes(6), now() - Duration::days(365), now() + Duration::days(367)] {
        let problem = world.send(at("2", mistaken)).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidInput);
        assert!(problem.hint.contains("It is 20") && problem.hint.contains("Z (UTC) now"), "{problem:?}");
    }
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn an_account_that_only_the_call_brings_sends_at_once_or_not_at_all() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let mut wish = to_bob(Some("1"));
    wish.at = Some(now() + Duration::HOUR);
    let mut header = world.carried(Door::Header);
    assert_eq!(world.engine.send(&header, to_bob(None)).await.unwrap_err().code, Code::RecipientNotAllowed);
    // Nobody could be asked, so mail goes only to whom the grant names.
    header.limits.recipients = vec!["bob@example.org".to_owned()];
    assert_eq!(world.engine.send(&header, wish).await.unwrap_err().code, Code::NotSupported);
    assert_eq!(world.engine.send(&header, to_bob(Some("2"))).await.unwrap().status, SendStatus::Sent);
    let mut wish = to_bob(Some("3"));
    wish.at = Some(now() + Duration::HOUR);
    let stdio = world.carried(Door::Stdio);
    let outcome = world.engine.send(&stdio, wish).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Scheduled);
    assert!(outcome.hint.contains("while a Postroom process"), "{}", outcome.hint);
    world.clock.forward(3_601);
    let holds = engine::outbox::Standing::Holds(std::sync::Arc::new(stdio));
    super::outbox_world::work_until(&world.engine, holds, &mut async || world.sink.received().len() == 2)
        .await;
}
