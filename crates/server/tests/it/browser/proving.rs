//! A yes to a message of which its person shows anew that it is them, without typing their password.

use std::fs;

use serde_json::{Value, json};
use testkit::{Dovecot, McpHttp, OpenIdProvider, require_browser, require_openid_provider};

use crate::{
    sending::{dovecot, hosted, hosted_in, left, token},
    world::{PASSWORD, World},
};

/// Two messages wait; alice shows for the first that it is her, and says yes to both.
#[track_caller]
fn assert_only_what_is_proven_leaves(dovecot: &Dovecot, world: &World, by: &str) {
    let Some(browser) = require_browser() else { return };
    let bearer = token(world, "Claude", &["--approval", "new-recipients"]);
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let ids = ["bob@example.org", "carla@example.org"].map(|to| {
        let letter = json!({ "to": to, "subject": "Plans", "body": "here they are" });
        let asked = agent.call("mail_send", &letter).unwrap();
        assert_eq!(asked.structured()["status"], "approval_needed", "{asked:?}");
        asked.structured()["approval"]["id"].as_str().unwrap().to_owned()
    });
    let [proven, other] = ids.each_ref().map(|id| format!("/approvals/{id}"));
    let wanted = json!({
        "origin": format!("http://localhost:{}", serving.port), "user": "alice", "password": PASSWORD,
        "by": by, "proven": proven, "other": other,
    });
    let found = browser.run("prove", &wanted).unwrap_or_else(|error| panic!("{error}\n{}", serving.log()));
    assert_eq!(found["faults"], json!([]), "{found:#}");
    let asked = ["before", "after", "stillAsked"].map(|page| found[page].as_u64().unwrap());
    assert_eq!((asked, &found["passwords"]), ([1, 0, 1], &json!(0)), "{found:#}");
    assert!(found["refused"].as_str().unwrap().contains("Nothing was sent"), "{found:#}");
    assert!(found["said"].as_str().unwrap().contains("You said yes, and it was sent."), "{found:#}");

    let received = left(dovecot);
    let to: Vec<&str> = received.iter().flat_map(|mail| &mail.to).map(String::as_str).collect();
    assert_eq!(to, ["bob@example.org"]);
    let statuses = ids.map(|id| {
        let told = agent.call("mail_send", &json!({ "approval_id": id })).unwrap();
        told.structured()["status"].clone()
    });
    assert_eq!(statuses, [Value::from("sent"), Value::from("approval_needed")]);
}

#[test]
fn a_message_is_approved_by_a_passkey_and_leaves_and_without_that_proof_it_stays() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    assert_only_what_is_proven_leaves(&dovecot, &world, "passkey");
}

#[test]
fn a_message_is_approved_by_the_provider_and_leaves_and_without_that_proof_it_stays() {
    let Some(dovecot) = dovecot() else { return };
    let Some(provider) = require_openid_provider() else { return };
    let world = World::reaching(&dovecot);
    let authorities = world.path("authorities.pem");
    let both = [dovecot.ca_file(), &provider.ca_file()].map(|file| fs::read_to_string(file).unwrap());
    fs::write(&authorities, both.concat()).unwrap();
    let world = world
        .with("POSTROOM_TLS_CA_FILE", &authorities.display().to_string())
        .with("POSTROOM_LOGIN_OIDC_ISSUER", &provider.issuer())
        .with("POSTROOM_LOGIN_OIDC_CLIENT_ID", OpenIdProvider::CLIENT_ID)
        .with("POSTROOM_LOGIN_OIDC_CLIENT_SECRET", OpenIdProvider::CLIENT_SECRET);
    assert_only_what_is_proven_leaves(&dovecot, &hosted_in(world, &dovecot), "provider");
}
