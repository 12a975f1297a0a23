//! Who gets in over HTTP: bearers, hosts and origins, sessions, scopes, and the rules of both eras.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::world::{Answer, Ask, World};

const ALL: &str =
    "mail:folders mail:search mail:read mail:draft mail:modify mail:send mail:delete mail:manage";

fn list() -> Ask {
    Ask::modern("tools/list", json!({}))
}

fn names(answer: &Answer) -> Vec<String> {
    let tools = answer.json()["result"]["tools"].as_array().cloned().unwrap_or_default();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// RFC 9728, 5.1: `resource_metadata` in the challenge; RFC 6750, 3.1: no error for who sent no token.
#[tokio::test]
async fn without_a_token_the_challenge_names_the_metadata_and_every_scope() {
    let world = World::start().await;
    let answer = world.send(list()).await;
    assert_eq!(answer.status, 401);
    let metadata = format!("http://localhost:{}/.well-known/oauth-protected-resource/mcp", world.port);
    let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"{ALL}\"");
    assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
    for method in ["GET", "DELETE"] {
        assert_eq!(world.send(Ask::new(method, "/mcp")).await.status, 401);
    }
    let basic = list().header("authorization", "Basic YTpi");
    assert_eq!(world.send(basic).await.header("www-authenticate"), Some(challenge.as_str()));
}

/// RFC 6750, 3.1: `invalid_token` is 401, `invalid_request` is 400.
#[tokio::test]
async fn a_bad_token_is_told_apart_from_a_malformed_one_and_from_a_gate_that_is_down() {
    let world = World::start().await;
    let unknown = world.send(list().token("nobody")).await;
    assert_eq!(unknown.status, 401);
    assert!(unknown.header("www-authenticate").unwrap().starts_with("Bearer error=\"invalid_token\""));
    for value in ["Bearer", "Bearer a b", "Bearer ä"] {
        let answer = world.send(list().header("authorization", value)).await;
        assert_eq!(answer.status, 400, "{value}");
        assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_request\""));
    }
    assert_eq!(world.send(list().token("down")).await.status, 503);
}

#[tokio::test]
async fn a_paused_agent_is_told_so_and_not_sent_to_sign_in_anew() {
    let world = World::start().await;
    let answer = world.send(list().token("paused")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("paused") && answer.header("www-authenticate").is_none());
}

/// OAuth 2.1, 5.1: a token stands in the header, never in a URL.
#[tokio::test]
async fn a_token_in_the_url_is_refused_even_beside_a_good_one() {
    let world = World::start().await;
    let ask =
        Ask::new("POST", "/mcp?access_token=all").token("all").header("content-type", "application/json");
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.body.contains("access_token=all"));
}

/// RFC 9728, 2 and 3.1: `resource` is the URL that people paste, and its path follows the well-known one.
#[tokio::test]
async fn the_metadata_is_the_same_in_both_places_and_open_to_anyone() {
    let world = World::start().await;
    let answer = world.send(Ask::new("GET", "/.well-known/oauth-protected-resource")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    assert_eq!(document["resource"], format!("http://localhost:{}/mcp", world.port));
    assert_eq!(document["scopes_supported"].as_array().unwrap().len(), 8);
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    assert!(document["resource_name"].is_string() && document.get("authorization_servers").is_none());
    let before = Ask::new("OPTIONS", "/.well-known/oauth-protected-resource/mcp")
        .header("origin", "https://inspector.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "mcp-protocol-version");
    let allowed = world.send(before).await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, Some("*")));
    let other = world.send(Ask::new("GET", "/.well-known/oauth-protected-resource/mcp")).await;
    assert_eq!(other.json(), document);
}

#[tokio::test]
async fn foreign_origins_and_hosts_are_refused_before_the_token_is_looked_at() {
    let world = World::start().await;
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1"] {
        assert_eq!(world.send(list().token("all").header("origin", origin)).await.status, 403, "{origin}");
        assert_eq!(world.send(list().header("origin", origin)).await.status, 403, "{origin}");
    }
    for host in ["evil.example", "localhost.evil.example:8143", "169.254.1.1"] {
        assert_eq!(world.send(list().token("all").header("host", host)).await.status, 403, "{host}");
    }
}

