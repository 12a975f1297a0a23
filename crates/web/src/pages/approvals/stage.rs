//! How a message stands that the person was asked about, in their words.

use access::{ApprovalState, Outgoing, OutgoingState};
use domain::Timestamp;
use engine::approval::visible_line;

use crate::{
    frame::{Tone, until},
    pages::words::foreign,
};

/// Characters of what a server or we said of a fault.
const LONGEST_FAULT: usize = 500;

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    /// Whether the person can still answer.
    pub(super) is_open: bool,
    /// How it is to be taken.
    pub(super) tone: Tone,
    /// One or two words.
    pub(super) word: &'static str,
    /// What happened.
    pub(super) title: String,
    /// What that means, and what to do next; may be empty.
    pub(super) text: String,
    /// Whether it is on its way, so that looking again tells more.
    pub(super) is_moving: bool,
}

impl Stage {
    /// As it is now; `is_paused`: the person paused the agent.
    pub(super) fn of(message: &Outgoing, now: Timestamp, is_paused: bool) -> Self {
        let over = |tone, word, title: &str, text: &str| Self {
            is_open: false,
            tone,
            word,
            title: title.to_owned(),
            text: text.to_owned(),
            is_moving: false,
        };
        let again = "Nothing was sent. If you still want it sent, have the agent ask again.";
        let Some(approval) = &message.approval else {
            return over(Tone::Warn, "gone", "This question is over", "Nothing was sent because of it.");
        };
        match approval.state {
            ApprovalState::Waiting if message.state == OutgoingState::Waiting && approval.expires > now => {
                let title =
                    format!("Your answer is wanted. The time for it ends {}.", until(now, approval.expires));
                Self { is_open: true, ..over(Tone::Warn, "waits for you", &title, "Nothing has been sent.") }
            }
            ApprovalState::Waiting | ApprovalState::Expired => {
                over(Tone::Warn, "not answered", "Nobody answered in time.", again)
            }
            ApprovalState::Denied => {
                over(Tone::Ok, "denied", "You said no.", "Nothing was sent, and the agent is told so.")
            }
            ApprovalState::Cancelled => over(
                Tone::Warn,
                "taken back",
                "This was taken back before it was answered.",
                "Nothing was sent: the message was withdrawn, or the agent’s access or the mailbox is gone.",
            ),
            ApprovalState::Approved => Self::approved(message, now, is_paused),
        }
    }

    fn approved(message: &Outgoing, now: Timestamp, is_paused: bool) -> Self {
        let fault = fault(message);
        let (tone, word, title, text, is_moving) = match message.state {
            OutgoingState::Sent => (Tone::Ok, "sent", "You said yes, and it was sent.".to_owned(), String::new(), false),
            OutgoingState::PartlySent => (
                Tone::Warn,
                "partly sent",
                "It was sent, but not to everybody.".to_owned(),
                format!("The server refused some recipients. {}", refused(message)),
                false,
            ),
            OutgoingState::Unknown => (
                Tone::Bad,
                "unclear",
                "It may have been sent.".to_owned(),
                "The connection broke off before the server said whether it took the message. It is not sent again by \
                 itself."
                    .to_owned(),
                false,
            ),
            OutgoingState::Failed => {
                (Tone::Bad, "failed", "You said yes, but it could not be sent.".to_owned(), fault, false)
            }
            OutgoingState::Cancelled | OutgoingState::Denied | OutgoingState::Expired => (
                Tone::Warn,
                "taken back",
                "You said yes, and then it was taken back.".to_owned(),
                format!("Nothing was sent. {fault}"),
                false,
            ),
            OutgoingState::Scheduled if message.due > now => (
                Tone::Ok,
                "scheduled",
                format!("You said yes. It is sent {}.", until(now, message.due)),
                String::new(),
                false,
            ),
            _ if is_paused => (
                Tone::Warn,
                "waits for the agent",
                "You said yes, but the agent is paused.".to_owned(),
                "Nothing has been sent. It is sent once you let the agent go on.".to_owned(),
                false,
            ),
            _ if !fault.is_empty() => (
                Tone::Warn,
                "delayed",
                "You said yes. It could not be sent yet, and is tried again.".to_owned(),
                fault,
                true,
            ),
            _ => (Tone::Ok, "being sent", "You said yes. It is being sent.".to_owned(), String::new(), true),
        };
        Self { is_open: false, tone, word, title, text: text.trim().to_owned(), is_moving }
    }
}

/// Why the last attempt did not work; the server's own words are marked as such.
fn fault(message: &Outgoing) -> String {
    let problem = message.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref());
    let Some(problem) = problem else { return String::new() };
    let mut told = problem.message.clone();
    if let Some(text) = &problem.server_text {
        told = format!("{told} The server said: “{}”", visible_line(text));
    }
    foreign(&told, LONGEST_FAULT)
}

/// Who was refused, and why.
fn refused(message: &Outgoing) -> String {
    let recipients = message.outcome.iter().flat_map(|outcome| &outcome.recipients);
    let refused = recipients.filter(|recipient| !recipient.accepted).take(20);
    let told = refused.map(|it| format!("{}: “{}”", visible_line(&it.address), visible_line(&it.reason)));
    foreign(&told.collect::<Vec<_>>().join("; "), 4 * LONGEST_FAULT)
}
