//! Somebody else at the same mailbox: a bare IMAP client that blocks, and LMTP delivery, for tests in
//! which things change under the program's feet. No client to build on: it understands tags only.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::Dovecot;

/// A signed-in bare IMAP connection.
#[derive(Debug)]
pub struct OtherClient {
    stream: BufReader<TcpStream>,
    next: u32,
}

impl OtherClient {
    /// Signs in with LOGIN on the unprotected port.
    pub fn sign_in(dovecot: &Dovecot, user: &str, password: &str) -> io::Result<Self> {
        let mut client = Self { stream: connect(dovecot.host(), dovecot.imap_port())?, next: 1 };
        client.line()?;
        client.run(&format!("LOGIN {user} {password}"))?;
        Ok(client)
    }

    /// Runs one command line and gives all lines of its answer, the completion last; NO and BAD are
    /// errors.
    pub fn run(&mut self, command: &str) -> io::Result<Vec<String>> {
        let tag = format!("o{}", self.next);
        self.next += 1;
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            let is_last = line.starts_with(&format!("{tag} "));
            let is_ok = line.starts_with(&format!("{tag} OK"));
            lines.push(line);
            if is_last && !is_ok {
                return Err(io::Error::other(lines.join("\n")));
            }
            if is_last {
                return Ok(lines);
            }
        }
    }

    /// Marks these UIDs of a folder as deleted and expunges them.
    pub fn delete(&mut self, folder: &str, uids: &str) -> io::Result<()> {
        self.run(&format!("SELECT \"{folder}\""))?;
        self.run(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"))?;
        self.run("EXPUNGE")?;
        self.run("CLOSE").map(|_| ())
    }

    fn line(&mut self) -> io::Result<String> {
        read_line(&mut self.stream)
    }
}

/// Delivers a message to a user's inbox through LMTP; returns once it is there. The Dovecot must have
/// been started with its LMTP port.
pub fn deliver(dovecot: &Dovecot, user: &str, message: &str) -> io::Result<()> {
    let port = dovecot.lmtp_port().ok_or_else(|| io::Error::other("this Dovecot has no LMTP port"))?;
    let mut stream = connect(dovecot.host(), port)?;
    read_line(&mut stream)?;
    let stuffed = message.replace("\r\n.", "\r\n..");
    let dialogue = [
        ("LHLO test\r\n".to_owned(), "250"),
        ("MAIL FROM:<sender@example.org>\r\n".to_owned(), "250"),
        (format!("RCPT TO:<{user}>\r\n"), "250"),
        ("DATA\r\n".to_owned(), "354"),
        (format!("{stuffed}\r\n.\r\n"), "250"),
    ];
    for (said, expected) in dialogue {
        stream.get_mut().write_all(said.as_bytes())?;
        let answer = loop {
            let line = read_line(&mut stream)?;
            if line.as_bytes().get(3) != Some(&b'-') {
                break line;
            }
        };
        if !answer.starts_with(expected) {
            return Err(io::Error::other(answer));
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the other side of a test does not go through `net`")]
fn connect(host: &str, port: u16) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(BufReader::new(stream))
}

fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}
