//! The exact stored form of a message on its way out, with its size and hash, in flat memory.
//!
//! A small message stays in memory. A larger one goes, piece by piece and sealed, into a private file that
//! has no name any more and whose key lives only in this process: after a crash nobody can read it.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Bytes, BytesMut};
use domain::{Code, Problem, Random};
use mail::{
    mime::compose::{FileEncoder, FilePart, Layout, Segment},
    octets::Chunks,
};
use sha2::{Digest, Sha256};
use storage::{MasterKey, Sealer};

use super::source::Source;

/// Octets of a piece, and the most that is kept in memory.
const PIECE: usize = 64 << 10;

/// Octets that sealing adds to a piece.
const SEAL: usize = 33;

/// Octets of an outgoing message at the most, encoded; less where its server takes less.
pub(crate) const MAX_SIZE: u64 = 25 << 20;

/// What the key of a spool seals.
const PURPOSE: &str = "spool";

/// A message in its stored form.
#[derive(Debug)]
pub(crate) struct Spool {
    kept: Kept,
    size: u64,
    hash: [u8; 32],
    bcc: Range<u64>,
    is_8bit: bool,
    needs_utf8: bool,
}

#[derive(Debug, Clone)]
enum Kept {
    Memory(Bytes),
    File(Arc<Sealed>),
}

/// Pieces in a file, each sealed with its number.
#[derive(Debug)]
struct Sealed {
    file: Mutex<File>,
    sealer: Sealer,
}

impl Spool {
    /// Fills a spool with a message: its files come in from their sources and are encoded on the way.
    /// `parts` are the letter's, inline ones first, as in the layout; no more than `limit` octets are taken.
    pub(crate) async fn fill(
        layout: Layout,
        parts: &[FilePart],
        mut files: Vec<Source>,
        limit: u64,
        random: &Arc<dyn Random>,
    ) -> Result<Self, Problem> {
        let mut writer = Writer::new(random, limit);
        for segment in layout.segments {
            match segment {
                Segment::Octets(octets) => writer.push(&octets).await?,
                Segment::File(index) => {
                    let (Some(part), Some(source)) = (parts.get(index), files.get_mut(index)) else {
                        return Err(Problem::new(Code::Internal, "A file of the message was lost."));
                    };
                    let mut encoder = FileEncoder::new(&part.encoding);
                    while let Some(octets) = source.next().await? {
                        writer.push(&encoder.push(&octets)).await?;
                    }
                    writer.push(&encoder.finish()).await?;
                    // What it held is not needed any more.
                    *source = Source::Octets(Bytes::new());
                }
            }
        }
        writer.finish(layout.bcc, layout.is_8bit, layout.needs_utf8).await
    }

    /// Octets of the stored form.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the stored form.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Where the Bcc field stands; empty if there is none.
    pub(crate) fn bcc(&self) -> Range<u64> {
        self.bcc.clone()
    }

    /// Whether octets beyond ASCII stand in it.
    pub(crate) fn is_8bit(&self) -> bool {
        self.is_8bit
    }

    /// Whether an address in it is not ASCII.
    pub(crate) fn needs_utf8(&self) -> bool {
        self.needs_utf8
    }

    /// Reads it from its beginning; as often as wanted.
    pub(crate) fn read(&self) -> SpoolReader {
        SpoolReader { kept: self.kept.clone(), at: 0, size: self.size }
    }
}

/// Takes a message in and counts it.
pub(super) struct Writer {
    open: BytesMut,
    file: Option<(Arc<Sealed>, u64)>,
    size: u64,
    limit: u64,
    hash: Sha256,
    random: Arc<dyn Random>,
}

impl Writer {
    pub(super) fn new(random: &Arc<dyn Random>, limit: u64) -> Self {
        let (open, hash) = (BytesMut::new(), Sha256::new());
        Self { open, file: None, size: 0, limit, hash, random: Arc::clone(random) }
    }

