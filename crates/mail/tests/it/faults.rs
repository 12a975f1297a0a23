//! Servers that break off, stall, flood and answer out of turn; callers that go away.

use std::time::Duration;

use mail::{
    Error,
    imap::{Session, command, listing, reading},
};

use crate::script::{Script, examined, hello, row};

async fn session(rest: &str) -> (Script, Session) {
    let script = Script::play([hello("MOVE") + rest]).await.tuned(|t| t.command = Duration::from_millis(400));
    let session = script.sign_in().await.unwrap();
    (script, session)
}

/// What a NOOP comes to.
async fn noop(rest: &str) -> Result<(), Error> {
    let (_script, mut session) = session(rest).await;
    let outcome = session.run_one(command::noop()).await.map(|_| ());
    let is_over = outcome.as_ref().is_err_and(Error::ends_connection);
    assert_eq!(session.is_open(), !is_over);
    outcome
}

#[tokio::test]
async fn a_server_that_breaks_off_is_told_apart_from_one_that_says_why() {
    assert!(noop("C: {a} NOOP\ncut").await.unwrap_err().is_connection_lost());
    assert!(
        matches!(noop("C: {a} NOOP\nS: * BYE maintenance").await, Err(Error::Bye(text)) if text == "maintenance")
    );
    let inside = "C: {a} NOOP\nS: * 1 FETCH (UID 3 BODY[] {500}\noctets: 100\ncut";
    assert!(noop(inside).await.unwrap_err().is_connection_lost());
    let inside_chunked = "C: {a} NOOP\nS: * 1 FETCH (UID 3 BODY[] {500000}\noctets: 100000\ncut";
    assert!(noop(inside_chunked).await.unwrap_err().is_connection_lost());
}

#[tokio::test]
async fn lines_that_are_no_imap_are_passed_over() {
    noop("C: {a} NOOP\nS: what is this\nS: \nS: * \nS: * 99999999999999 EXISTS\nS: *\nS: * FETCH\nS: X99 OK whose?\nS: + really?\nS: * OK [\nS: {a} OK").await.unwrap();
}

