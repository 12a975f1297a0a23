//! A person's own data: how long it is kept, all of it as a file, and all of it deleted. The last two want the
//! person to prove anew who they are, and so does keeping the trail for a shorter time.

use access::{Occasion, Wishes};
use askama::Template;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use domain::chain;
use futures_util::stream;
use time::macros::format_description;

use crate::frame::{
    Answer, Fields, Frame, Notice, Person, Posted, Section, Site, clear_session, prove_first, see_other, show,
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/data", get(look))
        .route("/settings/data/wishes", post(wish))
        .route("/settings/data/export", post(export))
        .route("/settings/data/delete", get(ask).post(delete))
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct Page {
    frame: Frame,
    wishes: Wishes,
    /// Whether the person proved not long ago who they are.
    is_proven: bool,
}

#[derive(Template)]
#[template(path = "privacy_delete.html")]
struct DeletePage {
    frame: Frame,
    name: String,
    accounts: usize,
    agents: usize,
    /// Whether others are here whom nobody else administrates.
    is_needed: bool,
}

impl Page {
    #[expect(clippy::unused_self, reason = "templates reach it through their page")]
    fn choices_of_activity(&self) -> Vec<(String, String, Option<u32>)> {
        let choice = |days: &Option<u32>| match days {
            Some(days) => (days.to_string(), told(*days), Some(*days)),
            None => ("ever".to_owned(), "For ever".to_owned(), None),
        };
        Wishes::ACTIVITY.iter().map(choice).collect()
    }

    #[expect(clippy::unused_self, reason = "templates reach it through their page")]
    fn choices_of_outbox(&self) -> Vec<(u32, String)> {
        Wishes::OUTBOX.iter().map(|days| (*days, told(*days))).collect()
    }

    #[expect(clippy::unused_self, reason = "templates reach it through their page")]
    fn choices_of_undo(&self) -> Vec<(u32, String)> {
        Wishes::UNDO.iter().map(|days| (*days, told(*days))).collect()
    }
}

fn told(days: u32) -> String {
    match days {
        1 => "1 day".to_owned(),
        365 => "1 year".to_owned(),
        days => format!("{days} days"),
    }
}

async fn look(State(site): State<Site>, person: Person) -> Answer {
    show(&Page {
        wishes: site.access.wishes(&person.signed_in.user.id).await?,
        is_proven: site.access.is_proven(&person.signed_in, &Occasion::Change),
        frame: person.frame(Section::Settings),
    })
}

async fn wish(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let wishes = Wishes {
        tells_by_mail: fields.has("tells_by_mail"),
        activity_days: match fields.text("activity") {
            "ever" => None,
            _ => Some(days(&fields, "activity")),
        },
        outbox_days: days(&fields, "outbox"),
        undo_days: days(&fields, "undo"),
    };
    let before = site.access.wishes(&person.signed_in.user.id).await?;
    if wishes.keeps_activity_shorter_than(&before) {
        person.proven(&site, "/settings/data")?;
    }
    site.access.wishes_set(&person.signed_in, &wishes).await?;
    Ok(see_other("/settings/data", Some(Notice::WishesSaved)))
}

/// What was chosen; 0, which nobody can wish, if it is no number.
fn days(fields: &Fields, name: &str) -> u32 {
    fields.text(name).parse().unwrap_or(0)
}

async fn export(State(site): State<Site>, Posted { person, .. }: Posted) -> Answer {
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first("/settings/data"));
    }
    let export = site.access.export(&person.signed_in).await?;
    let pieces = stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(Some(piece)) => Some((Ok(Bytes::from(piece)), Some(export))),
            Ok(None) => None,
            // the connection breaks off, so that no browser takes what came for the whole
            Err(error) => {
                tracing::warn!(error = %chain(&error), "an export ended early");
                Some((Err(error), None))
            }
        }
    });
    let day = site.now().format(format_description!("[year]-[month]-[day]")).unwrap_or_default();
    let name = format!("attachment; filename=\"postroom-{}-{day}.json\"", person.name());
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (CONTENT_DISPOSITION, name),
    ];
    Ok((StatusCode::OK, headers, Body::from_stream(pieces)).into_response())
}

async fn ask(State(site): State<Site>, person: Person) -> Answer {
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first("/settings/data/delete"));
    }
    let people = site.access.user_list().await?;
    let is_admin = |user: &access::User| user.is_admin && !user.is_disabled;
    let others: Vec<_> = people.iter().filter(|user| user.id != person.signed_in.user.id).collect();
    show(&DeletePage {
        frame: person.frame(Section::Settings),
        name: person.name().to_owned(),
        accounts: site.access.account_list(person.name()).await?.len(),
        agents: site.access.agent_list(&person.signed_in).await?.len(),
        is_needed: person.signed_in.user.is_admin
            && !others.is_empty()
            && !others.iter().any(|user| is_admin(user)),
    })
}

async fn delete(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    if !site.access.is_proven(&person.signed_in, &Occasion::Change) {
        return Ok(prove_first("/settings/data/delete"));
    }
    if fields.text("name") != person.name() {
        return Ok(see_other("/settings/data/delete", Some(Notice::WrongName)));
    }
    site.access.remove_self(&person.signed_in).await?;
    Ok(gone(&site))
}

fn gone(site: &Site) -> Response {
    clear_session(site, see_other("/login", Some(Notice::Leaving)))
}

#[cfg(test)]
mod tests;
