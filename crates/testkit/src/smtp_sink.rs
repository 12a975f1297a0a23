//! An SMTP server that takes everything and sends nothing on, so that no test mail leaves the machine. It
//! announces what a test wants, and fails where and how a test wants: see [`Fault`].
//!
//! Plain text only; TLS is had by a real submission server in front of it, which the sink is the relay of.

use std::{
    collections::BTreeSet,
    io,
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

mod session;

/// Everything that the sink can announce, as it does unless told otherwise.
pub const CAPABILITIES: [&str; 6] =
    ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE 26214400"];

/// One message as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender, without angle brackets.
    pub from: String,
    /// The envelope's recipients, without angle brackets.
    pub to: Vec<String>,
    /// The message, dots unstuffed, lines ending in CRLF.
    pub message: String,
}

/// A recipient as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Without angle brackets.
    pub address: String,
    /// What stood behind the path, such as `NOTIFY=FAILURE`.
    pub parameters: Vec<String>,
    /// Whether it was accepted.
    pub is_accepted: bool,
}

/// One message, from MAIL to wherever it came; seen while it is still on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Transaction {
    /// On which connection, counted from 1.
    pub connection: usize,
    /// The sender, without angle brackets.
    pub from: String,
    /// What stood behind the sender's path, such as `SIZE=10`.
    pub parameters: Vec<String>,
    /// All recipients, the refused too.
    pub recipients: Vec<Recipient>,
    /// Whether DATA was let in.
    pub is_open: bool,
    /// The data as it arrived, dots still stuffed, without the dot that ends it.
    pub data: Vec<u8>,
    /// Whether that dot arrived.
    pub is_ended: bool,
    /// Whether the sink keeps it: it said yes to it, or fell silent after the end.
    pub is_taken: bool,
}

impl Transaction {
    /// The recipients that were accepted.
    pub fn accepted(&self) -> Vec<&str> {
        self.recipients.iter().filter(|one| one.is_accepted).map(|one| one.address.as_str()).collect()
    }

    /// The message: the data with dots unstuffed.
    pub fn message(&self) -> Vec<u8> {
        let lines = self.data.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
    }
}

/// Where a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Instead of the greeting.
    Greeting,
    /// At EHLO.
    Ehlo,
    /// At AUTH.
    SignIn,
    /// At MAIL.
    Mail,
    /// At RCPT.
    Rcpt,
    /// At DATA.
    Data,
    /// Within the data, when so many octets of it are there.
    Octets(usize),
    /// After the dot that ends the data.
    End,
    /// At RSET.
    Reset,
}

/// What happens there instead of the usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Says this; lines are parted by `\n`. A 2yz at the end takes the message, anything else does not.
    Say(String),
    /// Says this and closes.
    Leave(String),
    /// Closes without a word. At [`Stage::End`] the message is taken.
    Close,
    /// Falls silent: neither says nor reads anything more. At [`Stage::End`] the message is taken.
    Hang,
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    at: Stage,
    act: Act,
    /// Only for this recipient.
    to: Option<String>,
    /// How often it still happens.
    left: usize,
}

impl Fault {
    /// Happens at `at` every time.
    pub fn new(at: Stage, act: Act) -> Self {
        Self { at, act, to: None, left: usize::MAX }
    }

    /// Says `reply` at `at` every time.
    pub fn say(at: Stage, reply: &str) -> Self {
        Self::new(at, Act::Say(reply.into()))
    }

    /// Refuses one recipient.
    pub fn refuse(recipient: &str, reply: &str) -> Self {
        Self { to: Some(recipient.into()), ..Self::say(Stage::Rcpt, reply) }
    }

    /// Only the first so many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }

    /// Only the first time.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }
}

/// How a sink behaves. The default takes everything from everybody.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// What is announced after EHLO, besides AUTH.
    pub capabilities: Vec<String>,
    /// Who may sign in, by PLAIN and LOGIN; nobody: sign-in is neither offered nor needed.
    pub people: Vec<(String, String)>,
    /// What goes wrong; the first that fits happens.
    pub faults: Vec<Fault>,
    /// Whether each recipient is refused with 450 when it is named first, and accepted from then on.
    pub greylists: bool,
    /// How long it thinks before each reply.
    pub pause: Duration,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
            people: Vec::new(),
            faults: Vec::new(),
            greylists: false,
            pause: Duration::ZERO,
        }
    }
}

