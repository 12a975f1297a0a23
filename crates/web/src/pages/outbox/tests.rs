//! The outbox of somebody with nothing in it, and what is asked there of messages that are not theirs.

use axum::http::StatusCode;
use domain::{OutboxId, Timestamp};
use engine::outbox::Place;

use super::{place, written};
use crate::world::World;

const ACTIONS: [&str; 7] = ["cancel", "now", "look", "sent", "again", "copy", "forget"];

#[tokio::test]
async fn with_nothing_on_its_way_the_page_says_what_will_be_seen_here() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let page = ann.get("/outbox").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Nothing is on its way") && page.says("href=\"/agents\""), "{}", page.html);
}

#[tokio::test]
async fn a_message_that_is_not_theirs_is_not_there_and_what_was_tried_is_on_record() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let id = OutboxId::from_random([7; 16]);
    let path = format!("/outbox/{id}");
    assert_eq!(ann.get(&path).await.status, StatusCode::NOT_FOUND);
    for action in ACTIONS {
        let posted = ann.submit("/settings", &format!("{path}/{action}"), &[("begun", "1")]).await;
        assert_eq!(posted.status, StatusCode::NOT_FOUND, "{action}");
        let bent = ann.submit("/settings", &format!("{path}/{action}"), &[("begun", "x")]).await;
        assert_eq!(bent.status, StatusCode::NOT_FOUND, "{action}");
        let odd = ann.submit("/settings", &format!("/outbox/out_%00/{action}"), &[]).await;
        assert_eq!(odd.status, StatusCode::NOT_FOUND, "{action}");
    }
    world.access.flush().await;
    let rows = world.access.audit_list("ann", 50).await.unwrap();
    for tool in ["outbox_cancel", "outbox_look", "outbox_settle", "outbox_again", "outbox_forget"] {
        let row = rows.iter().find(|row| row.row.tool == tool).unwrap_or_else(|| panic!("{tool}"));
        let told = (row.row.outcome.as_str(), row.row.targets.as_str(), row.row.door.as_str());
        let target = format!("[\"{id}\"]");
        assert_eq!(told, ("not_found", target.as_str(), "page"), "{tool}");
    }
}

#[test]
fn a_list_goes_on_where_it_ended_and_no_other_text_is_a_place() {
    let created = Timestamp::from_unix_timestamp_nanos(1_790_000_000_123_000_000).unwrap();
    let end = Place { created, id: OutboxId::from_random([7; 16]) };
    assert_eq!(place(&written(&end)), Some(end));
    let id = OutboxId::from_random([7; 16]);
    for text in ["", "-", "1", "1-", "1-out_1", &format!("x-{id}"), &format!("9223372036854775807-{id}")] {
        assert_eq!(place(text), None, "{text}");
    }
}
