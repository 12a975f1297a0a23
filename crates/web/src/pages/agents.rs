//! The person's agents: a list, and a page for each with what it may do, what it did, and its end. What these
//! acts do is decided in `access`.

mod agent;
#[cfg(test)]
mod tests;

use access::Agent;
use askama::Template;
use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use domain::{GrantedAccounts, Scope, Scopes, Timestamp};
use time::Duration;
use url::Url;

use crate::{
    frame::{Answer, Frame, Person, Section, Site, encode, show},
    pages::{
        consent::{Asker, Destination},
        words::{Moment, counted, foreign},
    },
};

/// Characters of an agent's label.
const LONGEST_LABEL: usize = 64;

/// How long before its end an agent is marked.
const SOON: Duration = Duration::days(7);

/// The routes of these pages.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/agents", get(list))
        .route("/agents/{id}", get(agent::page).post(agent::change))
        .route("/agents/{id}/pause", post(agent::pause))
        .route("/agents/{id}/resume", post(agent::resume))
        .route("/agents/{id}/revoke", post(agent::revoke))
        .route("/agents/{id}/families/{family}/end", post(agent::end_family))
}

/// How an agent stands, in a word and a colour of the stylesheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Badge {
    /// `ok`, `warn`, `neutral`.
    pub(crate) tone: &'static str,
    /// The words.
    pub(crate) text: String,
}

/// An agent in a line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its page.
    pub(crate) path: String,
    /// What the person knows it by.
    pub(crate) name: String,
    /// Where it comes from: a host that is certain, or a kind.
    pub(crate) origin: String,
    /// How it stands.
    pub(crate) badges: Vec<Badge>,
    /// What it may do, in short.
    pub(crate) may: String,
    /// Where.
    pub(crate) accounts: String,
    /// When it was used last.
    pub(crate) last_used: Option<Moment>,
    /// Calls of the last 24 hours.
    pub(crate) calls: String,
}

impl Line {
    /// The agent as it is listed at `now`.
    pub(crate) fn of(agent: &Agent, now: Timestamp) -> Self {
        let asker = agent.client.as_ref().map(Asker::of);
        Self {
            path: format!("/agents/{}", encode(agent.grant.id.as_str())),
            name: foreign(&agent.grant.label, LONGEST_LABEL),
            origin: match asker {
                None => "personal token".to_owned(),
                Some(Asker { vouched_by: Some(host), .. }) => host,
                Some(_) => match destinations(agent).as_slice() {
                    [] => "let in on the consent page".to_owned(),
                    [one] => format!("signs in through {one}"),
                    [one, more @ ..] => format!("signs in through {one} and {} more", more.len()),
                },
            },
            badges: badges(agent, now),
            may: in_short(agent.grant.scopes),
            accounts: accounts_of(&agent.grant.accounts),
            last_used: agent.last_used.map(|at| Moment::of(at, now)),
            calls: counted(agent.calls_of_day, "call"),
        }
    }
}

/// Where the answers of the agent's client may go, in words; none for a personal token.
fn destinations(agent: &Agent) -> Vec<String> {
    let redirects = agent.client.iter().flat_map(|client| &client.redirect_uris);
    let mut words: Vec<String> =
        redirects.filter_map(|uri| Url::parse(uri).ok()).map(|url| Destination::of(&url).words()).collect();
    words.sort();
    words.dedup();
    words
}

fn badges(agent: &Agent, now: Timestamp) -> Vec<Badge> {
    let badge = |tone, text: &str| Badge { tone, text: text.to_owned() };
    let mut badges = Vec::new();
    if agent.is_paused {
        badges.push(badge("warn", "paused"));
    } else if agent.last_used.is_none() {
        badges.push(badge("neutral", "never used"));
    } else {
        badges.push(badge("ok", "active"));
    }
    if let Some(expires) = agent.grant.expires.filter(|expires| *expires - now < SOON) {
        badges.push(badge("warn", &format!("ends {}", Moment::of(expires, now).text)));
    }
    badges
}

/// `look, write drafts, send`: the strongest words of each kind.
fn in_short(scopes: Scopes) -> String {
    const WORDS: [(Scope, &str); 8] = [
        (Scope::Read, "read"),
        (Scope::Search, "search"),
        (Scope::Folders, "list folders"),
        (Scope::Draft, "write drafts"),
        (Scope::Modify, "sort"),
        (Scope::Send, "send"),
        (Scope::Delete, "delete for good"),
        (Scope::Manage, "manage folders"),
    ];
    let words: Vec<_> = WORDS.iter().filter(|(scope, _)| scopes.has(*scope)).map(|(_, word)| *word).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn accounts_of(accounts: &GrantedAccounts) -> String {
    match accounts {
        GrantedAccounts::All => "all mailboxes".to_owned(),
        GrantedAccounts::Only(names) if names.is_empty() => "no mailbox".to_owned(),
        GrantedAccounts::Only(names) => {
            names.iter().map(domain::AccountName::as_str).collect::<Vec<_>>().join(", ")
        }
    }
}

#[derive(Template)]
#[template(path = "agents.html")]
struct List {
    frame: Frame,
    agents: Vec<Line>,
}

async fn list(State(site): State<Site>, person: Person) -> Answer {
    let now = site.now();
    let agents = site.access.agent_list(&person.signed_in).await?;
    let agents = agents.iter().map(|agent| Line::of(agent, now)).collect();
    show(&List { frame: person.frame(Section::Agents), agents })
}
