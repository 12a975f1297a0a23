//! How people and agents learn of what waits: by a link, by a client that opens it, by a mail; and what none of these
//! can be used for.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use domain::ApprovalId;
use serde_json::{Value, json};
use storage::OutgoingState;
use testkit::{Dovecot, Mail, Maildir, McpHttp, mcp_http::request, require_python, smtp_sink::Received};

use crate::{
    approvals::store,
    reading::NOW,
    routes::surfer::Surfer,
    sending::{dovecot, hosted, token, until},
    world::{PASSWORD, Serving, World},
};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/open_page.py");

/// Frozen for its person: what `mail_send` answered.
fn waiting(client: &mut McpHttp, to: &str) -> Value {
    let letter = json!({"to": [to], "subject": "The treasure", "body": "Dig at the oak."});
    let waits = client.call("mail_send", &letter).unwrap();
    assert_eq!(waits.structured()["status"], "approval_needed", "{waits:?}");
    waits.structured().clone()
}

fn id_of(told: &Value) -> &str {
    told["approval"]["id"].as_str().unwrap()
}

/// The person signs in and says yes on the page.
fn approve(port: u16, id: &str) {
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let page = format!("/approvals/{id}");
    let csrf = alice.csrf(&page);
    let answer = alice.post(&format!("{page}/approve"), &[("csrf", &csrf), ("password", PASSWORD)]);
    assert_eq!((answer.status, answer.header("location")), (303, page.as_str()), "{}", answer.body);
}

async fn is_waiting(world: &World, id: &str) -> bool {
    let store = store(world).await;
    let found = store.approval_find(&ApprovalId::from_text(id)).await.unwrap().unwrap();
    store.close().await;
    found.state == OutgoingState::Waiting
}

/// Mails that told alice that something waits.
fn told(dovecot: &Dovecot) -> Vec<Received> {
    let all = dovecot.sink().unwrap().received();
    all.into_iter().filter(|mail| mail.message.contains("Auto-Submitted: auto-generated")).collect()
}

/// The server, one agent, and the agent's bearer.
fn serving(world: &World) -> (Serving, McpHttp, String) {
    let bearer = token(world, "agent", &["--approval", "always"]);
    let serving = world.serve();
    let client = McpHttp::connect(serving.port, &bearer).unwrap();
    (serving, client, bearer)
}

#[test]
fn an_agent_waits_for_the_person_and_learns_that_it_was_sent() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let (serving, mut client, _) = serving(&world);
    let waits = waiting(&mut client, "bob@example.org");
    let ask = json!({"approval_id": id_of(&waits)});
    let state = client.call("mail_send", &ask).unwrap();
    assert_eq!(state.structured()["status"], "approval_needed");
    approve(serving.port, id_of(&waits));
    until("the end of the sending", || {
        let state = client.call("mail_send", &ask).unwrap();
        (state.structured()["status"] == "sent").then_some(())
    });
    let received = dovecot.sink().unwrap().received();
    assert_eq!(received.iter().filter(|mail| mail.to == ["bob@example.org"]).count(), 1, "{received:?}");
}

#[tokio::test]
async fn five_that_wait_are_told_by_one_mail_and_the_next_not_before_a_quarter_is_over() {
    const QUARTER_LATER: &str = "UPDATE telling SET until = 0";
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let (serving, mut client, _) = serving(&world);
    let first = waiting(&mut client, "one@example.org");
    for to in ["two@example.org", "three@example.org", "four@example.org", "five@example.org"] {
        waiting(&mut client, to);
    }
    let mail = until("a mail", || told(&dovecot).pop());
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("alice@example.org", &["alice@example.org".to_owned()][..])
    );
    let url = format!("http://localhost:{}/approvals", serving.port);
    assert!(
        mail.message.contains("5 messages wait for your approval") && mail.message.contains(&url),
        "{mail:?}"
    );
    for secret in ["treasure", "oak", "one@example.org", "apr_", id_of(&first)] {
        assert!(!mail.message.contains(secret), "{secret}: {mail:?}");
    }

    // what the agent reads of it in the same mailbox, link and all
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    maildir.deliver("INBOX", 1, &Mail::new(mail.message.as_str(), NOW)).unwrap();
    let rows = client.call("mail_search", &json!({"query": "subject:approval"})).unwrap();
    let row = rows.structured()["messages"][0].clone();
    assert_eq!(row["subject"], "5 messages wait for your approval", "{row}");
    let read = client.call("mail_read", &json!({"ids": [row["id"]]})).unwrap();
    let message = read.structured()["messages"][0].to_string();
    assert!(message.contains("/approvals") && !message.contains("hidden]"), "{message}");

    waiting(&mut client, "six@example.org");
    std::thread::sleep(Duration::from_secs(8));
    assert_eq!(told(&dovecot).len(), 1, "the quarter is not over");
    let store = store(&world).await;
    store.database().execute(QUARTER_LATER, &[]).await.unwrap();
    store.close().await;
    waiting(&mut client, "seven@example.org");
    let mails = until("another mail", || Some(told(&dovecot)).filter(|mails| mails.len() == 2));
    assert!(mails[1].message.contains("7 messages wait"), "{mails:?}");
}

