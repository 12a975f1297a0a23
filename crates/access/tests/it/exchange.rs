//! A code against tokens: every check of the token endpoint, and what the bearer is worth then.

use access::{Access, AuthMethod, ClientProof, Issued, Refusal, Settings, TokenRefusal};
use domain::{Door, Secret};
use time::Duration;

use crate::{
    dance::{Dance, REDIRECT, RESOURCE, VERIFIER, asked, client, code, exchange, public},
    world::token,
};

/// Why there were no tokens: the error of the token endpoint, and the word in the log.
pub(crate) fn why(answer: Result<Issued, TokenRefusal>) -> (&'static str, &'static str) {
    match answer.unwrap_err() {
        TokenRefusal::Client(reason) => ("invalid_client", reason),
        TokenRefusal::Grant(reason) => ("invalid_grant", reason),
        TokenRefusal::Target => ("invalid_target", ""),
        TokenRefusal::Scope => ("invalid_scope", ""),
        TokenRefusal::Unavailable(error) => panic!("{error}"),
    }
}

/// An exchange with one thing that is not as it should be.
struct Wrong<'a> {
    code: &'a Secret,
    verifier: &'a str,
    redirect: Option<&'a str>,
    resource: Option<&'a str>,
}

impl<'a> Wrong<'a> {
    fn of(code: &'a Secret) -> Self {
        Self { code, verifier: VERIFIER, redirect: Some(REDIRECT), resource: Some(RESOURCE) }
    }

    async fn tried(&self, dance: &Dance) -> Result<Issued, TokenRefusal> {
        let verifier = Secret::new(self.verifier);
        let proof = dance.proof();
        dance.access.exchange_code(self.code, &verifier, self.redirect, &proof, self.resource).await
    }
}

#[tokio::test]
async fn a_code_becomes_a_bearer_and_a_refresh_token() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    assert!(issued.access.expose().starts_with("prm_") && issued.access.expose().len() == 47);
    assert!(issued.refresh.expose().starts_with("prmr_") && issued.refresh.expose().len() == 48);
    assert_eq!((issued.expires_in, issued.scopes.to_string().as_str()), (3600, "mail:search mail:read"));
    let principal = dance.access.principal(issued.access.expose()).await.unwrap();
    assert_eq!((principal.user.as_str(), principal.client.as_str()), ("ann", "Agent"));
    assert_eq!((principal.door, principal.scopes, principal.accounts.len()), (Door::OAuth, issued.scopes, 2));
}

#[tokio::test]
async fn an_unknown_code_is_told_before_anything_about_the_client() {
    let dance = Dance::new().await;
    let stranger = ClientProof {
        client: domain::ClientId::from_text("cli_x"),
        secret: Some(Secret::new("x")),
        method: AuthMethod::Post,
    };
    let unknown = format!("prmc_{}", "A".repeat(43));
    for code in ["", "x", "prmc_", unknown.as_str(), &"prmc_".repeat(100_000)] {
        for proof in [&dance.proof(), &stranger] {
            let answer = exchange(&dance.access, &Secret::new(code), proof).await;
            assert_eq!(why(answer), ("invalid_grant", "code_unknown"));
        }
    }
    let code = dance.code("read").await;
    let answer = exchange(&dance.access, &code, &stranger).await;
    assert_eq!(why(answer), ("invalid_client", "client_unknown"), "and a known one after it");
}

/// RFC 6749, 5.2: `invalid_client`.
#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_are_told_alike() {
    let dance = Dance::new().await;
    let confidential = client(&dance.world, "Server", Some("its secret")).await;
    let code = code(&dance.access, &dance.ann, &asked(&confidential, "read")).await;
    let proof = |client: &domain::ClientId, secret: Option<&str>| ClientProof {
        client: client.clone(),
        secret: secret.map(Secret::new),
        method: AuthMethod::Post,
    };
    let mut told = std::collections::BTreeSet::new();
    for (wrong, reason) in [
        (proof(&domain::ClientId::from_text("cli_x"), Some("its secret")), "client_unknown"),
        (proof(&confidential, Some("another secret")), "wrong_secret"),
        (proof(&confidential, Some("")), "secret_missing"),
        (public(&confidential), "secret_missing"),
        (proof(&dance.client, Some("its secret")), "public_with_secret"),
    ] {
        let refusal = exchange(&dance.access, &code, &wrong).await.unwrap_err();
        told.insert(refusal.to_string());
        assert_eq!(why(Err(refusal)), ("invalid_client", reason));
    }
    assert_eq!(told.len(), 1, "{told:?}");
    let mut right = proof(&confidential, Some("its secret"));
    right.method = AuthMethod::Basic;
    assert!(exchange(&dance.access, &code, &right).await.is_ok(), "in whichever way it is sent");
}

