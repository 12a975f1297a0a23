//! Opening connections: name, guard, TCP, TLS, each within its deadline.

use std::{
    fmt,
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpSocket, TcpStream},
    sync::OnceCell,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Error, PrivateHosts, Step,
    resolve::{Resolver, Target},
    tls,
};

/// How long one address is waited for before the next is tried beside it (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// When a silent connection is probed, so that the middle boxes keep it and a dead one is noticed.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// How connections are opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// May hosts named by users, clients or mail be private.
    pub private_hosts: PrivateHosts,
    /// A PEM bundle trusted beside the system's certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// The longest that looking up and connecting may take together.
    pub connect_timeout: Duration,
    /// The longest that a TLS handshake may take.
    pub handshake_timeout: Duration,
}

impl Default for Settings {
    /// Public hosts only, the system's certificate authorities, 5 s to connect, 10 s for the handshake.
    fn default() -> Self {
        Self {
            private_hosts: PrivateHosts::Deny,
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(10),
        }
    }
}

/// Who named the host that is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A user, a client or a mail: the guard applies.
    User,
    /// The operator's configuration: any address may be reached.
    Operator,
}

/// The opener of outgoing connections; cheap to clone, all clones share resolver, trust and sessions.
#[derive(Clone)]
pub struct Outgoing(Arc<Shared>);

struct Shared {
    settings: Settings,
    resolver: Resolver,
    tls: OnceCell<Arc<ClientConfig>>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Outgoing {
    /// An opener by `settings`. Reads nothing yet: name servers and trust are loaded at the first use.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared { settings, resolver: Resolver::default(), tls: OnceCell::new() }))
    }

    /// Whether the file of own certificate authorities can be used; for a start and for `doctor`.
    /// Blocking.
    pub fn check_own_authorities(&self) -> Result<(), Error> {
        self.0.settings.ca_file.as_deref().map_or(Ok(()), |path| tls::read_authorities(path).map(|_| ()))
    }

    /// Opens a plain connection to `host`, a name or an address, within the connect deadline.
    ///
    /// # Errors
    /// [`Error::PrivateHost`] if no address of the host may be reached, else why none could be.
    pub async fn connect(&self, host: &str, port: u16, origin: Origin) -> Result<Stream, Error> {
        let target = Target::parse(host)?;
        let deadline = Instant::now() + self.0.settings.connect_timeout;
        let (name, found) = match target {
            Target::Address(address) => (address.to_string(), vec![address]),
            Target::Name(name) => {
                let found = timeout_at(deadline, self.0.resolver.resolve(&name))
                    .await
                    .map_err(|_| Error::Timeout { host: name.clone(), port, step: Step::Lookup })??;
                (name, found)
            }
        };
        let permits = |address: IpAddr| {
            origin == Origin::Operator || self.0.settings.private_hosts.permits(&name, address)
        };
        let addresses: Vec<SocketAddr> =
            found.into_iter().filter(|ip| permits(*ip)).map(|ip| SocketAddr::new(ip, port)).collect();
        if addresses.is_empty() {
            return Err(Error::PrivateHost { host: name });
        }
        let tcp = race(addresses, deadline, &name, port).await?;
        let broken = |source| Error::Unreachable { host: name.clone(), port, source };
        let peer = tcp.peer_addr().map_err(broken)?;
        if !permits(peer.ip()) {
            return Err(Error::PrivateHost { host: name });
        }
        tcp.set_nodelay(true).map_err(broken)?;
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4);
        SockRef::from(&tcp).set_tcp_keepalive(&keepalive).map_err(broken)?;
        Ok(Stream { inner: Inner::Plain(tcp), peer })
    }

    /// Opens a connection and secures it from the first byte.
    pub async fn connect_tls(&self, host: &str, port: u16, origin: Origin) -> Result<Stream, Error> {
        self.connect(host, port, origin).await?.start_tls(self, host).await
    }

    /// The hosts that take mail for a domain, the preferred one first; none if nobody does or nobody knows.
    /// Only names: whether one may be reached is asked when connecting.
    pub async fn exchangers(&self, domain: &str) -> Vec<String> {
        let Ok(Target::Name(name)) = Target::parse(domain) else { return Vec::new() };
        let deadline = Instant::now() + self.0.settings.connect_timeout;
        timeout_at(deadline, self.0.resolver.exchangers(&name)).await.unwrap_or_default()
    }

    /// Where a domain says that it offers a service (RFC 2782), such as `_imaps._tcp`: hosts and ports, the
    /// preferred first. Nothing in a plain DNS answer proves that it is the domain's own.
    pub async fn services(&self, service: &str, domain: &str) -> Vec<(String, u16)> {
        let Ok(Target::Name(name)) = Target::parse(domain) else { return Vec::new() };
        let deadline = Instant::now() + self.0.settings.connect_timeout;
        let name = format!("{service}.{name}");
        timeout_at(deadline, self.0.resolver.services(&name)).await.unwrap_or_default()
    }

    async fn tls(&self) -> Result<TlsConnector, Error> {
        let config = self
            .0
            .tls
            .get_or_try_init(|| async {
                let ca_file = self.0.settings.ca_file.clone();
                tokio::task::spawn_blocking(move || tls::load(ca_file.as_deref())).await.unwrap_or_else(
                    |error| {
                        Err(Error::NoAuthorities {
                            source: Box::new(rustls::Error::General(error.to_string())),
                        })
                    },
                )
            })
            .await?;
        Ok(TlsConnector::from(config.clone()))
    }
}

