//! The chains of audit rows.

use domain::{Clock, GrantId};
use storage::{Chain, NewAuditRow};

use crate::world::World;

fn row(world: &World, user: &str, tool: &str) -> NewAuditRow {
    NewAuditRow {
        user: user.to_owned(),
        grant: GrantId::from_text("gra_1"),
        door: "personal".to_owned(),
        tool: tool.to_owned(),
        targets: r#"["work/@inbox:1@a"]"#.to_owned(),
        outcome: "ok".to_owned(),
        at: world.clock.now(),
    }
}

pub(crate) async fn rows_of_a_user_form_a_chain_that_shows_changes(world: &World) {
    const FORGE: &str = "UPDATE audit SET outcome = 'not_found' WHERE user_name = 'ann' AND seq = 2";
    let store = world.store().await;
    store
        .append_audit(&[row(world, "ann", "one"), row(world, "bob", "x"), row(world, "ann", "two")])
        .await
        .unwrap();
    world.clock.forward(1);
    store.append_audit(&[row(world, "ann", "three")]).await.unwrap();
    let listed = store.list_audit("ann", 2).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|listed| (listed.seq, listed.row.tool.as_str())).collect();
    assert_eq!(listed, [(3, "three"), (2, "two")]);
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::Whole(3));
    assert_eq!(store.check_audit("nobody").await.unwrap(), Chain::Whole(0));

    assert_eq!(store.database().execute(FORGE, &[]).await.unwrap(), 1);
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::BrokenAt(2));
    assert_eq!(store.check_audit("bob").await.unwrap(), Chain::Whole(1), "another user's chain is whole");
}

pub(crate) async fn a_row_taken_out_shows(world: &World) {
    let store = world.store().await;
    for tool in ["one", "two", "three"] {
        store.append_audit(&[row(world, "ann", tool)]).await.unwrap();
    }
    store.database().execute("DELETE FROM audit WHERE seq = 2", &[]).await.unwrap();
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::BrokenAt(3));
}

pub(crate) async fn two_writers_keep_one_chain(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let write = async |store: &storage::Store| {
        for _ in 0..20 {
            store.append_audit(&[row(world, "ann", "x"), row(world, "ann", "y")]).await.unwrap();
        }
    };
    tokio::join!(write(&one), write(&two));
    assert_eq!(one.check_audit("ann").await.unwrap(), Chain::Whole(80));
}
