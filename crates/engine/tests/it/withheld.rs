//! What a grant that shows no codes does not get: codes in files, in names, in sources; and what cannot be
//! looked through is not given out either.

use domain::{Code, Limits, Principal, Problem};
use engine::{
    attachment::Form,
    read::{Message, Outcome, View},
    search::SearchRequest,
};
use futures_util::TryStreamExt as _;

use crate::{
    attachments::{attached, holding, id, lines, message, noise},
    world::{World, principal},
};

const CODE: &str = "Your verification code is 493028.";

fn showing(world: &World) -> Principal {
    principal(&world.dovecot, Limits { shows_codes: true, ..Limits::default() })
}

async fn octets(world: &World, principal: &Principal, uid: u32, index: usize) -> Result<Vec<u8>, Problem> {
    let download = world.engine.download(principal, &id(uid), index).await?;
    let pieces: Vec<bytes::Bytes> = download.body(0).try_collect().await?;
    Ok(pieces.concat())
}

async fn read(world: &World, principal: &Principal, uid: u32, view: View) -> Message {
    match world.engine.read(principal, &[id(uid)], view).await.unwrap().remove(0) {
        Outcome::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

/// A nested message of those parts.
fn nested(subject: &str, parts: &[String]) -> String {
    let mut text = format!(
        "Content-Type: message/rfc822\r\n\r\nSubject: {subject}\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
    );
    for part in parts {
        text.push_str("--i\r\n");
        text.push_str(part);
        text.push_str("\r\n");
    }
    text + "--i--\r\n"
}

#[tokio::test]
async fn a_document_that_could_not_be_looked_through_is_not_given_out() {
    // The reader of documents of this world cannot be started.
    let file = b"%PDF-1.7 of unknown words";
    let Some(world) =
        holding(vec![message("file", "A file.", &[attached("application/pdf", "a.pdf", file)])])
    else {
        return;
    };
    let refused = octets(&world, &world.principal, 1, 1).await.unwrap_err();
    assert_eq!(refused.code, Code::Internal);
    assert!(!refused.hint.contains("as: link"), "{refused:?}");
    let refused = world.engine.attachment(&world.principal, &id(1), 1, Form::Octets).await.unwrap_err();
    assert_eq!(refused.code, Code::Internal);
    assert_eq!(octets(&world, &showing(&world), 1, 1).await.unwrap(), file);
}

#[tokio::test]
async fn a_code_in_a_nested_message_withholds_it_whatever_else_it_carries() {
    let words = format!("Content-Type: text/plain\r\n\r\n{CODE}\r\n");
    let plain = "Content-Type: text/plain\r\n\r\nInner words\r\n".to_owned();
    let enormous = attached("application/octet-stream", "video.bin", &noise(2_000_000));
    let hidden = attached("text/plain", "code.txt", CODE.as_bytes());
    let deep = nested("Deeper", &[plain.clone(), hidden.clone()]);
    let parts = [
        nested("Long", &[words, enormous.clone()]),
        nested("Inner", &[plain.clone(), hidden]),
        nested("Outer", &[plain.clone(), deep]),
        nested("Nothing", &[plain, attached("text/plain", "a.txt", b"nothing")]),
    ];
    let Some(world) =
        holding(parts.iter().map(|part| message("hello", "A mail.", std::slice::from_ref(part))).collect())
    else {
        return;
    };
    let shown = showing(&world);
    for uid in 1..=3 {
        let refused = octets(&world, &world.principal, uid, 1).await.unwrap_err();
        assert_eq!(refused.code, Code::OutsideGrant, "{uid}");
        assert!(!octets(&world, &shown, uid, 1).await.unwrap().is_empty());
    }
    assert!(!octets(&world, &world.principal, 4, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_source_whose_files_hold_a_code_or_cannot_be_read_is_not_shown() {
    let hidden = attached("text/plain", "code.txt", CODE.as_bytes());
    let mail = format!("Subject: x\r\n\r\n{CODE}\r\n");
    let files = [
        hidden.clone(),
        attached("application/octet-stream", "forwarded.eml", mail.as_bytes()),
        nested("Inner", &["Content-Type: text/plain\r\n\r\nInner words\r\n".to_owned(), hidden]),
        attached("application/pdf", "a.pdf", b"%PDF-1.7 of unknown words"),
        attached("text/plain", "long.txt", "words and words\n".repeat(100_000).as_bytes()),
        attached("text/plain", "note.txt", b"nothing"),
        attached("image/png", "a.png", b"\x89PNG\r\n\x1a\n and so on"),
    ];
    let first_line =
        |part: &str| part.rsplit("\r\n\r\n").next().unwrap().lines().next().unwrap_or_default().to_owned();
    let Some(world) =
        holding(files.iter().map(|file| message("hello", "A file.", std::slice::from_ref(file))).collect())
    else {
        return;
    };
    let secret = lines(CODE.as_bytes());
    for (uid, file) in (1..).zip(&files) {
        let raw = read(&world, &world.principal, uid, View::Raw).await;
        let is_withheld = raw.body.contains("\n[The source is not shown: ");
        assert_eq!(is_withheld, uid <= 5, "{uid}: {}", raw.body);
        assert_eq!(raw.trust.masked_codes > 0, uid <= 3, "{uid}");
        assert!(!is_withheld || !raw.body.contains(&first_line(file)), "{uid}: {}", raw.body);
        assert!(!raw.body.contains(secret.trim()) && !raw.body.contains("493028"), "{uid}");
        assert!(raw.body.contains("ubject: hello"), "{uid}: {}", raw.body);
        let whole = read(&world, &showing(&world), uid, View::Raw).await.body;
        assert!(whole.contains(&first_line(file)), "{uid}");
    }
}

#[tokio::test]
async fn a_code_in_the_name_of_a_file_is_masked_like_any_other() {
    let inner = nested(CODE, &["Content-Type: text/plain\r\n\r\nInner words\r\n".to_owned()]);
    let Some(world) = holding(vec![message("hello", "A mail.", &[inner])]) else { return };
    for view in [View::Text, View::Full, View::Headers, View::Raw] {
        let message = read(&world, &world.principal, 1, view).await;
        assert!(message.attachments[0].name.contains("[code hidden]"), "{:?}", message.attachments);
        assert!(!format!("{message:?}").contains("493028"), "{view:?}: {message:?}");
        assert!(message.trust.masked_codes > 0);
    }
    let file = world.engine.attachment(&world.principal, &id(1), 1, Form::Text).await.unwrap();
    assert!(!format!("{file:?}").contains("493028"), "{file:?}");
    let shown = world.engine.attachment(&showing(&world), &id(1), 1, Form::Text).await.unwrap();
    assert!(shown.name.contains("493028"), "{}", shown.name);
}

#[tokio::test]
async fn a_subject_without_end_is_cut_before_it_is_looked_through() {
    let endless = "words, ".repeat(5_000);
    let Some(world) = holding(vec![message(&endless, "Text.", &[])]) else { return };
    let request = SearchRequest { limit: 10, ..SearchRequest::default() };
    let listed = world.engine.search(&world.principal, request).await.unwrap().rows.remove(0).subject;
    let shown = read(&world, &world.principal, 1, View::Text).await.subject;
    for subject in [listed, shown] {
        assert_eq!(subject.chars().count(), 2_001);
        assert!(subject.ends_with('…'));
    }
}

#[test]
fn a_long_message_is_read_where_it_keeps_nobody_else_waiting() {
    let mails =
        || vec![message("long", &"words and words\r\n".repeat(6_000), &[]), message("short", "x", &[])];
    // One thread for what takes long, and it is taken.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    let (free, taken) = std::sync::mpsc::channel::<()>();
    runtime.block_on(async {
        let Some(world) = holding(mails()) else { return };
        let taking = tokio::task::spawn_blocking(move || taken.recv());
        let long = read(&world, &world.principal, 1, View::Text);
        let short = async {
            for _ in 0..20 {
                assert_eq!(read(&world, &world.principal, 2, View::Text).await.subject, "short");
            }
            drop(free);
            taking.await.unwrap().is_err()
        };
        tokio::pin!(long);
        let is_free = tokio::select! {
            biased;
            _ = &mut long => panic!("it was read where others wait"),
            is_free = short => is_free,
        };
        assert!(is_free);
        assert_eq!(long.await.subject, "long");
    });
}
