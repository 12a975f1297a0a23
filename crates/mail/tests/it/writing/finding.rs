//! Finding again what was written, reading it as it is stored, and making folders of roles.

use domain::{Flag, Role};
use mail::{
    Error,
    imap::{
        Question,
        folder::Folder,
        make_role::MakeRole,
        marked::{Marked, WithHeader},
        part::Found,
        stored::{Head, TextWindow, WholeHeader},
    },
};

use crate::script::{Script, examined, hello};

async fn asks<Q: Question>(capabilities: &str, rest: &str, question: Q) -> Result<Q::Answer, Error> {
    let script = Script::play([hello(capabilities) + rest]).await;
    let pool = script.pool();
    let outcome = pool.ask(None, &question).await;
    pool.close();
    script.done().await;
    outcome
}

fn opened() -> String {
    "C: {x} EXAMINE Drafts\n".to_owned() + &examined("x", 7, 300)
}

/// The row of a draft with that UID and handle.
fn draft(uid: u32, handle: &str) -> String {
    let field = format!("X-Postroom-Draft: {handle}");
    format!(
        "S: * {uid} FETCH (UID {uid} FLAGS (\\Draft) INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
         ENVELOPE (NIL \"{uid}\" NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 11 1) \
         BODY[HEADER.FIELDS (REFERENCES X-POSTROOM-DRAFT)] {{{}}}\nS: {field}\nS: \nS: )\n",
        field.len() + 4
    )
}

const QUESTION: WithHeader<'_> =
    WithHeader { mailbox: b"Drafts", field: "X-Postroom-Draft", value: "drf_1", limit: 2 };

const ROWS: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS \
    (REFERENCES LIST-ID LIST-UNSUBSCRIBE AUTHENTICATION-RESULTS REPLY-TO X-Postroom-Draft)])";

fn uids(found: &[Marked]) -> Vec<u32> {
    found.iter().map(|marked| marked.uid).collect()
}

#[tokio::test]
async fn the_newest_with_a_header_field_are_found_and_compared() {
    let rest = opened()
        + "C: {s} UID SEARCH HEADER X-Postroom-Draft \"drf_1\"\nS: * SEARCH 3 9 5\nS: {s} OK\n"
        + &format!("C: {{f}} UID FETCH 5,9 {ROWS}\n")
        + &draft(5, "drf_1")
        + &draft(9, "drf_another")
        + "S: {f} OK";
    let found = asks("", &rest, QUESTION).await.unwrap();
    // A server may find more than was asked for.
    assert_eq!(uids(&found), [5]);
    assert_eq!((found[0].validity, found[0].value.as_str()), (7, "drf_1"));
    assert_eq!(found[0].summary.flags, [Flag::Draft]);
}

#[tokio::test]
async fn nothing_found_is_the_answer_of_a_server_that_is_believed() {
    let rest = opened()
        + "C: {s} UID SEARCH RETURN (COUNT ALL) HEADER …\nS: * ESEARCH (TAG \"{s}\") UID COUNT 0\nS: {s} OK";
    assert_eq!(asks("ESEARCH", &rest, QUESTION).await.unwrap(), []);
}

/// What a server says of the handles of its newest 200 messages.
fn looked() -> String {
    let field = |uid: u32, handle: &str| {
        format!(
            "S: * {uid} FETCH (UID {uid} BODY[HEADER.FIELDS (X-POSTROOM-DRAFT)] {{{}}}\nS: X-Postroom-Draft: {handle}\nS: \nS: )\n",
            handle.len() + 22
        )
    };
    "C: {l} FETCH 101:* (UID BODY.PEEK[HEADER.FIELDS (X-Postroom-Draft)])\n".to_owned()
        + &field(150, "drf_1")
        + &field(151, "drf_2")
        + "S: {l} OK\nC: {f} UID FETCH 150 …\n"
        + &draft(150, "drf_1")
        + "S: {f} OK"
}

