//! Headers of pages: what a browser may load and where forms may go. Files in `static/` say their own.

use axum::{
    extract::Request,
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};
use url::{Host, Url};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Adds the headers that a page has not set itself.
pub(super) async fn add(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// `response`, whose forms may be answered by a redirect to `target`: a page that sends the person on to a
/// client. Browsers apply `form-action` to redirects too.
pub(crate) fn allow_form_action(mut response: Response, target: &Url) -> Response {
    let source = source(target);
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY} {source}")) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `response`, in which pages of ours may stand in a frame.
pub(crate) fn allow_own_frame(mut response: Response) -> Response {
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}; frame-src 'self'")) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The CSP source expression of a URL: its origin, or its scheme where an origin cannot be named.
fn source(target: &Url) -> String {
    // a host in a URL may hold `;` and `,`, which would begin another directive or policy
    let is_plain =
        |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    match target.host() {
        Some(Host::Domain(host)) if is_plain(host) && target.origin().is_tuple() => {
            target.origin().ascii_serialization()
        }
        Some(Host::Ipv4(_)) if target.origin().is_tuple() => target.origin().ascii_serialization(),
        // no expression names an IPv6 host, and applications' own schemes have no origin
        _ => format!("{}:", target.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_on_to_the_origin_of_a_client_or_its_own_scheme() {
        for (target, expected) in [
            ("https://claude.ai/api/mcp/auth_callback?x=1", "https://claude.ai"),
            ("http://127.0.0.1:33418/callback", "http://127.0.0.1:33418"),
            ("http://localhost:8080/", "http://localhost:8080"),
            ("http://[::1]:8080/", "http:"),
            ("https://a;sandbox/", "https:"),
            ("cursor://anysphere.cursor-retrieval/oauth/callback", "cursor:"),
        ] {
            assert_eq!(source(&Url::parse(target).unwrap()), expected);
        }
    }
}
