//! What the person's agents did and what they did here themselves: newest first, found by what it says, with what can
//! be taken back. The picture of a day is in `picture`, words in `line`, what is asked for in `filter`; what is done
//! from here in `acts`, what is taken along in `export`.

mod acts;
mod export;
mod filter;
mod line;
mod named;
mod picture;
#[cfg(test)]
mod tests;

use access::ActivityAgent;
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    routing::{get, post},
};
use domain::Timestamp;

use self::{acts::ChainShown, filter::Filter, line::Entry, picture::Picture};
use crate::{
    frame::{Answer, Frame, Person, Section, Site, day, show},
    pages::words::foreign,
};

/// Entries on a page.
const ENTRIES: u32 = 50;
/// Agents that can be chosen.
const CHOICES: usize = 50;
/// Characters of an agent's label.
const LONGEST_LABEL: usize = 64;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/activity", get(look))
        .route("/activity/export", get(export::export))
        .route("/activity/undo", post(acts::undo))
        .route("/activity/check", post(acts::check))
        .route("/activity/delete", get(acts::delete_form).post(acts::delete))
}

#[derive(Template)]
#[template(path = "activity/list.html")]
struct Page {
    frame: Frame,
    filter: Filter,
    agents: Vec<Choice>,
    tools: Vec<(&'static str, &'static str)>,
    picture: Option<Picture>,
    days: Vec<Day>,
    older: Option<String>,
    /// How far back was looked, where little was found.
    looked_back_to: Option<String>,
    chain: ChainShown,
}

/// An agent that can be chosen.
struct Choice {
    id: String,
    name: String,
}

/// The entries of one day.
struct Day {
    name: String,
    entries: Vec<Entry>,
}

async fn look(State(site): State<Site>, person: Person, RawQuery(query): RawQuery) -> Answer {
    let filter = Filter::read(query.as_deref().unwrap_or_default());
    let (who, now) = (&person.signed_in, site.now());
    let found = site.access.activity(who, &filter.wanted(), filter.before, ENTRIES).await?;
    let agents = site.access.activity_agents(who).await?;
    // the picture is of all there is: it stands at the beginning alone
    let picture = if filter.before.is_none() && !filter.is_narrow() {
        let hours = site.access.activity_by_hour(who, filter.span.since(now)).await?;
        Picture::of(&hours, &agents, filter.span, now)
    } else {
        None
    };
    let chain = site.access.activity_checked(who).await?;
    let mut days: Vec<Day> = Vec::new();
    for row in &found.rows {
        let name = named_day(row.recorded.row.at, now);
        let entry = Entry::of(row, &agents);
        match days.last_mut() {
            Some(last) if last.name == name => last.entries.push(entry),
            _ => days.push(Day { name, entries: vec![entry] }),
        }
    }
    let choice = |agent: &ActivityAgent| Choice { id: agent.grant.to_string(), name: name_of(agent) };
    show(&Page {
        frame: person.frame(Section::Activity),
        agents: agents.iter().take(CHOICES).map(choice).collect(),
        tools: named::choices(),
        picture,
        days,
        older: found.next.map(|next| filter.path(Some(next))),
        looked_back_to: found.looked_back_to.map(day),
        chain: ChainShown::of(&chain, now),
        filter,
    })
}

/// `Today`, `Yesterday`, `21 November 2026`.
fn named_day(at: Timestamp, now: Timestamp) -> String {
    match (now.date() - at.date()).whole_days() {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => day(at),
    }
}

/// What the person knows an agent by, ended or not.
fn name_of(agent: &ActivityAgent) -> String {
    let name = foreign(&agent.label, LONGEST_LABEL);
    if agent.is_live { name } else { format!("{name} (ended)") }
}
