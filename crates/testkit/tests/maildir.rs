//! Seeded mail as the server shows it.

#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::disallowed_methods, reason = "these tests speak to the server over raw sockets")]

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use testkit::{Dovecot, Mail, Maildir, Options, maildir::Numbering, require_dovecot};

/// Signs in as alice, sends the commands one after the other and returns all replies.
fn converse(dovecot: &Dovecot, commands: &[&str]) -> String {
    let stream = TcpStream::connect(("127.0.0.1", dovecot.imap_port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut lines = BufReader::new(stream);
    let mut all = String::new();
    for command in [&["LOGIN alice alice-secret"], commands].concat() {
        write!(lines.get_mut(), "a {command}\r\n").unwrap();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            assert!(!line.is_empty(), "closed: {}", dovecot.log());
            all.push_str(&line);
            if line.starts_with("a ") {
                break;
            }
        }
    }
    all
}

#[test]
fn seeded_mail_keeps_its_uids_dates_flags_and_keywords() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    let mut second = Mail::new("Subject: two\r\n\r\nbody\r\n", 1_600_000_000).flags("SF");
    second.keywords = vec!["$Forwarded".into(), "work".into()];
    let numbering = Numbering { uid_validity: 4711, first_uid: 40 };
    let mails = [Mail::new("Subject: one\n\nbody\n", 1_700_000_000), second];
    assert_eq!(maildir.fill("INBOX", numbering, mails).unwrap(), 2);
    maildir.fill("Projekte/Löwe", numbering, [Mail::new("Subject: three\r\n\r\n", 1)]).unwrap();
    maildir.subscribe(&["Projekte/Löwe"]).unwrap();

    let said = converse(
        &dovecot,
        &["SELECT INBOX", "UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)", "LIST \"\" *", "LSUB \"\" Pro*"],
    );
    assert!(said.contains("UIDVALIDITY 4711") && said.contains("UIDNEXT 42"), "{said}");
    assert!(said.contains("UID 40") && said.contains("UID 41"), "{said}");
    assert!(said.contains("14-Nov-2023 22:13:20 +0000") && said.contains("13-Sep-2020 12:26:40"), "{said}");
    assert!(said.contains("\\Flagged \\Seen $Forwarded work"), "{said}");
    assert!(said.contains("RFC822.SIZE 22"), "{said}");
    assert_eq!(said.matches("Projekte/L&APY-we").count(), 2, "{said}");
}

#[test]
fn delivered_mail_wakes_whoever_idles() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    let stream = TcpStream::connect(("127.0.0.1", dovecot.imap_port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut lines = BufReader::new(stream);
    lines.get_mut().write_all(b"a LOGIN alice alice-secret\r\nb SELECT INBOX\r\nc IDLE\r\n").unwrap();
    let mut wait_for = |wanted: &str| {
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            assert!(!line.is_empty(), "closed: {}", dovecot.log());
            if line.contains(wanted) {
                return;
            }
        }
    };
    wait_for("+ idling");
    maildir.deliver("INBOX", 1, &Mail::new("Subject: new\r\n\r\n", 1_700_000_000)).unwrap();
    wait_for("1 EXISTS");
}

#[test]
fn ten_thousand_messages_are_seeded_in_seconds() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    let started = Instant::now();
    let mails = (0..10_000).map(|number| {
        Mail::new(format!("Subject: number {number}\r\n\r\nbody {number}\r\n"), 1_700_000_000 + number)
    });
    maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    println!("seeded in {:?}", started.elapsed());
    let said = converse(&dovecot, &["STATUS INBOX (MESSAGES UIDNEXT)"]);
    assert!(said.contains("MESSAGES 10000 UIDNEXT 10001"), "{said}");
}
