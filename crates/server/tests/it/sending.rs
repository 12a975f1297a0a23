//! Mail that leaves: drafted, sent, filed, over stdio and over HTTP, and approved in clients of somebody else.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::{
    Dovecot, McpHttp, Options, mcp_http::request, mcp_stdio::Answer, require_dovecot, require_node,
    require_python, smtp_sink::Received,
};

use crate::{
    reading::with_environment_account,
    world::{MAIL_PASSWORD, Said, World},
};

const ALL: &str = "mail:folders mail:search mail:read mail:draft mail:send";
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/send_mail.py");
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/send_mail.mjs");

/// A server that takes mail from alice and hands it to its sink.
pub(crate) fn dovecot() -> Option<Dovecot> {
    let dovecot = require_dovecot(Options::default().with_submission())?;
    dovecot.submissions_port().is_some().then_some(dovecot)
}

/// A machine whose environment describes alice's account, which may send.
fn local(dovecot: &Dovecot) -> World {
    with_environment_account(dovecot)
        .with("SMTP_HOST", dovecot.host())
        .with("SMTP_PORT", &dovecot.submissions_port().unwrap().to_string())
        .with("SMTP_TLS", "tls")
        .with("POSTROOM_SCOPES", "folders, search, read, draft, send")
}

/// A server with alice's account on it.
pub(crate) fn hosted(dovecot: &Dovecot) -> World {
    hosted_in(World::reaching(dovecot), dovecot)
}

/// The same on a machine that is there.
pub(crate) fn hosted_in(world: World, dovecot: &Dovecot) -> World {
    world.add_user("alice");
    let (imap, smtp) = (dovecot.imaps_port().to_string(), dovecot.submissions_port().unwrap().to_string());
    let arguments = [
        "account",
        "add",
        "alice@example.org",
        "--user",
        "alice",
        "--name",
        "home",
        "--imap-host",
        dovecot.host(),
        "--imap-port",
        &imap,
        "--imap-user",
        "alice",
        "--smtp-host",
        dovecot.host(),
        "--smtp-port",
        &smtp,
        "--smtp-user",
        "alice",
        "--password-stdin",
    ];
    let said = world.run_with(&arguments, &format!("{MAIL_PASSWORD}\n"));
    assert_eq!(said.status, 0, "{said:?}");
    world
}

/// A token of alice's that may do all of this, with further arguments.
pub(crate) fn token(world: &World, label: &str, more: &[&str]) -> String {
    let arguments = ["token", "new", "--user", "alice", "--name", label, "--scopes", ALL];
    let said: Said = world.run(&[&arguments[..], more].concat());
    assert_eq!(said.status, 0, "{said:?}");
    said.stdout.split_whitespace().last().unwrap().to_owned()
}

/// What has left for others, without what told alice that something waits.
pub(crate) fn left(dovecot: &Dovecot) -> Vec<Received> {
    let all = dovecot.sink().unwrap().received();
    all.into_iter().filter(|mail| !mail.message.contains("Auto-Submitted: auto-generated")).collect()
}

/// Looks again until it is so.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} does not come");
        // each look is a call, and calls are counted
        std::thread::sleep(Duration::from_secs(2));
    }
}

fn rows(answer: &Answer) -> Vec<Value> {
    answer.structured()["messages"].as_array().unwrap().clone()
}

