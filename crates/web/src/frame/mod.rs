//! What all pages share: who looks at them, forms that only this person's pages can post, the layout, errors,
//! headers, files. The pages themselves are in `pages/`.

mod ago;
mod cookies;
mod error;
mod fields;
mod files;
mod headers;
mod local;
mod notice;
mod person;
mod posted;
mod site;
mod view;
mod visitor;

#[cfg(test)]
mod tests;

pub(crate) use ago::{ago, day, until};
pub(crate) use cookies::{clear_session, set_session};
pub(crate) use error::{Answer, Error};
pub(crate) use fields::Fields;
pub(crate) use headers::{allow_form_action, allow_own_frame};
pub(crate) use local::{Next, encode, query_value};
pub(crate) use notice::{Notice, Tone};
pub(crate) use person::{Admin, Person};
pub(crate) use posted::{Posted, PostedByAdmin, PostedByVisitor, is_loopback};
pub use site::Settings;
pub(crate) use site::Site;
pub(crate) use view::{Frame, Section, prove_first, see_other, show};
pub(crate) use visitor::Visitor;

use axum::{
    Router,
    http::Uri,
    middleware::{from_fn, from_fn_with_state},
};

/// The pages' routes with everything around them.
pub(crate) fn wrap(pages: Router<Site>, site: Site) -> Router {
    pages
        .merge(files::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .layer(from_fn_with_state(site.clone(), error::draw))
        .layer(from_fn(headers::add))
        .with_state(site)
}

async fn nothing_here(_: Uri) -> Error {
    Error::NotFound
}
