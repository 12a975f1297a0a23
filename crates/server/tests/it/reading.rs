//! Reading mail as an agent does, over stdio and over HTTP, on a real mail server.

use serde_json::{Value, json};
use testkit::{Dovecot, Maildir, McpHttp, Options, mcp_stdio::Answer, require_dovecot, sample};

use crate::world::{MAIL_PASSWORD, READING, World};

/// 21 November 2026, noon.
pub(crate) const NOW: u64 = 1_795_262_400;

/// A Dovecot whose alice has the sample mailbox.
pub(crate) fn sample_dovecot() -> Option<Dovecot> {
    let dovecot = require_dovecot(Options::default())?;
    sample::fill(&Maildir::of(&dovecot, "alice").unwrap(), NOW).unwrap();
    Some(dovecot)
}

/// A world whose environment describes alice's account on `dovecot`.
pub(crate) fn with_environment_account(dovecot: &Dovecot) -> World {
    World::reaching(dovecot)
        .with("IMAP_HOST", dovecot.host())
        .with("IMAP_PORT", &dovecot.imaps_port().to_string())
        .with("IMAP_TLS", "tls")
        .with("IMAP_USERNAME", "alice")
        .with("IMAP_PASSWORD", MAIL_PASSWORD)
        .with("MAIL_FROM", "alice@example.org")
}

/// The main job: accounts, folders, a list, a search, a message.
fn read_mail(mut call: impl FnMut(&str, Value) -> Answer, account: &str) {
    let accounts = call("mail_accounts", json!({}));
    assert_eq!(accounts.structured()["accounts"][0]["name"], account, "{accounts:?}");
    let folders = call("mail_folders", json!({}));
    let folders = folders.structured()["folders"].as_array().unwrap().clone();
    let inbox = folders.iter().find(|folder| folder["role"] == "inbox").unwrap();
    assert!(inbox["total"].as_u64().unwrap() > 100, "{inbox}");

    let newest = call("mail_search", json!({ "limit": 20 }));
    let rows = newest.structured()["messages"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 20);
    assert!(rows.windows(2).all(|pair| pair[0]["date"].as_str() >= pair[1]["date"].as_str()));
    let cursor = newest.structured()["next_cursor"].as_str().unwrap();
    let older = call("mail_search", json!({ "limit": 20, "cursor": cursor }));
    assert!(older.structured()["messages"][0]["date"].as_str() <= rows[19]["date"].as_str());
    assert!(!rows.contains(&older.structured()["messages"][0]));

    let found = call("mail_search", json!({ "query": "has:attachment" }));
    let with_attachment = found.structured()["messages"][0].clone();
    assert!(with_attachment["attachments"].as_u64().unwrap() > 0, "{found:?}");
    let read = call("mail_read", json!({ "ids": [with_attachment["id"], rows[0]["id"]] }));
    let messages = read.structured()["messages"].as_array().unwrap().clone();
    assert_eq!(messages[0]["subject"], with_attachment["subject"]);
    assert!(!messages[0]["attachments"].as_array().unwrap().is_empty());
    assert_eq!(messages[1]["id"], rows[0]["id"]);
    assert!(messages[1]["body"].as_str().unwrap().contains("<<<mail "));

    let reply = call("mail_search", json!({ "query": "subject:\"Re: \"", "folder": "@sent" }));
    let reply = reply.structured()["messages"][0].clone();
    let thread = call("mail_thread", json!({ "id": reply["id"] }));
    let members = thread.structured()["messages"].as_array().unwrap().clone();
    let dates: Vec<&str> = members.iter().map(|member| member["date"].as_str().unwrap()).collect();
    assert!(members.len() > 1 && dates.is_sorted(), "{members:?}");
    assert!(members.iter().any(|member| member["id"] == reply["id"]), "{members:?}");
    assert_eq!(thread.structured()["coverage"]["total"], "exact");

    let unread = |rows: &[Value]| rows.iter().filter(|row| !row["flags"].to_string().contains("een")).count();
    let again = call("mail_search", json!({ "limit": 20 }));
    assert_eq!(
        unread(again.structured()["messages"].as_array().unwrap()),
        unread(&rows),
        "reading marked as read"
    );

    let people = call("mail_people", json!({}));
    let people = people.structured()["people"].as_array().unwrap().clone();
    assert!(people.len() > 5 && people.iter().all(|one| one["address"] != "alice@example.org"), "{people:?}");
    let address = people[0]["address"].as_str().unwrap();
    let known = call("mail_people", json!({ "query": address }));
    assert_eq!(known.structured()["people"][0]["address"], address, "{known:?}");

    let wrong = call("mail_folders", json!({ "account": "nobody" }));
    assert!(wrong.is_error() && wrong.text().contains("[not_found]"), "{wrong:?}");
    let wrong = call("mail_search", json!({ "query": "frobnicate:x" }));
    assert!(
        wrong.is_error() && wrong.text().contains("[bad_query]") && wrong.text().contains("from:"),
        "{wrong:?}"
    );
    let wrong = call("mail_search", json!({ "folder": "Receits" }));
    assert!(wrong.text().contains("[folder_not_found]") && wrong.text().contains("Receipts"), "{wrong:?}");
}

