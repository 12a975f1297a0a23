//! Changing messages that are there: flags, labels, and where they are; one outcome for each message.
//!
//! Nothing goes out before the answer to SELECT was checked. What was there before the change is fetched in
//! the same flight, so that it can be reversed. Removing for good is in [`super::write`].

mod flags;
mod look;
mod revert;
mod settle;
mod transfer;
mod was;

use bytes::Bytes;
use domain::{Flag, Timestamp};

use super::{pool::Pool, write::Placed};
use crate::Error;

/// Messages of one mailbox, as somebody named them.
#[derive(Debug, Clone, Copy)]
pub struct Messages<'a> {
    /// The mailbox, as the server writes its name.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UIDs belong to.
    pub validity: u32,
    /// The UIDs.
    pub uids: &'a [u32],
}

/// A change, or nothing done because the mailbox has another UIDVALIDITY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed<T> {
    /// What became of it.
    Done(T),
    /// Nothing was done.
    Stale,
}

/// A message as it was before the change. One that was not there has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Was {
    /// Its UID in the mailbox.
    pub uid: u32,
    /// Its Message-ID in angle brackets.
    pub message_id: Option<String>,
    /// When it was received.
    pub received: Option<Timestamp>,
    /// How large it is.
    pub size: Option<u64>,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// Gmail's labels.
    pub labels: Vec<String>,
}

/// Which flags, and on Gmail which labels, are set and taken away.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlagChange<'a> {
    /// Flags to set.
    pub add: &'a [Flag],
    /// Flags to take away.
    pub remove: &'a [Flag],
    /// Labels to set (X-GM-LABELS); only on Gmail.
    pub add_labels: &'a [String],
    /// Labels to take away.
    pub remove_labels: &'a [String],
}

/// What became of a change of flags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlagsChanged {
    /// The messages that were there, and the MODSEQ of each after the change, where the server keeps one.
    pub messages: Vec<(Was, Option<u64>)>,
    /// What the mailbox cannot keep, and was not set.
    pub left_out: Vec<Flag>,
}

/// The reversal of a change of flags, for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revert {
    /// The message.
    pub uid: u32,
    /// Flags that were taken away and are set again.
    pub add: Vec<Flag>,
    /// Flags that were set and are taken away.
    pub remove: Vec<Flag>,
    /// Likewise, labels.
    pub add_labels: Vec<String>,
    /// Likewise.
    pub remove_labels: Vec<String>,
    /// Its MODSEQ after the change.
    pub modseq: Option<u64>,
}

/// What became of one reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reverted {
    /// It is as it was.
    Done,
    /// Somebody changed it since: nothing was done.
    ChangedSince,
    /// The message is not there any more.
    Gone,
}

/// Whether messages are moved or copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// They are at the other place only.
    Move,
    /// They are at both.
    Copy,
}

/// What became of messages that were to be moved or copied.
#[derive(Debug, Default)]
pub struct Transferred {
    /// Those that were there.
    pub messages: Vec<OneTransferred>,
    /// Why not all came to a good end: the first trouble.
    pub trouble: Option<Error>,
}

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTransferred {
    /// As it was.
    pub was: Was,
    /// Where it is now, if that is known.
    pub to: Option<Placed>,
    /// How far it came.
    pub end: End,
}

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was moved, or copied, as wanted.
    Done,
    /// It is where it was; nothing happened.
    Here,
    /// It was to be moved, and is at both places, as far as that can be told.
    Both,
    /// It is no longer where it was, and not known to be at the other place; or it was to be copied, and that
    /// is not known.
    Unknown,
}

impl Pool {
    /// Sets and takes away flags and labels: one flight in the mailbox that is open, else two. Those of the
    /// UIDs that the answer does not name were not there. Of what a message was it tells what can be had
    /// without reading it: not its Message-ID and size. A change of nothing tells these too.
    pub async fn change_flags(
        &self,
        messages: &Messages<'_>,
        change: &FlagChange<'_>,
    ) -> Result<Changed<FlagsChanged>, Error> {
        flags::change(self, messages, change).await
    }

    /// Reverses changes of flags, each only if nobody changed the message since.
    pub async fn revert_flags(
        &self,
        mailbox: &[u8],
        validity: u32,
        reverts: &[Revert],
    ) -> Result<Changed<Vec<(u32, Reverted)>>, Error> {
        revert::revert(self, mailbox, validity, reverts).await
    }

    /// Moves or copies messages: one flight in the mailbox that is open, else two (three or four without
    /// MOVE). Once begun it is carried through, also if the caller goes away, and after a lost connection
    /// it is found out on another one how far each message came. An error means that nothing happened.
    pub async fn transfer(
        &self,
        messages: &Messages<'_>,
        to: &[u8],
        how: How,
    ) -> Result<Changed<Transferred>, Error> {
        let mailbox = Bytes::copy_from_slice(messages.mailbox);
        let work = transfer::transfer(
            self.clone(),
            mailbox,
            messages.validity,
            messages.uids.to_vec(),
            Bytes::copy_from_slice(to),
            how,
        );
        tokio::spawn(work).await.unwrap_or(Err(Error::Closed))
    }

    /// Finishes a move of which nobody knows how far it came (the process died): what is at both places is
    /// taken away here, if it is the same message there (Message-ID, size and time received); the answer
    /// says of each where it is.
    pub async fn finish_transfer(
        &self,
        messages: &Messages<'_>,
        to: &[u8],
        known: &[Was],
    ) -> Result<Changed<Transferred>, Error> {
        settle::finish(self, messages, to, known).await
    }
}
