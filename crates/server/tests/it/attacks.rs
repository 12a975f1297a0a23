//! What is tried against the whole server from outside: other hosts, forged addresses, and a log that is asked
//! for secrets after a whole dance of a client.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};
use testkit::mcp_http::request;

use crate::{
    routes::surfer::Surfer,
    world::{PASSWORD, World, connect},
};

const FORM: [(&str, &str); 1] = [("Content-Type", "application/x-www-form-urlencoded")];
const CALLBACK: &str = "https://agent.example/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What the server answers to octets.
fn raw(port: u16, head: &str) -> String {
    let mut stream = connect(port);
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn nothing_is_told_under_a_name_that_the_server_does_not_go_by() {
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let end = "Connection: close\r\nAccept: text/html\r\n\r\n";
    for path in ["/", "/login", "/admin", "/oauth/authorize", "/.well-known/oauth-authorization-server"] {
        for host in [
            "Host: evil.example\r\n".to_owned(),
            format!("Host: evil.example:{port}\r\n"),
            format!("Host: localhost:{port}.evil.example\r\n"),
            format!("Host: localhost:{port}\r\nHost: evil.example\r\n"),
            format!("Host: localhost@evil.example:{port}\r\n"),
            "Host: \r\n".to_owned(),
        ] {
            let answer = raw(port, &format!("GET {path} HTTP/1.1\r\n{host}{end}"));
            let is_refused = ["HTTP/1.1 403", "HTTP/1.1 400"].iter().any(|start| answer.starts_with(start));
            assert!(is_refused && !answer.contains("<form"), "{path} {host}: {answer}");
        }
        let forwarded = "X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n";
        let answer = raw(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{forwarded}{end}"));
        assert!(!answer.contains("evil.example"), "{path}: {answer}");
    }
}

#[test]
fn nobody_gets_more_tries_by_a_forged_address() {
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let visitor = Surfer::new(serving.port);
    let csrf = visitor.csrf("/login");
    let cookie = visitor.cookie_header();
    let mut statuses = Vec::new();
    for number in 0..11 {
        let address = format!("203.0.113.{number}");
        let mut headers = FORM.to_vec();
        headers.extend([("Cookie", cookie.as_str()), ("X-Forwarded-For", &address), ("X-Real-IP", &address)]);
        let form = format!("csrf={csrf}&name=name{number}&password=wrong-horse");
        statuses.push(request(serving.port, "POST", "/login", &headers, &form).unwrap().status);
    }
    assert_eq!(statuses, [vec![403; 10], vec![429]].concat());
}

#[test]
fn the_most_talkative_log_tells_nothing_that_lets_in() {
    let world = World::new().with("POSTROOM_LOG", "trace");
    world.add_user("alice");
    let said = world.run(&["user", "reset", "alice"]);
    let reset = said.stdout.lines().last().unwrap().rsplit('/').next().unwrap().to_owned();
    let serving = world.serve();
    let port = serving.port;
    let post = |path: &str, form: &str| request(port, "POST", path, &FORM, form).unwrap();
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let csrf = alice.csrf("/settings");
    let metadata = json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"});
    let json_type = [("Content-Type", "application/json")];
    let answer = request(port, "POST", "/oauth/register", &json_type, &metadata.to_string()).unwrap();
    let client: Value = serde_json::from_str(&answer.body).unwrap();
    let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let question = alice.get(&format!(
        "/oauth/authorize?response_type=code&client_id={id}&redirect_uri={CALLBACK}&state=a-secret-state\
        &code_challenge={CHALLENGE}&code_challenge_method=S256"
    ));
    let fields =
        [("csrf", csrf.as_str()), ("answer", "allow"), ("scope", "mail:folders"), ("account", "all")];
    let limits = [("approval", "new-recipients"), ("place", "page"), ("ending", "never")];
    let back = alice.post(question.header("location"), &[&fields[..], &limits].concat());
    let code = back.header("location").split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let proof = format!("client_id={id}&client_secret={secret}");
    let exchange = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}&{proof}"
    );
    let issued: Value = serde_json::from_str(&post("/oauth/token", &exchange).body).unwrap();
    let (access, refresh) =
        (issued["access_token"].as_str().unwrap(), issued["refresh_token"].as_str().unwrap());
    let again = format!("grant_type=refresh_token&refresh_token={refresh}&{proof}");
    let next: Value = serde_json::from_str(&post("/oauth/token", &again).body).unwrap();
    // and whatever goes wrong
    post("/oauth/token", &exchange);
    post(&format!("/oauth/token?code={code}"), &exchange);
    post("/oauth/token", &again.replace(&proof, "client_id=x&client_secret=a-wrong-secret"));
    post("/oauth/revoke", &format!("token={access}&{proof}"));
    request(port, "POST", "/mcp", &[("Authorization", &format!("Bearer {access}"))], "{}").unwrap();
    for path in [
        format!("/setup?code={reset}"),
        format!("/invite/{reset}"),
        format!("/invite/{reset}/x"),
        format!("/login?password={PASSWORD}"),
        format!("/nothing/{access}?token={refresh}"),
    ] {
        Surfer::new(port).get(&path);
    }
    alice.post("/settings/password", &[("csrf", &csrf), ("old", "a-wrong-password"), ("password", "short")]);
    alice.post("/login", &[("csrf", &csrf), ("name", "alice"), ("password", "a-wrong-password")]);
    let cookies = alice.cookie_header();
    let cookies: Vec<&str> = cookies.split("; ").filter_map(|pair| Some(pair.split_once('=')?.1)).collect();
    assert!(cookies.len() >= 2, "{cookies:?}");
    let (_, log) = serving.stop();
    assert!(log.contains("/oauth/token") && log.contains("/consent/{id}"), "the log is silent: {log}");
    let next = next["access_token"].as_str().unwrap_or("there is always one");
    let secrets = [PASSWORD, &reset, &csrf, secret, &code, access, refresh, next, VERIFIER];
    let typed = ["a-secret-state", "a-wrong-secret", "a-wrong-password"];
    for secret in secrets.iter().chain(&typed).chain(&cookies) {
        let told: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{secret} is told: {told:#?}");
    }
}