    pub(super) async fn push(&mut self, mut octets: &[u8]) -> Result<(), Problem> {
        self.size = self.size.saturating_add(octets.len() as u64);
        if self.size > self.limit {
            return Err(too_large(None, self.limit));
        }
        self.hash.update(octets);
        while !octets.is_empty() {
            if self.open.len() == PIECE {
                self.put_away().await?;
            }
            let room = (PIECE - self.open.len()).min(octets.len());
            let (now, later) = octets.split_at(room);
            self.open.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    pub(super) async fn finish(
        mut self,
        bcc: Range<u64>,
        is_8bit: bool,
        needs_utf8: bool,
    ) -> Result<Spool, Problem> {
        if self.file.is_some() {
            self.put_away().await?;
        }
        let kept = match self.file {
            Some((sealed, _)) => Kept::File(sealed),
            None => Kept::Memory(self.open.freeze()),
        };
        let hash = self.hash.finalize().into();
        Ok(Spool { kept, size: self.size, hash, bcc, is_8bit, needs_utf8 })
    }

    /// Seals what is open and appends it to the file.
    async fn put_away(&mut self) -> Result<(), Problem> {
        let piece = self.open.split();
        let (sealed, number) = if let Some(file) = self.file.take() {
            file
        } else {
            let sealer = Sealer::new(MasterKey::generate(&*self.random), Arc::clone(&self.random));
            let file = blocking(tempfile::tempfile).await.map_err(|error| no_room(&error))?;
            (Arc::new(Sealed { file: Mutex::new(file), sealer }), 0)
        };
        let writing = Arc::clone(&sealed);
        let write = move || {
            let octets = writing.sealer.seal(PURPOSE, &[&number.to_string()], &piece);
            writing.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&octets)
        };
        blocking(write).await.map_err(|error| no_room(&error))?;
        self.file = Some((sealed, number + 1));
        Ok(())
    }
}

/// Reads a spool in pieces.
#[derive(Debug)]
pub(crate) struct SpoolReader {
    kept: Kept,
    at: u64,
    size: u64,
}

impl Chunks for SpoolReader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.at >= self.size {
            return Ok(None);
        }
        let octets = match &self.kept {
            Kept::Memory(octets) => octets.clone(),
            Kept::File(sealed) => {
                let (sealed, at) = (Arc::clone(sealed), self.at / PIECE as u64);
                let length = usize::try_from(self.size - self.at).unwrap_or(usize::MAX).min(PIECE);
                blocking(move || sealed.piece(at, length)).await?
            }
        };
        self.at += octets.len() as u64;
        Ok(Some(octets))
    }
}

impl storage::Pieces for SpoolReader {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        Chunks::next(self).await
    }
}

impl Sealed {
    fn piece(&self, number: u64, length: usize) -> io::Result<Bytes> {
        let mut octets = vec![0; length + SEAL];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(number * (PIECE + SEAL) as u64))?;
            file.read_exact(&mut octets)?;
        }
        let opened = self.sealer.open(PURPOSE, &[&number.to_string()], &octets);
        let opened = opened.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        Ok(Bytes::copy_from_slice(&opened))
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

pub(super) fn no_room(error: &io::Error) -> Problem {
    tracing::error!(%error, "an outgoing message cannot be kept");
    Problem::new(Code::Internal, "There is no room to keep the message while it is put together.")
        .hint("The operator looks at the directory for temporary files.")
}

/// What is told of a message that is larger than `limit`, and how large it is if that is known.
pub(crate) fn too_large(size: Option<u64>, limit: u64) -> Problem {
    let size =
        size.map_or_else(|| format!("more than {}", amount(limit)), |size| format!("about {}", amount(size)));
    let told = format!("The message has {size} as it is mailed; at most {} can leave.", amount(limit));
    Problem::new(Code::TooLarge, told)
        .hint("Files grow by a third when they are mailed. Attach fewer or smaller ones, or share a link.")
}

/// Octets as people say them.
pub(super) fn amount(octets: u64) -> String {
    if octets >= 1_000_000 {
        format!("{}.{} MB", octets / 1_000_000, octets % 1_000_000 / 100_000)
    } else {
        format!("{octets} octets")
    }
}

#[cfg(test)]
#[path = "spool/tests.rs"]
mod tests;
