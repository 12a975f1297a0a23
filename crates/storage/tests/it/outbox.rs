//! Mail on its way out: added whole or not at all, changed only from where it is taken to be.

use std::{io, slice};

use bytes::Bytes;
use domain::{AccountId, ApprovalId, ApprovalReason, GrantId, HomeAccount, OutboxId, Timestamp};
use storage::{
    Added, ApprovalState, Copy, CopyState, Error, Frozen, NewApproval, NewOutgoing, Outcome, OutcomeProblem,
    Outgoing, OutgoingState, PieceReader, Pieces, Reach, RecipientOutcome, Store, Sums,
};
use time::Duration;

use crate::world::{World, grant, name, password, settings, token};

pub(crate) const SUBJECT: &str = "Rendezvous at midnight";
pub(crate) const RECIPIENT: &str = "Carla@elsewhere.example";
pub(crate) const SENTENCE: &[u8] = b"The treasure lies below the old oak. ";

/// Octets as a sender has them: in pieces of any length, or failing.
pub(crate) struct Octets(pub(crate) Vec<io::Result<Bytes>>);

impl Pieces for Octets {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.0.is_empty() { Ok(None) } else { self.0.remove(0).map(Some) }
    }
}

pub(crate) fn octets(size: usize, piece: usize) -> (Vec<u8>, Octets) {
    let whole: Vec<u8> = SENTENCE.iter().copied().cycle().take(size).collect();
    let pieces = whole.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    (whole, Octets(pieces))
}

