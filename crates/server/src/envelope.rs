//! What every request gets, whichever door it is for: an id, a log line, a count, security headers, an
//! answer even if the program has a fault, and a refusal while the server is stopping.

use std::{
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{ClientAddress, Random, RequestId};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{config::Networks, metrics::Metrics};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Longest request id that is taken over.
const LONGEST_ID: usize = 64;

/// What the envelope needs to know.
pub(crate) struct Envelope {
    /// Where requests are counted.
    pub(crate) metrics: Arc<Metrics>,
    /// What request ids are made of.
    pub(crate) random: Arc<dyn Random>,
    /// Whose X-Forwarded-For is believed.
    pub(crate) trusted_proxies: Networks,
    /// Whether people reach the server over TLS.
    pub(crate) is_https: bool,
    /// Set when the server is asked to stop.
    pub(crate) stopping: CancellationToken,
    /// The requests being worked on.
    pub(crate) running: Running,
}

/// Wraps one request.
pub(crate) async fn wrap(
    State(envelope): State<Arc<Envelope>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = accepted_id(request.headers()).unwrap_or_else(|| new_id(&*envelope.random));
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = peer.map(|peer| client_address(peer, request.headers(), &envelope.trusted_proxies));
    let is_probe = matches!(route.as_str(), "/health" | "/ready" | "/metrics");
    if let Some(client) = client {
        request.extensions_mut().insert(ClientAddress(client));
    }
    let running = envelope.running.begin();

    let span = tracing::info_span!("request", %id);
    let mut response = if envelope.stopping.is_cancelled() && !is_probe {
        refuse_new_work()
    } else {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
        answer.unwrap_or_else(|_| {
            let body = format!("A fault in the server; its log has it under {id}.\n");
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        })
    };

    let took = started.elapsed();
    envelope.metrics.count_request(&route, response.status(), took);
    span.in_scope(|| note(is_probe, &method, &route, response.status(), took, client));
    add_headers(response.headers_mut(), &id, envelope.is_https);
    // what the older protocol sends of itself is open for as long as its client likes, so it does not hold up a
    // stop; the answer to a call does, even as an event stream
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_stream = method == Method::GET && kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"));
    if is_stream { response } else { response.map(|body| count_until_sent(body, running)) }
}

fn note(
    is_probe: bool,
    method: &Method,
    route: &str,
    status: StatusCode,
    took: Duration,
    client: Option<IpAddr>,
) {
    let (status, ms) = (status.as_u16(), u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
    let client = client.map(tracing::field::display);
    if is_probe {
        tracing::debug!(%method, route, status, ms, client, "answered");
    } else {
        tracing::info!(%method, route, status, ms, client, "answered");
    }
}

fn refuse_new_work() -> Response {
    let headers = [(RETRY_AFTER, "5"), (CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, "The server is stopping.\n").into_response()
}

fn add_headers(headers: &mut HeaderMap, id: &str, is_https: bool) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // a route that needs another policy, or may be cached, has said so itself
    let policy = "default-src 'none'; frame-ancestors 'none'";
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn accepted_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_fine = (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    is_fine.then(|| id.to_owned())
}

fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// The address that the request came from: the last one of X-Forwarded-For that no trusted proxy has.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let mut client = peer;
    let said: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut hops = said.iter().flat_map(|value| value.split(',')).rev();
    while trusted.contain(client) {
        let Some(hop) = hops.next().and_then(|hop| hop.trim().parse().ok()) else { break };
        client = hop;
    }
    client
}

/// Counts the requests being worked on, up to the end of their answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<(AtomicUsize, Notify)>);

impl Running {
    fn begin(&self) -> RunningOne {
        self.0.0.fetch_add(1, Ordering::AcqRel);
        RunningOne(self.clone())
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.0.load(Ordering::Acquire)
    }

    /// Waits until there is none.
    pub(crate) async fn wait_until_none(&self) {
        loop {
            let changed = self.0.1.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            changed.await;
        }
    }
}

struct RunningOne(Running);

impl Drop for RunningOne {
    fn drop(&mut self) {
        if self.0.0.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.0.1.notify_waiters();
        }
    }
}

/// `body`, whose request counts as running until it has been sent.
fn count_until_sent(body: Body, running: RunningOne) -> Body {
    Body::new(body.map_err(move |error| {
        let _held = &running;
        error
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::HttpBody as _;
    use domain::Secret;

    use super::*;
    use crate::config::Value as _;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_request_id_is_taken_over_only_if_it_is_harmless() {
        for (sent, taken) in [("a.B_9-c", true), ("", false), ("a b", false), ("a\"b", false), ("ä", false)]
        {
            let Ok(value) = HeaderValue::from_str(sent) else { continue };
            let headers = HeaderMap::from_iter([(REQUEST_ID, value)]);
            assert_eq!(accepted_id(&headers).as_deref() == Some(sent), taken, "{sent}");
        }
        let long = HeaderValue::from_str(&"x".repeat(65)).unwrap();
        assert_eq!(accepted_id(&HeaderMap::from_iter([(REQUEST_ID, long)])), None);
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let trusted = Networks::parse(&Secret::new("10.0.0.0/8")).unwrap();
        for (peer, forwarded, client) in [
            ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            let found = client_address(peer.parse().unwrap(), &headers(&FORWARDED_FOR, forwarded), &trusted);
            assert_eq!(found.to_string(), client, "{peer} {forwarded:?}");
        }
    }

    #[tokio::test]
    async fn a_request_runs_until_its_answer_is_sent() {
        let running = Running::default();
        let body = count_until_sent(Body::from("x"), running.begin());
        assert_eq!(body.size_hint().exact(), Some(1));
        assert_eq!(running.count(), 1);
        let wait = tokio::spawn({
            let running = running.clone();
            async move { running.wait_until_none().await }
        });
        tokio::task::yield_now().await;
        assert!(!wait.is_finished());
        drop(body);
        wait.await.unwrap();
    }

    #[tokio::test]
    async fn a_fault_in_the_program_is_an_answer_with_the_request_s_id() {
        let envelope = Arc::new(Envelope {
            metrics: Arc::default(),
            random: Arc::new(crate::wire::SystemRandom),
            trusted_proxies: Networks::default(),
            is_https: true,
            stopping: CancellationToken::new(),
            running: Running::default(),
        });
        let broken = axum::routing::get(async || -> String { panic!("this quotes a mail") });
        let routes = axum::Router::new()
            .route("/broken", broken)
            .layer(axum::middleware::from_fn_with_state(Arc::clone(&envelope), wrap));
        let request = Request::get("/broken").header("X-Request-Id", "the-id").body(Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(routes, request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[REQUEST_ID], "the-id");
        assert!(response.headers().contains_key(STRICT_TRANSPORT_SECURITY));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("the-id") && !body.contains("quotes"), "{body}");
        assert_eq!(envelope.running.count(), 0);
        assert!(envelope.metrics.page(0).contains("route=\"/broken\",status=\"5xx\""));
    }
}
