//! The faulty network, against a real server.

#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::disallowed_methods, reason = "these tests speak to the server over raw sockets")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use testkit::{Dovecot, Options, Proxy, proxy::Faults, require_dovecot};

fn connect(dovecot: &Dovecot, faults: Faults) -> (Proxy, TcpStream) {
    let proxy = Proxy::start(dovecot.imap_port(), faults).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    (proxy, stream)
}

/// Everything until the server hangs up after a LOGOUT.
fn converse(mut stream: TcpStream) -> String {
    stream.write_all(b"a CAPABILITY\r\nb LOGOUT\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_perfect_network_changes_nothing() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let (proxy, stream) = connect(&dovecot, Faults::default());
    assert!(converse(stream).contains("b OK"));
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn trickled_and_replaced_bytes_arrive() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let replace = Some((b"LITERAL+".to_vec(), b"LITERALX".to_vec()));
    let (_proxy, stream) = connect(&dovecot, Faults { trickle: Some(7), replace, ..Faults::default() });
    let said = converse(stream);
    assert!(said.contains("LITERALX") && said.contains("b OK"), "{said}");
}

#[test]
fn a_delay_costs_a_round_trip_each_way() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let delay = Duration::from_millis(50);
    let (_proxy, stream) = connect(&dovecot, Faults { delay, ..Faults::default() });
    let started = Instant::now();
    assert!(converse(stream).contains("b OK"));
    assert!(started.elapsed() >= 2 * delay, "{:?}", started.elapsed());
}

#[test]
fn a_cut_ends_the_connection_in_the_middle() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let (_proxy, mut stream) = connect(&dovecot, Faults { cut_after: Some(10), ..Faults::default() });
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert_eq!(said.len(), 10);
}

#[test]
fn a_stall_keeps_the_connection_and_says_nothing_more() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let (_proxy, mut stream) = connect(&dovecot, Faults { stall_after: Some(10), ..Faults::default() });
    let mut said = [0; 10];
    stream.read_exact(&mut said).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let error = stream.read(&mut said).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
}

/// Reads until what was said ends with `end`.
fn hear(stream: &mut TcpStream, end: &str) -> String {
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(end.as_bytes()) {
        if stream.read(&mut byte).unwrap() == 0 {
            panic!("{}", String::from_utf8_lossy(&said));
        }
        said.extend_from_slice(&byte);
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn stripped_capabilities_are_not_announced_and_others_are() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let strip = vec!["IDLE".to_owned(), "ID".to_owned(), "LITERAL+".to_owned()];
    let (_proxy, stream) = connect(&dovecot, Faults { strip, ..Faults::default() });
    let said = converse(stream);
    for gone in [" IDLE", " ID ", "LITERAL+"] {
        assert!(!said.contains(gone), "{gone}: {said}");
    }
    assert!(said.contains("SASL-IR") && said.contains("b OK"), "{said}");
}

#[test]
fn flights_are_counted_by_who_spoke_last() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let (proxy, mut stream) = connect(&dovecot, Faults::default());
    hear(&mut stream, "ready.\r\n");
    for question in ["a NOOP\r\n", "b NOOP\r\nc NOOP\r\n"] {
        stream.write_all(question.as_bytes()).unwrap();
        let last = question.lines().last().and_then(|line| line.split(' ').next()).unwrap();
        hear(&mut stream, &format!("{last} OK NOOP completed"));
        hear(&mut stream, "\r\n");
    }
    assert_eq!((proxy.flights(), proxy.connections(), proxy.most_open()), (2, 1, 1));
}

#[test]
fn a_strike_meets_open_connections_only_and_counts_from_there() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let (proxy, mut stream) = connect(&dovecot, Faults::default());
    hear(&mut stream, "ready.\r\n");
    proxy.strike(Faults { cut_after: Some(5), ..Faults::default() });
    stream.write_all(b"a NOOP\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert_eq!(said, b"a OK ");
    let other = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    assert!(converse(other).contains("b OK"));
}

#[test]
fn bytes_are_slipped_in_and_literals_cut_in_the_middle() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let slip_in = Some((4, b"garbage".to_vec()));
    let (proxy, mut stream) = connect(&dovecot, Faults { slip_in, ..Faults::default() });
    assert!(hear(&mut stream, "ready.\r\n").starts_with("* OKgarbage ["));
    let maildir = testkit::Maildir::of(&dovecot, "alice").unwrap();
    let mail = testkit::Mail::new("Subject: one\r\n\r\nsome words\r\n", 1);
    maildir.fill("INBOX", testkit::maildir::Numbering::default(), [mail]).unwrap();
    stream.write_all(b"a LOGIN alice alice-secret\r\nb SELECT INBOX\r\n").unwrap();
    hear(&mut stream, "b OK");
    hear(&mut stream, "\r\n");
    proxy.strike(Faults { cut_in_literal: Some(9), ..Faults::default() });
    stream.write_all(b"c FETCH 1 BODY[]\r\n").unwrap();
    let mut said = String::new();
    let _ = stream.read_to_string(&mut said);
    assert!(said.ends_with("}\r\nSubject: "), "{said}");
}
