//! The chains of audit rows.

use domain::{Clock, GrantId};
use sha2::{Digest as _, Sha256};
use storage::{Chain, NewAuditRow, Store, Value};
use time::Duration;

use crate::world::World;

pub(crate) fn row(world: &World, user: &str, tool: &str) -> NewAuditRow {
    NewAuditRow {
        user: user.to_owned(),
        grant: GrantId::from_text("gra_1"),
        client: "agent".to_owned(),
        door: "personal".to_owned(),
        tool: tool.to_owned(),
        targets: r#"["work/@inbox:1@a"]"#.to_owned(),
        outcome: "ok".to_owned(),
        octets: Some(700),
        undo: String::new(),
        at: world.clock.now(),
    }
}

/// Makes users of those names: of nobody else are rows kept.
pub(crate) async fn people(store: &Store, names: &[&str]) {
    for name in names {
        store.add_user(name, false, "hash").await.unwrap();
    }
}

pub(crate) async fn rows_of_a_user_form_a_chain_that_shows_changes(world: &World) {
    const FORGE: &str = "UPDATE audit SET outcome = 'not_found' WHERE user_name = 'ann' AND seq = 2";
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
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
    people(&store, &["first", "middle", "last", "every"]).await;
    for (user, taken, broken) in [
        ("first", "DELETE FROM audit WHERE user_name = 'first' AND seq = 1", 2),
        ("middle", "DELETE FROM audit WHERE user_name = 'middle' AND seq = 2", 3),
        ("last", "DELETE FROM audit WHERE user_name = 'last' AND seq = 3", 3),
        ("every", "DELETE FROM audit WHERE user_name = 'every'", 1),
    ] {
        for tool in ["one", "two", "three"] {
            store.append_audit(&[row(world, user, tool)]).await.unwrap();
        }
        assert_eq!(store.check_audit(user).await.unwrap(), Chain::Whole(3));
        store.database().execute(taken, &[]).await.unwrap();
        assert_eq!(store.check_audit(user).await.unwrap(), Chain::BrokenAt(broken), "{user}");
        store.append_audit(&[row(world, user, "four")]).await.unwrap();
        assert!(matches!(store.check_audit(user).await.unwrap(), Chain::BrokenAt(_)), "{user}, later");
    }
}

pub(crate) async fn two_writers_keep_one_chain(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    people(&one, &["ann", "bob"]).await;
    let write = async |store: &storage::Store, users: [&str; 2]| {
        for _ in 0..50 {
            store.append_audit(&users.map(|user| row(world, user, "x"))).await.unwrap();
            assert!(matches!(store.check_audit("ann").await.unwrap(), Chain::Whole(_)), "meanwhile too");
        }
    };
    tokio::join!(write(&one, ["ann", "bob"]), write(&two, ["bob", "ann"]));
    for user in ["ann", "bob"] {
        assert_eq!(one.check_audit(user).await.unwrap(), Chain::Whole(100));
    }
}

/// Writes rows as programs did before rows knew their agent's name.
async fn write_rows_of_before(store: &Store, user: &str, count: i64) {
    const ADD: &str = "INSERT INTO audit \
        (user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash) \
        VALUES ($1, $2, 'gra_1', 'oauth', 'mail_read', '[]', 'ok', $3, $4, $5)";
    const END: &str = "INSERT INTO audit_chains (user_name, seq, hash) VALUES ($1, $2, $3)";
    let mut last = vec![0; 32];
    for seq in 1..=count {
        let at = 1_700_000_000_000 + seq;
        let mut hash = Sha256::new();
        hash.update(&last);
        hash.update(seq.to_be_bytes());
        hash.update(i128::from(at).to_be_bytes());
        for text in [user, "gra_1", "oauth", "mail_read", "[]", "ok"] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let hash = hash.finalize().to_vec();
        let values: [Value; 5] =
            [user.into(), seq.into(), at.into(), last.as_slice().into(), hash.as_slice().into()];
        store.database().execute(ADD, &values).await.unwrap();
        last = hash;
    }
    store.database().execute(END, &[user.into(), count.into(), last.into()]).await.unwrap();
}

pub(crate) async fn rows_of_before_are_in_one_chain_with_those_of_now(world: &World) {
    const NAMED: &str = "UPDATE audit SET client = 'somebody else' WHERE seq = 2";
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    write_rows_of_before(&store, "ann", 3).await;
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::Whole(3));
    store.append_audit(&[row(world, "ann", "one"), row(world, "ann", "two")]).await.unwrap();
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::Whole(5));
    let forms: Vec<_> = store.list_audit("ann", 9).await.unwrap().iter().map(|row| row.form).collect();
    assert_eq!(forms, [2, 2, 1, 1, 1]);
    // a hash of before does not cover the name: a row with one was altered
    store.database().execute(NAMED, &[]).await.unwrap();
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::BrokenAt(2));
}

