//! Counts what a server says: a relay between one client and a port of this machine. Adds nothing and
//! leaves nothing out; it runs apart from everything that is timed.

use std::{
    io::{self, Read, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// A relay; its threads end with the connections.
pub(super) struct Relay {
    /// Where to connect on 127.0.0.1.
    pub(super) port: u16,
    from_server: Arc<AtomicU64>,
}

impl Relay {
    /// Listens in front of `upstream` on 127.0.0.1.
    pub(super) fn start(upstream: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let from_server = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&from_server);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = join(client, upstream, &count);
            }
        });
        Ok(Self { port, from_server })
    }

    /// Bytes that the server sent so far over all connections.
    pub(super) fn sent(&self) -> u64 {
        self.from_server.load(Ordering::SeqCst)
    }
}

fn join(client: TcpStream, upstream: u16, count: &Arc<AtomicU64>) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", upstream))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_reader, server_writer) = (client.try_clone()?, server.try_clone()?);
    let count = Arc::clone(count);
    thread::spawn(move || carry(client_reader, server_writer, |_| {}));
    thread::spawn(move || {
        // counted before it is handed on: who has an answer finds it counted
        carry(server, client, |bytes| {
            count.fetch_add(bytes, Ordering::SeqCst);
        });
    });
    Ok(())
}

fn carry(mut from: TcpStream, mut to: TcpStream, count: impl Fn(u64)) {
    let mut buffer = [0; 16_384];
    while let Ok(read) = from.read(&mut buffer) {
        count(read as u64);
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_counted_to_the_byte() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let relay = Relay::start(server.local_addr().unwrap().port()).unwrap();
        let serving = thread::spawn(move || {
            let (mut peer, _) = server.accept().unwrap();
            let mut question = [0; 5];
            peer.read_exact(&mut question).unwrap();
            peer.write_all(&vec![b'x'; 100_000]).unwrap();
        });
        let mut client = TcpStream::connect(("127.0.0.1", relay.port)).unwrap();
        client.write_all(b"hello").unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        serving.join().unwrap();
        assert_eq!((answer.len(), relay.sent()), (100_000, 100_000));
    }
}
