//! Password and sessions, changed by the person they belong to.

use access::{PasswordRefusal, SignInRefusal};
use axum::http::{HeaderValue, StatusCode};
use domain::{ClientAddress, Secret};
use time::Duration;

use crate::world::{PASSWORD, Page, World};

const NEW: &str = "an entirely new password";

#[tokio::test]
async fn another_password_needs_the_old_one_and_signs_other_browsers_out() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut elsewhere = world.sign_in("alice").await;
    for (old, new, told) in [
        ("wrong password", NEW, "That is not your current password."),
        ("", NEW, "That is not your current password."),
        (PASSWORD, "short", "Use 8 to 1,024 characters."),
        (PASSWORD, "", "Use 8 to 1,024 characters."),
    ] {
        let page = alice.submit("/settings", "/settings/password", &[("old", old), ("password", new)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says(told), "{}", page.html);
    }
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::OK);
    let page = alice.submit("/settings", "/settings/password", &[("old", PASSWORD), ("password", NEW)]).await;
    assert_eq!(page.location(), "/settings?done=password-changed");
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK);
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER);
    let fields = [("name", "alice"), ("password", PASSWORD)];
    let page = world.visitor().submit("/login", "/login", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "the old one is gone");
}

#[tokio::test]
async fn the_old_password_cannot_be_guessed_in_an_open_session() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut statuses = Vec::new();
    for _ in 0..15 {
        let fields = [("old", "a guess"), ("password", NEW)];
        statuses.push(alice.submit("/settings", "/settings/password", &fields).await.status);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_but_this() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut browsers = Vec::new();
    for agent in [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
         Version/17.4 Safari/605.1.15",
    ] {
        world.pass(Duration::seconds(5));
        let mut browser = world.visitor();
        browser.headers.insert("user-agent", HeaderValue::from_static(agent));
        browser.address = Some(ClientAddress("203.0.113.7".parse().unwrap()));
        browser.submit("/login", "/login", &[("name", "alice"), ("password", PASSWORD)]).await;
        browsers.push(browser);
    }
    let page = alice.get("/settings").await;
    assert!(
        page.says("Firefox on Linux") && page.says("Safari on") && page.says("203.0.113.7"),
        "{}",
        page.html
    );
    assert!(page.says("with your password</td>"), "{}", page.html);
    let (_, rest) = page.html.split_once("Firefox on Linux").unwrap();
    let (_, rest) = rest.split_once("name=\"session\" value=\"").unwrap();
    let firefox = rest.split('"').next().unwrap();
    let page = alice.submit("/settings", "/settings/sessions/end", &[("session", firefox)]).await;
    assert_eq!(page.location(), "/settings?done=session-ended");
    assert_eq!(browsers[0].get("/settings").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browsers[1].get("/settings").await.status, StatusCode::OK);
    let page = alice.submit("/settings", "/settings/sessions/end", &[("session", firefox)]).await;
    assert_eq!(page.location(), "/settings?done=nothing-to-do", "twice is once");
    alice.submit("/settings", "/settings/sessions/end-others", &[]).await;
    assert_eq!(browsers[1].get("/settings").await.status, StatusCode::SEE_OTHER);
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn ending_this_very_session_is_signing_out() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let page = alice.get("/settings").await;
    let (_, rest) = page.html.split_once("name=\"session\" value=\"").unwrap();
    let own = rest.split('"').next().unwrap().to_owned();
    let page = alice.submit("/settings", "/settings/sessions/end", &[("session", &own)]).await;
    assert_eq!(page.location(), "/login?done=signed-out");
    assert!(!alice.cookies.contains_key("postroom"));
}

#[tokio::test]
async fn nobody_ends_the_session_of_somebody_else() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut mallory = world.person("mallory").await;
    let page = alice.get("/settings").await;
    let (_, rest) = page.html.split_once("name=\"session\" value=\"").unwrap();
    let hers = rest.split('"').next().unwrap();
    let page = mallory.submit("/settings", "/settings/sessions/end", &[("session", hers)]).await;
    assert_eq!(page.location(), "/settings?done=nothing-to-do");
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK);
}

/// What signing in by that password comes to.
async fn enter(world: &World, password: &str) -> Page {
    // strangers who sign in too fast have to wait
    world.pass(Duration::seconds(5));
    world.visitor().submit("/login", "/login", &[("name", "ann"), ("password", password)]).await
}

#[tokio::test]
async fn who_came_by_a_provider_sets_a_first_password_and_signs_in_by_it() {
    let world = World::new().await;
    let mut ann = world.person_without_password("ann").await;
    let page = ann.get("/settings").await;
    assert!(page.says("Set a password") && !page.says("Current password"), "{}", page.html);
    assert_eq!(enter(&world, "").await.status, StatusCode::FORBIDDEN, "no password is not an empty one");
    let short = ann.submit("/settings", "/settings/password", &[("password", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.says("Use 8 to 1,024 characters."), "{}", short.html);
    let set = ann.submit("/settings", "/settings/password", &[("password", NEW)]).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/settings?done=password-changed"));
    assert_eq!(enter(&world, NEW).await.status, StatusCode::SEE_OTHER);
    assert!(ann.get("/settings").await.says("Current password"), "from now on it is asked for");
}

#[tokio::test]
async fn a_session_left_open_sets_no_first_password() {
    let world = World::new().await;
    let mut ann = world.person_without_password("ann").await;
    world.pass(Duration::minutes(11));
    let page = ann.submit("/settings", "/settings/password", &[("password", NEW)]).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/prove?next=%2Fsettings"));
    assert_eq!(enter(&world, NEW).await.status, StatusCode::FORBIDDEN);
    // nor does who comes to it otherwise than by the page
    let set = world.access.password_set_first(&world.who(&ann).await, &Secret::new(NEW)).await;
    assert!(matches!(set, Err(PasswordRefusal::Old(SignInRefusal::Wrong))), "{set:?}");
    assert_eq!(enter(&world, NEW).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_first_password_takes_the_place_of_none_that_there_is() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let page = ann.submit("/settings", "/settings/password", &[("password", NEW)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("That is not your current password."), "{}", page.html);
    // one that was set since the page was asked for
    let set = world.access.password_set_first(&world.who(&ann).await, &Secret::new(NEW)).await;
    assert!(matches!(set, Err(PasswordRefusal::Old(SignInRefusal::Wrong))), "{set:?}");
    assert_eq!(enter(&world, NEW).await.status, StatusCode::FORBIDDEN);
    assert_eq!(enter(&world, PASSWORD).await.status, StatusCode::SEE_OTHER);
}
