//! Flags and labels, as it goes over the wire.

use domain::Flag;
use mail::{
    Error,
    imap::change::{Changed, FlagChange, FlagsChanged, Messages, Revert, Reverted},
};

use super::{row, select, selected};
use crate::script::{Script, hello};

/// What no server has to read a message for.
const FETCH: &str = "C: {f} UID FETCH 3:4 (UID FLAGS INTERNALDATE";

async fn changes(transcripts: Vec<String>, change: &FlagChange<'_>) -> Result<Changed<FlagsChanged>, Error> {
    let script = Script::play(transcripts).await;
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[4, 3] };
    let outcome = pool.change_flags(&messages, change).await;
    pool.close();
    script.done().await;
    outcome
}

fn done<T: std::fmt::Debug>(outcome: Result<Changed<T>, Error>) -> T {
    match outcome {
        Ok(Changed::Done(done)) => done,
        other => panic!("{other:?}"),
    }
}

fn flagging(flags: &[Flag]) -> FlagChange<'_> {
    FlagChange { add: flags, ..FlagChange::default() }
}

#[tokio::test]
async fn what_was_is_told_from_what_others_and_we_changed() {
    // Somebody else reads 3 before we are answered; the answer to the STORE on 4 comes early; an answer
    // without a UID is nobody's.
    let rest = select("INBOX")
        + FETCH
        + " MODSEQ)\nC: {a} UID STORE 3:4 +FLAGS (\\Flagged)\n\
           S: * 3 FETCH (UID 3 FLAGS (\\Draft) MODSEQ (4))\n"
        + &row(3, "\\Seen \\Recent", " MODSEQ (5)")
        + &row(4, "", " MODSEQ (6)")
        + "S: * 4 FETCH (UID 4 MODSEQ (9) FLAGS (\\Flagged))\nS: {f} OK\n\
           S: * 3 FETCH (FLAGS (\\Flagged) MODSEQ (99))\n\
           S: * 3 FETCH (UID 3 MODSEQ (8) FLAGS (\\Flagged \\Seen))\n\
           S: * 3 FETCH (UID 3 MODSEQ (10) FLAGS (\\Seen))\nS: {a} OK";
    let changed = done(changes(vec![hello("CONDSTORE") + &rest], &flagging(&[Flag::Flagged])).await);
    let told: Vec<_> =
        changed.messages.iter().map(|(was, modseq)| (was.uid, was.flags.clone(), *modseq)).collect();
    // That of the answer in which it is as wanted: what came after is somebody else's.
    assert_eq!(told, [(3, vec![Flag::Seen], Some(8)), (4, vec![], Some(9))]);
}

#[tokio::test]
async fn what_needed_no_change_keeps_its_modseq_and_what_was_not_told_has_none() {
    let rest = select("INBOX")
        + FETCH
        + " MODSEQ)\nC: {a} UID STORE 3:4 +FLAGS (\\Flagged)\n"
        + &row(3, "\\Flagged", " MODSEQ (5)")
        + &row(4, "", " MODSEQ (6)")
        + "S: {f} OK\nS: * 4 FETCH (UID 4 FLAGS (\\Flagged))\nS: {a} OK";
    let changed = done(changes(vec![hello("CONDSTORE") + &rest], &flagging(&[Flag::Flagged])).await);
    assert_eq!(changed.messages.iter().map(|(_, modseq)| *modseq).collect::<Vec<_>>(), [Some(5), None]);
    // A mailbox without it is not asked for it.
    let rest = "C: {x} SELECT INBOX\n".to_owned()
        + &selected("x", "S: * OK [NOMODSEQ] none\n")
        + FETCH
        + ")\nC: {a} UID STORE 3:4 +FLAGS.SILENT (\\Flagged)\nC: {n} NOOP\n"
        + &row(3, "", "")
        + "S: {f} OK\nS: {a} OK\nS: {n} OK";
    let changed = done(changes(vec![hello("CONDSTORE") + &rest], &flagging(&[Flag::Flagged])).await);
    assert_eq!(
        changed.messages.iter().map(|(was, modseq)| (was.uid, *modseq)).collect::<Vec<_>>(),
        [(3, None)]
    );
}

#[tokio::test]
async fn labels_are_written_as_gmail_wants_them_and_told_as_they_were() {
    let rest = select("INBOX")
        + FETCH
        + " X-GM-LABELS MODSEQ)\n\
           C: {a} UID STORE 3:4 +X-GM-LABELS (\\Inbox \"Gr&APw-n &- mehr\" \"a \\\"b\\\" \\\\c\")\n\
           C: {b} UID STORE 3:4 -X-GM-LABELS (Old \"\\\\no (system) one\")\n"
        + &row(3, "", " X-GM-LABELS (\"\\\\Starred\" \"Gr&APw-n\" Old) MODSEQ (5)")
        + "S: {f} OK\nS: * 3 FETCH (X-GM-LABELS (\\Inbox) UID 3)\nS: {a} OK\nS: {b} OK";
    let add = ["\\Inbox", "Grün & mehr", "a \"b\" \\c"].map(str::to_owned);
    let remove = ["Old", "\\no (system) one"].map(str::to_owned);
    let change = FlagChange { add_labels: &add, remove_labels: &remove, ..FlagChange::default() };
    let changed = done(changes(vec![hello("X-GM-EXT-1 CONDSTORE") + &rest], &change).await);
    assert_eq!(changed.messages[0].0.labels, ["\\Starred", "Grün", "Old"]);
}

