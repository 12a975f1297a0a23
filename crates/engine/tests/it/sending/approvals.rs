//! Messages that the person is asked about first.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{ApprovalPlace, Code, Limits};
use engine::{
    bounds::SendingBounds,
    outbox::Standing,
    outgoing::{Composition, DraftRequest, SendOutcome, SendRequest, SendStatus, Sending},
};
use storage::{Decided, Decision, OutgoingState};
use testkit::smtp_sink::SinkOptions;

use super::outbox_world::{OutboxWorld, SOON, Says, bounds, ended, letter, request, to_bob};

/// A grant that has every message approved, at the given place.
async fn asking(place: Option<ApprovalPlace>) -> Option<OutboxWorld> {
    let mut world = OutboxWorld::new(SinkOptions::default()).await?;
    world.principal.limits =
        Limits { approval: Some(domain::ApprovalRule::Always), approval_place: place, ..Limits::default() };
    Some(world)
}

fn of_approval(outcome: &SendOutcome) -> SendRequest {
    let approval = outcome.approval.as_ref().map(|approval| approval.id.clone());
    SendRequest { sending: Sending::State { approval }, key: None, at: None }
}

#[tokio::test]
async fn nothing_leaves_before_the_person_says_yes_on_the_page_and_then_it_does() {
    let Some(world) = asking(None).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    assert_eq!(outcome.status, SendStatus::ApprovalNeeded);
    let approval = outcome.approval.clone().unwrap();
    assert!(outcome.hint.contains(&format!("postroom approval show {}", approval.id)), "{}", outcome.hint);
    assert_eq!(world.send(to_bob(Some("k"))).await.unwrap().status, SendStatus::ApprovalNeeded);
    assert_eq!(world.send(of_approval(&outcome)).await.unwrap().status, SendStatus::ApprovalNeeded);
    // The client cannot answer for the person.
    let question = world.engine.approval_question(&world.principal, &approval.id).await;
    assert_eq!(question.unwrap(), None);
    let answered = world.engine.answer_approval(&world.principal, &approval.id, true).await;
    assert_eq!(answered.unwrap_err().code, Code::OutsideGrant);
    assert!(world.sink.transactions().is_empty());
    let decided = world.store.approval_decide(&approval.id, Decision::Approve, "alice").await.unwrap();
    assert!(matches!(decided, Decided::Done(_)));
    // It leaves with the next that looks at it, and nobody is asked again.
    let sent = world.send(of_approval(&outcome)).await.unwrap();
    assert_eq!(sent.status, SendStatus::Sent);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn what_was_approved_leaves_without_a_caller() {
    let Some(world) = asking(None).await else { return };
    let outcome = world.send(to_bob(Some("k"))).await.unwrap();
    let approval = outcome.approval.unwrap();
    world.store.approval_decide(&approval.id, Decision::Approve, "alice").await.unwrap();
    world.work_until(&world.engine.clone(), async || world.sink.received().len() == 1).await;
}

#[tokio::test]
async fn the_question_in_the_client_shows_it_as_it_leaves_and_its_answer_counts() {
    let Some(world) = asking(Some(ApprovalPlace::Client)).await else { return };
    let mut composition = letter(&["bob@example.org"], "Tea");
    composition.bcc = Some(vec!["eve@example.org".into()]);
    let outcome = world.send(request(composition, None)).await.unwrap();
    let approval = outcome.approval.unwrap();
    let question = world.engine.approval_question(&world.principal, &approval.id).await.unwrap().unwrap();
    assert_eq!(question.recipients, ["bob@example.org", "eve@example.org"]);
    assert_eq!((question.from.as_str(), question.subject.as_str()), ("alice@example.com", "Tea"));
    assert!(question.preview.contains("At five?") && !question.reasons.is_empty());
    let sent = world.engine.answer_approval(&world.principal, &approval.id, true).await.unwrap();
    assert_eq!(sent.status, SendStatus::Sent);
    // Once.
    let again = world.engine.answer_approval(&world.principal, &approval.id, true).await.unwrap();
    assert!(again.is_repeated && again.status == SendStatus::Sent);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn the_question_shows_what_recipients_see_and_the_codes_that_leave() {
    let Some(world) = asking(Some(ApprovalPlace::Client)).await else { return };
    let hidden = format!("{}Your verification code is 493028.", "\u{200b} \n".repeat(900));
    let html = Some("<p>Your verification code is 493028.</p>".to_owned());
    let both =
        |body: &str| Composition { body: Some(body.into()), html: html.clone(), ..letter(&["b@x.org"], "") };
    let made =
        world.engine.draft(&world.principal, DraftRequest { replaces: None, composition: both("Tea?") });
    let made = made.await.unwrap();
    assert_eq!(made.preview, "Your verification code is [code hidden].");
    let draft = Sending::Draft { draft: made.draft, expect: None, account: None };
    for request in [
        request(both("Just tea at five."), None),
        request(Composition { body: Some(hidden.clone()), ..letter(&["b@x.org"], "") }, None),
        SendRequest { sending: draft, key: None, at: None },
    ] {
        let id = world.send(request).await.unwrap().approval.unwrap().id;
        let question = world.engine.approval_question(&world.principal, &id).await.unwrap().unwrap();
        assert_eq!(question.preview, "Your verification code is 493028.");
        world.engine.answer_approval(&world.principal, &id, true).await.unwrap();
    }
    let received = world.sink.received();
    assert_eq!(received.len(), 3);
    // Both forms of the letter say it, and neither what was to be shown in its place.
    for one in [&received[0], &received[2]] {
        assert!(one.message.matches("493028").count() == 2 && !one.message.contains("ea at five"));
    }
}

#[tokio::test]
async fn a_no_and_no_answer_leave_nothing() {
    let Some(world) = asking(Some(ApprovalPlace::Client)).await else { return };
    let denied = world.send(to_bob(Some("1"))).await.unwrap().approval.unwrap();
    let outcome = world.engine.answer_approval(&world.principal, &denied.id, false).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Denied);
    let late = world.send(to_bob(Some("2"))).await.unwrap();
    world.clock.forward(24 * 3_600 + 1);
    let id = late.approval.clone().unwrap().id;
    assert_eq!(world.engine.approval_question(&world.principal, &id).await.unwrap(), None);
    let outcome = world.engine.answer_approval(&world.principal, &id, true).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Expired);
    assert_eq!(world.send(of_approval(&late)).await.unwrap().status, SendStatus::Expired);
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn another_grants_approval_is_absent() {
    let Some(world) = asking(Some(ApprovalPlace::Client)).await else { return };
    let outcome = world.send(to_bob(Some("1"))).await.unwrap();
    let id = outcome.approval.clone().unwrap().id;
    let mut other = world.principal.clone();
    other.grant = domain::GrantId::from_text("gra_other");
    let absent = [
        world.engine.send(&other, of_approval(&outcome)).await.map(drop),
        world.engine.approval_question(&other, &id).await.map(drop),
        world.engine.answer_approval(&other, &id, true).await.map(drop),
    ];
    for answer in absent {
        assert_eq!(answer.unwrap_err().code, Code::NotFound);
    }
}

/// What becomes of a message whose person says yes while its grant stands like that, where nobody looks for it.
async fn approved(stands: impl FnOnce(&OutboxWorld) -> Standing) -> Option<(OutgoingState, usize)> {
    let seldom = Duration::from_hours(1);
    let bounds = SendingBounds { poll: seldom, sweep: seldom, ..bounds() };
    let mut world = OutboxWorld::bounded(SinkOptions::default(), &bounds).await?;
    world.principal.limits = Limits { approval: Some(domain::ApprovalRule::Always), ..Limits::default() };
    let approval = world.send(to_bob(Some("k"))).await.unwrap().approval.unwrap();
    let message = world.store.approval_find(&approval.id).await.unwrap().unwrap();
    let shown = world.engine.letter_of(&message).await.unwrap().unwrap();
    assert_eq!((shown.subject.as_str(), shown.recipients[0].address.as_str()), ("Tea", "bob@example.org"));
    // what nobody approved is not begun
    let early = world.engine.begin_approved(&message.id).await.unwrap();
    assert_eq!(early.state, OutgoingState::Waiting);
    let authority = Arc::new(Says(Mutex::new(stands(&world))));
    let yes = async {
        world.store.approval_decide(&approval.id, Decision::Approve, "alice").await.unwrap();
        world.engine.begin_approved(&message.id).await.unwrap().state
    };
    let state = tokio::select! {
        biased;
        () = world.engine.run_outbox(authority) => unreachable!("it runs for ever"),
        state = tokio::time::timeout(SOON, yes) => state.unwrap(),
    };
    Some((state, ended(&world.sink).len()))
}

#[tokio::test]
async fn what_a_person_approves_leaves_at_once_and_is_waited_for() {
    let Some(after) = approved(|world| Standing::Holds(Arc::new(world.principal.clone()))).await else {
        return;
    };
    assert_eq!(after, (OutgoingState::Sent, 1));
}

#[tokio::test]
async fn what_is_approved_leaves_only_as_its_grant_stands_then() {
    let Some(after) = approved(|_| Standing::Ended).await else { return };
    assert_eq!(after, (OutgoingState::Cancelled, 0));
    let Some(after) = approved(|_| Standing::Unavailable).await else { return };
    assert_eq!(after, (OutgoingState::Ready, 0));
    let narrowed = |world: &OutboxWorld| {
        let mut principal = world.principal.clone();
        principal.scopes = domain::Scopes::NONE;
        Standing::Holds(Arc::new(principal))
    };
    let Some(after) = approved(narrowed).await else { return };
    assert_eq!(after, (OutgoingState::Cancelled, 0));
}
