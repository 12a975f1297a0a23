//! The first person sets up the server.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
