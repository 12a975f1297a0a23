//! Links of invitation and of another password: used once, by whoever has them.

use axum::http::StatusCode;
use time::Duration;

use crate::world::{PASSWORD, World};

#[tokio::test]
async fn an_invitation_lets_one_new_person_in() {
    let world = World::new().await;
    world.person("alice").await;
    let (_, code) = world.access.invitation_new("alice", false, "for Bob").await.unwrap();
    let link = format!("/invite/{}", code.expose());
    let mut bob = world.visitor();
    let page = bob.get(&link).await;
    assert!(page.says("<strong>alice</strong> invites you") && !page.says("for Bob"));
    let fields = [("name", "bob"), ("password", PASSWORD)];
    let page = bob.submit(&link, &link, &fields).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/accounts/new?done=welcome"));
    assert_eq!(bob.get("/admin").await.status, StatusCode::NOT_FOUND, "they do not administrate");
    let mut eve = world.visitor();
    assert_eq!(eve.get(&link).await.status, StatusCode::NOT_FOUND);
    let page = eve.submit("/login", &link, &[("name", "eve"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("This link no longer works"));
    assert_eq!(world.access.user_list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_invitation_outlives_a_name_that_is_taken_and_ends_with_its_time_and_by_withdrawal() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let (_, code) = world.access.invitation_new("alice", true, "").await.unwrap();
    let link = format!("/invite/{}", code.expose());
    let mut bob = world.visitor();
    let page = bob.submit(&link, &link, &[("name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Somebody has this name already.") && page.says("You will be an administrator"));
    world.pass(Duration::days(30));
    assert!(bob.get(&link).await.says("This link no longer works"));

    alice.submit("/login", "/login", &[("name", "alice"), ("password", PASSWORD)]).await;
    let (invitation, code) = world.access.invitation_new("alice", false, "").await.unwrap();
    let fields = [("invitation", invitation.id.as_str())];
    let page = alice.submit("/admin", "/admin/invitations/withdraw", &fields).await;
    assert_eq!(page.location(), "/admin?done=invitation-withdrawn");
    assert!(bob.get(&format!("/invite/{}", code.expose())).await.says("This link no longer works"));
    let page = alice.submit("/admin", "/admin/invitations/withdraw", &fields).await;
    assert_eq!(page.location(), "/admin?done=nothing-to-do");
}

#[tokio::test]
async fn a_link_for_another_password_signs_all_other_browsers_out_and_this_one_in() {
    let world = World::new().await;
    world.person("alice").await;
    let mut elsewhere = world.person("bob").await;
    let (_, code) = world.access.reset_new("alice", "bob").await.unwrap();
    let link = format!("/invite/{}", code.expose());
    let mut bob = world.visitor();
    let page = bob.get(&link).await;
    assert!(page.says("<strong>bob</strong>") && !page.says("id=\"name\""));
    let page = bob.submit(&link, &link, &[("password", "short")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = bob.submit(&link, &link, &[("password", "another password")]).await;
    assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/?done=password-set"));
    assert!(bob.get("/settings").await.says("<dd>bob</dd>"));
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER);
    let page = world.visitor().submit("/login", &link, &[("password", "a third password")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "the link works once");
}

#[tokio::test]
async fn who_is_signed_in_is_told_that_an_invitation_makes_another_person() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let (_, code) = world.access.invitation_new("alice", false, "").await.unwrap();
    let link = format!("/invite/{}", code.expose());
    assert!(alice.get(&link).await.says("You are signed in as <strong>alice</strong>."));
    alice.submit(&link, &link, &[("name", "bob"), ("password", PASSWORD)]).await;
    assert!(alice.get("/settings").await.says("<dd>bob</dd>"));
}

#[tokio::test]
async fn the_link_of_set_up_is_no_invitation() {
    let world = World::new().await;
    let code = world.access.setup_code().await.unwrap().unwrap();
    let link = format!("/invite/{}", code.expose());
    let mut visitor = world.visitor();
    assert_eq!(visitor.get(&link).await.status, StatusCode::NOT_FOUND);
    let page = visitor
        .submit(&format!("/setup?code={}", code.expose()), &link, &[("name", "eve"), ("password", PASSWORD)])
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!world.access.has_users().await.unwrap());
}
