//! Submission servers that refuse, cut, stall and talk nonsense, at every stage: what is told of it, and
//! whether the message was taken.

use std::{
    future::{pending, ready},
    io,
    time::Duration,
};

use mail::{
    Error,
    octets::Whole,
    smtp::{NotSubmitted, Patience, submit},
};
use testkit::{
    Proxy, SinkOptions, SmtpSink,
    proxy::Faults,
    smtp_sink::{Act, Fault, Stage},
};

use crate::submission::{
    MESSAGE, Pieces, SOON, connect, connect_to, connect_within, envelope, hand_over, sink,
};

/// So that a test of silence is over soon.
const LITTLE: Duration = Duration::from_millis(300);

/// Where something can happen before the end of the data.
const BEFORE: [Stage; 4] = [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Octets(20)];

/// More than fits into the buffers in between, so that a write meets what happens on the other side.
fn large() -> String {
    "0123456789abcdef\r\n".repeat(1_000_000)
}

/// What comes of a message to ann and bob, and the sink that was told.
async fn outcome(fault: Fault) -> (NotSubmitted, SmtpSink) {
    let sink = sink(SinkOptions::default().fault(fault));
    let mut server = connect(&sink).await;
    let told = hand_over(&mut server, &["ann@x.org", "bob@x.org"], MESSAGE).await.unwrap_err();
    (told, sink)
}

#[tokio::test]
async fn refused_recipients_are_told_one_by_one_and_the_others_get_it() {
    let options = SinkOptions::default()
        .fault(Fault::refuse("bob@x.org", "550-5.1.1 no such\n550 5.1.1 person"))
        .fault(Fault::refuse("eve@x.org", "452 4.2.2 full"));
    let sink = sink(options);
    let recipients = ["ann@x.org", "bob@x.org", "eve@x.org"];
    let submitted = hand_over(&mut connect(&sink).await, &recipients, MESSAGE).await.unwrap();
    let told: Vec<_> = submitted
        .recipients
        .iter()
        .map(|one| (one.accepted, one.is_temporary, one.code, one.enhanced.as_deref(), one.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (true, false, 250, Some("2.1.5"), "ok"),
            (false, false, 550, Some("5.1.1"), "no such person"),
            (false, true, 452, Some("4.2.2"), "full"),
        ]
    );
    assert_eq!(sink.received()[0].to, ["ann@x.org"]);
}

#[tokio::test]
async fn without_a_recipient_no_data_is_said_and_the_connection_lives() {
    for options in [SinkOptions::default(), SinkOptions::default().without(&["PIPELINING"])] {
        let sink = sink(options.fault(Fault::say(Stage::Rcpt, "550 5.1.1 nobody").times(2)));
        let mut server = connect(&sink).await;
        let never = async { panic!("nothing comes to its end here") };
        let envelope = envelope(&["ann@x.org", "bob@x.org"], MESSAGE.len());
        match submit(&mut server, &envelope, &mut Whole::new(MESSAGE), never).await {
            Err(NotSubmitted::AllRefused(replies)) => {
                assert!(replies.len() == 2 && replies.iter().all(|one| !one.accepted && !one.is_temporary));
            }
            other => panic!("{other:?}"),
        }
        assert!(!sink.transactions()[0].is_open);
        server.reset().await.unwrap();
        hand_over(&mut server, &["ann@x.org"], MESSAGE).await.unwrap();
        assert_eq!((sink.received().len(), sink.connections()), (1, 1));
    }
}

#[tokio::test]
async fn a_greylisted_message_is_taken_when_it_comes_again() {
    let sink = sink(SinkOptions { greylists: true, ..SinkOptions::default() });
    let mut server = connect(&sink).await;
    match hand_over(&mut server, &["ann@x.org"], MESSAGE).await {
        Err(NotSubmitted::AllRefused(replies)) => assert!(replies[0].is_temporary),
        other => panic!("{other:?}"),
    }
    server.reset().await.unwrap();
    hand_over(&mut server, &["ann@x.org"], MESSAGE).await.unwrap();
}

