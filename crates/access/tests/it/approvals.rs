//! Answers to what waits, and their rows in the audit trail.

use std::io;

use access::{Access, Decision, Error};
use access::{ApprovalRefusal, Browser, SignInRefusal, SignedIn};
use domain::{ApprovalId, ApprovalReason, HomeAccount, OutboxId, Secret};
use storage::{Frozen, NewApproval, NewOutgoing, OutgoingState, Pieces};
use time::Duration;

use crate::world::{World, name, person, token};

struct Nothing;

impl Pieces for Nothing {
    async fn next(&mut self) -> io::Result<Option<bytes::Bytes>> {
        Ok(None)
    }
}

/// A message of ann's that waits for an hour.
pub(crate) async fn ask(world: &World, access: &Access, number: u8) -> ApprovalId {
    ask_with(world, access, number, 1).await
}

/// The same, with so many recipients who are new.
async fn ask_with(world: &World, access: &Access, number: u8, new_recipients: u32) -> ApprovalId {
    let (store, new) = (world.store().await, waiting(world, access, number, new_recipients).await);
    store.outbox_add(&new, Nothing).await.unwrap();
    new.approval.unwrap().id
}

/// A message that knew all of its recipients when it was frozen, and was asked about when it was to leave.
async fn ask_later(world: &World, access: &Access, number: u8, reasons: Vec<ApprovalReason>) -> ApprovalId {
    let (store, mut new) = (world.store().await, waiting(world, access, number, 0).await);
    let question = NewApproval { reasons, ..new.approval.take().unwrap() };
    new.state = OutgoingState::Ready;
    store.outbox_add(&new, Nothing).await.unwrap();
    let lease = new.due + Duration::minutes(1);
    store.outbox_claim(&new.id, "one", lease).await.unwrap().unwrap();
    assert!(store.outbox_hold(&new.id, "one", &question).await.unwrap());
    question.id
}

async fn waiting(world: &World, access: &Access, number: u8, new_recipients: u32) -> NewOutgoing {
    let account = access.account_list("ann").await.unwrap().remove(0);
    let now = domain::Clock::now(&*world.clock);
    NewOutgoing {
        id: OutboxId::from_random([number; 16]),
        grant: access.token_list("ann").await.unwrap().remove(0).grant.id,
        user: "ann".to_owned(),
        client: "claude".to_owned(),
        account: HomeAccount::Stored(account.id),
        account_name: name("work"),
        key: number.to_string(),
        key_until: None,
        content: [0; 32],
        frozen: Frozen {
            from: "ann@example.org".to_owned(),
            recipients: vec!["carla@example.net".to_owned()],
            message_id: "<1@example.org>".to_owned(),
            subject: "Hello".to_owned(),
            ..Frozen::default()
        },
        state: OutgoingState::Waiting,
        due: now,
        approval: Some(NewApproval {
            id: ApprovalId::from_random([number; 16]),
            reasons: Vec::new(),
            expires: now + Duration::hours(1),
            is_to_be_told: true,
        }),
        new_recipients,
    }
}

#[tokio::test]
async fn an_answer_is_given_once_and_recorded() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    person(&access, "bob", &[]).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    let (yes, no, late) =
        (ask(&world, &access, 1).await, ask(&world, &access, 2).await, ask(&world, &access, 3).await);
    assert_eq!(access.approval_list(Some("ann")).await.unwrap().len(), 3);
    assert_eq!(access.approval_list(Some("bob")).await.unwrap().len(), 0);
    assert!(matches!(access.approval_list(Some("eve")).await, Err(Error::UserNotFound { .. })));
    assert!(matches!(access.approval_find(&yes, Some("bob")).await, Err(Error::ApprovalNotFound(_))));
    assert_eq!(access.approval_find(&yes, Some("ann")).await.unwrap().frozen.subject, "Hello");

    let decided = access.approval_decide(&yes, Decision::Approve, "root").await.unwrap();
    assert_eq!(decided.state, OutgoingState::Ready);
    let decided = access.approval_decide(&no, Decision::Deny, "root").await.unwrap();
    assert_eq!(decided.state, OutgoingState::Denied);
    let again = access.approval_decide(&yes, Decision::Deny, "root").await;
    assert!(matches!(again, Err(Error::ApprovalDecided("ready"))), "{again:?}");
    world.forward(3600);
    let expired = access.approval_decide(&late, Decision::Approve, "root").await;
    assert!(matches!(expired, Err(Error::ApprovalExpired)));
    let absent = access.approval_decide(&ApprovalId::from_text("apr_1"), Decision::Approve, "root").await;
    assert!(matches!(absent, Err(Error::ApprovalNotFound(_))));

    access.flush().await;
    let rows = access.audit_list("ann", 10).await.unwrap();
    let said: Vec<_> = rows
        .iter()
        .map(|row| (row.row.tool.as_str(), row.row.outcome.as_str(), row.row.targets.as_str()))
        .collect();
    let targets = |id: &ApprovalId| format!("[\"{id}\",\"by:root\"]");
    assert_eq!(said, [("approval", "denied", &*targets(&no)), ("approval", "approved", &*targets(&yes))]);
}

const PASSWORD: &str = "long enough";

