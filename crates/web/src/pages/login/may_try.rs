//! Whoever goes on trying after many refusals is told to wait before their form is read: a flood of tries is to
//! cost as little as it can. A person who is refused gets the whole page, and browsers in which somebody signed
//! in before always come to the form, since only the name in it says whose tries count.

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse as _, Response},
};
use domain::{Code, Problem};

use super::too_many;
use crate::frame::{Error, Site};

/// Proof that a try is worth reading.
pub(super) struct MayTry;

impl FromRequestParts<Site> for MayTry {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let Some(seconds) = site.access.sign_in_wait(&site.browser(parts)) else { return Ok(Self) };
        let problem = Problem::new(Code::RateLimited, "That was too often.")
            .hint(format!("{} Go back to the form to do so.", too_many(seconds)))
            .retry_after(seconds);
        Err(Error::Problem(problem).into_response())
    }
}
