//! Sign-ins of clients: codes that are spent once, refresh tokens that rotate, and their common end.

use domain::{ClientId, Clock, GrantId, Scopes, UserId};
use storage::{NewOne, NewPair, Spent, Store, TokenKind};
use time::Duration;

use crate::{
    consents::{ask, client, yes},
    world::{World, grant, token},
};

struct Met {
    store: Store,
    user: UserId,
    client: ClientId,
    grant: GrantId,
}

/// A user who said yes, and the code 1 of that.
async fn met(world: &World) -> Met {
    let store = world.store().await;
    let user = store.add_user("ann", false, "hash").await.unwrap().id;
    let client = client(&store, "Agent").await;
    let grant = again(world, &store, &user, &client, 1).await;
    Met { store, user, client, grant }
}

/// Another yes, with a code of that number.
async fn again(world: &World, store: &Store, user: &UserId, client: &ClientId, code: u8) -> GrantId {
    let id = ask(world, store, user, client).await;
    store.give_consent(user, &id, &yes(world, code)).await.unwrap().unwrap().grant
}

/// Tokens with the hashes `number` and `number + 100`.
fn pair(world: &World, number: u8) -> NewPair {
    let now = world.clock.now();
    let scopes = Scopes::parse("search read").unwrap();
    NewPair {
        access: NewOne {
            hash: [number; 32],
            scopes: Scopes::parse("read").unwrap(),
            expires: now + Duration::HOUR,
        },
        refresh: NewOne { hash: [number + 100; 32], scopes, expires: now + Duration::days(30) },
        resource: "https://mail.example/mcp".to_owned(),
    }
}

async fn rotate(world: &World, store: &Store, from: u8, to: u8) -> Spent {
    let refresh = store.find_refresh(&[from + 100; 32]).await.unwrap().unwrap();
    let grace_from = world.clock.now() - Duration::seconds(30);
    store.rotate(&refresh, &pair(world, to), grace_from).await.unwrap()
}

/// Which of the bearers let somebody in.
async fn live(store: &Store, numbers: &[u8]) -> Vec<u8> {
    let mut live = Vec::new();
    for number in numbers {
        let found = store.find_bearer(&[*number; 32]).await.unwrap();
        if found.is_some_and(|bearer| !bearer.is_token_revoked) {
            live.push(*number);
        }
    }
    live
}

pub(crate) async fn a_code_and_its_tokens_come_back_as_they_were_stored(world: &World) {
    let met = met(world).await;
    let code = met.store.find_code(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((&code.client, code.is_used), (&met.client, false));
    assert_eq!(
        (code.redirect_uri.as_str(), code.code_challenge.as_str()),
        ("https://agent.example/cb", "challenge")
    );
    assert_eq!((&code.standing.client, &code.standing.grant), (&Some(met.client.clone()), &met.grant));
    assert!(met.store.find_code(&[2; 32]).await.unwrap().is_none());
    let pair = pair(world, 1);
    assert_eq!(met.store.spend_code(&[1; 32], &pair).await.unwrap(), Spent::Done);
    assert!(met.store.find_code(&[1; 32]).await.unwrap().unwrap().is_used);
    let bearer = met.store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (bearer.kind, bearer.scopes, bearer.token_expires),
        (TokenKind::Access, Some(pair.access.scopes), Some(pair.access.expires))
    );
    assert_eq!(bearer.resource.as_deref(), Some("https://mail.example/mcp"));
    let refresh = met.store.find_refresh(&[101; 32]).await.unwrap().unwrap();
    assert_eq!((refresh.scopes, refresh.expires), (pair.refresh.scopes, Some(pair.refresh.expires)));
    assert_eq!((refresh.replaced, refresh.is_revoked), (None, false));
    assert!(met.store.find_refresh(&[1; 32]).await.unwrap().is_none(), "a bearer is no refresh token");
    let personal = met.store.add_grant(&met.user, &grant("script"), &token(9)).await;
    personal.unwrap();
    let bearer = met.store.find_bearer(&[9; 32]).await.unwrap().unwrap();
    assert_eq!((bearer.kind, bearer.scopes, bearer.resource), (TokenKind::Personal, None, None));
}

