//! From a server that nobody has used to an agent that lists its tools, as the first person there goes about it.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Options, require_browser, require_node, require_submission};

use crate::world::{MAIL_PASSWORD, World};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/connect.mjs");

/// Clicks on the way, sending of forms among them.
const ACTIONS: usize = 8;

/// What the browser's script went through, or none where there is no browser.
fn walk(has_javascript: bool) -> Option<Value> {
    let (browser, node) = (require_browser()?, require_node()?);
    let submission = require_submission(Options::default())?;
    let world = World::reaching(&submission);
    let serving = world.serve();
    let setup = serving.announcement.split_whitespace().find(|word| word.contains("/setup?code="));
    // the client is a module that is read from stdin
    let client = node.script(Path::new(CLIENT)).unwrap();
    let program = client.get_program().display();
    let folder = client.get_current_dir().unwrap().display();
    let line = format!("cd '{folder}' && exec '{program}' --input-type=module - list \"$0\" < '{CLIENT}'");
    let wanted = json!({
        "setup": setup.unwrap(),
        "has_javascript": has_javascript,
        "client": ["/bin/sh", "-c", line],
        "mailbox": {
            "address": "alice@example.org",
            "password": MAIL_PASSWORD,
            "user": "alice",
            "host": submission.host(),
            "imap": submission.imaps_port(),
            "smtp": submission.tls_port(),
        },
    });
    Some(browser.run("fresh_start", &wanted).unwrap_or_else(|error| panic!("{error}\n{}", serving.log())))
}

#[track_caller]
fn assert_connected(walked: &Value) {
    let actions = walked["actions"].as_array().unwrap();
    assert!(actions.len() <= ACTIONS, "{actions:?}");
    assert_eq!(walked["pastes"], 1);
    assert_eq!(walked["faults"], json!([]), "{walked}");
    let tools = walked["tools"].as_array().unwrap();
    assert!(tools.contains(&json!("mail_search")) && !tools.contains(&json!("mail_send")), "{tools:?}");
    // the page to connect from says so as well
    assert!(walked["mark"].as_str().unwrap().starts_with("connected"), "{}", walked["mark"]);
}

#[test]
fn a_fresh_start_leads_to_a_connected_agent_in_eight_actions_and_one_paste() {
    let Some(walked) = walk(true) else { return };
    assert_connected(&walked);
}

#[test]
fn the_whole_way_can_be_gone_without_javascript() {
    let Some(walked) = walk(false) else { return };
    assert_connected(&walked);
}
