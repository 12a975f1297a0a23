//! One-time codes beside the password, and recovery codes in their place.

use access::{Access, Browser, CodeFault, CodeStep, CodesState, Opened, SignInStep, SignedIn};
use domain::{Clock as _, Secret};
use totp_rs::{Builder, Totp};

use crate::{
    web_sessions::{browser, password, sign_in},
    world::{World, person},
};

/// A browser with a cookie of its own.
fn visiting(visit: &str) -> Browser {
    Browser { visit: Some(Secret::new(visit)), ..browser() }
}

/// The app of somebody to whom this was shown.
fn app(secret: &Secret) -> Totp {
    let secret = totp_rs::Secret::try_from_base32(secret.expose()).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

fn code(app: &Totp, world: &World, off: i64) -> String {
    app.generate((world.clock.now().unix_timestamp() + off).try_into().unwrap()).to_string()
}

/// Ann, signed in, with an app and her recovery codes.
async fn with_codes(world: &World, access: &Access) -> (SignedIn, Totp, Vec<Secret>) {
    person(access, "ann", &[]).await;
    let who = sign_in(access, "ann").await.signed_in;
    assert!(access.codes_begin(&who).await.unwrap());
    let app = app(&access.codes_setup(&who).await.unwrap().unwrap().secret);
    let recovery = access.codes_confirm(&who, &code(&app, world, 0)).await.unwrap();
    // the next one was not used yet
    world.forward(30);
    (who, app, recovery)
}

async fn ask(access: &Access, browser: &Browser) -> Secret {
    match access.sign_in("ann", &password(), browser).await.unwrap() {
        SignInStep::NeedsCode { pending } => pending,
        SignInStep::Opened(_) => panic!("a password alone let in"),
    }
}

async fn answer(access: &Access, browser: &Browser, typed: &str) -> CodeStep {
    let pending = ask(access, browser).await;
    access.sign_in_with_code(&pending, typed, browser).await.unwrap()
}

fn opened(step: CodeStep) -> Opened {
    match step {
        CodeStep::Opened(opened) => opened,
        other => panic!("{other:?}"),
    }
}

fn fault(step: CodeStep) -> CodeFault {
    match step {
        CodeStep::Again { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn codes_are_asked_for_once_a_first_one_was_typed_and_not_before() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let who = sign_in(&access, "ann").await.signed_in;
    assert_eq!(access.codes_state(&who).await.unwrap(), CodesState::Off);
    assert!(access.codes_setup(&who).await.unwrap().is_none());
    access.codes_begin(&who).await.unwrap();
    assert_eq!(access.codes_state(&who).await.unwrap(), CodesState::Waiting);
    sign_in(&access, "ann").await;
    let first = app(&access.codes_setup(&who).await.unwrap().unwrap().secret);
    // begun anew in another tab: the app of before is of no use
    access.codes_begin(&who).await.unwrap();
    let app = app(&access.codes_setup(&who).await.unwrap().unwrap().secret);
    let wrong = access.codes_confirm(&who, &code(&first, &world, 0)).await;
    assert!(matches!(wrong, Err(CodeFault::Wrong)), "{wrong:?}");
    let drifted = access.codes_confirm(&who, &code(&app, &world, 120)).await;
    assert!(matches!(drifted, Err(CodeFault::Drifted(120))), "{drifted:?}");
    sign_in(&access, "ann").await;

    let recovery = access.codes_confirm(&who, &code(&app, &world, 0)).await.unwrap();
    assert_eq!(recovery.len(), 10);
    let state = access.codes_state(&who).await.unwrap();
    assert_eq!(state, CodesState::On { since: world.clock.now(), recovery: 10 });
    // the secret is not shown again, and cannot be replaced by whoever finds the browser
    assert!(access.codes_setup(&who).await.unwrap().is_none());
    assert!(!access.codes_begin(&who).await.unwrap());
    // the code that switched them on lets nobody in
    let visit = visiting("a");
    let step = answer(&access, &visit, &code(&app, &world, 0)).await;
    assert!(matches!(fault(step), CodeFault::Used));
}

#[tokio::test]
async fn a_code_lets_in_once_and_a_replay_is_refused_wherever_it_arrives() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, _) = with_codes(&world, &access).await;
    let (first, second) = (visiting("first"), visiting("second"));
    let typed = code(&app, &world, 0);
    // both are asked before either answers, at two servers over one database
    let other = world.access().await;
    let (one, two) = (ask(&access, &first).await, ask(&other, &second).await);
    let (one, two) = tokio::join!(
        access.sign_in_with_code(&one, &typed, &first),
        other.sign_in_with_code(&two, &typed, &second)
    );
    let steps = [one.unwrap(), two.unwrap()];
    let let_in = steps.iter().filter(|step| matches!(step, CodeStep::Opened(_))).count();
    let used = |step: &&CodeStep| matches!(step, CodeStep::Again { fault: CodeFault::Used, .. });
    assert_eq!((let_in, steps.iter().filter(used).count()), (1, 1), "{steps:?}");
    // an older one is not taken either, though its time is not over
    let step = answer(&access, &first, &code(&app, &world, -30)).await;
    assert!(matches!(fault(step), CodeFault::Used));
    world.forward(30);
    opened(answer(&access, &first, &code(&app, &world, 0)).await);
}

#[tokio::test]
async fn clocks_that_differ_a_little_do_no_harm_and_those_that_differ_more_are_told() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, _) = with_codes(&world, &access).await;
    let visit = visiting("a");
    for (off, seconds) in [(-300, -300), (60, 60), (300, 300)] {
        let step = answer(&access, &visit, &code(&app, &world, off)).await;
        assert!(matches!(fault(step), CodeFault::Drifted(told) if told == seconds), "{off}");
    }
    opened(answer(&access, &visit, &code(&app, &world, 30)).await);
}

