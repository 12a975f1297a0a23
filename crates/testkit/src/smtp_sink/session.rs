//! One connection to the sink: commands in, replies out, and whatever is to go wrong.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};

use super::{Act, Recipient, Shared, Stage, Transaction};

/// The longest command line that is read, in octets.
const LONGEST_LINE: u64 = 64 * 1024;

/// What was said, by its code; none: the connection is over.
type Said = io::Result<Option<u16>>;

pub(super) fn serve(stream: &TcpStream, shared: &Shared, connection: usize) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let reader = BufReader::with_capacity(64 * 1024, stream.try_clone()?);
    let mut session = Session { stream, reader, shared, connection, current: None, is_signed_in: false };
    let mut said = session.reply(Stage::Greeting, None, "220 sink.test ESMTP")?;
    while said.is_some() {
        said = session.command()?;
    }
    Ok(())
}

struct Session<'a> {
    stream: &'a TcpStream,
    reader: BufReader<TcpStream>,
    shared: &'a Shared,
    connection: usize,
    /// The message on its way, by its place among all.
    current: Option<usize>,
    is_signed_in: bool,
}

impl Session<'_> {
    fn command(&mut self) -> Said {
        if !self.reader.buffer().is_empty() {
            self.shared.change(|state| state.pipelined += 1);
        }
        let Some(line) = self.line()? else { return Ok(None) };
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let hello = self.hello();
                self.reply(Stage::Ehlo, None, &hello)
            }
            "AUTH" => self.sign_in(rest),
            "MAIL" if !self.may_send() => self.say("530 5.7.0 sign in first"),
            "MAIL" if self.current.is_some() => self.say("503 5.5.1 one at a time"),
            "MAIL" => self.mail(&line),
            "RCPT" => self.recipient(&line),
            "DATA" => self.data(),
            "RSET" => {
                self.current = None;
                self.reply(Stage::Reset, None, "250 2.0.0 forgotten")
            }
            "HELO" | "NOOP" | "XCLIENT" => self.say("250 2.0.0 ok"),
            "QUIT" => {
                self.say("221 2.0.0 bye")?;
                Ok(None)
            }
            _ => self.say("502 5.5.1 not here"),
        }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    fn hello(&self) -> String {
        let state = self.shared.state();
        let mut lines = vec!["250-sink.test".to_owned()];
        lines.extend(state.options.capabilities.iter().map(|line| format!("250-{line}")));
        if !state.options.people.is_empty() {
            lines.push("250-AUTH PLAIN LOGIN".to_owned());
        }
        lines.push("250 HELP".to_owned());
        lines.join("\n")
    }

    fn may_send(&self) -> bool {
        self.is_signed_in || self.shared.state().options.people.is_empty()
    }

    fn sign_in(&mut self, rest: &str) -> Said {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let pair = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let given = if initial.is_empty() { self.question("")? } else { decoded(initial) };
                let mut words = given.split('\0').skip(1).map(str::to_owned);
                (words.next().unwrap_or_default(), words.next().unwrap_or_default())
            }
            "LOGIN" => (self.question("Username:")?, self.question("Password:")?),
            _ => return self.say("504 5.5.4 no such mechanism"),
        };
        self.is_signed_in = self.shared.state().options.people.contains(&pair);
        let usual = if self.is_signed_in { "235 2.7.0 come in" } else { "535 5.7.8 no such person" };
        self.reply(Stage::SignIn, None, usual)
    }

    fn question(&mut self, text: &str) -> io::Result<String> {
        self.say(&format!("334 {}", BASE64.encode(text)))?;
        Ok(decoded(&self.line()?.unwrap_or_default()))
    }

    fn mail(&mut self, line: &str) -> Said {
        let (from, parameters) = path(line);
        let connection = self.connection;
        let place = self.shared.change(|state| {
            state.transactions.push(Transaction { connection, from, parameters, ..Transaction::default() });
            state.transactions.len() - 1
        });
        let said = self.reply(Stage::Mail, None, "250 2.1.0 ok")?;
        self.current = is_yes(said).then_some(place);
        Ok(said)
    }

    fn recipient(&mut self, line: &str) -> Said {
        let Some(place) = self.current else { return self.say("503 5.5.1 no sender") };
        let (address, parameters) = path(line);
        let is_new =
            self.shared.change(|state| state.seen.insert(address.clone()) && state.options.greylists);
        let usual = if is_new { "450 4.2.0 greylisted, come again" } else { "250 2.1.5 ok" };
        let said = self.reply(Stage::Rcpt, Some(&address), usual)?;
        let is_accepted = is_yes(said);
        self.with(place, |one| one.recipients.push(Recipient { address, parameters, is_accepted }));
        Ok(said)
    }

    fn data(&mut self) -> Said {
        let Some(place) = self.current else { return self.say("503 5.5.1 no sender") };
        if self.shared.state().transactions.get(place).is_none_or(|one| one.accepted().is_empty()) {
            return self.say("554 5.5.1 no valid recipients");
        }
        let said = self.reply(Stage::Data, None, "354 go on")?;
        if said != Some(354) {
            return Ok(said);
        }
        self.with(place, |one| one.is_open = true);
        if !self.read_data(place)? {
            return Ok(None);
        }
        self.current = None;
        let act = self.act(Stage::End, None);
        // Taken before it is said, so that nobody who was told yes finds nothing; silence takes it too.
        let is_taken = match &act {
            Some(Act::Say(reply) | Act::Leave(reply)) => reply.starts_with('2'),
            Some(Act::Close | Act::Hang) | None => true,
        };
        self.with(place, |one| (one.is_ended, one.is_taken) = (true, is_taken));
        self.perform(act, "250 2.0.0 taken")
    }

    /// Reads up to the end of the data; false: it was cut before.
    fn read_data(&mut self, place: usize) -> io::Result<bool> {
        loop {
            let chunk = self.reader.fill_buf()?.to_vec();
            if chunk.is_empty() {
                return Ok(false);
            }
            let mut used = chunk.len();
            let (length, is_ended) = self.with(place, |one| {
                let before = one.data.len();
                one.data.extend_from_slice(&chunk);
                let end = end_of(&one.data, before.saturating_sub(4));
                if let Some(end) = end {
                    used = end + 3 - before.min(end + 3);
                    one.data.truncate(end);
                }
                (one.data.len(), end.is_some())
            });
            self.reader.consume(used);
            if is_ended {
                return Ok(true);
            }
            if let Some(act) = self.act(Stage::Octets(length), None) {
                self.perform(Some(act), "")?;
                return Ok(false);
            }
        }
    }

    /// Changes the message on its way.
    fn with<T: Default>(&self, place: usize, change: impl FnOnce(&mut Transaction) -> T) -> T {
        self.shared.change(|state| state.transactions.get_mut(place).map(change).unwrap_or_default())
    }

    /// Says what is usual, unless something is to go wrong.
    fn reply(&mut self, stage: Stage, to: Option<&str>, usual: &str) -> Said {
        let act = self.act(stage, to);
        self.perform(act, usual)
    }

    /// What goes wrong here, once less from now on.
    fn act(&self, stage: Stage, to: Option<&str>) -> Option<Act> {
        let mut state = self.shared.state();
        let fits = |at: Stage| match (at, stage) {
            (Stage::Octets(wanted), Stage::Octets(there)) => there >= wanted,
            (at, stage) => at == stage,
        };
        let mut faults = state.options.faults.iter_mut();
        let fault = faults.find(|one| {
            one.left > 0 && fits(one.at) && one.to.as_deref().is_none_or(|only| Some(only) == to)
        })?;
        fault.left -= 1;
        Some(fault.act.clone())
    }

    fn perform(&mut self, act: Option<Act>, usual: &str) -> Said {
        match act {
            None => self.say(usual),
            Some(Act::Say(reply)) => self.say(&reply),
            Some(Act::Leave(reply)) => {
                self.say(&reply)?;
                // What is not read would make a reset of it, which may swallow the reply.
                self.stream.shutdown(Shutdown::Write)?;
                self.stream.set_read_timeout(Some(Duration::from_secs(5)))?;
                io::copy(&mut self.reader, &mut io::sink())?;
                Ok(None)
            }
            Some(Act::Close) => Ok(None),
            Some(Act::Hang) => {
                let state = self.shared.state();
                let _over = self.shared.changed.wait_while(state, |state| !state.is_over);
                Ok(None)
            }
        }
    }

    fn say(&mut self, reply: &str) -> Said {
        thread::sleep(self.shared.state().options.pause);
        self.stream.write_all((reply.replace('\n', "\r\n") + "\r\n").as_bytes())?;
        Ok(Some(reply.get(..3).and_then(|code| code.parse().ok()).unwrap_or_default()))
    }
}

fn is_yes(said: Option<u16>) -> bool {
    said.is_some_and(|code| code / 100 == 2)
}

/// Where the dot stands that ends the data, looked for from `from`.
fn end_of(data: &[u8], from: usize) -> Option<usize> {
    if from == 0 && data.starts_with(b".\r\n") {
        return Some(0);
    }
    let rest = data.get(from..)?;
    rest.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| from + at + 2)
}

/// The address between the angle brackets of a line, and what stands behind them.
fn path(line: &str) -> (String, Vec<String>) {
    let after = line.split_once('<').map_or("", |(_, rest)| rest);
    // Within quotation marks a bracket ends nothing.
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = after.find(|c: char| {
        let is_end = c == '>' && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    let (address, rest) = end.and_then(|end| after.split_at_checked(end)).unwrap_or_default();
    let rest = rest.strip_prefix('>').unwrap_or_default();
    (address.to_owned(), rest.split_whitespace().map(str::to_owned).collect())
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&BASE64.decode(text.trim()).unwrap_or_default()).into_owned()
}
