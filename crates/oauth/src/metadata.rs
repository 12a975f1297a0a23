//! What clients find out first: where the endpoints are and what they take (RFC 8414).

use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    middleware::from_fn,
    response::IntoResponse as _,
    routing::get,
};
use domain::Scope;
use serde_json::{Value, json};

use crate::{Settings, cors};

/// How clients may prove themselves at the token endpoint and at revocation.
const AUTH_METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// The document. `issuer` is byte for byte what redirects carry as `iss` and what the resource names.
///
/// `offline_access` is not among the scopes: refresh tokens are always given, and clients that see it there
/// ask for it and for consent each time.
fn document(settings: &Settings) -> Value {
    let issuer = &settings.issuer;
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "registration_endpoint": format!("{issuer}/oauth/register"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    })
}

/// Both places where clients look for it.
pub(crate) fn routes(settings: &Settings) -> Router {
    let body = document(settings).to_string();
    let answer = async move || {
        ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "max-age=300")], body.clone()).into_response()
    };
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(answer.clone()))
        .route("/.well-known/oauth-authorization-server/mcp", get(answer))
        .route_layer(from_fn(cors::allow_all))
}

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};

    use crate::world::World;

    const PLACES: [&str; 2] =
        ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/mcp"];

    /// RFC 8414, 3: the document is found at the well-known place; contract 9: with the path of the resource too.
    #[tokio::test]
    async fn the_document_is_the_same_in_both_places() {
        let world = World::new().await;
        let [first, second] = PLACES.map(|place| world.get(place));
        let (first, second) = (first.await, second.await);
        assert_eq!((first.status, second.status), (StatusCode::OK, StatusCode::OK));
        assert_eq!(first.text, second.text);
        assert_eq!(first.header("content-type"), "application/json");
        insta::assert_json_snapshot!("metadata", first.json());
    }

    /// RFC 8414, 2 and 3.3: issuer and endpoints, for a server that is reached by another name.
    #[tokio::test]
    async fn the_issuer_is_byte_identical_to_the_public_url() {
        let world = World::at("https://mail.example.org:8443").await;
        let document = world.get(PLACES[1]).await.json();
        assert_eq!(document["issuer"], "https://mail.example.org:8443");
        insta::assert_json_snapshot!("metadata_of_another_host", document);
    }

    #[tokio::test]
    async fn every_origin_may_read_it_and_ask_beforehand() {
        let world = World::new().await;
        for place in PLACES {
            assert_eq!(world.get(place).await.header("access-control-allow-origin"), "*");
            let preflight = world.send(Method::OPTIONS, place, &[("origin", "https://a.example")], "").await;
            assert_eq!(preflight.status, StatusCode::NO_CONTENT);
            assert!(preflight.header("access-control-allow-headers").contains("mcp-protocol-version"));
        }
    }

    #[tokio::test]
    async fn this_is_no_openid_provider_and_does_not_say_so() {
        let answer = World::new().await.get("/.well-known/openid-configuration").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}
