//! A frozen message on its way to the server: the stored form without the Bcc field, believed only if it
//! is, with its envelope, exactly what was frozen.

use std::{
    io,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use domain::{Code, Problem};
use mail::octets::Chunks;
use sha2::{Digest as _, Sha256};
use storage::{Frozen, PieceReader};

use crate::fields::Fields;

/// The hash that holds envelope and stored form together.
pub(super) fn hash(from: &str, recipients: &[String], bcc: &Range<u64>, stored: [u8; 32]) -> [u8; 32] {
    let mut fields = Fields::default();
    fields.add("postroom frozen 1");
    fields.add(from);
    fields.add((recipients.len() as u64).to_be_bytes());
    for recipient in recipients {
        fields.add(recipient);
    }
    fields.add(bcc.start.to_be_bytes());
    fields.add(bcc.end.to_be_bytes());
    fields.add(stored);
    fields.hash()
}

/// The hash that a frozen message has to have: over its envelope, where its Bcc field stands, and its
/// stored form.
pub fn frozen_hash(from: &str, recipients: &[String], bcc: &Range<u64>, stored: &[u8]) -> [u8; 32] {
    hash(from, recipients, bcc, Sha256::digest(stored).into())
}

/// The stored form of a frozen message for the person who is asked, all of it in memory; nothing if it is
/// kept no longer. An error if it is not, with its envelope, exactly what was frozen.
pub async fn stored_form(source: PieceReader, frozen: &Frozen) -> Result<Option<Vec<u8>>, Problem> {
    whole(source, frozen).await
}

async fn whole(source: impl Source, frozen: &Frozen) -> Result<Option<Vec<u8>>, Problem> {
    let mut checked = Checked::stored(source, frozen);
    let mut stored = Vec::new();
    let changed = || {
        Problem::new(Code::Conflict, "This message is not what was frozen when it was asked for.")
            .hint("Deny it: it was changed where it is stored, or the database is damaged. It cannot leave.")
    };
    loop {
        match checked.next().await {
            Ok(Some(piece)) => stored.extend_from_slice(&piece),
            Ok(None) => return Ok(Some(stored)),
            Err(_) if checked.read == 0 => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(changed()),
            Err(error) => {
                tracing::error!(%error, "a frozen message cannot be read");
                return Err(Problem::new(Code::Internal, "The message cannot be read from the database."));
            }
        }
        if stored.len() as u64 > frozen.size {
            return Err(changed());
        }
    }
}

/// Octets of the wire form.
pub(super) fn wire_size(frozen: &Frozen) -> u64 {
    frozen.size.saturating_sub(frozen.bcc.end.saturating_sub(frozen.bcc.start))
}

/// What pieces of a frozen message are read from.
pub(super) trait Source: Send {
    fn piece(&mut self) -> impl Future<Output = io::Result<Option<Bytes>>> + Send;
}

impl Source for PieceReader {
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        self.next().await.map_err(io::Error::other)
    }
}

/// Reads a frozen message; the end is given only if all of it is as it was.
pub(super) struct Checked<S> {
    source: S,
    /// Left out of what is given.
    hidden: Range<u64>,
    /// Octets of the stored form that were read.
    read: u64,
    hash: Sha256,
    frozen: Frozen,
    is_whole: Arc<AtomicBool>,
    /// The last octets, held back until all of it is known to be right.
    held: Option<Bytes>,
}

impl<S: Source> Checked<S> {
    /// The wire form: without the Bcc field.
    pub(super) fn wire(source: S, frozen: &Frozen) -> Self {
        Self::new(source, frozen, frozen.bcc.clone())
    }

    /// The stored form.
    pub(super) fn stored(source: S, frozen: &Frozen) -> Self {
        Self::new(source, frozen, 0..0)
    }

    fn new(source: S, frozen: &Frozen, hidden: Range<u64>) -> Self {
        Self {
            source,
            hidden,
            read: 0,
            hash: Sha256::new(),
            frozen: frozen.clone(),
            is_whole: Arc::default(),
            held: None,
        }
    }

    /// Becomes true once all was read and found right.
    pub(super) fn is_whole(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_whole)
    }

    /// The next octets that are to be given; the hash is over those that are not, too.
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(piece) = self.source.piece().await? {
            self.hash.update(&piece);
            let start = self.read;
            self.read = start.saturating_add(piece.len() as u64);
            let shown = without(&piece, start, &self.hidden);
            if !shown.is_empty() {
                return Ok(Some(shown));
            }
        }
        Ok(None)
    }

    fn check(&self) -> io::Result<()> {
        let Frozen { from, recipients, bcc, size, hash: wanted, .. } = &self.frozen;
        let found = hash(from, recipients, bcc, self.hash.clone().finalize().into());
        if self.read == *size && found == *wanted {
            self.is_whole.store(true, Ordering::Release);
            return Ok(());
        }
        tracing::error!("a frozen message is not what it was: it does not leave");
        Err(io::Error::new(io::ErrorKind::InvalidData, "not what was frozen"))
    }
}

