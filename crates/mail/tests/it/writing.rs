//! What changes something: appending, replacing, removing, flags, folders of roles; and finding again what
//! was written. Scripted servers first, then the real ones.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use mail::octets::Chunks;

mod appending;
mod finding;
mod removing;
pub(crate) mod servers;

/// What a message is read from, and how much of it was read.
#[derive(Default)]
pub(crate) struct Pieces {
    pieces: VecDeque<io::Result<Bytes>>,
    pub(crate) gauge: Arc<Gauge>,
}

/// How many octets were read, and how many pieces' octets were alive at most at the same time.
#[derive(Default, Debug)]
pub(crate) struct Gauge {
    read: AtomicU64,
    alive: AtomicU64,
    most_alive: AtomicU64,
}

impl Gauge {
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    pub(crate) fn most_alive(&self) -> u64 {
        self.most_alive.load(Ordering::SeqCst)
    }
}

/// A piece that tells when nobody holds it any more.
struct Watched(Bytes, Arc<Gauge>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.alive.fetch_sub(self.0.len() as u64, Ordering::SeqCst);
    }
}

impl Pieces {
    pub(crate) fn of(text: &str) -> Self {
        Self::cut(text.as_bytes(), usize::MAX)
    }

    /// In pieces of so many octets.
    pub(crate) fn cut(octets: &[u8], size: usize) -> Self {
        let whole = Bytes::copy_from_slice(octets);
        let starts = (0..octets.len()).step_by(size);
        let pieces =
            starts.map(|at| Ok(whole.slice(at..at.saturating_add(size).min(octets.len())))).collect();
        Self { pieces, gauge: Arc::default() }
    }

    /// Fails after what there is.
    pub(crate) fn failing(mut self) -> Self {
        self.pieces.push_back(Err(io::Error::other("the disk is gone")));
        self
    }
}

impl Chunks for Pieces {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
        let piece = piece?;
        let length = piece.len() as u64;
        self.gauge.read.fetch_add(length, Ordering::SeqCst);
        let alive = self.gauge.alive.fetch_add(length, Ordering::SeqCst) + length;
        self.gauge.most_alive.fetch_max(alive, Ordering::SeqCst);
        Ok(Some(Bytes::from_owner(Watched(piece, Arc::clone(&self.gauge)))))
    }
}
