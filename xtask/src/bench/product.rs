//! The product as a local client meets it: `postroom stdio` with the account of the environment, JSON-RPC
//! lines over its pipes. The clock stops when the line is in; it is parsed afterwards.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Login, World, children::Running, end_of};
use crate::Failure;

/// A running `postroom stdio` that has shaken hands.
pub(super) struct Product {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The process.
    pub(super) running: Running,
    said: PathBuf,
    requests: u64,
    line: Vec<u8>,
}

/// An answer and how long it took.
pub(super) struct Timed {
    /// `structuredContent` of a tool, or the whole result of anything else.
    pub(super) value: Value,
    pub(super) took: Duration,
}

/// The product's command with nothing of our own environment but where to find programs.
pub(super) fn command(world: &World) -> Command {
    let mut command = Command::new(&world.program);
    command.env_clear().current_dir(&world.directory).stdin(Stdio::null()).stdout(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", &world.directory);
    command
}

impl Product {
    /// Starts it on the IMAP server at `port` of 127.0.0.1, without TLS.
    pub(super) fn start(world: &World, port: u16, login: Login) -> Result<Self, Failure> {
        let said = world.directory.join("stdio.log");
        let mut command = command(world);
        command.arg("stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&said)?);
        command.env("POSTROOM_DATA_DIR", world.directory.join("stdio-data"));
        command.env("POSTROOM_MIRROR", "off");
        command.env("IMAP_HOST", "127.0.0.1").env("IMAP_PORT", port.to_string()).env("IMAP_TLS", "none");
        command.env("IMAP_USERNAME", login.user).env("IMAP_PASSWORD", login.password);
        command.env("MAIL_FROM", testkit::sample::OWNER.address);
        let mut running = world.children.spawn(&mut command)?;
        let pipes = (running.child.stdin.take(), running.child.stdout.take());
        let (Some(input), Some(output)) = pipes else {
            return Err(Failure::Failed("`postroom stdio` has no pipes".into()));
        };
        let output = BufReader::with_capacity(1 << 18, output);
        let mut product = Self { input, output, running, said, requests: 0, line: Vec::new() };
        product.ask(
            "initialize",
            &json!({
                "protocolVersion": testkit::mcp_stdio::PROTOCOL,
                "capabilities": {},
                "clientInfo": { "name": "postroom-bench", "version": "1" }
            }),
        )?;
        product.input.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(product)
    }

    /// Calls a tool, which must succeed.
    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> Result<Timed, Failure> {
        let mut timed = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
        if timed.value["isError"] == true || timed.value["structuredContent"].is_null() {
            return Err(self.failure(&format!("`{tool}` {arguments} answered {}", timed.value)));
        }
        timed.value = timed.value["structuredContent"].take();
        Ok(timed)
    }

    /// Sends a request and waits for its result.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> Result<Timed, Failure> {
        self.requests += 1;
        let id = self.requests;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let request = format!("{request}\n");
        let started = Instant::now();
        let mut sent = self.input.write_all(request.as_bytes());
        loop {
            self.line.clear();
            let read = self.output.read_until(b'\n', &mut self.line)?;
            let took = started.elapsed();
            sent =
                sent.and_then(
                    |()| if read == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) },
                );
            if let Err(error) = sent {
                return Err(self.failure(&format!("`postroom stdio` stopped at `{method}`: {error}")));
            }
            let mut answer: Value = serde_json::from_slice(&self.line)
                .map_err(|error| self.failure(&format!("`postroom stdio` wrote no JSON: {error}")))?;
            if answer["id"] != id {
                continue;
            }
            if answer["result"].is_null() {
                return Err(self.failure(&format!("`{method}` answered {answer}")));
            }
            return Ok(Timed { value: answer["result"].take(), took });
        }
    }

    fn failure(&self, what: &str) -> Failure {
        Failure::Failed(format!("{what}\n{}", end_of(&self.said)))
    }
}
