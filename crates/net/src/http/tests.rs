//! Answers as servers send them, whole and in single octets; and one over a real connection.

use std::{
    io,
    net::Ipv4Addr,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{io::ReadBuf, net::TcpListener};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{PrivateHosts, Settings, connect::tests::Authority};

const BOUNDS: FetchBounds = FetchBounds { body: 100, time: Duration::from_secs(10) };

/// An opener that may reach this machine, however busy it is.
fn outgoing(ca_file: Option<PathBuf>) -> Outgoing {
    Outgoing::new(Settings { private_hosts: PrivateHosts::Allow, ca_file, ..Settings::default() })
}

/// Gives so many octets at a time.
struct Slowly<'a>(&'a [u8], usize);

impl AsyncRead for Slowly<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.1.min(self.0.len()).min(buffer.remaining()));
        buffer.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

/// What is read of an answer, however it arrives.
async fn answer(text: &str) -> Result<Fetched, AnswerFault> {
    let at_once = read(&mut Slowly(text.as_bytes(), 4096), 100).await;
    let slowly = read(&mut Slowly(text.as_bytes(), 1), 100).await;
    assert_eq!(at_once, slowly, "{text}");
    at_once
}

async fn body(text: &str) -> Vec<u8> {
    answer(text).await.unwrap().body
}

#[tokio::test]
async fn a_body_ends_by_its_length_its_chunks_or_the_connection() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, more",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ] {
        assert_eq!(body(text).await, b"hello", "{text}");
    }
}

#[tokio::test]
async fn the_type_comes_without_parameters_and_other_statuses_without_body() {
    let fetched =
        answer("HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\n\r\n{}").await.unwrap();
    assert_eq!(fetched.content_type, "application/json");
    let moved = "HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\nContent-Length: 3\r\n\r\nabc";
    let moved = answer(moved).await.unwrap();
    assert_eq!((moved.status, moved.body), (302, Vec::new()));
}

#[tokio::test]
async fn what_is_larger_than_allowed_is_not_read() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(101)),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nffffffffffffffff\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "x".repeat(MAX_HEAD)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(MAX_FIELDS + 1)),
    ] {
        assert_eq!(answer(&text).await, Err(AnswerFault::TooLarge), "{}", text.get(..60).unwrap_or(&text));
    }
    let full = format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "x".repeat(100));
    assert_eq!(body(&full).await.len(), 100);
}

#[tokio::test]
async fn what_ends_before_its_end_is_no_answer() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        assert_eq!(answer(text).await, Err(AnswerFault::Cut), "{text}");
    }
}

#[tokio::test]
async fn contradictions_and_compressed_bodies_are_refused() {
    let head = "HTTP/1.1 200 OK\r\n";
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
        format!("{head}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        format!("{head}Content-Length: +5\r\n\r\nhello"),
        format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("{head}Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nx\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nabc"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1;{}", "x".repeat(300)),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(6),
    ] {
        assert_eq!(answer(&text).await, Err(AnswerFault::Malformed), "{text}");
    }
}

#[tokio::test]
async fn only_https_is_asked() {
    for url in ["http://localhost/a", "data:,x", "file:///etc/passwd"] {
        let error = outgoing(None).fetch(&url.parse().unwrap(), BOUNDS, Origin::User).await.unwrap_err();
        assert!(matches!(error, Error::Answer { fault: AnswerFault::NotHttps, .. }), "{url}: {error}");
    }
}

/// A server that answers each request with `text`, if any, and tells the request's head.
async fn server(
    authority: &Authority,
    text: Option<&'static str>,
) -> (u16, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(authority.serve(&["localhost"], |_| ())));
    let (tell, told) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            tell.send(String::from_utf8_lossy(&head[..length]).into_owned()).await.unwrap();
            match text {
                Some(text) => {
                    stream.write_all(text.as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
                None => tokio::time::sleep(Duration::from_mins(1)).await,
            }
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_document_is_read_over_a_verified_connection() {
    let authority = Authority::new();
    let (port, mut told) =
        server(&authority, Some("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")).await;
    let url: Url = format!("https://localhost:{port}/a%20b?c=d").parse().unwrap();
    let fetched = outgoing(Some(authority.bundle())).fetch(&url, BOUNDS, Origin::User).await.unwrap();
    assert_eq!(fetched.body, b"{}");
    let head = told.recv().await.unwrap();
    assert!(head.starts_with("GET /a%20b?c=d HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nHost: localhost:{port}\r\n")), "{head}");
    let error = outgoing(None).fetch(&url, BOUNDS, Origin::User).await.unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }), "{error}");
}

#[tokio::test]
async fn a_form_is_posted_with_what_proves_who_asks_and_nothing_can_be_slipped_in() {
    let authority = Authority::new();
    let (port, mut told) =
        server(&authority, Some("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}")).await;
    let url: Url = format!("https://localhost:{port}/token").parse().unwrap();
    let outgoing = outgoing(Some(authority.bundle()));
    let (form, basic) = (Secret::new("code=a%20b&x=1"), Secret::new("Basic dXNlcjpwYXNz"));
    let posted = outgoing.post_form(&url, &form, Some(&basic), BOUNDS, Origin::User).await.unwrap();
    assert_eq!(posted.body, b"{}");
    let request = told.recv().await.unwrap();
    assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"), "{request}");
    assert!(request.contains("\r\nContent-Length: 14\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\ncode=a%20b&x=1"), "{request}");

    let evil = Secret::new("x\r\nHost: elsewhere.example");
    for (form, basic) in [(&evil, None), (&form, Some(&evil))] {
        let error = outgoing.post_form(&url, form, basic, BOUNDS, Origin::User).await.unwrap_err();
        assert!(matches!(error, Error::Answer { fault: AnswerFault::Malformed, .. }), "{error}");
    }
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_private_host_is_not_asked() {
    let authority = Authority::new();
    let (port, mut told) = server(&authority, Some("HTTP/1.1 200 OK\r\n\r\n{}")).await;
    let url: Url = format!("https://localhost:{port}/").parse().unwrap();
    let guarded = Outgoing::new(Settings { ca_file: Some(authority.bundle()), ..Settings::default() });
    let error = guarded.fetch(&url, BOUNDS, Origin::User).await.unwrap_err();
    assert!(matches!(error, Error::PrivateHost { .. }), "{error}");
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let authority = Authority::new();
    let (port, _told) = server(&authority, None).await;
    let url: Url = format!("https://localhost:{port}/").parse().unwrap();
    let bounds = FetchBounds { time: Duration::from_millis(300), ..BOUNDS };
    let error = outgoing(Some(authority.bundle())).fetch(&url, bounds, Origin::User).await.unwrap_err();
    assert!(matches!(error, Error::Answer { fault: AnswerFault::TooSlow, .. }), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_reading_panic_or_grow(
        head in "HTTP/1\\.[01] (200|103|302)( OK)?\r\n((content-length|transfer-encoding|X): ?(chunked|[0-9]{1,4}|\\PC{0,4})\r\n){0,3}(\r\n)?",
        body in "([0-9a-f]{0,3}(;x)?\r\n)?[\\x00-\\x7f]{0,300}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let text = format!("{head}{body}");
        let fetched = runtime.block_on(read(&mut Slowly(text.as_bytes(), 7), 100));
        proptest::prop_assert!(fetched.ok().is_none_or(|fetched| fetched.body.len() <= 100));
    }
}
