//! Everything that a call about messages can get wrong at once, over HTTP: ids of two accounts and several
//! folders, old and new ones, twice the same, unknown and stale ones and no ids at all; the good ones are done.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Dovecot, Maildir, McpHttp, maildir::Numbering};

use crate::{
    sorting::{dovecot, letter},
    world::World,
};

const SCOPES: &str = "mail:folders mail:search mail:read mail:modify mail:delete mail:manage";

fn call(client: &mut McpHttp, tool: &str, arguments: &Value) -> Value {
    let answer = client.call(tool, arguments).unwrap();
    assert!(!answer.is_error(), "{arguments}: {answer:?}");
    answer.structured().clone()
}

fn refused(client: &mut McpHttp, tool: &str, arguments: &Value) -> String {
    let answer = client.call(tool, arguments).unwrap();
    assert!(answer.is_error(), "{arguments}: {answer:?}");
    answer.text()
}

/// Adds bob's account on the same server as `club` of alice's.
fn add_club(world: &World, dovecot: &Dovecot) {
    let port = dovecot.imaps_port().to_string();
    let said = world.run_with(
        &[
            "account",
            "add",
            "bob@example.org",
            "--user",
            "alice",
            "--name",
            "club",
            "--imap-host",
            dovecot.host(),
            "--imap-port",
            &port,
            "--imap-user",
            "bob",
            "--password-stdin",
        ],
        "bob-secret\n",
    );
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn one_call_with_everything_in_it_does_what_can_be_done_and_tells_the_rest() {
    let Some(dovecot) = dovecot(3) else { return };
    let bobs = Maildir::of(&dovecot, "bob").unwrap();
    bobs.fill("INBOX", Numbering::default(), [letter(7)]).unwrap();
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    add_club(&world, &dovecot);
    let token = world.new_token("agent", SCOPES);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &token).unwrap();
    let mut ids = BTreeMap::new();
    for account in ["home", "club"] {
        let found = call(&mut client, "mail_search", &json!({"account": account, "folder": "@inbox"}));
        for row in found["messages"].as_array().unwrap() {
            ids.insert(row["subject"].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned());
        }
    }
    let id = |number: u32| ids[&format!("Letter {number}")].clone();
    let archived = call(&mut client, "mail_organize", &json!({"ids": [id(1)], "do": "archive"}));
    let new_id = archived["done"][0]["new_id"].as_str().unwrap().to_owned();

    let unknown = id(2).replace("@inbox:2@", "@inbox:4711@");
    let stale = format!("{}@zz9", id(2).rsplit_once('@').unwrap().0);
    let all = [
        id(2),
        id(7),
        id(2),
        id(1),
        new_id.clone(),
        unknown.clone(),
        stale.clone(),
        "nobody/@inbox:1@a".to_owned(),
        "club/Nowhere:1@a".to_owned(),
        "Letter 3".to_owned(),
    ];
    let wish = json!({"ids": all, "do": "trash"});
    let answer = call(&mut client, "mail_organize", &wish);
    let told = |list: &str, value: &str| -> BTreeMap<String, Option<String>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let one = |one: &Value| (text(&one["id"]).unwrap(), text(&one[value]));
        answer[list].as_array().unwrap().iter().map(one).collect()
    };
    let done = told("done", "new_id");
    let named: Vec<&Value> = answer["done"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(named, [&json!(id(2)), &json!(id(7)), &json!(id(1))], "each once, in the order of the call");
    assert!(done.values().all(Option::is_some), "{answer}");
    let code = |code: &str| Some(code.to_owned());
    let expected = BTreeMap::from([
        (unknown, code("not_found")),
        (stale, code("stale_id")),
        (all[7].clone(), code("not_found")),
        (all[8].clone(), code("folder_not_found")),
        (all[9].clone(), code("invalid_input")),
    ]);
    assert_eq!(told("failed", "code"), expected, "{answer}");

    // The same again moves nothing, and says where each is.
    let again = call(&mut client, "mail_organize", &wish);
    assert_eq!((&again["done"], &again["failed"]), (&answer["done"], &answer["failed"]));
    assert_eq!(again.get("undo"), None, "{again}");
    // One handle takes back what was done in both accounts.
    let undone = call(&mut client, "mail_undo", &json!({"undo": answer["undo"]}));
    assert_eq!((&undone["undone"], &undone["failed"]), (&json!(3), &json!([])), "{undone}");
    for (id, subject) in [(id(7), "Letter 7"), (id(2), "Letter 2"), (new_id, "Letter 1")] {
        let read = call(&mut client, "mail_read", &json!({"ids": [id]}));
        assert_eq!(read["messages"][0]["subject"], subject, "{read}");
    }
    let twice = refused(&mut client, "mail_undo", &json!({"undo": answer["undo"]}));
    assert!(twice.contains("[conflict]"), "{twice}");
}

#[test]
fn each_wish_that_makes_no_sense_has_its_code_and_says_what_to_do() {
    let Some(dovecot) = dovecot(2) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let token = world.new_token("agent", SCOPES);
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &token).unwrap();
    let found = call(&mut client, "mail_search", &json!({"folder": "@inbox"}));
    let id = found["messages"][0]["id"].clone();
    let no_plan = format!("pln_{:032}", 1);
    for (tool, arguments, code, to_do) in [
        ("mail_organize", json!({"ids": [], "do": "trash"}), "invalid_input", "`query`"),
        (
            "mail_organize",
            json!({"query": "subject:nothing-like-it", "folder": "@inbox", "do": "read"}),
            "not_found",
            "mail_search",
        ),
        (
            "mail_organize",
            json!({"query": "", "folder": "@inbox", "do": "read", "account": "nobody"}),
            "not_found",
            "The accounts are: home",
        ),
        (
            "mail_organize",
            json!({"ids": [id], "do": "move", "to_folder": "Nowhere"}),
            "folder_not_found",
            "@archive",
        ),
        ("mail_organize", json!({"do": "read", "confirm": "yes"}), "invalid_input", "new plan"),
        ("mail_organize", json!({"do": "read", "confirm": no_plan}), "not_found", "new plan"),
        ("mail_delete", json!({"folder": "@inbox"}), "invalid_input", "mail_organize"),
        ("mail_delete", json!({"folder": "@trash"}), "not_found", "empty"),
        ("mail_undo", json!({"undo": "last"}), "invalid_input", "Copy `undo`"),
        ("mail_undo", json!({"undo": format!("chg_{:032}", 1)}), "not_found", "7 days"),
        ("mail_folder", json!({"do": "rename", "folder": "INBOX", "to": "X"}), "invalid_input", "role"),
        ("mail_folder", json!({"do": "delete", "folder": "Nowhere"}), "folder_not_found", "@archive"),
        ("mail_folder", json!({"do": "create", "folder": ""}), "invalid_input", "another name"),
        ("mail_folder", json!({"do": "rename", "folder": "Bills"}), "invalid_input", "`to`"),
    ] {
        let told = refused(&mut client, tool, &arguments);
        assert!(told.contains(&format!("[{code}]")) && told.contains(to_do), "{tool} {arguments}: {told}");
    }
}
