//! The MCP client against a server of a few lines of shell.

use std::{io::ErrorKind, process::Command, time::Duration};

use serde_json::json;
use testkit::McpStdio;

/// Answers `initialize`, says something unasked, answers a tool call, refuses the next, and falls silent.
const SERVER: &str = r#"
read -r _; echo '{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"name":"shell"}}}'
read -r _
read -r _; echo '{"jsonrpc":"2.0","method":"notifications/message","params":{}}'
echo '{"jsonrpc":"2.0","id":2,"result":{"isError":true,"content":[{"type":"text","text":"no [not_found]"}],"structuredContent":{"a":1}}}'
read -r _; echo '{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"what"}}'
while read -r _; do :; done
"#;

#[test]
fn answers_notifications_errors_and_silence_are_told_apart() {
    let mut client = McpStdio::start(Command::new("sh").args(["-c", SERVER])).unwrap();
    assert_eq!(client.server["serverInfo"]["name"], "shell");
    let answer = client.call("mail_read", &json!({})).unwrap();
    assert!(answer.is_error());
    assert_eq!(answer.text(), "no [not_found]");
    assert_eq!(answer.structured(), &json!({ "a": 1 }));
    assert_eq!(client.next_notification().unwrap()["method"], "notifications/message");
    assert!(client.call("mail_read", &json!({})).unwrap_err().to_string().contains("-32602"));
    client.timeout = Duration::from_millis(50);
    assert_eq!(client.call("mail_read", &json!({})).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn a_server_that_ends_is_noticed() {
    let error = McpStdio::start(Command::new("sh").args(["-c", "read -r _"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}
