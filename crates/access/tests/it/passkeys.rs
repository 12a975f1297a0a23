//! Passkeys: that they let in, and who tries to get in with an answer that holds nowhere or no more.

use access::{
    Access, Browser, Occasion, Opened, PasskeyQuestion, PasskeyRefusal, Settings, SignInRefusal, SignedIn,
};
use domain::{ApprovalId, PasskeyId, Secret};
use testkit::Authenticator;

use crate::{
    web_sessions::{browser, password, sign_in},
    world::{World, person},
};

const HERE: &str = "http://localhost:8143";

/// A browser in which nobody is signed in yet, with its cookie of visits.
fn visitor() -> Browser {
    Browser { visit: Some(Secret::new("a visit")), ..browser() }
}

/// Ann, signed in, with a passkey.
async fn ann(access: &Access) -> (SignedIn, Authenticator, PasskeyId) {
    person(access, "ann", &[]).await;
    let who = sign_in(access, "ann").await.signed_in;
    let (authenticator, id) = add(access, &who).await;
    (who, authenticator, id)
}

async fn add(access: &Access, who: &SignedIn) -> (Authenticator, PasskeyId) {
    let mut authenticator = Authenticator::at(HERE);
    let asked = access.passkey_add_begin(who).await.unwrap();
    let answer = authenticator.create(&asked.options);
    let id = access.passkey_add(who, &asked.code, &answer, "My telephone", &browser()).await.unwrap();
    (authenticator, id)
}

async fn ask(access: &Access) -> PasskeyQuestion {
    access.passkey_sign_in_begin(&visitor()).await.unwrap()
}

async fn enter(access: &Access, authenticator: &mut Authenticator) -> Result<Opened, SignInRefusal> {
    let asked = ask(access).await;
    let answer = authenticator.get(&asked.options);
    access.passkey_sign_in(&asked.code, &answer, &visitor()).await
}

#[track_caller]
fn assert_wrong<T: std::fmt::Debug>(refused: &Result<T, SignInRefusal>) {
    assert!(matches!(refused, Err(SignInRefusal::Wrong)), "{refused:?}");
}

#[tokio::test]
async fn a_passkey_is_added_named_listed_used_and_removed() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, id) = ann(&access).await;
    let listed = access.passkey_list(&who).await.unwrap();
    assert_eq!((listed[0].name.as_str(), &listed[0].id, listed[0].last_used), ("My telephone", &id, None));
    world.forward(60);
    let opened = enter(&access, &mut authenticator).await.unwrap();
    assert_eq!(opened.signed_in.user.name, "ann");
    assert_ne!(opened.signed_in.session, who.session, "a session of its own");
    assert!(access.signed_in(&opened.cookie).await.unwrap().is_some());
    assert!(access.passkey_rename(&who, &id, " Blue \u{202e}key\n").await.unwrap());
    let listed = access.passkey_list(&who).await.unwrap();
    assert_eq!(listed[0].name, "Blue key");
    assert_eq!(listed[0].last_used, Some(opened.signed_in.proven));
    access.passkey_remove(&who, &id).await.unwrap();
    assert!(access.passkey_list(&who).await.unwrap().is_empty());
    assert_wrong(&enter(&access, &mut authenticator).await);
    assert!(access.signed_in(&opened.cookie).await.unwrap().is_none(), "nor goes on whom it let in");
    access.flush().await;
    let rows = access.audit_list("ann", 10).await.unwrap();
    let tools: Vec<&str> = rows.iter().rev().map(|row| row.row.tool.as_str()).collect();
    assert_eq!(tools, ["sign_in", "passkey_add", "sign_in", "passkey_rename", "passkey_remove"]);
    assert!(rows[2].row.targets.contains("passkey"), "{}", rows[2].row.targets);
}

#[tokio::test]
async fn an_answer_of_another_site_lets_nobody_in() {
    let world = World::new();
    let access = world.access().await;
    let (_, mut authenticator, _) = ann(&access).await;
    for origin in [
        "https://evil.example",
        "http://localhost:8144",
        "https://localhost:8143",
        "http://sub.localhost:8143",
        "null",
        "",
    ] {
        authenticator.origin = origin.to_owned();
        assert_wrong(&enter(&access, &mut authenticator).await);
    }
    authenticator.origin = HERE.to_owned();
    authenticator.site = "evil.example".to_owned();
    assert_wrong(&enter(&access, &mut authenticator).await);
    authenticator.site = "localhost".to_owned();
    enter(&access, &mut authenticator).await.unwrap();
}