#[tokio::test]
async fn what_waits_for_a_code_is_bound_to_its_browser_and_to_five_minutes() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, _) = with_codes(&world, &access).await;
    let visit = visiting("hers");
    let pending = ask(&access, &visit).await;
    let typed = code(&app, &world, 0);
    for elsewhere in [visiting("another"), browser()] {
        let step = access.sign_in_with_code(&pending, &typed, &elsewhere).await.unwrap();
        assert!(matches!(step, CodeStep::Over), "{step:?}");
    }
    for nothing in ["", "x", &"x".repeat(100_000)] {
        let step = access.sign_in_with_code(&Secret::new(nothing), &typed, &visit).await.unwrap();
        assert!(matches!(step, CodeStep::Over), "{step:?}");
    }
    // wrong ones do not make it last longer
    world.forward(4 * 60);
    let step = access.sign_in_with_code(&pending, "000000", &visit).await.unwrap();
    let CodeStep::Again { pending, .. } = step else { panic!("{step:?}") };
    world.forward(61);
    let step = access.sign_in_with_code(&pending, &code(&app, &world, 0), &visit).await.unwrap();
    assert!(matches!(step, CodeStep::Over), "{step:?}");
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_and_a_person_who_was_shut_out_open_nothing() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, _) = with_codes(&world, &access).await;
    let visit = visiting("a");
    let pending = ask(&access, &visit).await;
    access.user_passwd("ann", &Secret::new("another long one")).await.unwrap();
    let step = access.sign_in_with_code(&pending, &code(&app, &world, 0), &visit).await.unwrap();
    assert!(matches!(step, CodeStep::Over), "{step:?}");
    access.user_passwd("ann", &password()).await.unwrap();
    let pending = ask(&access, &visit).await;
    access.user_disable("ann").await.unwrap();
    let step = access.sign_in_with_code(&pending, &code(&app, &world, 30), &visit).await.unwrap();
    assert!(matches!(step, CodeStep::Over), "{step:?}");
}

#[tokio::test]
async fn guessing_codes_is_slow_and_takes_no_tries_from_the_browser_that_the_person_uses() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, recovery) = with_codes(&world, &access).await;
    let known = opened(answer(&access, &visiting("hers"), &code(&app, &world, 0)).await).device;
    world.forward(30);
    // somebody who knows the password guesses, from ever other browsers
    let mut refused = 0;
    for number in 0..5 {
        let visit = visiting(&format!("{number}"));
        let mut pending = ask(&access, &visit).await;
        for _ in 0..4 {
            world.forward(1);
            let step = access.sign_in_with_code(&pending, "123456", &visit).await.unwrap();
            let CodeStep::Again { fault, pending: next } = step else { panic!("{step:?}") };
            refused += usize::from(matches!(fault, CodeFault::TooMany(_)));
            pending = next;
        }
    }
    assert!(refused >= 14, "{refused}");
    // while it lasts, not even a right one is looked at there
    let step = answer(&access, &visiting("x"), recovery[0].expose()).await;
    assert!(matches!(fault(step), CodeFault::TooMany(_)));
    let hers = Browser { device: Some(known), ..visiting("hers") };
    opened(answer(&access, &hers, &code(&app, &world, 0)).await);
}

