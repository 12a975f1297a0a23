//! The official conformance suite against the server as people run it: whatever needs no fixture of the suite's
//! own. All of it, with the fixtures, runs against the same transport in the room `mcp`.

use testkit::{
    BearerProxy,
    conformance::{self, Check},
    require_node,
};

use crate::world::{READING, World};

/// The scenarios that make sense here, and how many of their checks succeed at least.
const STATELESS: &[(&str, usize)] = &[
    ("server-stateless", 21),
    ("http-header-validation", 14),
    ("caching", 8),
    ("tools-list", 4),
    ("sep-2164-resource-not-found", 4),
    ("dns-rebinding-protection", 2),
    ("prompts-list", 2),
    ("resources-list", 2),
    ("input-required-result-unsupported-methods", 2),
    ("server-sse-multiple-streams", 1),
];

const WITH_SESSIONS: &[(&str, usize)] = &[
    ("server-initialize", 3),
    ("server-session-lifecycle", 3),
    ("tools-list", 3),
    ("ping", 2),
    ("dns-rebinding-protection", 2),
    ("prompts-list", 2),
    ("resources-list", 2),
    ("server-sse-multiple-streams", 2),
];

/// Within a scenario the suite says what it could not look at for want of a fixture.
fn needs_a_fixture(check: &Check) -> bool {
    check.status == "SKIPPED" || check.message.starts_with("Not testable")
}

fn assert_conforms(revision: &str, scenarios: &[(&str, usize)]) {
    let Some(node) = require_node() else { return };
    let proxy = BearerProxy::bind().unwrap();
    let url = format!("http://localhost:{}", proxy.port());
    let world = World::new().with("POSTROOM_PUBLIC_URL", &url);
    world.add_user("alice");
    let bearer = world.new_token("conformance", READING);
    let serving = world.serve();
    proxy.serve(serving.port, &bearer).unwrap();
    let findings = conformance::run(&node, &format!("{url}/mcp"), revision).unwrap();
    for (scenario, at_least) in scenarios {
        let mut wanting = findings.wanting(scenario);
        wanting.retain(|check| !needs_a_fixture(check));
        assert!(wanting.is_empty(), "{scenario}: {wanting:#?}");
        let succeeded = findings.succeeded(scenario);
        assert!(succeeded >= *at_least, "{scenario}: only {succeeded} checks");
    }
    // much of what the suite sends is wrong, and none of it may be a fault of ours
    let log = serving.log();
    assert!(!log.contains(" WARN ") && !log.contains(" ERROR "), "{log}");
}

#[test]
fn the_server_conforms_to_the_stateless_protocol() {
    assert_conforms("2026-07-28", STATELESS);
}

#[test]
fn the_server_conforms_to_the_protocol_of_sessions() {
    assert_conforms("2025-11-25", WITH_SESSIONS);
}
