//! Passkeys, and halves of sign-ins that wait.

use domain::{PasskeyId, Random as _, UserId, WebSessionId};
use storage::{NewCeremony, NewPasskey, PasskeyUse, Store, User, WayRemoval};
use time::Duration;
use zeroize::Zeroizing;

use crate::{
    web_sessions::{open, session},
    world::World,
};

const MANY: usize = 20;

fn passkey(number: u8) -> NewPasskey {
    NewPasskey {
        credential_id: vec![number; 16],
        name: format!("key {number}"),
        credential: Zeroizing::new(vec![number; 40]),
    }
}

pub(crate) async fn add(store: &Store, user: &User, number: u8) -> PasskeyId {
    store.passkey_add(&user.id, &passkey(number), MANY).await.unwrap().unwrap()
}

fn ceremony(number: u8, user: Option<&UserId>, world: &World) -> NewCeremony {
    NewCeremony {
        hash: [number; 32],
        kind: "a kind",
        user: user.cloned(),
        session: None,
        occasion: "an occasion".to_owned(),
        body: Zeroizing::new(b"what was asked".to_vec()),
        expires: domain::Clock::now(&*world.clock) + Duration::minutes(5),
    }
}

pub(crate) async fn a_passkey_is_found_by_the_name_that_browsers_have_for_it(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let id = add(&store, &ann, 1).await;
    let (user, found) = store.passkey_find(&[1; 16]).await.unwrap().unwrap();
    assert_eq!((user, &found.id, found.name.as_str(), found.last_used), (ann.clone(), &id, "key 1", None));
    assert_eq!((found.credential.as_slice(), found.credential_id.as_slice()), (&[1; 40][..], &[1; 16][..]));
    assert!(store.passkey_find(&[2; 16]).await.unwrap().is_none());
    let taken = store.passkey_add(&bob.id, &passkey(1), MANY).await;
    assert!(matches!(taken, Err(storage::Error::Taken)), "a credential is one person's");
    assert!(!store.passkey_rename(&bob.id, &id, "mine").await.unwrap());
    assert!(store.passkey_rename(&ann.id, &id, "another").await.unwrap());
    assert_eq!(store.passkey_list(&ann.id).await.unwrap()[0].name, "another");
    assert!(store.passkey_list(&bob.id).await.unwrap().is_empty());
    assert!(store.passkey_add(&ann.id, &passkey(2), 1).await.unwrap().is_none(), "too many");
    store.disable_user(&ann.id, true).await.unwrap();
    assert!(store.passkey_find(&[1; 16]).await.unwrap().is_none());
    assert!(store.passkey_add(&ann.id, &passkey(3), MANY).await.unwrap().is_none());
}

pub(crate) async fn a_use_counts_while_its_passkey_is_as_it_was_looked_at(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "").await.unwrap();
    let bob = store.add_user("bob", false, "").await.unwrap();
    let id = add(&store, &ann, 1).await;
    add(&store, &ann, 2).await;
    let look = async || store.passkey_find(&[1; 16]).await.unwrap().unwrap().1;
    let enter = async |user: &User, used: &PasskeyUse<'_>| {
        let mut number = [0];
        world.random.fill(&mut number);
        let mut new = session(number[0], world);
        new.way = "passkey";
        store.web_session_open_by_passkey(&user.id, used, &new, MANY).await.unwrap()
    };
    let (first, second) = (look().await, look().await);
    let changed = || Some(Zeroizing::new(vec![9; 40]));
    let (user, session) = enter(&ann, &PasskeyUse { passkey: &first, changed: changed() }).await.unwrap();
    assert_eq!(user, ann);
    let now = look().await;
    assert_eq!((now.credential.as_slice(), now.last_used.is_some()), (&[9; 40][..], true));
    // looked at before the other's use changed its counter
    assert!(enter(&ann, &PasskeyUse { passkey: &second, changed: changed() }).await.is_none());
    let unchanged = PasskeyUse { passkey: &now, changed: None };
    assert!(enter(&bob, &unchanged).await.is_none(), "of somebody else");
    // one without a counter may be used by two at once
    assert!(enter(&ann, &unchanged).await.is_some() && enter(&ann, &unchanged).await.is_some());
    let prove = async |session: &WebSessionId| {
        store.web_session_prove_by_passkey(&ann.id, session, "change", &unchanged).await.unwrap()
    };
    assert!(prove(&session).await && !prove(&WebSessionId::from_text("wse_none")).await);
    store.disable_user(&ann.id, true).await.unwrap();
    assert!(enter(&ann, &unchanged).await.is_none() && !prove(&session).await);
    store.disable_user(&ann.id, false).await.unwrap();
    assert!(enter(&ann, &unchanged).await.is_some());
    let kept = WebSessionId::from_text("");
    assert_eq!(store.passkey_remove(&ann.id, &id, None, &kept).await.unwrap(), WayRemoval::Removed);
    assert!(enter(&ann, &unchanged).await.is_none(), "removed after it was looked at");
}

