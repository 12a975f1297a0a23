//! A server over TLS for a test, of an authority of its own; what it answers is its caller's.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use net::{Outgoing, PrivateHosts};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

/// The file of its authority, in its folder.
const AUTHORITY: &str = "ca.pem";

/// Answers one request of each connection, as `localhost`.
pub(crate) struct Https {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Https {
    /// A server that answers each request with what `answer` makes of it, head and all.
    pub(crate) async fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.path().join(AUTHORITY), authority.self_signed(&key).unwrap().pem()).unwrap();
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
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                let mut request = vec![0; 16 << 10];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let answer = answer(&String::from_utf8_lossy(&request[..length]));
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { port, connections, folder }
    }

    /// Where it is, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// How often somebody connected, whatever came of it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A way out that trusts this server.
    pub(crate) fn outgoing(&self, private_hosts: PrivateHosts) -> Outgoing {
        let ca_file = Some(self.folder.path().join(AUTHORITY));
        Outgoing::new(net::Settings { private_hosts, ca_file, ..net::Settings::default() })
    }
}
