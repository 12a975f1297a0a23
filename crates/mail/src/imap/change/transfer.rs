//! Moving and copying, group by group: MOVE where the server has it, else COPY, and only of what is
//! certainly copied the removal here. What is not certain afterwards is settled in [`super::settle`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::{
    Changed, End, How, OneTransferred, Transferred, Was,
    settle::{self, Unsettled},
    was::{self, Told},
};
use crate::{
    Error,
    imap::{
        command::{expunge, noop, store, transfer},
        pool::{Lease, Pool},
        session::Session,
        wire::sequence,
        write::{self, Placed, removal::Removal},
    },
};
use domain::Flag;

/// From where to where.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The mailbox that the messages are in, as the server writes its name.
    pub mailbox: Bytes,
    /// Its UIDVALIDITY.
    pub validity: u32,
    /// The mailbox that they are to be in.
    pub to: Bytes,
}

impl Route {
    /// None that leads back to where it begins.
    pub(super) fn new(mailbox: Bytes, validity: u32, to: Bytes) -> Result<Self, Error> {
        let is_inbox = |name: &[u8]| name.eq_ignore_ascii_case(b"INBOX");
        if mailbox == to || (is_inbox(&mailbox) && is_inbox(&to)) {
            return Err(Error::NotSupported("moving or copying messages to the folder that they are in"));
        }
        Ok(Self { mailbox, validity, to })
    }
}

/// By which commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// COPY.
    Copy,
    /// MOVE (RFC 6851).
    Move,
    /// COPY, STORE, UID EXPUNGE (RFC 4315).
    CopyAndUidExpunge,
    /// COPY, STORE, EXPUNGE, with the marks of others taken away meanwhile.
    CopyAndExpunge,
}

impl By {
    /// Whether a message can be at both places in between.
    pub(super) fn has_steps(self) -> bool {
        matches!(self, Self::CopyAndUidExpunge | Self::CopyAndExpunge)
    }
}

pub(super) async fn transfer(
    pool: Pool,
    mailbox: Bytes,
    validity: u32,
    uids: Vec<u32>,
    to: Bytes,
    how: How,
) -> Result<Changed<Transferred>, Error> {
    let route = Route::new(mailbox, validity, to)?;
    let mut lease = pool.lease(Some(&route.mailbox)).await?;
    let (by, is_believed) = loop {
        match open(&mut lease, &route, &uids, how).await {
            Ok(Some(opened)) => break opened,
            Ok(None) => return Ok(Changed::Stale),
            Err(error) if lease.may_be_renewed(&error) => lease.renew().await?,
            Err(error) => return Err(error),
        }
    };
    let mut groups = VecDeque::from(write::split(&lease, &uids));
    let mut done = Transferred::default();
    while let Some(group) = groups.pop_front() {
        let mut attempt = attempt(&mut lease, &route, &group, by).await;
        if attempt.trouble.as_ref().is_some_and(is_of_vanished) && lease.run_one(noop()).await.is_ok() {
            let was = attempt.was;
            attempt = self::attempt(&mut lease, &route, &group, by).await;
            // What vanished meanwhile may have been moved, not in one go with the others.
            attempt.was = was.into_iter().chain(attempt.was).collect();
        }
        if attempt.is_settled() {
            done.messages.extend(attempt.into_done());
            continue;
        }
        let lost = attempt.trouble.as_ref().filter(|error| !settle::is_refusal(error));
        let may_try_again = by == By::Move && lost.is_some_and(|error| lease.may_be_renewed(error));
        // Of a connection that had been silent for long and said nothing more, it is not to be feared that
        // the server is still busy with the command.
        let may_go_on = lost.is_some() && (is_believed || attempt.is_whole);
        drop(lease);
        if let Some(removal) = attempt.removal.take() {
            let outcome = removal.put_back(&pool).await;
            attempt.trouble = attempt.trouble.or(outcome.err());
        }
        let rest: Vec<u32> = groups.iter().flatten().copied().collect();
        let unsettled = Unsettled { route: &route, by, group: &group, rest: &rest, attempt, may_go_on };
        let settled = unsettled.settle(&pool).await;
        let has_effect = settled.messages.iter().any(|message| message.end != End::Here);
        if !has_effect && done.messages.is_empty() {
            match settled.trouble {
                // A connection that was dead all along.
                Some(_) if may_try_again => {
                    let again = Box::pin(transfer(pool, route.mailbox, validity, uids, route.to, how));
                    return again.await;
                }
                Some(error) => return Err(error),
                None => {}
            }
        }
        done.messages.extend(settled.messages);
        done.trouble = settled.trouble;
        return Ok(Changed::Done(done));
    }
    Ok(Changed::Done(done))
}

/// Whether the server refused since it had not told yet that others took messages away (RFC 5530).
fn is_of_vanished(error: &Error) -> bool {
    matches!(error, Error::Refused { code: Some(code), .. } if code == "EXPUNGEISSUED")
}

