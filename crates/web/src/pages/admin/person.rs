//! One person as an administrator arranges them: in or out, administrator or not, another password, deleted.
//! What can end somebody's stay or let others in wants a proof that is not old.

use access::{Occasion, PersonInNumbers};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};

use super::{Row, name, show_link};
use crate::frame::{
    Admin, Answer, Error, Frame, Notice, Person, PostedByAdmin, Section, Site, encode, prove_first,
    see_other, show,
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/admin/people/{name}", get(look))
        .route("/admin/users/reset", post(reset))
        .route("/admin/users/end-codes", post(end_codes))
        .route("/admin/users/disable", post(disable))
        .route("/admin/users/enable", post(enable))
        .route("/admin/users/make-admin", post(make_admin))
        .route("/admin/users/unmake-admin", post(unmake_admin))
        .route("/admin/users/delete", post(delete))
}

#[derive(Template)]
#[template(path = "admin_person.html")]
struct Page {
    frame: Frame,
    row: Row,
}

async fn look(State(site): State<Site>, Path(name): Path<String>, Admin(person): Admin) -> Answer {
    let told = find(&site, &name).await?;
    show(&Page { row: Row::of(told, &person, site.now()), frame: person.frame(Section::Admin) })
}

async fn find(site: &Site, name: &str) -> Result<PersonInNumbers, Error> {
    let mut people = site.access.people().await?.into_iter();
    people.find(|told| told.user.name == name).ok_or(Error::NotFound)
}

/// The person's page, where the administrator goes on.
fn page_of(name: &str) -> String {
    format!("/admin/people/{}", encode(name))
}

/// Where to prove first, if that was not done lately.
fn unproven(site: &Site, person: &Person, name: &str) -> Option<Response> {
    let is_proven = site.access.is_proven(&person.signed_in, &Occasion::Change);
    (!is_proven).then(|| prove_first(&page_of(name)))
}

async fn reset(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    find(&site, &name).await?;
    if let Some(first) = unproven(&site, &person, &name) {
        return Ok(first);
    }
    let made = site.access.reset_new(person.name(), &name).await?;
    show_link(&site, &person, made)
}

async fn end_codes(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    find(&site, &name).await?;
    if name == person.name() {
        return Ok(see_other("/settings/codes", None));
    }
    if let Some(first) = unproven(&site, &person, &name) {
        return Ok(first);
    }
    let is_ended = site.access.codes_end_by(&person.signed_in, &name).await?;
    let notice = if is_ended { Notice::CodesEnded } else { Notice::NothingToDo };
    Ok(see_other(&page_of(&name), Some(notice)))
}

async fn disable(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    if name == person.name() {
        return Ok(see_other("/admin", Some(Notice::NotYourself)));
    }
    find(&site, &name).await?;
    if let Some(first) = unproven(&site, &person, &name) {
        return Ok(first);
    }
    site.access.user_disable_by(&person.signed_in, &name, true).await?;
    Ok(see_other("/admin", Some(Notice::UserDisabled)))
}

async fn enable(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    find(&site, &name).await?;
    if let Some(first) = unproven(&site, &person, &name) {
        return Ok(first);
    }
    site.access.user_disable_by(&person.signed_in, &name, false).await?;
    Ok(see_other("/admin", Some(Notice::UserEnabled)))
}

async fn make_admin(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    set_admin(&site, form, true).await
}

async fn unmake_admin(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    set_admin(&site, form, false).await
}

async fn set_admin(site: &Site, form: PostedByAdmin, is_admin: bool) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    find(site, &name).await?;
    if let Some(first) = unproven(site, &person, &name) {
        return Ok(first);
    }
    site.access.user_set_admin_by(&person.signed_in, &name, is_admin).await?;
    let notice = if is_admin { Notice::AdminMade } else { Notice::AdminUnmade };
    // who gave up the role themselves has no such page any more
    let next = if !is_admin && name == person.name() { "/settings".to_owned() } else { page_of(&name) };
    Ok(see_other(&next, Some(notice)))
}

async fn delete(State(site): State<Site>, form: PostedByAdmin) -> Answer {
    let PostedByAdmin { person, fields } = form;
    let name = name(&fields);
    find(&site, &name).await?;
    if name == person.name() {
        return Ok(see_other("/settings/data/delete", None));
    }
    if let Some(first) = unproven(&site, &person, &name) {
        return Ok(first);
    }
    if fields.text("typed") != name {
        return Ok(see_other(&page_of(&name), Some(Notice::WrongNameOfPerson)));
    }
    site.access.user_remove_by(&person.signed_in, &name).await?;
    Ok(see_other("/admin", Some(Notice::PersonRemoved)))
}
