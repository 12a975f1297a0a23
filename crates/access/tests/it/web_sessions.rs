//! Browsers in which people are signed in.

use access::{Access, Browser, Opened, SignInRefusal};
use domain::{Secret, WebSessionId};

use crate::world::{World, person};

const DAY: i64 = 86_400;

pub(crate) fn browser() -> Browser {
    Browser {
        address: "203.0.113.7".to_owned(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
        device: None,
        visit: None,
    }
}

pub(crate) fn password() -> Secret {
    Secret::new("long enough")
}

pub(crate) async fn sign_in(access: &Access, name: &str) -> Opened {
    access.sign_in(name, &password(), &browser()).await.unwrap().opened().unwrap()
}

pub(crate) async fn is_live(access: &Access, opened: &Opened) -> bool {
    access.signed_in(&opened.cookie).await.unwrap().is_some()
}

#[tokio::test]
async fn a_session_says_who_is_signed_in_and_what_their_forms_carry() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    assert_eq!(opened.cookie.expose().len(), 43);
    let who = access.signed_in(&opened.cookie).await.unwrap().unwrap();
    assert_eq!((who.user.name.as_str(), &who.session), ("ann", &opened.signed_in.session));
    assert_eq!((who.csrf == opened.signed_in.csrf, who.proven), (true, opened.signed_in.proven));
    // another process on the same data directory knows it as well
    assert!(is_live(&world.access().await, &opened).await);

    let other = sign_in(&access, "ann").await;
    assert_ne!(other.signed_in.csrf, who.csrf, "each session has its own");
    assert!(!who.csrf.expose().contains(opened.cookie.expose()));
    let long = "x".repeat(100_000);
    for nobody in ["", "x", &opened.cookie.expose()[..42], &"A".repeat(43), who.csrf.expose(), &long] {
        assert!(access.signed_in(&Secret::new(nobody)).await.unwrap().is_none(), "{nobody}");
    }
}

#[tokio::test]
async fn neither_cookie_nor_what_forms_carry_is_in_the_database() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    access.flush().await;
    let holds = |needle: &str| {
        world.dir.path().read_dir().unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    };
    assert!(holds(opened.signed_in.session.as_str()), "this test can find bytes in the files");
    for secret in [&opened.cookie, &opened.signed_in.csrf, &opened.device] {
        assert!(!holds(secret.expose()));
    }
}

#[tokio::test]
async fn a_session_lives_thirty_days_from_its_last_use_and_ninety_at_most() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (used, unused) = (sign_in(&access, "ann").await, sign_in(&access, "ann").await);
    for days in [29, 29, 29] {
        world.forward(days * DAY);
        assert!(is_live(&access, &used).await);
        access.flush().await;
        world.forward(DAY);
        // on day 30; asked only then, since asking is using
        assert!(!is_live(&access, &unused).await);
        world.forward(-DAY);
    }
    world.forward(3 * DAY - 1);
    assert!(is_live(&access, &used).await);
    access.flush().await;
    world.forward(1);
    assert!(!is_live(&access, &used).await, "day 90");
    assert_eq!(access.people_sweep().await.unwrap(), 2);
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_a_minute_with_where_it_came_from() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    let elsewhere = Browser { address: format!("198.51.100.1\n{}", "x".repeat(500)), ..browser() };
    let listed = async || {
        access.flush().await;
        access.web_session_list(&opened.signed_in).await.unwrap().remove(0)
    };
    let created = listed().await.created;
    world.forward(59);
    access.signed_in_from(&opened.cookie, &elsewhere).await.unwrap().unwrap();
    let session = listed().await;
    assert_eq!((session.last_used, session.address.as_str()), (created, "203.0.113.7"));
    world.forward(1);
    access.signed_in_from(&opened.cookie, &elsewhere).await.unwrap().unwrap();
    let session = listed().await;
    assert_eq!((session.last_used - created).whole_seconds(), 60);
    assert!(session.address.starts_with("198.51.100.1xx") && session.address.len() == 64, "{session:?}");
    world.forward(60);
    access.signed_in(&opened.cookie).await.unwrap().unwrap();
    let known = session.address;
    let session = listed().await;
    assert_eq!((session.address, (session.last_used - created).whole_seconds()), (known, 120));
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions_and_nobody_else_s() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    person(&access, "bob", &[]).await;
    let (here, there) = (sign_in(&access, "ann").await, sign_in(&access, "ann").await);
    let (third, of_bob) = (sign_in(&access, "ann").await, sign_in(&access, "bob").await);
    let listed = access.web_session_list(&here.signed_in).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!((listed[0].browser.as_str(), listed[0].address.as_str()), ("Firefox on Linux", "203.0.113.7"));
    let ann = &here.signed_in;
    assert!(!access.web_session_end(ann, &of_bob.signed_in.session).await.unwrap());
    assert!(!access.web_session_end(ann, &WebSessionId::from_text("wse_none")).await.unwrap());
    assert!(access.web_session_end(ann, &there.signed_in.session).await.unwrap());
    assert!(!is_live(&access, &there).await && is_live(&access, &third).await);
    assert_eq!(access.web_sessions_end_others(ann).await.unwrap(), 1);
    assert!(!is_live(&access, &third).await && is_live(&access, &here).await);
    access.sign_out(ann).await.unwrap();
    assert!(!is_live(&access, &here).await && is_live(&access, &of_bob).await);
    access.flush().await;
    let rows = access.audit_list("ann", 3).await.unwrap();
    let tools: Vec<&str> = rows.iter().map(|row| row.row.tool.as_str()).collect();
    assert_eq!(tools, ["sign_out", "sessions_end", "sessions_end"]);
    assert!(rows.iter().all(|row| row.row.door == "page" && row.row.outcome == "ok"));
}

#[tokio::test]
async fn a_disabled_person_s_sessions_end_at_once_and_do_not_come_back() {
    let world = World::new();
    let (access, operator) = (world.access().await, world.access().await);
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    operator.user_disable("ann").await.unwrap();
    assert!(!is_live(&access, &opened).await);
    let refused = access.sign_in("ann", &password(), &browser()).await;
    assert!(matches!(refused, Err(SignInRefusal::Wrong)), "{refused:?}");
    operator.user_enable("ann").await.unwrap();
    assert!(!is_live(&access, &opened).await);
    assert!(is_live(&access, &sign_in(&access, "ann").await).await);
}

#[tokio::test]
async fn another_password_from_the_operator_ends_all_sessions() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    access.user_passwd("ann", &Secret::new("another one")).await.unwrap();
    assert!(!is_live(&access, &opened).await);
}

#[tokio::test]
async fn of_more_than_fifty_sessions_those_unused_longest_end() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let first = sign_in(&access, "ann").await;
    let mut known = browser();
    known.device = Some(first.device.clone());
    for _ in 0..50 {
        world.forward(10);
        access.sign_in("ann", &password(), &known).await.unwrap();
    }
    assert!(!is_live(&access, &first).await);
}
