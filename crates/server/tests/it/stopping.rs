//! The end of the server: running calls finish, new ones are refused, nothing lingers.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{McpHttp, Options, Proxy, proxy::Faults, require_dovecot};

use crate::world::{READING, World, connect, open_events};

#[test]
fn an_idle_server_stops_at_once_and_says_so() {
    let world = World::new();
    let serving = world.serve();
    let started = Instant::now();
    let (status, log) = serving.stop();
    assert_eq!(status, Some(0), "{log}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(log.trim_end().ends_with("stopped"), "{log}");
}

#[test]
fn open_connections_without_a_call_do_not_hold_up_the_end() {
    let world = World::new();
    world.add_user("alice");
    let bearer = world.new_token("agent", READING);
    let serving = world.serve();
    let client = McpHttp::connect(serving.port, &bearer).unwrap();
    // the standing event stream of the older protocol, and a connection that says nothing
    let _events = open_events(serving.port, &bearer, client.session().unwrap());
    let _silent = connect(serving.port);
    let started = Instant::now();
    let (status, log) = serving.stop();
    assert_eq!(status, Some(0), "{log}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn a_running_call_is_finished_before_the_end_and_new_ones_are_not_taken() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let proxy = Proxy::start(dovecot.imaps_port(), Faults::default()).unwrap();
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let port = proxy.port().to_string();
    let add =
        ["account", "add", "alice@example.org", "--user", "alice", "--imap-host", "localhost", "--imap-port"];
    let add = [&add[..], &[&port, "--imap-user", "alice", "--password-stdin"]].concat();
    assert_eq!(world.run_with(&add, "alice-secret").status, 0);
    let bearer = world.new_token("agent", READING);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    proxy.set(Faults { delay: Duration::from_millis(150), ..Faults::default() });
    let port = serving.port;
    let call = std::thread::spawn(move || client.call("mail_folders", &json!({})));
    while proxy.connections() < 2 {
        std::thread::sleep(Duration::from_millis(2));
    }
    serving.ask_to_stop();
    std::thread::sleep(Duration::from_millis(100));
    assert!(McpHttp::connect(port, &bearer).is_err(), "new work was taken");
    let folders = call.join().unwrap().unwrap();
    assert!(!folders.is_error(), "{folders:?}");
    let (status, log) = serving.wait();
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("stopping") && !log.contains("did not finish"), "{log}");
}
