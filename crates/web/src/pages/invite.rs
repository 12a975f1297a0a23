//! A link that lets a new person in, or gives somebody another password.

use axum::Router;

use crate::frame::Site;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
}
