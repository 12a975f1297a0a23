//! The official Python client, both eras of the protocol, over both transports.

use std::process::Command;

use testkit::require_python;

use crate::{
    foreign::{Hosted, assert_reads_mail},
    reading::{sample_dovecot, with_environment_account},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_mail.py");

/// The two eras, as the client calls them, and how their versions begin.
const ERAS: [(&str, &str); 2] = [("auto", "2026-07-28"), ("legacy", "2025-")];

#[test]
fn python_reads_mail_over_stdio_in_both_eras() {
    let Some(python) = require_python() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_SCOPES", "folders, search, read");
    for (mode, version) in ERAS {
        let mut command = Command::new(&python);
        command.arg(SCRIPT).args([mode, "stdio", env!("CARGO_BIN_EXE_postroom")]);
        command.args(world.variables().iter().map(|(name, value)| format!("{name}={value}")));
        assert_reads_mail(command, version);
    }
}

#[test]
fn python_reads_mail_over_http_in_both_eras() {
    let Some(python) = require_python() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let hosted = Hosted::on(&dovecot);
    for (mode, version) in ERAS {
        let mut command = Command::new(&python);
        command.arg(SCRIPT).args([mode, "http", &hosted.url()]).env("BEARER", &hosted.bearer);
        assert_reads_mail(command, version);
    }
}
