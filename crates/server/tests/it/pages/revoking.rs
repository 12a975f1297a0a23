//! An agent's access that its person ends on the page: what runs, and what was to leave, ends with it.

use std::{thread, time::Duration};

use serde_json::json;
use testkit::{McpHttp, Options, Proxy, SmtpSink, proxy::Faults, require_dovecot, smtp_sink::SinkOptions};

use super::outbox::in_a_day;
use crate::{
    routes::surfer::Surfer,
    sending::token,
    world::{MAIL_PASSWORD, PASSWORD, World},
};

#[test]
fn ended_on_the_page_a_call_that_waits_for_the_mail_server_ends_and_what_is_scheduled_is_taken_back() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let network = Proxy::start(dovecot.imaps_port(), Faults::default()).unwrap();
    let sink = SmtpSink::with(SinkOptions::default().person("alice", MAIL_PASSWORD)).unwrap();
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let (imap, smtp) = (network.port().to_string(), sink.port().to_string());
    let arguments = [
        &["account", "add", "alice@example.org", "--user", "alice", "--name", "home"][..],
        &["--imap-host", "localhost", "--imap-port", &imap, "--imap-user", "alice"],
        &["--smtp-host", "127.0.0.1", "--smtp-port", &smtp, "--smtp-tls", "none"],
        &["--smtp-user", "alice", "--password-stdin"],
    ];
    let said = world.run_with(&arguments.concat(), MAIL_PASSWORD);
    assert_eq!(said.status, 0, "{said:?}");
    let bearer = token(&world, "Claude", &["--approval", "never"]);
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let letter = json!({"to": "bob@example.org", "subject": "Plans", "body": "x", "send_at": in_a_day()});
    let told = agent.call("mail_send", &letter).unwrap();
    assert_eq!(told.structured()["status"], "scheduled", "{told:?}");
    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let outbox = alice.get("/outbox").body;
    assert!(outbox.contains("scheduled") && !outbox.contains("taken back"), "{outbox}");
    let agents = alice.get("/agents").body;
    let id = agents.split("href=\"/agents/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let csrf = alice.csrf("/settings");

    // from here on the mail server takes what is asked, and its answers come only when everybody has given up
    let slow = Faults { delay: Duration::from_hours(1), ..Faults::default() };
    network.set(slow.clone());
    network.strike(slow);
    let said = network.said();
    let call = thread::spawn(move || agent.call("mail_folders", &json!({})));
    while network.said() == said {
        assert!(!call.is_finished(), "it did not ask the mail server: {:?}", call.join());
        thread::yield_now();
    }
    let ended = alice.post(&format!("/agents/{id}/revoke"), &[("csrf", &csrf)]);
    assert_eq!(ended.status, 303, "{}", ended.body);
    let outbox = alice.get("/outbox").body;
    assert!(outbox.contains("Plans") && outbox.contains("taken back"), "{outbox}");
    assert!(!outbox.contains(">scheduled<"), "{outbox}");
    let error = call.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("the person has taken the permission back while the call ran"), "{error}");
    assert!(McpHttp::connect(serving.port, &bearer).is_err(), "and the agent is out");
    assert!(sink.transactions().is_empty());
}
