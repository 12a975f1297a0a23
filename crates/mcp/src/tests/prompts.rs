//! Prompts as clients see them.

use domain::Scopes;
use serde_json::json;

use super::{
    resources::modern,
    world::{World, principal},
};
use crate::prompts;

#[test]
fn the_list_is_the_one_that_was_reviewed() {
    insta::assert_json_snapshot!("prompts", prompts::list(&principal("all", Scopes::all())));
}

#[tokio::test]
async fn a_prompt_is_written_and_a_wrong_one_refused() {
    let world = World::start().await;
    let params = json!({"name": "weekly_digest", "arguments": {"days": "3"}});
    let answer = modern(&world, "all", "prompts/get", params.clone()).await.json();
    let text = answer["result"]["messages"][0]["content"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("newer_than:3d"), "{text}");
    assert_eq!(modern(&world, "rows", "prompts/get", params).await.code(), -32602);
    let wrong = json!({"name": "weekly_digest", "arguments": {"days": "x"}});
    assert_eq!(modern(&world, "all", "prompts/get", wrong).await.code(), -32602);
}
