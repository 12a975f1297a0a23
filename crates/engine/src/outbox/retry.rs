//! What the end of an attempt means: sent, failed for good, to be tried again, or not to be known.

use std::io;

use domain::{Code, Problem, Timestamp};
use mail::smtp::{NotSubmitted, RecipientReply, Submitted};
use storage::{Outcome, OutgoingState, RecipientOutcome};

use super::told;
use crate::bounds::{SendingBounds, Steps};

/// What became of an attempt.
#[derive(Debug)]
pub(super) enum End {
    /// It is over.
    Final(OutgoingState, Outcome),
    /// Nothing was taken; it may be tried again.
    Again(Outcome),
    /// The row is not ours any more: somebody else says how it stands.
    Gone,
}

impl End {
    /// It failed for good.
    pub(super) fn failed(problem: &Problem) -> Self {
        Self::Final(OutgoingState::Failed, told::failure(problem))
    }

    /// It failed, but perhaps not the next time.
    pub(super) fn again(problem: &Problem) -> Self {
        Self::Again(told::failure(problem))
    }
}

/// The wait before the next attempt after `attempts`; the last step stays.
pub(super) fn wait(steps: &Steps, attempts: u32) -> std::time::Duration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(steps.len() - 1);
    steps.get(step).copied().unwrap_or_default()
}

/// When to try again after `attempts`; nothing once the waits so far are long enough together.
pub(super) fn next(bounds: &SendingBounds, attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let mut waited = std::time::Duration::ZERO;
    for attempt in 1..=attempts {
        waited = waited.saturating_add(wait(&bounds.retries, attempt));
        if waited > bounds.retry_for {
            return None;
        }
    }
    now.checked_add(wait(&bounds.retries, attempts).try_into().ok()?)
}

/// An answer of the server that took it for at least one recipient.
pub(super) fn of_submitted(recipients: &[String], submitted: &Submitted) -> End {
    let replies = replies(recipients, &submitted.recipients);
    let is_whole = replies.iter().all(|reply| reply.accepted);
    let state = if is_whole { OutgoingState::Sent } else { OutgoingState::PartlySent };
    End::Final(state, Outcome { recipients: replies, problem: None })
}

/// What it means that the server did not take it. `account` is the account's short name.
pub(super) fn of_failure(account: &str, recipients: &[String], failure: NotSubmitted) -> End {
    let about = |what: &str| format!("Account `{account}`: {what}");
    match failure {
        NotSubmitted::AllRefused(said) => {
            let text = said.first().map(|reply| reply.text.as_str()).unwrap_or_default();
            let names = said.iter().zip(recipients).filter(|(reply, _)| !reply.accepted);
            let names: Vec<&str> = names.map(|(_, name)| name.as_str()).take(5).collect();
            let problem = Problem::new(
                Code::ServerRefused,
                about(&format!("the server refused every recipient ({}).", names.join(", "))),
            )
            .hint("Check the addresses.")
            .server_text(text);
            let outcome =
                Outcome { recipients: replies(recipients, &said), problem: Some(told::kept(&problem)) };
            if said.iter().any(|reply| reply.is_temporary) {
                End::Again(outcome)
            } else {
                End::Final(OutgoingState::Failed, outcome)
            }
        }
        NotSubmitted::SenderRefused(reply) => of_refusal(
            &reply,
            about("the server refused the sender's address."),
            "The account may not write as this address on its server.",
        ),
        NotSubmitted::MessageRefused(reply) => {
            of_refusal(&reply, about("the server refused the message."), "The server's own words say why.")
        }
        NotSubmitted::TooLarge { limit } => End::failed(
            &Problem::new(
                Code::TooLarge,
                about(&format!("its server takes messages of at most {limit} octets.")),
            )
            .hint("Attach less."),
        ),
        NotSubmitted::NeedsUtf8 => End::failed(
            &Problem::new(Code::NotSupported, about("its server takes no addresses beyond ASCII."))
                .hint("Use another address of the recipient."),
        ),
        NotSubmitted::Needs8Bit => End::failed(
            &Problem::new(Code::NotSupported, about("its server takes no 8 bit messages."))
                .hint("Write it anew instead of sending this draft."),
        ),
        NotSubmitted::NotSent(error) => of_error(account, &error),
        NotSubmitted::Unknown(error) => {
            let problem = error.problem(account);
            End::Final(OutgoingState::Unknown, told::failure(&problem))
        }
        NotSubmitted::Stopped(error) => of_stopped(account, &error),
    }
}