#[tokio::test]
async fn a_refused_sender_is_told_apart_from_a_message_that_is_too_large() {
    let (told, _) = outcome(Fault::say(Stage::Mail, "553 5.7.1 not your address")).await;
    assert!(
        matches!(&told, NotSubmitted::SenderRefused(reply) if reply.code == 553 && reply.text == "not your address"),
        "{told:?}"
    );
    // Also where the server hangs up instead of answering to the recipients that are on their way.
    let (told, _) = outcome(Fault::new(Stage::Mail, Act::Leave("550 5.7.1 go away".into()))).await;
    assert!(matches!(&told, NotSubmitted::SenderRefused(reply) if reply.text == "go away"), "{told:?}");
    let (told, _) = outcome(Fault::say(Stage::Mail, "552 5.3.4 too large")).await;
    assert!(matches!(&told, NotSubmitted::MessageRefused(reply) if reply.code == 552), "{told:?}");
}

#[tokio::test]
async fn a_refused_message_leaves_the_connection_to_the_next() {
    for (stage, reply, is_temporary) in [
        (Stage::Mail, "451 4.3.0 later", true),
        (Stage::Data, "451 4.3.0 later", true),
        (Stage::Data, "554 5.5.1 no", false),
        (Stage::End, "452-4.3.1 full\n452 4.3.1 come later", true),
        (Stage::End, "554 5.7.1 looks like spam", false),
    ] {
        let sink = sink(SinkOptions::default().fault(Fault::say(stage, reply).once()));
        let mut server = connect(&sink).await;
        match hand_over(&mut server, &["ann@x.org"], MESSAGE).await {
            Err(NotSubmitted::MessageRefused(told) | NotSubmitted::SenderRefused(told)) => {
                assert_eq!((told.is_temporary, told.accepted), (is_temporary, false), "{stage:?}");
            }
            other => panic!("{stage:?}: {other:?}"),
        }
        assert_eq!(sink.received().len(), 0);
        server.reset().await.unwrap();
        hand_over(&mut server, &["ann@x.org"], MESSAGE).await.unwrap();
        assert_eq!(sink.received().len(), 1);
    }
}

#[tokio::test]
async fn a_cut_before_the_end_is_safe_to_repeat() {
    for stage in BEFORE {
        let sink = sink(SinkOptions::default().fault(Fault::new(stage, Act::Close).once()));
        let mut server = connect(&sink).await;
        let told = hand_over(&mut server, &["ann@x.org"], &large()).await.unwrap_err();
        assert!(
            matches!(told, NotSubmitted::NotSent(Error::Closed | Error::Broken(_))),
            "{stage:?}: {told:?}"
        );
        assert!(!server.is_usable() && server.reset().await.is_err());
        let again = hand_over(&mut server, &["ann@x.org"], MESSAGE).await;
        assert!(matches!(again, Err(NotSubmitted::NotSent(Error::Closed))));
        hand_over(&mut connect(&sink).await, &["ann@x.org"], MESSAGE).await.unwrap();
        assert_eq!(sink.received().len(), 1);
    }
}

#[tokio::test]
async fn a_cut_that_no_write_meets_is_noticed_before_the_end() {
    let sink = sink(SinkOptions::default().fault(Fault::new(Stage::Octets(1), Act::Close)));
    let mut server = connect(&sink).await;
    // The cut comes while it is noted, if not before.
    let noted = async { sink.wait_closed(SOON).map(drop) };
    let envelope = envelope(&["ann@x.org"], MESSAGE.len());
    let told = submit(&mut server, &envelope, &mut Whole::new(MESSAGE), noted).await.unwrap_err();
    assert!(matches!(told, NotSubmitted::NotSent(Error::Closed | Error::Broken(_))), "{told:?}");
    assert!(!sink.transactions()[0].is_ended);
}

#[tokio::test]
async fn a_cut_after_the_end_is_unknown() {
    let (told, sink) = outcome(Fault::new(Stage::End, Act::Close)).await;
    assert!(matches!(told, NotSubmitted::Unknown(Error::Closed | Error::Broken(_))), "{told:?}");
    // The sink took it: to repeat it would have been wrong.
    assert_eq!(sink.wait_for(1, SOON).unwrap().len(), 1);
    // Half an answer is none.
    let (told, _) = outcome(Fault::new(Stage::End, Act::Leave("250-2.0.0 tak".into()))).await;
    assert!(matches!(told, NotSubmitted::Unknown(Error::Closed)), "{told:?}");
}

