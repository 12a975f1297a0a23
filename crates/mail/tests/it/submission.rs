//! Messages handed to a submission server that does as it should: what it is told, and what arrives. What
//! goes wrong is in `submission_faults`, a real server in `submission_dovecot`.

use std::{
    future::ready,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Endpoint, Secret, TlsMode, account::Credential};
use mail::{
    octets::{Chunks, Whole},
    smtp::{Envelope, NotSubmitted, Patience, SignedIn, Submitted, sign_in, submit},
};
use net::{Origin, Outgoing, PrivateHosts};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use testkit::{
    SinkOptions, SmtpSink,
    smtp_sink::{Fault, Stage, Transaction},
};

/// How long a test waits for what must come.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) const MESSAGE: &str = "From: tim@x.org\r\nSubject: hello\r\n\r\nHow are you?\r\n";

/// A sink where tim can sign in.
pub(crate) fn sink(options: SinkOptions) -> SmtpSink {
    SmtpSink::with(options.person("tim", "sesame")).unwrap()
}

/// Tim's connection to it.
pub(crate) async fn connect(sink: &SmtpSink) -> SignedIn {
    connect_within(sink, Patience::default()).await.unwrap()
}

pub(crate) async fn connect_within(sink: &SmtpSink, patience: Patience) -> Result<SignedIn, mail::Error> {
    connect_to(sink.port(), patience).await
}

/// The same, to whatever stands in front of the sink.
pub(crate) async fn connect_to(port: u16, patience: Patience) -> Result<SignedIn, mail::Error> {
    let (host, username) = ("127.0.0.1".to_owned(), "tim".to_owned());
    let endpoint = Endpoint { host, port, tls: TlsMode::None, username };
    let settings = net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() };
    let credential = Credential::Password(Secret::new("sesame"));
    sign_in(patience, &Outgoing::new(settings), &endpoint, &credential, Origin::Operator, [7; 24]).await
}

/// From tim to these, for octets of that size.
pub(crate) fn envelope(recipients: &[&str], size: usize) -> Envelope {
    Envelope {
        from: "tim@x.org".to_owned(),
        recipients: recipients.iter().map(|one| (*one).to_owned()).collect(),
        size: u64::try_from(size).unwrap(),
        is_8bit: false,
        needs_utf8: false,
        wants_dsn: false,
    }
}

/// Hands `message` over to these.
pub(crate) async fn hand_over(
    signed_in: &mut SignedIn,
    recipients: &[&str],
    message: &str,
) -> Result<Submitted, NotSubmitted> {
    let envelope = envelope(recipients, message.len());
    submit(signed_in, &envelope, &mut Whole::new(message.to_owned()), ready(Ok(()))).await
}