pub(crate) async fn whatever_of_a_row_is_altered_shows(world: &World) {
    let store = world.store().await;
    for (number, alter) in [
        "UPDATE audit SET grant_id = 'gra_2' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET client = 'another' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET door = 'page' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET tool = 'mail_send' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET targets = '[]' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET outcome = 'not_found' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET octets = 701 WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET octets = NULL WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET undo = 'chg_1' WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET at = at + 1 WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET form = 1 WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET form = 1, client = '', octets = NULL WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET form = 3 WHERE user_name = $1 AND seq = 2",
        "UPDATE audit SET seq = 9 WHERE user_name = $1 AND seq = 2",
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user-{number}");
        people(&store, &[&user]).await;
        let rows: Vec<_> = ["one", "two", "three"].iter().map(|tool| row(world, &user, tool)).collect();
        store.append_audit(&rows).await.unwrap();
        assert_eq!(store.check_audit(&user).await.unwrap(), Chain::Whole(3));
        assert_eq!(store.database().execute(alter, &[user.as_str().into()]).await.unwrap(), 1);
        let found = store.check_audit(&user).await.unwrap();
        assert!(matches!(found, Chain::BrokenAt(2 | 3)), "{alter}: {found:?}");
        let found = store.audit_check_on(&user, 100).await.unwrap().last.unwrap().0;
        assert!(matches!(found, Chain::BrokenAt(2 | 3)), "{alter}: {found:?}");
    }
}

pub(crate) async fn a_chain_from_which_old_rows_were_deleted_still_verifies(world: &World) {
    const FORGE: &str = "UPDATE audit SET outcome = 'x' WHERE seq = 5003";
    const CUT: &str = "DELETE FROM audit WHERE seq = 5001";
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    let old: Vec<_> = (0..5_000).map(|_| row(world, "ann", "old")).collect();
    for some in old.chunks(500) {
        store.append_audit(some).await.unwrap();
    }
    store.append_audit(&[row(world, "bob", "old")]).await.unwrap();
    world.clock.forward(3600);
    let now = world.clock.now();
    let new: Vec<_> = (0..5).map(|_| row(world, "ann", "new")).collect();
    store.append_audit(&new).await.unwrap();
    assert_eq!(store.audit_delete_before("ann", now - Duration::HOUR).await.unwrap(), 0);
    assert_eq!(store.audit_delete_before("ann", now).await.unwrap(), 5_000);
    let left: Vec<_> = store.list_audit("ann", 10).await.unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(left, [5_005, 5_004, 5_003, 5_002, 5_001], "numbers go on");
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::Whole(5));
    assert_eq!(store.check_audit("bob").await.unwrap(), Chain::Whole(1), "another's stay");
    store.append_audit(&new[..1]).await.unwrap();
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::Whole(6));
    assert_eq!(store.audit_checked("ann").await.unwrap().rows, 6);

    store.database().execute(FORGE, &[]).await.unwrap();
    assert_eq!(store.check_audit("ann").await.unwrap(), Chain::BrokenAt(5_003));
    store.database().execute(CUT, &[]).await.unwrap();
    assert_eq!(
        store.check_audit("ann").await.unwrap(),
        Chain::BrokenAt(5_002),
        "more than was deleted is gone"
    );

    assert_eq!(store.audit_delete_before("bob", now + Duration::DAY).await.unwrap(), 1);
    assert_eq!(store.audit_delete_before("nobody", now).await.unwrap(), 0);
    assert_eq!(store.check_audit("bob").await.unwrap(), Chain::Whole(0));
    store.append_audit(&[row(world, "bob", "after all")]).await.unwrap();
    assert_eq!(store.check_audit("bob").await.unwrap(), Chain::Whole(1));
    assert_eq!(store.list_audit("bob", 1).await.unwrap()[0].seq, 2);
}

pub(crate) async fn a_check_goes_on_where_it_came_to_and_its_end_is_kept(world: &World) {
    const FORGE: &str = "UPDATE audit SET outcome = 'x' WHERE seq = 7";
    let store = world.store().await;
    people(&store, &["ann", "bob"]).await;
    assert_eq!(store.audit_check_on("ann", 5).await.unwrap().last, None, "there is nothing to check");
    for number in 1..=12 {
        if number == 5 {
            world.clock.forward(60);
        }
        store.append_audit(&[row(world, "ann", "x")]).await.unwrap();
    }
    let began = world.clock.now();
    let first = store.audit_check_on("ann", 5).await.unwrap();
    assert_eq!((first.rows, first.done, first.last), (12, 5, None));
    // another process goes on, after some of what was looked at was deleted
    let other = world.store().await;
    assert_eq!(other.audit_delete_before("ann", began).await.unwrap(), 4);
    let next = other.audit_check_on("ann", 5).await.unwrap();
    assert_eq!((next.rows, next.done, next.last), (8, 6, None));
    world.clock.forward(60);
    let last = store.audit_check_on("ann", 5).await.unwrap();
    assert_eq!((last.rows, last.done, last.last), (8, 0, Some((Chain::Whole(8), began + Duration::MINUTE))));
    store.append_audit(&[row(world, "ann", "later")]).await.unwrap();
    let kept = store.audit_checked("ann").await.unwrap();
    assert_eq!((kept.rows, kept.last.unwrap().0), (9, Chain::Whole(8)));
    // what it had looked at before is looked at anew, from the beginning
    store.database().execute(FORGE, &[]).await.unwrap();
    assert_eq!(store.audit_check_on("ann", 5).await.unwrap().last.unwrap().0, Chain::BrokenAt(7));
}
