//! Which hosts requests may be addressed to and which origins browsers may come from, with CORS.
//!
//! Both are checked before anything else is looked at: rebinding and cross-site requests learn nothing.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
            ORIGIN, VARY,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::Url;

use crate::settings::Settings;

const HEADERS_IN: &str = "authorization, content-type, accept, last-event-id, mcp-protocol-version, \
                          mcp-session-id, mcp-method, mcp-name, x-request-id";
const HEADERS_OUT: &str = "mcp-session-id, www-authenticate, x-request-id, retry-after";

/// Refuses foreign hosts and origins, answers preflights, and lets allowed origins read the answer.
pub(crate) async fn check(State(settings): State<Arc<Settings>>, request: Request, next: Next) -> Response {
    if !host_is_allowed(request.uri(), request.headers(), &settings.allowed_hosts) {
        return (StatusCode::FORBIDDEN, "This server does not go by that name.\n").into_response();
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return next.run(request).await;
    };
    if !origin_is_allowed(&origin, &settings.allowed_origins) {
        return (StatusCode::FORBIDDEN, "Requests from that origin are not allowed.\n").into_response();
    }
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    if is_preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS_IN));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(HEADERS_OUT));
    headers.append(VARY, HeaderValue::from_static("origin"));
    response
}

/// Whether a request is addressed to one of the `allowed` hosts. An entry with a port matches that port only;
/// without one, any port.
pub fn host_is_allowed(uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut sent = headers.get_all(HOST).iter();
    let host = match (sent.next(), sent.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        (None, _) => uri.authority().cloned(),
        (Some(_), Some(_)) => None,
    };
    // nothing but a host and a port that is a number
    let host = host.filter(|host| host.as_str() == host.host() || is_with_port(host));
    let Some(host) = host else { return false };
    allowed.iter().filter_map(|entry| entry.parse::<Authority>().ok()).any(|entry| {
        entry.host().eq_ignore_ascii_case(host.host())
            && entry.port_u16().is_none_or(|port| host.port_u16() == Some(port))
    })
}

fn is_with_port(host: &Authority) -> bool {
    host.port_u16().is_some_and(|port| host.as_str() == format!("{}:{port}", host.host()))
}

/// Scheme, host and port must be equal (RFC 6454, 5); `*` as an entry's port matches any.
fn origin_is_allowed(origin: &HeaderValue, allowed: &[String]) -> bool {
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    allowed.iter().any(|entry| match entry.strip_suffix(":*") {
        Some(any_port) => Url::parse(any_port).is_ok_and(|entry| {
            entry.scheme() == origin.scheme() && entry.host().is_some() && entry.host() == origin.host()
        }),
        None => Url::parse(entry)
            .is_ok_and(|entry| entry.origin().is_tuple() && entry.origin() == origin.origin()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &'static str, allowed: &[&str]) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|entry| (*entry).to_owned()).collect();
        origin_is_allowed(&HeaderValue::from_static(text), &allowed)
    }

    #[test]
    fn an_origin_is_its_scheme_host_and_port() {
        assert!(origin("https://a.example", &["https://a.example:443"]));
        assert!(origin("http://localhost:5173", &["http://localhost:*"]));
        for foreign in ["http://a.example", "https://a.example:8443", "https://b.example", "null", "", "x"] {
            assert!(!origin(foreign, &["https://a.example", "https://a.example/"]), "{foreign}");
        }
        assert!(!origin("http://localhost.evil.example:80", &["http://localhost:*"]));
    }
}