pub(crate) async fn of_many_who_spend_a_code_one_is_first_and_the_next_ends_it(world: &World) {
    let met = met(world).await;
    let others = [world.store().await, world.store().await];
    let (one, two, three) = (pair(world, 1), pair(world, 2), pair(world, 3));
    let spent = tokio::join!(
        met.store.spend_code(&[1; 32], &one),
        others[0].spend_code(&[1; 32], &two),
        others[1].spend_code(&[1; 32], &three),
    );
    let spent = [spent.0.unwrap(), spent.1.unwrap(), spent.2.unwrap()];
    assert_eq!(spent.iter().filter(|spent| **spent == Spent::Done).count(), 1, "{spent:?}");
    assert_eq!(spent.iter().filter(|spent| **spent == Spent::Reused).count(), 2, "{spent:?}");
    assert!(live(&met.store, &[1, 2, 3]).await.is_empty());
    assert!(met.store.list_families(&met.grant).await.unwrap().is_empty());
    assert_eq!(met.store.spend_code(&[7; 32], &one).await.unwrap(), Spent::Ended, "one that there never was");
}

pub(crate) async fn within_the_grace_all_who_rotate_get_tokens_and_later_the_family_ends(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    let other = world.store().await;
    let spent = tokio::join!(rotate(world, &met.store, 1, 2), rotate(world, &other, 1, 3));
    assert_eq!(spent, (Spent::Done, Spent::Done));
    world.clock.forward(30);
    assert_eq!(rotate(world, &met.store, 1, 4).await, Spent::Done);
    assert_eq!(rotate(world, &met.store, 4, 5).await, Spent::Done);
    assert_eq!(live(&met.store, &[1, 2, 3, 4, 5]).await, [1, 2, 3, 4, 5]);
    met.store.add_session("s1", &met.grant, 8).await.unwrap();
    world.clock.forward(1);
    assert_eq!(rotate(world, &met.store, 1, 6).await, Spent::Reused);
    assert!(live(&met.store, &[1, 2, 3, 4, 5, 6]).await.is_empty());
    assert!(met.store.find_session("s1").await.unwrap().is_none());
    assert_eq!(rotate(world, &met.store, 5, 6).await, Spent::Ended);
}

pub(crate) async fn nothing_is_added_to_a_family_that_is_ending(world: &World) {
    let met = met(world).await;
    for round in 0..4 {
        let number = round * 5 + 10;
        again(world, &met.store, &met.user, &met.client, number).await;
        met.store.spend_code(&[number; 32], &pair(world, number)).await.unwrap();
        let family = met.store.find_refresh(&[number + 100; 32]).await.unwrap().unwrap().standing.family;
        let others = [world.store().await, world.store().await];
        let bearer = [number; 32];
        let (spent, ended, revoked) = tokio::join!(
            rotate(world, &others[0], number, number + 1),
            others[1].end_family(&met.user, &met.grant, &family),
            met.store.end_family_by_token(&bearer, &met.client),
        );
        assert!(matches!(spent, Spent::Done | Spent::Ended), "{spent:?}");
        ended.unwrap();
        assert!(revoked.unwrap().is_some());
        assert!(live(&met.store, &[number, number + 1]).await.is_empty());
        for hash in [[number + 100; 32], [number + 101; 32]] {
            let refresh = met.store.find_refresh(&hash).await.unwrap();
            assert!(refresh.is_none_or(|refresh| refresh.is_revoked));
        }
    }
}

pub(crate) async fn a_family_is_ended_by_its_user_and_its_client_alone(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    let bob = met.store.add_user("bob", false, "hash").await.unwrap().id;
    let other = client(&met.store, "Other").await;
    let family = met.store.list_families(&met.grant).await.unwrap().remove(0).id;
    let elsewhere = again(world, &met.store, &bob, &other, 2).await;
    assert!(!met.store.end_family(&bob, &met.grant, &family).await.unwrap());
    assert!(!met.store.end_family(&bob, &elsewhere, &family).await.unwrap());
    assert!(!met.store.end_family(&met.user, &elsewhere, &family).await.unwrap());
    assert!(met.store.end_family_by_token(&[1; 32], &other).await.unwrap().is_none());
    assert_eq!(live(&met.store, &[1]).await, [1]);
    assert!(met.store.end_family(&met.user, &met.grant, &family).await.unwrap());
    assert!(live(&met.store, &[1]).await.is_empty());
    assert!(!met.store.end_family(&met.user, &met.grant, &family).await.unwrap());
}

