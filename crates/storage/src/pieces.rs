//! Octets of any length in the database: cut into pieces, each sealed for its place, read one by one.

use std::{future::Future, io};

use bytes::Bytes;

use crate::{Database, Error, Result, home::HomeKey};

/// Octets of a piece before it is sealed; the last one may be shorter.
pub(crate) const PIECE: usize = 64 * 1024;

/// Octets that come one after the other, read once from the beginning.
pub trait Pieces: Send {
    /// The next ones; nothing at the end.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// A source whose pieces are cut to [`PIECE`], whatever their length was.
pub(crate) struct Recut<P> {
    source: P,
    /// What the source gave and no piece has taken yet.
    rest: Bytes,
    piece: Vec<u8>,
}

impl<P: Pieces> Recut<P> {
    pub(crate) fn new(source: P) -> Self {
        Self { source, rest: Bytes::new(), piece: Vec::new() }
    }

    /// The next piece; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<&[u8]>> {
        self.piece.clear();
        while self.piece.len() < PIECE {
            if self.rest.is_empty() {
                let Some(rest) = self.source.next().await.map_err(Error::Source)? else { break };
                self.rest = rest;
            }
            let taken = self.rest.len().min(PIECE - self.piece.len());
            self.piece.extend_from_slice(&self.rest.split_to(taken));
        }
        Ok((!self.piece.is_empty()).then_some(self.piece.as_slice()))
    }
}

/// Reads what was stored in pieces, from the beginning.
pub struct PieceReader {
    pub(crate) database: Database,
    /// Asks for the `content` of the piece `$2` of the thing `$1`.
    pub(crate) sql: &'static str,
    pub(crate) key: HomeKey,
    /// The thing's id first.
    pub(crate) context: Vec<String>,
    pub(crate) seq: u64,
    pub(crate) count: u64,
}

impl std::fmt::Debug for PieceReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PieceReader")
            .field("seq", &self.seq)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl PieceReader {
    /// The next octets; nothing at the end. `Gone` if they were dropped meanwhile, `Seal` if a piece was
    /// altered or stands in another's place.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.seq >= self.count {
            return Ok(None);
        }
        let id = self.context.first().ok_or(Error::Gone)?.as_str();
        let row = self.database.fetch_optional(self.sql, &[id.into(), self.seq.into()]).await?;
        let row = row.ok_or(Error::Gone)?;
        let opened = open_piece(&self.key, &self.context, self.seq, row.bytes("content")?)?;
        self.seq += 1;
        Ok(Some(opened))
    }
}

pub(crate) fn seal_piece(key: &HomeKey, context: &[String], seq: u64, piece: &[u8]) -> Vec<u8> {
    let seq = seq.to_string();
    key.seal(&place(context, &seq), piece)
}

fn open_piece(key: &HomeKey, context: &[String], seq: u64, sealed: &[u8]) -> Result<Bytes> {
    let seq = seq.to_string();
    Ok(Bytes::copy_from_slice(&key.open(&place(context, &seq), sealed)?))
}

fn place<'a>(context: &'a [String], seq: &'a str) -> Vec<&'a str> {
    context.iter().map(String::as_str).chain(["piece", seq]).collect()
}
