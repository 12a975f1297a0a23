//! Counts of calls, kept while audit rows are written.

use domain::{Clock, GrantId, HomeAccount};
use storage::{CallCount, CallsOfHour, Copy, NewAuditRow, OutgoingState};
use time::Duration;

use crate::{
    outbox::{add, ann, message, outcome},
    world::{World, grant, token},
};

fn row(world: &World, grant: &GrantId, tool: &str, outcome: &str) -> NewAuditRow {
    NewAuditRow {
        user: "ann".to_owned(),
        grant: grant.clone(),
        client: "agent".to_owned(),
        door: "oauth".to_owned(),
        tool: tool.to_owned(),
        targets: "[]".to_owned(),
        outcome: outcome.to_owned(),
        octets: Some(700),
        undo: String::new(),
        at: world.clock.now(),
    }
}

pub(crate) async fn calls_are_counted_by_tool_since_an_hour(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    let (mine, other) = (GrantId::from_text("gra_1"), GrantId::from_text("gra_2"));
    let first = [row(world, &mine, "mail_read", "ok"), row(world, &other, "mail_read", "ok")];
    store.append_audit(&first).await.unwrap();
    world.clock.forward(2 * 3600);
    let later = world.clock.now();
    let mut by_person = row(world, &mine, "agent_change", "ok");
    "page".clone_into(&mut by_person.door);
    let second = [
        row(world, &mine, "mail_read", "ok"),
        row(world, &mine, "mail_read", "not_found"),
        row(world, &mine, "mail_search", "ok"),
        row(world, &mine, "approval", "approved"),
        by_person,
    ];
    store.append_audit(&second).await.unwrap();
    store.append_audit(&second[2..3]).await.unwrap();
    let count = |tool: &str, ok, other| CallCount { tool: tool.to_owned(), ok, other };
    let all = store.count_calls(&mine, later - Duration::DAY).await.unwrap();
    assert_eq!(all, [count("mail_read", 2, 1), count("mail_search", 2, 0)]);
    let since = store.count_calls(&mine, later).await.unwrap();
    assert_eq!(since, [count("mail_read", 1, 1), count("mail_search", 2, 0)]);
    assert_eq!(store.count_calls(&other, later).await.unwrap(), []);
    assert!(store.count_calls_of(&ann, later).await.unwrap().is_empty(), "neither grant is hers");
    let hers = store.add_grant(&ann, &grant("agent"), &token(1)).await.unwrap().id;
    store
        .append_audit(&[row(world, &hers, "mail_read", "ok"), row(world, &hers, "mail_send", "denied")])
        .await
        .unwrap();
    let of_hers = store.count_calls_of(&ann, later).await.unwrap();
    assert_eq!(of_hers.into_iter().collect::<Vec<_>>(), [(hers, 2)]);
    assert_eq!(store.forget_calls(later).await.unwrap(), 2);
    assert_eq!(store.count_calls(&mine, later - Duration::DAY).await.unwrap(), since);
}

/// Hands a message over under the grant, and ends that so.
async fn hand_over(world: &World, grant: &GrantId, account: &HomeAccount, number: u8, end: OutgoingState) {
    let store = world.store().await;
    let new = message(number, grant, account, 100);
    add(&store, &new).await;
    let lease = world.clock.now() + Duration::minutes(1);
    assert!(store.outbox_claim(&new.id, "one", lease).await.unwrap().is_some());
    assert!(store.outbox_commit_point(&new.id, "one").await.unwrap());
    assert!(store.outbox_finish(&new.id, "one", end, &outcome(), &Copy::NONE).await.unwrap());
}

pub(crate) async fn calls_and_what_left_are_told_by_hour_of_ended_grants_too(world: &World) {
    let store = world.store().await;
    let (hers, account) = ann(&store).await;
    let ann = store.find_user("ann").await.unwrap().unwrap().id;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    let his = store.add_grant(&bob, &grant("agent"), &token(2)).await.unwrap().id;
    let begun = world.clock.now();
    let rows = [
        row(world, &hers, "mail_read", "ok"),
        row(world, &hers, "mail_send", "waiting"),
        row(world, &hers, "mail_send", "sent"),
        row(world, &his, "mail_send", "sent"),
    ];
    store.append_audit(&rows).await.unwrap();
    let account = HomeAccount::Stored(account);
    hand_over(world, &hers, &account, 1, OutgoingState::Sent).await;
    hand_over(world, &hers, &account, 2, OutgoingState::Unknown).await;
    hand_over(world, &hers, &account, 3, OutgoingState::Failed).await;
    hand_over(world, &his, &account, 4, OutgoingState::Sent).await;
    world.clock.forward(3600);
    store.append_audit(&[row(world, &hers, "mail_read", "not_found")]).await.unwrap();
    world.clock.forward(3600);
    hand_over(world, &hers, &account, 5, OutgoingState::PartlySent).await;
    store.revoke_grant(&ann, "claude").await.unwrap().unwrap();
    let first = begun.unix_timestamp() / 3600;
    let told = |hour, calls, sent| CallsOfHour { grant: hers.clone(), hour, calls, sent };
    let all = store.calls_over_time(&ann, begun).await.unwrap();
    assert_eq!(all, [told(first, 3, 1), told(first + 1, 1, 0), told(first + 2, 0, 1)]);
    assert_eq!(store.calls_over_time(&ann, world.clock.now()).await.unwrap(), [told(first + 2, 0, 1)]);
    // one of which was not known whether it left, until she said so; what the outbox forgets stays counted
    let unknown = message(2, &hers, &account, 100).id;
    assert!(store.outbox_settle("ann", &unknown).await.unwrap());
    store.database().execute("DELETE FROM outbox", &[]).await.unwrap();
    let all = store.calls_over_time(&ann, begun).await.unwrap();
    assert_eq!(all, [told(first, 3, 1), told(first + 1, 1, 0), told(first + 2, 0, 2)]);
    assert_eq!(
        store.count_calls_of(&bob, begun).await.unwrap().into_values().sum::<u64>(),
        1,
        "none is a call"
    );
    assert_eq!(store.count_calls(&hers, begun).await.unwrap().len(), 2, "of two tools");
    let labels = store.grant_labels(&ann, 10).await.unwrap();
    assert_eq!(labels, [(hers, "claude".to_owned(), false)]);
}
