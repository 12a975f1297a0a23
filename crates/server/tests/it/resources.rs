//! Resources, prompts and completion on a real mail server: over stdio and HTTP, in both eras.

use serde_json::{Value, json};
use testkit::{McpHttp, McpStdio, mcp_http};

use crate::{
    reading::sample_dovecot,
    world::{MAIL_PASSWORD, READING, World},
};

const MODERN: &str = "2026-07-28";

/// The parameters of a request as the stateless era wants them.
fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    params
}

/// One request of the stateless era over HTTP, answered with a whole message.
fn post(port: u16, bearer: &str, method: &str, params: Value) -> Value {
    let name = params["name"].as_str().or_else(|| params["uri"].as_str()).unwrap_or_default().to_owned();
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": modern(params) });
    let authorization = format!("Bearer {bearer}");
    let mut headers = vec![
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", MODERN),
        ("Mcp-Method", method),
    ];
    if !name.is_empty() {
        headers.push(("Mcp-Name", &name));
    }
    let response = mcp_http::request(port, "POST", "/mcp", &headers, &message.to_string()).unwrap();
    response.messages().pop().unwrap_or_else(|| panic!("{response:?}"))
}

/// What each kind of client does: a method and its parameters in, the whole answer out.
type Exchange<'a> = &'a mut dyn FnMut(&str, Value) -> Value;

fn read(exchange: Exchange<'_>, uri: &str) -> Value {
    let answer = exchange("resources/read", json!({ "uri": uri }));
    let text = answer["result"]["contents"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{uri}: {answer}"))).unwrap()
}

/// From the list to a folder, to a message of it.
fn mail_is_found_by_uri(exchange: Exchange<'_>) {
    let listed = exchange("resources/list", json!({}))["result"]["resources"].clone();
    let uris: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["uri"].as_str().unwrap()).collect();
    assert_eq!(uris, ["mail://accounts", "mail://home/folders", "mail://home/folder/@inbox"]);
    for uri in uris {
        assert!(read(exchange, uri).is_object(), "{uri}");
    }
    let folders = read(exchange, "mail://home/folders")["folders"].clone();
    assert!(folders.as_array().unwrap().iter().any(|folder| folder["role"] == "inbox"), "{folders}");
    let rows = read(exchange, "mail://home/folder/%40inbox")["messages"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 50);
    let found = read(exchange, "mail://home/search/has%3Aattachment")["messages"].clone();
    assert!(found[0]["attachments"].as_u64().unwrap() > 0, "{found}");
    let id = rows[0]["id"].as_str().unwrap();
    let number = id.strip_prefix("home/@inbox:").unwrap();
    let message = read(exchange, &format!("mail://home/message/@inbox/{number}"))["messages"][0].clone();
    assert_eq!((&message["id"], &message["subject"]), (&rows[0]["id"], &rows[0]["subject"]));
    assert!(message["body"].as_str().unwrap().contains("<<<mail "));
}

fn hostile_uris_are_refused(exchange: Exchange<'_>) {
    let long = format!("mail://home/folder/{}", "a".repeat(5_000));
    let deep = format!("mail://home/search/{}", "%2528".repeat(700));
    for uri in [
        "mail://home/folder/..",
        "mail://home/folder/../../etc/passwd",
        "mail://home/../private/folders",
        "mail://home/folder/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "mail://home/folder/%252e%252e%252f",
        "mail://home%2F..%2Fprivate/folders",
        "mail://private/folders",
        "mail://private/folder/@inbox",
        "mail://private/message/@inbox/1@1",
        "mail://private/search/a",
        "mail://home/folder/a%00b",
        "mail://home/folder/a%0d%0aA1%20LOGOUT",
        "mail://home/folder/100%",
        "mail://home/folder/%zz",
        "mail://home/folder/%ff%fe",
        "mail://home/message/@inbox/1@1",
        "mail://home/message/@inbox/999999@k2x9",
        "mail://home/message/@inbox/-1@1",
        "mail://home/search/frobnicate%3Ax",
        "mail://",
        "mail://home@localhost:143/folders",
        "file:///etc/passwd",
        "http://localhost/",
        &long,
        &deep,
    ] {
        let answer = exchange("resources/read", json!({ "uri": uri }));
        let shown: String = uri.chars().take(60).collect();
        assert_eq!(answer["error"]["code"], -32602, "{shown}: {answer}");
        let told = answer["error"]["message"].as_str().unwrap();
        assert!(!told.is_empty() && told.len() < 600 && !told.contains("bob"), "{shown}: {told}");
    }
    let answer = exchange("resources/read", json!({ "uri": "mail://private/folders" }));
    let unknown = exchange("resources/read", json!({ "uri": "mail://unknown/folders" }));
    let told = unknown["error"]["message"].as_str().unwrap().replace("unknown", "private");
    assert_eq!(answer["error"]["message"], told.as_str(), "somebody else's account can be told apart");
}

