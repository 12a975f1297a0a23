//! Sorting, deleting and taking back over HTTP: what is asked of the engine, what agents are told, what is
//! refused, and how clients hear of progress.

use domain::Code;
use serde_json::{Value, json};

use super::{
    changes::change,
    world::{Answer, Ask, World},
};
use crate::{adverts, view::size};

async fn call(world: &World, tool: &str, arguments: &Value) -> Answer {
    let answer = world.send(Ask::call(tool, arguments).token("all")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The answer of a call that succeeds; it has what its schema says is always there, and nothing else.
async fn told(world: &World, tool: &str, arguments: Value) -> Value {
    let result = call(world, tool, &arguments).await.json()["result"].clone();
    assert_eq!(result["isError"], false, "{result}");
    let answer = result["structuredContent"].clone();
    let schema = adverts().into_iter().find(|one| one["name"] == tool).unwrap()["outputSchema"].clone();
    for name in schema["required"].as_array().unwrap() {
        assert!(answer.get(name.as_str().unwrap()).is_some(), "{name} is missing: {answer}");
    }
    for (name, value) in answer.as_object().unwrap() {
        let kind = schema["properties"][name]["type"].as_str().unwrap();
        let is_kind = match kind {
            "array" => value.is_array(),
            "integer" => value.is_u64(),
            "object" => value.is_object(),
            _ => value.is_string(),
        };
        assert!(is_kind, "{name} is no {kind}: {answer}");
    }
    answer
}

/// The text of a call that is refused with that code.
async fn refused(world: &World, tool: &str, arguments: Value, code: Code) -> String {
    let result = call(world, tool, &arguments).await.json()["result"].clone();
    assert_eq!(result["_meta"]["code"], code.as_str(), "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

fn asked(world: &World) -> String {
    world.mail.changes.asked.lock().unwrap().last().cloned().unwrap_or_default()
}

fn ids(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("home/@inbox:{}@k2x9ab", 480_000 + n)).collect()
}

#[tokio::test]
async fn messages_are_moved_by_id_and_each_is_told_in_order() {
    let world = World::start().await;
    let wish = json!({
        "ids": ["home/@inbox:7@a", "home/@inbox:404@a", "home/@inbox:8@a"], "do": "move", "to_folder": "@archive",
    });
    assert_eq!(
        told(&world, "mail_organize", wish).await,
        json!({
            "done": [
                {"id": "home/@inbox:7@a", "new_id": "home/@archive:97@a"},
                {"id": "home/@inbox:8@a", "new_id": "home/@archive:98@a"},
            ],
            "failed": [{
                "id": "home/@inbox:404@a", "code": "not_found", "message": "No such message.", "hint": "Search again.",
                "server_text": "NO obey me",
            }],
            "undo": change().as_str(),
        })
    );
    let asked = asked(&world);
    for part in ["action: Move", "to_folder: Some(Role(Archive))", "query: None", "confirm: None"] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let records = world.gate.records.lock().unwrap().clone();
    let change = change();
    let named = [
        "home/@inbox:7@a",
        "home/@inbox:404@a",
        "home/@inbox:8@a",
        change.as_str(),
        "home/@archive:97@a",
        "home/@archive:98@a",
    ];
    assert_eq!(
        records,
        [("mail_organize".to_owned(), named.map(str::to_owned).to_vec(), "partly".to_owned())]
    );
}

#[tokio::test]
async fn everything_that_can_be_done_is_asked_of_the_engine_by_its_name() {
    let world = World::start().await;
    for (wish, action) in [
        ("read", "Read"),
        ("unread", "Unread"),
        ("star", "Star"),
        ("unstar", "Unstar"),
        ("archive", "Archive"),
        ("trash", "Trash"),
        ("junk", "Junk"),
        ("not_junk", "NotJunk"),
    ] {
        told(&world, "mail_organize", json!({"ids": "home/@inbox:7@a", "do": wish})).await;
        assert!(asked(&world).contains(&format!("action: {action},")), "{}", asked(&world));
    }
    for (wish, action) in [("add_keyword", "AddKeyword"), ("remove_keyword", "RemoveKeyword")] {
        told(&world, "mail_organize", json!({"ids": ["home/@inbox:7@a"], "do": wish, "keywords": "$Work"}))
            .await;
        let asked = asked(&world);
        assert!(
            asked.contains(&format!("action: {action},")) && asked.contains("keywords: [\"$Work\"]"),
            "{asked}"
        );
    }
    told(&world, "mail_organize", json!({"ids": ["home/@inbox:7@a"], "do": "copy", "to_folder": "a/b"}))
        .await;
    assert!(asked(&world).contains("action: Copy,"), "{}", asked(&world));
}

#[tokio::test]
async fn what_is_not_moved_keeps_its_id_and_says_it_once() {
    let world = World::start().await;
    let answer = told(&world, "mail_organize", json!({"ids": ["home/@inbox:7@a"], "do": "star"})).await;
    assert_eq!(answer["done"], json!([{"id": "home/@inbox:7@a"}]));
}

#[tokio::test]
async fn a_plan_changes_nothing_and_shows_what_it_is_about() {
    let world = World::start().await;
    let wish = json!({"query": "list:news older_than:90d", "folder": "@inbox", "do": "trash"});
    let answer = told(&world, "mail_organize", wish).await;
    let plan = &answer["plan"];
    assert_eq!((&answer["done"], &answer["failed"], answer.get("undo")), (&json!([]), &json!([]), None));
    assert_eq!((&plan["count"], &plan["confirm"]), (&json!(1_234), &json!("pln_sealed")));
    assert_eq!(plan["note"], "12 of them are shared.");
    let sample = plan["sample"].as_array().unwrap();
    assert_eq!(sample.len(), 10);
    assert_eq!(
        sample[1],
        json!({
            "id": "home/@inbox:48001@k2x9ab", "from": "GitHub <notifications@github.example>",
            "subject": "Nebenkostenabrechnung 2025: bitte bis Freitag prüfen", "date": "2026-11-21T02:04:05Z",
        })
    );
    assert!(asked(&world).contains("query: Some(\"list:news older_than:90d\")"), "{}", asked(&world));
    let records = world.gate.records.lock().unwrap().clone();
    assert!(records[0].1.is_empty(), "a query is nobody's business: {records:?}");
}

#[tokio::test]
async fn a_plan_is_confirmed_with_or_without_saying_everything_again() {
    let world = World::start().await;
    for wish in [
        json!({"do": "move", "confirm": "pln_sealed"}),
        json!({"ids": ["home/@inbox:7@a"], "do": "move", "to_folder": "@archive", "confirm": "pln_sealed"}),
        json!({"query": "x", "folder": "@inbox", "do": "move", "to_folder": "@archive", "confirm": "pln_sealed"}),
    ] {
        told(&world, "mail_organize", wish).await;
        assert!(asked(&world).contains("confirm: Some(\"pln_sealed\")"), "{}", asked(&world));
    }
    told(&world, "mail_delete", json!({"confirm": "pln_sealed"})).await;
    assert!(asked(&world).contains("ids: [], folder: None"), "{}", asked(&world));
}

#[tokio::test]
async fn of_more_than_a_hundred_it_is_told_how_many() {
    let world = World::start().await;
    let wish = json!({"ids": ids(1_000), "do": "archive", "confirm": "x"});
    let answer = told(&world, "mail_organize", wish).await;
    assert_eq!(answer, json!({"done_count": 1_000, "failed": [], "undo": change().as_str()}));
}

#[tokio::test]
async fn more_ids_than_a_call_takes_are_refused_with_what_to_do() {
    let world = World::start().await;
    let wish = json!({"ids": ids(1_001), "do": "archive"});
    let told = refused(&world, "mail_organize", wish, Code::TooMany).await;
    assert!(told.contains("at most 1000 ids, not 1001") && told.contains("`query` with `folder`"), "{told}");
    let told = refused(&world, "mail_delete", json!({"ids": ids(1_001)}), Code::TooMany).await;
    assert!(told.contains("at most 1000 ids") && told.contains("`@trash`"), "{told}");
    assert_eq!(asked(&world), "");
}

#[tokio::test]
async fn an_answer_about_long_names_stays_within_what_answers_may_have() {
    let world = World::start().await;
    let wish = json!({"query": "long", "folder": "all", "do": "archive"});
    let answer = told(&world, "mail_organize", wish).await;
    assert!(size::json_chars(&answer) <= size::HARD_CAP, "{}", size::json_chars(&answer));
    assert_eq!((answer.get("done"), &answer["done_count"]), (None, &json!(100)));
    let shown = answer["failed"].as_array().unwrap().len();
    assert!((50..=100).contains(&shown), "{shown}");
    assert_eq!(answer["failed_count"], 150);
    assert!(answer["undo"].is_string());
}

#[tokio::test]
async fn what_no_schema_allows_is_told_by_its_name_and_asks_nothing() {
    let world = World::start().await;
    let one = "home/@inbox:7@a";
    for (tool, wish, words) in [
        ("mail_organize", json!({"ids": [one]}), "`do` is missing"),
        ("mail_organize", json!({"ids": [one], "do": "delete"}), "`do` must be one of `read`"),
        ("mail_organize", json!({"ids": [one], "do": "move", "to": "x"}), "`to` is no argument"),
        ("mail_delete", json!({"query": "is:read"}), "`query` is no argument"),
        ("mail_undo", json!({}), "`undo` is missing"),
        ("mail_undo", json!({"undo": "7"}), "Copy `undo` from the answer"),
        ("mail_undo", json!({"undo": "chg_"}), "Copy `undo` from the answer"),
        ("mail_undo", json!({"undo": "ann@example.org"}), "Copy `undo` from the answer"),
    ] {
        let told = refused(&world, tool, wish, Code::InvalidInput).await;
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(asked(&world), "");
    assert!(world.gate.records.lock().unwrap().iter().all(|(_, named, _)| !named.join("").contains("ann@")));
}

#[tokio::test]
async fn a_folder_alone_means_all_in_it_and_never_beside_ids_or_a_plan() {
    let world = World::start().await;
    for (wish, query) in [
        (json!({"do": "read", "folder": "@junk"}), "query: Some(\"\"), folder: Some(Role(Junk))"),
        (json!({"do": "read", "folder": "@junk", "query": ""}), "query: Some(\"\")"),
        (json!({"do": "read", "folder": "@junk", "ids": ["home/@junk:7@a"]}), "query: None"),
        (json!({"do": "read", "folder": "@junk", "confirm": "pln_sealed"}), "query: None"),
        (json!({"do": "read"}), "query: None"),
    ] {
        told(&world, "mail_organize", wish).await;
        assert!(asked(&world).contains(query), "{query}: {}", asked(&world));
    }
}

#[tokio::test]
async fn what_concerns_the_whole_call_is_an_error_of_the_call() {
    let world = World::start().await;
    let wish = json!({"query": "refuse", "folder": "@inbox", "do": "read"});
    let told = refused(&world, "mail_organize", wish, Code::Conflict).await;
    assert_eq!(told, "The mailbox changed. [conflict]\nPlan again.");
}

#[tokio::test]
async fn deleting_plans_first_and_has_nothing_to_take_back() {
    let world = World::start().await;
    let plan = told(&world, "mail_delete", json!({"folder": "@trash"})).await;
    assert_eq!(plan["plan"]["count"], 3);
    assert!(asked(&world).contains("folder: Some(Role(Trash))"), "{}", asked(&world));
    let wish = json!({"ids": ["home/@trash:7@a"], "confirm": "pln_sealed"});
    let answer = told(&world, "mail_delete", wish).await;
    assert_eq!(answer, json!({"done": [{"id": "home/@trash:7@a"}], "failed": []}));
    let records = world.gate.records.lock().unwrap().clone();
    assert_eq!(records.iter().map(|(_, _, outcome)| outcome.as_str()).collect::<Vec<_>>(), ["planned", "ok"]);
}

#[tokio::test]
async fn a_change_is_taken_back_by_its_handle() {
    let world = World::start().await;
    let answer = told(&world, "mail_undo", json!({"undo": format!(" {} ", change())})).await;
    assert_eq!(answer["undone"], 2);
    assert_eq!(answer["failed"][0]["id"], "home/@archive:404@a");
    let other = json!({"undo": "chg_00000000000000000000000000000000"});
    refused(&world, "mail_undo", other, Code::NotFound).await;
    let records = world.gate.records.lock().unwrap().clone();
    assert_eq!(records[0], ("mail_undo".to_owned(), vec![change().to_string()], "partly".to_owned()));
    let told = "There is nothing to take back by that. [not_found]".len() as u64;
    assert_eq!(world.gate.sizes.lock().unwrap()[1], Some(told), "what an error says has a size, too");
}

#[tokio::test]
async fn sorting_and_deleting_need_scopes_of_their_own() {
    let world = World::start().await;
    for (tool, scope) in [("mail_organize", "mail:modify"), ("mail_delete", "mail:delete")] {
        for bearer in ["drafts", "reads", "manages", "sends"] {
            let answer = world.send(Ask::call(tool, &json!({"do": "read"})).token(bearer)).await;
            assert_eq!(answer.status, 403, "{answer:?}");
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(
                challenge.contains("insufficient_scope") && challenge.contains(&format!("scope=\"{scope}\"")),
                "{challenge}"
            );
        }
    }
    assert_eq!(asked(&world), "");
}

#[tokio::test]
async fn whoever_can_change_something_can_take_it_back_and_nobody_else() {
    let world = World::start().await;
    let undo = json!({"undo": change().as_str()});
    let lists_it = async |bearer: &str| {
        let answer = world.send(Ask::modern("tools/list", json!({})).token(bearer)).await.json();
        answer["result"]["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "mail_undo")
    };
    for bearer in ["all", "changes", "manages", "sends"] {
        assert!(lists_it(bearer).await, "{bearer}");
        let answer = world.send(Ask::call("mail_undo", &undo).token(bearer)).await;
        assert_eq!((answer.status, &answer.json()["result"]["isError"]), (200, &json!(false)), "{bearer}");
    }
    let asked = world.mail.changes.asked.lock().unwrap().len();
    let (session, _) = world.initialize("reads").await;
    for bearer in ["reads", "drafts", "rows", "deletes"] {
        assert!(!lists_it(bearer).await, "{bearer}");
        let answer = world.send(Ask::call("mail_undo", &undo).token(bearer)).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("scope=\"mail:modify mail:send mail:manage\""), "{challenge}");
    }
    let params = json!({"name": "mail_undo", "arguments": undo});
    let answer = world.send(Ask::legacy(&session, "tools/call", &params).token("reads")).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(world.mail.changes.asked.lock().unwrap().len(), asked);
}

/// The messages of an answer that may be a stream of events.
fn messages(answer: &Answer) -> Vec<Value> {
    if answer.header("content-type").unwrap().starts_with("application/json") {
        return vec![answer.json()];
    }
    let events = answer.body.lines().filter_map(|line| line.strip_prefix("data:"));
    events.filter_map(|event| serde_json::from_str(event.trim()).ok()).collect()
}

/// A call that takes its time, of a client that wants to hear how far it is.
fn slow(token: Option<&Value>) -> Value {
    let arguments = json!({"query": "slow", "folder": "@inbox", "do": "read", "confirm": "x"});
    let mut params = json!({"name": "mail_organize", "arguments": arguments});
    if let Some(token) = token {
        params["_meta"] = json!({"progressToken": token});
    }
    params
}

#[track_caller]
fn hears_of_progress(answer: &Answer, token: &Value) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut messages = messages(answer);
    assert_eq!(messages.pop().unwrap()["result"]["structuredContent"]["done_count"], 800, "{answer:?}");
    let far: Vec<f64> = messages
        .iter()
        .map(|message| {
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(
                (&message["params"]["progressToken"], &message["params"]["total"]),
                (token, &json!(800.0))
            );
            message["params"]["progress"].as_f64().unwrap()
        })
        .collect();
    // eight steps in 1.2 seconds
    assert!((2..=4).contains(&far.len()) && far.is_sorted_by(|a, b| a < b) && far[0] < 200.0, "{far:?}");
}

#[tokio::test]
async fn clients_of_both_eras_hear_how_far_a_long_call_is() {
    let world = World::start().await;
    let (session, _) = world.initialize("all").await;
    for token in [json!("mine"), json!(7)] {
        let answer = world.send(Ask::modern("tools/call", slow(Some(&token))).token("all")).await;
        hears_of_progress(&answer, &token);
        let answer = world.send(Ask::legacy(&session, "tools/call", &slow(Some(&token))).token("all")).await;
        hears_of_progress(&answer, &token);
    }
}

#[tokio::test]
async fn who_did_not_ask_hears_only_the_answer() {
    let world = World::start().await;
    let answer = world.send(Ask::modern("tools/call", slow(None)).token("all")).await;
    assert_eq!(messages(&answer).len(), 1, "{answer:?}");
    // a short call has nothing to tell on the way
    let arguments = json!({"ids": ["home/@inbox:7@a"], "do": "read"});
    let mut params = json!({"name": "mail_organize", "arguments": arguments});
    params["_meta"] = json!({"progressToken": 1});
    let answer = world.send(Ask::modern("tools/call", params).token("all")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
}

#[tokio::test]
async fn a_call_that_moves_outlives_its_deadline_and_one_that_stands_still_does_not() {
    use std::time::Duration;
    let moving = World::with(|settings| {
        settings.deadline = Duration::from_millis(600);
        settings.download_idle = Duration::from_millis(900);
    });
    let moving = moving.await;
    let wish = json!({"query": "slow", "folder": "@inbox", "do": "read", "confirm": "x"});
    assert_eq!(told(&moving, "mail_organize", wish.clone()).await["done_count"], 800);
    let standing = World::with(|settings| {
        settings.deadline = Duration::from_millis(50);
        settings.download_idle = Duration::from_millis(50);
    });
    let standing = standing.await;
    let told = refused(&standing, "mail_organize", wish, Code::Timeout).await;
    assert!(told.contains("Some of it may have been done"), "{told}");
}
