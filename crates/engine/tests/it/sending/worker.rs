//! What happens at the moment of sending, when nobody calls.

use std::sync::Arc;

use domain::{ApprovalRule, Limits, Principal, Scopes};
use engine::{
    outbox::Standing,
    outgoing::{SendOutcome, SendStatus},
};
use testkit::smtp_sink::SinkOptions;
use time::Duration;

use super::outbox_world::{OutboxWorld, to_bob, work_until};
use crate::world::now;

/// Something that is due, and for which nobody calls.
async fn scheduled() -> Option<OutboxWorld> {
    let world = OutboxWorld::new(SinkOptions::default()).await?;
    let mut wish = to_bob(Some("k"));
    wish.at = Some(now() + Duration::HOUR);
    world.send(wish).await.unwrap();
    world.clock.forward(3_600);
    Some(world)
}

/// How the message stands after some rounds of the outbox; told to somebody who cannot send it.
async fn after(world: &OutboxWorld, standing: Standing) -> SendOutcome {
    let mut rounds = 0;
    work_until(&world.engine, standing, &mut async || {
        rounds += 1;
        rounds > 10
    })
    .await;
    world.engine.settle_outbox().await;
    let row = world.store.outbox_find_key(&world.principal.grant, "key:k").await.unwrap().unwrap();
    if row.state == storage::OutgoingState::Scheduled {
        world.clock.forward(-10);
    }
    let outcome = world.state_of("k").await.unwrap();
    assert!(world.sink.transactions().is_empty());
    outcome
}

fn holds(principal: Principal) -> Standing {
    Standing::Holds(Arc::new(principal))
}

#[tokio::test]
async fn a_grant_that_ended_takes_its_messages_back() {
    let Some(world) = scheduled().await else { return };
    assert_eq!(after(&world, Standing::Ended).await.status, SendStatus::Cancelled);
}

#[tokio::test]
async fn a_grant_that_lost_the_scope_or_the_account_takes_its_message_back() {
    let Some(world) = scheduled().await else { return };
    let lost = Principal { scopes: Scopes::default(), ..world.principal.clone() };
    assert_eq!(after(&world, holds(lost)).await.status, SendStatus::Cancelled);
    let Some(world) = scheduled().await else { return };
    let lost = Principal { accounts: Vec::new(), ..world.principal.clone() };
    assert_eq!(after(&world, holds(lost)).await.status, SendStatus::Cancelled);
}

#[tokio::test]
async fn what_cannot_be_asked_now_is_left_alone() {
    for standing in [Standing::Elsewhere, Standing::Unavailable] {
        let Some(world) = scheduled().await else { return };
        assert_eq!(after(&world, standing).await.status, SendStatus::Scheduled);
    }
}

#[tokio::test]
async fn a_message_is_judged_again_and_goes_back_to_the_person() {
    let Some(world) = scheduled().await else { return };
    let limits = Limits { approval: Some(ApprovalRule::Always), ..Limits::default() };
    let strict = Principal { limits, ..world.principal.clone() };
    let outcome = after(&world, holds(strict)).await;
    assert_eq!(outcome.status, SendStatus::ApprovalNeeded);
    assert!(outcome.approval.is_some());
}
