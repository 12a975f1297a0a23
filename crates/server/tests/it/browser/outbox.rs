//! The outbox in a real browser, on a telephone: a connection that was cut, what the person finds out, and the
//! message once more; and a message that is taken back.

use serde_json::{Value, json};
use testkit::{
    require_browser,
    smtp_sink::{Act, Fault, Stage},
};

use crate::{
    pages::outbox::{Outbox, in_a_day},
    world::PASSWORD,
};

fn walk(has_javascript: bool) {
    let Some(browser) = require_browser() else { return };
    let Some(outbox) = Outbox::failing(Fault::new(Stage::End, Act::Close).once()) else { return };
    assert_eq!(outbox.send("Plans", &json!({}))["status"], "unknown");
    assert_eq!(outbox.send("Later", &json!({ "send_at": in_a_day() }))["status"], "scheduled");
    let wanted = json!({
        "origin": format!("http://localhost:{}", outbox.serving.port),
        "user": "alice",
        "password": PASSWORD,
        "has_javascript": has_javascript,
        "unknown": "Plans",
        "scheduled": "Later",
    });
    let walked: Value = browser.run("outbox", &wanted).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(walked["faults"], json!([]), "{walked}");
    assert_eq!(walked["wide"], json!([]), "{walked}");
    assert!(walked["looked"].as_str().unwrap().contains("not in your Sent folder"), "{walked}");
    assert_eq!(walked["sent"], "sent", "{walked}");
    assert_eq!(walked["cancelled"], "taken back", "{walked}");
    let ended = outbox.sink.transactions().into_iter().filter(|one| one.is_ended);
    let subjects = ended.map(|one| String::from_utf8_lossy(&one.data).matches("Subject: Plans").count());
    assert_eq!(subjects.collect::<Vec<_>>(), [1, 1], "the first time, and once for two clicks");
}

#[test]
fn after_a_cut_the_person_looks_in_sent_and_sends_again_and_takes_another_back() {
    walk(true);
}

#[test]
fn all_of_it_can_be_done_without_javascript() {
    walk(false);
}
