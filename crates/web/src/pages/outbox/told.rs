//! How a message of the outbox stands, in words for its person: from what is kept of it and from nothing else.
//! Everything that a server or an agent wrote is shown as foreign text.

use domain::Timestamp;
use engine::outbox::{CopyState, Outgoing, OutgoingState, OwnOutgoing};

use crate::{
    frame::encode,
    pages::words::{Moment, foreign},
};

/// Characters of a subject, of an address, of a sentence of somebody else.
const LONGEST_SUBJECT: usize = 120;
const LONGEST_ADDRESS: usize = 80;
const LONGEST_WORDS: usize = 300;

/// Recipients that a line names.
const NAMED: usize = 3;

/// A message in a line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Its page.
    pub(super) path: String,
    pub(super) subject: String,
    pub(super) agent: String,
    pub(super) account: String,
    pub(super) to: String,
    /// When it was asked for.
    pub(super) created: Moment,
    pub(super) tone: &'static str,
    /// How it stands, in two or three words.
    pub(super) badge: String,
    /// What that means.
    pub(super) note: String,
    /// The page of the question, if one waits.
    pub(super) approval: Option<String>,
    /// What can be done.
    pub(super) can: Can,
}

/// What can be done with a message as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a button that is there or not")]
pub(super) struct Can {
    pub(super) cancel: bool,
    pub(super) leave_now: bool,
    pub(super) look: bool,
    pub(super) settle: bool,
    pub(super) send_again: bool,
    pub(super) file_again: bool,
    pub(super) forget: bool,
}

impl Can {
    pub(super) fn of(own: &OwnOutgoing, now: Timestamp) -> Self {
        let OwnOutgoing { message, has_octets, .. } = own;
        let state = message.state;
        let waits = matches!(state, OutgoingState::Scheduled | OutgoingState::Ready);
        let is_unknown = state == OutgoingState::Unknown;
        let lacks_copy = lacks_copy(message);
        let may_leave = is_unknown || state == OutgoingState::Failed;
        Self {
            cancel: waits || state == OutgoingState::Waiting,
            leave_now: waits && message.due > now,
            look: is_unknown || lacks_copy,
            settle: is_unknown,
            send_again: may_leave && *has_octets && !engine::outbox::is_never_allowed(message),
            file_again: lacks_copy && *has_octets,
            forget: state.is_final(),
        }
    }
}

/// Whether it was sent, and there will be no copy of it by itself.
pub(super) fn lacks_copy(message: &Outgoing) -> bool {
    let has_left = matches!(message.state, OutgoingState::Sent | OutgoingState::PartlySent);
    has_left && message.copy.state == CopyState::Failed && message.copy.next.is_none()
}

impl Line {
    pub(super) fn of(own: &OwnOutgoing, now: Timestamp) -> Self {
        let message = &own.message;
        let (tone, badge) = badge(own, now);
        let asked = message.approval.as_ref().filter(|_| message.state == OutgoingState::Waiting);
        Self {
            path: format!("/outbox/{}", encode(message.id.as_str())),
            subject: subject(message),
            agent: foreign(&message.client, LONGEST_ADDRESS),
            account: message.account_name.to_string(),
            to: to(&message.frozen.recipients),
            created: Moment::of(message.created, now),
            tone,
            badge,
            note: note(own, now),
            approval: asked.map(|asked| format!("/approvals/{}", encode(asked.id.as_str()))),
            can: Can::of(own, now),
        }
    }
}

pub(super) fn subject(message: &Outgoing) -> String {
    let subject = foreign(&message.frozen.subject, LONGEST_SUBJECT);
    if subject.is_empty() { "(no subject)".to_owned() } else { subject }
}

pub(super) fn address(text: &str) -> String {
    foreign(text, LONGEST_ADDRESS)
}

/// Somebody else's sentence.
pub(super) fn words(text: &str) -> String {
    foreign(text, LONGEST_WORDS)
}

