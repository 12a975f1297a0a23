//! What is asked once more at the moment of sending, and what is not sent because of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{ApprovalRule, Code, HomeAccount, Limits, Principal, Random};
use engine::{
    Bounds, Engine,
    outbox::Standing,
    outgoing::{SendRequest, SendStatus},
};
use storage::{Added, Decision, Outgoing, OutgoingState};
use testkit::smtp_sink::SinkOptions;

use super::outbox_world::{
    Octets, OutboxWorld, Seeded, engine_over, like, open_store, settings_over, to_bob, work_until,
};
use crate::world::now;

fn in_an_hour(key: &str) -> SendRequest {
    SendRequest { at: Some(now() + time::Duration::HOUR), ..to_bob(Some(key)) }
}

fn with(world: &OutboxWorld, limits: Limits) -> Principal {
    Principal { limits, ..world.principal.clone() }
}

fn holds(principal: &Principal) -> Standing {
    Standing::Holds(Arc::new(principal.clone()))
}

async fn row(world: &OutboxWorld, key: &str) -> Outgoing {
    let key = format!("key:{key}");
    world.store.outbox_find_key(&world.principal.grant, &key).await.unwrap().unwrap()
}

/// Works until the message is in that state.
async fn until(world: &OutboxWorld, standing: Standing, key: &str, state: OutgoingState) {
    work_until(&world.engine, standing, &mut async || row(world, key).await.state == state).await;
}

async fn some_rounds(world: &OutboxWorld, standing: Standing) {
    let mut rounds = 0;
    work_until(&world.engine, standing, &mut async || {
        rounds += 1;
        rounds > 10
    })
    .await;
    world.engine.settle_outbox().await;
}

#[tokio::test]
async fn many_that_come_together_do_not_pass_the_hours_cap() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    for key in ["1", "2", "3"] {
        world.send(in_an_hour(key)).await.unwrap();
    }
    world.clock.forward(3_600);
    let mut limits = world.principal.limits.clone();
    limits.sends_per_hour = Some(2);
    let limited = with(&world, limits);
    some_rounds(&world, holds(&limited)).await;
    assert_eq!(world.sink.received().len(), 2);
    let mut left = Vec::new();
    for key in ["1", "2", "3"] {
        let row = row(&world, key).await;
        left.extend((row.state == OutgoingState::Ready).then_some(key));
    }
    let [left] = left.as_slice() else { panic!("{left:?}") };
    let outcome = world.engine.send(&limited, super::outbox_world::state_of(left)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sending);
    assert!(outcome.hint.contains("at most 2 messages an hour"), "{}", outcome.hint);
    world.clock.forward(301);
    some_rounds(&world, holds(&limited)).await;
    assert_eq!(world.sink.received().len(), 2);
    world.clock.forward(3_600);
    until(&world, holds(&limited), left, OutgoingState::Sent).await;
}

#[tokio::test]
async fn where_nothing_may_be_sent_any_more_it_stays() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.send(in_an_hour("k")).await.unwrap();
    world.clock.forward(3_600);
    let mut limits = world.principal.limits.clone();
    limits.sends_per_hour = Some(0);
    for _ in 0..3 {
        some_rounds(&world, holds(&with(&world, limits.clone()))).await;
        world.clock.forward(3_600);
    }
    assert!(world.sink.transactions().is_empty());
    let stays = row(&world, "k").await;
    assert_eq!((stays.state, stays.attempts), (OutgoingState::Ready, 0));
    until(&world, holds(&world.principal), "k", OutgoingState::Sent).await;
}

