//! Grants and the bearers that stand for them.

use domain::{ApprovalPlace, ApprovalRule, GrantedAccounts, Limits};
use storage::{Error, HeldGrant};

use crate::world::{World, grant, name, password, settings, token};

pub(crate) async fn what_a_grant_holds_comes_back(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let now = domain::Clock::now(&*world.clock);
    let mut wanted = grant("agent");
    wanted.accounts = GrantedAccounts::Only(vec![name("work")]);
    wanted.limits = Limits {
        folders: vec!["@inbox".to_owned(), "Käse/ä".to_owned()],
        nothing_before: Some(now - time::Duration::days(30)),
        calls_per_hour: Some(7),
        shows_codes: true,
        approval: Some(ApprovalRule::AfterStrangers),
        approval_place: Some(ApprovalPlace::Client),
        recipients: vec!["*@example.org".to_owned()],
        sends_per_hour: Some(3),
    };
    wanted.expires = Some(now + time::Duration::days(1));
    let added = store.add_grant(&ann.id, &wanted, &token(1)).await.unwrap();
    assert_eq!(
        (&added.label, added.scopes, &added.accounts, &added.limits, added.expires),
        (&wanted.label, wanted.scopes, &wanted.accounts, &wanted.limits, wanted.expires)
    );
    let held = HeldGrant { grant: added.clone(), client: None, is_paused: false, last_used: None };
    assert_eq!(store.find_grant(&ann.id, "agent").await.unwrap(), Some(held.clone()));
    assert_eq!(store.find_grant_of(&ann.id, &added.id).await.unwrap(), Some(held.clone()));
    assert_eq!(store.find_bearer(&[1; 32]).await.unwrap().unwrap().standing.grant, added);
    assert_eq!(store.list_grants(&ann.id).await.unwrap(), [held]);
}

pub(crate) async fn a_bearer_is_found_with_grant_user_and_accounts(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    for account in ["work", "home"] {
        store.add_account(&ann.id, &name(account), &settings("a@x.org"), &password("pw")).await.unwrap();
    }
    store.add_account(&bob.id, &name("secret"), &settings("b@x.org"), &password("pw")).await.unwrap();
    store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap();
    let bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(bearer.standing.user_name, "ann");
    let accounts: Vec<_> =
        bearer.standing.accounts.iter().map(|account| (account.name.as_str(), account.is_default)).collect();
    assert_eq!(accounts, [("home", false), ("work", true)]);
    assert!(!bearer.standing.is_revoked && !bearer.is_token_revoked && !bearer.standing.is_user_disabled);

    let standing = store.find_standing(&bearer.standing.grant.id).await.unwrap().unwrap();
    assert_eq!((standing.user_name.as_str(), standing.accounts.len()), ("ann", 2), "and by the grant's id");
    assert!(store.find_standing(&domain::GrantId::from_text("gra_x")).await.unwrap().is_none());

    let now = domain::Clock::now(&*world.clock);
    store.touch_token(&bearer.token, now).await.unwrap();
    store.touch_token(&bearer.token, now - time::Duration::hours(1)).await.unwrap();
    assert_eq!(store.find_bearer(&[1; 32]).await.unwrap().unwrap().last_used, Some(now));
    assert_eq!(store.list_grants(&ann.id).await.unwrap()[0].last_used, Some(now));
}

pub(crate) async fn an_unknown_bearer_is_nobody(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap();
    assert!(store.find_bearer(&[2; 32]).await.unwrap().is_none());
    let bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(bearer.standing.accounts, [], "a user without accounts is found too");
}

pub(crate) async fn a_label_is_free_again_after_revocation_and_after_expiry(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let bob = store.add_user("bob", false, "hash").await.unwrap();
    let first = store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap();
    let again = store.add_grant(&ann.id, &grant("agent"), &token(2)).await;
    assert!(matches!(again, Err(Error::Taken)));
    assert!(store.find_bearer(&[2; 32]).await.unwrap().is_none(), "nothing of it was stored");
    store.add_grant(&bob.id, &grant("agent"), &token(3)).await.unwrap();

    assert_eq!(store.revoke_grant(&ann.id, "agent").await.unwrap(), Some(first.id));
    let mut brief = grant("agent");
    brief.expires = Some(domain::Clock::now(&*world.clock) + time::Duration::minutes(1));
    store.add_grant(&ann.id, &brief, &token(4)).await.unwrap();
    world.clock.forward(60);
    assert_eq!(store.find_grant(&ann.id, "agent").await.unwrap(), None);
    store.add_grant(&ann.id, &grant("agent"), &token(5)).await.unwrap();
    assert!(store.find_bearer(&[4; 32]).await.unwrap().unwrap().standing.is_revoked);
    assert_eq!(store.list_grants(&ann.id).await.unwrap().len(), 1);
}

pub(crate) async fn revoking_ends_grant_tokens_and_sessions(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let agent = store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap();
    store.add_session("s1", &agent.id, 8).await.unwrap();
    let elsewhere = world.store().await;
    elsewhere.revoke_grant(&ann.id, "agent").await.unwrap().unwrap();
    let bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert!(bearer.standing.is_revoked && bearer.is_token_revoked);
    assert!(store.find_standing(&agent.id).await.unwrap().unwrap().is_revoked);
    assert_eq!(store.find_session("s1").await.unwrap(), None);
    assert_eq!(store.revoke_grant(&ann.id, "agent").await.unwrap(), None);
}

pub(crate) async fn a_scope_that_is_not_known_allows_nothing(world: &World) {
    const NEWER: &str = "UPDATE grants SET scopes = 'mail:search mail:teleport'";
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap();
    store.database().execute(NEWER, &[]).await.unwrap();
    let bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(bearer.standing.grant.scopes.to_string(), "mail:search");
}
