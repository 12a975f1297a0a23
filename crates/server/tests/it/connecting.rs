//! A client of OAuth as it looks from outside: it registers, sends a person's browser to ask, and exchanges what
//! comes back. Real clients of others are in `browser/clients.rs`.

use serde_json::{Value, json};
use testkit::mcp_http::{Response, request};

use crate::routes::surfer::Surfer;

pub(crate) const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The verifier and challenge of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// Registers a public client; its id.
pub(crate) fn register(port: u16) -> String {
    let metadata = json!({
        "client_name": "a client",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    });
    let headers = [("Content-Type", "application/json")];
    let answer = request(port, "POST", "/oauth/register", &headers, &metadata.to_string()).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    json_of(&answer)["client_id"].as_str().unwrap().to_owned()
}

/// Where the client sends browsers to; without `scope` it names none.
pub(crate) fn authorize(client: &str, scope: &str) -> String {
    let scope = if scope.is_empty() { String::new() } else { format!("&scope={}", scope.replace(' ', "+")) };
    format!(
        "/oauth/authorize?response_type=code&client_id={client}&redirect_uri={CALLBACK}&state=s\
        &code_challenge={CHALLENGE}&code_challenge_method=S256{scope}"
    )
}

/// Puts the client's question to a person; where the page about it is.
pub(crate) fn ask(surfer: &Surfer, client: &str, scope: &str) -> String {
    let asked = surfer.get(&authorize(client, scope));
    assert_eq!(asked.status, 303, "{}", asked.body);
    asked.header("location").to_owned()
}

/// Answers a question with those scopes ticked; the code that the client gets.
pub(crate) fn allow(surfer: &Surfer, page: &str, scopes: &[&str]) -> String {
    let csrf = surfer.csrf(page);
    let mut fields = vec![
        ("csrf", csrf.as_str()),
        ("answer", "allow"),
        ("account", "all"),
        ("approval", "new-recipients"),
        ("place", "page"),
        ("ending", "never"),
    ];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let back = surfer.post(page, &fields);
    let location = back.header("location");
    let code = location.split("code=").nth(1).unwrap_or_else(|| panic!("{}: {}", back.status, back.body));
    code.split('&').next().unwrap().to_owned()
}

/// The token endpoint's answer to a code.
pub(crate) fn exchange(port: u16, client: &str, code: &str) -> Response {
    let body = format!(
        "grant_type=authorization_code&code={code}&client_id={client}&redirect_uri={CALLBACK}\
        &code_verifier={VERIFIER}"
    );
    request(port, "POST", "/oauth/token", &[FORM], &body).unwrap()
}

/// The token endpoint's answer to a refresh token.
pub(crate) fn refresh(port: u16, client: &str, token: &str) -> Response {
    let body = format!("grant_type=refresh_token&refresh_token={token}&client_id={client}");
    request(port, "POST", "/oauth/token", &[FORM], &body).unwrap()
}

/// Has a person let a new client in; its id, and what it got.
pub(crate) fn connect(port: u16, surfer: &Surfer, scopes: &[&str]) -> (String, Value) {
    let client = register(port);
    let page = ask(surfer, &client, "");
    let answer = exchange(port, &client, &allow(surfer, &page, scopes));
    assert_eq!(answer.status, 200, "{}", answer.body);
    (client, json_of(&answer))
}

/// Calls a tool without a session; the whole answer.
pub(crate) fn call(port: u16, bearer: &str, tool: &str) -> Response {
    post(port, bearer, "tools/call", tool, &json!({ "name": tool, "arguments": {} }))
}

/// The tools that a bearer is shown.
pub(crate) fn tools(port: u16, bearer: &str) -> Vec<String> {
    let answer = post(port, bearer, "tools/list", "", &json!({}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let listed = answer.messages();
    let tools = listed[0]["result"]["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn post(port: u16, bearer: &str, method: &str, name: &str, params: &Value) -> Response {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let bearer = format!("Bearer {bearer}");
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", method),
        ("Authorization", bearer.as_str()),
    ];
    if !name.is_empty() {
        headers.push(("Mcp-Name", name));
    }
    request(port, "POST", "/mcp", &headers, &body.to_string()).unwrap()
}

pub(crate) fn json_of(answer: &Response) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

pub(crate) fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}
