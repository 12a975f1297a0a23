//! Loopback ports for servers that cannot choose one themselves, and whether somebody answers there.

use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// More than any server greets with, in octets.
const LONGEST_GREETING: u64 = 8_192;

/// A port that is free on 127.0.0.1.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Different ports that are free on both loopback addresses.
pub(crate) fn free_ports<const COUNT: usize>() -> io::Result<[u16; COUNT]> {
    let mut held = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..200 {
        let first = TcpListener::bind(("127.0.0.1", 0))?;
        let port = first.local_addr()?.port();
        if let Ok(second) = TcpListener::bind(("127.0.0.2", port)) {
            held.push((first, second));
            ports.push(port);
        }
        if let Ok(ports) = <[u16; COUNT]>::try_from(ports.as_slice()) {
            return Ok(ports);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free ports on 127.0.0.1 and 127.0.0.2"))
}

/// The first line of a server's greeting, if somebody listens there and says something.
#[expect(clippy::disallowed_methods, reason = "asks its own child on loopback whether it is up")]
pub(crate) fn greeting(port: u16) -> Option<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST_GREETING)).read_line(&mut line).ok()?;
    (!line.is_empty()).then_some(line)
}