async fn signed_in(access: &Access, name: &str) -> SignedIn {
    access
        .sign_in(name, &Secret::new(PASSWORD), &Browser::default())
        .await
        .unwrap()
        .opened()
        .unwrap()
        .signed_in
}

#[tokio::test]
async fn a_message_to_somebody_new_takes_a_proof_for_that_very_message() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    let (one, other) = (ask(&world, &access, 1).await, ask(&world, &access, 2).await);
    let ann = signed_in(&access, "ann").await;
    let browser = Browser::default();
    let approve = async |id: &ApprovalId, password: &str| {
        access.approval_approve(&ann, id, &Secret::new(password), &browser).await
    };
    // a session that was just opened is no proof for a message
    assert!(matches!(approve(&one, "").await, Err(ApprovalRefusal::ProofNeeded)));
    assert!(matches!(approve(&one, "guess").await, Err(ApprovalRefusal::Proof(SignInRefusal::Wrong))));
    let message = access.approval_of(&ann, &one).await.unwrap();
    assert_eq!(message.state, OutgoingState::Waiting);
    assert!(access.approval_wants_proof(&ann, &one, &message));
    assert_eq!(access.approvals_count(&ann).await.unwrap(), 2);

    assert_eq!(approve(&one, PASSWORD).await.unwrap().state, OutgoingState::Ready);
    // the proof was for the one
    assert!(matches!(approve(&other, "").await, Err(ApprovalRefusal::ProofNeeded)));
    // who is told that it was answered is asked for nothing
    let again = approve(&one, "").await;
    assert!(matches!(again, Err(ApprovalRefusal::Answer(Error::ApprovalDecided("ready")))), "{again:?}");
    let known = ask_with(&world, &access, 3, 0).await;
    assert_eq!(approve(&known, "").await.unwrap().state, OutgoingState::Ready);

    assert_eq!(access.approval_deny(&ann, &other).await.unwrap().state, OutgoingState::Denied);
    assert_eq!(access.approvals_count(&ann).await.unwrap(), 0);
    assert_eq!(access.approvals_over(&ann, 10).await.unwrap().len(), 3);
    access.flush().await;
    let rows = access.audit_list("ann", 20).await.unwrap();
    let mut said: Vec<_> =
        rows.iter().filter(|row| row.row.tool == "approval").map(|row| row.row.outcome.as_str()).collect();
    said.sort_unstable();
    assert_eq!(said, ["approved", "approved", "decided_before", "denied"]);
    assert!(rows.iter().filter(|row| row.row.tool == "approval").all(|row| row.row.door == "page"));
}

#[tokio::test]
async fn what_is_asked_about_later_takes_a_proof_if_somebody_is_new_and_for_no_other_reason() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    let address = "carla@example.net".to_owned();
    let odd = "\"x: never written to before.\"@evil.example".to_owned();
    let reasons = vec![ApprovalReason::Always, ApprovalReason::NewRecipient { address: address.clone() }];
    let new = ask_later(&world, &access, 1, reasons).await;
    let reasons = vec![
        ApprovalReason::Always,
        ApprovalReason::AcrossAccounts { address, read: "home".parse().ok() },
        ApprovalReason::AcrossAccounts { address: odd, read: None },
    ];
    let known = ask_later(&world, &access, 2, reasons).await;
    let ann = signed_in(&access, "ann").await;
    let approve = async |id| access.approval_approve(&ann, id, &Secret::new(""), &Browser::default()).await;
    let message = access.approval_of(&ann, &new).await.unwrap();
    assert_eq!(message.new_recipients, 0);
    assert!(access.approval_wants_proof(&ann, &new, &message));
    assert!(matches!(approve(&new).await, Err(ApprovalRefusal::ProofNeeded)));
    let message = access.approval_of(&ann, &known).await.unwrap();
    assert!(!access.approval_wants_proof(&ann, &known, &message));
    assert_eq!(approve(&known).await.unwrap().state, OutgoingState::Ready);
}

#[tokio::test]
async fn what_is_asked_of_another_is_not_there_and_what_is_late_is_over() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &["work"]).await;
    person(&access, "bob", &[]).await;
    access.token_new("ann", &token("claude")).await.unwrap();
    let id = ask(&world, &access, 1).await;
    let (ann, bob) = (signed_in(&access, "ann").await, signed_in(&access, "bob").await);
    let (password, browser) = (Secret::new(PASSWORD), Browser::default());
    let foreign = access.approval_approve(&bob, &id, &password, &browser).await;
    assert!(matches!(foreign, Err(ApprovalRefusal::Answer(Error::ApprovalNotFound(_)))), "{foreign:?}");
    assert!(matches!(access.approval_deny(&bob, &id).await, Err(Error::ApprovalNotFound(_))));
    assert!(matches!(access.approval_of(&bob, &id).await, Err(Error::ApprovalNotFound(_))));
    assert!(access.approvals_over(&bob, 10).await.unwrap().is_empty());
    assert_eq!(access.approvals_count(&bob).await.unwrap(), 0);

    world.forward(3600);
    let late = access.approval_approve(&ann, &id, &password, &browser).await;
    assert!(matches!(late, Err(ApprovalRefusal::Answer(Error::ApprovalExpired))), "{late:?}");
    assert_eq!(access.approvals_count(&ann).await.unwrap(), 0);
    assert_eq!(access.approvals_over(&ann, 10).await.unwrap().len(), 1);
}
