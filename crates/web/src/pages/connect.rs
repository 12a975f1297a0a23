//! How to connect an agent: the address to paste, the steps for each client, and a mark that turns when one has
//! called. What a client may do is asked later, in `consent.rs`.

mod guides;
#[cfg(test)]
mod tests;

use access::Agent;
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    response::IntoResponse as _,
    routing::get,
};
use domain::Timestamp;
use time::Duration;

use crate::{
    frame::{Answer, Frame, Person, Section, Site, query_value, show},
    pages::agents::Line,
};

pub(super) use guides::Addresses;
use guides::Guide;

/// How long a page waits for an agent.
const PATIENCE: Duration = Duration::minutes(30);

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/connect", get(page)).route("/connect/mark", get(mark))
}

#[derive(Template)]
#[template(path = "connect.html")]
struct Page {
    frame: Frame,
    addresses: Addresses,
    /// The client whose steps are shown first.
    first: Guide,
    mark: Mark,
    has_account: bool,
}

/// Whether an agent has come since the page was opened.
#[derive(Template)]
#[template(path = "connect_mark.html")]
struct Mark {
    stage: Stage,
    /// Since when the page waits, in seconds since 1970.
    since: i64,
    agent: Option<Line>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody came.
    Waiting,
    /// One was let in and has not called yet.
    LetIn,
    /// One has called.
    Connected,
    /// Nobody came in all that time.
    Over,
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::LetIn => "let-in",
            Self::Connected => "connected",
            Self::Over => "over",
        }
    }

    /// Whether it is worth asking again.
    fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::LetIn)
    }
}

impl Mark {
    fn of(agents: &[Agent], since: Timestamp, now: Timestamp) -> Self {
        let has_called = |agent: &&Agent| agent.last_used.is_some_and(|at| at >= since);
        let is_new = |agent: &&Agent| agent.grant.created >= since;
        let (stage, agent) = if let Some(agent) = agents.iter().find(has_called) {
            (Stage::Connected, Some(agent))
        } else if now - since > PATIENCE {
            (Stage::Over, None)
        } else if let Some(agent) = agents.iter().find(is_new) {
            (Stage::LetIn, Some(agent))
        } else {
            (Stage::Waiting, None)
        };
        Self { stage, since: since.unix_timestamp(), agent: agent.map(|agent| Line::of(agent, now)) }
    }
}

async fn page(State(site): State<Site>, person: Person, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let now = site.now();
    let agents = site.access.agent_list(&person.signed_in).await?;
    let addresses = Addresses::of(site.public_url());
    // one that can reach the address
    let usual = if addresses.is_local { Guide::ClaudeCode } else { Guide::ClaudeAi };
    show(&Page {
        frame: person.frame(Section::Connect),
        addresses,
        first: query_value(&query, "with").and_then(|name| Guide::of(&name)).unwrap_or(usual),
        mark: Mark::of(&agents, since(&query, now), now),
        has_account: !site.access.account_list(person.name()).await?.is_empty(),
    })
}

/// The mark alone, for a page that waits; nothing if it still says the same.
async fn mark(State(site): State<Site>, person: Person, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let now = site.now();
    let agents = site.access.agent_list(&person.signed_in).await?;
    let mark = Mark::of(&agents, since(&query, now), now);
    if query_value(&query, "was").as_deref() == Some(mark.stage.as_str()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    show(&mark)
}

/// Since when the page waits; from now on if it does not say.
fn since(query: &str, now: Timestamp) -> Timestamp {
    let seconds = query_value(query, "since").and_then(|text| text.parse().ok());
    let since = seconds.and_then(|seconds| Timestamp::from_unix_timestamp(seconds).ok());
    since.filter(|since| *since <= now).unwrap_or(now)
}
