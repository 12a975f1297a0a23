//! Signing in by an OpenID provider that is played here over TLS, so that it can lie: in its metadata, keys, tokens
//! and answers. The real one is met in the browser.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use access::{
    Access, Browser, IdentityRemoval, LoginProvider, Occasion, Opened, ProviderAnswer, ProviderEnded,
    ProviderPurpose, ProviderRefusal, Settings, SignedIn, Signup,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ApprovalId, Clock as _, Secret};
use net::{Outgoing, PrivateHosts};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};
use url::Url;

use crate::{
    web_sessions::{browser, is_live, sign_in},
    world::{World, person},
};

/// What the provider answers, path by path; whatever a test puts there.
#[derive(Default)]
struct Says {
    metadata: Value,
    keys: Value,
    token: String,
    about: Value,
    /// In place of any answer.
    instead: Option<String>,
    /// Requests for tokens, head and body.
    asked: Vec<String>,
}

struct Provider {
    port: u16,
    says: Arc<Mutex<Says>>,
    keys_read: Arc<AtomicUsize>,
    folder: TempDir,
    key: CoreEdDsaPrivateSigningKey,
}

fn new_key(id: &str) -> CoreEdDsaPrivateSigningKey {
    let pem = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

fn published(key: &CoreEdDsaPrivateSigningKey) -> Value {
    json!({ "keys": [serde_json::to_value(key.as_verification_key()).unwrap()] })
}

impl Provider {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (says, keys_read) = (Arc::new(Mutex::new(Says::default())), Arc::new(AtomicUsize::new(0)));
        let (shared, count) = (says.clone(), keys_read.clone());
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                let mut request = vec![0; 16 << 10];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let answer = answer(&mut shared.lock().unwrap(), &count, &request);
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let provider = Self { port, says, keys_read, folder, key: new_key("one") };
        {
            let mut says = provider.says.lock().unwrap();
            says.metadata = provider.metadata();
            says.keys = published(&provider.key);
            says.about = Value::Null;
        }
        provider
    }

    fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn metadata(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/about"),
            "jwks_uri": format!("{issuer}/keys"),
            "authorization_response_iss_parameter_supported": true,
        })
    }

    async fn access(&self, world: &World, signup: Signup) -> Access {
        let outgoing = Outgoing::new(net::Settings {
            // the operator named it: it may be on a private address whatever people may name
            private_hosts: PrivateHosts::Deny,
            ca_file: Some(self.folder.path().join("ca.pem")),
            ..net::Settings::default()
        });
        let login_provider = Some(LoginProvider {
            issuer: self.issuer(),
            client_id: "postroom".to_owned(),
            client_secret: Some(Secret::new("s+cret")),
        });
        let settings = Settings { outgoing: Some(outgoing), login_provider, signup, ..Settings::default() };
        world.access_with(&settings).await
    }

    /// What an honest token says, of `subject`, in answer to `asked`.
    fn claims(&self, world: &World, asked: &Url, subject: &str) -> Value {
        let now = world.clock.now().unix_timestamp();
        json!({
            "iss": self.issuer(), "sub": subject, "aud": "postroom", "exp": now + 300, "iat": now,
            "nonce": value(asked, "nonce"), "auth_time": now,
            "preferred_username": subject, "email": format!("{subject}@example.org"), "email_verified": true,
        })
    }

    fn signed(&self, claims: &Value) -> String {
        token(&json!({ "alg": "EdDSA", "kid": "one" }), claims, |octets| {
            self.key.sign(&CoreJwsSigningAlgorithm::EdDsa, octets).unwrap()
        })
    }

    fn give(&self, token: &str) {
        token.clone_into(&mut self.says.lock().unwrap().token);
    }

    /// The answer of the browser that was sent there, as an honest provider has it.
    fn back(&self, asked: &Url) -> ProviderAnswer {
        ProviderAnswer {
            state: Some(Secret::new(value(asked, "state"))),
            code: Some(Secret::new("the code")),
            error: None,
            iss: Some(self.issuer()),
        }
    }
}

fn answer(says: &mut Says, keys_read: &AtomicUsize, request: &str) -> String {
    if let Some(instead) = &says.instead {
        return instead.clone();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = match path {
        "/.well-known/openid-configuration" => says.metadata.clone(),
        "/keys" => {
            keys_read.fetch_add(1, Ordering::SeqCst);
            says.keys.clone()
        }
        "/token" => {
            says.asked.push(request.to_owned());
            json!({ "id_token": says.token, "access_token": "opaque", "token_type": "Bearer" })
        }
        "/about" => says.about.clone(),
        _ => return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    json_answer(&body.to_string())
}

fn json_answer(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

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
    assert_eq!(access.identity_remove(&bob, &issuer, "a-1").await.unwrap(), IdentityRemoval::Absent);
    assert_eq!(access.identity_remove(&ann, &issuer, "a-1").await.unwrap(), IdentityRemoval::Removed);

    let carol = come_in(&world, &access, &provider, "carol").await.unwrap();
    assert_eq!(
        access.identity_remove(&carol.signed_in, &issuer, "carol").await.unwrap(),
        IdentityRemoval::LastWay
    );
    assert!(is_live(&access, &carol).await);
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
        ("one that is not told", "a-1", Value::Null, "not_fresh"),
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
