//! What a person does with their own mail on its way: each change from one state alone, and of two one.

use domain::{HomeAccount, OutboxId, Timestamp};
use storage::{Copy, CopyState, Error, Orphan, OutgoingState, Pile, Place, Store};
use time::Duration;

use crate::{
    outbox::{add, ann, find, message, now, octets, outcome, read_all, waiting},
    world::World,
};

const LEASE: Duration = Duration::minutes(1);

/// A message that ended so at its first try.
async fn ended(world: &World, store: &Store, state: OutgoingState) -> OutboxId {
    let (grant, account) = ann(store).await;
    let new = message(1, &grant, &HomeAccount::Stored(account), 100);
    add(store, &new).await;
    end(world, store, &new.id, state, &Copy::NONE).await;
    new.id
}

async fn end(world: &World, store: &Store, id: &OutboxId, state: OutgoingState, copy: &Copy) {
    store.outbox_claim(id, "one", now(world) + LEASE).await.unwrap().unwrap();
    assert!(store.outbox_commit_point(id, "one").await.unwrap());
    assert!(store.outbox_finish(id, "one", state, &outcome(), copy).await.unwrap());
}

async fn again(world: &World, store: &Store, id: &OutboxId, attempts: u32) -> bool {
    store.outbox_claim_again("ann", id, attempts, "two", now(world) + LEASE).await.unwrap()
}

pub(crate) async fn of_two_clicks_one_takes_a_message_and_nobody_else_does(world: &World) {
    let (store, other) = (world.store().await, world.store().await);
    let id = ended(world, &store, OutgoingState::Unknown).await;
    assert!(!store.outbox_claim_again("bob", &id, 1, "two", now(world) + LEASE).await.unwrap());
    assert!(!again(world, &store, &id, 0).await, "not as it was shown");
    let (one, two) = tokio::join!(again(world, &store, &id, 1), again(world, &other, &id, 1));
    assert!(one != two, "{one} {two}");
    assert_eq!(
        (find(&store, &id).await.state, find(&store, &id).await.attempts),
        (OutgoingState::Sending, 2)
    );
    assert!(store.outbox_find_own("ann", &id).await.unwrap().unwrap().is_again);
    // neither the end of its grant nor somebody who takes what is due meddles with it
    assert!(!store.outbox_cancel_one(&id).await.unwrap());
    assert!(store.outbox_claim(&id, "three", now(world) + LEASE).await.unwrap().is_none());
    // a page that was made before the first click
    assert!(store.outbox_commit_point(&id, "two").await.unwrap());
    assert!(store.outbox_finish(&id, "two", OutgoingState::Unknown, &outcome(), &Copy::NONE).await.unwrap());
    assert!(!again(world, &store, &id, 1).await);
    assert!(again(world, &store, &id, 2).await);
}

pub(crate) async fn what_did_not_leave_the_second_time_is_as_it_was(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    for (number, before) in [(1, OutgoingState::Unknown), (2, OutgoingState::Failed)] {
        let new = message(number, &grant, &home, 100);
        add(&store, &new).await;
        end(world, &store, &new.id, before, &Copy::NONE).await;
        let id = new.id;
        let next = now(world) + Duration::hours(1);
        assert!(again(world, &store, &id, 1).await);
        assert!(store.outbox_retry(&id, "two", next, &outcome()).await.unwrap());
        assert_eq!(find(&store, &id).await.state, before, "for now");
        assert!(again(world, &store, &id, 2).await);
        let failed = OutgoingState::Failed;
        assert!(store.outbox_finish(&id, "two", failed, &outcome(), &Copy::NONE).await.unwrap());
        assert_eq!(find(&store, &id).await.state, before, "for good");
        assert_eq!(read_all(store.outbox_reader(&id).await.unwrap()).await.unwrap(), octets(100, 100).0);

        // its process is gone
        assert!(again(world, &store, &id, 3).await);
        let orphan: Orphan = store.outbox_orphans("three").await.unwrap().remove(0);
        assert!(store.outbox_recover(&orphan).await.unwrap());
        assert_eq!(find(&store, &id).await.state, before, "before the last octets");
        assert!(again(world, &store, &id, 4).await);
        assert!(store.outbox_commit_point(&id, "two").await.unwrap());
        let orphan = store.outbox_orphans("three").await.unwrap().remove(0);
        assert!(store.outbox_recover(&orphan).await.unwrap());
        assert_eq!(find(&store, &id).await.state, OutgoingState::Unknown, "behind them");
        // from here on there is nothing that it goes back to but this
        let own = store.outbox_find_own("ann", &id).await.unwrap().unwrap();
        assert!(!own.is_again && own.has_octets);

        assert!(again(world, &store, &id, 5).await);
        assert!(store.outbox_commit_point(&id, "two").await.unwrap());
        assert!(store.outbox_finish(&id, "two", OutgoingState::Sent, &outcome(), &Copy::NONE).await.unwrap());
        assert!(!again(world, &store, &id, 6).await, "it is sent");
        assert!(matches!(read_all(store.outbox_reader(&id).await.unwrap()).await, Err(Error::Gone)));
    }
}

