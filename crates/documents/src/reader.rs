//! The parent's side: starts a child for each document, feeds it, hears it out within bounds, and ends it.
//!
//! Whatever the child does, every call is answered within [`Limits::waiting`] and [`Limits::wall`] and holds no more than the answer
//! may be long. What the child is, is in [`child_main`](crate::child_main).

use std::{ffi::OsString, io, path::PathBuf, process::ExitStatus, process::Stdio, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    Error, Kind, Limits, Result, Text,
    pipe::{self, Answer, Head, Question, Task},
};

/// The signal for too much time on a processor, on Linux and macOS.
const SIGXCPU: i32 = 24;

/// Reads documents in children.
#[derive(Debug, Clone)]
pub struct Reader {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Limits,
    turns: Arc<Semaphore>,
}

/// A picture that is small enough to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// The file, without metadata.
    pub data: Bytes,
    /// Pixels from left to right, as it is meant to be seen.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Reader {
    /// A reader whose children are `program` with `arguments`, which must call [`child_main`](crate::child_main).
    pub fn new(program: PathBuf, arguments: Vec<OsString>, limits: Limits) -> Self {
        let turns = Arc::new(Semaphore::new(limits.children.max(1)));
        Self { program, arguments, limits, turns }
    }

    /// The text of a document.
    pub async fn text(&self, kind: Kind, bytes: Bytes) -> Result<Text> {
        if kind == Kind::Picture {
            return Err(Error::Unsupported);
        }
        let longest = self.limits.text;
        match self.ask(Task::Text(kind), bytes, longest).await? {
            (Head::Text { is_cut, notes }, payload) => {
                let text = String::from_utf8(payload).map_err(|_| Error::Crashed)?;
                Ok(Text { text, is_cut, notes })
            }
            (Head::Picture { .. }, _) => Err(Error::Crashed),
        }
    }

    /// A picture as it is meant to be seen, of at most `max_pixels`, and as many fewer as make its file no
    /// longer than `max_bytes`.
    pub async fn picture(&self, bytes: Bytes, max_pixels: u64, max_bytes: usize) -> Result<Picture> {
        match self.ask(Task::Picture { max_pixels, max_bytes }, bytes, max_bytes).await? {
            (Head::Picture { encoding, width, height }, payload) => Ok(Picture {
                media_type: encoding.media_type().to_owned(),
                data: payload.into(),
                width,
                height,
            }),
            (Head::Text { .. }, _) => Err(Error::Crashed),
        }
    }

    /// Asks a child; its answer's payload has at most `longest` bytes.
    async fn ask(&self, task: Task, document: Bytes, longest: usize) -> Result<(Head, Vec<u8>)> {
        if document.len() as u64 > self.limits.input {
            return Err(Error::TooLarge);
        }
        let _turn = match timeout(self.limits.waiting, self.turns.acquire()).await {
            Ok(turn) => turn.map_err(|_| Error::Unavailable)?,
            Err(_) => return Err(Error::Busy),
        };
        // What others take of the time is not the document's fault.
        let deadline = Instant::now() + self.limits.wall;
        let question = pipe::encode(&Question { task, limits: self.limits.clone() })
            .map_err(|error| unavailable(&error))?;
        let mut child = self.start().map_err(|error| unavailable(&error))?;
        let longest = longest.saturating_add(pipe::HEAD);
        match timeout_at(deadline, hear_out(&mut child, &question, &document, longest)).await {
            Ok(Ok(heard)) => understand(heard),
            outcome => {
                // kills, and waits so that nothing of it is left
                let _ = child.kill().await;
                match outcome {
                    Ok(Err(error)) => Err(error),
                    _ => Err(Error::TooSlow),
                }
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            // no secret of ours is in there
            .env_clear()
            // an allocator that reserves a gigabyte ahead of need could use it regardless of the limit
            .env("MIMALLOC_ARENA_RESERVE", "0")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn()
    }
}

fn unavailable(error: &io::Error) -> Error {
    tracing::warn!(kind = ?error.kind(), "the reader of documents cannot be started");
    Error::Unavailable
}

/// Writes the document while reading the answer, and waits for the end.
async fn hear_out(
    child: &mut Child,
    question: &[u8],
    document: &[u8],
    longest: usize,
) -> Result<(ExitStatus, Vec<u8>)> {
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Error::Unavailable);
    };
    let tell = async move {
        // a child that answers before it has read everything closes the pipe: its answer is what counts
        if stdin.write_all(question).await.is_ok() {
            let _ = stdin.write_all(document).await;
        }
        drop(stdin);
        std::future::pending().await
    };
    let hear = async {
        let mut heard = Vec::new();
        stdout.take(longest.saturating_add(1) as u64).read_to_end(&mut heard).await.map(|_| heard)
    };
    let heard = tokio::select! {
        heard = hear => heard.map_err(|_| Error::Crashed)?,
        never = tell => never,
    };
    if heard.len() > longest {
        return Err(Error::Crashed);
    }
    let status = child.wait().await.map_err(|_| Error::Crashed)?;
    Ok((status, heard))
}

/// What the child said, or what its end means if it said nothing.
fn understand((status, mut heard): (ExitStatus, Vec<u8>)) -> Result<(Head, Vec<u8>)> {
    use std::os::unix::process::ExitStatusExt as _;
    if let Some(signal) = status.signal() {
        return Err(if signal == SIGXCPU { Error::TooSlow } else { Error::Crashed });
    }
    let mut rest = heard.as_slice();
    match pipe::read_head::<Answer>(&mut rest) {
        Ok(answer) if status.success() => {
            let head_ends = heard.len() - rest.len();
            heard.drain(..head_ends);
            Ok((answer?, heard))
        }
        _ => {
            tracing::warn!("the reader of documents does not answer as it should");
            Err(Error::Unavailable)
        }
    }
}