/// The thin line from a draft to what recipients get.
fn drafted_and_sent(dovecot: &Dovecot, mut call: impl FnMut(&str, Value) -> Answer) {
    let letter = json!({
        "to": ["Bob <bob@example.org>"], "bcc": ["carla@example.org"], "subject": "Pläne",
        "body": "Dear Bob,\n\n**here** they are.",
        "attachments": [{"name": "plan.txt", "base64": "dGhlIHBsYW4="}],
    });
    let drafted = call("mail_draft", letter);
    let draft = drafted.structured().clone();
    assert_eq!(
        (&draft["bcc"], &draft["subject"]),
        (&json!(["carla@example.org"]), &json!("Pläne")),
        "{drafted:?}"
    );
    assert_eq!(rows(&call("mail_search", json!({"folder": "@drafts"}))).len(), 1);
    assert!(dovecot.sink().unwrap().received().is_empty());

    let wish = json!({"draft_id": draft["draft_id"], "expect": draft["expect"], "idempotency_key": "plans"});
    let sent = call("mail_send", wish.clone());
    assert_eq!(sent.structured()["status"], "sent", "{sent:?}");
    let again = call("mail_send", wish);
    assert_eq!(
        (&again.structured()["status"], &again.structured()["repeated"]),
        (&json!("sent"), &json!(true))
    );

    let received = dovecot.sink().unwrap().received();
    assert_eq!(received.len(), 1, "{received:?}");
    let mut to = received[0].to.clone();
    to.sort();
    assert_eq!(to, ["bob@example.org", "carla@example.org"]);
    let message = &received[0].message;
    assert!(!message.contains("carla") && !message.to_ascii_lowercase().contains("\r\nbcc:"), "{message}");
    assert!(message.contains(sent.structured()["message_id"].as_str().unwrap()), "{message}");

    until("the end of the draft", || {
        rows(&call("mail_search", json!({"folder": "@drafts"}))).is_empty().then_some(())
    });
    let state = call("mail_send", json!({"idempotency_key": "plans"}));
    assert_eq!(state.structured()["message_id"], sent.structured()["message_id"]);
    // of a provider that is not known yet it takes a minute until it is certain that it files no copy itself
    let copy = state.structured()["copy"]["state"].as_str().unwrap().to_owned();
    assert!(["waiting", "looking", "stored"].contains(&copy.as_str()), "{state:?}");
}

#[test]
fn a_local_person_drafts_and_sends() {
    let Some(dovecot) = dovecot() else { return };
    let world = local(&dovecot).with("POSTROOM_APPROVAL", "never");
    let mut client = world.stdio(&[]);
    drafted_and_sent(&dovecot, |tool, arguments| client.call(tool, &arguments).unwrap());
}

#[test]
fn a_hosted_agent_drafts_and_sends() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let bearer = token(&world, "agent", &["--approval", "never"]);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    drafted_and_sent(&dovecot, |tool, arguments| client.call(tool, &arguments).unwrap());
    let (_, log) = serving.stop();
    for secret in ["bob@example", "carla@example", "Pläne", "here"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[test]
fn a_file_that_was_uploaded_is_sent() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let bearer = token(&world, "agent", &["--approval", "never"]);
    let serving = world.serve();
    let authorization = format!("Bearer {bearer}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "text/plain")];
    let octets = "a line of the plan\n".repeat(50_000);
    let answer = request(serving.port, "POST", "/files?name=plan.txt", &headers, &octets).unwrap();
    assert_eq!(answer.status, 201, "{answer:?} {}", serving.log());
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&told["name"], &told["size"]), (&json!("plan.txt"), &json!(octets.len())));
    let refused = request(serving.port, "POST", "/files", &[], "x").unwrap();
    assert_eq!(refused.status, 401);

    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let letter = json!({"to": "bob@example.org", "subject": "Plan", "body": "See the file.",
        "attachments": [{"file": told["file"]}]});
    let sent = client.call("mail_send", &letter).unwrap();
    assert_eq!(sent.structured()["status"], "sent", "{sent:?}");
    let message = dovecot.sink().unwrap().received().remove(0).message;
    assert!(message.contains("plan.txt") && message.len() > octets.len(), "{} octets", message.len());
}

#[test]
fn without_the_scope_or_a_submission_server_nothing_sends_and_nothing_is_kept() {
    let Some(dovecot) = dovecot() else { return };
    let mute = with_environment_account(&dovecot).with("POSTROOM_SCOPES", "draft, send");
    let narrow = local(&dovecot).with("POSTROOM_SCOPES", "draft");
    for (world, code) in [(mute, "not_supported"), (narrow, "scope_missing")] {
        let mut client = world.stdio(&[]);
        let listed = client.request("tools/list", &json!({})).unwrap();
        let names: Vec<&str> =
            listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"mail_draft") && !names.contains(&"mail_send"), "{names:?}");
        let refused = client.call("mail_send", &json!({"to": "bob@example.org", "subject": "x"})).unwrap();
        assert!(refused.text().contains(code), "{refused:?}");
        let drafted = client.call("mail_draft", &json!({"to": "bob@example.org", "body": "x"})).unwrap();
        assert!(!drafted.is_error(), "{drafted:?}");
        assert!(!world.path("data").exists());
    }
    assert!(dovecot.sink().unwrap().received().is_empty());
}

