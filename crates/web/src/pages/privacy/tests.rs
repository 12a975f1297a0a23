//! What a person does with their own data, and what nobody else does.

use axum::http::StatusCode;
use time::Duration;

use crate::world::{PASSWORD, World};

const GOOD: &[(&str, &str)] = &[("activity", "90"), ("outbox", "7"), ("undo", "1"), ("tells_by_mail", "1")];

#[tokio::test]
async fn what_is_wished_is_kept_and_shown_and_only_what_is_offered_can_be_wished() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let bob = world.person("bob").await;
    let page = alice.submit("/settings/data", "/settings/data/wishes", GOOD).await;
    assert_eq!(page.location(), "/settings/data?done=wishes-saved");
    let page = alice.get("/settings/data").await;
    for chosen in ["\"90\" selected", "\"7\" selected", "\"1\" selected", "value=\"1\" checked"] {
        assert!(page.says(chosen), "{chosen}: {}", page.html);
    }
    for (name, value) in
        [("activity", "1"), ("activity", ""), ("outbox", "0"), ("undo", "365"), ("undo", "x")]
    {
        let mut fields = GOOD.to_vec();
        fields.retain(|(other, _)| *other != name);
        fields.push((name, value));
        let page = alice.submit("/settings/data", "/settings/data/wishes", &fields).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}={value}");
    }
    let of = async |surfer| world.access.wishes(&world.who(surfer).await.user.id).await.unwrap();
    assert_eq!((of(&alice).await.activity_days, of(&alice).await.outbox_days), (Some(90), 7));
    assert_eq!(of(&bob).await, access::Wishes::default(), "nobody wishes for others");
}

#[tokio::test]
async fn activity_is_forgotten_when_its_person_wished_so_and_stays_otherwise() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.person("bob").await;
    alice.submit("/settings/data", "/settings/data/wishes", GOOD).await;
    world.access.flush().await;
    let rows = async |user| world.access.audit_list(user, 10).await.unwrap().len();
    assert!(rows("alice").await >= 2 && rows("bob").await >= 1);
    world.pass(Duration::days(89));
    assert_eq!(world.access.activity_sweep().await.unwrap(), 0);
    world.pass(Duration::days(2));
    assert!(world.access.activity_sweep().await.unwrap() >= 2);
    assert_eq!(rows("alice").await, 0);
    assert!(rows("bob").await >= 1, "what nobody wished to be forgotten stays");
}

#[tokio::test]
async fn keeping_activity_shorter_wants_a_proof_and_keeping_it_longer_does_not() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    let wish = |activity| [("activity", activity), ("outbox", "7"), ("undo", "1")];
    let id = world.who(&alice).await.user.id;
    let kept = async || world.access.wishes(&id).await.unwrap().activity_days;
    world.pass(Duration::minutes(11));
    for shorter in ["365", "30"] {
        let page = alice.submit("/settings/data", "/settings/data/wishes", &wish(shorter)).await;
        assert_eq!(page.location(), "/prove?next=%2Fsettings%2Fdata", "{shorter}");
        assert_eq!(kept().await, None);
    }
    alice.submit("/settings", "/prove", &[("password", PASSWORD)]).await;
    let page = alice.submit("/settings/data", "/settings/data/wishes", &wish("90")).await;
    assert_eq!(page.location(), "/settings/data?done=wishes-saved");
    world.pass(Duration::minutes(11));
    let page = alice.submit("/settings/data", "/settings/data/wishes", &wish("30")).await;
    assert_eq!(page.location(), "/prove?next=%2Fsettings%2Fdata");
    assert_eq!(kept().await, Some(90));
    for (longer, days) in [("90", Some(90)), ("365", Some(365)), ("ever", None)] {
        let page = alice.submit("/settings/data", "/settings/data/wishes", &wish(longer)).await;
        assert_eq!(page.location(), "/settings/data?done=wishes-saved", "{longer}");
        assert_eq!(kept().await, days);
    }
}

