//! Sending: how long a message of 10 KB takes against the same SMTP commands on a plain socket, from an agent's call
//! and from a person's click; and how much more memory a file of 18 MB takes that goes out of one message into
//! another.

use std::{
    io::{BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::McpHttp;

use super::{
    MANY, World, end_of,
    hosted::Hosted,
    links::{FOLDER, SENDABLE},
    new_directory,
    pages::Browser,
    report::Row,
    samples::take_turns,
};
use crate::Failure;

/// How many octets of text the small message has.
const TEXT: usize = 10_000;

/// How long a click may take beside what the SMTP conversation takes.
const OWN: Duration = Duration::from_millis(50);

/// How much more memory the large one may take than the small one, in kB.
const GROWTH: u64 = 8_000_000 / 1_024;

/// Sends both.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let submission = world
        .dovecot
        .submission_port()
        .ok_or_else(|| Failure::Failed("the bench needs the package dovecot-submissiond".into()))?;
    let place = new_directory(world, "sending")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let hosted = Hosted { world, place: &place, port };
    let smtp = submission.to_string();
    let account = ["--smtp-host", "127.0.0.1", "--smtp-port", &smtp, "--smtp-tls", "none"];
    let scopes = ["--scopes", "mail:search mail:read mail:send"];
    let limits = ["--approval", "never", "--sends-per-hour", "1000"];
    let bearer = hosted.set_up(MANY, &account, &[&scopes[..], &limits].concat())?;
    let running = hosted.start()?;
    let mut agent = Agent { hosted: &hosted, client: McpHttp::connect(port, &bearer)?, sent: 0 };
    let text = "A line of a text as people write them, sixty characters long\n".repeat(TEXT / 62);
    let message = format!(
        "From: {0}\r\nTo: ann@example.org\r\nSubject: x\r\n\r\n{1}",
        MANY.user,
        text.replace('\n', "\r\n")
    );
    let pair = take_turns(
        2,
        world.rounds,
        |round| agent.send(&json!({ "subject": format!("Round {round}"), "body": text })),
        |_| submit(submission, &message),
    )?;
    let click = approved(&hosted, submission, &message, &text)?;
    let small = json!({ "from_message": format!("mail/{FOLDER}:1@25"), "index": 1 });
    agent.send_whole(&json!({ "subject": "Small", "body": "See the file", "attachments": [small] }))?;
    let before = running.peak_kb()?;
    let large = json!({ "from_message": format!("mail/{FOLDER}:3@25"), "index": 1 });
    agent.send_whole(&json!({ "subject": "Large", "body": "See the file", "attachments": [large] }))?;
    let grown = running.peak_kb()?.saturating_sub(before);
    let ratio = pair.product.median().as_secs_f64() / pair.floor.median().as_secs_f64().max(1e-9);
    let megabytes = SENDABLE / 1_000_000;
    Ok(vec![
        Row::times("`mail_send` of 10 KB, to the submission server's yes; AUTH PLAIN on both sides", &pair)
            .target("≤ 3 × floor", ratio <= 3.0),
        click,
        Row::memory_growth(
            &format!(
                "a file of {megabytes} MB out of another message, Sent copy too: growth of VmHWM after one of 64 kB"
            ),
            grown,
            GROWTH,
        ),
    ])
}

/// From a person's click on a page to the submission server's yes, against the same SMTP commands alone: what an agent
/// wrote waits, and is then approved in a browser.
fn approved(hosted: &Hosted<'_>, submission: u16, message: &str, text: &str) -> Result<Row, Failure> {
    // two calls each, and a grant may make sixty at once
    let rounds = hosted.world.rounds.min(25);
    let bearer = hosted.token(
        "asks",
        &[
            "--scopes",
            "mail:send",
            "--approval",
            "always",
            "--sends-per-hour",
            "1000",
            "--recipients",
            "ann@example.org",
        ],
    )?;
    let mut client = McpHttp::connect(hosted.port, &bearer)?;
    let browser = Browser::sign_in(hosted.port)?;
    let pair = take_turns(
        2,
        rounds,
        |round| {
            let letter =
                json!({ "to": ["ann@example.org"], "subject": format!("Approved {round}"), "body": text });
            let waits = client.call("mail_send", &letter)?;
            let id = waits.structured()["approval"]["id"].as_str().unwrap_or_default().to_owned();
            let page = format!("/approvals/{id}");
            let form = browser.form(&page)?;
            let started = Instant::now();
            let answer = browser.post(&format!("{page}/approve"), &form)?;
            let took = started.elapsed();
            let state = client.call("mail_send", &json!({ "approval_id": id }))?;
            if answer.status == 303 && state.structured()["status"] == "sent" {
                return Ok(took);
            }
            Err(Failure::Failed(format!("{}: {}\n{}", answer.status, state.text(), end_of(&hosted.log()))))
        },
        |_| submit(submission, message),
    )?;
    let own = pair.product.median().saturating_sub(pair.floor.median());
    let what = format!(
        "a click that approves 10 KB, to the submission server's yes and what follows; {:.1} ms of it our own",
        own.as_secs_f64() * 1e3
    );
    Ok(Row::times(&what, &pair).target("≤ 50 ms of our own", own <= OWN))
}

/// An agent that sends.
struct Agent<'a> {
    hosted: &'a Hosted<'a>,
    client: McpHttp,
    sent: u32,
}

