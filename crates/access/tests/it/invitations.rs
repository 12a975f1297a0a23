//! Links that let somebody in once.

use access::{Access, Browser, Error, Purpose, Settings, SignInRefusal, Signup};
use domain::{InvitationId, Secret};

use crate::{
    web_sessions::{browser, is_live, password, sign_in},
    world::{World, person},
};

const HOUR: i64 = 3600;

async fn set_up(access: &Access) -> access::Opened {
    let code = access.setup_code().await.unwrap().unwrap();
    access.invitation_accept(&code, "ann", &password(), &browser()).await.unwrap()
}

#[tokio::test]
async fn the_first_person_comes_by_the_link_of_set_up_and_administrates() {
    let world = World::new();
    let access = world.access().await;
    assert!(!access.has_users().await.unwrap());
    let earlier = access.setup_code().await.unwrap().unwrap();
    let code = access.setup_code().await.unwrap().unwrap();
    assert_eq!(code.expose().len(), 43);
    for code in [&earlier, &code] {
        assert_eq!(access.invitation(code).await.unwrap().unwrap().purpose, Purpose::Setup);
    }
    let opened = access.invitation_accept(&code, "ann", &password(), &browser()).await.unwrap();
    assert!(opened.signed_in.user.is_admin && is_live(&access, &opened).await);
    assert!(access.has_users().await.unwrap());
    assert!(access.setup_code().await.unwrap().is_none());
    for code in [&earlier, &code] {
        assert!(access.invitation(code).await.unwrap().is_none());
        let over = access.invitation_accept(code, "eve", &password(), &browser()).await;
        assert!(matches!(over, Err(Error::InvitationOver)), "{over:?}");
    }
    sign_in(&access, "ann").await;
}

#[tokio::test]
async fn a_link_of_set_up_works_for_a_day_and_not_once_the_operator_added_somebody() {
    let world = World::new();
    let access = world.access().await;
    let code = access.setup_code().await.unwrap().unwrap();
    world.forward(24 * HOUR - 1);
    assert!(access.invitation(&code).await.unwrap().is_some());
    world.forward(1);
    assert!(access.invitation(&code).await.unwrap().is_none());
    let code = access.setup_code().await.unwrap().unwrap();
    person(&access, "ann", &[]).await;
    assert!(access.invitation(&code).await.unwrap().is_none());
    assert_eq!(access.people_sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn two_who_set_up_at_once_make_one_administrator() {
    let world = World::new();
    let (here, there) = (world.access().await, world.access().await);
    let codes = [here.setup_code().await.unwrap().unwrap(), there.setup_code().await.unwrap().unwrap()];
    let accept = |access: Access, code: Secret, name: &'static str| {
        tokio::spawn(async move { access.invitation_accept(&code, name, &password(), &browser()).await })
    };
    let [one, two] = codes;
    let (one, two) = (accept(here.clone(), one, "ann"), accept(there, two, "bob"));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let users = here.user_list().await.unwrap();
    assert!(users.len() == 1 && users[0].is_admin, "{users:?}");
}

#[tokio::test]
async fn an_invitation_makes_one_person_within_a_week() {
    let world = World::new();
    let access = world.access().await;
    set_up(&access).await;
    let (made, code) = access.invitation_new("ann", false, " for Bob\n ").await.unwrap();
    assert_eq!((made.note.as_str(), made.made_by.as_str()), ("for Bob", "ann"));
    assert_eq!((made.expires - made.created).whole_days(), 7);
    assert_eq!(access.invitation(&code).await.unwrap(), Some(made.clone()));
    assert_eq!(access.invitation_list().await.unwrap(), [made]);
    let opened = access.invitation_accept(&code, "bob", &password(), &browser()).await.unwrap();
    assert!(!opened.signed_in.user.is_admin && is_live(&access, &opened).await);
    let again = access.invitation_accept(&code, "bobby", &password(), &browser()).await;
    assert!(matches!(again, Err(Error::InvitationOver)), "{again:?}");
    assert_eq!(access.invitation_list().await.unwrap(), []);

    let (_, admin) = access.invitation_new("ann", true, "").await.unwrap();
    let cec = access.invitation_accept(&admin, "cec", &password(), &browser()).await.unwrap();
    assert!(cec.signed_in.user.is_admin);
    let (_, late) = access.invitation_new("ann", false, &"x".repeat(10_000)).await.unwrap();
    assert_eq!(access.invitation_list().await.unwrap()[0].note.len(), 200);
    world.forward(7 * 24 * HOUR);
    let late = access.invitation_accept(&late, "dan", &password(), &browser()).await;
    assert!(matches!(late, Err(Error::InvitationOver)), "{late:?}");
    access.flush().await;
    let tools = async |user| {
        let rows = access.audit_list(user, 10).await.unwrap();
        rows.into_iter().map(|row| row.row.tool).collect::<Vec<_>>()
    };
    assert_eq!(tools("bob").await, ["sign_in", "invitation_accept"]);
    assert_eq!(tools("ann").await[..3], ["invitation", "invitation", "invitation"]);
}

#[tokio::test]
async fn a_form_posted_twice_at_once_makes_one_person() {
    let world = World::new();
    let access = world.access().await;
    set_up(&access).await;
    let (_, code) = access.invitation_new("ann", false, "").await.unwrap();
    let accept = |name: &'static str| {
        let (access, code) = (access.clone(), code.clone());
        tokio::spawn(async move { access.invitation_accept(&code, name, &password(), &browser()).await })
    };
    let posted = [accept("bob"), accept("bob"), accept("cec")];
    let mut made = 0;
    for posted in posted {
        made += usize::from(posted.await.unwrap().is_ok());
    }
    assert_eq!((made, access.user_list().await.unwrap().len()), (1, 2));
}

