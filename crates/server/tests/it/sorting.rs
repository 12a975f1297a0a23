//! Sorting mail as an agent does, over stdio and over HTTP: marking, moving, copying, deleting, taking back.
//! What came of it is looked at by somebody else at the same mailbox.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{
    Dovecot, Mail, Maildir, McpHttp, McpStdio, Options, OtherClient, maildir::Numbering, mcp_stdio::Answer,
    require_dovecot,
};

use crate::{
    reading::{NOW, with_environment_account},
    world::{MAIL_PASSWORD, World},
};

const SORTING: &str = "mail:folders mail:search mail:read mail:modify mail:delete";

pub(crate) fn letter(number: u64) -> Mail {
    let raw = format!(
        "From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: Letter {number}\r\n\
         Message-ID: <letter-{number}@example.org>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nText {number}.\r\n"
    );
    Mail::new(raw, NOW - 100_000 + number)
}

/// A Dovecot whose alice has that many letters in her inbox, of which the first is the oldest.
pub(crate) fn dovecot(letters: u64) -> Option<Dovecot> {
    let dovecot = require_dovecot(Options::default())?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    maildir.fill("INBOX", Numbering::default(), (1..=letters).map(letter)).unwrap();
    Some(dovecot)
}

/// An agent of alice's on a machine of hers, and somebody else who looks at the same mailbox.
struct Desk {
    client: McpStdio,
    other: OtherClient,
    // the last to go
    _world: World,
    _dovecot: Dovecot,
}

/// What somebody else sees in a folder: subjects, each with its flags.
pub(crate) type Seen = BTreeMap<String, Vec<String>>;

impl Desk {
    fn new(letters: u64) -> Option<Self> {
        let dovecot = dovecot(letters)?;
        let world = with_environment_account(&dovecot)
            .with("POSTROOM_SCOPES", "folders, search, read, modify, delete");
        let client = world.stdio(&[]);
        let other = OtherClient::sign_in(&dovecot, "alice", MAIL_PASSWORD).unwrap();
        Some(Self { client, other, _world: world, _dovecot: dovecot })
    }

    fn answer(&mut self, tool: &str, arguments: &Value) -> Answer {
        self.client.call(tool, arguments).unwrap()
    }

    /// What a call that succeeds answers.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "each is written where it is used")]
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.answer(tool, &arguments);
        assert!(!answer.is_error(), "{arguments}: {answer:?}");
        answer.structured().clone()
    }

    /// The text of a call that does not.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "each is written where it is used")]
    fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.answer(tool, &arguments);
        assert!(answer.is_error(), "{arguments}: {answer:?}");
        answer.text()
    }

    /// Ids in a folder, that of the first letter first.
    fn ids(&mut self, folder: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut arguments = json!({"folder": folder, "limit": 100});
        loop {
            let page = self.call("mail_search", arguments.clone());
            let rows = page["messages"].as_array().unwrap();
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            arguments["cursor"] = json!(cursor);
        }
        ids.reverse();
        ids
    }

    /// The subject under an id, and the id that the message has now.
    fn read(&mut self, id: &str) -> (String, String) {
        let message = self.call("mail_read", json!({"ids": [id]}))["messages"][0].clone();
        let text = |name: &str| message[name].as_str().unwrap_or_else(|| panic!("{message}")).to_owned();
        let now = message["new_id"].as_str().map_or_else(|| text("id"), str::to_owned);
        (text("subject"), now)
    }

    fn seen(&mut self, folder: &str) -> Seen {
        seen(&mut self.other, folder)
    }

    fn subjects(&mut self, folder: &str) -> Vec<String> {
        self.seen(folder).into_keys().collect()
    }

    /// Confirms the plan of an answer, with the same words.
    fn confirm(&mut self, tool: &str, mut wish: Value, answer: &Value) -> Value {
        wish["confirm"] = answer["plan"]["confirm"].clone();
        self.call(tool, wish)
    }
}

