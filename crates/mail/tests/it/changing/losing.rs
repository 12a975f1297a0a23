//! Moves and copies over which the connection is lost: how far they came is found out on another one.

use mail::{
    Error,
    imap::change::{Changed, End, How, Messages},
};

use super::{
    moving::{FETCH, done, ends, rows, transfers},
    row, select,
};
use crate::script::{Script, examined, hello};

/// Looks into INBOX anew, where these are still.
fn look(rows: &str) -> String {
    "C: {x} EXAMINE INBOX\n".to_owned() + FETCH + &examined("x", 7, 9) + rows + "S: {f} OK\n"
}

/// The same where it is open already.
fn look_again(rows: &str) -> String {
    "C: {n} NOOP\nS: {n} OK\n".to_owned() + FETCH + rows + "S: {f} OK\n"
}

/// Looks into Work, where the copies of 3 to 5 may be.
fn look_there(rows: &str) -> String {
    "C: {x} EXAMINE Work\n".to_owned()
        + &examined("x", 11, 3)
        + "C: {w} FETCH 1:* (…)\n"
        + rows
        + "S: {w} OK\n"
}

/// The copy of a message, as it is there.
fn copy(uid: u32, of: u32) -> String {
    row(uid, "", "").replace(&format!("<{uid}@"), &format!("<{of}@"))
}

#[tokio::test]
async fn a_move_that_the_server_said_goodbye_over_is_looked_after() {
    let lost = select("INBOX")
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: * 1 EXPUNGE\nS: * BYE restarting\ncut";
    // 3 arrived; 5 is still here at first, and the server goes on.
    let second = look(&row(5, "", ""))
        + &look_there(&copy(20, 3))
        + &look("")
        + &look_there(&(copy(20, 3) + &copy(21, 5)));
    let outcome = done(transfers(vec![hello("MOVE") + &lost, hello("MOVE") + &second], How::Move).await);
    assert_eq!(ends(&outcome), [(3, Some(20), End::Done), (4, None, End::Unknown), (5, Some(21), End::Done)]);
    assert!(matches!(outcome.trouble, Some(Error::Bye(_))));
}

#[tokio::test]
async fn of_what_was_not_even_told_what_is_not_here_is_unknown() {
    let lost = select("INBOX") + FETCH + "C: {m} UID MOVE 3:5 Work\ncut";
    let second = look(&row(5, "", "")) + &look_again(&row(5, "", ""));
    let outcome = done(transfers(vec![hello("MOVE") + &lost, hello("MOVE") + &second], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Unknown), (4, None, End::Unknown), (5, None, End::Here)]);
    assert!(outcome.trouble.unwrap().is_connection_lost());
}

#[tokio::test]
async fn where_nothing_happened_it_is_an_error() {
    let lost = select("INBOX") + FETCH + "C: {m} UID MOVE 3:5 Work\ncut";
    let second = look(&rows()) + &look_again(&rows());
    let outcome = transfers(vec![hello("MOVE") + &lost, hello("MOVE") + &second], How::Move).await;
    assert!(outcome.unwrap_err().is_connection_lost());
}

#[tokio::test]
async fn a_waiting_connection_that_turns_out_dead_is_replaced() {
    let waiting = select("INBOX")
        + FETCH
        + "C: {n} NOOP\n"
        + &rows()
        + "S: {f} OK\nS: {n} OK\n"
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\ncut";
    let second = look(&rows())
        + &look_again(&rows())
        + &select("INBOX")
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: * 3 EXPUNGE\nS: {m} OK [COPYUID 11 3:5 20:22] done";
    let script = Script::play([hello("MOVE") + &waiting, hello("MOVE") + &second]).await;
    let script = script.tuned(|tuning| tuning.settling = std::time::Duration::ZERO);
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[3, 4, 5] };
    pool.change_flags(&messages, &mail::imap::change::FlagChange::default()).await.unwrap();
    let outcome = done(pool.transfer(&messages, b"Work", How::Move).await);
    assert_eq!(
        ends(&outcome),
        [(3, Some(20), End::Done), (4, Some(21), End::Done), (5, Some(22), End::Done)]
    );
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_copy_that_was_made_is_followed_by_the_removal_on_another_connection() {
    let lost = select("INBOX")
        + FETCH
        + "C: {c} UID COPY 3:5 Work\n"
        + &rows()
        + "S: {f} OK\nS: {c} OK [COPYUID 11 3:5 20:22] done\nC: {s} UID STORE 3:5 +FLAGS.SILENT (\\Deleted)\nC: {e} UID EXPUNGE 3:5\ncut";
    let finish = |uids: &str| {
        select("INBOX")
            + &format!(
                "C: {{s}} UID STORE {uids} +FLAGS.SILENT (\\Deleted)\nC: {{e}} UID EXPUNGE {uids}\nS: {{s}} OK\nS: {{e}} OK\n"
            )
    };
    // All are known to be there, so nobody looks there.
    let second = look(&(row(4, "\\Deleted", "") + &row(5, "", ""))) + &finish("4:5");
    let outcome =
        done(transfers(vec![hello("UIDPLUS") + &lost, hello("UIDPLUS") + &second], How::Move).await);
    assert_eq!(
        ends(&outcome),
        [(3, Some(20), End::Done), (4, Some(21), End::Done), (5, Some(22), End::Done)]
    );
    assert!(outcome.trouble.is_none());
}

