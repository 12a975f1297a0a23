//! The MCP Inspector's command line, both eras of the protocol: it lints what the tools say of themselves, and
//! calls them with nothing but their schemas to go by.

use serde_json::{Value, json};
use testkit::{Node, require_node};

use crate::{foreign::Hosted, reading::sample_dovecot};

/// The eras, as the Inspector calls them.
const ERAS: [&str; 2] = ["modern", "legacy"];

/// Runs a method and answers its result; the Inspector must be content.
#[track_caller]
fn inspect(node: &Node, hosted: &Hosted, era: &str, method: &[&str]) -> Value {
    // it keeps a catalogue in the home directory
    let home = tempfile::tempdir().unwrap();
    let mut command = node.program("inspector");
    command.env("HOME", home.path()).args(["--cli", "--quiet", "--format", "json", "--transport", "http"]);
    command.args(["--server-url", &hosted.url(), "--protocol-era", era, "--method"]).args(method);
    command.args(["--header", &format!("Authorization: Bearer {}", hosted.bearer)]);
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{era} {method:?}: {errors}");
    assert_eq!(errors, "", "{era} {method:?}");
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["result"].take()
}

#[test]
fn the_inspector_finds_no_fault_in_the_schemas_and_reads_mail_with_them() {
    let Some(node) = require_node() else { return };
    let Some(dovecot) = sample_dovecot() else { return };
    let hosted = Hosted::on(&dovecot);
    for era in ERAS {
        let listed = inspect(&node, &hosted, era, &["tools/list", "--strict"]);
        assert_eq!(listed["tools"].as_array().map(Vec::len), Some(8), "{era}: {listed}");
        let call = |tool: &str, arguments: Value| {
            let arguments = arguments.to_string();
            let method = ["tools/call", "--tool-name", tool, "--tool-args-json", &arguments];
            let mut result = inspect(&node, &hosted, era, &method);
            assert_ne!(result["isError"], true, "{era} {tool}: {result}");
            result["structuredContent"].take()
        };
        let found = call("mail_search", json!({ "query": "has:attachment", "limit": 2 }));
        let ids = [&found["messages"][0]["id"], &found["messages"][1]["id"]];
        let read = call("mail_read", json!({ "ids": ids }));
        assert_eq!([&read["messages"][0]["id"], &read["messages"][1]["id"]], ids, "{era}");
        let conversation = call("mail_thread", json!({ "id": ids[0] }));
        let members = conversation["messages"].as_array().unwrap();
        assert!(members.iter().any(|member| member["id"] == *ids[0]), "{era}: {conversation}");
        let listed = &read["messages"][0]["attachments"][0];
        let file = json!({ "id": ids[0], "index": listed["index"], "as": "base64" });
        assert_eq!(call("mail_attachment", file)["name"], listed["name"], "{era}");
        let people = call("mail_people", json!({}));
        assert!(
            people["people"][0]["address"].as_str().is_some_and(|at| at.contains('@')),
            "{era}: {people}"
        );
    }
}
