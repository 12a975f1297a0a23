//! The server over HTTP: what operators ask it, what strangers get, what a token opens and when it stops.

use std::{
    io::{ErrorKind, Read as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::{McpHttp, Options, mcp_http::request, require_dovecot};

use crate::world::{READING, World, open_events};

#[test]
fn while_there_is_no_user_the_start_prints_a_link_to_make_the_first_one() {
    let world = World::new();
    let serving = world.serve();
    for words in ["there is no user yet", "listening on http://127.0.0.1:", "data in ", "/mcp"] {
        assert!(serving.announcement.contains(words), "{}", serving.announcement);
    }
    // also where the system chose the port, the link leads here
    let start = format!("http://localhost:{}", serving.port);
    let link = serving.announcement.lines().find_map(|line| line.trim().strip_prefix(&start)).unwrap();
    assert!(link.strip_prefix("/setup?code=").is_some_and(|code| code.len() == 43), "{link}");
    assert_eq!(request(serving.port, "GET", link, &[], "").unwrap().status, 200);
    assert_eq!(
        serving.announcement.lines().last().unwrap(),
        format!("listening on http://127.0.0.1:{}", serving.port)
    );
    drop(serving);
    world.add_user("alice");
    assert!(!world.serve().announcement.contains("/setup"));
}

#[test]
fn health_and_readiness_answer_whatever_the_host_is_called() {
    let world = World::new();
    let serving = world.serve();
    for path in ["/health", "/ready"] {
        let answer = request(serving.port, "GET", path, &[("Host", "anything.example")], "").unwrap();
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{path}");
    }
    let answer = request(serving.port, "POST", "/health", &[], "").unwrap();
    assert_eq!(answer.status, 405);
}

#[test]
fn every_answer_has_security_headers_and_a_request_id() {
    let world = World::new();
    let serving = world.serve();
    for (method, path, status) in
        [("GET", "/health", 200), ("POST", "/mcp", 401), ("GET", "/nothing", 404), ("DELETE", "/ready", 405)]
    {
        let answer = request(serving.port, method, path, &[], "").unwrap();
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
    }
    let with_id = |id: &str| {
        let answer = request(serving.port, "GET", "/health", &[("X-Request-Id", id)], "").unwrap();
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(with_id("Aa0._-"), "Aa0._-");
    assert_ne!(with_id("<script>"), "<script>");
    let long = "x".repeat(65);
    assert_ne!(with_id(&long), long);
}

#[test]
fn behind_https_browsers_are_told_to_stay_there() {
    let world = World::new().with("POSTROOM_PUBLIC_URL", "https://mail.example.org");
    let serving = world.serve();
    let answer = request(serving.port, "GET", "/health", &[], "").unwrap();
    assert!(answer.header("strict-transport-security").starts_with("max-age="), "{answer:?}");
    let answer = request(serving.port, "POST", "/mcp", &[("Host", "mail.example.org")], "").unwrap();
    assert!(answer.header("www-authenticate").contains("https://mail.example.org/.well-known"), "{answer:?}");
    let foreign = request(serving.port, "POST", "/mcp", &[], "").unwrap();
    assert_eq!(foreign.status, 403, "{foreign:?}");
}

#[test]
fn metrics_answer_to_their_token_or_on_their_own_address_and_to_nobody_else() {
    let world = World::new();
    let serving = world.serve();
    assert_eq!(request(serving.port, "GET", "/metrics", &[], "").unwrap().status, 404);
    drop(serving);

    let world = world.with("POSTROOM_METRICS_TOKEN", "metrics-token");
    let serving = world.serve();
    let ask =
        |token: &str| request(serving.port, "GET", "/metrics", &[("Authorization", token)], "").unwrap();
    for wrong in ["", "Bearer", "Bearer metrics-toke", "Basic metrics-token", "metrics-token"] {
        assert_eq!(ask(wrong).status, 401, "{wrong}");
    }
    let page = ask("Bearer metrics-token");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("postroom_http_requests_total{route=\"/metrics\",status=\"4xx\"} 5"),
        "{}",
        page.body
    );
    drop(serving);

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::new().with("POSTROOM_METRICS_LISTEN", &free.to_string());
    let serving = world.serve();
    assert_eq!(request(serving.port, "GET", "/metrics", &[], "").unwrap().status, 404);
    assert_eq!(request(free.port(), "GET", "/metrics", &[], "").unwrap().status, 200);
    assert_eq!(request(free.port(), "POST", "/mcp", &[], "").unwrap().status, 404);
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let world = World::new();
    world.add_user("alice");
    let bearer = format!("Bearer {}", world.new_token("agent", READING));
    let serving = world.serve();
    let length = (33_u64 << 20).to_string();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Length", &length),
        ("Content-Type", "application/json"),
    ];
    // refused by what is announced, before it is sent
    let answer = request(serving.port, "POST", "/mcp", &headers, "").unwrap();
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[test]
fn without_a_token_or_with_a_wrong_one_mcp_answers_with_the_way_to_one() {
    let world = World::new();
    let serving = world.serve();
    for bearer in ["", "Bearer prp_nobody", "Bearer prp_0000000000000000000000000000000000000000000"] {
        let headers: Vec<_> = (!bearer.is_empty()).then_some(("Authorization", bearer)).into_iter().collect();
        let answer = request(serving.port, "POST", "/mcp", &headers, "{}").unwrap();
        assert_eq!(answer.status, 401, "{bearer}");
        let challenge = answer.header("www-authenticate");
        let metadata = format!("http://localhost:{}/.well-known/oauth-protected-resource/mcp", serving.port);
        assert!(challenge.contains(&metadata) && challenge.contains("scope=\""), "{challenge}");
    }
    let path = "/.well-known/oauth-protected-resource/mcp";
    let document = request(serving.port, "GET", path, &[], "").unwrap();
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["resource"], format!("http://localhost:{}/mcp", serving.port));
    // RFC 9728, 2: byte for byte the issuer of the server's own metadata
    let issuer = format!("http://localhost:{}", serving.port);
    assert_eq!(document["authorization_servers"], json!([issuer]));
    let server =
        request(serving.port, "GET", "/.well-known/oauth-authorization-server/mcp", &[], "").unwrap();
    let server: serde_json::Value = serde_json::from_str(&server.body).unwrap();
    assert_eq!(server["issuer"], issuer);
}

#[test]
fn both_documents_are_equal_at_the_root_and_with_the_path_of_the_resource() {
    let serving = World::new().serve();
    for document in ["oauth-protected-resource", "oauth-authorization-server"] {
        let [root, below] = ["", "/mcp"].map(|suffix| {
            let path = format!("/.well-known/{document}{suffix}");
            request(serving.port, "GET", &path, &[], "").unwrap()
        });
        assert_eq!((root.status, below.status), (200, 200), "{document}");
        assert_eq!(root.body, below.body, "{document}");
    }
}

#[test]
fn without_the_oauth_door_no_authorization_server_is_named_or_there() {
    let serving = World::new().with("POSTROOM_DOORS", "header").serve();
    let document = request(serving.port, "GET", "/.well-known/oauth-protected-resource", &[], "").unwrap();
    assert!(!document.body.contains("authorization_servers"), "{}", document.body);
    for path in ["/.well-known/oauth-authorization-server", "/oauth/authorize", "/oauth/token"] {
        assert_eq!(request(serving.port, "GET", path, &[], "").unwrap().status, 404, "{path}");
    }
}

#[test]
fn commands_take_effect_at_once_while_the_server_runs() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    let serving = world.serve();
    world.add_user("alice");
    let bearer = world.new_token("agent", READING);
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let accounts = client.call("mail_accounts", &json!({})).unwrap();
    assert_eq!(accounts.structured()["accounts"], json!([]));
    assert_eq!(world.add_account(&dovecot).status, 0);
    let accounts = client.call("mail_accounts", &json!({})).unwrap();
    assert_eq!(accounts.structured()["accounts"][0]["name"], "home", "{accounts:?}");

    world.run(&["user", "disable", "alice"]);
    assert!(client.call("mail_accounts", &json!({})).unwrap_err().to_string().contains("HTTP 401"));
    world.run(&["user", "enable", "alice"]);
    assert!(
        client.call("mail_accounts", &json!({})).is_ok() || McpHttp::connect(serving.port, &bearer).is_ok()
    );
    assert_eq!(world.run(&["token", "revoke", "agent", "--user", "alice"]).status, 0);
    assert!(client.call("mail_accounts", &json!({})).unwrap_err().to_string().contains("HTTP 401"));
    assert!(McpHttp::connect(serving.port, &bearer).unwrap_err().to_string().contains("HTTP 401"));
}

