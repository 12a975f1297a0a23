//! Two servers on one PostgreSQL: whatever one of them does holds on the other, and what one of them takes back is
//! gone on the other within a second.

use std::time::{Duration, Instant};

use testkit::require_postgres;

use crate::{
    connecting::{self, allow, ask, call, exchange, json_of, refresh, register, text},
    routes::surfer::Surfer,
    world::{PASSWORD, Serving, World},
};

const SCOPES: [&str; 2] = ["mail:folders", "mail:search"];

/// A server of several, with a data directory of its own.
fn replica(url: &str) -> World {
    World::new()
        .with("POSTROOM_DATABASE_URL", url)
        .with("POSTROOM_MASTER_KEY", &"ab".repeat(32))
        .with("POSTROOM_PUBLIC_URL", "http://localhost:8143")
}

fn serve_two(url: &str) -> (World, [Serving; 2]) {
    let world = replica(url);
    world.add_user("alice");
    let second = replica(url).serve();
    let first = world.serve();
    (world, [first, second])
}

/// Whether the bearer is refused by that server within a second.
fn is_refused_in_time(port: u16, bearer: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(1);
    while call(port, bearer, "mail_folders").status != 401 {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn each_step_of_a_connection_may_reach_another_replica() {
    let Some(postgres) = require_postgres() else { return };
    let (_world, [one, two]) = serve_two(&postgres.url());
    // the form of one is posted to the other
    let here = Surfer::new(one.port);
    let csrf = here.csrf("/login");
    let there = here.led_to(two.port);
    let answer = there.post("/login", &[("name", "alice"), ("password", PASSWORD), ("csrf", &csrf)]);
    assert_eq!(answer.status, 303, "{}", answer.body);
    let here = there.led_to(one.port);
    assert_eq!(here.get("/agents").status, 200);

    let client = register(one.port);
    let page = ask(&there, &client, "");
    let code = allow(&here, &page, &SCOPES);
    let answer = exchange(two.port, &client, &code);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let tokens = json_of(&answer);
    for port in [one.port, two.port] {
        assert_eq!(call(port, text(&tokens, "access_token"), "mail_folders").status, 200);
    }
    // the same code on the other replica is a second use, and ends what came of the first
    assert_eq!(exchange(one.port, &client, &code).status, 400);
    assert_eq!(call(two.port, text(&tokens, "access_token"), "mail_folders").status, 401);
}

#[test]
fn a_refresh_token_is_replaced_for_all_replicas() {
    let Some(postgres) = require_postgres() else { return };
    let (_world, [one, two]) = serve_two(&postgres.url());
    let alice = Surfer::signed_in(one.port, "alice", PASSWORD);
    let (client, tokens) = connecting::connect(one.port, &alice, &SCOPES);
    let next = json_of(&refresh(two.port, &client, text(&tokens, "refresh_token")));
    assert_eq!(next["scope"], tokens["scope"]);
    let last = json_of(&refresh(one.port, &client, text(&next, "refresh_token")));
    for port in [one.port, two.port] {
        assert_eq!(call(port, text(&last, "access_token"), "mail_folders").status, 200);
    }
}

#[test]
fn what_one_replica_or_a_command_takes_back_is_gone_on_all_within_a_second() {
    let Some(postgres) = require_postgres() else { return };
    let (world, [one, two]) = serve_two(&postgres.url());
    let alice = Surfer::signed_in(one.port, "alice", PASSWORD);
    let there = alice.led_to(two.port);
    let (_, tokens) = connecting::connect(one.port, &alice, &SCOPES);
    let bearer = text(&tokens, "access_token");
    assert_eq!(call(two.port, bearer, "mail_folders").status, 200);
    let agents = alice.get("/agents").body;
    let agent = agents.split("href=\"/agents/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csrf = alice.csrf("/agents");
    assert_eq!(alice.post(&format!("/agents/{agent}/revoke"), &[("csrf", &csrf)]).status, 303);
    assert!(is_refused_in_time(two.port, bearer));

    // a session that ends on one is no session on the other
    let csrf = there.csrf("/settings");
    assert_eq!(there.post("/logout", &[("csrf", &csrf)]).status, 303);
    assert!(alice.get("/agents").header("location").starts_with("/login"));

    let again = Surfer::signed_in(two.port, "alice", PASSWORD);
    let (_, tokens) = connecting::connect(two.port, &again, &SCOPES);
    world.run(&["user", "disable", "alice"]);
    assert!(is_refused_in_time(one.port, text(&tokens, "access_token")));
    assert!(again.led_to(one.port).get("/agents").header("location").starts_with("/login"));
}

#[test]
fn replicas_that_start_at_once_without_a_user_print_links_of_which_one_makes_the_first() {
    let Some(postgres) = require_postgres() else { return };
    let (one, two) = (replica(&postgres.url()), replica(&postgres.url()));
    let (one, two) = (one.serve(), two.serve());
    let links = [&one, &two].map(|serving| {
        let link = serving.announcement.split("http://localhost:8143/setup").nth(1);
        format!("/setup{}", link.unwrap().lines().next().unwrap())
    });
    // each works on the other, too
    let surfer = Surfer::new(one.port);
    let code = links[1].split("code=").nth(1).unwrap();
    let csrf = surfer.csrf(&links[1]);
    let fields = [("csrf", csrf.as_str()), ("code", code), ("name", "alice"), ("password", PASSWORD)];
    let answer = surfer.post("/setup", &fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(surfer.get("/admin").status, 200);
    let late = Surfer::new(two.port).get(&links[0]);
    assert!(!late.body.contains("name=\"password\""), "{}", late.body);
}
