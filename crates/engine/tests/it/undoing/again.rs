//! Twice is once; and what could not be taken back for a reason that passes is taken back later.

use domain::{Code, Limits, Principal};
use engine::organize::Action;
use testkit::{Options, Proxy, proxy::Faults};

use super::told;
use crate::{
    organizing::{these, to},
    world::{World, credentials, empty_world, granted, principal_of, principal_with, settings},
};

#[tokio::test]
async fn a_change_is_taken_back_once_whoever_asks_at_the_same_time() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a"]);
    world.maildir.create("Taxes").unwrap();
    let id = world.id("INBOX", "a").await;
    let (undo, _) = world.done(to(these(Action::Move, &[id]), "Taxes"), 1).await;
    let both = tokio::join!(world.undo(&undo), world.undo(&undo));
    let (done, refused) = match both {
        (Ok(done), Err(refused)) | (Err(refused), Ok(done)) => (done, refused),
        both => panic!("{both:?}"),
    };
    assert_eq!(told(&done), (1, vec![]));
    assert_eq!(refused.code, Code::Conflict);
    let again = world.undo(&undo).await.unwrap_err();
    assert!(again.code == Code::Conflict && again.message.contains("taken back already"), "{again:?}");
    assert_eq!(world.subjects("INBOX").await, ["a"]);
}

/// The grant with a second account, which stands at the end of a wire that can be cut.
fn with_second(world: &World, proxy: &Proxy) -> Principal {
    let mut second = settings(&world.dovecot);
    second.imap.port = proxy.port();
    let first = settings(&world.dovecot);
    principal_of(
        vec![
            granted("work", true, first, credentials("alice-secret")),
            granted("home", false, second, credentials("alice-secret")),
        ],
        Limits::default(),
    )
}

#[tokio::test]
async fn what_a_server_could_not_be_reached_for_is_taken_back_later() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b"]);
    world.maildir.create("Taxes").unwrap();
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    world.principal = with_second(&world, &proxy);
    let (a, b) = (world.id("INBOX", "a").await, world.id("INBOX", "b").await);
    let b = b.replacen("work/", "home/", 1);
    let (undo, _) = world.done(to(these(Action::Move, &[a, b.clone()]), "Taxes"), 2).await;
    let cut = Faults { cut_after: Some(0), ..Faults::default() };
    proxy.set(cut.clone());
    proxy.strike(cut);
    let undone = world.undo(&undo).await.unwrap();
    assert_eq!(told(&undone), (1, vec![(b.as_str(), "account_unreachable")]));
    assert_eq!(world.subjects("Taxes").await, ["b"]);
    proxy.set(Faults::default());
    assert_eq!(told(&world.undo(&undo).await.unwrap()), (1, vec![]), "what was left of it");
    let mut subjects = world.subjects("INBOX").await;
    // Both accounts are of one mailbox.
    subjects.dedup();
    assert_eq!(subjects, ["a", "b"]);
    assert_eq!(world.undo(&undo).await.unwrap_err().code, Code::Conflict);
}

#[tokio::test]
async fn an_account_that_left_the_grant_is_left_alone() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b"]);
    world.maildir.create("Taxes").unwrap();
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let both = with_second(&world, &proxy);
    world.principal = both.clone();
    let (a, b) = (world.id("INBOX", "a").await, world.id("INBOX", "b").await);
    let b = b.replacen("work/", "home/", 1);
    let (undo, _) = world.done(to(these(Action::Move, &[a, b.clone()]), "Taxes"), 2).await;
    world.principal =
        principal_with(settings(&world.dovecot), credentials("alice-secret"), Limits::default());
    assert_eq!(told(&world.undo(&undo).await.unwrap()), (1, vec![(b.as_str(), "not_found")]));
    assert_eq!(world.subjects("Taxes").await, ["b"]);
    world.principal = both;
    assert_eq!(told(&world.undo(&undo).await.unwrap()), (1, vec![]), "it is the grant's again");
}

#[tokio::test]
async fn a_call_that_goes_away_leaves_the_rest_to_another() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b"]);
    world.maildir.create("Taxes").unwrap();
    let (a, b) = (world.id("INBOX", "a").await, world.id("INBOX", "b").await);
    let (undo, _) = world.done(to(these(Action::Move, &[a, b]), "Taxes"), 2).await;
    for polls in 1..40 {
        let mut left = polls;
        let mut undoing = Box::pin(world.undo(&undo));
        let some_polls = std::future::poll_fn(|context| {
            left -= 1;
            match undoing.as_mut().poll(context) {
                std::task::Poll::Ready(undone) => std::task::Poll::Ready(Some(undone)),
                std::task::Poll::Pending if left == 0 => std::task::Poll::Ready(None),
                std::task::Poll::Pending => std::task::Poll::Pending,
            }
        });
        let outcome = some_polls.await;
        drop(undoing);
        match outcome {
            None => {}
            Some(Ok(undone)) => {
                assert_eq!(told(&undone), (2, vec![]), "after {polls}");
                break;
            }
            // The one that went away is still giving it back.
            Some(Err(problem)) => assert_eq!(problem.code, Code::Conflict, "after {polls}"),
        }
    }
    let mut subjects = world.subjects("INBOX").await;
    for _ in 0..100 {
        if subjects == ["a", "b"] {
            break;
        }
        // What was begun when the last call went away ends by itself, or is begun again.
        let _ = world.undo(&undo).await;
        subjects = world.subjects("INBOX").await;
    }
    assert_eq!(subjects, ["a", "b"]);
    assert_eq!(world.subjects("Taxes").await, [] as [&str; 0]);
}
