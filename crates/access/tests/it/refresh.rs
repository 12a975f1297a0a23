//! Refresh tokens: rotation, reuse, the grace of half a minute, narrowing; and the end of tokens.

use access::{AuthMethod, ClientProof, Settings, TokenRefusal};
use domain::{Scopes, Secret};
use time::Duration;

use crate::{
    dance::{Dance, client, public},
    exchange::why,
    world::token,
};

/// OAuth 2.1, 4.3.1: rotation.
#[tokio::test]
async fn each_use_gives_another_refresh_token() {
    let dance = Dance::new().await;
    let mut last = dance.connected("read search").await;
    for _ in 0..3 {
        dance.world.forward(3600);
        let next = dance.refresh(&last.refresh).await.unwrap();
        assert_ne!(next.refresh, last.refresh);
        assert_ne!(next.access, last.access);
        assert_eq!((next.expires_in, next.scopes), (3600, last.scopes));
        assert!(dance.may(&next).await.is_ok());
        last = next;
    }
}

#[tokio::test]
async fn within_half_a_minute_a_lost_answer_is_made_good() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    let lost = dance.refresh(&first.refresh).await.unwrap();
    dance.world.forward(30);
    let again = dance.refresh(&first.refresh).await.unwrap();
    for issued in [&first, &lost, &again] {
        assert!(dance.may(issued).await.is_ok());
    }
    dance.world.forward(60);
    assert!(dance.refresh(&lost.refresh).await.is_ok() && dance.refresh(&again.refresh).await.is_ok());
}

/// RFC 9700, 4.14.2: reuse shows a theft, and ends all.
#[tokio::test]
async fn a_refresh_token_that_is_used_again_later_ends_its_whole_family() {
    let dance = Dance::new().await;
    let other = dance.connected("read").await;
    let first = dance.connected("read").await;
    let second = dance.refresh(&first.refresh).await.unwrap();
    let third = dance.refresh(&second.refresh).await.unwrap();
    dance.world.forward(31);
    assert_eq!(why(dance.refresh(&first.refresh).await), ("invalid_grant", "refresh_reused"));
    for issued in [&first, &second, &third] {
        assert_eq!(dance.may(issued).await, Err("revoked"));
        assert_eq!(why(dance.refresh(&issued.refresh).await), ("invalid_grant", "refresh_revoked"));
    }
    assert!(dance.may(&other).await.is_ok(), "another sign-in goes on");
    dance.access.flush().await;
    let rows = dance.access.audit_list("ann", 10).await.unwrap();
    let told = rows.iter().filter(|row| row.row.tool == "token_reuse");
    assert_eq!(told.map(|row| row.row.outcome.as_str()).collect::<Vec<_>>(), ["refresh_reused"]);
    let agent = dance.access.agent_list(&dance.ann).await.unwrap().remove(0);
    assert_eq!(agent.calls_of_day, 0, "which is no call");
}

#[tokio::test]
async fn reuse_shows_whatever_scope_is_asked_for() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    let second = dance.refresh(&first.refresh).await.unwrap();
    dance.world.forward(31);
    let answer = dance.access.exchange_refresh(&first.refresh, &dance.proof(), Some("mail:send"), None).await;
    assert_eq!(why(answer), ("invalid_grant", "refresh_reused"));
    assert_eq!(dance.may(&second).await, Err("revoked"));
}

#[tokio::test]
async fn two_refreshes_at_the_same_instant_both_give_tokens() {
    let dance = Dance::new().await;
    let other = dance.world.access().await;
    let first = dance.connected("read").await;
    let proof = dance.proof();
    let (one, two) = tokio::join!(
        dance.refresh(&first.refresh),
        other.exchange_refresh(&first.refresh, &proof, None, None)
    );
    assert!(dance.may(&one.unwrap()).await.is_ok() && dance.may(&two.unwrap()).await.is_ok());
}

