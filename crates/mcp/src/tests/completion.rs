//! Completion as clients see it.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{
    resources::modern,
    world::{Answer, World},
};

#[tokio::test]
async fn accounts_folders_and_keywords_are_completed_within_the_scopes() {
    let world = World::start().await;
    let complete = |token: &'static str, reference: Value, name: &str, value: &str| {
        let params = json!({
            "ref": reference, "argument": {"name": name, "value": value},
            "context": {"arguments": {"account": "home"}}});
        modern(&world, token, "completion/complete", params)
    };
    let folder = || json!({"type": "ref/resource", "uri": "mail://{account}/folder/{folder}"});
    let prompt = || json!({"type": "ref/prompt", "name": "follow_ups"});
    let values = |answer: Answer| answer.json()["result"]["completion"]["values"].clone();
    assert_eq!(values(complete("rows", folder(), "account", "H").await), json!(["home"]));
    assert_eq!(values(complete("rows", folder(), "folder", "@").await), json!(["@inbox"]));
    assert_eq!(values(complete("rows", folder(), "folder", "t").await), json!(["Taxes"]));
    assert_eq!(
        values(complete("reads", prompt(), "account", "h").await),
        json!(["home"]),
        "a name needs no look"
    );
    assert_eq!(values(complete("all", prompt(), "keyword", "$f").await), json!(["$FollowUp", "$Forwarded"]));
    assert_eq!(values(complete("all", prompt(), "days", "").await), json!([]));
    let records = world.gate.records.lock().unwrap().clone();
    assert_eq!(
        records.iter().map(|record| record.0.as_str()).collect::<Vec<_>>(),
        ["mail_folders", "mail_search"],
        "keystrokes after the first are no calls"
    );
    for (reference, name) in [(prompt(), "folder"), (json!({"type": "ref/prompt", "name": "x"}), "account")] {
        assert_eq!(complete("all", reference, name, "").await.code(), -32602);
    }
    assert_eq!(complete("rows", prompt(), "keyword", "").await.code(), -32602);
    world.gate.wait.store(9, Ordering::Relaxed);
    assert_eq!(values(complete("all", folder(), "folder", "").await), json!([]));
}
