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