#[tokio::test]
async fn a_passkey_made_for_another_site_or_unverified_is_not_added() {
    let world = World::new();
    let access = world.access().await;
    let (who, _, _) = ann(&access).await;
    let forge = async |change: fn(&mut Authenticator)| {
        let mut authenticator = Authenticator::at(HERE);
        change(&mut authenticator);
        let asked = access.passkey_add_begin(&who).await.unwrap();
        let answer = authenticator.create(&asked.options);
        access.passkey_add(&who, &asked.code, &answer, "", &browser()).await
    };
    for change in [
        |it: &mut Authenticator| it.origin = "https://evil.example".to_owned(),
        |it: &mut Authenticator| it.site = "evil.example".to_owned(),
        |it: &mut Authenticator| it.is_verified = false,
    ] {
        assert!(matches!(forge(change).await, Err(PasskeyRefusal::Wrong)));
    }
    assert_eq!(access.passkey_list(&who).await.unwrap().len(), 1);
    forge(|_| ()).await.unwrap();
}

#[tokio::test]
async fn an_answer_counts_once() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, _) = ann(&access).await;
    let asked = ask(&access).await;
    let answer = authenticator.get(&asked.options);
    access.passkey_sign_in(&asked.code, &answer, &visitor()).await.unwrap();
    assert_wrong(&access.passkey_sign_in(&asked.code, &answer, &visitor()).await);
    // nor to another question
    let again = ask(&access).await;
    assert_wrong(&access.passkey_sign_in(&again.code, &answer, &visitor()).await);
    let asked = access.passkey_add_begin(&who).await.unwrap();
    let answer = Authenticator::at(HERE).create(&asked.options);
    access.passkey_add(&who, &asked.code, &answer, "", &browser()).await.unwrap();
    let refused = access.passkey_add(&who, &asked.code, &answer, "", &browser()).await;
    assert!(matches!(refused, Err(PasskeyRefusal::Wrong)), "{refused:?}");
}

#[tokio::test]
async fn of_two_replicas_that_get_one_answer_at_once_one_lets_in() {
    let world = World::new();
    let (here, there) = (world.access().await, world.access().await);
    let (_, mut authenticator, _) = ann(&here).await;
    let asked = ask(&here).await;
    let answer = authenticator.get(&asked.options);
    let visitor = visitor();
    let (first, second) = tokio::join!(
        here.passkey_sign_in(&asked.code, &answer, &visitor),
        there.passkey_sign_in(&asked.code, &answer, &visitor),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn what_one_replica_began_another_finishes() {
    let world = World::new();
    let (here, there) = (world.access().await, world.access().await);
    person(&here, "ann", &[]).await;
    let who = sign_in(&here, "ann").await.signed_in;
    let mut authenticator = Authenticator::at(HERE);
    let asked = here.passkey_add_begin(&who).await.unwrap();
    let answer = authenticator.create(&asked.options);
    there.passkey_add(&who, &asked.code, &answer, "", &browser()).await.unwrap();
    let asked = ask(&here).await;
    let answer = authenticator.get(&asked.options);
    there.passkey_sign_in(&asked.code, &answer, &visitor()).await.unwrap();
}

#[tokio::test]
async fn a_question_is_answered_in_the_browser_or_session_that_it_was_asked_in() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, _) = ann(&access).await;
    let elsewhere = Browser { visit: Some(Secret::new("another visit")), ..browser() };
    let nowhere = browser();
    let asked = ask(&access).await;
    let answer = authenticator.get(&asked.options);
    for wrong in [&elsewhere, &nowhere] {
        assert_wrong(&access.passkey_sign_in(&asked.code, &answer, wrong).await);
    }
    // whoever tried that did not use it up
    access.passkey_sign_in(&asked.code, &answer, &visitor()).await.unwrap();

    let other = sign_in(&access, "ann").await.signed_in;
    let asked = access.passkey_add_begin(&who).await.unwrap();
    let answer = Authenticator::at(HERE).create(&asked.options);
    let refused = access.passkey_add(&other, &asked.code, &answer, "", &browser()).await;
    assert!(matches!(refused, Err(PasskeyRefusal::Wrong)), "{refused:?}");
    let asked = access.passkey_prove_begin(&who, &Occasion::Change).await.unwrap();
    let answer = authenticator.get(&asked.options);
    assert_wrong(&access.passkey_prove(&other, &asked.code, &answer, &browser()).await);
    // nor does an answer of one kind pass for another
    assert_wrong(&access.passkey_sign_in(&asked.code, &answer, &visitor()).await);
    access.passkey_prove(&who, &asked.code, &answer, &browser()).await.unwrap();
}

