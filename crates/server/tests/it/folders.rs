//! Managing folders as an agent does, over stdio and over HTTP, on a real mail server.

use serde_json::{Value, json};
use testkit::{Dovecot, McpHttp, OtherClient, mcp_stdio::Answer};

use crate::{
    reading::{sample_dovecot, with_environment_account},
    world::{MAIL_PASSWORD, World},
};

/// The names that another client of the person sees.
fn names(dovecot: &Dovecot) -> Vec<String> {
    let mut other = OtherClient::sign_in(dovecot, "alice", MAIL_PASSWORD).unwrap();
    let lines = other.run("LIST \"\" \"*\"").unwrap();
    lines.iter().filter_map(|line| line.split_once(" \"/\" ")).map(|(_, name)| name.to_owned()).collect()
}

/// A folder from its beginning to its end, with what agents get wrong on the way.
fn manage_folders(dovecot: &Dovecot, mut call: impl FnMut(Value) -> Answer) {
    let made = call(json!({"do": "create", "folder": "Clients/Zürich"}));
    assert_eq!(made.structured()["folder"], "Clients/Zürich", "{made:?}");
    assert!(made.structured()["undo"].as_str().unwrap().starts_with("chg_"), "{made:?}");
    assert!(names(dovecot).iter().any(|name| name.contains("Clients/Z&APw-rich")));

    let renamed = call(json!({"do": "rename", "folder": "Clients/Zürich", "to": "Clients/Bern & Basel"}));
    assert_eq!(renamed.structured()["folder"], "Clients/Bern & Basel", "{renamed:?}");
    for step in ["unsubscribe", "subscribe"] {
        let done = call(json!({"do": step, "folder": "Clients/Bern & Basel"}));
        assert!(!done.is_error(), "{done:?}");
    }

    for (wrong, code) in [
        (json!({"do": "create", "folder": "Clients/Bern & Basel"}), "[conflict]"),
        (json!({"do": "create", "folder": "Sent Items"}), "[invalid_input]"),
        (json!({"do": "rename", "folder": "inbox", "to": "x"}), "[invalid_input]"),
        (json!({"do": "delete", "folder": "@sent"}), "[invalid_input]"),
        (json!({"do": "delete", "folder": "Clientz"}), "[folder_not_found]"),
    ] {
        let answer = call(wrong.clone());
        assert!(answer.is_error() && answer.text().contains(code), "{wrong}: {answer:?}");
    }

    let mut other = OtherClient::sign_in(dovecot, "alice", MAIL_PASSWORD).unwrap();
    other.run("SELECT INBOX").unwrap();
    other.run("COPY 1:3 \"Clients/Bern &- Basel\"").unwrap();
    drop(other);
    let asked = call(json!({"do": "delete", "folder": "Clients/Bern & Basel"}));
    let plan = &asked.structured()["plan"];
    assert_eq!(plan["count"], 3, "{asked:?}");
    assert!(names(dovecot).iter().any(|name| name.contains("Basel")), "a plan changes nothing");
    let confirm = &plan["confirm"];
    let gone = call(json!({"do": "delete", "folder": "Clients/Bern & Basel", "confirm": confirm}));
    assert!(gone.structured()["undo"].is_string(), "{gone:?}");
    assert!(!names(dovecot).iter().any(|name| name.contains("Basel")));
}

#[test]
fn folders_are_made_renamed_and_deleted_over_stdio() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_SCOPES", "folders modify manage");
    let mut client = world.stdio(&[]);
    manage_folders(&dovecot, |arguments| client.call("mail_folder", &arguments).unwrap());
}

#[test]
fn folders_are_made_renamed_and_deleted_over_http_and_no_name_is_noted() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let bearer = world.new_token("agent", "mail:folders mail:modify mail:manage");
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    manage_folders(&dovecot, |arguments| client.call("mail_folder", &arguments).unwrap());
    let (_, log) = serving.stop();
    for name in ["Clients", "Basel", "rich"] {
        assert!(!log.contains(name), "{name}: {log}");
    }
}
