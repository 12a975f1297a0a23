//! Approvals that the person gives in their client, in both eras.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::{
    outgoing::{approval, page},
    world::{Answer, Ask, World},
};
use crate::Settings;

const SOON: Duration = Duration::from_secs(20);

fn wait() -> Value {
    json!({"to": ["eve@example.org"], "subject": "wait"})
}

/// A call of the newer protocol by a client that shows forms.
fn ask(arguments: &Value, bearer: &str, brought: &Value) -> Ask {
    let mut params = json!({"name": "mail_send", "arguments": arguments});
    for (name, value) in brought.as_object().unwrap() {
        params[name] = value.clone();
    }
    Ask::able(&json!({"elicitation": {"form": {}}}), "tools/call", params).token(bearer)
}

/// The question, and the state to bring back.
async fn question(world: &World) -> (Value, String) {
    let result = world.send(ask(&wait(), "all", &json!({}))).await.json()["result"].clone();
    assert_eq!(result["resultType"], "input_required", "{result}");
    (result["inputRequests"]["approve"].clone(), result["requestState"].as_str().unwrap().to_owned())
}

fn bring(state: &str, said: &Value) -> Value {
    json!({"requestState": state, "inputResponses": {"approve": said}})
}

fn yes() -> Value {
    json!({"action": "accept", "content": {"approve": true}})
}

fn status_of(answer: &Answer) -> Value {
    let result = answer.json()["result"].clone();
    assert_eq!((&result["resultType"], &result["isError"]), (&json!("complete"), &json!(false)), "{result}");
    result["structuredContent"]["status"].clone()
}

#[tokio::test]
async fn the_newer_protocol_asks_with_all_that_leaves_and_a_yes_sends_once() {
    let world = World::start().await;
    let (question, state) = question(&world).await;
    assert_eq!(
        (&question["method"], &question["params"]["mode"]),
        (&json!("elicitation/create"), &json!("form"))
    );
    let message = question["params"]["message"].as_str().unwrap();
    for part in [
        "From: me@example.org",
        "| eve@example.org",
        "You are asked because: eve@example.org: never written to before.\n",
        "Subject: wait\n",
        "| Bcc: nobody",
        "plan.pdf",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(question["params"]["requestedSchema"]["properties"]["approve"]["type"], "boolean");
    let answer = world.send(ask(&wait(), "all", &bring(&state, &yes()))).await;
    assert_eq!(status_of(&answer), "sent");
    assert_eq!(*world.mail.outgoing.said.lock().unwrap(), [true]);
    assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 1, "the second call sends nothing anew");
    let outcomes: Vec<String> =
        world.gate.records.lock().unwrap().iter().map(|(_, _, outcome)| outcome.clone()).collect();
    assert_eq!(outcomes, ["asked", "sent"]);
}

