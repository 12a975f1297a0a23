//! What the owner of a message does with it that works out: it leaves now, it is noted as sent, its copy is filed.

use std::time::{Duration, Instant};

use serde_json::json;
use storage::Database;
use testkit::smtp_sink::{Act, Fault, Stage};

use super::outbox::{Outbox, first, in_a_day, posted};
use crate::{routes::surfer::Surfer, world::World};

/// Waits until the page says that.
fn until_it_says(alice: &Surfer, page: &str, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !alice.get(page).body.contains(words) {
        assert!(Instant::now() < deadline, "{words}: {}", alice.get(page).body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// As if the copies had been tried for days, in vain.
#[tokio::main(flavor = "current_thread")]
async fn give_copies_up(world: &World) -> u64 {
    const GIVE_UP: &str = "UPDATE outbox SET copy_state = 'failed', copy_next = NULL";
    let database = Database::open_file(&world.path("data/postroom.db")).await.unwrap();
    database.execute(GIVE_UP, &[]).await.unwrap()
}

#[test]
fn what_is_scheduled_leaves_at_once_if_its_person_wants_it_to() {
    let Some(outbox) = Outbox::failing(Fault::say(Stage::Reset, "250 ok")) else { return };
    assert_eq!(outbox.send("Plans", &json!({ "send_at": in_a_day() }))["status"], "scheduled");
    let alice = outbox.alice();
    let page = first(&alice);
    assert!(alice.get(&page).body.contains("Send it now"));
    let now = posted(&alice, &page, "now", &[]);
    assert_eq!(now.header("location"), format!("{page}?done=outbox-now"));
    until_it_says(&alice, &page, "took it for everybody");
    assert_eq!(outbox.ended(), 1);
    let late = posted(&alice, &page, "now", &[]);
    assert_eq!(late.header("location"), format!("{page}?done=outbox-moved"));
    let trail = alice.get("/activity").body;
    assert!(trail.contains("outbox_now"), "{trail}");
}

#[test]
fn what_its_person_says_was_sent_is_over_and_leaves_no_more() {
    let Some(outbox) = Outbox::failing(Fault::new(Stage::End, Act::Close).once()) else { return };
    assert_eq!(outbox.send("Plans", &json!({}))["status"], "unknown");
    let alice = outbox.alice();
    let page = first(&alice);
    let settled = posted(&alice, &page, "sent", &[]);
    assert_eq!(settled.header("location"), format!("{page}?done=outbox-settled"));
    let shown = alice.get(&page).body;
    assert!(shown.contains("took it for everybody") && !shown.contains("perhaps sent"), "{shown}");
    // nobody found a copy, so one is filed
    until_it_says(&alice, &page, "<dt>Copy</dt><dd>in your Sent folder</dd>");
    for (action, begun) in [("sent", ""), ("again", "1"), ("cancel", "")] {
        let late = posted(&alice, &page, action, &[("begun", begun)]);
        assert_eq!(late.header("location"), format!("{page}?done=outbox-moved"), "{action}");
    }
    assert_eq!(outbox.ended(), 1);
}

#[test]
fn a_copy_that_was_given_up_is_filed_if_its_person_wants_it_to_be() {
    let Some(outbox) = Outbox::failing(Fault::say(Stage::Reset, "250 ok")) else { return };
    assert_eq!(outbox.send("Plans", &json!({}))["status"], "sent");
    assert_eq!(give_copies_up(&outbox.world), 1);
    let alice = outbox.alice();
    let page = first(&alice);
    assert!(alice.get("/outbox").body.contains(">sent, no copy</span>"));
    assert!(alice.get(&page).body.contains("File the copy again"));
    let copying = posted(&alice, &page, "copy", &[]);
    assert_eq!(copying.header("location"), format!("{page}?done=outbox-copying"));
    until_it_says(&alice, &page, "<dt>Copy</dt><dd>in your Sent folder</dd>");
    let late = posted(&alice, &page, "copy", &[]);
    assert_eq!(late.header("location"), format!("{page}?done=outbox-moved"));
    assert_eq!(outbox.ended(), 1, "it did not leave again");
}
