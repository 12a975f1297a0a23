//! Mail on its way: what wants the person, what is leaving, what is over. One message has a page of its own.
//! What may be done is decided in `engine`, by how the message stands at that moment.

mod actions;
mod message;
#[cfg(test)]
mod tests;
mod told;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::Uri,
    routing::{get, post},
};
use domain::{OutboxId, Timestamp};
use engine::outbox::{Listing, Pile, Place};

use self::told::Line;
use crate::frame::{Answer, Frame, Person, Section, Site, encode, query_value, show};

/// Messages of a pile that has the page to itself.
const ALL: usize = 50;

/// Messages of each pile where all stand on one page, those first that want the person.
const SOME: [(Pile, usize); 3] = [(Pile::Wanting, 20), (Pile::Leaving, 10), (Pile::Over, 10)];

/// The routes of these pages.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/outbox", get(list))
        .route("/outbox/{id}", get(message::page))
        .route("/outbox/{id}/cancel", post(actions::cancel))
        .route("/outbox/{id}/now", post(actions::now))
        .route("/outbox/{id}/look", post(actions::look))
        .route("/outbox/{id}/sent", post(actions::sent))
        .route("/outbox/{id}/again", post(actions::again))
        .route("/outbox/{id}/copy", post(actions::copy))
        .route("/outbox/{id}/forget", post(actions::forget))
}

/// Some messages under a heading.
struct Group {
    /// The name in the query.
    name: &'static str,
    heading: &'static str,
    explains: &'static str,
    lines: Vec<Line>,
    unreadable: usize,
    /// Where it goes on.
    more: Option<String>,
}

impl Group {
    fn of(pile: Pile, listing: &Listing, is_alone: bool, now: Timestamp) -> Self {
        let (name, heading, explains) = words_of(pile);
        let more = listing.next.as_ref().map(|next| {
            let rest = if is_alone { format!("&before={}", encode(&written(next))) } else { String::new() };
            format!("/outbox?pile={name}{rest}")
        });
        let lines = listing.messages.iter().map(|own| Line::of(own, now)).collect();
        Self { name, heading, explains, lines, unreadable: listing.unreadable, more }
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.unreadable == 0
    }
}

fn words_of(pile: Pile) -> (&'static str, &'static str, &'static str) {
    match pile {
        Pile::Wanting => ("wanting", "Wants you", "Something is to be decided, or went wrong."),
        Pile::Leaving => {
            ("leaving", "On its way", "It leaves by itself. Until it does you can take it back.")
        }
        Pile::Over => (
            "over",
            "Over",
            "What was sent, and what never will be. How long it is kept is in Settings, under “Your data”.",
        ),
    }
}

#[derive(Template)]
#[template(path = "outbox/list.html")]
struct List {
    frame: Frame,
    groups: Vec<Group>,
    /// Whether one pile has the page to itself.
    is_alone: bool,
    /// Whether that is not its beginning.
    is_further: bool,
}

async fn list(State(site): State<Site>, person: Person, uri: Uri) -> Answer {
    let now = site.now();
    let query = uri.query().unwrap_or_default();
    let named = query_value(query, "pile");
    let chosen = SOME.iter().map(|(pile, _)| *pile).find(|pile| named.as_deref() == Some(words_of(*pile).0));
    let after = chosen.and_then(|_| place(&query_value(query, "before")?));
    let principal = site.access.person(&person.signed_in).await?;
    let mut groups = Vec::new();
    for (pile, some) in SOME {
        if chosen.is_some_and(|chosen| chosen != pile) {
            continue;
        }
        let limit = if chosen.is_some() { ALL } else { some };
        let listing = site.engine.own_outbox(&principal, pile, after.as_ref(), limit).await?;
        let group = Group::of(pile, &listing, chosen.is_some(), now);
        if !group.is_empty() {
            groups.push(group);
        }
    }
    let frame = person.frame(Section::Outbox);
    show(&List { frame, groups, is_alone: chosen.is_some(), is_further: after.is_some() })
}

/// `MILLISECONDS-ID`.
fn written(place: &Place) -> String {
    format!("{}-{}", place.created.unix_timestamp_nanos() / 1_000_000, place.id)
}

/// The place that a query names; nothing for what is none, which begins the list anew.
fn place(text: &str) -> Option<Place> {
    let (created, id) = text.split_once('-')?;
    let created = i128::from(created.parse::<i64>().ok()?).checked_mul(1_000_000)?;
    let id = OutboxId::from_text(id);
    id.to_bytes()?;
    Some(Place { created: Timestamp::from_unix_timestamp_nanos(created).ok()?, id })
}