/// Connects to the first address that answers, starting the next when one fails or takes its time.
async fn race(
    addresses: Vec<SocketAddr>,
    deadline: Instant,
    host: &str,
    port: u16,
) -> Result<TcpStream, Error> {
    let mut waiting = addresses.into_iter();
    // Dropping the set ends the losers.
    let mut running: JoinSet<io::Result<TcpStream>> = JoinSet::new();
    let mut failure = None;
    loop {
        match waiting.next() {
            Some(address) => drop(running.spawn(open(address))),
            None if running.is_empty() => break,
            None => {}
        }
        let patience = if waiting.len() == 0 { deadline } else { deadline.min(Instant::now() + STAGGER) };
        match timeout_at(patience, running.join_next()).await {
            Ok(Some(Ok(Ok(stream)))) => return Ok(stream),
            Ok(Some(Ok(Err(error)))) => failure = Some(error),
            Err(_) if Instant::now() >= deadline => {
                return Err(Error::Timeout { host: host.to_owned(), port, step: Step::Connect });
            }
            Ok(Some(Err(_)) | None) | Err(_) => {}
        }
    }
    let source = failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    let host = host.to_owned();
    Err(match source.kind() {
        io::ErrorKind::ConnectionRefused => Error::Refused { host, port, source },
        io::ErrorKind::TimedOut => Error::Timeout { host, port, step: Step::Connect },
        _ => Error::Unreachable { host, port, source },
    })
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.connect(address).await
}

/// An open connection, plain or secured. Reads and writes have no deadline of their own.
pub struct Stream {
    inner: Inner,
    peer: SocketAddr,
}

enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("peer", &self.peer)
            .field("is_tls", &self.is_tls())
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Secures the connection; `host` is the name the certificate must be for.
    ///
    /// The caller makes sure that nothing which came in the clear is left unread in its own buffers:
    /// it would be taken for what the server said under TLS (RFC 3207 section 6).
    ///
    /// # Errors
    /// [`Error::Certificate`], [`Error::NotTls`], [`Error::Tls`], [`Error::Timeout`], or the trust
    /// could not be loaded. On a connection that is already secured: [`Error::Tls`].
    pub async fn start_tls(self, outgoing: &Outgoing, host: &str) -> Result<Self, Error> {
        let port = self.peer.port();
        let name = tls::server_name(host)?;
        let Inner::Plain(tcp) = self.inner else {
            let source = io::Error::other("the connection is already secured");
            return Err(Error::Tls { host: host.to_owned(), port, source });
        };
        let connector = outgoing.tls().await?;
        let deadline = Instant::now() + outgoing.0.settings.handshake_timeout;
        match timeout_at(deadline, connector.connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Self { inner: Inner::Tls(Box::new(stream)), peer: self.peer }),
            Ok(Err(error)) => Err(tls::classify(host, port, error)),
            Err(_) => Err(Error::Timeout { host: host.to_owned(), port, step: Step::Handshake }),
        }
    }

    /// The address connected to.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the connection is secured.
    pub fn is_tls(&self) -> bool {
        matches!(self.inner, Inner::Tls(_))
    }

    /// Whether the peer is this machine.
    pub fn is_loopback(&self) -> bool {
        self.peer.ip().to_canonical().is_loopback()
    }

    /// Whether nobody between can read: secured, or to this machine.
    pub fn is_private(&self) -> bool {
        self.is_tls() || self.is_loopback()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Inner::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Inner::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Inner::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            Inner::Plain(tcp) => tcp.is_write_vectored(),
            Inner::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Inner::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Inner::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
