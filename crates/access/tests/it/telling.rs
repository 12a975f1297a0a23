//! Who is told by mail that something waits for them, and how often.

use access::{Access, Decision};

use crate::{
    approvals::ask,
    world::{World, person, token},
};

/// A person for whom so many messages wait, and a server.
async fn with_waiting(world: &World, count: u8) -> Access {
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    for number in 1..=count {
        ask(world, &access, number).await;
    }
    access
}

#[tokio::test]
async fn five_messages_are_told_once_and_later_ones_after_a_quarter() {
    let world = World::new();
    let access = with_waiting(&world, 5).await;
    let tellings = access.telling_claim().await.unwrap();
    assert_eq!(tellings.len(), 1);
    let telling = &tellings[0];
    assert_eq!((telling.waiting, telling.agents.as_slice()), (5, &["claude".to_owned()][..]));
    assert_eq!(telling.accounts[0].as_str(), "work");
    assert_eq!((telling.principal.user.as_str(), telling.principal.accounts.len()), ("ann", 1));
    assert!(telling.principal.scopes.is_empty(), "it only tells");
    access.telling_done(telling).await.unwrap();

    ask(&world, &access, 6).await;
    world.forward(15 * 60 - 1);
    assert!(access.telling_claim().await.unwrap().is_empty());
    world.forward(1);
    let later = access.telling_claim().await.unwrap();
    assert_eq!(later[0].waiting, 6, "all that wait are counted");
    access.telling_done(&later[0]).await.unwrap();
    world.forward(15 * 60);
    assert!(access.telling_claim().await.unwrap().is_empty(), "nothing is told twice");
}

#[tokio::test]
async fn of_two_servers_at_once_one_tells() {
    let world = World::new();
    let one = with_waiting(&world, 3).await;
    let two = world.access().await;
    let (here, there) = tokio::join!(one.telling_claim(), two.telling_claim());
    assert_eq!(here.unwrap().len() + there.unwrap().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_told_is_tried_once_in_a_quarter_and_not_at_all_once_it_is_decided() {
    let world = World::new();
    let access = with_waiting(&world, 1).await;
    assert_eq!(access.telling_claim().await.unwrap().len(), 1);
    for _ in 0..20 {
        assert!(access.telling_claim().await.unwrap().is_empty());
        world.forward(10);
    }
    world.forward(15 * 60);
    assert_eq!(access.telling_claim().await.unwrap().len(), 1);
    let waiting = access.approval_list(Some("ann")).await.unwrap();
    let id = waiting[0].approval.clone().unwrap().id;
    access.approval_decide(&id, Decision::Deny, "ann").await.unwrap();
    world.forward(15 * 60);
    assert!(access.telling_claim().await.unwrap().is_empty());
}

#[tokio::test]
async fn who_switched_it_off_is_not_told_nor_looked_at_again() {
    let world = World::new();
    let access = with_waiting(&world, 2).await;
    const OFF: &str = "UPDATE users SET wishes = $1";
    let store = world.store().await;
    store.database().execute(OFF, &[r#"{"tells_by_mail":false}"#.into()]).await.unwrap();
    assert!(access.telling_claim().await.unwrap().is_empty());
    store.database().execute(OFF, &["{}".into()]).await.unwrap();
    assert!(access.telling_claim().await.unwrap().is_empty(), "of what waited then they are not told");
    ask(&world, &access, 3).await;
    assert_eq!(access.telling_claim().await.unwrap().len(), 1);
}
