//! A server whose database is away for a while, and one that ends in the middle of a question: nobody is let in by
//! mistake, nothing panics, and it goes on where it was.

use testkit::{Proxy, mcp_http::request, proxy::Faults, require_postgres};

use crate::{
    connecting::{allow, ask, authorize, call, connect, exchange, json_of, refresh, register, text},
    routes::surfer::Surfer,
    world::{PASSWORD, World},
};

/// Every connection, open or to come, ends before a byte.
fn away() -> Faults {
    Faults { cut_after: Some(0), cut_after_asked: Some(0), ..Faults::default() }
}

#[test]
fn while_the_database_is_away_every_door_says_so_and_none_lets_in() {
    let Some(postgres) = require_postgres() else { return };
    let network = Proxy::start(postgres.port(), Faults::default()).unwrap();
    let world = World::new()
        .with("POSTROOM_DATABASE_URL", &postgres.url_at(network.port()))
        .with("POSTROOM_MASTER_KEY", &"ab".repeat(32));
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let (client, tokens) = connect(port, &alice, &["mail:folders"]);
    let page = ask(&alice, &client, "");
    let csrf = alice.csrf(&page);

    network.set(away());
    network.strike(away());
    assert_eq!(call(port, text(&tokens, "access_token"), "mail_folders").status, 503);
    let refused = refresh(port, &client, text(&tokens, "refresh_token"));
    assert_eq!((refused.status, json_of(&refused)["error"].as_str()), (503, Some("temporarily_unavailable")));
    assert!(!refused.header("retry-after").is_empty());
    let metadata = r#"{"redirect_uris": ["https://a.example/back"]}"#;
    let json = [("Content-Type", "application/json")];
    assert_eq!(request(port, "POST", "/oauth/register", &json, metadata).unwrap().status, 503);
    assert_eq!(alice.get(&authorize(&client, "")).status, 503);
    for path in ["/", "/agents", "/settings", "/admin", page.as_str()] {
        let answer = alice.get(path);
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    }
    assert_eq!(alice.post(&page, &[("csrf", &csrf), ("answer", "allow")]).status, 503);
    assert_eq!(request(port, "GET", "/ready", &[], "").unwrap().status, 503);
    assert_eq!(request(port, "GET", "/health", &[], "").unwrap().status, 200);

    network.set(Faults::default());
    assert_eq!(request(port, "GET", "/ready", &[], "").unwrap().status, 200);
    // nobody was signed out, and the question and the refresh token are as they were
    let code = allow(&alice, &page, &["mail:folders"]);
    assert_eq!(exchange(port, &client, &code).status, 200);
    assert_eq!(refresh(port, &client, text(&tokens, "refresh_token")).status, 200);
    let (status, log) = serving.stop();
    assert_eq!(status, Some(0), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_restart_in_the_middle_of_a_question_changes_nothing_for_the_person_and_the_client() {
    let world = World::new().with("POSTROOM_PUBLIC_URL", "http://localhost:8143");
    world.add_user("alice");
    let first = world.serve();
    let alice = Surfer::signed_in(first.port, "alice", PASSWORD);
    let client = register(first.port);
    let page = ask(&alice, &client, "");
    let csrf = alice.csrf(&page);
    assert_eq!(first.stop().0, Some(0));

    let second = world.serve();
    let alice = alice.led_to(second.port);
    let fields = [
        ("csrf", csrf.as_str()),
        ("answer", "allow"),
        ("scope", "mail:folders"),
        ("account", "all"),
        ("approval", "new-recipients"),
        ("place", "page"),
        ("ending", "never"),
    ];
    // the form is still that of the first server
    let back = alice.post(&page, &fields);
    let code = back.header("location").split("code=").nth(1).unwrap_or_else(|| panic!("{}", back.body));
    let code = code.split('&').next().unwrap().to_owned();
    // killed, not asked: what was promised stands in the database
    drop(second);

    let third = world.serve();
    let tokens = json_of(&exchange(third.port, &client, &code));
    assert_eq!(call(third.port, text(&tokens, "access_token"), "mail_folders").status, 200);
    assert_eq!(third.stop().0, Some(0));
    let fourth = world.serve();
    assert_eq!(call(fourth.port, text(&tokens, "access_token"), "mail_folders").status, 200);
    assert_eq!(refresh(fourth.port, &client, text(&tokens, "refresh_token")).status, 200);
}