#[tokio::test]
async fn a_family_has_at_most_twenty_refresh_tokens_that_can_be_used() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    let mut siblings = Vec::new();
    for _ in 0..22 {
        dance.world.forward(1);
        siblings.push(dance.refresh(&first.refresh).await.unwrap());
    }
    for gone in &siblings[..2] {
        assert_eq!(why(dance.refresh(&gone.refresh).await), ("invalid_grant", "refresh_revoked"));
    }
    for live in &siblings[2..] {
        assert!(dance.refresh(&live.refresh).await.is_ok(), "which ends nothing of the others");
    }
}

/// RFC 6749, 6.
#[tokio::test]
async fn a_narrower_scope_may_be_asked_for_and_a_wider_one_may_not() {
    let dance = Dance::new().await;
    let first = dance.connected("search read draft").await;
    let ask = async |refresh: &Secret, scope: &str| {
        dance.access.exchange_refresh(refresh, &dance.proof(), Some(scope), None).await
    };
    for wider in ["mail:send", "mail:read mail:delete"] {
        assert!(matches!(ask(&first.refresh, wider).await, Err(TokenRefusal::Scope)), "{wider}");
    }
    let narrow = ask(&first.refresh, "mail:read offline_access").await.unwrap();
    assert_eq!(narrow.scopes.to_string(), "mail:read", "what is not known is passed over");
    assert_eq!(dance.may(&narrow).await.unwrap(), narrow.scopes);
    let whole = ask(&narrow.refresh, "").await.unwrap();
    assert_eq!(whole.scopes, first.scopes, "the next refresh token is as wide as the one before");
}

#[tokio::test]
async fn a_token_has_at_most_what_the_grant_allows_now() {
    let dance = Dance::new().await;
    let first = dance.connected("search read").await;
    let agent = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant;
    let change = |scopes: &str| access::AgentChange {
        scopes: Scopes::parse(scopes).unwrap(),
        accounts: agent.accounts.clone(),
        limits: agent.limits.clone(),
        expires: None,
    };
    dance.access.agent_change(&dance.ann, &agent.id, &change("search send")).await.unwrap();
    assert_eq!(dance.may(&first).await.unwrap().to_string(), "mail:search", "never more than it was given");
    let next = dance.refresh(&first.refresh).await.unwrap();
    assert_eq!(next.scopes.to_string(), "mail:search");
    dance.access.agent_change(&dance.ann, &agent.id, &change("send")).await.unwrap();
    assert_eq!(why(dance.refresh(&next.refresh).await), ("invalid_grant", "nothing_left"));
    dance.access.agent_change(&dance.ann, &agent.id, &change("search read")).await.unwrap();
    let wide = dance.refresh(&next.refresh).await.unwrap();
    assert_eq!(wide.scopes, first.scopes);
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client_and_resource() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    let other = client(&dance.world, "Other", None).await;
    let ask = async |proof: &ClientProof, resource: Option<&str>| {
        dance.access.exchange_refresh(&first.refresh, proof, None, resource).await
    };
    assert_eq!(why(ask(&public(&other), None).await), ("invalid_grant", "refresh_of_another_client"));
    let stranger = public(&domain::ClientId::from_text("cli_x"));
    assert_eq!(why(ask(&stranger, None).await), ("invalid_client", "client_unknown"));
    let elsewhere = Some("https://other.example/mcp");
    assert_eq!(why(ask(&dance.proof(), elsewhere).await), ("invalid_target", ""));
    assert!(ask(&dance.proof(), Some("http://LOCALHOST:8143/")).await.is_ok(), "none of it spent the token");
}

#[tokio::test]
async fn a_confidential_client_proves_itself_each_time() {
    let dance = Dance::new().await;
    let server = client(&dance.world, "Server", Some("its secret")).await;
    let asked = crate::dance::asked(&server, "read");
    let code = crate::dance::code(&dance.access, &dance.ann, &asked).await;
    let secret = Some(Secret::new("its secret"));
    let proof = ClientProof { client: server.clone(), secret, method: AuthMethod::Basic };
    let first = crate::dance::exchange(&dance.access, &code, &proof).await.unwrap();
    let without = dance.access.exchange_refresh(&first.refresh, &public(&server), None, None).await;
    assert_eq!(why(without), ("invalid_client", "secret_missing"));
    let next = dance.access.exchange_refresh(&first.refresh, &proof, None, None).await.unwrap();
    assert_ne!(next.refresh, first.refresh, "it rotates as well");
}

