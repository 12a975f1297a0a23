//! The world of a test: this door over a database in memory, a clock that the test moves, randomness that
//! repeats, and requests as clients and browsers send them.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use access::{Access, Browser, Choice, SignedIn};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use domain::{Clock, ConsentId, GrantedAccounts, Limits, Random, Scopes, Secret, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::form_urlencoded;

use crate::Settings;

pub(crate) const ISSUER: &str = "https://mail.example.org";

/// Verifier and challenge of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where answers to the client of the tests go.
pub(crate) const BACK: &str = "https://agent.example/back?from=postroom";

/// Parameters by name; an empty value takes one away.
pub(crate) type Pairs<'a> = [(&'a str, &'a str)];

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

struct TestRandom(AtomicU64);

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // splitmix64: no two calls alike, and the same in every run
            let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (x >> 56) as u8;
        }
    }
}

pub(crate) struct World {
    pub(crate) access: Access,
    clock: Arc<TestClock>,
    router: Router,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    headers: HeaderMap,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(ISSUER).await
    }

    pub(crate) async fn at(issuer: &str) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000)));
        let random = Arc::new(TestRandom(AtomicU64::new(1)));
        let settings = access::Settings { issuer: issuer.to_owned(), ..access::Settings::default() };
        let access = Access::in_memory(clock.clone(), random, &settings).await.unwrap();
        Self::over(access, clock, issuer)
    }

    /// A server whose database cannot be asked.
    pub(crate) fn out_of_order() -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000)));
        let random = Arc::new(TestRandom(AtomicU64::new(1)));
        Self::over(Access::without_store(clock.clone(), random, &access::Settings::default()), clock, ISSUER)
    }

    fn over(access: Access, clock: Arc<TestClock>, issuer: &str) -> Self {
        let router = crate::router(access.clone(), Settings { issuer: issuer.to_owned() });
        Self { access, clock, router }
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Method::GET, uri, &[], "").await
    }

    pub(crate) async fn post_form(&self, uri: &str, pairs: &Pairs<'_>) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, uri, &headers, encoded(pairs)).await
    }

    /// A client that registered with that method; its id and its secret, if it has one.
    pub(crate) async fn client(&self, auth_method: &str) -> (String, Option<String>) {
        let sent = json!({
            "client_name": "Agent",
            "redirect_uris": [BACK, "http://localhost/callback"],
            "token_endpoint_auth_method": auth_method,
        });
        let told = self.post_json("/oauth/register", &sent).await.json();
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        (text("client_id").unwrap(), text("client_secret"))
    }

    /// The first person of the server, signed in with this browser; and the cookie.
    pub(crate) async fn ann(&self) -> (SignedIn, String) {
        let code = self.access.setup_code().await.unwrap().unwrap();
        let password = Secret::new("correct horse battery");
        let opened =
            self.access.invitation_accept(&code, "ann", &password, &Browser::default()).await.unwrap();
        let name = access::session_cookie(true);
        (opened.signed_in, format!("other=1; {name}={}", opened.cookie.expose()))
    }

    /// A client's question, with `changed` parameters, from a browser with that cookie.
    pub(crate) async fn ask(&self, client: &str, changed: &Pairs<'_>, cookie: Option<&str>) -> Answer {
        let headers: Vec<_> = cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
        self.send(Method::GET, &question(client, changed), &headers, "").await
    }

    /// From the question to the code, with a yes to those scopes.
    pub(crate) async fn code(&self, client: &str, who: &(SignedIn, String), scopes: &str) -> String {
        let answer = self.ask(client, &[], Some(&who.1)).await;
        let id = answer.header("location").strip_prefix("/consent/").unwrap();
        let choice = Choice {
            scopes: Scopes::parse(scopes).unwrap(),
            accounts: GrantedAccounts::All,
            limits: Limits::default(),
            lifetime: None,
        };
        let back = self.access.consent_give(&who.0, &ConsentId::from_text(id), &choice).await.unwrap();
        query_of(&back, "code").unwrap()
    }

    /// The token endpoint, asked to exchange a code, with `changed` parameters.
    pub(crate) async fn exchange(&self, client: &str, code: &str, changed: &Pairs<'_>) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", BACK),
            ("resource", "https://mail.example.org/mcp"),
        ];
        self.post_form("/oauth/token", &replaced(&usual, changed)).await
    }

    /// The token endpoint, asked for the next tokens, with `changed` parameters.
    pub(crate) async fn refresh(&self, client: &str, token: &str, changed: &Pairs<'_>) -> Answer {
        let usual = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        self.post_form("/oauth/token", &replaced(&usual, changed)).await
    }

    /// Whether the bearer lets anybody in.
    pub(crate) async fn lets_in(&self, bearer: &str) -> bool {
        self.access.principal(bearer).await.is_ok()
    }

    pub(crate) async fn post_json(&self, uri: &str, body: &Value) -> Answer {
        self.send(Method::POST, uri, &[("content-type", "application/json")], body.to_string()).await
    }
}

/// Path and query of a client's question, with `changed` parameters.
pub(crate) fn question(client: &str, changed: &Pairs<'_>) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", BACK),
        ("state", "s t&a=te"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "mail:folders mail:search mail:read"),
        ("resource", "https://mail.example.org/mcp"),
    ];
    format!("/oauth/authorize?{}", encoded(&replaced(&usual, changed)))
}

fn replaced<'a>(usual: &Pairs<'a>, changed: &Pairs<'a>) -> Vec<(&'a str, &'a str)> {
    let is_changed = |name: &str| changed.iter().any(|(other, _)| *other == name);
    let kept = usual.iter().filter(|(name, _)| !is_changed(name));
    kept.chain(changed).filter(|(_, value)| !value.is_empty()).copied().collect()
}

fn encoded(pairs: &Pairs<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A parameter of a URL's query.
pub(crate) fn query_of(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

impl Answer {
    /// A parameter of the query that the browser is sent back with.
    pub(crate) fn back(&self, name: &str) -> Option<String> {
        query_of(self.header("location"), name)
    }

    /// The value of a header; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The name of the error in a refusal.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}