impl<S: Source> Chunks for Checked<S> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut held = self.held.take();
        loop {
            let Some(piece) = self.read().await? else {
                if !self.is_whole.load(Ordering::Acquire) {
                    self.check()?;
                }
                return Ok(held);
            };
            if let Some(earlier) = held.replace(piece) {
                self.held = held;
                return Ok(Some(earlier));
            }
        }
    }
}

/// `piece`, which begins at `start`, without what lies in `hidden`.
fn without(piece: &Bytes, start: u64, hidden: &Range<u64>) -> Bytes {
    let length = piece.len() as u64;
    let inside = |at: u64| usize::try_from(at.saturating_sub(start).min(length)).unwrap_or(piece.len());
    let (from, to) = (inside(hidden.start), inside(hidden.end.max(hidden.start)));
    match (from == to, from == 0, to == piece.len()) {
        (true, ..) => piece.clone(),
        (_, true, _) => piece.slice(to..),
        (_, _, true) => piece.slice(..from),
        _ => [piece.slice(..from), piece.slice(to..)].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pieces(Vec<Bytes>);

    impl Source for Pieces {
        async fn piece(&mut self) -> io::Result<Option<Bytes>> {
            Ok((!self.0.is_empty()).then(|| self.0.remove(0)))
        }
    }

    const MESSAGE: &[u8] = b"To: a\r\nBcc: b\r\nX: y\r\n\r\nbody\r\n";

    fn frozen() -> Frozen {
        let recipients = vec!["a@example.org".to_owned(), "b@example.org".to_owned()];
        let bcc = 7..15;
        Frozen {
            hash: hash("me@example.org", &recipients, &bcc, Sha256::digest(MESSAGE).into()),
            from: "me@example.org".into(),
            recipients,
            size: MESSAGE.len() as u64,
            bcc,
            ..Frozen::default()
        }
    }

    fn cut(size: usize) -> Pieces {
        Pieces(MESSAGE.chunks(size).map(Bytes::copy_from_slice).collect())
    }

    async fn all(mut chunks: impl Chunks) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        while let Some(piece) = chunks.next().await? {
            assert!(!piece.is_empty());
            out.extend_from_slice(&piece);
        }
        Ok(out)
    }

    #[tokio::test]
    async fn the_wire_form_is_the_stored_form_without_bcc_however_it_is_cut() {
        for size in 1..=MESSAGE.len() {
            let wire = Checked::wire(cut(size), &frozen());
            let is_whole = wire.is_whole();
            let wire = all(wire).await.unwrap();
            assert_eq!(wire, b"To: a\r\nX: y\r\n\r\nbody\r\n", "{size}");
            assert_eq!(wire.len() as u64, wire_size(&frozen()));
            assert!(is_whole.load(Ordering::Acquire));
            assert_eq!(all(Checked::stored(cut(size), &frozen())).await.unwrap(), MESSAGE);
        }
    }

    #[tokio::test]
    async fn what_was_changed_is_never_given_to_its_end() {
        let mut other = MESSAGE.to_vec();
        other[27] ^= 1;
        let mut frozen = frozen();
        let changed = || Pieces(other.chunks(4).map(Bytes::copy_from_slice).collect());
        let wire = Checked::wire(changed(), &frozen);
        let is_whole = wire.is_whole();
        assert!(all(wire).await.is_err());
        assert!(!is_whole.load(Ordering::Acquire));
        // One piece that is all: not even that.
        assert!(Checked::wire(Pieces(vec![other.clone().into()]), &frozen).next().await.is_err());
        frozen.recipients.push("eve@example.org".into());
        assert!(all(Checked::wire(cut(4), &frozen)).await.is_err(), "another envelope");
    }

    #[tokio::test]
    async fn a_person_is_shown_what_was_frozen_or_told_that_it_is_not() {
        assert_eq!(whole(cut(4), &frozen()).await.unwrap().unwrap(), MESSAGE);
        assert_eq!(whole(Pieces(Vec::new()), &frozen()).await.unwrap(), None, "kept no longer");
        let longer = Pieces(vec![MESSAGE.into(), MESSAGE.into(), MESSAGE.into()]);
        assert_eq!(whole(longer, &frozen()).await.unwrap_err().code, Code::Conflict);
        let mut other = frozen();
        other.recipients.pop();
        assert_eq!(whole(cut(4), &other).await.unwrap_err().code, Code::Conflict);
    }
}
