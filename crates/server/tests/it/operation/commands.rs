//! Commands beside a running server: what they say holds for browsers and agents at the next request.

use testkit::{Options, require_dovecot};

use crate::{
    connecting::{call, connect, refresh, text},
    routes::surfer::Surfer,
    world::{PASSWORD, World},
};

const NEW_PASSWORD: &str = "another horse battery";

/// What a command printed as its last line, as a path here.
fn path_of(printed: &str) -> String {
    let link = printed.lines().last().unwrap();
    format!("/{}", link.splitn(4, '/').nth(3).unwrap())
}

#[test]
fn disabling_a_person_ends_their_sessions_and_agents_and_enabling_opens_no_session_again() {
    let world = World::new();
    world.add_user("admin");
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let (client, tokens) = connect(port, &alice, &["mail:folders"]);
    assert_eq!(world.run(&["user", "disable", "alice"]).status, 0);
    assert!(alice.get("/").header("location").starts_with("/login"));
    assert_eq!(call(port, text(&tokens, "access_token"), "mail_folders").status, 401);
    assert_eq!(refresh(port, &client, text(&tokens, "refresh_token")).status, 400);
    let csrf = Surfer::new(port);
    let token = csrf.csrf("/login");
    let refused = csrf.post("/login", &[("name", "alice"), ("password", PASSWORD), ("csrf", &token)]);
    assert_ne!(refused.status, 303, "a disabled person signed in");

    assert_eq!(world.run(&["user", "enable", "alice"]).status, 0);
    assert!(alice.get("/").header("location").starts_with("/login"), "the session came back");
    Surfer::signed_in(port, "alice", PASSWORD);
    // the agent's permission was not taken back, only not honoured
    assert_eq!(refresh(port, &client, text(&tokens, "refresh_token")).status, 200);
}

#[test]
fn a_revoked_agent_and_a_removed_account_are_out_of_reach_at_the_next_request() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let (client, tokens) = connect(port, &alice, &["mail:folders"]);
    let bearer = text(&tokens, "access_token");
    assert!(call(port, bearer, "mail_accounts").body.contains("alice@example.org"));
    assert_eq!(world.run(&["account", "remove", "home", "--user", "alice"]).status, 0);
    let left = call(port, bearer, "mail_accounts");
    assert_eq!(left.status, 200, "{}", left.body);
    assert!(!left.body.contains("alice@example.org"), "{}", left.body);
    assert_eq!(alice.get("/accounts/home").status, 404);

    // an agent that came by a browser is listed and revoked like a token
    let listed = world.run(&["token", "list", "--user", "alice", "--json"]).json();
    assert_eq!(listed[0]["label"], "a client", "{listed}");
    assert_eq!(world.run(&["token", "revoke", "a client", "--user", "alice"]).status, 0);
    assert_eq!(call(port, bearer, "mail_accounts").status, 401);
    assert_eq!(refresh(port, &client, text(&tokens, "refresh_token")).status, 400);
    assert!(!alice.get("/agents").body.contains("a client"));
}

#[test]
fn links_that_commands_print_work_at_once_and_once() {
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let link = path_of(&world.run(&["user", "invite"]).stdout);
    let bob = Surfer::new(port);
    let csrf = bob.csrf(&link);
    let answer = bob.post(&link, &[("csrf", &csrf), ("name", "bob"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!((bob.get("/").status, bob.get("/admin").status), (200, 404));
    assert_eq!(Surfer::new(port).get(&link).status, 404, "the link works twice");

    let link = path_of(&world.run(&["user", "reset", "bob"]).stdout);
    let elsewhere = Surfer::new(port);
    let csrf = elsewhere.csrf(&link);
    let answer = elsewhere.post(&link, &[("csrf", &csrf), ("password", NEW_PASSWORD)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(bob.get("/").header("location").starts_with("/login"), "the session outlived the password");
    Surfer::signed_in(port, "bob", NEW_PASSWORD);

    let said = world.run_with(&["user", "passwd", "bob", "--password-stdin"], PASSWORD);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(elsewhere.get("/").header("location").starts_with("/login"));
    Surfer::signed_in(port, "bob", PASSWORD);
}
