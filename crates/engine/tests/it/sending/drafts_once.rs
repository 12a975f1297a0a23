//! A draft leaves once in each version, whatever it is asked for with.

use domain::{ApprovalPlace, ApprovalRule, Code, DraftId, Limits};
use engine::outgoing::{DraftRequest, Drafted, SendOutcome, SendRequest, SendStatus, Sending};
use testkit::smtp_sink::{Act, Fault, SinkOptions, Stage};

use super::outbox_world::{OutboxWorld, ended, letter};

async fn drafted(world: &OutboxWorld, replaces: Option<&DraftId>, subject: &str) -> Drafted {
    let composition = letter(&["bob@example.org"], subject);
    let request = DraftRequest { replaces: replaces.cloned(), composition };
    world.engine.draft(&world.principal, request).await.unwrap()
}

fn wish(draft: &DraftId, expect: Option<&str>, key: Option<&str>) -> SendRequest {
    SendRequest {
        sending: Sending::Draft { draft: draft.clone(), expect: expect.map(str::to_owned), account: None },
        key: key.map(str::to_owned),
        at: None,
    }
}

/// A grant whose person is asked in the client about every message.
async fn asking() -> Option<OutboxWorld> {
    let mut world = OutboxWorld::new(SinkOptions::default()).await?;
    world.principal.limits = Limits {
        approval: Some(ApprovalRule::Always),
        approval_place: Some(ApprovalPlace::Client),
        ..Limits::default()
    };
    Some(world)
}

async fn decide(world: &OutboxWorld, outcome: &SendOutcome, is_approved: bool) -> SendOutcome {
    let id = &outcome.approval.as_ref().unwrap().id;
    world.engine.answer_approval(&world.principal, id, is_approved).await.unwrap()
}

#[tokio::test]
async fn a_draft_that_was_sent_answers_what_became_of_it_however_it_is_asked() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let draft = drafted(&world, None, "Tea").await;
    let first = world.send(wish(&draft.draft, None, None)).await.unwrap();
    assert!(first.status == SendStatus::Sent && !first.is_repeated);
    let mut of_account = wish(&draft.draft, None, None);
    if let Sending::Draft { account, .. } = &mut of_account.sending {
        *account = Some("work".into());
    }
    let again = [
        wish(&draft.draft, None, None),
        wish(&draft.draft, Some(&draft.expect), None),
        of_account,
        wish(&draft.draft, None, Some("another key")),
        wish(&draft.draft, Some(&draft.expect), Some("a third key")),
    ];
    for wish in again {
        let told = format!("{wish:?}");
        let outcome = world.send(wish).await.unwrap();
        assert!(outcome.is_repeated && outcome.message_id == first.message_id, "{told}: {outcome:?}");
    }
    assert_eq!(world.state_of(draft.draft.as_str()).await.unwrap().status, SendStatus::Sent);
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn a_draft_that_was_replaced_while_its_first_version_waits_is_a_conflict() {
    let Some(world) = asking().await else { return };
    let one = drafted(&world, None, "One").await;
    let draft = one.draft.clone();
    let waiting = world.send(wish(&draft, None, None)).await.unwrap();
    assert_eq!(waiting.status, SendStatus::ApprovalNeeded);
    assert!(world.send(wish(&draft, Some(&one.expect), None)).await.unwrap().is_repeated);
    let two = drafted(&world, Some(&draft), "Two").await;
    for expect in [None, Some(two.expect.as_str())] {
        let problem = world.send(wish(&draft, expect, None)).await.unwrap_err();
        assert_eq!(problem.code, Code::Conflict);
        assert!(problem.message.contains(&one.expect) && problem.message.contains("waits"), "{problem:?}");
        assert!(
            problem.hint.contains("deny") && problem.hint.contains("new `idempotency_key`"),
            "{problem:?}"
        );
    }
    assert!(world.send(wish(&draft, Some(&one.expect), None)).await.unwrap().is_repeated);
    // Deliberately.
    let second = world.send(wish(&draft, None, Some("two"))).await.unwrap();
    assert!(!second.is_repeated && second.message_id != waiting.message_id);
    for key in [None, Some("two"), Some("three")] {
        let again = world.send(wish(&draft, Some(&two.expect), key)).await.unwrap();
        assert!(again.is_repeated && again.message_id == second.message_id, "{key:?}");
    }
    assert_eq!(decide(&world, &second, true).await.status, SendStatus::Sent);
    assert_eq!(decide(&world, &waiting, false).await.status, SendStatus::Denied);
    let sent = ended(&world.sink);
    assert_eq!(sent.len(), 1);
    assert!(String::from_utf8_lossy(&sent[0].message()).contains("Subject: Two"));
}