#[test]
fn revoking_a_token_or_disabling_its_user_ends_open_event_streams_and_their_sessions() {
    let world = World::new();
    world.add_user("alice");
    let bearers = [world.new_token("one", READING), world.new_token("two", READING)];
    let serving = world.serve();
    let clients = bearers.each_ref().map(|bearer| McpHttp::connect(serving.port, bearer).unwrap());
    let sessions = clients.each_ref().map(|client| client.session().unwrap().to_owned());
    let open = |one: usize| open_events(serving.port, &bearers[one], &sessions[one]);
    let (mut revoked, mut disabled) = (open(0), open(1));
    let status = |bearer: &str, session: &str| {
        let bearer = format!("Bearer {bearer}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Mcp-Session-Id", session),
            ("Accept", "text/event-stream"),
        ];
        request(serving.port, "DELETE", "/mcp", &headers, "").unwrap().status
    };

    assert_eq!(world.run(&["token", "revoke", "one", "--user", "alice"]).status, 0);
    assert!(ends_within(&mut revoked, Duration::from_secs(2)), "it stays open: {}", serving.log());
    assert_eq!(status(&bearers[0], &sessions[0]), 401);
    assert_eq!(status(&bearers[1], &sessions[0]), 404);
    assert!(!ends_within(&mut disabled, Duration::from_millis(1200)), "another grant's stream ended");

    assert_eq!(world.run(&["user", "disable", "alice"]).status, 0);
    assert!(ends_within(&mut disabled, Duration::from_secs(2)), "it stays open: {}", serving.log());
    assert_eq!(world.run(&["user", "enable", "alice"]).status, 0);
    assert_eq!(status(&bearers[1], &sessions[1]), 404, "the session came back with the user");
}

