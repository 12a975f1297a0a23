//! Registrations as clients send them, and as somebody might.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, World};

const PATH: &str = "/oauth/register";

fn public() -> Value {
    json!({
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

/// [`public`] with one field replaced.
fn with(field: &str, value: Value) -> Value {
    let mut sent = public();
    sent[field] = value;
    sent
}

async fn register(sent: &Value) -> Answer {
    World::new().await.post_json(PATH, sent).await
}

/// RFC 7591, 3.2.1: 201 with the client's id, when it was issued, and all that is kept.
#[tokio::test]
async fn a_public_client_is_told_its_id_and_what_is_kept() {
    let answer = register(&with("client_uri", "https://claude.ai/".into())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    insta::assert_json_snapshot!("registered", answer.json());
}

/// RFC 7591, 3.2.1: no-store, as the answer may hold a secret.
#[tokio::test]
async fn the_answer_is_not_kept_by_anybody_between() {
    assert_eq!(register(&public()).await.header("cache-control"), "no-store");
}

/// RFC 7591, 2: `client_secret_basic` if nothing is said; 3.2.1: `client_secret_expires_at` with every secret.
#[tokio::test]
async fn a_confidential_client_gets_a_secret_that_does_not_expire() {
    let world = World::new().await;
    let mut unsaid = public();
    unsaid.as_object_mut().unwrap().remove("token_endpoint_auth_method");
    let mut secrets = Vec::new();
    for (sent, method) in [
        (unsaid, "client_secret_basic"),
        (with("token_endpoint_auth_method", "client_secret_post".into()), "client_secret_post"),
    ] {
        let told = world.post_json(PATH, &sent).await.json();
        assert_eq!(told["token_endpoint_auth_method"], method);
        assert_eq!(told["client_secret_expires_at"], 0);
        let secret = told["client_secret"].as_str().unwrap().to_owned();
        assert_eq!(secret.len(), 43);
        secrets.push(secret);
    }
    assert_ne!(secrets[0], secrets[1]);
}

/// RFC 7591, 3.2.2: `invalid_redirect_uri`.
#[tokio::test]
async fn a_redirect_that_is_not_allowed_is_refused_by_that_name() {
    for uris in [
        json!([]),
        json!(["http://a.example/back"]),
        json!(["https://a.example/back", "javascript:alert(1)"]),
        json!(["https://a.example/back#x"]),
        json!(["https://ann@a.example/back"]),
        json!(["https://*.a.example/back"]),
        json!([format!("https://a.example/{}", "x".repeat(2000))]),
        Value::from(vec!["https://a.example/back"; 21]),
        Value::Null,
    ] {
        let answer = register(&with("redirect_uris", uris.clone())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{uris}");
        assert_eq!(answer.error(), "invalid_redirect_uri", "{uris}");
    }
}

/// RFC 7591, 3.2.2: `invalid_client_metadata`.
#[tokio::test]
async fn other_metadata_that_cannot_be_kept_is_refused_by_that_name() {
    for sent in [
        with("token_endpoint_auth_method", "private_key_jwt".into()),
        with("grant_types", json!(["client_credentials"])),
        with("response_types", json!(["token"])),
        with("redirect_uris", json!("https://a.example/back")),
        with("redirect_uris", json!([1])),
        with("client_name", json!({"en": "x"})),
        json!([]),
        json!("x"),
    ] {
        let answer = register(&sent).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{sent}");
        assert_eq!(answer.error(), "invalid_client_metadata", "{sent}");
    }
}

#[tokio::test]
async fn what_is_no_json_or_too_much_of_it_is_refused() {
    let world = World::new().await;
    let json = [("content-type", "application/json")];
    let large = with("client_name", "x".repeat(64 << 10).into()).to_string();
    for (headers, body) in [
        (&json[..], "{".to_owned()),
        (&json[..], "[".repeat(10_000)),
        (&json[..], large),
        (&[("content-type", "text/plain")][..], public().to_string()),
        (&[][..], public().to_string()),
    ] {
        let answer = world.send(Method::POST, PATH, headers, body).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_client_metadata")
        );
    }
}

/// RFC 7591, 3.1: fields that the server does not know are passed over.
#[tokio::test]
async fn unknown_fields_are_passed_over() {
    let answer = register(&with("software_statement", "x.y.z".into())).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json().get("software_statement"), None);
}

#[tokio::test]
async fn a_name_is_one_line_of_what_can_be_seen() {
    let told =
        register(&with("client_name", "\u{202e}Claude\u{200b}\n by\tAnn\u{e0041}".into())).await.json();
    assert_eq!(told["client_name"], "Claude by Ann");
    let told = register(&with("client_uri", "javascript:alert(1)".into())).await.json();
    assert_eq!(told.get("client_uri"), None);
}

/// Limits: 20 an hour for a host, with the seconds after which there is room; other hosts are not shut out.
#[tokio::test]
async fn a_flood_for_one_host_is_stopped_and_another_host_goes_on() {
    let world = World::new().await;
    for _ in 0..20 {
        assert_eq!(world.post_json(PATH, &public()).await.status, StatusCode::CREATED);
        world.forward(60);
    }
    let answer = world.post_json(PATH, &public()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "2401");
    let other = with("redirect_uris", json!(["https://b.example/back"]));
    assert_eq!(world.post_json(PATH, &other).await.status, StatusCode::CREATED);
    world.forward(2401);
    assert_eq!(world.post_json(PATH, &public()).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn clients_in_a_browser_may_ask_and_read_the_answer() {
    let world = World::new().await;
    let preflight = world.send(Method::OPTIONS, PATH, &[("origin", "http://localhost:6274")], "").await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert!(preflight.header("access-control-allow-methods").contains("POST"));
    assert!(preflight.header("access-control-allow-headers").contains("content-type"));
    assert_eq!(world.post_json(PATH, &public()).await.header("access-control-allow-origin"), "*");
    assert_eq!(world.get(PATH).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
