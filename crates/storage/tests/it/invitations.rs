//! Links that let somebody in once.

use domain::{Clock, InvitationId};
use storage::{Error, Invitation, InvitationPurpose as Purpose, NewInvitation, Store};
use time::Duration;

use crate::{web_sessions::open, world::World};

async fn add(store: &Store, world: &World, number: u8, purpose: Purpose) -> Invitation {
    let new = NewInvitation {
        hash: [number; 32],
        purpose,
        note: "for Bob".to_owned(),
        made_by: "ann".to_owned(),
        expires: world.clock.now() + Duration::days(1),
    };
    store.invitation_add(&new).await.unwrap()
}

const INVITE: Purpose = Purpose::Invite { is_admin: false };

pub(crate) async fn a_link_comes_back_as_it_was_made(world: &World) {
    let store = world.store().await;
    let setup = add(&store, world, 1, Purpose::Setup).await;
    assert_eq!(store.invitation_find(&[1; 32]).await.unwrap(), Some(setup));
    let ann = store.add_user("ann", true, "hash").await.unwrap();
    let admin = add(&store, world, 2, Purpose::Invite { is_admin: true }).await;
    assert_eq!((admin.purpose.clone(), admin.user_name.as_str()), (Purpose::Invite { is_admin: true }, ""));
    assert_eq!((admin.note.as_str(), admin.made_by.as_str()), ("for Bob", "ann"));
    let reset = add(&store, world, 3, Purpose::Reset { user: ann.id.clone() }).await;
    assert_eq!((reset.purpose.clone(), reset.user_name.as_str()), (Purpose::Reset { user: ann.id }, "ann"));
    assert_eq!(store.invitation_find(&[2; 32]).await.unwrap(), Some(admin));
    assert_eq!(store.invitation_find(&[3; 32]).await.unwrap(), Some(reset));
    assert_eq!(store.invitation_find(&[4; 32]).await.unwrap(), None);
}

pub(crate) async fn a_link_makes_one_user_even_if_many_post_it_at_once(world: &World) {
    let store = world.store().await;
    store.add_user("ann", true, "hash").await.unwrap();
    add(&store, world, 1, INVITE).await;
    let (other, third) = (world.store().await, world.store().await);
    let answers = tokio::join!(
        store.invitation_accept(&[1; 32], "bob", "hash"),
        other.invitation_accept(&[1; 32], "cec", "hash"),
        third.invitation_accept(&[1; 32], "dan", "hash"),
    );
    let made =
        [answers.0, answers.1, answers.2].into_iter().filter(|answer| answer.as_ref().unwrap().is_some());
    assert_eq!(made.count(), 1);
    let users = store.list_users().await.unwrap();
    assert!(users.len() == 2 && !users[1].is_admin, "{users:?}");
    assert_eq!(store.invitation_find(&[1; 32]).await.unwrap(), None);
}

pub(crate) async fn two_who_set_up_at_once_make_one_first_user(world: &World) {
    let store = world.store().await;
    let other = world.store().await;
    add(&store, world, 1, Purpose::Setup).await;
    add(&store, world, 2, Purpose::Setup).await;
    let (one, two) = tokio::join!(
        store.invitation_accept(&[1; 32], "ann", "hash"),
        other.invitation_accept(&[2; 32], "bob", "hash"),
    );
    assert_eq!([one, two].into_iter().filter(|answer| answer.as_ref().unwrap().is_some()).count(), 1);
    let users = store.list_users().await.unwrap();
    assert!(users.len() == 1 && users[0].is_admin, "{users:?}");
    for number in [1, 2] {
        assert_eq!(store.invitation_find(&[number; 32]).await.unwrap(), None, "there is a user");
        assert_eq!(store.invitation_accept(&[number; 32], "cec", "hash").await.unwrap(), None);
    }
}

pub(crate) async fn a_taken_name_leaves_the_link_as_it_was(world: &World) {
    let store = world.store().await;
    store.add_user("ann", true, "hash").await.unwrap();
    add(&store, world, 1, Purpose::Invite { is_admin: true }).await;
    let taken = store.invitation_accept(&[1; 32], "ann", "other").await;
    assert!(matches!(taken, Err(Error::Taken)), "{taken:?}");
    let (bob, _) = store.invitation_accept(&[1; 32], "bob", "hash").await.unwrap().unwrap();
    assert!(bob.is_admin);
    assert_eq!(store.find_password_hash("ann").await.unwrap().unwrap().1, "hash");
}

