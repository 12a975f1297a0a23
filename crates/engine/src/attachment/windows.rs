//! A part of a message in windows, decoded on the way: each is a question of its own, so that a slow
//! reader holds no connection. Why not one literal: docs/decisions/0009.

use bytes::Bytes;
use domain::{Code, Part, Problem};
use futures_util::{Stream, stream};
use mail::{
    imap::{
        Question,
        part::{DecodedWindow, Found, Place, Window},
    },
    mime::transfer::Decoder,
};
use tokio::sync::mpsc;

use crate::{Account, read};

/// Octets of a window of a file that is streamed: large enough that a round trip of 50 ms still leaves
/// 5 MB/s, small enough that two of them are nothing.
pub(crate) const STREAMED: u64 = 256 * 1024;

/// Octets of a window of a file that is read whole.
pub(super) const READ: u64 = 1 << 20;

/// Octets of one part that are ever fetched.
const MAX_ENCODED: u64 = 1 << 30;

/// Reads one part from its beginning to its end.
pub(crate) struct Windows {
    account: Account,
    place: Place,
    decoder: Decoder,
    /// Octets of the part as it stands in the message, as the server told them.
    encoded: u64,
    /// Octets of a window.
    octets: u64,
    /// Where the next window begins.
    at: u64,
    /// Decoded octets that nobody wants.
    skip: u64,
    /// Whether the server is asked to decode, which saves a quarter of the octets.
    asks_decoded: bool,
    is_ended: bool,
}

impl Windows {
    /// Begins at octet `from` of the decoded part.
    pub(crate) fn new(account: Account, place: Place, part: &Part, octets: u64, from: u64) -> Self {
        let decoder = Decoder::new(&part.encoding);
        // Where lines break nobody knows, so what is encoded is read from its beginning.
        let (at, skip) = if decoder.is_identity() { (from, 0) } else { (0, from) };
        let encoded = part.size;
        Self { account, place, decoder, encoded, octets, at, skip, asks_decoded: false, is_ended: false }
    }

    /// The same, decoded by the server where it can. For what is copied, not for what goes on at an octet
    /// that another call counted: programs differ in what they make of a broken part.
    pub(crate) fn decoded_there(mut self) -> Self {
        // Only what is encoded so has the same octets whoever decodes it.
        self.asks_decoded = !self.decoder.is_identity() && self.decoder.is_unambiguous() && self.skip == 0;
        self
    }

    /// The next decoded octets, never none; nothing at the end of the part.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        while self.asks_decoded && !self.is_ended {
            let question = DecodedWindow { place: &self.place, from: self.at, octets: self.octets };
            match self.ask(&question).await? {
                Some(Found::Here(octets)) if self.at > 0 || !octets.is_empty() => {
                    self.at = self.at.saturating_add(octets.len() as u64);
                    self.is_ended = (octets.len() as u64) < self.octets;
                    return Ok(Some(octets).filter(|octets| !octets.is_empty()));
                }
                Some(Found::Gone) => return Err(read::gone()),
                Some(Found::Stale) => return Err(read::stale()),
                // It cannot; what came already is not wanted again.
                Some(Found::Here(_)) | None => {
                    self.skip = std::mem::take(&mut self.at);
                    self.asks_decoded = false;
                }
            }
        }
        while !self.is_ended {
            if self.at >= MAX_ENCODED {
                return Err(Problem::new(Code::TooLarge, "The file is larger than what is fetched of one."));
            }
            let window = self.fetch().await?;
            let length = window.len() as u64;
            self.at = self.at.saturating_add(length);
            // Servers may estimate the size of a part, so only what comes tells where it ends.
            self.is_ended = length == 0 || (length < self.octets && self.at >= self.encoded);
            let mut decoded = self.decoder.push(&window);
            drop(window);
            if self.is_ended {
                decoded.append(&mut self.decoder.finish());
            }
            let mut decoded = Bytes::from(decoded);
            let skipped = decoded.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            self.skip -= skipped as u64;
            bytes::Buf::advance(&mut decoded, skipped);
            if !decoded.is_empty() {
                return Ok(Some(decoded));
            }
        }
        Ok(None)
    }

    /// One window.
    async fn fetch(&self) -> Result<Bytes, Problem> {
        let question = Window { place: &self.place, from: self.at, octets: self.octets };
        match self.ask(&question).await? {
            Found::Here(window) => Ok(window),
            Found::Gone => Err(read::gone()),
            Found::Stale => Err(read::stale()),
        }
    }

    /// Asked once more where the connection was lost, since asking changes nothing.
    async fn ask<Q: Question>(&self, question: &Q) -> Result<Q::Answer, Problem> {
        let ask = || self.account.opened.ask(Some(&self.place.mailbox), question);
        let mut answer = ask().await;
        if answer.as_ref().is_err_and(mail::Error::is_connection_lost) {
            answer = ask().await;
        }
        answer.map_err(|error| self.account.problem(&error))
    }

    /// The octets as a stream, one window ahead of its reader. A task fetches, so that a window arrives
    /// and gives its connection back even while nobody reads; it ends with the stream.
    pub(super) fn into_stream(mut self) -> impl Stream<Item = Result<Bytes, Problem>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(1);
        let fetching = async move {
            // A place is taken before the window is fetched: never more than one waits.
            while let Ok(place) = sender.reserve().await {
                let next = tokio::select! {
                    next = self.next() => next,
                    () = sender.closed() => return,
                };
                let is_last = !matches!(next, Ok(Some(_)));
                place.send(next);
                if is_last {
                    return;
                }
            }
        };
        tokio::spawn(fetching);
        stream::unfold(Some(receiver), |receiver| async {
            let mut receiver: mpsc::Receiver<Result<Option<Bytes>, Problem>> = receiver?;
            match receiver.recv().await {
                Some(Ok(None)) => None,
                Some(Ok(Some(octets))) => Some((Ok(octets), Some(receiver))),
                Some(Err(problem)) => Some((Err(problem), None)),
                // Without the mark of its end a file must not look whole.
                None => Some((Err(Problem::new(Code::Internal, "Fetching the file ended early.")), None)),
            }
        })
    }
}
