//! An IMAP server that plays transcripts, one for each connection it accepts.
//!
//! A transcript is text, one step a line: `S: line` says it; `C: pattern` waits for it, with `{tag}`
//! taken from what the client says and `…` for anything. Clients' lines that stand together must come in
//! one flight: nothing is said before the last of them is there. Other steps are listed in [`Player::step`].

use std::{
    collections::HashMap,
    fmt::Write as _,
    io,
    net::Ipv4Addr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{Endpoint, Random, Secret, TlsMode, account::Credential};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use mail::{
    Error,
    imap::{Login, Pool, Session, Tuning, connect, pool},
};
use net::{Origin, Outgoing, PrivateHosts};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a client may take for a line that the transcript waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// `ann` with `sesame` signs in by AUTHENTICATE PLAIN; afterwards the server offers `capabilities`.
pub(crate) fn hello(capabilities: &str) -> String {
    format!(
        "S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\n\
         C: {{l}} AUTHENTICATE PLAIN AGFubgBzZXNhbWU=\n\
         S: {{l}} OK [CAPABILITY IMAP4rev1 {capabilities}] in\n"
    )
}

/// Opening of `name` with that many messages, waiting for nothing but EXAMINE.
pub(crate) fn examined(tag: &str, validity: u32, exists: u32) -> String {
    format!(
        "S: * {exists} EXISTS\nS: * OK [UIDVALIDITY {validity}] valid\nS: * OK [UIDNEXT 1000] next\n\
         S: {{{tag}}} OK [READ-ONLY] opened\n"
    )
}

/// Row `sequence` with UID 100 + `number`, subject `number`.
pub(crate) fn row(sequence: u32, number: u32) -> String {
    format!(
        "* {sequence} FETCH (UID {} FLAGS (\\Seen) INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
         ENVELOPE (NIL \"{number}\" ((NIL NIL \"ann\" \"x.org\")) NIL NIL NIL NIL NIL NIL \"<{number}@x.org>\") \
         BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 11 1) BODY[HEADER.FIELDS (REFERENCES)] \"\")\n",
        100 + number
    )
}

/// Several [`row`]s, sequence numbers and numbers alike.
pub(crate) fn rows(numbers: impl IntoIterator<Item = u32>) -> String {
    numbers.into_iter().fold(String::new(), |mut text, number| {
        let _ = write!(text, "{}", row(number, number));
        text
    })
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// What happened so far.
#[derive(Default)]
struct Log {
    faults: Vec<String>,
    accepted: usize,
    open: usize,
    most_open: usize,
    finished: usize,
}

/// The running server.
pub(crate) struct Script {
    pub(crate) port: u16,
    pub(crate) tls: TlsMode,
    pub(crate) password: &'static str,
    pub(crate) tuning: Tuning,
    pub(crate) idle: Duration,
    expected: usize,
    log: Arc<Mutex<Log>>,
    authority: PathBuf,
    _folder: TempDir,
}

impl Script {
    /// Plays the transcripts, the first to who connects first. Whoever comes after the last is a fault.
    pub(crate) async fn play<T: AsRef<str>>(transcripts: impl IntoIterator<Item = T>) -> Self {
        let transcripts: Vec<String> = transcripts.into_iter().map(|t| t.as_ref().to_owned()).collect();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let (config, authority) = testkit::tls::localhost(folder.path()).unwrap();
        let acceptor = TlsAcceptor::from(config);
        let log = Arc::new(Mutex::new(Log::default()));
        let (expected, shared) = (transcripts.len(), Arc::clone(&log));
        tokio::spawn(async move {
            let mut transcripts = transcripts.into_iter();
            while let Ok((tcp, _)) = listener.accept().await {
                tcp.set_nodelay(true).unwrap();
                let transcript = transcripts.next();
                {
                    let mut log = shared.lock().unwrap();
                    log.accepted += 1;
                    log.open += 1;
                    log.most_open = log.most_open.max(log.open);
                    if transcript.is_none() {
                        log.faults.push("a connection too many".to_owned());
                    }
                }
                let player = Player {
                    stream: Some(Wire::Plain(tcp)),
                    acceptor: acceptor.clone(),
                    deflate: None,
                    input: Vec::new(),
                    tags: HashMap::new(),
                    chunk: usize::MAX,
                };
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let outcome = player.run(&transcript.unwrap_or_default()).await;
                    let mut log = shared.lock().unwrap();
                    log.open -= 1;
                    log.finished += 1;
                    log.faults.extend(outcome.err());
                });
            }
        });
        Self {
            port,
            tls: TlsMode::None,
            password: "sesame",
            tuning: Tuning::default(),
            idle: Duration::from_mins(5),
            expected,
            log,
            authority,
            _folder: folder,
        }
    }

    /// With other limits.
    pub(crate) fn tuned(mut self, change: impl FnOnce(&mut Tuning)) -> Self {
        change(&mut self.tuning);
        self
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint { host: "localhost".into(), port: self.port, tls: self.tls, username: "ann".into() }
    }

    fn ca_file(&self) -> PathBuf {
        self.authority.clone()
    }

    pub(crate) async fn sign_in_with(&self, credential: &Credential) -> Result<Session, Error> {
        let (endpoint, outgoing) = (self.endpoint(), outgoing(self.ca_file()));
        let login = Login { endpoint: &endpoint, credential, origin: Origin::Operator, nonce: [7; 24] };
        connect(&outgoing, login, &self.tuning).await
    }

    pub(crate) async fn sign_in(&self) -> Result<Session, Error> {
        self.sign_in_with(&Credential::Password(Secret::new(self.password))).await
    }

    pub(crate) fn pool(&self) -> Pool {
        Pool::tuned(
            pool_settings(self.endpoint(), self.password, outgoing(self.ca_file()), self.idle),
            self.tuning.clone(),
        )
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.log.lock().unwrap().accepted
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.log.lock().unwrap().open
    }

    /// Most connections that were open at the same time.
    pub(crate) fn most_open(&self) -> usize {
        self.log.lock().unwrap().most_open
    }

    /// Once the client is gone: every transcript was played to its end, and nothing came besides.
    pub(crate) async fn done(self) {
        for _ in 0..600 {
            if self.log.lock().unwrap().finished >= self.expected {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let log = self.log.lock().unwrap();
        assert_eq!(log.faults, Vec::<String>::new());
        assert_eq!(log.finished, self.expected, "a transcript was not played to its end");
    }
}

pub(crate) fn pool_settings(
    endpoint: Endpoint,
    password: &str,
    outgoing: Outgoing,
    idle: Duration,
) -> pool::Settings {
    pool::Settings {
        outgoing,
        endpoint,
        credential: Credential::Password(Secret::new(password)),
        origin: Origin::Operator,
        random: Arc::new(Zeros),
        connections: 2,
        idle,
    }
}

pub(crate) fn outgoing(ca_file: PathBuf) -> Outgoing {
    Outgoing::new(net::Settings {
        private_hosts: PrivateHosts::Allow,
        ca_file: Some(ca_file),
        ..net::Settings::default()
    })
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection.
struct Player {
    stream: Option<Wire>,
    acceptor: TlsAcceptor,
    deflate: Option<(Compress, Decompress)>,
    input: Vec<u8>,
    tags: HashMap<String, String>,
    chunk: usize,
}

impl Player {
    async fn run(mut self, transcript: &str) -> Result<(), String> {
        for step in transcript.lines() {
            self.step(step).await.map_err(|error| format!("at `{step}`: {error}"))?;
            if self.stream.is_none() {
                return Ok(());
            }
        }
        // What comes after the end must be a farewell.
        while let Ok(line) = self.line().await {
            if !line.ends_with(" LOGOUT") {
                return Err(format!("the client said `{line}` after the end"));
            }
        }
        Ok(())
    }

    async fn step(&mut self, step: &str) -> Result<(), String> {
        let (name, rest) = step.split_once(": ").unwrap_or((step, ""));
        match name {
            "S" => self.say(format!("{rest}\r\n").as_bytes()).await,
            // Without a line end.
            "part" => self.say(rest.as_bytes()).await,
            // So many octets `x`.
            "octets" => self.say(&b"x".repeat(rest.parse().unwrap())).await,
            // A line so many times; the client may hang up in between.
            "flood" => {
                let (count, line) = rest.split_once(' ').unwrap();
                let block = format!("{line}\r\n").repeat(1_000);
                for _ in 0..count.parse::<usize>().unwrap() / 1_000 {
                    if self.say(block.as_bytes()).await.is_err() {
                        break;
                    }
                }
                Ok(())
            }
            "C" => {
                let line = tokio::time::timeout(PATIENCE, self.line()).await;
                let line = line.map_err(|_| "nothing came".to_owned())?.map_err(|e| e.to_string())?;
                let tags = self.tags.clone();
                self.tags = matched(rest, &line, tags).ok_or_else(|| format!("came `{line}`"))?;
                Ok(())
            }
            // So many octets of a literal, whatever they are.
            "take" => {
                let count: usize = rest.parse().unwrap();
                while self.input.len() < count {
                    tokio::time::timeout(PATIENCE, self.fill())
                        .await
                        .map_err(|_| "nothing came".to_owned())?
                        .map_err(|error| error.to_string())?;
                }
                self.input.drain(..count);
                Ok(())
            }
            "wait" => {
                tokio::time::sleep(Duration::from_millis(rest.parse().unwrap())).await;
                Ok(())
            }
            // From now on it writes so many octets at a time.
            "chunks" => {
                self.chunk = rest.parse().unwrap();
                Ok(())
            }
            "cut" => {
                self.stream = None;
                Ok(())
            }
            // Says nothing more, whatever comes, until the client hangs up.
            "stall" => {
                while self.line().await.is_ok() {}
                self.stream = None;
                Ok(())
            }
            "tls" => {
                let Some(Wire::Plain(tcp)) = self.stream.take() else { return Err("no plain stream".into()) };
                let stream = self.acceptor.accept(tcp).await.map_err(|error| error.to_string())?;
                self.stream = Some(Wire::Tls(Box::new(stream)));
                Ok(())
            }
            "deflate" => {
                self.deflate = Some((Compress::new(Compression::fast(), false), Decompress::new(false)));
                Ok(())
            }
            _ => Err("no such step".to_owned()),
        }
    }

    async fn say(&mut self, text: &[u8]) -> Result<(), String> {
        let mut bytes = text.to_vec();
        if let Ok(mut text) = String::from_utf8(bytes.clone()) {
            for (name, tag) in &self.tags {
                text = text.replace(&format!("{{{name}}}"), tag);
            }
            bytes = text.into_bytes();
        }
        if let Some((compress, _)) = &mut self.deflate {
            let mut out = Vec::with_capacity(bytes.len() + 1024);
            compress.compress_vec(&bytes, &mut out, FlushCompress::Sync).unwrap();
            bytes = out;
        }
        for chunk in bytes.chunks(self.chunk) {
            let written = match self.stream.as_mut().unwrap() {
                Wire::Plain(tcp) => tcp.write_all(chunk).await,
                Wire::Tls(tls) => match tls.write_all(chunk).await {
                    Ok(()) => tls.flush().await,
                    error => error,
                },
            };
            written.map_err(|error| error.to_string())?;
            if self.chunk < usize::MAX {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.fill().await?;
        }
    }

    /// Reads some more of what the client says.
    async fn fill(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let count = match self.stream.as_mut().unwrap() {
            Wire::Plain(tcp) => tcp.read(&mut buffer).await?,
            Wire::Tls(tls) => tls.read(&mut buffer).await?,
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &mut self.deflate {
            None => self.input.extend_from_slice(&buffer[..count]),
            Some((_, inflate)) => {
                let mut out = Vec::with_capacity(64 * 1024);
                inflate.decompress_vec(&buffer[..count], &mut out, FlushDecompress::Sync)?;
                self.input.append(&mut out);
            }
        }
        Ok(())
    }
}

/// The tags after `line` was matched with `pattern`.
fn matched(pattern: &str, line: &str, mut tags: HashMap<String, String>) -> Option<HashMap<String, String>> {
    let Some(at) = pattern.find(['{', '…']) else { return (pattern == line).then_some(tags) };
    let (literal, rest) = pattern.split_at(at);
    let line = line.strip_prefix(literal)?;
    if let Some(rest) = rest.strip_prefix('…') {
        return (0..=line.len())
            .filter(|at| line.is_char_boundary(*at))
            .find_map(|at| matched(rest, &line[at..], tags.clone()));
    }
    let (name, after) = rest[1..].split_once('}')?;
    if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+') {
        // The size of a literal.
        return matched(after, line.strip_prefix(&rest[..name.len() + 2])?, tags);
    }
    let end = line.find(' ').unwrap_or(line.len());
    let (tag, line) = line.split_at(end);
    tags.insert(name.to_owned(), tag.to_owned());
    matched(after, line, tags)
}

#[test]
fn patterns_match_tags_and_anything() {
    let tags = matched("{a} FETCH 1:* (…)", "P1 FETCH 1:* (FLAGS UID)", HashMap::new()).unwrap();
    assert_eq!(tags["a"], "P1");
    assert!(matched("{a} NOOP", "P2 NOOP now", tags).is_none());
    assert!(matched("{a} LOGIN ann {3}", "S1 LOGIN ann {3}", HashMap::new()).is_some());
}