pub(crate) fn seen(other: &mut OtherClient, folder: &str) -> Seen {
    let mut seen = Seen::new();
    let mut flags = Vec::new();
    other.run(&format!("EXAMINE \"{folder}\"")).unwrap();
    for line in other.run("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])").unwrap() {
        if let Some((_, rest)) = line.split_once("FLAGS (") {
            flags = rest.split_once(')').unwrap().0.split_whitespace().map(str::to_owned).collect();
        }
        if let Some(subject) = line.strip_prefix("Subject: ") {
            assert_eq!(seen.insert(subject.to_owned(), flags.clone()), None, "{subject} is there twice");
        }
    }
    seen
}

fn done(answer: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let done = answer["done"].as_array().unwrap_or_else(|| panic!("{answer}"));
    done.iter().map(|one| (text(&one["id"]).unwrap(), text(&one["new_id"]))).collect()
}

fn tokens(answer: &Value) -> usize {
    answer.to_string().chars().count().div_ceil(4)
}

#[test]
fn messages_are_marked_as_read_and_as_unread() {
    let Some(mut desk) = Desk::new(3) else { return };
    let ids = desk.ids("@inbox");
    let read = desk.call("mail_organize", json!({"ids": ids[..2], "do": "read"}));
    assert_eq!(done(&read), [(ids[0].clone(), None), (ids[1].clone(), None)]);
    assert_eq!(read["failed"], json!([]));
    let seen = desk.seen("INBOX");
    assert!(seen["Letter 1"].contains(&"\\Seen".into()) && seen["Letter 2"].contains(&"\\Seen".into()));
    assert!(!seen["Letter 3"].contains(&"\\Seen".into()), "{seen:?}");
    desk.call("mail_organize", json!({"ids": ids[0], "do": "unread"}));
    let seen = desk.seen("INBOX");
    assert!(!seen["Letter 1"].contains(&"\\Seen".into()) && seen["Letter 2"].contains(&"\\Seen".into()));
    // the next list knows
    let unread = desk.call("mail_search", json!({"query": "is:unread", "folder": "@inbox"}));
    assert_eq!(unread["total"], 2, "{unread}");
    let undone = desk.call("mail_undo", json!({"undo": read["undo"]}));
    assert_eq!(undone["undone"], 2, "{undone}");
    let seen = desk.seen("INBOX");
    assert!(seen.values().all(|flags| !flags.contains(&"\\Seen".into())), "{seen:?}");
}

#[test]
fn messages_are_starred_and_the_star_is_taken_away() {
    let Some(mut desk) = Desk::new(2) else { return };
    let ids = desk.ids("@inbox");
    let starred = desk.call("mail_organize", json!({"ids": ids, "do": "star"}));
    assert!(desk.seen("INBOX").values().all(|flags| flags.contains(&"\\Flagged".into())));
    desk.call("mail_organize", json!({"ids": ids[..1], "do": "unstar"}));
    let seen = desk.seen("INBOX");
    assert!(
        !seen["Letter 1"].contains(&"\\Flagged".into()) && seen["Letter 2"].contains(&"\\Flagged".into())
    );
    // what is as it was before counts as taken back or not at all, never as an error of the call
    let undone = desk.call("mail_undo", json!({"undo": starred["undo"]}));
    assert!(!desk.seen("INBOX")["Letter 2"].contains(&"\\Flagged".into()), "{undone}");
}

#[test]
fn any_flag_is_a_keyword() {
    let Some(mut desk) = Desk::new(2) else { return };
    let ids = desk.ids("@inbox");
    desk.call("mail_organize", json!({"ids": ids[..1], "do": "add_keyword", "keywords": ["$Work", "later"]}));
    let found = desk.call("mail_search", json!({"query": "keyword:$Work", "folder": "@inbox"}));
    assert_eq!(found["messages"][0]["id"], ids[0].as_str(), "{found}");
    desk.call("mail_organize", json!({"ids": ids, "do": "remove_keyword", "keywords": "later"}));
    let seen = desk.seen("INBOX");
    assert!(seen["Letter 1"].contains(&"$Work".into()) && !seen["Letter 1"].contains(&"later".into()));
    for (keywords, words) in [(json!(["two words"]), "keyword"), (json!(["\\Deleted"]), "keyword")] {
        let wish = json!({"ids": ids, "do": "add_keyword", "keywords": keywords});
        let told = desk.refused("mail_organize", wish);
        assert!(told.contains(words) && told.contains("[invalid_input]"), "{told}");
    }
    assert!(!desk.seen("INBOX")["Letter 2"].contains(&"\\Deleted".into()));
}