pub(crate) async fn revoking_a_grant_ends_its_families(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    again(world, &met.store, &met.user, &met.client, 2).await;
    let bob = met.store.add_user("bob", false, "hash").await.unwrap().id;
    assert!(!met.store.revoke_grant_of(&bob, &met.grant).await.unwrap());
    assert!(met.store.revoke_grant_of(&met.user, &met.grant).await.unwrap());
    assert!(live(&met.store, &[1]).await.is_empty());
    assert_eq!(rotate(world, &met.store, 1, 3).await, Spent::Ended);
    assert_eq!(met.store.spend_code(&[2; 32], &pair(world, 4)).await.unwrap(), Spent::Ended);
    assert!(live(&met.store, &[3, 4]).await.is_empty());
    assert!(!met.store.revoke_grant_of(&met.user, &met.grant).await.unwrap());
}

pub(crate) async fn a_family_holds_only_so_many_tokens(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    for number in 2..=30 {
        assert_eq!(rotate(world, &met.store, 1, number).await, Spent::Done);
    }
    let mut usable = 0;
    for number in 2..=30 {
        usable +=
            usize::from(!met.store.find_refresh(&[number + 100; 32]).await.unwrap().unwrap().is_revoked);
    }
    assert_eq!(usable, 20);
    assert!(
        !met.store.find_refresh(&[130; 32]).await.unwrap().unwrap().is_revoked,
        "the newest is one of them"
    );
}

pub(crate) async fn a_use_is_noted_with_the_token_its_family_and_its_grant(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    let token = met.store.find_bearer(&[1; 32]).await.unwrap().unwrap().token;
    let now = world.clock.now() + Duration::MINUTE;
    met.store.touch_token(&token, now).await.unwrap();
    met.store.touch_token(&token, now - Duration::SECOND).await.unwrap();
    assert_eq!(met.store.find_bearer(&[1; 32]).await.unwrap().unwrap().last_used, Some(now));
    assert_eq!(met.store.list_families(&met.grant).await.unwrap()[0].last_used, Some(now));
    assert_eq!(met.store.list_grants(&met.user).await.unwrap()[0].last_used, Some(now));
}

pub(crate) async fn what_has_expired_is_forgotten_and_nothing_else(world: &World) {
    let met = met(world).await;
    met.store.spend_code(&[1; 32], &pair(world, 1)).await.unwrap();
    let mut brief = grant("script");
    brief.expires = Some(world.clock.now() + Duration::SECOND);
    met.store.add_grant(&met.user, &brief, &token(9)).await.unwrap();
    world.clock.forward(2 * 3600);
    again(world, &met.store, &met.user, &met.client, 2).await;
    let now = world.clock.now();
    assert_eq!(met.store.forget_codes(now).await.unwrap(), 1);
    assert_eq!(met.store.forget_tokens(now).await.unwrap(), 1, "the bearer");
    assert_eq!(met.store.forget_families(now).await.unwrap(), 0);
    assert!(met.store.find_bearer(&[9; 32]).await.unwrap().is_some(), "personal tokens are told as expired");
    assert!(met.store.find_code(&[2; 32]).await.unwrap().is_some());
    assert_eq!(rotate(world, &met.store, 1, 3).await, Spent::Done);
    world.clock.forward(31 * 86_400);
    let now = world.clock.now();
    assert_eq!(met.store.forget_codes(now).await.unwrap(), 1);
    assert_eq!(met.store.forget_tokens(now).await.unwrap(), 3);
    assert_eq!(met.store.forget_families(now).await.unwrap(), 2);
    assert_eq!(met.store.forget_clients(now).await.unwrap(), 0, "its grant is live");
    assert_eq!(met.store.release_clients(now).await.unwrap(), 0);
    met.store.revoke_grant_of(&met.user, &met.grant).await.unwrap();
    assert_eq!(met.store.release_clients(now - Duration::days(40)).await.unwrap(), 0, "it was used since");
    assert_eq!(met.store.release_clients(now).await.unwrap(), 1);
    met.store.forget_consents(now).await.unwrap();
    assert_eq!(met.store.forget_clients(now).await.unwrap(), 1);
}
