//! Octets that come in pieces and are read once, from the beginning: what a message is sent from, so
//! that nobody holds all of it.

use std::{future::Future, io};

use bytes::Bytes;

/// Octets that come in pieces, of a known total, read once from the beginning.
pub trait Chunks: Send {
    /// The next piece, never an empty one; none at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, io::Error>> + Send;
}

/// Octets that are all there already.
#[derive(Debug, Clone)]
pub struct Whole(Option<Bytes>);

impl Whole {
    /// These octets in one piece.
    pub fn new(octets: Bytes) -> Self {
        Self(Some(octets).filter(|octets| !octets.is_empty()))
    }
}

impl Chunks for Whole {
    async fn next(&mut self) -> Result<Option<Bytes>, io::Error> {
        Ok(self.0.take())
    }
}
