//! The connections of one account: how many, which one, when again, how long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use mail::{
    Error,
    imap::{Pool, Question, Session, command, listing},
};

use crate::script::{Script, examined, hello};

const NOOP: &str = "C: {n} NOOP\nS: {n} OK\n";

async fn noop(pool: &Pool) -> Result<(), Error> {
    pool.ask(None, &Noop::default()).await.map(|_| ())
}

/// A question that counts how often it is asked; its answer is the server's words.
#[derive(Default)]
struct Noop(AtomicU32);

impl Question for Noop {
    type Answer = String;

    async fn ask(&self, session: &mut Session) -> Result<String, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(session.run_one(command::noop()).await?.status.text)
    }
}

/// The newest rows of a mailbox.
struct Newest<'a>(&'a [u8]);

impl Question for Newest<'_> {
    type Answer = listing::Rows;

    async fn ask(&self, session: &mut Session) -> Result<listing::Rows, Error> {
        listing::newest(session, self.0, 3).await
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let script = Script::play([hello("") + NOOP + "C: {m} NOOP\nS: {m} OK"]).await;
    let pool = script.pool();
    noop(&pool).await.unwrap();
    noop(&pool).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_dead_waiting_connection_is_replaced_once_and_unseen() {
    // It dies at the next command; another that waited would be dead too, so the second try is a new one.
    let dying = hello("") + NOOP + "C: {m} NOOP\ncut";
    let script = Script::play([dying, hello("") + NOOP]).await;
    let pool = script.pool();
    noop(&pool).await.unwrap();
    let question = Noop::default();
    pool.ask(None, &question).await.unwrap();
    assert_eq!(question.0.load(Ordering::Relaxed), 2);
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn two_dead_connections_are_not_tried_one_after_the_other() {
    let dying = hello("") + "C: {n} NOOP\nwait: 50\nS: {n} OK\nC: {m} NOOP\ncut";
    let script = Script::play([dying.clone(), dying, hello("") + NOOP]).await;
    let pool = script.pool();
    let (a, b) = tokio::join!(noop(&pool), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        noop(&pool).await
    });
    a.unwrap();
    b.unwrap();
    let question = Noop::default();
    pool.ask(None, &question).await.unwrap();
    assert_eq!((question.0.load(Ordering::Relaxed), script.accepted()), (2, 3));
}

#[tokio::test]
async fn a_new_connection_that_dies_is_not_tried_again() {
    let script = Script::play([hello("") + "C: {n} NOOP\ncut"]).await;
    let pool = script.pool();
    assert!(noop(&pool).await.unwrap_err().is_connection_lost());
    script.done().await;
}

#[tokio::test]
async fn there_are_never_more_than_two_connections_and_sign_ins_follow_each_other() {
    // The second transcript would fail if its sign-in began while the first is still going on: the
    // listener counts, and each answers its sign-in late.
    let slow = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\nC: {l} AUTHENTICATE PLAIN …\nwait: 100\n\
        S: {l} OK [CAPABILITY IMAP4rev1] in\n";
    let work = "C: {n} NOOP\nwait: 30\nS: {n} OK\n".repeat(12);
    let script = Arc::new(Script::play([slow.to_owned() + &work, slow.to_owned() + &work]).await);
    let pool = script.pool();
    let calls = (0..10).map(|_| {
        let pool = pool.clone();
        tokio::spawn(async move { noop(&pool).await })
    });
    let calls: Vec<_> = calls.collect();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(script.accepted(), 1, "the second sign-in waits for the first");
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((script.accepted(), script.most_open()), (2, 2));
}

#[tokio::test]
async fn who_waits_too_long_for_a_free_connection_is_told() {
    let script =
        Script::play([hello(""), hello("")]).await.tuned(|t| t.free_connection = Duration::from_millis(100));
    let pool = script.pool();
    let _first = pool.lease(None).await.unwrap();
    let _second = pool.lease(None).await.unwrap();
    assert!(matches!(pool.lease(None).await.err(), Some(Error::Timeout("free connection"))));
}

fn refusing(code: &str) -> String {
    format!(
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\nC: {{l}} AUTHENTICATE PLAIN …\nS: {{l}} NO [{code}] not now"
    )
}

#[tokio::test]
async fn a_busy_server_is_left_alone_for_a_while() {
    let script = Script::play([refusing("LIMIT"), hello("") + NOOP]).await;
    let pool = script.pool();
    for _ in 0..3 {
        assert!(noop(&pool).await.unwrap_err().is_busy());
    }
    assert_eq!(script.accepted(), 1);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    noop(&pool).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_wrong_password_is_not_sent_over_and_over() {
    let script = Script::play(vec![refusing("AUTHENTICATIONFAILED"); 3]).await;
    let pool = script.pool();
    for _ in 0..6 {
        assert!(matches!(noop(&pool).await, Err(Error::SignInRefused { text, .. }) if text == "not now"));
    }
    assert_eq!(script.accepted(), 3);
    script.done().await;
}

#[tokio::test]
async fn a_server_that_breaks_off_is_no_wrong_password() {
    let wrong = refusing("AUTHENTICATIONFAILED");
    let script = Script::play(["cut", "cut", &wrong, &wrong, &(hello("") + NOOP)]).await;
    let pool = script.pool();
    for _ in 0..4 {
        assert!(noop(&pool).await.is_err());
    }
    noop(&pool).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn an_unused_connection_is_closed_after_the_idle_time() {
    let mut script = Script::play([hello("") + NOOP]).await;
    script.idle = Duration::from_millis(200);
    let pool = script.pool();
    noop(&pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(script.open(), 1);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(script.open(), 0);
    script.done().await;
}

#[tokio::test]
async fn the_connection_with_the_mailbox_open_is_preferred() {
    let opens = |name: &str| format!("C: {{x}} EXAMINE {name}\nwait: 100\n") + &examined("x", 7, 0);
    let again = "C: {y} NOOP\nS: {y} OK";
    let script = Script::play([hello("") + &opens("A") + again, hello("") + &opens("B") + again]).await;
    let pool = script.pool();
    let open = async |name: &[u8]| pool.ask(Some(name), &Newest(name)).await.unwrap();
    let (_, _) = tokio::join!(open(b"A"), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        open(b"B").await
    });
    // Both are open now: each call finds its own, and asks only for news.
    open(b"A").await;
    open(b"B").await;
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn where_changes_are_expected_what_was_read_can_be_changed_in_one_flight() {
    let opened = examined("x", 7, 0).replace("READ-ONLY", "READ-WRITE");
    let other = |name: &str| format!("C: {{x}} EXAMINE {name}\n") + &examined("x", 7, 0);
    let rest = other("A")
        + "C: {x} SELECT A\n"
        + &opened
        + "C: {s} UID STORE 3 +FLAGS.SILENT (\\Seen)\nS: {s} OK\n"
        // Of several folders the last one stays open.
        + "C: {x} EXAMINE B\nC: {y} SELECT A\n"
        + &examined("x", 7, 0)
        + &opened.replace("{x}", "{y}")
        + "C: {s} UID STORE 3 +FLAGS.SILENT (\\Seen)\nS: {s} OK\n"
        // One that the server opens for reading only cannot be changed this way either.
        + "C: {x} SELECT C\n"
        + &examined("x", 7, 0)
        + "C: {x} SELECT C\n"
        + &examined("x", 7, 0);
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    let open = async |names: &[&'static str]| {
        let mut session = pool.lease(None).await.unwrap();
        let flights = names.iter().map(|name| (bytes::Bytes::from(*name), Vec::new())).collect();
        let opened = session.examine_each(flights).await;
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    };
    let store = async |name: &[u8]| pool.store_flags(name, 7, &[3], &[domain::Flag::Seen], &[]).await;
    open(&["A"]).await;
    pool.expect_changes();
    // What is open already stays as it is until something is changed.
    store(b"A").await.unwrap();
    open(&["B", "A"]).await;
    store(b"A").await.unwrap();
    open(&["C"]).await;
    assert!(matches!(store(b"C").await, Err(mail::Error::NotSupported(_))));
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_cancelled_call_gives_its_connection_back() {
    let script =
        Script::play([hello("") + "C: {a} NOOP\nwait: 150\nS: {a} OK late\nC: {b} NOOP\nS: {b} OK mine"])
            .await;
    let pool = script.pool();
    assert!(tokio::time::timeout(Duration::from_millis(100), noop(&pool)).await.is_err());
    let text = pool.ask(None, &Noop::default()).await;
    assert_eq!(text.unwrap(), "mine");
    pool.close();
    script.done().await;
}

#[test]
fn a_lease_may_outlive_its_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lease = runtime.block_on(async {
        let script = Script::play([hello("")]).await;
        script.pool().lease(None).await.unwrap()
    });
    drop(runtime);
    drop(lease);
}
