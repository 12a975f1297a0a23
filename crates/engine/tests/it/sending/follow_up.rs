//! What is done in the mailbox once a message has left: its draft goes, and no other; the message that it
//! answers is marked; also if the process or the network died in between.

use std::sync::Arc;

use domain::{DraftId, FolderArg};
use engine::{
    organize::{Action, Meant, OrganizeRequest},
    outbox::Standing,
    outgoing::{Composition, DraftRequest, Drafted, Follows, SendOutcome, SendRequest, SendStatus, Sending},
};
use storage::{Copy, Outcome, OutgoingState};
use testkit::{Mail, Proxy, maildir::Numbering, proxy::Faults, smtp_sink::SinkOptions};
use time::Duration;

use super::{
    copies::{behind, files_itself, slow, strikes},
    outbox_world::{OutboxWorld, letter, request, to_bob, work_until},
};

async fn world() -> Option<OutboxWorld> {
    let world = OutboxWorld::new(SinkOptions::default()).await?;
    // Of these messages nobody needs a copy.
    files_itself(&world, true).await;
    Some(world)
}

async fn drafted(
    world: &OutboxWorld,
    replaces: Option<DraftId>,
    composition: Composition,
) -> Result<Drafted, domain::Problem> {
    world.engine.draft(&world.principal, DraftRequest { replaces, composition }).await
}

fn of_draft(draft: &DraftId, seconds: i64) -> SendRequest {
    let sending = Sending::Draft { draft: draft.clone(), expect: None, account: None };
    let at = (seconds > 0).then(|| crate::world::now() + Duration::seconds(seconds));
    SendRequest { sending, key: Some("k".into()), at }
}

/// A reply to the only message of the inbox.
async fn reply(world: &OutboxWorld) -> Drafted {
    let raw = "From: bob@example.org\r\nMessage-ID: <one@x>\r\nSubject: Lunch\r\n\r\nShall we?";
    world.maildir.fill("INBOX", Numbering::default(), [Mail::new(raw, crate::world::NOW)]).unwrap();
    let follows = Some(Follows::Reply("<one@x>".into()));
    drafted(world, None, Composition { follows, to: None, ..letter(&[], "Re: Lunch") }).await.unwrap()
}

fn is_answered(world: &OutboxWorld) -> bool {
    let files = std::fs::read_dir(world.maildir.path_of("INBOX").unwrap().join("cur")).unwrap();
    files.flatten().any(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        name.rsplit_once(',').is_some_and(|(_, flags)| flags.contains('R'))
    })
}

#[tokio::test]
async fn a_draft_that_was_replaced_while_it_waits_leaves_as_it_was_and_the_new_one_stays() {
    let Some(world) = world().await else { return };
    let made = drafted(&world, None, letter(&["bob@example.org"], "Tea")).await.unwrap();
    let outcome = world.send(of_draft(&made.draft, 3_600)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Scheduled);
    let newer = Composition { body: Some("Not what was sent.".into()), ..Composition::default() };
    drafted(&world, Some(made.draft.clone()), newer).await.unwrap();
    world.clock.forward(3_600);
    let is_sent = async || world.state_of("k").await.unwrap().status == SendStatus::Sent;
    world.work_until(&world.engine.clone(), is_sent).await;
    assert!(world.sink.received()[0].message.contains("At five?"));
    // The one that was sent is seen to before the next is.
    world.send(to_bob(Some("next"))).await.unwrap();
    world.engine.settle_outbox().await;
    let drafts = world.filed("Drafts");
    assert_eq!(drafts.len(), 1);
    assert!(drafts[0].contains("Not what was sent."), "{drafts:?}");
}

