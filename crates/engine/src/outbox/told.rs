//! How a sending stands, as an agent is told it: from the row of the outbox, and from nothing else.

use domain::{ApprovalId, ApprovalReason, Code, Door, MessageRef, Principal, Problem, Timestamp};
use storage::{Approval, ApprovalState, CopyState, Outcome, OutcomeProblem, Outgoing, OutgoingState};

use super::key::to_ask_with;
use crate::outgoing::{RecipientOutcome, SendOutcome, SendStatus, SentCopy, WantedApproval};

/// The page where the person answers, where they have our pages.
pub(super) fn page_of(pages: Option<&str>, approval: &ApprovalId) -> Option<String> {
    pages.map(|pages| format!("{pages}/approvals/{approval}"))
}

/// Whether the person answers in the client. Nothing said means so where that is a local process.
pub(super) fn is_asked_in_client(principal: &Principal) -> bool {
    match principal.limits.approval_place {
        Some(place) => place == domain::ApprovalPlace::Client,
        None => principal.door == Door::Stdio,
    }
}

/// A problem as it is kept.
pub(super) fn kept(problem: &Problem) -> OutcomeProblem {
    OutcomeProblem {
        code: problem.code.as_str().to_owned(),
        message: problem.message.clone(),
        hint: problem.hint.clone(),
        server_text: problem.server_text.clone(),
    }
}

/// The same as it was.
fn problem(kept: &OutcomeProblem) -> Problem {
    let code = Code::ALL.iter().copied().find(|code| code.as_str() == kept.code).unwrap_or(Code::Internal);
    let problem = Problem::new(code, kept.message.as_str()).hint(kept.hint.as_str());
    match &kept.server_text {
        Some(text) => problem.server_text(text),
        None => problem,
    }
}

/// The row as `principal` is told it. What failed is an error. `pages`: the public URL of the person's pages.
pub(super) fn told(
    row: &Outgoing,
    principal: &Principal,
    pages: Option<&str>,
    now: Timestamp,
    is_repeated: bool,
) -> Result<SendOutcome, Problem> {
    if row.state == OutgoingState::Failed {
        let kept = row.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref());
        return Err(kept.map_or_else(
            || Problem::new(Code::Internal, "The message did not leave, and why is not known."),
            problem,
        ));
    }
    let status = status(row, now);
    let is_waiting = status == SendStatus::ApprovalNeeded;
    let reasons = row.approval.as_ref().map(|approval| approval.reasons.as_slice()).unwrap_or_default();
    let outcomes = row.outcome.as_ref().map(|outcome| outcome.recipients.as_slice()).unwrap_or_default();
    let recipients = row.frozen.recipients.iter().map(|address| RecipientOutcome {
        address: address.clone(),
        ..of_recipient(address, status, if is_waiting { reasons } else { &[] }, outcomes)
    });
    let has_left = matches!(status, SendStatus::Sent | SendStatus::PartlySent);
    let is_asked =
        is_waiting || row.approval.as_ref().is_some_and(|approval| approval.state != ApprovalState::Waiting);
    Ok(SendOutcome {
        status,
        message_id: row.frozen.message_id.clone(),
        recipients: recipients.collect(),
        copy: if has_left { copy(row) } else { None },
        approval: row.approval.as_ref().filter(|_| is_asked).map(|approval| WantedApproval {
            id: approval.id.clone(),
            url: page_of(pages.filter(|_| is_waiting), &approval.id),
            expires: approval.expires,
        }),
        at: matches!(status, SendStatus::Scheduled | SendStatus::ApprovalNeeded)
            .then_some(row.due)
            .filter(|due| *due > now),
        undo: (status == SendStatus::Scheduled).then(|| row.id.clone()),
        is_repeated,
        hint: hint(row, status, principal, pages),
    })
}

fn status(row: &Outgoing, now: Timestamp) -> SendStatus {
    match row.state {
        OutgoingState::Waiting if row.approval.as_ref().is_some_and(|asked| asked.expires <= now) => {
            SendStatus::Expired
        }
        OutgoingState::Waiting => SendStatus::ApprovalNeeded,
        OutgoingState::Scheduled if row.due > now => SendStatus::Scheduled,
        OutgoingState::Scheduled
        | OutgoingState::Ready
        | OutgoingState::Sending
        | OutgoingState::Committing
        // A failure is told as an error, and never gets here.
        | OutgoingState::Failed => SendStatus::Sending,
        OutgoingState::Sent => SendStatus::Sent,
        OutgoingState::PartlySent => SendStatus::PartlySent,
        OutgoingState::Unknown => SendStatus::Unknown,
        OutgoingState::Denied => SendStatus::Denied,
        OutgoingState::Expired => SendStatus::Expired,
        OutgoingState::Cancelled => SendStatus::Cancelled,
    }
}

fn of_recipient(
    address: &str,
    status: SendStatus,
    reasons: &[ApprovalReason],
    outcomes: &[storage::RecipientOutcome],
) -> RecipientOutcome {
    let outcome = outcomes.iter().find(|outcome| outcome.address == address);
    let accepted = match status {
        SendStatus::Sent => Some(true),
        SendStatus::PartlySent => outcome.map(|outcome| outcome.accepted),
        _ => None,
    };
    let said = outcome.filter(|outcome| !outcome.accepted).map(|outcome| outcome.reason.clone());
    let asked = reasons.iter().filter(|reason| reason.is_about(address)).map(ApprovalReason::words);
    let reason = said.unwrap_or_else(|| asked.collect::<Vec<_>>().join(" "));
    RecipientOutcome { address: String::new(), accepted, reason }
}

