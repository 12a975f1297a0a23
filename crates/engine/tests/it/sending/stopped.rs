//! What a process leaves that ended in the middle, and who takes it up.

use std::sync::{Arc, atomic::AtomicU64};

use engine::outgoing::SendStatus;
use testkit::smtp_sink::{Act, Fault, SinkOptions, Stage};
use time::Duration;

use super::outbox_world::{OutboxWorld, SOON, Seeded, ended, open_store, to_bob};
use crate::world::now;

/// A message in the hands of a process of that name; its lease has a minute.
async fn held(owner: &str, is_committed: bool) -> Option<OutboxWorld> {
    let world = OutboxWorld::new(SinkOptions::default()).await?;
    let mut wish = to_bob(Some("k"));
    wish.at = Some(now() + Duration::HOUR);
    world.send(wish).await.unwrap();
    world.clock.forward(3_600);
    let row = world.store.outbox_find_key(&world.principal.grant, "key:k").await.unwrap().unwrap();
    let lease = now() + Duration::HOUR + Duration::MINUTE;
    world.store.outbox_claim(&row.id, owner, lease).await.unwrap().unwrap();
    if is_committed {
        assert!(world.store.outbox_commit_point(&row.id, owner).await.unwrap());
    }
    Some(world)
}

async fn some_rounds(world: &OutboxWorld) {
    let mut rounds = 0;
    world
        .work_until(&world.engine.clone(), async || {
            rounds += 1;
            rounds > 10
        })
        .await;
    world.engine.settle_outbox().await;
}

/// Leaves the lock of a process that has ended.
fn ended_process(world: &OutboxWorld, name: &str) {
    let folder = world.dir.path().join("processes");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.lock")), "").unwrap();
}

#[tokio::test]
async fn what_a_dead_process_had_not_handed_over_is_sent() {
    let name = "a".repeat(32);
    let Some(world) = held(&name, false).await else { return };
    ended_process(&world, &name);
    world.work_until(&world.engine.clone(), async || world.sink.received().len() == 1).await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Sent);
}

#[tokio::test]
async fn what_a_dead_process_was_just_handing_over_is_unknown() {
    let name = "a".repeat(32);
    let Some(world) = held(&name, true).await else { return };
    ended_process(&world, &name);
    some_rounds(&world).await;
    assert_eq!(world.state_of("k").await.unwrap().status, SendStatus::Unknown);
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn without_a_lock_the_lease_tells() {
    let name = "a".repeat(32);
    let Some(world) = held(&name, false).await else { return };
    some_rounds(&world).await;
    assert!(world.sink.transactions().is_empty(), "taken from a process that may live");
    world.clock.forward(61);
    world.work_until(&world.engine.clone(), async || world.sink.received().len() == 1).await;
}

#[tokio::test]
async fn what_a_living_process_holds_is_left_to_it() {
    let Some(world) = held(&"a".repeat(32), false).await else { return };
    ended_process(&world, &"a".repeat(32));
    let lock = world.dir.path().join("processes").join(format!("{}.lock", "a".repeat(32)));
    let lock = std::fs::File::open(lock).unwrap();
    lock.lock().unwrap();
    world.clock.forward(3_600);
    some_rounds(&world).await;
    assert!(world.sink.transactions().is_empty());
    drop(lock);
    world.work_until(&world.engine.clone(), async || world.sink.received().len() == 1).await;
}

#[test]
fn a_runtime_that_ends_in_the_middle_leaves_what_can_be_taken_up() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (stage, expected) in [(Stage::Greeting, SendStatus::Sent), (Stage::End, SendStatus::Unknown)] {
        let first = runtime();
        let options = SinkOptions::default().fault(Fault::new(stage, Act::Hang).once());
        let Some(mut world) = first.block_on(OutboxWorld::new(options)) else { return };
        let engine = world.engine.clone();
        let principal = world.principal.clone();
        first.spawn(async move { engine.send(&principal, to_bob(Some("k"))).await });
        if stage == Stage::End {
            world.sink.wait_until(SOON, |all| all.iter().any(|one| one.is_ended)).unwrap();
        } else {
            let begun = std::time::Instant::now();
            while world.sink.connections() == 0 {
                assert!(begun.elapsed() < SOON, "nobody connects");
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        }
        first.shutdown_timeout(std::time::Duration::from_secs(5));
        let second = runtime();
        second.block_on(async {
            // With the engine its lock goes, with the store its transactions, as with a process.
            let random = Arc::new(Seeded(8, AtomicU64::new(0)));
            world.store = open_store(world.dir.path(), world.clock.clone(), random).await;
            world.engine = world.another(7).await;
            world
                .work_until(&world.engine.clone(), async || {
                    world.state_of("k").await.unwrap().status == expected
                })
                .await;
        });
        let taken = ended(&world.sink);
        assert_eq!(taken.len(), 1, "{stage:?}");
    }
}
