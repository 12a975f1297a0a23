//! What threads need of servers: their own threads, and several mailboxes read in one flight.

use domain::{
    Query,
    query::{Expr, Term},
};
use mail::imap::{
    Question as _, Session,
    command::{
        fetch,
        search::{self, Order, Shape},
    },
    reading::{Several, Sources, Wanted},
    row::{Found, Row},
    search::{Abilities, compile},
};
use time::UtcOffset;

use crate::script::{Script, examined, hello, row};

async fn playing(capabilities: &str, rest: &str) -> (Script, Session) {
    let script = Script::play([hello(capabilities) + rest]).await;
    let session = script.sign_in().await.unwrap();
    (script, session)
}

/// The UIDs that a server finds of its thread `id`.
async fn find(capabilities: &str, id: &str, rest: &str) -> Vec<u32> {
    let (script, mut session) = playing(capabilities, rest).await;
    let abilities = Abilities { gmail: session.capabilities().has("X-GM-EXT-1"), ..Abilities::default() };
    let plan = compile(&Query::from(Expr::Term(Term::Thread(id.into()))), abilities, UtcOffset::UTC);
    assert_eq!(plan.residual, None);
    let shape = Shape::choose(&session, Order::Filed, 1, 2_000);
    let request = search::request(&session, &plan.criteria, false, shape, None);
    let found = search::read(&session.run_one(request).await.unwrap(), shape).unwrap();
    drop(session);
    script.done().await;
    found.uids
}

#[tokio::test]
async fn a_servers_own_thread_is_one_search() {
    let rest = "C: {a} UID SEARCH RETURN (COUNT ALL) X-GM-THRID 1278455344230334865\n\
         S: * ESEARCH (TAG \"{a}\") UID COUNT 3 ALL 4,9:10\nS: {a} OK";
    assert_eq!(find("ESEARCH X-GM-EXT-1", "1278455344230334865", rest).await, [10, 9, 4]);
    let rest = "C: {a} UID SEARCH THREADID T64b478a75b7ea9\nS: * SEARCH 4 9\nS: {a} OK";
    assert_eq!(find("OBJECTID", "T64b478a75b7ea9", rest).await, [9, 4]);
}

#[tokio::test]
async fn rows_carry_the_thread_where_the_server_keeps_one() {
    for (told, thread) in [("THREADID (T64b478a75b7ea9)", Some("T64b478a75b7ea9")), ("THREADID NIL", None)] {
        let rest = format!(
            "C: {{a}} UID FETCH 101 (UID FLAGS … THREADID)\nS: {}S: {{a}} OK",
            row(1, 1).replace(" FLAGS", &format!(" {told} FLAGS"))
        );
        let (script, mut session) = playing("OBJECTID", &rest).await;
        let request = fetch::rows_of(session.capabilities(), &[101]);
        let rows = fetch::read(session.run_one(request).await.unwrap());
        let row = rows.into_iter().find_map(fetch::summary).unwrap();
        assert_eq!(row.server_thread().as_deref(), thread);
        drop(session);
        script.done().await;
    }
}

#[tokio::test]
async fn one_row_is_one_flight_and_knows_what_is_gone_or_of_before() {
    for (validity, answer, expected) in [
        (7, row(1, 1), None),
        (7, "* 1 FETCH (UID 101 FLAGS (\\Seen))\n".to_owned(), Some(Found::Gone)),
        (8, row(1, 1), Some(Found::Stale)),
    ] {
        let rest = "C: {x} EXAMINE Sent\nC: {a} UID FETCH 101 (…)\n".to_owned()
            + &examined("x", validity, 1)
            + &format!("S: {answer}S: {{a}} OK");
        let (script, mut session) = playing("", &rest).await;
        let found = Row { mailbox: b"Sent", validity: 7, uid: 101 }.ask(&mut session).await.unwrap();
        match expected {
            Some(expected) => assert_eq!(found, expected),
            None => assert!(matches!(found, Found::Row(row) if row.uid == 101)),
        }
        drop(session);
        script.done().await;
    }
}

const STATE: &str = "FLAGS () INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
    ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)";

#[tokio::test]
async fn messages_of_several_mailboxes_are_read_in_one_flight() {
    let part = |uid: u32, size: usize, text: &str| {
        format!(
            "S: * 1 FETCH (UID {uid} {STATE} BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" {size} 1) BODY[1]<0> {text})\n"
        )
    };
    let rest = "C: {x} EXAMINE INBOX\nC: {a} UID FETCH 5 (…)\nC: {y} EXAMINE Sent\nC: {b} UID FETCH 5 (…)\n\
         C: {z} EXAMINE Old\nC: {c} UID FETCH 5 (…)\nC: {w} EXAMINE Gone\nC: {d} UID FETCH 5 (…)\n"
        .to_owned()
        + &examined("x", 7, 1)
        + &part(5, 90_000, "{65536}\noctets: 65536\nS: ")
        + "S: {a} OK\n"
        + &examined("y", 7, 1)
        + &part(5, 4, "\"sent\"")
        + "S: {b} OK\n"
        + &examined("z", 8, 1)
        + &part(5, 3, "\"old\"")
        + "S: {c} OK\nS: {w} NO [NONEXISTENT] gone\nS: {d} BAD nothing open\n"
        // Only what was longer than guessed is asked for again, where it is.
        + "C: {v} EXAMINE INBOX\nC: {e} UID FETCH 5 (UID FLAGS BODY.PEEK[1])\n"
        + &examined("v", 7, 1)
        + "S: * 1 FETCH (UID 5 FLAGS () BODY[1] {90000}\noctets: 90000\nS: )\nS: {e} OK";
    let (script, mut session) = playing("", &rest).await;
    let wanted = [Wanted { uid: 5, known: None }];
    let question =
        |mailbox: &'static [u8]| Sources { mailbox, validity: 7, wanted: &wanted, with_text: true };
    let question = [question(b"INBOX"), question(b"Sent"), question(b"Old"), question(b"Gone")];
    let answers = Several(&question).ask(&mut session).await.unwrap();
    let lengths: Vec<Option<usize>> = answers
        .iter()
        .map(|answer| answer.as_ref().ok()?.as_ref().map(|sources| sources[&5].texts[0].1.len()))
        .collect();
    assert_eq!(lengths, [Some(90_000), Some(4), None, None]);
    assert!(matches!(answers[2], Ok(None)) && answers[3].is_err());
    drop(session);
    script.done().await;
}
