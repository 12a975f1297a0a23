//! Folders and the newest rows, on every server.

use std::collections::BTreeSet;

use domain::{FolderArg, Role};
use engine::search::SearchRequest;
use testkit::Mail;

use super::{THEN, World, mail, on_every_server, subjects};

on_every_server!(
    folders_have_roles_counts_and_subscriptions,
    a_folder_is_found_whatever_its_name,
    the_newest_fifty_come_first_and_a_delivery_between_pages_costs_no_row,
    a_message_delivered_before_the_call_is_in_the_answer,
    flags_and_keywords_are_told_and_reading_sets_none,
);

async fn folders_have_roles_counts_and_subscriptions(mut world: World) {
    if !world.server.has_special_folders {
        for folder in ["Sent", "Drafts", "Trash", "Junk", "Archive"] {
            world.create(folder);
        }
    }
    world.create("Projects");
    let projects = world.wire_name("Projects");
    world.other.run(&format!("SUBSCRIBE \"{projects}\"")).unwrap();
    for flags in ["", "S", ""] {
        world.file("INBOX", &mail("in", "\r\ntext\r\n").flags(flags));
    }
    world.file("Projects", &mail("project", "\r\ntext\r\n"));

    let folders = world.engine.folders(&world.principal, None, true).await.unwrap();
    let inbox = &folders[0];
    assert_eq!(
        (inbox.role, inbox.name.as_str(), inbox.total, inbox.unread),
        (Some(Role::Inbox), "INBOX", Some(3), Some(2))
    );
    for role in [Role::Sent, Role::Drafts, Role::Trash, Role::Junk, Role::Archive] {
        let with = folders.iter().filter(|folder| folder.role == Some(role)).count();
        assert_eq!(with, 1, "{role}: {folders:?}");
    }
    let shown = world.shown_name("Projects");
    let projects = folders.iter().find(|folder| folder.name.as_str() == shown).unwrap();
    assert_eq!((projects.total, projects.unread, projects.is_subscribed), (Some(1), Some(1), true));
}

async fn a_folder_is_found_whatever_its_name(mut world: World) {
    let names = [
        "Küche",
        "with space",
        "R&D",
        "日本語",
        "Projects/Mars/2026",
        "a.b",
        "@home",
        "(round) [square]",
        "{curly}",
        "back\\slash",
        "say \"so\"",
        "-dash",
        "'single'",
        "NIL",
        "rocket \u{1f680}",
    ];
    let names = names.map(|name| (name, world.server.refused.iter().any(|part| name.contains(part))));
    for (name, is_refused) in names {
        if !is_refused {
            world.create(name);
            world.file(name, &mail("here", "\r\nin the right place\r\n"));
        }
    }
    let names = names.into_iter().filter(|(_, is_refused)| !is_refused);
    for (name, _) in names {
        let as_agents_write =
            if name.starts_with('@') { name.replacen('@', "%40", 1) } else { name.to_owned() };
        let rows = world.rows(&as_agents_write, 5).await;
        assert_eq!(subjects(&rows), ["here"], "{name}");
        let id = rows[0].id.to_string();
        assert!(world.read(&id).await.body.contains("in the right place"), "{id}");
    }
    let folders = world.engine.folders(&world.principal, None, true).await.unwrap();
    let shown = world.shown_name("Küche");
    assert!(folders.iter().any(|folder| folder.name.as_str() == shown && folder.total == Some(1)));
}

fn note(number: u32) -> Mail {
    let mut mail = mail(&format!("note {number}"), "\r\ntext\r\n");
    mail.received = THEN - 10_000 + u64::from(number) * 60;
    mail
}

async fn the_newest_fifty_come_first_and_a_delivery_between_pages_costs_no_row(mut world: World) {
    for folder in ["INBOX", "Projects"] {
        if folder != "INBOX" {
            world.create(folder);
        }
        for number in 1..=70 {
            world.file(folder, &note(number));
        }
        let mut request =
            SearchRequest { folder: Some(FolderArg::parse(folder)), limit: 50, ..SearchRequest::default() };
        let first = world.search(request.clone()).await;
        let newest: Vec<String> = (21..=70).rev().map(|number| format!("note {number}")).collect();
        assert_eq!(subjects(&first.rows), newest);
        assert_eq!(first.total, 70);
        world.file(folder, &note(71));
        request.cursor = first.next_cursor;
        let second = world.search(request.clone()).await;
        let rest: Vec<String> = (1..=20).rev().map(|number| format!("note {number}")).collect();
        assert_eq!(subjects(&second.rows), rest);
        assert_eq!(second.next_cursor, None);
        assert_eq!(subjects(&world.rows(folder, 1).await), ["note 71"]);
    }
}

async fn a_message_delivered_before_the_call_is_in_the_answer(mut world: World) {
    for number in 1..=5 {
        world.file("INBOX", &note(number));
        assert_eq!(subjects(&world.rows("@inbox", 1).await), [format!("note {number}")]);
    }
}

async fn flags_and_keywords_are_told_and_reading_sets_none(mut world: World) {
    let mut marked = mail("marked", "\r\ntext\r\n").flags("FRS");
    marked.keywords = vec!["$Forwarded".into(), "Later".into()];
    world.file("INBOX", &marked);
    world.file("INBOX", &mail("plain", "\r\ntext\r\n"));
    for _ in 0..2 {
        let rows = world.rows("@inbox", 10).await;
        let flags = |row: &engine::search::Row| {
            row.flags.iter().map(|flag| flag.as_str().to_lowercase()).collect::<BTreeSet<_>>()
        };
        assert!(!flags(&rows[0]).contains("\\seen"), "{rows:?}");
        let told = flags(&rows[1]);
        for flag in ["\\flagged", "\\answered", "\\seen", "$forwarded", "later"] {
            assert!(told.contains(flag), "{flag}: {told:?}");
        }
        for row in rows {
            world.read(&row.id.to_string()).await;
        }
    }
    let unread = SearchRequest { query: "is:unread".into(), limit: 10, ..SearchRequest::default() };
    assert_eq!(subjects(&world.search(unread).await.rows), ["plain"]);
}
