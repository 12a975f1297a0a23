//! The metadata of the protected resource (RFC 9728), for anyone, from any origin.

use axum::{
    Router,
    http::{
        StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE,
        },
    },
    response::IntoResponse,
    routing::get,
};
use domain::Scope;
use serde_json::{Value, json};

use crate::settings::Settings;

/// The document. Without an authorization server none is named: then tokens come from the operator.
pub(crate) fn document(settings: &Settings) -> Value {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let mut document = json!({
        "resource": settings.resource(),
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "resource_name": "Postroom",
    });
    if settings.has_authorization_server {
        document["authorization_servers"] = json!([settings.public_url]);
    }
    document
}

/// Both places where clients look for it.
pub(crate) fn routes(settings: &Settings) -> Router {
    let body = document(settings).to_string();
    let answer = move || {
        let body = body.clone();
        async move {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
                (CACHE_CONTROL, "max-age=300"),
            ];
            (headers, body).into_response()
        }
    };
    // clients in a browser send their protocol version along, which browsers ask about beforehand
    let allow = || async {
        let headers = [
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (ACCESS_CONTROL_ALLOW_METHODS, "GET"),
            (ACCESS_CONTROL_ALLOW_HEADERS, "mcp-protocol-version, authorization"),
            (ACCESS_CONTROL_MAX_AGE, "600"),
        ];
        (StatusCode::NO_CONTENT, headers)
    };
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(answer.clone()).options(allow))
        .route("/.well-known/oauth-protected-resource/mcp", get(answer).options(allow))
}
