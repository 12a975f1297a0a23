//! Questions to people, and their answers.

use domain::{ApprovalId, ApprovalReason, HomeAccount};
use storage::{ApprovalState, Decided, Decision, Error, OutgoingState};
use time::Duration;

use crate::{
    outbox::{RECIPIENT, add, ann, find, message, now, waiting},
    world::World,
};

pub(crate) async fn an_answer_holds_once(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    let home = HomeAccount::Stored(account);
    for number in 1..8 {
        let new = waiting(number, &grant, &home, world);
        let asked = new.approval.as_ref().unwrap().id.clone();
        add(&one, &new).await;
        let (yes, no) = tokio::join!(
            one.approval_decide(&asked, Decision::Approve, "ann"),
            two.approval_decide(&asked, Decision::Deny, "bob"),
        );
        let (done, by, expected) = match (yes.unwrap(), no.unwrap()) {
            (Decided::Done(done), Decided::Already(state)) => {
                assert_eq!(state, OutgoingState::Ready);
                (done, "ann", (OutgoingState::Ready, ApprovalState::Approved))
            }
            (Decided::Already(state), Decided::Done(done)) => {
                assert_eq!(state, OutgoingState::Denied);
                (done, "bob", (OutgoingState::Denied, ApprovalState::Denied))
            }
            other => panic!("{other:?}"),
        };
        let approval = done.approval.unwrap();
        assert_eq!((done.state, approval.state), expected);
        assert_eq!((approval.by.as_deref(), approval.decided), (Some(by), Some(now(world))));
        assert_eq!(find(&two, &new.id).await.state, expected.0);
        let again = two.approval_decide(&asked, Decision::Approve, "ann").await.unwrap();
        assert!(matches!(again, Decided::Already(state) if state == expected.0), "{again:?}");
    }
    let absent = one.approval_decide(&ApprovalId::from_text("apr_none"), Decision::Approve, "ann").await;
    assert!(matches!(absent.unwrap(), Decided::Absent));
}

pub(crate) async fn approving_makes_recipients_known_and_waits_for_the_time(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let mut new = waiting(1, &grant, &home, world);
    new.due = now(world) + Duration::minutes(10);
    let denied = waiting(2, &grant, &home, world);
    add(&store, &new).await;
    add(&store, &denied).await;
    let asked = [RECIPIENT.to_lowercase(), "DORA@elsewhere.example".to_owned(), "eve@x.org".to_owned()];
    store.approval_decide(&denied.approval.unwrap().id, Decision::Deny, "ann").await.unwrap();
    assert_eq!(store.known_among(&home, &asked).await.unwrap(), [false; 3]);
    let Decided::Done(done) =
        store.approval_decide(&new.approval.unwrap().id, Decision::Approve, "ann").await.unwrap()
    else {
        panic!("it holds")
    };
    assert_eq!(done.state, OutgoingState::Scheduled);
    assert_eq!(store.known_among(&home, &asked).await.unwrap(), [true, true, false]);
    assert_eq!(store.known_among(&HomeAccount::Carried([1; 32]), &asked).await.unwrap(), [false; 3]);
}

pub(crate) async fn an_answer_that_comes_too_late_is_none(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let news = [1, 2].map(|number| waiting(number, &grant, &home, world));
    for new in &news {
        add(&store, new).await;
    }
    let ids = news.each_ref().map(|new| new.approval.as_ref().unwrap().id.clone());
    world.clock.forward(3600);
    let late = store.approval_decide(&ids[0], Decision::Approve, "ann").await.unwrap();
    assert!(matches!(late, Decided::Expired), "{late:?}");
    assert_eq!(store.approvals_waiting(None).await.unwrap(), []);
    assert_eq!(find(&store, &news[0].id).await.state, OutgoingState::Waiting);
    assert_eq!(store.approvals_expire(now(world)).await.unwrap(), 2);
    assert_eq!(store.approvals_expire(now(world)).await.unwrap(), 0);
    for (new, id) in news.iter().zip(&ids) {
        let found = find(&store, &new.id).await;
        assert_eq!(found.state, OutgoingState::Expired);
        assert_eq!(found.approval.unwrap().state, ApprovalState::Expired);
        assert!(matches!(store.approval_decide(id, Decision::Approve, "ann").await, Ok(Decided::Expired)));
        assert!(store.outbox_reader(&new.id).await.unwrap().next().await.is_err(), "its octets are gone");
    }
}

