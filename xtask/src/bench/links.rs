//! A large file through a link of the hosted server: how much more memory it takes than a small one, and how
//! fast it comes against the same octets on a plain IMAP socket.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::{Mail, Maildir, McpHttp, maildir::Numbering};

use super::{
    MANY, World, children::Running, end_of, floor::Floor, new_directory, product, report::Row,
    samples::take_turns, serving::wait_until_healthy,
};
use crate::Failure;

const FOLDER: &str = "Files";
const SMALL: usize = 64 << 10;
const LARGE: usize = 30_000_000;
/// How much more memory the large one may take than the small one, in kB.
const GROWTH: u64 = 4_000_000 / 1_024;
const ROUNDS: usize = 15;

/// Puts a small and a large file into a folder of their own.
pub(super) fn seed(mail: &Maildir, now: u64) -> Result<(), Failure> {
    let mails = [SMALL, LARGE].map(|octets| Mail::new(with_file(octets), now));
    mail.fill(FOLDER, Numbering { uid_validity: 77, first_uid: 1 }, mails)?;
    Ok(())
}

/// Fetches both by links.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let place = new_directory(world, "links")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let server = Server { world, place: &place, port };
    let bearer = server.set_up()?;
    let running = server.start()?;
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

struct Server<'a> {
    world: &'a World,
    place: &'a Path,
    port: u16,
}

impl Server<'_> {
    fn command(&self) -> Command {
        let mut command = product::command(self.world);
        command.env("POSTROOM_DATA_DIR", self.place.join("data")).env("POSTROOM_MIRROR", "off");
        command.env("POSTROOM_LISTEN", format!("127.0.0.1:{}", self.port));
        command.env("POSTROOM_ALLOW_PRIVATE_HOSTS", "true");
        command
    }

    /// A user, an account and a token, whose bearer it tells.
    fn set_up(&self) -> Result<String, Failure> {
        self.tell(&["user", "add", "alice", "--password-stdin"], "a password of the bench")?;
        let port = self.world.dovecot.imap_port().to_string();
        let account = [
            "account",
            "add",
            "alice@example.org",
            "--user",
            "alice",
            "--name",
            "mail",
            "--imap-host",
            "127.0.0.1",
            "--imap-port",
            &port,
            "--imap-tls",
            "none",
            "--imap-user",
            MANY.user,
            "--password-stdin",
        ];
        self.tell(&account, MANY.password)?;
        let token =
            ["token", "new", "--user", "alice", "--name", "bench", "--scopes", "mail:search mail:read"];
        let said = self.tell(&token, "")?;
        Ok(said.split_whitespace().last().unwrap_or_default().to_owned())
    }

    fn tell(&self, arguments: &[&str], secret: &str) -> Result<String, Failure> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // a command that wants no secret may have ended
            let _ = writeln!(input, "{secret}");
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Failure::Failed(format!("`postroom {}` failed: {said}", arguments.join(" "))))
    }

    fn start(&self) -> Result<Running, Failure> {
        let said = self.place.join("serve.log");
        let mut command = self.command();
        command.arg("serve").stdout(Stdio::null()).stderr(File::create(&said)?);
        let mut running = self.world.children.spawn(&mut command)?;
        wait_until_healthy(&mut running, self.port, &said)?;
        Ok(running)
    }

    /// The path of a link to the file of message `uid`.
    fn link(&self, client: &mut McpHttp, uid: u32) -> Result<String, Failure> {
        // 77 in base 36
        let arguments = json!({ "id": format!("mail/{FOLDER}:{uid}@25"), "index": 1, "as": "link" });
        let answer = client.call("mail_attachment", &arguments)?;
        let url = answer.structured()["url"].as_str();
        let path = url.and_then(|url| url.find("/files/").and_then(|at| url.get(at..)));
        path.map(str::to_owned).ok_or_else(|| {
            Failure::Failed(format!(
                "mail_attachment answered {}\n{}",
                answer.text(),
                end_of(&self.place.join("serve.log"))
            ))
        })
    }

    /// Fetches a link to its end and tells how long it took.
    fn fetch(&self, path: &str, octets: usize) -> Result<Duration, Failure> {
        let started = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost:{}\r\n\r\n", self.port)?;
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
