//! The task that owns a signed-in connection: sends commands as they come, many in flight, and gives
//! each completion to the command with its tag, in whatever order the server completes them.
//!
//! A caller that goes away leaves its command to be drained here, so a cancelled call never leaves a
//! connection in the middle of something. Nothing here knows what a command means.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use super::{
    connect::Transport,
    request::{Reply, Request, Wants},
    response::{Response, Section, Status, StatusKind, Untagged},
    wire::{Dialect, Event, Framer, Segment},
};
use crate::Error;

/// How many octets of answers one command may gather, counted roughly.
const REPLY_LIMIT: usize = 64 << 20;

/// A handle on the task; dropping it closes the connection.
pub(super) struct Connection {
    jobs: mpsc::UnboundedSender<Job>,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

/// What the server told without being asked.
#[derive(Debug, Default)]
struct Seen {
    exists: AtomicU32,
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
}

impl Connection {
    /// Starts the task on a signed-in stream; `framer` holds what was read beyond the last response.
    pub(super) fn start(transport: Transport, framer: Framer, dialect: Dialect) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen::default());
        let task = Task {
            framer,
            dialect,
            seen: Arc::clone(&seen),
            next_tag: 1,
            running: VecDeque::new(),
            unsent: VecDeque::new(),
            blocked_by: None,
            output: BytesMut::new(),
            chunks: Chunks::default(),
        };
        let task = tokio::spawn(task.run(transport, queue));
        Self { jobs, seen, task }
    }

    /// Sends commands in one flight: all leave before the first reply is awaited.
    pub(super) fn send(&self, requests: impl IntoIterator<Item = Request>) -> Vec<Pending> {
        let send = |request: Request| {
            let (reply, receiver) = oneshot::channel();
            // A closed queue drops the sender, which the receiver sees as a closed connection.
            let _ = self.jobs.send(Job { request, reply });
            Pending(receiver)
        };
        requests.into_iter().map(send).collect()
    }

    /// Whether commands can still be sent.
    pub(super) fn is_open(&self) -> bool {
        !self.seen.is_closed.load(Ordering::Acquire) && !self.jobs.is_closed()
    }

    /// The number of messages in the selected mailbox, as the server said last.
    pub(super) fn exists(&self) -> u32 {
        self.seen.exists.load(Ordering::Acquire)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A command in flight.
struct Running {
    tag: String,
    name: &'static str,
    wants: Wants,
    keep: usize,
    deadline: Instant,
    data: Vec<Untagged>,
    weight: usize,
    reply: oneshot::Sender<Result<Reply, Error>>,
}

/// A piece of a command line that has not left yet.
struct Piece {
    tag: String,
    bytes: Bytes,
    waits: bool,
}

/// Literals of the response being read that are too large to stand in it, gathered up to a limit.
#[derive(Default)]
struct Chunks {
    room: usize,
    open: BytesMut,
    section: Option<Section>,
    done: Vec<(Section, Bytes)>,
}

/// Why the connection ended; told to every command in flight.
#[derive(Debug)]
enum End {
    Closed,
    Io(io::ErrorKind),
    Bye(String),
    Timeout(&'static str),
    TooLarge(&'static str),
}

impl From<&End> for Error {
    fn from(end: &End) -> Self {
        match end {
            End::Closed => Self::Closed,
            End::Io(kind) => io::Error::from(*kind).into(),
            End::Bye(text) => Self::Bye(text.clone()),
            End::Timeout(name) => Self::Timeout(name),
            End::TooLarge(what) => Self::TooLarge(what),
        }
    }
}

struct Task {
    framer: Framer,
    dialect: Dialect,
    seen: Arc<Seen>,
    next_tag: u64,
    running: VecDeque<Running>,
    unsent: VecDeque<Piece>,
    blocked_by: Option<String>,
    output: BytesMut,
    chunks: Chunks,
}

impl Task {
    async fn run(mut self, transport: Transport, mut queue: mpsc::UnboundedReceiver<Job>) {
        let (mut reader, mut writer) = tokio::io::split(transport);
        let mut needs_flush = false;
        let end = loop {
            if let Err(error) = self.take_events() {
                break error;
            }
            let deadline = self.running.iter().map(|running| running.deadline).min();
            let far = Instant::now() + super::request::COMMAND_TIMEOUT;
            tokio::select! {
                job = queue.recv() => match job {
                    None => break End::Closed,
                    Some(job) => {
                        self.accept(job);
                        while let Ok(job) = queue.try_recv() {
                            self.accept(job);
                        }
                    }
                },
                written = write_some(&mut writer, &self.output), if needs_flush || !self.output.is_empty() => {
                    match written {
                        Ok(0) if self.output.is_empty() => needs_flush = false,
                        Ok(0) => break End::Closed,
                        Ok(count) => {
                            self.output.advance(count);
                            needs_flush = true;
                        }
                        Err(error) => break End::Io(error.kind()),
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
        self.seen.is_closed.store(true, Ordering::Release);
        for running in self.running.drain(..) {
            let _ = running.reply.send(Err((&end).into()));
        }
        tracing::debug!(reason = ?std::mem::discriminant(&end), "imap connection ended");
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), writer.shutdown()).await;
    }

    fn accept(&mut self, job: Job) {
        let Job { request, reply } = job;
        let tag = format!("P{}", self.next_tag);
        self.next_tag += 1;
        let name = request.command.name();
        let segments = match request.command.encode(&tag, self.dialect) {
            Ok(segments) => segments,
            Err(error) => {
                let _ = reply.send(Err(error.into()));
                return;
            }
        };
        for Segment { bytes, wait_for_continue } in segments {
            self.unsent.push_back(Piece { tag: tag.clone(), bytes, waits: wait_for_continue });
        }
        self.running.push_back(Running {
            tag,
            name,
            wants: request.wants,
            keep: request.keep,
            deadline: Instant::now() + request.timeout,
            data: Vec::new(),
            weight: 0,
            reply,
        });
        self.move_unsent();
    }

    /// Moves pieces to the output until one has to wait for the server's go-ahead.
    fn move_unsent(&mut self) {
        while self.blocked_by.is_none() {
            let Some(piece) = self.unsent.pop_front() else { return };
            self.output.extend_from_slice(&piece.bytes);
            if piece.waits {
                self.blocked_by = Some(piece.tag);
            }
        }
    }

    fn take_events(&mut self) -> Result<(), End> {
        while let Some(event) = self.framer.pop().map_err(|_| End::TooLarge("a response of the server"))? {
            match event {
                Event::Response(response) => self.take_response(response)?,
                Event::LiteralStart { section, .. } => {
                    self.chunks.section = section;
                    let fetching =
                        self.running.iter().find(|r| matches!(r.wants, Wants::Fetch | Wants::Uids(_)));
                    self.chunks.room = fetching.map_or(0, |running| running.keep);
                }
                Event::LiteralChunk(chunk) => {
                    let kept = chunk.len().min(self.chunks.room);
                    self.chunks.room -= kept;
                    self.chunks.open.extend_from_slice(chunk.get(..kept).unwrap_or_default());
                }
                Event::LiteralEnd => {
                    let literal = self.chunks.open.split().freeze();
                    let section = self.chunks.section.take();
                    self.chunks.done.extend(section.map(|section| (section, literal)));
                }
            }
        }
        Ok(())
    }

    fn take_response(&mut self, response: Response) -> Result<(), End> {
        match response {
            Response::Tagged { tag, status } => self.complete(&tag, status),
            Response::Continue(_) => {
                self.blocked_by = None;
                self.move_unsent();
            }
            Response::Untagged(Untagged::Status(Status { kind: StatusKind::Bye, text, .. })) => {
                return Err(End::Bye(text));
            }
            Response::Untagged(mut data) => {
                self.note(&mut data);
                let weight = weigh(&data);
                let taker = self.running.iter_mut().find(|running| running.wants.take(&data, &running.tag));
                if let Some(running) = taker {
                    running.weight += weight;
                    if running.weight > REPLY_LIMIT {
                        return Err(End::TooLarge(running.name));
                    }
                    running.data.push(data);
                }
            }
        }
        Ok(())
    }

    /// Keeps the message count of the selected mailbox, and puts chunked literals back where they belong.
    fn note(&mut self, data: &mut Untagged) {
        match data {
            Untagged::Exists(count) => self.seen.exists.store(*count, Ordering::Release),
            Untagged::Expunge(_) => {
                let one_less = |count: u32| Some(count.saturating_sub(1));
                let _ = self.seen.exists.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less);
            }
            Untagged::Fetch(fetch) => {
                for (of, literal) in self.chunks.done.drain(..) {
                    let is_it = |section: &&mut Section| {
                        section.data.is_none() && section.path == of.path && section.text == of.text
                    };
                    if let Some(section) = fetch.sections.iter_mut().find(is_it) {
                        section.data = Some(literal);
                    }
                }
            }
            _ => {}
        }
        self.chunks.done.clear();
    }

    fn complete(&mut self, tag: &str, status: Status) {
        if self.blocked_by.as_deref() == Some(tag) {
            // The server refused a literal: the rest of its command must not be sent.
            self.unsent.retain(|piece| piece.tag != tag);
            self.blocked_by = None;
            self.move_unsent();
        }
        let Some(position) = self.running.iter().position(|running| running.tag == tag) else { return };
        if let Some(running) = self.running.remove(position) {
            let _ = running.reply.send(Reply::check(running.name, status, running.data));
        }
    }
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

/// The memory that `data` holds, roughly.
fn weigh(data: &Untagged) -> usize {
    match data {
        Untagged::Fetch(fetch) => {
            1024 + fetch.sections.iter().filter_map(|s| s.data.as_ref()).map(Bytes::len).sum::<usize>()
        }
        Untagged::Search { numbers, .. } | Untagged::Sort { numbers, .. } => 64 + numbers.len() * 4,
        Untagged::ESearch(found) => {
            128 + found.all.as_ref().map_or(0, Vec::len) * 8 + found.partial.as_ref().map_or(0, Vec::len) * 8
        }
        _ => 256,
    }
}
