//! Proving anew, and what needs it; passkeys as people use them on the pages, and as others try to.

use access::Signup;
use axum::http::StatusCode;
use serde_json::Value;
use testkit::Authenticator;
use time::Duration;

use crate::world::{PASSWORD, Page, Surfer, World};

const HERE: &str = "http://localhost:8143";

/// Asks for a question as the page's script does; answers the code and the options.
async fn ask(surfer: &mut Surfer, page: &str, path: &str) -> (String, Value) {
    let asked = surfer.submit(page, path, &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.html);
    let said: Value = serde_json::from_str(&asked.html).unwrap();
    (said["code"].as_str().unwrap().to_owned(), said["options"].clone())
}

async fn add(surfer: &mut Surfer, name: &str) -> (Page, Authenticator) {
    let mut authenticator = Authenticator::at(HERE);
    let (code, options) = ask(surfer, "/settings/passkeys", "/settings/passkeys/begin").await;
    let answer = authenticator.create(&options);
    let fields = [("code", code.as_str()), ("answer", &answer), ("name", name)];
    let page = surfer.submit("/settings/passkeys", "/settings/passkeys", &fields).await;
    (page, authenticator)
}

async fn enter(surfer: &mut Surfer, authenticator: &mut Authenticator, next: &str) -> Page {
    let (code, options) = ask(surfer, "/login", "/login/passkey/begin").await;
    let answer = authenticator.get(&options);
    let fields = [("code", code.as_str()), ("answer", &answer), ("next", next)];
    surfer.submit("/login", "/login/passkey", &fields).await
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in_without_a_name() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    assert!(alice.get("/settings").await.says("You have none yet"));
    let (page, mut authenticator) = add(&mut alice, "<b>Blue</b> key").await;
    assert_eq!(page.location(), "/settings/passkeys?done=passkey-added");
    let listed = alice.get("/settings/passkeys").await;
    assert!(listed.says("&#60;b&#62;Blue") && !listed.says("<b>Blue"), "{}", listed.html);
    let mut elsewhere = world.visitor();
    let page = enter(&mut elsewhere, &mut authenticator, "/agents").await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/agents"));
    assert!(elsewhere.get("/settings").await.says("last used"));
    // and nowhere else
    let mut third = world.visitor();
    let page = enter(&mut third, &mut authenticator, "https://evil.example/").await;
    assert_eq!(page.location(), "/");
}

