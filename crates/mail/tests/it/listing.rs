//! The newest and older rows of a mailbox: which are there, and how many flights they take.

use mail::{
    Error,
    imap::{
        Session,
        listing::{self, Rows},
    },
};

use crate::script::{Script, examined, hello, row, rows};

/// The numbers of the rows, from their subjects.
fn numbers(rows: &Rows) -> Vec<u32> {
    rows.rows.iter().map(|(_, row)| row.envelope.subject.parse().unwrap()).collect()
}

/// A session with `INBOX` of that many messages open; its script goes on with `rest`.
async fn opened(exists: u32, rest: &str) -> (Script, Session) {
    let transcript = hello("MOVE") + "C: {x} EXAMINE INBOX\n" + &examined("x", 7, exists) + rest;
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    (script, session)
}

/// The newest three of what [`opened`] opened.
async fn newest(exists: u32, rest: &str) -> Rows {
    let (script, mut session) = opened(exists, rest).await;
    let rows = listing::newest(&mut session, b"INBOX", 3).await.unwrap();
    drop(session);
    script.done().await;
    rows
}

#[tokio::test]
async fn the_newest_rows_of_an_open_mailbox_are_one_flight() {
    let page = newest(
        50,
        &format!("C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\n{}S: {{f}} OK\nS: {{z}} OK", say(rows(48..=50))),
    )
    .await;
    assert_eq!(numbers(&page), [50, 49, 48]);
    assert_eq!((page.total, page.is_last, page.selected.validity), (50, false, 7));
}

/// Rows as lines that the server says.
fn say(rows: impl AsRef<str>) -> String {
    rows.as_ref().lines().fold(String::new(), |text, line| text + "S: " + line + "\n")
}

#[tokio::test]
async fn fifty_rows_are_one_flight() {
    let rest =
        format!("C: {{f}} FETCH 951:* (…)\nC: {{z}} NOOP\n{}S: {{f}} OK\nS: {{z}} OK", say(rows(951..=1000)));
    let (script, mut session) = opened(1000, &rest).await;
    let page = listing::newest(&mut session, b"INBOX", 50).await.unwrap();
    assert_eq!(page.rows.len(), 50);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_message_delivered_before_the_call_is_in_the_answer() {
    // Dovecot answers `48:*` by what it told us of the mailbox, and announces the new one afterwards.
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\n{}S: {{f}} OK\nS: * 51 EXISTS\nS: * 1 RECENT\nS: {{z}} OK\nC: {{g}} FETCH 51:* (…)\n{}S: {{g}} OK",
        say(rows(48..=50)),
        say(rows([51]))
    );
    assert_eq!(numbers(&newest(50, &rest).await), [51, 50, 49]);
    // The same, announced before the rows.
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\nS: * 51 EXISTS\n{}S: {{f}} OK\nS: {{z}} OK\nC: {{g}} FETCH 51:* (…)\n{}S: {{g}} OK",
        say(rows(48..=50)),
        say(rows([51]))
    );
    assert_eq!(numbers(&newest(50, &rest).await), [51, 50, 49]);
}

