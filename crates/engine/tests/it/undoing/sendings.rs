//! A message in its delay is taken back; one that has left is not. What is kept in the database ends in time.

use domain::{Code, GrantId, Scope, Scopes};
use engine::{
    organize::{Action, Meant, OrganizeRequest},
    outgoing::{SendRequest, SendStatus},
};
use testkit::{maildir::Numbering, smtp_sink::SinkOptions};
use time::Duration;

use super::told;
use crate::{
    organizing::note,
    sending::outbox_world::{OutboxWorld, to_bob},
};

fn later(key: &str, hours: i64) -> SendRequest {
    SendRequest { at: Some(crate::world::now() + Duration::hours(hours)), ..to_bob(Some(key)) }
}

#[tokio::test]
async fn a_message_is_taken_back_until_it_leaves() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let undo = async |handle: &str| world.engine.undo(&world.principal, handle, &|_, _| {}).await;
    let outcome = world.send(later("one", 1)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Scheduled);
    let handle = outcome.undo.unwrap().to_string();
    // Nobody else's, and only who may send.
    let mut other = world.principal.clone();
    other.grant = GrantId::from_text("gra_other");
    let absent = world.engine.undo(&other, &handle, &|_, _| {}).await.unwrap_err();
    assert_eq!(absent.code, Code::NotFound);
    assert_eq!(absent, undo("chg_00000000000000000000000000000007").await.unwrap_err());
    let mut reader = world.principal.clone();
    reader.scopes = Scopes::from_iter([Scope::Read, Scope::Modify]);
    let refused = world.engine.undo(&reader, &handle, &|_, _| {}).await.unwrap_err();
    assert_eq!(refused.code, Code::ScopeMissing);
    assert_eq!(told(&undo(&handle).await.unwrap()), (1, vec![]));
    assert_eq!(undo(&handle).await.unwrap_err().code, Code::Conflict);
    let outcome = world.state_of("one").await.unwrap();
    assert_eq!((outcome.status, outcome.undo), (SendStatus::Cancelled, None));
    world.clock.forward(7_200);
    // Another one leaves when that one would have.
    let outcome = world.send(to_bob(Some("two"))).await.unwrap();
    assert_eq!((outcome.status, &outcome.undo), (SendStatus::Sent, &None));
    assert_eq!(world.sink.transactions().len(), 1);
}

#[tokio::test]
async fn a_message_that_has_left_is_told_to_have() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let outcome = world.send(later("one", 1)).await.unwrap();
    let handle = outcome.undo.unwrap().to_string();
    world.clock.forward(7_200);
    let engine = world.engine.clone();
    world.work_until(&engine, async || world.state_of("one").await.unwrap().status == SendStatus::Sent).await;
    let undone = engine.undo(&world.principal, &handle, &|_, _| {}).await.unwrap();
    assert_eq!(told(&undone), (0, vec![(handle.as_str(), "conflict")]));
    assert!(undone.failed[0].problem.message.contains("has left"), "{undone:?}");
}

#[tokio::test]
async fn a_change_is_kept_for_seven_days_also_for_another_process() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.maildir.fill("INBOX", Numbering::default(), [note("a", 2), note("b", 1)]).unwrap();
    let star = |uid: u32| OrganizeRequest {
        meant: Meant { ids: vec![format!("work/@inbox:{uid}@s44we8")], ..Meant::default() },
        action: Action::Star,
        to_folder: None,
        keywords: Vec::new(),
        confirm: None,
    };
    let mut handles = Vec::new();
    for uid in [1, 2] {
        let done = world.engine.organize(&world.principal, star(uid), &|_, _| {}).await.unwrap();
        assert_eq!(done.done_count, 1, "{done:?}");
        handles.push(done.undo.unwrap().to_string());
    }
    let another = world.another(2).await;
    world.clock.forward(7 * 86_400 - 60);
    assert_eq!(told(&another.undo(&world.principal, &handles[0], &|_, _| {}).await.unwrap()), (1, vec![]));
    world.clock.forward(120);
    let late = another.undo(&world.principal, &handles[1], &|_, _| {}).await.unwrap_err();
    assert_eq!(late.code, Code::NotFound);
}

#[tokio::test]
async fn a_person_takes_back_what_their_agents_did_and_nobody_elses() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    world.maildir.fill("INBOX", Numbering::default(), [note("a", 2)]).unwrap();
    let star = OrganizeRequest {
        meant: Meant { ids: vec!["work/@inbox:1@s44we8".to_owned()], ..Meant::default() },
        action: Action::Star,
        to_folder: None,
        keywords: Vec::new(),
        confirm: None,
    };
    let starred = world.engine.organize(&world.principal, star, &|_, _| {}).await.unwrap();
    let sent = world.send(later("one", 1)).await.unwrap();
    let handles = [starred.undo.unwrap().to_string(), sent.undo.unwrap().to_string()];
    // under no grant of theirs
    let mut person = world.principal.clone();
    person.grant = GrantId::from_text("gra_page");
    let mut stranger = person.clone();
    stranger.user = "somebody else".to_owned();
    for handle in &handles {
        let undo = async |who| world.engine.undo_as_person(who, handle, &|_, _| {}).await;
        let absent = undo(&stranger).await.unwrap_err();
        let never =
            world.engine.undo_as_person(&person, "chg_00000000000000000000000000000007", &|_, _| {}).await;
        assert_eq!((absent.code, &absent), (Code::NotFound, &never.unwrap_err()));
        assert_eq!(told(&undo(&person).await.unwrap()), (1, vec![]));
        assert_eq!(undo(&person).await.unwrap_err().code, Code::Conflict, "it was taken back already");
    }
    assert_eq!(world.state_of("one").await.unwrap().status, SendStatus::Cancelled);
}
