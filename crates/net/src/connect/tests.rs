//! Connections to real listeners on the loopback interface, with certificates made on the spot.

use std::{error::Error as _, net::Ipv4Addr};

use domain::Code;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use time::macros::datetime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::CertificateFault;

/// A certificate authority whose bundle lies in a file.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    pub(crate) fn bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server's configuration with a certificate of this authority, changed by `change`.
    pub(crate) fn serve(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params =
            CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        server_config(certificate.der().clone(), &key)
    }
}

fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> ServerConfig {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// An opener that may reach this machine, with short deadlines.
fn outgoing(ca_file: Option<PathBuf>) -> Outgoing {
    Outgoing::new(Settings {
        private_hosts: PrivateHosts::Allow,
        ca_file,
        connect_timeout: Duration::from_secs(2),
        handshake_timeout: Duration::from_millis(500),
    })
}

/// A server that greets each connection under TLS and sends back what it reads.
async fn tls_server(config: ServerConfig) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(tcp).await?;
                stream.write_all(b"* OK ready\r\n").await?;
                let mut buffer = [0; 64];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    stream.write_all(&buffer[..read]).await?;
                }
                io::Result::Ok(())
            });
        }
    });
    port
}

/// A listener that says `greeting` to each connection and then nothing more.
async fn plain_server(greeting: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut tcp, _)) = listener.accept().await {
            tcp.write_all(greeting).await.unwrap();
            open.push(tcp);
        }
    });
    port
}