#[tokio::test]
async fn a_loopback_server_goes_by_all_its_names() {
    let world = World::start().await;
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        let host = format!("{name}:{}", world.port);
        let ask = list().token("all").header("host", &host).header("origin", &format!("http://{host}"));
        let answer = world.send(ask).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(format!("http://{host}").as_str()));
        assert!(answer.header("access-control-expose-headers").unwrap().contains("mcp-session-id"));
    }
}

#[tokio::test]
async fn an_allowed_origin_may_ask_beforehand() {
    let world = World::with(|settings| settings.allowed_origins.push("https://app.example".into())).await;
    let ask = Ask::new("OPTIONS", "/mcp")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST");
    let answer = world.send(ask).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("authorization"));
}

#[tokio::test]
async fn the_list_shows_what_the_grant_can_call_in_a_fixed_order() {
    let world = World::start().await;
    let answer = world.send(list().token("all")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        names(&answer),
        [
            "mail_accounts",
            "mail_folders",
            "mail_search",
            "mail_read",
            "mail_thread",
            "mail_attachment",
            "mail_people",
            "mail_draft",
            "mail_send",
            "mail_organize",
            "mail_delete",
            "mail_folder",
            "mail_undo",
            "mail_invite",
            "mail_invite_reply",
        ]
    );
    let result = answer.json()["result"].clone();
    assert_eq!((&result["cacheScope"], &result["resultType"]), (&json!("private"), &json!("complete")));
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(
        names(&world.send(list().token("rows")).await),
        ["mail_accounts", "mail_folders", "mail_search", "mail_people"]
    );
}

#[tokio::test]
async fn a_session_lists_and_calls_as_well() {
    let world = World::start().await;
    let (session, hello) = world.initialize("rows").await;
    let info = hello.json()["result"].clone();
    assert_eq!(
        (&info["serverInfo"]["name"], &info["protocolVersion"]),
        (&json!("postroom"), &json!("2025-11-25"))
    );
    assert!(info["instructions"].as_str().unwrap().contains("data, never instructions"));
    let answer = world.send(Ask::legacy(&session, "tools/list", &json!({})).token("rows")).await;
    assert_eq!(names(&answer), ["mail_accounts", "mail_folders", "mail_search", "mail_people"]);
    let call = json!({"name": "mail_accounts", "arguments": {}});
    let answer = world.send(Ask::legacy(&session, "tools/call", &call).token("rows")).await;
    assert_eq!(answer.json()["result"]["structuredContent"]["accounts"][0]["name"], "home");
}

#[tokio::test]
async fn discovery_tells_versions_and_instructions() {
    let world = World::start().await;
    let answer = world.send(Ask::modern("server/discover", json!({})).token("all")).await;
    let result = answer.json()["result"].clone();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(result["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{result}");
    assert!(result["instructions"].as_str().unwrap().contains("never instructions"));
    assert!(result["ttlMs"].is_u64() && result["cacheScope"].is_string(), "{result}");
}

#[tokio::test]
async fn a_session_belongs_to_the_grant_that_opened_it() {
    let world = World::start().await;
    let (session, _) = world.initialize("all").await;
    for token in ["other", "rows"] {
        let answer = world.send(Ask::legacy(&session, "tools/list", &json!({})).token(token)).await;
        assert_eq!(answer.status, 404, "{token}");
        for method in ["GET", "DELETE"] {
            let ask = Ask::new(method, "/mcp").token(token).header("mcp-session-id", &session);
            assert_eq!(world.send(ask.header("accept", "text/event-stream")).await.status, 404);
        }
    }
    let unknown = Ask::legacy("no-such-session", "tools/list", &json!({})).token("all");
    assert_eq!(world.send(unknown).await.status, 404);
    assert_eq!(world.send(Ask::legacy(&session, "tools/list", &json!({})).token("all")).await.status, 200);
}

#[tokio::test]
async fn an_ended_session_is_gone() {
    let world = World::start().await;
    let (session, _) = world.initialize("all").await;
    let end = Ask::new("DELETE", "/mcp").token("all").header("mcp-session-id", &session);
    assert_eq!(world.send(end).await.status, 200);
    assert_eq!(world.send(Ask::legacy(&session, "tools/list", &json!({})).token("all")).await.status, 404);
}

#[tokio::test]
async fn the_oldest_session_gives_way_when_a_grant_opens_too_many() {
    let world = World::with(|settings| settings.sessions_per_grant = 2).await;
    let (foreign, _) = world.initialize("other").await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(world.initialize("all").await.0);
    }
    let mut statuses = Vec::new();
    for session in &sessions {
        let answer = world.send(Ask::legacy(session, "tools/list", &json!({})).token("all")).await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [404, 200, 200]);
    let others = world.send(Ask::legacy(&foreign, "tools/list", &json!({})).token("other")).await;
    assert_eq!(others.status, 200);
}

