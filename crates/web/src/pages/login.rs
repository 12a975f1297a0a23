//! Signing in and out, and signing up where the operator lets everybody in.

mod may_try;

use access::{Opened, SignInRefusal, SignInStep, SignedIn};
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
    routing::{get, post},
};

use crate::{
    frame::{
        Answer, Frame, Next, Notice, Posted, PostedByVisitor, Site, Visitor, clear_session, query_value,
        see_other, set_session,
    },
    pages::{
        code,
        new_person::NewPerson,
        passkey_form::{PasskeyForm, no_question, question},
    },
};
use may_try::MayTry;

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(look).post(sign_in))
        .route("/login/passkey/begin", post(ask_for_passkey))
        .route("/login/passkey", post(sign_in_by_passkey))
        .route("/logout", post(sign_out))
}

/// Characters of a name that are shown again.
const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    frame: Frame,
    next: Next,
    name: String,
    error: String,
    /// Whether anybody may sign up here.
    is_open: bool,
    /// Whether the form for new people is the one that is shown.
    is_new: bool,
    /// Whether nobody has ever signed up here.
    is_fresh: bool,
    new_person: NewPerson,
    /// The form to sign in with a passkey, while the other one is that for signing in.
    passkey: Option<PasskeyForm>,
    /// The host of the provider by which people sign in too.
    provider: Option<String>,
}

impl Page {
    async fn of(site: &Site, visitor: &Visitor, next: Next) -> Result<Self, access::Error> {
        Ok(Self {
            frame: visitor.frame(),
            next,
            name: String::new(),
            error: String::new(),
            is_open: site.is_open(),
            is_new: false,
            is_fresh: !site.access.has_users().await?,
            new_person: NewPerson::default(),
            passkey: PasskeyForm::sign_in(site),
            provider: site.access.login_provider(),
        })
    }
}

async fn look(State(site): State<Site>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let next = Next::of(&query_value(&query, "next").unwrap_or_default());
    if visitor.signed_in.is_some() {
        return Ok(see_other(next.path(), None));
    }
    let mut page = Page::of(&site, &visitor, next).await?;
    page.is_new = page.is_open && query_value(&query, "new").is_some();
    visitor.show(&site, &page)
}

async fn sign_in(State(site): State<Site>, _: MayTry, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let next = Next::of(fields.raw("next"));
    if fields.has("new") {
        return sign_up(&site, &visitor, &fields, next).await;
    }
    let name = fields.text("name").to_ascii_lowercase();
    match site.access.sign_in(&name, &fields.secret("password"), &visitor.browser).await {
        Ok(SignInStep::Opened(opened)) => {
            Ok(enter(&site, visitor.signed_in.as_ref(), &opened, next.path(), None).await)
        }
        Ok(SignInStep::NeedsCode { pending }) => code::ask(&site, &visitor, next, pending),
        Err(refusal) => {
            let wrong = "Name or password is wrong. Try again, or ask an administrator for a password link.";
            refused(&site, &visitor, next, &name, refusal, wrong).await
        }
    }
}

async fn ask_for_passkey(State(site): State<Site>, form: PostedByVisitor) -> Answer {
    match site.access.passkey_sign_in_begin(&form.visitor.browser).await {
        Ok(asked) => Ok(question(&asked)),
        Err(refusal) => no_question(refusal),
    }
}

async fn sign_in_by_passkey(State(site): State<Site>, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let next = Next::of(fields.raw("next"));
    let (code, answer) = (fields.secret("code"), fields.raw("answer"));
    match site.access.passkey_sign_in(&code, answer, &visitor.browser).await {
        Ok(opened) => Ok(enter(&site, visitor.signed_in.as_ref(), &opened, next.path(), None).await),
        Err(refusal) => {
            let wrong = "That passkey does not let you in: it may have been removed here, or this page stood \
                open too long. Try again, or use your password.";
            refused(&site, &visitor, next, "", refusal, wrong).await
        }
    }
}

/// The page again, with why nobody was signed in.
async fn refused(
    site: &Site,
    visitor: &Visitor,
    next: Next,
    name: &str,
    refusal: SignInRefusal,
    wrong: &str,
) -> Answer {
    let (status, wait, error) = match refusal {
        SignInRefusal::Wrong => (StatusCode::FORBIDDEN, None, wrong.to_owned()),
        SignInRefusal::TooMany(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds), too_many(seconds)),
        SignInRefusal::Unavailable(error) => return Err(error.into()),
    };
    let name = name.chars().take(LONGEST_NAME).collect();
    let page = Page { name, error, ..Page::of(site, visitor, next).await? };
    let mut response = visitor.show(site, &page)?;
    *response.status_mut() = status;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn sign_up(site: &Site, visitor: &Visitor, fields: &crate::frame::Fields, next: Next) -> Answer {
    let name = fields.text("name").to_ascii_lowercase();
    match site.access.sign_up(&name, &fields.secret("password"), &visitor.browser).await {
        Ok(opened) => {
            let (path, notice) = match next.as_str() {
                "" => ("/accounts/new", Some(Notice::Welcome)),
                path => (path, None),
            };
            Ok(enter(site, visitor.signed_in.as_ref(), &opened, path, notice).await)
        }
        Err(error) => {
            let new_person = NewPerson::refused(&name, error)?;
            let page = Page { is_new: true, new_person, ..Page::of(site, visitor, next).await? };
            let mut response = visitor.show(site, &page)?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

/// Leads on with the cookies of a new session; the one that the browser had before ends.
pub(super) async fn enter(
    site: &Site,
    before: Option<&SignedIn>,
    opened: &Opened,
    path: &str,
    notice: Option<Notice>,
) -> Response {
    if let Some(before) = before
        && let Err(error) = site.access.sign_out(before).await
    {
        // it ends by itself; the person has their new one
        tracing::warn!(%error, "earlier session not ended");
    }
    set_session(site, see_other(path, notice), opened)
}

/// What somebody reads who tried too often.
pub(super) fn too_many(seconds: u64) -> String {
    let wait = match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    };
    format!("Too many tries. Wait {wait}, then try again.")
}

async fn sign_out(State(site): State<Site>, form: Posted) -> Answer {
    site.access.sign_out(&form.person.signed_in).await?;
    Ok(clear_session(&site, see_other("/login", Some(Notice::SignedOut))))
}

#[cfg(test)]
mod tests;
