//! What is posted to pages and OAuth endpoints comes whole within a time: anybody may post there, and who sends
//! an octet now and then would keep a connection for as long as they like. The MCP door lets nobody post whom
//! it does not know.

use std::{io, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures_util::{StreamExt as _, stream::unfold};
use tokio::time::{Instant, timeout_at};

/// How long a form may take: the largest one, from a telephone with a bad connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Breaks the body of a request that is not there after `patience`. It is never cut: whoever reads it sees an
/// error and not an end.
pub(crate) async fn set(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    let deadline = Instant::now() + patience;
    let request = request.map(|body| {
        Body::from_stream(unfold(Some(body.into_data_stream()), move |coming| async move {
            let mut coming = coming?;
            match timeout_at(deadline, coming.next()).await {
                Ok(None) => None,
                Ok(Some(Ok(some))) => Some((Ok(some), Some(coming))),
                Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
                Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
            }
        }))
    });
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::to_bytes, http::StatusCode, middleware::from_fn_with_state, routing::post};
    use futures_util::stream::{iter, pending};
    use tower::ServiceExt as _;

    use super::*;

    async fn posted(body: Body) -> (StatusCode, String) {
        let read = async |body: Body| match to_bytes(body, 100).await {
            Ok(whole) => (StatusCode::OK, String::from_utf8_lossy(&whole).into_owned()),
            Err(_) => (StatusCode::BAD_REQUEST, String::new()),
        };
        let routes =
            Router::new().route("/", post(read)).layer(from_fn_with_state(Duration::from_millis(50), set));
        let answer = routes.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
        let status = answer.status();
        (status, String::from_utf8(to_bytes(answer.into_body(), 100).await.unwrap().to_vec()).unwrap())
    }

    fn pieces(pieces: &'static [&'static str]) -> impl futures_util::Stream<Item = io::Result<&'static str>> {
        iter(pieces.iter().map(|piece| Ok(*piece)))
    }

    #[tokio::test]
    async fn a_body_that_comes_in_time_comes_whole() {
        assert_eq!(posted(Body::from("a=1&b=2")).await, (StatusCode::OK, "a=1&b=2".to_owned()));
        assert_eq!(posted(Body::empty()).await, (StatusCode::OK, String::new()));
        let body = Body::from_stream(pieces(&["a=", "1", "&b=2"]));
        assert_eq!(posted(body).await, (StatusCode::OK, "a=1&b=2".to_owned()));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_in_time_is_broken_and_not_taken_as_it_is() {
        let nothing = Body::from_stream(pending::<io::Result<&'static str>>());
        assert_eq!(posted(nothing).await.0, StatusCode::BAD_REQUEST);
        let half = Body::from_stream(pieces(&["a=1&", "b="]).chain(pending()));
        assert_eq!(posted(half).await.0, StatusCode::BAD_REQUEST);
    }
}
