//! Taking back what an agent did, from the page of activity, where not all of it can be.

use serde_json::json;
use testkit::{McpHttp, OtherClient};

use crate::{
    routes::surfer::Surfer,
    sorting::{dovecot, seen},
    world::{MAIL_PASSWORD, PASSWORD, World},
};

#[test]
fn what_cannot_be_taken_back_is_named_and_the_rest_is_as_it_was() {
    let Some(dovecot) = dovecot(3) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    let said = world.add_account(&dovecot);
    assert_eq!(said.status, 0, "{said:?}");
    let bearer = world.new_token("Sorter", "mail:folders mail:search mail:read mail:modify");
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let found = agent.call("mail_search", &json!({ "folder": "@inbox" })).unwrap().structured().clone();
    let found = found["messages"].as_array().unwrap();
    let ids: Vec<&str> = found.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3);
    let starred = agent.call("mail_organize", &json!({ "ids": ids, "do": "star" })).unwrap();
    let undo = starred.structured()["undo"].as_str().unwrap().to_owned();
    // meanwhile somebody deletes the first letter, the last that was found
    let mut other = OtherClient::sign_in(&dovecot, "alice", MAIL_PASSWORD).unwrap();
    other.delete("INBOX", "1").unwrap();

    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let csrf = alice.csrf("/settings");
    let back = "/activity?tool=mail_organize";
    let fields = [("undo", undo.as_str()), ("next", back), ("csrf", &csrf)];
    let page = alice.post("/activity/undo", &fields);
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        "Not all of it could be taken back",
        "<dt>As before</dt><dd>2 things</dd>",
        "<dt>Left as it is</dt><dd>1 thing</dd>",
        &format!("<code>{}</code>", ids[2]),
        &format!("href=\"{back}\">Back to the activity"),
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let left = seen(&mut other, "INBOX");
    assert_eq!(left.len(), 2);
    assert!(left.values().all(|flags| !flags.contains(&"\\Flagged".to_owned())), "{left:?}");
    assert!(alice.get("/activity").body.contains("took something back"));
}