pub(crate) async fn the_last_way_to_sign_in_stays_even_if_two_remove_at_once(world: &World) {
    let (store, there) = (world.store().await, world.store().await);
    let ann = store.add_user("ann", false, "").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let (first, second) = (add(&store, &ann, 1).await, add(&store, &ann, 2).await);
    let kept = WebSessionId::from_text("");
    let (one, other) = tokio::join!(
        store.passkey_remove(&ann.id, &first, None, &kept),
        there.passkey_remove(&ann.id, &second, None, &kept),
    );
    let mut removed = [one.unwrap(), other.unwrap()];
    removed.sort_by_key(|removal| *removal != WayRemoval::Removed);
    assert_eq!(removed, [WayRemoval::Removed, WayRemoval::LastWay]);
    assert_eq!(store.passkey_list(&ann.id).await.unwrap().len(), 1);
    let last = add(&store, &bob, 3).await;
    assert_eq!(
        store.passkey_remove(&ann.id, &last, None, &kept).await.unwrap(),
        WayRemoval::Absent,
        "of another person"
    );
    assert_eq!(store.passkey_remove(&bob.id, &last, None, &kept).await.unwrap(), WayRemoval::Removed);
}

pub(crate) async fn a_removed_passkey_ends_sessions_that_one_opened(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let id = add(&store, &ann, 1).await;
    open(&store, &ann, 1, world).await;
    let found = store.passkey_find(&[1; 16]).await.unwrap().unwrap().1;
    let used = PasskeyUse { passkey: &found, changed: None };
    for number in [2, 3] {
        let mut new = session(number, world);
        new.way = "passkey";
        store.web_session_open_by_passkey(&ann.id, &used, &new, MANY).await.unwrap().unwrap();
    }
    let kept = store.web_session_find(&[3; 32]).await.unwrap().unwrap().1.id;
    store.passkey_remove(&ann.id, &id, None, &kept).await.unwrap();
    let is_live = async |number| store.web_session_find(&[number; 32]).await.unwrap().is_some();
    assert_eq!([is_live(1).await, is_live(2).await, is_live(3).await], [true, false, true]);
}

pub(crate) async fn a_half_is_taken_once_in_time_and_as_what_it_is(world: &World) {
    let (store, there) = (world.store().await, world.store().await);
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    for number in [1, 2, 3] {
        store.ceremony_begin(&ceremony(number, Some(&ann.id), world)).await.unwrap();
    }
    let again = store.ceremony_begin(&ceremony(1, None, world)).await;
    assert!(matches!(again, Err(storage::Error::Taken)));
    assert!(store.ceremony_take(&[1; 32], "another kind").await.unwrap().is_none());
    let (one, other) =
        tokio::join!(store.ceremony_take(&[1; 32], "a kind"), there.ceremony_take(&[1; 32], "a kind"));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_some() != other.is_some());
    let taken = one.or(other).unwrap();
    assert_eq!((taken.user, taken.session, taken.occasion.as_str()), (Some(ann.id), None, "an occasion"));
    assert_eq!(taken.body.as_slice(), b"what was asked");
    world.clock.forward(299);
    assert!(store.ceremony_take(&[2; 32], "a kind").await.unwrap().is_some());
    world.clock.forward(1);
    assert!(store.ceremony_take(&[3; 32], "a kind").await.unwrap().is_none());
    assert_eq!(store.ceremonies_sweep().await.unwrap(), 1);
}

pub(crate) async fn halves_that_anybody_can_begin_push_out_none_of_a_session(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let [here, there] = [open(&store, &ann, 1, world).await, open(&store, &ann, 2, world).await];
    let of = |number, kind, session: Option<&WebSessionId>| NewCeremony {
        kind,
        session: session.cloned(),
        ..ceremony(number, Some(&ann.id), world)
    };
    store.ceremony_begin(&of(100, "a kind", Some(&here))).await.unwrap();
    store.ceremony_begin(&of(101, "another kind", None)).await.unwrap();
    for number in 0..20 {
        world.clock.forward(1);
        store.ceremony_begin(&of(number, "a kind", None)).await.unwrap();
        store.ceremony_begin(&of(number + 50, "a kind", Some(&there))).await.unwrap();
    }
    let take = async |number, kind| store.ceremony_take(&[number; 32], kind).await.unwrap().is_some();
    assert!(take(100, "a kind").await, "of another session");
    assert!(take(101, "another kind").await);
    for (oldest, newest) in [(3, 4), (53, 54)] {
        assert_eq!([take(oldest, "a kind").await, take(newest, "a kind").await], [false, true]);
    }
}

pub(crate) async fn halves_of_a_person_are_few_and_end_with_their_password(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    store.ceremony_begin(&ceremony(100, None, world)).await.unwrap();
    for number in 0..20 {
        world.clock.forward(1);
        store.ceremony_begin(&ceremony(number, Some(&ann.id), world)).await.unwrap();
    }
    let take = async |number| store.ceremony_take(&[number; 32], "a kind").await.unwrap().is_some();
    assert_eq!([take(3).await, take(4).await, take(19).await], [false, true, true]);
    store.set_password_hash(&ann.id, None, "another", None).await.unwrap();
    assert!(!take(18).await, "a half that the old password gave is worth nothing");
    assert!(take(100).await, "nobody's");
}
