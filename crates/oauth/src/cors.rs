//! Which web pages may read the answers: all of them. No cookie counts at these endpoints, so a page of
//! another site gets no more than any other program; clients that run in a browser need it.

use axum::{
    extract::Request,
    http::{
        HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Answers preflights, and lets every origin read the answer.
pub(crate) async fn allow_all(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if is_preflight {
        let sent = "authorization, content-type, accept, mcp-protocol-version, x-request-id";
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(sent));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        let shown = "www-authenticate, retry-after, x-request-id";
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(shown));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};

    use crate::world::{Answer, World, question};

    const FIELDS: [&str; 5] = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-expose-headers",
    ];

    fn fields(answer: &Answer) -> Vec<&str> {
        FIELDS.into_iter().filter(|field| !answer.header(field).is_empty()).collect()
    }

    /// Contract 9: the cookie of a person counts at authorize alone, so no page of another site reads what it
    /// answers, nor is told beforehand that it might.
    #[tokio::test]
    async fn what_authorize_answers_is_for_no_other_origin() {
        let world = World::new().await;
        let (client, _) = world.client("none").await;
        let (_, cookie) = world.ann().await;
        let asked = [
            (Method::GET, question(&client, &[]), StatusCode::SEE_OTHER),
            (Method::GET, question(&client, &[("response_type", "token")]), StatusCode::SEE_OTHER),
            (Method::GET, question("cli_unknown", &[]), StatusCode::BAD_REQUEST),
            (Method::GET, "/oauth/authorize".to_owned(), StatusCode::BAD_REQUEST),
            (Method::OPTIONS, question(&client, &[]), StatusCode::METHOD_NOT_ALLOWED),
            (Method::POST, question(&client, &[]), StatusCode::METHOD_NOT_ALLOWED),
        ];
        for (method, uri, status) in asked {
            for origin in [None, Some("https://evil.example"), Some("null"), Some(crate::world::ISSUER)] {
                let mut headers = vec![("cookie", cookie.as_str())];
                headers.extend(origin.map(|origin| ("origin", origin)));
                let answer = world.send(method.clone(), &uri, &headers, "").await;
                assert_eq!(answer.status, status, "{method} {uri} {origin:?}: {}", answer.text);
                assert_eq!(fields(&answer), <[&str; 0]>::default(), "{method} {uri} {origin:?}");
            }
        }
    }

    /// No cookie counts there: every origin reads answers and refusals, and none is told to send cookies.
    #[tokio::test]
    async fn what_programs_ask_for_every_origin_may_read_without_its_cookies() {
        let world = World::new().await;
        for (method, uri) in [
            (Method::GET, "/.well-known/oauth-authorization-server"),
            (Method::GET, "/.well-known/oauth-authorization-server/mcp"),
            (Method::POST, "/oauth/token"),
            (Method::POST, "/oauth/register"),
            (Method::POST, "/oauth/revoke"),
        ] {
            for origin in ["https://inspector.example", "null"] {
                let answer = world.send(method.clone(), uri, &[("origin", origin)], "").await;
                assert_eq!(answer.header("access-control-allow-origin"), "*", "{uri} {}", answer.status);
                assert_eq!(answer.header("access-control-allow-credentials"), "", "{uri}");
                let beforehand = [
                    ("origin", origin),
                    ("access-control-request-method", method.as_str()),
                    ("access-control-request-headers", "content-type"),
                ];
                let preflight = world.send(Method::OPTIONS, uri, &beforehand, "").await;
                assert_eq!(preflight.status, StatusCode::NO_CONTENT, "{uri}");
                assert_eq!(preflight.header("access-control-allow-origin"), "*", "{uri}");
                assert!(preflight.header("access-control-allow-methods").contains(method.as_str()), "{uri}");
                assert!(preflight.header("access-control-allow-headers").contains("content-type"), "{uri}");
                assert_eq!(preflight.header("access-control-allow-credentials"), "", "{uri}");
            }
        }
    }
}
