//! What an administrator does with the people of a server.

use axum::http::StatusCode;

use crate::world::{PASSWORD, Page, World};

/// The path of the link that a page shows.
fn link(page: &Page) -> String {
    let (_, rest) = page.html.split_once("http://localhost:8143").unwrap();
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_link_is_shown_once_and_lets_somebody_in() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let fields = [("note", "Bob & co"), ("is_admin", "1")];
    let page = alice.submit("/admin", "/admin/invitations", &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("<strong>Bob &#38; co</strong>") && page.says("is not shown again"), "{}", page.html);
    let link = link(&page);
    let list = alice.get("/admin").await;
    assert!(list.says("Bob &#38; co") && !list.says(&link));
    let mut bob = world.visitor();
    bob.submit(&link, &link, &[("name", "bob"), ("password", PASSWORD)]).await;
    assert_eq!(bob.get("/admin").await.status, StatusCode::OK);
    assert!(!alice.get("/admin").await.says("Bob &#38; co"), "what was used is not open any more");
}

#[tokio::test]
async fn a_note_that_is_too_long_makes_no_link() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let page = alice.submit("/admin", "/admin/invitations", &[("note", &"x".repeat(101))]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Write at most 100 characters."));
    assert!(world.access.invitation_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn disabling_shuts_a_person_out_at_once_and_enabling_lets_them_in_again() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut bob = world.person("bob").await;
    let page = alice.submit("/admin", "/admin/users/disable", &[("name", "bob")]).await;
    assert_eq!(page.location(), "/admin?done=user-disabled");
    assert_eq!(bob.get("/settings").await.status, StatusCode::SEE_OTHER);
    assert!(alice.get("/admin").await.says("Disabled"));
    let page = alice.submit("/admin", "/admin/users/enable", &[("name", "bob")]).await;
    assert_eq!(page.location(), "/admin?done=user-enabled");
    world.sign_in("bob").await;
}

#[tokio::test]
async fn an_administrator_does_not_shut_themselves_out() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let page = alice.submit("/admin", "/admin/users/disable", &[("name", "alice")]).await;
    assert_eq!(page.location(), "/admin?done=not-yourself");
    assert_eq!(alice.get("/admin?done=not-yourself").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_link_for_another_password_is_made_for_people_there_are() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.person("bob").await;
    let page = alice.submit("/admin", "/admin/users/reset", &[("name", "bob")]).await;
    let link = link(&page);
    assert!(page.says("<strong>bob</strong>"));
    assert!(world.visitor().get(&link).await.says("Choose a new password"));
    for name in ["", "nobody", "../bob"] {
        let page = alice.submit("/admin", "/admin/users/reset", &[("name", name)]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{name:?}");
    }
}