#[tokio::test]
async fn who_cannot_be_called_that_tries_another_name_with_the_same_link() {
    let world = World::new();
    let access = world.access().await;
    set_up(&access).await;
    let (_, code) = access.invitation_new("ann", false, "").await.unwrap();
    for _ in 0..8 {
        let taken = access.invitation_accept(&code, "ann", &password(), &browser()).await;
        assert!(matches!(taken, Err(Error::UserTaken(_))), "{taken:?}");
        let odd = access.invitation_accept(&code, "Bob B", &password(), &browser()).await;
        assert!(matches!(odd, Err(Error::BadUserName)), "{odd:?}");
        let short = access.invitation_accept(&code, "bob", &Secret::new("short"), &browser()).await;
        assert!(matches!(short, Err(Error::BadPassword)), "{short:?}");
    }
    access.invitation_accept(&code, "bob", &password(), &browser()).await.unwrap();
}

#[tokio::test]
async fn guessing_at_links_is_slow_for_an_address() {
    let world = World::new();
    let access = world.access().await;
    set_up(&access).await;
    let guess = async |code: &str| {
        access.invitation_accept(&Secret::new(code), "eve", &password(), &browser()).await.unwrap_err()
    };
    for _ in 0..5 {
        assert!(matches!(guess(&"A".repeat(43)).await, Error::InvitationOver));
        let refused = access.reset_accept(&Secret::new("x"), &password(), &browser()).await;
        assert!(matches!(refused, Err(Error::InvitationOver)), "{refused:?}");
    }
    let refused = guess("").await;
    assert!(matches!(refused, Error::TooManyAttempts(10)), "{refused:?}");
    let problem = domain::Problem::from(refused);
    assert_eq!((problem.code, problem.retry_after), (domain::Code::RateLimited, Some(10)));
}

#[tokio::test]
async fn a_reset_sets_the_password_once_and_ends_all_sessions() {
    let world = World::new();
    let access = world.access().await;
    let ann = set_up(&access).await;
    let (_, first) = access.reset_new("", "ann").await.unwrap();
    let (made, second) = access.reset_new("ann", "ann").await.unwrap();
    assert_eq!(
        (made.purpose.clone(), made.made_by.as_str()),
        (Purpose::Reset { user: "ann".to_owned() }, "ann")
    );
    assert!(access.invitation(&first).await.unwrap().is_none(), "a newer link ends an older one");
    assert_eq!(access.invitation(&second).await.unwrap().unwrap(), made);
    assert_eq!(access.invitation_list().await.unwrap(), [], "it invites nobody");
    let new = Secret::new("another one");
    let wrong_door = access.invitation_accept(&second, "eve", &password(), &browser()).await;
    assert!(matches!(wrong_door, Err(Error::InvitationOver)), "{wrong_door:?}");
    let short = access.reset_accept(&second, &Secret::new("short"), &browser()).await;
    assert!(matches!(short, Err(Error::BadPassword)), "{short:?}");
    let opened = access.reset_accept(&second, &new, &browser()).await.unwrap().opened().unwrap();
    assert!(is_live(&access, &opened).await && !is_live(&access, &ann).await);
    assert!(matches!(access.reset_accept(&second, &new, &browser()).await, Err(Error::InvitationOver)));
    assert!(matches!(access.sign_in("ann", &password(), &browser()).await, Err(SignInRefusal::Wrong)));
    access.sign_in("ann", &new, &browser()).await.unwrap();
}

