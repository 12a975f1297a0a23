//! What somebody tries who does not use the pages but bends requests: paths, methods, headers, cookies, fields.
//! Attacks on one page are tried beside that page.

use axum::http::{HeaderValue, Method, StatusCode};

use crate::{
    pages::let_in::{PLAIN, allow},
    world::{Page, Surfer, World},
};

/// An administrator, and a browser of hers.
async fn ann(world: &World) -> Surfer {
    let ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    ann
}

fn stays_here(page: &Page) {
    let location = page.location();
    let is_local = location.is_empty() || (location.starts_with('/') && !location.starts_with("//"));
    assert!(is_local && !location.contains('\\'), "{location}");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn a_bent_path_is_no_other_page_and_leads_nowhere() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    let mut bob = world.person("bob").await;
    let mut nobody = world.visitor();
    for path in [
        "//evil.example",
        "//evil.example/%2e%2e",
        "///admin",
        "/./admin",
        "/agents/%2e%2e",
        "/agents/%2e%2e%2fadmin",
        "/agents/..%2fadmin",
        "/agents/../admin",
        "/agents/%00",
        "/agents/%ff%fe",
        "/agents/%0d%0aset-cookie:%20a=b",
        "/agents/x/families/%2e%2e/end",
        "/consent/%2f%2fevil.example",
        "/consent/%5c%5cevil.example",
        "/consent/..;/admin",
        "/accounts/%2e%2e%2f%2e%2e%2fadmin",
        "/accounts/%2e",
        "/static/%2e%2e%2fCargo.toml",
        "/static/../../Cargo.toml",
        "/invite/%2e%2e",
        "/admin/",
        "/admin%2f",
        "/admin;a=b",
        "/ADMIN",
        "/admin%00",
        "/login/../admin",
    ] {
        for surfer in [&mut ann, &mut bob, &mut nobody] {
            let page = surfer.get(path).await;
            stays_here(&page);
            let is_login = page.status == StatusCode::SEE_OTHER && page.location().starts_with("/login");
            let is_nothing = matches!(page.status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST);
            let is_over = path.starts_with("/invite/") && page.status == StatusCode::GONE;
            assert!(is_login || is_nothing || is_over, "{path}: {}", page.status);
            assert!(!page.says("/admin/users/"), "{path}");
        }
    }
}

#[tokio::test]
async fn only_get_and_post_do_anything() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    let agent = world.let_in(&mut ann, "Agent", &["mail:read"]).await;
    let csrf = ann.get("/settings").await.csrf();
    let form = format!("csrf={csrf}&_method=POST&answer=allow");
    let ways = [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::TRACE, Method::CONNECT];
    for method in ways {
        for path in ["/login", "/logout", "/settings", "/admin", "/admin/users/reset", &agent] {
            ann.headers.insert("x-http-method-override", HeaderValue::from_static("POST"));
            let page = ann.ask(method.clone(), path, &form).await;
            assert!(page.status.is_client_error(), "{method} {path}: {}", page.status);
        }
    }
    for path in ["/logout", "/admin/users/disable", "/settings/sessions/end", &format!("{agent}/revoke")] {
        for method in [Method::GET, Method::HEAD] {
            let page = ann.ask(method.clone(), &format!("{path}?{form}"), "").await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    assert_eq!(ann.get(&agent).await.status, StatusCode::OK, "she is signed in and the agent is in");
}

#[tokio::test]
async fn links_name_the_public_url_whatever_host_is_asked_for() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    for name in ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-original-url", "origin"] {
        let value = if name == "origin" { "http://localhost:8143" } else { "evil.example" };
        ann.headers.insert(name, HeaderValue::from_static(value));
    }
    let invited = ann.submit("/admin", "/admin/invitations", &[]).await;
    assert!(invited.says("http://localhost:8143/invite/"), "{}", invited.html);
    let reset = ann.submit("/admin", "/admin/users/reset", &[("name", "ann")]).await;
    assert!(reset.says("http://localhost:8143/invite/"), "{}", reset.html);
    for page in [invited, reset, ann.get("/connect").await, ann.get("/").await] {
        assert!(!page.says("evil.example") && !page.location().contains("evil"));
    }
}

#[tokio::test]
async fn on_https_a_cookie_that_another_host_could_set_is_not_looked_at() {
    let world = World::of("https://mail.example.org", access::Signup::Invite).await;
    let ann = world.person("ann").await;
    assert!(ann.cookies.contains_key("__Host-postroom"), "{:?}", ann.cookies.keys());
    let mut tossed = world.visitor();
    for name in
        ["postroom", "__host-postroom", "__Host-postroom ", "__Secure-postroom", "\u{2000}__Host-postroom"]
    {
        tossed.cookies.insert(name.to_owned(), ann.cookies["__Host-postroom"].clone());
    }
    assert!(tossed.get("/settings").await.location().starts_with("/login"));
}