#[tokio::test]
async fn a_question_waits_five_minutes() {
    let world = World::new();
    let access = world.access().await;
    let (_, mut authenticator, _) = ann(&access).await;
    let (in_time, late) = (ask(&access).await, ask(&access).await);
    let answer = authenticator.get(&in_time.options);
    world.forward(299);
    access.passkey_sign_in(&in_time.code, &answer, &visitor()).await.unwrap();
    let answer = authenticator.get(&late.options);
    world.forward(1);
    assert_wrong(&access.passkey_sign_in(&late.code, &answer, &visitor()).await);
    assert_eq!(access.people_sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn the_passkey_of_somebody_else_proves_nothing() {
    let world = World::new();
    let access = world.access().await;
    let (ann, mut hers, id) = ann(&access).await;
    person(&access, "bob", &[]).await;
    let bob = sign_in(&access, "bob").await.signed_in;
    assert_wrong(&access.passkey_prove_begin(&bob, &Occasion::Change).await);
    let (mut his, _) = add(&access, &bob).await;
    let asked = access.passkey_prove_begin(&bob, &Occasion::Change).await.unwrap();
    let answer = hers.get(&asked.options);
    assert_wrong(&access.passkey_prove(&bob, &asked.code, &answer, &browser()).await);
    // a key of one person under the name of another
    his.user_handle.clone_from(&hers.user_handle);
    assert_wrong(&enter(&access, &mut his).await);
    his.credential_id.clone_from(&hers.credential_id);
    assert_wrong(&enter(&access, &mut his).await);
    // and a passkey that was added belongs to one
    let asked = access.passkey_add_begin(&bob).await.unwrap();
    let answer = hers.create(&asked.options);
    let refused = access.passkey_add(&bob, &asked.code, &answer, "", &browser()).await;
    assert!(matches!(refused, Err(PasskeyRefusal::Known)), "{refused:?}");
    // others' are as if absent
    assert!(!access.passkey_rename(&bob, &id, "mine").await.unwrap());
    assert!(matches!(access.passkey_remove(&bob, &id).await, Err(PasskeyRefusal::Absent)));
    assert_eq!(access.passkey_list(&ann).await.unwrap()[0].name, "My telephone");
}

#[tokio::test]
async fn nobody_gets_in_who_was_disabled_or_whose_passkey_went_while_they_answered() {
    let world = World::new();
    let (access, operator) = (world.access().await, world.access().await);
    let (who, mut authenticator, id) = ann(&access).await;
    let asked = ask(&access).await;
    let answer = authenticator.get(&asked.options);
    operator.user_disable("ann").await.unwrap();
    assert_wrong(&access.passkey_sign_in(&asked.code, &answer, &visitor()).await);
    operator.user_enable("ann").await.unwrap();
    let who = SignedIn { session: sign_in(&access, "ann").await.signed_in.session, ..who };
    let asked = ask(&access).await;
    let answer = authenticator.get(&asked.options);
    operator.passkey_remove(&who, &id).await.unwrap();
    assert_wrong(&access.passkey_sign_in(&asked.code, &answer, &visitor()).await);
}

#[tokio::test]
async fn a_counter_that_goes_back_shows_a_copy() {
    let world = World::new();
    let access = world.access().await;
    let (_, mut authenticator, id) = ann(&access).await;
    authenticator.counter = 41;
    enter(&access, &mut authenticator).await.unwrap();
    for counter in [0, 20, 41] {
        authenticator.counter = counter;
        assert_wrong(&enter(&access, &mut authenticator).await);
    }
    authenticator.counter = 43;
    enter(&access, &mut authenticator).await.unwrap();
    access.flush().await;
    let rows = access.audit_list("ann", 20).await.unwrap();
    let copied: Vec<_> = rows.iter().filter(|row| row.row.tool == "passkey_copied").collect();
    assert_eq!(copied.len(), 3, "{rows:?}");
    assert!(copied[0].row.targets.contains(id.as_str()));
}

#[tokio::test]
async fn an_authenticator_that_did_not_check_who_holds_it_lets_nobody_in() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, _) = ann(&access).await;
    authenticator.is_verified = false;
    assert_wrong(&enter(&access, &mut authenticator).await);
    let asked = access.passkey_prove_begin(&who, &Occasion::Change).await.unwrap();
    assert_eq!(asked.options["userVerification"], "required");
    let answer = authenticator.get(&asked.options);
    assert_wrong(&access.passkey_prove(&who, &asked.code, &answer, &browser()).await);
}

