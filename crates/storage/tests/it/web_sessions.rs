//! Browsers in which people are signed in.

use domain::{Clock, Timestamp, UserId, WebSessionId};
use storage::{NewWebSession, Store, User};
use time::Duration;

use crate::world::World;

/// As many as a test that is not about the cap needs.
const MANY: usize = 50;

pub(crate) fn session(number: u8, world: &World) -> NewWebSession {
    NewWebSession {
        hash: [number; 32],
        way: "password",
        browser: "Firefox on Linux".to_owned(),
        address: "203.0.113.7".to_owned(),
        proven: world.clock.now(),
        expires: world.clock.now() + Duration::days(30),
    }
}

pub(crate) async fn open(store: &Store, user: &User, number: u8, world: &World) -> WebSessionId {
    let opened = store.web_session_open(&user.id, "hash", &session(number, world), MANY).await.unwrap();
    opened.unwrap().1
}

async fn is_live(store: &Store, number: u8) -> bool {
    store.web_session_find(&[number; 32]).await.unwrap().is_some()
}

pub(crate) async fn a_session_is_proven_when_it_says_and_not_when_it_was_opened(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let new = NewWebSession { proven: Timestamp::UNIX_EPOCH, ..session(1, world) };
    let (_, id) = store.web_session_open(&ann.id, "hash", &new, MANY).await.unwrap().unwrap();
    let (_, found) = store.web_session_find(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.proven, found.created), (Timestamp::UNIX_EPOCH, world.clock.now()));
    assert!(store.web_session_prove(&id, "change").await.unwrap());
    let (_, found) = store.web_session_find(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(found.proven, world.clock.now());
}

pub(crate) async fn a_session_is_found_by_its_cookie_with_its_person(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let id = open(&store, &ann, 1, world).await;
    let (user, found) = store.web_session_find(&[1; 32]).await.unwrap().unwrap();
    let now = world.clock.now();
    assert_eq!((&user, &found.id), (&ann, &id));
    assert_eq!((found.browser.as_str(), found.address.as_str()), ("Firefox on Linux", "203.0.113.7"));
    assert_eq!((found.created, found.last_used, found.proven), (now, now, now));
    assert!(!is_live(&store, 2).await);

    world.clock.forward(90);
    let later = world.clock.now();
    store.web_session_touch(&id, later, Some("198.51.100.1"), later + Duration::days(30)).await.unwrap();
    assert!(store.web_session_prove(&id, "change").await.unwrap());
    let found = store.web_session_find(&[1; 32]).await.unwrap().unwrap().1;
    assert_eq!((found.last_used, found.proven, found.address.as_str()), (later, later, "198.51.100.1"));
    // an older note, which came late, changes nothing; one without an address keeps the last
    store.web_session_touch(&id, now, Some("192.0.2.1"), now).await.unwrap();
    world.clock.forward(90);
    let latest = world.clock.now();
    store.web_session_touch(&id, latest, None, latest + Duration::days(30)).await.unwrap();
    let found = store.web_session_find(&[1; 32]).await.unwrap().unwrap().1;
    assert_eq!((found.last_used, found.address.as_str()), (latest, "198.51.100.1"));
}

pub(crate) async fn a_session_ends_by_itself_and_is_swept(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let id = open(&store, &ann, 1, world).await;
    world.clock.forward(30 * 86_400 - 1);
    assert!(is_live(&store, 1).await);
    open(&store, &ann, 2, world).await;
    world.clock.forward(1);
    assert!(!is_live(&store, 1).await);
    let listed = store.web_session_list(&ann.id).await.unwrap();
    assert!(listed.len() == 1 && listed[0].id != id, "{listed:?}");
    assert_eq!(store.web_sessions_sweep().await.unwrap(), 1);
    assert!(is_live(&store, 2).await);
}

pub(crate) async fn a_session_is_opened_only_while_its_password_holds(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let try_open = async |user: &UserId, password: &str, number| {
        store.web_session_open(user, password, &session(number, world), MANY).await.unwrap().is_some()
    };
    assert!(!try_open(&ann.id, "another", 1).await);
    assert!(!try_open(&UserId::from_text("usr_none"), "hash", 1).await);
    assert!(store.set_password_hash(&ann.id, Some("hash"), "second", None).await.unwrap());
    assert!(!try_open(&ann.id, "hash", 1).await, "it was verified before the change");
    assert!(!store.set_password_hash(&ann.id, Some("hash"), "third", None).await.unwrap());
    assert!(try_open(&ann.id, "second", 1).await);
    store.disable_user(&ann.id, true).await.unwrap();
    assert!(!try_open(&ann.id, "second", 2).await);
}

pub(crate) async fn disabling_and_another_password_end_sessions_in_browsers(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let kept = open(&store, &ann, 1, world).await;
    open(&store, &ann, 2, world).await;
    open(&store, &bob, 3, world).await;
    assert!(store.set_password_hash(&ann.id, None, "second", Some(&kept)).await.unwrap());
    assert_eq!(
        [is_live(&store, 1).await, is_live(&store, 2).await, is_live(&store, 3).await],
        [true, false, true]
    );
    store.disable_user(&ann.id, true).await.unwrap();
    assert!(!is_live(&store, 1).await);
    store.disable_user(&ann.id, false).await.unwrap();
    assert!(!is_live(&store, 1).await, "it does not come back");
    store.set_password_hash(&bob.id, None, "second", None).await.unwrap();
    assert!(!is_live(&store, 3).await);
}

pub(crate) async fn of_too_many_sessions_those_unused_longest_go(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    open(&store, &bob, 9, world).await;
    let first = open(&store, &ann, 1, world).await;
    world.clock.forward(60);
    open(&store, &ann, 2, world).await;
    world.clock.forward(60);
    let now = world.clock.now();
    store.web_session_touch(&first, now, None, now + Duration::days(30)).await.unwrap();
    world.clock.forward(60);
    store.web_session_open(&ann.id, "hash", &session(3, world), 2).await.unwrap().unwrap();
    let live = [is_live(&store, 1).await, is_live(&store, 2).await, is_live(&store, 3).await];
    assert_eq!(live, [true, false, true]);
    assert!(is_live(&store, 9).await, "of another person");
}

pub(crate) async fn a_person_ends_their_own_sessions_only(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let mine = open(&store, &ann, 1, world).await;
    open(&store, &ann, 2, world).await;
    let other = open(&store, &bob, 3, world).await;
    assert!(!store.web_session_end(&ann.id, &other).await.unwrap());
    assert_eq!(store.web_sessions_end_others(&ann.id, &mine).await.unwrap(), 1);
    assert_eq!(
        [is_live(&store, 1).await, is_live(&store, 2).await, is_live(&store, 3).await],
        [true, false, true]
    );
    assert!(store.web_session_end(&ann.id, &mine).await.unwrap());
    assert!(!store.web_session_end(&ann.id, &mine).await.unwrap());
    assert!(!store.web_session_prove(&mine, "change").await.unwrap());
}
