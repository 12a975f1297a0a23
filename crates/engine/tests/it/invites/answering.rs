//! Answers: to whom, in which form, how often, and under whose yes.

use std::{io::Write as _, path::Path, process::Command};

use domain::{AccountSource, ApprovalRule, Code, HomeAccount, Limits, Scope, Scopes};
use engine::{
    invite::{Answer, InviteReplyRequest},
    outgoing::SendStatus,
};
use serde_json::{Value, json};
use storage::{Decision, OutgoingState};
use testkit::require_python;

use super::letters::{Ics, calendar, events, fill, inbox, read, reply, tea, with_part, world};
use crate::sending::outbox_world::{OutboxWorld, letter, request};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_answer.py");

const BOB: &str = "Bob <bob@example.org>";

/// The message as Python's email package and its icalendar read it.
fn read_by_python(python: &Path, message: &str) -> Value {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(message.as_bytes()).unwrap();
    let output = Command::new(python).arg(PYTHON).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn flags(world: &OutboxWorld) -> Vec<String> {
    let files = std::fs::read_dir(world.maildir.path_of("INBOX").unwrap().join("cur")).unwrap();
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn an_answer_goes_to_the_organizer_alone_in_a_form_that_other_programs_read() {
    let Some(world) = world().await else { return };
    let Some(python) = require_python() else { return };
    let AccountSource::Stored(account) = &world.principal.accounts[0].source else { panic!("not stored") };
    world.store.filing_learn(&HomeAccount::Stored(account.clone()), false).await.unwrap();
    let invite = Ics {
        sequence: 3,
        attendees: vec!["carl@example.org", "ALICE@example.com"],
        summary: "Tée\\; and\\, cake with a name so long that its line has to be folded by whoever writes it",
        more: "RRULE:FREQ=WEEKLY\r\n",
        ..tea()
    };
    fill(&world, vec![invite.mail("Robert <robert@elsewhere.example>")], Vec::new());
    let comment = "I bring cake.\nAnd t\u{e9}a.".to_owned();
    let request = InviteReplyRequest { id: inbox(1), answer: Answer::Tentative, comment };
    let outcome = world.engine.invite_reply(&world.principal, request).await.unwrap();
    assert_eq!((outcome.status, outcome.is_repeated, outcome.hint.as_str()), (SendStatus::Sent, false, ""));
    let received = world.sink.received();
    assert_eq!((received.len(), received[0].from.as_str()), (1, "alice@example.com"));
    assert_eq!(received[0].to, ["bob@example.org"]);
    let found = read_by_python(&python, &received[0].message);
    assert_eq!(found["types"], json!(["multipart/alternative", "text/plain", "text/calendar"]));
    assert_eq!(found["parameters"], json!({"method": "REPLY", "charset": "utf-8"}));
    assert_eq!(
        (&found["to"], &found["cc"], &found["reply_to"]),
        (&json!("bob@example.org"), &json!(null), &json!(null))
    );
    assert_eq!(found["in_reply_to"], found["references"]);
    assert_eq!(found["defects"], json!([]));
    let subject = found["subject"].as_str().unwrap();
    assert!(subject.starts_with("Tentative: Tée; and, cake"), "{subject}");
    let text = found["text"].as_str().unwrap();
    assert!(text.starts_with("Alice tentatively accepts the invitation to “Tée; and, cake"), "{text}");
    assert!(
        text.contains("2026-11-24T10:00:00+01:00 (Europe/Berlin)")
            && text.contains("I bring cake.\nAnd téa."),
        "{text}"
    );
    assert_eq!(found["errors"], json!([]));
    let calendar = &found["calendar"];
    assert_eq!(calendar["method"], "REPLY");
    assert_eq!((&calendar["uid"], &calendar["sequence"]), (&json!("tea@example.org"), &json!(3)));
    assert_eq!(calendar["attendees"], json!([["mailto:ALICE@example.com", "TENTATIVE"]]));
    assert_eq!(calendar["organizer"], "mailto:bob@example.org");
    assert_eq!(calendar["comment"], "I bring cake.\nAnd téa.");
    assert_eq!(calendar["stamp"], "2026-11-21T12:00:00+00:00");
    // It is filed, marks the invite, and is known from then on.
    let filed = world.filed("Sent");
    assert!(filed.len() == 1 && filed[0].contains("METHOD:REPLY"), "{filed:?}");
    assert!(flags(&world)[0].contains('R'), "{:?}", flags(&world));
    assert_eq!(read(&world, 1).await.events[0].answered, "tentative");
}

#[tokio::test]
async fn the_same_answer_is_not_sent_twice_and_another_one_is() {
    let Some(world) = world().await else { return };
    fill(&world, vec![tea().mail(BOB), tea().mail("bob@example.org")], Vec::new());
    let mut sent = Vec::new();
    // The second mail is of the same event.
    for (uid, answer, is_repeated) in [
        (1, Answer::Accept, false),
        (1, Answer::Accept, true),
        (2, Answer::Accept, true),
        (1, Answer::Decline, false),
        (1, Answer::Decline, true),
        (1, Answer::Accept, false),
        (2, Answer::Accept, true),
    ] {
        let outcome = reply(&world, uid, answer).await.unwrap();
        assert_eq!((outcome.status, outcome.is_repeated), (SendStatus::Sent, is_repeated), "{answer:?}");
        sent.push(outcome.message_id);
    }
    assert_eq!(world.sink.received().len(), 3);
    assert_eq!((&sent[0], &sent[2], &sent[5]), (&sent[1], &sent[1], &sent[6]));
    assert_ne!(sent[0], sent[5]);
}

#[tokio::test]
async fn an_answer_to_whoever_took_the_uid_is_none_to_the_event() {
    let Some(world) = world().await else { return };
    let trap = Ics { organizer: "eve@evil.example", ..tea() };
    fill(&world, vec![trap.mail("eve@evil.example"), tea().mail(BOB)], Vec::new());
    for uid in [1, 2] {
        assert!(!reply(&world, uid, Answer::Decline).await.unwrap().is_repeated);
    }
    let received = world.sink.received();
    assert_eq!(
        (&received[0].to[0], &received[1].to[0]),
        (&"eve@evil.example".into(), &"bob@example.org".into())
    );
}

#[tokio::test]
async fn two_calls_at_once_answer_once() {
    let Some(world) = world().await else { return };
    fill(&world, vec![tea().mail(BOB)], Vec::new());
    let (one, other) = tokio::join!(reply(&world, 1, Answer::Accept), reply(&world, 1, Answer::Accept));
    assert_eq!(one.unwrap().message_id, other.unwrap().message_id);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn an_organizer_whom_nobody_knows_gets_no_byte_before_the_person_says_yes() {
    for rule in [ApprovalRule::NewRecipients, ApprovalRule::AfterStrangers, ApprovalRule::Always] {
        let Some(mut world) = world().await else { return };
        world.principal.limits = Limits { approval: Some(rule), ..Limits::default() };
        // Eve writes, but whoever answers writes to her other address.
        let invite = Ics { organizer: "drop@evil.example", ..tea() };
        fill(&world, vec![invite.mail("Bob <bob@example.org>")], Vec::new());
        let outcome = reply(&world, 1, Answer::Accept).await.unwrap();
        assert_eq!(outcome.status, SendStatus::ApprovalNeeded, "{rule:?}");
        assert_eq!(outcome.recipients[0].address, "drop@evil.example");
        let again = reply(&world, 1, Answer::Accept).await.unwrap();
        assert_eq!((again.status, again.is_repeated), (SendStatus::ApprovalNeeded, true), "{rule:?}");
        assert!(world.sink.transactions().is_empty(), "{rule:?}");
        let approval = outcome.approval.unwrap();
        let row = world.store.approval_find(&approval.id).await.unwrap().unwrap();
        assert_eq!((row.state, row.frozen.subject.as_str()), (OutgoingState::Waiting, "Accepted: Tea"));
        assert!(
            row.frozen.preview.starts_with("Alice accepts the invitation to “Tea”"),
            "{}",
            row.frozen.preview
        );
        world.store.approval_decide(&approval.id, Decision::Approve, "alice").await.unwrap();
        let sent = reply(&world, 1, Answer::Accept).await.unwrap();
        assert_eq!((sent.status, sent.message_id), (SendStatus::Sent, outcome.message_id), "{rule:?}");
        assert_eq!(world.sink.received()[0].to, ["drop@evil.example"]);
    }
}

#[tokio::test]
async fn a_list_of_recipients_holds_for_organizers() {
    let Some(mut world) = world().await else { return };
    world.principal.limits.recipients = vec!["*@example.org".into()];
    fill(&world, vec![Ics { organizer: "eve@evil.example", ..tea() }.mail(BOB), tea().mail(BOB)], Vec::new());
    let problem = reply(&world, 1, Answer::Decline).await.unwrap_err();
    assert_eq!(problem.code, Code::RecipientNotAllowed);
    assert_eq!(reply(&world, 2, Answer::Decline).await.unwrap().status, SendStatus::Sent);
    assert_eq!(world.sink.received().len(), 1);
}

#[tokio::test]
async fn reading_an_invite_counts_as_reading_mail() {
    let Some(mut world) = world().await else { return };
    world.principal.limits = Limits { approval: Some(ApprovalRule::AfterStrangers), ..Limits::default() };
    fill(&world, vec![tea().mail("eve@evil.example")], Vec::new());
    let to_carl = |key| request(letter(&["carl@example.org"], "Hello"), Some(key));
    assert_eq!(world.send(to_carl("before")).await.unwrap().status, SendStatus::Sent);
    read(&world, 1).await;
    let carl = request(letter(&["dora@example.org"], "Hello"), Some("after"));
    assert_eq!(world.send(carl).await.unwrap().status, SendStatus::ApprovalNeeded);
}

#[tokio::test]
async fn after_a_no_the_same_answer_is_no_for_a_while_and_then_a_new_question() {
    let Some(mut world) = world().await else { return };
    world.principal.limits = Limits { approval: Some(ApprovalRule::Always), ..Limits::default() };
    fill(&world, vec![tea().mail(BOB)], Vec::new());
    let asked = reply(&world, 1, Answer::Accept).await.unwrap().approval.unwrap();
    world.store.approval_decide(&asked.id, Decision::Deny, "alice").await.unwrap();
    let denied = reply(&world, 1, Answer::Accept).await.unwrap();
    assert_eq!((denied.status, denied.is_repeated), (SendStatus::Denied, true));
    assert!(!denied.hint.contains("idempotency_key"), "{}", denied.hint);
    world.clock.forward(3_600);
    let again = reply(&world, 1, Answer::Accept).await.unwrap();
    assert_eq!(again.status, SendStatus::ApprovalNeeded);
    assert_ne!(again.approval.unwrap().id, asked.id);
    assert!(world.sink.transactions().is_empty());
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let Some(world) = world().await else { return };
    let part = |text: &str| with_part(&format!("Content-Type: text/calendar\r\n\r\n{text}"));
    let other = Ics { uid: "other@example.org", ..tea() };
    let mails = vec![
        Ics { method: "CANCEL", uid: "1@x", ..tea() }.mail(BOB),
        Ics { organizer: "", uid: "2@x", ..tea() }.mail(BOB),
        Ics { organizer: "Alice@example.com", uid: "3@x", ..tea() }.mail(BOB),
        part(&Ics { method: "PUBLISH", ..tea() }.text()),
        part(&tea().text().replace("METHOD:REQUEST\r\n", "")),
        Ics { method: "REPLY", uid: "6@x", ..tea() }.mail(BOB),
        part(&events(&[tea(), other])),
        Ics { organizer: "not an address", uid: "8@x", ..tea() }.mail(BOB),
        part(&calendar("REQUEST", &[])),
        tea().mail(BOB),
        Ics { sequence: 1, ..tea() }.mail(BOB),
    ];
    fill(&world, mails, Vec::new());
    for (uid, code, words) in [
        (1, Code::Conflict, "cancelled"),
        (2, Code::NotSupported, "no organizer"),
        (3, Code::InvalidInput, "organizes this event"),
        (4, Code::NotSupported, "asks for no answer"),
        (5, Code::NotSupported, "asks for no answer"),
        (6, Code::NotSupported, "itself an answer"),
        (7, Code::NotSupported, "several events"),
        (8, Code::NotSupported, "organizer"),
        (9, Code::NotFound, "no event"),
        (10, Code::Conflict, "out of date"),
    ] {
        let problem = reply(&world, uid, Answer::Accept).await.unwrap_err();
        assert_eq!(problem.code, code, "{uid}: {problem:?}");
        assert!(problem.message.contains(words), "{uid}: {problem:?}");
        assert!(uid != 10 || problem.hint.contains(&inbox(11)), "{problem:?}");
    }
    assert!(world.sink.transactions().is_empty());
    assert_eq!(reply(&world, 11, Answer::Accept).await.unwrap().status, SendStatus::Sent);
}

#[tokio::test]
async fn who_was_not_invited_by_name_answers_with_the_accounts_address_and_is_told() {
    let Some(world) = world().await else { return };
    fill(&world, vec![Ics { attendees: vec!["team@example.com"], ..tea() }.mail(BOB)], Vec::new());
    let outcome = reply(&world, 1, Answer::Accept).await.unwrap();
    assert_eq!(outcome.status, SendStatus::Sent);
    assert!(outcome.hint.contains("not among those invited"), "{}", outcome.hint);
    let message = &world.sink.received()[0].message;
    assert!(
        message.contains("mailto:alice@example.com") && !message.contains("team@example.com"),
        "{message}"
    );
}

#[tokio::test]
async fn answering_needs_both_scopes_and_a_comment_of_sound_text() {
    let Some(mut world) = world().await else { return };
    fill(&world, vec![tea().mail(BOB)], Vec::new());
    for (comment, code) in [("x".repeat(2_001), Code::TooLarge), ("a\u{7}b".to_owned(), Code::InvalidInput)] {
        let request = InviteReplyRequest { id: inbox(1), answer: Answer::Accept, comment };
        let problem = world.engine.invite_reply(&world.principal, request).await.unwrap_err();
        assert_eq!(problem.code, code);
    }
    for missing in [Scope::Send, Scope::Read] {
        world.principal.scopes = Scopes::all().iter().filter(|scope| *scope != missing).collect();
        let problem = reply(&world, 1, Answer::Accept).await.unwrap_err();
        assert_eq!(problem.code, Code::ScopeMissing, "{missing:?}");
    }
    assert!(world.sink.transactions().is_empty());
}
