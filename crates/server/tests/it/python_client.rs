//! The official Python client, both eras of the protocol, over both transports.

use std::process::Command;

use testkit::require_python;

use crate::{
    reading::{sample_dovecot, with_environment_account},
    world::{READING, World},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_mail.py");

/// The two eras, as the client calls them, and how their versions begin.
const ERAS: [(&str, &str); 2] = [("auto", "2026-07-28"), ("legacy", "2025-")];

fn check(mut command: Command, version: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.starts_with(&format!("protocol {version}")), "{said}");
    assert!(said.trim_end().ends_with("read 3 messages"), "{said}");
}

#[test]
fn python_reads_mail_over_stdio_in_both_eras() {
    let Some(python) = require_python() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot);
    for (mode, version) in ERAS {
        let mut command = Command::new(&python);
        command.arg(SCRIPT).args([mode, "stdio", env!("CARGO_BIN_EXE_postroom")]);
        command.args(world.variables().iter().map(|(name, value)| format!("{name}={value}")));
        check(command, version);
    }
}

#[test]
fn python_reads_mail_over_http_in_both_eras() {
    let Some(python) = require_python() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let bearer = world.new_token("python", READING);
    let serving = world.serve();
    let url = format!("http://localhost:{}/mcp", serving.port);
    for (mode, version) in ERAS {
        let mut command = Command::new(&python);
        command.arg(SCRIPT).args([mode, "http", &url]).env("BEARER", &bearer);
        check(command, version);
    }
}