#[tokio::test]
async fn nonsense_of_any_size_is_no_answer() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, _) = ann(&access).await;
    let good = authenticator.get(&ask(&access).await.options);
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let mut deep: serde_json::Value = serde_json::from_str(&good).unwrap();
    deep["response"]["attestationObject"] = base64(&[&[0xa3][..], &[0x81; 8_000]].concat()).into();
    let mut cut: serde_json::Value = serde_json::from_str(&good).unwrap();
    cut["response"]["authenticatorData"] = base64(&[0; 36]).into();
    let mut huge: serde_json::Value = serde_json::from_str(&good).unwrap();
    huge["response"]["signature"] = base64(&vec![7; 100_000]).into();
    let answers = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "\u{0}".to_owned(),
        nested,
        deep.to_string(),
        cut.to_string(),
        huge.to_string(),
        good[..good.len() - 1].to_owned(),
        "x".repeat(1 << 20),
    ];
    for (number, answer) in answers.iter().enumerate() {
        world.forward(60);
        let asked = ask(&access).await;
        assert_wrong(&access.passkey_sign_in(&asked.code, answer, &visitor()).await);
        if number % 4 == 0 {
            world.forward(3600);
        }
        let proven = SignedIn { proven: access_now(&world), ..who.clone() };
        let asked = access.passkey_add_begin(&proven).await.unwrap();
        let refused = access.passkey_add(&proven, &asked.code, answer, "", &browser()).await;
        assert!(matches!(refused, Err(PasskeyRefusal::Wrong)), "{refused:?}");
    }
    for code in ["", "x", &"A".repeat(43), &"é".repeat(43), &"x".repeat(1 << 20)] {
        world.forward(60);
        assert_wrong(&access.passkey_sign_in(&Secret::new(code), &good, &visitor()).await);
    }
}

fn access_now(world: &World) -> domain::Timestamp {
    domain::Clock::now(&*world.clock)
}

fn base64(octets: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

#[tokio::test]
async fn a_proof_holds_for_its_occasion_alone_and_not_for_long() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    let (mut authenticator, _) = add(&access, &opened.signed_in).await;
    let now = async || access.signed_in(&opened.cookie).await.unwrap().unwrap();
    let message = Occasion::Approval(ApprovalId::from_text("apr_1"));
    let other = Occasion::Approval(ApprovalId::from_text("apr_2"));
    assert!(!access.is_proven(&now().await, &message), "a sign-in is no yes to a message");
    world.forward(700);
    assert!(!access.is_proven(&now().await, &Occasion::Change));
    let asked = access.passkey_prove_begin(&now().await, &message).await.unwrap();
    let own = serde_json::json!([{ "type": "public-key", "id": base64(&authenticator.credential_id) }]);
    assert_eq!(asked.options["allowCredentials"], own, "only hers are asked for");
    let answer = authenticator.get(&asked.options);
    access.passkey_prove(&now().await, &asked.code, &answer, &browser()).await.unwrap();
    assert!(access.is_proven(&now().await, &message));
    assert!(!access.is_proven(&now().await, &other));
    world.forward(301);
    assert!(!access.is_proven(&now().await, &message));
}

