//! MCP sessions belong to the grant that opened them.

use access::{Access, Error, Settings};
use domain::GrantId;
use time::Duration;

use crate::world::{World, person, token};

const DAY: Duration = Duration::DAY;

async fn bind(access: &Access, session: &str, grant: &GrantId) -> Vec<String> {
    access.sessions().bind(session, grant).await.unwrap()
}

#[tokio::test]
async fn a_session_is_known_to_every_replica_and_to_nobody_after_it_was_closed() {
    let world = World::new();
    let (one, two) = (world.access().await, world.access().await);
    let grant = GrantId::from_text("gra_1");
    bind(&one, "s1", &grant).await;
    assert_eq!(one.sessions().owner("s1").await, Some(grant.clone()));
    assert_eq!(two.sessions().owner("s1").await, Some(grant));
    for unknown in ["", "s2", "s1 ", &"x".repeat(5000)] {
        assert_eq!(one.sessions().owner(unknown).await, None);
    }
    two.sessions().forget("s1").await.unwrap();
    assert_eq!(two.sessions().owner("s1").await, None);
    assert_eq!(one.sessions().sweep(DAY).await.unwrap(), ["s1"], "the other replica learns it");
    assert_eq!(one.sessions().owner("s1").await, None);
    assert!(one.sessions().sweep(DAY).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_has_a_bounded_number_and_the_one_unused_longest_goes() {
    let world = World::new();
    let settings = Settings { sessions_per_grant: 2, ..Settings::default() };
    for access in [
        world.access_with(&settings).await,
        Access::without_store(world.clock.clone(), world.random.clone(), &settings),
    ] {
        let grant = GrantId::from_text("gra_1");
        bind(&access, "other", &GrantId::from_text("gra_2")).await;
        bind(&access, "a", &grant).await;
        world.forward(100);
        bind(&access, "b", &grant).await;
        world.forward(100);
        assert!(access.sessions().owner("a").await.is_some(), "used last");
        world.forward(1);
        assert_eq!(bind(&access, "c", &grant).await, ["b"]);
        assert_eq!(access.sessions().owner("b").await, None);
        for kept in ["a", "c", "other"] {
            assert!(access.sessions().owner(kept).await.is_some(), "{kept}");
        }
    }
}

#[tokio::test]
async fn an_id_in_use_is_not_taken_over_and_odd_ids_are_refused() {
    let world = World::new();
    for access in [world.access().await, world.access_without_store()] {
        bind(&access, "s1", &GrantId::from_text("gra_1")).await;
        for id in ["s1", "", "a b", "a\n", &"x".repeat(129)] {
            let taken = access.sessions().bind(id, &GrantId::from_text("gra_2")).await;
            assert!(matches!(taken, Err(Error::BadSession)), "{id}");
        }
        assert_eq!(access.sessions().owner("s1").await, Some(GrantId::from_text("gra_1")));
    }
}

#[tokio::test]
async fn revoking_a_token_anywhere_ends_its_sessions_everywhere() {
    let world = World::new();
    let (serve, command) = (world.access().await, world.access().await);
    person(&command, "ann", &[]).await;
    let (grant, _) = command.token_new("ann", &token("agent")).await.unwrap();
    let (kept, _) = command.token_new("ann", &token("kept")).await.unwrap();
    bind(&serve, "s1", &grant.id).await;
    bind(&serve, "s2", &kept.id).await;
    command.token_revoke("ann", "agent").await.unwrap();
    assert_eq!(serve.sessions().sweep(DAY).await.unwrap(), ["s1"]);
    assert_eq!(serve.sessions().owner("s1").await, None);
    assert!(serve.sessions().owner("s2").await.is_some());
    command.user_disable("ann").await.unwrap();
    assert_eq!(serve.sessions().sweep(DAY).await.unwrap(), ["s2"]);
}

#[tokio::test]
async fn idle_sessions_end_and_used_ones_stay() {
    let world = World::new();
    for access in [world.access().await, world.access_without_store()] {
        let grant = GrantId::from_text("gra_1");
        bind(&access, "idle", &grant).await;
        bind(&access, "used", &grant).await;
        for _ in 0..24 {
            world.forward(3600);
            assert!(access.sessions().owner("used").await.is_some());
        }
        world.forward(1);
        assert_eq!(access.sessions().sweep(DAY).await.unwrap(), ["idle"]);
        assert!(access.sessions().owner("used").await.is_some());
    }
}
