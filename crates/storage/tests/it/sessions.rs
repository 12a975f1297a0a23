//! Sessions of MCP.

use domain::{Clock, GrantId};
use storage::Error;
use time::Duration;

use crate::world::World;

pub(crate) async fn beyond_the_cap_those_unused_longest_go(world: &World) {
    let store = world.store().await;
    let (mine, other) = (GrantId::from_text("gra_1"), GrantId::from_text("gra_2"));
    store.add_session("of another", &other, 2).await.unwrap();
    for id in ["a", "b"] {
        assert!(store.add_session(id, &mine, 2).await.unwrap().is_empty());
        world.clock.forward(1);
    }
    assert!(store.touch_session("a").await.unwrap());
    world.clock.forward(1);
    assert_eq!(store.add_session("c", &mine, 2).await.unwrap(), ["b"]);
    let mut left: Vec<String> =
        store.list_sessions().await.unwrap().into_iter().map(|found| found.id).collect();
    left.sort();
    assert_eq!(left, ["a", "c", "of another"]);
}

pub(crate) async fn an_id_is_never_taken_over(world: &World) {
    let store = world.store().await;
    store.add_session("s", &GrantId::from_text("gra_1"), 2).await.unwrap();
    let taken = store.add_session("s", &GrantId::from_text("gra_2"), 2).await;
    assert!(matches!(taken, Err(Error::Taken)));
    assert_eq!(store.find_session("s").await.unwrap().unwrap().grant.as_str(), "gra_1");
}

pub(crate) async fn idle_sessions_are_forgotten(world: &World) {
    let store = world.store().await;
    store.add_session("old", &GrantId::from_text("gra_1"), 2).await.unwrap();
    world.clock.forward(3600);
    store.add_session("new", &GrantId::from_text("gra_1"), 2).await.unwrap();
    assert_eq!(store.remove_idle_sessions(world.clock.now() - Duration::minutes(1)).await.unwrap(), 1);
    assert!(store.find_session("new").await.unwrap().is_some());
    store.remove_session("new").await.unwrap();
    assert!(!store.touch_session("new").await.unwrap());
}
