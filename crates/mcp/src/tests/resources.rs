//! Resources as clients of both eras see them.

use std::sync::atomic::Ordering;

use domain::{Limits, Scope, Scopes};
use serde_json::{Value, json};

use super::world::{Answer, Ask, World, principal};
use crate::{resources, view::size};

pub(super) async fn modern(world: &World, token: &str, method: &str, params: Value) -> Answer {
    world.send(Ask::modern(method, params).token(token)).await
}

async fn read(world: &World, token: &str, uri: &str) -> Answer {
    modern(world, token, "resources/read", json!({"uri": uri})).await
}

fn content(answer: &Answer) -> Value {
    let json = answer.json();
    assert_eq!(json["result"]["contents"][0]["mimeType"], "application/json", "{json}");
    serde_json::from_str(json["result"]["contents"][0]["text"].as_str().unwrap()).unwrap()
}

#[test]
fn the_lists_are_the_ones_that_were_reviewed() {
    let all = principal("all", Scopes::all());
    insta::assert_json_snapshot!("resources", resources::list(&all));
    insta::assert_json_snapshot!("resource_templates", resources::templates(&all));
}

#[test]
fn a_grant_lists_what_it_can_read() {
    let uris = |scopes: &[Scope], folders: &[&str]| {
        let mut principal = principal("some", scopes.iter().copied().collect());
        let folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
        principal.limits = Limits { folders, ..Limits::default() };
        let forms = resources::templates(&principal).len();
        (resources::list(&principal).into_iter().map(|one| one.uri).collect::<Vec<_>>(), forms)
    };
    let (inbox, folders) = ("mail://home/folder/@inbox".to_owned(), "mail://home/folders".to_owned());
    let accounts = "mail://accounts".to_owned();
    assert_eq!(uris(&[Scope::Search], &[]), (vec![inbox.clone()], 2));
    assert_eq!(uris(&[Scope::Folders], &[]), (vec![accounts, folders], 1));
    assert_eq!(uris(&[Scope::Read, Scope::Search], &["Taxes"]), (Vec::new(), 3));
    assert_eq!(uris(&[Scope::Search], &["Taxes", "INBOX"]), (vec![inbox], 2));
}

#[tokio::test]
async fn a_resource_is_what_its_tool_answers_and_is_recorded_like_a_call() {
    let world = World::start().await;
    for (uri, tool, key) in [
        ("mail://accounts", "mail_accounts", "accounts"),
        ("mail://home/folders", "mail_folders", "folders"),
        ("mail://home/folder/Taxes", "mail_search", "messages"),
        ("mail://home/search/from%3Aann", "mail_search", "messages"),
        ("mail://home/message/@inbox/1@a", "mail_read", "messages"),
    ] {
        let answer = read(&world, "all", uri).await;
        let result = answer.json()["result"].clone();
        assert!(content(&answer)[key].is_array(), "{uri}: {result}");
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")), "{uri}");
        assert_eq!(result["contents"][0]["uri"], uri);
        let records = world.gate.records.lock().unwrap();
        let (recorded, targets, outcome) = records.last().unwrap();
        assert_eq!((recorded.as_str(), outcome.as_str()), (tool, "ok"), "{uri}");
        assert_eq!(!targets.is_empty(), tool == "mail_read");
    }
    let searched = world.mail.searched.lock().unwrap().clone();
    assert!(searched[0].contains("Taxes") && searched[0].contains("limit: 50"), "{searched:?}");
    let message = content(&read(&world, "all", "mail://home/message/@inbox/1@a").await);
    assert!(message["messages"][0]["body"].as_str().unwrap().contains("<<<mail "));
    let long = read(&world, "all", "mail://home/search/long").await;
    assert!(size::json_chars(&content(&long)) <= size::HARD_CAP);
}

#[tokio::test]
async fn what_is_not_there_is_told_as_invalid_params_and_what_failed_as_internal() {
    let world = World::start().await;
    for (uri, told) in [
        ("mail://home/message/@inbox/2@a", "No such message. [not_found]"),
        ("mail://gone/folders", "No account `gone`. [not_found]"),
        ("mail://home/folder/a%zz", "a `%` in a URI is followed by two hex digits"),
        ("mail://nothing", "no resource has a URI of this form"),
    ] {
        let answer = read(&world, "all", uri).await;
        assert_eq!(answer.code(), -32602, "{uri}: {answer:?}");
        assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with(told), "{uri}: {answer:?}");
        assert_eq!(answer.json()["error"]["data"]["uri"], uri);
    }
    let answer = read(&world, "all", "mail://home/search/fault").await;
    assert_eq!((answer.code(), &answer.json()["error"]["data"]["code"]), (json!(-32603), &json!("internal")));
    world.gate.wait.store(9, Ordering::Relaxed);
    let answer = read(&world, "all", "mail://accounts").await;
    let about = json!({"code": "rate_limited", "retry_after": 9, "uri": "mail://accounts"});
    assert_eq!(answer.json()["error"]["data"], about);
}

#[tokio::test]
async fn a_resource_outside_the_scopes_is_a_step_up_in_both_eras() {
    let world = World::start().await;
    let uri = "mail://home/message/@inbox/1@a";
    let (session, _) = world.initialize("rows").await;
    let legacy = Ask::legacy(&session, "resources/read", &json!({"uri": uri})).token("rows");
    for answer in [read(&world, "rows", uri).await, world.send(legacy).await] {
        assert_eq!(answer.status, 403);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.contains("insufficient_scope") && challenge.contains("scope=\"mail:read\""),
            "{challenge}"
        );
    }
    let legacy = Ask::legacy(&session, "resources/read", &json!({"uri": "mail://accounts"})).token("rows");
    assert!(content(&world.send(legacy).await)["accounts"].is_array());
}

#[tokio::test]
async fn capabilities_are_those_that_are_served() {
    let world = World::start().await;
    let discovered = modern(&world, "all", "server/discover", json!({})).await.json();
    let (_, initialized) = world.initialize("all").await;
    let expected = json!({"completions": {}, "prompts": {}, "resources": {}, "tools": {}});
    assert_eq!(discovered["result"]["capabilities"], expected);
    assert_eq!(initialized.json()["result"]["capabilities"], expected);
    for (method, key) in [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        let result = modern(&world, "all", method, json!({})).await.json()["result"].clone();
        assert!(!result[key].as_array().unwrap().is_empty(), "{method}");
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60_000), &json!("private")));
        let answer = modern(&world, "all", method, json!({"cursor": "x"})).await;
        assert_eq!(answer.code(), -32602, "{method}");
        assert_eq!(world.send(Ask::modern(method, json!({}))).await.status, 401, "{method}");
    }
}
