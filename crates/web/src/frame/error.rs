//! What went wrong, as a page: what happened and what to do next. A fault of ours is logged here, once, and the
//! page gives the id that finds it.

use std::error::Error as _;

use access::Browser;
use askama::Template;
use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{Code, Problem, RequestId, chain};

use super::{
    person::{HX_BOOSTED, HX_REQUEST, frame_of, signed_in, waiting},
    site::Site,
    view::{Frame, Section, show},
};

/// What a page answers.
pub(crate) type Answer = Result<Response, Error>;

/// Why there is no such page, or not now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nothing is there, or not for this person.
    #[error("there is no such page")]
    NotFound,
    /// The form does not come from a page of ours that this browser was shown.
    #[error("the form could not be accepted")]
    ForeignForm,
    /// What was posted is no form.
    #[error("this is no form")]
    NoForm,
    /// The form has too many octets or fields.
    #[error("the form is too large")]
    TooLarge,
    /// Something that the person can be told.
    #[error(transparent)]
    Problem(Problem),
    /// Access failed.
    #[error("access failed")]
    Access(#[source] access::Error),
    /// The page could not be drawn.
    #[error("the page could not be drawn")]
    Drawing(#[source] askama::Error),
}

impl From<access::Error> for Error {
    fn from(error: access::Error) -> Self {
        match error.code() {
            Code::Internal => Self::Access(error),
            Code::NotFound => Self::NotFound,
            _ => Self::Problem(error.into()),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What a person reads about it.
#[derive(Debug, Clone)]
struct Told {
    status: StatusCode,
    title: String,
    next: String,
    retry_after: Option<u64>,
    is_ours: bool,
}

impl Error {
    fn told(&self) -> Told {
        let (status, title, next) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The address may have a typing error, or what it named is gone.",
            ),
            Self::ForeignForm => (
                StatusCode::FORBIDDEN,
                "That form was too old",
                "Nothing was changed. Go back, reload the page and try again.",
            ),
            Self::NoForm => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "That was no form",
                "Nothing was changed. Go back, reload the page and try again.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That was too long",
                "Nothing was changed. Go back, shorten what you typed and try again.",
            ),
            Self::Problem(problem) => return told_problem(problem),
            Self::Access(error) if error.is_passing() => {
                return Told {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    title: "That did not work just now".to_owned(),
                    next: "Wait a moment, then try again.".to_owned(),
                    retry_after: Some(5),
                    is_ours: true,
                };
            }
            Self::Access(_) | Self::Drawing(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "Try again in a moment. If it happens again, tell whoever runs this server.",
            ),
        };
        let is_ours = status.is_server_error();
        Told { status, title: title.to_owned(), next: next.to_owned(), retry_after: None, is_ours }
    }
}

fn told_problem(problem: &Problem) -> Told {
    let status = match problem.code {
        Code::NotFound | Code::FolderNotFound | Code::StaleId => StatusCode::NOT_FOUND,
        Code::ScopeMissing | Code::OutsideGrant | Code::RecipientNotAllowed => StatusCode::FORBIDDEN,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::TooLarge | Code::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Conflict | Code::StaleCursor => StatusCode::CONFLICT,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Code::AccountUnreachable | Code::TlsFailed | Code::ServerRefused | Code::AccountAuthFailed => {
            StatusCode::BAD_GATEWAY
        }
        Code::InvalidInput | Code::BadQuery | Code::NotSupported => StatusCode::BAD_REQUEST,
    };
    Told {
        status,
        title: problem.message.trim_end_matches('.').to_owned(),
        next: problem.hint.clone(),
        retry_after: problem.retry_after,
        is_ours: problem.code == Code::Internal,
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Some(source) = self.source() {
            tracing::error!(error = %self, cause = %chain(source), "page failed");
        }
        let told = self.told();
        let mut response = told.status.into_response();
        if let Some(seconds) = told.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // drawn by `draw`, which knows who is looking
        response.extensions_mut().insert(told);
        response
    }
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
struct Page {
    frame: Frame,
    told: Told,
    request_id: String,
}

/// The same in the place that a part of a page would have taken.
#[derive(Template)]
#[template(path = "error_part.html")]
struct Part {
    told: Told,
    request_id: String,
}

/// What a program reads that has come to the wrong door.
const FOR_PROGRAMS: &str = "MCP clients connect to `/mcp`.";

/// What a line of text may load.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Draws the errors of pages: as a page, as a part of one, or as a line for programs.
pub(super) async fn draw(State(site): State<Site>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let Some(told) = response.extensions_mut().remove::<Told>() else { return response };
    let request_id = id.filter(|_| told.is_ours).map(|id| id.0).unwrap_or_default();
    // a form that is posted by a script in the page's name wants the page
    let is_part = headers.contains_key(HX_REQUEST) && !headers.contains_key(HX_BOOSTED);
    let drawn = if is_part {
        show(&Part { told, request_id })
    } else if accepts_html(&headers) {
        let signed_in = signed_in(&site, &headers, &Browser::default()).await.ok().flatten();
        let frame = match signed_in {
            Some(person) => {
                let waiting = waiting(&site, &person).await;
                frame_of(&person, Section::Outside, None, waiting)
            }
            None => Frame::outside(),
        };
        show(&Page { frame, told, request_id })
    } else {
        let next = if told.status == StatusCode::NOT_FOUND { FOR_PROGRAMS } else { &told.next };
        let line = format!("{}. {next}\n", told.title);
        let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CONTENT_SECURITY_POLICY, NOTHING)];
        Ok((headers, line).into_response())
    };
    if let Ok(drawn) = drawn {
        response.headers_mut().extend(drawn.headers().clone());
        *response.body_mut() = drawn.into_body();
    }
    response
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}
