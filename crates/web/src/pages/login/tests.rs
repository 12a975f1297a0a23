//! Signing in and out as people do it, and as those do who try to make others do it.

use access::Signup;
use axum::http::StatusCode;
use domain::Secret;
use time::Duration;

use crate::world::{PASSWORD, Page, Surfer, World};

async fn sign_in(surfer: &mut Surfer, fields: &[(&str, &str)]) -> Page {
    surfer.submit("/login", "/login", fields).await
}

#[tokio::test]
async fn name_and_password_open_a_session_that_sign_out_ends() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK);
    let kept = alice.clone();
    let page = alice.submit("/settings", "/logout", &[]).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/login?done=signed-out"));
    assert!(!alice.cookies.contains_key("postroom"));
    assert!(alice.get("/login?done=signed-out").await.says("You are signed out."));
    assert_eq!(kept.clone().get("/settings").await.status, StatusCode::SEE_OTHER, "also with the old cookie");
}

#[tokio::test]
async fn a_wrong_password_and_a_name_that_nobody_has_get_the_same_answer() {
    let world = World::new().await;
    world.person("alice").await;
    world.person("disabled").await;
    world.access.user_disable("disabled").await.unwrap();
    let mut answers = Vec::new();
    for (name, password) in
        [("alice", "wrong password"), ("nobody", PASSWORD), ("disabled", PASSWORD), ("../etc", PASSWORD)]
    {
        let mut visitor = world.visitor();
        let page = sign_in(&mut visitor, &[("name", name), ("password", password)]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{name}");
        assert!(page.says("Name or password is wrong.") && page.says(&format!("value=\"{name}\"")));
        assert!(!page.says(password), "no password is shown again");
        assert!(
            !visitor.cookies.contains_key("postroom") && !visitor.cookies.contains_key("postroom-device")
        );
        let csrf = page.csrf();
        answers.push(page.html.replace(name, "").replace(&csrf, ""));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn missing_and_overlong_fields_are_wrong_like_others() {
    let world = World::new().await;
    world.person("alice").await;
    let long = "a".repeat(10_000);
    let cases: [&[(&str, &str)]; 4] = [
        &[],
        &[("name", "alice")],
        &[("name", "alice"), ("password", &long)],
        &[("name", &long), ("password", PASSWORD)],
    ];
    for fields in cases {
        let page = sign_in(&mut world.visitor(), fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(!page.says(&"a".repeat(65)), "what was too long is not shown again");
    }
}

#[tokio::test]
async fn after_too_many_tries_the_page_says_how_long_to_wait_and_then_lets_in() {
    let world = World::new().await;
    world.person("alice").await;
    let mut guesser = world.visitor();
    let mut refused = None;
    for _ in 0..15 {
        let page = sign_in(&mut guesser, &[("name", "alice"), ("password", "a guess")]).await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(page);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.says("Too many tries. Wait "), "{}", refused.html);
    let seconds: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    world.pass(Duration::seconds(seconds));
    let page = sign_in(&mut guesser, &[("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn one_goes_on_to_where_one_wanted_to_go() {
    let world = World::new().await;
    world.person("alice").await;
    let mut visitor = world.visitor();
    let asked = "/consent/con_1?x=%20y&z=1";
    let page = visitor.get("/settings").await;
    assert_eq!(page.location(), "/login?next=%2Fsettings");
    let login = format!("/login?next={}", crate::frame::encode(asked));
    let page = visitor.get(&login).await;
    assert!(page.says("value=\"/consent/con_1?x=%20y&#38;z=1\""), "{}", page.html);
    let fields = [("name", "alice"), ("password", PASSWORD), ("next", asked)];
    assert_eq!(visitor.submit(&login, "/login", &fields).await.location(), asked);
    assert_eq!(visitor.get(&login).await.location(), asked, "who is signed in is led on at once");
}

#[tokio::test]
async fn signing_in_leads_to_no_other_host() {
    let world = World::new().await;
    world.person("alice").await;
    let mut alice = world.sign_in("alice").await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\r\nLocation: https://evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "evil.example",
        "",
    ] {
        world.pass(Duration::seconds(1));
        let mut visitor = world.visitor();
        let page = sign_in(&mut visitor, &[("name", "alice"), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"), "{next:?}");
        let path = format!("/login?next={}", crate::frame::encode(next));
        assert_eq!(alice.get(&path).await.location(), "/", "{next:?}");
        assert!(!world.visitor().get(&path).await.says("evil"), "{next:?}");
    }
}

#[tokio::test]
async fn a_session_that_somebody_else_chose_is_not_taken_over() {
    let world = World::new().await;
    world.person("alice").await;
    let chosen = "A".repeat(43);
    let mut victim = world.visitor();
    victim.cookies.insert("postroom".to_owned(), chosen.clone());
    let page = sign_in(&mut victim, &[("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_ne!(victim.cookies["postroom"], chosen);
    let mut attacker = world.visitor();
    attacker.cookies.insert("postroom".to_owned(), chosen);
    assert_eq!(attacker.get("/settings").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_in_over_a_session_ends_it() {
    let world = World::new().await;
    world.person("alice").await;
    let mut bob = world.person("bob").await;
    let before = bob.clone();
    // the page was open from before in another tab
    let mut other_tab = world.visitor();
    let csrf = other_tab.get("/login").await.csrf();
    bob.cookies.insert("postroom-visit".to_owned(), other_tab.cookies["postroom-visit"].clone());
    let page = bob.post("/login", &[("csrf", &csrf), ("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(bob.get("/settings").await.says("<dd>alice</dd>"));
    assert_eq!(before.clone().get("/settings").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_form_works_in_two_tabs_and_twice() {
    let world = World::new().await;
    world.person("alice").await;
    let mut browser = world.visitor();
    let (first, second) = (browser.get("/login").await.csrf(), browser.get("/login").await.csrf());
    assert_eq!(first, second, "the second tab does not spoil the first");
    for _ in 0..2 {
        let fields = [("csrf", first.as_str()), ("name", "alice"), ("password", PASSWORD)];
        assert_eq!(browser.post("/login", &fields).await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.get("/settings").await.status, StatusCode::OK);
    }
    let sessions = browser.get("/settings").await.html.matches("name=\"session\"").count();
    assert_eq!(sessions, 2, "the one before, and one of this browser");
}

#[tokio::test]
async fn no_other_page_signs_a_browser_in() {
    let world = World::new().await;
    world.person("mallory").await;
    let fields = [("name", "mallory"), ("password", PASSWORD)];
    let theirs = world.visitor().get("/login").await.csrf();
    let mut victim = world.visitor();
    assert_eq!(victim.post("/login", &fields).await.status, StatusCode::FORBIDDEN);
    victim.get("/login").await;
    assert_eq!(victim.post("/login", &fields).await.status, StatusCode::FORBIDDEN);
    let with_theirs = [("csrf", theirs.as_str()), fields[0], fields[1]];
    assert_eq!(victim.post("/login", &with_theirs).await.status, StatusCode::FORBIDDEN);
    assert!(!victim.cookies.contains_key("postroom"));
}

#[tokio::test]
async fn a_server_without_people_says_how_it_is_set_up() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let page = visitor.get("/login").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Nobody lives here yet") && page.says("/setup?code="));
    world.person("alice").await;
    assert!(!visitor.get("/login").await.says("Nobody lives here yet"));
}

#[tokio::test]
async fn who_is_new_signs_up_where_that_is_open_and_nowhere_else() {
    let fields = [("new", "1"), ("name", "Bob"), ("password", "long enough")];
    let invited = World::new().await;
    invited.person("alice").await;
    assert!(!invited.visitor().get("/login?new=1").await.says("Sign up"));
    let page = sign_in(&mut invited.visitor(), &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("Signing up is closed on this server"));

    let open = World::of("http://localhost:8143", Signup::Open).await;
    open.person("alice").await;
    let mut bob = open.visitor();
    assert!(bob.get("/login").await.says("href=\"/login?new=1\""));
    let page = bob.submit("/login?new=1", "/login", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/accounts/new?done=welcome"));
    assert!(bob.get("/settings").await.says("<dd>bob</dd>"));
    assert!(!bob.get("/settings").await.says("Administrator"));
    let agent = [fields[0], ("name", "dora"), fields[2], ("next", "/consent/con_1")];
    assert_eq!(sign_in(&mut open.visitor(), &agent).await.location(), "/consent/con_1");
    for (name, password, told) in [
        ("alice", "long enough", "Somebody has this name already."),
        ("no spaces", "long enough", "Use 1 to 64 letters"),
        ("", "long enough", "Use 1 to 64 letters"),
        ("carol", "short", "Use 8 to 1,024 characters."),
        ("carol", "", "Use 8 to 1,024 characters."),
    ] {
        let page =
            sign_in(&mut open.visitor(), &[("new", "1"), ("name", name), ("password", password)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.says(told), "{name}: {}", page.html);
    }
}

#[tokio::test]
async fn what_was_typed_is_shown_again_as_text_only() {
    let world = World::new().await;
    world.access.user_add("alice", false, &Secret::new(PASSWORD)).await.unwrap();
    let page = sign_in(&mut world.visitor(), &[("name", "\"><script>alert(1)</script>")]).await;
    assert!(!page.says("<script>alert"), "{}", page.html);
}

#[tokio::test]
async fn a_flood_is_refused_before_its_forms_are_read_and_a_known_browser_goes_on() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let page = alice.submit("/settings", "/logout", &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let address = Some(domain::ClientAddress("203.0.113.9".parse().unwrap()));
    let mut guesser = world.visitor();
    (guesser.address, alice.address) = (address, address);
    for number in 0..10 {
        world.pass(Duration::seconds(1));
        let name = format!("somebody-{number}");
        let page = sign_in(&mut guesser, &[("name", &name), ("password", "a guess")]).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
    }
    let mut page = guesser.post("/login", &[]).await;
    for _ in 0..40 {
        page = sign_in(&mut guesser, &[("name", "somebody"), ("password", "a guess")]).await;
        let is_whole = page.says("value=\"somebody\"");
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
        if !is_whole {
            break;
        }
    }
    assert!(!page.says("<form"), "who is refused that often gets no form: {}", page.html);
    // not even a form, and neither name nor sign-up matters
    for form in ["", "no form \0", "name=alice&password=a+guess", "name=nobody&password=x", "new=1&name=eve"]
    {
        let page = guesser.ask(axum::http::Method::POST, "/login", form).await;
        assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{form:?}");
        assert!(page.says("Too many tries. Wait ") && !page.says("<form"), "{}", page.html);
        assert!(page.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    }
    let mut forged = world.visitor();
    forged.address = address;
    forged.cookies.insert("postroom-device".to_owned(), "x".repeat(200));
    assert_eq!(forged.post("/login", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    let page = sign_in(&mut alice, &[("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the browser that the person uses: {}", page.html);
    let mut elsewhere = world.visitor();
    elsewhere.address = Some(domain::ClientAddress("203.0.113.10".parse().unwrap()));
    let page = sign_in(&mut elsewhere, &[("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "another address: {}", page.html);
}
