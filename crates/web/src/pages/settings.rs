//! The person's own settings: password and sessions.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
