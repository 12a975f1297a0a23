//! The official TypeScript clients, the newer in both eras of the protocol and the one before it, over both
//! transports.

use std::path::Path;

use testkit::require_node;

use crate::{
    foreign::{Hosted, assert_reads_mail},
    reading::{sample_dovecot, with_environment_account},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/read_mail.mjs");

/// The modes of the script, and how the versions begin that they agree on.
const MODES: [(&str, &str); 3] = [("auto", "2026-07-28"), ("legacy", "2025-"), ("sdk", "2025-")];

#[test]
fn typescript_reads_mail_over_stdio_in_both_eras() {
    let Some(node) = require_node() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let world = with_environment_account(&dovecot).with("POSTROOM_SCOPES", "folders, search, read");
    for (mode, version) in MODES {
        let mut command = node.script(Path::new(SCRIPT)).unwrap();
        command.args([mode, "stdio", env!("CARGO_BIN_EXE_postroom")]);
        command.args(world.variables().iter().map(|(name, value)| format!("{name}={value}")));
        assert_reads_mail(command, version);
    }
}

#[test]
fn typescript_reads_mail_over_http_in_both_eras() {
    let Some(node) = require_node() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let hosted = Hosted::on(&dovecot);
    for (mode, version) in MODES {
        let mut command = node.script(Path::new(SCRIPT)).unwrap();
        command.args([mode, "http", &hosted.url()]).env("BEARER", &hosted.bearer);
        assert_reads_mail(command, version);
    }
}
