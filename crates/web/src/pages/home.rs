//! The first page: what to do next, and once all is done a calm overview.

#[cfg(test)]
mod tests;

use access::Account;
use askama::Template;
use axum::{Router, extract::State, routing::get};

use crate::{
    frame::{Answer, Frame, Person, Section, Site, encode, show},
    pages::{agents::Line, connect::Addresses},
};

/// Agents that are shown here; all of them have a page of their own.
const MOST_AGENTS: usize = 6;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/", get(page))
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page {
    frame: Frame,
    user: String,
    addresses: Addresses,
    accounts: Vec<Mailbox>,
    agents: Vec<Line>,
    /// Agents that are not shown.
    more: usize,
}

/// One of the person's accounts.
struct Mailbox {
    path: String,
    name: String,
    address: String,
    is_default: bool,
    can_send: bool,
}

impl Mailbox {
    fn of(account: &Account) -> Self {
        Self {
            path: format!("/accounts/{}", encode(account.name.as_str())),
            name: account.name.to_string(),
            address: account.settings.address.clone(),
            is_default: account.is_default,
            can_send: account.settings.smtp.is_some(),
        }
    }
}

async fn page(State(site): State<Site>, person: Person) -> Answer {
    let now = site.now();
    let accounts = site.access.account_list(person.name()).await?;
    let agents = site.access.agent_list(&person.signed_in).await?;
    show(&Page {
        frame: person.frame(Section::Home),
        user: person.name().to_owned(),
        addresses: Addresses::of(site.public_url()),
        accounts: accounts.iter().map(Mailbox::of).collect(),
        more: agents.len().saturating_sub(MOST_AGENTS),
        agents: agents.iter().take(MOST_AGENTS).map(|agent| Line::of(agent, now)).collect(),
    })
}