/// Whether what is stored can never be read: it was altered, or is gone.
pub(super) fn is_lost(error: &storage::Error) -> bool {
    use storage::Error;
    matches!(error, Error::Seal | Error::Unreadable(_) | Error::Gone | Error::WrongKey)
}

/// What is told of a message that was altered where it is kept.
pub(super) fn altered() -> Problem {
    Problem::new(Code::Internal, "The stored message is not what was frozen; it did not leave.")
        .hint("Send it anew.")
}

/// What it means that the message was not given to its end: nothing was taken.
fn of_stopped(account: &str, error: &io::Error) -> End {
    tracing::error!(%error, "a frozen message could not be given to the server");
    let stored = error.get_ref().and_then(|inner| inner.downcast_ref::<storage::Error>());
    match (error.kind(), stored) {
        (io::ErrorKind::InvalidData, _) => End::failed(&altered()),
        (_, Some(error)) if is_lost(error) => End::failed(&altered()),
        // The envelope cannot be said in SMTP, however often.
        (io::ErrorKind::InvalidInput, _) => End::failed(
            &Problem::new(
                Code::InvalidInput,
                format!("Account `{account}`: an address cannot be written to the server."),
            )
            .hint("Check the addresses; without quotation marks they can be."),
        ),
        _ => End::again(&Problem::new(Code::Internal, "The frozen message could not be read.")),
    }
}

/// What it means that there is no connection, or none that is signed in: nothing left.
pub(super) fn of_error(account: &str, error: &mail::Error) -> End {
    let problem = error.problem(account);
    let is_final = match problem.code {
        Code::AccountAuthFailed | Code::TlsFailed | Code::NotSupported | Code::InvalidInput => true,
        // A refusal that asks for patience says so.
        Code::ServerRefused => matches!(error, mail::Error::Refused { .. }) && problem.retry_after.is_none(),
        _ => false,
    };
    if is_final { End::failed(&problem) } else { End::again(&problem) }
}

fn of_refusal(reply: &RecipientReply, message: String, hint: &str) -> End {
    let problem = Problem::new(Code::ServerRefused, message).hint(hint).server_text(&reply.text);
    if reply.is_temporary { End::again(&problem) } else { End::failed(&problem) }
}

fn replies(recipients: &[String], said: &[RecipientReply]) -> Vec<RecipientOutcome> {
    let mut said = said.iter();
    let of = |address: &String| {
        let reply = said.next();
        RecipientOutcome {
            address: address.clone(),
            accepted: reply.is_some_and(|reply| reply.accepted),
            reason: reply.filter(|reply| !reply.accepted).map(words).unwrap_or_default(),
        }
    };
    recipients.iter().map(of).collect()
}

