//! A minimal blocking MCP client over plain HTTP on loopback, one connection a request, and the bare
//! requests below it. Enough for tests; no TLS, no redirects, no standing event stream.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::mcp_stdio::{Answer, PROTOCOL};

/// An answer is cut off after this many bytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers by name in lower case; of a repeated one the last.
    pub headers: BTreeMap<String, String>,
    /// Every `Set-Cookie`, in order.
    pub cookies: Vec<String>,
    /// The body as text.
    pub body: String,
    /// The body as it came.
    pub octets: Vec<u8>,
}

impl Response {
    /// The value of a header, empty if there is none. `name` in lower case.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The JSON-RPC messages of the body, be it JSON or an event stream.
    pub fn messages(&self) -> Vec<Value> {
        if self.header("content-type").starts_with("text/event-stream") {
            let events = self.body.lines().filter_map(|line| line.strip_prefix("data:"));
            events.filter_map(|event| serde_json::from_str(event.trim()).ok()).collect()
        } else {
            serde_json::from_str(&self.body).into_iter().collect()
        }
    }
}

/// Sends one request to 127.0.0.1 and reads the whole answer. `Host` is `localhost:PORT` unless given.
#[expect(clippy::disallowed_methods, reason = "a client of tests, on loopback only")]
pub fn request(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Response> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head += &["Host: localhost:", &port.to_string(), "\r\n"].concat();
    }
    for (name, value) in headers {
        head += &[name, ": ", value, "\r\n"].concat();
    }
    if !body.is_empty() {
        head += &["Content-Length: ", &body.len().to_string(), "\r\n"].concat();
    }
    stream.write_all([head.as_str(), "\r\n", body].concat().as_bytes())?;
    read_response(&mut BufReader::new(stream.take(LONGEST)))
}

fn read_response(lines: &mut impl BufRead) -> io::Result<Response> {
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no HTTP status line: {line:?}")))?;
    let (mut headers, mut cookies) = (BTreeMap::new(), Vec::new());
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
            if name == "set-cookie" {
                cookies.push(value.clone());
            }
            headers.insert(name, value);
        }
    }
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        read_chunks(lines, &mut body)?;
    } else if let Some(length) = headers.get("content-length").and_then(|length| length.parse().ok()) {
        lines.take(length).read_to_end(&mut body)?;
    } else {
        lines.read_to_end(&mut body)?;
    }
    Ok(Response { status, headers, cookies, body: String::from_utf8_lossy(&body).into_owned(), octets: body })
}

fn read_chunks(lines: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let digits = line.trim_end().split(';').next().unwrap_or_default();
        let length = u64::from_str_radix(digits, 16)
            .map_err(|_| io::Error::other(format!("no chunk length: {line:?}")))?;
        if length == 0 {
            return Ok(());
        }
        let read = lines.by_ref().take(length).read_to_end(body)?;
        if read as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.clear();
        lines.read_line(&mut line)?;
    }
}

/// A client that has shaken hands.
#[derive(Debug)]
pub struct McpHttp {
    port: u16,
    bearer: String,
    session: Option<String>,
    next_id: u64,
    /// What the server said about itself in its answer to `initialize`.
    pub server: Value,
}

impl McpHttp {
    /// Shakes hands at `/mcp` on 127.0.0.1.
    pub fn connect(port: u16, bearer: &str) -> io::Result<Self> {
        let mut client = Self { port, bearer: bearer.into(), session: None, next_id: 0, server: Value::Null };
        let params = json!({
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": { "name": "postroom-testkit", "version": "1" }
        });
        let (response, id) = client.send("initialize", &params)?;
        client.session = response.headers.get("mcp-session-id").cloned();
        client.server = result_of(&response, id)?;
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        client.post(&note.to_string())?;
        Ok(client)
    }

    /// The session that the server opened, if it did.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// Calls a tool. A JSON-RPC error or another HTTP status than 200 is an `Err` that carries it.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> io::Result<Answer> {
        let result = self.request("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
        Ok(Answer { result })
    }

    /// Sends a request and returns its result.
    pub fn request(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        let (response, id) = self.send(method, params)?;
        result_of(&response, id)
    }

    /// Sends a request and returns the bare HTTP answer and the request's id.
    pub fn send(&mut self, method: &str, params: &Value) -> io::Result<(Response, u64)> {
        self.next_id += 1;
        let message = json!({ "jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params });
        Ok((self.post(&message.to_string())?, self.next_id))
    }

    fn post(&self, body: &str) -> io::Result<Response> {
        let authorization = format!("Bearer {}", self.bearer);
        let mut headers = vec![
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        if !self.server.is_null() {
            headers.push(("MCP-Protocol-Version", PROTOCOL));
        }
        if let Some(session) = &self.session {
            headers.push(("Mcp-Session-Id", session));
        }
        request(self.port, "POST", "/mcp", &headers, body)
    }
}

fn result_of(response: &Response, id: u64) -> io::Result<Value> {
    if response.status != 200 {
        return Err(io::Error::other(format!("HTTP {}: {}", response.status, response.body)));
    }
    let mut messages = response.messages().into_iter().filter(|message| message["id"] == id);
    let mut answer =
        messages.next().ok_or_else(|| io::Error::other(format!("no answer in: {}", response.body)))?;
    match answer.get("error") {
        Some(error) => Err(io::Error::other(error.to_string())),
        None => Ok(answer["result"].take()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_event_stream_is_read_to_its_messages() {
        let raw = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n\
            1b\r\nid: 1\ndata: {\"id\":7,\"result\r\n9\r\n\":true}\n\n\r\n0\r\n\r\n";
        let response = read_response(&mut raw.as_bytes()).unwrap();
        assert_eq!(response.messages(), [json!({ "id": 7, "result": true })]);
        assert_eq!(result_of(&response, 7).unwrap(), json!(true));
        assert!(result_of(&response, 8).is_err());
    }

    #[test]
    fn an_error_keeps_its_status_and_headers() {
        let raw = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nnoXX";
        let response = read_response(&mut raw.as_bytes()).unwrap();
        assert_eq!((response.status, response.header("www-authenticate")), (401, "Bearer"));
        assert_eq!(response.body, "no");
    }
}
