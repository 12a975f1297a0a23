//! Removing messages and setting flags, as it goes over the wire on servers of different abilities.

use domain::Flag;
use mail::{
    Error,
    imap::{
        Question, Session,
        write::{Removed, Stored},
    },
};

use crate::script::{Script, examined, hello};

/// The answer to a SELECT.
fn selected(tag: &str, rest: &str) -> String {
    format!(
        "S: * 9 EXISTS\nS: * OK [UIDVALIDITY 7] valid\nS: * OK [UIDNEXT 1000] next\n{rest}S: {{{tag}}} OK [READ-WRITE] opened\n"
    )
}

fn select(mailbox: &str) -> String {
    format!("C: {{x}} SELECT {mailbox}\n") + &selected("x", "")
}

async fn removes_with(transcripts: Vec<String>, uids: &[u32]) -> Result<Removed, Error> {
    let script = Script::play(transcripts).await;
    let pool = script.pool();
    let outcome = pool.remove(b"Drafts", 7, uids).await;
    pool.close();
    script.done().await;
    outcome
}

async fn removes(capabilities: &str, rest: &str, uids: &[u32]) -> Result<Removed, Error> {
    removes_with(vec![hello(capabilities) + rest], uids).await
}

#[tokio::test]
async fn with_uidplus_only_these_are_expunged_in_one_flight() {
    let rest = select("Drafts")
        + "C: {s} UID STORE 3:4,9 +FLAGS.SILENT (\\Deleted)\nC: {t} UID EXPUNGE 3:4,9\nS: {s} OK\nS: * 2 EXPUNGE\nS: {t} OK";
    assert_eq!(removes("UIDPLUS", &rest, &[9, 3, 4]).await.unwrap(), Removed::Gone);
    // Nothing to remove: nothing is sent.
    assert_eq!(removes("UIDPLUS", &select("Drafts"), &[]).await.unwrap(), Removed::Gone);
}

#[tokio::test]
async fn nothing_goes_out_before_the_answer_to_select() {
    let stale =
        "C: {x} SELECT Drafts\nS: * 9 EXISTS\nS: * OK [UIDVALIDITY 8] other\nS: {x} OK [READ-WRITE] opened";
    assert_eq!(removes("UIDPLUS", stale, &[3]).await.unwrap(), Removed::Stale);
    let refused = removes("UIDPLUS", "C: {x} SELECT Drafts\nS: {x} NO [NONEXISTENT] none", &[3]).await;
    assert!(matches!(refused, Err(Error::Refused { command: "SELECT", .. })));
    let read_only = "C: {x} SELECT Drafts\nS: * OK [UIDVALIDITY 7] valid\nS: {x} OK [READ-ONLY] opened";
    assert!(matches!(removes("UIDPLUS", read_only, &[3]).await, Err(Error::NotSupported(_))));
}

