//! Who people are at another provider.

use domain::{Clock, WebSessionId};
use storage::{
    Error, IdentityUse, InvitationPurpose, NewIdentity, NewInvitation, NewWebSession, Store, WayRemoval,
};
use time::Duration;

use crate::{passkeys, web_sessions::session, world::World};

const ISSUER: &str = "https://id.example.org";

fn identity(subject: &str) -> NewIdentity {
    NewIdentity {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        shown: format!("{subject}@example.org"),
    }
}

fn by_identity(number: u8, world: &World) -> NewWebSession {
    NewWebSession { way: "oidc", ..session(number, world) }
}

async fn is_live(store: &Store, number: u8) -> bool {
    store.web_session_find(&[number; 32]).await.unwrap().is_some()
}

pub(crate) async fn an_identity_is_one_user_s_and_opens_sessions_of_theirs(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    assert!(store.identity_add(&ann.id, &identity("a")).await.unwrap());
    assert!(store.identity_add(&ann.id, &identity("a")).await.unwrap(), "theirs already");
    assert!(!store.identity_add(&bob.id, &identity("a")).await.unwrap());
    assert_eq!(store.identity_user(ISSUER, "a").await.unwrap().unwrap(), ann);
    assert!(store.identity_user("https://evil.example", "a").await.unwrap().is_none());
    assert_eq!(store.identity_list(&ann.id).await.unwrap()[0].shown, "a@example.org");

    let new = by_identity(1, world);
    let opened = store.web_session_open_by_identity(ISSUER, "a", &new, 50).await.unwrap();
    assert!(matches!(opened, IdentityUse::Opened(user, _) if user == ann));
    assert_eq!(store.web_session_find(&[1; 32]).await.unwrap().unwrap().1.way, "oidc");
    assert_eq!(store.identity_list(&ann.id).await.unwrap()[0].last_used, Some(world.clock.now()));
    let new = by_identity(2, world);
    let opened = store.web_session_open_by_identity(ISSUER, "b", &new, 50).await.unwrap();
    assert!(matches!(opened, IdentityUse::Unknown));
    store.disable_user(&ann.id, true).await.unwrap();
    let opened = store.web_session_open_by_identity(ISSUER, "a", &new, 50).await.unwrap();
    assert!(matches!(opened, IdentityUse::Disabled));
    assert!(!is_live(&store, 1).await && !is_live(&store, 2).await);
}

pub(crate) async fn a_proof_counts_by_the_person_s_own_identity_only(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    store.identity_add(&ann.id, &identity("a")).await.unwrap();
    store.identity_add(&bob.id, &identity("b")).await.unwrap();
    let id = crate::web_sessions::open(&store, &ann, 1, world).await;
    let prove = async |session: &WebSessionId, issuer: &str, subject: &str| {
        store.web_session_prove_by_identity(&ann.id, session, "change", issuer, subject).await.unwrap()
    };
    assert!(!prove(&id, ISSUER, "b").await);
    assert!(!prove(&id, "https://evil.example", "a").await);
    assert!(!prove(&WebSessionId::from_text("ended"), ISSUER, "a").await);
    assert_eq!(store.web_session_find(&[1; 32]).await.unwrap().unwrap().1.proven_for, "");
    assert!(prove(&id, ISSUER, "a").await);
    assert_eq!(store.web_session_find(&[1; 32]).await.unwrap().unwrap().1.proven_for, "change");
}

pub(crate) async fn a_new_user_and_their_identity_are_made_together_or_not_at_all(world: &World) {
    let store = world.store().await;
    store.add_user("ann", true, "hash").await.unwrap();
    let invite = NewInvitation {
        hash: [1; 32],
        purpose: InvitationPurpose::Invite { is_admin: false },
        note: String::new(),
        made_by: "ann".to_owned(),
        expires: world.clock.now() + Duration::days(1),
    };
    store.invitation_add(&invite).await.unwrap();
    let taken = store.add_user_of("ann", &identity("b"), Some(&[1; 32])).await;
    assert!(matches!(taken, Err(Error::Taken)), "{taken:?}");
    assert!(store.invitation_find(&[1; 32]).await.unwrap().is_some(), "it was not used up");
    let bob = store.add_user_of("bob", &identity("b"), Some(&[1; 32])).await.unwrap().unwrap();
    assert!(!bob.is_admin);
    assert_eq!(store.find_password_hash("bob").await.unwrap().unwrap().1, "");
    assert!(store.invitation_find(&[1; 32]).await.unwrap().is_none());
    // a link that was used, an identity that is somebody's
    assert!(store.add_user_of("cec", &identity("c"), Some(&[1; 32])).await.unwrap().is_none());
    assert!(store.add_user_of("cec", &identity("b"), None).await.unwrap().is_none());
    assert_eq!(store.list_users().await.unwrap().len(), 2);
    let other = world.store().await;
    let new = identity("d");
    let (one, two) = tokio::join!(store.add_user_of("d1", &new, None), other.add_user_of("d2", &new, None));
    let made = [one.unwrap(), two.unwrap()].into_iter().flatten().count();
    assert_eq!((made, store.list_users().await.unwrap().len()), (1, 3));
}