fn prompts_and_completions_help(exchange: Exchange<'_>) {
    let prompts = exchange("prompts/list", json!({}))["result"]["prompts"].clone();
    assert_eq!(prompts.as_array().unwrap().len(), 5, "{prompts}");
    let digest = exchange("prompts/get", json!({ "name": "weekly_digest", "arguments": { "days": "3" } }));
    let text = digest["result"]["messages"][0]["content"]["text"].as_str().unwrap_or_default();
    assert!(text.contains("newer_than:3d"), "{digest}");
    let mut complete = |uri: &str, name: &str, value: &str| {
        let params = json!({
            "ref": { "type": "ref/resource", "uri": uri }, "argument": { "name": name, "value": value },
            "context": { "arguments": { "account": "home" } } });
        exchange("completion/complete", params)["result"]["completion"]["values"].clone()
    };
    let folder = "mail://{account}/folder/{folder}";
    assert_eq!(complete(folder, "account", ""), json!(["home"]));
    assert_eq!(complete(folder, "folder", "@IN"), json!(["@inbox"]));
    assert_eq!(complete(folder, "folder", "rece"), json!(["Receipts"]));
    let reference = json!({ "type": "ref/prompt", "name": "follow_ups" });
    let params = json!({ "ref": reference, "argument": { "name": "keyword", "value": "$imp" } });
    let answer = exchange("completion/complete", params);
    assert_eq!(answer["result"]["completion"]["values"], json!(["$Important"]), "{answer}");
}

fn everything(exchange: Exchange<'_>) {
    mail_is_found_by_uri(exchange);
    hostile_uris_are_refused(exchange);
    prompts_and_completions_help(exchange);
}

/// Alice with `home`, and bob whose account is none of hers.
fn world_of_two() -> Option<(testkit::Dovecot, World)> {
    let dovecot = sample_dovecot()?;
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    world.add_user("bob");
    let port = dovecot.imaps_port().to_string();
    let arguments = ["account", "add", "bob@example.org", "--user", "bob", "--name", "private"];
    let server = ["--imap-host", dovecot.host(), "--imap-port", &port, "--imap-user", "alice"];
    let arguments: Vec<&str> = arguments.into_iter().chain(server).chain(["--password-stdin"]).collect();
    assert_eq!(world.run_with(&arguments, &format!("{MAIL_PASSWORD}\n")).status, 0);
    Some((dovecot, world))
}

#[test]
fn over_stdio_in_both_eras() {
    let Some((_dovecot, world)) = world_of_two() else { return };
    let mut client = world.stdio(&["--user", "alice"]);
    everything(&mut |method, params| client.exchange(method, &params).unwrap());
    drop(client);
    let mut client = McpStdio::spawn(&mut world.command(&["stdio", "--user", "alice"])).unwrap();
    everything(&mut |method, params| client.exchange(method, &modern(params)).unwrap());
}

#[test]
fn over_http_in_both_eras() {
    let Some((_dovecot, world)) = world_of_two() else { return };
    let (first, second) = (world.new_token("first", READING), world.new_token("second", READING));
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &first).unwrap();
    everything(&mut |method, params| {
        let (response, _) = client.send(method, &params).unwrap();
        response.messages().pop().unwrap_or_else(|| panic!("{response:?}"))
    });
    everything(&mut |method, params| post(serving.port, &second, method, params));
    let log = serving.log();
    assert!(!log.contains("frobnicate") && !log.contains("LOGOUT"), "a query or a name was logged: {log}");
}

#[test]
fn a_grant_without_the_scope_is_told_which_one_to_ask_for() {
    let Some((_dovecot, world)) = world_of_two() else { return };
    let bearer = world.new_token("lists only", "folders");
    let serving = world.serve();
    let uri = json!({ "uri": "mail://home/folder/@inbox" });
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let (response, _) = client.send("resources/read", &uri).unwrap();
    assert_eq!(response.status, 403);
    assert!(response.header("www-authenticate").contains("scope=\"mail:search\""), "{response:?}");
    let mut client = world.stdio(&["--user", "alice", "--grant", "lists only"]);
    let answer = client.exchange("resources/read", &uri).unwrap();
    assert!(answer["error"]["message"].as_str().unwrap().contains("[scope_missing]"), "{answer}");
}
