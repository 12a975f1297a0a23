//! How the server is, for its administrators: whether database and key answer, what waits, what goes on beside
//! requests, and what the operator set. No secret is among it.

use access::OutboxCounts;
use askama::Template;
use axum::{Router, extract::State, routing::get};

use crate::frame::{Admin, Answer, Frame, Section, Site, ago, day, show};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/health", get(look))
}

/// Work that goes on beside requests, in words.
struct WorkRow {
    what: &'static str,
    done: String,
    failed: Option<String>,
}

#[derive(Template)]
#[template(path = "admin_health.html")]
struct Page {
    frame: Frame,
    is_ready: bool,
    version: String,
    since: String,
    counts: OutboxCounts,
    works: Vec<WorkRow>,
    limits: Vec<(&'static str, String)>,
}

async fn look(State(site): State<Site>, Admin(person): Admin) -> Answer {
    let (process, now) = (&site.settings.process, site.now());
    let works = process.works().into_iter().map(|work| WorkRow {
        what: work.what,
        done: work.done.map_or_else(|| "not yet".to_owned(), |done| ago(now, done)),
        failed: work.failed.map(|failed| ago(now, failed)),
    });
    show(&Page {
        frame: person.frame(Section::Admin),
        is_ready: site.access.is_ready().await,
        version: process.version().to_owned(),
        since: format!("{} ({})", day(process.since()), ago(now, process.since())),
        counts: site.access.outbox_counts().await?,
        works: works.collect(),
        limits: process.limits(),
    })
}
