//! An SMTP server that takes everything and sends nothing on, so that no test mail leaves the machine.
//! Speaks just enough for a relaying submission server: no TLS, no sign-in.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// One message as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender, without angle brackets.
    pub from: String,
    /// The envelope's recipients, without angle brackets.
    pub to: Vec<String>,
    /// The message, dots unstuffed, lines ending in CRLF.
    pub message: String,
}

/// A running sink. It stops taking connections with the process.
#[derive(Debug)]
pub struct SmtpSink {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl SmtpSink {
    /// Listens on a free loopback port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let store = Arc::clone(&received);
        thread::Builder::new().name("smtp-sink".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = Arc::clone(&store);
                let _ = thread::Builder::new().spawn(move || serve(&stream, &store));
            }
        })?;
        Ok(Self { port, received })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything taken so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().map(|received| received.clone()).unwrap_or_default()
    }
}

fn serve(stream: &TcpStream, store: &Mutex<Vec<Received>>) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut from = String::new();
    let mut to = Vec::new();
    out.write_all(b"220 sink.test ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.trim_end().to_ascii_uppercase();
        if verb.starts_with("EHLO") {
            out.write_all(
                b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 SIZE 26214400\r\n",
            )?;
        } else if verb.starts_with("MAIL FROM:") {
            from = address(&line);
            to.clear();
            out.write_all(b"250 2.1.0 ok\r\n")?;
        } else if verb.starts_with("RCPT TO:") {
            to.push(address(&line));
            out.write_all(b"250 2.1.5 ok\r\n")?;
        } else if verb == "DATA" {
            out.write_all(b"354 go on\r\n")?;
            let message = read_data(&mut lines)?;
            if let Ok(mut store) = store.lock() {
                store.push(Received {
                    from: std::mem::take(&mut from),
                    to: std::mem::take(&mut to),
                    message,
                });
            }
            out.write_all(b"250 2.0.0 taken\r\n")?;
        } else if verb == "QUIT" {
            return out.write_all(b"221 2.0.0 bye\r\n");
        } else if verb.starts_with("HELO") || verb == "NOOP" || verb == "RSET" || verb.starts_with("XCLIENT")
        {
            out.write_all(b"250 2.0.0 ok\r\n")?;
        } else {
            out.write_all(b"502 5.5.1 not here\r\n")?;
        }
    }
}

fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

fn read_data(lines: &mut impl BufRead) -> io::Result<String> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(String::from_utf8_lossy(&message).into_owned());
        }
        message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
