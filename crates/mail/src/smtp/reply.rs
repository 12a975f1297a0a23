//! Commands out, replies in (RFC 5321 section 4.2), with bounds on all that a server may say.

use std::time::Duration;

use futures_util::FutureExt as _;
use net::{Outgoing, Stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout, timeout_at},
};

use super::Patience;
use crate::Error;

/// The longest line of a reply that is taken, in bytes; the RFC has 512, servers have more.
const MAX_LINE: usize = 4_096;

/// The most lines of one reply that are taken.
const MAX_LINES: usize = 200;

/// How long the last words of a server that hung up are looked for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of each line without its code; never empty.
    pub lines: Vec<String>,
}

impl Reply {
    /// Whether it says yes (2yz).
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// The enhanced status code (RFC 3463) that the text begins with, such as `5.7.8`.
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.lines.last()?.split(' ').next()?;
        let mut parts = word.split('.');
        let is_code = matches!(parts.next(), Some("2" | "4" | "5"))
            && parts.clone().count() == 2
            && parts.all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
        is_code.then_some(word)
    }

    /// All the text in one line.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// The refusal that this reply is of `command`.
    pub(super) fn refusal(&self, command: &'static str) -> Error {
        // A bare 4yz means the same as an enhanced 4.x.x: not now.
        let code =
            self.enhanced().map(str::to_owned).or_else(|| (self.code / 100 == 4).then(|| "4.0.0".into()));
        Error::Refused { command, code, text: self.text() }
    }
}

/// A connection to a submission server.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    /// What was read and not yet taken.
    unread: Vec<u8>,
    patience: Patience,
    /// Between a message's first word and its last: a command would be taken for something else.
    is_within: bool,
}

impl Connection {
    pub(super) fn new(stream: Stream, patience: Patience) -> Self {
        Self { stream, unread: Vec::new(), patience, is_within: false }
    }

    /// Whether nobody between can read.
    pub fn is_private(&self) -> bool {
        self.stream.is_private()
    }

    /// Whether commands can be said.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_within
    }

    /// Says that commands can be said no more, or again.
    pub(super) fn set_within(&mut self, is_within: bool) {
        self.is_within = is_within;
    }

    /// From now on the server is waited for that long.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Whether the server said more than was asked.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) async fn start_tls(self, outgoing: &Outgoing, host: &str) -> Result<Self, Error> {
        let stream = self.stream.start_tls(outgoing, host).await?;
        Ok(Self::new(stream, self.patience))
    }

    /// Sends one line, without its end, and reads the reply; `what` names the wait if it is too long.
    pub(super) async fn ask(&mut self, line: &[u8], what: &'static str) -> Result<Reply, Error> {
        if self.is_within {
            return Err(Error::Closed);
        }
        let deadline = Instant::now() + self.patience.reply;
        let send = async {
            self.stream.write_all(line).await?;
            self.stream.write_all(b"\r\n").await?;
            self.stream.flush().await
        };
        timeout_at(deadline, send).await.map_err(|_| Error::Timeout(what))??;
        self.read(deadline, what).await
    }

    /// Reads a reply that was not asked for: the greeting.
    pub(super) async fn listen(&mut self, what: &'static str) -> Result<Reply, Error> {
        self.hear(self.patience.reply, what).await
    }

    /// Hands octets over as they are.
    pub(super) async fn say(
        &mut self,
        octets: &[u8],
        within: Duration,
        what: &'static str,
    ) -> Result<(), Error> {
        let send = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        timeout(within, send).await.map_err(|_| Error::Timeout(what))?.map_err(Error::from)
    }

    /// Hands over the end of the data. The outer error: not one octet of it has left.
    pub(super) async fn say_end(&mut self, end: &[u8], within: Duration) -> Result<Result<(), Error>, Error> {
        // A write that fails took nothing. Under TLS a part of the record may have left, which nobody can
        // open without the rest.
        let written = match timeout(within, self.stream.write(end)).await {
            Err(_) => return Err(Error::Timeout("the end of the data")),
            Ok(Err(error)) => return Err(error.into()),
            Ok(Ok(0)) => return Err(Error::Closed),
            Ok(Ok(written)) => written,
        };
        Ok(self.say(end.get(written..).unwrap_or_default(), within, "the end of the data").await)
    }

    /// Reads the reply to something that was said.
    pub(super) async fn hear(&mut self, within: Duration, what: &'static str) -> Result<Reply, Error> {
        self.read(Instant::now() + within, what).await
    }

    /// Reads what the server said before it hung up, if anything: the reason is in it.
    pub(super) async fn last_words(&mut self) -> Option<Reply> {
        self.hear(self.patience.reply.min(LAST_WORDS), "last words").await.ok()
    }

    /// Whether the server already said something or hung up, without waiting for it.
    pub(super) async fn is_interrupted(&mut self) -> bool {
        // Lets the runtime see what has arrived.
        tokio::task::yield_now().await;
        let mut chunk = [0; 1024];
        match self.stream.read(&mut chunk).now_or_never() {
            None => !self.unread.is_empty(),
            Some(Err(_) | Ok(0)) => true,
            Some(Ok(read)) => {
                self.unread.extend_from_slice(chunk.get(..read).unwrap_or_default());
                true
            }
        }
    }

    async fn read(&mut self, deadline: Instant, what: &'static str) -> Result<Reply, Error> {
        timeout_at(deadline, self.read_reply()).await.map_err(|_| Error::Timeout(what))?
    }

    async fn read_reply(&mut self) -> Result<Reply, Error> {
        let mut reply: Option<Reply> = None;
        loop {
            let line = self.read_line().await?;
            let (code, is_last, text) =
                split_line(&line).ok_or(Error::Protocol("a reply without its code"))?;
            let reply = reply.get_or_insert_with(|| Reply { code, lines: Vec::new() });
            if reply.code != code {
                return Err(Error::Protocol("the lines of a reply have different codes"));
            }
            reply.lines.push(text);
            if is_last {
                return Ok(std::mem::replace(reply, Reply { code: 0, lines: Vec::new() }));
            }
            if reply.lines.len() >= MAX_LINES {
                return Err(Error::TooLarge("a reply of the submission server"));
            }
        }
    }

    /// One line without its end; a bare LF ends it too.
    async fn read_line(&mut self) -> Result<Vec<u8>, Error> {
        let mut searched = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', self.unread.get(searched..).unwrap_or_default()) {
                let mut line: Vec<u8> = self.unread.drain(..=searched + end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            searched = self.unread.len();
            if searched > MAX_LINE {
                return Err(Error::TooLarge("a line of the submission server"));
            }
            let mut chunk = [0; 1024];
            match self.stream.read(&mut chunk).await? {
                0 => return Err(Error::Closed),
                read => self.unread.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Takes leave and closes; a server that does not answer is left anyway.
    pub async fn quit(mut self) {
        self.patience.reply = self.patience.reply.min(Duration::from_secs(5));
        let within = self.patience.reply;
        let leave = async {
            let _ = self.ask(b"QUIT", "QUIT").await;
            let _ = self.stream.shutdown().await;
        };
        let _ = timeout(within, leave).await;
    }
}

/// Code, whether it is the reply's last line, and text.
fn split_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
    let (is_last, text) = match rest.split_first() {
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return None,
    };
    (200..600).contains(&code).then(|| (code, is_last, String::from_utf8_lossy(text).into_owned()))
}
