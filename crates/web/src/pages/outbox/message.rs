//! One message of the outbox: what it is, what happened to it, and what the person can do about it.

use access::AgentAccess;
use askama::Template;
use axum::extract::{Path, State};
use domain::{OutboxId, Timestamp};
use engine::outbox::{CopyState, OutgoingState, OwnOutgoing};

use super::told::{Can, Line, address, why, words};
use crate::{
    frame::{Answer, Error, Frame, Person, Section, Site, encode, show},
    pages::words::{Moment, counted, foreign, size},
};

/// Recipients and files that the page names.
const MOST: usize = 200;

/// Characters of the beginning of the text, and of a Message-ID.
const LONGEST_PREVIEW: usize = 600;
const LONGEST_ID: usize = 250;

#[derive(Template)]
#[template(path = "outbox/message.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is asked for by the template alone")]
struct Page {
    frame: Frame,
    line: Line,
    can: Can,
    from: String,
    recipients: Vec<Recipient>,
    more_recipients: usize,
    preview: String,
    files: Vec<String>,
    size: String,
    message_id: String,
    /// The agent's page, if there is one.
    path_of_agent: Option<String>,
    agent: AgentWords,
    updated: Moment,
    due: Option<Moment>,
    attempts: String,
    /// How often it was begun, for the form that sends it again.
    begun: u32,
    copy: Option<String>,
    decided: Option<Decided>,
    is_unknown: bool,
    is_failed: bool,
    lacks_octets: bool,
    /// What came of the last try.
    last: Option<String>,
    looked: Option<Moment>,
    is_found: bool,
}

struct Recipient {
    address: String,
    /// `taken`, `refused`, or nothing while that is not known.
    fate: &'static str,
    said: String,
}

struct Decided {
    words: &'static str,
    at: Moment,
}

/// What is to be said about the agent's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AgentWords {
    Holds,
    Paused,
    Ended,
}

pub(super) async fn page(State(site): State<Site>, person: Person, Path(id): Path<String>) -> Answer {
    let id = known(id)?;
    let principal = site.access.person(&person.signed_in).await?;
    let own = site.engine.own_outgoing(&principal, &id).await?;
    let access = site.access.agent_access(&person.signed_in, &own.message.grant).await?;
    let has_page = access != AgentAccess::Ended
        && site.access.agent(&person.signed_in, &own.message.grant).await.is_ok();
    let path_of_agent = has_page.then(|| format!("/agents/{}", encode(own.message.grant.as_str())));
    show(&draw(&own, person.frame(Section::Outbox), access, path_of_agent, site.now()))
}

/// An id of the right shape; others name nothing.
pub(super) fn known(id: String) -> Result<OutboxId, Error> {
    let id = OutboxId::from_text(id);
    if id.to_bytes().is_some() { Ok(id) } else { Err(Error::NotFound) }
}

fn draw(
    own: &OwnOutgoing,
    frame: Frame,
    access: AgentAccess,
    path_of_agent: Option<String>,
    now: Timestamp,
) -> Page {
    let message = &own.message;
    let frozen = &message.frozen;
    let is_unknown = message.state == OutgoingState::Unknown;
    let is_failed = message.state == OutgoingState::Failed;
    let problem = message.outcome.as_ref().and_then(|outcome| outcome.problem.as_ref());
    let is_pending = matches!(message.state, OutgoingState::Scheduled | OutgoingState::Ready);
    Page {
        frame,
        line: Line::of(own, now),
        can: Can::of(own, now),
        from: address(&frozen.from),
        recipients: recipients(own),
        more_recipients: frozen.recipients.len().saturating_sub(MOST),
        preview: foreign(&frozen.preview, LONGEST_PREVIEW),
        files: frozen.files.iter().take(MOST).map(|name| address(name)).collect(),
        size: size(frozen.size),
        message_id: foreign(&frozen.message_id, LONGEST_ID),
        path_of_agent,
        agent: match access {
            AgentAccess::Holds => AgentWords::Holds,
            AgentAccess::Paused => AgentWords::Paused,
            AgentAccess::Ended => AgentWords::Ended,
        },
        updated: Moment::of(message.updated, now),
        due: is_pending.then(|| Moment::of(message.due, now)),
        attempts: match message.attempts {
            0 => "not yet".to_owned(),
            attempts => counted(attempts.into(), "time"),
        },
        begun: message.attempts,
        copy: copy(own, now),
        decided: decided(own, now),
        is_unknown,
        is_failed,
        lacks_octets: (is_unknown || is_failed) && !own.has_octets,
        last: problem.filter(|_| is_unknown).map(|_| why(message)),
        looked: own.looked.map(|looked| Moment::of(looked.at, now)),
        is_found: own.looked.is_some_and(|looked| looked.is_found),
    }
}

fn recipients(own: &OwnOutgoing) -> Vec<Recipient> {
    let message = &own.message;
    let outcomes = message.outcome.as_ref().map(|outcome| outcome.recipients.as_slice()).unwrap_or_default();
    let of = |recipient: &String| {
        let outcome = outcomes.iter().find(|outcome| outcome.address == *recipient);
        let fate = match (message.state, outcome) {
            (OutgoingState::Sent, _) => "taken",
            (OutgoingState::PartlySent, Some(outcome)) if outcome.accepted => "taken",
            (OutgoingState::PartlySent | OutgoingState::Failed | OutgoingState::Ready, Some(_)) => "refused",
            _ => "",
        };
        let said = outcome.filter(|_| fate == "refused").map(|outcome| words(&outcome.reason));
        Recipient { address: address(recipient), fate, said: said.unwrap_or_default() }
    };
    message.frozen.recipients.iter().take(MOST).map(of).collect()
}

fn copy(own: &OwnOutgoing, now: Timestamp) -> Option<String> {
    let copy = &own.message.copy;
    if !matches!(own.message.state, OutgoingState::Sent | OutgoingState::PartlySent) {
        return None;
    }
    Some(match (copy.state, copy.next) {
        (CopyState::Kept | CopyState::Stored, _) => "in your Sent folder".to_owned(),
        (CopyState::None, _) => return None,
        (CopyState::Failed, None) => "could not be filed".to_owned(),
        (_, Some(next)) if next > now => format!("filed {}", Moment::of(next, now).text),
        _ => "being filed".to_owned(),
    })
}

fn decided(own: &OwnOutgoing, now: Timestamp) -> Option<Decided> {
    let approval = own.message.approval.as_ref()?;
    let words = match own.message.state {
        OutgoingState::Waiting => return None,
        OutgoingState::Denied => "denied",
        OutgoingState::Expired => "not answered",
        _ if approval.by.is_some() => "approved",
        _ => return None,
    };
    Some(Decided { words, at: Moment::of(approval.decided?, now) })
}

#[cfg(test)]
mod tests;
