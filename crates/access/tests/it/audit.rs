//! The audit trail.

use std::time::{Duration, Instant};

use access::Chain;

use crate::world::{World, person, token};

/// Words of the door; not all of them are codes.
const OUTCOMES: [&str; 4] = ["ok", "stale_id", "cancelled", "bad_cursor"];

#[tokio::test]
async fn every_call_is_recorded_once_in_order_with_its_outcome() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (grant, bearer) = access.token_new("ann", &token("agent")).await.unwrap();
    let principal = access.principal(bearer.expose()).await.unwrap();
    for number in 0..300 {
        let target = format!("work/@inbox:{number}@k2x9");
        let outcome = OUTCOMES[number % OUTCOMES.len()];
        access.audit().record(&principal, "mail_read", &[target], outcome).await;
    }
    access.flush().await;
    assert_eq!(access.audit_check("ann").await.unwrap(), Chain::Whole(300));
    let rows = access.audit_list("ann", 1000).await.unwrap();
    for (listed, number) in rows.iter().zip((0..300).rev()) {
        assert_eq!(listed.seq, i64::try_from(number).unwrap() + 1);
        assert_eq!(listed.row.targets, format!("[\"work/@inbox:{number}@k2x9\"]"));
        assert_eq!(listed.row.outcome, OUTCOMES[number % OUTCOMES.len()]);
        assert_eq!((&listed.row.grant, listed.row.door.as_str()), (&grant.id, "personal"));
    }
    assert_eq!(rows.len(), 300);
}

#[tokio::test]
async fn a_row_is_bounded_whatever_the_call_touched() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let principal = access.stdio_principal("ann", None, ceiling()).await.unwrap();
    let targets = vec!["ö\"".repeat(5000); 20_000];
    access.audit().record(&principal, "mail_organize", &targets, &"x".repeat(5000)).await;
    access.flush().await;
    let row = access.audit_list("ann", 1).await.unwrap().remove(0).row;
    let kept: Vec<String> = serde_json::from_str(&row.targets).unwrap();
    assert_eq!(row.outcome.len(), 64);
    assert_eq!((kept.len(), kept[0].chars().count(), kept[100].as_str()), (101, 300, "+19900 more"));
}

#[tokio::test]
async fn recording_does_not_wait_for_a_database_that_somebody_holds() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let principal = access.stdio_principal("ann", None, ceiling()).await.unwrap();
    let elsewhere = world.store().await;
    let held = elsewhere.database().begin().await.unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        access.audit().record(&principal, "mail_read", &[], "ok").await;
    }
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!(access.audit_list("ann", 1).await.unwrap(), [], "not yet");
    drop(held);
    access.flush().await;
    assert_eq!(access.audit_check("ann").await.unwrap(), Chain::Whole(100));
}

fn ceiling() -> access::Ceiling {
    access::Ceiling { scopes: domain::Scopes::all(), approval: domain::ApprovalRule::default() }
}