#[tokio::test]
async fn a_no_denies_and_anything_else_leaves_it_waiting() {
    for (said, status, answers) in [
        (json!({"action": "decline"}), "denied", vec![false]),
        (json!({"action": "accept", "content": {"approve": false}}), "denied", vec![false]),
        (json!({"action": "cancel"}), "approval_needed", vec![]),
        (json!({"action": "accept"}), "approval_needed", vec![]),
        (json!({"nonsense": 1}), "approval_needed", vec![]),
    ] {
        let world = World::start().await;
        let (_, state) = question(&world).await;
        let answer = world.send(ask(&wait(), "all", &bring(&state, &said))).await;
        assert_eq!(status_of(&answer), status, "{said}");
        assert_eq!(*world.mail.outgoing.said.lock().unwrap(), answers);
        assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_state_is_good_for_its_own_call_and_grant_only() {
    let world = World::start().await;
    let (_, state) = question(&world).await;
    // not the last digit, which may say nothing
    let mut digits: Vec<char> = state.chars().collect();
    let at = digits.len() - 8;
    digits[at] = if digits[at] == 'A' { 'B' } else { 'A' };
    let altered: String = digits.into_iter().collect();
    let other = json!({"to": ["eve@example.org"], "subject": "wait", "body": "other"});
    let given = bring(&state, &yes());
    for (arguments, bearer, brought) in [
        (wait(), "other", given.clone()),
        (other, "all", given.clone()),
        (wait(), "all", bring(&altered, &yes())),
        (wait(), "all", bring("", &yes())),
        (wait(), "all", json!({"inputResponses": {"approve": yes()}})),
    ] {
        let answer = world.send(ask(&arguments, bearer, &brought)).await;
        assert_eq!(answer.code(), -32602, "{answer:?}");
    }
    assert!(world.mail.outgoing.said.lock().unwrap().is_empty());
    assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 1);
    let foreign = World::start().await;
    foreign.send(ask(&json!({"to": "a@x.org"}), "all", &json!({}))).await;
    let answer = foreign.send(ask(&json!({"to": "a@x.org"}), "all", &given)).await;
    assert_eq!(answer.code(), -32602, "of another server: {answer:?}");
}

#[tokio::test]
async fn a_state_that_is_too_old_decides_nothing() {
    let hasty = |settings: &mut Settings| settings.question_ttl = std::time::Duration::ZERO;
    let world = World::with(hasty).await;
    let (_, state) = question(&world).await;
    let answer = world.send(ask(&wait(), "all", &bring(&state, &yes()))).await;
    assert_eq!(answer.code(), -32602, "{answer:?}");
    assert!(world.mail.outgoing.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nobody_is_asked_in_a_client_that_shows_no_forms_or_where_approvals_are_given_elsewhere() {
    let world = World::start().await;
    for able in [json!({}), json!({"elicitation": {"url": {}}})] {
        let params = json!({"name": "mail_send", "arguments": wait()});
        let answer = world.send(Ask::able(&able, "tools/call", params).token("all")).await;
        assert_eq!(status_of(&answer), "approval_needed");
    }
    let (_, state) = question(&world).await;
    world.mail.outgoing.is_elsewhere.store(true, Ordering::SeqCst);
    let answer = world.send(ask(&wait(), "all", &json!({}))).await;
    assert_eq!(status_of(&answer), "approval_needed");
    let answer = world.send(ask(&wait(), "all", &bring(&state, &yes()))).await;
    assert_eq!(status_of(&answer), "approval_needed", "the grant was changed meanwhile");
    assert!(world.mail.outgoing.said.lock().unwrap().is_empty());
}

/// The first message of an event stream that has one of those members.
async fn event(stream: &mut tokio::net::TcpStream, seen: &mut String, members: &[&str]) -> Value {
    let mut buffer = [0; 4096];
    loop {
        let events = seen.lines().filter_map(|line| line.strip_prefix("data:"));
        let mut messages = events.filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok());
        let is_it = |message: &Value| members.iter().any(|member| message.get(*member).is_some());
        if let Some(message) = messages.find(is_it) {
            return message;
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the stream ended: {seen}");
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

/// Calls in a session of the older protocol, and answers the question that comes in the middle.
async fn answered(world: &World, said: Option<Value>) -> Value {
    let check = |question: &Value| {
        assert!(question["params"]["message"].as_str().unwrap().contains("| eve@example.org"));
    };
    let (session, _) = world.initialize_able("all", &json!({"elicitation": {}})).await;
    in_the_middle(world, &session, check, said).await
}

/// The same of a client that opens pages, in its session.
async fn led(world: &World, session: &str, said: &Value) -> Value {
    let check = |question: &Value| {
        let params = &question["params"];
        assert_eq!((&params["mode"], &params["url"]), (&json!("url"), &json!(page())));
        assert_eq!(params["elicitationId"], approval().as_str());
    };
    in_the_middle(world, session, check, Some(said.clone())).await
}

/// How the call ends.
async fn in_the_middle(world: &World, session: &str, check: impl Fn(&Value), said: Option<Value>) -> Value {
    let call = json!({"name": "mail_send", "arguments": wait()});
    let mut stream = world.begin(&Ask::legacy(session, "tools/call", &call).token("all")).await;
    let mut seen = String::new();
    let reading = async {
        let question = event(&mut stream, &mut seen, &["method", "result"]).await;
        if question.get("method").is_none() {
            return question;
        }
        assert_eq!(question["method"], "elicitation/create", "{question}");
        check(&question);
        if let Some(said) = said {
            let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": said});
            let ask = Ask::post(&answer)
                .header("mcp-protocol-version", "2025-11-25")
                .header("mcp-session-id", session);
            assert_eq!(world.send(ask.token("all")).await.status, 202);
        }
        event(&mut stream, &mut seen, &["result"]).await
    };
    tokio::time::timeout(SOON, reading).await.expect("an answer in time")
}

#[tokio::test]
async fn the_older_protocol_asks_in_the_middle_of_the_call() {
    for (said, status, answers) in [
        (yes(), "sent", vec![true]),
        (json!({"action": "accept", "content": {"approve": false}}), "denied", vec![false]),
        (json!({"action": "decline"}), "denied", vec![false]),
        (json!({"action": "cancel"}), "approval_needed", vec![]),
    ] {
        let world = World::start().await;
        let answer = answered(&world, Some(said.clone())).await;
        assert_eq!(answer["result"]["structuredContent"]["status"], status, "{said}: {answer}");
        assert_eq!(*world.mail.outgoing.said.lock().unwrap(), answers);
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_and_leaves_the_message_waiting() {
    let hasty = |settings: &mut Settings| settings.question_wait = std::time::Duration::from_millis(50);
    let world = World::with(hasty).await;
    let answer = answered(&world, None).await;
    assert_eq!(answer["result"]["structuredContent"]["status"], "approval_needed", "{answer}");
    assert!(world.mail.outgoing.said.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_old_client_without_forms_is_told_that_it_waits() {
    let world = World::start().await;
    let (session, _) = world.initialize("all").await;
    let call = json!({"name": "mail_send", "arguments": wait()});
    let answer = world.send(Ask::legacy(&session, "tools/call", &call).token("all")).await.json();
    assert_eq!(answer["result"]["structuredContent"]["approval"]["id"], approval().as_str(), "{answer}");
}

/// A world whose person answers on our pages.
async fn paged() -> World {
    let world = World::start().await;
    world.mail.outgoing.has_pages.store(true, Ordering::SeqCst);
    world.mail.outgoing.is_elsewhere.store(true, Ordering::SeqCst);
    world
}

/// A call of the newer protocol by a client that opens pages.
fn ask_for_page(modes: &Value, bearer: &str, brought: &Value) -> Ask {
    let mut params = json!({"name": "mail_send", "arguments": wait()});
    for (name, value) in brought.as_object().unwrap() {
        params[name] = value.clone();
    }
    Ask::able(&json!({"elicitation": modes}), "tools/call", params).token(bearer)
}

#[tokio::test]
async fn an_agent_is_given_the_link_to_the_page() {
    let world = paged().await;
    let params = json!({"name": "mail_send", "arguments": wait()});
    let answer = world.send(Ask::able(&json!({}), "tools/call", params).token("all")).await;
    let told = answer.json()["result"]["structuredContent"].clone();
    assert_eq!(told["status"], "approval_needed");
    let approval = json!({"id": approval().as_str(), "url": page(), "expires": "2026-11-22T03:04:05Z"});
    assert_eq!(told["approval"], approval);
}

#[tokio::test]
async fn the_newer_protocol_leads_to_the_page_and_tells_what_became_of_it() {
    for (modes, decides, status) in [
        (json!({"url": {}}), Some(true), "sent"),
        (json!({"form": {}, "url": {}}), Some(false), "denied"),
        (json!({"form": {}, "url": {}}), None, "approval_needed"),
    ] {
        let world = paged().await;
        let result = world.send(ask_for_page(&modes, "all", &json!({}))).await.json()["result"].clone();
        assert_eq!(result["resultType"], "input_required", "{result}");
        let question = &result["inputRequests"]["approve"];
        assert_eq!(
            (&question["method"], &question["params"]["mode"], &question["params"]["url"]),
            (&json!("elicitation/create"), &json!("url"), &json!(page()))
        );
        let message = question["params"]["message"].as_str().unwrap();
        assert!(!message.contains("eve@example.org") && !message.contains("Dear Ann"), "{message}");
        *world.mail.outgoing.decides.lock().unwrap() = decides;
        let state = result["requestState"].as_str().unwrap();
        let opened = bring(state, &json!({"action": "accept"}));
        let answer = world.send(ask_for_page(&modes, "all", &opened)).await;
        assert_eq!(status_of(&answer), status);
        assert_eq!(world.mail.outgoing.watched.load(Ordering::SeqCst), 1);
        assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 1, "the second call sends nothing anew");
    }
}

#[tokio::test]
async fn what_a_client_says_of_a_page_approves_nothing() {
    for (said, watched) in [
        (yes(), 1),
        (json!({"action": "accept"}), 1),
        (json!({"action": "decline"}), 0),
        (json!({"action": "cancel", "content": {"approve": true}}), 0),
        (json!({"approve": true}), 0),
    ] {
        let world = paged().await;
        let asked = ask_for_page(&json!({"url": {}}), "all", &json!({}));
        let result = world.send(asked).await.json()["result"].clone();
        let state = result["requestState"].as_str().unwrap();
        // even where a form would have decided by now
        world.mail.outgoing.is_elsewhere.store(false, Ordering::SeqCst);
        let answer = world.send(ask_for_page(&json!({"url": {}}), "all", &bring(state, &said))).await;
        assert_eq!(status_of(&answer), "approval_needed", "{said}");
        assert!(world.mail.outgoing.said.lock().unwrap().is_empty(), "{said}");
        assert_eq!(world.mail.outgoing.watched.load(Ordering::SeqCst), watched, "{said}");
    }
}

#[tokio::test]
async fn no_page_is_opened_that_there_is_not_and_none_where_the_client_decides() {
    let world = World::start().await;
    let answer = world.send(ask_for_page(&json!({"url": {}}), "all", &json!({}))).await;
    assert_eq!(status_of(&answer), "approval_needed");
    world.mail.outgoing.has_pages.store(true, Ordering::SeqCst);
    let both = ask_for_page(&json!({"form": {}, "url": {}}), "all", &json!({}));
    let result = world.send(both).await.json()["result"].clone();
    assert_eq!(result["inputRequests"]["approve"]["params"]["mode"], "form", "{result}");
}

#[tokio::test]
async fn the_older_protocol_leads_to_the_page_in_the_middle_of_the_call() {
    for (said, decides, status) in [
        (json!({"action": "accept"}), Some(true), "sent"),
        (json!({"action": "accept", "content": {"approve": true}}), None, "approval_needed"),
        (json!({"action": "decline"}), Some(true), "approval_needed"),
    ] {
        let world = paged().await;
        *world.mail.outgoing.decides.lock().unwrap() = decides;
        let (session, _) = world.initialize_able("all", &json!({"elicitation": {"url": {}}})).await;
        let standing = Ask::new("GET", "/mcp").header("accept", "text/event-stream");
        let standing = standing.header("mcp-session-id", &session).token("all");
        let mut standing = world.begin(&standing).await;
        let answer = led(&world, &session, &said).await;
        assert_eq!(answer["result"]["structuredContent"]["status"], status, "{said}: {answer}");
        assert!(world.mail.outgoing.said.lock().unwrap().is_empty());
        if status == "sent" {
            let mut seen = String::new();
            let reading = event(&mut standing, &mut seen, &["method"]);
            let done = tokio::time::timeout(SOON, reading).await.expect("a word in time");
            assert_eq!(done["method"], "notifications/elicitation/complete", "{done}");
            assert_eq!(done["params"]["elicitationId"], approval().as_str());
        }
    }
}

#[tokio::test]
async fn who_asks_how_it_stands_is_told_at_once_and_led_nowhere() {
    let world = paged().await;
    let params = json!({"name": "mail_send", "arguments": {"approval_id": approval().as_str()}});
    let answer =
        world.send(Ask::able(&json!({"elicitation": {"url": {}}}), "tools/call", params).token("all"));
    assert_eq!(status_of(&answer.await), "approval_needed");
    assert_eq!(world.mail.outgoing.watched.load(Ordering::SeqCst), 0);
}
