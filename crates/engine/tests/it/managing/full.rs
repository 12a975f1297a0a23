//! Deleting a folder with thousands of messages: it tells how far it is, can be taken back whole, and a call
//! that goes away leaves every message in one of the two folders.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use domain::{FolderArg, Limits};
use engine::{
    manage::{FolderAction, ManageRequest},
    organize::Planned,
};
use testkit::{Options, OtherClient, Proxy, maildir::Numbering, proxy::Faults};

use crate::{
    organizing::note,
    world::{World, credentials, empty_world, principal_with, settings},
};

const COUNT: u32 = 2_300;

fn full(world: &World) {
    let mails = (0..COUNT).map(|number| note(&format!("note {number}"), u64::from(COUNT - number)));
    world.maildir.fill("Full", Numbering::default(), mails).unwrap();
}

fn confirming(planned: &Planned) -> ManageRequest {
    ManageRequest {
        action: FolderAction::Delete,
        folder: FolderArg::parse("Full"),
        to: None,
        account: None,
        confirm: Some(planned.confirm.clone()),
    }
}

/// How many messages are in a folder; none if it is not there.
fn messages(other: &mut OtherClient, folder: &str) -> u32 {
    let Ok(lines) = other.run(&format!("STATUS {folder} (MESSAGES)")) else { return 0 };
    let digits = |line: &String| line.split(['(', ')', ' ']).rev().find_map(|word| word.parse().ok());
    lines.first().and_then(digits).unwrap()
}

#[tokio::test]
async fn a_full_folder_is_deleted_with_progress_and_comes_back_whole() {
    let Some(world) = empty_world(Options::default()) else { return };
    full(&world);
    let planned = world.deletes("Full").await.unwrap().plan.unwrap();
    assert_eq!(planned.count, u64::from(COUNT));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let progress = move |done, total| noted.lock().unwrap().push((done, total));
    let gone = world.engine.manage(&world.principal, confirming(&planned), &progress).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    let total = u64::from(COUNT);
    assert!(seen.len() >= 4 && seen.is_sorted() && seen.last() == Some(&(total, total)), "{seen:?}");
    let mut other = world.somebody();
    assert_eq!((messages(&mut other, "Full"), messages(&mut other, "Trash")), (0, COUNT));
    let undo = gone.undo.unwrap().to_string();
    let undone = world.engine.undo(&world.principal, &undo, &|_, _| {}).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (total + 1, 0), "the folder and its messages");
    assert_eq!((messages(&mut other, "Full"), messages(&mut other, "Trash")), (COUNT, 0));
}

#[tokio::test]
async fn a_deletion_whose_call_goes_away_loses_nothing_and_is_asked_for_again() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    full(&world);
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    world.principal = principal_with(through, credentials("alice-secret"), Limits::default());
    let planned = world.deletes("Full").await.unwrap().plan.unwrap();
    proxy.set(Faults { delay: Duration::from_millis(40), ..Faults::default() });
    let (engine, principal, request) = (world.engine.clone(), world.principal.clone(), confirming(&planned));
    let (began, has_begun) = mpsc::channel();
    let call = tokio::spawn(async move {
        let progress = move |done, _| {
            let _ = began.send(done);
        };
        engine.manage(&principal, request, &progress).await
    });
    tokio::task::spawn_blocking(move || while has_begun.recv().unwrap() == 0 {}).await.unwrap();
    call.abort();
    assert!(call.await.is_err());
    proxy.set(Faults::default());
    let mut other = world.somebody();
    let mut counts = (0, 0);
    for _ in 0..200 {
        let now = (messages(&mut other, "Full"), messages(&mut other, "Trash"));
        if now == counts && now.0 + now.1 == COUNT {
            break;
        }
        counts = now;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(counts.0 + counts.1, COUNT, "nothing is lost or doubled: {counts:?}");
    assert!(counts.0 > 0 && counts.1 >= 500, "the rest stays where it was: {counts:?}");
    // Whoever asks again hears what is left, and can have that done.
    let planned = world.deletes("Full").await.unwrap().plan.unwrap();
    assert_eq!(planned.count, u64::from(counts.0));
    world.engine.manage(&world.principal, confirming(&planned), &|_, _| {}).await.unwrap();
    assert!(!world.names().await.contains(&"Full".to_owned()));
    assert_eq!(messages(&mut other, "Trash"), COUNT);
}
