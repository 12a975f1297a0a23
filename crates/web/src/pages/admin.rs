//! People of this server, for its administrators.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
