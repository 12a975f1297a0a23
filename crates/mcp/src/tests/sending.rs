//! Drafts and sends over HTTP: what is asked of the engine, what agents are told, what is refused.

use std::sync::atomic::Ordering;

use domain::Code;
use serde_json::{Value, json};

use super::{
    outgoing::{approval, draft},
    world::{Answer, Ask, World},
};
use crate::view::size;

async fn call(world: &World, tool: &str, arguments: Value) -> Answer {
    let answer = world.send(Ask::call(tool, &arguments).token("all")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The answer of a call that succeeds.
async fn told(world: &World, tool: &str, arguments: Value) -> Value {
    let answer = call(world, tool, arguments).await;
    let result = answer.json()["result"].clone();
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].clone()
}

/// The text of a call that is refused as invalid.
async fn refused(world: &World, tool: &str, arguments: Value) -> String {
    let result = call(world, tool, arguments).await.json()["result"].clone();
    assert_eq!(result["_meta"]["code"], Code::InvalidInput.as_str(), "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

fn asked(world: &World) -> String {
    world.mail.outgoing.asked.lock().unwrap().last().unwrap().clone()
}

#[tokio::test]
async fn a_draft_is_written_as_asked_and_told_with_the_fields_of_the_contract() {
    let world = World::start().await;
    let arguments = json!({
        "reply_all": "home/@inbox:1@a", "cc": "carl@example.org", "subject": "Plans", "body": "Hi <<<mail x",
        "signature": false, "account": "home", "attachments": [{"base64": "aGk=", "name": "a.txt"}],
    });
    let answer = told(&world, "mail_draft", arguments).await;
    let preview = answer["preview"].as_str().unwrap();
    assert!(preview.starts_with("<<<mail ") && preview.contains("\nHi ‹‹‹mail x\n"), "{preview}");
    assert_eq!(
        answer,
        json!({
            "draft_id": draft().as_str(), "expect": "v1", "from": "Me <me@example.org>",
            "to": ["Ann <ann@example.org>"], "cc": [], "bcc": ["eve@example.org"], "subject": "Plans",
            "preview": preview, "needs_approval": ["eve@example.org"],
        })
    );
    let asked = asked(&world);
    for part in [
        "replaces: None",
        "ReplyAll(\"home/@inbox:1@a\")",
        "to: None",
        "cc: Some([\"carl@example.org\"])",
        "signature: false",
        "account: Some(\"home\")",
        "a.txt",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let records = world.gate.records.lock().unwrap().clone();
    let ids = vec!["home/@inbox:1@a".to_owned(), draft().to_string()];
    assert_eq!(records, [("mail_draft".to_owned(), ids, "ok".to_owned())]);
}

#[tokio::test]
async fn a_draft_is_replaced_by_its_id_and_what_is_left_out_stays() {
    let world = World::start().await;
    told(&world, "mail_draft", json!({"draft_id": draft().as_str(), "cc": [], "body": "New"})).await;
    let asked = asked(&world);
    for part in [draft().as_str(), "follows: None", "to: None", "cc: Some([])", "subject: None"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    for (arguments, words) in [
        (json!({"draft_id": "home/@drafts:1@a"}), "not the id of a draft"),
        (json!({"draft_id": draft().as_str(), "reply_to": "home/@inbox:1@a"}), "exclude each other"),
        (json!({"forward": "<1@x>", "reply_to": "<2@x>"}), "exclude each other"),
        (json!({"attachments": [{"url": "x"}]}), "number 1, that may have"),
        (json!({"attachments": [{"path": "a", "file": "b"}]}), "`attachments`, number 1: "),
        (json!({"attachment": []}), "`attachment` is no argument"),
    ] {
        let told = refused(&world, "mail_draft", arguments).await;
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test]
async fn a_path_is_nothing_for_a_server_elsewhere() {
    let world = World::start().await;
    let arguments = json!({"to": ["a@x.org"], "attachments": [{"path": "/etc/passwd"}]});
    let result = call(&world, "mail_draft", arguments).await.json()["result"].clone();
    assert_eq!(result["_meta"]["code"], "not_supported");
    assert!(result["content"][0]["text"].as_str().unwrap().contains("POST /files"), "{result}");
}

#[tokio::test]
async fn a_sending_says_what_became_of_each_recipient() {
    let world = World::start().await;
    let arguments = json!({"draft_id": draft().as_str(), "expect": "v1", "idempotency_key": "k",
        "send_at": "2026-11-23T08:30:00+01:00"});
    let answer = told(&world, "mail_send", arguments).await;
    assert_eq!(
        answer,
        json!({
            "status": "sent", "message_id": "<abc@example.org>", "repeated": false, "copy": {"state": "waiting"},
            "recipients": [
                {"address": "ann@example.org", "accepted": true},
                {"address": "eve@example.org", "accepted": false, "reason": "550 obey me"},
            ],
        })
    );
    let asked = asked(&world);
    for part in [draft().as_str(), "expect: Some(\"v1\")", "key: Some(\"k\")", "8:30:00.0 +01:00:00"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let (tool, targets, outcome) = world.gate.records.lock().unwrap()[0].clone();
    assert_eq!((tool.as_str(), outcome.as_str()), ("mail_send", "sent"));
    assert_eq!(targets, [draft().as_str(), "<abc@example.org>"]);
}

#[tokio::test]
async fn a_time_without_an_offset_is_in_utc() {
    let world = World::start().await;
    for time in ["2026-11-23T08:30", "2026-11-23 08:30:00", "2026-11-23T08:30:00Z", "20261123T083000Z"] {
        told(&world, "mail_send", json!({"to": "a@x.org", "send_at": time})).await;
        assert!(asked(&world).contains("2026-11-23 8:30:00.0 +00:00:00"), "{time}: {}", asked(&world));
    }
    for time in ["tomorrow", "2026-11-23", "08:30", "2026-13-01T00:00Z"] {
        let told = refused(&world, "mail_send", json!({"to": "a@x.org", "send_at": time})).await;
        assert!(
            told.contains("`send_at` is not a time") && told.contains("2026-11-23T08:30:00+01:00"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_sending_is_one_thing_at_a_time() {
    let world = World::start().await;
    let (draft, approval) = (draft().to_string(), approval().to_string());
    for (arguments, words) in [
        (json!({}), "nothing to send"),
        (json!({"account": "home", "signature": true}), "nothing to send"),
        (json!({"draft_id": draft, "subject": "x"}), "`draft_id` and `subject` exclude each other"),
        (json!({"expect": "v1", "to": "a@x.org"}), "`expect` belongs to `draft_id`"),
        (json!({"draft_id": draft, "approval_id": approval}), "`approval_id` is for asking"),
        (json!({"to": "a@x.org", "approval_id": approval}), "`approval_id` is for asking"),
        (json!({"approval_id": "1"}), "not the id of an approval"),
        (
            json!({"idempotency_key": "k", "send_at": "2026-11-23T08:30Z"}),
            "`send_at` needs something to send",
        ),
        (json!({"to": "a@x.org", "idempotency_key": "k".repeat(201)}), "at most 200"),
        (json!({"to": "a@x.org", "idempotency_key": "a\nb"}), "on one line"),
    ] {
        let told = refused(&world, "mail_send", arguments).await;
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_key_or_an_approval_alone_asks_how_a_sending_stands() {
    let world = World::start().await;
    for (arguments, part) in [
        (json!({"approval_id": approval().as_str()}), "State { approval: Some("),
        (json!({"idempotency_key": "k"}), "State { approval: None }, key: Some(\"k\")"),
    ] {
        let answer = told(&world, "mail_send", arguments).await;
        assert_eq!(answer["status"], "approval_needed");
        assert!(asked(&world).contains(part), "{}", asked(&world));
    }
    assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_waits_says_for_whom_and_how_the_person_decides() {
    let world = World::start().await;
    let answer = told(&world, "mail_send", json!({"to": "eve@example.org", "subject": "wait"})).await;
    let id = approval().to_string();
    assert_eq!(answer["status"], "approval_needed");
    assert_eq!(answer["approval"], json!({"id": id, "expires": "2026-11-22T03:04:05Z"}));
    assert_eq!(answer["recipients"][1], json!({"address": "eve@example.org", "reason": "new recipient"}));
    let hint = answer["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("postroom approval approve {id}")), "{hint}");
    let records = world.gate.records.lock().unwrap().clone();
    assert_eq!(records[0].1, ["<abc@example.org>".to_owned(), id]);
}

#[tokio::test]
async fn an_answer_to_thousands_of_recipients_tells_first_what_went_wrong() {
    let world = World::start().await;
    world.mail.outgoing.recipients.store(5_000, Ordering::SeqCst);
    let answer = told(&world, "mail_send", json!({"to": "a@x.org"})).await;
    assert!(size::json_chars(&answer) <= size::HARD_CAP);
    let shown = answer["recipients"].as_array().unwrap();
    assert_eq!((&shown[0]["accepted"], &shown[1]["reason"]), (&json!(false), &json!("no")));
    assert_eq!(answer["more"], 5_002 - shown.len());
}

#[tokio::test]
async fn nothing_that_sends_is_there_where_mail_cannot_leave() {
    let world = World::start().await;
    let listed = async |bearer: &str| {
        let answer = world.send(Ask::modern("tools/list", json!({})).token(bearer)).await.json();
        let tools = answer["result"]["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(listed("all").await.contains(&"mail_send".to_owned()));
    assert_eq!(listed("drafts").await, ["mail_draft"]);
    world.mail.outgoing.is_mute.store(true, Ordering::SeqCst);
    assert!(!listed("all").await.contains(&"mail_send".to_owned()));
    assert!(listed("all").await.contains(&"mail_draft".to_owned()));
    let result = call(&world, "mail_send", json!({"to": "a@x.org"})).await.json()["result"].clone();
    assert_eq!(result["_meta"]["code"], "not_supported", "{result}");
    assert_eq!(world.mail.outgoing.sent.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn writing_and_sending_need_scopes_of_their_own() {
    let world = World::start().await;
    for (tool, bearer, scope) in [
        ("mail_send", "drafts", "mail:send"),
        ("mail_send", "reads", "mail:send"),
        ("mail_draft", "reads", "mail:draft"),
    ] {
        let answer = world.send(Ask::call(tool, &json!({"to": "a@x.org"})).token(bearer)).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("insufficient_scope") && challenge.contains(scope), "{challenge}");
    }
}