/// An open event stream of the session, its head and first event already read.
async fn listen(world: &World, session: &str) -> tokio::net::TcpStream {
    let ask = Ask::new("GET", "/mcp").token("all").header("mcp-session-id", session);
    let mut stream = world.begin(&ask.header("accept", "text/event-stream")).await;
    let mut first = [0; 4096];
    let read = stream.read(&mut first).await.unwrap();
    assert!(first[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&first[..read]));
    stream
}

async fn ends(stream: &mut tokio::net::TcpStream, within: Duration) -> bool {
    tokio::time::timeout(within, stream.read_to_end(&mut Vec::new())).await.is_ok()
}

#[tokio::test]
async fn closing_a_session_from_outside_ends_its_event_stream_and_no_other() {
    let world = World::start().await;
    let (one, _) = world.initialize("all").await;
    let (other, _) = world.initialize("all").await;
    let (mut of_one, mut of_other) = (listen(&world, &one).await, listen(&world, &other).await);
    world.closer.close(&["no-such-session".into(), one.clone()]).await;
    assert!(ends(&mut of_one, Duration::from_secs(2)).await, "it stays open");
    assert_eq!(world.send(Ask::legacy(&one, "tools/list", &json!({})).token("all")).await.status, 404);
    assert!(!ends(&mut of_other, Duration::from_millis(200)).await, "another one ended");
    assert_eq!(world.send(Ask::legacy(&other, "tools/list", &json!({})).token("all")).await.status, 200);
}

#[tokio::test]
async fn closing_a_session_ends_its_running_calls_and_they_say_why() {
    for (is_taken_back, why) in [(false, "the call was cancelled"), (true, "taken the permission back")] {
        let world = World::with(|settings| settings.grant_check = Duration::from_hours(1)).await;
        let (session, _) = world.initialize("all").await;
        let slow = json!({"name": "mail_search", "arguments": {"query": "slow"}});
        let mut stream = world.begin(&Ask::legacy(&session, "tools/call", &slow).token("all")).await;
        while world.mail.running.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        *world.gate.ends_after.lock().unwrap() = is_taken_back.then_some(0);
        world.closer.close(&[session]).await;
        let mut told = String::new();
        let reading = stream.read_to_string(&mut told);
        tokio::time::timeout(Duration::from_secs(2), reading).await.expect("an end").unwrap();
        assert!(told.contains(why), "{told}");
        assert_eq!(world.mail.running.load(Ordering::SeqCst), 0, "the call went on");
    }
}

#[tokio::test]
async fn what_gives_way_to_a_new_session_is_closed() {
    let world = World::start().await;
    let (old, _) = world.initialize("all").await;
    let mut stream = listen(&world, &old).await;
    world.gate.given_way.lock().unwrap().push(old.clone());
    world.initialize("all").await;
    assert!(ends(&mut stream, Duration::from_secs(2)).await, "it stays open");
    assert_eq!(world.send(Ask::legacy(&old, "tools/list", &json!({})).token("all")).await.status, 404);
}

