//! What sorting costs: round trips, counted by a proxy, and how many messages are taken at a time. How long
//! that takes is measured by `cargo xtask bench`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{Code, Limits};
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
    // The plan opened the folder so that it can be changed.
    assert_eq!(flights(found(Action::Read, &tens(0), Some("@inbox")), 100).await, 1);
    assert_eq!(flights(found(Action::Star, &tens(0), Some("@inbox")), 100).await, 1);
    assert_eq!(flights(to(found(Action::Move, &tens(1), Some("@inbox")), "Taxes"), 100).await, 1);
    let listed = world.listed("Taxes").await;
    let ids: Vec<String> = listed.into_iter().map(|(_, id)| id).take(50).collect();
    let before = proxy.flights();
    world.organize(these(Action::Read, &ids)).await.unwrap();
    assert_eq!(proxy.flights() - before, 1, "just listed");
    world.listed("@inbox").await;
    let before = proxy.flights();
    world.organize(these(Action::Star, &ids)).await.unwrap();
    assert_eq!(proxy.flights() - before, 2, "another folder");
    let before = proxy.flights();
    world.organize(to(these(Action::Move, &ids), "@inbox")).await.unwrap();
    assert_eq!(proxy.flights() - before, 1, "the same again");
}

#[tokio::test]
async fn twenty_thousand_messages_are_moved_in_batches_and_one_more_is_too_many() {
    let Some(world) = empty_world(Options::default()) else { return };
    let count = 20_000_u32;
    let mails = (0..count).map(|number| note(&format!("note {number}"), u64::from(count - number)));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    world.maildir.create("There").unwrap();
    let mut other = world.somebody();
    other.append("INBOX", &note("one more", 0)).unwrap();
    let more = world.organize(found(Action::Read, "", Some("@inbox"))).await.unwrap_err();
    assert_eq!(more.code, Code::TooMany, "{more:?}");
    other.delete("INBOX", &(count + 1).to_string()).unwrap();

    let planned = world.organize(to(found(Action::Move, "", Some("@inbox")), "There")).await.unwrap();
    assert_eq!(planned.plan.as_ref().unwrap().count, u64::from(count));
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let telling = Arc::clone(&told);
    let progress = move |done, total| telling.lock().unwrap().push((done, total));
    let request = confirmed(Action::Move, &planned);
    let done = world.engine.organize(&world.principal, request, &progress).await.unwrap();
    assert_eq!((done.done_count, done.done.len(), done.failed_count), (count.into(), 0, 0));
    let told = told.lock().unwrap().clone();
    assert!(told.len() > 10, "{told:?}");
    assert!(told.iter().all(|(done, total)| done <= total && *total == u64::from(count)));
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

#[tokio::test]
async fn a_connection_that_is_lost_in_between_leaves_each_message_told_as_it_is() {
    let Some((world, proxy)) = counted() else { return };
    let count = 5_000_u32;
    let mails = (0..count).map(|number| note(&format!("note {number}"), u64::from(count - number)));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    world.maildir.create("There").unwrap();
    let planned = world.organize(to(found(Action::Move, "", Some("@inbox")), "There")).await.unwrap();
    proxy.strike(Faults { cut_after: Some(400_000), ..Faults::default() });
    let done = world.organize(confirmed(Action::Move, &planned)).await.unwrap();
    proxy.set(Faults::default());
    assert_eq!(done.done_count + done.failed_count, u64::from(count), "each is told of once");
    let mut other = world.somebody();
    let mut there = |folder: &str| -> u64 {
        other.run(&format!("SELECT {folder}")).unwrap();
        let lines = other.run("UID SEARCH ALL").unwrap();
        lines[0].split(' ').filter(|word| word.parse::<u32>().is_ok()).count() as u64
    };
    let (here, there) = (there("INBOX"), there("There"));
    assert_eq!(here + there, u64::from(count), "nothing is lost or doubled");
    // Of a batch whose answer was cut off it may be unknown where its messages are: that is said of them.
    let is_unknown = done.failed.iter().any(|one| one.problem.message.contains("not known"));
    assert!(there == done.done_count || (is_unknown && there == done.done_count + 1_000), "{there}");
    assert!(done.failed_count > 0 && done.undo.is_some(), "{}", done.failed_count);
    let undo = done.undo.unwrap();
    let undone = world.engine.undo(&world.principal, undo.as_str(), &|_, _| {}).await.unwrap();
    assert_eq!(undone.undone, done.done_count, "{:?}", undone.failed.first());
}