#[test]
fn a_token_reaches_only_the_accounts_and_scopes_it_was_given() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let port = dovecot.imaps_port().to_string();
    let second = [
        "account",
        "add",
        "bob@example.org",
        "--user",
        "alice",
        "--imap-host",
        dovecot.host(),
        "--imap-port",
        &port,
        "--imap-user",
        "bob",
        "--password-stdin",
    ];
    assert_eq!(world.run_with(&second, "bob-secret").status, 0);
    let new =
        ["token", "new", "--user", "alice", "--name", "bob only", "--scopes", "folders", "--accounts", "bob"];
    let said = world.run(&new);
    let bearer = said.stdout.split_whitespace().last().unwrap().to_owned();
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &bearer).unwrap();
    let accounts = client.call("mail_accounts", &json!({})).unwrap();
    let names: Vec<&str> = accounts.structured()["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["bob"]);
    assert!(client.call("mail_folders", &json!({ "account": "home" })).unwrap().is_error());
    let refused = client.call("mail_search", &json!({})).unwrap_err().to_string();
    assert!(refused.contains("HTTP 403"), "{refused}");
}

/// Whether the server ends the stream in that time; what it says before is read over.
fn ends_within(stream: &mut TcpStream, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    let mut said = [0; 1024];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        stream.set_read_timeout(Some(left)).unwrap();
        match stream.read(&mut said) {
            Ok(0) => return true,
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return true;
            }
            // of a chunked body the last chunk is the end, also if the connection is kept
            Ok(read) if said[..read].ends_with(b"0\r\n\r\n") => return true,
            _ => {}
        }
    }
}
