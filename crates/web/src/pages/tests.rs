//! Every route of every page against every kind of caller. The routes are read from the sources, so that one
//! that is added is tried without being named here.

use std::{collections::BTreeSet, fs, path::Path};

use axum::http::{HeaderValue, StatusCode};
use time::Duration;

use crate::world::{Surfer, World};

/// Routes that anybody may see, all others being private.
pub(super) const PUBLIC: &[&str] = &[
    "/login",
    "/login/code",
    "/login/passkey",
    "/login/passkey/begin",
    "/login/provider",
    "/login/provider/callback",
    "/setup",
    "/invite/{code}",
];

/// A route as the source has it, and whether it is posted to.
pub(super) type Route = (String, bool);

/// All routes in `pages/`.
pub(super) fn routes() -> BTreeSet<Route> {
    let mut routes = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages"), &mut routes);
    assert!(routes.len() >= 15, "{routes:?}");
    routes
}

fn read(folder: &Path, routes: &mut BTreeSet<Route>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, routes);
        } else if !path.ends_with("tests.rs") {
            let source = fs::read_to_string(path).unwrap();
            for (_, rest) in source.split(".route(").skip(1).map(|rest| rest.split_once('"').unwrap()) {
                let (route, rest) = rest.split_once('"').unwrap();
                let methods = rest.split(".route(").next().unwrap().split(';').next().unwrap();
                for (method, is_post) in [("get(", false), ("post(", true)] {
                    if methods.lines().take(4).collect::<String>().contains(method) {
                        routes.insert((route.to_owned(), is_post));
                    }
                }
            }
        }
    }
}

/// The path of a route, for something that is not there.
fn path(route: &str) -> String {
    let parts = route.split('/').map(|part| if part.starts_with('{') { "missing" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn private() -> impl Iterator<Item = Route> {
    routes().into_iter().filter(|(route, _)| !PUBLIC.contains(&route.as_str()))
}

async fn call(surfer: &mut Surfer, (route, is_post): &Route, csrf: &str) -> crate::world::Page {
    if *is_post { surfer.post(&path(route), &[("csrf", csrf)]).await } else { surfer.get(&path(route)).await }
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_sign_in_from_every_private_page() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    for route in private() {
        let page = call(&mut visitor, &route, "").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{route:?}");
        assert!(page.location().starts_with("/login"), "{route:?}: {}", page.location());
        assert!(!route.1 || page.location() == "/login", "what was posted is not a page: {route:?}");
    }
}

#[tokio::test]
async fn a_cookie_that_is_made_up_ended_or_too_old_is_like_none() {
    let world = World::new().await;
    let mut signed_out = world.person("alice").await;
    let kept = signed_out.cookies["postroom"].clone();
    signed_out.submit("/settings", "/logout", &[]).await;
    signed_out.cookies.insert("postroom".to_owned(), kept);
    let mut made_up = world.visitor();
    made_up.cookies.insert("postroom".to_owned(), "A".repeat(43));
    let mut disabled = world.person("bob").await;
    world.access.user_disable("bob").await.unwrap();
    let mut old = world.sign_in("alice").await;
    world.pass(Duration::days(91));
    for surfer in [&mut signed_out, &mut made_up, &mut disabled, &mut old] {
        for route in private() {
            let page = call(surfer, &route, "").await;
            assert_eq!(page.status, StatusCode::SEE_OTHER, "{route:?}");
            assert!(page.location().starts_with("/login"), "{route:?}: {}", page.location());
        }
    }
}

#[tokio::test]
async fn nothing_is_posted_without_the_token_of_this_very_session() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut tokens = vec![
        String::new(),
        "A".repeat(43),
        world.person("mallory").await.get("/settings").await.csrf(),
        world.sign_in("alice").await.get("/settings").await.csrf(),
        world.visitor().get("/login").await.csrf(),
    ];
    let own = alice.get("/settings").await.csrf();
    tokens.push(format!("{own} "));
    assert!(!tokens.contains(&own) && tokens.iter().skip(1).all(|token| !token.is_empty()));
    for token in &tokens {
        for route in private().filter(|(_, is_post)| *is_post) {
            let page = call(&mut alice, &route, token).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{route:?} with {token:?}");
        }
    }
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK, "no post has signed her out");
}

#[tokio::test]
async fn nothing_is_posted_from_another_site() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let own = alice.get("/settings").await.csrf();
    alice.headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
    for route in private().filter(|(_, is_post)| *is_post) {
        assert_eq!(call(&mut alice, &route, &own).await.status, StatusCode::FORBIDDEN, "{route:?}");
    }
}

#[tokio::test]
async fn the_pages_of_administrators_are_not_there_for_others() {
    let world = World::new().await;
    let mut admin = world.person("alice").await;
    let mut other = world.person("bob").await;
    let csrf = other.get("/settings").await.csrf();
    assert!(!other.get("/settings").await.says("href=\"/admin\""));
    for route in private().filter(|(route, _)| route.starts_with("/admin")) {
        assert_eq!(call(&mut other, &route, &csrf).await.status, StatusCode::NOT_FOUND, "{route:?}");
    }
    assert_eq!(admin.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn every_page_answers_who_is_signed_in_and_none_is_kept() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    for route in routes().into_iter().filter(|(_, is_post)| !is_post) {
        let page = call(&mut alice, &route, "").await;
        assert!(page.status.as_u16() < 500, "{route:?}: {}", page.status);
        assert!(!page.location().starts_with("/login"), "{route:?}");
        assert_eq!(page.headers["cache-control"], "no-store", "{route:?}");
    }
}

#[tokio::test]
async fn an_empty_and_an_overlong_form_get_an_answer_and_no_fault() {
    let world = World::new().await;
    world.person("alice").await;
    let long = "ä".repeat(1_000);
    let names = ["name", "password", "old", "note", "session", "invitation", "address", "label"];
    for route in routes().into_iter().filter(|(_, is_post)| *is_post) {
        for is_long in [false, true] {
            let is_public = PUBLIC.contains(&route.0.as_str());
            let mut caller = if is_public { world.visitor() } else { world.sign_in("alice").await };
            let csrf = caller.get(if is_public { "/login" } else { "/settings" }).await.csrf();
            let mut fields = vec![("csrf", csrf.as_str())];
            if is_long {
                fields.extend(names.iter().map(|name| (*name, long.as_str())));
            }
            let page = caller.post(&path(&route.0), &fields).await;
            assert!(page.status.as_u16() < 500, "{route:?}: {} {}", page.status, page.html);
        }
    }
}
