//! A minimal blocking MCP client over a child's stdin and stdout, one JSON message a line.
//! Enough for tests and measurements; it answers nothing that the server asks.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::process::terminate;

/// The protocol version that [`McpStdio::start`] asks for.
pub const PROTOCOL: &str = "2025-11-25";

/// A connected client. Dropping it closes the server's stdin and waits for its end.
pub struct McpStdio {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    next_id: u64,
    /// How long an answer may take.
    pub timeout: Duration,
    /// What the server said about itself in its answer to `initialize`.
    pub server: Value,
    notifications: VecDeque<Value>,
}

impl fmt::Debug for McpStdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpStdio").field("pid", &self.child.id()).finish_non_exhaustive()
    }
}

/// The answer to a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The whole `result`.
    pub result: Value,
}

impl Answer {
    /// Whether the tool reported a problem.
    pub fn is_error(&self) -> bool {
        self.result["isError"] == true
    }

    /// The structured content, null where there is none.
    pub fn structured(&self) -> &Value {
        &self.result["structuredContent"]
    }

    /// The text of all content blocks.
    pub fn text(&self) -> String {
        let blocks = self.result["content"].as_array().map(Vec::as_slice).unwrap_or_default();
        blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n")
    }
}

impl McpStdio {
    /// Starts the server and shakes hands. The server's stderr stays where it is.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut client = Self::spawn(command)?;
        client.server = client.request(
            "initialize",
            &json!({
                "protocolVersion": PROTOCOL,
                "capabilities": {},
                "clientInfo": { "name": "postroom-testkit", "version": "1" }
            }),
        )?;
        client.notify("notifications/initialized", &json!({}))?;
        Ok(client)
    }

    /// Starts the server and says nothing yet.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("the child has no stdout"))?;
        let (sender, lines) = channel();
        thread::Builder::new().name("mcp-stdout".into()).spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            child,
            input,
            lines,
            next_id: 0,
            timeout: Duration::from_secs(30),
            server: Value::Null,
            notifications: VecDeque::new(),
        })
    }

    /// Calls a tool. A JSON-RPC error is an `Err` whose text is the error object.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> io::Result<Answer> {
        let result = self.request("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
        Ok(Answer { result })
    }

    /// Sends a request and waits for its result.
    pub fn request(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        let mut answer = self.exchange(method, params)?;
        match answer.get("error") {
            Some(error) => Err(io::Error::other(error.to_string())),
            None => Ok(answer["result"].take()),
        }
    }

    /// Sends a request and waits for the whole answer, result or error.
    pub fn exchange(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        self.next_id += 1;
        let id = self.next_id;
        self.send_line(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        )?;
        let deadline = Instant::now() + self.timeout;
        loop {
            let message = self.receive(deadline)?;
            if message["id"] == id && message.get("method").is_none() {
                return Ok(message);
            }
            self.notifications.push_back(message);
        }
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: &Value) -> io::Result<()> {
        self.send_line(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string())
    }

    /// Sends any line, well-formed or not.
    pub fn send_line(&mut self, line: &str) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        // one write a message: a pipe wakes its reader once
        input.write_all(format!("{line}\n").as_bytes())?;
        input.flush()
    }

    /// The next message that is not an answer, waiting for it until the time limit.
    pub fn next_notification(&mut self) -> io::Result<Value> {
        if let Some(message) = self.notifications.pop_front() {
            return Ok(message);
        }
        self.receive(Instant::now() + self.timeout)
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn receive(&mut self, deadline: Instant) -> io::Result<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => serde_json::from_str(&line)
                .map_err(|error| io::Error::other(format!("the server printed no JSON: {error}: {line}"))),
            Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for McpStdio {
    fn drop(&mut self) {
        drop(self.input.take());
        let started = Instant::now();
        let mut asked = false;
        while let Ok(None) = self.child.try_wait() {
            let waited = started.elapsed();
            if waited > Duration::from_secs(10) {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            if waited > Duration::from_secs(3) && !asked {
                terminate(self.child.id());
                asked = true;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}