pub(crate) async fn a_reset_sets_the_password_once_and_ends_sessions(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap();
    let reset = || Purpose::Reset { user: ann.id.clone() };
    add(&store, world, 1, reset()).await;
    add(&store, world, 2, reset()).await;
    assert_eq!(store.reset_accept(&[1; 32], "x").await.unwrap(), None, "a newer link ends an older one");
    open(&store, &ann, 7, world).await;
    add(&store, world, 3, INVITE).await;
    assert_eq!(store.reset_accept(&[3; 32], "x").await.unwrap(), None, "an invitation sets no password");
    assert_eq!(store.invitation_accept(&[2; 32], "bob", "x").await.unwrap(), None, "a reset makes no user");
    let other = world.store().await;
    let (one, two) = tokio::join!(store.reset_accept(&[2; 32], "one"), other.reset_accept(&[2; 32], "two"));
    let hash = store.find_password_hash("ann").await.unwrap().unwrap().1;
    match (one.unwrap(), two.unwrap()) {
        (Some((user, _)), None) => assert_eq!((user.name.as_str(), hash.as_str()), ("ann", "one")),
        (None, Some((user, _))) => assert_eq!((user.name.as_str(), hash.as_str()), ("ann", "two")),
        both => panic!("one of them is to work: {both:?}"),
    }
    assert_eq!(store.web_session_find(&[7; 32]).await.unwrap(), None);
}

pub(crate) async fn another_password_or_disabling_ends_links_of_reset(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap();
    let reset = || Purpose::Reset { user: ann.id.clone() };
    add(&store, world, 1, reset()).await;
    store.set_password_hash(&ann.id, None, "second", None).await.unwrap();
    assert_eq!(store.reset_accept(&[1; 32], "x").await.unwrap(), None);
    add(&store, world, 2, reset()).await;
    store.disable_user(&ann.id, true).await.unwrap();
    assert_eq!(store.reset_accept(&[2; 32], "x").await.unwrap(), None);
    store.disable_user(&ann.id, false).await.unwrap();
    assert_eq!(store.reset_accept(&[2; 32], "x").await.unwrap(), None, "it does not come back");
    assert_eq!(store.find_password_hash("ann").await.unwrap().unwrap().1, "second");
}

pub(crate) async fn links_expire_are_withdrawn_and_swept(world: &World) {
    let store = world.store().await;
    store.add_user("ann", true, "hash").await.unwrap();
    let old = add(&store, world, 1, INVITE).await;
    world.clock.forward(3600);
    let withdrawn = add(&store, world, 2, INVITE).await;
    let new = add(&store, world, 3, INVITE).await;
    world.clock.forward(1);
    let last = add(&store, world, 4, INVITE).await;
    store.invitation_accept(&[3; 32], "bob", "hash").await.unwrap().unwrap();
    assert!(store.invitation_withdraw(&withdrawn.id).await.unwrap());
    assert!(!store.invitation_withdraw(&withdrawn.id).await.unwrap());
    assert!(!store.invitation_withdraw(&new.id).await.unwrap(), "it was used");
    assert!(!store.invitation_withdraw(&InvitationId::from_text("inv_none")).await.unwrap());
    assert_eq!(store.invitation_list().await.unwrap(), [last.clone(), old]);
    world.clock.forward(23 * 3600);
    assert_eq!(store.invitation_list().await.unwrap(), [last]);
    assert_eq!(store.invitation_accept(&[1; 32], "cec", "hash").await.unwrap(), None, "too late");
    assert_eq!(store.invitations_sweep().await.unwrap(), 1);
    world.clock.forward(3599);
    assert_eq!(store.invitations_sweep().await.unwrap(), 1, "the one that was used");
}

pub(crate) async fn links_that_a_disabled_person_made_let_nobody_in(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    add(&store, world, 1, Purpose::Invite { is_admin: true }).await;
    add(&store, world, 2, Purpose::Reset { user: bob.id.clone() }).await;
    store.disable_user(&bob.id, true).await.unwrap();
    store.disable_user(&bob.id, false).await.unwrap();
    assert!(store.invitation_find(&[1; 32]).await.unwrap().is_some(), "made by somebody else");
    add(&store, world, 3, Purpose::Reset { user: bob.id }).await;
    store.disable_user(&ann.id, true).await.unwrap();
    assert_eq!(store.invitation_accept(&[1; 32], "eve", "hash").await.unwrap(), None);
    assert_eq!(store.reset_accept(&[3; 32], "second").await.unwrap(), None);
}

pub(crate) async fn no_link_works_whose_maker_is_shut_out_whenever_they_made_it(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap().id;
    let bob = store.add_user("bob", false, "hash").await.unwrap().id;
    add(&store, world, 1, INVITE).await;
    store.disable_user(&ann, true).await.unwrap();
    assert_eq!(store.invitation_find(&[1; 32]).await.unwrap(), None);
    store.disable_user(&ann, false).await.unwrap();
    // these two as if Ann had been shut out while her browser was asking for them
    add(&store, world, 2, INVITE).await;
    add(&store, world, 3, Purpose::Reset { user: bob }).await;
    let raw = world.store().await;
    raw.disable_user(&ann, true).await.unwrap();
    for number in [2, 3] {
        assert_eq!(store.invitation_find(&[number; 32]).await.unwrap(), None);
    }
    assert_eq!(store.invitation_accept(&[2; 32], "cec", "hash").await.unwrap(), None);
    assert_eq!(store.reset_accept(&[3; 32], "hash").await.unwrap(), None);
}
