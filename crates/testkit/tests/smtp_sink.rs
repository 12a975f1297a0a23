//! The sink takes everything, unless it was told to fail, and remembers how far each message came.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking; loopback only"
)]

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    net::TcpStream,
    time::Duration,
};

use testkit::{
    SinkOptions, SmtpSink,
    smtp_sink::{Act, Fault, Stage},
};

const SOON: Duration = Duration::from_secs(10);

/// A client that says lines and hears replies.
struct Raw(BufReader<TcpStream>);

impl Raw {
    fn connect(sink: &SmtpSink) -> Self {
        let mut raw = Self(BufReader::new(TcpStream::connect(("127.0.0.1", sink.port())).unwrap()));
        assert!(raw.reply().starts_with("220"));
        raw
    }

    /// The last line of a reply; empty when the sink hung up.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            let _ = self.0.read_line(&mut line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    fn ask(&mut self, line: &str) -> String {
        write!(self.0.get_mut(), "{line}\r\n").unwrap();
        self.reply()
    }

    fn send(&mut self, recipient: &str, body: &str) -> String {
        assert!(self.ask("MAIL FROM:<a@x.org> SIZE=9").starts_with("250"));
        assert!(self.ask(&format!("RCPT TO:<{recipient}>")).starts_with("250"));
        assert!(self.ask("DATA").starts_with("354"));
        self.ask(&format!("{body}."))
    }
}

#[test]
fn a_message_is_kept_with_its_envelope_dots_and_parameters() {
    let sink = SmtpSink::start().unwrap();
    let mut client = Raw::connect(&sink);
    assert!(client.ask("EHLO me").starts_with("250"));
    assert!(client.send("b@x.org", "..a\r\n...\r\n").starts_with("250"));
    let all = sink.wait_for(1, SOON).unwrap();
    assert_eq!((all[0].connection, all[0].parameters.as_slice()), (1, ["SIZE=9".to_owned()].as_slice()));
    assert_eq!(
        (all[0].data.as_slice(), all[0].message()),
        (b"..a\r\n...\r\n".as_slice(), b".a\r\n..\r\n".to_vec())
    );
    assert_eq!(sink.received()[0].message, ".a\r\n..\r\n");
    assert!(client.send("c@x.org", "").starts_with("250"));
    assert_eq!(sink.received()[1].message, "");
    let error = sink.wait_for(3, Duration::from_millis(20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn nobody_hands_mail_over_who_has_not_signed_in_where_that_is_wanted() {
    let sink = SmtpSink::with(SinkOptions::default().only(&["SIZE 5"]).person("tim", "sesame")).unwrap();
    let mut client = Raw::connect(&sink);
    assert!(client.ask("MAIL FROM:<a@x.org>").starts_with("530"));
    // tim with a wrong password, then by both mechanisms.
    assert!(client.ask("AUTH PLAIN AHRpbQBubw==").starts_with("535"));
    assert!(client.ask("AUTH PLAIN AHRpbQBzZXNhbWU=").starts_with("235"));
    assert!(client.ask("AUTH LOGIN").starts_with("334"));
    assert!(client.ask("dGlt").starts_with("334"));
    assert!(client.ask("c2VzYW1l").starts_with("235"));
    assert!(client.ask("MAIL FROM:<a@x.org>").starts_with("250"));
}

#[test]
fn faults_happen_where_and_as_often_as_wanted() {
    let options = SinkOptions { greylists: true, ..SinkOptions::default() };
    let sink = SmtpSink::with(
        options
            .fault(Fault::say(Stage::Mail, "451 4.3.0 later").once())
            .fault(Fault::refuse("eve@x.org", "550 5.1.1 no")),
    )
    .unwrap();
    let mut client = Raw::connect(&sink);
    assert!(client.ask("MAIL FROM:<a@x.org>").starts_with("451"));
    assert!(client.ask("MAIL FROM:<a@x.org>").starts_with("250"));
    assert!(client.ask("RCPT TO:<eve@x.org>").starts_with("550"));
    assert!(client.ask("DATA").starts_with("554"));
    assert!(client.ask("RCPT TO:<b@x.org>").starts_with("450"));
    assert!(client.ask("RCPT TO:<b@x.org>").starts_with("250"));
    assert!(client.ask("RSET").starts_with("250"));
    sink.set_faults(vec![Fault::new(Stage::End, Act::Close).once()]);
    assert_eq!(client.send("b@x.org", "cut\r\n"), "");
    assert!(Raw::connect(&sink).send("b@x.org", "fine\r\n").starts_with("250"));
    let received = sink.received();
    assert_eq!(received.iter().map(|one| one.message.as_str()).collect::<Vec<_>>(), ["cut\r\n", "fine\r\n"]);
    assert_eq!(sink.connections(), 2);
}

#[test]
fn a_cut_within_the_data_leaves_what_came_before_it() {
    let sink =
        SmtpSink::with(SinkOptions::default().fault(Fault::new(Stage::Octets(3), Act::Close))).unwrap();
    assert_eq!(Raw::connect(&sink).send("b@x.org", "abcdef\r\n"), "");
    let all = sink.wait_closed(SOON).unwrap();
    assert!(!all[0].is_ended && !all[0].is_taken && all[0].is_open && all[0].data.starts_with(b"abc"));
}

#[test]
fn a_sink_that_is_gone_takes_no_connection_and_lets_go_of_who_hangs() {
    let sink = SmtpSink::with(SinkOptions::default().fault(Fault::new(Stage::Ehlo, Act::Hang))).unwrap();
    let mut client = Raw::connect(&sink);
    write!(client.0.get_mut(), "EHLO me\r\n").unwrap();
    let port = sink.port();
    drop(sink);
    assert_eq!(client.reply(), "");
    let again = TcpStream::connect(("127.0.0.1", port)).map(|stream| {
        // The listener may still be on its way out: then nobody greets.
        let mut line = String::new();
        let _ = BufReader::new(stream).read_line(&mut line);
        line
    });
    assert!(again.is_err() || again.unwrap().is_empty());
}