pub(crate) async fn read_all(mut reader: PieceReader) -> storage::Result<Vec<u8>> {
    let mut read = Vec::new();
    while let Some(piece) = reader.next().await? {
        assert!(piece.len() <= 64 * 1024);
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

/// A user with an account, and a grant of theirs.
pub(crate) async fn ann(store: &Store) -> (GrantId, AccountId) {
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let account = store.add_account(&ann.id, &name("work"), &settings("ann@x.org"), &password("pw")).await;
    let grant = store.add_grant(&ann.id, &grant("claude"), &token(1)).await.unwrap();
    (grant.id, account.unwrap().id)
}

pub(crate) fn message(number: u8, grant: &GrantId, account: &HomeAccount, size: u64) -> NewOutgoing {
    NewOutgoing {
        id: OutboxId::from_random([number; 16]),
        grant: grant.clone(),
        user: "ann".to_owned(),
        client: "claude".to_owned(),
        account: account.clone(),
        account_name: name("work"),
        key: format!("about the treasure {number}"),
        key_until: None,
        content: [number; 32],
        frozen: Frozen {
            from: "ann@x.org".to_owned(),
            recipients: vec![RECIPIENT.to_owned(), "dora@elsewhere.example".to_owned()],
            message_id: "<m1@x.org>".to_owned(),
            subject: SUBJECT.to_owned(),
            size,
            bcc: 10..40,
            hash: [9; 32],
            is_8bit: true,
            answers: Some("work/@inbox:4711@k2x9".to_owned()),
            preview: SUBJECT.to_owned(),
            files: vec!["Kontoauszug.pdf".to_owned()],
            ..Frozen::default()
        },
        state: OutgoingState::Ready,
        due: Timestamp::from_unix_timestamp(1_790_000_000).unwrap(),
        approval: None,
        new_recipients: 1,
    }
}

pub(crate) fn waiting(number: u8, grant: &GrantId, account: &HomeAccount, world: &World) -> NewOutgoing {
    let approval = NewApproval {
        id: ApprovalId::from_random([number; 16]),
        reasons: vec![ApprovalReason::NewRecipient { address: RECIPIENT.to_owned() }],
        expires: now(world) + Duration::hours(1),
        is_to_be_told: true,
    };
    NewOutgoing {
        state: OutgoingState::Waiting,
        approval: Some(approval),
        ..message(number, grant, account, 100)
    }
}

pub(crate) async fn add(store: &Store, new: &NewOutgoing) {
    let size = usize::try_from(new.frozen.size).unwrap();
    assert!(matches!(store.outbox_add(new, octets(size, 64).1).await, Ok(Added::New)));
}

pub(crate) fn now(world: &World) -> Timestamp {
    domain::Clock::now(&*world.clock)
}

pub(crate) async fn find(store: &Store, id: &OutboxId) -> Outgoing {
    store.outbox_find(id).await.unwrap().unwrap()
}

async fn state(store: &Store, id: &OutboxId) -> OutgoingState {
    find(store, id).await.state
}

/// A message that is being sent by `one`, and how long it may take.
async fn claimed(world: &World, store: &Store, number: u8) -> (OutboxId, Timestamp) {
    let (grant, account) = ann(store).await;
    let new = message(number, &grant, &HomeAccount::Stored(account), 100);
    add(store, &new).await;
    let lease = now(world) + Duration::minutes(1);
    assert!(store.outbox_claim(&new.id, "one", lease).await.unwrap().is_some());
    (new.id, lease)
}

pub(crate) fn outcome() -> Outcome {
    Outcome {
        recipients: vec![RecipientOutcome {
            address: RECIPIENT.to_owned(),
            accepted: true,
            reason: "250 ok".to_owned(),
        }],
        problem: Some(OutcomeProblem {
            code: "server_refused".to_owned(),
            message: "Refused.".to_owned(),
            hint: String::new(),
            server_text: Some("550 no".to_owned()),
        }),
    }
}

const COPY: Copy = Copy { state: CopyState::Waiting, id: None, tries: 0, next: None };

pub(crate) async fn a_message_comes_back_as_it_was_added(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let homes = [HomeAccount::Stored(account), HomeAccount::Carried([5; 32])];
    for (number, (home, size)) in (1..).zip(
        homes
            .iter()
            .flat_map(|home| [0_usize, 1, 64 * 1024, 64 * 1024 + 1, 700_000].map(|size| (home, size))),
    ) {
        let new = message(number, &grant, home, size as u64);
        let (whole, octets) = octets(size, 100_000);
        assert!(matches!(store.outbox_add(&new, octets).await, Ok(Added::New)));
        let other = world.store().await;
        let found = find(&other, &new.id).await;
        assert_eq!((&found.frozen, &found.key, found.content), (&new.frozen, &new.key, new.content));
        assert_eq!((&found.account, &found.grant, found.state), (home, &grant, new.state));
        assert_eq!((found.due, found.new_recipients, found.attempts), (new.due, 1, 0));
        assert_eq!((found.copy, found.outcome, found.approval), (Copy::NONE, None, None));
        assert_eq!(other.outbox_find_key(&grant, &new.key).await.unwrap().unwrap().id, new.id);
        assert_eq!(read_all(other.outbox_reader(&new.id).await.unwrap()).await.unwrap(), whole);
        other.close().await;
    }
    assert_eq!(store.outbox_find(&OutboxId::from_text("out_none")).await.unwrap(), None);
    let other = GrantId::from_random([77; 16]);
    assert!(store.outbox_find_key(&other, "about the treasure 1").await.unwrap().is_none());
}

pub(crate) async fn octets_that_fail_or_are_too_few_leave_nothing(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let mut new = waiting(1, &grant, &HomeAccount::Stored(account), world);
    new.frozen.size = 600_000;
    let (_, mut failing) = octets(600_000, 100_000);
    failing.0[4] = Err(io::ErrorKind::ConnectionReset.into());
    for source in [failing, octets(599_999, 100_000).1, octets(600_001, 100_000).1] {
        let added = store.outbox_add(&new, source).await;
        assert!(matches!(added, Err(Error::Source(_))), "{added:?}");
        for table in [
            "SELECT count(*) AS rows FROM outbox",
            "SELECT count(*) AS rows FROM outbox_pieces",
            "SELECT count(*) AS rows FROM approvals",
        ] {
            assert_eq!(store.database().fetch(table, &[]).await.unwrap()[0].int("rows").unwrap(), 0);
        }
    }
    assert!(matches!(store.outbox_reader(&new.id).await, Err(Error::Gone)));
    assert!(store.outbox_find_key(&grant, &new.key).await.unwrap().is_none());
}

pub(crate) async fn a_key_names_one_sending_until_it_failed_or_the_key_ended(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let first = message(1, &grant, &home, 100);
    add(&store, &first).await;
    let mut second = message(2, &grant, &home, 100);
    second.key.clone_from(&first.key);
    // nothing is read of octets that are not needed
    let unread = || Octets(vec![Err(io::ErrorKind::Other.into())]);
    let Added::Known(known) = store.outbox_add(&second, unread()).await.unwrap() else { panic!("known") };
    assert_eq!((known.id, known.content), (first.id.clone(), first.content));
    // another grant's key is another key
    let mut of_other = message(3, &GrantId::from_random([3; 16]), &home, 100);
    of_other.key.clone_from(&first.key);
    add(&store, &of_other).await;

    store.outbox_claim(&first.id, "one", now(world)).await.unwrap().unwrap();
    let failed = OutgoingState::Failed;
    assert!(store.outbox_finish(&first.id, "one", failed, &outcome(), &Copy::NONE).await.unwrap());
    assert_eq!(store.outbox_find_key(&grant, &first.key).await.unwrap().unwrap().state, failed);
    second.key_until = Some(now(world) + Duration::minutes(15));
    add(&store, &second).await;
    assert_eq!(store.outbox_find_key(&grant, &first.key).await.unwrap().unwrap().id, second.id);
    assert_eq!(state(&store, &first.id).await, failed, "it is still seen what became of it");

    let mut third = message(4, &grant, &home, 100);
    third.key.clone_from(&first.key);
    assert!(matches!(store.outbox_add(&third, unread()).await, Ok(Added::Known(_))));
    world.clock.forward(60 * 60);
    assert!(
        matches!(store.outbox_add(&third, unread()).await, Ok(Added::Known(_))),
        "what may leave yet keeps its key"
    );
    assert_eq!(store.outbox_find_key(&grant, &first.key).await.unwrap().unwrap().id, second.id);
    store.outbox_claim(&second.id, "one", now(world)).await.unwrap().unwrap();
    assert!(store.outbox_commit_point(&second.id, "one").await.unwrap());
    let sent = OutgoingState::Sent;
    assert!(store.outbox_finish(&second.id, "one", sent, &outcome(), &Copy::NONE).await.unwrap());
    world.clock.forward(14 * 60);
    assert!(matches!(store.outbox_add(&third, unread()).await, Ok(Added::Known(_))), "counted from its end");
    world.clock.forward(60);
    assert!(store.outbox_find_key(&grant, &first.key).await.unwrap().is_none());
    assert_eq!(store.outbox_find_last(&grant, &first.key).await.unwrap().unwrap().id, second.id);
    add(&store, &third).await;
    assert_eq!(state(&store, &second.id).await, sent);
}

pub(crate) async fn of_two_processes_with_one_key_one_adds(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    for round in 0..8_u8 {
        let home = HomeAccount::Stored(account.clone());
        let (a, mut b) =
            (message(round * 2, &grant, &home, 300_000), message(round * 2 + 1, &grant, &home, 300_000));
        b.key.clone_from(&a.key);
        let (first, second) = tokio::join!(
            one.outbox_add(&a, octets(300_000, 999).1),
            two.outbox_add(&b, octets(300_000, 999).1)
        );
        let known = match (first.unwrap(), second.unwrap()) {
            (Added::New, Added::Known(known)) if known.id == a.id => known,
            (Added::Known(known), Added::New) if known.id == b.id => known,
            other => panic!("{other:?}"),
        };
        assert_eq!(one.outbox_find_key(&grant, &a.key).await.unwrap().unwrap().id, known.id);
    }
}

pub(crate) async fn one_process_claims_and_only_it_passes_the_commit_point(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    let lease = now(world) + Duration::minutes(1);
    for round in 1..10 {
        let new = message(round, &grant, &HomeAccount::Stored(account.clone()), 10);
        add(&one, &new).await;
        let (a, b) =
            tokio::join!(one.outbox_claim(&new.id, "one", lease), two.outbox_claim(&new.id, "two", lease));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!(a.is_some() != b.is_some(), "one of them");
        let found = a.or(b).unwrap();
        let owner = found.owner.clone().unwrap();
        let loser = if owner == "one" { "two" } else { "one" };
        assert_eq!((found.state, found.attempts), (OutgoingState::Sending, 1));
        let (done, copy) = (OutgoingState::Sent, Copy::NONE);
        assert!(!two.outbox_commit_point(&new.id, loser).await.unwrap());
        assert!(!two.outbox_retry(&new.id, loser, lease, &outcome()).await.unwrap());
        assert!(!two.outbox_finish(&new.id, loser, OutgoingState::Failed, &outcome(), &copy).await.unwrap());
        assert!(!two.outbox_finish(&new.id, &owner, done, &outcome(), &copy).await.unwrap(), "not before it");
        assert_eq!(state(&one, &new.id).await, OutgoingState::Sending);
        let (a, b) =
            tokio::join!(one.outbox_commit_point(&new.id, &owner), two.outbox_commit_point(&new.id, &owner));
        assert!(a.unwrap() != b.unwrap(), "once");
        assert_eq!(state(&two, &new.id).await, OutgoingState::Committing);
        assert!(two.outbox_finish(&new.id, &owner, done, &outcome(), &copy).await.unwrap());
        assert!(!two.outbox_finish(&new.id, &owner, done, &outcome(), &copy).await.unwrap());
        assert!(two.outbox_claim(&new.id, "two", lease).await.unwrap().is_none());
    }
}

pub(crate) async fn what_is_due_is_told_to_whoever_can_send_it(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let (stored, carried) = (HomeAccount::Stored(account), HomeAccount::Carried([5; 32]));
    let mut later = message(1, &grant, &stored, 10);
    later.state = OutgoingState::Scheduled;
    later.due = now(world) + Duration::hours(2);
    let soon = message(2, &grant, &stored, 10);
    let of_carried = message(3, &grant, &carried, 10);
    for new in [&later, &soon, &of_carried, &waiting(4, &grant, &stored, world)] {
        add(&store, new).await;
    }
    let due = async |reach: &Reach| {
        let due = store.outbox_due(reach, now(world), None, 10).await.unwrap();
        due.into_iter().map(|due| due.id).collect::<Vec<_>>()
    };
    assert_eq!(due(&Reach::Stored).await, slice::from_ref(&soon.id));
    assert_eq!(due(&Reach::Carried(carried.clone())).await, [of_carried.id]);
    assert_eq!(due(&Reach::Carried(HomeAccount::Carried([6; 32]))).await, []);
    assert!(store.outbox_claim(&later.id, "one", later.due).await.unwrap().is_none(), "not before its time");
    world.clock.forward(7200);
    assert_eq!(due(&Reach::Stored).await, [soon.id, later.id.clone()], "those first that are due longest");
    let first = store.outbox_due(&Reach::Stored, now(world), None, 1).await.unwrap();
    let rest = store.outbox_due(&Reach::Stored, now(world), first.last(), 10).await.unwrap();
    assert_eq!((rest.len(), &rest[0].id, &rest[0].account), (1, &later.id, &stored), "a list goes on");
    assert!(store.outbox_claim(&later.id, "one", later.due).await.unwrap().is_some());
}

pub(crate) async fn a_message_that_did_not_leave_is_tried_again_later(world: &World) {
    let store = world.store().await;
    let (id, lease) = claimed(world, &store, 1).await;
    let next = now(world) + Duration::minutes(5);
    assert!(store.outbox_retry(&id, "one", next, &outcome()).await.unwrap());
    let found = find(&store, &id).await;
    assert_eq!((found.state, found.due, found.owner), (OutgoingState::Ready, next, None));
    assert_eq!(found.outcome, Some(outcome()));
    assert!(store.outbox_claim(&id, "two", lease).await.unwrap().is_none());
    world.clock.forward(300);
    assert_eq!(store.outbox_claim(&id, "two", lease).await.unwrap().unwrap().attempts, 2);
    assert!(!store.outbox_commit_point(&id, "one").await.unwrap());
    assert_eq!(read_all(store.outbox_reader(&id).await.unwrap()).await.unwrap().len(), 100);
}

pub(crate) async fn a_message_can_go_back_to_its_person(world: &World) {
    let store = world.store().await;
    let (id, lease) = claimed(world, &store, 1).await;
    let question = NewApproval {
        id: ApprovalId::from_random([8; 16]),
        reasons: vec![ApprovalReason::Always],
        expires: lease,
        is_to_be_told: true,
    };
    assert!(!store.outbox_hold(&id, "two", &question).await.unwrap());
    assert!(store.outbox_hold(&id, "one", &question).await.unwrap());
    let found = find(&store, &id).await;
    let approval = found.approval.unwrap();
    assert_eq!((found.state, found.owner), (OutgoingState::Waiting, None));
    assert_eq!((approval.id, approval.state), (question.id.clone(), ApprovalState::Waiting));
    assert_eq!(approval.reasons, question.reasons);
    assert!(!store.outbox_hold(&id, "one", &question).await.unwrap());
}

pub(crate) async fn a_message_of_a_process_that_is_gone_is_recovered_once(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    let lease = now(world) + Duration::minutes(1);
    let news: Vec<_> =
        (1..=3).map(|number| message(number, &grant, &HomeAccount::Stored(account.clone()), 10)).collect();
    for new in &news {
        add(&one, new).await;
        one.outbox_claim(&new.id, "one", lease).await.unwrap().unwrap();
    }
    one.outbox_commit_point(&news[1].id, "one").await.unwrap();
    assert_eq!(one.outbox_orphans("one").await.unwrap(), []);
    let stale = two.outbox_orphans("two").await.unwrap();
    assert_eq!(stale.len(), 3);
    // it turned out to be alive
    one.outbox_renew("one", lease + Duration::minutes(1)).await.unwrap();
    for orphan in &stale {
        assert!(!two.outbox_recover(orphan).await.unwrap());
    }
    for orphan in two.outbox_orphans("two").await.unwrap() {
        assert_eq!((orphan.owner.as_str(), orphan.lease_until), ("one", lease + Duration::minutes(1)));
        let (a, b) = tokio::join!(two.outbox_recover(&orphan), one.outbox_recover(&orphan));
        assert!(a.unwrap() != b.unwrap(), "one of them");
    }
    let states = [state(&two, &news[0].id).await, state(&two, &news[1].id).await];
    assert_eq!(states, [OutgoingState::Ready, OutgoingState::Unknown]);
    // the old owner wakes up: it cannot pass the commit point, nor say how it ended
    assert!(!one.outbox_commit_point(&news[0].id, "one").await.unwrap());
    let finished = one.outbox_finish(&news[1].id, "one", OutgoingState::Sent, &outcome(), &COPY).await;
    assert!(!finished.unwrap());
    assert!(
        one.outbox_reader(&news[1].id).await.unwrap().next().await.is_ok(),
        "the person may send it anew"
    );
}

pub(crate) async fn the_copy_is_stored_by_one_and_then_the_octets_go(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (id, _) = claimed(world, &one, 1).await;
    one.outbox_commit_point(&id, "one").await.unwrap();
    let waiting = Copy { next: Some(now(world)), ..COPY };
    assert!(one.outbox_finish(&id, "one", OutgoingState::Sent, &outcome(), &waiting).await.unwrap());
    one.outbox_set_follow(&id, None).await.unwrap();
    let due = async || {
        let due = two.outbox_copies_due(&Reach::Stored, now(world), None, 5).await.unwrap();
        due.into_iter().map(|due| due.id).collect::<Vec<_>>()
    };
    assert_eq!(due().await, slice::from_ref(&id));
    let taken = Copy { tries: 1, next: Some(now(world) + Duration::minutes(1)), ..COPY };
    let (a, b) =
        tokio::join!(one.outbox_set_copy(&id, &waiting, &taken), two.outbox_set_copy(&id, &waiting, &taken));
    assert!(a.unwrap() != b.unwrap(), "one of them");
    assert_eq!(due().await, []);
    assert_eq!(read_all(one.outbox_reader(&id).await.unwrap()).await.unwrap().len(), 100);
    let stored =
        Copy { state: CopyState::Stored, id: Some("work/@sent:7@k".to_owned()), tries: 1, next: None };
    assert!(one.outbox_set_copy(&id, &taken, &stored).await.unwrap());
    let found = find(&two, &id).await;
    assert_eq!((found.copy, found.outcome), (stored, Some(outcome())));
    assert!(matches!(read_all(one.outbox_reader(&id).await.unwrap()).await, Err(Error::Gone)));
}

pub(crate) async fn what_is_owed_besides_the_copy_is_seen_to_by_one_until_it_is_done(world: &World) {
    let (one, two) = (world.store().await, world.store().await);
    let (grant, account) = ann(&one).await;
    let account = HomeAccount::Stored(account);
    let draft = Some(domain::DraftId::from_random([7; 16]));
    for (number, draft, state) in [
        (1, draft.clone(), OutgoingState::Sent),
        (2, None, OutgoingState::Sent),
        (3, draft, OutgoingState::Unknown),
    ] {
        let mut new = message(number, &grant, &account, 100);
        new.frozen.draft = draft;
        new.frozen.answers = None;
        add(&one, &new).await;
        one.outbox_claim(&new.id, "one", now(world) + Duration::minutes(1)).await.unwrap();
        one.outbox_commit_point(&new.id, "one").await.unwrap();
        assert!(one.outbox_finish(&new.id, "one", state, &outcome(), &Copy::NONE).await.unwrap());
    }
    let id = message(1, &grant, &account, 100).id;
    let due = async |store: &Store| {
        let due = store.outbox_copies_due(&Reach::Stored, now(world), None, 5).await.unwrap();
        due.into_iter().map(|due| due.id).collect::<Vec<_>>()
    };
    assert_eq!(due(&two).await, slice::from_ref(&id), "only what left and owes something");
    let until = now(world) + Duration::minutes(1);
    let (a, b) = tokio::join!(one.outbox_follow(&id, until), two.outbox_follow(&id, until));
    let taken: Vec<u32> = [a.unwrap(), b.unwrap()].into_iter().flatten().collect();
    assert_eq!(taken, [1], "one of them");
    assert_eq!(due(&two).await, []);
    // Whoever took it was killed.
    world.clock.forward(60);
    assert_eq!(two.outbox_follow(&id, now(world) + Duration::minutes(1)).await.unwrap(), Some(2));
    two.outbox_set_follow(&id, None).await.unwrap();
    world.clock.forward(3_600);
    assert_eq!((due(&one).await, one.outbox_follow(&id, now(world)).await.unwrap()), (vec![], None));
    // It is over for good.
    one.outbox_set_follow(&id, Some(now(world))).await.unwrap();
    assert_eq!(due(&one).await, []);
}

pub(crate) async fn sums_count_what_left_or_may_leave(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let hour = |world: &World| now(world) - Duration::hours(1);
    assert_eq!(store.outbox_sums(&grant, hour(world)).await.unwrap(), Sums::default());
    let mut later = message(1, &grant, &home, 100);
    later.due = now(world) + Duration::hours(3);
    let failed = message(2, &grant, &home, 100);
    for new in [&later, &failed, &waiting(3, &grant, &home, world)] {
        add(&store, new).await;
    }
    add(&store, &message(4, &GrantId::from_random([4; 16]), &home, 100)).await;
    store.outbox_claim(&failed.id, "one", now(world)).await.unwrap().unwrap();
    let state = OutgoingState::Failed;
    store.outbox_finish(&failed.id, "one", state, &outcome(), &Copy::NONE).await.unwrap();
    // A server was asked for the one that failed, but it reached nobody.
    let three = Sums { messages: 3, recipients: 4, new_recipients: 2, octets: 200 };
    assert_eq!(store.outbox_sums(&grant, hour(world)).await.unwrap(), three);
    world.clock.forward(3 * 3600);
    assert_eq!(store.outbox_sums(&grant, hour(world)).await.unwrap(), Sums::default());
    // many that were asked for over a day must not leave in one moment
    store.outbox_claim(&later.id, "one", now(world)).await.unwrap().unwrap();
    assert_eq!(store.outbox_sums(&grant, hour(world)).await.unwrap().messages, 1);
}

pub(crate) async fn what_has_not_begun_to_leave_is_taken_back_with_its_grant_user_or_account(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let user = store.find_user("ann").await.unwrap().unwrap();
    for (round, how) in (0_u8..).zip(["grant", "user", "account"]) {
        let number = |n: u8| round * 10 + n;
        let mut scheduled = message(number(1), &grant, &home, 100);
        scheduled.state = OutgoingState::Scheduled;
        let (sending, ready) =
            (message(number(2), &grant, &home, 100), message(number(3), &grant, &home, 100));
        let waiting = waiting(number(4), &grant, &home, world);
        for new in [&scheduled, &sending, &ready, &waiting] {
            add(&store, new).await;
        }
        store.outbox_claim(&sending.id, "one", now(world)).await.unwrap().unwrap();
        match how {
            "grant" => drop(store.revoke_grant(&user.id, "claude").await.unwrap().unwrap()),
            "user" => assert!(store.disable_user(&user.id, true).await.unwrap()),
            _ => drop(store.remove_account(&user.id, &name("work")).await.unwrap().unwrap()),
        }
        const STATE: &str = "SELECT state, (SELECT count(*) FROM outbox_pieces WHERE outbox_id = id) AS kept \
            FROM outbox WHERE id = $1";
        for (new, expected) in
            [(&scheduled, "cancelled"), (&ready, "cancelled"), (&waiting, "cancelled"), (&sending, "sending")]
        {
            let row = store.database().fetch(STATE, &[new.id.as_str().into()]).await.unwrap().remove(0);
            assert_eq!(row.text("state").unwrap(), expected, "{how}");
            let is_kept = expected == "sending" && how != "account";
            assert_eq!(row.int("kept").unwrap(), i64::from(is_kept), "{how}");
        }
        let approval = waiting.approval.unwrap().id;
        let found = store.approval_find(&approval).await.unwrap();
        if how == "account" {
            assert_eq!(found, None, "its key is gone");
            assert_eq!(store.outbox_find(&sending.id).await.unwrap(), None);
            assert!(matches!(store.outbox_reader(&sending.id).await, Err(Error::Gone)));
            // whoever is sending it can still say how it ended, in words that nobody can read
            store.outbox_commit_point(&sending.id, "one").await.unwrap();
            let sent = OutgoingState::Sent;
            assert!(store.outbox_finish(&sending.id, "one", sent, &outcome(), &COPY).await.unwrap());
        } else {
            assert_eq!(found.unwrap().approval.unwrap().state, ApprovalState::Cancelled, "{how}");
            assert!(store.outbox_commit_point(&sending.id, "one").await.unwrap(), "it runs on");
        }
    }
    let left = message(50, &grant, &HomeAccount::Carried([1; 32]), 100);
    add(&store, &left).await;
    assert_eq!(store.outbox_cancel(&grant).await.unwrap(), 1);
    assert!(!store.outbox_cancel_one(&left.id).await.unwrap());
    assert_eq!(state(&store, &left.id).await, OutgoingState::Cancelled);
}

pub(crate) async fn what_was_sealed_for_one_message_opens_for_no_other(world: &World) {
    const MOVES: &[&str] = &[
        "UPDATE outbox_pieces SET content = (SELECT content FROM outbox_pieces ORDER BY outbox_id, seq LIMIT 1)",
        "UPDATE outbox_pieces SET seq = 1 - seq + 10",
        "UPDATE outbox SET frozen = (SELECT frozen FROM outbox ORDER BY id LIMIT 1)",
        "UPDATE outbox SET grant_id = 'gra_other'",
    ];
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let (one, two) = (message(1, &grant, &home, 300_000), message(2, &grant, &home, 300_000));
    add(&store, &one).await;
    add(&store, &two).await;
    store.database().execute(MOVES[0], &[]).await.unwrap();
    assert!(matches!(read_all(store.outbox_reader(&one.id).await.unwrap()).await, Err(Error::Seal)));
    assert!(matches!(read_all(store.outbox_reader(&two.id).await.unwrap()).await, Err(Error::Seal)));
    store.database().execute(MOVES[1], &[]).await.unwrap();
    assert!(matches!(read_all(store.outbox_reader(&one.id).await.unwrap()).await, Err(Error::Gone)));
    store.database().execute(MOVES[2], &[]).await.unwrap();
    assert!(store.outbox_find(&one.id).await.is_ok());
    assert!(matches!(store.outbox_find(&two.id).await, Err(Error::Seal)));
    store.database().execute(MOVES[3], &[]).await.unwrap();
    assert!(matches!(store.outbox_find(&one.id).await, Err(Error::Seal)));
}

pub(crate) async fn what_ended_is_forgotten_after_thirty_days(world: &World) {
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let home = HomeAccount::Stored(account);
    let (ready, ended) = (message(1, &grant, &home, 100), waiting(2, &grant, &home, world));
    add(&store, &ready).await;
    add(&store, &ended).await;
    assert!(store.outbox_cancel_one(&ended.id).await.unwrap());
    world.clock.forward(29 * 86400);
    assert_eq!(store.outbox_sweep(now(world)).await.unwrap(), 0);
    world.clock.forward(86400);
    assert_eq!(store.outbox_sweep(now(world)).await.unwrap(), 1);
    assert!(store.outbox_find(&ready.id).await.unwrap().is_some(), "nothing is lost that may yet leave");
    assert!(store.approval_find(&ended.approval.unwrap().id).await.unwrap().is_none());
}