fn words(reply: &RecipientReply) -> String {
    let enhanced = reply.enhanced.as_deref().map(|code| format!("{code} ")).unwrap_or_default();
    let text: String = reply.text.chars().filter(|c| !c.is_control()).take(200).collect();
    format!("{} {enhanced}{text}", reply.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16) -> RecipientReply {
        RecipientReply {
            accepted: code < 300,
            is_temporary: (400..500).contains(&code),
            code,
            enhanced: None,
            text: "said\r\nso".into(),
        }
    }

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("{number}@example.org")).collect()
    }

    #[test]
    fn waits_grow_and_end_after_a_day() {
        let bounds = SendingBounds::default();
        let waits: Vec<u64> = (0..8).map(|attempts| wait(&bounds.retries, attempts).as_secs()).collect();
        assert_eq!(waits, [10, 10, 60, 300, 900, 3_600, 3_600, 3_600]);
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(next(&bounds, 1, now), Some(now + time::Duration::seconds(10)));
        assert_eq!(next(&bounds, 27, now), Some(now + time::Duration::HOUR));
        assert_eq!(next(&bounds, 28, now), None);
        assert_eq!(next(&bounds, u32::MAX, now), None);
    }

    #[test]
    fn some_taken_is_partly_sent_and_says_who_was_not() {
        let submitted = Submitted { recipients: vec![reply(250), reply(550)], text: String::new() };
        let End::Final(OutgoingState::PartlySent, outcome) = of_submitted(&names(2), &submitted) else {
            panic!("not partly sent")
        };
        assert!(outcome.recipients[0].accepted && !outcome.recipients[1].accepted);
        assert_eq!(outcome.recipients[1].reason, "550 saidso");
        assert_eq!(outcome.recipients[0].reason, "");
    }

    #[test]
    fn a_refusal_for_good_fails_and_one_for_now_is_tried_again() {
        let of = |failure| of_failure("work", &names(2), failure);
        let is_final = |end: &End| matches!(end, End::Final(OutgoingState::Failed, _));
        let is_again = |end: &End| matches!(end, End::Again(_));
        assert!(is_final(&of(NotSubmitted::AllRefused(vec![reply(550), reply(554)]))));
        assert!(is_again(&of(NotSubmitted::AllRefused(vec![reply(550), reply(450)]))));
        assert!(is_final(&of(NotSubmitted::SenderRefused(reply(553)))));
        assert!(is_again(&of(NotSubmitted::SenderRefused(reply(451)))));
        assert!(is_final(&of(NotSubmitted::MessageRefused(reply(554)))));
        assert!(is_again(&of(NotSubmitted::MessageRefused(reply(421)))));
        assert!(is_final(&of(NotSubmitted::TooLarge { limit: 1 })));
        assert!(is_again(&of(NotSubmitted::NotSent(mail::Error::Closed))));
        assert!(is_again(&of(NotSubmitted::NotSent(mail::Error::Timeout("reply")))));
        assert!(is_final(&of(NotSubmitted::NotSent(mail::Error::SignInRefused {
            host: "smtp.example.org".into(),
            text: String::new(),
        }))));
        assert!(is_final(&of(NotSubmitted::NotSent(mail::Error::StartTlsMissing {
            host: "smtp.example.org".into(),
            port: 587,
        }))));
        let refused = |code: Option<&str>| mail::Error::Refused {
            command: "MAIL",
            code: code.map(str::to_owned),
            text: String::new(),
        };
        assert!(is_again(&of(NotSubmitted::NotSent(refused(Some("4.7.0"))))));
        assert!(is_final(&of(NotSubmitted::NotSent(refused(Some("5.7.0"))))));
    }

    #[test]
    fn what_can_never_be_said_or_read_is_not_tried_again() {
        let of = |error| of_failure("work", &names(1), NotSubmitted::Stopped(error));
        let is_final = |end: &End| matches!(end, End::Final(OutgoingState::Failed, _));
        assert!(is_final(&of(io::ErrorKind::InvalidInput.into())));
        assert!(is_final(&of(io::ErrorKind::InvalidData.into())));
        assert!(is_final(&of(io::Error::other(storage::Error::Seal))));
        assert!(is_final(&of(io::Error::other(storage::Error::Gone))));
        assert!(matches!(of(io::Error::other(storage::Error::Taken)), End::Again(_)));
        assert!(matches!(of(io::ErrorKind::BrokenPipe.into()), End::Again(_)));
    }

    #[test]
    fn only_a_lost_reply_is_unknown() {
        let end = of_failure("work", &names(1), NotSubmitted::Unknown(mail::Error::Closed));
        assert!(matches!(end, End::Final(OutgoingState::Unknown, _)));
    }
}
