//! From the bearer token to the principal, or the challenge that tells a client where to get one.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::Scopes;

use crate::{
    gate::{Gate, Refusal},
    settings::Settings,
};

/// What the checks of a request need.
#[derive(Clone)]
pub(crate) struct Asking {
    /// Who is calling.
    pub gate: Arc<dyn Gate>,
    /// Where the metadata is.
    pub settings: Arc<Settings>,
}

/// What a request says about who sends it.
#[derive(Debug, PartialEq, Eq)]
enum Claim<'a> {
    Bearer(&'a str),
    /// Nothing that we can use.
    Nothing,
    /// Something that breaks RFC 6750, 2.
    Malformed(&'static str),
}

/// Puts the principal of the bearer token into the request's extensions; there is no other way on.
pub(crate) async fn check(State(asking): State<Asking>, mut request: Request, next: Next) -> Response {
    let metadata = asking.settings.resource_metadata();
    let bearer = match claim(request.uri().query(), request.headers()) {
        Claim::Bearer(bearer) => bearer,
        Claim::Nothing => return challenge(StatusCode::UNAUTHORIZED, &metadata, None, Scopes::all()),
        Claim::Malformed(why) => {
            let error = Some(("invalid_request", why));
            return challenge(StatusCode::BAD_REQUEST, &metadata, error, Scopes::all());
        }
    };
    match asking.gate.principal(bearer).await {
        Ok(principal) => {
            // what runs below must not see the token, so that it cannot pass it on
            request.headers_mut().remove(AUTHORIZATION);
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(Refusal::Invalid) => {
            let error = Some(("invalid_token", "the token is unknown, expired or revoked"));
            challenge(StatusCode::UNAUTHORIZED, &metadata, error, Scopes::all())
        }
        Err(Refusal::Paused) => {
            // no challenge: a client that signs in anew would only trouble the person
            (StatusCode::FORBIDDEN, "The person has paused this agent; only they can let it go on.\n")
                .into_response()
        }
        Err(Refusal::Unavailable) => {
            let body = "Tokens cannot be checked just now.\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], body).into_response()
        }
    }
}

fn claim<'a>(query: Option<&str>, headers: &'a HeaderMap) -> Claim<'a> {
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    if pairs.any(|(name, _)| name.eq_ignore_ascii_case("access_token")) {
        return Claim::Malformed("a token belongs into the Authorization header, never into a URL");
    }
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let Some(header) = sent.next() else { return Claim::Nothing };
    if sent.next().is_some() {
        return Claim::Malformed("more than one Authorization header");
    }
    let Ok(header) = header.to_str() else {
        return Claim::Malformed("the Authorization header is not ASCII");
    };
    let (scheme, token) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Claim::Nothing;
    }
    let token = token.trim();
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || token.len() > 16_384 || !token.bytes().all(is_token) {
        return Claim::Malformed("the bearer token is empty, too long, or holds characters of no token");
    }
    Claim::Bearer(token)
}

/// An answer with `WWW-Authenticate` (RFC 6750, 3; RFC 9728, 5.1). `error` is a code and our own words.
pub(crate) fn challenge(
    status: StatusCode,
    metadata: &str,
    error: Option<(&str, &str)>,
    scopes: Scopes,
) -> Response {
    let mut value = "Bearer ".to_owned();
    if let Some((code, why)) = error {
        let _ = write!(value, "error=\"{code}\", error_description=\"{why}\", ");
    }
    let _ = write!(value, "resource_metadata=\"{metadata}\", scope=\"{scopes}\"");
    let body = match error {
        Some((_, why)) => format!("{why}\n"),
        None => "A bearer token is needed.\n".to_owned(),
    };
    let mut response = (status, body).into_response();
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// The challenge of a call that needs one of those scopes, none of which the grant has.
pub(crate) fn insufficient_scope(metadata: &str, scopes: Scopes) -> Response {
    let error = Some(("insufficient_scope", "the grant does not include what this tool needs"));
    challenge(StatusCode::FORBIDDEN, metadata, error, scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_bearer_is_taken_from_the_header_alone() {
        assert_eq!(claim(None, &headers("bearer  prp_abc")), Claim::Bearer("prp_abc"));
        assert_eq!(claim(None, &HeaderMap::new()), Claim::Nothing);
        assert_eq!(claim(None, &headers("Basic YTpi")), Claim::Nothing);
        for (query, value) in [
            (None, "Bearer"),
            (None, "Bearer a b"),
            (None, "Bearer a,b"),
            (Some("access_token=x"), "Bearer x"),
        ] {
            assert!(matches!(claim(query, &headers(value)), Claim::Malformed(_)), "{value}");
        }
    }
}