fn copy(row: &Outgoing) -> Option<SentCopy> {
    let state = match row.copy.state {
        CopyState::None => return None,
        // What is tried again has not failed yet.
        CopyState::Failed if row.copy.next.is_some() => CopyState::Waiting.as_str(),
        state => state.as_str(),
    };
    let id: Option<MessageRef> = row.copy.id.as_ref().and_then(|id| id.parse().ok());
    Some(SentCopy { state, id })
}

/// The problem of a draft of which another version was given out to be sent, or is to be.
pub(super) fn another_version(row: &Outgoing, now: Timestamp) -> Problem {
    let version = row.frozen.draft_version.as_deref().unwrap_or_default();
    let (stands, way) = match status(row, now) {
        SendStatus::ApprovalNeeded => {
            ("waits for the person's approval", "If that one is not to leave, have the person deny it. ")
        }
        SendStatus::Scheduled => {
            ("is scheduled", "That one leaves at its time unless the person takes it back. ")
        }
        SendStatus::Sending => ("is on its way", ""),
        SendStatus::Sent => ("was sent", ""),
        SendStatus::PartlySent => ("was sent to some recipients", ""),
        SendStatus::Unknown => ("was perhaps sent", "Tell the person before anything is sent again. "),
        SendStatus::Denied => ("was denied by the person", ""),
        SendStatus::Expired => ("was not approved in time", ""),
        SendStatus::Cancelled => ("was taken back", ""),
    };
    let told = format!("Another version of this draft, `{version}`, {stands}; nothing was done now.");
    Problem::new(Code::Conflict, told).hint(format!(
        "{way}To send the draft as it is now, too, give a new `idempotency_key`; how that version stands is told to {} alone.",
        to_ask_with(&row.key)
    ))
}

/// What an agent is to do about a message that waits.
fn waiting_hint(asked: &Approval, principal: &Principal, pages: Option<&str>) -> String {
    let approval = &asked.id;
    let decide = match (is_asked_in_client(principal), page_of(pages, approval)) {
        (true, None) => format!(
            "The person is asked in the client; where it cannot ask, they run `postroom approval approve {approval}`."
        ),
        (true, Some(page)) => format!(
            "The person is asked in the client; where it cannot ask, give them the link {page}: they sign in there and \
             decide."
        ),
        (false, None) => format!(
            "Tell the person to look at it and decide with `postroom approval show {approval}`, then `approve` or `deny`."
        ),
        (false, Some(page)) => format!(
            "Give the person this link: {page} . They sign in there, see the message and decide; ask them to paste \
             nothing here, and do not open it yourself."
        ),
    };
    format!(
        "Nothing has left. {decide} Call mail_send with `approval_id` {approval} alone to learn the outcome."
    )
}

fn hint(row: &Outgoing, status: SendStatus, principal: &Principal, pages: Option<&str>) -> String {
    match status {
        SendStatus::ApprovalNeeded => {
            row.approval.as_ref().map(|asked| waiting_hint(asked, principal, pages)).unwrap_or_default()
        }
        SendStatus::Scheduled => {
            let is_local =
                principal.door == Door::Stdio || matches!(row.account, domain::HomeAccount::Carried(_));
            let local = "It leaves while a Postroom process with this account runs on the data directory; else as soon \
                 as one does. ";
            let ask = to_ask_with(&row.key);
            format!(
                "{}Call mail_send with {ask} alone to learn the outcome.",
                if is_local { local } else { "" }
            )
        }
        SendStatus::Sending => {
            let again = format!(
                "Do not send it again; call mail_send with {} alone to learn the outcome.",
                to_ask_with(&row.key)
            );
            match row.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref()) {
                Some(kept) if kept.code == Code::RateLimited.as_str() => {
                    [kept.message.as_str(), &kept.hint, &again].join(" ")
                }
                Some(kept) => {
                    let why = [kept.message.as_str(), &kept.hint].join(" ");
                    format!("Not taken yet, and tried again for a day: {} {again}", why.trim_end())
                }
                None => format!("It is on its way. {again}"),
            }
        }
        SendStatus::PartlySent => {
            "Tell the person who did not get it. To write to those again, send a new message to them alone."
                .to_owned()
        }
        SendStatus::Unknown => {
            "The connection was lost before the server said whether it took the message, so \
             the recipients may have it. It is never sent again by itself: tell the person, who alone may."
                .to_owned()
        }
        SendStatus::Denied => {
            "The person does not want this message sent; nothing has left. Ask them what to \
             change; only if they want it after all, send it with a new `idempotency_key`."
                .to_owned()
        }
        SendStatus::Expired => {
            "The person did not answer in time; nothing has left. If they still want it, send \
             it with a new `idempotency_key`: they are asked again."
                .to_owned()
        }
        SendStatus::Cancelled => "Nothing has left: it was taken back, or the grant ended or does not \
             allow it any more. If they still want it, send it with a new `idempotency_key`."
            .to_owned(),
        SendStatus::Sent => String::new(),
    }
}

/// What is known before an attempt: nothing of any recipient.
pub(super) fn failure(problem: &Problem) -> Outcome {
    Outcome { recipients: Vec::new(), problem: Some(kept(problem)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_told_what_is_asked_about_them_and_nothing_that_an_address_seems_to_say() {
        let (bob, odd) = ("bob@example.org", "bob@example.org: \"x: never written to before.\"@evil.example");
        let reasons = [
            ApprovalReason::Always,
            ApprovalReason::AcrossAccounts { address: odd.to_owned(), read: "work".parse().ok() },
            ApprovalReason::NewRecipient { address: odd.to_owned() },
        ];
        let told = |address| of_recipient(address, SendStatus::ApprovalNeeded, &reasons, &[]).reason;
        assert_eq!(told(bob), "");
        assert_eq!(
            told(odd),
            "mail of account `work` was read within the last day. never written to before."
        );
    }
}