pub(crate) async fn an_unknown_message_is_settled_once_and_its_copy_made_unless_it_is_there(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    for (number, is_found) in [(1, false), (2, true)] {
        let new = message(number, &grant, &home, 100);
        add(&store, &new).await;
        assert!(!store.outbox_settle("ann", &new.id).await.unwrap(), "it has not begun to leave");
        end(world, &store, &new.id, OutgoingState::Unknown, &Copy::NONE).await;
        let place = is_found.then_some("work/@sent:1@a");
        assert!(!store.outbox_note_look("bob", &new.id, place).await.unwrap());
        assert!(store.outbox_note_look("ann", &new.id, place).await.unwrap());
        let looked = store.outbox_find_own("ann", &new.id).await.unwrap().unwrap().looked.unwrap();
        assert_eq!((looked.at, looked.is_found), (now(world), is_found));
        assert!(!store.outbox_settle("bob", &new.id).await.unwrap());
        let (one, two) = tokio::join!(store.outbox_settle("ann", &new.id), again(world, &store, &new.id, 1));
        if two {
            assert!(!one.unwrap());
            store.outbox_retry(&new.id, "two", now(world), &outcome()).await.unwrap();
            assert!(store.outbox_note_look("ann", &new.id, place).await.unwrap());
            assert!(store.outbox_settle("ann", &new.id).await.unwrap());
        }
        assert!(!store.outbox_settle("ann", &new.id).await.unwrap());
        let row = find(&store, &new.id).await;
        let (state, next) =
            if is_found { (CopyState::Kept, None) } else { (CopyState::Failed, Some(now(world))) };
        assert_eq!((row.state, row.copy.state, row.copy.next), (OutgoingState::Sent, state, next));
        assert_eq!(row.copy.id.as_deref(), place);
        assert_eq!(store.outbox_find_own("ann", &new.id).await.unwrap().unwrap().has_octets, !is_found);
    }
}

pub(crate) async fn a_failed_copy_keeps_the_octets_and_is_filed_again_by_one(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let new = message(1, &grant, &HomeAccount::Stored(account), 100);
    add(&store, &new).await;
    let copy = Copy { state: CopyState::Waiting, id: None, tries: 0, next: Some(now(world)) };
    end(world, &store, &new.id, OutgoingState::Sent, &copy).await;
    assert!(!store.outbox_file_again("ann", &new.id).await.unwrap(), "it is tried yet");
    let failed = Copy { state: CopyState::Failed, id: None, tries: 13, next: None };
    assert!(store.outbox_set_copy(&new.id, &copy, &failed).await.unwrap());
    assert_eq!(read_all(store.outbox_reader(&new.id).await.unwrap()).await.unwrap().len(), 100);
    assert!(!store.outbox_file_again("bob", &new.id).await.unwrap());
    let other = world.store().await;
    let (one, two) =
        tokio::join!(store.outbox_file_again("ann", &new.id), other.outbox_file_again("ann", &new.id));
    assert!(one.unwrap() != two.unwrap());
    // looked for before it is stored, since one try is behind it
    let row = find(&store, &new.id).await;
    assert_eq!((row.copy.state, row.copy.tries, row.copy.next), (CopyState::Failed, 1, Some(now(world))));
    let stored = Copy { state: CopyState::Stored, next: None, ..row.copy.clone() };
    assert!(store.outbox_set_copy(&new.id, &row.copy, &stored).await.unwrap());
    assert!(matches!(read_all(store.outbox_reader(&new.id).await.unwrap()).await, Err(Error::Gone)));
    assert!(!store.outbox_file_again("ann", &new.id).await.unwrap());
}

