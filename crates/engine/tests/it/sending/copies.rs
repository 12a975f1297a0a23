//! Exactly one copy in Sent, whoever makes it.

use std::sync::Arc;

use domain::{AccountSource, Door, Principal};
use engine::{
    bounds::SendingBounds,
    outbox::{Acted, Pile, Standing},
    outgoing::{SendOutcome, SendStatus},
};
use testkit::{Mail, Options, OtherClient, Proxy, maildir::Numbering, proxy::Faults, smtp_sink::SinkOptions};

use super::outbox_world::{OutboxWorld, bounds, state_of, to_bob, work_until};

async fn world() -> Option<OutboxWorld> {
    OutboxWorld::new(SinkOptions::default()).await
}

pub(super) async fn files_itself(world: &OutboxWorld, files_itself: bool) {
    let AccountSource::Stored(id) = &world.principal.accounts[0].source else { panic!("not stored") };
    world.store.filing_learn(&domain::HomeAccount::Stored(id.clone()), files_itself).await.unwrap();
}

fn state(outcome: &SendOutcome) -> &'static str {
    outcome.copy.as_ref().unwrap().state
}

/// Works, a minute each time, until the copy is as wanted.
async fn until(world: &OutboxWorld, wanted: &str) {
    world
        .work_until(&world.engine.clone(), async || {
            world.clock.forward(61);
            state(&world.state_of("k").await.unwrap()) == wanted
        })
        .await;
}

/// A world whose mailbox has no room for a copy, which nobody else makes.
async fn with_a_full_mailbox() -> Option<OutboxWorld> {
    let extra_settings = "plugin {\n  quota_rule = *:storage=60K\n}\n".to_owned();
    let options = Options { extra_settings, ..Options::default() };
    let world = OutboxWorld::on(options, SinkOptions::default(), &bounds()).await?;
    files_itself(&world, false).await;
    let big = format!("Subject: big\r\n\r\n{}", "words\r\n".repeat(8_800));
    world.maildir.fill("INBOX", Numbering::default(), [Mail::new(big, crate::world::NOW)]).unwrap();
    Some(world)
}

/// Works, an hour each time, until nobody tries to store the copy any more.
async fn given_up(world: &OutboxWorld) {
    world
        .work_until(&world.engine.clone(), async || {
            world.clock.forward(3_600);
            state(&world.state_of("k").await.unwrap()) == "failed"
        })
        .await;
}

#[tokio::test]
async fn where_we_file_it_the_copy_is_there_at_once_and_read() {
    let Some(world) = world().await else { return };
    files_itself(&world, false).await;
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!((outcome.status, state(&outcome)), (SendStatus::Sent, "stored"));
    let id = outcome.copy.unwrap().id.unwrap();
    assert!(id.to_string().starts_with("work/@sent:"), "{id}");
    assert_eq!(world.filed("Sent").len(), 1);
    let path = world.maildir.path_of("Sent").unwrap().join("cur");
    let name = std::fs::read_dir(path).unwrap().next().unwrap().unwrap().file_name();
    assert!(name.to_string_lossy().ends_with(":2,S"), "{name:?}");
}

#[tokio::test]
async fn where_the_provider_files_it_nothing_is_added() {
    let Some(world) = world().await else { return };
    files_itself(&world, true).await;
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(state(&outcome), "kept");
    world.clock.forward(600);
    let mut rounds = 0;
    world
        .work_until(&world.engine.clone(), async || {
            rounds += 1;
            rounds > 10
        })
        .await;
    assert!(world.filed("Sent").is_empty());
}

#[tokio::test]
async fn where_nobody_knows_it_is_looked_and_what_was_seen_is_remembered() {
    let Some(world) = world().await else { return };
    assert_eq!(state(&world.send(to_bob(Some("k"))).await.unwrap()), "looking");
    until(&world, "stored").await;
    assert_eq!(world.filed("Sent").len(), 1);
    let next = world.send(to_bob(Some("next"))).await.unwrap();
    assert_eq!(state(&next), "stored", "not remembered");
    assert_eq!(world.filed("Sent").len(), 2);
}