/// Opens the mailbox and chooses the commands. Nothing if it has another UIDVALIDITY. Whether the server is
/// known to have been there a moment ago comes along.
async fn open(lease: &mut Lease, route: &Route, uids: &[u32], how: How) -> Result<Option<(By, bool)>, Error> {
    let silence = lease.last_used().elapsed();
    let is_believed = silence < lease.believed();
    let was_open = lease.selected().is_some_and(|open| open.name == route.mailbox);
    let session: &mut Session = lease;
    let selected = match how {
        How::Copy => session.select_for_copy(&route.mailbox, route.validity).await?,
        How::Move => session.select_for_change(&route.mailbox, route.validity).await?,
    };
    let Some(selected) = selected else { return Ok(None) };
    let capabilities = session.capabilities();
    let by = match how {
        How::Copy => By::Copy,
        How::Move if capabilities.has_move() => By::Move,
        How::Move if session.quirks().expunge_unlabels => {
            return Err(Error::NotSupported("moving messages where removing them takes away only a label"));
        }
        How::Move if capabilities.has_uid_plus() => By::CopyAndUidExpunge,
        How::Move if selected.keeps(&Flag::Deleted) => By::CopyAndExpunge,
        How::Move => {
            return Err(Error::NotSupported("moving messages without UIDPLUS where marks do not last"));
        }
    };
    if was_open && !is_believed && by != By::Move {
        // A copy that may have been made is not made again: rather ask whether anybody is there.
        session.run_one(noop()).await?;
    } else if was_open {
        write::hear_of(session, uids).await?;
    }
    Ok(Some((by, is_believed || !was_open)))
}

/// What is known of a group after its commands.
#[derive(Default)]
pub(super) struct Attempt {
    /// The messages that were there, as they were.
    pub was: BTreeMap<u32, Was>,
    /// Whether those are all.
    pub is_whole: bool,
    /// What the server said is at the other place.
    pub arrived: BTreeSet<u32>,
    /// Where, as far as it told.
    pub places: BTreeMap<u32, Placed>,
    /// What went wrong.
    pub trouble: Option<Error>,
    /// Marks of others that are perhaps to be put back.
    removal: Option<Removal>,
}

impl Attempt {
    fn is_settled(&self) -> bool {
        self.trouble.is_none() && self.was.keys().all(|uid| self.arrived.contains(uid))
    }

    fn into_done(self) -> Vec<OneTransferred> {
        let Self { mut was, arrived, mut places, .. } = self;
        let done = arrived.into_iter().map(|uid| OneTransferred {
            was: was.remove(&uid).unwrap_or_else(|| unknown(uid)),
            to: places.remove(&uid),
            end: End::Done,
        });
        done.collect()
    }
}

/// A message of which nothing is known.
pub(super) fn unknown(uid: u32) -> Was {
    Was { uid, message_id: None, received: None, size: None, flags: Vec::new(), labels: Vec::new() }
}

/// Transfers one group as far as it goes. What was there is asked in the same flight; the server answers it
/// first, since the second command changes what the first asks (RFC 9051, 5.5).
async fn attempt(session: &mut Session, route: &Route, uids: &[u32], by: By) -> Attempt {
    let ranges = sequence::compress(uids.iter().copied());
    let command = if by == By::Move { transfer::relocate } else { transfer::copy };
    let mut requests = vec![was::request(session, uids, false), command(&ranges, &route.to)];
    // What others marked is told along with it.
    requests.extend((by == By::CopyAndExpunge).then(noop));
    let vanished = session.expunged();
    let mut replies = session.run(requests).await.into_iter();
    let vanished = session.expunged().wrapping_sub(vanished) as usize;
    let mut next = || replies.next().unwrap_or(Err(Error::Closed));
    let (asked, moved) = (next(), next());
    let mut attempt = Attempt::default();
    if let Ok(reply) = asked {
        attempt.is_whole = !reply.has_gaps;
        let before = Told::read(reply).before;
        attempt.was = before.into_iter().map(|(uid, before)| (uid, before.was)).collect();
    }
    match moved {
        Ok(reply) => {
            attempt.places = transfer::places(&reply, uids);
            attempt.arrived = transfer::named(&reply, uids);
            let moved = if by == By::Move { attempt.was.len() } else { 0 };
            if attempt.arrived.is_empty() && vanished <= moved {
                // The server names none: all that were there. What nobody saw before is never among them, and
                // if others took some away meanwhile, it is looked which are where.
                attempt.arrived = attempt.was.keys().copied().collect();
            }
        }
        Err(error) => {
            if settle::is_refusal(&error) && !is_of_vanished(&error) {
                // Perhaps the server closed the mailbox.
                session.forget_selected();
            }
            attempt.trouble = Some(error);
            return attempt;
        }
    }
    if by.has_steps() && !attempt.arrived.is_empty() {
        let copied: Vec<u32> = attempt.arrived.iter().copied().collect();
        let outcome = if by == By::CopyAndUidExpunge {
            let ranges = sequence::compress(copied);
            let requests = vec![store::add(&ranges, &[Flag::Deleted]), expunge::these(&ranges)];
            write::run_all(session, requests).await
        } else {
            let removal = Removal::new(route.mailbox.clone(), route.validity, copied);
            let outcome = removal.apart(session, true).await;
            attempt.removal = Some(removal);
            outcome
        };
        attempt.trouble = outcome.err();
    }
    attempt
}
