//! What reading a message asks for, in how many flights, and what it makes of strange answers.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use domain::Summary;
use mail::imap::{
    Session, listing,
    reading::{self, Source, Wanted},
};

use crate::script::{Script, examined, hello, row};

async fn opened(rest: &str) -> (Script, Session) {
    let transcript = hello("MOVE") + "C: {x} EXAMINE INBOX\n" + &examined("x", 7, 9) + rest;
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    (script, session)
}

async fn read(uids: &[u32], rest: &str) -> BTreeMap<u32, Source> {
    let (script, mut session) = opened(rest).await;
    let wanted: Vec<Wanted> = uids.iter().map(|uid| Wanted { uid: *uid, known: None }).collect();
    let sources = reading::sources(&mut session, b"INBOX", 7, &wanted).await.unwrap().unwrap();
    drop(session);
    script.done().await;
    sources
}

fn text(source: &Source) -> String {
    source.texts.iter().map(|(_, data)| String::from_utf8_lossy(data).into_owned()).collect()
}

const STATE: &str = "FLAGS () INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
    ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)";

#[tokio::test]
async fn a_cold_read_of_plain_text_is_one_flight() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER] BODY.PEEK[1]<0.65536> …)\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1) \
         BODY[HEADER] \"Subject: s\" BODY[1]<0> \"hello\" BODY[1.1]<0> NIL BODY[2]<0> NIL)\nS: {{f}} OK"
    );
    let sources = read(&[5], &rest).await;
    assert_eq!((text(&sources[&5]), sources[&5].missing), ("hello".to_owned(), 0));
    assert_eq!(&sources[&5].header[..], b"Subject: s");
}

#[tokio::test]
async fn a_known_message_is_one_flight_and_its_flags_are_fresh() {
    let rest = format!(
        "C: {{f}} FETCH 9:* (…)\nC: {{z}} NOOP\nS: {}C: {{g}} UID FETCH 109 (UID FLAGS BODY.PEEK[HEADER] BODY.PEEK[1])\n\
         S: * 9 FETCH (UID 109 FLAGS (\\Flagged) BODY[HEADER] \"\" BODY[1] \"hello world\")\nS: {{g}} OK",
        row(9, 9) + "S: {f} OK\nS: {z} OK\n"
    );
    let (script, mut session) = opened(&rest).await;
    let page = listing::newest(&mut session, b"INBOX", 1).await.unwrap();
    let known: Arc<Summary> = Arc::new(page.rows[0].1.clone());
    let wanted = [Wanted { uid: 109, known: Some(known) }];
    let sources = reading::sources(&mut session, b"INBOX", 7, &wanted).await.unwrap().unwrap();
    assert_eq!(text(&sources[&109]), "hello world");
    assert_eq!(sources[&109].summary.flags, [domain::Flag::Flagged]);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn large_literals_in_chunks_reach_their_parts() {
    // 100,000 and 70,000 octets, eight kilobytes at a time; the second part is HTML beyond the guess.
    let rest = format!(
        "C: {{f}} UID FETCH 5 (…)\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 100000 1) BODY[1]<0> {{65536}}\n\
         octets: 65536\nS:  BODY[HEADER] {{70000}}\nchunks: 1000\noctets: 70000\nS: )\nS: {{f}} OK\n\
         C: {{g}} UID FETCH 5 (UID FLAGS BODY.PEEK[1])\n\
         S: * 2 FETCH (UID 5 FLAGS () BODY[1] {{100000}}\noctets: 100000\nS:  BODY[TEXT] {{90000}}\noctets: 90000\nS: )\nS: {{g}} OK"
    );
    let sources = read(&[5], &rest).await;
    assert_eq!(sources[&5].header.len(), 70_000);
    assert_eq!((text(&sources[&5]).len(), sources[&5].missing), (100_000, 0));
}

#[tokio::test]
async fn two_messages_complete_in_any_order_and_keep_their_own() {
    let rest = format!(
        "C: {{f}} UID FETCH 5:6 (…)\n\
         S: * 3 FETCH (UID 6 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 3 1) BODY[1]<0> \"six\")\n\
         S: * 2 EXPUNGE\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 4 1) BODY[1]<0> \"five\")\n\
         S: * 7 EXISTS\nS: * 3 FETCH (FLAGS (\\Seen))\nS: {{f}} OK"
    );
    let sources = read(&[5, 6], &rest).await;
    assert_eq!((&*text(&sources[&5]), &*text(&sources[&6])), ("five", "six"));
}

#[tokio::test]
async fn messages_with_one_number_after_an_expunge_are_not_mixed_up() {
    let part = |uid: u32, text: &str| {
        format!(
            "S: * 1 FETCH (UID {uid} {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" {} 1) BODY[1]<0> \"{text}\")\n",
            text.len()
        )
    };
    let rest = format!(
        "C: {{f}} UID FETCH 5:6 (…)\n{}S: * 1 EXPUNGE\n{}S: {{f}} OK",
        part(5, "five"),
        part(6, "six")
    );
    let sources = read(&[5, 6], &rest).await;
    assert_eq!((&*text(&sources[&5]), &*text(&sources[&6])), ("five", "six"));
}

