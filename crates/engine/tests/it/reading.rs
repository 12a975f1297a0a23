//! Reading messages.

use domain::{Code, FolderArg};
use engine::{
    read::{Message, Outcome, View},
    search::SearchRequest,
};
use testkit::{Mail, Options, maildir::Numbering};

use crate::world::{NOW, World, empty_world, new_engine, world};

async fn ids(world: &World, folder: &str) -> Vec<String> {
    let request =
        SearchRequest { folder: Some(FolderArg::parse(folder)), limit: 100, ..SearchRequest::default() };
    let page = world.engine.search(&world.principal, request).await.unwrap();
    page.rows.into_iter().map(|row| row.id.to_string()).collect()
}

async fn read(world: &World, id: &str, view: View) -> Message {
    let mut outcomes = world.engine.read(&world.principal, &[id.to_owned()], view).await.unwrap();
    match outcomes.remove(0) {
        Outcome::Message(message) => *message,
        other => panic!("{id}: {other:?}"),
    }
}

async fn problem(world: &World, id: &str) -> Code {
    let mut outcomes = world.engine.read(&world.principal, &[id.to_owned()], View::Text).await.unwrap();
    match outcomes.remove(0) {
        Outcome::Failed(of, problem) => {
            assert_eq!(of, id);
            problem.code
        }
        other => panic!("{id}: {other:?}"),
    }
}

#[tokio::test]
async fn a_message_reads_the_same_whether_its_structure_was_known_or_not() {
    let Some(world) = world(Options::default()) else { return };
    let ids = ids(&world, "@inbox").await;
    for chunk in ids.chunks(10) {
        let warm = world.engine.read(&world.principal, chunk, View::Text).await.unwrap();
        let cold = new_engine().read(&world.principal, chunk, View::Text).await.unwrap();
        for (warm, cold) in warm.iter().zip(&cold) {
            let (Outcome::Message(warm), Outcome::Message(cold)) = (warm, cold) else {
                panic!("{warm:?} {cold:?}")
            };
            assert_eq!(warm.body, cold.body, "{}", warm.id);
            assert_eq!(warm.subject, cold.subject);
            assert_eq!(warm.attachments, cold.attachments);
        }
    }
}

#[tokio::test]
async fn no_reading_sets_seen() {
    let Some(world) = world(Options::default()) else { return };
    let unread = |folders: Vec<engine::folders::Folder>| folders[0].unread.unwrap();
    let before = unread(world.engine.folders(&world.principal, None, true).await.unwrap());
    for id in ids(&world, "@inbox").await.iter().take(10) {
        for view in [View::Text, View::Full, View::Headers, View::Raw] {
            read(&world, id, view).await;
        }
    }
    let after = unread(world.engine.folders(&world.principal, None, true).await.unwrap());
    assert_eq!(before, after);
}

#[tokio::test]
async fn bodies_are_read_in_every_common_shape() {
    let Some(world) = empty_world(Options::default()) else { return };
    let header =
        "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: shape\r\nMIME-Version: 1.0\r\n";
    let alternative = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain words\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html <b>words</b></p>\r\n--b--\r\n";
    let shapes = [
        ("plain", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nR3LDvMOfZSB3b3Jkcw==\r\n".to_owned()),
        ("html", "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<div>Gr=FC=DFe <i>words</i><span style=3D\"display:none\">hidden</span></div>\r\n".to_owned()),
        ("alternative", alternative.to_owned()),
        ("mixed", format!("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n{alternative}\r\n--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--m--\r\n")),
        ("html that shows nothing", alternative.replace("<p>html <b>words</b></p>", "<p style=\"display:none\">hidden</p><img src=x>")),
        ("bare", "\r\nbare words\r\n".to_owned()),
        ("large", format!("Content-Type: text/plain\r\n\r\n{}", "long line of words\r\n".repeat(20_000))),
    ];
    let mails = shapes.iter().map(|(_, rest)| Mail::new(format!("{header}{rest}"), NOW));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let listed = ids(&world, "@inbox").await;
    for warm in [false, true] {
        let world = World { engine: if warm { world.engine.clone() } else { new_engine() }, ..copy(&world) };
        for (id, (shape, _)) in listed.iter().rev().zip(&shapes) {
            let message = read(&world, id, View::Text).await;
            assert!(message.body.contains("words"), "{shape}: {}", message.body);
            assert!(!message.body.contains("hidden"), "{shape}: {}", message.body);
            if *shape == "large" {
                assert!(message.body.matches("long line").count() == 20_000, "{}", message.body.len());
            }
            if *shape == "mixed" {
                assert_eq!(message.attachments[0].name, "a.pdf");
            }
        }
    }
}

fn copy(world: &World) -> World {
    World {
        dovecot: testkit::require_dovecot(Options::default()).unwrap(),
        maildir: world.maildir.clone(),
        engine: world.engine.clone(),
        principal: world.principal.clone(),
    }
}

#[tokio::test]
async fn ids_that_name_nothing_say_why() {
    let Some(world) = world(Options::default()) else { return };
    let id = ids(&world, "@inbox").await.remove(0);
    let (place, validity) = id.rsplit_once('@').unwrap();
    assert_eq!(problem(&world, "nonsense").await, Code::InvalidInput);
    assert_eq!(problem(&world, &format!("{place}@1")).await, Code::StaleId);
    assert_eq!(problem(&world, &format!("work/@inbox:999999@{validity}")).await, Code::NotFound);
    assert_eq!(problem(&world, &id.replace("work/", "home/")).await, Code::NotFound);
    assert_eq!(problem(&world, &id.replace("@inbox", "Nowhere")).await, Code::FolderNotFound);
    assert_eq!(problem(&world, "<not-there@example.org>").await, Code::NotFound);
}

#[tokio::test]
async fn a_message_is_found_by_its_message_id() {
    let Some(world) = world(Options::default()) else { return };
    let id = ids(&world, "@inbox").await.remove(3);
    let message = read(&world, &id, View::Text).await;
    let message_id = message.message_id.clone().unwrap();
    let mut outcomes = new_engine().read(&world.principal, &[message_id], View::Text).await.unwrap();
    match outcomes.remove(0) {
        Outcome::Message(found) => assert_eq!(found.id, message.id),
        Outcome::Several(_, rows) => assert!(rows.iter().any(|row| row.id == message.id)),
        Outcome::Failed(id, problem) => panic!("{id}: {problem:?}"),
    }
}

#[tokio::test]
async fn a_message_that_was_deleted_meanwhile_is_told_to_be_gone() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = (1..3).map(|n| Mail::new(format!("Subject: {n}\r\n\r\ntext {n}\r\n"), NOW));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let listed = ids(&world, "@inbox").await;
    let mut other = testkit::OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
    other.delete("INBOX", "2").unwrap();
    assert_eq!(problem(&world, &listed[0]).await, Code::NotFound);
    assert!(read(&world, &listed[1], View::Text).await.body.contains("text 1"));
}
