//! The hosted server as a company runs it: its directory, its one account, its token, its process.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Login, World, children::Running, product, serving::wait_until_healthy};
use crate::Failure;

/// A hosted server of one person, alice, whose account is called `mail`.
pub(super) struct Hosted<'a> {
    /// What it reaches.
    pub(super) world: &'a World,
    /// Its directory.
    pub(super) place: &'a Path,
    /// Where it listens.
    pub(super) port: u16,
}

impl Hosted<'_> {
    fn command(&self) -> Command {
        let mut command = product::command(self.world);
        command.env("POSTROOM_DATA_DIR", self.place.join("data")).env("POSTROOM_MIRROR", "off");
        command.env("POSTROOM_LISTEN", format!("127.0.0.1:{}", self.port));
        command.env("POSTROOM_ALLOW_PRIVATE_HOSTS", "true");
        command
    }

    /// A user, an account of that login and a token, whose bearer it tells; with further arguments for both.
    pub(super) fn set_up(&self, login: Login, account: &[&str], token: &[&str]) -> Result<String, Failure> {
        self.tell(&["user", "add", "alice", "--password-stdin"], "a password of the bench")?;
        let port = self.world.dovecot.imap_port().to_string();
        #[rustfmt::skip]
        let own = [
            "account", "add", "alice@example.org", "--user", "alice", "--name", "mail", "--imap-host", "127.0.0.1",
            "--imap-port", &port, "--imap-tls", "none", "--imap-user", login.user, "--password-stdin",
        ];
        self.tell(&[&own, account].concat(), login.password)?;
        self.token("bench", token)
    }

    /// A token of alice's by that name, with further arguments; tells its bearer.
    pub(super) fn token(&self, name: &str, arguments: &[&str]) -> Result<String, Failure> {
        let own = ["token", "new", "--user", "alice", "--name", name];
        let said = self.tell(&[&own, arguments].concat(), "")?;
        Ok(said.split_whitespace().last().unwrap_or_default().to_owned())
    }

    /// What the server said.
    pub(super) fn log(&self) -> PathBuf {
        self.place.join("serve.log")
    }

    fn tell(&self, arguments: &[&str], secret: &str) -> Result<String, Failure> {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // a command that wants no secret may have ended
            let _ = writeln!(input, "{secret}");
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Failure::Failed(format!("`postroom {}` failed: {said}", arguments.join(" "))))
    }

    /// Starts it and waits until it answers.
    pub(super) fn start(&self) -> Result<Running, Failure> {
        let said = self.log();
        let mut command = self.command();
        command.arg("serve").stdout(Stdio::null()).stderr(File::create(&said)?);
        let mut running = self.world.children.spawn(&mut command)?;
        wait_until_healthy(&mut running, self.port, &said)?;
        Ok(running)
    }
}