#[tokio::test]
async fn the_answered_message_is_marked_where_it_was_moved_to_meanwhile() {
    let Some(world) = world().await else { return };
    world.maildir.create("Lunches").unwrap();
    let made = reply(&world).await;
    world.send(of_draft(&made.draft, 60)).await.unwrap();
    let meant =
        Meant { query: Some(String::new()), folder: Some(FolderArg::parse("@inbox")), ..Meant::default() };
    let wish = OrganizeRequest {
        meant,
        action: Action::Move,
        to_folder: Some(FolderArg::parse("Lunches")),
        keywords: Vec::new(),
        confirm: None,
    };
    let planned = world.engine.organize(&world.principal, wish.clone(), &|_, _| {}).await.unwrap();
    let confirm = Some(planned.plan.unwrap().confirm);
    let agreed = OrganizeRequest { meant: Meant::default(), to_folder: None, confirm, ..wish };
    let done = world.engine.organize(&world.principal, agreed, &|_, _| {}).await.unwrap();
    assert_eq!(done.done_count, 1, "{done:?}");
    world.clock.forward(60);
    let is_sent = async || world.state_of("k").await.unwrap().status == SendStatus::Sent;
    world.work_until(&world.engine.clone(), is_sent).await;
    world.engine.settle_outbox().await;
    let mut somebody = testkit::OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
    let flags = somebody.run("SELECT Lunches").and_then(|_| somebody.run("UID FETCH 1:* FLAGS")).unwrap();
    assert!(flags.concat().contains("Answered"), "{flags:?}");
}

#[tokio::test]
async fn what_a_process_that_was_killed_after_sending_left_to_do_is_done() {
    let Some(world) = world().await else { return };
    let made = reply(&world).await;
    world.send(of_draft(&made.draft, 60)).await.unwrap();
    let row = world.store.outbox_find_key(&world.principal.grant, "key:k").await.unwrap().unwrap();
    world.clock.forward(60);
    let lease = crate::world::now() + Duration::hours(1);
    world.store.outbox_claim(&row.id, "killed", lease).await.unwrap().unwrap();
    assert!(world.store.outbox_commit_point(&row.id, "killed").await.unwrap());
    let outcome = Outcome::default();
    assert!(
        world
            .store
            .outbox_finish(&row.id, "killed", OutgoingState::Sent, &outcome, &Copy::NONE)
            .await
            .unwrap()
    );
    assert!(!is_answered(&world) && world.filed("Drafts").len() == 1);
    let is_done = async || is_answered(&world) && world.filed("Drafts").is_empty();
    world.work_until(&world.engine.clone(), is_done).await;
    assert_eq!(world.sink.received().len(), 0, "it is not sent once more");
}

#[tokio::test]
async fn a_mailbox_that_is_away_after_sending_is_tidied_later() {
    let Some(world) = OutboxWorld::new(slow()).await else { return };
    let made = reply(&world).await;
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults::default()).unwrap();
    let principal = behind(&world, &proxy);
    let away = Faults { cut_after: Some(0), ..Faults::default() };
    let sending = world.engine.send(&principal, of_draft(&made.draft, 0));
    let (outcome, ()) = tokio::join!(sending, strikes(&world, &proxy, away));
    assert_eq!(outcome.unwrap().status, SendStatus::Sent);
    world.engine.settle_outbox().await;
    assert!(!is_answered(&world) && world.filed("Drafts").len() == 1);
    proxy.set(Faults::default());
    proxy.strike(Faults::default());
    let is_done = async || {
        world.clock.forward(61);
        is_answered(&world) && world.filed("Drafts").is_empty()
    };
    let holds = Standing::Holds(Arc::new(principal.clone()));
    work_until(&world.engine, holds, &mut { is_done }).await;
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn what_leaves_later_is_dated_when_it_leaves() {
    let Some(world) = world().await else { return };
    let at = Some(crate::world::now() + Duration::hours(1));
    let made = drafted(&world, None, letter(&["bob@example.org"], "Draft")).await.unwrap();
    world.send(of_draft(&made.draft, 3_600)).await.unwrap();
    world.send(SendRequest { at, ..to_bob(Some("new")) }).await.unwrap();
    world.send(request(letter(&["bob@example.org"], "Now"), Some("now"))).await.unwrap();
    world.clock.forward(3_600);
    let status = async |key: &str| -> SendOutcome { world.state_of(key).await.unwrap() };
    let is_sent = async || {
        status("k").await.status == SendStatus::Sent && status("new").await.status == SendStatus::Sent
    };
    world.work_until(&world.engine.clone(), is_sent).await;
    let received = world.sink.received();
    for (subject, date) in [("Now", "12:00:00"), ("Draft", "13:00:00"), ("Tea", "13:00:00")] {
        let message =
            received.iter().find(|one| one.message.contains(&format!("Subject: {subject}"))).unwrap();
        let date = format!("Date: Sat, 21 Nov 2026 {date} +0000");
        assert!(message.message.contains(&date), "{subject}: {}", message.message);
    }
}