#[tokio::test]
async fn a_reset_ends_with_its_day_with_another_password_and_with_its_person() {
    let world = World::new();
    let access = world.access().await;
    set_up(&access).await;
    person(&access, "bob", &[]).await;
    let (_, late) = access.reset_new("ann", "bob").await.unwrap();
    world.forward(24 * HOUR);
    assert!(access.invitation(&late).await.unwrap().is_none());
    let (_, changed) = access.reset_new("ann", "bob").await.unwrap();
    let bob = sign_in(&access, "bob").await.signed_in;
    access.password_change(&bob, &password(), &Secret::new("another one"), &browser()).await.unwrap();
    assert!(access.invitation(&changed).await.unwrap().is_none());
    let (_, disabled) = access.reset_new("ann", "bob").await.unwrap();
    access.user_disable("bob").await.unwrap();
    assert!(access.invitation(&disabled).await.unwrap().is_none());
    let refused = access.reset_new("ann", "bob").await;
    assert!(matches!(refused, Err(Error::UserDisabled(_))), "{refused:?}");
    access.user_enable("bob").await.unwrap();
    assert!(access.invitation(&disabled).await.unwrap().is_none());
    let nobody = access.reset_new("ann", "bbo").await;
    assert!(matches!(nobody, Err(Error::UserNotFound { nearest: Some(name), .. }) if name == "bob"));
}

#[tokio::test]
async fn an_administrator_withdraws_an_invitation_and_nobody_else_does() {
    let world = World::new();
    let access = world.access().await;
    let ann = set_up(&access).await.signed_in;
    person(&access, "bob", &[]).await;
    let bob = sign_in(&access, "bob").await.signed_in;
    let (made, code) = access.invitation_new("ann", false, "").await.unwrap();
    assert!(!access.invitation_withdraw(&bob, &made.id).await.unwrap());
    assert!(access.invitation(&code).await.unwrap().is_some());
    assert!(!access.invitation_withdraw(&ann, &InvitationId::from_text("inv_none")).await.unwrap());
    assert!(access.invitation_withdraw(&ann, &made.id).await.unwrap());
    assert!(access.invitation(&code).await.unwrap().is_none());
    assert!(!access.invitation_withdraw(&ann, &made.id).await.unwrap());
}

#[tokio::test]
async fn who_may_make_themselves_a_user_is_the_operator_s_choice() {
    let world = World::new();
    let with = async |signup| world.access_with(&Settings { signup, ..Settings::default() }).await;
    let (open, invite, off) = (with(Signup::Open).await, with(Signup::Invite).await, with(Signup::Off).await);
    let sign_up = async |access: &Access, name: &str, from: u8| {
        let browser = Browser { address: format!("192.0.2.{from}"), ..browser() };
        access.sign_up(name, &password(), &browser).await
    };
    let first = sign_up(&open, "eve", 1).await;
    assert!(matches!(first, Err(Error::SignupClosed)), "a stranger does not become administrator: {first:?}");
    set_up(&off).await;
    for closed in [&invite, &off] {
        let refused = sign_up(closed, "bob", 1).await;
        assert!(matches!(refused, Err(Error::SignupClosed)), "{refused:?}");
    }
    let opened = sign_up(&open, "bob", 1).await.unwrap();
    assert!(!opened.signed_in.user.is_admin && is_live(&invite, &opened).await);
    let taken = sign_up(&open, "ann", 1).await;
    assert!(matches!(taken, Err(Error::UserTaken(_))), "{taken:?}");
    for number in 0..8 {
        sign_up(&open, &format!("n{number}"), 1).await.unwrap();
    }
    let refused = sign_up(&open, "n9", 1).await;
    assert!(matches!(refused, Err(Error::TooManyAttempts(_))), "{refused:?}");

    let (_, code) = invite.invitation_new("ann", false, "").await.unwrap();
    assert!(off.invitation(&code).await.unwrap().is_none());
    assert!(matches!(off.invitation_new("ann", false, "").await, Err(Error::SignupClosed)));
    let refused = off.invitation_accept(&code, "cec", &password(), &browser()).await;
    assert!(matches!(refused, Err(Error::InvitationOver)), "{refused:?}");
    off.reset_new("ann", "bob").await.unwrap();
    invite.invitation_accept(&code, "cec", &password(), &browser()).await.unwrap();
}