#[test]
fn many_are_changed_at_once_after_a_plan() {
    let Some(mut desk) = Desk::new(120) else { return };
    let ids = desk.ids("@inbox");
    // by ids
    let wish = json!({"ids": ids[..60], "do": "read"});
    let plan = desk.call("mail_organize", wish.clone());
    assert_eq!((&plan["plan"]["count"], &plan["done"]), (&json!(60), &json!([])), "{plan}");
    assert!(plan["plan"]["sample"][0]["subject"].as_str().unwrap().starts_with("Letter "), "{plan}");
    println!("a plan of 60 ids: {} tokens", tokens(&plan));
    assert!(desk.seen("INBOX").values().all(|flags| !flags.contains(&"\\Seen".into())));
    let confirmed = desk.confirm("mail_organize", wish.clone(), &plan);
    assert_eq!(done(&confirmed).len(), 60);
    let read = desk.seen("INBOX").values().filter(|flags| flags.contains(&"\\Seen".into())).count();
    assert_eq!(read, 60);
    // once
    let mut again = wish;
    again["confirm"] = plan["plan"]["confirm"].clone();
    let told = desk.refused("mail_organize", again);
    assert!(told.contains("[conflict]") || told.contains("[not_found]"), "{told}");
    // by a query, and exactly what it was a plan of
    let wish = json!({"query": "is:unread", "folder": "@inbox", "do": "star"});
    let plan = desk.call("mail_organize", wish.clone());
    assert_eq!(plan["plan"]["count"], 60, "{plan}");
    let mut other = json!({"query": "is:unread", "folder": "@inbox", "do": "trash"});
    other["confirm"] = plan["plan"]["confirm"].clone();
    let told = desk.refused("mail_organize", other);
    assert!(told.contains("plan"), "{told}");
    assert!(desk.seen("Trash").is_empty());
    let plan = desk.call("mail_organize", wish.clone());
    let confirmed = desk.confirm("mail_organize", wish, &plan);
    assert_eq!(done(&confirmed).len(), 60);
    let seen = desk.seen("INBOX");
    assert!(
        seen.values().all(|flags| flags.contains(&"\\Seen".into()) != flags.contains(&"\\Flagged".into()))
    );
    // of more than a hundred it is told how many, and they are taken back as one
    let wish = json!({"query": "", "folder": "@inbox", "do": "archive"});
    let plan = desk.call("mail_organize", wish.clone());
    let confirmed = desk.confirm("mail_organize", wish, &plan);
    assert_eq!((&confirmed["done_count"], confirmed.get("done")), (&json!(120), None), "{confirmed}");
    assert_eq!((desk.seen("INBOX").len(), desk.seen("Archive").len()), (0, 120));
    let undone = desk.call("mail_undo", json!({"undo": confirmed["undo"]}));
    assert_eq!(undone["undone"], 120, "{undone}");
    assert_eq!((desk.seen("INBOX").len(), desk.seen("Archive").len()), (120, 0));
}

