//! A person looks at what an agent did to real mail and takes it back in the browser, also after the agent's access
//! has ended. What came of it is looked at by somebody else at the same mailbox.

use serde_json::{Value, json};
use testkit::{McpHttp, OtherClient, require_browser};

use super::world::Pages;
use crate::{
    sorting::{dovecot, seen},
    world::{MAIL_PASSWORD, PASSWORD},
};

const SORTING: &str = "mail:folders mail:search mail:read mail:modify";

/// Has an agent star a letter and move another, and a person take the move back.
fn take_back(has_javascript: bool, is_ended_first: bool) -> Option<()> {
    let browser = require_browser()?;
    let dovecot = dovecot(3)?;
    let pages = Pages::with_mailbox(&dovecot, browser);
    let mut agent = McpHttp::connect(pages.serving.port, &pages.world.new_token("Sorter", SORTING)).unwrap();
    let found = agent.call("mail_search", &json!({})).unwrap().structured().clone();
    let id = found["messages"][0]["id"].clone();
    let wish = json!({ "ids": [id], "do": "archive" });
    let moved = agent.call("mail_organize", &wish).unwrap();
    assert!(!moved.is_error(), "{}", moved.text());
    let mut other = OtherClient::sign_in(&dovecot, "alice", MAIL_PASSWORD).unwrap();
    assert_eq!(seen(&mut other, "INBOX").len(), 2, "it is elsewhere");
    let wanted = json!({
        "origin": pages.origin(),
        "user": "alice",
        "password": PASSWORD,
        "has_javascript": has_javascript,
        "zone": "Asia/Kathmandu",
        "words": "sorted mail",
        "agent": if is_ended_first { json!("Sorter") } else { Value::Null },
    });
    let saw = pages.browser.run("activity", &wanted);
    let saw = saw.unwrap_or_else(|error| panic!("{error}\n{}", pages.serving.log()));
    let text = |name: &str| saw[name].as_str().unwrap().to_owned();
    assert_eq!(seen(&mut other, "INBOX").len(), 3, "it is back: {saw}");
    assert!(text("before").contains("Sorter") && text("before").contains("1 message"), "{saw}");
    let exact = saw["clock"]["exact"].as_str().unwrap();
    let expected = if has_javascript { in_kathmandu(exact) } else { exact[11..16].to_owned() };
    assert!(saw["clock"]["text"].as_str().unwrap().ends_with(&expected), "{expected}: {saw}");
    assert_eq!(text("lead").contains("Times are UTC"), !has_javascript, "{saw}");
    assert!(text("details").contains(id.as_str().unwrap()), "{saw}");
    assert!(text("notice").contains("taken back"), "{saw}");
    assert!(text("after").contains("Taken back by you"), "{saw}");
    assert!(!text("after").contains("Take it back"), "{saw}");
    assert!(text("newest").contains("You took something back: Sorter"), "{saw}");
    assert!(text("chain").starts_with("All ") && text("file") == "postroom-activity.json", "{saw}");
    let exported = saw["exported"].as_array().unwrap();
    let deed = exported.iter().find(|row| row["tool"] == "mail_organize").unwrap();
    assert_eq!((&deed["agent"], &deed["undo"]), (&json!("Sorter"), &moved.structured()["undo"]), "{deed}");
    assert_eq!(deed["octets"], moved.text().len(), "the size of the answer as it was given");
    assert_eq!(saw["faults"], json!([]), "{saw}");
    Some(())
}

/// The time of day there, of a moment in UTC as pages give it: 5 hours and 45 minutes ahead.
fn in_kathmandu(exact: &str) -> String {
    let part = |range: std::ops::Range<usize>| exact[range].parse::<u32>().unwrap();
    let minutes = (part(11..13) * 60 + part(14..16) + 5 * 60 + 45) % (24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[test]
fn a_person_takes_back_what_an_agent_did() {
    take_back(true, false);
}

#[test]
fn a_person_takes_back_what_an_agent_did_whose_access_they_ended_and_without_scripts() {
    take_back(false, true);
}
