//! Gmail: <https://developers.google.com/workspace/gmail/imap/imap-extensions>; the capabilities are those
//! that it has announced for years in the logs of clients, such as
//! <https://github.com/jstedfast/MailKit/issues>. More of it is in `searching`.

use domain::{FolderArg, Query, Role};
use mail::imap::{
    command::{
        fetch,
        search::{self, Order, Shape},
    },
    search::{Abilities, compile},
};
use time::{UtcOffset, macros::date};

use super::{folders, roles, session};

const AFTER: &str = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS \
    COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE \
    APPENDLIMIT=35651584";

fn signed_in(after: &str) -> String {
    format!(
        "S: * OK Gimap ready for requests from 192.0.2.1 a640c23a62f3a\nC: {{c}} CAPABILITY\n\
         S: * CAPABILITY IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 XYZZY SASL-IR \
         AUTH=XOAUTH2 AUTH=PLAIN AUTH=PLAIN-CLIENTTOKEN AUTH=OAUTHBEARER\nS: {{c}} OK Thats all she wrote! a640\n\
         C: {{l}} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\nS: * CAPABILITY {after}\n\
         S: {{l}} OK ann@gmail.com authenticated (Success)\n\
         C: {{i}} ID …\nC: {{n}} NAMESPACE\n\
         S: * ID (\"name\" \"GImap\" \"vendor\" \"Google, Inc.\" \"support-url\" \"http://support.google.com/mail\" \
         \"remote-host\" \"192.0.2.1\")\nS: {{i}} OK Success\nS: * NAMESPACE ((\"\" \"/\")) NIL NIL\nS: {{n}} OK Success\n"
    )
}

#[tokio::test]
async fn localised_system_folders_have_their_roles_and_their_parent_is_no_folder() {
    let folders = folders(
        signed_in(AFTER)
            + "C: {a} LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE STATUS (…))\n\
         S: * LIST (\\HasNoChildren \\Subscribed) \"/\" \"INBOX\"\n\
         S: * STATUS \"INBOX\" (MESSAGES 17 UNSEEN 3 UIDNEXT 4392 UIDVALIDITY 1)\n\
         S: * LIST (\\HasChildren \\Noselect) \"/\" \"[Gmail]\"\n\
         S: * LIST (\\All \\HasNoChildren) \"/\" \"[Gmail]/Tous les messages\"\n\
         S: * LIST (\\Drafts \\HasNoChildren) \"/\" \"[Gmail]/Brouillons\"\n\
         S: * LIST (\\HasNoChildren \\Important) \"/\" \"[Gmail]/Important\"\n\
         S: * LIST (\\HasNoChildren \\Sent) \"/\" \"[Gmail]/Messages envoy&AOk-s\"\n\
         S: * LIST (\\HasNoChildren \\Junk) \"/\" \"[Gmail]/Spam\"\n\
         S: * LIST (\\Flagged \\HasNoChildren) \"/\" \"[Gmail]/Suivis\"\n\
         S: * LIST (\\HasNoChildren \\Trash) \"/\" \"[Gmail]/Corbeille\"\n\
         S: * LIST (\\HasNoChildren) \"/\" \"Voyages &- &AMk-t&AOk-\"\nS: {a} OK Success",
    )
    .await;
    for (name, role) in [
        ("INBOX", Some(Role::Inbox)),
        ("[Gmail]/Tous les messages", Some(Role::All)),
        ("[Gmail]/Brouillons", Some(Role::Drafts)),
        ("[Gmail]/Messages envoyés", Some(Role::Sent)),
        ("[Gmail]/Spam", Some(Role::Junk)),
        ("[Gmail]/Suivis", Some(Role::Flagged)),
        ("[Gmail]/Corbeille", Some(Role::Trash)),
        ("[Gmail]/Important", None),
        ("Voyages & Été", None),
    ] {
        assert!(roles(&folders).contains(&(name, role)), "{name}: {folders:?}");
    }
    assert!(!folders.find(&FolderArg::parse("[Gmail]")).unwrap().is_selectable);
    assert_eq!(folders.find(&FolderArg::parse("@archive")).unwrap().role, Some(Role::All));
}

/// What is searched for on Gmail, as it goes over the wire.
async fn sends(query: &str, criteria: &str) {
    let rest =
        format!("C: {{a}} {criteria}\nS: * ESEARCH (TAG \"{{a}}\") UID COUNT 1 ALL 4\nS: {{a}} OK Success");
    let (script, mut session) = session(signed_in(AFTER) + &rest).await;
    let query = Query::parse(query, date!(2026 - 11 - 21)).unwrap();
    let plan = compile(&query, Abilities { gmail: true, ..Abilities::default() }, UtcOffset::UTC);
    let shape = Shape::choose(&session, Order::Filed, 1, 20);
    let request = search::request(&session, &plan.criteria, plan.charset.is_some(), shape, None);
    let found = search::read(&session.run_one(request).await.unwrap(), shape).unwrap();
    assert_eq!((found.uids, found.total), (vec![4], 1));
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn labels_outside_ascii_are_searched_as_mailbox_names_are_written() {
    sends("label:Bücher", "UID SEARCH RETURN (COUNT ALL) …X-GM-LABELS …B&APw-cher…").await;
    sends("label:\"Muy Importante\"", "UID SEARCH RETURN (COUNT ALL) …X-GM-LABELS \"Muy Importante\"…").await;
}

#[tokio::test]
async fn attachments_are_searched_by_gmails_own_criterion() {
    sends("has:attachment", "UID SEARCH RETURN (COUNT ALL) X-GM-RAW …has:attachment…").await;
    sends("filename:offer.pdf", "UID SEARCH RETURN (COUNT ALL) …X-GM-RAW …filename:offer.pdf…").await;
}

#[tokio::test]
async fn labels_outside_ascii_are_read_in_either_way_of_writing_them() {
    let rest = "C: {a} UID FETCH 4:5 (…)\n\
        S: * 1 FETCH (X-GM-THRID 1 X-GM-MSGID 2 X-GM-LABELS (\"\\\\Inbox\" \"B&APw-cher\" {7}\n\
        S: Bücher) UID 4 FLAGS () RFC822.SIZE 9 INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL))\n\
        S: * 2 FETCH (X-GM-THRID 1 X-GM-MSGID 3 X-GM-LABELS () UID 5 FLAGS () RFC822.SIZE 9 \
        INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL))\nS: {a} OK Success";
    let (script, mut session) = session(signed_in(AFTER) + rest).await;
    let request = fetch::rows_of(session.capabilities(), &[4, 5]);
    let rows = fetch::read(session.run_one(request).await.unwrap()).into_iter().filter_map(fetch::summary);
    let labels: Vec<Vec<String>> = rows.map(|row| row.gmail.unwrap().labels).collect();
    assert_eq!(labels, [vec!["\\Inbox", "Bücher", "Bücher"], vec![]]);
    drop(session);
    script.done().await;
}