async fn fault_of(config: ServerConfig, ca_file: Option<PathBuf>) -> CertificateFault {
    let port = tls_server(config).await;
    match outgoing(ca_file).connect_tls("localhost", port, Origin::User).await {
        Err(error @ Error::Certificate { fault, .. }) => {
            assert_eq!(error.code(), Code::TlsFailed);
            assert!(!error.hint().is_empty());
            assert!(!error.to_string().contains(&error.source().unwrap().to_string()), "{error}");
            fault
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_of_the_own_authority_is_trusted_by_name_and_by_address() {
    let authority = Authority::new();
    let port = tls_server(authority.serve(&["localhost", "127.0.0.1"], |_| {})).await;
    let outgoing = outgoing(Some(authority.bundle()));
    outgoing.check_own_authorities().unwrap();
    for host in ["localhost", "LOCALHOST.", "127.0.0.1"] {
        let mut stream = outgoing.connect_tls(host, port, Origin::User).await.unwrap();
        assert!(stream.is_tls() && stream.is_loopback());
        assert_eq!(stream.peer().port(), port);
        stream.write_all(b"ping").await.unwrap();
        let mut answer = [0; 16];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"* OK ready\r\nping");
    }
}

#[tokio::test]
async fn certificates_that_cannot_be_trusted_are_told_apart() {
    let authority = Authority::new();
    let expired = authority.serve(&["localhost"], |params| {
        params.not_before = datetime!(2000-01-01 0:00 UTC);
        params.not_after = datetime!(2001-01-01 0:00 UTC);
    });
    let future = authority.serve(&["localhost"], |params| {
        params.not_before = datetime!(2090-01-01 0:00 UTC);
        params.not_after = datetime!(2091-01-01 0:00 UTC);
    });
    let elsewhere = authority.serve(&["mail.example.org"], |_| {});
    let foreign = Authority::new().serve(&["localhost"], |_| {});
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let self_signed = server_config(params.self_signed(&key).unwrap().der().clone(), &key);
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "bridge");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let self_signed_authority = server_config(params.self_signed(&key).unwrap().der().clone(), &key);
    for (what, config, fault) in [
        ("expired", expired, CertificateFault::Expired),
        ("future", future, CertificateFault::NotYetValid),
        ("elsewhere", elsewhere, CertificateFault::WrongName),
        ("foreign", foreign, CertificateFault::UnknownIssuer),
        ("self_signed", self_signed, CertificateFault::UnknownIssuer),
        ("self_signed_authority", self_signed_authority, CertificateFault::UnknownIssuer),
    ] {
        assert_eq!(fault_of(config, Some(authority.bundle())).await, fault, "{what}");
    }
}

#[tokio::test]
async fn an_own_authority_counts_only_where_it_is_configured() {
    let authority = Authority::new();
    let port = tls_server(authority.serve(&["localhost"], |_| {})).await;
    // Without the file the server is a stranger's, on a machine with system authorities and on one without.
    match outgoing(None).connect_tls("localhost", port, Origin::User).await {
        Err(
            Error::Certificate { fault: CertificateFault::UnknownIssuer, .. } | Error::NoAuthorities { .. },
        ) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_of_own_authorities_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing here\n").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let port = plain_server(b"").await;
    for path in [folder.path().join("absent.pem"), empty, broken] {
        let outgoing = outgoing(Some(path.clone()));
        match outgoing.connect_tls("localhost", port, Origin::User).await {
            Err(error @ Error::OwnAuthorities { .. }) => {
                assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_plain_text_port_is_recognised_when_tls_was_expected() {
    let authority = Authority::new();
    for greeting in [b"* OK IMAP4rev1 ready\r\n".as_slice(), b"220 mx.example.org ESMTP\r\n"] {
        let port = plain_server(greeting).await;
        match outgoing(Some(authority.bundle())).connect_tls("localhost", port, Origin::User).await {
            Err(error @ Error::NotTls { .. }) => {
                assert!(error.hint().contains("starttls"), "{}", error.hint());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_at_its_deadline() {
    let authority = Authority::new();
    let port = plain_server(b"").await;
    match outgoing(Some(authority.bundle())).connect_tls("127.0.0.1", port, Origin::User).await {
        Err(error @ Error::Timeout { step: Step::Handshake, .. }) => assert_eq!(error.code(), Code::Timeout),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tls_can_start_in_the_middle_and_only_once() {
    let authority = Authority::new();
    let port = tls_server(authority.serve(&["localhost"], |_| {})).await;
    let outgoing = outgoing(Some(authority.bundle()));
    let plain = outgoing.connect("localhost", port, Origin::User).await.unwrap();
    assert!(!plain.is_tls() && plain.is_private());
    let secured = plain.start_tls(&outgoing, "localhost").await.unwrap();
    assert!(matches!(secured.start_tls(&outgoing, "localhost").await, Err(Error::Tls { .. })));
}

#[tokio::test]
async fn the_guard_refuses_private_addresses_however_they_are_named() {
    let port = plain_server(b"hello").await;
    let guarded = Outgoing::new(Settings::default());
    for host in
        ["127.0.0.1", "localhost", "mail.localhost", "0x7f.1", "[::ffff:127.0.0.1]", "::1", "10.1.2.3"]
    {
        match guarded.connect(host, port, Origin::User).await {
            Err(error @ Error::PrivateHost { .. }) => {
                assert_eq!(error.code(), Code::AccountUnreachable);
                assert!(error.hint().contains("POSTROOM_ALLOW_PRIVATE_HOSTS"));
            }
            other => panic!("{host}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_operators_hosts_and_the_list_are_exempt_from_the_guard() {
    let port = plain_server(b"hello").await;
    let guarded = Outgoing::new(Settings::default());
    assert!(guarded.connect("localhost", port, Origin::Operator).await.unwrap().is_loopback());
    let by_name = Settings { private_hosts: "localhost".parse().unwrap(), ..Settings::default() };
    let by_name = Outgoing::new(by_name);
    by_name.connect("LocalHost", port, Origin::User).await.unwrap();
    assert!(matches!(by_name.connect("127.0.0.1", port, Origin::User).await, Err(Error::PrivateHost { .. })));
    let by_network = Settings { private_hosts: "127.0.0.0/8".parse().unwrap(), ..Settings::default() };
    Outgoing::new(by_network).connect("localhost", port, Origin::User).await.unwrap();
}

#[tokio::test]
async fn a_closed_port_is_refused_and_a_bad_name_is_invalid() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let outgoing = outgoing(None);
    assert!(matches!(outgoing.connect("localhost", port, Origin::User).await, Err(Error::Refused { .. })));
    assert!(matches!(outgoing.connect("a b", port, Origin::User).await, Err(Error::InvalidHost { .. })));
}

#[tokio::test]
async fn the_second_address_is_tried_when_the_first_refuses() {
    let port = plain_server(b"hello").await;
    let addresses = [[127, 0, 0, 2], [127, 0, 0, 1]].map(|ip| SocketAddr::new(IpAddr::from(ip), port));
    let deadline = Instant::now() + Duration::from_secs(2);
    let stream = race(addresses.to_vec(), deadline, "x", port).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap().ip(), IpAddr::from([127, 0, 0, 1]));
}

#[tokio::test]
async fn an_accept_queue_that_stalls_ends_at_the_deadline_and_is_overtaken_by_another_address() {
    // A listener with the shortest queue, filled by connections that nobody accepts: further ones get
    // no answer at all, as behind a firewall that drops them.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, 3), 0).into()).unwrap();
    let full = socket.listen(0).unwrap();
    let stalled = full.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(100), open(stalled)).await {
        queue.push(stream);
        assert!(queue.len() < 10_000, "this system's queue cannot be filled");
    }
    let started = Instant::now();
    match race(vec![stalled], started + Duration::from_millis(300), "x", 1).await {
        Err(Error::Timeout { step: Step::Connect, .. }) => {
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        }
        other => panic!("{other:?}"),
    }
    let port = plain_server(b"hello").await;
    let answers = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port);
    let deadline = Instant::now() + Duration::from_secs(2);
    assert_eq!(race(vec![stalled, answers], deadline, "x", 1).await.unwrap().peer_addr().unwrap(), answers);
}

#[tokio::test]
async fn a_server_that_hangs_up_in_the_handshake_is_unreachable_not_insecure() {
    let authority = Authority::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    match outgoing(Some(authority.bundle())).connect_tls("localhost", port, Origin::User).await {
        Err(error @ Error::Unreachable { .. }) => assert_eq!(error.code(), Code::AccountUnreachable),
        other => panic!("{other:?}"),
    }
}
