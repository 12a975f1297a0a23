//! A faulty network: a TCP proxy in front of a server that delays, cuts, stalls or trickles what the server
//! says. Understands no protocol; faults are counted in bytes.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What happens to one direction or to the connection. The default is a perfect network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Added to every piece in each direction; pieces do not wait for each other.
    pub delay: Duration,
    /// The connection is cut after this many bytes from the server.
    pub cut_after: Option<usize>,
    /// The server falls silent after this many bytes, but the connection stays.
    pub stall_after: Option<usize>,
    /// At most this many bytes from the server are handed on at once.
    pub trickle: Option<usize>,
    /// Every occurrence of the first in what the server says is replaced by the second, as long as it
    /// lies in one piece; the second is best of equal length.
    pub replace: Option<(Vec<u8>, Vec<u8>)>,
}

/// A running proxy on 127.0.0.1.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    faults: Arc<Mutex<Faults>>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Listens on a free port in front of `upstream` (a port on 127.0.0.1).
    pub fn start(upstream: u16, faults: Faults) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let faults = Arc::new(Mutex::new(faults));
        let connections = Arc::new(AtomicUsize::new(0));
        let (current, count) = (Arc::clone(&faults), Arc::clone(&connections));
        thread::Builder::new().name("proxy".into()).spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let faults = current.lock().map(|faults| faults.clone()).unwrap_or_default();
                let _ = join(&client, upstream, &faults);
            }
        })?;
        Ok(Self { port, faults, connections })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the faults for connections that come from now on.
    pub fn set(&self, faults: Faults) {
        if let Ok(mut current) = self.faults.lock() {
            *current = faults;
        }
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

#[expect(clippy::disallowed_methods, reason = "connects to a server of the same test on loopback")]
fn join(client: &TcpStream, upstream: u16, faults: &Faults) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", upstream))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (to_server, to_client) = (server.try_clone()?, client.try_clone()?);
    let requests = Faults { delay: faults.delay, ..Faults::default() };
    pump(client.try_clone()?, to_server, requests)?;
    pump(server, to_client, faults.clone())
}

/// Carries one direction: one thread reads and stamps, another hands on when the delay is over.
fn pump(mut from: TcpStream, mut to: TcpStream, faults: Faults) -> io::Result<()> {
    let (sender, pieces) = std::sync::mpsc::channel::<(std::time::Instant, Vec<u8>)>();
    thread::Builder::new().spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(length) = from.read(&mut buffer) {
            let piece = buffer.get(..length).unwrap_or_default().to_vec();
            if length == 0 || sender.send((std::time::Instant::now(), piece)).is_err() {
                return;
            }
        }
    })?;
    thread::Builder::new().spawn(move || {
        let mut carried = 0;
        for (read_at, piece) in pieces {
            thread::sleep(faults.delay.saturating_sub(read_at.elapsed()));
            let piece = match &faults.replace {
                Some((old, new)) => replaced(&piece, old, new),
                None => piece,
            };
            for part in piece.chunks(faults.trickle.unwrap_or(usize::MAX).max(1)) {
                let limit = faults.cut_after.or(faults.stall_after).unwrap_or(usize::MAX);
                let part = part.get(..limit.saturating_sub(carried).min(part.len())).unwrap_or_default();
                if to.write_all(part).is_err() {
                    break;
                }
                carried += part.len();
                if carried >= limit && faults.cut_after.is_some() {
                    let _ = to.shutdown(Shutdown::Both);
                    return;
                }
                if faults.trickle.is_some() {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        }
        if faults.stall_after.is_none() {
            let _ = to.shutdown(Shutdown::Write);
        }
    })?;
    Ok(())
}

fn replaced(piece: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(piece.len());
    let mut rest = piece;
    while let Some((first, tail)) = rest.split_first() {
        if !old.is_empty() && rest.starts_with(old) {
            result.extend_from_slice(new);
            rest = rest.get(old.len()..).unwrap_or_default();
        } else {
            result.push(*first);
            rest = tail;
        }
    }
    result
}