#[test]
fn mail_of_the_environment_s_account_is_read_over_stdio_without_a_data_directory() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_ACCOUNT", "home");
    let mut client = world.stdio(&[]);
    assert_eq!(client.server["serverInfo"]["name"], "postroom", "{}", client.server);
    read_mail(|tool, arguments| client.call(tool, &arguments).unwrap(), "home");
    drop(client);
    assert!(!world.path("data").exists(), "something was stored");
}

#[test]
fn mail_of_a_stored_account_is_read_over_stdio_and_over_http() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let said = world.add_account(&dovecot);
    assert_eq!(said.status, 0, "{said:?}");
    let mut client = world.stdio(&["--user", "alice"]);
    read_mail(|tool, arguments| client.call(tool, &arguments).unwrap(), "home");
    drop(client);
    let bearer = world.new_token("agent", READING);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    read_mail(|tool, arguments| client.call(tool, &arguments).unwrap(), "home");
}

#[test]
fn stdio_under_a_grant_offers_what_the_grant_allows() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    world.new_token("lists only", "folders search");
    let mut client = world.stdio(&["--user", "alice", "--grant", "lists only"]);
    let tools = client.request("tools/list", &json!({})).unwrap();
    let names: Vec<&str> =
        tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mail_accounts", "mail_folders", "mail_search", "mail_people"]);
    let refused = client.call("mail_read", &json!({ "ids": ["home/@inbox:1@1"] })).unwrap();
    assert!(refused.is_error() && refused.text().contains("[scope_missing]"), "{refused:?}");
}

#[test]
fn stdio_serves_what_the_user_and_the_grant_are_when_the_call_comes() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    world.new_token("short", READING);
    let mut client = world.stdio(&["--user", "alice", "--grant", "short"]);
    let mut names = || {
        let accounts = client.call("mail_accounts", &json!({}))?.structured()["accounts"].clone();
        let accounts = accounts.as_array().unwrap().iter();
        Ok::<_, std::io::Error>(
            accounts.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
        )
    };
    assert!(names().unwrap().is_empty());
    assert_eq!(world.add_account(&dovecot).status, 0);
    assert_eq!(names().unwrap(), ["home"]);
    assert_eq!(world.run(&["user", "disable", "alice"]).status, 0);
    let refused = names().unwrap_err().to_string();
    assert!(refused.contains("-32600") && refused.contains("disabled"), "{refused}");
    assert_eq!(world.run(&["user", "enable", "alice"]).status, 0);
    assert_eq!(names().unwrap(), ["home"]);
    assert_eq!(world.run(&["token", "revoke", "short", "--user", "alice"]).status, 0);
    assert!(names().unwrap_err().to_string().contains("revoked"));
    assert!(client.request("tools/list", &json!({})).is_err(), "it went on");
}

#[test]
fn the_ceiling_of_scopes_holds_for_stdio() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_SCOPES", "folders");
    let mut client = world.stdio(&[]);
    let tools = client.request("tools/list", &json!({})).unwrap();
    assert_eq!(tools["tools"].as_array().unwrap().len(), 2, "{tools}");
}

#[test]
fn a_wrong_password_of_the_environment_is_an_error_of_the_tool_and_the_next_call_lives() {
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("IMAP_PASSWORD", "wrong-secret");
    let mut client = world.stdio(&[]);
    for _ in 0..2 {
        let refused = client.call("mail_search", &json!({})).unwrap();
        assert!(refused.is_error() && refused.text().contains("[account_auth_failed]"), "{refused:?}");
        assert!(!refused.text().contains("wrong-secret"));
    }
    let accounts = client.call("mail_accounts", &json!({})).unwrap();
    assert_eq!(accounts.structured()["accounts"][0]["state"], "account_auth_failed", "{accounts:?}");
}

#[test]
fn without_an_account_stdio_says_what_to_set_and_writes_nothing_to_stdout() {
    let said = World::new().run(&["stdio"]);
    said.failed_with(1, &["IMAP_HOST", "--user"]);
    assert_eq!(said.stdout, "");
    let said = World::new().with("IMAP_HOST", "imap.example.org").run(&["stdio"]);
    said.failed_with(1, &["IMAP_USERNAME"]);
    let said = World::new().run(&["stdio", "--user", "alice"]);
    said.failed_with(1, &["there is no user `alice`"]);
}
