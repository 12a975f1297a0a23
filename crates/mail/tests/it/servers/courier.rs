//! Courier 5.0 of Debian 12, as it answered. The engine's tests run on the real one besides.

use bytes::Bytes;
use domain::{FolderArg, Role};
use mail::{
    Error,
    imap::{
        Question, Session,
        command::search::{self, Order, Shape},
        write::{Appending, Placed},
    },
    octets::Whole,
};

use super::{folders, session};
use crate::script::Script;

const SIGNED_IN: &str = "S: * OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA \
    IDLE ACL ACL2=UNION] Courier-IMAP ready. Copyright 1998-2022 Double Precision, Inc.  See COPYING for distribution information.\n\
    C: {l} LOGIN ann sesame\nS: {l} OK LOGIN Ok.\nC: {c} CAPABILITY\n\
    S: * CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION \
    ENABLE UTF8=ACCEPT\nS: {c} OK CAPABILITY completed\n\
    C: {e} ENABLE UTF8=ACCEPT\nC: {n} NAMESPACE\nS: * ENABLED UTF8=ACCEPT\nS: {e} OK Options enabled\n\
    S: * NAMESPACE ((\"INBOX.\" \".\")) NIL ((\"#shared.\" \".\")(\"shared.\" \".\"))\nS: {n} OK NAMESPACE completed.\n";

#[tokio::test]
async fn in_utf8_mode_sort_is_asked_in_utf8_even_for_ascii() {
    let rest = "C: {a} UID SORT (REVERSE ARRIVAL) UTF-8 ALL\nS: * SORT 3 1 2\nS: {a} OK SORT done.\n\
        C: {b} UID SEARCH ALL\nS: * SEARCH 1 2 3\nS: {b} OK SEARCH done.";
    let (script, mut session) = session(SIGNED_IN.to_owned() + rest).await;
    assert!(session.is_utf8() && session.quirks().refuses_surrogate_pairs);
    for (order, expected) in [(Order::Received, [3, 1, 2]), (Order::Filed, [3, 2, 1])] {
        let shape = Shape::choose(&session, order, 1, 20);
        let request = search::request(&session, &[], false, shape, None);
        let found = search::read(&session.run_one(request).await.unwrap(), shape).unwrap();
        assert_eq!(found.uids, expected);
    }
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn a_mailbox_opens_without_uidnext_and_with_what_nobody_asked_for() {
    let rest = "C: {a} EXAMINE INBOX.Sent\nS: * FLAGS (\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)\n\
        S: * OK [PERMANENTFLAGS ()] No permanent flags permitted\nS: * 12 EXISTS\nS: * 0 RECENT\n\
        S: * OK [UIDVALIDITY 795244361] Ok\nS: * OK [MYRIGHTS \"acdilrsw\"] ACL\nS: {a} OK [READ-ONLY] Ok";
    let (script, mut session) = session(SIGNED_IN.to_owned() + rest).await;
    let (selected, _) = session.examine(b"INBOX.Sent", Vec::new()).await.unwrap();
    assert_eq!((selected.validity, selected.uid_next, session.exists()), (795_244_361, None, 12));
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn names_may_be_written_with_or_without_the_prefix() {
    let folders = folders(
        SIGNED_IN.to_owned()
            + "C: {a} LIST \"\" \"*\"\nC: {b} LSUB \"\" \"*\"\n\
         S: * LIST (\\HasNoChildren) \".\" \"INBOX.Sent\"\nS: * LIST (\\HasNoChildren) \".\" \"INBOX.Küche.Neu\"\n\
         S: * LIST (\\Unmarked \\HasChildren) \".\" \"INBOX\"\nS: {a} OK LIST completed\n\
         S: * LSUB (\\HasNoChildren) \".\" \"INBOX.Küche.Neu\"\nS: {b} OK LSUB completed\n\
         C: {s} STATUS …\nC: {t} STATUS …\nC: {u} STATUS …\n\
         S: * STATUS \"INBOX.Sent\" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 795244361 UNSEEN 0)\nS: {s} OK STATUS Completed.\n\
         S: * STATUS \"INBOX.Küche.Neu\" (MESSAGES 4 UIDNEXT 5 UIDVALIDITY 6 UNSEEN 2)\nS: {t} OK STATUS Completed.\n\
         S: {u} OK STATUS Completed.",
    )
    .await;
    assert_eq!(folders.prefix, "INBOX/");
    for name in ["Küche/Neu", "INBOX/Küche/Neu"] {
        let folder = folders.find(&FolderArg::parse(name)).unwrap();
        assert_eq!((folder.messages, folder.unseen, folder.is_subscribed), (Some(4), Some(2), true));
    }
    assert_eq!(folders.find(&FolderArg::parse("@sent")).unwrap().role, Some(Role::Sent));
}

#[tokio::test]
async fn a_mailbox_opened_for_reading_takes_no_message_on_the_same_connection() {
    struct Opened;
    impl Question for Opened {
        type Answer = u32;
        async fn ask(&self, session: &mut Session) -> Result<u32, Error> {
            Ok(session.examine(b"INBOX.Sent", Vec::new()).await?.0.validity)
        }
    }
    let opened = |tag: &str, end: &str| {
        format!("S: * 12 EXISTS\nS: * OK [UIDVALIDITY 795244361] Ok\nS: {{{tag}}} OK [{end}] Ok\n")
    };
    // It would say `NO Current box is selected READ-ONLY.`, and does not tell of a message that it took.
    let rest = "C: {x} EXAMINE INBOX.Sent\n".to_owned()
        + &opened("x", "READ-ONLY")
        + "C: {y} SELECT INBOX.Sent\n"
        + &opened("y", "READ-WRITE")
        + "C: {a} APPEND INBOX.Sent {6}\nS: + OK\nC: A: b\nC: \nS: {a} OK [APPENDUID 795244361 13] APPEND Ok.\n\
           C: {z} EXAMINE INBOX.Sent\n"
        + &opened("z", "READ-ONLY");
    let script = Script::play([SIGNED_IN.to_owned() + &rest]).await;
    let pool = script.pool();
    pool.ask(None, &Opened).await.unwrap();
    let what = Appending { mailbox: b"INBOX.Sent", size: 6, ..Appending::default() };
    let placed = pool.append(&what, &mut Whole::new(Bytes::from_static(b"A: b\r\n"))).await.unwrap();
    assert_eq!(placed, Some(Placed { validity: 795_244_361, uid: 13 }));
    pool.ask(None, &Opened).await.unwrap();
    pool.close();
    script.done().await;
}
