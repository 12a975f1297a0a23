//! What a person is told to do next, and what they see when all is done.

use axum::http::StatusCode;

use crate::world::World;

#[tokio::test]
async fn the_next_step_is_a_mailbox_then_an_agent_then_nothing() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let page = ann.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Welcome, ann") && page.says("class=\"button primary\" href=\"/accounts/new\""));
    assert!(!page.says("http://localhost:8143/mcp"), "an address is of no use yet");

    world.mailbox("ann", "work").await;
    let page = ann.get("/").await;
    assert!(page.says("One step is left") && page.says("work@example.org"));
    assert!(
        page.says("http://localhost:8143/mcp") && page.says("class=\"button primary\" href=\"/connect\"")
    );

    let agent = world.let_in(&mut ann, "Claude", &["mail:read"]).await;
    let page = ann.get("/").await;
    assert!(page.says("Good to see you, ann") && page.says(&format!("href=\"{agent}\"")), "{}", page.html);
    assert!(page.says("http://localhost:8143/mcp") && page.says("work@example.org"));
}

#[tokio::test]
async fn only_ones_own_mailboxes_and_agents_are_shown() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    world.let_in(&mut ann, "Claude", &["mail:read"]).await;
    let mut bob = world.person("bob").await;
    let page = bob.get("/").await;
    assert!(!page.says("work@example.org") && !page.says("/agents/gra_"));
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_sign_in() {
    let world = World::new().await;
    let page = world.visitor().get("/").await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/login"));
}

#[tokio::test]
async fn of_many_agents_the_rest_is_counted() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    for n in 0..8 {
        world.let_in(&mut ann, &format!("Agent {n}"), &["mail:read"]).await;
    }
    assert!(ann.get("/").await.says("<a href=\"/agents\">2 more</a>"));
}