#[tokio::test]
async fn flags_that_the_mailbox_cannot_keep_are_left_out() {
    let rest = "C: {x} SELECT INBOX\n".to_owned()
        + &selected("x", "S: * OK [PERMANENTFLAGS (\\Seen)] few\n")
        + FETCH
        + ")\nC: {a} UID STORE 3:4 +FLAGS.SILENT (\\Seen)\nC: {n} NOOP\n"
        + &row(3, "", "")
        + "S: {f} OK\nS: {a} OK\nS: {n} OK";
    let later = Flag::Keyword("$Later".into());
    let changed = done(changes(vec![hello("") + &rest], &flagging(&[later.clone(), Flag::Seen])).await);
    assert_eq!(changed.left_out, [later]);
}

#[tokio::test]
async fn a_mailbox_that_is_read_only_is_an_error_and_nothing_goes_out() {
    let rest = "C: {x} SELECT INBOX\nS: * OK [UIDVALIDITY 7] valid\nS: {x} OK [READ-ONLY] opened";
    let outcome = changes(vec![hello("CONDSTORE") + rest], &flagging(&[Flag::Seen])).await;
    assert!(matches!(outcome, Err(Error::NotSupported(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_change_of_which_a_part_is_refused_is_taken_back() {
    let rest = select("INBOX")
        + FETCH
        + ")\nC: {a} UID STORE 3:4 +FLAGS.SILENT (\\Seen \\Flagged)\nC: {b} UID STORE 3:4 -FLAGS.SILENT (\\Draft)\nC: {n} NOOP\n"
        + &row(3, "\\Flagged", "")
        + &row(4, "", "")
        + "S: {f} OK\nS: {a} OK\nS: {b} NO [NOPERM] not that\nS: {n} OK\n\
           C: {c} UID STORE 3:4 -FLAGS (\\Seen)\nC: {d} UID STORE 4 -FLAGS (\\Flagged)\nS: {c} OK\nS: {d} OK";
    let change = FlagChange { remove: &[Flag::Draft], ..flagging(&[Flag::Seen, Flag::Flagged]) };
    let outcome = changes(vec![hello("") + &rest], &change).await;
    assert!(matches!(outcome, Err(Error::Refused { code: Some(code), .. }) if code == "NOPERM"));
}

#[tokio::test]
async fn what_was_is_remembered_when_the_connection_is_lost_behind_it() {
    let command = FETCH.to_owned() + ")\nC: {a} UID STORE 3:4 +FLAGS.SILENT (\\Seen)\nC: {n} NOOP\n";
    let first = select("INBOX") + &command + &row(3, "", "") + &row(4, "\\Seen", "") + "S: {f} OK\n";
    let done_before = select("INBOX")
        + "C: {f} UID FETCH 3:4 (…)\nC: {n} NOOP\n"
        + &row(3, "", "")
        + "S: {f} OK\nS: {n} OK\n"
        + &command
        + &row(3, "", "")
        + &row(4, "\\Seen", "")
        + "S: {f} OK\ncut";
    // Now they are as they are to be: that is not how they were.
    let second = select("INBOX")
        + &command
        + &row(3, "\\Seen", "")
        + &row(4, "\\Seen", "")
        + "S: {f} OK\nS: {a} OK\nS: {n} OK";
    let script = Script::play([hello("") + &done_before, hello("") + &second]).await;
    let pool = script.pool();
    let messages = Messages { mailbox: b"INBOX", validity: 7, uids: &[4, 3] };
    done(pool.change_flags(&messages, &FlagChange::default()).await);
    let changed = done(pool.change_flags(&messages, &flagging(&[Flag::Seen])).await);
    assert_eq!(
        changed.messages.iter().map(|(was, _)| was.flags.clone()).collect::<Vec<_>>(),
        [vec![], vec![Flag::Seen]]
    );
    pool.close();
    script.done().await;
    // One that had not been waiting is no reason to try again.
    let outcome = changes(vec![hello("") + &first + "cut"], &flagging(&[Flag::Seen])).await;
    assert!(outcome.unwrap_err().is_connection_lost());
}

#[tokio::test]
async fn a_change_of_nothing_tells_which_messages_they_are() {
    let rest = select("INBOX")
        + "C: {f} UID FETCH 3:4 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])\n\
           C: {n} NOOP\n"
        + &row(3, "", "")
        + "S: {f} OK\nS: {n} OK";
    let told = done(changes(vec![hello("") + &rest], &FlagChange::default()).await);
    let (was, _) = &told.messages[0];
    assert_eq!((was.message_id.as_deref(), was.size), (Some("<3@x.org>"), Some(100)));
}

#[tokio::test]
async fn what_others_took_away_meanwhile_is_asked_for_once_more() {
    // The server answers for 4 from what it remembers, and says only that something is gone.
    let rest = select("INBOX")
        + FETCH
        + ")\nC: {a} UID STORE 3:4 +FLAGS.SILENT (\\Seen)\nC: {n} NOOP\n"
        + &row(3, "", "")
        + &row(4, "", "")
        + "S: {f} OK [EXPUNGEISSUED] some are gone\nS: {a} OK\nS: {n} OK\nC: {g} UID FETCH 3:4 (…)\n"
        + &row(3, "\\Seen", "")
        + "S: {g} OK";
    let changed = done(changes(vec![hello("") + &rest], &flagging(&[Flag::Seen])).await);
    assert_eq!(changed.messages.iter().map(|(was, _)| was.uid).collect::<Vec<_>>(), [3]);
}

fn revert(uid: u32, modseq: u64) -> Revert {
    let none = Vec::new;
    let (add_labels, remove_labels) = (none(), none());
    Revert {
        uid,
        add: Vec::new(),
        remove: vec![Flag::Flagged],
        add_labels,
        remove_labels,
        modseq: Some(modseq),
    }
}

async fn reverts(capabilities: &str, rest: &str, reverts: &[Revert]) -> Vec<(u32, Reverted)> {
    let script = Script::play([hello(capabilities) + rest]).await;
    let pool = script.pool();
    let outcome = done(pool.revert_flags(b"INBOX", 7, reverts).await);
    pool.close();
    script.done().await;
    outcome
}

#[tokio::test]
async fn equal_reversals_go_in_one_command_and_modified_ones_are_told() {
    let rest = select("INBOX")
        + "C: {a} UID STORE 3:5 (UNCHANGEDSINCE 12) -FLAGS (\\Flagged)\nC: {b} UID STORE 9 (UNCHANGEDSINCE 14) -FLAGS (\\Flagged)\n\
           S: * 1 FETCH (UID 3 MODSEQ (20) FLAGS ())\nS: {a} OK [MODIFIED 4] one changed\nS: {b} OK\n\
           C: {f} UID FETCH 3:5,9 (…)\n"
        + &row(3, "", "")
        + &row(4, "\\Flagged \\Answered", "")
        + &row(9, "\\Seen", "")
        + "S: {f} OK";
    let all = [revert(3, 12), revert(9, 14), revert(4, 12), revert(5, 12)];
    let expected =
        [(3, Reverted::Done), (9, Reverted::Done), (4, Reverted::ChangedSince), (5, Reverted::Gone)];
    assert_eq!(reverts("CONDSTORE", &rest, &all).await, expected);
}

#[tokio::test]
async fn modified_may_be_a_refusal() {
    let rest = select("INBOX")
        + "C: {a} UID STORE 3:4 (UNCHANGEDSINCE 12) +FLAGS (\\Seen)\n\
           S: {a} NO [MODIFIED 4] some are gone\n\
           C: {n} UID FETCH 3:4 (…)\n"
        + &row(3, "\\Seen \\Flagged", "")
        + &row(4, "\\Flagged", "")
        + "S: {n} OK\nC: {b} UID STORE 3 -FLAGS.SILENT (\\Flagged)\nS: {b} OK\nC: {f} UID FETCH 3:4 (…)\n"
        + &row(3, "\\Seen", "")
        + &row(4, "\\Flagged", "")
        + "S: {f} OK";
    let both = |uid| Revert { add: vec![Flag::Seen], ..revert(uid, 12) };
    let expected = [(3, Reverted::Done), (4, Reverted::ChangedSince)];
    assert_eq!(reverts("CONDSTORE", &rest, &[both(3), both(4)]).await, expected);
}

#[tokio::test]
async fn labels_are_reversed_where_they_are_as_they_were_left() {
    let rest = select("INBOX")
        + "C: {f} UID FETCH 3:5 (…)\n"
        + &row(3, "", " X-GM-LABELS (work Other)")
        + &row(4, "", " X-GM-LABELS (Work Home)")
        + &row(5, "", " X-GM-LABELS (Home)")
        + "S: {f} OK\nC: {a} UID STORE 3 +X-GM-LABELS (Home)\nC: {b} UID STORE 3 -X-GM-LABELS (Work)\nS: {a} OK\nS: {b} OK";
    let labelled = |uid| Revert {
        remove: Vec::new(),
        add_labels: vec!["Home".into()],
        remove_labels: vec!["Work".into()],
        ..revert(uid, 12)
    };
    let expected = [(3, Reverted::Done), (4, Reverted::ChangedSince), (5, Reverted::Done)];
    let all = [labelled(3), labelled(4), labelled(5)];
    assert_eq!(reverts("CONDSTORE X-GM-EXT-1", &rest, &all).await, expected);
}
