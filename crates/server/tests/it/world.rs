//! A person's machine: a data directory, an environment, and the binary to run in it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Dovecot, McpStdio, process::terminate};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const MAIL_PASSWORD: &str = "alice-secret";
pub(crate) const READING: &str = "mail:folders mail:search mail:read";

/// The machine. Gone with the value.
pub(crate) struct World {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let variables = [("POSTROOM_DATA_DIR", data.as_str()), ("POSTROOM_LISTEN", "127.0.0.1:0")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { folder, variables }
    }

    /// With what it takes to reach `dovecot`.
    pub(crate) fn reaching(dovecot: &Dovecot) -> Self {
        let ca = dovecot.ca_file().display().to_string();
        Self::new().with("POSTROOM_TLS_CA_FILE", &ca).with("POSTROOM_ALLOW_PRIVATE_HOSTS", "127.0.0.0/8, ::1")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(there, _)| there != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The variables, for somebody else who starts the binary.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command.envs(self.variables.iter().cloned()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(arguments, "")
    }

    /// Runs a command with a text on its stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // a command that refuses early does not read it
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn add_user(&self, name: &str) {
        let said = self.run_with(&["user", "add", name, "--password-stdin"], &format!("{PASSWORD}\n"));
        assert_eq!(said.status, 0, "{said:?}");
    }

    /// Adds alice's account on `dovecot` as `home`.
    pub(crate) fn add_account(&self, dovecot: &Dovecot) -> Said {
        let port = dovecot.imaps_port().to_string();
        let arguments = [
            "account",
            "add",
            "alice@example.org",
            "--user",
            "alice",
            "--name",
            "home",
            "--imap-host",
            dovecot.host(),
            "--imap-port",
            &port,
            "--imap-user",
            "alice",
            "--password-stdin",
        ];
        self.run_with(&arguments, &format!("{MAIL_PASSWORD}\n"))
    }

    /// Makes a token of alice's and answers the bearer.
    pub(crate) fn new_token(&self, label: &str, scopes: &str) -> String {
        let said = self.run(&["token", "new", "--user", "alice", "--name", label, "--scopes", scopes]);
        assert_eq!(said.status, 0, "{said:?}");
        said.stdout.split_whitespace().last().unwrap().to_owned()
    }

    pub(crate) fn serve(&self) -> Serving {
        Serving::start(self.command(&["serve"]))
    }

    pub(crate) fn stdio(&self, arguments: &[&str]) -> McpStdio {
        let arguments: Vec<&str> = ["stdio"].iter().chain(arguments).copied().collect();
        McpStdio::start(&mut self.command(&arguments)).unwrap()
    }
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Checks that the command failed with `status`, and that stderr has all of `words` and a hint.
    #[track_caller]
    pub(crate) fn failed_with(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word} is missing: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
    }
}

/// A running server.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
    pub(crate) announcement: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Serving {
    /// Starts the server and waits for its ready line.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (send, ready) = mpsc::channel();
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    let mut log = log.lock().unwrap();
                    log.push_str(&line);
                    log.push('\n');
                    if let Some((_, port)) = line.split_once("listening on http://127.0.0.1:") {
                        let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
                        let _ = send.send((digits.parse().unwrap(), log.clone()));
                    }
                }
            }
        });
        let Ok((port, announcement)) = ready.recv_timeout(Duration::from_secs(20)) else {
            let _ = child.kill();
            panic!("serve is not ready: {}", log.lock().unwrap())
        };
        Self { child, port, announcement, log, reader: Some(reader) }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn ask_to_stop(&self) {
        terminate(self.child.id());
    }

    /// Waits for the end; the exit status and everything that was logged.
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return (status.code(), self.log());
            }
            assert!(Instant::now() < deadline, "serve does not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn stop(self) -> (Option<i32>, String) {
        self.ask_to_stop();
        self.wait()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a client of tests, on loopback only")]
pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// The standing event stream of a session of the older protocol, once the server has begun to answer.
pub(crate) fn open_events(port: u16, bearer: &str, session: &str) -> TcpStream {
    let mut stream = connect(port);
    write!(
        stream,
        "GET /mcp HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/event-stream\r\n\
        Authorization: Bearer {bearer}\r\nMcp-Session-Id: {session}\r\n\r\n"
    )
    .unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stream
}