#[tokio::test]
async fn a_refresh_token_that_is_not_used_ends_by_itself() {
    let settings = Settings { refresh_ttl: Duration::days(2), ..Settings::default() };
    let dance = Dance::with(&settings).await;
    let first = dance.connected("read").await;
    dance.world.forward(2 * 86_400 - 1);
    let next = dance.refresh(&first.refresh).await.unwrap();
    dance.world.forward(2 * 86_400);
    assert_eq!(why(dance.refresh(&next.refresh).await), ("invalid_grant", "refresh_expired"));
}

#[tokio::test]
async fn what_is_no_refresh_token_is_unknown() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let code = dance.code("read").await;
    let unknown = format!("prmr_{}", "A".repeat(43));
    let disguised = format!("prmr_{}", issued.access.expose().trim_start_matches("prm_"));
    for text in ["", "prmr_", unknown.as_str(), issued.access.expose(), code.expose(), disguised.as_str()] {
        let answer = dance.refresh(&Secret::new(text)).await;
        assert_eq!(why(answer), ("invalid_grant", "refresh_unknown"), "{text}");
    }
}

#[tokio::test]
async fn ending_a_token_ends_its_family() {
    let dance = Dance::new().await;
    let other = dance.connected("read").await;
    for by_refresh in [true, false] {
        let first = dance.connected("read").await;
        let next = dance.refresh(&first.refresh).await.unwrap();
        let token = if by_refresh { &next.refresh } else { &first.access };
        dance.access.token_end(token, &dance.proof()).await.unwrap();
        assert_eq!(dance.may(&next).await, Err("revoked"));
        assert_eq!(why(dance.refresh(&next.refresh).await), ("invalid_grant", "refresh_revoked"));
        dance.access.token_end(token, &dance.proof()).await.unwrap();
    }
    assert!(dance.may(&other).await.is_ok(), "another sign-in goes on");
}

/// RFC 7009, 2.1: the token must be the client's.
#[tokio::test]
async fn nobody_ends_a_token_of_another_client() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let (_, personal) = dance.access.token_new("ann", &token("script")).await.unwrap();
    let other = client(&dance.world, "Other", None).await;
    for text in [issued.access.expose(), issued.refresh.expose(), personal.expose(), "", "nonsense"] {
        dance.access.token_end(&Secret::new(text), &public(&other)).await.unwrap();
    }
    dance.access.token_end(&personal, &dance.proof()).await.unwrap();
    let stranger = public(&domain::ClientId::from_text("cli_x"));
    let refused = dance.access.token_end(&issued.access, &stranger).await;
    assert!(matches!(refused, Err(TokenRefusal::Client(_))));
    assert!(dance.may(&issued).await.is_ok());
    assert!(dance.access.principal(personal.expose()).await.is_ok());
}

#[tokio::test]
async fn a_clock_that_jumps_shuts_out_nobody_who_was_let_in() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    dance.world.forward(3600);
    let second = dance.refresh(&first.refresh).await.unwrap();
    // set right again: what was made in the wrong hour goes on
    dance.world.forward(-3600);
    assert!(dance.may(&second).await.is_ok());
    let third = dance.refresh(&second.refresh).await.unwrap();
    assert!(dance.may(&third).await.is_ok());
    // far ahead: all that is short has ended, and the person can let the client in anew at once
    dance.world.forward(400 * 24 * 3600);
    assert_eq!(dance.may(&third).await, Err("expired"));
    assert!(dance.refresh(&third.refresh).await.is_err());
    assert!(dance.may(&dance.connected("read").await).await.is_ok());
    // and back again, to a time at which all of it has yet to come
    dance.world.forward(-400 * 24 * 3600);
    assert!(dance.may(&dance.connected("read").await).await.is_ok());
}
