//! Somebody else at the same mailbox: a bare IMAP client that blocks, and LMTP delivery, for tests in
//! which things change under the program's feet. No client to build on: it understands tags only.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::{Dovecot, Mail, sample::date};

/// A signed-in bare IMAP connection.
#[derive(Debug)]
pub struct OtherClient {
    stream: BufReader<TcpStream>,
    next: u32,
}

impl OtherClient {
    /// Signs in with LOGIN on the unprotected port.
    pub fn sign_in(dovecot: &Dovecot, user: &str, password: &str) -> io::Result<Self> {
        Self::sign_in_at(dovecot.imap_port(), user, password)
    }

    /// The same at any server on this port of 127.0.0.1.
    pub fn sign_in_at(port: u16, user: &str, password: &str) -> io::Result<Self> {
        let mut client = Self { stream: connect("127.0.0.1", port)?, next: 1 };
        client.line()?;
        client.run(&format!("LOGIN {user} {password}"))?;
        Ok(client)
    }

    /// Runs one command line and gives all lines of its answer, the completion last; NO and BAD are
    /// errors.
    pub fn run(&mut self, command: &str) -> io::Result<Vec<String>> {
        let tag = self.say(command)?;
        self.answer(&tag)
    }

    /// Files a message, with its flags, keywords and time of receipt. `folder` is written as the server
    /// writes it (`maildir::encode_name`).
    pub fn append(&mut self, folder: &str, mail: &Mail) -> io::Result<()> {
        let flags: Vec<&str> = mail.flags.chars().filter_map(system_flag).collect();
        let flags = [flags, mail.keywords.iter().map(String::as_str).collect()].concat().join(" ");
        let received = internal_date(mail.received);
        let size = mail.raw.len();
        let tag = self.say(&format!("APPEND \"{folder}\" ({flags}) \"{received}\" {{{size}}}"))?;
        loop {
            let line = self.line()?;
            if line.starts_with('+') {
                break;
            }
            if line.starts_with(&format!("{tag} ")) {
                return Err(io::Error::other(line));
            }
        }
        self.stream.get_mut().write_all(&[mail.raw.as_slice(), b"\r\n"].concat())?;
        self.answer(&tag).map(|_| ())
    }

    fn say(&mut self, command: &str) -> io::Result<String> {
        let tag = format!("o{}", self.next);
        self.next += 1;
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes())?;
        Ok(tag)
    }

    fn answer(&mut self, tag: &str) -> io::Result<Vec<String>> {
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

/// A Maildir letter as IMAP writes it.
fn system_flag(letter: char) -> Option<&'static str> {
    Some(match letter {
        'S' => "\\Seen",
        'R' => "\\Answered",
        'F' => "\\Flagged",
        'T' => "\\Deleted",
        'D' => "\\Draft",
        _ => return None,
    })
}

/// `Sun, 1 Nov 2026 10:00:00 +0000` as ` 1-Nov-2026 10:00:00 +0000`.
fn internal_date(seconds: u64) -> String {
    let date = date(seconds);
    let words: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, zone] = words.as_slice() else { return date };
    format!("{day:>2}-{month}-{year} {time} {zone}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_receipt_is_written_as_imap_wants_it() {
        assert_eq!(internal_date(1_793_527_200), " 1-Nov-2026 10:00:00 +0000");
    }
}
