//! Messages that were moved, under their old ids.

use super::{
    super::*,
    world::{DAY, Kind, World, account, make, moved, placed, transfer},
};

/// Where a message of the folder and UID is now: folder and UID, or folder and Message-ID.
async fn follow(
    engine: &Engine,
    principal: &Principal,
    places: &[(&'static str, u32)],
) -> Vec<Option<(String, Option<u32>, Option<String>)>> {
    let asked: Vec<_> =
        places.iter().map(|(wire, uid)| (Bytes::from_static(wire.as_bytes()), placed(*uid))).collect();
    let account = account(engine, principal).await;
    let found = engine.moved_to(&account, &asked).await.unwrap();
    let told = |to: MovedTo| {
        let wire = String::from_utf8(to.wire.to_vec()).unwrap();
        (wire, to.placed.map(|placed| placed.uid), to.message_id)
    };
    found.into_iter().map(|found| found.map(told)).collect()
}

fn is_at(found: Option<&(String, Option<u32>, Option<String>)>, wire: &str, uid: u32) -> bool {
    found.is_some_and(|(found, placed, _)| found == wire && *placed == Some(uid))
}

#[tokio::test]
async fn a_message_is_followed_through_several_moves() {
    let world = World::without_server().await;
    for kind in Kind::ALL {
        let (engine, principal) = (world.process(kind), world.principal(kind));
        make(&engine, &principal, &[moved("INBOX", "A", 1, 11), moved("INBOX", "A", 2, 12)]).await;
        make(&engine, &principal, &[moved("A", "B", 11, 21)]).await;
        make(&engine, &principal, &[moved("B", "C", 21, 31)]).await;
        let asked = [("INBOX", 1), ("INBOX", 2), ("A", 11), ("B", 21), ("C", 31), ("INBOX", 3), ("A", 1)];
        let found = follow(&engine, &principal, &asked).await;
        let expected = [Some(("C", 31)), Some(("A", 12)), Some(("C", 31)), Some(("C", 31)), None, None, None];
        for (found, expected) in found.iter().zip(expected) {
            match expected {
                Some((wire, uid)) => assert!(is_at(found.as_ref(), wire, uid), "{kind:?} {found:?}"),
                None => assert_eq!(*found, None),
            }
        }
        assert!(follow(&engine, &principal, &[]).await.is_empty());
    }
}

#[tokio::test]
async fn a_message_that_came_back_is_found_at_its_new_place() {
    let world = World::without_server().await;
    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    make(&engine, &principal, &[moved("INBOX", "A", 1, 11)]).await;
    make(&engine, &principal, &[moved("A", "INBOX", 11, 9)]).await;
    let found = follow(&engine, &principal, &[("INBOX", 1), ("A", 11), ("INBOX", 9)]).await;
    assert!(is_at(found[0].as_ref(), "INBOX", 9) && is_at(found[1].as_ref(), "INBOX", 9));
    assert_eq!(found[2], None);
}

#[tokio::test]
async fn a_circle_ends_and_a_long_way_is_followed_so_far() {
    let world = World::without_server().await;
    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    // A server that uses UIDs again.
    make(&engine, &principal, &[moved("X", "Y", 1, 2), moved("Y", "X", 2, 1), moved("Z", "Z", 4, 4)]).await;
    let found = follow(&engine, &principal, &[("X", 1), ("Y", 2), ("Z", 4)]).await;
    assert!(is_at(found[0].as_ref(), "Y", 2) && is_at(found[1].as_ref(), "X", 1));
    assert_eq!(found[2], None);
    let far: Vec<Step> = (0..120).map(|uid| moved("A", "A", uid + 1_000, uid + 1_001)).collect();
    make(&engine, &principal, &far).await;
    let found = follow(&engine, &principal, &[("A", 1_000), ("A", 1_090)]).await;
    assert!(is_at(found[0].as_ref(), "A", 1_100) && is_at(found[1].as_ref(), "A", 1_120));
}

#[tokio::test]
async fn without_its_new_uid_a_message_is_followed_by_its_message_id() {
    let world = World::without_server().await;
    for kind in [Kind::Stored, Kind::Brought] {
        let (engine, principal) = (world.process(kind), world.principal(kind));
        // Message-IDs of the test go by the UID.
        let go = async |from: &'static str, to: &'static str, uid: u32| {
            let mut step = transfer(from, to, false, &[(uid, None, End::Done)]);
            let Step::Transfer { messages, .. } = &mut step else { unreachable!() };
            messages[0].was.message_id = Some("<one@example.org>".into());
            make(&engine, &principal, &[step]).await.unwrap();
        };
        let told = |wire: &str| vec![Some((wire.to_owned(), None, Some("<one@example.org>".to_owned())))];
        go("INBOX", "A", 1).await;
        assert_eq!(follow(&engine, &principal, &[("INBOX", 1)]).await, told("A"));
        go("A", "B", 11).await;
        assert_eq!(follow(&engine, &principal, &[("INBOX", 1)]).await, told("B"), "{kind:?}");
        go("B", "A", 21).await;
        assert_eq!(follow(&engine, &principal, &[("INBOX", 1)]).await, told("A"));
        assert_eq!(follow(&engine, &principal, &[("A", 11)]).await, told("A"));
        go("A", "INBOX", 12).await;
        assert_eq!(follow(&engine, &principal, &[("INBOX", 1)]).await, told("INBOX"));
        go("INBOX", "C", 2).await;
        assert_eq!(follow(&engine, &principal, &[("INBOX", 1)]).await, told("C"));
    }
}

#[tokio::test]
async fn what_was_copied_or_stayed_is_where_it_was() {
    let world = World::without_server().await;
    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    let copied = transfer("INBOX", "A", true, &[(1, Some(11), End::Done)]);
    let stayed = transfer("INBOX", "A", false, &[(2, None, End::Here), (3, Some(13), End::Both)]);
    let mut unnamed = transfer("INBOX", "A", false, &[(4, None, End::Done)]);
    if let Step::Transfer { messages, .. } = &mut unnamed {
        messages[0].was.message_id = None;
    }
    make(&engine, &principal, &[copied, stayed, unnamed]).await;
    let found = follow(&engine, &principal, &[("INBOX", 1), ("INBOX", 2), ("INBOX", 3), ("INBOX", 4)]).await;
    assert_eq!(found, [None, None, None, None]);
}

#[tokio::test]
async fn an_old_id_leads_to_the_message_for_thirty_days_in_every_process_and_for_every_grant() {
    let world = World::without_server().await;
    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    make(&engine, &principal, &[moved("INBOX", "A", 1, 11)]).await;
    let (other, mut grant) = (world.process(Kind::Stored), principal.clone());
    grant.grant = domain::GrantId::from_text("gra_other");
    world.forward(30 * DAY - 1);
    assert!(is_at(follow(&other, &grant, &[("INBOX", 1)]).await[0].as_ref(), "A", 11));
    // The same place of another account is another place.
    let local = world.principal(Kind::Local);
    assert_eq!(follow(&other, &local, &[("INBOX", 1)]).await, [None]);
    world.forward(1);
    assert_eq!(follow(&other, &grant, &[("INBOX", 1)]).await, [None]);
}
