//! For tests of the pages about mail on its way: messages as they are kept.

use access::{Approval, ApprovalState, Frozen, Outgoing, OutgoingState};
use domain::{ApprovalId, GrantId, HomeAccount, OutboxId, Timestamp};
use engine::outbox::{Copy, Outcome, OutcomeProblem, OwnOutgoing, RecipientOutcome};
use time::{Duration, macros::datetime};

/// When these tests take place.
pub(crate) const NOW: Timestamp = datetime!(2026-11-21 12:00 UTC);

/// A message to two people that was to leave just now.
pub(crate) fn outgoing(state: OutgoingState) -> Outgoing {
    Outgoing {
        id: OutboxId::from_random([7; 16]),
        grant: GrantId::from_random([7; 16]),
        user: "ann".to_owned(),
        client: "Letter writer".to_owned(),
        account: HomeAccount::Carried([7; 32]),
        account_name: "work".parse().unwrap(),
        key: String::new(),
        content: [7; 32],
        frozen: Frozen {
            from: "ann@example.org".to_owned(),
            recipients: vec!["bob@example.org".to_owned(), "carol@example.org".to_owned()],
            subject: "Plans".to_owned(),
            ..Frozen::default()
        },
        state,
        due: NOW,
        new_recipients: 0,
        attempts: 1,
        owner: None,
        outcome: None,
        copy: Copy::NONE,
        approval: None,
        created: NOW - Duration::HOUR,
        updated: NOW,
    }
}

/// The question about a message, which can be answered for a day.
pub(crate) fn asked(state: ApprovalState) -> Approval {
    let decided = (state != ApprovalState::Waiting).then_some(NOW);
    Approval {
        id: ApprovalId::from_text("apr_7"),
        reasons: Vec::new(),
        expires: NOW + Duration::DAY,
        state,
        decided,
        by: decided.map(|_| "ann".to_owned()),
    }
}

/// An attempt that the server did not let end well, in its own words.
pub(crate) fn refused_with(server_text: &str) -> Outcome {
    let problem = OutcomeProblem {
        code: "smtp_rejected".to_owned(),
        message: "The server did not take the message.".to_owned(),
        hint: String::new(),
        server_text: Some(server_text.to_owned()),
    };
    Outcome { recipients: Vec::new(), problem: Some(problem) }
}

/// An attempt by which Bob got the message and Carol did not.
pub(crate) fn refused_for_carol(reason: &str) -> Outcome {
    let of = |address: &str, accepted, reason: &str| RecipientOutcome {
        address: address.to_owned(),
        accepted,
        reason: reason.to_owned(),
    };
    let recipients = vec![of("bob@example.org", true, ""), of("carol@example.org", false, reason)];
    Outcome { recipients, problem: None }
}

/// The message as its person has it, its octets still there.
pub(crate) fn own(message: Outgoing) -> OwnOutgoing {
    OwnOutgoing { message, is_again: false, has_octets: true, looked: None }
}
