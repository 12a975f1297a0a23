//! The door of a local process.

use std::sync::Arc;

use domain::{Scope, Scopes};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

use super::world::{Counter, FakeGate, Script, principal};
use crate::{Settings, StdioError, serve_stream};

struct Client {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    serving: tokio::task::JoinHandle<Result<(), StdioError>>,
}

impl Client {
    async fn start(scopes: Scopes) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let serving = tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(theirs);
            let settings = Settings::new("http://localhost:8143").unwrap();
            let principal = principal("local", scopes);
            let (mail, gate) = (Arc::new(Script::default()), Arc::new(FakeGate::default()));
            serve_stream(mail, gate, Arc::new(Counter::default()), principal, &settings, reader, writer).await
        });
        let (reader, writer) = tokio::io::split(ours);
        let mut client = Self { lines: BufReader::new(reader).lines(), writer, serving };
        let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"}});
        let info = client.ask("initialize", &hello).await;
        assert_eq!(info["result"]["serverInfo"]["name"], "postroom");
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        client
    }

    async fn say(&mut self, message: &Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})).await;
        serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_local_client_sees_and_calls_the_tools_of_its_scopes() {
    let mut client = Client::start([Scope::Folders].into_iter().collect()).await;
    let tools = client.ask("tools/list", &json!({})).await;
    let names: Vec<&str> = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["mail_accounts", "mail_folders"]);
    let answer = client.ask("tools/call", &json!({"name": "mail_accounts", "arguments": {}})).await;
    assert_eq!(answer["result"]["structuredContent"]["accounts"][0]["name"], "work");
}

#[tokio::test]
async fn a_missing_scope_is_a_tool_error_on_stdio() {
    let mut client = Client::start(Scopes::NONE).await;
    let answer = client.ask("tools/call", &json!({"name": "mail_accounts"})).await;
    assert_eq!(answer["result"]["isError"], true);
    assert_eq!(answer["result"]["_meta"]["code"], "scope_missing");
    let answer = client.ask("tools/call", &json!({"name": "mail_nothing"})).await;
    assert_eq!(answer["error"]["code"], -32602);
}

#[tokio::test]
async fn serving_ends_when_the_client_goes() {
    let client = Client::start(Scopes::all()).await;
    let Client { lines, mut writer, serving } = client;
    writer.shutdown().await.unwrap();
    drop((lines, writer));
    assert!(serving.await.unwrap().is_ok());
}