#[test]
fn messages_are_moved_and_found_under_their_old_ids() {
    let Some(mut desk) = Desk::new(3) else { return };
    let ids = desk.ids("@inbox");
    let wish = json!({"ids": [ids[1], ids[0]], "do": "move", "to_folder": "@archive"});
    let moved = desk.call("mail_organize", wish);
    let told = done(&moved);
    assert_eq!((&told[0].0, &told[1].0), (&ids[1], &ids[0]), "in the order in which they were named");
    assert_eq!((desk.subjects("INBOX"), desk.subjects("Archive").len()), (vec!["Letter 3".to_owned()], 2));
    for (number, (old, new)) in [(2, &told[0]), (1, &told[1])] {
        let (subject, now) = desk.read(old);
        assert_eq!((subject, Some(&now)), (format!("Letter {number}"), new.as_ref()));
    }
    // an old id can be moved on
    let moved_on = desk.call("mail_organize", json!({"ids": [ids[0]], "do": "trash"}));
    assert_eq!(desk.subjects("Trash"), ["Letter 1"], "{moved_on}");
    assert_eq!(desk.read(&ids[0]).0, "Letter 1");
    // what somebody moved on since is told; the rest goes back
    let undone = desk.call("mail_undo", json!({"undo": moved["undo"]}));
    assert!(undone["undone"].as_u64().unwrap() >= 1, "{undone}");
    assert!(desk.subjects("INBOX").contains(&"Letter 2".to_owned()), "{undone}");
    let told = desk.refused("mail_undo", json!({"undo": moved["undo"]}));
    assert!(told.contains("[not_found]") || told.contains("[conflict]"), "{told}");
    let told = desk.refused("mail_organize", json!({"ids": [ids[2]], "do": "move", "to_folder": "Archiv"}));
    assert!(told.contains("[folder_not_found]") && told.contains("@archive"), "{told}");
}

#[test]
fn messages_are_copied() {
    let Some(mut desk) = Desk::new(2) else { return };
    let ids = desk.ids("@inbox");
    let copied = desk.call("mail_organize", json!({"ids": ids, "do": "copy", "to_folder": "Archive"}));
    assert_eq!((desk.subjects("INBOX").len(), desk.subjects("Archive").len()), (2, 2));
    let told = done(&copied);
    let new = told[0].1.clone().expect("a copy has an id of its own");
    assert_eq!(desk.read(&new), ("Letter 1".to_owned(), new));
    // a copy is no move: the old id is still that message
    assert_eq!(desk.read(&ids[0]), ("Letter 1".to_owned(), ids[0].clone()));
    let undone = desk.call("mail_undo", json!({"undo": copied["undo"]}));
    assert_eq!(undone["undone"], 2, "{undone}");
    assert_eq!((desk.subjects("INBOX").len(), desk.subjects("Archive").len()), (2, 0));
}

#[test]
fn messages_are_put_into_trash_junk_and_archive_and_back() {
    let Some(mut desk) = Desk::new(4) else { return };
    let ids = desk.ids("@inbox");
    let mut changes = Vec::new();
    for (number, (wish, folder)) in
        [("trash", "Trash"), ("junk", "Junk"), ("archive", "Archive")].into_iter().enumerate()
    {
        let answer = desk.call("mail_organize", json!({"ids": [ids[number]], "do": wish}));
        assert_eq!(desk.subjects(folder), [format!("Letter {}", number + 1)], "{answer}");
        changes.push((answer["undo"].clone(), folder));
    }
    assert_eq!(desk.subjects("INBOX"), ["Letter 4"]);
    let junk = desk.ids("@junk");
    desk.call("mail_organize", json!({"ids": junk, "do": "not_junk"}));
    assert!(desk.subjects("Junk").is_empty());
    for (undo, folder) in [&changes[0], &changes[2]] {
        desk.call("mail_undo", json!({"undo": undo}));
        assert!(desk.subjects(folder).is_empty(), "{folder}");
    }
    assert_eq!(desk.subjects("INBOX").len(), 4);
}

#[test]
fn messages_are_deleted_for_good_and_nobody_else_s_with_them() {
    let Some(mut desk) = Desk::new(4) else { return };
    desk.other.run("SELECT INBOX").unwrap();
    desk.other.run("UID STORE 3 +FLAGS (\\Deleted)").unwrap();
    let ids = desk.ids("@inbox");
    let wish = json!({"ids": ids[..2]});
    let plan = desk.call("mail_delete", wish.clone());
    assert_eq!((&plan["plan"]["count"], &plan["done"]), (&json!(2), &json!([])), "{plan}");
    assert_eq!(desk.subjects("INBOX").len(), 4);
    let deleted = desk.confirm("mail_delete", wish, &plan);
    assert_eq!((done(&deleted).len(), deleted.get("undo")), (2, None), "{deleted}");
    let seen = desk.seen("INBOX");
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["Letter 3", "Letter 4"], "{seen:?}");
    assert!(seen["Letter 3"].contains(&"\\Deleted".into()), "{seen:?}");
    assert!(desk.seen("Trash").is_empty());
    let gone = desk.call("mail_read", json!({"ids": [ids[0]]}));
    assert_eq!(gone["messages"][0]["error"]["code"], "not_found", "{gone}");
}

