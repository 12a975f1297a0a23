//! A person with a passkey, in a browser with an authenticator of its own.

use serde_json::{Value, json};
use testkit::require_browser;

use super::survey::shots;
use crate::world::{PASSWORD, World};

#[test]
fn a_passkey_is_added_lets_in_proves_and_is_removed() {
    let Some(browser) = require_browser() else { return };
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let wanted = json!({
        "origin": format!("http://localhost:{}", serving.port),
        "user": "alice",
        "password": PASSWORD,
        "shots": shots(),
    });
    let found = browser.run("passkeys", &wanted).unwrap_or_else(|error| panic!("{error}\n{}", serving.log()));
    assert_eq!(found["violations"], json!([]));
    let seen = &found["seen"];
    assert_eq!((&seen["added"], &seen["kept"]), (&json!(1), &json!(1)), "{seen}");
    assert_eq!(seen["besideName"], "/connect", "{seen}");
    assert_eq!((&seen["signedIn"], &seen["proven"]), (&json!("/agents"), &json!("/settings")), "{seen}");
    let said = |name: &str| seen[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(said("twice"), "This device has a passkey for you already.");
    assert!(said("refused").starts_with("No passkey was chosen"), "{seen}");
    assert!(said("afterRemoval").starts_with("That passkey does not let you in"), "{seen}");
    assert_eq!(found["faults"], Value::Array(Vec::new()));
}
