//! Clients of somebody else that read mail: where they run, and what they must have said in the end.

use std::process::Command;

use testkit::Dovecot;

use crate::world::{READING, Serving, World};

/// A server with one account on `dovecot`, and a token to it.
pub(crate) struct Hosted {
    /// Holds the data directory.
    _world: World,
    pub(crate) serving: Serving,
    pub(crate) bearer: String,
}

impl Hosted {
    pub(crate) fn on(dovecot: &Dovecot) -> Self {
        let world = World::reaching(dovecot);
        world.add_user("alice");
        assert_eq!(world.add_account(dovecot).status, 0);
        let bearer = world.new_token("client", READING);
        Self { serving: world.serve(), bearer, _world: world }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}/mcp", self.serving.port)
    }
}

/// Runs a script that reads mail; it must agree on a version that begins so, and read three messages.
#[track_caller]
pub(crate) fn assert_reads_mail(mut command: Command, version: &str) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(said.starts_with(&format!("protocol {version}")), "{said}");
    assert!(said.trim_end().ends_with("read 3 messages"), "{said}");
}
