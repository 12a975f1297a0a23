//! The door of a local process.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{Scope, Scopes};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

use super::{
    downloads::{DEADLINE, SILENT, SLOW},
    script::Script,
    world::{Counter, FakeGate, principal},
};
use crate::{Boxed, Directory, Refusal, Settings, StdioError, Who, serve_stream};

struct Client {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writer: WriteHalf<DuplexStream>,
    serving: tokio::task::JoinHandle<Result<(), StdioError>>,
}

impl Client {
    async fn start(scopes: Scopes) -> Self {
        Self::under(Arc::new(Mutex::new(Ok(scopes)))).await
    }

    /// Under a grant that can be changed meanwhile.
    async fn under(grant: Arc<Mutex<Result<Scopes, Refusal>>>) -> Self {
        Self::with(grant, |_| {}).await
    }

    async fn with(grant: Arc<Mutex<Result<Scopes, Refusal>>>, change: impl FnOnce(&mut Settings)) -> Self {
        let who: Who = Arc::new(move || -> Boxed<'static, _> {
            let answer = grant.lock().unwrap().map(|scopes| Arc::new(principal("local", scopes)));
            Box::pin(async move { answer })
        });
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let mut settings = Settings::new("http://localhost:8143").unwrap();
        change(&mut settings);
        let serving = tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(theirs);
            let (mail, gate) = (Arc::new(Script::default()), Arc::new(FakeGate::default()));
            serve_stream(mail, gate, Arc::new(Counter::default()), who, &settings, reader, writer).await
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
    assert_eq!(answer["result"]["structuredContent"]["accounts"][0]["name"], "home");
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
async fn each_request_is_under_the_grant_as_it_is_then() {
    let grant = Arc::new(Mutex::new(Ok(Scopes::NONE)));
    let mut client = Client::under(Arc::clone(&grant)).await;
    let call = json!({"name": "mail_accounts"});
    assert_eq!(client.ask("tools/call", &call).await["result"]["_meta"]["code"], "scope_missing");
    *grant.lock().unwrap() = Ok(Scopes::all());
    assert_eq!(client.ask("tools/call", &call).await["result"]["isError"], false);
    for (refusal, code) in
        [(Refusal::Invalid, -32600), (Refusal::Paused, -32600), (Refusal::Unavailable, -32603)]
    {
        *grant.lock().unwrap() = Err(refusal);
        for (method, params) in [("tools/call", &call), ("tools/list", &json!({}))] {
            let answer = client.ask(method, params).await;
            assert_eq!(answer["error"]["code"], code, "{answer}");
        }
    }
    *grant.lock().unwrap() = Ok(Scopes::all());
    assert_eq!(client.ask("tools/call", &call).await["result"]["isError"], false, "it lives on");
}

#[tokio::test]
async fn an_attachment_is_written_to_the_directory_if_there_is_one() {
    let call =
        json!({"name": "mail_attachment", "arguments": {"id": "home/@inbox:1@a", "index": 1, "as": "link"}});
    let refused = Client::start(Scopes::all()).await.ask("tools/call", &call).await;
    assert_eq!(refused["result"]["_meta"]["code"], "not_supported");
    assert!(refused["result"]["content"][0]["text"].as_str().unwrap().contains("POSTROOM_FILES_DIR"));

    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let grant = Arc::new(Mutex::new(Ok(Scopes::all())));
    let into = |settings: &mut Settings| settings.files_directory = Some(Arc::new(directory));
    let mut client = Client::with(grant, into).await;
    let answer = client.ask("tools/call", &call).await["result"]["structuredContent"].clone();
    let path = folder.path().canonicalize().unwrap().join("plan.txt");
    let told = json!({"name": "plan.txt", "type": "text/plain; charset=utf-8", "size": 16, "path": path});
    assert_eq!(answer, told);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "octets of a file");
}

#[tokio::test]
async fn a_file_of_the_directory_can_be_attached_and_none_of_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    for name in ["files/plan.txt", "secret"] {
        std::fs::write(folder.path().join(name), "octets").unwrap();
    }
    let directory = Directory::open(&folder.path().join("files")).unwrap();
    let into = |settings: &mut Settings| settings.files_directory = Some(Arc::new(directory));
    let mut client = Client::with(Arc::new(Mutex::new(Ok(Scopes::all()))), into).await;
    let secret = folder.path().join("secret");
    for (path, code) in [
        ("plan.txt", Value::Null),
        ("../secret", json!("not_found")),
        (secret.to_str().unwrap(), json!("not_found")),
    ] {
        let arguments = json!({"to": "a@x.org", "attachments": [{"path": path}]});
        let answer = client.ask("tools/call", &json!({"name": "mail_draft", "arguments": arguments})).await;
        assert_eq!(answer["result"]["_meta"]["code"], code, "{path}: {answer}");
    }
}

/// What a local client is told of a file that is to be written, and what is in the directory then.
async fn written(index: usize, idle: Duration) -> (Value, usize) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let hasty = |settings: &mut Settings| {
        settings.files_directory = Some(Arc::new(directory));
        (settings.deadline, settings.download_idle) = (DEADLINE, idle);
    };
    let mut client = Client::with(Arc::new(Mutex::new(Ok(Scopes::all()))), hasty).await;
    let asked = json!({"id": "home/@inbox:1@a", "index": index, "as": "link"});
    let call = json!({"name": "mail_attachment", "arguments": asked});
    let answer = client.ask("tools/call", &call).await;
    (answer["result"].clone(), std::fs::read_dir(folder.path()).unwrap().count())
}

#[tokio::test]
async fn a_file_may_come_for_longer_than_a_call_takes_as_long_as_it_comes() {
    let (told, files) = written(SLOW, Duration::from_secs(20)).await;
    assert_eq!((&told["structuredContent"]["size"], files), (&json!(10), 1), "{told}");
    let (told, files) = written(SILENT, Duration::ZERO).await;
    assert_eq!((&told["_meta"]["code"], files), (&json!("timeout"), 0), "{told}");
}

#[tokio::test]
async fn serving_ends_when_the_client_goes() {
    let client = Client::start(Scopes::all()).await;
    let Client { lines, mut writer, serving } = client;
    writer.shutdown().await.unwrap();
    drop((lines, writer));
    assert!(serving.await.unwrap().is_ok());
}
