//! Finding out how far messages came when a move or copy was refused half-way, or the connection was lost
//! over it, or the process died; and finishing what is half done.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    Changed, End, Messages, OneTransferred, Transferred, Was,
    look::{Look, Looked},
    transfer::{Attempt, By, Route, unknown},
};
use crate::{
    Error,
    imap::{
        pool::Pool,
        write::removal::{self, Removed},
    },
};

/// Whether the server lives and did not do what it was asked, or was never asked.
pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Refused { .. } | Error::NotSupported(_) | Error::Unsendable(_))
}

/// A group of messages of which not all came to a good end.
pub(super) struct Unsettled<'a> {
    pub route: &'a Route,
    pub by: By,
    pub group: &'a [u32],
    /// Messages behind them that were not touched.
    pub rest: &'a [u32],
    pub attempt: Attempt,
    /// Whether the server may still be busy with the lost command.
    pub may_go_on: bool,
}

impl Unsettled<'_> {
    /// Says of each message where it is, after taking away here what was copied and was to be moved.
    pub(super) async fn settle(mut self, pool: &Pool) -> Transferred {
        let trouble = self.attempt.trouble.take();
        let mut looked = self.look(pool).await;
        if self.may_go_on && looked.as_ref().is_none_or(|looked| self.is_open(looked)) {
            // What it has read it carries out, though nobody hears of it any more.
            tokio::time::sleep(pool.tuning().settling).await;
            looked = self.look(pool).await;
        }
        let mut messages = match &looked {
            Some(looked) => self.ends(looked),
            None => self.ends_unseen(),
        };
        let is_same = |uid: u32| looked.as_ref().is_some_and(|looked| !looked.alike.contains(&uid));
        let both = messages.iter().filter(|message| message.end == End::Both && is_same(message.was.uid));
        let both: Vec<u32> = both.map(|message| message.was.uid).collect();
        let finished = finish_both(pool, self.route, &both, &mut messages).await;
        let is_good = messages.iter().all(|message| message.end == End::Done);
        // What was wrong first counts.
        let trouble = trouble.or(finished.err()).filter(|_| !is_good);
        Transferred { messages, trouble }
    }

    async fn look(&self, pool: &Pool) -> Option<Looked> {
        let uids = [self.group, self.rest].concat();
        let look = Look {
            route: self.route,
            uids: &uids,
            known: &self.attempt.was,
            arrived: &self.attempt.arrived,
            is_either: self.by == By::Move,
            group: self.group,
        };
        match pool.ask(Some(&self.route.mailbox), &look).await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::warn!(reason = %error, "it could not be found out how far a move or copy came");
                None
            }
        }
    }

    /// Whether a message did not come to its end yet.
    fn is_open(&self, looked: &Looked) -> bool {
        self.ends(looked).iter().any(|message| {
            matches!(message.end, End::Here | End::Unknown) && self.group.contains(&message.was.uid)
        })
    }

    fn ends(&self, looked: &Looked) -> Vec<OneTransferred> {
        let group = self.group.iter().filter_map(|uid| self.end(*uid, looked));
        let rest = self.rest.iter().filter_map(|uid| {
            let was = looked.here.get(uid)?.clone();
            Some(OneTransferred { was, to: None, end: End::Here })
        });
        group.chain(rest).collect()
    }

    /// Where one message is; nothing if it never was there.
    fn end(&self, uid: u32, looked: &Looked) -> Option<OneTransferred> {
        let Attempt { was, is_whole, arrived, places, .. } = &self.attempt;
        let is_here = looked.here.contains_key(&uid);
        let to = places.get(&uid).or_else(|| looked.there.get(&uid)).copied();
        let is_there = arrived.contains(&uid) || to.is_some();
        let end = match (is_here, is_there) {
            (true, true) if self.by.has_steps() => End::Both,
            (_, true) => End::Done,
            // It seems to be there too; what only seems so is not taken away here.
            (true, false) if looked.alike.contains(&uid) => {
                if self.by.has_steps() {
                    End::Both
                } else {
                    End::Unknown
                }
            }
            (true, false) => End::Here,
            (false, false) if was.contains_key(&uid) || !is_whole => End::Unknown,
            (false, false) => return None,
        };
        let was = was.get(&uid).or_else(|| looked.here.get(&uid)).cloned();
        Some(OneTransferred { was: was.unwrap_or_else(|| unknown(uid)), to, end })
    }

    /// What can be said while the server cannot be asked.
    fn ends_unseen(&self) -> Vec<OneTransferred> {
        let Attempt { was, is_whole, arrived, places, .. } = &self.attempt;
        let group = self.group.iter().filter_map(|uid| {
            let known = was.get(uid).cloned();
            let end = match arrived.contains(uid) {
                // The removal here is what went wrong.
                true if self.by.has_steps() => End::Unknown,
                true => End::Done,
                false if known.is_some() || !is_whole => End::Unknown,
                false => return None,
            };
            let was = known.unwrap_or_else(|| unknown(*uid));
            Some(OneTransferred { was, to: places.get(uid).copied(), end })
        });
        let rest =
            self.rest.iter().map(|uid| OneTransferred { was: unknown(*uid), to: None, end: End::Here });
        group.chain(rest).collect()
    }
}

/// Takes away here what is at both places.
async fn finish_both(
    pool: &Pool,
    route: &Route,
    both: &[u32],
    messages: &mut [OneTransferred],
) -> Result<(), Error> {
    if both.is_empty() {
        return Ok(());
    }
    let removed = removal::remove(pool.clone(), route.mailbox.clone(), route.validity, both.to_vec()).await?;
    if removed == Removed::Gone {
        let finished = messages.iter_mut().filter(|message| both.contains(&message.was.uid));
        finished.for_each(|message| message.end = End::Done);
    }
    Ok(())
}

pub(super) async fn finish(
    pool: &Pool,
    messages: &Messages<'_>,
    to: &[u8],
    known: &[Was],
) -> Result<Changed<Transferred>, Error> {
    let (mailbox, to) = (Bytes::copy_from_slice(messages.mailbox), Bytes::copy_from_slice(to));
    let route = Route::new(mailbox, messages.validity, to)?;
    let known: BTreeMap<u32, Was> = known.iter().map(|was| (was.uid, was.clone())).collect();
    let look = Look {
        route: &route,
        uids: messages.uids,
        known: &known,
        arrived: &BTreeSet::new(),
        is_either: false,
        group: messages.uids,
    };
    let Some(looked) = pool.ask(Some(messages.mailbox), &look).await? else { return Ok(Changed::Stale) };
    let ends = messages.uids.iter().map(|uid| {
        let to = looked.there.get(uid).copied();
        let end = match (looked.here.contains_key(uid), to.is_some()) {
            (true, true) => End::Both,
            (true, false) if looked.alike.contains(uid) => End::Both,
            (true, false) => End::Here,
            (false, true) => End::Done,
            (false, false) => End::Unknown,
        };
        let was = known.get(uid).or_else(|| looked.here.get(uid)).cloned();
        OneTransferred { was: was.unwrap_or_else(|| unknown(*uid)), to, end }
    });
    let mut messages: Vec<OneTransferred> = ends.collect();
    // On Gmail both places can be what is wanted, and removing means something else.
    let may_be_removed = |message: &&OneTransferred| {
        message.end == End::Both && !looked.alike.contains(&message.was.uid) && !looked.are_labels
    };
    let both: Vec<u32> = messages.iter().filter(may_be_removed).map(|message| message.was.uid).collect();
    let trouble = finish_both(pool, &route, &both, &mut messages).await.err();
    Ok(Changed::Done(Transferred { messages, trouble }))
}