#[tokio::test]
async fn who_knows_only_the_password_asks_for_codes_a_few_times_and_keeps_nobody_out() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, _) = with_codes(&world, &access).await;
    let hers = visiting("hers");
    let known = opened(answer(&access, &hers, &code(&app, &world, 0)).await).device;
    world.forward(30);
    // she has typed her password, and looks for her telephone
    let hers = Browser { device: Some(known), ..hers };
    let pending = ask(&access, &hers).await;
    let (mut asked, mut refused) = (0, 0);
    for number in 0..40 {
        let visit = visiting(&format!("{number}"));
        match access.sign_in("ann", &password(), &visit).await {
            Ok(SignInStep::NeedsCode { .. }) => asked += 1,
            Err(access::SignInRefusal::TooMany(_)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(asked <= 10 && refused >= 30, "{asked} {refused}");
    let step = access.sign_in_with_code(&pending, &code(&app, &world, 0), &hers).await.unwrap();
    opened(step);
}

#[tokio::test]
async fn a_password_counts_as_an_attempt_only_until_the_code_was_right() {
    let world = World::new();
    let access = world.access().await;
    let (_, app, recovery) = with_codes(&world, &access).await;
    let visit = visiting("hers");
    // at once, more often than a browser that is not known may fail
    for recovery in &recovery {
        opened(answer(&access, &visit, recovery.expose()).await);
    }
    opened(answer(&access, &visit, &code(&app, &world, 0)).await);
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_all_end_with_new_ones() {
    let world = World::new();
    let access = world.access().await;
    let (who, _, recovery) = with_codes(&world, &access).await;
    let visit = visiting("a");
    let shouted = recovery[3].expose().to_uppercase().replace('-', " ");
    opened(answer(&access, &visit, &shouted).await);
    let step = answer(&access, &visit, recovery[3].expose()).await;
    assert!(matches!(fault(step), CodeFault::Wrong));
    assert!(matches!(access.codes_state(&who).await.unwrap(), CodesState::On { recovery: 9, .. }));

    let renewed = access.recovery_new(&who).await.unwrap().unwrap();
    let step = answer(&access, &visit, recovery[4].expose()).await;
    assert!(matches!(fault(step), CodeFault::Wrong));
    opened(answer(&access, &visit, renewed[4].expose()).await);

    // of bob's codes none is ann's
    person(&access, "bob", &[]).await;
    let bob = sign_in(&access, "bob").await.signed_in;
    assert!(access.recovery_new(&bob).await.unwrap().is_none(), "he is asked for no codes");
}

#[tokio::test]
async fn a_wrong_password_is_told_alike_with_and_without_codes_and_a_reset_leaves_them_on() {
    let world = World::new();
    let access = world.access().await;
    let (who, _, _) = with_codes(&world, &access).await;
    let refused = access.sign_in("ann", &Secret::new("a wrong one"), &visiting("a")).await;
    assert!(matches!(refused, Err(access::SignInRefusal::Wrong)), "{refused:?}");
    let (_, link) = access.reset_new("ann", "ann").await.unwrap();
    access.reset_accept(&link, &Secret::new("a new long one"), &visiting("b")).await.unwrap();
    assert!(matches!(access.codes_state(&who).await.unwrap(), CodesState::On { .. }));
    // only who administrates, or the person, ends them; recorded in the person's trail
    assert!(access.codes_end_of(&who.user.name).await.unwrap());
    assert!(!access.codes_end_of(&who.user.name).await.unwrap());
    access.flush().await;
    let rows = access.audit_list("ann", 100).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.row.tool == "codes_off").count(), 1);
    let step = access.sign_in("ann", &Secret::new("a new long one"), &visiting("c")).await.unwrap();
    assert!(step.opened().is_some());
}

#[tokio::test]
async fn neither_secret_nor_recovery_codes_are_in_the_database_in_the_clear() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let who = sign_in(&access, "ann").await.signed_in;
    access.codes_begin(&who).await.unwrap();
    let secret = access.codes_setup(&who).await.unwrap().unwrap().secret;
    let raw = totp_rs::Secret::try_from_base32(secret.expose()).unwrap();
    let recovery = access.codes_confirm(&who, &code(&app(&secret), &world, 0)).await.unwrap();
    access.flush().await;
    let mut wanted = vec![secret.expose().as_bytes().to_vec(), raw.as_bytes().to_vec()];
    for code in &recovery {
        wanted.push(code.expose().as_bytes().to_vec());
        wanted.push(code.expose().replace('-', "").into_bytes());
    }
    for file in world.dir.path().read_dir().unwrap() {
        let octets = std::fs::read(file.unwrap().path()).unwrap();
        for wanted in &wanted {
            assert!(!octets.windows(wanted.len()).any(|window| window == wanted));
        }
    }
}
