//! The world of a test of pages: the real router over a store in memory, and browsers with cookies.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use access::{Access, NewToken, Signup};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderMap, Method, Request, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    },
};
use domain::{ClientAddress, Clock, GrantId, Limits, Random, RequestId, Scopes, Secret, Timestamp};
use engine::Engine;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};
use tower::ServiceExt as _;

use crate::{Settings, frame::Site};

/// The password of everybody in tests.
pub(crate) const PASSWORD: &str = "correct horse";

const FORM: &str = "application/x-www-form-urlencoded";

/// A clock that a test moves.
#[derive(Debug)]
pub(crate) struct Watch(AtomicI64);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// Randomness that differs each time within a test and is the same in each run.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let hash = Sha256::digest(count.to_be_bytes());
            piece.copy_from_slice(&hash[..piece.len()]);
        }
    }
}

/// A process that has nothing to tell.
struct Idle;

impl crate::Process for Idle {
    fn version(&self) -> &'static str {
        "1.2.3"
    }

    fn since(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn free_octets(&self) -> Option<u64> {
        None
    }

    fn limits(&self) -> Vec<(&'static str, String)> {
        vec![("Who may join", "who was invited".to_owned())]
    }

    fn works(&self) -> Vec<crate::Work> {
        vec![crate::Work { what: "Sessions", done: None, failed: Some(Timestamp::UNIX_EPOCH) }]
    }
}

/// A server of its own.
pub(crate) struct World {
    pub(crate) access: Access,
    pub(crate) watch: Arc<Watch>,
    settings: Settings,
    router: Router,
}

impl World {
    /// A server on plain loopback where people are invited.
    pub(crate) async fn new() -> Self {
        Self::of("http://localhost:8143", Signup::Invite).await
    }

    /// A server under that URL, with that rule of signing up.
    pub(crate) async fn of(public_url: &str, signup: Signup) -> Self {
        let watch = Arc::new(Watch(AtomicI64::new(1_800_000_000)));
        let random = Arc::new(Counted::default());
        let settings =
            access::Settings { issuer: public_url.to_owned(), signup, ..access::Settings::default() };
        let access = Access::in_memory(watch.clone(), random.clone(), &settings).await.unwrap();
        let engine = Engine::unstored(watch.clone(), random.clone());
        let settings = Settings {
            public_url: public_url.to_owned(),
            clock: watch.clone(),
            random,
            approval: domain::ApprovalRule::default(),
            process: Arc::new(Idle),
        };
        let router = crate::router(access.clone(), engine, settings.clone());
        Self { access, watch, settings, router }
    }

    /// What the clock says.
    pub(crate) fn now(&self) -> Timestamp {
        self.watch.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.watch.0.fetch_add(time.whole_seconds(), Ordering::Relaxed);
    }

    /// A browser without cookies.
    pub(crate) fn visitor(&self) -> Surfer {
        Surfer {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
            headers: HeaderMap::new(),
            request_id: None,
            address: None,
        }
    }

    /// A browser in front of other pages, with the frame around them.
    pub(crate) fn visitor_of(&self, pages: Router<Site>) -> Surfer {
        let engine = Engine::unstored(self.watch.clone(), self.settings.random.clone());
        let site = Site::new(self.access.clone(), engine, self.settings.clone());
        Surfer { router: crate::frame::wrap(pages, site), ..self.visitor() }
    }

    /// Makes a user, the first of whom is an administrator, and signs them in through the page.
    pub(crate) async fn person(&self, name: &str) -> Surfer {
        self.access.user_add(name, false, &Secret::new(PASSWORD)).await.unwrap();
        self.enter(name).await
    }

    /// Makes a user without a password, whom a provider let in, and answers their browser.
    pub(crate) async fn person_without_password(&self, name: &str) -> Surfer {
        let opened = self.access.let_in_without_password(name).await.unwrap().unwrap();
        let mut surfer = self.visitor();
        surfer.cookies.insert("postroom".to_owned(), opened.cookie.expose().to_owned());
        surfer
    }

    /// A personal token of that user's, with its grant: `scopes` as the command line takes them, of all accounts.
    pub(crate) async fn token(&self, user: &str, label: &str, scopes: &str) -> (GrantId, Secret) {
        let new = NewToken {
            label: label.to_owned(),
            scopes: Scopes::parse(scopes).unwrap(),
            accounts: None,
            lifetime: None,
            limits: Limits::default(),
        };
        let (grant, bearer) = self.access.token_new(user, &new).await.unwrap();
        (grant.id, bearer)
    }

    /// Another browser in which that user signed in through the page.
    pub(crate) async fn sign_in(&self, name: &str) -> Surfer {
        // strangers who sign in too fast have to wait
        self.pass(Duration::seconds(1));
        self.enter(name).await
    }

    async fn enter(&self, name: &str) -> Surfer {
        let mut surfer = self.visitor();
        let page = surfer.submit("/login", "/login", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        surfer
    }
}

/// A browser: it keeps cookies and sends them.
#[derive(Clone)]
pub(crate) struct Surfer {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Sent with each request.
    pub(crate) headers: HeaderMap,
    /// By what the log has each request.
    pub(crate) request_id: Option<RequestId>,
    /// Where each request comes from.
    pub(crate) address: Option<ClientAddress>,
}

/// What a browser got.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The token of its forms: of the last one, since the first may be the layout's.
    pub(crate) fn csrf(&self) -> String {
        self.html
            .rsplit_once("name=\"csrf\" value=\"")
            .map_or_else(String::new, |(_, rest)| rest.split('"').next().unwrap_or_default().to_owned())
    }

    /// Whether it says that.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

impl Surfer {
    /// Opens a page.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    /// Loads a file as its octets.
    pub(crate) async fn get_bytes(&mut self, path: &str) -> Vec<u8> {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.headers_mut().extend(self.headers.clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()
    }

    /// Posts a form as it is.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, Some((FORM, body))).await
    }

    /// Posts something of that type.
    pub(crate) async fn post_as(&mut self, path: &str, kind: &str, body: &str) -> Page {
        self.send(Method::POST, path, Some((kind, body.to_owned()))).await
    }

    /// Opens a page, and posts a form with the token that the page has.
    pub(crate) async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.get(page).await.csrf();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post(action, &fields).await
    }

    /// Asks in any way, with a form as it is.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, form: &str) -> Page {
        self.send(method, path, Some((FORM, form.to_owned()))).await
    }

    async fn send(&mut self, method: Method, path: &str, posted: Option<(&str, String)>) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        if !self.headers.contains_key(ACCEPT) {
            request = request.header(ACCEPT, "text/html");
        }
        if let Some((kind, _)) = posted {
            request = request.header(CONTENT_TYPE, kind);
        }
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let mut request =
            request.body(posted.map_or_else(Body::empty, |(_, body)| Body::from(body))).unwrap();
        request.headers_mut().extend(self.headers.clone());
        if let Some(address) = self.address {
            request.extensions_mut().insert(address);
        }
        if let Some(id) = &self.request_id {
            request.extensions_mut().insert(id.clone());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, flags) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if flags.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let html = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, html }
    }
}