#[test]
fn trash_is_emptied_and_no_other_folder() {
    let Some(mut desk) = Desk::new(3) else { return };
    let ids = desk.ids("@inbox");
    desk.call("mail_organize", json!({"ids": ids[..2], "do": "trash"}));
    let wish = json!({"folder": "@trash"});
    let plan = desk.call("mail_delete", wish.clone());
    assert_eq!(plan["plan"]["count"], 2, "{plan}");
    let deleted = desk.confirm("mail_delete", wish, &plan);
    assert_eq!(deleted["failed"], json!([]), "{deleted}");
    assert_eq!((desk.subjects("Trash").len(), desk.subjects("INBOX").len()), (0, 1));
    for folder in ["@inbox", "Archive", "all"] {
        let told = desk.refused("mail_delete", json!({"folder": folder}));
        assert!(told.contains("@trash") && told.contains("@junk"), "{told}");
    }
    assert_eq!(desk.subjects("INBOX").len(), 1);
}

#[test]
fn what_cannot_be_found_is_told_by_its_id_and_the_rest_is_done() {
    let Some(mut desk) = Desk::new(2) else { return };
    let ids = desk.ids("@inbox");
    let (before, validity) = ids[0].rsplit_once('@').unwrap();
    let (folder, _) = before.rsplit_once(':').unwrap();
    let bad = [
        (format!("{folder}:999@{validity}"), "not_found"),
        (format!("{before}@zz9"), "stale_id"),
        ("nobody/@inbox:1@a".to_owned(), "not_found"),
        (format!("{}/Nowhere:1@a", folder.split_once('/').unwrap().0), "folder_not_found"),
        ("1".to_owned(), "invalid_input"),
    ];
    let mut all = vec![ids[1].clone()];
    all.extend(bad.iter().map(|(id, _)| id.clone()));
    let answer = desk.call("mail_organize", json!({"ids": all, "do": "star"}));
    assert_eq!(done(&answer), [(ids[1].clone(), None)], "{answer}");
    let failed: BTreeMap<&str, &str> = answer["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    let expected: BTreeMap<&str, &str> = bad.iter().map(|(id, code)| (id.as_str(), *code)).collect();
    assert_eq!(failed, expected, "{answer}");
    let seen = desk.seen("INBOX");
    assert!(
        seen["Letter 2"].contains(&"\\Flagged".into()) && !seen["Letter 1"].contains(&"\\Flagged".into())
    );
}

#[test]
fn a_query_finds_what_others_put_there_a_moment_ago() {
    let Some(mut desk) = Desk::new(30) else { return };
    let wish = json!({"query": "", "folder": "@inbox", "do": "move", "to_folder": "@archive"});
    for _ in 0..3 {
        let plan = desk.call("mail_organize", wish.clone());
        assert_eq!(plan["plan"]["count"], 30, "{plan}");
        desk.confirm("mail_organize", wish.clone(), &plan);
        desk.other.run("SELECT Archive").unwrap();
        desk.other.run("UID MOVE 1:* INBOX").unwrap();
    }
}

#[test]
fn what_agents_are_told_is_short() {
    let Some(mut desk) = Desk::new(60) else { return };
    let ids = desk.ids("@inbox");
    let moved = desk.call("mail_organize", json!({"ids": ids[..50], "do": "archive"}));
    println!("50 moved ids: {} tokens", tokens(&moved));
    assert!(done(&moved).iter().all(|(_, new)| new.is_some()), "{moved}");
    assert!(tokens(&moved) <= 1_100, "{} tokens", tokens(&moved));
    let plan = desk.call("mail_organize", json!({"query": "Letter", "folder": "all", "do": "trash"}));
    println!("a plan: {} tokens; {plan}", tokens(&plan));
    assert!(tokens(&plan) <= 500, "{} tokens", tokens(&plan));
}

#[test]
fn a_long_change_says_how_far_it_is() {
    let Some(mut desk) = Desk::new(3_000) else { return };
    let wish = json!({"query": "", "folder": "@inbox", "do": "move", "to_folder": "@archive"});
    let plan = desk.call("mail_organize", wish.clone());
    assert_eq!(plan["plan"]["count"], 3_000, "{plan}");
    let mut wish = wish;
    wish["confirm"] = plan["plan"]["confirm"].clone();
    let params = json!({"name": "mail_organize", "arguments": wish, "_meta": {"progressToken": "far"}});
    let result = desk.client.request("tools/call", &params).unwrap();
    assert_eq!(result["structuredContent"]["done_count"], 3_000, "{result}");
    let note = desk.client.next_notification().unwrap();
    assert_eq!(
        (&note["method"], &note["params"]["progressToken"]),
        (&json!("notifications/progress"), &json!("far"))
    );
    let (far, total) = (&note["params"]["progress"], &note["params"]["total"]);
    assert!(far.as_f64().unwrap() > 0.0 && far.as_f64() < total.as_f64(), "{note}");
    assert_eq!(total.as_f64(), Some(3_000.0), "{note}");
    assert_eq!(desk.seen("Archive").len(), 3_000);
}

#[test]
fn a_hosted_agent_s_change_is_taken_back_after_a_restart_and_by_nobody_else() {
    let Some(dovecot) = dovecot(3) else { return };
    let world = World::reaching(&dovecot);
    world.add_user("alice");
    assert_eq!(world.add_account(&dovecot).status, 0);
    let (mine, others) = (world.new_token("agent", SORTING), world.new_token("other", SORTING));
    let serving = world.serve();
    let mut client = McpHttp::connect(serving.port, &mine).unwrap();
    let found = client.call("mail_search", &json!({"folder": "@inbox"})).unwrap();
    let id = found.structured()["messages"][0]["id"].as_str().unwrap().to_owned();
    let moved = client.call("mail_organize", &json!({"ids": [id], "do": "archive"})).unwrap();
    let undo = json!({"undo": moved.structured()["undo"]});
    let new_id = moved.structured()["done"][0]["new_id"].clone();
    let plan = client.call("mail_delete", &json!({"ids": [new_id]})).unwrap().structured().clone();
    let (_, log) = serving.stop();
    assert!(!log.contains("Letter") && !log.contains("Archive"), "{log}");

    let serving = world.serve();
    let mut somebody = McpHttp::connect(serving.port, &others).unwrap();
    let refused = somebody.call("mail_undo", &undo).unwrap();
    assert!(refused.text().contains("[not_found]"), "{refused:?}");
    let stolen = json!({"ids": [new_id], "confirm": plan["plan"]["confirm"]});
    let refused = somebody.call("mail_delete", &stolen).unwrap();
    assert!(refused.is_error(), "{refused:?}");
    let mut client = McpHttp::connect(serving.port, &mine).unwrap();
    let read = client.call("mail_read", &json!({"ids": [id]})).unwrap();
    assert_eq!(read.structured()["messages"][0]["new_id"], new_id, "{read:?}");
    let undone = client.call("mail_undo", &undo).unwrap();
    assert_eq!(undone.structured()["undone"], 1, "{undone:?}");
    let mut other = OtherClient::sign_in(&dovecot, "alice", MAIL_PASSWORD).unwrap();
    assert_eq!((seen(&mut other, "INBOX").len(), seen(&mut other, "Archive").len()), (3, 0));
    let narrow = world.new_token("narrow", "mail:search mail:read");
    let mut reader = McpHttp::connect(serving.port, &narrow).unwrap();
    for (tool, scope) in [("mail_organize", "mail:modify"), ("mail_delete", "mail:delete")] {
        let refused = reader.call(tool, &json!({"ids": [id], "do": "read"})).unwrap_err().to_string();
        assert!(refused.contains("HTTP 403"), "{scope}: {refused}");
    }
    let refused = reader.call("mail_undo", &undo).unwrap_err().to_string();
    assert!(refused.contains("HTTP 403"), "{refused}");
}
