//! Users.

use crate::world::{World, grant, token};

pub(crate) async fn the_first_user_is_an_administrator(world: &World) {
    let store = world.store().await;
    assert!(store.add_user("ann", false, "hash").await.unwrap().is_admin);
    assert!(!store.add_user("bob", false, "hash").await.unwrap().is_admin);
    assert!(store.add_user("cec", true, "hash").await.unwrap().is_admin);
}

pub(crate) async fn a_name_belongs_to_one_user(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "first").await.unwrap();
    let error = store.add_user("ann", false, "second").await.unwrap_err();
    assert!(matches!(error, storage::Error::Taken), "{error}");
    let (found, hash) = store.find_password_hash("ann").await.unwrap().unwrap();
    assert_eq!((found, hash.as_str()), (ann.clone(), "first"));
    assert!(store.set_password_hash(&ann.id, None, "third", None).await.unwrap());
    assert_eq!(store.find_password_hash("ann").await.unwrap().unwrap().1, "third");
}

pub(crate) async fn disabling_a_user_ends_their_sessions(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let of_ann = store.add_grant(&ann.id, &grant("a"), &token(1)).await.unwrap();
    let of_bob = store.add_grant(&bob.id, &grant("a"), &token(2)).await.unwrap();
    store.add_session("s1", &of_ann.id, 8).await.unwrap();
    store.add_session("s2", &of_bob.id, 8).await.unwrap();
    assert!(store.disable_user(&ann.id, true).await.unwrap());
    assert_eq!(store.find_session("s1").await.unwrap(), None);
    assert!(store.find_session("s2").await.unwrap().is_some());
    assert!(store.find_bearer(&[1; 32]).await.unwrap().unwrap().standing.is_user_disabled);
    store.disable_user(&ann.id, false).await.unwrap();
    assert!(!store.find_user("ann").await.unwrap().unwrap().is_disabled);
}

pub(crate) async fn names_are_listed_by_their_bytes(world: &World) {
    let store = world.store().await;
    for name in ["b", "a_b", "a-b", "ab", "a.b"] {
        store.add_user(name, false, "hash").await.unwrap();
    }
    let names: Vec<String> = store.list_users().await.unwrap().into_iter().map(|user| user.name).collect();
    assert_eq!(names, ["a-b", "a.b", "a_b", "ab", "b"]);
}

pub(crate) async fn two_administrators_who_shut_out_each_other_at_once_leave_one(world: &World) {
    let store = world.store().await;
    let other = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap().id;
    let bob = store.add_user("bob", true, "hash").await.unwrap().id;
    let (one, two) =
        tokio::join!(store.disable_user_by(&ann, &bob, true), other.disable_user_by(&bob, &ann, true));
    assert_eq!([one, two].into_iter().filter(|done| *done.as_ref().unwrap()).count(), 1);
    let left = store.list_users().await.unwrap().into_iter().filter(|user| !user.is_disabled).count();
    assert_eq!(left, 1);
}

pub(crate) async fn only_an_administrator_who_is_let_in_shuts_out_others_and_never_themselves(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap().id;
    let bob = store.add_user("bob", true, "hash").await.unwrap().id;
    let cec = store.add_user("cec", false, "hash").await.unwrap().id;
    assert!(!store.disable_user_by(&ann, &ann, true).await.unwrap());
    assert!(!store.disable_user_by(&cec, &bob, true).await.unwrap());
    assert!(!store.disable_user_by(&ann, &domain::UserId::from_text("usr_x"), true).await.unwrap());
    assert!(store.disable_user_by(&ann, &bob, true).await.unwrap());
    assert!(!store.disable_user_by(&bob, &ann, true).await.unwrap());
    assert!(!store.disable_user_by(&bob, &bob, false).await.unwrap(), "nobody lets in themselves");
    let disabled = store.list_users().await.unwrap().into_iter().filter(|user| user.is_disabled);
    assert_eq!(disabled.map(|user| user.name).collect::<Vec<_>>(), ["bob"]);
    assert!(store.disable_user_by(&ann, &bob, false).await.unwrap());
    assert!(!store.find_user("bob").await.unwrap().unwrap().is_disabled);
}
