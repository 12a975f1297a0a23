//! What waits is told to the person by mail, and agents by a link.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use domain::{ApprovalPlace, ApprovalRule, Endpoint, Limits, Principal, TlsMode};
use engine::{
    Bounds, Engine, Settings,
    outgoing::{SendOutcome, SendRequest, SendStatus, Sending},
    telling::{NotTold, Told},
};
use storage::Decision;
use testkit::{
    Mail, Options,
    smtp_sink::{Act, Fault, SinkOptions, Stage},
};

use super::outbox_world::{OutboxWorld, SOON, Seeded, bounds, ended, settings_over, to_bob};

const PAGES: &str = "https://mail.example.org";

/// The engine of a server with pages, over the same database.
fn paged(world: &OutboxWorld) -> Engine {
    let random = Arc::new(Seeded(7, AtomicU64::new(0)));
    let settings = settings_over(&world.store, world.clock.clone(), random, None);
    let bounds = Bounds { sending: world.bounds, ..Bounds::default() };
    Engine::bounded(Settings { pages: Some(PAGES.to_owned()), ..settings }, bounds)
}

/// A grant that has every message approved, and an engine with pages.
async fn asking(place: Option<ApprovalPlace>, options: SinkOptions) -> Option<(OutboxWorld, Engine)> {
    let mut world = OutboxWorld::new(options).await?;
    let approval = Some(ApprovalRule::Always);
    world.principal.limits = Limits { approval, approval_place: place, ..Limits::default() };
    let engine = paged(&world);
    Some((world, engine))
}

fn agents() -> [String; 1] {
    ["Claude".to_owned()]
}

fn told(agents: &[String]) -> Told<'_> {
    let until = domain::Timestamp::from_unix_timestamp(1_800_000_000).unwrap();
    Told { waiting: 2, agents, until }
}

fn of_approval(outcome: &SendOutcome) -> SendRequest {
    let approval = outcome.approval.as_ref().map(|approval| approval.id.clone());
    SendRequest { sending: Sending::State { approval }, key: None, at: None }
}

#[tokio::test]
async fn a_mail_from_and_to_the_account_says_where_to_look_and_nothing_of_what_waits() {
    let options = Options::default().with_submission();
    let Some(world) = OutboxWorld::on(options, SinkOptions::default(), &bounds()).await else { return };
    let Some(port) = world.dovecot.submission_port() else { return };
    let mut settings = crate::world::settings(&world.dovecot);
    settings.smtp =
        Some(Endpoint { host: "127.0.0.1".into(), port, tls: TlsMode::None, username: "alice".into() });
    let password = crate::world::credentials("alice-secret");
    let person: Principal = crate::world::principal_with(settings, password, Limits::default());
    let account = person.accounts[0].name.clone();
    paged(&world).tell(&person, &account, told(&agents())).await.unwrap();
    let relay = world.dovecot.sink().unwrap();
    relay.wait_for(1, SOON).unwrap();
    let mail = relay.received().remove(0);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("alice@example.com", &["alice@example.com".into()][..])
    );
    let (head, body) = mail.message.split_once("\r\n\r\n").unwrap();
    for field in [
        "From: Postroom <alice@example.com>",
        "To: alice@example.com",
        "Subject: 2 messages wait for your approval",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    for line in [format!("{PAGES}/approvals"), format!("{PAGES}/agents"), format!("{PAGES}/settings")] {
        assert!(body.contains(&line), "{line}: {body}");
    }
    assert!(!mail.message.contains("apr_") && body.len() < 1_500, "{body}");
}