#[tokio::test]
async fn of_a_copy_nobody_saw_the_end_of_only_what_is_there_is_removed_here() {
    let lost = select("INBOX") + FETCH + "C: {c} UID COPY 3:5 Work\n" + &rows() + "S: {f} OK\ncut";
    let there = copy(20, 3) + &copy(21, 4).replace("SIZE 100", "SIZE 99");
    let second = look(&rows())
        + &look_there(&there)
        + &look(&rows())
        + &look_there(&there)
        + &select("INBOX")
        + "C: {s} UID STORE 3 +FLAGS.SILENT (\\Deleted)\nC: {e} UID EXPUNGE 3\nS: {s} OK\nS: {e} NO not now\n";
    let outcome =
        done(transfers(vec![hello("UIDPLUS") + &lost, hello("UIDPLUS") + &second], How::Move).await);
    assert_eq!(ends(&outcome), [(3, Some(20), End::Both), (4, None, End::Here), (5, None, End::Here)]);
    // The first trouble is the loss.
    assert!(outcome.trouble.unwrap().is_connection_lost());
}

/// The row of a message without a Message-ID.
fn nameless(uid: u32) -> String {
    row(uid, "", "").replace(&format!("Message-ID: <{uid}@x.org>"), "")
}

#[tokio::test]
async fn what_has_no_message_id_is_not_taken_for_its_copy_and_removed() {
    let nameless_rows = || (3..=5).map(nameless).collect::<String>();
    let lost = select("INBOX") + FETCH + "C: {c} UID COPY 3:5 Work\n" + &nameless_rows() + "S: {f} OK\ncut";
    // Two are there of that size and second, of whatever message; 5 is not here any more.
    let there = nameless(20) + &nameless(21);
    let here = || nameless(3) + &nameless(4);
    let second = look(&here()) + &look_there(&there) + &look(&here()) + &look_there(&there);
    let outcome =
        done(transfers(vec![hello("UIDPLUS") + &lost, hello("UIDPLUS") + &second], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Both), (4, None, End::Both), (5, None, End::Unknown)]);
    assert!(outcome.trouble.unwrap().is_connection_lost());
    // What only copies does not know it either, and leaves it to be looked for.
    let second = look(&here()) + &look_there(&there) + &look(&here()) + &look_there(&there);
    let outcome = done(transfers(vec![hello("MOVE") + &lost, hello("MOVE") + &second], How::Copy).await);
    assert_eq!(ends(&outcome), [(3, None, End::Unknown), (4, None, End::Unknown), (5, None, End::Unknown)]);
}

#[tokio::test]
async fn after_a_crash_what_has_no_message_id_is_left_at_both_places() {
    let rest = look(&(nameless(3) + &row(4, "", ""))) + &look_there(&(nameless(20) + &copy(21, 4)));
    let rest = rest
        + &select("INBOX")
        + "C: {s} UID STORE 4 +FLAGS.SILENT (\\Deleted)\nC: {e} UID EXPUNGE 4\nS: {s} OK\nS: {e} OK";
    let script = Script::play([hello("UIDPLUS") + &rest]).await;
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[3, 4, 5] };
    let Changed::Done(outcome) = pool.finish_transfer(&messages, b"Work", &[]).await.unwrap() else {
        panic!("stale")
    };
    assert_eq!(ends(&outcome), [(3, None, End::Both), (4, Some(21), End::Done), (5, None, End::Unknown)]);
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn marks_of_others_are_put_back_when_the_connection_is_lost_over_the_removal() {
    let lost = select("INBOX")
        + FETCH
        + "C: {c} UID COPY 3:5 Work\nC: {n} NOOP\n"
        + &rows()
        + "S: {f} OK\nS: {c} OK\nS: {n} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH 8\nS: {b} OK\n\
           C: {d} UID STORE 8 -FLAGS.SILENT (\\Deleted)\ncut";
    let second = select("INBOX")
        + "C: {h} UID STORE 8 +FLAGS.SILENT (\\Deleted)\nS: {h} OK\n"
        + &look_again(&rows())
        // It begins anew: others first.
        + "C: {n} NOOP\nS: {n} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH\nS: {b} OK\n\
           C: {s} UID STORE 3:5 +FLAGS.SILENT (\\Deleted)\nC: {e} EXPUNGE\nS: {s} OK\nS: {e} OK\n";
    let outcome = done(transfers(vec![hello("") + &lost, hello("") + &second], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Done), (4, None, End::Done), (5, None, End::Done)]);
}

#[tokio::test]
async fn while_the_server_cannot_be_asked_nothing_is_said_to_have_happened() {
    let lost = select("INBOX")
        + FETCH
        + "C: {m} UID MOVE 3:5 Work\n"
        + &row(3, "", "")
        + &row(5, "", "")
        + "S: {f} OK\ncut";
    let down = "S: * BYE down for maintenance\ncut".to_owned();
    let outcome = done(transfers(vec![hello("MOVE") + &lost, down.clone(), down], How::Move).await);
    assert_eq!(ends(&outcome), [(3, None, End::Unknown), (5, None, End::Unknown)]);
    assert!(outcome.trouble.unwrap().is_connection_lost());
}

#[tokio::test]
async fn on_gmail_what_is_under_both_labels_is_left_alone() {
    let rest = look(&rows()) + &look_there(&(copy(20, 3) + &copy(21, 4)));
    let script = Script::play([hello("MOVE UIDPLUS X-GM-EXT-1") + &rest]).await;
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[3, 4, 5] };
    let Changed::Done(outcome) = pool.finish_transfer(&messages, b"Work", &[]).await.unwrap() else {
        panic!("stale")
    };
    assert_eq!(ends(&outcome), [(3, Some(20), End::Both), (4, Some(21), End::Both), (5, None, End::Here)]);
    pool.close();
    script.done().await;
}
