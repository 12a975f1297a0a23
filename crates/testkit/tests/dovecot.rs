//! The private Dovecot itself: starts, lets people in, stops, leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::disallowed_methods, reason = "these tests speak to the server over raw sockets")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use testkit::{CertificateKind, Dovecot, Options, require_dovecot};

struct Raw(BufReader<TcpStream>);

impl Raw {
    fn connect(address: &str, port: u16) -> Self {
        let stream = TcpStream::connect((address, port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut raw = Self(BufReader::new(stream));
        raw.line();
        raw
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// Sends one IMAP command and returns everything up to its tagged reply.
    fn imap(&mut self, command: &str) -> String {
        write!(self.0.get_mut(), "a {command}\r\n").unwrap();
        let mut all = String::new();
        loop {
            let line = self.line();
            all.push_str(&line);
            if line.starts_with("a ") || line.is_empty() {
                return all;
            }
        }
    }
}

fn processes_mentioning(directory: &Path) -> Vec<String> {
    let needle = directory.display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for file in ["cmdline", "cwd"] {
            let path = entry.path().join(file);
            let text = if file == "cwd" {
                fs::read_link(path).map(|link| link.display().to_string()).unwrap_or_default()
            } else {
                fs::read_to_string(path).unwrap_or_default()
            };
            if text.contains(&needle) {
                found.push(format!("{}: {text}", entry.path().display()));
            }
        }
    }
    found
}

#[test]
fn it_starts_lists_folders_and_leaves_no_process_behind() {
    let started = Instant::now();
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    println!("ready after {:?}", started.elapsed());
    let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
    assert!(raw.imap("LOGIN alice alice-secret").contains("a OK"), "{}", dovecot.log());
    let folders = raw.imap("LIST \"\" * RETURN (SPECIAL-USE)");
    for role in ["\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive"] {
        assert!(folders.contains(role), "{folders}");
    }
    assert!(raw.imap("SELECT INBOX").contains("a OK"));
    assert!(raw.imap("CAPABILITY").contains("COMPRESS=DEFLATE"));
    let directory = dovecot.directory().to_owned();
    assert!(!processes_mentioning(&directory).is_empty());
    dovecot.stop();
    assert!(!directory.exists());
    let deadline = Instant::now() + Duration::from_secs(2);
    while !processes_mentioning(&directory).is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(processes_mentioning(&directory), Vec::<String>::new());
}

#[test]
fn wrong_passwords_are_refused_without_a_growing_penalty() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let started = Instant::now();
    for _ in 0..5 {
        let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
        assert!(raw.imap("LOGIN alice wrong").contains("a NO"));
    }
    // Dovecot answers each after half a second; with its penalty the fifth would take eight seconds
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn plain_text_sign_in_is_closed_on_the_second_address() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let mut raw = Raw::connect("127.0.0.2", dovecot.imap_port());
    let capability = raw.imap("CAPABILITY");
    assert!(capability.contains("LOGINDISABLED") && capability.contains("STARTTLS"), "{capability}");
}

#[test]
fn capabilities_can_be_taken_away() {
    let Some(dovecot) = require_dovecot(Options::default().without(&["SORT", "ESEARCH"])) else { return };
    let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
    raw.imap("LOGIN bob bob-secret");
    let capability = raw.imap("CAPABILITY");
    assert!(!capability.contains(" SORT ") && !capability.contains("ESEARCH"), "{capability}");
    assert!(capability.contains("LIST-STATUS"), "{capability}");
}

#[test]
fn folders_can_stand_below_a_prefix_with_another_separator() {
    let options = Options { namespace_prefix: "INBOX.".into(), separator: '.', ..Options::default() };
    let Some(dovecot) = require_dovecot(options) else { return };
    let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
    raw.imap("LOGIN alice alice-secret");
    assert!(raw.imap("NAMESPACE").contains("((\"INBOX.\" \".\"))"), "{}", dovecot.log());
    assert!(raw.imap("LIST \"\" *").contains("\".\" INBOX.Sent"));
}

#[test]
fn bearer_tokens_open_the_mailbox_of_their_owner() {
    let options =
        Options { oauth_tokens: vec![("token-of-alice".into(), "alice".into())], ..Options::default() };
    let Some(dovecot) = require_dovecot(options) else { return };
    // base64 of "user=alice^Aauth=Bearer token-of-alice^A^A", then of the same with another token
    let good = "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2tlbi1vZi1hbGljZQEB";
    let bad = "dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2tlbi1vZi1jYXJvbAEB";
    let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
    let answer = raw.imap(&format!("AUTHENTICATE XOAUTH2 {good}"));
    assert!(answer.contains("a OK"), "{answer}\n{}", dovecot.log());
    let mut raw = Raw::connect("127.0.0.1", dovecot.imap_port());
    write!(raw.0.get_mut(), "a AUTHENTICATE XOAUTH2 {bad}\r\n").unwrap();
    let challenge = raw.line();
    assert!(challenge.starts_with("+ "), "{challenge}");
    assert!(raw.imap("").contains("a NO") || raw.line().contains("NO"));
}

#[test]
fn submission_hands_mail_to_the_sink() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let Some(port) = dovecot.submission_port() else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "dovecot-submissiond is missing");
        return;
    };
    let mut raw = Raw::connect("127.0.0.1", port);
    // base64 of "^@alice^@alice-secret"
    for (line, answer) in [
        ("EHLO test", "250"),
        ("AUTH PLAIN AGFsaWNlAGFsaWNlLXNlY3JldA==", "235"),
        ("MAIL FROM:<alice@example.org>", "250"),
        ("RCPT TO:<bob@example.org>", "250"),
        ("DATA", "354"),
        ("Subject: hello\r\n\r\n..dot\r\n.", "250"),
    ] {
        write!(raw.0.get_mut(), "{line}\r\n").unwrap();
        let reply = loop {
            let reply = raw.line();
            if reply.as_bytes().get(3) != Some(&b'-') {
                break reply;
            }
        };
        assert!(reply.starts_with(answer), "{line}: {reply}\n{}", dovecot.log());
    }
    let received = dovecot.sink().unwrap().received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, ["bob@example.org"]);
    assert!(received[0].message.contains("\r\n.dot\r\n"), "{}", received[0].message);
}

#[test]
fn certificates_are_as_wrong_as_wanted() {
    for (kind, verdict) in [
        (CertificateKind::Trusted, "OK"),
        (CertificateKind::SelfSigned, "self-signed"),
        (CertificateKind::Expired, "expired"),
        (CertificateKind::WrongName, "ostname mismatch"),
    ] {
        let Some(dovecot) = require_dovecot(Options { certificate: kind, ..Options::default() }) else {
            return;
        };
        let output = Command::new("openssl")
            .args(["verify", "-verify_hostname", "localhost", "-CAfile"])
            .arg(dovecot.ca_file())
            .arg(dovecot.certificate_file())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(verdict), "{kind:?}: {said}");
    }
}

#[test]
fn two_servers_stand_beside_each_other() {
    let (Some(first), Some(second)) =
        (require_dovecot(Options::default()), require_dovecot(Options::default()))
    else {
        return;
    };
    assert_ne!(first.imap_port(), second.imap_port());
    assert_ne!(first.pid(), second.pid());
    let _: [&Dovecot; 2] = [&first, &second];
}
