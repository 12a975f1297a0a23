//! The first person and the link, and everybody else who finds one.

use axum::http::StatusCode;
use time::Duration;

use crate::world::{PASSWORD, World};

#[tokio::test]
async fn the_first_person_sets_up_with_the_link_and_is_led_to_their_first_mailbox() {
    let world = World::new().await;
    let code = world.access.setup_code().await.unwrap().unwrap();
    let mut alice = world.visitor();
    let link = format!("/setup?code={}", code.expose());
    assert!(alice.get(&link).await.says("Set up your Postroom"));
    let fields = [("code", code.expose()), ("name", "alice"), ("password", PASSWORD)];
    let page = alice.submit(&link, "/setup", &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/accounts/new?done=welcome"));
    assert_eq!(alice.get("/admin").await.status, StatusCode::OK, "they are the administrator");
    let mut late = world.visitor();
    assert!(late.get(&link).await.says("This server is set up"));
    let page = late.submit("/login", "/setup", &[fields[0], ("name", "eve"), fields[2]]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("This server is set up"));
    assert_eq!(world.access.user_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_the_link_the_page_says_where_it_is() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    assert!(visitor.get("/setup").await.says("Use the set-up link"));
    assert!(visitor.get("/setup?code=wrong").await.says("This set-up link no longer works"));
    let code = world.access.setup_code().await.unwrap().unwrap();
    let link = format!("/setup?code={}", code.expose());
    let page = visitor.submit(&link, "/setup", &[("name", "eve"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "without the code");
    world.pass(Duration::days(366));
    assert!(visitor.get(&link).await.says("This set-up link no longer works"));
    assert!(!world.access.has_users().await.unwrap());
}

#[tokio::test]
async fn a_link_survives_wrong_fields_and_each_is_told_beside_its_field() {
    let world = World::new().await;
    let code = world.access.setup_code().await.unwrap().unwrap();
    let link = format!("/setup?code={}", code.expose());
    let mut alice = world.visitor();
    for (name, password, told) in [
        ("", PASSWORD, "Use 1 to 64 letters"),
        (&*"a".repeat(65), PASSWORD, "Use 1 to 64 letters"),
        ("alice", "1234567", "Use 8 to 1,024 characters."),
        ("alice", &*"x".repeat(1_025), "Use 8 to 1,024 characters."),
    ] {
        let fields = [("code", code.expose()), ("name", name), ("password", password)];
        let page = alice.submit(&link, "/setup", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(page.says(told) && page.says("aria-invalid"), "{}", page.html);
        assert!(!page.says(&format!("value=\"{password}\"")), "no password is shown again");
    }
    let fields = [("code", code.expose()), ("name", "Alice "), ("password", PASSWORD)];
    assert_eq!(alice.submit(&link, "/setup", &fields).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_invitation_does_not_set_up() {
    let world = World::new().await;
    world.person("alice").await;
    let (_, code) = world.access.invitation_new("alice", false, "").await.unwrap();
    let mut visitor = world.visitor();
    let fields = [("code", code.expose()), ("name", "eve"), ("password", PASSWORD)];
    assert_eq!(visitor.submit("/login", "/setup", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.access.user_list().await.unwrap().len(), 1);
}
