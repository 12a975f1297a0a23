//! Reading messages, on every server.

use domain::Code;
use engine::read::Outcome;

use super::{World, mail, on_every_server};

on_every_server!(
    bodies_are_read_in_every_common_shape,
    ids_that_name_nothing_say_why,
    a_message_that_was_deleted_meanwhile_is_told_to_be_gone,
    a_message_is_found_by_its_message_id_in_whatever_folder,
);

/// A name, the header's rest and body, and what the text has to say.
fn shapes() -> Vec<(&'static str, String, &'static str)> {
    let alternative = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
        plain words\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html <b>words</b></p>\r\n--b--\r\n";
    let mixed = format!(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n{alternative}\r\n--m\r\n\
         Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--m--\r\n"
    );
    let nested = "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nouter words\r\n\
        --m\r\nContent-Type: message/rfc822\r\n\r\nFrom: eve@example.net\r\nSubject: inner\r\n\r\ninner words\r\n--m--\r\n";
    let deep = format!(
        "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/related; boundary=y\r\n\r\n\
         --y\r\n{alternative}\r\n--y\r\nContent-Type: image/png; name=p.png\r\nContent-ID: <p@x>\r\n\
         Content-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n--y--\r\n--x--\r\n"
    );
    let base64 = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSBhdXMgS8O2bG4=\r\n";
    let latin = "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Gr=FC=DFe aus K=F6ln\r\n";
    let html = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>seen words<span style=\"display:none\">hidden</span></p>\r\n";
    let long = format!("Content-Type: text/plain\r\n\r\n{}the last words\r\n", "a line\r\n".repeat(20_000));
    vec![
        ("plain", "Content-Type: text/plain\r\n\r\nplain words\r\n".to_owned(), "plain words"),
        ("alternative", alternative.to_owned(), "words"),
        ("mixed", mixed, "words"),
        ("nested", nested.to_owned(), "outer words"),
        ("deep", deep, "words"),
        ("base64", base64.to_owned(), "Grüße aus Köln"),
        ("latin", latin.to_owned(), "Grüße aus Köln"),
        ("html", html.to_owned(), "seen words"),
        ("bare", "\r\nbare words\r\n".to_owned(), "bare words"),
        ("empty", "\r\n".to_owned(), ""),
        ("long", long, "the last words"),
    ]
}

async fn bodies_are_read_in_every_common_shape(mut world: World) {
    let shapes = shapes();
    for (name, rest, _) in &shapes {
        world.file("INBOX", &mail(name, rest));
    }
    let rows = world.rows("@inbox", 50).await;
    assert_eq!(rows.len(), shapes.len());
    // first with the structures that the rows brought, then without
    for _ in 0..2 {
        for ((name, _, expected), row) in shapes.iter().zip(rows.iter().rev()) {
            assert_eq!(row.subject, *name);
            let message = world.read(&row.id.to_string()).await;
            assert!(message.body.contains(expected), "{name}: {}", message.body);
            assert!(!message.body.contains("hidden"), "{name}: {}", message.body);
            assert_eq!(message.subject, *name);
            let attachments: Vec<&str> = message.attachments.iter().map(|a| a.name.as_str()).collect();
            match *name {
                "mixed" => assert_eq!(attachments, ["a.pdf"]),
                "nested" => assert_eq!(attachments.len(), 1, "{attachments:?}"),
                _ => {}
            }
        }
        world = world.with_new_engine();
    }
}

async fn code(world: &World, id: &str) -> Code {
    match world.outcome(id).await {
        Outcome::Failed(_, problem) => problem.code,
        other => panic!("{id}: {other:?}"),
    }
}

async fn ids_that_name_nothing_say_why(mut world: World) {
    world.file("INBOX", &mail("one", "\r\ntext\r\n"));
    let id = world.rows("@inbox", 1).await.remove(0).id.to_string();
    let (place, validity) = id.rsplit_once('@').unwrap();
    assert_eq!(code(&world, &format!("{place}@1")).await, Code::StaleId);
    assert_eq!(code(&world, &format!("work/@inbox:999999@{validity}")).await, Code::NotFound);
    assert_eq!(code(&world, &id.replace("@inbox", "Nowhere")).await, Code::FolderNotFound);
    assert_eq!(code(&world, "<not-there@example.org>").await, Code::NotFound);
    assert!(world.read(&id).await.body.contains("text"));
}

async fn a_message_that_was_deleted_meanwhile_is_told_to_be_gone(mut world: World) {
    for number in 1..=2 {
        world.file("INBOX", &mail(&format!("{number}"), &format!("\r\ntext {number}\r\n")));
    }
    let rows = world.rows("@inbox", 5).await;
    world.other.delete("INBOX", "2").unwrap();
    // until a list was asked for, a server may still serve what another client expunged (RFC 9051, 7.5.1)
    assert_eq!(world.rows("@inbox", 5).await.len(), 1);
    assert_eq!(code(&world, &rows[0].id.to_string()).await, Code::NotFound);
    assert!(world.read(&rows[1].id.to_string()).await.body.contains("text 1"));
}

async fn a_message_is_found_by_its_message_id_in_whatever_folder(mut world: World) {
    world.create("Projects");
    for folder in ["INBOX", "Projects"] {
        for id in ["right", "right.evil"] {
            let rest = format!("Message-ID: <{id}@{folder}.example.org>\r\n\r\n{id} in {folder}\r\n");
            world.file(folder, &mail("by id", &rest));
        }
    }
    for folder in ["INBOX", "Projects"] {
        let message = world.read(&format!("<right@{folder}.example.org>")).await;
        assert!(message.body.contains(&format!("right in {folder}")), "{}", message.body);
    }
    world.file("Projects", &mail("again", "Message-ID: <right@INBOX.example.org>\r\n\r\ncopy\r\n"));
    world = world.with_new_engine();
    let Outcome::Several(_, rows) = world.outcome("<right@INBOX.example.org>").await else {
        return assert!(world.read("<right@INBOX.example.org>").await.body.contains("right in INBOX"));
    };
    assert!(rows.len() >= 2);
}