#[tokio::test]
async fn a_stall_ends_at_the_deadline_and_ends_the_connection() {
    let started = std::time::Instant::now();
    assert!(matches!(noop("C: {a} NOOP\nstall").await, Err(Error::Timeout("NOOP"))));
    assert!(started.elapsed() < Duration::from_secs(3));
    // One that drips a byte now and then does not live longer.
    let drip = "C: {a} NOOP\n".to_owned() + &"part: x\nwait: 50\n".repeat(40);
    assert!(matches!(noop(&drip).await, Err(Error::Timeout("NOOP"))));
    assert!(started.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_flood_ends_instead_of_filling_memory() {
    let flood = "C: {a} LIST …\nC: {b} LSUB …\nflood: 600000 * LIST () \"/\" some/folder/with/a/name";
    let script = Script::play([hello("") + flood]).await;
    let mut session = script.sign_in().await.unwrap();
    let outcome = mail::imap::folder::list(&mut session, true).await;
    assert!(matches!(outcome, Err(Error::TooLarge("LIST"))), "{outcome:?}");
    assert!(!session.is_open());
}

#[tokio::test]
async fn large_literals_without_number_in_one_response_end_it_too() {
    // Forty literals of 3 MB, each below every bound for itself.
    let literals = " BODY[1] {3000000}\noctets: 3000000\nS: ".repeat(40);
    let rest = "C: {x} EXAMINE INBOX\n".to_owned()
        + &examined("x", 7, 9)
        + "C: {f} UID FETCH 5 (…)\nS: * 4 FETCH (UID 5"
        + &literals;
    let script = Script::play([hello("") + &rest]).await;
    let mut session = script.sign_in().await.unwrap();
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    let outcome = reading::raw(&mut session, b"INBOX", 7, &[5], 1 << 20).await;
    assert!(matches!(outcome, Err(Error::TooLarge(_))));
}

#[tokio::test]
async fn an_endless_line_ends_the_connection() {
    assert!(matches!(noop("C: {a} NOOP\noctets: 9000000").await, Err(Error::TooLarge(_))));
    assert!(matches!(
        noop("C: {a} NOOP\nS: * 1 FETCH (BODY[] {99999999999999999999}").await,
        Err(Error::TooLarge(_))
    ));
}

#[tokio::test]
async fn completions_out_of_order_reach_their_commands() {
    let (script, mut session) =
        session("C: {a} NOOP\nC: {b} EXAMINE Gone\nC: {c} NOOP\nS: {c} OK third\nS: {b} NO [NONEXISTENT] second\nS: {a} OK first").await;
    let replies =
        session.run(vec![command::noop(), command::select::examine(b"Gone"), command::noop()]).await;
    assert_eq!(replies[0].as_ref().unwrap().status.text, "first");
    assert!(matches!(&replies[1], Err(Error::Refused { command: "EXAMINE", text, .. }) if text == "second"));
    assert_eq!(replies[2].as_ref().unwrap().status.text, "third");
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_refused_literal_takes_only_its_own_command_along() {
    // Without LITERAL+ a name beyond ASCII waits for the go-ahead; what is behind it waits as well.
    let (script, mut session) =
        session("C: {a} EXAMINE {5}\nS: {a} NO no such thing\nC: {b} EXAMINE {5}\nS: + go\nC: ünde\nC: {c} NOOP\nS: {b} NO\nS: {c} OK").await;
    let name = "ünde".as_bytes();
    let replies = session
        .run(vec![
            command::select::examine("öffn".as_bytes()),
            command::select::examine(name),
            command::noop(),
        ])
        .await;
    assert!(replies[0].is_err() && replies[1].is_err() && replies[2].is_ok());
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_call_that_was_cancelled_leaves_its_answer_to_nobody() {
    let rest = "C: {x} EXAMINE INBOX\n".to_owned()
        + &examined("x", 7, 9)
        + "C: {f} FETCH 9:* (…)\nC: {z} NOOP\nwait: 150\nS: "
        + &row(9, 9)
        + "S: {f} OK\nS: {z} OK\nC: {g} UID FETCH 109 (…)\nS: * 9 FETCH (UID 109 FLAGS () BODY[1]<0> \"mine\" \
           BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 4 1))\nS: {g} OK\nC: {h} NOOP\nS: {h} OK";
    let (script, mut session) = session(&rest).await;
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    let cancelled =
        tokio::time::timeout(Duration::from_millis(50), listing::newest(&mut session, b"INBOX", 1)).await;
    assert!(cancelled.is_err() && session.is_busy());
    let wanted = [reading::Wanted { uid: 109, known: None }];
    let sources = reading::sources(&mut session, b"INBOX", 7, &wanted).await.unwrap().unwrap();
    assert_eq!(&sources[&109].texts[0].1[..], b"mine");
    session.run_one(command::noop()).await.unwrap();
    assert!(!session.is_busy());
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn an_opening_that_was_cancelled_is_done_again() {
    let rest = "C: {x} EXAMINE INBOX\nwait: 150\n".to_owned()
        + &examined("x", 7, 9)
        + "C: {y} EXAMINE INBOX\n"
        + &examined("y", 7, 9);
    let (script, mut session) = session(&rest).await;
    let cancelled =
        tokio::time::timeout(Duration::from_millis(50), session.examine(b"INBOX", Vec::new())).await;
    assert!(cancelled.is_err());
    assert_eq!(session.selected(), None);
    let (selected, _) = session.examine(b"INBOX", Vec::new()).await.unwrap();
    assert_eq!((selected.validity, session.exists()), (7, 9));
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_charset_that_the_server_does_not_know_is_told_as_such() {
    let (_script, mut session) =
        session("C: {a} UID SEARCH CHARSET UTF-8 ALL\nS: {a} NO [BADCHARSET (US-ASCII)] sorry").await;
    let shape = command::search::Shape::List;
    let request = command::search::request(&session, &[], true, shape, None);
    assert!(session.run_one(request).await.unwrap_err().is_bad_charset());
}

#[tokio::test]
async fn what_the_open_mailbox_said_last_does_not_describe_the_next() {
    let rest = "C: {x} EXAMINE INBOX\n".to_owned()
        + &examined("x", 7, 9)
        + "C: {y} EXAMINE Other\nS: * OK [HIGHESTMODSEQ 99] still INBOX\nS: * 8 EXISTS\nS: * OK [CLOSED] now Other\n"
        + &examined("y", 3, 2);
    let (_script, mut session) = session(&rest).await;
    session.examine(b"INBOX", Vec::new()).await.unwrap();
    let (selected, _) = session.examine(b"Other", Vec::new()).await.unwrap();
    assert_eq!((selected.validity, selected.highest_modseq, session.exists()), (3, None, 2));
}

#[tokio::test]
async fn a_message_whose_answer_cannot_be_read_is_not_said_to_be_gone() {
    let answered = |line: &str| {
        "C: {x} EXAMINE INBOX\n".to_owned()
            + &examined("x", 7, 9)
            + "C: {f} UID FETCH 109 (…)\nS: "
            + line
            + "\nS: {f} OK done"
    };
    let wanted = [reading::Wanted { uid: 109, known: None }];
    for (line, is_gone) in
        [("* FETCH (UID 109", false), ("* 3 EXISTS", true), ("* X-NEWS (of) something", true)]
    {
        let (_script, mut session) = session(&answered(line)).await;
        session.examine(b"INBOX", Vec::new()).await.unwrap();
        let sources = reading::sources(&mut session, b"INBOX", 7, &wanted).await;
        match sources {
            Ok(Some(sources)) => assert!(is_gone && sources.is_empty(), "{line}"),
            other => assert!(!is_gone && matches!(other, Err(Error::Protocol(_))), "{line}: {other:?}"),
        }
    }
}
