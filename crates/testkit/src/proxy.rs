//! A faulty network: a TCP proxy in front of a server that delays, cuts, stalls, trickles or spoils what
//! the server says, and counts connections and round trips. Knows no protocol but an IMAP literal's length
//! and the word CAPABILITY; what happens to the bytes of one direction is in [`wire`].

mod wire;

use std::{
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What happens to what the server says, and when the client is cut off. The default is a perfect network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Added to every piece in each direction; pieces do not wait for each other.
    pub delay: Duration,
    /// The connection is cut after this many bytes from the server.
    pub cut_after: Option<usize>,
    /// The connection is cut after this many bytes from the client; the server got those.
    pub cut_after_asked: Option<usize>,
    /// The connection is cut this many bytes into the next literal that is longer.
    pub cut_in_literal: Option<usize>,
    /// The server falls silent after this many bytes, but the connection stays.
    pub stall_after: Option<usize>,
    /// After that many bytes from the server these are slipped in, once.
    pub slip_in: Option<(usize, Vec<u8>)>,
    /// At most this many bytes from the server are handed on at once.
    pub trickle: Option<usize>,
    /// Every occurrence of the first in what the server says is replaced by the second, as long as it
    /// lies in one piece; the second is best of equal length.
    pub replace: Option<(Vec<u8>, Vec<u8>)>,
    /// Capabilities that are taken out of the server's announcements, as long as each lies in one piece.
    pub strip: Vec<String>,
}

/// A running proxy on 127.0.0.1.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
}

/// What all connections of a proxy share.
#[derive(Debug, Default)]
struct Network {
    faults: Mutex<Current>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    flights: AtomicUsize,
    said: AtomicUsize,
}

#[derive(Debug, Default)]
struct Current {
    /// Of connections that are yet to come.
    coming: Faults,
    /// Of connections that were open at the strike of this number.
    struck: Faults,
    strike: usize,
}

impl Proxy {
    /// Listens on a free port in front of `upstream` (a port on 127.0.0.1).
    pub fn start(upstream: u16, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let network = Arc::new(Network::default());
        network.current().coming = faults;
        let shared = Arc::clone(&network);
        thread::Builder::new().name("proxy".into()).spawn(move || {
            for client in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let _ = join(&client, upstream, &shared);
            }
        })?;
        Ok(Self { port, network })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the faults of connections that come from now on.
    pub fn set(&self, faults: Faults) {
        self.network.current().coming = faults;
    }

    /// Changes the faults of the connections that are open; bytes count from here.
    pub fn strike(&self, faults: Faults) {
        let mut current = self.network.current();
        current.struck = faults;
        current.strike += 1;
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.network.connections.load(Ordering::SeqCst)
    }

    /// How many connections were open at the same time, at the most.
    pub fn most_open(&self) -> usize {
        self.network.most_open.load(Ordering::SeqCst)
    }

    /// Bytes that the server said so far over all connections, those that a fault swallowed included.
    pub fn said(&self) -> usize {
        self.network.said.load(Ordering::SeqCst)
    }

    /// How many times clients spoke after having heard something: round trips, over all connections,
    /// signing in included. A delay keeps a flight of several pieces together.
    pub fn flights(&self) -> usize {
        self.network.flights.load(Ordering::SeqCst)
    }
}

impl Network {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened at the last strike, for a connection that knows of the strikes up to `known`.
    fn struck_since(&self, known: &mut usize) -> Option<Faults> {
        let current = self.current();
        (current.strike != *known).then(|| {
            *known = current.strike;
            current.struck.clone()
        })
    }
}

/// One connection through the proxy, as its two directions share it.
#[derive(Debug)]
struct Joint {
    network: Arc<Network>,
    /// Whether the server said something since the client last spoke.
    has_heard: AtomicBool,
    is_over: AtomicBool,
}

impl Joint {
    fn client_spoke(&self) {
        if self.has_heard.swap(false, Ordering::SeqCst) {
            self.network.flights.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn server_spoke(&self) {
        self.has_heard.store(true, Ordering::SeqCst);
    }

    /// The first direction that ends counts the connection as closed.
    fn end(&self) {
        if !self.is_over.swap(true, Ordering::SeqCst) {
            self.network.open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "connects to a server of the same test on loopback")]
fn join(client: &TcpStream, upstream: u16, network: &Arc<Network>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", upstream))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let open = network.open.fetch_add(1, Ordering::SeqCst) + 1;
    network.most_open.fetch_max(open, Ordering::SeqCst);
    let (faults, strike) = {
        let current = network.current();
        (current.coming.clone(), current.strike)
    };
    let joint = Arc::new(Joint {
        network: Arc::clone(network),
        has_heard: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
    });
    wire::requests(client.try_clone()?, server.try_clone()?, faults.clone(), strike, &joint)?;
    wire::answers(server, client.try_clone()?, faults, strike, &joint)
}

/// Both directions end; whoever still reads sees the end.
fn hang_up(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