#[tokio::test]
async fn a_server_that_is_down_leaves_it_untold_and_one_that_falls_silent_unknown() {
    for (stage, is_unknown) in [(Stage::Greeting, false), (Stage::SignIn, false), (Stage::End, true)] {
        let options = SinkOptions::default().fault(Fault::new(stage, Act::Close));
        let Some((world, engine)) = asking(None, options).await else { return };
        let account = world.principal.accounts[0].name.clone();
        let failure = engine.tell(&world.principal, &account, told(&agents())).await.unwrap_err();
        assert_eq!(matches!(failure, NotTold::Unknown(_)), is_unknown, "{stage:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_mail_that_tells_makes_nobody_known_and_is_no_sending_of_a_grant() {
    let Some((mut world, engine)) = asking(None, SinkOptions::default()).await else { return };
    world.principal.limits.approval = Some(ApprovalRule::NewRecipients);
    let account = world.principal.accounts[0].name.clone();
    engine.tell(&world.principal, &account, told(&["bob@example.org".to_owned()])).await.unwrap();
    let mail = world.sink.received().remove(0).message;
    // as a provider files it that files whatever it is handed
    world.maildir.deliver("Sent", 1, &Mail::new(mail, crate::world::NOW)).unwrap();
    assert_eq!(world.send(to_bob(None)).await.unwrap().status, SendStatus::ApprovalNeeded);
    let sums = world.store.outbox_sums(&world.principal.grant, domain::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(sums.messages, 1, "the one that waits");
}

#[tokio::test]
async fn whoever_tells_people_is_woken_by_what_waits_on_a_page() {
    let Some((world, engine)) = asking(None, SinkOptions::default()).await else { return };
    let waiting = engine.something_waits();
    let sending = Box::pin(async { engine.send(&world.principal, to_bob(None)).await.unwrap() });
    let ((), outcome) = tokio::time::timeout(SOON, async { tokio::join!(waiting, sending) }).await.unwrap();
    assert_eq!(outcome.status, SendStatus::ApprovalNeeded);
    let untold = world.store.telling_waiting("alice").await.unwrap();
    assert_eq!((untold.len(), untold[0].is_told), (1, false));
}

#[tokio::test]
async fn what_is_asked_in_the_client_is_told_to_nobody_by_mail() {
    let Some((world, engine)) = asking(Some(ApprovalPlace::Client), SinkOptions::default()).await else {
        return;
    };
    let outcome = engine.send(&world.principal, to_bob(None)).await.unwrap();
    assert_eq!(outcome.status, SendStatus::ApprovalNeeded);
    assert!(world.store.telling_waiting("alice").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_agent_gets_the_link_while_it_waits_and_is_told_what_to_do_with_it() {
    let Some((world, engine)) = asking(None, SinkOptions::default()).await else { return };
    let outcome = engine.send(&world.principal, to_bob(Some("k"))).await.unwrap();
    let approval = outcome.approval.clone().unwrap();
    let page = format!("{PAGES}/approvals/{}", approval.id);
    assert_eq!(approval.url.as_deref(), Some(page.as_str()));
    assert!(outcome.hint.contains(&page) && !outcome.hint.contains("postroom approval"), "{}", outcome.hint);
    assert!(outcome.hint.contains(&format!("`approval_id` {}", approval.id)), "{}", outcome.hint);
    world.store.approval_decide(&approval.id, Decision::Deny, "alice").await.unwrap();
    let denied = engine.send(&world.principal, of_approval(&outcome)).await.unwrap();
    assert_eq!((denied.status, denied.approval.unwrap().url), (SendStatus::Denied, None));
}

#[tokio::test]
async fn who_waits_for_the_person_learns_what_became_of_it_or_that_it_still_waits() {
    let Some((world, engine)) = asking(None, SinkOptions::default()).await else { return };
    let outcome = engine.send(&world.principal, to_bob(Some("k"))).await.unwrap();
    let id = outcome.approval.unwrap().id;
    let soon = Duration::from_millis(50);
    let waits = engine.await_approval(&world.principal, &id, soon).await.unwrap();
    assert_eq!(waits.status, SendStatus::ApprovalNeeded);
    let mut other = world.principal.clone();
    other.grant = domain::GrantId::from_text("gra_other");
    let absent = engine.await_approval(&other, &id, SOON).await.unwrap_err();
    assert_eq!(absent.code, domain::Code::NotFound);
    let waiting = engine.await_approval(&world.principal, &id, SOON);
    let deciding = world.store.approval_decide(&id, Decision::Approve, "alice");
    let (waited, _) = tokio::join!(waiting, deciding);
    assert_eq!(waited.unwrap().status, SendStatus::Sent);
    assert_eq!(ended(&world.sink).len(), 1);
}