impl Agent<'_> {
    /// Sends one message and tells how long it took until the server had it.
    fn send(&mut self, composition: &Value) -> Result<Duration, Failure> {
        self.sent += 1;
        let mut arguments = composition.clone();
        arguments["to"] = json!(["ann@example.org"]);
        arguments["idempotency_key"] = json!(format!("bench-{}", self.sent));
        let started = Instant::now();
        let answer = self.client.call("mail_send", &arguments)?;
        let took = started.elapsed();
        if answer.structured()["status"] == "sent" {
            return Ok(took);
        }
        Err(self.failure(&answer.text()))
    }

    /// Sends one message and waits until its copy is filed.
    fn send_whole(&mut self, composition: &Value) -> Result<(), Failure> {
        self.send(composition)?;
        let key = json!({ "idempotency_key": format!("bench-{}", self.sent) });
        for _ in 0..30 {
            // a grant may call about every six seconds for as long as it likes
            thread::sleep(Duration::from_secs(7));
            let answer = self.client.call("mail_send", &key)?;
            if answer.structured()["copy"]["state"] == "stored" {
                return Ok(());
            }
        }
        Err(self.failure("no copy was filed"))
    }

    fn failure(&self, said: &str) -> Failure {
        Failure::Failed(format!("mail_send: {said}\n{}", end_of(&self.hosted.log())))
    }
}

/// The same on a plain socket: sign in, one recipient, the message, goodbye.
fn submit(port: u16, message: &str) -> Result<Duration, Failure> {
    let started = Instant::now();
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut replies = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    expect(&mut replies, '2')?;
    let mut ask = |line: &str, wanted: char| {
        out.write_all(line.as_bytes())?;
        expect(&mut replies, wanted)
    };
    ask("EHLO [127.0.0.1]\r\n", '2')?;
    ask(&format!("AUTH PLAIN {}\r\n", plain(MANY.user, MANY.password)), '2')?;
    ask("MAIL FROM:<alice@example.org>\r\n", '2')?;
    ask("RCPT TO:<ann@example.org>\r\n", '2')?;
    ask("DATA\r\n", '3')?;
    ask(&format!("{message}\r\n.\r\n"), '2')?;
    let took = started.elapsed();
    ask("QUIT\r\n", '2')?;
    Ok(took)
}

/// Reads one reply, which must begin with that digit.
fn expect(replies: &mut impl std::io::BufRead, wanted: char) -> Result<(), Failure> {
    loop {
        let mut line = String::new();
        replies.read_line(&mut line)?;
        if !line.starts_with(wanted) {
            return Err(Failure::Failed(format!("the submission server said {line:?} to the floor")));
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

/// The initial response of PLAIN (RFC 4616) in base64.
fn plain(user: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let octets = [b"\0", user.as_bytes(), b"\0", password.as_bytes()].concat();
    let mut out = String::new();
    for group in octets.chunks(3) {
        let number = group.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet))
            << (8 * (3 - group.len()));
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit) & 63) as usize;
            out.push(if digit > group.len() { '=' } else { char::from(ALPHABET[index]) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sign_in_is_the_one_of_the_rfc_s_example() {
        assert_eq!(super::plain("tim", "tanstaaftanstaaf"), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
    }
}
