//! Signing in by an OpenID provider that is played here over TLS, so that it can lie: in its metadata, keys, tokens
//! and answers. The real one is met in the browser.

mod played;

use std::sync::atomic::Ordering;

use access::{
    Access, Browser, Occasion, Opened, ProviderAnswer, ProviderEnded, ProviderPurpose, ProviderRefusal,
    SignedIn, Signup, WayRemoval,
};
use domain::{ApprovalId, Clock as _, Secret};
use openidconnect::{
    PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use url::Url;

use self::played::{Provider, new_key, published, token, value};
use crate::{
    web_sessions::{browser, is_live, sign_in},
    world::{World, person},
};

fn visiting() -> Browser {
    Browser { visit: Some(Secret::new("hers")), ..browser() }
}

const COME_IN: ProviderPurpose = ProviderPurpose::SignIn { invitation: None };

async fn begin(access: &Access, purpose: &ProviderPurpose, who: Option<&SignedIn>) -> Url {
    access.provider_begin(purpose, who, "/agents", &visiting()).await.unwrap().url
}

/// Comes in as `subject`, honestly.
async fn come_in(
    world: &World,
    access: &Access,
    provider: &Provider,
    subject: &str,
) -> Result<Opened, ProviderRefusal> {
    let asked = begin(access, &COME_IN, None).await;
    provider.give(&provider.signed(&provider.claims(world, &asked, subject)));
    match access.provider_end(provider.back(&asked), None, &visiting()).await? {
        ProviderEnded::Opened { opened, next, .. } => {
            assert_eq!(next, "/agents");
            Ok(*opened)
        }
        other => panic!("{other:?}"),
    }
}

async fn link(world: &World, access: &Access, provider: &Provider, who: &SignedIn, subject: &str) {
    let asked = begin(access, &ProviderPurpose::Link, Some(who)).await;
    provider.give(&provider.signed(&provider.claims(world, &asked, subject)));
    access.provider_end(provider.back(&asked), Some(who), &visiting()).await.unwrap();
}

#[tokio::test]
async fn somebody_links_the_provider_and_comes_in_by_it() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Invite).await;
    person(&access, "ann", &[]).await;
    let ann = sign_in(&access, "ann").await.signed_in;
    let refused = come_in(&world, &access, &provider, "a-1").await;
    assert!(matches!(refused, Err(ProviderRefusal::Unknown)), "{refused:?}");

    link(&world, &access, &provider, &ann, "a-1").await;
    let listed = access.identity_list(&ann).await.unwrap();
    assert_eq!((listed[0].subject.as_str(), listed[0].shown.as_str()), ("a-1", "a-1@example.org"));
    let opened = come_in(&world, &access, &provider, "a-1").await.unwrap();
    assert_eq!(opened.signed_in.user.name, "ann");
    assert!(is_live(&access, &opened).await);

    // what was sent there, and what was asked of it
    let asked = begin(&access, &COME_IN, None).await;
    assert_eq!(value(&asked, "code_challenge_method"), "S256");
    assert_eq!(value(&asked, "redirect_uri"), "http://localhost:8143/login/provider/callback");
    let request = provider.says.lock().unwrap().asked.last().unwrap().clone();
    // `postroom` and `s%2Bcret`: each half is encoded before they are joined (RFC 6749, 2.3.1)
    assert!(request.contains("\r\nAuthorization: Basic cG9zdHJvb206cyUyQmNyZXQ=\r\n"), "{request}");
    let verifier = request.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
    assert_eq!(verifier.len(), 43);

    // the same name or address at another subject is somebody else
    let asked = begin(&access, &COME_IN, None).await;
    let mut claims = provider.claims(&world, &asked, "a-1");
    claims["sub"] = json!("a-2");
    provider.give(&provider.signed(&claims));
    let refused = access.provider_end(provider.back(&asked), None, &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::Unknown)), "{refused:?}");

    access.user_disable("ann").await.unwrap();
    let refused = come_in(&world, &access, &provider, "a-1").await;
    assert!(matches!(refused, Err(ProviderRefusal::Disabled)), "{refused:?}");
}

