//! APPEND and REPLACE as they go over the wire, and what is told when it goes wrong on the way.

use std::time::Duration;

use domain::{Flag, Timestamp};
use mail::{
    Error,
    imap::{
        Pool, Session, command,
        write::{Appending, NotAppended, Placed},
    },
};

use super::Pieces;
use crate::script::{Script, examined, hello};

const TEXT: &str = "Subject: a\r\n\r\nbody\r\n";

fn what(size: usize) -> Appending<'static> {
    Appending { mailbox: b"Drafts", size: size as u64, ..Appending::default() }
}

async fn append(pool: &Pool, text: &str) -> Result<Option<Placed>, NotAppended> {
    pool.append(&what(text.len()), &mut Pieces::of(text)).await
}

/// What comes of appending [`TEXT`] to a server that plays this.
async fn plays(capabilities: &str, rest: &str) -> Result<Option<Placed>, NotAppended> {
    let script =
        Script::play([hello(capabilities) + rest]).await.tuned(|t| t.command = Duration::from_millis(400));
    let pool = script.pool();
    let outcome = append(&pool, TEXT).await;
    pool.close();
    script.done().await;
    outcome
}

const SENT: &str = "C: Subject: a\nC: \nC: body\nC: \n";

/// The session that this question is asked of, where only its mailbox matters.
struct Opened;

impl mail::imap::Question for Opened {
    type Answer = ();

    async fn ask(&self, session: &mut Session) -> Result<(), Error> {
        session.examine(b"Drafts", Vec::new()).await.map(|_| ())
    }
}

