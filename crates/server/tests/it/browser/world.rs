//! A server with alice's mailbox on it, and alice in front of a browser.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use testkit::{Browser, Dovecot};

use crate::world::{PASSWORD, Serving, World};

/// The server, and programs by which clients reach alice.
pub(super) struct Pages {
    pub(super) world: World,
    pub(super) serving: Serving,
    pub(super) browser: Browser,
}

impl Pages {
    /// Alice, with her mailbox as `home`.
    pub(super) fn with_mailbox(dovecot: &Dovecot, browser: Browser) -> Self {
        Self::with_mailbox_in(World::reaching(dovecot), dovecot, browser)
    }

    /// The same on a machine with settings of its own.
    pub(super) fn with_mailbox_in(world: World, dovecot: &Dovecot, browser: Browser) -> Self {
        world.add_user("alice");
        assert_eq!(world.add_account(dovecot).status, 0);
        let serving = world.serve();
        Self { world, serving, browser }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://localhost:{}", self.serving.port)
    }

    /// The URL that people paste.
    pub(super) fn url(&self) -> String {
        format!("{}/mcp", self.origin())
    }

    /// A program that opens a URL as a browser does in which alice lets in whoever asks; it is called `xdg-open`,
    /// and alone in its folder. Each time leaves a line in a file.
    pub(super) fn opener(&self) -> PathBuf {
        let log = self.world.path("opened").display().to_string();
        let consent = self.browser.shell_line("consent");
        let lines =
            format!("echo opened >> '{log}'\nPERSON=alice PERSON_PASSWORD='{PASSWORD}' {consent} \"$1\"");
        self.program("xdg-open", &lines)
    }

    /// How often somebody was sent to alice.
    pub(super) fn times_opened(&self) -> usize {
        fs::read_to_string(self.world.path("opened")).unwrap_or_default().lines().count()
    }

    /// A program by which alice revokes the agent of that name, on its page.
    pub(super) fn revoker(&self, agent: &str) -> PathBuf {
        let script = self.browser.shell_line("revoke");
        let origin = self.origin();
        let who = format!("ORIGIN={origin} PERSON=alice PERSON_PASSWORD='{PASSWORD}' AGENT='{agent}'");
        self.program("revoke", &format!("{who} {script}"))
    }

    fn program(&self, name: &str, lines: &str) -> PathBuf {
        let folder = self.world.path("programs");
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join(name);
        // what clients pass on to programs they start is not to bear on these
        let script = format!("#!/bin/sh\nexport HOME='{}'\n{lines}\n", folder.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }
}