#[tokio::test]
async fn an_answer_counts_once_in_its_own_browser_and_of_its_own_issuer() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Invite).await;
    person(&access, "ann", &[]).await;
    let ann = sign_in(&access, "ann").await.signed_in;
    link(&world, &access, &provider, &ann, "a-1").await;

    let honest = |asked: &Url| provider.back(asked);
    let asked = begin(&access, &COME_IN, None).await;
    provider.give(&provider.signed(&provider.claims(&world, &asked, "a-1")));
    for (what, answer, browser) in [
        ("no state", ProviderAnswer { state: None, ..honest(&asked) }, visiting()),
        (
            "another",
            ProviderAnswer { state: Some(Secret::new("x".repeat(43))), ..honest(&asked) },
            visiting(),
        ),
        ("nonsense", ProviderAnswer { state: Some(Secret::new("x")), ..honest(&asked) }, visiting()),
        ("another browser", honest(&asked), Browser { visit: Some(Secret::new("his")), ..browser() }),
        ("no browser", honest(&asked), browser()),
    ] {
        let refused = access.provider_end(answer, None, &browser).await;
        assert!(matches!(refused, Err(ProviderRefusal::NotBegun)), "{what}: {refused:?}");
    }
    // none of that used it up; it is used once, also by somebody who is signed in meanwhile
    access.provider_end(honest(&asked), Some(&ann), &visiting()).await.unwrap();
    let refused = access.provider_end(honest(&asked), None, &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::NotBegun)), "{refused:?}");

    // too late
    let asked = begin(&access, &COME_IN, None).await;
    world.forward(301);
    let refused = access.provider_end(honest(&asked), None, &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::NotBegun)), "{refused:?}");

    // mix-up: the answer of another issuer, or of nobody although this one always says so
    for iss in [None, Some("https://evil.example".to_owned()), Some(format!("{}/", provider.issuer()))] {
        let asked = begin(&access, &COME_IN, None).await;
        let answer = ProviderAnswer { iss: iss.clone(), ..honest(&asked) };
        let refused = access.provider_end(answer, None, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{iss:?}: {refused:?}");
    }
    // a no, which counts only if it is this one's
    let no = |asked: &Url| ProviderAnswer {
        error: Some("access_denied".to_owned()),
        code: None,
        ..provider.back(asked)
    };
    let asked = begin(&access, &COME_IN, None).await;
    let refused = access.provider_end(no(&asked), None, &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::Declined)), "{refused:?}");
}