#[tokio::test]
async fn a_proof_of_a_time_to_come_proves_nothing() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let opened = sign_in(&access, "ann").await;
    for (seconds, is_proven) in [(-60, true), (-1, false), (-86_400, false), (86_461, true)] {
        // a clock that is set back, and put right again
        world.forward(seconds);
        let who = access.signed_in(&opened.cookie).await.unwrap().unwrap();
        assert_eq!(access.is_proven(&who, &Occasion::Change), is_proven, "{seconds}");
    }
}

#[tokio::test]
async fn a_change_of_passkeys_needs_a_proof() {
    let world = World::new();
    let access = world.access().await;
    let (who, _, id) = ann(&access).await;
    world.forward(601);
    assert!(matches!(access.passkey_add_begin(&who).await, Err(PasskeyRefusal::NotProven)));
    assert!(matches!(access.passkey_remove(&who, &id).await, Err(PasskeyRefusal::NotProven)));
}

#[tokio::test]
async fn nobody_has_more_than_twenty() {
    let world = World::new();
    let access = world.access().await;
    let (who, _, _) = ann(&access).await;
    let mut late = Vec::new();
    for _ in 0..2 {
        let asked = access.passkey_add_begin(&who).await.unwrap();
        late.push((Authenticator::at(HERE).create(&asked.options), asked.code));
    }
    for _ in 0..18 {
        add(&access, &who).await;
    }
    let [(first, first_code), (second, second_code)] = late.try_into().unwrap();
    access.passkey_add(&who, &first_code, &first, "", &browser()).await.unwrap();
    // it was asked for while there was room
    let refused = access.passkey_add(&who, &second_code, &second, "", &browser()).await;
    assert!(matches!(refused, Err(PasskeyRefusal::TooMany)), "{refused:?}");
    assert!(matches!(access.passkey_add_begin(&who).await, Err(PasskeyRefusal::TooMany)));
}

#[tokio::test]
async fn another_password_leaves_passkeys_as_they_are() {
    let world = World::new();
    let access = world.access().await;
    let (who, mut authenticator, _) = ann(&access).await;
    access.password_change(&who, &password(), &Secret::new("another one"), &browser()).await.unwrap();
    enter(&access, &mut authenticator).await.unwrap();
    access.user_passwd("ann", &Secret::new("a third one")).await.unwrap();
    enter(&access, &mut authenticator).await.unwrap();
}

#[tokio::test]
async fn passkeys_are_offered_under_a_name_over_tls_or_on_this_machine_only() {
    let world = World::new();
    for (issuer, site) in [
        ("https://mail.example.org", Some("mail.example.org")),
        ("https://mail.example.org:8443", Some("mail.example.org")),
        ("http://localhost:8143", Some("localhost")),
        ("http://mail.example.org", None),
        ("https://192.0.2.1", None),
        ("http://127.0.0.1:8143", None),
        ("https://[2001:db8::1]", None),
        ("nonsense", None),
    ] {
        let settings = Settings { issuer: issuer.to_owned(), ..Settings::default() };
        let access = world.access_with(&settings).await;
        assert_eq!(access.passkey_site().as_deref(), site, "{issuer}");
        assert_eq!(access.passkey_sign_in_begin(&visitor()).await.is_ok(), site.is_some(), "{issuer}");
    }
}

#[tokio::test]
async fn questions_are_limited_for_an_address_and_other_addresses_go_on() {
    let world = World::new();
    let access = world.access().await;
    let mut refused = 0;
    for _ in 0..100 {
        refused += i32::from(access.passkey_sign_in_begin(&visitor()).await.is_err());
    }
    assert_eq!(refused, 40);
    let elsewhere = Browser { address: "198.51.100.9".to_owned(), ..visitor() };
    access.passkey_sign_in_begin(&elsewhere).await.unwrap();
}

#[tokio::test]
async fn neither_questions_nor_passkeys_can_be_read_in_the_database() {
    let world = World::new();
    let access = world.access().await;
    ann(&access).await;
    let asked = ask(&access).await;
    access.flush().await;
    let challenge = asked.options["challenge"].as_str().unwrap();
    let holds = |needle: &str| {
        world.dir.path().read_dir().unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    };
    assert!(holds("My telephone"), "this test can find bytes in the files");
    for secret in [asked.code.expose(), challenge, "ES256", "\"counter\""] {
        assert!(!holds(secret), "{secret}");
    }
}
