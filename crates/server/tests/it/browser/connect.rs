//! The page of steps in a real browser: what its copy buttons copy, and which steps each of its tabs shows.

use serde_json::json;
use testkit::require_browser;

use super::world::Pages;
use crate::{reading::sample_dovecot, world::PASSWORD};

const AGENTS: [&str; 7] =
    ["Claude.ai", "Claude Desktop", "Claude Code", "ChatGPT", "Cursor", "VS Code", "Others"];

#[test]
fn a_press_copies_the_address_and_says_so_and_each_tab_shows_its_own_steps_alone() {
    let Some(browser) = require_browser() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let pages = Pages::with_mailbox(&dovecot, browser);
    let wanted = json!({ "origin": pages.origin(), "user": "alice", "password": PASSWORD });
    let walked = pages.browser.run("connect", &wanted).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(walked["faults"], json!([]), "{walked}");
    let copies = walked["copies"].as_array().unwrap();
    assert_eq!(
        copies[0],
        json!({
            "id": "address", "before": "Copy", "after": "Copied", "clipboard": pages.url(), "shown": pages.url(),
        })
    );
    assert_eq!(walked["told"], "Copied", "{walked}");
    assert!(copies.len() >= 5, "{walked}");
    for copy in copies {
        assert_eq!((&copy["after"], &copy["clipboard"]), (&json!("Copied"), &copy["shown"]), "{walked}");
    }
    let shown = AGENTS.map(|agent| json!({ "title": agent, "seen": [agent] }));
    assert_eq!(walked["tabs"], json!(shown), "{walked}");
}
