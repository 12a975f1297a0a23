//! What agents want to send and may not yet: the list, and (in `approvals/`) one message with the person's answer.
//! Whether an answer counts is decided in `access`; here it is shown, asked for, and told.

mod answer;
mod letter;
mod parts;
mod stage;
#[cfg(test)]
mod tests;

use access::Outgoing;
use askama::Template;
use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use domain::{ApprovalId, Timestamp};
use engine::approval::visible_line;

use self::stage::Stage;
use crate::{
    frame::{Answer, Frame, Person, Section, Site, encode, show},
    pages::words::{Moment, foreign},
};

/// Answered questions that are listed.
const MOST_OVER: u32 = 20;
/// Characters of an agent's name.
const LONGEST_AGENT: usize = 60;
/// Characters of a subject in a list.
const LONGEST_SUBJECT: usize = 200;
/// Recipients that are named in a list.
const MOST_NAMED: usize = 5;

/// The routes of these pages.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/approvals", get(page))
        .route("/approvals/{id}", get(letter::page))
        .route("/approvals/{id}/body", get(parts::body))
        .route("/approvals/{id}/files/{number}", get(parts::file))
        .route("/approvals/{id}/approve", post(answer::approve))
        .route("/approvals/{id}/deny", post(answer::deny))
        .route("/approvals/{id}/deny-and-pause", post(answer::deny_and_pause))
}

#[derive(Template)]
#[template(path = "approvals/list.html")]
struct Page {
    frame: Frame,
    waiting: Vec<Row>,
    over: Vec<Row>,
}

/// One message of the list.
struct Row {
    path: String,
    subject: String,
    agent: String,
    account: String,
    to: String,
    /// When it was asked for.
    asked: Moment,
    /// Until when it can be answered.
    until: Moment,
    stage: Stage,
}

impl Row {
    fn of(message: &Outgoing, now: Timestamp) -> Option<Self> {
        let approval = message.approval.as_ref()?;
        Some(Self {
            path: path_of(&approval.id),
            subject: subject_of(message),
            agent: agent_of(message),
            account: message.account_name.to_string(),
            to: recipients_of(message),
            asked: Moment::of(message.created, now),
            until: Moment::of(approval.expires, now),
            stage: Stage::of(message, now, false),
        })
    }
}

async fn page(State(site): State<Site>, person: Person) -> Answer {
    let now = site.now();
    let waiting = site.access.approvals_waiting(&person.signed_in).await?;
    let over = site.access.approvals_over(&person.signed_in, MOST_OVER).await?;
    show(&Page {
        frame: person.frame(Section::Approvals),
        waiting: waiting.iter().filter_map(|message| Row::of(message, now)).collect(),
        over: over.iter().filter_map(|message| Row::of(message, now)).collect(),
    })
}

fn path_of(id: &ApprovalId) -> String {
    format!("/approvals/{}", encode(id.as_str()))
}

/// The subject for a heading; never empty.
fn subject_of(message: &Outgoing) -> String {
    let subject = foreign(&visible_line(&message.frozen.subject), LONGEST_SUBJECT);
    if subject.is_empty() { "(no subject)".to_owned() } else { subject }
}

fn agent_of(message: &Outgoing) -> String {
    let name = foreign(&message.client, LONGEST_AGENT);
    if name.is_empty() { "An agent without a name".to_owned() } else { name }
}

fn recipients_of(message: &Outgoing) -> String {
    let all = &message.frozen.recipients;
    let named: Vec<String> = all.iter().take(MOST_NAMED).map(|address| visible_line(address)).collect();
    match all.len().saturating_sub(named.len()) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
