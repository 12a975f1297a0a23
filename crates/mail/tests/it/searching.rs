//! Searching in each shape that servers offer, and what Gmail has of its own.

use domain::{FolderArg, Query, Role};
use mail::imap::{
    command::{
        fetch,
        search::{self, Found, Order, Shape},
    },
    folder,
    search::{Abilities, compile},
};
use time::{UtcOffset, macros::date};

use crate::script::{Script, hello};

/// What `query` finds on a server with `capabilities` that plays `rest`; the newest 20, in `order`.
async fn find(capabilities: &str, query: &str, order: Order, rest: &str) -> Found {
    let script = Script::play([hello(capabilities) + rest]).await;
    let mut session = script.sign_in().await.unwrap();
    let query = Query::parse(query, date!(2026 - 11 - 21)).unwrap();
    let abilities = Abilities { gmail: session.capabilities().has("X-GM-EXT-1"), ..Abilities::default() };
    let plan = compile(&query, abilities, UtcOffset::UTC);
    let shape = Shape::choose(&session, order, 1, 20);
    let request = search::request(&session, &plan.criteria, plan.charset.is_some(), shape, None);
    let reply = session.run_one(request).await.unwrap();
    let found = search::read(&reply, shape).unwrap();
    drop(session);
    script.done().await;
    found
}

#[tokio::test]
async fn with_partial_only_the_newest_are_sent() {
    let found = find(
        "ESEARCH PARTIAL",
        "subject:hello",
        Order::Filed,
        "C: {a} UID SEARCH RETURN (COUNT PARTIAL -1:-20) SUBJECT …\n\
         S: * ESEARCH (TAG \"{a}\") UID COUNT 1234 PARTIAL (-1:-20 5,9:11)\nS: {a} OK",
    )
    .await;
    assert_eq!(found, Found { uids: vec![11, 10, 9, 5], total: 1234, reached: None });
}

#[tokio::test]
async fn with_esearch_the_set_is_sent() {
    let found = find(
        "ESEARCH",
        "is:unread",
        Order::Filed,
        "C: {a} UID SEARCH RETURN (COUNT ALL) UNSEEN\n\
         S: * ESEARCH (TAG \"{a}\") UID COUNT 5 ALL 1:3,7,20\nS: {a} OK",
    )
    .await;
    assert_eq!(found, Found { uids: vec![20, 7, 3, 2, 1], total: 5, reached: None });
}

#[tokio::test]
async fn without_extensions_every_number_is_sent_and_an_empty_answer_may_be_left_out() {
    let found = find(
        "",
        "is:unread",
        Order::Filed,
        "C: {a} UID SEARCH UNSEEN\nS: * SEARCH 3 9\nS: * SEARCH 4\nS: {a} OK",
    )
    .await;
    assert_eq!(found, Found { uids: vec![9, 4, 3], total: 3, reached: None });
    let found = find("", "is:unread", Order::Received, "C: {a} UID SEARCH UNSEEN\nS: {a} OK").await;
    assert_eq!(found, Found::default());
}

#[tokio::test]
async fn a_sorted_page_keeps_the_servers_order() {
    let found = find(
        "SORT ESORT CONTEXT=SEARCH",
        "is:unread",
        Order::Received,
        "C: {a} UID SORT RETURN (COUNT PARTIAL 1:20) (REVERSE ARRIVAL) US-ASCII UNSEEN\n\
         S: * ESEARCH (TAG \"{a}\") UID COUNT 40 PARTIAL (1:20 9,4,7:5)\nS: {a} OK",
    )
    .await;
    assert_eq!(found, Found { uids: vec![9, 4, 7, 6, 5], total: 40, reached: None });
    let found = find(
        "SORT",
        "is:unread",
        Order::Received,
        "C: {a} UID SORT (REVERSE ARRIVAL) US-ASCII UNSEEN\nS: * SORT 9 4 7\nS: {a} OK",
    )
    .await;
    assert_eq!(found, Found { uids: vec![9, 4, 7], total: 3, reached: None });
}

#[tokio::test]
async fn an_answer_that_is_owed_and_missing_is_no_empty_result() {
    let rest = "C: {a} UID SEARCH RETURN (COUNT ALL) ALL\nS: {a} OK";
    let script = Script::play([hello("ESEARCH") + rest]).await;
    let mut session = script.sign_in().await.unwrap();
    let request = search::request(&session, &[], false, Shape::Set, None);
    let reply = session.run_one(request).await.unwrap();
    assert!(search::read(&reply, Shape::Set).is_err());
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn on_gmail_the_archive_is_all_mail_whatever_its_language() {
    let rest = "C: {a} LIST \"\" \"*\" RETURN (SUBSCRIBED SPECIAL-USE)\n\
         S: * LIST (\\HasNoChildren) \"/\" \"INBOX\"\n\
         S: * LIST (\\HasChildren \\Noselect) \"/\" \"[Google Mail]\"\n\
         S: * LIST (\\All \\HasNoChildren) \"/\" \"[Google Mail]/Alle Nachrichten\"\n\
         S: * LIST (\\HasNoChildren \\Trash) \"/\" \"[Google Mail]/Papierkorb\"\n\
         S: * LIST (\\HasNoChildren) \"/\" \"Archive\"\nS: {a} OK";
    let script = Script::play([hello("LIST-EXTENDED SPECIAL-USE X-GM-EXT-1") + rest]).await;
    let mut session = script.sign_in().await.unwrap();
    let folders = folder::list(&mut session, false).await.unwrap();
    assert!(folders.is_gmail);
    let named = |name: &str| folders.find(&FolderArg::parse(name)).unwrap();
    assert_eq!(named("@archive").name.as_str(), "[Google Mail]/Alle Nachrichten");
    assert_eq!(named("@trash").name.as_str(), "[Google Mail]/Papierkorb");
    assert_eq!(named("Archive").role, None::<Role>);
    drop(session);
    script.done().await;
}

#[tokio::test]
async fn on_gmail_labels_are_searched_and_rows_carry_them() {
    let found = find(
        "ESEARCH X-GM-EXT-1",
        "label:Travel",
        Order::Filed,
        "C: {a} UID SEARCH RETURN (COUNT ALL) …X-GM-LABELS Travel…\n\
         S: * ESEARCH (TAG \"{a}\") UID COUNT 1 ALL 4\nS: {a} OK",
    )
    .await;
    assert_eq!(found.uids, [4]);

    let rest = "C: {a} UID FETCH 4 (UID FLAGS … X-GM-MSGID X-GM-THRID X-GM-LABELS)\n\
         S: * 1 FETCH (X-GM-THRID 1278455344230334865 X-GM-MSGID 1278455344230334866 \
         X-GM-LABELS (\"\\\\Inbox\" Travel \"Muy Importante\") UID 4 FLAGS () RFC822.SIZE 100 \
         INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" ENVELOPE (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL))\nS: {a} OK";
    let script = Script::play([hello("X-GM-EXT-1") + rest]).await;
    let mut session = script.sign_in().await.unwrap();
    let request = fetch::rows_of(session.capabilities(), &[4]);
    let row = fetch::read(session.run_one(request).await.unwrap()).pop().and_then(fetch::summary).unwrap();
    let gmail = row.gmail.unwrap();
    assert_eq!((gmail.message, gmail.thread), (1_278_455_344_230_334_866, 1_278_455_344_230_334_865));
    assert_eq!(gmail.labels, ["\\Inbox", "Travel", "Muy Importante"]);
    drop(session);
    script.done().await;
}
