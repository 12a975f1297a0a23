//! Links to attachments: what they open, for how long, and every way they stop.

use access::{Access, Error, LinkRefusal, LinkedPart, Refusal};
use domain::{Code, Door, Grant, GrantId, Limits, Principal};
use time::Duration;

use crate::world::{World, person, token};

const MESSAGE: &str = "work/Käse/2026:4711@k2x9";

async fn grant(access: &Access, label: &str) -> (Grant, Principal) {
    let (grant, bearer) = access.token_new("ann", &token(label)).await.unwrap();
    (grant, access.principal(bearer.expose()).await.unwrap())
}

fn link(access: &Access, principal: &Principal) -> String {
    access.link_new(principal, MESSAGE, 3).unwrap().token.expose().to_owned()
}

async fn refusal(access: &Access, link: &str) -> &'static str {
    access.link_open(link).await.unwrap_err().reason()
}

#[tokio::test]
async fn a_link_opens_what_it_was_made_for_under_the_live_grant_in_every_process() {
    let world = World::new();
    let (serve, replica) = (world.access().await, world.access().await);
    person(&serve, "ann", &["work", "home"]).await;
    let mut new = token("agent");
    new.accounts = Some(vec![crate::world::name("work")]);
    new.limits = Limits { folders: vec!["Käse".to_owned()], ..Limits::default() };
    let (grant, bearer) = serve.token_new("ann", &new).await.unwrap();
    let principal = serve.principal(bearer.expose()).await.unwrap();
    let link = link(&serve, &principal);
    let LinkedPart { principal: opened, message, index } = replica.link_open(&link).await.unwrap();
    assert_eq!((message.as_str(), index), (MESSAGE, 3));
    assert_eq!((&opened.grant, opened.user.as_str(), opened.door), (&grant.id, "ann", Door::Link));
    assert_eq!((opened.scopes, &opened.limits), (principal.scopes, &new.limits));
    assert_eq!(opened.accounts.len(), 1, "within the grant's accounts");
    serve.account_remove("ann", &crate::world::name("work")).await.unwrap();
    assert!(replica.link_open(&link).await.unwrap().principal.accounts.is_empty());
}

#[tokio::test]
async fn a_link_is_short_fit_for_a_url_and_shows_nothing() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (grant, principal) = grant(&access, "agent").await;
    let link = access.link_new(&principal, "work/@inbox:4711@k2x9", 0).unwrap();
    let text = link.token.expose();
    assert!(text.len() <= 102, "{} characters", text.len());
    assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
    assert!(!format!("{link:?}").contains(text), "Debug shows it");
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text).unwrap();
    let id = grant.id.to_bytes().unwrap();
    for secret in [b"@inbox".as_slice(), &id] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    assert_ne!(self::link(&access, &principal), self::link(&access, &principal));
}

#[tokio::test]
async fn a_link_ends_after_a_quarter_of_an_hour() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (_, principal) = grant(&access, "agent").await;
    let made = access.link_new(&principal, MESSAGE, 3).unwrap();
    assert_eq!(made.expires - domain::Clock::now(&*world.clock), Duration::minutes(15));
    world.forward(15 * 60 - 1);
    assert!(access.link_open(made.token.expose()).await.is_ok());
    world.forward(1);
    assert!(matches!(access.link_open(made.token.expose()).await, Err(LinkRefusal::Expired)));
}

#[tokio::test]
async fn no_link_opens_with_a_character_changed_taken_away_or_added() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (_, principal) = grant(&access, "agent").await;
    let link = link(&access, &principal);
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=";
    for (place, digit) in link.char_indices() {
        for other in digits.chars().filter(|other| *other != digit) {
            let changed = [&link[..place], &other.to_string(), &link[place + 1..]].concat();
            assert_eq!(refusal(&access, &changed).await, "unknown", "{place} {other}");
        }
        assert_eq!(refusal(&access, &[&link[..place], &link[place + 1..]].concat()).await, "unknown");
        assert_eq!(refusal(&access, &link[..place]).await, "unknown");
    }
    for wrong in [link.clone() + "A", format!(" {link}"), "A".repeat(100_000), "ä".to_owned()] {
        assert_eq!(refusal(&access, &wrong).await, "unknown");
    }
    assert!(access.link_open(&link).await.is_ok());
}

