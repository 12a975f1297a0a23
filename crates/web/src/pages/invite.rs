//! A link that lets a new person in, or gives somebody another password.

use access::{Invitation, Purpose, SignInStep};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use domain::Secret;

use crate::{
    frame::{Answer, Frame, Next, Notice, PostedByVisitor, Site, Visitor},
    pages::{code, login::enter, new_person::NewPerson},
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/invite/{code}", get(look).post(accept))
}

#[derive(Template)]
#[template(path = "invite.html")]
struct Page {
    frame: Frame,
    /// What the link is for; nothing if it is over.
    invitation: Option<Invitation>,
    /// Who is signed in in this browser, and would not be any more.
    signed_in: Option<String>,
    new_person: NewPerson,
    /// The host of the provider by which people sign in too, and what stands in the link.
    provider: Option<String>,
    code: Secret,
}

impl Page {
    fn of(site: &Site, visitor: &Visitor, code: &Secret, invitation: Option<Invitation>) -> Self {
        let signed_in = visitor.signed_in.as_ref().map(|person| person.user.name.clone());
        let (provider, code) = (site.access.login_provider(), code.clone());
        Self {
            frame: visitor.frame(),
            invitation,
            signed_in,
            new_person: NewPerson::default(),
            provider,
            code,
        }
    }

    /// For whom another password is set, if that is what the link is for.
    fn reset_of(&self) -> Option<&str> {
        match self.invitation.as_ref().map(|invitation| &invitation.purpose) {
            Some(Purpose::Reset { user }) => Some(user),
            _ => None,
        }
    }

    fn is_for_admin(&self) -> bool {
        self.invitation.as_ref().is_some_and(|one| one.purpose == Purpose::Invite { is_admin: true })
    }
}

/// What the link is for; the first person's has a page of its own.
async fn find(site: &Site, code: &Secret) -> Result<Option<Invitation>, access::Error> {
    let found = site.access.invitation(code).await?;
    Ok(found.filter(|invitation| invitation.purpose != Purpose::Setup))
}

async fn look(State(site): State<Site>, visitor: Visitor, Path(code): Path<String>) -> Answer {
    let code = Secret::new(code);
    let invitation = find(&site, &code).await?;
    let status = if invitation.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = visitor.show(&site, &Page::of(&site, &visitor, &code, invitation))?;
    *response.status_mut() = status;
    Ok(response)
}

async fn accept(State(site): State<Site>, Path(link): Path<String>, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let link = Secret::new(link);
    let invitation = find(&site, &link).await?;
    let (password, browser) = (fields.secret("password"), &visitor.browser);
    let name = fields.text("name").to_ascii_lowercase();
    let (outcome, path, notice) = match invitation.as_ref().map(|invitation| &invitation.purpose) {
        Some(Purpose::Invite { .. }) => {
            let outcome = site.access.invitation_accept(&link, &name, &password, browser).await;
            (outcome, "/accounts/new", Notice::Welcome)
        }
        Some(Purpose::Reset { .. }) => {
            let outcome = match site.access.reset_accept(&link, &password, browser).await {
                Ok(SignInStep::NeedsCode { pending }) => {
                    return code::ask(&site, &visitor, Next::default(), pending);
                }
                Ok(SignInStep::Opened(opened)) => Ok(opened),
                Err(error) => Err(error),
            };
            (outcome, "/", Notice::PasswordSet)
        }
        Some(Purpose::Setup) | None => (Err(access::Error::InvitationOver), "/", Notice::NothingToDo),
    };
    let error = match outcome {
        Ok(opened) => return Ok(enter(&site, visitor.signed_in.as_ref(), &opened, path, Some(notice)).await),
        Err(error) => error,
    };
    let page = match error {
        access::Error::InvitationOver => Page::of(&site, &visitor, &link, None),
        other => Page {
            new_person: NewPerson::refused(&name, other)?,
            ..Page::of(&site, &visitor, &link, invitation)
        },
    };
    let mut response = visitor.show(&site, &page)?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

#[cfg(test)]
mod tests;
