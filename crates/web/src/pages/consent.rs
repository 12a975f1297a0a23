//! A client's question, and the person's answer: who asks, where the answer goes, what it may do. No answer is
//! ever given but by the buttons of this form. What the answer does is decided in `access`.

mod asker;
#[cfg(test)]
mod tests;

use access::{Account, Choice, Question};
use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use domain::{ConsentId, Timestamp};
use time::Duration;
use url::Url;

use crate::{
    frame::{
        Answer, Error, Fields, Frame, Person, Posted, Section, Site, allow_form_action, encode, see_other,
        show,
    },
    pages::{
        limits::Slip,
        permission::{Ending, Permission, PermissionForm},
        words::foreign,
    },
};

pub(crate) use asker::{Asker, Destination};

/// Characters of a redirect that are shown.
const LONGEST_REDIRECT: usize = 500;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/consent/{id}", get(ask).post(answer))
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Page {
    frame: Frame,
    path: String,
    asker: Asker,
    destination: Destination,
    /// The whole redirect, for those who want to look.
    redirect: String,
    /// Whether the person let it in before.
    is_in: bool,
    /// Whether they paused it since, which an answer ends.
    is_paused: bool,
    /// Where to add a mailbox and come back from.
    add_account: String,
    form: PermissionForm,
}

async fn ask(State(site): State<Site>, person: Person, Path(id): Path<String>) -> Answer {
    let question = site.access.consent_find(&person.signed_in, &ConsentId::from_text(id)).await?;
    let accounts = site.access.account_list(person.name()).await?;
    let form = form_of(&site, &question, &accounts);
    page(&site, &person, &question, form).await
}

async fn answer(State(site): State<Site>, Path(id): Path<String>, posted: Posted) -> Answer {
    let Posted { person, fields } = posted;
    let id = ConsentId::from_text(id);
    if fields.text("answer") == "refuse" {
        let back = site.access.consent_refuse(&person.signed_in, &id).await?;
        return Ok(see_other(&back, None));
    }
    let question = site.access.consent_find(&person.signed_in, &id).await?;
    let accounts = site.access.account_list(person.name()).await?;
    let read = Permission::read(&fields, question.offered, &accounts, question.grant.as_ref());
    match read {
        Ok(allowed) if fields.text("answer") == "allow" => {
            let before = question.grant.as_ref().map(|grant| grant.limits.clone()).unwrap_or_default();
            if allowed.limits.is_looser_than(&before, site.settings.approval) {
                person.proven(&site, &format!("/consent/{}", encode(id.as_str())))?;
            }
            let choice = choice_of(allowed, &question, site.now());
            let back = site.access.consent_give(&person.signed_in, &id, &choice).await?;
            Ok(see_other(&back, None))
        }
        read => {
            ask_again(&site, &person, &question, &accounts, &fields, read.err().unwrap_or_default()).await
        }
    }
}

/// The form once more as it was filled in, for an answer that is none.
async fn ask_again(
    site: &Site,
    person: &Person,
    question: &Question,
    accounts: &[Account],
    fields: &Fields,
    slips: Vec<Slip>,
) -> Answer {
    let form = form_of(site, question, accounts).typed(fields, slips);
    let mut response = page(site, person, question, form).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

fn form_of(site: &Site, question: &Question, accounts: &[Account]) -> PermissionForm {
    match &question.grant {
        Some(grant) => PermissionForm::asked_again(grant, question.offered, accounts),
        None => PermissionForm::fresh(question.offered, accounts, site.settings.approval),
    }
}

async fn page(
    site: &Site,
    person: &Person,
    question: &Question,
    form: PermissionForm,
) -> Result<Response, Error> {
    let path = format!("/consent/{}", encode(question.id.as_str()));
    let Ok(redirect) = Url::parse(&question.redirect_uri) else { return Err(Error::NotFound) };
    let is_paused = match &question.grant {
        Some(grant) => site.access.agent(&person.signed_in, &grant.id).await?.agent.is_paused,
        None => false,
    };
    let page = Page {
        frame: person.frame(Section::Outside),
        asker: Asker::of(&question.client),
        destination: Destination::of(&redirect),
        redirect: foreign(redirect.as_str(), LONGEST_REDIRECT),
        is_in: question.grant.is_some(),
        is_paused,
        add_account: format!("/accounts/new?next={}", encode(&path)),
        path,
        form,
    };
    Ok(allow_form_action(show(&page)?, &redirect))
}

fn choice_of(allowed: Permission, question: &Question, now: Timestamp) -> Choice {
    let Permission { scopes, accounts, limits, ending } = allowed;
    let lifetime = match ending {
        Ending::Never => None,
        Ending::After(time) => Some(time),
        // what has ended meanwhile does not begin anew by being kept
        Ending::Kept => {
            let expires = question.grant.as_ref().and_then(|grant| grant.expires);
            expires.map(|expires| (expires - now).max(Duration::seconds(1)))
        }
    };
    Choice { scopes, accounts, limits, lifetime }
}