#[tokio::test]
async fn a_key_that_was_given_names_one_version_of_its_draft() {
    let Some(world) = asking().await else { return };
    let one = drafted(&world, None, "One").await;
    let draft = one.draft.clone();
    let waiting = world.send(wish(&draft, Some(&one.expect), Some("k"))).await.unwrap();
    assert!(world.send(wish(&draft, None, Some("k"))).await.unwrap().is_repeated);
    drafted(&world, Some(&draft), "Two").await;
    assert_eq!(world.send(wish(&draft, None, Some("k"))).await.unwrap_err().code, Code::Conflict);
    assert_eq!(world.send(wish(&draft, None, None)).await.unwrap_err().code, Code::Conflict);
    let told = world.state_of(draft.as_str()).await.unwrap();
    assert_eq!(told.message_id, waiting.message_id, "asked by the draft, though it has another key");
}

#[tokio::test]
async fn what_perhaps_left_is_not_sent_under_another_key() {
    let options = SinkOptions::default().fault(Fault::new(Stage::End, Act::Close).once());
    let Some(world) = OutboxWorld::new(options).await else { return };
    let draft = drafted(&world, None, "Tea").await.draft;
    assert_eq!(world.send(wish(&draft, None, Some("k"))).await.unwrap().status, SendStatus::Unknown);
    for key in [None, Some("k"), Some("another")] {
        let again = world.send(wish(&draft, None, key)).await.unwrap();
        assert!(again.is_repeated && again.status == SendStatus::Unknown, "{key:?}");
    }
    assert_eq!(ended(&world.sink).len(), 1);
}

#[tokio::test]
async fn what_was_denied_is_asked_again_only_under_a_new_key() {
    let Some(world) = asking().await else { return };
    let draft = drafted(&world, None, "Tea").await.draft;
    let first = world.send(wish(&draft, None, None)).await.unwrap();
    let denied = decide(&world, &first, false).await;
    assert!(denied.hint.contains("new `idempotency_key`"), "{}", denied.hint);
    let again = world.send(wish(&draft, None, None)).await.unwrap();
    assert!(again.is_repeated && again.status == SendStatus::Denied);
    let anew = world.send(wish(&draft, None, Some("please"))).await.unwrap();
    assert!(!anew.is_repeated && anew.status == SendStatus::ApprovalNeeded);
    // Nobody answers, and nobody has looked at it since.
    world.clock.forward(24 * 3_600 + 1);
    let expired = world.send(wish(&draft, None, Some("please"))).await.unwrap();
    assert!(expired.status == SendStatus::Expired && expired.hint.contains("new `idempotency_key`"));
    let third = world.send(wish(&draft, None, Some("a third time"))).await.unwrap();
    assert!(!third.is_repeated && third.status == SendStatus::ApprovalNeeded);
}

#[tokio::test]
async fn what_failed_is_sent_again_as_it_is_by_then() {
    let options = SinkOptions::default().fault(Fault::say(Stage::Mail, "554 5.7.1 no").once());
    let Some(world) = OutboxWorld::new(options).await else { return };
    let one = drafted(&world, None, "One").await;
    assert_eq!(world.send(wish(&one.draft, None, None)).await.unwrap_err().code, Code::ServerRefused);
    drafted(&world, Some(&one.draft), "Two").await;
    assert_eq!(world.send(wish(&one.draft, None, None)).await.unwrap().status, SendStatus::Sent);
}

#[tokio::test]
async fn many_calls_at_once_with_different_keys_send_a_draft_once() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let draft = drafted(&world, None, "Tea").await.draft;
    let keys: Vec<String> = (0..6).map(|number| number.to_string()).collect();
    let calls = keys.iter().map(|key| world.send(wish(&draft, None, Some(key))));
    for outcome in futures_util::future::join_all(calls).await {
        // Whoever comes after the draft is gone and knows of none is told so.
        if let Err(problem) = outcome {
            assert!(matches!(problem.code, Code::NotFound | Code::Conflict), "{problem:?}");
        }
    }
    assert_eq!(ended(&world.sink).len(), 1);
}
