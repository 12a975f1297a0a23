//! A server over TLS for a test, of an authority of its own; what it answers is its caller's.

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use net::{Outgoing, PrivateHosts};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// Answers one request of each connection, as `localhost`.
pub(crate) struct Https {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    authority: PathBuf,
    _folder: TempDir,
}

impl Https {
    /// A server that answers each request with what `answer` makes of it, head and all.
    pub(crate) async fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, authority) = testkit::tls::localhost(folder.path()).unwrap();
        let acceptor = TlsAcceptor::from(config);
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
        Self { port, connections, authority, _folder: folder }
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
        let ca_file = Some(self.authority.clone());
        Outgoing::new(net::Settings { private_hosts, ca_file, ..net::Settings::default() })
    }
}