#[tokio::test]
async fn what_vanished_between_two_flights_is_gone_and_not_empty() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (…)\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 90000 1) BODY[1]<0> {{65536}}\noctets: 65536\nS: )\nS: {{f}} OK\n\
         C: {{g}} UID FETCH 5 (…)\nS: * 2 EXPUNGE\nS: {{g}} OK"
    );
    assert!(read(&[5], &rest).await.is_empty());
    assert!(read(&[5], "C: {f} UID FETCH 5 (…)\nS: {f} OK").await.is_empty());
}

#[tokio::test]
async fn a_size_that_was_only_estimated_does_not_count_as_missing_text() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (…)\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 9 1) BODY[1]<0> \"hello\")\nS: {{f}} OK"
    );
    let sources = read(&[5], &rest).await;
    assert_eq!((text(&sources[&5]), sources[&5].missing), ("hello".to_owned(), 0));
}

#[tokio::test]
async fn a_message_without_a_structure_is_read_whole() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (…)\nS: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE NIL BODY[HEADER] \"A: b\")\nS: {{f}} OK\n\
         C: {{g}} UID FETCH 5 (UID FLAGS BODY.PEEK[]<0.1048576>)\nS: * 2 FETCH (UID 5 FLAGS () BODY[]<0> \"A: b\")\nS: {{g}} OK"
    );
    let sources = read(&[5], &rest).await;
    assert_eq!(sources[&5].whole.as_deref(), Some(&b"A: b"[..]));
}

#[tokio::test]
async fn uids_of_another_uidvalidity_mean_nothing() {
    let transcript = hello("MOVE")
        + "C: {x} EXAMINE INBOX\nC: {f} UID FETCH 5 (…)\n"
        + &examined("x", 8, 9)
        + &format!("S: * 1 FETCH (UID 5 {STATE})\nS: {{f}} OK");
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    let wanted = [Wanted { uid: 5, known: None }];
    assert!(reading::sources(&mut session, b"INBOX", 7, &wanted).await.unwrap().is_none());
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn raw_gives_the_message_as_it_is_stored() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (… BODY.PEEK[HEADER] BODY.PEEK[]<0.80000>)\n\
         S: * 2 FETCH (UID 5 {STATE} BODY[HEADER] {{70000}}\noctets: 70000\nS:  BODY[]<0> {{80000}}\noctets: 80000\nS: )\nS: {{f}} OK"
    );
    let (_script, mut session) = opened(&rest).await;
    let raw = reading::raw(&mut session, b"INBOX", 7, &[5], 80_000).await.unwrap().unwrap();
    assert_eq!((raw[&5].1.len(), raw[&5].2.len()), (70_000, 80_000));
}

#[tokio::test]
async fn literals_nobody_asked_for_are_not_kept() {
    // Ten literals of 8 MB in one response, of a message that was not asked for.
    let mut rest = "C: {f} UID FETCH 5 (…)\nS: * 4 FETCH (UID 4".to_owned();
    for part in 1..=10 {
        let _ = write!(rest, " BODY[{part}] {{8000000}}\noctets: 8000000\nS: ");
    }
    rest.push_str(")\nS: {f} OK");
    assert!(read(&[5], &rest).await.is_empty());
}

#[tokio::test]
async fn headers_alone_ask_for_no_octet_of_a_body() {
    let rest = format!(
        "C: {{f}} UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])\n\
         S: * 2 FETCH (UID 5 {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1) \
         BODY[HEADER] \"Subject: s\")\nS: {{f}} OK"
    );
    let (script, mut session) = opened(&rest).await;
    let wanted = [Wanted { uid: 5, known: None }];
    let sources = reading::headers(&mut session, b"INBOX", 7, &wanted).await.unwrap().unwrap();
    assert_eq!(&sources[&5].header[..], b"Subject: s");
    assert!(sources[&5].texts.is_empty() && sources[&5].missing == 0);
    drop(session);
    script.done().await;
}