#[tokio::test]
async fn a_list_of_recipients_that_was_narrowed_stops_what_is_scheduled_or_approved() {
    let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.send(in_an_hour("scheduled")).await.unwrap();
    world.principal.limits.approval = Some(ApprovalRule::Always);
    let approved = world.send(to_bob(Some("approved"))).await.unwrap().approval.unwrap();
    world.store.approval_decide(&approved.id, Decision::Approve, "alice").await.unwrap();
    world.clock.forward(3_600);
    let recipients = vec!["carla@example.org".to_owned()];
    let narrowed = with(&world, Limits { recipients, ..world.principal.limits.clone() });
    for key in ["scheduled", "approved"] {
        until(&world, holds(&narrowed), key, OutgoingState::Failed).await;
        assert_eq!(world.state_of(key).await.unwrap_err().code, Code::RecipientNotAllowed);
    }
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn mail_of_another_account_that_was_read_meanwhile_asks_the_person() {
    let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.principal.limits.approval = Some(ApprovalRule::AfterStrangers);
    world.send(in_an_hour("k")).await.unwrap();
    world.clock.forward(3_600);
    let (other, until_then) = (HomeAccount::Carried([5; 32]), now() + time::Duration::DAY);
    world.store.exposure_note(&world.principal.grant, &other, false, until_then).await.unwrap();
    until(&world, holds(&world.principal), "k", OutgoingState::Waiting).await;
    let outcome = world.state_of("k").await.unwrap();
    assert_eq!(outcome.status, SendStatus::ApprovalNeeded);
    assert!(outcome.recipients[0].reason.contains("another account"), "{outcome:?}");
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn an_address_that_the_account_does_not_write_from_any_more_is_not_written_from() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.send(in_an_hour("k")).await.unwrap();
    let mut old = like(&row(&world, "k").await, 7);
    old.frozen.from = "alice@old.example.com".into();
    let octets = Octets(vec![b'x'; usize::try_from(old.frozen.size).unwrap()]);
    assert!(matches!(world.store.outbox_add(&old, octets).await, Ok(Added::New)));
    world.clock.forward(3_600);
    until(&world, holds(&world.principal), "7", OutgoingState::Failed).await;
    let problem = world.state_of("7").await.unwrap_err();
    assert!(problem.message.contains("does not write from"), "{problem:?}");
    assert!(world.sink.transactions().iter().all(|one| one.from != "alice@old.example.com"));
}

#[tokio::test]
async fn what_was_altered_after_the_approval_does_not_leave_and_is_not_tried_again() {
    const PIECES: &str = "UPDATE outbox_pieces SET content = zeroblob(length(content)) WHERE outbox_id = $1";
    const FEWER: &str = "DELETE FROM outbox_pieces WHERE outbox_id = $1";
    const ENVELOPE: &str = "UPDATE outbox SET frozen = zeroblob(length(frozen)) WHERE id = $1";
    for sql in [PIECES, FEWER, ENVELOPE] {
        let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
        world.principal.limits.approval = Some(ApprovalRule::Always);
        let approval = world.send(to_bob(Some("k"))).await.unwrap().approval.unwrap();
        let id = row(&world, "k").await.id;
        world.store.approval_decide(&approval.id, Decision::Approve, "alice").await.unwrap();
        world.store.database().execute(sql, &[id.as_str().into()]).await.unwrap();
        let state = async || {
            let rows = world.store.database().fetch("SELECT state FROM outbox", &[]).await.unwrap();
            rows[0].text("state").unwrap().to_owned()
        };
        work_until(&world.engine, holds(&world.principal), &mut async || state().await == "failed").await;
        assert!(world.sink.transactions().iter().all(|one| !one.is_ended), "{sql}");
        let problem = world.state_of("k").await.unwrap_err();
        assert_eq!(problem.code, Code::Internal);
        assert!(problem.hint.contains("end it anew"), "{sql}: {problem:?}");
    }
}

#[tokio::test]
async fn a_delay_gives_time_and_survives_the_process() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let random: Arc<dyn Random> = Arc::new(Seeded(9, AtomicU64::new(0)));
    let mut settings = settings_over(&world.store, world.clock.clone(), random, None);
    settings.send_delay = Duration::from_secs(30);
    let delayed = Engine::bounded(settings, Bounds { sending: world.bounds, ..Bounds::default() });
    let outcome = delayed.send(&world.principal, to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Scheduled);
    assert_eq!(outcome.at, Some(now() + time::Duration::seconds(30)));
    drop(delayed);
    world.clock.forward(29);
    some_rounds(&world, holds(&world.principal)).await;
    assert!(world.sink.transactions().is_empty());
    world.clock.forward(1);
    until(&world, holds(&world.principal), "k", OutgoingState::Sent).await;
}

/// Breaks whoever asks for a nonce, once it is told to.
struct Breaks(Seeded, AtomicBool);

impl Random for Breaks {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(bytes.len() != 24 || !self.1.swap(false, Ordering::SeqCst), "as a test wants it");
        self.0.fill(bytes);
    }
}

#[tokio::test]
async fn an_attempt_that_breaks_off_is_taken_up_and_the_message_arrives_once() {
    let Some(mut world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let breaks = Arc::new(Breaks(Seeded(9, AtomicU64::new(0)), AtomicBool::new(false)));
    let random = Arc::new(Seeded(10, AtomicU64::new(0)));
    world.store = open_store(world.dir.path(), world.clock.clone(), random).await;
    world.engine = engine_over(&world.store, world.clock.clone(), breaks.clone(), &world.bounds, None);
    // From here on the mailbox is open, and the next nonce is that of the submission.
    world.send(to_bob(Some("first"))).await.unwrap();
    breaks.1.store(true, Ordering::SeqCst);
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sending, "{outcome:?}");
    assert!(outcome.hint.contains("broke off"), "{}", outcome.hint);
    assert!(!breaks.1.load(Ordering::SeqCst) && world.sink.transactions().len() == 1);
    world.clock.forward(10);
    until(&world, holds(&world.principal), "k", OutgoingState::Sent).await;
    assert_eq!(world.sink.received().len(), 2);
}
