//! Who may see and answer what waits. With real mail it is tried in the server's own tests.

use axum::http::StatusCode;

use crate::world::World;

#[tokio::test]
async fn where_nothing_waits_the_page_says_so_and_no_count_stands_in_the_navigation() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let page = ann.get("/approvals").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Nothing waits for you") && !page.says("class=\"tally\""), "{}", page.html);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_seen_or_answered() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    for id in ["apr_AAAAAAAAAAAAAAAAAAAAAA", "x", "..%2f", "%00", &"a".repeat(5_000)] {
        for part in ["", "/body", "/files/1", "/files/0", "/files/x", "/files/99999999999999999999"] {
            let page = ann.get(&format!("/approvals/{id}{part}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}{part}");
        }
        for answer in ["approve", "deny", "deny-and-pause"] {
            let page = ann.submit("/settings", &format!("/approvals/{id}/{answer}"), &[]).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}/{answer}");
        }
    }
}
