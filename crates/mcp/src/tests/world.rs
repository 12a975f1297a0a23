//! A door on a real loopback port, with a scripted engine (`script`) and gate behind it and a raw client
//! before it.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{
    AccountId, AccountSource, Door, GrantId, GrantedAccount, Limits, Principal, Problem, Random, RequestId,
    Scope, Scopes, Secret,
};
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::script::Script;
use crate::{
    Boxed, CallRecord, Closer, Gate, Link, LinkRefusal, LinkedPart, Mail, Refusal, Settings, router,
};

/// A principal of that grant with those scopes.
pub(crate) fn principal(grant: &str, scopes: Scopes) -> Principal {
    Principal {
        user: "ann".into(),
        grant: GrantId::from_text(grant),
        client: "test".into(),
        door: Door::Personal,
        sign_in: None,
        scopes,
        accounts: vec![GrantedAccount {
            name: "home".parse().unwrap(),
            is_default: true,
            source: AccountSource::Stored(AccountId::from_text("acc_work")),
        }],
        limits: Limits::default(),
    }
}

/// Different bytes at each call.
#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = u8::try_from(count.wrapping_mul(37) % 256).unwrap();
        }
    }
}

/// Knows `all` and `other` (every scope), `rows` (folders and search) and `reads` (search and read), and
/// `drafts`, `changes`, `manages`, `sends` and `deletes` (that scope alone), each with its own grant.
#[derive(Default)]
pub(super) struct FakeGate {
    pub(super) wait: AtomicU64,
    pub(super) records: Mutex<Vec<(String, Vec<String>, String)>>,
    /// Octets of the answers, in the same order.
    pub(super) sizes: Mutex<Vec<Option<u64>>>,
    sessions: Mutex<Vec<(String, GrantId)>>,
    /// What the next session pushes out.
    pub(super) given_way: Mutex<Vec<String>>,
    /// What each look at the grant of a link finds instead of it.
    pub(super) link: Mutex<Option<LinkRefusal>>,
    /// How often it was looked at after the link was opened.
    pub(super) looks: AtomicUsize,
    /// After how many looks it is over.
    pub(super) ends_after: Mutex<Option<usize>>,
}

impl FakeGate {
    fn linked(&self, grant: &str) -> Result<Arc<Principal>, LinkRefusal> {
        match *self.link.lock().unwrap() {
            Some(refusal) => Err(refusal),
            None => Ok(Arc::new(principal(grant, Scopes::all()))),
        }
    }
}

impl Gate for FakeGate {
    fn principal<'a>(&'a self, bearer: &'a str) -> Boxed<'a, Result<Arc<Principal>, Refusal>> {
        Box::pin(async move {
            match bearer {
                "all" | "other" => Ok(Arc::new(principal(bearer, Scopes::all()))),
                "rows" => {
                    Ok(Arc::new(principal(bearer, [Scope::Folders, Scope::Search].into_iter().collect())))
                }
                "reads" => {
                    Ok(Arc::new(principal(bearer, [Scope::Search, Scope::Read].into_iter().collect())))
                }
                "drafts" | "changes" | "manages" | "sends" | "deletes" => {
                    let scope = match bearer {
                        "drafts" => Scope::Draft,
                        "changes" => Scope::Modify,
                        "manages" => Scope::Manage,
                        "sends" => Scope::Send,
                        _ => Scope::Delete,
                    };
                    Ok(Arc::new(principal(bearer, [scope].into_iter().collect())))
                }
                "down" => Err(Refusal::Unavailable),
                "paused" => Err(Refusal::Paused),
                _ => Err(Refusal::Invalid),
            }
        })
    }

    fn holds<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, bool> {
        Box::pin(async { self.link_principal(&principal.grant).await.is_ok() })
    }

    fn admit<'a>(&'a self, _principal: &'a Principal) -> Boxed<'a, Result<(), u64>> {
        Box::pin(async {
            match self.wait.load(Ordering::Relaxed) {
                0 => Ok(()),
                seconds => Err(seconds),
            }
        })
    }

    fn record<'a>(&'a self, _principal: &'a Principal, call: CallRecord<'a>) -> Boxed<'a, ()> {
        Box::pin(async move {
            let record = (call.tool.to_owned(), call.targets.to_vec(), call.outcome.to_owned());
            self.sizes.lock().unwrap().push(call.octets);
            self.records.lock().unwrap().push(record);
        })
    }

    fn bind_session<'a>(
        &'a self,
        session: &'a str,
        grant: &'a GrantId,
    ) -> Boxed<'a, Result<Vec<String>, Refusal>> {
        Box::pin(async move {
            self.sessions.lock().unwrap().push((session.to_owned(), grant.clone()));
            Ok(std::mem::take(&mut *self.given_way.lock().unwrap()))
        })
    }

    fn session_owner<'a>(&'a self, session: &'a str) -> Boxed<'a, Option<GrantId>> {
        Box::pin(async move {
            let sessions = self.sessions.lock().unwrap();
            sessions.iter().find(|(id, _)| id == session).map(|(_, grant)| grant.clone())
        })
    }

    fn release_session<'a>(&'a self, session: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move { self.sessions.lock().unwrap().retain(|(id, _)| id != session) })
    }

    fn new_link(&self, principal: &Principal, message: &str, index: usize) -> Result<Link, Problem> {
        let token = Secret::new(format!("{}.{index}.{}", principal.grant, message.len()));
        Ok(Link { token, expires: datetime!(2026-11-21 3:19:05 UTC) })
    }

    /// Reads `GRANT.INDEX`, for the message of the script.
    fn open_link<'a>(&'a self, token: &'a str) -> Boxed<'a, Result<LinkedPart, LinkRefusal>> {
        Box::pin(async move {
            let (grant, index) = token.split_once('.').ok_or(LinkRefusal::Invalid)?;
            let index = index.parse().map_err(|_| LinkRefusal::Invalid)?;
            Ok(LinkedPart { principal: self.linked(grant)?, message: "home/@inbox:1@a".into(), index })
        })
    }

    fn link_principal<'a>(&'a self, grant: &'a GrantId) -> Boxed<'a, Result<Arc<Principal>, LinkRefusal>> {
        Box::pin(async move {
            let looks = self.looks.fetch_add(1, Ordering::SeqCst);
            if self.ends_after.lock().unwrap().is_some_and(|after| looks >= after) {
                return Err(LinkRefusal::Invalid);
            }
            self.linked(grant.as_str())
        })
    }
}

