//! Moves and copies that come to their end, or are refused, as it goes over the wire.

use mail::{
    Error,
    imap::{
        change::{Changed, End, How, Messages, Transferred},
        write::Placed,
    },
};

use super::{row, select};
use crate::script::{Script, examined, hello};

pub(super) const FETCH: &str = "C: {f} UID FETCH 3:5 (…)\n";

pub(super) async fn transfers(transcripts: Vec<String>, how: How) -> Result<Changed<Transferred>, Error> {
    let script = Script::play(transcripts).await.tuned(|tuning| tuning.settling = std::time::Duration::ZERO);
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[3, 4, 5] };
    let outcome = pool.transfer(&messages, b"Work", how).await;
    pool.close();
    script.done().await;
    outcome
}

pub(super) fn ends(outcome: &Transferred) -> Vec<(u32, Option<u32>, End)> {
    let one = |message: &mail::imap::change::OneTransferred| {
        (message.was.uid, message.to.map(|placed| placed.uid), message.end)
    };
    outcome.messages.iter().map(one).collect()
}

pub(super) fn done(outcome: Result<Changed<Transferred>, Error>) -> Transferred {
    match outcome {
        Ok(Changed::Done(done)) => done,
        other => panic!("{other:?}"),
    }
}

pub(super) fn rows() -> String {
    row(3, "", "") + &row(4, "\\Seen", "") + &row(5, "", "")
}

#[tokio::test]
async fn one_flight_behind_select_says_what_was_and_where_it_is() {
    // COPYUID by itself before the EXPUNGEs (RFC 6851), ranges downwards, out of order.
    let rest = select("INBOX")
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: * OK [COPYUID 11 5,4:3 20,22:21] moved\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: {m} OK";
    let outcome = done(transfers(vec![hello("MOVE UIDPLUS") + &rest], How::Move).await);
    assert_eq!(
        ends(&outcome),
        [(3, Some(21), End::Done), (4, Some(22), End::Done), (5, Some(20), End::Done)]
    );
    assert_eq!(outcome.messages[0].to, Some(Placed { validity: 11, uid: 21 }));
    assert_eq!(outcome.messages[1].was.flags, [domain::Flag::Seen]);
    assert!(outcome.trouble.is_none());
}

#[tokio::test]
async fn places_that_cannot_be_are_not_believed() {
    for code in [
        // Yahoo; and what is too short, doubled, endless, unreadable, of no mailbox.
        "[COPYUID 11 ] ",
        "[COPYUID 11 3:5 20:21] ",
        "[COPYUID 11 3:5 20,20,21] ",
        "[COPYUID 11 3:5 1:4294967295] ",
        "[COPYUID 11 3:5 20:*] ",
        "[COPYUID 0 3:5 20:22] ",
        "[COPYUID 11 3:4000000000 1:3999999998] ",
        // Which of 3 and 5 is 20 the standard leaves open; 4 is 21 in any case.
        "[COPYUID 11 5:3 20:22] ",
        "",
    ] {
        let rest = select("INBOX")
            + FETCH
            + "C: {m} UID MOVE 3:5 Work\n"
            + &rows()
            + "S: {f} OK\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\n"
            + &format!("S: {{m}} OK {code}done");
        let outcome = done(transfers(vec![hello("MOVE UIDPLUS") + &rest], How::Move).await);
        let middle = code.contains("5:3").then_some(21);
        let expected = [(3, None, End::Done), (4, middle, End::Done), (5, None, End::Done)];
        assert_eq!(ends(&outcome), expected, "{code}");
    }
}

#[tokio::test]
async fn only_what_is_certainly_copied_is_removed() {
    // 4 vanished in between: the server names what it copied. Another one came in meanwhile.
    let rest = select("INBOX")
        + FETCH
        + "C: {c} UID COPY 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: {c} OK [COPYUID 11 3,5 20:21] done\n\
           C: {s} UID STORE 3,5 +FLAGS.SILENT (\\Deleted)\nC: {e} UID EXPUNGE 3,5\nS: {s} OK\nS: {e} OK\n\
           C: {n} NOOP\nS: {n} OK\n"
        + FETCH
        + "S: {f} OK\nC: {x} EXAMINE Work\n"
        + &examined("x", 11, 2)
        + "C: {w} FETCH 1:* (…)\n"
        + &row(20, "", "").replace("<20@", "<3@")
        + &row(21, "", "").replace("<21@", "<5@")
        + "S: {w} OK";
    let outcome = done(transfers(vec![hello("UIDPLUS") + &rest], How::Move).await);
    assert_eq!(ends(&outcome), [(3, Some(20), End::Done), (4, None, End::Unknown), (5, Some(21), End::Done)]);
}

