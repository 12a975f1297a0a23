//! Who is to be told that something waits for them.

use domain::{ApprovalId, HomeAccount, Timestamp};
use storage::{Decision, NewOutgoing, Store};
use time::Duration;

use crate::{
    outbox::{add, ann, now, waiting},
    world::World,
};

const QUARTER: Duration = Duration::minutes(15);

fn approval(new: &NewOutgoing) -> ApprovalId {
    new.approval.as_ref().unwrap().id.clone()
}

async fn due(store: &Store, until: Timestamp) -> Vec<String> {
    store.telling_due(until, 10).await.unwrap().into_iter().map(|untold| untold.name).collect()
}

pub(crate) async fn a_person_is_told_once_until_then_by_one_of_many(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    let home = HomeAccount::Stored(account);
    for number in 1..4 {
        add(&one, &waiting(number, &grant, &home, world)).await;
    }
    let until = now(world) + QUARTER;
    assert_eq!(due(&two, until).await, ["ann"]);
    let claims = tokio::join!(one.telling_claim("ann", until), two.telling_claim("ann", until));
    assert!(claims.0.unwrap() != claims.1.unwrap(), "one of the two");
    assert!(due(&one, until).await.is_empty());
    let waiting_now = one.telling_waiting("ann").await.unwrap();
    let ids: Vec<ApprovalId> = waiting_now.iter().map(|message| message.approval.clone()).collect();
    assert_eq!((ids.len(), waiting_now.iter().filter(|message| message.is_told).count()), (3, 0));
    assert_eq!(waiting_now[0].account, home);
    one.telling_done(&ids, false).await.unwrap();

    add(&one, &waiting(9, &grant, &home, world)).await;
    world.clock.forward(QUARTER.whole_seconds() - 1);
    let later = now(world) + QUARTER;
    assert!(due(&one, later).await.is_empty());
    assert!(!two.telling_claim("ann", later).await.unwrap());
    world.clock.forward(1);
    let later = now(world) + QUARTER;
    assert_eq!(due(&one, later).await, ["ann"]);
    assert!(two.telling_claim("ann", later).await.unwrap());
    let told: Vec<bool> =
        one.telling_waiting("ann").await.unwrap().iter().map(|message| message.is_told).collect();
    assert_eq!(told, [true, true, true, false]);
}

pub(crate) async fn what_was_decided_or_told_or_is_not_to_be_told_makes_nobody_due(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let mut quiet = waiting(1, &grant, &home, world);
    quiet.approval.as_mut().unwrap().is_to_be_told = false;
    add(&store, &quiet).await;
    let until = now(world) + QUARTER;
    assert!(due(&store, until).await.is_empty());
    assert!(store.telling_waiting("ann").await.unwrap().is_empty());

    let news = [2, 3, 4, 5].map(|number| waiting(number, &grant, &home, world));
    for new in &news {
        add(&store, new).await;
    }
    assert_eq!(due(&store, until).await, ["ann"]);
    store.approval_decide(&approval(&news[0]), Decision::Deny, "ann").await.unwrap();
    store.approval_decide(&approval(&news[1]), Decision::Approve, "ann").await.unwrap();
    store.telling_done(&[approval(&news[2])], false).await.unwrap();
    store.telling_done(&[approval(&news[3])], true).await.unwrap();
    assert!(due(&store, until).await.is_empty());
    let left = store.telling_waiting("ann").await.unwrap();
    let left: Vec<&ApprovalId> = left.iter().map(|message| &message.approval).collect();
    assert_eq!(left, [&approval(&news[2])], "it was told, and waits");

    add(&store, &waiting(6, &grant, &home, world)).await;
    let user = store.find_user("ann").await.unwrap().unwrap();
    store.disable_user(&user.id, true).await.unwrap();
    assert!(due(&store, until).await.is_empty(), "nobody is told who is shut out");
    store.disable_user(&user.id, false).await.unwrap();
    world.clock.forward(3600);
    assert!(due(&store, now(world) + QUARTER).await.is_empty(), "its time is over");
}

pub(crate) async fn a_claim_of_a_clock_that_was_ahead_holds_nobody_up(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    add(&store, &waiting(1, &grant, &HomeAccount::Stored(account), world)).await;
    assert!(store.telling_claim("ann", now(world) + Duration::days(300)).await.unwrap());
    let until = now(world) + QUARTER;
    assert_eq!(due(&store, until).await, ["ann"]);
    assert!(store.telling_claim("ann", until).await.unwrap());
    assert!(due(&store, until).await.is_empty());
}
