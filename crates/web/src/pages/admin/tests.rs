//! What an administrator does with the people of a server.

use access::Browser;
use axum::http::StatusCode;
use domain::Secret;

use crate::{
    pages::code::tests::with_codes,
    world::{PASSWORD, Page, World},
};

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
    assert_eq!(page.headers["cache-control"], "no-store");
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
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.says("<strong>bob</strong>"));
    assert!(world.visitor().get(&link).await.says("Choose a new password"));
    for name in ["", "nobody", "../bob"] {
        let page = alice.submit("/admin", "/admin/users/reset", &[("name", name)]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{name:?}");
    }
}

#[tokio::test]
async fn one_time_codes_of_somebody_else_are_ended_and_both_find_it_in_their_activity() {
    let world = World::new().await;
    let mut bob = world.person("bob").await;
    let (mut alice, ..) = with_codes(&world).await;
    assert!(bob.get("/admin/people/alice").await.says("End their one-time codes"));
    let page = alice.submit("/settings", "/admin/users/end-codes", &[("name", "bob")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "she administrates nothing");
    let page = bob.submit("/admin", "/admin/users/end-codes", &[("name", "alice")]).await;
    assert_eq!(page.location(), "/admin/people/alice?done=codes-ended");
    let alone = world.access.sign_in("alice", &Secret::new(PASSWORD), &Browser::default()).await;
    assert!(alone.unwrap().opened().is_some(), "she is asked for none");
    world.access.flush().await;
    assert!(bob.get("/activity").await.says("<strong>You</strong> ended one-time codes"));
    assert!(alice.get("/activity").await.says("<strong>bob</strong> ended your one-time codes"));
    // whoever has none has nothing to be ended
    assert!(!bob.get("/admin/people/alice").await.says("End their one-time codes"));
    let page = bob.submit("/admin", "/admin/users/end-codes", &[("name", "alice")]).await;
    assert_eq!(page.location(), "/admin/people/alice?done=nothing-to-do");
    // one's own are on one's own page, and people who are not there have none
    let page = bob.submit("/admin", "/admin/users/end-codes", &[("name", "bob")]).await;
    assert_eq!(page.location(), "/settings/codes");
    let page = bob.submit("/admin", "/admin/users/end-codes", &[("name", "nobody")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_lets_others_in_or_ends_a_stay_wants_a_proof_that_is_not_old() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.person("bob").await;
    world.pass(time::Duration::minutes(11));
    let fields = [("name", "bob"), ("typed", "bob")];
    for path in ["reset", "end-codes", "disable", "enable", "make-admin", "unmake-admin", "delete"] {
        let page = alice.submit("/admin", &format!("/admin/users/{path}"), &fields).await;
        assert_eq!(page.location(), "/prove?next=%2Fadmin%2Fpeople%2Fbob", "{path}");
    }
    for fields in [&[("is_admin", "1")][..], &[("note", "for bob")], &[]] {
        let page = alice.submit("/admin", "/admin/invitations", fields).await;
        assert_eq!(page.location(), "/prove?next=%2Fadmin", "{fields:?}");
    }
    assert!(world.access.invitation_list().await.unwrap().is_empty());
    let people = world.access.people().await.unwrap();
    assert!(people.iter().all(|told| !told.user.is_disabled));
    assert!(people.iter().all(|told| told.removal.is_none()) && !people[1].user.is_admin);
}

#[tokio::test]
async fn a_person_is_made_an_administrator_and_unmade_and_one_is_always_left() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut bob = world.person("bob").await;
    let page = alice.submit("/admin", "/admin/users/unmake-admin", &[("name", "alice")]).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "she is the only one");
    let page = alice.submit("/admin", "/admin/users/make-admin", &[("name", "bob")]).await;
    assert_eq!(page.location(), "/admin/people/bob?done=admin-made");
    assert_eq!(bob.get("/admin").await.status, StatusCode::OK);
    let page = bob.submit("/admin", "/admin/users/unmake-admin", &[("name", "bob")]).await;
    assert_eq!(page.location(), "/settings?done=admin-unmade");
    assert_eq!(bob.get("/admin").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn deleting_a_person_wants_their_name_and_never_ends_oneself() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let mut bob = world.person("bob").await;
    for typed in ["", "alice", "Bob"] {
        let fields = [("name", "bob"), ("typed", typed)];
        let page = alice.submit("/admin", "/admin/users/delete", &fields).await;
        assert_eq!(page.location(), "/admin/people/bob?done=wrong-name-of-person", "{typed}");
    }
    let own = [("name", "alice"), ("typed", "alice")];
    let page = alice.submit("/admin", "/admin/users/delete", &own).await;
    assert_eq!(page.location(), "/settings/data/delete", "which asks for herself");
    let fields = [("name", "bob"), ("typed", "bob")];
    let page = alice.submit("/admin", "/admin/users/delete", &fields).await;
    assert_eq!(page.location(), "/admin?done=person-removed");
    assert_eq!(bob.get("/settings").await.status, StatusCode::SEE_OTHER);
    assert!(alice.get("/admin").await.says("Being deleted"));
    assert!(alice.get("/admin/people/bob").await.says("is being deleted"));
    let page = alice.submit("/admin", "/admin/users/enable", &[("name", "bob")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "nobody brings them back");
    world.pass(time::Duration::seconds(6));
    world.access.removals_go_on().await.unwrap();
    assert_eq!(alice.get("/admin/people/bob").await.status, StatusCode::NOT_FOUND);
    for name in ["nobody", "", "../alice"] {
        let fields = [("name", name), ("typed", name)];
        let page = alice.submit("/admin", "/admin/users/delete", &fields).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{name:?}");
    }
}

#[tokio::test]
async fn how_the_server_is_and_what_it_keeps_is_told_in_numbers() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.person("bob").await;
    let page = alice.get("/admin/storage").await;
    assert!(page.says("Rows of activity") && page.says("kB"), "{}", page.html);
    let page = alice.get("/admin/health").await;
    for told in ["They answer", "1.2.3", "who was invited", "Did not leave", "1 January 1970"] {
        assert!(page.says(told), "{told}: {}", page.html);
    }
    assert!(alice.get("/admin").await.says("password"), "how people sign in is told in words");
}

#[tokio::test]
async fn the_page_of_health_tells_what_the_operator_set() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let page = alice.get("/admin/health").await;
    let (_, limits) = page.html.split_once("What the operator set").unwrap();
    assert!(limits.contains("<dt>Who may join</dt><dd>who was invited</dd>"), "{limits}");
    assert!(limits.contains("changes this in its configuration"), "{limits}");
}