fn to(recipients: &[String]) -> String {
    let named: Vec<String> = recipients.iter().take(NAMED).map(|one| address(one)).collect();
    let named = named.join(", ");
    match recipients.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn badge(own: &OwnOutgoing, now: Timestamp) -> (&'static str, String) {
    let message = &own.message;
    let (tone, text) = match message.state {
        OutgoingState::Waiting => ("warn", "waits for your yes"),
        OutgoingState::Ready if message.due > now && message.outcome.is_some() => ("warn", "tried again"),
        OutgoingState::Scheduled | OutgoingState::Ready if message.due > now => ("neutral", "scheduled"),
        OutgoingState::Scheduled | OutgoingState::Ready => ("neutral", "leaving"),
        OutgoingState::Sending | OutgoingState::Committing => ("neutral", "being sent"),
        OutgoingState::Unknown => ("bad", "perhaps sent"),
        OutgoingState::Failed => ("bad", "not sent"),
        OutgoingState::PartlySent => ("warn", "sent to some"),
        OutgoingState::Sent if lacks_copy(message) => ("warn", "sent, no copy"),
        OutgoingState::Sent => ("ok", "sent"),
        OutgoingState::Denied => ("neutral", "denied by you"),
        OutgoingState::Expired => ("neutral", "not answered"),
        OutgoingState::Cancelled => ("neutral", "taken back"),
    };
    (tone, text.to_owned())
}

/// What a message's state means, in one or two sentences.
pub(super) fn note(own: &OwnOutgoing, now: Timestamp) -> String {
    let message = &own.message;
    match message.state {
        OutgoingState::Waiting => match &message.approval {
            Some(asked) if asked.expires > now => {
                format!("It leaves only if you say yes, {}.", before(asked.expires, now))
            }
            _ => "You can no longer answer; nothing has left.".to_owned(),
        },
        OutgoingState::Ready if message.due > now && message.outcome.is_some() => {
            format!("{} Next try {}.", why(message), Moment::of(message.due, now).text)
        }
        OutgoingState::Scheduled | OutgoingState::Ready if message.due > now => {
            format!("It leaves {}. Until then you can take it back.", Moment::of(message.due, now).text)
        }
        OutgoingState::Scheduled | OutgoingState::Ready => "It leaves as soon as it can.".to_owned(),
        OutgoingState::Sending | OutgoingState::Committing if own.is_again => {
            "You are sending it again; your mail server has it in hand.".to_owned()
        }
        OutgoingState::Sending | OutgoingState::Committing => "Your mail server has it in hand.".to_owned(),
        OutgoingState::Unknown => {
            "The connection was cut before your mail server said whether it took it. It may have been sent or not."
                .to_owned()
        }
        OutgoingState::Failed => why(message),
        OutgoingState::PartlySent => refused(message),
        OutgoingState::Sent if lacks_copy(message) => {
            "It was sent, but no copy could be put into your Sent folder.".to_owned()
        }
        OutgoingState::Sent => "Your mail server took it for everybody.".to_owned(),
        OutgoingState::Denied => "You said no; nothing has left.".to_owned(),
        OutgoingState::Expired => "You were asked and did not answer in time; nothing has left.".to_owned(),
        OutgoingState::Cancelled => "It was taken back, or its agent may not send it any more; nothing has left.".to_owned(),
    }
}

fn before(end: Timestamp, now: Timestamp) -> String {
    Moment::of(end, now).text.replacen("in ", "within ", 1)
}

/// Why the last try came to nothing, with the server's own words.
pub(super) fn why(message: &Outgoing) -> String {
    let problem = message.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref());
    let Some(problem) = problem else { return "It did not leave, and why is not known.".to_owned() };
    let told = words(&problem.message.replace('`', ""));
    match problem.server_text.as_deref().map(words).filter(|said| !said.is_empty()) {
        Some(said) => format!("{told} The server said: “{said}”"),
        None => told,
    }
}

/// Who did not get it.
fn refused(message: &Outgoing) -> String {
    let outcomes = message.outcome.iter().flat_map(|outcome| &outcome.recipients);
    let refused: Vec<String> = outcomes.filter(|one| !one.accepted).map(|one| one.address.clone()).collect();
    format!("Your mail server did not take it for {}. The others have it.", to(&refused))
}
