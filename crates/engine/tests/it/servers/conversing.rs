//! Threads, people and attachments, on every server.

use engine::{people::PeopleRequest, read::Outcome, thread::ThreadRequest};
use futures_util::TryStreamExt as _;
use testkit::Mail;

use super::{THEN, World, mail, on_every_server};
use crate::attachments::attached;

on_every_server!(
    a_thread_is_gathered_from_several_folders_oldest_first,
    people_are_found_by_name_and_address_those_written_to_first,
    an_attachment_is_streamed_octet_for_octet,
);

/// Message `number` of a thread, which answers the one before it.
fn turn(number: u64, from: &str, to: &str, words: &str) -> Mail {
    let references: Vec<String> =
        (1..number).map(|earlier| format!("<turn.{earlier}@example.org>")).collect();
    let answers = match references.last() {
        Some(last) => format!("In-Reply-To: {last}\r\nReferences: {}\r\n", references.join(" ")),
        None => String::new(),
    };
    let subject = if number == 1 { "plan" } else { "Re: plan" };
    Mail::new(
        format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <turn.{number}@example.org>\r\n{answers}\r\n{words}\r\n"
        ),
        THEN - 10_000 + number * 60,
    )
}

async fn a_thread_is_gathered_from_several_folders_oldest_first(mut world: World) {
    if !world.server.has_special_folders {
        world.create("Sent");
    }
    let (bob, alice) = ("Bob <bob@example.org>", "Alice <alice@example.com>");
    world.file("INBOX", &turn(1, bob, alice, "first words"));
    world.file("Sent", &turn(2, alice, bob, "second words"));
    world.file("INBOX", &turn(3, bob, alice, "third words"));
    world.file("INBOX", &mail("plan of others", "Message-ID: <else@example.org>\r\n\r\nother words\r\n"));
    let request = ThreadRequest { id: "<turn.2@example.org>".into(), limit: 10, cursor: None };
    let thread = world.engine.thread(&world.principal, request).await.unwrap();
    let bodies: Vec<String> = thread
        .messages
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Message(message) => message.body.trim().to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bodies, ["first words", "second words", "third words"]);
}

async fn people_are_found_by_name_and_address_those_written_to_first(mut world: World) {
    if !world.server.has_special_folders {
        world.create("Sent");
    }
    let alice = "Alice <alice@example.com>";
    let joerg = "=?utf-8?q?J=C3=B6rg_Stone?= <joerg@example.org>";
    world.file("Sent", &turn(1, alice, joerg, "x"));
    for number in 2..=4 {
        world.file("INBOX", &turn(number, "Stone News <news@example.net>", alice, "x"));
    }
    for (query, expected) in [
        ("stone", vec!["joerg@example.org", "news@example.net"]),
        ("jörg", vec!["joerg@example.org"]),
        ("news@", vec!["news@example.net"]),
        ("nobody", vec![]),
    ] {
        let request = PeopleRequest { query: query.into(), account: None };
        let found = world.engine.people(&world.principal, request).await.unwrap();
        let addresses: Vec<&str> = found.people.iter().map(|person| person.address.email.as_str()).collect();
        assert_eq!(addresses, expected, "{query}");
    }
}

async fn an_attachment_is_streamed_octet_for_octet(mut world: World) {
    let octets: Vec<u8> =
        (0..700_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let file = attached("application/octet-stream", "large.bin", &octets);
    let rest = format!(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nsee the file\r\n--m\r\n{file}--m--\r\n"
    );
    world.file("INBOX", &mail("file", &rest));
    let id = world.rows("@inbox", 1).await.remove(0).id.to_string();
    let index = world.read(&id).await.attachments[0].index;
    for from in [0, 1_234_567_usize] {
        let download = world.engine.download(&world.principal, &id, index).await.unwrap();
        assert_eq!(download.name, "large.bin");
        let pieces: Vec<bytes::Bytes> = download.body(from as u64).try_collect().await.unwrap();
        assert!(pieces.concat() == octets[from..], "from octet {from}");
    }
}
