//! Answers to what waits, and their rows in the audit trail.

use std::io;

use access::{Access, Decision, Error};
use domain::{ApprovalId, HomeAccount, OutboxId};
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
    let store = world.store().await;
    let account = access.account_list("ann").await.unwrap().remove(0);
    let id = ApprovalId::from_random([number; 16]);
    let now = domain::Clock::now(&*world.clock);
    let new = NewOutgoing {
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
            size: 0,
            bcc: 0..0,
            hash: [0; 32],
            is_8bit: false,
            needs_utf8: false,
            draft: None,
            draft_version: None,
            date: None,
            answers: None,
            is_forward: false,
            preview: String::new(),
            files: Vec::new(),
        },
        state: OutgoingState::Waiting,
        due: now,
        approval: Some(NewApproval {
            id: id.clone(),
            reasons: Vec::new(),
            expires: now + Duration::hours(1),
            is_to_be_told: true,
        }),
        new_recipients: 1,
    };
    store.outbox_add(&new, Nothing).await.unwrap();
    id
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
