//! The one-time code that is asked for after the password: the second half of signing in.

use access::{CodeFault, CodeStep};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    routing::get,
};
use domain::Secret;

use crate::{
    frame::{Answer, Frame, Next, Notice, PostedByVisitor, Site, Visitor, see_other},
    pages::login::{enter, too_many},
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/login/code", get(again).post(sign_in))
}

#[derive(Template)]
#[template(path = "code.html")]
struct Page {
    frame: Frame,
    next: Next,
    pending: Secret,
    error: String,
}

/// The page that asks for the code.
pub(super) fn ask(site: &Site, visitor: &Visitor, next: Next, pending: Secret) -> Answer {
    visitor.show(site, &Page { frame: visitor.frame(), next, pending, error: String::new() })
}

/// What waits for a code is in the form alone: without it there is nothing to go on with.
async fn again(visitor: Visitor) -> Answer {
    Ok(see_other(if visitor.signed_in.is_some() { "/" } else { "/login" }, None))
}

async fn sign_in(State(site): State<Site>, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let next = Next::of(fields.raw("next"));
    let (pending, typed) = (fields.secret("pending"), fields.text("code"));
    let (fault, pending) = match site.access.sign_in_with_code(&pending, typed, &visitor.browser).await? {
        CodeStep::Opened(opened) => {
            return Ok(enter(&site, visitor.signed_in.as_ref(), &opened, next.path(), None).await);
        }
        CodeStep::Over => return Ok(see_other(&next.login(), Some(Notice::CodeOver))),
        CodeStep::Again { fault, pending } => (fault, pending),
    };
    let (status, wait, error) = told(fault)?;
    let mut response = visitor.show(&site, &Page { frame: visitor.frame(), next, pending, error })?;
    *response.status_mut() = status;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// What the person reads about a code that was not taken, and the seconds that they wait if they have to.
pub(super) fn told(fault: CodeFault) -> Result<(StatusCode, Option<u64>, String), access::Error> {
    Ok(match fault {
        CodeFault::Wrong => (
            StatusCode::FORBIDDEN,
            None,
            "That code is wrong. Type the one that your app shows now for this server.".to_owned(),
        ),
        CodeFault::Used => (
            StatusCode::FORBIDDEN,
            None,
            "That code was used already. Wait until your app shows the next one.".to_owned(),
        ),
        CodeFault::Drifted(seconds) => {
            let (minutes, way) =
                (minutes(seconds.unsigned_abs()), if seconds > 0 { "ahead" } else { "behind" });
            let error = format!(
                "Your device’s clock is off: the code is of a time about {minutes} {way}. Have the device set its \
                 clock by itself, then type the next code."
            );
            (StatusCode::FORBIDDEN, None, error)
        }
        CodeFault::TooMany(seconds) => (StatusCode::TOO_MANY_REQUESTS, Some(seconds), too_many(seconds)),
        CodeFault::Unavailable(error) => return Err(error),
    })
}

fn minutes(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
pub(super) mod tests;