#[tokio::test]
async fn an_export_is_one_whole_document_of_the_person_alone() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.person("bobbington").await;
    world.access.flush().await;
    let page = alice.submit("/settings/data", "/settings/data/export", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    let name = page.headers["content-disposition"].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\"postroom-alice-20"), "{name}");
    assert_eq!(page.headers["cache-control"], "no-store");
    let whole: serde_json::Value = serde_json::from_str(&page.html).unwrap();
    assert_eq!(whole["is_whole"], true);
    assert_eq!(whole["you"]["name"], "alice");
    assert!(whole["activity"].as_array().unwrap().iter().any(|row| row["tool"] == "sign_in"));
    assert_eq!(whole["browsers"].as_array().unwrap().len(), 1);
    let cookie = &alice.cookies["postroom"];
    for secret in [cookie.as_str(), "bobbington", PASSWORD, "$argon2", "hash\""] {
        assert!(!page.says(secret), "{secret}");
    }
}

#[tokio::test]
async fn who_does_not_prove_anew_gets_no_export_and_deletes_nothing() {
    let world = World::new().await;
    let mut alice = world.person("alice").await;
    world.pass(Duration::minutes(11));
    let page = alice.submit("/settings/data", "/settings/data/export", &[]).await;
    assert_eq!(page.location(), "/prove?next=%2Fsettings%2Fdata");
    assert_eq!(
        alice.get("/settings/data/delete").await.location(),
        "/prove?next=%2Fsettings%2Fdata%2Fdelete"
    );
    let page = alice.submit("/settings/data", "/settings/data/delete", &[("name", "alice")]).await;
    assert_eq!(page.location(), "/prove?next=%2Fsettings%2Fdata%2Fdelete");
    assert_eq!(alice.get("/settings").await.status, StatusCode::OK);
}

#[tokio::test]
async fn deleting_everything_wants_the_name_shuts_out_at_once_and_leaves_nobody_of_that_name() {
    let world = World::new().await;
    world.person("root").await;
    let mut alice = world.person("alice").await;
    let mut elsewhere = world.sign_in("alice").await;
    for wrong in ["", "Alice", "root", "alice@"] {
        let page = alice.submit("/settings/data/delete", "/settings/data/delete", &[("name", wrong)]).await;
        assert_eq!(page.location(), "/settings/data/delete?done=wrong-name", "{wrong}");
    }
    let csrf = alice.get("/settings/data/delete").await.csrf();
    let mut again = alice.clone();
    let page = alice.post("/settings/data/delete", &[("csrf", &csrf), ("name", "alice")]).await;
    assert_eq!(page.location(), "/login?done=leaving");
    assert!(!alice.cookies.contains_key("postroom"));
    let twice = again.post("/settings/data/delete", &[("csrf", &csrf), ("name", "alice")]).await;
    assert_eq!(twice.location(), "/login", "a second click finds nobody signed in");
    assert_eq!(elsewhere.get("/settings").await.status, StatusCode::SEE_OTHER);
    let fields = [("name", "alice"), ("password", PASSWORD)];
    let refused = world.visitor().submit("/login", "/login", &fields).await;
    assert_ne!(refused.status, StatusCode::SEE_OTHER);
    assert!(world.access.has_user("alice").await.unwrap(), "what runs in her name gets a moment to end");
    world.pass(Duration::seconds(6));
    world.access.removals_go_on().await.unwrap();
    assert!(!world.access.has_user("alice").await.unwrap());
    world.person("alice").await.get("/settings/data").await;
}

#[tokio::test]
async fn the_last_administrator_is_told_to_make_another_first() {
    let world = World::new().await;
    let mut root = world.person("root").await;
    assert!(!root.get("/settings/data/delete").await.says("only administrator"), "who is alone may go");
    let csrf = root.get("/settings/data/delete").await.csrf();
    world.person("bob").await;
    assert!(root.get("/settings/data/delete").await.says("only administrator"));
    let page = root.post("/settings/data/delete", &[("csrf", &csrf), ("name", "root")]).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.says("Make somebody else an administrator first."), "{}", page.html);
    assert_eq!(root.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_export_that_a_deletion_overtakes_breaks_off() {
    let world = World::new().await;
    world.person("root").await;
    let alice = world.person("alice").await;
    let who = world.who(&alice).await;
    let mut export = world.access.export(&who).await.unwrap();
    let first = export.next().await.unwrap().unwrap();
    world.access.remove_self(&who).await.unwrap();
    let error = export.next().await.unwrap_err();
    assert!(matches!(error, access::Error::BeingRemoved), "{error}");
    assert!(serde_json::from_slice::<serde_json::Value>(&first).is_err(), "half of it passes for nothing");
    assert!(matches!(world.access.export(&who).await.unwrap_err(), access::Error::BeingRemoved));
}
