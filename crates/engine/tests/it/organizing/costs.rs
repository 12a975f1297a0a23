//! What sorting costs: round trips, counted by a proxy, and the time of many messages beside that of the
//! bare commands.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::Limits;
use engine::{
    Engine,
    organize::{Action, OrganizeRequest},
};
use testkit::{Options, Proxy, maildir::Numbering, proxy::Faults};

use super::{confirmed, found, note, these, to};
use crate::world::{World, credentials, empty_world, principal_with, settings};

/// A world behind a proxy.
fn counted() -> Option<(World, Proxy)> {
    let mut world = empty_world(Options::default())?;
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    world.principal = principal_with(through, credentials("alice-secret"), Limits::default());
    Some((world, proxy))
}

#[tokio::test]
async fn a_hundred_messages_cost_one_round_trip_in_the_open_folder_and_else_two() {
    let Some((world, proxy)) = counted() else { return };
    let names: Vec<String> = (0..240).map(|number| format!("note {number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.notes("INBOX", &names);
    world.maildir.create("Taxes").unwrap();
    let flights = async |request: OrganizeRequest, count: u64| {
        let planned = world.organize(request.clone()).await.unwrap();
        let before = proxy.flights();
        let done = world.organize(confirmed(request.action, &planned)).await.unwrap();
        assert_eq!((done.done_count, done.failed_count), (count, 0));
        proxy.flights() - before
    };
    let tens = |from: u32| format!("subject:\"note {from}\"");
    // The folder was opened for reading by the plan: it is opened for the change.
    assert_eq!(flights(found(Action::Read, &tens(0), Some("@inbox")), 100).await, 2);
    // Now it is open so.
    assert_eq!(flights(found(Action::Star, &tens(0), Some("@inbox")), 100).await, 1);
    assert_eq!(flights(to(found(Action::Move, &tens(1), Some("@inbox")), "Taxes"), 100).await, 1);
    let listed = world.listed("Taxes").await;
    let ids: Vec<String> = listed.into_iter().map(|(_, id)| id).take(50).collect();
    let before = proxy.flights();
    world.organize(these(Action::Read, &ids)).await.unwrap();
    assert_eq!(proxy.flights() - before, 2, "another folder");
    let before = proxy.flights();
    world.organize(to(these(Action::Move, &ids), "@inbox")).await.unwrap();
    assert_eq!(proxy.flights() - before, 1, "the same again");
}

#[tokio::test]
async fn twenty_thousand_messages_take_at_most_twice_the_bare_commands() {
    let Some(world) = empty_world(Options::default()) else { return };
    let count = 20_000_u32;
    let mails = (0..count).map(|number| note(&format!("note {number}"), u64::from(count - number)));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    world.maildir.create("There").unwrap();
    world.maildir.create("Back").unwrap();
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let mut other = world.somebody();
    let (mut ours, mut bare) = (Duration::MAX, Duration::MAX);
    // By turns, since others may keep the machine busy.
    for (from, to_ours, to_bare) in [("@inbox", "There", "Back"), ("Back", "There", "Back")] {
        let planned = world.organize(to(found(Action::Move, "", Some(from)), to_ours)).await.unwrap();
        assert_eq!(planned.plan.as_ref().unwrap().count, u64::from(count));
        let telling = Arc::clone(&told);
        let progress = move |done, total| telling.lock().unwrap().push((done, total));
        let begun = Instant::now();
        let request = confirmed(Action::Move, &planned);
        let done = world.engine.organize(&world.principal, request, &progress).await.unwrap();
        ours = ours.min(begun.elapsed());
        assert_eq!((done.done_count, done.done.len(), done.failed_count), (count.into(), 0, 0));

        other.run(&format!("SELECT {to_ours}")).unwrap();
        let begun = Instant::now();
        let uids = other.run("UID SEARCH ALL").unwrap();
        let uids: Vec<u32> = uids[0].split(' ').filter_map(|word| word.parse().ok()).collect();
        assert_eq!(uids.len(), count as usize);
        for uids in uids.chunks(1_000) {
            other.run(&format!("UID MOVE {}:{} {to_bare}", uids[0], uids[999])).unwrap();
        }
        bare = bare.min(begun.elapsed());
    }
    let told = told.lock().unwrap().clone();
    assert!(told.len() > 10, "{told:?}");
    assert!(told.iter().all(|(done, total)| done <= total && *total == u64::from(count)));
    assert!(ours < bare * 2 + Duration::from_secs(1), "{ours:?} beside {bare:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_batch_half_done_and_the_rest_undone() {
    let Some((world, proxy)) = counted() else { return };
    let count = 5_000_u32;
    let mails = (0..count).map(|number| note(&format!("note {number}"), u64::from(count - number)));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    world.maildir.create("There").unwrap();
    let planned = world.organize(to(found(Action::Move, "", Some("@inbox")), "There")).await.unwrap();
    proxy.set(Faults { delay: Duration::from_millis(40), ..Faults::default() });
    let engine: Engine = world.engine.clone();
    let principal = world.principal.clone();
    let (began, has_begun) = std::sync::mpsc::channel();
    let request = confirmed(Action::Move, &planned);
    let call = tokio::spawn(async move {
        let progress = move |done, _| {
            let _ = began.send(done);
        };
        engine.organize(&principal, request, &progress).await
    });
    let waiting = tokio::task::spawn_blocking(move || while has_begun.recv().unwrap() == 0 {});
    waiting.await.unwrap();
    call.abort();
    assert!(call.await.is_err());
    proxy.set(Faults::default());
    // Until the batch that was begun has ended.
    let mut other = world.somebody();
    let mut counts = (0, 0);
    for _ in 0..200 {
        let count = |lines: Vec<String>| -> u32 {
            let digits = |line: &String| line.split(['(', ')', ' ']).rev().find_map(|word| word.parse().ok());
            lines.first().and_then(digits).unwrap()
        };
        let now = (
            count(other.run("STATUS INBOX (MESSAGES)").unwrap()),
            count(other.run("STATUS There (MESSAGES)").unwrap()),
        );
        if now == counts && now.1 > 0 {
            break;
        }
        counts = now;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(counts.0 + counts.1, count, "nothing is lost or doubled: {counts:?}");
    assert!(counts.1 >= 1_000 && counts.1 < count && counts.1 % 1_000 == 0, "whole batches: {counts:?}");
}
