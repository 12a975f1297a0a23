//! Parts in windows: what is asked, and what strange answers come to.

use bytes::Bytes;
use domain::PartPath;
use mail::{
    Error,
    imap::{
        Question as _, Session,
        part::{DecodedSize, Found, Place, Window},
    },
};

use crate::script::{Script, examined, hello};

async fn opened(capabilities: &str, rest: &str) -> (Script, Session) {
    let transcript = hello(capabilities) + "C: {x} EXAMINE INBOX\n" + &examined("x", 7, 9) + rest;
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    (script, session)
}

fn place(validity: u32) -> Place {
    Place { mailbox: Bytes::from_static(b"INBOX"), validity, uid: 5, path: PartPath(vec![2]) }
}

/// What a window of four octets from `from` on comes to when the server answers so.
async fn window(validity: u32, from: u64, answer: &str) -> Result<Found<Bytes>, Error> {
    let rest = format!("C: {{f}} UID FETCH 5 (UID BODY.PEEK[2]<{from}.4>)\nS: {answer}\nS: {{f}} OK");
    let (script, mut session) = opened("MOVE", &rest).await;
    let found = Window { place: &place(validity), from, octets: 4 }.ask(&mut session).await;
    drop(session);
    script.done().await;
    found
}

#[tokio::test]
async fn a_window_holds_what_was_asked_for_and_no_more() {
    for (from, answer, octets) in [
        (8, "* 2 FETCH (UID 5 BODY[2]<8> \"abcd\")", "abcd"),
        (8, "* 2 FETCH (BODY[2]<8> \"ab\" UID 5)", "ab"),
        (8, "* 2 FETCH (UID 5 BODY[2]<8> \"\")", ""),
        (8, "* 2 FETCH (UID 5 BODY[2]<8> NIL)", ""),
        // A server that does not say where a beginning begins, and one that gives more.
        (0, "* 2 FETCH (UID 5 BODY[2] \"abcd\")", "abcd"),
        (0, "* 2 FETCH (UID 5 BODY[2]<0> \"abcdefgh\")", "abcd"),
    ] {
        let found = window(7, from, answer).await.unwrap();
        assert_eq!(found, Found::Here(Bytes::from(octets)), "{answer}");
    }
}

#[tokio::test]
async fn a_server_that_knows_no_windows_is_not_believed() {
    for answer in ["* 2 FETCH (UID 5 BODY[2] \"abcdefghijkl\")", "* 2 FETCH (UID 5 BODY[2]<4> \"abcd\")"] {
        let refused = window(7, 8, answer).await.unwrap_err();
        assert!(matches!(refused, Error::Protocol(_)), "{answer}: {refused:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_gone_and_a_mailbox_that_is_new_are_told() {
    assert_eq!(window(7, 0, "* OK still here").await.unwrap(), Found::Gone);
    assert_eq!(window(7, 0, "* 2 FETCH (UID 6 BODY[2]<0> \"abcd\")").await.unwrap(), Found::Gone);
    assert_eq!(window(8, 0, "* 2 FETCH (UID 5 BODY[2]<0> \"abcd\")").await.unwrap(), Found::Stale);
}

#[tokio::test]
async fn the_decoded_size_is_asked_for_only_where_the_server_can_tell() {
    for (answer, size) in [
        ("S: * 2 FETCH (UID 5 BINARY.SIZE[2] 1234)\nS: {f} OK", Some(1_234)),
        ("S: {f} NO [UNKNOWN-CTE] no", None),
        ("S: * 2 FETCH (UID 5 BINARY.SIZE[2] many)\nS: {f} OK", None),
        ("S: {f} OK", None),
    ] {
        let rest = format!("C: {{f}} UID FETCH 5 (UID BINARY.SIZE[2])\n{answer}");
        let (script, mut session) = opened("BINARY", &rest).await;
        let told = DecodedSize { place: &place(7) }.ask(&mut session).await.unwrap();
        assert_eq!(told, size, "{answer}");
        drop(session);
        script.done().await;
    }
    let (script, mut session) = opened("MOVE", "").await;
    assert_eq!(DecodedSize { place: &place(7) }.ask(&mut session).await.unwrap(), None);
    drop(session);
    script.done().await;
}
