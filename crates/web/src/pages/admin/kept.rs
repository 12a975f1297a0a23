//! How much the server keeps, for its administrators: in all, of what kind, and of whom; never what it says.

use access::Kept;
use askama::Template;
use axum::{Router, extract::State, routing::get};

use crate::frame::{Admin, Answer, Frame, Section, Site, show};

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

/// `12 bytes`, `3.4 MB`: as file managers tell it.
fn size(octets: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| octets >= *unit) {
        Some((unit, name)) => {
            let tenths = octets.saturating_mul(10) / unit;
            if tenths >= 1_000 {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            }
        }
        None => format!("{octets} bytes"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_told_as_file_managers_tell_them() {
        for (octets, told) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (3_460_000, "3.4 MB"),
            (250_000_000, "250 MB"),
            (u64::MAX, "1844674407 GB"),
        ] {
            assert_eq!(super::size(octets), told);
        }
    }
}