#[tokio::test]
async fn mail_between_opening_and_fetching_is_seen() {
    let transcript = hello("MOVE")
        + "C: {x} EXAMINE INBOX\n"
        + &examined("x", 7, 2)
        + "C: {f} FETCH 1:* (…)\nS: * 3 EXISTS\n"
        + &say(rows(1..=3))
        + "S: {f} OK\nC: {g} FETCH 3:* (…)\n"
        + &say(rows([3]))
        + "S: {g} OK";
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    let page = listing::newest(&mut session, b"INBOX", 3).await.unwrap();
    assert_eq!((numbers(&page), page.total, page.is_last), (vec![3, 2, 1], 3, true));
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn an_open_empty_mailbox_is_asked_without_a_fetch() {
    let page = newest(0, "C: {n} NOOP\nS: {n} OK").await;
    assert!(page.rows.is_empty() && page.is_last);
    let rest = format!(
        "C: {{n}} NOOP\nS: * 1 EXISTS\nS: {{n}} OK\nC: {{f}} FETCH 1:* (…)\n{}S: {{f}} OK",
        say(rows([1]))
    );
    assert_eq!(numbers(&newest(0, &rest).await), [1]);
}

#[tokio::test]
async fn rows_below_an_expunged_one_are_asked_anew() {
    // 50 messages; 20 vanish: `48:*` is then the last one, as RFC 9051 has it for `*`.
    let gone: String = (0..20).map(|_| "S: * 1 EXPUNGE\n").collect();
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\n{gone}{}S: {{f}} OK\nS: {{z}} OK\nC: {{g}} FETCH 28:* (…)\n{}{}{}S: {{g}} OK",
        say(row(30, 50)),
        say(row(28, 48)),
        say(row(29, 49)),
        say(row(30, 50))
    );
    let page = newest(50, &rest).await;
    assert_eq!((numbers(&page), page.total), (vec![50, 49, 48], 30));
}

#[tokio::test]
async fn one_gone_and_one_come_leave_the_count_but_not_the_rows() {
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\n{}S: {{f}} OK\nS: * 2 EXPUNGE\nS: * 50 EXISTS\nS: {{z}} OK\nC: {{g}} FETCH 48:* (…)\n{}{}{}S: {{g}} OK",
        say(rows(48..=50)),
        say(row(48, 49)),
        say(row(49, 50)),
        say(row(50, 51))
    );
    assert_eq!(numbers(&newest(50, &rest).await), [51, 50, 49]);
}

#[tokio::test]
async fn an_answer_that_leaves_out_expunged_messages_is_completed() {
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{n}} NOOP\n{}S: {{f}} OK [EXPUNGEISSUED] some are gone\nS: * 49 EXPUNGE\nS: {{n}} OK\n\
         C: {{g}} FETCH 47:* (…)\n{}{}{}S: {{g}} OK",
        say(row(48, 48)),
        say(row(47, 47)),
        say(row(48, 48)),
        say(row(49, 50))
    );
    assert_eq!(numbers(&newest(50, &rest).await), [50, 48, 47]);
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{n}} NOOP\nS: {{f}} BAD no mailbox is open\nS: {{n}} OK\n\
         C: {{y}} EXAMINE INBOX\n{}C: {{g}} FETCH 1:* (…)\n{}S: {{g}} OK",
        examined("y", 7, 1),
        say(row(1, 1))
    );
    assert_eq!(numbers(&newest(50, &rest).await), [1]);
}

#[tokio::test]
async fn flags_sent_apart_belong_to_their_row_and_strangers_are_no_rows() {
    let rest = format!(
        "C: {{f}} FETCH 48:* (…)\nC: {{z}} NOOP\nS: * 3 FETCH (FLAGS (\\Deleted))\n{}S: * 48 FETCH (UID 148)\nS: {{f}} OK\nS: * 49 FETCH (FLAGS (\\Flagged))\nS: {{z}} OK",
        say(rows(48..=50))
    );
    let page = newest(50, &rest).await;
    assert_eq!(numbers(&page), [50, 49, 48]);
    assert_eq!(page.rows[1].1.flags, [domain::Flag::Flagged]);
    assert_eq!(page.rows[2].1.flags, [domain::Flag::Seen]);
}

#[tokio::test]
async fn a_row_split_over_several_responses_is_one_row() {
    let rest = "C: {f} FETCH 1:* (…)\nC: {z} NOOP\nS: * 1 FETCH (UID 9)\nS: * 1 FETCH (FLAGS (\\Seen) RFC822.SIZE 5)\n\
        S: * 1 FETCH (ENVELOPE (NIL {5}\nS: hello NIL NIL NIL NIL NIL NIL NIL NIL))\nS: {f} OK\nS: {z} OK";
    let page = newest(1, rest).await;
    assert_eq!(page.rows.len(), 1);
    assert_eq!((page.rows[0].1.uid, page.rows[0].1.size, &*page.rows[0].1.envelope.subject), (9, 5, "hello"));
}

