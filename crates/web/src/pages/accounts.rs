//! Mailboxes: the person's accounts, added, edited, tested and removed.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