#[tokio::test]
async fn a_cut_at_any_octet_of_the_answers_is_told_as_what_it_was() {
    let sink = sink(SinkOptions::default());
    let proxy = Proxy::start(sink.port(), Faults::default()).unwrap();
    let yes = "250 2.1.0 ok\r\n250 2.1.5 ok\r\n";
    let go = yes.len() + "354 go on\r\n".len();
    let all = go + "250 2.0.0 taken\r\n".len();
    for cut in 1..=all {
        let mut server = connect_to(proxy.port(), Patience::default()).await.unwrap();
        proxy.strike(Faults { cut_after: Some(cut), ..Faults::default() });
        let recipient = format!("cut{cut}@x.org");
        let told = hand_over(&mut server, &[&recipient], MESSAGE).await;
        drop(server);
        let transactions = sink.wait_closed(SOON).unwrap();
        let is_taken = transactions.iter().any(|one| one.is_taken && one.accepted() == [recipient.as_str()]);
        match told {
            Ok(_) => assert!(cut == all && is_taken, "{cut}"),
            // At the go-ahead's last octet the cut may be noticed before the end, or not.
            Err(NotSubmitted::NotSent(_)) => assert!(cut <= go && !is_taken, "{cut}"),
            Err(NotSubmitted::Unknown(_)) => assert!(cut >= go, "{cut}"),
            other => panic!("{cut}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn silence_is_a_timeout_before_the_end_and_unknown_after_it() {
    let usual = Patience::default;
    for (stage, patience) in [
        (Stage::Mail, Patience { reply: LITTLE, ..usual() }),
        (Stage::Rcpt, Patience { reply: LITTLE, ..usual() }),
        (Stage::Data, Patience { data: LITTLE, ..usual() }),
        // A server that reads no more: the buffers in between are full some time.
        (Stage::Octets(100), Patience { block: LITTLE, ..usual() }),
        (Stage::End, Patience { end: LITTLE, ..usual() }),
    ] {
        let sink = sink(SinkOptions::default().fault(Fault::new(stage, Act::Hang)));
        let mut server = connect(&sink).await;
        server.connection.set_patience(patience);
        let told = hand_over(&mut server, &["ann@x.org"], &large()).await.unwrap_err();
        match told {
            NotSubmitted::NotSent(Error::Timeout(_)) => {
                assert!(stage != Stage::End && sink.received().is_empty());
            }
            NotSubmitted::Unknown(Error::Timeout(_)) => {
                assert!(stage == Stage::End && sink.received().len() == 1);
            }
            other => panic!("{stage:?}: {other:?}"),
        }
        assert!(!server.is_usable());
    }
}

#[tokio::test]
async fn silence_at_sign_in_is_a_timeout_too() {
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::SignIn] {
        let sink = sink(SinkOptions::default().fault(Fault::new(stage, Act::Hang)));
        let impatient = Patience { reply: LITTLE, ..Patience::default() };
        let told = connect_within(&sink, impatient).await.unwrap_err();
        assert!(matches!(told, Error::Timeout(_)), "{stage:?}: {told:?}");
    }
}

#[tokio::test]
async fn a_server_that_takes_its_leave_is_tried_again_later() {
    for stage in [Stage::Mail, Stage::Rcpt, Stage::Data] {
        let (told, sink) = outcome(Fault::new(stage, Act::Leave("421 4.3.2 closing down".into()))).await;
        match told {
            NotSubmitted::NotSent(Error::Bye(text)) => assert_eq!(text, "4.3.2 closing down"),
            other => panic!("{stage:?}: {other:?}"),
        }
        assert!(sink.received().is_empty());
    }
    // In answer to the end it is a no like others.
    let (told, _) = outcome(Fault::new(Stage::End, Act::Leave("421 4.3.2 closing down".into()))).await;
    assert!(matches!(&told, NotSubmitted::MessageRefused(reply) if reply.is_temporary), "{told:?}");
}

#[tokio::test]
async fn the_reason_for_a_cut_within_the_data_is_heard() {
    for (reply, is_definite) in [("552 5.3.4 too large", true), ("421 4.4.2 too slow", false)] {
        let sink =
            sink(SinkOptions::default().fault(Fault::new(Stage::Octets(20), Act::Leave(reply.into()))));
        let mut server = connect(&sink).await;
        let told = hand_over(&mut server, &["ann@x.org"], &large()).await.unwrap_err();
        match told {
            NotSubmitted::MessageRefused(told) => assert!(is_definite && told.code == 552),
            NotSubmitted::NotSent(Error::Bye(text)) => assert!(!is_definite && text.contains("too slow")),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    for nonsense in ["what?", "250_ok", "999 yes", "250-one\n251 two", "334 more", ""] {
        for stage in [Stage::Mail, Stage::Rcpt, Stage::Data] {
            let (told, _) = outcome(Fault::say(stage, nonsense)).await;
            assert!(
                matches!(told, NotSubmitted::NotSent(Error::Protocol(_))),
                "{nonsense} at {stage:?}: {told:?}"
            );
        }
        let (told, _) = outcome(Fault::say(Stage::End, nonsense)).await;
        assert!(matches!(told, NotSubmitted::Unknown(Error::Protocol(_))), "{nonsense}: {told:?}");
    }
    let endless = "250-more\n".repeat(1_000) + "250 done";
    let (told, _) = outcome(Fault::say(Stage::Mail, &endless)).await;
    assert!(matches!(told, NotSubmitted::NotSent(Error::TooLarge(_))), "{told:?}");
}

#[tokio::test]
async fn what_cannot_be_read_or_noted_is_not_sent() {
    let broken = || io::Error::other("a fault of the disk");
    let size = MESSAGE.len();
    let whole = || vec![Ok(MESSAGE.as_bytes().to_vec())];
    let (first, rest) = MESSAGE.as_bytes().split_at(20);
    for (what, pieces, noted) in [
        ("the source breaks", vec![Ok(first.to_vec()), Err(broken())], Ok(())),
        ("the source ends too soon", vec![Ok(first.to_vec())], Ok(())),
        ("the source gives too much", vec![Ok(first.to_vec()), Ok(rest.to_vec()), Ok(b"x".to_vec())], Ok(())),
        ("the note fails", whole(), Err(broken())),
    ] {
        let sink = sink(SinkOptions::default());
        let mut server = connect(&sink).await;
        let told =
            submit(&mut server, &envelope(&["ann@x.org"], size), &mut Pieces(pieces), ready(noted)).await;
        assert!(matches!(told, Err(NotSubmitted::Stopped(_))), "{what}: {told:?}");
        assert!(!server.is_usable(), "{what}");
        // Taking leave politely would be more data.
        server.quit().await;
        let again = hand_over(&mut connect(&sink).await, &["bob@x.org"], MESSAGE).await;
        assert!(again.is_ok());
        let all = sink.transactions();
        assert!(!all[0].is_ended && !all[0].data.windows(4).any(|four| four == b"QUIT"), "{what}: {all:?}");
        assert_eq!(sink.received().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_submission_given_up_before_it_was_noted_is_not_sent() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    let envelope = envelope(&["ann@x.org"], MESSAGE.len());
    let mut octets = Whole::new(MESSAGE);
    let submission = submit(&mut server, &envelope, &mut octets, pending());
    assert!(tokio::time::timeout(Duration::from_millis(200), submission).await.is_err());
    assert!(!server.is_usable());
    drop(server);
    let all = sink.transactions();
    assert!(all[0].is_open && !all[0].is_ended);
}

#[tokio::test]
async fn a_server_that_went_away_while_nothing_was_said_is_noticed() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    hand_over(&mut server, &["ann@x.org"], MESSAGE).await.unwrap();
    sink.set_faults(vec![Fault::new(Stage::Reset, Act::Leave("421 4.4.2 idle".into()))]);
    assert!(server.reset().await.is_err());
    let told = hand_over(&mut server, &["ann@x.org"], MESSAGE).await;
    assert!(matches!(told, Err(NotSubmitted::NotSent(_))), "{told:?}");
}
