//! Removing a mailbox: first what comes of it, then the deed.

use askama::Template;
use axum::extract::{Path, State};

use super::{find, path_of};
use crate::frame::{Answer, Frame, Notice, Person, Posted, Section, Site, see_other, show};

#[derive(Template)]
#[template(path = "accounts/remove.html")]
struct Page {
    frame: Frame,
    name: String,
    path: String,
    address: String,
    is_default: bool,
    is_only: bool,
}

/// What comes of it.
pub(super) async fn page(State(site): State<Site>, Path(name): Path<String>, person: Person) -> Answer {
    let account = find(&site, &person, &name).await?;
    let count = site.access.account_list(person.name()).await?.len();
    show(&Page {
        frame: person.frame(Section::Accounts),
        name: account.name.to_string(),
        path: path_of(&account.name),
        address: account.settings.address,
        is_default: account.is_default,
        is_only: count == 1,
    })
}

/// Removes it, and closes its connections.
pub(super) async fn remove(State(site): State<Site>, Path(name): Path<String>, posted: Posted) -> Answer {
    let account = find(&site, &posted.person, &name).await?;
    let removed = site.access.account_remove(posted.person.name(), &account.name).await?;
    site.engine.let_go(&removed);
    Ok(see_other("/accounts", Some(Notice::AccountRemoved)))
}
