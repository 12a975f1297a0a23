//! Connections that come in: accepted up to a bound, with a deadline for what a client must say first, and
//! ended without cutting an answer when the server stops. What is asked on them is the router's.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    middleware::from_fn_with_state,
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{unread, unstalled::Unstalled};

/// Bounds of what connections may take.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    /// Connections open at the same time; further ones wait to be accepted.
    pub(crate) connections: usize,
    /// How long the head of a request may take, and a kept connection may be silent.
    pub(crate) head: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub(crate) stall: Duration,
    /// What is read of bodies that nobody reads.
    pub(crate) unread: unread::Bounds,
}

impl Default for Bounds {
    fn default() -> Self {
        let minute = Duration::from_mins(1);
        Self { connections: 10_000, head: minute, stall: minute, unread: unread::Bounds::default() }
    }
}

/// Octets of the headers of a request over HTTP/2; HTTP/1 has a bound of its own.
const MAX_HEADERS: u32 = 64 * 1024;

/// Serves `routes` on `listener`. Once `stopping` is set, nothing is accepted any more, idle connections are
/// closed, and it returns when the others have ended.
pub(crate) async fn serve(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    stopping: CancellationToken,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(bounds.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(bounds.head / 2))
        .max_header_list_size(MAX_HEADERS);
    let routes = routes.layer(from_fn_with_state(bounds.unread, unread::read));
    let free = Arc::new(Semaphore::new(bounds.connections));
    let open = TaskTracker::new();
    while let Some((tcp, peer, permit)) = accept(&listener, &free, &stopping).await {
        let (builder, routes, stopping) = (builder.clone(), routes.clone(), stopping.clone());
        open.spawn(async move {
            let _permit = permit;
            let service = routes.map_request(move |request: hyper::Request<Incoming>| -> Request {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                request
            });
            let service = TowerToHyperService::new(service);
            let connection =
                builder.serve_connection(TokioIo::new(Unstalled::new(tcp, bounds.stall)), service);
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    open.close();
    open.wait().await;
}

/// The next connection; nothing once the server stops.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
    stopping: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = tokio::select! {
        permit = Arc::clone(free).acquire_owned() => permit.ok()?,
        () = stopping.cancelled() => return None,
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => return None,
        };
        match accepted {
            Ok((tcp, peer)) => {
                // small answers must not wait for more
                if let Err(error) = tcp.set_nodelay(true) {
                    tracing::debug!(%error, "delays stay on a connection");
                }
                return Some((tcp, peer, permit));
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                // out of file descriptors, most likely: others must end first
                tracing::error!(%error, "no connection can be accepted");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn start(bounds: Bounds) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let routes = Router::new()
            .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()))
            .route("/slow", get(async || sleep(Duration::from_millis(300)).await));
        let server = tokio::spawn(serve(listener, routes, bounds, stopping.clone()));
        (address, stopping, server)
    }

    #[expect(clippy::disallowed_methods, reason = "a client of tests, on loopback only")]
    async fn connect(address: SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.unwrap()
    }

    async fn read_all(mut tcp: TcpStream) -> String {
        let mut text = String::new();
        let _ = tcp.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn a_client_that_does_not_finish_its_head_is_cut_off() {
        let bounds = Bounds { head: Duration::from_millis(100), ..Bounds::default() };
        let (address, _stopping, _server) = start(bounds).await;
        let mut tcp = connect(address).await;
        tcp.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        let started = Instant::now();
        read_all(tcp).await;
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    #[tokio::test]
    async fn connections_beyond_the_bound_wait_for_a_free_place() {
        let (address, _stopping, _server) = start(Bounds { connections: 1, ..Bounds::default() }).await;
        let first = connect(address).await;
        let mut second = connect(address).await;
        second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut byte = [0; 1];
        let early = tokio::time::timeout(Duration::from_millis(100), second.peek(&mut byte)).await;
        assert!(early.is_err(), "the second was served beside the first");
        drop(first);
        assert!(read_all(second).await.ends_with("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_stop_lets_running_answers_end_and_closes_the_rest() {
        let (address, stopping, server) = start(Bounds::default()).await;
        let idle = connect(address).await;
        let mut busy = connect(address).await;
        busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        sleep(Duration::from_millis(50)).await;
        stopping.cancel();
        assert!(read_all(busy).await.starts_with("HTTP/1.1 200"));
        assert_eq!(read_all(idle).await, "");
        server.await.unwrap();
    }
}
