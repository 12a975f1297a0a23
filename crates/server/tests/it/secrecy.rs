//! Whatever is logged and however much of it: no password, no token, no content of mail.

use std::{fs, process::Stdio};

use serde_json::json;
use testkit::{Maildir, McpHttp, Options, mcp_http::request, require_dovecot, sample};

use crate::{
    reading::NOW,
    world::{MAIL_PASSWORD, PASSWORD, READING, World},
};

#[test]
fn the_most_talkative_log_tells_no_secret_and_no_content() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    sample::fill(&Maildir::of(&dovecot, "alice").unwrap(), NOW).unwrap();
    let world = World::reaching(&dovecot)
        .with("POSTROOM_LOG", "trace")
        .with("POSTROOM_METRICS_TOKEN", "metrics-secret");
    let mut heard = String::new();
    let said = world.run_with(&["user", "add", "alice", "--password-stdin"], PASSWORD);
    heard += &(said.stdout + &said.stderr);
    let said = world.add_account(&dovecot);
    assert_eq!(said.status, 0, "{said:?}");
    heard += &(said.stdout + &said.stderr);
    let said = world.run(&["token", "new", "--user", "alice", "--name", "agent", "--scopes", READING]);
    let bearer = said.stdout.split_whitespace().last().unwrap().to_owned();
    heard += &said.stderr;
    for command in
        [&["account", "test", "--user", "alice"][..], &["token", "list", "--user", "alice"], &["doctor"]]
    {
        let said = world.run(command);
        assert_eq!(said.status, 0, "{said:?}");
        heard += &(said.stdout + &said.stderr);
    }

    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let found = client.call("mail_search", &json!({ "limit": 5 })).unwrap();
    let row = &found.structured()["messages"][0];
    let (id, subject) = (row["id"].as_str().unwrap().to_owned(), row["subject"].as_str().unwrap().to_owned());
    let read = client.call("mail_read", &json!({ "ids": [id] })).unwrap();
    let body = read.structured()["messages"][0]["body"].as_str().unwrap().to_owned();
    client.call("mail_search", &json!({ "query": "subject:verysecretquery" })).unwrap();
    request(serving.port, "POST", "/mcp", &[("Authorization", "Bearer prp_made-up-token")], "{}").unwrap();
    request(serving.port, "GET", "/metrics", &[("Authorization", "Bearer metrics-secret")], "").unwrap();
    let found = client.call("mail_search", &json!({ "query": "has:attachment", "limit": 1 })).unwrap();
    let with_file = &found.structured()["messages"][0]["id"];
    let asked = json!({ "id": with_file, "index": 1, "as": "link" });
    let link = client.call("mail_attachment", &asked).unwrap();
    let token = link.structured()["url"].as_str().unwrap().rsplit('/').next().unwrap();
    for path in [format!("/files/{token}"), format!("/files/{token}/x"), format!("/files/{token}x")] {
        request(serving.port, "GET", &path, &[("Range", "bytes=0-1")], "").unwrap();
    }
    let (_, log) = serving.stop();
    assert!(log.contains("mail_read") && log.contains("/files/{token}"), "the log is silent: {log}");
    heard += &log;

    // stdio, whose stderr a client often shows to the person
    let errors = fs::File::create(world.path("stderr")).unwrap();
    let mut command = world.command(&["stdio", "--user", "alice"]);
    command.stderr(Stdio::from(errors));
    let mut stdio = testkit::McpStdio::start(&mut command).unwrap();
    assert!(!stdio.call("mail_read", &json!({ "ids": [id] })).unwrap().is_error());
    drop(stdio);
    heard += &fs::read_to_string(world.path("stderr")).unwrap();

    let key = fs::read_to_string(world.path("data/master.key")).unwrap();
    let line = body.lines().find(|line| line.len() > 25 && !line.starts_with("<<<")).unwrap().to_owned();
    for (what, secret) in [
        ("the user's password", PASSWORD),
        ("the mail password", MAIL_PASSWORD),
        ("the bearer", &bearer),
        ("a link", token),
        ("a made-up bearer", "prp_made-up-token"),
        ("the token of the metrics", "metrics-secret"),
        ("the master key", key.trim()),
        ("a subject", &subject),
        ("a body", &line),
        ("a query", "verysecretquery"),
    ] {
        let told: Vec<&str> = heard.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{what} is told: {told:#?}");
    }
}
