//! What a request brings and nobody read, because it was refused by its head: it is read and thrown away
//! before the answer. A connection with a body left in it can only be closed after the answer, and a client
//! that was told nothing of that sends its next request into the closing and gets nothing for it.
//!
//! HTTP/2 ends one stream without the others; nothing is done there.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{
        HeaderValue, Version,
        header::{CONNECTION, EXPECT},
    },
    middleware::Next,
    response::Response,
};
use futures_util::Stream;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::time::{Instant, timeout_at};

/// Bounds of what is read for nobody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Octets; whoever sends more has their connection closed.
    pub(crate) octets: usize,
    /// How long the answer waits for them.
    pub(crate) patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        // as much as any request may bring: whoever is still writing when the connection is closed may not read why
        Self { octets: 32 << 20, patience: Duration::from_secs(1) }
    }
}

/// Answers a request when its body has been read, by whom it is for or else here. Where that is too much to
/// wait for, the answer tells the client that the connection ends with it (RFC 9112 section 9.6).
pub(crate) async fn read(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
        return next.run(request).await;
    }
    // who asks before it sends the body has not sent it, and would be told to by reading
    let is_asking = request.headers().contains_key(EXPECT);
    let left = Left::default();
    let request = request.map(|body| Body::from_stream(Watched { body: Some(body), left: left.clone() }));
    let mut response = next.run(request).await;
    if let Some(body) = left.take()
        && (is_asking || !is_read(body, bounds).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the rest of a body was read within the bounds.
async fn is_read(mut body: Body, bounds: Bounds) -> bool {
    let (until, mut most) = (Instant::now() + bounds.patience, bounds.octets);
    while let Ok(frame) = timeout_at(until, body.frame()).await {
        let Some(frame) = frame else { return true };
        let Ok(frame) = frame else { return false };
        let Some(rest) = most.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return false };
        most = rest;
    }
    false
}

/// Where a body is put that was dropped before its end.
#[derive(Clone, Default)]
struct Left(Arc<Mutex<Option<Body>>>);

impl Left {
    fn put(&self, body: Body) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }

    fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body that is not lost when whoever has it reads no further.
struct Watched {
    /// Nothing once it has come to its end, or broke.
    body: Option<Body>,
    left: Left,
}

impl Stream for Watched {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(body) = &mut self.body {
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // trailers are for nobody
                    if let Ok(octets) = frame.into_data() {
                        return Poll::Ready(Some(Ok(octets)));
                    }
                }
                Some(Err(error)) => {
                    self.body = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.body = None,
            }
        }
        Poll::Ready(None)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.left.put(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, net::SocketAddr};

    use axum::{Router, body::to_bytes, http::StatusCode, middleware::from_fn_with_state, routing::post};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        time::sleep,
    };

    use super::*;

    const HEAD: &[u8] = b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";

    /// A server that refuses by the head, reads a little, or reads all.
    #[expect(clippy::disallowed_methods, reason = "a client of tests, on loopback only")]
    async fn connect(bounds: Bounds) -> TcpStream {
        let some = async |body: Body| match to_bytes(body, 4).await {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        let routes = Router::new()
            .route("/refused", post(async || StatusCode::UNAUTHORIZED))
            .route("/some", post(some))
            .route("/echo", post(async |body: String| body))
            .layer(from_fn_with_state(bounds, read));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        TcpStream::connect(address).await.unwrap()
    }

    /// The head of the next answer; what was closed answers with nothing.
    async fn answer(tcp: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match tcp.read_u8().await {
                Ok(octet) => head.push(octet),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => panic!("{error}"),
            }
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    #[tokio::test]
    async fn a_connection_goes_on_after_a_refusal_whose_body_came_late() {
        let mut tcp = connect(Bounds { patience: Duration::from_mins(1), ..Bounds::default() }).await;
        for _ in 0..3 {
            tcp.write_all(HEAD).await.unwrap();
            sleep(Duration::from_millis(20)).await;
            tcp.write_all(b"0123456789").await.unwrap();
            let answer = answer(&mut tcp).await;
            assert!(answer.starts_with("http/1.1 401"), "{answer}");
            assert!(!answer.contains("connection: close"), "{answer}");
        }
    }

    #[tokio::test]
    async fn what_is_read_in_part_is_read_to_its_end() {
        let mut tcp = connect(Bounds::default()).await;
        for _ in 0..3 {
            let body = "POST /some HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n";
            tcp.write_all(body.as_bytes()).await.unwrap();
            sleep(Duration::from_millis(20)).await;
            tcp.write_all(b"5\r\n56789\r\n0\r\n\r\n").await.unwrap();
            assert!(answer(&mut tcp).await.starts_with("http/1.1 413"));
        }
    }

    #[tokio::test]
    async fn what_is_read_arrives_as_it_was_sent() {
        let mut tcp = connect(Bounds::default()).await;
        let body =
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789";
        tcp.write_all(body.as_bytes()).await.unwrap();
        assert!(answer(&mut tcp).await.starts_with("http/1.1 200"));
        let mut echoed = String::new();
        tcp.read_to_string(&mut echoed).await.unwrap();
        assert_eq!(echoed, "0123456789");
    }

    #[tokio::test]
    async fn who_does_not_send_the_body_is_answered_and_told_that_it_ends() {
        let mut tcp = connect(Bounds { patience: Duration::from_millis(20), ..Bounds::default() }).await;
        tcp.write_all(HEAD).await.unwrap();
        let told = answer(&mut tcp).await;
        assert!(told.starts_with("http/1.1 401") && told.contains("connection: close"), "{told}");
        assert_eq!(answer(&mut tcp).await, "");
    }

    #[tokio::test]
    async fn who_sends_more_than_is_read_for_nobody_is_told_that_it_ends() {
        let bounds = Bounds { octets: 9, patience: Duration::from_mins(1) };
        let mut tcp = connect(bounds).await;
        tcp.write_all(HEAD).await.unwrap();
        tcp.write_all(b"0123456789").await.unwrap();
        let told = answer(&mut tcp).await;
        assert!(told.starts_with("http/1.1 401") && told.contains("connection: close"), "{told}");
    }

    #[tokio::test]
    async fn who_asks_before_sending_is_refused_at_once_and_not_told_to_send() {
        let mut tcp = connect(Bounds { patience: Duration::from_mins(1), ..Bounds::default() }).await;
        let head = b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n";
        tcp.write_all(head).await.unwrap();
        let told = answer(&mut tcp).await;
        assert!(told.starts_with("http/1.1 401") && told.contains("connection: close"), "{told}");
    }
}
