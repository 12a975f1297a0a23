//! Octets that come in pieces: what is sent to a server without ever being held as a whole.
//!
//! Who makes them (a spool, a sealed outbox, a draft on a server) and who reads them (submission, APPEND)
//! know each other only by this.

use std::{future::Future, io};

use bytes::Bytes;

/// Octets in pieces, read once from the beginning. Their total is known beforehand and told beside them.
pub trait Chunks: Send {
    /// The next piece, never an empty one; none at the end, and then always none.
    ///
    /// # Errors
    /// What the source could not read. Nothing more is asked of it then.
    fn next(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

/// Octets that are all there already.
#[derive(Debug, Clone, Default)]
pub struct Whole(Option<Bytes>);

impl Whole {
    /// One piece of all `bytes`.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(Some(bytes.into()).filter(|bytes| !bytes.is_empty()))
    }
}

impl Chunks for Whole {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        Ok(self.0.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whole_octets_are_one_piece_and_nothing_is_none() {
        let mut whole = Whole::new("abc");
        assert_eq!(whole.next().await.unwrap().as_deref(), Some(b"abc".as_slice()));
        assert!(whole.next().await.unwrap().is_none());
        assert!(Whole::new(Vec::new()).next().await.unwrap().is_none());
    }
}