#[tokio::test]
async fn where_searching_finds_nothing_the_newest_are_looked_through() {
    // iCloud is not asked at all; Gmail and Microsoft are, and not believed.
    let icloud = "S: * OK iSCREAM ready\nC: {c} CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS: {c} OK\n\
        C: {i} AUTHENTICATE PLAIN …\nS: {i} OK [CAPABILITY IMAP4rev1] in\n";
    let script = Script::play([icloud.to_owned() + &opened() + &looked()]).await;
    let pool = script.pool();
    assert_eq!(uids(&pool.ask(None, &QUESTION).await.unwrap()), [150]);
    pool.close();
    script.done().await;
    let rest = opened()
        + "C: {s} UID SEARCH HEADER …\nS: * SEARCH\nS: {s} OK\n"
        + &looked()
            .replace("C: {f} UID FETCH 150 …", "C: {f} UID FETCH 150 (…X-GM-MSGID X-GM-THRID X-GM-LABELS)");
    assert_eq!(uids(&asks("X-GM-EXT-1", &rest, QUESTION).await.unwrap()), [150]);
    let rest =
        opened() + "C: {s} UID SEARCH CHARSET UTF-8 HEADER …\nC: …\nS: {s} NO [BADCHARSET (US-ASCII)] no\n";
    let unknown = WithHeader { value: "drf_ü", ..QUESTION };
    let looked = looked().split_once("C: {f}").unwrap().0.to_owned();
    let outcome = asks("LITERAL+", &(rest + &looked), unknown).await;
    assert_eq!(outcome.unwrap(), []);
}

