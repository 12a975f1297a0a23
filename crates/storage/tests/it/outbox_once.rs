//! What keeps a message from leaving twice or too soon: keys that last, versions of drafts, what is put off,
//! and what was altered.

use domain::{GrantId, HomeAccount};
use storage::{Added, Copy, NewOutgoing, OutgoingState, Reach, Sums};
use time::Duration;

use crate::{
    outbox::{add, ann, find, message, now, octets, outcome},
    world::World,
};

pub(crate) async fn what_is_not_known_to_have_left_keeps_its_key(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let mut first = message(1, &grant, &home, 100);
    first.key_until = Some(now(world) + Duration::minutes(15));
    add(&store, &first).await;
    store.outbox_claim(&first.id, "one", now(world)).await.unwrap().unwrap();
    assert!(store.outbox_commit_point(&first.id, "one").await.unwrap());
    let unknown = OutgoingState::Unknown;
    assert!(store.outbox_finish(&first.id, "one", unknown, &outcome(), &Copy::NONE).await.unwrap());
    world.clock.forward(24 * 3600);
    assert_eq!(store.outbox_find_key(&grant, &first.key).await.unwrap().unwrap().state, unknown);
    let again = NewOutgoing { key: first.key.clone(), ..message(2, &grant, &home, 100) };
    assert!(matches!(store.outbox_add(&again, octets(100, 64).1).await, Ok(Added::Known(_))));
}

pub(crate) async fn a_version_of_a_draft_is_in_the_outbox_once_unless_it_never_left(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let draft = domain::DraftId::from_random([1; 16]);
    let of_version = |number, version: &str| {
        let mut new = message(number, &grant, &home, 100);
        new.frozen.draft = Some(draft.clone());
        new.frozen.draft_version = Some(version.to_owned());
        new
    };
    let first = of_version(1, "a");
    add(&store, &first).await;
    let again = of_version(2, "a");
    let added = store.outbox_add(&again, octets(100, 64).1).await.unwrap();
    let Added::Known(known) = added else { panic!("sent under another key") };
    assert_eq!(known.id, first.id);
    world.clock.forward(1);
    let newer = of_version(3, "b");
    add(&store, &newer).await;
    let of_draft = async || {
        let rows = store.outbox_of_draft(&grant, &draft).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of_draft().await, [newer.id.clone(), first.id.clone()]);
    let other = GrantId::from_random([7; 16]);
    assert!(store.outbox_of_draft(&other, &draft).await.unwrap().is_empty());
    assert!(store.outbox_cancel_one(&first.id).await.unwrap());
    add(&store, &again).await;
    assert_eq!(of_draft().await.len(), 3);
}

pub(crate) async fn a_message_that_is_put_off_has_not_begun(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let (first, second) = (message(1, &grant, &home, 100), message(2, &grant, &home, 100));
    for new in [&first, &second] {
        add(&store, new).await;
        store.outbox_claim(&new.id, "one", now(world)).await.unwrap().unwrap();
    }
    let since = now(world) - Duration::hours(1);
    let before = async |new: &NewOutgoing| store.outbox_sums_before(&new.id, since).await.unwrap().messages;
    assert_eq!((before(&first).await, before(&second).await), (0, 1), "one of both goes on");
    let next = now(world) + Duration::minutes(5);
    assert!(!store.outbox_put_off(&second.id, "two", next, &outcome()).await.unwrap());
    assert!(store.outbox_put_off(&second.id, "one", next, &outcome()).await.unwrap());
    let row = find(&store, &second.id).await;
    assert_eq!((row.state, row.due, row.attempts), (OutgoingState::Ready, next, 0));
    assert!(store.outbox_commit_point(&first.id, "one").await.unwrap());
    world.clock.forward(300);
    store.outbox_claim(&second.id, "one", now(world)).await.unwrap().unwrap();
    assert_eq!(before(&second).await, 1);
    let of_it = Sums { messages: 1, recipients: 2, new_recipients: 1, octets: 100 };
    assert_eq!(store.outbox_sums_before(&second.id, since).await.unwrap(), of_it);
}

pub(crate) async fn what_was_altered_can_be_ended_without_being_opened(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let new = message(1, &grant, &home, 100);
    add(&store, &new).await;
    const ALTER: &str = "UPDATE outbox SET frozen = $2 WHERE id = $1";
    let altered = [new.id.as_str().into(), vec![1_u8; 80].into()];
    store.database().execute(ALTER, &altered).await.unwrap();
    assert!(store.outbox_find(&new.id).await.is_err());
    assert!(store.outbox_claim(&new.id, "one", now(world)).await.is_err());
    assert!(!store.outbox_fail_unreadable(&new.id, "two", &outcome()).await.unwrap(), "it is another's");
    assert!(store.outbox_fail_unreadable(&new.id, "one", &outcome()).await.unwrap());
    let due = store.outbox_due(&Reach::Stored, now(world), None, 10).await.unwrap();
    assert!(due.is_empty());
}