fn only(sink: &SmtpSink) -> Transaction {
    let all = sink.wait_for(1, SOON).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_is_with_its_envelope() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    let submitted = hand_over(&mut server, &["ann@x.org", "bob@x.org"], MESSAGE).await.unwrap();
    assert_eq!(submitted.text, "taken");
    assert!(submitted.recipients.iter().all(|one| one.accepted && one.code == 250));
    server.quit().await;

    let arrived = only(&sink);
    assert_eq!((arrived.from.as_str(), arrived.accepted()), ("tim@x.org", vec!["ann@x.org", "bob@x.org"]));
    assert_eq!(arrived.message(), MESSAGE.as_bytes());
    assert_eq!(arrived.parameters, [format!("SIZE={}", MESSAGE.len())]);
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn the_envelope_goes_in_flights_where_the_server_takes_that_and_step_by_step_else() {
    let recipients: Vec<String> = (0..120).map(|number| format!("person{number}@x.org")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    // A MAIL with 50, then 50, then 20: all but the first line of each flight are there already.
    for (options, pipelined) in
        [(SinkOptions::default(), 50 + 49 + 19), (SinkOptions::default().without(&["PIPELINING"]), 0)]
    {
        let refused = Fault::refuse("person77@x.org", "550 5.1.1 gone");
        let sink = sink(options.fault(refused));
        let submitted = hand_over(&mut connect(&sink).await, &recipients, MESSAGE).await.unwrap();
        let refused: Vec<usize> = submitted
            .recipients
            .iter()
            .enumerate()
            .filter(|(_, one)| !one.accepted)
            .map(|(at, _)| at)
            .collect();
        assert_eq!((submitted.recipients.len(), refused), (120, vec![77]));
        assert_eq!(only(&sink).accepted().len(), 119);
        assert_eq!(sink.pipelined(), pipelined);
    }
}

#[tokio::test]
async fn what_the_server_does_not_offer_is_neither_said_nor_tried() {
    let sink = sink(SinkOptions::default().only(&["SIZE 100"]));
    let mut server = connect(&sink).await;
    let mut large = envelope(&["ann@x.org"], 101);
    let refused = submit(&mut server, &large, &mut Whole::new(vec![b'a'; 101]), ready(Ok(()))).await;
    assert!(matches!(refused, Err(NotSubmitted::TooLarge { limit: 100 })), "{refused:?}");
    (large.size, large.is_8bit) = (4, true);
    let refused = submit(&mut server, &large, &mut Whole::new("ä\r\n"), ready(Ok(()))).await;
    assert!(matches!(refused, Err(NotSubmitted::Needs8Bit)), "{refused:?}");
    large.needs_utf8 = true;
    let refused = submit(&mut server, &large, &mut Whole::new("ä\r\n"), ready(Ok(()))).await;
    assert!(matches!(refused, Err(NotSubmitted::NeedsUtf8)), "{refused:?}");

    // Nothing was begun, and the connection is as good as new.
    (large.is_8bit, large.needs_utf8, large.wants_dsn) = (false, false, true);
    submit(&mut server, &large, &mut Whole::new("ab\r\n"), ready(Ok(()))).await.unwrap();
    let arrived = only(&sink);
    assert_eq!(arrived.parameters, ["SIZE=4"]);
    assert_eq!(arrived.recipients[0].parameters, [] as [String; 0]);
}

#[tokio::test]
async fn an_address_beyond_ascii_and_the_wish_for_reports_are_told() {
    let sink = sink(SinkOptions::default());
    let mut wish = envelope(&["jörg@x.org", "ann@x.org"], 4);
    (wish.is_8bit, wish.needs_utf8, wish.wants_dsn) = (true, true, true);
    let mut server = connect(&sink).await;
    submit(&mut server, &wish, &mut Whole::new("ä\r\n"), ready(Ok(()))).await.unwrap();
    let arrived = only(&sink);
    assert_eq!(arrived.parameters, ["SIZE=4", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS"]);
    assert_eq!(arrived.accepted(), ["jörg@x.org", "ann@x.org"]);
    assert_eq!(arrived.recipients[0].parameters, ["NOTIFY=FAILURE"]);
    assert_eq!(arrived.recipients[1].parameters, ["NOTIFY=FAILURE", "ORCPT=rfc822;ann@x.org"]);
    assert_eq!(arrived.data, "ä\r\n".as_bytes());
}

#[tokio::test]
async fn a_connection_carries_one_message_after_another() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    for _ in 0..3 {
        hand_over(&mut server, &["ann@x.org"], MESSAGE).await.unwrap();
        server.reset().await.unwrap();
        assert!(server.is_usable());
    }
    assert_eq!((sink.received().len(), sink.connections()), (3, 1));
}

#[tokio::test]
async fn the_end_is_not_on_its_way_before_it_was_noted_that_it_comes() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    let noted = async {
        // All the sink can know by now: everything but the line end that the end begins with.
        let all = sink.wait_until(SOON, |all| all[0].data.len() + 2 >= MESSAGE.len())?;
        assert_eq!(all[0].data, MESSAGE.trim_end().as_bytes());
        assert!(!all[0].is_ended);
        Ok(())
    };
    let envelope = envelope(&["ann@x.org"], MESSAGE.len());
    submit(&mut server, &envelope, &mut Whole::new(MESSAGE), noted).await.unwrap();
    assert_eq!(only(&sink).message(), MESSAGE.as_bytes());
}

#[tokio::test]
async fn slow_answers_and_many_lines_are_answers() {
    let options = SinkOptions { pause: Duration::from_millis(30), ..SinkOptions::default() };
    let sink = sink(options.fault(Fault::say(Stage::End, "250-2.0.0 taken\n250-2.0.0 and\n250 2.0.0 kept")));
    let submitted = hand_over(&mut connect(&sink).await, &["ann@x.org"], MESSAGE).await.unwrap();
    assert_eq!(submitted.text, "taken and kept");
}

/// 64 octets.
const LINE: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n";

/// Pieces that know how many of them are held.
struct Counted {
    left: usize,
    held: Arc<AtomicUsize>,
    most: usize,
}

struct Piece(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Counted {
    const PIECE: usize = 64 * 1024;

    fn new(pieces: usize) -> Self {
        Self { left: pieces, held: Arc::default(), most: 0 }
    }
}

impl Chunks for Counted {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.most = self.most.max(self.held.load(Ordering::SeqCst));
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.held.fetch_add(1, Ordering::SeqCst);
        let piece = LINE.repeat(Self::PIECE / LINE.len());
        Ok(Some(Bytes::from_owner(Piece(piece, Arc::clone(&self.held)))))
    }
}

/// Streams 25 MB and checks that nothing of it is held.
pub(crate) async fn stream_25_mb(server: &mut SignedIn, sink: &SmtpSink) {
    let mut source = Counted::new(400);
    let size = 400 * Counted::PIECE;
    submit(server, &envelope(&["ann@x.org"], size), &mut source, ready(Ok(()))).await.unwrap();
    // A piece is let go before the next is asked for.
    assert_eq!(source.most, 0);
    let arrived = sink.wait_for(1, SOON).unwrap();
    // A server on the way puts a field in front.
    let added = arrived[0].data.len() - size;
    assert!(added < 1_000 && arrived[0].data[added..].starts_with(LINE), "{added}");
}

#[tokio::test]
async fn a_message_of_25_mb_goes_through_with_one_piece_held_at_a_time() {
    let sink = sink(SinkOptions::default());
    stream_25_mb(&mut connect(&sink).await, &sink).await;
}

/// Octets in the pieces they are given in.
pub(crate) struct Pieces(pub(crate) Vec<io::Result<Vec<u8>>>);

impl Chunks for Pieces {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.0.is_empty() { Ok(None) } else { self.0.remove(0).map(|piece| Some(piece.into())) }
    }
}

#[tokio::test]
async fn lines_arrive_as_they_are_wherever_the_pieces_end() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    let strategy = proptest::collection::vec("[a.\r\n]{1,5}", 0..10);
    let mut runner = TestRunner::deterministic();
    for round in 1..=200 {
        let pieces = strategy.new_tree(&mut runner).unwrap().current();
        let all = pieces.concat();
        let mut source = Pieces(pieces.iter().map(|piece| Ok(piece.clone().into_bytes())).collect());
        submit(&mut server, &envelope(&["ann@x.org"], all.len()), &mut source, ready(Ok(()))).await.unwrap();
        let arrived = sink.wait_for(round, SOON).unwrap();
        let mut expected = all.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        if !expected.is_empty() && !expected.ends_with("\r\n") {
            expected.push_str("\r\n");
        }
        assert_eq!(String::from_utf8_lossy(&arrived[round - 1].message()), expected, "{pieces:?}");
    }
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn a_task_of_its_own_can_submit() {
    let sink = sink(SinkOptions::default());
    let mut server = connect(&sink).await;
    let task = tokio::spawn(async move { hand_over(&mut server, &["ann@x.org"], MESSAGE).await.map(drop) });
    task.await.unwrap().unwrap();
    assert_eq!(sink.received().len(), 1);
}
