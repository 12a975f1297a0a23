//! `POST /files`: who may hand over a file, what is taken, what is answered.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    outgoing::upload,
    world::{Ask, World, dial},
};

fn post(octets: &str) -> Ask {
    Ask::new("POST", "/files?name=M%C3%A4rz%20%2F1.pdf")
        .header("content-type", "application/pdf")
        .body(octets)
}

#[tokio::test]
async fn a_file_is_taken_and_told_by_what_it_is_attached() {
    let world = World::start().await;
    let answer = world.send(post("octets").token("drafts")).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (201, Some("private, no-store")),
        "{answer:?}"
    );
    let told = json!({"file": upload().as_str(), "name": "März _1.pdf", "type": "application/pdf", "size": 6,
        "expires": "2026-11-22T03:04:05Z"});
    assert_eq!(answer.json(), told);
    assert_eq!(
        *world.mail.outgoing.files.lock().unwrap(),
        [("März _1.pdf".into(), "application/pdf".into(), 6)]
    );
    let record = ("upload".to_owned(), vec![upload().to_string()], "ok".to_owned());
    assert_eq!(*world.gate.records.lock().unwrap(), [record]);
}

#[tokio::test]
async fn a_file_without_a_name_or_a_type_has_some() {
    let world = World::start().await;
    let answer = world.send(Ask::new("POST", "/files").token("all").body("x")).await.json();
    assert_eq!(
        (&answer["name"], &answer["type"]),
        (&json!("attachment"), &json!("application/octet-stream"))
    );
    assert_eq!(world.mail.outgoing.files.lock().unwrap()[0].1, "", "the engine looks at the name");
}

#[tokio::test]
async fn only_a_grant_that_writes_may_hand_over_files() {
    let world = World::start().await;
    assert_eq!(world.send(post("x")).await.status, 401);
    assert_eq!(world.send(post("x").token("nobody")).await.status, 401);
    let narrow = world.send(post("x").token("reads")).await;
    assert_eq!(narrow.status, 403);
    assert!(narrow.header("www-authenticate").unwrap().contains("scope=\"mail:draft\""), "{narrow:?}");
    assert_eq!(world.send(post("x").token("all").header("origin", "https://evil.example")).await.status, 403);
    assert_eq!(world.send(post("x").token("all").header("host", "evil.example")).await.status, 403);
    assert_eq!(world.send(Ask::new("GET", "/files").token("all")).await.status, 405);
    assert!(world.mail.outgoing.files.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_has_a_size_at_most_said_or_not() {
    let world = World::with(|settings| settings.max_upload = 5).await;
    assert_eq!(world.send(post("12345").token("all")).await.status, 201);
    let said = world.send(post("123456").token("all")).await;
    assert_eq!((said.status, said.body.as_str()), (413, "A file may have 5 octets.\n"));
    let mut stream = dial(world.port).await;
    let head = format!(
        "POST /files HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: Bearer all\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n",
        world.port
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(world.mail.outgoing.files.lock().unwrap().len(), 1);
    let outcomes: Vec<String> = world.gate.records.lock().unwrap().iter().map(|one| one.2.clone()).collect();
    assert_eq!(outcomes, ["ok", "too_large", "too_large"]);
}

#[tokio::test]
async fn a_form_and_a_packed_body_are_no_files() {
    let world = World::start().await;
    for (name, value) in [("content-type", "multipart/form-data; boundary=x"), ("content-encoding", "gzip")] {
        let answer = world.send(post("x").header(name, value).token("all")).await;
        assert_eq!(answer.status, 415, "{answer:?}");
    }
}

#[tokio::test]
async fn an_upload_counts_as_a_call_and_a_grant_has_so_many_at_once() {
    let world = World::with(|settings| settings.uploads_per_grant = 0).await;
    assert_eq!(world.send(post("x").token("all")).await.status, 429);
    let world = World::start().await;
    world.gate.wait.store(9, Ordering::Relaxed);
    let answer = world.send(post("x").token("all")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("9")));
}

#[tokio::test]
async fn a_file_that_does_not_come_is_not_waited_for() {
    let world = World::with(|settings| settings.download_idle = Duration::from_millis(50)).await;
    let mut stream = dial(world.port).await;
    let head = format!(
        "POST /files HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: Bearer all\r\nconnection: close\r\n\
         content-length: 100\r\n\r\n123",
        world.port
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(world.mail.outgoing.files.lock().unwrap().is_empty());
}
