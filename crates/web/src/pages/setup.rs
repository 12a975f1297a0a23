//! The first person sets up the server, with the link that it printed when it started.

use access::Purpose;
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::get,
};
use domain::Secret;

use crate::{
    frame::{Answer, Frame, Notice, PostedByVisitor, Site, Visitor, query_value},
    pages::{login::enter, new_person::NewPerson},
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/setup", get(look).post(accept))
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Page {
    frame: Frame,
    stage: Stage,
}

/// What there is to do.
enum Stage {
    /// The link is good.
    Form { code: Secret, new_person: NewPerson },
    /// There is none, or it is over.
    NoLink { had_code: bool },
    /// There is a user.
    Done,
}

async fn look(State(site): State<Site>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let code = query_value(&query.unwrap_or_default(), "code").map(Secret::new);
    let stage = stage(&site, code.as_ref(), NewPerson::default()).await?;
    visitor.show(&site, &Page { frame: visitor.frame(), stage })
}

async fn accept(State(site): State<Site>, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let code = fields.secret("code");
    let name = fields.text("name").to_ascii_lowercase();
    let is_setup = is_setup(&site, &code).await?;
    let error = if is_setup {
        match site.access.invitation_accept(&code, &name, &fields.secret("password"), &visitor.browser).await
        {
            Ok(opened) => {
                let before = visitor.signed_in.as_ref();
                return Ok(enter(&site, before, &opened, "/accounts/new", Some(Notice::Welcome)).await);
            }
            Err(error) => error,
        }
    } else {
        access::Error::InvitationOver
    };
    let new_person = match error {
        access::Error::InvitationOver => NewPerson::default(),
        other => NewPerson::refused(&name, other)?,
    };
    let stage = stage(&site, Some(&code), new_person).await?;
    let mut response = visitor.show(&site, &Page { frame: visitor.frame(), stage })?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn is_setup(site: &Site, code: &Secret) -> Result<bool, access::Error> {
    let found = site.access.invitation(code).await?;
    Ok(found.is_some_and(|invitation| invitation.purpose == Purpose::Setup))
}

async fn stage(site: &Site, code: Option<&Secret>, new_person: NewPerson) -> Result<Stage, access::Error> {
    if let Some(code) = code
        && is_setup(site, code).await?
    {
        return Ok(Stage::Form { code: code.clone(), new_person });
    }
    let is_set_up = site.access.has_users().await?;
    Ok(if is_set_up { Stage::Done } else { Stage::NoLink { had_code: code.is_some() } })
}

#[cfg(test)]
mod tests;
