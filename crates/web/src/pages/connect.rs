//! How to connect an agent, for each kind of client.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
