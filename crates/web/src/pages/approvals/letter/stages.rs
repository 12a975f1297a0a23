//! What the page of a message says once it is over: how it ended, what that means, and where to look on.

use access::OutgoingState;
use time::Duration;

use super::*;
use crate::pages::{
    approvals::Row,
    outgoing::{NOW, asked, outgoing, refused_for_carol, refused_with},
};

/// A message that was answered so, and how far it came.
fn answered(answer: ApprovalState, state: OutgoingState) -> Outgoing {
    Outgoing { approval: Some(asked(answer)), ..outgoing(state) }
}

fn stage(message: &Outgoing) -> Stage {
    Stage::of(message, NOW, false)
}

/// The page of a message of which only the envelope is kept.
fn shown(stage: Stage) -> String {
    let page = Page {
        frame: Frame::outside(),
        path: "/approvals/apr_7".to_owned(),
        subject: "Plans".to_owned(),
        agent: "Letter writer".to_owned(),
        agent_path: None,
        account: "work".to_owned(),
        asked: Moment::of(NOW, NOW),
        stage,
        leaves: None,
        reasons: Vec::new(),
        envelope: vec!["bob@example.org".to_owned()],
        shown: None,
        unreadable: String::new(),
        draft: None,
        wants_proof: false,
        has_password: true,
        has_other_way: false,
        slip: None,
        proof: String::new(),
    };
    page.render().unwrap()
}

#[test]
fn a_question_that_was_not_answered_in_time_says_so_and_what_to_do() {
    let mut late = answered(ApprovalState::Waiting, OutgoingState::Waiting);
    late.approval.as_mut().unwrap().expires = NOW;
    for message in [answered(ApprovalState::Expired, OutgoingState::Expired), late] {
        let stage = stage(&message);
        assert_eq!((stage.word, stage.tone.class(), stage.is_open), ("not answered", "warn", false));
        let page = shown(stage);
        assert!(page.contains("Nobody answered in time."), "{page}");
        assert!(page.contains("Nothing was sent.") && page.contains("have the agent ask again"), "{page}");
        assert!(!page.contains("/approvals/apr_7/deny") && !page.contains("Look again"), "{page}");
    }
    let mut open = answered(ApprovalState::Waiting, OutgoingState::Waiting);
    open.approval.as_mut().unwrap().expires = NOW + Duration::SECOND;
    let open = stage(&open);
    assert!(open.is_open && open.title.contains("ends in less than a minute"), "{open:?}");
    assert!(shown(open).contains("/approvals/apr_7/deny"));
}

#[test]
fn a_yes_to_a_message_for_later_says_when_it_is_sent() {
    let mut later = answered(ApprovalState::Approved, OutgoingState::Scheduled);
    later.due = NOW + Duration::hours(3);
    let stage = stage(&later);
    assert_eq!((stage.word, stage.tone.class(), stage.is_moving), ("scheduled", "ok", false));
    let page = shown(stage);
    assert!(page.contains("You said yes. It is sent in 3 hours."), "{page}");
    assert!(!page.contains("Look again") && page.contains("href=\"/outbox\""), "{page}");
    // its time has come
    later.due = NOW;
    let stage = self::stage(&later);
    assert_eq!((stage.word, stage.is_moving), ("being sent", true));
    assert!(shown(stage).contains("<a href=\"/approvals/apr_7\">Look again</a>"));
}

#[test]
fn what_was_sent_to_some_names_the_others_and_the_servers_reason() {
    let mut some = answered(ApprovalState::Approved, OutgoingState::PartlySent);
    some.outcome = Some(refused_for_carol("550 no such <b>user</b>"));
    let stage = stage(&some);
    assert_eq!((stage.word, stage.tone.class(), stage.is_moving), ("partly sent", "warn", false));
    let page = shown(stage);
    assert!(page.contains("It was sent, but not to everybody."), "{page}");
    let told = "carol@example.org: “550 no such &#60;b&#62;user&#60;/b&#62;”";
    assert!(page.contains(told) && !page.contains("bob@example.org: “"), "{page}");
}

#[test]
fn what_may_have_been_sent_says_that_it_is_not_sent_again_by_itself() {
    let stage = stage(&answered(ApprovalState::Approved, OutgoingState::Unknown));
    assert_eq!((stage.word, stage.tone.class(), stage.is_moving), ("unclear", "bad", false));
    let page = shown(stage);
    assert!(page.contains("It may have been sent.") && page.contains("not sent again by itself"), "{page}");
    assert!(page.contains("href=\"/outbox\""), "{page}");
}

#[test]
fn what_could_not_be_sent_says_why_and_whether_it_is_tried_again() {
    let outcome = Some(refused_with("554 5.7.1 \u{202e}policy"));
    let mut failed = answered(ApprovalState::Approved, OutgoingState::Failed);
    failed.outcome.clone_from(&outcome);
    let stage = stage(&failed);
    assert_eq!((stage.word, stage.tone.class(), stage.is_moving), ("failed", "bad", false));
    let page = shown(stage);
    assert!(page.contains("You said yes, but it could not be sent."), "{page}");
    assert!(page.contains("The server did not take the message. The server said: “554 5.7.1 "), "{page}");
    assert!(!page.contains('\u{202e}') && !page.contains("Look again"), "{page}");

    let mut again = answered(ApprovalState::Approved, OutgoingState::Ready);
    again.outcome = outcome;
    again.due = NOW + Duration::minutes(5);
    let stage = self::stage(&again);
    assert_eq!((stage.word, stage.tone.class(), stage.is_moving), ("delayed", "warn", true));
    let page = shown(stage);
    assert!(page.contains("It could not be sent yet, and is tried again."), "{page}");
    assert!(page.contains("The server said: “554 5.7.1 ") && page.contains("Look again"), "{page}");
    // unless its agent may not go on: then the person's own doing is what it waits for
    let paused = Stage::of(&again, NOW, true);
    assert_eq!((paused.word, paused.is_moving), ("waits for the agent", false));
    assert!(shown(paused).contains("It is sent once you let the agent go on."));
}

#[test]
fn a_no_and_what_was_taken_back_say_that_nothing_was_sent() {
    for (answer, state, word, title) in [
        (ApprovalState::Denied, OutgoingState::Denied, "denied", "You said no."),
        (ApprovalState::Cancelled, OutgoingState::Cancelled, "taken back", "before it was answered."),
        (ApprovalState::Approved, OutgoingState::Cancelled, "taken back", "then it was taken back."),
    ] {
        let stage = stage(&answered(answer, state));
        assert_eq!((stage.word, stage.is_open, stage.is_moving), (word, false, false));
        let page = shown(stage);
        assert!(page.contains(title) && page.contains("Nothing was sent"), "{page}");
    }
    let sent = stage(&answered(ApprovalState::Approved, OutgoingState::Sent));
    assert_eq!((sent.word, sent.tone.class(), sent.text.as_str()), ("sent", "ok", ""));
    assert!(shown(sent).contains("You said yes, and it was sent."));
}

#[test]
fn the_list_says_in_a_word_what_became_of_each() {
    let message = answered(ApprovalState::Approved, OutgoingState::PartlySent);
    let over = vec![Row::of(&message, NOW).unwrap()];
    let list = super::super::Page { frame: Frame::outside(), waiting: Vec::new(), over };
    let page = list.render().unwrap();
    assert!(page.contains("<span class=\"badge warn\">partly sent</span>"), "{page}");
    assert!(page.contains("bob@example.org, carol@example.org") && page.contains("Nothing waits for you"));
    assert!(Row::of(&outgoing(OutgoingState::Sent), NOW).is_none(), "nobody was asked about it");
}