#[tokio::test]
async fn a_mailbox_opened_for_reading_is_opened_anew_for_changes_and_then_serves_both() {
    struct Opened;
    impl Question for Opened {
        type Answer = bool;
        async fn ask(&self, session: &mut Session) -> Result<bool, Error> {
            Ok(session.examine(b"Drafts", Vec::new()).await?.0.is_read_only)
        }
    }
    let rest = "C: {e} EXAMINE Drafts\n".to_owned()
        + &examined("e", 7, 9)
        + &select("Drafts")
        + "C: {s} UID STORE 3 +FLAGS.SILENT (\\Seen)\nS: {s} OK\nC: {t} UID STORE 4 +FLAGS.SILENT (\\Seen)\nS: {t} OK\n\
           C: {n} NOOP\nS: {n} OK\nC: {u} UID STORE 1000 +FLAGS.SILENT (\\Seen)\nS: {u} OK";
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    assert!(pool.ask(Some(b"Drafts"), &Opened).await.unwrap());
    pool.store_flags(b"Drafts", 7, &[3], &[Flag::Seen], &[]).await.unwrap();
    assert!(!pool.ask(Some(b"Drafts"), &Opened).await.unwrap());
    pool.store_flags(b"Drafts", 7, &[4], &[Flag::Seen], &[]).await.unwrap();
    // One that came after it was opened: the server has to tell of it first.
    pool.store_flags(b"Drafts", 7, &[1_000], &[Flag::Seen], &[]).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn without_uidplus_the_marks_of_others_are_taken_away_and_put_back() {
    let rest = select("Drafts")
        + "C: {a} NOOP\nS: {a} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH 5 3 8\nS: {b} OK\n\
           C: {c} UID STORE 5,8 -FLAGS.SILENT (\\Deleted)\nS: {c} OK\n\
           C: {d} NOOP\nS: {d} OK\nC: {e} UID SEARCH DELETED\nS: * SEARCH 3\nS: {e} OK\n\
           C: {f} UID STORE 3:4 +FLAGS.SILENT (\\Deleted)\nC: {g} EXPUNGE\nS: {f} OK\nS: {g} OK\n\
           C: {h} UID STORE 5,8 +FLAGS.SILENT (\\Deleted)\nS: {h} OK";
    assert_eq!(removes("", &rest, &[3, 4]).await.unwrap(), Removed::Gone);
    // Nobody marked anything.
    let rest = select("Drafts")
        + "C: {a} NOOP\nS: {a} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH\nS: {b} OK\n\
           C: {f} UID STORE 3 +FLAGS.SILENT (\\Deleted)\nC: {g} EXPUNGE\nS: {f} OK\nS: {g} OK";
    assert_eq!(removes("", &rest, &[3]).await.unwrap(), Removed::Gone);
}

#[tokio::test]
async fn marks_that_were_taken_away_are_put_back_after_a_loss_and_after_a_refusal() {
    let begin = select("Drafts")
        + "C: {a} NOOP\nS: {a} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH 5\nS: {b} OK\n\
           C: {c} UID STORE 5 -FLAGS.SILENT (\\Deleted)\n";
    let back = select("Drafts") + "C: {h} UID STORE 5 +FLAGS.SILENT (\\Deleted)\nS: {h} OK";
    let lost = vec![hello("") + &begin + "cut", hello("") + &back];
    assert!(removes_with(lost, &[3]).await.unwrap_err().is_connection_lost());
    // The mailbox is opened anew after a refusal: perhaps the server closed it.
    let refused = vec![hello("") + &begin + "S: {c} NO not now\n" + &back];
    assert!(matches!(removes_with(refused, &[3]).await, Err(Error::Refused { .. })));
}

#[tokio::test]
async fn without_uidplus_and_lasting_marks_nothing_is_removed() {
    let rest =
        "C: {x} SELECT Drafts\n".to_owned() + &selected("x", "S: * OK [PERMANENTFLAGS (\\Seen)] few\n");
    assert!(matches!(removes("", &rest, &[3]).await, Err(Error::NotSupported(_))));
}

#[tokio::test]
async fn while_others_go_on_marking_nothing_is_removed() {
    let mut rest = select("Drafts");
    for uid in 10..14 {
        use std::fmt::Write as _;
        let _ = write!(
            rest,
            "C: {{a}} NOOP\nS: {{a}} OK\nC: {{b}} UID SEARCH DELETED\nS: * SEARCH {uid}\nS: {{b}} OK\n\
             C: {{c}} UID STORE {uid} -FLAGS.SILENT (\\Deleted)\nS: {{c}} OK\n"
        );
    }
    rest += "C: {h} UID STORE 10:13 +FLAGS.SILENT (\\Deleted)\nS: {h} OK";
    assert!(matches!(removes("", &rest, &[3]).await, Err(Error::NotSupported(_))));
}

#[tokio::test]
async fn on_gmail_messages_go_to_the_trash_and_are_expunged_there() {
    let begin = select("Drafts")
        + "C: {l} LIST \"\" \"*\"\nC: {m} LSUB \"\" \"*\"\nS: * LIST (\\HasNoChildren \\Trash) \"/\" \"[Gmail]/Papierkorb\"\nS: {l} OK\nS: {m} OK\n\
           C: {v} UID MOVE 3:4 \"[Gmail]/Papierkorb\"\n";
    let told = begin.clone()
        + "S: * OK [COPYUID 7 3:4 31:32] moved\nS: * 1 EXPUNGE\nS: {v} OK (Success)\n"
        + &select("\"[Gmail]/Papierkorb\"")
        + "C: {s} UID STORE 31:32 +FLAGS.SILENT (\\Deleted)\nC: {t} UID EXPUNGE 31:32\nS: {s} OK\nS: {t} OK";
    assert_eq!(removes("UIDPLUS MOVE X-GM-EXT-1", &told, &[3, 4]).await.unwrap(), Removed::Gone);
    let untold = begin + "S: {v} OK (Success)";
    assert_eq!(removes("UIDPLUS MOVE X-GM-EXT-1", &untold, &[3, 4]).await.unwrap(), Removed::InTrash);
}

#[tokio::test]
async fn on_gmail_what_is_in_the_trash_is_expunged_at_once() {
    let rest = select("Drafts")
        + "C: {l} LIST \"\" \"*\"\nC: {m} LSUB \"\" \"*\"\nS: * LIST (\\Trash) \"/\" Drafts\nS: {l} OK\nS: {m} OK\n\
           C: {s} UID STORE 3 +FLAGS.SILENT (\\Deleted)\nC: {t} UID EXPUNGE 3\nS: {s} OK\nS: {t} OK";
    assert_eq!(removes("UIDPLUS MOVE X-GM-EXT-1", &rest, &[3]).await.unwrap(), Removed::Gone);
}

#[tokio::test]
async fn a_server_with_a_limit_gets_many_messages_in_several_commands() {
    let rest = select("Drafts")
        + "C: {a} UID STORE 1:2 +FLAGS.SILENT (\\Deleted)\nC: {b} UID EXPUNGE 1:2\nC: {c} UID STORE 3 +FLAGS.SILENT (\\Deleted)\n\
           C: {d} UID EXPUNGE 3\nS: {a} OK\nS: {b} OK\nS: {c} OK\nS: {d} OK";
    assert_eq!(removes("UIDPLUS MESSAGELIMIT=2", &rest, &[1, 2, 3]).await.unwrap(), Removed::Gone);
}

#[tokio::test]
async fn a_removal_is_carried_through_though_nobody_waits_for_it() {
    let rest = select("Drafts")
        + "C: {a} NOOP\nwait: 200\nS: {a} OK\nC: {b} UID SEARCH DELETED\nS: * SEARCH\nS: {b} OK\n\
           C: {f} UID STORE 3 +FLAGS.SILENT (\\Deleted)\nC: {g} EXPUNGE\nS: {f} OK\nS: {g} OK\ncut";
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    let waited =
        tokio::time::timeout(std::time::Duration::from_millis(50), pool.remove(b"Drafts", 7, &[3])).await;
    assert!(waited.is_err());
    script.done().await;
}

#[tokio::test]
async fn flags_that_the_mailbox_cannot_keep_are_left_out_and_told() {
    let forwarded = Flag::Keyword("$Forwarded".into());
    let add = [Flag::Answered, forwarded.clone()];
    for (lasting, sent, left_out) in [
        ("S: * OK [PERMANENTFLAGS (\\Answered \\*)] all\n", "\\Answered $Forwarded", vec![]),
        ("S: * OK [PERMANENTFLAGS (\\answered $forwarded)] these\n", "\\Answered $Forwarded", vec![]),
        ("S: * OK [PERMANENTFLAGS (\\Answered)] one\n", "\\Answered", vec![forwarded.clone()]),
        ("", "\\Answered $Forwarded", vec![]),
    ] {
        let rest = "C: {x} SELECT Drafts\n".to_owned()
            + &selected("x", lasting)
            + &format!(
                "C: {{s}} UID STORE 3 +FLAGS.SILENT ({sent})\nC: {{t}} UID STORE 3 -FLAGS.SILENT (\\Draft)\nS: {{s}} OK\nS: {{t}} OK"
            );
        let script = Script::play([hello("") + &rest]).await;
        let pool = script.pool();
        let stored = pool.store_flags(b"Drafts", 7, &[3], &add, &[Flag::Draft]).await.unwrap();
        assert_eq!(stored, Stored::Done { left_out });
        pool.close();
        script.done().await;
    }
}
