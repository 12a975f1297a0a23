//! The pages: one file each, with its routes, its template and its tests.

mod accounts;
mod activity;
mod admin;
mod agents;
mod approvals;
mod code;
mod codes;
mod connect;
mod consent;
mod home;
mod invite;
#[cfg(test)]
mod let_in;
mod limits;
mod login;
mod new_person;
mod outbox;
#[cfg(test)]
mod outgoing;
mod passkey_form;
mod permission;
mod privacy;
mod prove;
mod settings;
mod setup;
mod upstream;
mod words;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod tests;

use axum::Router;

use crate::frame::Site;

/// The routes of all pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .merge(home::routes())
        .merge(activity::routes())
        .merge(setup::routes())
        .merge(login::routes())
        .merge(invite::routes())
        .merge(consent::routes())
        .merge(accounts::routes())
        .merge(agents::routes())
        .merge(approvals::routes())
        .merge(outbox::routes())
        .merge(connect::routes())
        .merge(settings::routes())
        .merge(prove::routes())
        .merge(code::routes())
        .merge(codes::routes())
        .merge(upstream::routes())
        .merge(privacy::routes())
        .merge(admin::routes())
}