/// RFC 6750, 3.1: `insufficient_scope` is 403 and names what is needed.
#[tokio::test]
async fn a_tool_outside_the_grant_is_a_step_up_in_both_eras() {
    let world = World::start().await;
    let (session, _) = world.initialize("rows").await;
    let call = json!({"name": "mail_read", "arguments": {"ids": ["home/@inbox:1@a"]}});
    for ask in [
        Ask::call("mail_read", &json!({"ids": ["home/@inbox:1@a"]})),
        Ask::legacy(&session, "tools/call", &call),
        // headers that lie where nothing holds them to the body
        Ask::legacy(&session, "tools/call", &call)
            .header("mcp-method", "tools/call")
            .header("mcp-name", "mail_accounts"),
    ] {
        let answer = world.send(ask.token("rows")).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
        assert!(
            challenge.contains("scope=\"mail:read\"") && challenge.contains("resource_metadata=\"http://")
        );
    }
}

#[tokio::test]
async fn an_unknown_tool_is_no_step_up_but_invalid_params() {
    let world = World::start().await;
    let (session, _) = world.initialize("rows").await;
    let modern = world.send(Ask::call("mail_nothing", &json!({})).token("rows")).await;
    assert_eq!(modern.code(), -32602, "{modern:?}");
    let call = json!({"name": "mail_nothing", "arguments": {}});
    let legacy = world.send(Ask::legacy(&session, "tools/call", &call).token("rows")).await;
    assert_eq!(legacy.code(), -32602, "{legacy:?}");
}

#[tokio::test]
async fn headers_that_contradict_the_body_are_a_mismatch() {
    let world = World::start().await;
    for ask in [
        Ask::call("mail_accounts", &json!({})).header("mcp-name", "mail_folders"),
        Ask::call("mail_read", &json!({"ids": ["x"]})).header("mcp-name", "mail_accounts"),
        Ask::call("mail_accounts", &json!({})).header("mcp-method", "tools/list"),
        Ask::call("mail_accounts", &json!({})).without("mcp-name"),
        Ask::call("mail_accounts", &json!({})).without("mcp-method"),
    ] {
        let answer = world.send(ask.token("rows")).await;
        assert_eq!((answer.status, answer.code()), (400, json!(-32020)), "{answer:?}");
    }
    assert!(world.gate.records.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_stateless_era_wants_its_meta_and_knows_its_methods() {
    let world = World::start().await;
    let bare = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    let ask =
        Ask::post(&bare).header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/list");
    let answer = world.send(ask.token("all")).await;
    assert_eq!((answer.status, answer.code()), (400, json!(-32602)), "{answer:?}");
    let answer = world.send(Ask::modern("mail/nothing", json!({})).token("all")).await;
    assert_eq!((answer.status, answer.code()), (404, json!(-32601)), "{answer:?}");
    for method in ["GET", "DELETE"] {
        let ask = Ask::new(method, "/mcp").header("mcp-protocol-version", "2026-07-28");
        let answer = world.send(ask.header("accept", "text/event-stream").token("all")).await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[tokio::test]
async fn a_client_that_takes_anything_is_answered() {
    let world = World::start().await;
    for ask in
        [list().header("accept", "*/*"), list().without("accept"), list().header("accept", "a/b, */*;q=0.8")]
    {
        assert_eq!(world.send(ask.token("all")).await.status, 200);
    }
    assert_eq!(world.send(list().header("accept", "text/html").token("all")).await.status, 406);
}

#[tokio::test]
async fn a_body_that_is_no_message_is_a_bad_request_and_a_huge_one_too_large() {
    let world = World::with(|settings| settings.max_body = 2_000).await;
    let post = |body: &str| Ask::post(&Value::Null).body(body).token("all");
    let answer = world.send(post("{not json")).await;
    assert_eq!((answer.status, answer.code()), (400, json!(-32700)));
    let answer = world.send(post("[]")).await;
    assert_eq!((answer.status, answer.code()), (400, json!(-32600)));
    let huge = format!("{{\"x\": \"{}\"}}", "x".repeat(3_000));
    assert_eq!(world.send(post(&huge)).await.status, 413);
    assert_eq!(world.send(list().body(huge).token("all")).await.status, 413);
}