pub(crate) async fn a_person_lists_their_own_mail_newest_first_and_what_was_put_away_is_gone(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let mut ids = Vec::new();
    for number in 1..=5 {
        // two of the same instant
        world.clock.forward(i64::from(number % 2));
        let new = waiting(number, &grant, &home, world);
        add(&store, &new).await;
        ids.insert(0, new.id);
    }
    add(&store, &message(6, &grant, &home, 100)).await;
    let mut of_bob = waiting(7, &grant, &home, world);
    "bob".clone_into(&mut of_bob.user);
    add(&store, &of_bob).await;
    add(&store, &waiting(8, &grant, &HomeAccount::Carried([5; 32]), world)).await;

    let (mut after, mut listed): (Option<Place>, Vec<OutboxId>) = (None, Vec::new());
    loop {
        let some = store.outbox_of_person("ann", Pile::Wanting, after.as_ref(), 2).await.unwrap();
        assert!(some.messages.len() <= 2);
        listed.extend(some.messages.into_iter().map(|own| own.message.id));
        after = some.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, ids);
    let leaving = store.outbox_of_person("ann", Pile::Leaving, None, 50).await.unwrap();
    assert_eq!(leaving.messages.len(), 1);
    assert!(store.outbox_of_person("carl", Pile::Wanting, None, 50).await.unwrap().messages.is_empty());

    let id = &ids[0];
    assert!(store.outbox_find_own("bob", id).await.unwrap().is_none());
    assert!(!store.outbox_hide("ann", id).await.unwrap(), "it may leave yet");
    assert!(store.outbox_cancel_one(id).await.unwrap());
    assert!(!store.outbox_hide("bob", id).await.unwrap());
    assert_eq!(store.outbox_of_person("ann", Pile::Over, None, 50).await.unwrap().messages.len(), 1);
    assert!(store.outbox_hide("ann", id).await.unwrap());
    assert!(!store.outbox_hide("ann", id).await.unwrap());
    assert!(store.outbox_of_person("ann", Pile::Over, None, 50).await.unwrap().messages.is_empty());
    assert!(store.outbox_find_own("ann", id).await.unwrap().is_none());
    assert_eq!(find(&store, id).await.state, OutgoingState::Cancelled, "its agent may ask yet");

    store.database().execute("UPDATE outbox SET outcome = $1", &[vec![1_u8; 60].into()]).await.unwrap();
    let rest = store.outbox_of_person("ann", Pile::Wanting, None, 50).await.unwrap();
    assert_eq!((rest.messages.len(), rest.unreadable), (0, 4), "what was altered hides nothing else");
    let (taken, _) = store.export_outbox("ann", &storage::ExportPlace::default()).await.unwrap();
    let unreadable = taken.iter().filter(|told| told["unreadable"] == true).count();
    assert!(unreadable > 0 && unreadable == taken.len(), "and is told in what she takes along: {taken:?}");
}

pub(crate) async fn sending_now_moves_the_time_of_what_waits_and_nothing_else(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let later: Timestamp = now(world) + Duration::days(1);
    let mut new = message(1, &grant, &home, 100);
    (new.state, new.due) = (OutgoingState::Scheduled, later);
    add(&store, &new).await;
    assert!(!store.outbox_send_now("bob", &new.id).await.unwrap());
    assert!(store.outbox_claim(&new.id, "one", now(world) + LEASE).await.unwrap().is_none());
    assert!(store.outbox_send_now("ann", &new.id).await.unwrap());
    assert!(!store.outbox_send_now("ann", &new.id).await.unwrap());
    assert_eq!(find(&store, &new.id).await.state, OutgoingState::Scheduled);
    assert!(store.outbox_claim(&new.id, "one", now(world) + LEASE).await.unwrap().is_some());
    let mut asked = waiting(2, &grant, &home, world);
    asked.due = later;
    add(&store, &asked).await;
    assert!(!store.outbox_send_now("ann", &asked.id).await.unwrap(), "nobody said yes");
}

pub(crate) async fn octets_of_failures_are_kept_within_a_bound_the_newest_first(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let mut ids = Vec::new();
    for number in 1..=3 {
        world.clock.forward(1);
        let new = message(number, &grant, &home, 100);
        add(&store, &new).await;
        end(world, &store, &new.id, OutgoingState::Failed, &Copy::NONE).await;
        ids.push(new.id);
    }
    // as if they were large
    let large = "UPDATE outbox SET size = $1";
    store.database().execute(large, &[(120_i64 << 20).into()]).await.unwrap();
    assert_eq!(store.outbox_sweep(now(world)).await.unwrap(), 0);
    let mut kept = Vec::new();
    for id in &ids {
        kept.push(store.outbox_find_own("ann", id).await.unwrap().unwrap().has_octets);
    }
    assert_eq!(kept, [false, true, true]);
}