#[tokio::test]
async fn a_code_is_bound_to_its_client() {
    let dance = Dance::new().await;
    let other = client(&dance.world, "Other", None).await;
    let code = dance.code("read").await;
    let answer = exchange(&dance.access, &code, &public(&other)).await;
    assert_eq!(why(answer), ("invalid_grant", "code_of_another_client"));
    assert!(dance.exchange(&code).await.is_ok(), "which does not spend it");
}

#[tokio::test]
async fn a_code_is_bound_to_its_redirect_octet_by_octet() {
    let dance = Dance::new().await;
    let code = dance.code("read").await;
    for redirect in [
        None,
        Some(""),
        Some("https://agent.example/cb?from=a%2fb"),
        Some("https://agent.example/cb?from=a%2Fb/"),
        Some("https://agent.example:443/cb?from=a%2Fb"),
        Some("https://agent.example/cb"),
    ] {
        let answer = Wrong { redirect, ..Wrong::of(&code) }.tried(&dance).await;
        assert_eq!(why(answer), ("invalid_grant", "redirect_differs"), "{redirect:?}");
    }
    assert!(dance.exchange(&code).await.is_ok());
}

#[tokio::test]
async fn a_code_is_bound_to_its_challenge() {
    let dance = Dance::new().await;
    let code = dance.code("read").await;
    let other = "a".repeat(43);
    let challenge = dance.asked("").code_challenge;
    for verifier in ["", "short", other.as_str(), challenge.as_str(), &VERIFIER.repeat(4)] {
        let answer = Wrong { verifier, ..Wrong::of(&code) }.tried(&dance).await;
        assert_eq!(why(answer), ("invalid_grant", "wrong_verifier"), "{verifier}");
    }
    assert!(dance.exchange(&code).await.is_ok());
}

/// RFC 8707, 2.2: `invalid_target`.
#[tokio::test]
async fn a_token_is_for_this_server_alone() {
    let dance = Dance::new().await;
    for resource in [
        "https://localhost:8143/mcp",
        "http://localhost:8143/mcp/x",
        "http://localhost:8143/mcp//",
        "http://localhost:8143/MCP",
        "http://localhost:8143/mcp?a",
        "http://localhost:8143/mcp#a",
        "http://localhost/mcp",
        "http://user@localhost:8143/mcp",
        "localhost:8143/mcp",
        "",
    ] {
        let code = dance.code("read").await;
        let answer = Wrong { resource: Some(resource), ..Wrong::of(&code) }.tried(&dance).await;
        assert_eq!(why(answer), ("invalid_target", ""), "{resource}");
    }
    for resource in [
        None,
        Some("http://localhost:8143/mcp"),
        Some("http://localhost:8143/mcp/"),
        Some("http://localhost:8143"),
        Some("http://localhost:8143/"),
        Some("HTTP://LocalHost:8143/mcp"),
    ] {
        let code = dance.code("read").await;
        let answer = Wrong { resource, ..Wrong::of(&code) }.tried(&dance).await;
        assert!(answer.is_ok(), "{resource:?}");
        assert_eq!(dance.access.resource(resource).as_deref(), Some(RESOURCE));
    }
}

/// OAuth 2.1, 1.4 and RFC 8707, 2: a token counts only where it was meant for.
#[tokio::test]
async fn a_token_of_another_audience_is_unknown_here() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let moved = Settings { issuer: "https://mail.example.org".to_owned(), ..Settings::default() };
    let elsewhere: Access = dance.world.access_with(&moved).await;
    let refusal = elsewhere.principal(issued.access.expose()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Unknown), "{refusal:?}");
    let answer = elsewhere.exchange_refresh(&issued.refresh, &dance.proof(), None, None).await;
    assert_eq!(why(answer), ("invalid_target", ""));
    assert!(dance.may(&issued).await.is_ok());
}

#[tokio::test]
async fn only_a_bearer_lets_in() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let code = dance.code("read").await;
    let (_, personal) = dance.access.token_new("ann", &token("script")).await.unwrap();
    let as_kind =
        |prefix: &str, secret: &Secret| format!("{prefix}{}", secret.expose().split_once('_').unwrap().1);
    for bearer in [
        issued.refresh.expose().to_owned(),
        code.expose().to_owned(),
        as_kind("prm_", &issued.refresh),
        as_kind("prm_", &code),
        as_kind("prm_", &personal),
        as_kind("prp_", &issued.access),
        as_kind("prp_", &issued.refresh),
    ] {
        let refusal = dance.access.principal(&bearer).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Unknown), "{refusal:?}");
    }
    // the kind that is stored decides, whatever the letters say
    let store = dance.world.store().await;
    const SWAP: &str = "UPDATE tokens SET kind = CASE kind WHEN 'access' THEN 'personal' ELSE 'access' END, \
        resource = 'http://localhost:8143/mcp'";
    store.database().execute(SWAP, &[]).await.unwrap();
    for bearer in [&issued.access, &personal] {
        let refusal = dance.access.principal(bearer.expose()).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Unknown), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_code_lives_a_minute() {
    let dance = Dance::new().await;
    let (in_time, late) = (dance.code("read").await, dance.code("read").await);
    dance.world.forward(59);
    assert!(dance.exchange(&in_time).await.is_ok());
    dance.world.forward(1);
    assert_eq!(why(dance.exchange(&late).await), ("invalid_grant", "code_expired"));
}