pub(crate) async fn the_last_way_in_is_not_taken_away_even_by_two_at_once(world: &World) {
    let store = world.store().await;
    store.add_user("ann", true, "hash").await.unwrap();
    let bob = store.add_user_of("bob", &identity("one"), None).await.unwrap().unwrap();
    store.identity_add(&bob.id, &identity("two")).await.unwrap();
    let (kept, other) = (WebSessionId::from_text("x"), world.store().await);
    let (one, two) = tokio::join!(
        store.identity_remove(&bob.id, (ISSUER, "one"), Some(ISSUER), &kept),
        other.identity_remove(&bob.id, (ISSUER, "two"), Some(ISSUER), &kept),
    );
    let mut removed = [one.unwrap(), two.unwrap()];
    removed.sort_by_key(|removal| *removal == WayRemoval::LastWay);
    assert_eq!(removed, [WayRemoval::Removed, WayRemoval::LastWay]);
    // with a password it goes, and with it the sessions that it opened, but the one in which it was done
    store.set_password_hash(&bob.id, None, "hash", None).await.unwrap();
    let left = store.identity_list(&bob.id).await.unwrap().remove(0).subject;
    let mut sessions = Vec::new();
    for number in [1, 2] {
        let new = by_identity(number, world);
        match store.web_session_open_by_identity(ISSUER, &left, &new, 50).await.unwrap() {
            IdentityUse::Opened(_, id) => sessions.push(id),
            other => panic!("{other:?}"),
        }
    }
    let ann = store.find_user("ann").await.unwrap().unwrap();
    let of_others = store.identity_remove(&ann.id, (ISSUER, &left), Some(ISSUER), &kept).await.unwrap();
    assert_eq!(of_others, WayRemoval::Absent);
    let removed = store.identity_remove(&bob.id, (ISSUER, &left), Some(ISSUER), &sessions[0]).await.unwrap();
    assert_eq!(removed, WayRemoval::Removed);
    assert!(is_live(&store, 1).await && !is_live(&store, 2).await);
}

pub(crate) async fn of_a_passkey_and_an_identity_that_go_at_once_one_stays(world: &World) {
    let (store, other) = (world.store().await, world.store().await);
    let ann = store.add_user_of("ann", &identity("a"), None).await.unwrap().unwrap();
    let passkey = passkeys::add(&store, &ann, 1).await;
    let kept = WebSessionId::from_text("x");
    let (one, two) = tokio::join!(
        store.passkey_remove(&ann.id, &passkey, Some(ISSUER), &kept),
        other.identity_remove(&ann.id, (ISSUER, "a"), Some(ISSUER), &kept),
    );
    let mut removed = [one.unwrap(), two.unwrap()];
    removed.sort_by_key(|removal| *removal == WayRemoval::LastWay);
    assert_eq!(removed, [WayRemoval::Removed, WayRemoval::LastWay]);
    let left =
        store.passkey_list(&ann.id).await.unwrap().len() + store.identity_list(&ann.id).await.unwrap().len();
    assert_eq!(left, 1);
    // an identity where nobody is sent any more lets nobody in
    let bob = store.add_user_of("bob", &identity("b"), None).await.unwrap().unwrap();
    let passkey = passkeys::add(&store, &bob, 2).await;
    let elsewhere = Some("https://other.example");
    let removed = store.passkey_remove(&bob.id, &passkey, elsewhere, &kept).await.unwrap();
    assert_eq!(removed, WayRemoval::LastWay);
}