#[tokio::test]
async fn older_rows_follow_the_page_before_even_if_others_vanished() {
    let rest = format!(
        "C: {{f}} FETCH 45:47 (…)\nS: * 1 EXPUNGE\n{}{}{}S: {{f}} OK\nC: {{g}} FETCH 44:44 (…)\n{}S: {{g}} OK",
        say(row(45, 46)),
        say(row(46, 47)),
        // One that the page before had already.
        say(row(47, 48)),
        say(row(44, 45))
    );
    let (script, mut session) = opened(50, &rest).await;
    let page = listing::older(&mut session, b"INBOX", 48, 148, 3).await.unwrap();
    assert_eq!(numbers(&page), [47, 46, 45]);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn the_oldest_page_says_so() {
    let rest = format!("C: {{f}} FETCH 1:2 (…)\n{}S: {{f}} OK", say(rows(1..=2)));
    let (_script, mut session) = opened(50, &rest).await;
    let page = listing::older(&mut session, b"INBOX", 3, 103, 3).await.unwrap();
    assert_eq!((numbers(&page), page.is_last), (vec![2, 1], true));
    let page = listing::older(&mut session, b"INBOX", 1, 101, 3).await.unwrap();
    assert!(page.rows.is_empty() && page.is_last);
}

#[tokio::test]
async fn a_mailbox_that_cannot_be_opened_leaves_none_open() {
    let rest = format!(
        "C: {{e}} EXAMINE Gone\nS: {{e}} NO [NONEXISTENT] no such mailbox\nC: {{x}} EXAMINE INBOX\n{}C: {{u}} EXAMINE Odd\n\
         S: * 1 EXISTS\nS: {{u}} OK no UIDVALIDITY here",
        examined("x", 7, 0)
    );
    let (script, mut session) = opened(50, &rest.replace("{x}", "{y}")).await;
    let refused = listing::newest(&mut session, b"Gone", 3).await;
    assert!(matches!(refused, Err(Error::Refused { code: Some(code), .. }) if code == "NONEXISTENT"));
    assert_eq!(session.selected(), None);
    assert_eq!(listing::newest(&mut session, b"INBOX", 3).await.unwrap().total, 0);
    assert!(matches!(listing::newest(&mut session, b"Odd", 3).await, Err(Error::NotSupported(_))));
    assert_eq!(session.selected(), None);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn names_are_sent_as_the_server_writes_them() {
    let transcript = hello("MOVE") + "C: {x} EXAMINE \"Entw&APw-rfe \\\"a\\\"\"\n" + &examined("x", 7, 0);
    let script = Script::play([transcript]).await;
    let mut session = script.sign_in().await.unwrap();
    listing::newest(&mut session, b"Entw&APw-rfe \"a\"", 3).await.unwrap();
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_told_to_be_missing() {
    let listed = |spoilt: &str| {
        hello("")
            + "C: {x} EXAMINE INBOX\n"
            + &examined("x", 7, 3)
            + "C: {f} FETCH 1:* (…)\nS: "
            + &row(1, 1)
            + spoilt
            + "S: "
            + &row(3, 3)
            + "S: {f} OK"
    };
    for (spoilt, has_gaps) in [("S: * 2 FETCH\n", true), ("S: * X-NEWS (of) something\n", false)] {
        let script = Script::play([listed(spoilt)]).await;
        let mut session = script.sign_in().await.unwrap();
        let rows = listing::newest(&mut session, b"INBOX", 50).await.unwrap();
        assert_eq!((rows.rows.len(), rows.has_gaps), (2, has_gaps), "{spoilt}");
    }
}
