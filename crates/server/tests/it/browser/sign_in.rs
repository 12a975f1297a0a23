//! One-time codes, and a real OpenID provider, as people meet them in the browser.

use serde_json::{Value, json};
use testkit::{OpenIdProvider, require_browser, require_openid_provider};

use super::survey::shots;
use crate::world::{PASSWORD, World};

#[track_caller]
fn assert_clean(found: &Value) {
    assert_eq!(found["faults"], json!([]), "{found:#}");
    assert_eq!(found["violations"], json!([]), "{found:#}");
}

#[track_caller]
fn assert_says(found: &Value, what: &str, words: &str) {
    assert!(found[what].as_str().is_some_and(|said| said.contains(words)), "{what}: {found:#}");
}

#[test]
fn a_person_sets_up_one_time_codes_and_comes_in_with_them_and_without_their_phone() {
    let Some(browser) = require_browser() else { return };
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let origin = format!("http://localhost:{}", serving.port);
    let wanted = json!({ "origin": origin, "user": "alice", "password": PASSWORD, "shots": shots() });
    let found = browser.run("one_time_codes", &wanted).unwrap_or_else(|error| panic!("{error}"));
    assert_clean(&found);
    assert_says(&found, "wrong", "That code is wrong");
    assert_eq!(found["recovery"].as_array().unwrap().len(), 10);
    assert_says(&found, "replayed", "That code was used already");
    assert_eq!(found["isStillOut"], true, "{found:#}");
    assert_eq!(found["inside"], "/");
    assert_says(&found, "left", "You have 9 left");
    assert_eq!(found["plain"], "/", "they are off");
    let log = serving.log();
    let secrets = found["recovery"].as_array().unwrap().iter().chain([&found["secret"]]);
    for secret in secrets {
        assert!(!log.contains(secret.as_str().unwrap()));
    }
}

#[test]
fn a_person_comes_in_and_shows_who_they_are_by_a_real_provider() {
    let Some(browser) = require_browser() else { return };
    let Some(mut provider) = require_openid_provider() else { return };
    let world = World::new();
    // the provider's own folder goes with it
    let authority = world.path("authority.pem");
    std::fs::copy(provider.ca_file(), &authority).unwrap();
    let world = world
        .with("POSTROOM_TLS_CA_FILE", &authority.display().to_string())
        .with("POSTROOM_LOGIN_OIDC_ISSUER", &provider.issuer())
        .with("POSTROOM_LOGIN_OIDC_CLIENT_ID", OpenIdProvider::CLIENT_ID)
        .with("POSTROOM_LOGIN_OIDC_CLIENT_SECRET", OpenIdProvider::CLIENT_SECRET);
    world.add_user("alice");
    let serving = world.serve();
    let origin = format!("http://localhost:{}", serving.port);
    let invited = world.run(&["user", "invite"]).stdout;
    let code = invited.split_whitespace().find_map(|word| word.split_once("/invite/")).unwrap().1;
    let wanted = json!({
        "origin": origin, "user": "alice", "password": PASSWORD, "invite": format!("/invite/{code}"),
        "shots": shots(),
    });
    let found = browser.run("provider", &wanted);
    let found = found.unwrap_or_else(|error| panic!("{error}\n{}\n{}", serving.log(), provider.log()));
    assert_clean(&found);
    assert_says(&found, "unknown", "nobody on this server is known by it");
    assert_says(&found, "linked", "You can sign in that way from now on");
    // its names come from its own endpoint, not with the token
    assert_says(&found, "linked", "alice@example.org");
    assert_eq!(found["who"], "alice");
    assert_eq!(found["proven"], "/accounts");
    assert_says(&found, "other", "is not known there as you");
    assert_eq!((&found["joined"], &found["landed"]), (&json!("carol"), &json!("/accounts/new")));

    // once it is down people are told, and come in with their passwords
    provider.stop();
    let restarted = world.serve();
    let visitor = crate::routes::surfer::Surfer::new(restarted.port);
    let answer = visitor.get("/login/provider");
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert!(answer.body.contains("does not answer"), "{}", answer.body);
    let log = serving.log();
    for secret in [OpenIdProvider::CLIENT_SECRET, "alice@example.org", "subject-alice", "code="] {
        assert!(!log.contains(secret), "{log}");
    }
}
