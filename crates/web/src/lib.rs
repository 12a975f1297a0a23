//! The door for people: server-rendered pages to sign in, add mailboxes, let agents in and stay in charge.
//!
//! One page is one file in `pages/` with its template in `templates/`; what all pages share is in `frame/`.
//! Everything works without JavaScript. What people may do is decided in `access`, what happens to mail in
//! `engine`.

mod frame;
mod pages;
#[cfg(test)]
mod world;

use access::Access;
use axum::Router;
use engine::Engine;

pub use frame::{Process, Settings, Work};

/// All pages, the files they need, and a page for every other path.
pub fn router(access: Access, engine: Engine, settings: Settings) -> Router {
    frame::wrap(pages::routes(), frame::Site::new(access, engine, settings))
}
