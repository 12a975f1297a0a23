//! Puts a bearer token into every request to a server on loopback, for clients that cannot send one. One
//! request a connection; bodies and answers pass as they are, streams included.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

/// A request's head is refused beyond this many bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// A listener on 127.0.0.1 that does not answer yet, so that a server can be told its address first.
#[derive(Debug)]
pub struct BearerProxy {
    listener: TcpListener,
    port: u16,
}

impl BearerProxy {
    /// Listens on a free port.
    pub fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the process ends: every request goes to `upstream` (a port on 127.0.0.1) with `bearer`.
    pub fn serve(self, upstream: u16, bearer: &str) -> io::Result<()> {
        let added = format!("\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\r\n");
        thread::Builder::new().name("bearer proxy".into()).spawn(move || {
            for client in self.listener.incoming().flatten() {
                let added = added.clone();
                thread::spawn(move || join(client, upstream, &added));
            }
        })?;
        Ok(())
    }
}

/// Sends the head with what is added, then lets both directions flow until either side is done.
#[expect(clippy::disallowed_methods, reason = "connects to a server of the same test on loopback")]
fn join(mut client: TcpStream, upstream: u16, added: &str) -> io::Result<()> {
    let (head, rest) = read_head(&mut client)?;
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    let kept = head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    server.write_all([&kept.collect::<Vec<_>>().join("\r\n"), added].concat().as_bytes())?;
    server.write_all(&rest)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        // a client that has left must be seen to have left
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut server, &mut client);
    client.shutdown(Shutdown::Both)
}

/// The head without its empty line, and what was read beyond it.
fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            read.truncate(end);
            let head = String::from_utf8(read).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            return Ok((head, rest));
        }
        let length = stream.read(&mut buffer)?;
        if length == 0 || read.len() > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        read.extend_from_slice(buffer.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp_http::request;

    #[test]
    fn a_request_arrives_with_the_bearer_and_its_answer_comes_back() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let proxy = BearerProxy::bind().unwrap();
        let port = proxy.port();
        proxy.serve(server.local_addr().unwrap().port(), "secret").unwrap();
        let seen = thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let (head, mut body) = read_head(&mut stream).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            stream.read_to_end(&mut body).unwrap();
            (head, body)
        });
        let headers = [("connection", "keep-alive"), ("X-Kept", "1")];
        let answer = request(port, "POST", "/mcp", &headers, "body").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
        let (head, body) = seen.join().unwrap();
        assert!(head.starts_with("POST /mcp HTTP/1.1\r\n") && head.contains("\r\nX-Kept: 1\r\n"), "{head}");
        assert!(head.ends_with("\r\nAuthorization: Bearer secret\r\nConnection: close"), "{head}");
        assert_eq!(head.to_ascii_lowercase().matches("connection:").count(), 1, "{head}");
        assert_eq!(body, b"body");
    }
}