#[tokio::test]
async fn what_the_provider_filed_is_found_by_its_message_id() {
    let Some(world) = world().await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(state(&outcome), "looking");
    let message = world.sink.received().remove(0).message;
    world.maildir.deliver("Sent", 1, &Mail::new(message, crate::world::NOW)).unwrap();
    until(&world, "kept").await;
    assert_eq!(world.filed("Sent").len(), 1);
    assert!(world.state_of("k").await.unwrap().copy.unwrap().id.is_some());
    // Remembered: nothing is looked for any more.
    assert_eq!(state(&world.send(to_bob(Some("next"))).await.unwrap()), "kept");
}

#[tokio::test]
async fn what_the_provider_filed_under_another_message_id_is_found_too() {
    let Some(world) = world().await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    let message = world.sink.received().remove(0).message;
    let renamed = message.replace(&outcome.message_id, "<provider@example.net>");
    assert_ne!(message, renamed);
    world.maildir.deliver("Sent", 1, &Mail::new(renamed, crate::world::NOW)).unwrap();
    until(&world, "kept").await;
    assert_eq!(world.filed("Sent").len(), 1);
    // It only looks like it, so that nothing is learned for the next.
    assert_eq!(state(&world.send(to_bob(Some("next"))).await.unwrap()), "looking");
}

#[tokio::test]
async fn what_the_person_wrote_themselves_is_not_taken_for_the_copy() {
    let Some(world) = world().await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    let message = world.sink.received().remove(0).message;
    let own = message.replace(&outcome.message_id, "<own@example.com>");
    let later = own.replace("12:00:00", "12:00:03");
    let alias = own.replace("From: Alice <alice@example.com>", "From: Alice <a@example.com>");
    assert!(later != own && alias != own);
    for (number, raw) in (1..).zip([later, alias]) {
        world.maildir.deliver("Sent", number, &Mail::new(raw, crate::world::NOW)).unwrap();
    }
    until(&world, "stored").await;
    assert_eq!(world.filed("Sent").len(), 3);
    assert_eq!(state(&world.send(to_bob(Some("next"))).await.unwrap()), "stored");
}

