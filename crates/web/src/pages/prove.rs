//! Where people prove anew who they are, before a change that a session left open must not make, or before a
//! message leaves: with their password or a passkey. Then they go on where they came from.

use access::{Occasion, SignInRefusal};
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    routing::{get, post},
};
use domain::ApprovalId;

use crate::{
    frame::{Answer, Error, Frame, Next, Person, Posted, Section, Site, query_value, see_other, show},
    pages::{
        login::too_many,
        passkey_form::{PasskeyForm, no_question, question},
    },
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/prove", get(look).post(prove))
        .route("/prove/passkey/begin", post(ask))
        .route("/prove/passkey", post(prove_by_passkey))
}

/// Characters of the id of a message that waits.
const LONGEST_ID: usize = 64;

#[derive(Template)]
#[template(path = "prove.html")]
struct Page {
    frame: Frame,
    next: Next,
    /// The id of the message that the proof is for; empty for a change.
    occasion: String,
    name: String,
    has_password: bool,
    passkey: Option<PasskeyForm>,
    /// The host of the provider by which they can show it.
    provider: Option<String>,
    error: String,
}

impl Page {
    async fn of(site: &Site, person: &Person, next: Next, occasion: &str) -> Result<Self, access::Error> {
        let ways = site.access.ways(&person.signed_in).await?;
        Ok(Self {
            frame: person.frame(Section::Outside),
            next,
            occasion: occasion.to_owned(),
            name: person.name().to_owned(),
            has_password: ways.has_password,
            passkey: PasskeyForm::prove(site, occasion).filter(|_| ways.has_passkeys),
            provider: site.access.login_provider().filter(|_| ways.has_provider),
            error: String::new(),
        })
    }
}

async fn look(State(site): State<Site>, person: Person, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let next = Next::of(&query_value(&query, "next").unwrap_or_default());
    let id = query_value(&query, "for").unwrap_or_default();
    if site.access.is_proven(&person.signed_in, &occasion(&id)?) {
        return Ok(see_other(next.path(), None));
    }
    show(&Page::of(&site, &person, next, &id).await?)
}

async fn prove(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let (next, id) = (Next::of(fields.raw("next")), fields.raw("for"));
    let password = fields.secret("password");
    let proven = site.access.prove(&person.signed_in, &password, &occasion(id)?, &person.browser).await;
    go_on(&site, &person, next, id, proven, "That is not your password. Try again.").await
}

async fn ask(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    match site.access.passkey_prove_begin(&person.signed_in, &occasion(fields.raw("for"))?).await {
        Ok(asked) => Ok(question(&asked)),
        Err(refusal) => no_question(refusal),
    }
}

async fn prove_by_passkey(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let (next, id) = (Next::of(fields.raw("next")), fields.raw("for"));
    occasion(id)?;
    let (code, answer) = (fields.secret("code"), fields.raw("answer"));
    let proven = site.access.passkey_prove(&person.signed_in, &code, answer, &person.browser).await;
    let wrong =
        "That passkey did not work: it may have been removed, or this page stood open too long. Try again.";
    go_on(&site, &person, next, id, proven, wrong).await
}

/// Leads on, or shows the page again with what was wrong.
async fn go_on(
    site: &Site,
    person: &Person,
    next: Next,
    id: &str,
    proven: Result<(), SignInRefusal>,
    wrong: &str,
) -> Answer {
    let (status, wait, error) = match proven {
        Ok(()) => return Ok(see_other(next.path(), None)),
        Err(SignInRefusal::Wrong) => (StatusCode::FORBIDDEN, None, wrong.to_owned()),
        Err(SignInRefusal::TooMany(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds), too_many(seconds))
        }
        Err(SignInRefusal::Unavailable(error)) => return Err(error.into()),
    };
    let mut response = show(&Page { error, ..Page::of(site, person, next, id).await? })?;
    *response.status_mut() = status;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// What a proof is for. That the message is theirs is seen to where they approve it: a proof for another does
/// nothing.
fn occasion(id: &str) -> Result<Occasion, Error> {
    let is_id = id.len() <= LONGEST_ID && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match id {
        "" => Ok(Occasion::Change),
        id if is_id => Ok(Occasion::Approval(ApprovalId::from_text(id))),
        _ => Err(Error::NotFound),
    }
}

#[cfg(test)]
mod tests;