#[tokio::test]
async fn what_was_put_there_meanwhile_is_found_in_a_mailbox_that_is_open() {
    let search = "C: {s} UID SEARCH …\nS: * SEARCH\nS: {s} OK\n";
    let rest = opened() + search + "C: {n} NOOP\nS: * 301 EXISTS\nS: {n} OK\n" + search;
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    for _ in 0..2 {
        assert_eq!(pool.ask(None, &QUESTION).await.unwrap(), []);
    }
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_field_that_is_none_is_not_sent() {
    let strange = WithHeader { field: "X (", ..QUESTION };
    assert!(matches!(asks("", &opened(), strange).await, Err(Error::Unsendable(_))));
}

const HEADER: WholeHeader<'_> = WholeHeader { mailbox: b"Drafts", validity: 7, uid: 5 };
const WINDOW: TextWindow<'_> = TextWindow { mailbox: b"Drafts", validity: 7, uid: 5, from: 4, octets: 3 };

#[tokio::test]
async fn header_and_text_come_as_they_are_stored() {
    let rest = opened()
        + "C: {f} UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])\n\
           S: * 2 FETCH (UID 5 FLAGS (\\Draft) INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 1000 BODY[HEADER] {8}\n\
           S: A: b\nS: \nS: )\nS: {f} OK";
    let Found::Here(Head { header, size, flags, received }) = asks("", &rest, HEADER).await.unwrap() else {
        panic!("nothing")
    };
    assert_eq!((&header[..], size, flags), (&b"A: b\r\n\r\n"[..], 1_000, vec![Flag::Draft]));
    assert_eq!(received.unwrap().unix_timestamp(), 1_793_527_200);
    for (answer, expected) in
        [("BODY[TEXT]<4> \"efg\"", "efg"), ("BODY[TEXT]<4> \"e\"", "e"), ("BODY[TEXT]<4> \"\"", "")]
    {
        let rest = opened()
            + &format!(
                "C: {{f}} UID FETCH 5 (UID BODY.PEEK[TEXT]<4.3>)\nS: * 2 FETCH (UID 5 {answer})\nS: {{f}} OK"
            );
        assert_eq!(asks("", &rest, WINDOW).await.unwrap(), Found::Here(expected.into()));
    }
    let rest = opened() + "C: {f} UID FETCH …\nS: * 2 FETCH (UID 5 BODY[TEXT] \"abcdefg\")\nS: {f} OK";
    assert!(matches!(asks("", &rest, WINDOW).await, Err(Error::Protocol(_))));
}

#[tokio::test]
async fn what_is_gone_or_of_another_time_is_told_as_that() {
    let rest = opened() + "C: {f} UID FETCH …\nS: {f} OK";
    assert_eq!(asks("", &rest, HEADER).await.unwrap(), Found::Gone);
    let rest = opened() + "C: {f} UID FETCH …\nS: * 2 FETCH (UID 5 FLAGS ())\nS: {f} OK";
    assert_eq!(asks("", &rest, WholeHeader { validity: 8, ..HEADER }).await.unwrap(), Found::Stale);
    // One that came after the mailbox was opened is there once the server told of it.
    let row = "C: {f} UID FETCH …\nS: * 2 FETCH (UID 5 RFC822.SIZE 8 BODY[HEADER] \"A: b\")\nS: {f} OK\n";
    let rest = opened()
        + row
        + "C: {g} UID FETCH 6 …\nS: {g} OK\nC: {n} NOOP\nS: {n} OK\n"
        + &row.replace("UID 5", "UID 6");
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    for uid in [5, 6] {
        let found = pool.ask(None, &WholeHeader { uid, ..HEADER }).await.unwrap();
        assert!(matches!(found, Found::Here(_)), "{uid}: {found:?}");
    }
    pool.close();
    script.done().await;
}

const DRAFTS: MakeRole = MakeRole { role: Role::Drafts };
const NAMESPACE: &str = "C: {n} NAMESPACE\nS: * NAMESPACE ((\"INBOX.\" \".\")) NIL NIL\nS: {n} OK\n";

fn lists(folders: &[&str]) -> String {
    let lines: Vec<_> = folders.iter().map(|folder| format!("S: * LIST {folder}\n")).collect();
    let lines = lines.concat();
    format!(
        "C: {{l}} LIST \"\" \"*\"\nC: {{m}} LSUB \"\" \"*\"\n{lines}S: {{l}} OK\nS: * LSUB () \".\" INBOX.Drafts\nS: {{m}} OK\n"
    )
}

async fn makes(capabilities: &str, rest: &str) -> Result<Folder, Error> {
    asks(capabilities, rest, DRAFTS).await
}

#[tokio::test]
async fn a_folder_that_is_there_is_taken_as_it_is() {
    let folder = makes("", &lists(&["() \"/\" INBOX", "() \"/\" Entw&APw-rfe"])).await.unwrap();
    assert_eq!((folder.role, folder.name.as_str()), (Some(Role::Drafts), "Entwürfe"));
}

#[tokio::test]
async fn a_missing_folder_is_made_below_the_personal_namespace_and_subscribed_to() {
    let rest = NAMESPACE.to_owned()
        + &lists(&["() \".\" INBOX"])
        + "C: {c} CREATE INBOX.Drafts\nS: {c} OK \"INBOX.Drafts\" created.\nC: {s} SUBSCRIBE INBOX.Drafts\nS: {s} OK\n"
        + &lists(&["() \".\" INBOX", "() \".\" INBOX.Drafts"]);
    let folder = makes("NAMESPACE", &rest).await.unwrap();
    assert_eq!((folder.role, &folder.wire_name[..]), (Some(Role::Drafts), &b"INBOX.Drafts"[..]));
    assert!(folder.is_subscribed && folder.is_selectable);
}

#[tokio::test]
async fn its_use_is_told_where_the_server_keeps_it() {
    let end =
        "C: {s} SUBSCRIBE Drafts\nS: {s} NO not that\n".to_owned() + &lists(&["(\\Drafts) \"/\" Drafts"]);
    let create = "C: {c} CREATE Drafts (USE (\\Drafts))\n";
    let taken = lists(&[]) + create + "S: {c} OK\n" + &end;
    assert_eq!(makes("CREATE-SPECIAL-USE", &taken).await.unwrap().role, Some(Role::Drafts));
    // Another folder has the use already (Cyrus), or the server does not want to hear of it.
    let without =
        lists(&[]) + create + "S: {c} NO [USEATTR] conflict\nC: {d} CREATE Drafts\nS: {d} OK\n" + &end;
    assert_eq!(makes("CREATE-SPECIAL-USE", &without).await.unwrap().role, Some(Role::Drafts));
}

#[tokio::test]
async fn a_folder_that_somebody_else_just_made_is_taken() {
    let refused = lists(&[])
        + "C: {c} CREATE Drafts\nS: {c} NO [ALREADYEXISTS] there\nC: {s} SUBSCRIBE Drafts\nS: {s} OK\n";
    let there = refused.clone() + &lists(&["() \"/\" Drafts"]);
    assert_eq!(makes("", &there).await.unwrap().wire_name, "Drafts");
    // It has another use.
    let other = refused.clone() + &lists(&["(\\Sent) \"/\" Drafts"]);
    let folder = makes("", &other).await.unwrap();
    assert_eq!((folder.role, &folder.wire_name[..]), (Some(Role::Sent), &b"Drafts"[..]));
    let nowhere = refused + &lists(&["() \"/\" INBOX"]);
    assert!(matches!(makes("", &nowhere).await, Err(Error::Refused { command: "CREATE", .. })));
}

#[tokio::test]
async fn what_is_no_folder_to_be_made_is_not_made() {
    for role in [Role::Inbox, Role::All, Role::Flagged] {
        assert!(matches!(asks("", "", MakeRole { role }).await, Err(Error::NotSupported(_))));
    }
}