#[tokio::test]
async fn many_long_and_broken_cookies_neither_let_in_nor_shut_out() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    for number in 0..500 {
        ann.cookies.insert(format!("a{number}"), "x".repeat(100));
    }
    ann.cookies.insert("postroom-visit".to_owned(), "x".repeat(5_000));
    ann.cookies.insert("postroom-device".to_owned(), "x".repeat(5_000));
    ann.cookies.insert(" ".to_owned(), "=;=,\"".to_owned());
    ann.cookies.insert("another".to_owned(), "é\u{85}".to_owned());
    assert_eq!(ann.get("/settings").await.status, StatusCode::OK);
    for made_up in ["x".repeat(100_000), "\"".repeat(43), "%00".to_owned(), "é".to_owned()] {
        let mut nobody = world.visitor();
        nobody.cookies.insert("postroom".to_owned(), made_up.clone());
        nobody.cookies.insert("postroom-device".to_owned(), made_up);
        assert!(nobody.get("/settings").await.location().starts_with("/login"));
        assert_eq!(nobody.get("/login").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn of_doubled_fields_the_first_counts_and_a_second_token_does_not_help() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    let client = world.client("Agent", "https://agent.example/callback").await;
    let question = world.question(&ann, &client, Some("mail:read")).await;
    let own = ann.get(&question).await.csrf();
    let wrong = "A".repeat(43);
    let mut fields = vec![("csrf", wrong.as_str()), ("csrf", own.as_str()), ("answer", "allow")];
    fields.extend([("scope", "mail:read"), ("account", "work")]);
    fields.extend(PLAIN);
    assert_eq!(ann.post(&question, &fields).await.status, StatusCode::FORBIDDEN);
    fields[0].1 = &own;
    fields.insert(2, ("answer", "refuse"));
    let page = ann.post(&question, &fields).await;
    assert!(page.location().contains("error=access_denied"), "{}", page.location());
    let twice = ann.get("/login?next=//evil.example&next=/settings").await;
    assert_eq!(twice.location(), "/");
}

#[tokio::test]
async fn the_token_of_a_form_counts_in_the_form_alone() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    let csrf = ann.get("/settings").await.csrf();
    ann.headers.insert("x-csrf-token", HeaderValue::from_str(&csrf).unwrap());
    ann.cookies.insert("csrf".to_owned(), csrf.clone());
    assert_eq!(ann.post(&format!("/logout?csrf={csrf}"), &[]).await.status, StatusCode::FORBIDDEN);
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json", ""] {
        let page = ann.post_as("/logout", kind, &format!("csrf={csrf}")).await;
        assert!(page.status.is_client_error(), "{kind}: {}", page.status);
    }
    assert_eq!(ann.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_calls_itself_something_is_never_told_as_that_alone() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    for (name, redirect, shown) in [
        ("Claude", "https://evil.example/callback", "evil.example"),
        ("Claude (verified by claude.ai)", "https://claude.ai.evil.example/", "claude.ai.evil.example"),
        ("claude.ai", "https://xn--clude-5ve.ai/", "xn--clude-5ve.ai"),
        ("</q><script>alert(1)</script>", "https://evil.example:8443/claude.ai", "evil.example"),
        ("\u{202e}ia.edualc", "com.evil.app:/claude.ai", "com.evil.app:"),
    ] {
        let client = world.client(name, redirect).await;
        let question = world.question(&ann, &client, None).await;
        let page = ann.get(&question).await;
        let host = page.html.split("class=\"host\">").nth(1).unwrap().split("</strong>").next().unwrap();
        assert!(host.contains(shown), "{name}: {host}");
        assert!(page.says("not verified") && !page.says("badge ok"), "{name}");
        assert!(!page.says("<script>alert") && !page.says("\u{202e}"), "{name}");
    }
}

#[tokio::test]
async fn what_was_ended_while_its_question_stood_open_is_let_in_by_a_click_alone() {
    let world = World::new().await;
    let mut ann = ann(&world).await;
    let client = world.client("Agent", "https://agent.example/callback").await;
    let first = world.question(&ann, &client, Some("mail:read")).await;
    let answer = allow(&mut ann, &first, &["mail:read"], &["work"]).await;
    let issued = world.exchange(&client, &answer).await;
    let second = world.question(&ann, &client, Some("mail:read mail:send")).await;
    ann.get(&second).await;
    let who = world.who(&ann).await;
    let agent = world.access.agent_list(&who).await.unwrap().remove(0).grant.id;
    world.access.agent_revoke(&who, &agent).await.unwrap();
    let answer = allow(&mut ann, &second, &["mail:read"], &["work"]).await;
    let anew = world.exchange(&client, &answer).await;
    assert!(world.access.principal(issued.access.expose()).await.is_err(), "what was revoked stays so");
    assert!(world.access.principal(anew.access.expose()).await.is_ok());
    // a person who is shut out answers nothing any more, in no tab
    let third = world.question(&ann, &client, None).await;
    let csrf = ann.get(&third).await.csrf();
    world.access.user_disable("ann").await.unwrap();
    let page = ann.post(&third, &[("csrf", &csrf), ("answer", "allow"), ("scope", "mail:read")]).await;
    assert_eq!(page.location(), "/login");
    assert!(world.access.principal(anew.access.expose()).await.is_err());
}