/// OAuth 2.1, 4.1.3: a code used twice ends its tokens.
#[tokio::test]
async fn the_second_use_of_a_code_ends_what_came_of_the_first() {
    let dance = Dance::new().await;
    let other = dance.connected("read").await;
    for wait in [0, 3600] {
        let code = dance.code("read").await;
        let issued = dance.exchange(&code).await.unwrap();
        assert!(dance.may(&issued).await.is_ok());
        let next = dance.refresh(&issued.refresh).await.unwrap();
        dance.world.forward(wait);
        assert_eq!(why(dance.exchange(&code).await), ("invalid_grant", "code_reused"));
        assert_eq!(dance.may(&issued).await, Err("revoked"));
        assert_eq!(dance.may(&next).await, Err("revoked"));
        assert_eq!(why(dance.refresh(&next.refresh).await), ("invalid_grant", "refresh_revoked"));
        assert_eq!(why(dance.exchange(&code).await), ("invalid_grant", "code_reused"));
    }
    assert!(dance.refresh(&other.refresh).await.is_ok(), "another sign-in goes on");
}

#[tokio::test]
async fn who_cannot_prove_that_a_spent_code_is_theirs_ends_nothing() {
    let dance = Dance::new().await;
    let code = dance.code("read").await;
    let issued = dance.exchange(&code).await.unwrap();
    let guess = "b".repeat(43);
    Wrong { verifier: &guess, ..Wrong::of(&code) }.tried(&dance).await.unwrap_err();
    assert!(dance.may(&issued).await.is_ok());
}

#[tokio::test]
async fn of_two_exchanges_at_the_same_instant_one_gives_tokens() {
    let dance = Dance::new().await;
    let other = dance.world.access().await;
    let code = dance.code("read").await;
    let proof = dance.proof();
    let answers = tokio::join!(dance.exchange(&code), exchange(&other, &code, &proof));
    let (given, refused): (Vec<_>, Vec<_>) = [answers.0, answers.1].into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len()), (1, 1));
    for refused in refused {
        assert_eq!(why(refused), ("invalid_grant", "code_reused"));
    }
}

#[tokio::test]
async fn the_grant_and_its_person_are_looked_at_again() {
    let dance = Dance::new().await;
    let code = dance.code("read").await;
    dance.access.user_disable("ann").await.unwrap();
    assert_eq!(why(dance.exchange(&code).await), ("invalid_grant", "user_disabled"));
    dance.access.user_enable("ann").await.unwrap();
    let grant = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant;
    dance.access.agent_pause(&dance.ann, &grant.id, true).await.unwrap();
    let issued = dance.exchange(&code).await.unwrap();
    assert_eq!(dance.may(&issued).await, Err("paused"), "tokens are had, but let nobody in");
    dance.access.agent_pause(&dance.ann, &grant.id, false).await.unwrap();
    assert!(dance.may(&issued).await.is_ok());
    let code = dance.code("read").await;
    dance.access.agent_revoke(&dance.ann, &grant.id).await.unwrap();
    assert_eq!(why(dance.exchange(&code).await), ("invalid_grant", "grant_revoked"));
    assert_eq!(dance.may(&issued).await, Err("revoked"));
}

#[tokio::test]
async fn a_bearer_ends_by_itself() {
    let settings = Settings { access_ttl: Duration::minutes(2), ..Settings::default() };
    let dance = Dance::with(&settings).await;
    let issued = dance.connected("read").await;
    assert_eq!(issued.expires_in, 120);
    dance.world.forward(119);
    assert!(dance.may(&issued).await.is_ok());
    dance.world.forward(1);
    assert_eq!(dance.may(&issued).await, Err("expired"));
}

#[tokio::test]
async fn only_hashes_of_codes_and_tokens_are_stored() {
    let dance = Dance::new().await;
    let code = dance.code("read").await;
    let issued = dance.exchange(&code).await.unwrap();
    let grant = dance.access.agent_list(&dance.ann).await.unwrap().remove(0).grant.id;
    let mut saw_grant = false;
    for file in dance.world.dir.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [&code, &issued.access, &issued.refresh] {
            let digits = secret.expose().split_once('_').unwrap().1.as_bytes();
            assert!(!bytes.windows(digits.len()).any(|window| window == digits));
        }
        saw_grant |= bytes.windows(36).any(|window| window == grant.as_str().as_bytes());
    }
    assert!(saw_grant, "this test can find text in the files");
}