#[tokio::test]
async fn what_was_sealed_for_another_purpose_or_by_another_key_is_no_link() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (grant, principal) = grant(&access, "agent").await;
    let sealer = world.store().await.sealer().clone();
    let inside = [&[0xff; 4][..], &[0, 3], &grant.id.to_bytes().unwrap(), MESSAGE.as_bytes()].concat();
    assert!(access.link_open(&sealer.seal_text("link", &[], &inside)).await.is_ok(), "the right one opens");
    for (purpose, context, bytes) in [
        ("cursor", &[][..], &inside[..]),
        ("link", &["ann"], &inside),
        ("link", &[], &[]),
        ("link", &[], &inside[..21]),
        ("link", &[], &[&inside[..], &[0xff]].concat()),
    ] {
        assert_eq!(refusal(&access, &sealer.seal_text(purpose, context, bytes)).await, "unknown");
    }
    let elsewhere = World::new();
    let stranger = elsewhere.access_without_store();
    assert_eq!(refusal(&stranger, &link(&access, &principal)).await, "unknown");
}

#[tokio::test]
async fn a_link_ends_with_its_grant_and_its_user_and_with_no_other() {
    let world = World::new();
    let (serve, command) = (world.access().await, world.access().await);
    person(&command, "ann", &[]).await;
    let (first, kept) = (grant(&command, "first").await.1, grant(&command, "kept").await.1);
    let (first, kept) = (link(&serve, &first), link(&serve, &kept));
    command.token_revoke("ann", "first").await.unwrap();
    assert_eq!(refusal(&serve, &first).await, "revoked");
    assert!(serve.link_open(&kept).await.is_ok());
    let mut brief = token("brief");
    brief.lifetime = Some(Duration::minutes(1));
    let (_, bearer) = command.token_new("ann", &brief).await.unwrap();
    let brief = link(&serve, &serve.principal(bearer.expose()).await.unwrap());
    world.forward(60);
    assert_eq!(refusal(&serve, &brief).await, "expired");
    command.user_disable("ann").await.unwrap();
    assert_eq!(refusal(&serve, &kept).await, "user_disabled");
}

#[tokio::test]
async fn a_link_opens_nothing_once_its_grant_may_not_read() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let mut rows_only = token("rows");
    rows_only.scopes = domain::Scopes::parse("search").unwrap();
    let (grant, bearer) = access.token_new("ann", &rows_only).await.unwrap();
    let link = link(&access, &access.principal(bearer.expose()).await.unwrap());
    assert_eq!(refusal(&access, &link).await, "scope_missing");
    let again = access.link_principal(&grant.id).await;
    assert!(matches!(again, Err(LinkRefusal::ScopeMissing)));
}

#[tokio::test]
async fn the_grant_is_asked_again_while_a_file_is_sent() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (grant, _) = grant(&access, "agent").await;
    assert_eq!(access.link_principal(&grant.id).await.unwrap().grant, grant.id);
    access.token_revoke("ann", "agent").await.unwrap();
    let ended = access.link_principal(&grant.id).await;
    assert!(matches!(ended, Err(LinkRefusal::Grant(Refusal::Revoked))));
    let unknown = access.link_principal(&GrantId::from_text("gra_x")).await;
    assert!(matches!(unknown, Err(LinkRefusal::Grant(Refusal::Unknown))));
}

#[tokio::test]
async fn what_a_link_cannot_name_is_refused_when_it_is_made() {
    let world = World::new();
    let access = world.access().await;
    person(&access, "ann", &[]).await;
    let (_, principal) = grant(&access, "agent").await;
    let longest = format!("work/{}:1@1", "x".repeat(4087));
    let link = access.link_new(&principal, &longest, 65_535).unwrap();
    let opened = access.link_open(link.token.expose()).await.unwrap();
    assert_eq!((opened.message, opened.index), (longest.clone(), 65_535));
    for (message, index) in [(longest.as_str(), 65_536), (&(longest.clone() + "1"), 0)] {
        let error = access.link_new(&principal, message, index).unwrap_err();
        assert!(matches!(error, Error::NotLinkable));
        assert_eq!(error.code(), Code::NotSupported);
    }
    let without_store = world.access_without_store().link_new(&principal, MESSAGE, 0);
    assert!(matches!(without_store, Err(Error::NoStore)));
}