#[tokio::test]
async fn flags_and_time_come_before_the_literal() {
    let rest = format!(
        "C: {{a}} APPEND \"K&APw-che\" (\\Seen \\Draft $Forwarded) \"14-Nov-2023 22:13:20 +0000\" {{20+}}\n{SENT}\
         S: * 4 EXISTS\nS: {{a}} OK [APPENDUID 7 104] done"
    );
    let script = Script::play([hello("LITERAL+ UIDPLUS") + &rest]).await;
    let pool = script.pool();
    let flags = [Flag::Seen, Flag::Draft, Flag::Keyword("$Forwarded".into())];
    let what = Appending {
        mailbox: b"K&APw-che",
        flags: &flags,
        received: Timestamp::from_unix_timestamp(1_700_000_000).ok(),
        ..what(TEXT.len())
    };
    let placed = pool.append(&what, &mut Pieces::cut(TEXT.as_bytes(), 3)).await.unwrap();
    assert_eq!(placed, Some(Placed { validity: 7, uid: 104 }));
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_server_without_literal_plus_is_waited_for() {
    let rest = format!("C: {{a}} APPEND Drafts {{20}}\nS: + go on\n{SENT}S: {{a}} OK done");
    assert_eq!(plays("", &rest).await.unwrap(), None);
    let rest = format!("C: {{a}} APPEND Drafts {{20+}}\n{SENT}S: {{a}} OK [APPENDUID 7 3:4] strange");
    assert_eq!(plays("LITERAL-", &rest).await.unwrap(), None);
}

#[tokio::test]
async fn a_refusal_before_the_message_keeps_the_connection_and_the_message_unread() {
    let rest = "C: {a} APPEND Drafts {20}\nS: {a} NO [OVERQUOTA] full\nC: {b} NOOP\nS: {b} OK";
    let script = Script::play([hello("") + rest]).await;
    let pool = script.pool();
    let mut source = Pieces::of(TEXT);
    let outcome = pool.append(&what(TEXT.len()), &mut source).await;
    assert!(
        matches!(&outcome, Err(NotAppended::Refused(Error::Refused { code: Some(code), .. })) if code == "OVERQUOTA"),
        "{outcome:?}"
    );
    assert_eq!(source.gauge.read(), 0);
    pool.lease(None).await.unwrap().run_one(command::noop()).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_large_message_is_announced_before_it_is_read() {
    // Even where the server takes literals unasked: a refusal must not cost sending all of it.
    let script =
        Script::play([hello("LITERAL+") + "C: {a} APPEND Drafts {100000}\nS: {a} NO [TRYCREATE] none"]).await;
    let pool = script.pool();
    let text = "x".repeat(100_000);
    let outcome = append(&pool, &text).await;
    assert!(matches!(outcome, Err(NotAppended::Refused(_))), "{outcome:?}");
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn what_is_larger_than_the_server_takes_is_not_sent() {
    let refused = plays("LITERAL+ APPENDLIMIT=19", "").await;
    let Err(NotAppended::Refused(Error::Refused { code, .. })) = refused else { panic!("{refused:?}") };
    assert_eq!(code.as_deref(), Some("TOOBIG"));
    let rest = format!("C: {{a}} APPEND Drafts {{20+}}\n{SENT}S: {{a}} OK done");
    plays("LITERAL+ APPENDLIMIT=20", &rest).await.unwrap();
    // The limit of one mailbox is asked where the message is large.
    let rest = "C: {a} STATUS Drafts (APPENDLIMIT)\nS: * STATUS Drafts (APPENDLIMIT 2000000)\nS: {a} OK";
    let script = Script::play([hello("APPENDLIMIT") + rest]).await;
    let pool = script.pool();
    let outcome = pool.append(&what(2_000_001), &mut Pieces::of(TEXT)).await;
    assert!(matches!(outcome, Err(NotAppended::Refused(_))), "{outcome:?}");
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_message_without_content_is_not_sent() {
    let script = Script::play([hello("LITERAL+")]).await;
    let pool = script.pool();
    let outcome = append(&pool, "").await;
    assert!(matches!(outcome, Err(NotAppended::Before(Error::Unsendable(_)))), "{outcome:?}");
}

#[tokio::test]
async fn a_loss_before_the_end_of_the_message_means_that_it_is_not_there() {
    for rest in ["C: {a} APPEND Drafts {20}\ncut", "C: {a} APPEND Drafts {20}\nS: * BYE maintenance\ncut"] {
        let outcome = plays("", rest).await;
        assert!(matches!(&outcome, Err(NotAppended::Before(_))), "{outcome:?}");
    }
    let script =
        Script::play([hello("") + "C: {a} APPEND Drafts {3000000}\nS: + go on\ntake: 200000\ncut"]).await;
    let pool = script.pool();
    let mut source = Pieces::cut(&b"x".repeat(3_000_000), 10_000);
    let outcome = pool.append(&what(3_000_000), &mut source).await;
    // The system may have taken all of it from us, though the server did not.
    match outcome {
        Err(NotAppended::Before(_)) => assert!(source.gauge.read() <= 3_000_000),
        Err(NotAppended::During(_)) => assert_eq!(source.gauge.read(), 3_000_000),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_that_the_server_takes_before_it_has_it_is_not_there() {
    let outcome = plays("", "C: {a} APPEND Drafts {20}\nS: {a} OK [APPENDUID 7 8] of course").await;
    assert!(matches!(&outcome, Err(NotAppended::Before(Error::Protocol(_)))), "{outcome:?}");
}

#[tokio::test]
async fn a_loss_after_the_end_of_the_message_leaves_it_open() {
    for capabilities in ["", "LITERAL+"] {
        let go = if capabilities.is_empty() {
            "C: {a} APPEND Drafts {20}\nS: + go on\n"
        } else {
            "C: {a} APPEND …\n"
        };
        for end in ["cut", "S: * BYE sorry\ncut", "stall"] {
            let outcome = plays(capabilities, &format!("{go}{SENT}{end}")).await;
            assert!(matches!(&outcome, Err(NotAppended::During(_))), "{end}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn a_source_that_fails_or_has_another_length_ends_the_connection_and_stores_nothing() {
    let sent = "C: {a} APPEND Drafts {20+}\nC: Subject: a\nC: \n";
    // Not one octet more arrives, above all no line end that would complete the command.
    for (source, size, rest) in [
        (Pieces::cut(&TEXT.as_bytes()[..14], 7).failing(), 20, format!("{sent}stall")),
        (Pieces::cut(&TEXT.as_bytes()[..14], 7), 20, format!("{sent}stall")),
        (Pieces::of(TEXT), 19, "C: {a} APPEND Drafts {19+}\nstall".to_owned()),
        (Pieces::cut(TEXT.as_bytes(), 10), 10, "C: {a} APPEND Drafts {10+}\nstall".to_owned()),
    ] {
        let script = Script::play([hello("LITERAL+") + &rest]).await;
        let pool = script.pool();
        let mut source = source;
        let outcome = pool.append(&what(size), &mut source).await;
        assert!(matches!(outcome, Err(NotAppended::Source(_))), "{outcome:?}");
        // Without the pool being closed: the connection went with it.
        script.done().await;
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_the_connection_along_and_stores_nothing() {
    struct Never;
    impl mail::octets::Chunks for Never {
        async fn next(&mut self) -> std::io::Result<Option<bytes::Bytes>> {
            std::future::pending().await
        }
    }
    let script = Script::play([hello("LITERAL+") + "C: {a} APPEND Drafts {20+}\nstall"]).await;
    let pool = script.pool();
    let gone = tokio::time::timeout(Duration::from_millis(100), pool.append(&what(20), &mut Never)).await;
    assert!(gone.is_err());
    script.done().await;
}

#[tokio::test]
async fn a_refusal_in_the_middle_is_told_and_ends_the_connection() {
    let rest =
        "C: {a} APPEND Drafts {4000000}\nS: + go on\ntake: 100000\nS: {a} NO [OVERQUOTA] too much\nstall";
    let script = Script::play([hello("") + rest]).await;
    let pool = script.pool();
    let mut source = Pieces::cut(&b"x".repeat(4_000_000), 10_000);
    let outcome = pool.append(&what(4_000_000), &mut source).await;
    assert!(matches!(outcome, Err(NotAppended::Refused(_))), "{outcome:?}");
    script.done().await;
}

#[tokio::test]
async fn what_a_cancelled_call_left_behind_is_answered_while_the_message_goes_out() {
    let rest = format!(
        "C: {{n}} NOOP\nC: {{a}} APPEND Drafts {{20}}\nS: {{n}} OK late\nS: * 5 EXISTS\nS: + go on\n{SENT}S: {{a}} OK done"
    );
    let script = Script::play([hello("") + &rest]).await;
    let pool = script.pool();
    let mut lease = pool.lease(None).await.unwrap();
    let cancelled = tokio::time::timeout(Duration::from_millis(50), lease.run_one(command::noop())).await;
    assert!(cancelled.is_err());
    drop(lease);
    append(&pool, TEXT).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_slow_server_has_its_time_as_long_as_the_message_moves_on() {
    // Four times as long as a command may take, in steps that are each short enough.
    let steps = "take: 2000000\nwait: 250\n".repeat(8);
    let rest = format!("C: {{a}} APPEND Drafts {{16000000}}\nS: + go on\n{steps}C: \nS: {{a}} OK done");
    let script = Script::play([hello("") + &rest]).await.tuned(|t| t.command = Duration::from_millis(600));
    let pool = script.pool();
    let mut source = Pieces::cut(&b"x".repeat(16_000_000), 50_000);
    let outcome = pool.append(&what(16_000_000), &mut source).await;
    outcome.unwrap();
    assert!(source.gauge.most_alive() <= 300_000, "{:?}", source.gauge);
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_server_that_stops_taking_the_message_is_given_up() {
    let script = Script::play([hello("") + "C: {a} APPEND Drafts {64000000}\nS: + go on\nwait: 1500\ncut"])
        .await
        .tuned(|t| t.command = Duration::from_millis(300));
    let pool = script.pool();
    let mut source = Pieces::cut(&b"x".repeat(64_000_000), 50_000);
    let outcome = pool.append(&what(64_000_000), &mut source).await;
    assert!(matches!(outcome, Err(NotAppended::Before(Error::Timeout("APPEND")))), "{outcome:?}");
    // No more was read than what the system keeps between the two.
    assert!(source.gauge.read() < 32_000_000, "{:?}", source.gauge);
}

#[tokio::test]
async fn a_waiting_connection_that_is_dead_is_replaced_before_the_message_is_read() {
    let dying = hello("") + "C: {n} NOOP\nS: {n} OK\nC: {a} APPEND Drafts {20}\ncut";
    let good = hello("") + &format!("C: {{a}} APPEND Drafts {{20}}\nS: + go on\n{SENT}S: {{a}} OK done");
    let script = Script::play([dying, good]).await;
    let pool = script.pool();
    pool.lease(None).await.unwrap().run_one(command::noop()).await.unwrap();
    assert_eq!(append(&pool, TEXT).await.unwrap(), None);
    assert_eq!(script.accepted(), 2);
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn a_connection_that_waited_long_must_answer_before_the_message_is_read() {
    let rest = format!(
        "C: {{n}} NOOP\nS: {{n}} OK\nC: {{a}} APPEND Drafts {{20}}\nS: + go on\n{SENT}S: {{a}} OK done"
    );
    let script = Script::play([hello("LITERAL+") + &rest]).await.tuned(|t| t.believed = Duration::ZERO);
    let pool = script.pool();
    pool.lease(None).await.unwrap().run_one(command::noop()).await.unwrap();
    append(&pool, TEXT).await.unwrap();
    pool.close();
    script.done().await;
}

#[tokio::test]
async fn the_open_mailbox_learns_of_what_is_put_into_it() {
    for (news, again) in [("S: * 3 EXISTS\n", ""), ("", "C: {y} EXAMINE Drafts\n")] {
        let again = if again.is_empty() { String::new() } else { again.to_owned() + &examined("y", 7, 3) };
        let rest = "C: {x} EXAMINE Drafts\n".to_owned()
            + &examined("x", 7, 2)
            + &format!("C: {{a}} APPEND Drafts {{20+}}\n{SENT}{news}S: {{a}} OK done\n{again}");
        let script = Script::play([hello("LITERAL+") + &rest]).await;
        let pool = script.pool();
        pool.ask(Some(b"Drafts"), &Opened).await.unwrap();
        append(&pool, TEXT).await.unwrap();
        pool.ask(Some(b"Drafts"), &Opened).await.unwrap();
        assert_eq!(pool.lease(Some(b"Drafts")).await.unwrap().exists(), 3);
        pool.close();
        script.done().await;
    }
}

#[tokio::test]
async fn a_header_in_utf8_is_told_where_the_server_wants_it() {
    let enabled = "C: {e} ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: {e} OK\n";
    let told =
        "C: {a} APPEND Drafts UTF8 (~{20}\nS: + go on\nC: Subject: a\nC: \nC: body\nC: )\nS: {a} OK done";
    // Courier offers UTF8=ACCEPT and does not know this.
    let untold = format!(
        "C: {{a}} APPEND Drafts UTF8 (~{{20}}\nS: {{a}} NO Error in IMAP command received by server.\n\
         C: {{b}} APPEND Drafts {{20}}\nS: + go on\n{SENT}S: {{b}} OK done"
    );
    for rest in [told, &untold] {
        let script = Script::play([hello("LITERAL+ ENABLE UTF8=ACCEPT") + enabled + rest]).await;
        let pool = script.pool();
        let what = Appending { is_utf8: true, ..what(TEXT.len()) };
        pool.append(&what, &mut Pieces::of(TEXT)).await.unwrap();
        pool.close();
        script.done().await;
    }
}

const OLD: Placed = Placed { validity: 7, uid: 104 };

async fn replaces(capabilities: &str, rest: &str) -> Result<Option<Placed>, NotAppended> {
    let script = Script::play([hello(capabilities) + rest]).await;
    let pool = script.pool();
    let outcome = pool.replace(&what(TEXT.len()), &OLD, &mut Pieces::of(TEXT)).await;
    pool.close();
    script.done().await;
    outcome
}

/// The answer to a SELECT.
fn selected(tag: &str, validity: u32) -> String {
    format!(
        "S: * 9 EXISTS\nS: * OK [UIDVALIDITY {validity}] valid\nS: * OK [UIDNEXT 1000] next\nS: {{{tag}}} OK [READ-WRITE] opened\n"
    )
}

#[tokio::test]
async fn a_message_is_replaced_at_once_where_the_server_can() {
    let rest = "C: {x} SELECT Drafts\n".to_owned()
        + &selected("x", 7)
        + &format!(
            "C: {{a}} UID REPLACE 104 Drafts {{20}}\nS: + go on\n{SENT}S: * OK [APPENDUID 7 105] stored\nS: * 10 EXISTS\n\
             S: * 3 EXPUNGE\nS: {{a}} OK replaced"
        );
    let placed = replaces("REPLACE UIDPLUS LITERAL+", &rest).await.unwrap();
    assert_eq!(placed, Some(Placed { validity: 7, uid: 105 }));
}

#[tokio::test]
async fn what_cannot_be_replaced_is_appended_and_the_old_one_removed_then() {
    let append = format!("C: {{a}} APPEND Drafts {{20+}}\n{SENT}S: {{a}} OK [APPENDUID 7 105] done\n");
    let remove = "C: {x} SELECT Drafts\n".to_owned()
        + &selected("x", 7)
        + "C: {s} UID STORE 104 +FLAGS.SILENT (\\Deleted)\nC: {t} UID EXPUNGE 104\nS: {s} OK\nS: {t} OK\n";
    let placed = replaces("UIDPLUS LITERAL+", &(append.clone() + &remove)).await.unwrap();
    assert_eq!(placed, Some(Placed { validity: 7, uid: 105 }));
    // The mailbox was made anew meanwhile: nothing in it is removed.
    let stale = "C: {y} SELECT Drafts\n".to_owned() + &selected("y", 8);
    replaces("REPLACE UIDPLUS LITERAL+", &(stale.clone() + &append)).await.unwrap();
    // The old one is gone.
    let gone = "C: {y} SELECT Drafts\n".to_owned()
        + &selected("y", 7)
        + "C: {r} UID REPLACE 104 Drafts {20}\nS: {r} NO no such message\n"
        + &append.replace("S: {a}", "S: * 10 EXISTS\nS: {a}")
        + "C: {s} UID STORE …\nC: {t} UID EXPUNGE 104\nS: {s} OK\nS: {t} OK\n";
    replaces("REPLACE UIDPLUS LITERAL+", &gone).await.unwrap();
    // The removal failed: the new one counts.
    let kept = append
        + "C: {x} SELECT Drafts\n"
        + &selected("x", 7)
        + "C: {s} UID STORE …\nC: {t} UID EXPUNGE …\nS: {s} NO [NOPERM] no\nS: {t} NO\n";
    assert!(replaces("UIDPLUS LITERAL+", &kept).await.is_ok());
}
