//! The task that owns a signed-in connection: sends commands as they come, many in flight, and gives
//! each completion to the command with its tag, in whatever order the server completes them.
//!
//! A caller that goes away leaves its command to be drained here, so a cancelled call never leaves a
//! connection in the middle of something. Nothing here knows what a command means. What comes from the
//! server is given to its commands in [`answers`].

mod answers;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    literal::{self, Feed, Tap},
    request::{Reply, Request, Wants},
    response::Untagged,
    transport::Transport,
    wire::{Dialect, Framer, Segment, encode},
};
use crate::Error;

use self::answers::Chunks;

/// How many times the usual a server may take from the last octet of a streamed literal that was written
/// to its answer: the system may still hold megabytes of it.
const AFTER_LITERAL: u32 = 3;

/// How long taking leave of the server may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A handle on the task; dropping it closes the connection.
pub(super) struct Connection {
    jobs: mpsc::UnboundedSender<Vec<Job>>,
    seen: Arc<Seen>,
}

/// What the server told without being asked.
#[derive(Debug, Default)]
struct Seen {
    exists: AtomicU32,
    expunged: AtomicU32,
    is_busy: AtomicBool,
    is_closed: AtomicBool,
}

/// A command that was sent; awaiting it gives its reply. Dropping it abandons the reply only.
pub(super) struct Pending(oneshot::Receiver<Result<Reply, Error>>);

impl Pending {
    /// The reply, once the server completed the command.
    pub(super) async fn reply(self) -> Result<Reply, Error> {
        self.0.await.unwrap_or(Err(Error::Closed))
    }
}

struct Job {
    request: Request,
    reply: oneshot::Sender<Result<Reply, Error>>,
    feed: Option<Feed>,
}

impl Connection {
    /// Starts the task on a signed-in stream; `framer` holds what was read beyond the last response. No
    /// command takes longer than `longest`.
    pub(super) fn start(transport: Transport, framer: Framer, dialect: Dialect, longest: Duration) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen::default());
        let task = Task {
            framer,
            dialect,
            longest,
            seen: Arc::clone(&seen),
            next_tag: 1,
            running: VecDeque::new(),
            unsent: VecDeque::new(),
            blocked_by: None,
            streaming: None,
            piece: Bytes::new(),
            output: BytesMut::new(),
            chunks: Chunks::default(),
            since_completion: 0,
            since_response: 0,
        };
        tokio::spawn(task.run(transport, queue));
        Self { jobs, seen }
    }

    /// Sends commands in one flight: all leave before the first reply is awaited.
    pub(super) fn send(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Pending> {
        let pair = |request: Request| {
            let (reply, receiver) = oneshot::channel();
            (Job { request, reply, feed: None }, Pending(receiver))
        };
        let (jobs, pending): (Vec<_>, Vec<_>) = requests.into_iter().map(pair).unzip();
        self.enqueue(jobs);
        pending
    }

    /// Sends one command with a streamed literal of `size` octets, which are asked of the [`Tap`].
    pub(super) fn send_streamed(&self, request: Request, size: u64) -> (Tap, Pending) {
        let (reply, receiver) = oneshot::channel();
        let (tap, feed) = literal::channel(size);
        self.enqueue(vec![Job { request, reply, feed: Some(feed) }]);
        (tap, Pending(receiver))
    }

    fn enqueue(&self, jobs: Vec<Job>) {
        if !jobs.is_empty() {
            self.seen.is_busy.store(true, Ordering::Release);
            // A closed queue drops the senders, which the receivers see as a closed connection.
            let _ = self.jobs.send(jobs);
        }
    }

    /// Whether commands can still be sent.
    pub(super) fn is_open(&self) -> bool {
        !self.seen.is_closed.load(Ordering::Acquire) && !self.jobs.is_closed()
    }

    /// The number of messages in the selected mailbox, as the server said last.
    pub(super) fn exists(&self) -> u32 {
        self.seen.exists.load(Ordering::Acquire)
    }

    /// How many messages vanished since the connection began; a change means that sequence numbers moved.
    pub(super) fn expunged(&self) -> u32 {
        self.seen.expunged.load(Ordering::Acquire)
    }

    /// Whether a command is in flight, perhaps one that nobody waits for any more.
    pub(super) fn is_busy(&self) -> bool {
        self.seen.is_busy.load(Ordering::Acquire)
    }
}