#[tokio::test]
async fn a_token_that_is_not_meant_for_this_very_question_lets_nobody_in() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    person(&access, "ann", &[]).await;
    let now = world.clock.now().unix_timestamp();
    for (what, name, changed) in [
        ("another issuer", "iss", json!("https://evil.example")),
        ("the same issuer in another spelling", "iss", json!(format!("{}/", provider.issuer()))),
        ("another audience", "aud", json!("another client")),
        ("another audience beside us", "aud", json!(["postroom", "another client"])),
        ("given to another client", "azp", json!("another client")),
        ("expired", "exp", json!(now - 61)),
        ("from the future", "iat", json!(now + 61)),
        ("another nonce", "nonce", json!("x")),
        ("no nonce", "nonce", Value::Null),
        ("nobody", "sub", json!("")),
        ("nobody who could be shown", "sub", json!("a\u{0}b")),
        ("somebody with an endless name", "sub", json!("x".repeat(256))),
    ] {
        let asked = begin(&access, &COME_IN, None).await;
        let mut claims = provider.claims(&world, &asked, "a-1");
        claims[name] = changed;
        provider.give(&provider.signed(&claims));
        let refused = access.provider_end(provider.back(&asked), None, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{what}: {refused:?}");
    }
    let public = provider.says.lock().unwrap().keys["keys"][0].clone();
    let stranger = new_key("one");
    let signed_by = |key: &CoreEdDsaPrivateSigningKey, octets: &[u8]| {
        key.sign(&CoreJwsSigningAlgorithm::EdDsa, octets).unwrap()
    };
    for (what, header, by) in [
        ("no signature", json!({ "alg": "none" }), None),
        ("no signature, and a key", json!({ "alg": "none", "kid": "one" }), None),
        ("a secret that everybody knows", json!({ "alg": "HS256", "kid": "one" }), None),
        ("a weaker hash", json!({ "alg": "RS1", "kid": "one" }), None),
        ("an algorithm of another key", json!({ "alg": "RS256", "kid": "one" }), Some(&provider.key)),
        ("somebody else's key", json!({ "alg": "EdDSA", "kid": "one" }), Some(&stranger)),
        ("a key that it brings along", json!({ "alg": "EdDSA", "jwk": public }), Some(&stranger)),
        (
            "what nobody understands",
            json!({ "alg": "EdDSA", "kid": "one", "crit": ["x"], "x": 1 }),
            Some(&provider.key),
        ),
    ] {
        let asked = begin(&access, &COME_IN, None).await;
        let claims = provider.claims(&world, &asked, "a-1");
        let made = token(&header, &claims, |octets| match by {
            Some(key) => signed_by(key, octets),
            None if header["alg"] == "HS256" => hmac_of(&public, octets),
            None => Vec::new(),
        });
        provider.give(&made);
        let refused = access.provider_end(provider.back(&asked), None, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{what}: {refused:?}");
    }
    for nonsense in ["", "x", "a.b.c", "....", &"x".repeat(100_000)] {
        let asked = begin(&access, &COME_IN, None).await;
        provider.give(nonsense);
        let refused = access.provider_end(provider.back(&asked), None, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{nonsense:.10}: {refused:?}");
    }
    assert_eq!(access.user_list().await.unwrap().len(), 1, "nobody was made a user by any of this");
}

/// What a verifier would accept that takes the public key for a shared secret.
fn hmac_of(public: &Value, octets: &[u8]) -> Vec<u8> {
    use openidconnect::core::CoreHmacKey;
    let secret = public["x"].as_str().unwrap().to_owned();
    CoreHmacKey::new(secret).sign(&CoreJwsSigningAlgorithm::HmacSha256, octets).unwrap()
}

#[tokio::test]
async fn a_new_key_is_read_once_it_is_used_though_not_for_every_unknown_one() {
    let (world, mut provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    person(&access, "ann", &[]).await;
    come_in(&world, &access, &provider, "a-1").await.unwrap();
    assert_eq!(provider.keys_read.load(Ordering::SeqCst), 1);
    // made up names of keys do not have it ask again and again
    provider.key = new_key("two");
    let by = |provider: &Provider, claims: &Value| {
        token(&json!({ "alg": "EdDSA", "kid": "two" }), claims, |octets| {
            provider.key.sign(&CoreJwsSigningAlgorithm::EdDsa, octets).unwrap()
        })
    };
    for _ in 0..3 {
        let asked = begin(&access, &COME_IN, None).await;
        provider.give(&by(&provider, &provider.claims(&world, &asked, "a-1")));
        let refused = access.provider_end(provider.back(&asked), None, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{refused:?}");
    }
    assert_eq!(provider.keys_read.load(Ordering::SeqCst), 1);
    world.forward(61);
    provider.says.lock().unwrap().keys = published(&provider.key);
    let asked = begin(&access, &COME_IN, None).await;
    provider.give(&by(&provider, &provider.claims(&world, &asked, "a-1")));
    access.provider_end(provider.back(&asked), None, &visiting()).await.unwrap();
    assert_eq!(provider.keys_read.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_provider_that_is_down_huge_elsewhere_or_another_is_not_gone_on_with() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n";
    let huge = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 300 << 10);
    for (what, instead) in [
        ("nonsense", "SSH-2.0-OpenSSH\r\n\r\n".to_owned()),
        ("nothing", String::new()),
        ("redirect", redirect.to_owned()),
        ("huge", huge),
        ("failure", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_owned()),
    ] {
        let (world, provider) = (World::new(), Provider::start().await);
        let access = provider.access(&world, Signup::Open).await;
        provider.says.lock().unwrap().instead = Some(instead);
        let refused = access.provider_begin(&COME_IN, None, "", &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Unreachable)), "{what}: {refused:?}");
        // a moment later it is up again
        provider.says.lock().unwrap().instead = None;
        let refused = access.provider_begin(&COME_IN, None, "", &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Unreachable)), "{what}: nobody waits for it twice");
        world.forward(5);
        begin(&access, &COME_IN, None).await;
    }
    for (what, name, changed) in [
        ("another issuer", "issuer", json!("https://evil.example")),
        ("in the clear", "token_endpoint", json!("http://localhost/token")),
        ("a script", "authorization_endpoint", json!("javascript:alert(1)")),
        ("with a password", "jwks_uri", json!("https://a:b@localhost/keys")),
        ("no URL", "jwks_uri", json!("x")),
    ] {
        let (world, provider) = (World::new(), Provider::start().await);
        let access = provider.access(&world, Signup::Open).await;
        provider.says.lock().unwrap().metadata[name] = changed;
        let refused = access.provider_begin(&COME_IN, None, "", &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::Untrusted(_))), "{what}: {refused:?}");
    }
}

#[tokio::test]
async fn what_it_said_of_itself_is_enough_while_it_is_down_for_a_while() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    begin(&access, &COME_IN, None).await;
    world.forward(2 * 3600);
    provider.says.lock().unwrap().instead = Some(String::new());
    begin(&access, &COME_IN, None).await;
    world.forward(24 * 3600);
    let refused = access.provider_begin(&COME_IN, None, "", &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::Unreachable)), "{refused:?}");
}