#[test]
fn what_the_person_must_approve_waits_for_them() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let bearer = token(&world, "agent", &["--approval", "always"]);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let waits = client.call("mail_send", &json!({"to": "bob@example.org", "subject": "Plan"})).unwrap();
    let told = waits.structured().clone();
    assert_eq!(told["status"], "approval_needed", "{waits:?}");
    let id = told["approval"]["id"].as_str().unwrap().to_owned();
    let page = format!("http://localhost:{}/approvals/{id}", serving.port);
    assert_eq!(told["approval"]["url"], page.as_str(), "{told}");
    assert!(told["hint"].as_str().unwrap().contains(&page), "{told}");
    assert!(left(&dovecot).is_empty());
    assert_eq!(world.run(&["approval", "deny", &id]).status, 0);
    let state = client.call("mail_send", &json!({"approval_id": id})).unwrap();
    assert_eq!(state.structured()["status"], "denied", "{state:?}");
}

/// Runs a client of somebody else that is asked and answers; what status it is told.
#[track_caller]
fn status(mut command: Command, version: &str) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.starts_with(&format!("protocol {version}")), "{said}");
    said.trim_end().rsplit_once("status ").unwrap().1.to_owned()
}

/// What each answer comes to, and how many messages have left then.
const ANSWERS: [(&str, &str, usize); 3] =
    [("decline", "denied", 0), ("cancel", "approval_needed", 0), ("accept", "sent", 1)];

/// Every answer, in a world of its own.
fn answered(mut command: impl FnMut(&World, &str) -> Command, version: &str) {
    for (action, told, count) in ANSWERS {
        let Some(dovecot) = dovecot() else { return };
        let world = local(&dovecot).with("POSTROOM_APPROVAL", "always");
        assert_eq!(status(command(&world, action), version), told, "{action}");
        assert_eq!(dovecot.sink().unwrap().received().len(), count, "{action}");
    }
}

fn with_variables(mut command: Command, world: &World) -> Command {
    command.arg(env!("CARGO_BIN_EXE_postroom"));
    command.args(world.variables().iter().map(|(name, value)| format!("{name}={value}")));
    command
}

#[test]
fn python_asks_the_person_in_both_eras() {
    let Some(python) = require_python() else { return };
    for (mode, version) in [("auto", "2026-07-28"), ("legacy", "2025-")] {
        let command = |world: &World, action: &str| {
            let mut command = Command::new(&python);
            command.args([PYTHON, mode, action, "stdio"]);
            with_variables(command, world)
        };
        answered(command, version);
    }
}

#[test]
fn typescript_asks_the_person_in_both_eras() {
    let Some(node) = require_node() else { return };
    for (mode, version) in [("auto", "2026-07-28"), ("legacy", "2025-"), ("sdk", "2025-")] {
        let command = |world: &World, action: &str| {
            let mut command = node.script(Path::new(NODE)).unwrap();
            command.args([mode, action, "stdio"]);
            with_variables(command, world)
        };
        answered(command, version);
    }
}

#[test]
fn clients_over_http_ask_where_the_grant_says_so() {
    let (Some(python), Some(node)) = (require_python(), require_node()) else { return };
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let serving = world.serve();
    let url = format!("http://localhost:{}/mcp", serving.port);
    let mut count = 0;
    for (mode, version) in [("auto", "2026-07-28"), ("legacy", "2025-")] {
        let mut from_python = Command::new(&python);
        from_python.arg(PYTHON);
        let from_node = node.script(Path::new(NODE)).unwrap();
        for mut command in [from_python, from_node] {
            let label = format!("agent {count}");
            let bearer = token(&world, &label, &["--approval", "always", "--approval-place", "client"]);
            command.args([mode, "accept", "http", &url]).env("BEARER", &bearer);
            assert_eq!(status(command, version), "sent");
            count += 1;
            assert_eq!(dovecot.sink().unwrap().received().len(), count);
        }
    }
}
