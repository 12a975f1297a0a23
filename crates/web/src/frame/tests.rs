//! What holds on every page: headers, cookies, forms, errors, files.

use access::Signup;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use domain::{Code, Problem, RequestId};

use super::{Error, files};
use crate::world::{PASSWORD, World};

/// The value of a header of an answer.
fn value<'a>(page: &'a crate::world::Page, name: &str) -> &'a str {
    page.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_page_loads_nothing_from_elsewhere_stands_in_no_frame_and_is_not_kept() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    for path in ["/settings", "/nothing", "/login"] {
        let page = alice.get(path).await;
        let policy = value(&page, "content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|one| one == part), "{path}: {part} in {policy}");
        }
        assert_eq!(value(&page, "cache-control"), "no-store", "{path}");
        assert_eq!(value(&page, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(value(&page, "referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn pages_have_no_inline_script_style_or_foreign_address() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut visitor = world.visitor();
    let pages = [
        alice.get("/settings").await,
        alice.get("/admin").await,
        alice.get("/nothing").await,
        visitor.get("/login").await,
        visitor.get("/setup").await,
        visitor.get("/invite/x").await,
    ];
    for page in pages {
        for forbidden in
            ["<style", " style=", "<script>", " onclick=", " onsubmit=", "javascript:", "http://", "https://"]
        {
            assert!(!page.says(forbidden), "{forbidden} in {}", page.html);
        }
    }
}

#[tokio::test]
async fn cookies_carry_their_flags_and_on_https_their_prefix() {
    for (url, prefix, is_secure) in
        [("http://localhost:8143", "postroom", false), ("https://mail.example.org", "__Host-postroom", true)]
    {
        let world = World::of(url, Signup::Invite).await;
        let alice = world.person("alice").await;
        let names: Vec<&str> = alice.cookies.keys().map(String::as_str).collect();
        assert_eq!(names, [prefix, &format!("{prefix}-device"), &format!("{prefix}-visit")]);
        let mut browser = world.visitor();
        let page = browser.submit("/login", "/login", &[("name", "alice"), ("password", PASSWORD)]).await;
        for cookie in page.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            for flag in ["Path=/", "HttpOnly", "SameSite=Lax"] {
                assert!(cookie.contains(flag), "{flag} in {cookie}");
            }
            assert_eq!(cookie.contains("; Secure"), is_secure, "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }
}

#[tokio::test]
async fn a_form_that_the_browser_says_comes_from_elsewhere_is_refused_whatever_it_holds() {
    let world = World::new().await;
    let alice = world.person("alice").await;
    let csrf = alice.clone().get("/settings").await.csrf();
    let fields = [("csrf", csrf.as_str())];
    for (name, foreign) in [
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:9999"),
        ("origin", "https://localhost:8143"),
        ("origin", "http://localhost.evil.example:8143"),
        ("origin", "not an origin"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut alice = alice.clone();
        alice.headers.insert(name, HeaderValue::from_static(foreign));
        let page = alice.post("/settings/sessions/end-others", &fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{name}: {foreign}");
        assert!(page.says("reload the page and try again"));
    }
    for (name, own) in [
        ("origin", "http://localhost:8143"),
        ("origin", "http://127.0.0.1:8143"),
        ("origin", "null"),
        ("sec-fetch-site", "same-origin"),
    ] {
        let mut alice = alice.clone();
        alice.headers.insert(name, HeaderValue::from_static(own));
        let page = alice.post("/settings/sessions/end-others", &fields).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{name}: {own}");
    }
}

#[tokio::test]
async fn only_the_public_origin_is_ours_on_a_server_that_is_not_loopback() {
    let world = World::of("https://mail.example.org", Signup::Invite).await;
    let alice = world.person("alice").await;
    let csrf = alice.clone().get("/settings").await.csrf();
    for (origin, status) in [
        ("https://mail.example.org", StatusCode::SEE_OTHER),
        ("http://mail.example.org", StatusCode::FORBIDDEN),
        ("http://localhost", StatusCode::FORBIDDEN),
    ] {
        let mut alice = alice.clone();
        alice.headers.insert("origin", HeaderValue::from_static(origin));
        let page = alice.post("/settings/sessions/end-others", &[("csrf", &csrf)]).await;
        assert_eq!(page.status, status, "{origin}");
    }
}

#[tokio::test]
async fn what_is_too_large_or_no_form_is_refused_before_it_is_read() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let csrf = alice.get("/settings").await.csrf();
    let large = "x".repeat(400_000);
    let page = alice.post("/settings/password", &[("csrf", &csrf), ("old", &large)]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut many = vec![("csrf", csrf.as_str())];
    many.extend([("a", "b")].repeat(600));
    assert_eq!(alice.post("/settings/password", &many).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let page = alice.post_as("/settings/password", "application/json", "{}").await;
    assert_eq!(page.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let page = alice.post_as("/settings/password", "text/plain", &format!("csrf={csrf}")).await;
    assert_eq!(page.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn who_is_signed_out_while_a_page_is_open_is_led_to_sign_in_by_htmx_too() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    visitor.headers.insert("hx-request", HeaderValue::from_static("true"));
    let page = visitor.get("/settings").await;
    assert_eq!((page.status, value(&page, "hx-redirect")), (StatusCode::OK, "/login"));
}

#[tokio::test]
async fn a_missing_page_says_so_to_people_to_htmx_and_to_programs() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let page = visitor.get("/nothing").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.says("<h1") && page.says("There is nothing here"));
    visitor.headers.insert("hx-request", HeaderValue::from_static("true"));
    let page = visitor.get("/nothing").await;
    assert!(page.html.starts_with("<p class=\"notice bad\""), "{}", page.html);
    let mut program = world.visitor();
    program.headers.insert("accept", HeaderValue::from_static("application/json"));
    let page = program.get("/nothing").await;
    assert_eq!(value(&page, "content-type"), "text/plain; charset=utf-8");
    assert!(page.says("MCP clients connect to `/mcp`."), "{}", page.html);
    let mut posting = world.visitor();
    assert_eq!(posting.post("/setup/other", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_fault_of_ours_gives_the_id_that_finds_it_and_nothing_else() {
    let world = World::new().await;
    let broken = async || Err::<Response, _>(Error::Access(access::Error::Hashing));
    let refused = async || {
        let problem = Problem::new(Code::RateLimited, "That was too fast.").hint("Wait 7 s.").retry_after(7);
        Err::<Response, _>(Error::from(problem))
    };
    let pages = Router::new().route("/broken", get(broken)).route("/refused", get(refused));
    let mut visitor = world.visitor_of(pages);
    visitor.request_id = Some(RequestId("abc123".to_owned()));
    let page = visitor.get("/broken").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.says("<code>abc123</code>") && !page.says("hashed"), "{}", page.html);
    assert_eq!(value(&page, "cache-control"), "no-store");
    let page = visitor.get("/refused").await;
    assert_eq!((page.status, value(&page, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "7"));
    assert!(
        page.says("That was too fast") && page.says("Wait 7 s.") && !page.says("abc123"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn a_notice_is_chosen_by_the_address_and_never_written_by_it() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    assert!(alice.get("/settings?done=session-ended").await.says("That browser was signed out."));
    let page = alice.get("/settings?done=You+won+a+prize").await;
    assert!(!page.says("class=\"notice") && !page.says("prize"));
}

#[tokio::test]
async fn files_are_kept_for_good_and_come_small() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    for name in ["postroom.css", "postroom.js", "htmx.js", "icon.svg"] {
        let path = files::path(name);
        let page = visitor.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(value(&page, "cache-control"), "public, max-age=31536000, immutable");
        let tag = page.headers.get(header::ETAG).unwrap().clone();
        let mut again = world.visitor();
        again.headers.insert(header::IF_NONE_MATCH, tag);
        assert_eq!(again.get(path).await.status, StatusCode::NOT_MODIFIED, "{path}");
        let mut packing = world.visitor();
        packing.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"));
        let packed = packing.get_bytes(path).await;
        assert_eq!(&packed[..2], [0x1f, 0x8b], "{path}");
        assert!(packed.len() < page.html.len(), "{path}");
    }
    assert_eq!(visitor.get("/static/postroom.AAAA.css").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.get("/static/..%2f..%2fCargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_first_view_of_a_page_weighs_60_kb_at_most() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut octets = alice.get("/admin").await.html.len();
    alice.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    for name in ["postroom.css", "postroom.js", "htmx.js", "icon.svg"] {
        octets += alice.get_bytes(files::path(name)).await.len();
    }
    assert!(octets <= 60_000, "{octets}");
}
