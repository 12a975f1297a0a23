//! A client that may too little, from the refusal over the person's page to the call that goes through.

use serde_json::json;
use testkit::{Options, require_dovecot};

use crate::{
    connecting::{allow, ask, call, exchange, json_of, refresh, register, text, tools},
    routes::surfer::Surfer,
    world::{PASSWORD, World},
};

/// What is ticked on the page of a question.
fn ticked(page: &str) -> Vec<&str> {
    let boxes = page.split("<input type=\"checkbox\"").skip(1).filter_map(|rest| rest.split('>').next());
    boxes
        .filter(|tag| tag.contains("name=\"scope\"") && tag.ends_with(" checked"))
        .filter_map(|tag| tag.split("value=\"").nth(1)?.split('"').next())
        .collect()
}

/// RFC 6750, 3.1; MCP, scope challenge: the refusal names what is needed, and asking for it leads to a call that
/// goes through.
#[test]
fn a_client_steps_up_by_what_the_refusal_names() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let client = register(port);
    let page = ask(&alice, &client, "mail:folders");
    let tokens = json_of(&exchange(port, &client, &allow(&alice, &page, &["mail:folders"])));
    let first = text(&tokens, "access_token").to_owned();
    assert_eq!(text(&tokens, "scope"), "mail:folders");
    assert_eq!(tools(port, &first), ["mail_accounts", "mail_folders"]);

    let refused = call(port, &first, "mail_search");
    let challenge = refused.header("www-authenticate");
    assert_eq!(refused.status, 403, "{}", refused.body);
    for part in [
        "Bearer error=\"insufficient_scope\"",
        "scope=\"mail:search\"",
        &format!("resource_metadata=\"http://localhost:{port}/.well-known/oauth-protected-resource/mcp\""),
    ] {
        assert!(challenge.contains(part), "{part}: {challenge}");
    }

    // the client asks for what it has and what it lacks; what the person allowed before is ticked
    let page = ask(&alice, &client, "mail:folders mail:search mail:send");
    let asked = alice.get(&page).body;
    assert_eq!(ticked(&asked), ["mail:folders"], "nothing new is ticked for the person: {asked}");
    let code = allow(&alice, &page, &["mail:folders", "mail:search"]);
    let tokens = json_of(&exchange(port, &client, &code));
    assert_eq!(text(&tokens, "scope"), "mail:folders mail:search", "not more than was ticked");
    let second = text(&tokens, "access_token");
    assert_eq!(call(port, second, "mail_search").status, 200);
    assert!(tools(port, second).contains(&"mail_search".to_owned()));
    // the first sign-in has what it was given
    assert_eq!(call(port, &first, "mail_search").status, 403);
    assert_eq!(call(port, &first, "mail_folders").status, 200);
    let next = json_of(&refresh(port, &client, text(&tokens, "refresh_token")));
    assert_eq!(next["scope"], "mail:folders mail:search");
}

/// Contract 5: the token's scope is what was ticked, of what was asked for.
#[test]
fn a_token_has_never_more_than_was_asked_for_whatever_the_form_says() {
    let world = World::new();
    world.add_user("alice");
    let serving = world.serve();
    let port = serving.port;
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let client = register(port);
    let page = ask(&alice, &client, "mail:read offline_access openid");
    let code = allow(&alice, &page, &["mail:read", "mail:delete"]);
    let tokens = json_of(&exchange(port, &client, &code));
    assert_eq!(tokens["scope"], json!("mail:read"));
    assert_eq!(call(port, text(&tokens, "access_token"), "mail_delete").status, 403);
}
