//! What changes something: putting messages into mailboxes, replacing and removing them, setting flags.
//!
//! Nothing goes out before the answer to SELECT was checked, and what is not known to have happened is
//! told apart from what did not. How messages are removed from different servers is in [`removal`].

pub(super) mod removal;

use std::{collections::BTreeSet, io};

use bytes::Bytes;
use domain::{Flag, Timestamp};

use super::{
    command::{
        append::{self, Form},
        list, noop, store,
    },
    literal::{Failure, Reached},
    pool::{Pool, Question},
    request::Reply,
    response::Untagged,
    session::{Selected, Session},
    wire::sequence,
};
use crate::{Error, octets::Chunks};

pub use self::removal::Removed;

/// From this size on the server is asked to take a message before it is sent, so that a refusal does not
/// cost sending it.
const WORTH_ASKING: u64 = 64 << 10;

/// From this size on it is worth asking what the mailbox takes, where the server knows that by mailbox.
const WORTH_A_LIMIT: u64 = 1 << 20;

/// Most messages that one command touches.
const BATCH: usize = 1_000;

/// Most octets of a set of UIDs in one command: servers bound their lines (RFC 7162, 4; some at 16 KiB).
const SET: usize = 14 << 10;

/// A message to be put into a mailbox.
#[derive(Debug, Clone, Copy, Default)]
pub struct Appending<'a> {
    /// The mailbox, as the server writes its name.
    pub mailbox: &'a [u8],
    /// Its flags.
    pub flags: &'a [Flag],
    /// When it counts as received; now if absent.
    pub received: Option<Timestamp>,
    /// How many octets it has.
    pub size: u64,
    /// Whether its header holds UTF-8 as it is (RFC 6532), which some servers want to be told (RFC 6855).
    pub is_utf8: bool,
}

/// Where a message is in its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// UIDVALIDITY.
    pub validity: u32,
    /// UID.
    pub uid: u32,
}

