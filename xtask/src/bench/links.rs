//! A large file through a link of the hosted server: how much more memory it takes than a small one, and how
//! fast it comes against the same octets on a plain IMAP socket.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::{Mail, Maildir, McpHttp, maildir::Numbering};

use super::{
    MANY, World, end_of, floor::Floor, hosted::Hosted, new_directory, report::Row, samples::take_turns,
};
use crate::Failure;

pub(super) const FOLDER: &str = "Files";
const SMALL: usize = 64 << 10;
const LARGE: usize = 30_000_000;
/// A file that may still be sent.
pub(super) const SENDABLE: usize = 18_000_000;
/// How much more memory the large one may take than the small one, in kB.
const GROWTH: u64 = 4_000_000 / 1_024;
const ROUNDS: usize = 15;

/// Puts a small and a large file into a folder of their own.
pub(super) fn seed(mail: &Maildir, now: u64) -> Result<(), Failure> {
    let mails = [SMALL, LARGE, SENDABLE].map(|octets| Mail::new(with_file(octets), now));
    mail.fill(FOLDER, Numbering { uid_validity: 77, first_uid: 1 }, mails)?;
    Ok(())
}

/// Fetches both by links.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let place = new_directory(world, "links")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let hosted = Hosted { world, place: &place, port };
    let bearer = hosted.set_up(MANY, &[], &["--scopes", "mail:search mail:read"])?;
    let server = Links(&hosted);
    let running = hosted.start()?;
    let mut client = McpHttp::connect(port, &bearer)?;
    let small = server.link(&mut client, 1)?;
    let large = server.link(&mut client, 2)?;
    server.fetch(&small, SMALL)?;
    let before = running.peak_kb()?;
    server.fetch(&large, LARGE)?;
    let grown = running.peak_kb()?.saturating_sub(before);
    let mut floor = Floor::sign_in(world.dovecot.imap_port(), MANY.user, MANY.password)?;
    floor.run(&format!("EXAMINE {FOLDER}"))?;
    let pair =
        take_turns(1, ROUNDS, |_| server.fetch(&large, LARGE), |_| floor.run("UID FETCH 2 BODY.PEEK[2]"))?;
    Ok(vec![
        Row::memory_growth(
            "a file of 30 MB through a link: growth of VmHWM after one of 64 kB",
            grown,
            GROWTH,
        ),
        Row::times(&format!("the same: time to the last octet ({ROUNDS} rounds)"), &pair),
    ])
}

/// A message with a text and a file of so many octets.
fn with_file(octets: usize) -> String {
    // 57 octets are 76 characters; the same line again and again is as good as any
    let line = "UG9zdHJvb20gY2FycmllcyBmaWxlcyBpbiB3aW5kb3dzLCBvbmUgYWZ0ZXIgYW5vdGhlciwgYW5k\r\n";
    let (lines, rest) = (octets / 57, octets % 57);
    let tail = format!("{}{}", "QUJD".repeat(rest / 3), ["", "QQ==", "QUI="][rest % 3]);
    format!(
        "From: b@example.org\r\nSubject: a file of {octets} octets\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsee the file\r\n--x\r\n\
         Content-Type: application/zip; name=file.zip\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=file.zip\r\n\r\n{}{tail}\r\n--x--\r\n",
        line.repeat(lines)
    )
}

/// Fetches links of a hosted server.
struct Links<'a>(&'a Hosted<'a>);

impl Links<'_> {
    /// The path of a link to the file of message `uid`.
    fn link(&self, client: &mut McpHttp, uid: u32) -> Result<String, Failure> {
        // 77 in base 36
        let arguments = json!({ "id": format!("mail/{FOLDER}:{uid}@25"), "index": 1, "as": "link" });
        let answer = client.call("mail_attachment", &arguments)?;
        let url = answer.structured()["url"].as_str();
        let path = url.and_then(|url| url.find("/files/").and_then(|at| url.get(at..)));
        path.map(str::to_owned).ok_or_else(|| {
            Failure::Failed(format!("mail_attachment answered {}\n{}", answer.text(), end_of(&self.0.log())))
        })
    }

    /// Fetches a link to its end and tells how long it took.
    fn fetch(&self, path: &str, octets: usize) -> Result<Duration, Failure> {
        let started = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.0.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost:{}\r\n\r\n", self.0.port)?;
        let mut answer = BufReader::with_capacity(1 << 18, stream);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let status = line.clone();
        while line.trim_end() != "" {
            line.clear();
            answer.read_line(&mut line)?;
        }
        let (mut came, mut buffer) = (0, vec![0; 1 << 18]);
        loop {
            let read = answer.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            came += read;
        }
        if came == octets && status.contains(" 200") {
            return Ok(started.elapsed());
        }
        Err(Failure::Failed(format!("a link gave {came} octets instead of {octets}: {status}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_long_as_it_should_be() {
        for octets in [0, 1, 56, 57, 58, 59, 64 << 10] {
            let mail = with_file(octets);
            let file = mail.split("filename=file.zip\r\n\r\n").nth(1).unwrap().split("--x--").next().unwrap();
            let characters = file.replace("\r\n", "");
            let padding = characters.matches('=').count();
            assert_eq!(characters.len() / 4 * 3 - padding, octets);
        }
    }
}
