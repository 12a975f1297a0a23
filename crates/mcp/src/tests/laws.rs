//! What holds for every tool, whatever it does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{adverts, tools, view::size};

/// Every schema inside a schema, with the path of properties that leads to it.
fn each_schema(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        each_schema(&format!("{path}/{name}"), child, visit);
    }
    if schema["items"].is_object() {
        each_schema(path, &schema["items"], visit);
    }
}

#[test]
fn names_are_unique_snake_case_and_titled() {
    let mut seen = BTreeSet::new();
    for tool in adverts() {
        let name = tool["name"].as_str().unwrap().to_owned();
        assert!(
            name.starts_with("mail_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{name}"
        );
        assert!(!tool["title"].as_str().unwrap().is_empty(), "{name}");
        assert!(seen.insert(name.clone()), "{name} twice");
    }
    assert_eq!(seen.len(), tools::all().len());
}

#[test]
fn the_four_annotations_are_set_and_reading_tools_read() {
    for tool in adverts() {
        let hints = &tool["annotations"];
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(hints[hint].is_boolean(), "{} {hint}", tool["name"]);
        }
        let (reads, destroys, leaves) = match tool["name"].as_str().unwrap() {
            "mail_draft" | "mail_folder" | "mail_organize" | "mail_undo" => (false, false, false),
            "mail_delete" => (false, true, false),
            "mail_send" | "mail_invite_reply" => (false, false, true),
            _ => (true, false, false),
        };
        assert_eq!(hints["readOnlyHint"], reads, "{}", tool["name"]);
        assert_eq!(hints["destructiveHint"], destroys, "{}", tool["name"]);
        assert_eq!(hints["openWorldHint"], leaves, "{}", tool["name"]);
    }
}

#[test]
fn descriptions_are_short_and_whole_tools_cheap() {
    // those that a grant which only reads lists, and that the contract bounds together
    const READING: [&str; 6] =
        ["mail_accounts", "mail_folders", "mail_search", "mail_read", "mail_thread", "mail_attachment"];
    let (mut all, mut reading) = (0, 0);
    for tool in adverts() {
        let about = tool["description"].as_str().unwrap().chars().count();
        let tokens = size::tokens(size::json_chars(&tool));
        println!("{}: {tokens} tokens, description {about} characters", tool["name"]);
        assert!(about <= 400, "{} has {about} characters", tool["name"]);
        all += tokens;
        if READING.contains(&tool["name"].as_str().unwrap()) {
            reading += tokens;
        }
    }
    println!("all: {all} tokens, reading {reading}");
    assert!(reading <= 2_600, "{reading} tokens");
    assert!(all <= 6_000, "{all} tokens");
}

#[test]
fn finding_people_costs_next_to_nothing_to_know_of() {
    let people = adverts().into_iter().find(|tool| tool["name"] == "mail_people").unwrap();
    assert!(size::tokens(size::json_chars(&people)) <= 190);
}

#[test]
fn sorting_is_cheap_to_know_of() {
    let cost = |name: &str| {
        let tool = adverts().into_iter().find(|tool| tool["name"] == name).unwrap();
        size::tokens(size::json_chars(&tool))
    };
    for (name, most) in
        [("mail_organize", 430), ("mail_delete", 260), ("mail_undo", 150), ("mail_folder", 300)]
    {
        assert!(cost(name) <= most, "{name} costs {} tokens", cost(name));
    }
}

#[test]
fn invites_cost_little_to_know_of() {
    for (name, most) in [("mail_invite", 320), ("mail_invite_reply", 280)] {
        let tool = adverts().into_iter().find(|tool| tool["name"] == name).unwrap();
        let tokens = size::tokens(size::json_chars(&tool));
        assert!(tokens <= most, "{name}: {tokens} tokens");
    }
}

#[test]
fn schemas_use_only_what_every_client_accepts() {
    for tool in adverts() {
        for which in ["inputSchema", "outputSchema"] {
            let schema = &tool[which];
            assert_eq!(schema["type"], "object", "{} {which}", tool["name"]);
            each_schema("", schema, &mut |path, part| {
                let place = format!("{} {which} {path}", tool["name"]);
                assert!(part["type"].is_string(), "{place} has no one type: {part}");
                for word in ["anyOf", "oneOf", "allOf", "$ref", "$defs", "$schema", "format", "title"] {
                    assert!(part.get(word).is_none(), "{place} has {word}");
                }
                let nulls = part["enum"].as_array().into_iter().flatten().any(Value::is_null);
                assert!(!nulls && part.get("default") != Some(&Value::Null), "{place} allows null");
            });
        }
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{}", tool["name"]);
    }
}

#[test]
fn what_senders_or_servers_wrote_is_marked_untrusted() {
    let untrusted = [
        "subject",
        "from",
        "to",
        "cc",
        "reply_to",
        "body",
        "snippet",
        "links",
        "text",
        "data",
        "choices",
        "message_id",
        "list",
        "labels",
        "flags",
        "look_alike",
        "warning",
        "folder",
        "skipped",
        "server_text",
        "at",
        "bcc",
        "preview",
        "needs_approval",
        "reason",
        "event",
        "more_events",
        "conflicts",
    ];
    let mut marked = BTreeSet::new();
    for tool in adverts() {
        each_schema("", &tool["outputSchema"], &mut |path, part| {
            let name = path.rsplit('/').next().unwrap();
            let is_senders = untrusted.contains(&name)
                || path.ends_with("/attachments/name")
                || path.ends_with("/attachments/type")
                || path.ends_with("/links/url")
                || path.ends_with("error/hint")
                || path.ends_with("failed/hint")
                || path.ends_with("copy/id")
                || ["/done", "/failed", "/plan/sample", "/plan/note"].contains(&path)
                || path.ends_with("recipients/address")
                || (tool["name"] == "mail_attachment" && ["/name", "/type", "/path"].contains(&path))
                || (tool["name"] == "mail_invite_reply" && ["/recipients", "/copy"].contains(&path));
            if is_senders && !path.is_empty() {
                // the items of a marked list carry no mark of their own
                if part["x-untrusted"] == true {
                    marked.insert(format!("{}{path}", tool["name"]));
                }
                assert!(
                    marked.contains(&format!("{}{path}", tool["name"])),
                    "{}{path} is not marked",
                    tool["name"]
                );
            }
        });
    }
    assert!(marked.len() > 15, "{marked:?}");
}

#[test]
fn each_tools_object_is_the_one_that_was_reviewed() {
    for tool in adverts() {
        insta::assert_json_snapshot!(tool["name"].as_str().unwrap(), tool);
    }
}