#[tokio::test]
async fn a_full_mailbox_delays_the_copy_and_not_the_sending() {
    let Some(world) = with_a_full_mailbox().await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!((outcome.status, state(&outcome)), (SendStatus::Sent, "waiting"), "{outcome:?}");
    given_up(&world).await;
    assert!(world.filed("Sent").is_empty());
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn a_copy_for_which_room_is_made_is_stored_then() {
    let Some(world) = with_a_full_mailbox().await else { return };
    assert_eq!(state(&world.send(to_bob(Some("k"))).await.unwrap()), "waiting");
    OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap().delete("INBOX", "1").unwrap();
    until(&world, "stored").await;
    assert_eq!(world.filed("Sent").len(), 1);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn a_copy_that_was_given_up_is_filed_once_its_person_wants_it_again() {
    let Some(world) = with_a_full_mailbox().await else { return };
    world.send(to_bob(Some("k"))).await.unwrap();
    given_up(&world).await;
    let id = world.the_one(Pile::Wanting).await.message.id;
    OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap().delete("INBOX", "1").unwrap();
    assert_eq!(world.engine.file_own_again(&world.person(), &id).await, Ok(Acted::Done));
    until(&world, "stored").await;
    assert_eq!(world.filed("Sent").len(), 1);
    assert_eq!(world.sink.received().len(), 1, "nothing is sent again");
    assert_eq!(world.engine.file_own_again(&world.person(), &id).await, Ok(Acted::Late));
    assert_eq!(world.filed("Sent").len(), 1);
}

#[tokio::test]
async fn a_copy_that_takes_too_long_again_and_again_is_given_up() {
    let soon = std::time::Duration::from_millis(100);
    let bounds = SendingBounds { copy_attempt: soon, copy_tries: 2, ..bounds() };
    let Some(world) = OutboxWorld::bounded(slow(), &bounds).await else { return };
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let principal = behind(&world, &proxy);
    let stalled = Faults { stall_after: Some(0), ..Faults::default() };
    let sending = world.engine.send(&principal, to_bob(Some("k")));
    let (outcome, ()) = tokio::join!(sending, strikes(&world, &proxy, stalled));
    assert_eq!(outcome.unwrap().status, SendStatus::Sent);
    let holds = Standing::Holds(Arc::new(principal.clone()));
    work_until(&world.engine, holds, &mut async || {
        world.clock.forward(3_600);
        let outcome = world.engine.send(&principal, state_of("k")).await.unwrap();
        outcome.copy.is_some_and(|copy| copy.state == "failed")
    })
    .await;
    let row = world.store.outbox_find_key(&principal.grant, "key:k").await.unwrap().unwrap();
    assert!(row.copy.is_done(), "{:?}", row.copy);
}

#[tokio::test]
async fn another_message_with_the_same_subject_is_not_taken_for_the_copy() {
    let Some(world) = world().await else { return };
    let first = world.send(to_bob(Some("first"))).await.unwrap();
    assert_eq!(state(&first), "looking");
    let message = world.sink.received().remove(0).message;
    world.maildir.deliver("Sent", 1, &Mail::new(message, crate::world::NOW)).unwrap();
    world.send(to_bob(Some("k"))).await.unwrap();
    let row = world.store.outbox_find_key(&world.principal.grant, "key:first").await.unwrap().unwrap();
    world.store.outbox_set_copy(&row.id, &row.copy, &storage::Copy::NONE).await.unwrap();
    until(&world, "stored").await;
    assert_eq!(world.filed("Sent").len(), 2);
}

/// A sink that leaves time for something to happen while it is spoken to.
pub(super) fn slow() -> SinkOptions {
    SinkOptions { pause: std::time::Duration::from_millis(50), ..SinkOptions::default() }
}

/// Lets the mailbox fail as soon as the next message is being handed over.
pub(super) async fn strikes(world: &OutboxWorld, proxy: &Proxy, faults: Faults) {
    let before = world.sink.received().len();
    while world.sink.transactions().len() <= before {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    proxy.set(faults.clone());
    proxy.strike(faults);
}

/// The same person behind a proxy before the IMAP server.
pub(super) fn behind(world: &OutboxWorld, proxy: &Proxy) -> Principal {
    let mut principal = world.carried(Door::Stdio);
    let AccountSource::Carried(carried) = &mut principal.accounts[0].source else { panic!("not carried") };
    let (settings, _) = Arc::make_mut(carried);
    settings.imap.port = proxy.port();
    principal
}

#[tokio::test]
async fn a_mailbox_that_is_away_delays_the_copy_and_not_the_sending() {
    let Some(world) = OutboxWorld::new(slow()).await else { return };
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let principal = behind(&world, &proxy);
    let holds = || Standing::Holds(Arc::new(principal.clone()));
    // Learnt with a first message, whose copy nobody but us makes.
    world.engine.send(&principal, to_bob(Some("first"))).await.unwrap();
    work_until(&world.engine, holds(), &mut async || {
        world.clock.forward(61);
        let outcome = world.engine.send(&principal, state_of("first")).await.unwrap();
        state(&outcome) == "stored"
    })
    .await;
    // The server may have stored the copy when its answer is lost: then it is found, and not stored again.
    let away = Faults { cut_after: Some(0), ..Faults::default() };
    let sending = world.engine.send(&principal, to_bob(Some("k")));
    let (outcome, ()) = tokio::join!(sending, strikes(&world, &proxy, away));
    let outcome = outcome.unwrap();
    assert_eq!((outcome.status, state(&outcome)), (SendStatus::Sent, "waiting"), "{outcome:?}");
    proxy.set(Faults::default());
    work_until(&world.engine, holds(), &mut async || {
        world.clock.forward(61);
        state(&world.engine.send(&principal, state_of("k")).await.unwrap()) == "stored"
    })
    .await;
    assert_eq!(world.filed("Sent").len(), 2);
    assert_eq!(world.sink.received().len(), 2);
}

#[tokio::test]
async fn the_folder_is_there_before_anything_is_sent() {
    let options = Options { special_use: false, ..Options::default() };
    let Some(world) = OutboxWorld::on(options, SinkOptions::default(), &bounds()).await else { return };
    files_itself(&world, false).await;
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(state(&outcome), "stored");
    assert_eq!(world.filed("Sent").len(), 1);
    // No mailbox at all: nothing leaves.
    let proxy = Proxy::start(1, Faults::default()).unwrap();
    let principal = behind(&world, &proxy);
    let problem = world.engine.send(&principal, to_bob(Some("other"))).await.unwrap_err();
    assert_eq!(problem.code, domain::Code::AccountUnreachable);
    assert_eq!(world.sink.received().len(), 1);
}