#[tokio::test]
async fn the_session_of_before_does_not_live_on() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let (_, mut authenticator) = add(&mut alice, "key").await;
    let mut mallory = world.person("mallory").await;
    let before = mallory.clone();
    // the page to sign in is for who is not: but its form may stand open in another window
    let mut surfer = world.visitor();
    let (code, options) = ask(&mut surfer, "/login", "/login/passkey/begin").await;
    let csrf = surfer.get("/login").await.csrf();
    let answer = authenticator.get(&options);
    mallory.cookies.extend(surfer.cookies.clone());
    let page = mallory.post("/login/passkey", &[("csrf", &csrf), ("code", &code), ("answer", &answer)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert!(mallory.get("/settings").await.says("<dt>Name</dt><dd>alice</dd>"));
    assert_eq!(before.clone().get("/settings").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_passkey_of_another_site_or_a_question_of_another_browser_lets_nobody_in() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let (_, mut authenticator) = add(&mut alice, "key").await;
    let mut victim = world.visitor();
    authenticator.origin = "https://evil.example".to_owned();
    let page = enter(&mut victim, &mut authenticator, "").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.says("That passkey does not let you in"), "{}", page.html);
    authenticator.origin = HERE.to_owned();
    // somebody's own answer, put into the browser of somebody else
    let mut mallory = world.visitor();
    let (code, options) = ask(&mut mallory, "/login", "/login/passkey/begin").await;
    let answer = authenticator.get(&options);
    let fields = [("code", code.as_str()), ("answer", &answer)];
    let page = victim.submit("/login", "/login/passkey", &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    // no form, no token, from another page
    let page = mallory.post("/login/passkey", &fields).await;
    assert!(page.says("That form was too old"), "{}", page.html);
    let page = mallory.submit("/login", "/login/passkey", &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_left_open_changes_no_passkeys_until_its_person_proves_themselves() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    add(&mut alice, "key").await;
    let listed = alice.get("/settings/passkeys").await;
    let (_, rest) = listed.html.split_once("name=\"passkey\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    world.pass(Duration::minutes(11));
    let to_prove = "/prove?next=%2Fsettings%2Fpasskeys";
    assert_eq!(alice.get("/settings/passkeys").await.location(), to_prove);
    for (path, fields) in
        [("/settings/passkeys/begin", &[][..]), ("/settings/passkeys/remove", &[("passkey", id)][..])]
    {
        assert_eq!(alice.submit("/settings", path, fields).await.location(), to_prove, "{path}");
    }
    let page = alice.get(to_prove).await;
    assert!(page.says("Show that it is you") && page.says("Use a passkey"), "{}", page.html);
    let next = ("next", "/settings/passkeys");
    let wrong = alice.submit(to_prove, "/prove", &[next, ("password", "a guess")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.says("That is not your password"));
    assert_eq!(alice.get("/settings/passkeys").await.location(), to_prove);
    let right = alice.submit(to_prove, "/prove", &[next, ("password", PASSWORD)]).await;
    assert_eq!(right.location(), "/settings/passkeys");
    let removed = alice.submit("/settings", "/settings/passkeys/remove", &[("passkey", id)]).await;
    assert_eq!(removed.location(), "/settings/passkeys?done=passkey-removed");
    let again = alice.submit("/settings", "/settings/passkeys/remove", &[("passkey", id)]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_passkey_proves_too_and_for_that_occasion_alone() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let (_, mut authenticator) = add(&mut alice, "key").await;
    let message = "/prove?next=%2Fapprovals%2Fapr_1&for=apr_1";
    // a sign-in is no yes to a message
    assert_eq!(alice.get(message).await.status, StatusCode::OK);
    let asked = alice.submit("/settings", "/prove/passkey/begin", &[("for", "apr_1")]).await;
    let said: Value = serde_json::from_str(&asked.html).unwrap();
    let answer = authenticator.get(&said["options"]);
    let code = said["code"].as_str().unwrap();
    let fields = [("next", "/approvals/apr_1"), ("for", "apr_2"), ("code", code), ("answer", &answer)];
    let page = alice.submit("/settings", "/prove/passkey", &fields).await;
    assert_eq!(page.location(), "/approvals/apr_1");
    assert_eq!(alice.get(message).await.location(), "/approvals/apr_1");
    // what it was asked for counts, not what the form says afterwards
    assert_eq!(alice.get("/prove?for=apr_2").await.status, StatusCode::OK);
    for odd in ["/prove?for=%3Cscript%3E", &format!("/prove?for={}", "a".repeat(65))] {
        assert_eq!(alice.get(odd).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn whoever_proved_themselves_is_led_to_no_other_site() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        assert_eq!(alice.get(&format!("/prove?next={next}")).await.location(), "/");
        let fields = [("next", next), ("password", PASSWORD)];
        assert_eq!(alice.submit("/settings", "/prove", &fields).await.location(), "/");
    }
}

#[tokio::test]
async fn proving_cannot_be_guessed_at() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut statuses = Vec::new();
    for _ in 0..15 {
        statuses.push(alice.submit("/settings", "/prove", &[("password", "a guess")]).await.status);
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
}

#[tokio::test]
async fn passkeys_of_others_are_not_there() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    add(&mut alice, "key").await;
    let listed = alice.get("/settings/passkeys").await;
    let (_, rest) = listed.html.split_once("name=\"passkey\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    let mut mallory = world.person("mallory").await;
    for path in ["/settings/passkeys/rename", "/settings/passkeys/remove"] {
        let page = mallory.submit("/settings", path, &[("passkey", id), ("name", "mine")]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page =
        alice.submit("/settings", "/settings/passkeys/rename", &[("passkey", id), ("name", "b")]).await;
    assert_eq!(page.location(), "/settings/passkeys?done=passkey-renamed");
}

#[tokio::test]
async fn where_there_can_be_no_passkeys_none_are_offered() {
    let world = World::of("http://127.0.0.1:8143", Signup::Invite).await;
    let mut alice = world.person("alice").await;
    let login = world.visitor().get("/login").await;
    assert!(!login.says("data-passkey") && !login.says("passkey.") && login.says("Password"));
    assert!(alice.get("/settings").await.says("Passkeys need a server that is reached by a name"));
    assert_eq!(alice.get("/settings/passkeys").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        alice.submit("/settings", "/settings/passkeys/begin", &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_answer_longer_than_any_is_refused_and_the_page_goes_on() {
    let world = World::new().await;
    world.person("alice").await;
    let mut visitor = world.visitor();
    let (code, _) = ask(&mut visitor, "/login", "/login/passkey/begin").await;
    for (answer, status) in [
        ("1".repeat(40_000), StatusCode::FORBIDDEN),
        ("x".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
        (String::new(), StatusCode::FORBIDDEN),
    ] {
        let fields = [("code", code.as_str()), ("answer", &answer)];
        assert_eq!(visitor.submit("/login", "/login/passkey", &fields).await.status, status);
    }
    assert_eq!(visitor.get("/login").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_agent_is_let_loose_only_by_who_proved_themselves() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.mailbox("alice", "work").await;
    let agent = world.let_in(&mut alice, "Helper", &["mail:search", "mail:read"]).await;
    let fields = |rule| {
        let scopes = [("scope", "mail:search"), ("scope", "mail:read"), ("account", "work")];
        [&scopes[..], &[("approval", rule), ("place", "page"), ("ending", "never")]].concat()
    };
    world.pass(Duration::minutes(11));
    let narrower = alice.submit(&agent, &agent, &fields("always")).await;
    assert_eq!(narrower.location(), format!("{agent}?done=agent-changed"), "{}", narrower.html);
    for looser in ["new-recipients", "after-strangers", "never"] {
        let page = alice.submit(&agent, &agent, &fields(looser)).await;
        assert!(page.location().starts_with("/prove?next=%2Fagents%2F"), "{looser}: {}", page.location());
    }
    let mut in_the_client = fields("always");
    in_the_client.retain(|(name, _)| *name != "place");
    in_the_client.push(("place", "client"));
    let page = alice.submit(&agent, &agent, &in_the_client).await;
    assert!(page.location().starts_with("/prove?next=%2Fagents%2F"), "{}", page.location());
    // a first list of addresses is a limit; another address, or none at all, lifts it
    let to = |recipients| [&fields("always")[..], &[("recipients", recipients)]].concat();
    let page = alice.submit(&agent, &agent, &to("ann@example.org")).await;
    assert_eq!(page.location(), format!("{agent}?done=agent-changed"), "{}", page.html);
    for looser in ["ann@example.org\nbob@example.org", "*@example.org", ""] {
        let page = alice.submit(&agent, &agent, &to(looser)).await;
        assert!(page.location().starts_with("/prove?next=%2Fagents%2F"), "{looser}: {}", page.location());
    }
    alice.submit("/settings", "/prove", &[("password", PASSWORD)]).await;
    let looser = alice.submit(&agent, &agent, &fields("never")).await;
    assert_eq!(looser.location(), format!("{agent}?done=agent-changed"));
}

#[tokio::test]
async fn a_new_agent_that_asks_less_than_is_usual_is_let_in_only_by_who_proved_themselves() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.mailbox("alice", "work").await;
    let client = world.client("Helper", "https://helper.example/callback").await;
    world.pass(Duration::minutes(11));
    let question = world.question(&alice, &client, None).await;
    let fields = |approval, place| {
        let plain = [("answer", "allow"), ("scope", "mail:read"), ("account", "work"), ("ending", "never")];
        [&plain[..], &[("approval", approval), ("place", place)]].concat()
    };
    for (approval, place) in [("after-strangers", "page"), ("never", "page"), ("always", "client")] {
        let page = alice.submit(&question, &question, &fields(approval, place)).await;
        assert!(page.location().starts_with("/prove?next=%2Fconsent%2F"), "{approval}: {}", page.location());
    }
    assert!(world.access.agent_list(&world.who(&alice).await).await.unwrap().is_empty());
    let page = alice.submit(&question, &question, &fields("always", "page")).await;
    assert!(page.location().starts_with("https://helper.example/callback?code="), "{}", page.location());
}
