//! The door for people: server-rendered pages to sign in, add mailboxes, let agents in and stay in charge.
//!
//! One page is one file in `pages/` with its template in `templates/`. Everything works without JavaScript. What
//! people may do is decided in `access`, what happens to mail in `engine`.

mod pages;

use access::Access;
use axum::Router;
use engine::Engine;

/// What this door needs to know besides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public URL without a trailing slash.
    pub public_url: String,
}

/// All pages.
pub fn router(access: Access, engine: Engine, settings: Settings) -> Router {
    let _ = (access, engine, settings);
    Router::new()
}
