//! Signing in with a password: what is refused, what is counted, what is recorded.

use std::sync::Arc;

use access::{Access, Browser, Occasion, PasswordRefusal, SignInRefusal};
use domain::Secret;
use storage::{Database, MasterKey, Store};

use crate::{
    web_sessions::{browser, is_live, password, sign_in},
    world::{World, person},
};

fn wrong() -> Secret {
    Secret::new("a wrong one")
}

fn at(address: &str) -> Browser {
    Browser { address: address.to_owned(), ..browser() }
}

/// Newest first: what, and how it ended.
async fn trail(access: &Access, user: &str) -> Vec<(String, String)> {
    access.flush().await;
    let rows = access.audit_list(user, 1000).await.unwrap();
    rows.into_iter().map(|row| (row.row.tool, row.row.outcome)).collect()
}

fn words(rows: &[(String, String)]) -> Vec<(&str, &str)> {
    rows.iter().map(|(tool, outcome)| (tool.as_str(), outcome.as_str())).collect()
}

#[tokio::test]
async fn the_right_password_lets_in_and_every_other_is_refused_alike() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    for name in ["ann", " Ann "] {
        let opened = access.sign_in(name, &password(), &browser()).await.unwrap().opened().unwrap();
        assert_eq!(opened.signed_in.user.name, "ann");
    }
    let long = "x".repeat(100_000);
    for (name, password) in
        [("ann", "wrong"), ("ann", ""), ("nobody", "long enough"), ("", ""), (&long, "x"), ("a\0b", &long)]
    {
        let refused = access.sign_in(name, &Secret::new(password), &browser()).await;
        assert!(matches!(refused, Err(SignInRefusal::Wrong)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_sign_in_always_opens_a_new_session() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    // what the attacker planted in the browser, of their own session or out of the air, is no session of Ann's
    let first = sign_in(&access, "ann").await;
    let second = sign_in(&access, "ann").await;
    assert_ne!(first.cookie, second.cookie);
    assert_ne!(first.signed_in.session, second.signed_in.session);
    assert!(is_live(&access, &first).await && is_live(&access, &second).await, "two browsers at once");
}

#[tokio::test]
async fn a_flood_from_elsewhere_does_not_lock_out_the_browser_that_a_person_uses() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    // from everywhere, from Ann's own address too
    let mut refused = 0;
    for number in 0..60 {
        let attacker = at(&format!("192.0.2.{}", number % 30));
        for attacker in [attacker, browser()] {
            if let Err(SignInRefusal::TooMany(seconds)) = access.sign_in("ann", &wrong(), &attacker).await {
                assert!((1..=60).contains(&seconds), "{seconds}");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 110, "ten were tried");
    let unknown = access.sign_in("ann", &password(), &at("198.51.100.9")).await;
    assert!(matches!(unknown, Err(SignInRefusal::TooMany(_))), "{unknown:?}");
    let known = Browser { device: Some(opened.device.clone()), ..browser() };
    let again = access.sign_in("ann", &password(), &known).await.unwrap().opened().unwrap();
    // and the browser goes on being known
    let known = Browser { device: Some(again.device), ..at("198.51.100.10") };
    access.sign_in("ann", &password(), &known).await.unwrap();
    world.forward(60);
    access.sign_in("ann", &password(), &at("198.51.100.9")).await.unwrap();
}

#[tokio::test]
async fn only_a_browser_known_to_be_that_person_s_has_tries_of_its_own() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    person(&access, "eve", &[]).await;
    let eve = sign_in(&access, "eve").await;
    for number in 0..12 {
        let _ = access.sign_in("ann", &wrong(), &at(&format!("192.0.2.{number}"))).await;
    }
    let mut altered = eve.device.expose().to_owned();
    altered.replace_range(40..41, if &altered[40..41] == "A" { "B" } else { "A" });
    let of_eve = eve.device.expose();
    for device in [of_eve, &altered, "", "nonsense", &"x".repeat(100_000), eve.cookie.expose()] {
        let attacker = Browser { device: Some(Secret::new(device)), ..at("198.51.100.3") };
        let refused = access.sign_in("ann", &wrong(), &attacker).await;
        assert!(matches!(refused, Err(SignInRefusal::TooMany(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_browser_known_under_another_master_key_is_a_stranger() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let other = World::new();
    let database = Database::open_memory().await.unwrap();
    let key = MasterKey::from_text(&Secret::new("22".repeat(32))).unwrap();
    let store = Store::open(database, key, other.clock.clone(), other.random.clone()).await.unwrap();
    let elsewhere = Access::new(store, &access::Settings::default());
    person(&elsewhere, "ann", &[]).await;
    let device = Some(sign_in(&elsewhere, "ann").await.device);
    for number in 0..12 {
        let _ = access.sign_in("ann", &wrong(), &at(&format!("192.0.2.{number}"))).await;
    }
    let refused = access.sign_in("ann", &password(), &Browser { device, ..browser() }).await;
    assert!(matches!(refused, Err(SignInRefusal::TooMany(_))), "{refused:?}");
}

#[tokio::test]
async fn a_known_browser_guesses_no_more_than_others() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let device = Some(sign_in(&access, "ann").await.device);
    let known = Browser { device, ..browser() };
    let mut tried = 0;
    for _ in 0..15 {
        match access.sign_in("ann", &wrong(), &known).await {
            Err(SignInRefusal::Wrong) => tried += 1,
            Err(SignInRefusal::TooMany(seconds)) => assert_eq!(seconds, 30),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tried, 10);
}

#[tokio::test]
async fn people_who_are_right_are_not_counted() {
    let world = World::new();
    let access = world.access().await;
    for number in 0..15 {
        let name = format!("p{number}");
        person(&access, &name, &[]).await;
        sign_in(&access, &name).await;
    }
}

#[tokio::test]
async fn a_flood_of_names_is_hashed_for_no_more_than_four_times_a_second() {
    let world = World::new();
    let access = Arc::new(world.access().await);
    person(&access, "ann", &[]).await;
    let device = Some(sign_in(&access, "ann").await.device);
    let flood = |round: u32| {
        let access = access.clone();
        async move {
            let attempts = (0..200).map(|number| {
                let access = access.clone();
                tokio::spawn(async move {
                    let attacker = at(&format!("10.{round}.0.{number}"));
                    let name = format!("n{number}");
                    matches!(access.sign_in(&name, &wrong(), &attacker).await, Err(SignInRefusal::Wrong))
                })
            });
            let mut tried = 0;
            for attempt in attempts.collect::<Vec<_>>() {
                tried += u32::from(attempt.await.unwrap());
            }
            tried
        }
    };
    // one was used up by Ann
    assert_eq!(flood(1).await, 19);
    world.forward(1);
    assert_eq!(flood(2).await, 4);
    let known = Browser { device, ..browser() };
    access.sign_in("ann", &password(), &known).await.unwrap();
}

#[tokio::test]
async fn what_was_tried_in_a_person_s_name_stands_in_their_trail() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let _ = access.sign_in("ann", &wrong(), &browser()).await;
    let opened = sign_in(&access, "ann").await;
    access.flush().await;
    let rows = access.audit_list("ann", 10).await.unwrap();
    let targets = |row: usize| serde_json::from_str::<Vec<String>>(&rows[row].row.targets).unwrap();
    assert_eq!((rows[0].row.tool.as_str(), rows[0].row.outcome.as_str()), ("sign_in", "ok"));
    let opened = opened.signed_in.session.as_str();
    assert_eq!(targets(0), [opened, "Firefox on Linux", "203.0.113.7", "password"]);
    assert_eq!((rows[1].row.tool.as_str(), rows[1].row.outcome.as_str()), ("sign_in", "wrong"));
    assert_eq!(targets(1), ["Firefox on Linux", "203.0.113.7"]);
    assert_eq!(rows[0].row.door, "page");

    for number in 0..100 {
        let _ = access.sign_in("ann", &wrong(), &at(&format!("192.0.2.{number}"))).await;
        let _ = access.sign_in("nobody", &wrong(), &at(&format!("192.0.2.{number}"))).await;
    }
    let rows = trail(&access, "ann").await;
    let count = |outcome| rows.iter().filter(|(_, found)| found == outcome).count();
    assert_eq!((count("wrong"), count("too_many")), (10, 1), "a flood does not fill the trail");
    assert_eq!(trail(&access, "nobody").await, []);
}

#[tokio::test]
async fn typing_the_password_anew_is_noted_in_that_session() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (here, there) = (sign_in(&access, "ann").await, sign_in(&access, "ann").await);
    world.forward(3600);
    let refused = access.prove(&here.signed_in, &wrong(), &Occasion::Change, &browser()).await;
    assert!(matches!(refused, Err(SignInRefusal::Wrong)));
    let proven =
        async |opened: &access::Opened| access.signed_in(&opened.cookie).await.unwrap().unwrap().proven;
    assert_eq!(proven(&here).await, here.signed_in.proven);
    access.prove(&here.signed_in, &password(), &Occasion::Change, &browser()).await.unwrap();
    assert_eq!((proven(&here).await - here.signed_in.proven).whole_seconds(), 3600);
    assert_eq!(proven(&there).await, there.signed_in.proven);
    assert_eq!(words(&trail(&access, "ann").await)[..2], [("prove", "ok"), ("prove", "wrong")]);

    while !matches!(
        access.prove(&there.signed_in, &wrong(), &Occasion::Change, &browser()).await,
        Err(SignInRefusal::TooMany(_))
    ) {}
    access.prove(&here.signed_in, &password(), &Occasion::Change, &browser()).await.unwrap();
    access.sign_out(&here.signed_in).await.unwrap();
    let ended = access.prove(&here.signed_in, &password(), &Occasion::Change, &browser()).await;
    assert!(matches!(ended, Err(SignInRefusal::Wrong)), "{ended:?}");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_the_old_password() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (here, there) = (sign_in(&access, "ann").await, sign_in(&access, "ann").await);
    let new = Secret::new("another one");
    let change = async |old: &Secret, new: &Secret| {
        access.password_change(&here.signed_in, old, new, &browser()).await
    };
    let refused = change(&wrong(), &new).await;
    assert!(matches!(refused, Err(PasswordRefusal::Old(SignInRefusal::Wrong))), "{refused:?}");
    let refused = change(&password(), &Secret::new("short")).await;
    assert!(matches!(refused, Err(PasswordRefusal::New(access::Error::BadPassword))), "{refused:?}");
    assert!(is_live(&access, &there).await);
    change(&password(), &new).await.unwrap();
    assert!(is_live(&access, &here).await && !is_live(&access, &there).await);
    assert!(access.sign_in("ann", &password(), &browser()).await.is_err());
    access.sign_in("ann", &new, &browser()).await.unwrap();
    let rows = trail(&access, "ann").await;
    let changes: Vec<_> = words(&rows).into_iter().filter(|(tool, _)| *tool == "password_change").collect();
    assert_eq!(changes, [("password_change", "ok"), ("password_change", "wrong")]);
    assert_eq!(access.audit_check("ann").await.unwrap(), access::Chain::Whole(rows.len() as u64));
}

#[tokio::test]
async fn of_two_changes_at_once_with_the_old_password_one_holds() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let here = sign_in(&access, "ann").await.signed_in;
    let (first, second) = (Secret::new("the first one"), Secret::new("the second one"));
    let old = password();
    let browser = browser();
    let changed = tokio::join!(
        access.password_change(&here, &old, &first, &browser),
        access.password_change(&here, &old, &second, &browser),
    );
    let is_right = async |password| access.user_verify("ann", password).await.unwrap().is_some();
    let holds = (is_right(&first).await, is_right(&second).await);
    assert_eq!((changed.0.is_ok(), changed.1.is_ok()), holds);
    assert!(holds.0 != holds.1);
}