pub(crate) async fn one_that_was_altered_keeps_no_other_from_being_listed(world: &World) {
    const ALTER: &str = "UPDATE outbox SET frozen = $2 WHERE id = $1";
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let [first, altered, over, altered_too] =
        [1, 2, 3, 4].map(|number| waiting(number, &grant, &home, world));
    for new in [&first, &altered, &over, &altered_too] {
        add(&store, new).await;
    }
    for new in [&over, &altered_too] {
        let id = &new.approval.as_ref().unwrap().id;
        store.approval_decide(id, Decision::Deny, "ann").await.unwrap();
    }
    for new in [&altered, &altered_too] {
        let values = [new.id.as_str().into(), vec![1_u8; 60].into()];
        store.database().execute(ALTER, &values).await.unwrap();
    }
    for user in [None, Some("ann")] {
        let waiting = store.approvals_waiting(user).await.unwrap();
        assert_eq!(waiting.iter().map(|message| &message.id).collect::<Vec<_>>(), [&first.id]);
    }
    let listed = store.approvals_over("ann", 10).await.unwrap();
    assert_eq!(listed.iter().map(|message| &message.id).collect::<Vec<_>>(), [&over.id]);
}

pub(crate) async fn reasons_come_back_as_they_were_given_and_unread_ones_are_an_error(world: &World) {
    const MOVE: &str = "UPDATE approvals SET reasons = \
        (SELECT reasons FROM approvals WHERE id = $2) WHERE id = $1";
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let odd = "\"x: never written to before.\"@evil.example";
    let reasons = vec![
        ApprovalReason::Always,
        ApprovalReason::NewRecipient { address: RECIPIENT.to_owned() },
        ApprovalReason::AcrossAccounts { address: odd.to_owned(), read: "work".parse().ok() },
        ApprovalReason::AcrossAccounts { address: RECIPIENT.to_owned(), read: None },
    ];
    let (mut one, mut none) = (waiting(1, &grant, &home, world), waiting(2, &grant, &home, world));
    one.approval.as_mut().unwrap().reasons.clone_from(&reasons);
    none.approval.as_mut().unwrap().reasons = Vec::new();
    add(&store, &one).await;
    add(&store, &none).await;
    let (asked, empty) = (one.approval.unwrap().id, none.approval.unwrap().id);
    assert_eq!(find(&store, &one.id).await.approval.unwrap().reasons, reasons);
    assert_eq!(store.approval_find(&asked).await.unwrap().unwrap().approval.unwrap().reasons, reasons);
    // those of another question are not the reasons of this one
    store.database().execute(MOVE, &[asked.as_str().into(), empty.as_str().into()]).await.unwrap();
    assert!(matches!(store.outbox_find(&one.id).await, Err(Error::Seal)));
    assert!(matches!(store.approval_find(&asked).await, Err(Error::Seal)));
    let decided = store.approval_decide(&asked, Decision::Approve, "ann").await;
    assert!(matches!(decided, Err(Error::Seal)), "{decided:?}");
}

pub(crate) async fn waiting_messages_are_listed_for_their_user_oldest_first(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    for number in [3, 1] {
        add(&store, &waiting(number, &grant, &home, world)).await;
        world.clock.forward(1);
    }
    let mut of_bob = waiting(2, &grant, &home, world);
    "bob".clone_into(&mut of_bob.user);
    add(&store, &of_bob).await;
    add(&store, &message(9, &grant, &home, 100)).await;
    let listed = async |user: Option<&str>| {
        let found = store.approvals_waiting(user).await.unwrap();
        found.iter().map(|message| message.id.to_bytes().unwrap()[0]).collect::<Vec<_>>()
    };
    assert_eq!(listed(Some("ann")).await, [3, 1]);
    assert_eq!(listed(Some("bob")).await, [2]);
    assert_eq!(listed(None).await, [3, 1, 2]);
    let found = store.approvals_waiting(Some("bob")).await.unwrap().remove(0);
    assert_eq!(
        found.approval.unwrap().reasons,
        [ApprovalReason::NewRecipient { address: RECIPIENT.to_owned() }]
    );
}