/// Why a message was not put into a mailbox, or is not known to be there.
#[derive(Debug, thiserror::Error)]
pub enum NotAppended {
    /// It is not there, and may be sent again.
    #[error("the message was not stored: {0}")]
    Before(#[source] Error),
    /// The connection was lost when the server could already have all of it: it may be there.
    #[error("the message may have been stored: {0}")]
    During(#[source] Error),
    /// The server does not take it.
    #[error("the message was refused: {0}")]
    Refused(#[source] Error),
    /// Its octets could not be had, or were not as many as said. It is not there.
    #[error("the message could not be read")]
    Source(#[source] io::Error),
}

impl From<Failure> for NotAppended {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Source(error) => Self::Source(error),
            Failure::Server(error @ Error::Refused { .. }, _) => Self::Refused(error),
            Failure::Server(error, Reached::All) => Self::During(error),
            Failure::Server(error, _) => Self::Before(error),
        }
    }
}

/// What became of setting flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// They are set on those of the messages that are still there, except for those that the mailbox
    /// cannot keep.
    Done {
        /// What the mailbox cannot keep.
        left_out: Vec<Flag>,
    },
    /// The mailbox has another UIDVALIDITY: nothing was done.
    Stale,
}

impl Pool {
    /// Puts a message into a mailbox, reading it while it is sent; where it is then, if the server says so.
    /// A waiting connection that turns out dead before the message was read is replaced unseen. If this
    /// is dropped before all was sent, the connection is closed and the message not stored.
    pub async fn append(
        &self,
        what: &Appending<'_>,
        octets: &mut impl Chunks,
    ) -> Result<Option<Placed>, NotAppended> {
        let mut lease = self.lease(Some(what.mailbox)).await.map_err(NotAppended::Before)?;
        loop {
            let is_believed = lease.last_used().elapsed() < self.tuning().believed;
            match append_on(&mut lease, what, octets, is_believed).await {
                Ok(reply) => return Ok(append::read(&reply)),
                Err(Failure::Server(error, Reached::Nothing)) if lease.may_be_renewed(&error) => {
                    lease.renew().await.map_err(NotAppended::Before)?;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Puts a message into the place of an older one of the same mailbox: at once where the server can
    /// (RFC 8508), else the new one is stored first and the old one removed then. An old one that could
    /// not be removed is no error: the newer counts.
    pub async fn replace(
        &self,
        what: &Appending<'_>,
        old: &Placed,
        octets: &mut impl Chunks,
    ) -> Result<Option<Placed>, NotAppended> {
        let mut lease = self.lease(Some(what.mailbox)).await.map_err(NotAppended::Before)?;
        let mut is_there = true;
        while lease.capabilities().has("REPLACE") {
            match replace_on(&mut lease, what, *old, octets).await {
                Ok(Some(reply)) => return Ok(append::read(&reply)),
                Ok(None) => {
                    is_there = false;
                    break;
                }
                // There is nothing to replace, or not in this way.
                Err(Failure::Server(Error::Refused { .. }, Reached::Nothing)) => break,
                Err(Failure::Server(error, Reached::Nothing)) if lease.may_be_renewed(&error) => {
                    lease.renew().await.map_err(NotAppended::Before)?;
                }
                Err(failure) => return Err(failure.into()),
            }
        }
        drop(lease);
        let placed = self.append(what, octets).await?;
        if !is_there {
            return Ok(placed);
        }
        if let Err(error) = self.remove(what.mailbox, old.validity, &[old.uid]).await {
            tracing::warn!(reason = %error, "the older one of a replaced message could not be removed");
        }
        Ok(placed)
    }

    /// Removes messages for good; only these, whatever others have marked. Once begun it is carried
    /// through, also if the caller goes away.
    pub async fn remove(&self, mailbox: &[u8], validity: u32, uids: &[u32]) -> Result<Removed, Error> {
        let work = removal::remove(self.clone(), Bytes::copy_from_slice(mailbox), validity, uids.to_vec());
        tokio::spawn(work).await.unwrap_or(Err(Error::Closed))
    }

    /// Sets flags of messages and takes others away, without having them told.
    pub async fn store_flags(
        &self,
        mailbox: &[u8],
        validity: u32,
        uids: &[u32],
        add: &[Flag],
        remove: &[Flag],
    ) -> Result<Stored, Error> {
        self.ask(Some(mailbox), &StoreFlags { mailbox, validity, uids, add, remove }).await
    }
}

async fn append_on(
    session: &mut Session,
    what: &Appending<'_>,
    octets: &mut impl Chunks,
    is_believed: bool,
) -> Result<Reply, Failure> {
    let before = |error| Failure::Server(error, Reached::Nothing);
    check_limit(session, what).await.map_err(before)?;
    let open = session.selected().filter(|open| open.is_read_only && open.name == what.mailbox);
    if let Some(validity) =
        open.map(|open| open.validity).filter(|_| session.quirks().refuses_append_while_examined)
    {
        session.select_for_change(what.mailbox, validity).await.map_err(before)?;
    }
    let known = session.exists();
    let is_waiting = !is_believed || what.size > WORTH_ASKING;
    let outcome = if wants_utf8(session, what) {
        let form = Form { is_waiting: true, is_utf8: true };
        match session.run_streamed(append::append(what, form), what.size, octets).await {
            // Courier has UTF8=ACCEPT but not its form of APPEND.
            Err(Failure::Server(Error::Refused { code: None, .. }, Reached::Nothing)) => {
                let form = Form { is_waiting: true, is_utf8: false };
                session.run_streamed(append::append(what, form), what.size, octets).await
            }
            outcome => outcome,
        }
    } else {
        let form = Form { is_waiting, is_utf8: false };
        session.run_streamed(append::append(what, form), what.size, octets).await
    };
    let is_open = session.selected().is_some_and(|open| open.name == what.mailbox);
    if is_open && session.exists() == known {
        // Courier does not tell of it: opened anew, the mailbox has it.
        session.forget_selected();
    }
    outcome
}

/// Nothing if the mailbox is another one than that of the old message.
async fn replace_on(
    session: &mut Session,
    what: &Appending<'_>,
    old: Placed,
    octets: &mut impl Chunks,
) -> Result<Option<Reply>, Failure> {
    let before = |error| Failure::Server(error, Reached::Nothing);
    check_limit(session, what).await.map_err(before)?;
    if session.select_for_change(what.mailbox, old.validity).await.map_err(before)?.is_none() {
        return Ok(None);
    }
    // The server is asked first: if it refuses, the message has not been read yet.
    let form = Form { is_waiting: true, is_utf8: wants_utf8(session, what) };
    session.run_streamed(append::replace(old.uid, what, form), what.size, octets).await.map(Some)
}

fn wants_utf8(session: &Session, what: &Appending<'_>) -> bool {
    what.is_utf8 && session.is_utf8() && session.capabilities().has("UTF8=ACCEPT")
}

/// What is larger than the server says it takes is not sent (RFC 7889).
async fn check_limit(session: &mut Session, what: &Appending<'_>) -> Result<(), Error> {
    let mut limit = session.capabilities().append_limit();
    if limit.is_none() && what.size > WORTH_A_LIMIT && session.capabilities().has("APPENDLIMIT") {
        limit = match session.run_one(list::append_limit(what.mailbox)).await {
            Ok(reply) => reply.data.iter().find_map(|data| match data {
                Untagged::MailboxStatus(status) => status.append_limit,
                _ => None,
            }),
            Err(error) if error.ends_connection() => return Err(error),
            // APPEND itself tells what is wrong.
            Err(_) => None,
        };
    }
    if limit.is_some_and(|limit| what.size > limit) {
        let code = Some("TOOBIG".to_owned());
        return Err(Error::Refused { command: "APPEND", code, text: String::new() });
    }
    Ok(())
}

/// The UIDs in as many commands as the server wants.
fn batches(session: &Session, uids: &[u32]) -> Vec<Vec<super::response::Range>> {
    split(session, uids).into_iter().map(sequence::compress).collect()
}

/// The UIDs, sorted and without doubles, in groups for one command each: no more than the server takes,
/// and none of which a set would be longer than a line may be.
pub(super) fn split(session: &Session, uids: &[u32]) -> Vec<Vec<u32>> {
    let most = session.quirks().message_limit.map_or(BATCH, |limit| BATCH.min(limit as usize)).max(1);
    let uids: BTreeSet<u32> = uids.iter().copied().filter(|uid| *uid != 0).collect();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut octets = 0;
    for uid in uids {
        let last = groups.last().and_then(|group| group.last()).copied();
        let is_next = last.is_some_and(|last| last.checked_add(1) == Some(uid));
        // `,4294967295:4294967295` at the most, most of it for what begins a range.
        let cost = if is_next { 0 } else { 22.min(2 * uid.to_string().len() + 2) };
        if let Some(group) = groups.last_mut().filter(|group| group.len() < most && octets + cost <= SET) {
            group.push(uid);
            octets += cost;
        } else {
            groups.push(vec![uid]);
            octets = 22;
        }
    }
    groups
}

#[derive(Debug)]
struct StoreFlags<'a> {
    mailbox: &'a [u8],
    validity: u32,
    uids: &'a [u32],
    add: &'a [Flag],
    remove: &'a [Flag],
}

impl Question for StoreFlags<'_> {
    type Answer = Stored;

    async fn ask(&self, session: &mut Session) -> Result<Stored, Error> {
        let Some(selected) = open(session, self.mailbox, self.validity, self.uids).await? else {
            return Ok(Stored::Stale);
        };
        let (add, left_out): (Vec<_>, Vec<_>) =
            self.add.iter().cloned().partition(|flag| selected.keeps(flag));
        let mut requests = Vec::new();
        for uids in batches(session, self.uids) {
            requests.extend((!add.is_empty()).then(|| store::add(&uids, &add)));
            requests.extend((!self.remove.is_empty()).then(|| store::remove(&uids, self.remove)));
        }
        run_all(session, requests).await?;
        Ok(Stored::Done { left_out })
    }
}

/// Opens the mailbox for changes of these messages. One that is open already may not know the newest of
/// them yet, and would pass over them in silence.
pub(super) async fn open(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    uids: &[u32],
) -> Result<Option<Selected>, Error> {
    let was_open = session.selected().is_some_and(|open| open.name == mailbox && !open.is_read_only);
    let selected = session.select_for_change(mailbox, validity).await?;
    if selected.is_some() && was_open {
        hear_of(session, uids).await?;
    }
    Ok(selected)
}

/// Lets the server tell of the messages if they may have come after the mailbox was opened.
pub(super) async fn hear_of(session: &mut Session, uids: &[u32]) -> Result<(), Error> {
    if uids.iter().any(|uid| !session.knows(*uid)) {
        session.run_one(noop()).await?;
    }
    Ok(())
}

/// Runs commands that change the open mailbox, all in one flight; the first refusal counts.
pub(super) async fn run_all(
    session: &mut Session,
    requests: Vec<super::request::Request>,
) -> Result<(), Error> {
    let replies = session.run(requests).await;
    if replies.iter().any(|reply| matches!(reply, Err(Error::Refused { .. }))) {
        // Perhaps the server closed the mailbox.
        session.forget_selected();
    }
    replies.into_iter().try_for_each(|reply| reply.map(|_| ()))
}
