//! A literal that is read while it is sent: its source on the caller's side, the connection's end of it,
//! and the narrow channel in between, so that a message of any size takes the memory of a few pieces.
//!
//! The source is read only once the literal may be sent, and its length is exact: the last octet leaves
//! only after the source was seen to end there.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::request::Reply;
use crate::{Error, octets::Chunks};

/// Most octets of one piece on its way.
const PIECE: usize = 64 << 10;

/// How much of a literal may have reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Nothing: the source was not even read.
    Nothing,
    /// Not its end, so that the server cannot have taken it.
    Part,
    /// Perhaps all of it.
    All,
}

/// The connection's end.
pub(super) struct Feed {
    octets: mpsc::Receiver<Bytes>,
    go: Option<oneshot::Sender<()>>,
    reached: Arc<AtomicU8>,
    left: u64,
}

/// The caller's end.
pub(super) struct Tap {
    octets: mpsc::Sender<Bytes>,
    go: oneshot::Receiver<()>,
    reached: Arc<AtomicU8>,
    size: u64,
}

/// Why a command with a literal was not completed with OK.
#[derive(Debug)]
pub(super) enum Failure {
    /// The source failed, or was not as long as it was said to be; the connection is gone.
    Source(io::Error),
    /// The server or the connection; how much the server may have.
    Server(Error, Reached),
}

/// Both ends of a literal of that many octets.
pub(super) fn channel(size: u64) -> (Tap, Feed) {
    let (octets, receiver) = mpsc::channel(1);
    let (sender, go) = oneshot::channel();
    let reached = Arc::new(AtomicU8::new(0));
    let feed = Feed { octets: receiver, go: Some(sender), reached: Arc::clone(&reached), left: size };
    (Tap { octets, go, reached, size }, feed)
}

impl Feed {
    /// The literal may be sent: its source is read from now on.
    pub(super) fn begin(&mut self) {
        if let Some(go) = self.go.take() {
            self.reached.store(1, Ordering::Release);
            // Whoever went away is noticed at the first piece.
            let _ = go.send(());
        }
    }

    /// The next piece to send; none if the source ended before its time.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let piece = self.octets.recv().await?;
        self.left = self.left.checked_sub(piece.len() as u64)?;
        if self.left == 0 {
            // Told before it is written: what became of a write that failed cannot be known.
            self.reached.store(2, Ordering::Release);
        }
        Some(piece)
    }

    /// Whether the piece that came last was the end.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }
}

impl Tap {
    fn reached(&self) -> Reached {
        match self.reached.load(Ordering::Acquire) {
            0 => Reached::Nothing,
            1 => Reached::Part,
            _ => Reached::All,
        }
    }

    /// Reads the source into the literal once it is wanted, until the command's `reply` is there.
    pub(super) async fn pour(
        mut self,
        source: &mut impl Chunks,
        reply: impl Future<Output = Result<Reply, Error>> + Send,
    ) -> Result<Reply, Failure> {
        let mut reply = std::pin::pin!(reply);
        tokio::select! {
            biased;
            reply = &mut reply => return self.judge(reply),
            go = &mut self.go => if go.is_err() {
                return self.judge(reply.await);
            },
        }
        let poured = tokio::select! {
            poured = self.pour_all(source) => poured,
            reply = &mut reply => return self.judge(reply),
        };
        // Where the source failed, the connection ends with this; then the reply is of no interest.
        self.octets = mpsc::channel(1).0;
        let reply = reply.await;
        if let Err(error) = poured {
            return Err(Failure::Source(error));
        }
        self.judge(reply)
    }

    /// What a reply means, by how much of the literal was sent until then.
    fn judge(&self, reply: Result<Reply, Error>) -> Result<Reply, Failure> {
        let reached = self.reached();
        match reply {
            // It cannot have taken what it does not have.
            Ok(_) if reached != Reached::All => {
                let error = Error::Protocol("it says that it took a message before it had it");
                Err(Failure::Server(error, reached))
            }
            reply => reply.map_err(|error| Failure::Server(error, reached)),
        }
    }

    async fn pour_all(&self, source: &mut impl Chunks) -> io::Result<()> {
        let mut left = self.size;
        while left > 0 {
            let Some(mut piece) = source.next().await? else {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "shorter than it was said to be"));
            };
            let too_long = || io::Error::new(io::ErrorKind::InvalidData, "longer than it was said to be");
            left = left.checked_sub(piece.len() as u64).ok_or_else(too_long)?;
            if left == 0 && source.next().await?.is_some() {
                return Err(too_long());
            }
            while !piece.is_empty() {
                let part = piece.split_to(piece.len().min(PIECE));
                if self.octets.send(part).await.is_err() {
                    // The connection is gone, which the reply tells.
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