impl SinkOptions {
    /// Announces only these.
    #[must_use]
    pub fn only(mut self, capabilities: &[&str]) -> Self {
        self.capabilities = capabilities.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Does not announce these (`SIZE` without its number).
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.capabilities.retain(|line| !names.contains(&line.split(' ').next().unwrap_or_default()));
        self
    }

    /// Lets this person sign in, and nobody hand mail over who has not.
    #[must_use]
    pub fn person(mut self, name: &str, password: &str) -> Self {
        self.people.push((name.into(), password.into()));
        self
    }

    /// With one more thing that goes wrong.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// What all connections of one sink share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    options: SinkOptions,
    transactions: Vec<Transaction>,
    connections: usize,
    open: usize,
    pipelined: usize,
    /// Recipients that were named once, for greylisting.
    seen: BTreeSet<String>,
    is_over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and tells who waits for it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let value = change(&mut self.state());
        self.changed.notify_all();
        value
    }
}

/// A running sink. With the value it stops taking connections, and connections that hang end.
#[derive(Debug)]
pub struct SmtpSink {
    port: u16,
    shared: Arc<Shared>,
}

impl SmtpSink {
    /// A sink that takes everything, on a free loopback port.
    pub fn start() -> io::Result<Self> {
        Self::with(SinkOptions::default())
    }

    /// A sink that behaves as wanted, on a free loopback port.
    pub fn with(options: SinkOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let state = State {
            options,
            transactions: Vec::new(),
            connections: 0,
            open: 0,
            pipelined: 0,
            seen: BTreeSet::new(),
            is_over: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let server = Arc::clone(&shared);
        thread::Builder::new().name("smtp-sink".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.state().is_over {
                    return;
                }
                let server = Arc::clone(&server);
                let _ = thread::Builder::new().spawn(move || {
                    let connection = server.change(|state| {
                        state.connections += 1;
                        state.open += 1;
                        state.connections
                    });
                    let _ = session::serve(&stream, &server, connection);
                    drop(stream);
                    server.change(|state| state.open -= 1);
                });
            }
        })?;
        Ok(Self { port, shared })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on this goes wrong, and nothing else.
    pub fn now_fails(&self, fault: Fault) {
        self.shared.change(|state| state.options.faults = vec![fault]);
    }

    /// Everything taken so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        let taken = self.transactions().into_iter().filter(|one| one.is_taken);
        taken
            .map(|one| Received {
                to: one.accepted().into_iter().map(str::to_owned).collect(),
                message: String::from_utf8_lossy(&one.message()).into_owned(),
                from: one.from,
            })
            .collect()
    }

    /// Every message that was begun, also those that were refused, cut, or are still on their way.
    pub fn transactions(&self) -> Vec<Transaction> {
        self.shared.state().transactions.clone()
    }

    /// Waits until `count` messages are taken, and gives all transactions then.
    ///
    /// # Errors
    /// If `patience` is over before.
    pub fn wait_for(&self, count: usize, patience: Duration) -> io::Result<Vec<Transaction>> {
        self.wait_until(patience, |all| all.iter().filter(|one| one.is_taken).count() >= count)
    }

    /// Waits until the transactions are as wanted.
    ///
    /// # Errors
    /// If `patience` is over before.
    pub fn wait_until(
        &self,
        patience: Duration,
        mut is_there: impl FnMut(&[Transaction]) -> bool,
    ) -> io::Result<Vec<Transaction>> {
        self.wait(patience, |state| is_there(&state.transactions))
    }

    /// Waits until every connection so far is closed.
    ///
    /// # Errors
    /// If `patience` is over before.
    pub fn wait_closed(&self, patience: Duration) -> io::Result<Vec<Transaction>> {
        self.wait(patience, |state| state.open == 0)
    }

    fn wait(
        &self,
        patience: Duration,
        mut is_there: impl FnMut(&State) -> bool,
    ) -> io::Result<Vec<Transaction>> {
        let deadline = Instant::now() + patience;
        let mut state = self.shared.state();
        while !is_there(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let what = format!("the sink still waits, with {} transactions", state.transactions.len());
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state.transactions.clone())
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// How many commands were there before the reply to the one before them was said.
    pub fn pipelined(&self) -> usize {
        self.shared.state().pipelined
    }

    /// From now on these things go wrong, and no others.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.change(|state| state.options.faults = faults);
    }
}

impl Drop for SmtpSink {
    #[expect(clippy::disallowed_methods, reason = "wakes its own listener on loopback")]
    fn drop(&mut self) {
        self.shared.change(|state| state.is_over = true);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}