#[tokio::test]
async fn who_is_new_gets_a_name_that_fits_where_everybody_may_sign_up() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    // the first person sets the server up, and is nobody who happens to come by
    let refused = come_in(&world, &access, &provider, "first").await;
    assert!(matches!(refused, Err(ProviderRefusal::Unknown)), "{refused:?}");
    person(&access, "ann", &[]).await;
    for (number, username, email, verified, expected) in [
        (1, json!("Bob.Builder@example.org"), Value::Null, Value::Null, "bob.builder"),
        (2, json!("ann"), Value::Null, Value::Null, "ann-2"),
        (3, json!("Ann"), Value::Null, Value::Null, "ann-3"),
        (4, json!("Ö€"), json!("carol+x@example.org"), json!(true), "carolx"),
        (5, Value::Null, json!("ann@example.org"), json!(false), "person"),
        (6, Value::Null, Value::Null, Value::Null, "person-2"),
        (7, json!("../..//x"), Value::Null, Value::Null, "x"),
    ] {
        let asked = begin(&access, &COME_IN, None).await;
        let mut claims = provider.claims(&world, &asked, "x");
        claims["sub"] = json!(format!("s-{number}"));
        claims["preferred_username"] = username;
        claims["email"] = email;
        claims["email_verified"] = verified;
        provider.give(&provider.signed(&claims));
        world.forward(30);
        match access.provider_end(provider.back(&asked), None, &visiting()).await.unwrap() {
            ProviderEnded::Opened { opened, is_new: true, .. } => {
                assert_eq!(opened.signed_in.user.name, expected);
                assert!(!opened.signed_in.user.is_admin);
            }
            other => panic!("{other:?}"),
        }
    }
    // many say names only when asked, and then only of who it is
    for (subject, expected) in [("s-8", "dora"), ("another", "person-3")] {
        let asked = begin(&access, &COME_IN, None).await;
        let now = world.clock.now().unix_timestamp();
        let claims = json!({
            "iss": provider.issuer(), "sub": "s-8", "aud": "postroom", "exp": now + 300, "iat": now,
            "nonce": value(&asked, "nonce"),
        });
        let claims = if subject == "s-8" {
            claims
        } else {
            let mut claims = claims;
            claims["sub"] = json!("s-9");
            claims
        };
        provider.says.lock().unwrap().about = json!({ "sub": "s-8", "preferred_username": "dora" });
        provider.give(&provider.signed(&claims));
        world.forward(30);
        match access.provider_end(provider.back(&asked), None, &visiting()).await.unwrap() {
            ProviderEnded::Opened { opened, .. } => assert_eq!(opened.signed_in.user.name, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_invitation_makes_one_person_of_one_identity() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Invite).await;
    person(&access, "ann", &[]).await;
    let (_, code) = access.invitation_new("ann", false, "").await.unwrap();
    let join = ProviderPurpose::SignIn { invitation: Some(code) };
    for (subject, is_let_in) in [("b-1", true), ("b-2", false), ("b-1", false)] {
        let asked = begin(&access, &join, None).await;
        provider.give(&provider.signed(&provider.claims(&world, &asked, subject)));
        let ended = access.provider_end(provider.back(&asked), None, &visiting()).await;
        assert_eq!(matches!(ended, Ok(ProviderEnded::Opened { is_new: true, .. })), is_let_in, "{ended:?}");
    }
    assert_eq!(access.user_list().await.unwrap().len(), 2);
    // who came so has no password, and nothing is one
    for empty in ["", "x"] {
        assert!(access.sign_in("b-1", &Secret::new(empty), &browser()).await.is_err());
    }
}

#[tokio::test]
async fn an_identity_is_one_persons_and_their_last_way_in_stays() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    person(&access, "ann", &[]).await;
    person(&access, "bob", &[]).await;
    let (ann, bob) = (sign_in(&access, "ann").await.signed_in, sign_in(&access, "bob").await.signed_in);
    link(&world, &access, &provider, &ann, "a-1").await;
    let asked = begin(&access, &ProviderPurpose::Link, Some(&bob)).await;
    provider.give(&provider.signed(&provider.claims(&world, &asked, "a-1")));
    // begun by bob, it is not ended by ann, nor by nobody
    for who in [Some(&ann), None] {
        let refused = access.provider_end(provider.back(&asked), who, &visiting()).await;
        assert!(matches!(refused, Err(ProviderRefusal::NotBegun)), "{refused:?}");
    }
    let refused = access.provider_end(provider.back(&asked), Some(&bob), &visiting()).await;
    assert!(matches!(refused, Err(ProviderRefusal::Taken)), "{refused:?}");
    let issuer = provider.issuer();
    assert_eq!(access.identity_remove(&bob, &issuer, "a-1").await.unwrap(), WayRemoval::Absent);
    assert_eq!(access.identity_remove(&ann, &issuer, "a-1").await.unwrap(), WayRemoval::Removed);

    let carol = come_in(&world, &access, &provider, "carol").await.unwrap();
    assert_eq!(
        access.identity_remove(&carol.signed_in, &issuer, "carol").await.unwrap(),
        WayRemoval::LastWay
    );
    assert!(is_live(&access, &carol).await);
}

