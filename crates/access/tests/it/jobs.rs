//! What is done for everybody now and then: what fails for one person is done for the others.

use access::{Access, Wishes};

use crate::{
    approvals::ask,
    web_sessions::sign_in,
    world::{World, person, token},
};

async fn sabotage(world: &World, sql: &'static str) {
    world.store().await.database().execute(sql, &[]).await.unwrap();
}

async fn two_people(world: &World) -> Access {
    let access = world.access().await;
    // who administrates stays
    for name in ["root", "ann", "bob"] {
        person(&access, name, &["work"]).await;
    }
    access
}

#[tokio::test]
async fn a_person_who_cannot_be_removed_holds_up_nobody_else() {
    let world = World::new();
    let access = two_people(&world).await;
    const REFUSE: &str = "CREATE TRIGGER refuse BEFORE DELETE ON users WHEN OLD.name = 'ann' \
        BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    sabotage(&world, REFUSE).await;
    for name in ["ann", "bob"] {
        access.user_remove(name).await.unwrap();
        world.forward(1);
    }
    world.forward(10);
    let went = access.removals_go_on().await.unwrap();
    assert_eq!((went.gone.len(), went.failed.is_some()), (1, true));
    assert!(access.has_user("ann").await.unwrap() && !access.has_user("bob").await.unwrap());
    sabotage(&world, "DROP TRIGGER refuse").await;
    let went = access.removals_go_on().await.unwrap();
    assert_eq!((went.gone.len(), went.failed.is_none()), (1, true));
    assert!(!access.has_user("ann").await.unwrap());
}

#[tokio::test]
async fn activity_that_cannot_be_forgotten_keeps_nobody_elses() {
    let world = World::new();
    let access = two_people(&world).await;
    let wishes = Wishes { activity_days: Some(30), ..Wishes::default() };
    for name in ["ann", "bob"] {
        let who = sign_in(&access, name).await.signed_in;
        access.wishes_set(&who, &wishes).await.unwrap();
    }
    access.flush().await;
    const REFUSE: &str = "CREATE TRIGGER refuse BEFORE DELETE ON audit WHEN OLD.user_name = 'ann' \
        BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    sabotage(&world, REFUSE).await;
    world.forward(31 * 24 * 3600);
    assert!(access.activity_sweep().await.is_err(), "whoever looks after the server is told");
    let rows = async |name| access.audit_list(name, 10).await.unwrap().len();
    assert!(rows("ann").await > 0);
    assert_eq!(rows("bob").await, 0);
}

#[tokio::test]
async fn a_person_who_cannot_be_told_keeps_nobody_else_from_being_told() {
    let world = World::new();
    let access = two_people(&world).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    ask(&world, &access, 1).await;
    ask(&world, &access, 2).await;
    let store = world.store().await;
    let rows = store.database().fetch("SELECT id FROM outbox ORDER BY id", &[]).await.unwrap();
    let values = [rows[0].text("id").unwrap().into()];
    // one of hers is his now, who comes behind her
    let his = "UPDATE outbox SET user_name = 'bob' WHERE id = $1";
    store.database().execute(his, &values).await.unwrap();
    sabotage(&world, "UPDATE outbox SET account_name = '' WHERE user_name = 'ann'").await;
    let tellings = access.telling_claim().await.unwrap();
    assert_eq!(tellings.iter().map(|telling| telling.principal.user.as_str()).collect::<Vec<_>>(), ["bob"]);
}
