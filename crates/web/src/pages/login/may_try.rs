//! Whoever goes on trying after many refusals is told to wait before their form is read: a flood of tries is to
//! cost as little as it can. They are told slowly, so that who waits for one answer before the next try makes few.
//! A person who is refused gets the whole page, and browsers in which somebody signed in before always come to the
//! form, since only the name in it says whose tries count.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse as _, Response},
};
use domain::{Code, Problem};
use tokio::{sync::Semaphore, time::sleep};

use super::too_many;
use crate::frame::{Error, Site};

/// How long an answer is held back.
const HELD: Duration = Duration::from_millis(500);
/// Answers that are held back at once; what comes then is answered at once. Few of all connections that there may
/// be: holding answers must not be a way to use those up.
static HOLDING: Semaphore = Semaphore::const_new(512);

/// Proof that a try is worth reading.
pub(super) struct MayTry;

impl FromRequestParts<Site> for MayTry {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let Some(seconds) = site.access.sign_in_wait(&site.browser(parts)) else { return Ok(Self) };
        hold(&HOLDING, HELD).await;
        let problem = Problem::new(Code::RateLimited, "That was too often.")
            .hint(format!("{} Go back to the form to do so.", too_many(seconds)))
            .retry_after(seconds);
        Err(Error::Problem(problem).into_response())
    }
}

/// Waits that long, unless as many wait as may.
async fn hold(holding: &Semaphore, long: Duration) {
    if let Ok(_held) = holding.try_acquire() {
        sleep(long).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn answers_are_held_back_but_only_so_many_at_once() {
        let holding = Semaphore::new(1);
        let hour = Duration::from_hours(1);
        {
            let mut first = pin!(hold(&holding, hour));
            assert!(timeout(Duration::ZERO, first.as_mut()).await.is_err(), "the first is held back");
            assert!(timeout(Duration::ZERO, hold(&holding, hour)).await.is_ok(), "the second is not");
        }
        let again = timeout(Duration::ZERO, hold(&holding, hour)).await;
        assert!(again.is_err(), "who hangs up makes room");
    }
}