#[tokio::test]
async fn who_came_in_without_signing_in_at_the_provider_proved_nothing() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    person(&access, "ann", &[]).await;
    // who has just become a user has nothing yet that a proof is for
    let asked = begin(&access, &COME_IN, None).await;
    let now = world.clock.now().unix_timestamp();
    for (what, signed_in, is_proven) in [
        ("new", json!(now - 3600), true),
        ("an old sign-in there", json!(now - 3600), false),
        ("just before", json!(now - 61), false),
        ("one that is not told", Value::Null, false),
        ("since they were sent", json!(now), true),
    ] {
        let asked = if what == "new" { asked.clone() } else { begin(&access, &COME_IN, None).await };
        let mut claims = provider.claims(&world, &asked, "a-1");
        claims["auth_time"] = signed_in;
        provider.give(&provider.signed(&claims));
        let ended = access.provider_end(provider.back(&asked), None, &visiting()).await.unwrap();
        let ProviderEnded::Opened { opened, .. } = ended else { panic!("{what}: {ended:?}") };
        assert_eq!(access.is_proven(&opened.signed_in, &Occasion::Change), is_proven, "{what}");
        let again = access.signed_in(&opened.cookie).await.unwrap().unwrap();
        assert_eq!(access.is_proven(&again, &Occasion::Change), is_proven, "{what}");
    }
}

#[tokio::test]
async fn a_proof_by_the_provider_is_fresh_of_this_person_and_for_its_occasion() {
    let (world, provider) = (World::new(), Provider::start().await);
    let access = provider.access(&world, Signup::Open).await;
    person(&access, "ann", &[]).await;
    let ann = come_in(&world, &access, &provider, "a-1").await.unwrap();
    world.forward(3600);
    let message = Occasion::Approval(ApprovalId::from_text("apr_1"));
    let prove = ProviderPurpose::Prove(message.clone());
    let again = || async { access.signed_in(&ann.cookie).await.unwrap().unwrap() };
    let now = world.clock.now().unix_timestamp();
    for (what, subject, signed_in, expected) in [
        ("an old sign-in there", "a-1", json!(now - 3600), "not_fresh"),
        ("one that is not told", "a-1", Value::Null, "no_time"),
        ("somebody else's", "b-1", json!(now), "not_yours"),
    ] {
        let who = again().await;
        let asked = begin(&access, &prove, Some(&who)).await;
        assert_eq!((value(&asked, "prompt"), value(&asked, "max_age")), ("login".to_owned(), "0".to_owned()));
        let mut claims = provider.claims(&world, &asked, subject);
        claims["auth_time"] = signed_in;
        provider.give(&provider.signed(&claims));
        let refused = access.provider_end(provider.back(&asked), Some(&who), &visiting()).await;
        let told = match refused {
            Err(ProviderRefusal::NotFresh) => "not_fresh",
            Err(ProviderRefusal::NoTime) => "no_time",
            Err(ProviderRefusal::NotYours) => "not_yours",
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(told, expected, "{what}");
        assert!(!access.is_proven(&again().await, &message), "{what}");
    }
    let who = again().await;
    let asked = begin(&access, &prove, Some(&who)).await;
    provider.give(&provider.signed(&provider.claims(&world, &asked, "a-1")));
    let ended = access.provider_end(provider.back(&asked), Some(&who), &visiting()).await.unwrap();
    assert!(matches!(ended, ProviderEnded::Proven { .. }), "{ended:?}");
    let who = again().await;
    assert!(access.is_proven(&who, &message));
    assert!(!access.is_proven(&who, &Occasion::Approval(ApprovalId::from_text("apr_2"))));
    world.forward(301);
    assert!(!access.is_proven(&again().await, &message));
}