/// A running door.
pub(super) struct World {
    pub(super) port: u16,
    pub(super) gate: Arc<FakeGate>,
    pub(super) mail: Arc<Script>,
    pub(super) closer: Closer,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The JSON of the body, or of the last event of a stream.
    pub(super) fn json(&self) -> Value {
        let events = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
        let text = events.map(str::trim).rfind(|data| !data.is_empty()).unwrap_or(&self.body);
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(super) fn code(&self) -> Value {
        self.json()["error"]["code"].clone()
    }
}

/// One HTTP request in the making.
pub(super) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Ask {
    pub(super) fn new(method: &'static str, path: &str) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: String::new() }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(one, _)| one != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(one, _)| one != name);
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// A POST of one message, as every client sends it.
    pub(super) fn post(message: &Value) -> Self {
        Self::new("POST", "/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(message.to_string())
    }

    /// A request of the stateless era, complete.
    pub(super) fn modern(method: &str, params: Value) -> Self {
        Self::able(&json!({}), method, params)
    }

    /// The same of a client that can do something.
    pub(super) fn able(capabilities: &Value, method: &str, mut params: Value) -> Self {
        for (name, value) in [
            ("protocolVersion", json!("2026-07-28")),
            ("clientCapabilities", capabilities.clone()),
            ("clientInfo", json!({"name": "test", "version": "1"})),
        ] {
            params["_meta"][format!("io.modelcontextprotocol/{name}")] = value;
        }
        let name = params["name"].as_str().or_else(|| params["uri"].as_str()).map(str::to_owned);
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let ask =
            Self::post(&message).header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
        match name {
            Some(name) => ask.header("mcp-name", &name),
            None => ask,
        }
    }

    /// A call of a tool in the stateless era.
    pub(super) fn call(tool: &str, arguments: &Value) -> Self {
        Self::modern("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// A request of the era of sessions.
    pub(super) fn legacy(session: &str, method: &str, params: &Value) -> Self {
        Self::post(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
            .header("mcp-protocol-version", "2025-11-25")
            .header("mcp-session-id", session)
    }

    fn bytes(&self, port: u16) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let has_host = self.headers.iter().any(|(name, _)| name == "host");
        if !has_host {
            let _ = write!(text, "host: localhost:{port}\r\n");
        }
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let _ = write!(text, "connection: close\r\ncontent-length: {}\r\n\r\n", self.body.len());
        text.push_str(&self.body);
        text.into_bytes()
    }
}

#[expect(clippy::disallowed_methods, reason = "the client of a test on loopback")]
pub(super) async fn dial(port: u16) -> tokio::net::TcpStream {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap()
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: fn(&mut Settings)) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut settings = Settings::new(&format!("http://localhost:{port}")).unwrap();
        change(&mut settings);
        let (gate, mail) = (Arc::new(FakeGate::default()), Arc::new(Script::default()));
        let (as_gate, as_mail): (Arc<dyn Gate>, Arc<dyn Mail>) = (gate.clone(), mail.clone());
        let (routes, closer) = router(as_mail, as_gate, Arc::new(Counter::default()), settings);
        let router = routes.layer(axum::Extension(RequestId("r-42".into())));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, gate, mail, closer }
    }

    /// Sends the request, unfinished connection given back.
    pub(super) async fn begin(&self, ask: &Ask) -> tokio::net::TcpStream {
        let mut stream = dial(self.port).await;
        stream.write_all(&ask.bytes(self.port)).await.unwrap();
        stream
    }

    pub(super) async fn send(&self, ask: Ask) -> Answer {
        let mut stream = self.begin(&ask).await;
        let mut bytes = Vec::new();
        let reading = stream.read_to_end(&mut bytes);
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an answer in time").unwrap();
        parse(&bytes)
    }

    /// Opens a session of the older protocol.
    pub(super) async fn initialize(&self, token: &str) -> (String, Answer) {
        self.initialize_able(token, &json!({})).await
    }

    /// The same for a client that can do something.
    pub(super) async fn initialize_able(&self, token: &str, capabilities: &Value) -> (String, Answer) {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "t", "version": "1"}}});
        let answer = self.send(Ask::post(&hello).token(token)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let session = answer.header("mcp-session-id").expect("a session").to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let ask = Ask::post(&ready).token(token).header("mcp-session-id", &session);
        assert_eq!(self.send(ask).await.status, 202);
        (session, answer)
    }
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer { status, headers, body: if is_chunked { dechunk(body) } else { body.to_owned() } }
}

fn dechunk(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
    }
    whole
}
