//! How much the server keeps, for its administrators: in all, of what kind, and of whom; never what it says.

use access::Kept;
use askama::Template;
use axum::{Router, extract::State, routing::get};

use crate::{
    frame::{Admin, Answer, Frame, Section, Site, show},
    pages::words::size,
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/storage", get(look))
}

#[derive(Template)]
#[template(path = "admin_storage.html")]
struct Page {
    frame: Frame,
    kept: Kept,
    free: Option<u64>,
}

impl Page {
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "templates reach it through their page and hand over references"
    )]
    fn size(&self, octets: &u64) -> String {
        size(*octets)
    }
}

async fn look(State(site): State<Site>, Admin(person): Admin) -> Answer {
    let kept = site.access.kept().await?;
    show(&Page { frame: person.frame(Section::Admin), kept, free: site.settings.process.free_octets() })
}
