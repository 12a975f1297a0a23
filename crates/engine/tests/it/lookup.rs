//! Reading by Message-ID.

use std::time::{Duration, Instant};

use domain::{Code, Limits};
use engine::{
    Bounds,
    read::{Outcome, View},
};
use testkit::{Mail, Options, Proxy, maildir::Numbering, proxy::Faults};

use crate::world::{
    NOW, World, bounded_engine, credentials, empty_world, new_engine, principal_with, settings,
};

fn mail(id: &str, text: &str) -> Mail {
    Mail::new(format!("From: bob@example.org\r\nSubject: by id\r\nMessage-ID: {id}\r\n\r\n{text}\r\n"), NOW)
}

async fn find(world: &World, id: &str) -> Outcome {
    new_engine().read(&world.principal, &[id.to_owned()], View::Text).await.unwrap().remove(0)
}

fn code(outcome: &Outcome) -> Option<Code> {
    if let Outcome::Failed(_, problem) = outcome { Some(problem.code) } else { None }
}

#[tokio::test]
async fn a_message_is_found_in_whatever_folder_it_is() {
    let Some(world) = empty_world(Options::default()) else { return };
    for (number, folder) in ["INBOX", "Sent", "Archive", "Projects/Mars", "Trash", "Junk"].iter().enumerate()
    {
        let mails = [
            mail(&format!("<{number}@example.org>"), folder),
            mail(&format!("<{number}@example.org.evil>"), "no"),
        ];
        world.maildir.fill(folder, Numbering::default(), mails).unwrap();
    }
    for (number, folder) in ["INBOX", "Sent", "Archive", "Projects/Mars", "Trash", "Junk"].iter().enumerate()
    {
        match find(&world, &format!("<{number}@example.org>")).await {
            Outcome::Message(message) => assert!(message.body.contains(folder), "{}", message.body),
            other => panic!("{folder}: {other:?}"),
        }
    }
    assert_eq!(code(&find(&world, "<@example.org>").await), Some(Code::NotFound));
    assert_eq!(code(&find(&world, "<0@example.or>").await), Some(Code::NotFound));
}

#[tokio::test]
async fn doubled_ids_are_told_as_rows_to_choose_from() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = (0..9).map(|n| mail("<twice@example.org>", &format!("text {n}")));
    world.maildir.fill("Projects", Numbering::default(), mails).unwrap();
    match find(&world, "<twice@example.org>").await {
        Outcome::Several(id, rows) => {
            assert_eq!((id.as_str(), rows.len()), ("<twice@example.org>", 5));
            let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
            let read = world.engine.read(&world.principal, &ids, View::Text).await.unwrap();
            assert!(read.iter().all(|outcome| matches!(outcome, Outcome::Message(_))), "{read:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn hostile_ids_find_only_themselves() {
    let Some(world) = empty_world(Options::default()) else { return };
    let long = format!("<{}@example.org>", "x".repeat(960));
    let present = [
        "<a\\b@example.org>",
        "<a\"b@example.org>",
        "<%*@example.org>",
        "<é@example.org>",
        "<{3}@example.org>",
        &long,
    ];
    world.maildir.fill("INBOX", Numbering::default(), present.iter().map(|id| mail(id, id))).unwrap();
    for id in present {
        match find(&world, id).await {
            Outcome::Message(message) => assert!(message.body.contains(&id[1..6]), "{id}: {}", message.body),
            // Not every server keeps such an id as it was written, but it must never be another message.
            other => assert_eq!(code(&other), Some(Code::NotFound), "{id}: {other:?}"),
        }
    }
    for id in [
        "<\" OR ALL \">",
        "<\\>",
        "<\">",
        "<*>",
        "<%>",
        "<)(>",
        "<{5+}>",
        "<x> ALL <y>",
        "<\u{202e}>",
        "<NIL>",
        "<<>>",
        "<日本語@example.org>",
    ] {
        let outcome = find(&world, id).await;
        assert_eq!(code(&outcome), Some(Code::NotFound), "{id}: {outcome:?}");
    }
    for id in
        [format!("<{}>", "x".repeat(998)), "<a\r\nb@c>".into(), "<a\0@c>".into(), "<>".into(), "<".into()]
    {
        let outcome = find(&world, &id).await;
        assert_eq!(code(&outcome), Some(Code::InvalidInput), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_look_up_gives_up_in_time_and_leaves_nothing_behind() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.maildir.fill("INBOX", Numbering::default(), [mail("<a@example.org>", "here")]).unwrap();
    let slow = Faults { delay: Duration::from_millis(700), ..Faults::default() };
    let proxy = Proxy::start(world.dovecot.imap_port(), slow).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    let principal = principal_with(through, credentials("alice-secret"), Limits::default());
    let engine = bounded_engine(Bounds { look_up: Duration::from_secs(1), ..Bounds::default() });
    let begun = Instant::now();
    let outcome = engine.read(&principal, &["<b@example.org>".into()], View::Text).await.unwrap().remove(0);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(code(&outcome), Some(Code::NotFound), "{outcome:?}");
    proxy.set(Faults::default());
    let outcome = engine.read(&principal, &["<a@example.org>".into()], View::Text).await.unwrap().remove(0);
    assert!(matches!(outcome, Outcome::Message(_)), "{outcome:?}");
}