#[tokio::test]
async fn what_was_decided_meanwhile_is_not_told() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let (_serving, mut client, _) = serving(&world);
    let waits = waiting(&mut client, "bob@example.org");
    assert_eq!(world.run(&["approval", "deny", id_of(&waits)]).status, 0);
    std::thread::sleep(Duration::from_secs(8));
    assert!(told(&dovecot).is_empty());
}

#[tokio::test]
async fn the_approval_of_another_grant_is_not_there() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let (serving, mut client, _) = serving(&world);
    let waits = waiting(&mut client, "bob@example.org");
    let other = token(&world, "other", &[]);
    let mut other = McpHttp::connect(serving.port, &other).unwrap();
    let here = other.call("mail_send", &json!({"approval_id": id_of(&waits)})).unwrap();
    let nowhere = json!({"approval_id": ApprovalId::from_random([9; 16]).as_str()});
    let nowhere = other.call("mail_send", &nowhere).unwrap();
    assert_eq!((here.is_error(), here.text()), (true, nowhere.text()));
    assert!(here.text().contains("[not_found]"), "{here:?}");
}

#[tokio::test]
async fn the_link_is_worth_nothing_to_an_agent_or_to_nobody() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let (serving, mut client, bearer) = serving(&world);
    let waits = waiting(&mut client, "bob@example.org");
    let page = format!("/approvals/{}", id_of(&waits));
    let bearer = format!("Bearer {bearer}");
    let cookie = format!("postroom={}", bearer.trim_start_matches("Bearer "));
    for headers in [vec![], vec![("Authorization", bearer.as_str())], vec![("Cookie", cookie.as_str())]] {
        for (method, path) in [
            ("GET", "/approvals".to_owned()),
            ("GET", page.clone()),
            ("GET", format!("{page}/body")),
            ("POST", format!("{page}/approve")),
            ("POST", format!("{page}/deny")),
        ] {
            let form = ("Content-Type", "application/x-www-form-urlencoded");
            let headers = [&headers[..], &[form, ("Accept", "text/html")]].concat();
            let answer = request(serving.port, method, &path, &headers, "yes=1").unwrap();
            let is_out = answer.status == 404 || answer.header("location").starts_with("/login");
            assert!(is_out, "{method} {path}: {} {}", answer.status, answer.body);
            assert!(!answer.body.contains("treasure"), "{}", answer.body);
        }
    }
    assert!(is_waiting(&world, id_of(&waits)).await);
}

/// A client of somebody else that is led to a page: its page, once it asks, and how it ends if the person does that
/// meanwhile.
async fn led(command: &mut Command, version: &str, mut person: impl AsyncFnMut(&str)) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut line = |word: &str| lines.find_map(|line| line.strip_prefix(word).map(str::to_owned));
    let said = line("protocol ").unwrap();
    assert!(said.starts_with(version), "{said}");
    let page = line("page ").unwrap();
    person(&page).await;
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let status = line("status ").unwrap();
    assert!(child.wait().unwrap().success());
    status
}

#[tokio::test]
async fn a_client_that_opens_pages_opens_the_page_of_the_approval_and_learns_what_became_of_it() {
    let Some(python) = require_python() else { return };
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    let serving = world.serve();
    let base = format!("http://localhost:{}", serving.port);
    for (mode, version) in [("auto", "2026-07-28"), ("legacy", "2025-")] {
        let bearer = token(&world, mode, &["--approval", "always"]);
        let mut command = Command::new(&python);
        command.args([PYTHON, mode, &format!("{base}/mcp")]).env("BEARER", &bearer);
        let status = led(&mut command, version, async |page: &str| {
            let id = page.strip_prefix(&format!("{base}/approvals/")).unwrap();
            assert!(is_waiting(&world, id).await);
            approve(serving.port, id);
        });
        assert_eq!(status.await, "sent", "{mode}");
    }
    let sent = dovecot.sink().unwrap().received();
    assert_eq!(sent.iter().filter(|mail| mail.to == ["bob@example.org"]).count(), 2);
}