/// A command in flight.
struct Running {
    tag: String,
    name: &'static str,
    wants: Wants,
    keep: usize,
    timeout: Duration,
    deadline: Instant,
    data: Vec<Untagged>,
    has_gaps: bool,
    weight: usize,
    reply: oneshot::Sender<Result<Reply, Error>>,
}

/// A piece of a command that has not left yet.
struct Piece {
    tag: String,
    octets: Octets,
}

enum Octets {
    /// Octets, and whether to wait for the server's go-ahead behind them.
    Here(Bytes, bool),
    /// A literal that is read while it is sent.
    Streamed(Feed),
}

/// The literal that is being sent.
struct Streaming {
    tag: String,
    feed: Feed,
}

/// Why the connection ended; told to every command in flight.
#[derive(Debug)]
enum End {
    Closed,
    Io(io::ErrorKind),
    Bye(String),
    Timeout(&'static str),
    TooLarge(&'static str),
    OutOfStep,
    /// A literal that was begun and cannot be completed.
    Unfinished,
}

impl From<&End> for Error {
    fn from(end: &End) -> Self {
        match end {
            End::Closed | End::Unfinished => Self::Closed,
            End::Io(kind) => io::Error::from(*kind).into(),
            End::Bye(text) => Self::Bye(text.clone()),
            End::Timeout(name) => Self::Timeout(name),
            End::TooLarge(what) => Self::TooLarge(what),
            End::OutOfStep => Self::Protocol("it said what nobody can read, unasked"),
        }
    }
}

struct Task {
    framer: Framer,
    dialect: Dialect,
    longest: Duration,
    seen: Arc<Seen>,
    next_tag: u64,
    running: VecDeque<Running>,
    unsent: VecDeque<Piece>,
    blocked_by: Option<String>,
    streaming: Option<Streaming>,
    /// What of the literal is to be written next.
    piece: Bytes,
    output: BytesMut,
    chunks: Chunks,
    /// Octets since the last completion.
    since_completion: usize,
    /// Octets since the last response ended.
    since_response: usize,
}

impl Task {
    async fn run(mut self, transport: Transport, mut queue: mpsc::UnboundedReceiver<Vec<Job>>) {
        let (mut reader, mut writer) = tokio::io::split(transport);
        let mut needs_flush = false;
        let end = loop {
            if let Err(error) = self.take_events() {
                break error;
            }
            let deadline = self.running.iter().map(|running| running.deadline).min();
            let far = Instant::now() + super::request::COMMAND_TIMEOUT;
            tokio::select! {
                flight = queue.recv() => match flight {
                    None => break End::Closed,
                    Some(flight) => flight.into_iter().for_each(|job| self.accept(job)),
                },
                written = write_some(&mut writer, if self.output.is_empty() { &self.piece } else { &self.output }),
                    if needs_flush || self.has_output() =>
                {
                    match written {
                        Ok(0) if !self.has_output() => needs_flush = false,
                        Ok(0) => break End::Closed,
                        Ok(count) => {
                            self.take_off(count);
                            needs_flush = true;
                        }
                        Err(error) => break End::Io(error.kind()),
                    }
                }
                piece = next_piece(&mut self.streaming), if self.streaming.is_some() && !self.has_output() => {
                    match piece {
                        Some(piece) => self.piece = piece,
                        None => break End::Unfinished,
                    }
                }
                read = read_some(&mut reader, self.framer.buffer_mut()) => match read {
                    Ok(0) => break End::Closed,
                    Ok(_) => {}
                    Err(error) => break End::Io(error.kind()),
                },
                () = sleep_until(deadline.unwrap_or(far)), if deadline.is_some() => {
                    let now = Instant::now();
                    let late = self.running.iter().find(|running| running.deadline <= now);
                    if let Some(late) = late {
                        break End::Timeout(late.name);
                    }
                },
            }
        };
        let may_say_so = matches!(end, End::Closed) && queue.is_closed() && self.running.is_empty();
        self.seen.is_closed.store(true, Ordering::Release);
        for running in self.running.drain(..) {
            let _ = running.reply.send(Err((&end).into()));
        }
        tracing::debug!(reason = ?std::mem::discriminant(&end), "imap connection ended");
        let farewell = async {
            if may_say_so && self.output.is_empty() {
                writer.write_all(format!("P{} LOGOUT\r\n", self.next_tag).as_bytes()).await?;
                writer.flush().await?;
            }
            writer.shutdown().await
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }

    fn accept(&mut self, job: Job) {
        let Job { request, reply, mut feed } = job;
        let tag = format!("P{}", self.next_tag);
        self.next_tag += 1;
        let name = request.command.name();
        let segments = match request.command.encode(&tag, self.dialect) {
            // A literal that nobody feeds would never end.
            Ok(segments) if feed.is_none() && segments.iter().any(|segment| segment.streamed > 0) => {
                Err(encode::Error::Empty)
            }
            encoded => encoded,
        };
        let segments = match segments {
            Ok(segments) => segments,
            Err(error) => {
                self.seen.is_busy.store(!self.running.is_empty(), Ordering::Release);
                let _ = reply.send(Err(error.into()));
                return;
            }
        };
        for Segment { bytes, wait_for_continue, streamed } in segments {
            self.unsent.push_back(Piece { tag: tag.clone(), octets: Octets::Here(bytes, wait_for_continue) });
            if let Some(feed) = feed.take_if(|_| streamed > 0) {
                self.unsent.push_back(Piece { tag: tag.clone(), octets: Octets::Streamed(feed) });
            }
        }
        let timeout = request.timeout.min(self.longest);
        self.running.push_back(Running {
            tag,
            name,
            wants: request.wants,
            keep: request.keep,
            timeout,
            deadline: Instant::now() + timeout,
            data: Vec::new(),
            has_gaps: false,
            weight: 0,
            reply,
        });
        self.seen.is_busy.store(true, Ordering::Release);
        self.move_unsent();
    }

    /// Moves pieces to the output until one has to wait for the server's go-ahead, or comes from elsewhere.
    fn move_unsent(&mut self) {
        while self.blocked_by.is_none() && self.streaming.is_none() {
            let Some(Piece { tag, octets }) = self.unsent.pop_front() else { return };
            match octets {
                Octets::Here(bytes, waits) => {
                    self.output.extend_from_slice(&bytes);
                    if waits {
                        self.blocked_by = Some(tag);
                    }
                }
                Octets::Streamed(mut feed) => {
                    feed.begin();
                    self.put_off(&tag, 1);
                    self.streaming = Some(Streaming { tag, feed });
                }
            }
        }
    }

    /// Whether there is something to write now.
    fn has_output(&self) -> bool {
        !self.output.is_empty() || !self.piece.is_empty()
    }

    /// Takes away what was written, and goes on behind a literal that is through.
    fn take_off(&mut self, count: usize) {
        if !self.output.is_empty() {
            return self.output.advance(count);
        }
        self.piece.advance(count);
        let Some(streaming) = self.streaming.as_ref() else { return };
        let is_through = self.piece.is_empty() && streaming.feed.is_done();
        let tag = streaming.tag.clone();
        self.put_off(&tag, if is_through { AFTER_LITERAL } else { 1 });
        if is_through {
            self.streaming = None;
            self.move_unsent();
        }
    }

    /// The command of that tag, and what has to wait behind it, has its whole time again: its literal
    /// moves on.
    fn put_off(&mut self, tag: &str, times: u32) {
        let now = Instant::now();
        for running in self.running.iter_mut().skip_while(|running| running.tag != tag) {
            running.deadline = now + running.timeout * times;
        }
    }
}

async fn next_piece(streaming: &mut Option<Streaming>) -> Option<Bytes> {
    streaming.as_mut()?.feed.next().await
}

/// Writes some of `output`, or flushes if there is nothing to write. Either may be dropped half-way:
/// what was written is always told.
async fn write_some<W: AsyncWriteExt + Unpin>(writer: &mut W, output: &[u8]) -> io::Result<usize> {
    if output.is_empty() { writer.flush().await.map(|()| 0) } else { writer.write(output).await }
}

async fn read_some<R: AsyncReadExt + Unpin>(reader: &mut R, input: &mut BytesMut) -> io::Result<usize> {
    if input.capacity() - input.len() < 4 * 1024 {
        input.reserve(32 * 1024);
    }
    reader.read_buf(input).await
}