#[tokio::test]
async fn a_refused_copy_is_an_error_and_nothing_is_removed() {
    for (how, code) in [(How::Move, "OVERQUOTA"), (How::Copy, "TRYCREATE")] {
        let rest = select("INBOX")
            + FETCH
            + "C: {c} UID COPY 3:5 Work\n"
            + &rows()
            + &format!("S: {{f}} OK\nS: {{c}} NO [{code}] no\n")
            + "C: {x} EXAMINE INBOX\n"
            + FETCH
            + &examined("x", 7, 9)
            + &rows()
            + "S: {f} OK\nC: {x} EXAMINE Work\nS: {x} NO [NONEXISTENT] none";
        let outcome = transfers(vec![hello("UIDPLUS") + &rest], how).await;
        assert!(matches!(&outcome, Err(Error::Refused { code: Some(c), .. }) if c == code), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_move_that_stopped_half_way_says_of_each_where_it_is() {
    let rest = select("INBOX")
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: * OK [COPYUID 11 3 20] one\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: {m} NO [OVERQUOTA] full\nC: {x} EXAMINE INBOX\n"
        + FETCH
        + &examined("x", 7, 7)
        + &row(5, "", "")
        + "S: {f} OK\nC: {x} EXAMINE Work\n"
        + &examined("x", 11, 900)
        // Where copies are: among the newest; else they are searched for.
        + "C: {w} FETCH 699:* (…)\n"
        + &row(20, "", "").replace("<20@", "<3@")
        + &row(19, "", "").replace("<19@", "<4@").replace("SIZE 100", "SIZE 101")
        + "S: {w} OK\nC: {s} UID SEARCH 1:698 HEADER MESSAGE-ID \"<4@x.org>\"\nS: * SEARCH 7 8\nS: {s} OK\n\
           C: {g} UID FETCH 7:8 (…)\n"
        + &row(7, "", "").replace("<7@", "<4@").replace("01-Nov", "02-Nov")
        + &row(8, "", "").replace("<8@", "<4@")
        + "S: {g} OK";
    let outcome = done(transfers(vec![hello("MOVE UIDPLUS") + &rest], How::Move).await);
    assert_eq!(ends(&outcome), [(3, Some(20), End::Done), (4, Some(8), End::Done), (5, None, End::Here)]);
    assert!(matches!(outcome.trouble, Some(Error::Refused { code: Some(code), .. }) if code == "OVERQUOTA"));
}

#[tokio::test]
async fn without_uidplus_the_marks_of_others_are_taken_away_and_put_back() {
    let rest = select("INBOX")
        + FETCH
        + "C: {c} UID COPY 3:5 Work\nC: {n} NOOP\n"
        + &rows()
        + "S: {f} OK\nS: {c} OK\nS: {n} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH 4 8\nS: {b} OK\n\
           C: {d} UID STORE 8 -FLAGS.SILENT (\\Deleted)\nS: {d} OK\n\
           C: {n} NOOP\nS: {n} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH 4\nS: {b} OK\n\
           C: {s} UID STORE 3:5 +FLAGS.SILENT (\\Deleted)\nC: {e} EXPUNGE\nS: {s} OK\nS: {e} OK\n\
           C: {h} UID STORE 8 +FLAGS.SILENT (\\Deleted)\nS: {h} OK";
    let outcome = done(transfers(vec![hello("") + &rest], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Done), (4, None, End::Done), (5, None, End::Done)]);
}

#[tokio::test]
async fn what_a_server_cannot_do_safely_is_refused_before_anything_goes_out() {
    let few =
        "C: {x} SELECT INBOX\n".to_owned() + &super::selected("x", "S: * OK [PERMANENTFLAGS (\\Seen)] few\n");
    let read_only =
        "C: {x} SELECT INBOX\nS: * OK [UIDVALIDITY 7] valid\nS: {x} OK [READ-ONLY] opened\n".to_owned();
    for (capabilities, rest) in
        [("", &few), ("UIDPLUS X-GM-EXT-1", &select("INBOX")), ("MOVE UIDPLUS", &read_only)]
    {
        let outcome = transfers(vec![hello(capabilities) + rest], How::Move).await;
        assert!(matches!(outcome, Err(Error::NotSupported(_))), "{capabilities}: {outcome:?}");
    }
    // What only copies does not mind.
    let rest = read_only + FETCH + "C: {c} UID COPY 3:5 Work\n" + &row(3, "", "") + "S: {f} OK\nS: {c} OK";
    let outcome = done(transfers(vec![hello("MOVE UIDPLUS") + &rest], How::Copy).await);
    assert_eq!(ends(&outcome), [(3, None, End::Done)]);
}

#[tokio::test]
async fn a_server_with_a_limit_gets_groups_and_a_refusal_leaves_the_rest_untouched() {
    let rest = select("INBOX")
        + "C: {f} UID FETCH 3:4 (…)\nC: {m} UID MOVE 3:4 Work\n"
        + &row(3, "", "")
        + &row(4, "", "")
        + "S: {f} OK\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: {m} OK\n\
           C: {f} UID FETCH 5 (…)\nC: {m} UID MOVE 5 Work\n"
        + &row(5, "", "")
        + "S: {f} OK\nS: {m} NO [LIMIT] later\nC: {x} EXAMINE INBOX\nC: {f} UID FETCH 5 (…)\n"
        + &examined("x", 7, 7)
        + &row(5, "", "")
        + "S: {f} OK";
    let outcome = done(transfers(vec![hello("MOVE UIDPLUS MESSAGELIMIT=2") + &rest], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Done), (4, None, End::Done), (5, None, End::Here)]);
    assert!(outcome.trouble.is_some_and(|error| error.is_busy()));
}
