//! Removing messages for good, on servers that can expunge by UID, on those that can only expunge all
//! that is marked, and on Gmail, where expunging takes away no more than a label.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use domain::{Flag, FolderArg, Role};

use super::{batches, open, run_all};
use crate::{
    Error,
    imap::{
        command::{
            expunge, noop,
            search::{self, Shape},
            store, transfer,
        },
        folder,
        pool::{Pool, Question},
        response::Range,
        search::Argument,
        session::{Selected, Session},
        wire::sequence,
    },
};

/// How often it is looked whether others marked messages meanwhile.
const ROUNDS: usize = 4;

/// What became of messages that were to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// They are gone.
    Gone,
    /// They are in the trash; the server (Gmail) did not say where in it.
    InTrash,
    /// The mailbox has another UIDVALIDITY: nothing was done.
    Stale,
}

/// Removes messages and puts back every mark of others that had to be taken away meanwhile.
pub(in crate::imap) async fn remove(
    pool: Pool,
    mailbox: Bytes,
    validity: u32,
    uids: Vec<u32>,
) -> Result<Removed, Error> {
    let removal = Removal::new(mailbox, validity, uids);
    let outcome = pool.ask(Some(&removal.mailbox), &removal).await;
    match removal.put_back(&pool).await {
        Ok(()) => outcome,
        Err(error) => outcome.and(Err(error)),
    }
}

/// Messages that are being removed.
pub(in crate::imap) struct Removal {
    mailbox: Bytes,
    validity: u32,
    uids: Vec<u32>,
    /// What others had marked and is to be marked again.
    unmarked: Mutex<Vec<u32>>,
}

impl Question for Removal {
    type Answer = Removed;

    async fn ask(&self, session: &mut Session) -> Result<Removed, Error> {
        let is_it = |open: &Selected| open.name == self.mailbox && !open.is_read_only;
        let was_open = session.selected().is_some_and(is_it);
        let Some(selected) = open(session, &self.mailbox, self.validity, &self.uids).await? else {
            return Ok(Removed::Stale);
        };
        if self.uids.is_empty() {
            return Ok(Removed::Gone);
        }
        if session.quirks().expunge_unlabels {
            return self.by_trash(session).await;
        }
        if session.capabilities().has_uid_plus() {
            return match by_uid(session, &self.uids).await {
                // What was open may have been deleted, and another one made under its name.
                Err(Error::Refused { .. })
                    if was_open
                        && session.select_for_change(&self.mailbox, self.validity).await?.is_none() =>
                {
                    Ok(Removed::Stale)
                }
                outcome => outcome.map(|()| Removed::Gone),
            };
        }
        if !selected.keeps(&Flag::Deleted) {
            return Err(Error::NotSupported("removing messages without UIDPLUS where marks do not last"));
        }
        self.apart(session, false).await?;
        Ok(Removed::Gone)
    }
}

/// Marks and expunges, in one flight: what the second takes is only what the first could mark.
async fn by_uid(session: &mut Session, uids: &[u32]) -> Result<(), Error> {
    let batches = batches(session, uids);
    let pair = |uids: &Vec<Range>| [store::add(uids, &[Flag::Deleted]), expunge::these(uids)];
    run_all(session, batches.iter().flat_map(pair).collect()).await
}

impl Removal {
    /// Of messages in a mailbox with that UIDVALIDITY.
    pub(in crate::imap) fn new(mailbox: Bytes, validity: u32, uids: Vec<u32>) -> Self {
        Self { mailbox, validity, uids, unmarked: Mutex::default() }
    }

    /// Puts back the marks of others that are still taken away, on any connection: one was lost in between,
    /// or the server refused something.
    pub(in crate::imap) async fn put_back(&self, pool: &Pool) -> Result<(), Error> {
        let unmarked = self.unmarked();
        if unmarked.is_empty() {
            return Ok(());
        }
        let marked = pool.store_flags(&self.mailbox, self.validity, &unmarked, &[Flag::Deleted], &[]).await;
        if let Err(error) = marked {
            tracing::warn!(count = unmarked.len(), reason = %error, "marks of others could not be put back");
            return Err(error);
        }
        self.set_unmarked(Vec::clear);
        Ok(())
    }

    fn unmarked(&self) -> Vec<u32> {
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_unmarked(&self, change: impl FnOnce(&mut Vec<u32>)) {
        change(&mut self.unmarked.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Gmail: what is in the trash can be destroyed, elsewhere only a label is taken away.
    async fn by_trash(&self, session: &mut Session) -> Result<Removed, Error> {
        let folders = folder::list(session, false).await?;
        let trash = folders.find(&FolderArg::Role(Role::Trash)).map(|folder| folder.wire_name.clone());
        let trash = trash.ok_or(Error::NotSupported("deleting while its trash is hidden from IMAP"))?;
        if trash == self.mailbox {
            by_uid(session, &self.uids).await?;
            return Ok(Removed::Gone);
        }
        let mut there: Vec<(u32, Vec<Range>)> = Vec::new();
        let mut is_told = true;
        for uids in batches(session, &self.uids) {
            let to_trash =
                if session.capabilities().has_move() { transfer::relocate } else { transfer::copy };
            let reply = session.run_one(to_trash(&uids, &trash)).await?;
            match transfer::read(&reply) {
                Some(place) => there.push(place),
                None => is_told = false,
            }
        }
        for (validity, uids) in there {
            if session.select_for_change(&trash, validity).await?.is_none() {
                is_told = false;
                continue;
            }
            run_all(session, vec![store::add(&uids, &[Flag::Deleted]), expunge::these(&uids)]).await?;
        }
        Ok(if is_told { Removed::Gone } else { Removed::InTrash })
    }

    /// Without UIDPLUS: takes the marks of others away, expunges, and puts them back. `is_told` says that
    /// the server told a moment ago what others marked.
    pub(in crate::imap) async fn apart(&self, session: &mut Session, is_told: bool) -> Result<(), Error> {
        for round in 0..ROUNDS {
            if round > 0 || !is_told {
                // What other connections marked is told first.
                session.run_one(noop()).await?;
            }
            let others: Vec<u32> =
                marked(session).await?.into_iter().filter(|uid| !self.uids.contains(uid)).collect();
            if others.is_empty() {
                let mut requests: Vec<_> = batches(session, &self.uids)
                    .iter()
                    .map(|uids| store::add(uids, &[Flag::Deleted]))
                    .collect();
                requests.push(expunge::all());
                run_all(session, requests).await?;
                return self.mark_again(session).await;
            }
            // Noted first: what was sent may have been done.
            self.set_unmarked(|unmarked| unmarked.extend(&others));
            let requests =
                batches(session, &others).iter().map(|uids| store::remove(uids, &[Flag::Deleted])).collect();
            run_all(session, requests).await?;
        }
        self.mark_again(session).await?;
        Err(Error::NotSupported("removing single messages while others are being marked"))
    }

    async fn mark_again(&self, session: &mut Session) -> Result<(), Error> {
        let requests = batches(session, &self.unmarked())
            .iter()
            .map(|uids| store::add(uids, &[Flag::Deleted]))
            .collect();
        run_all(session, requests).await?;
        self.set_unmarked(Vec::clear);
        Ok(())
    }
}

/// What is marked `\Deleted` in the open mailbox, as far as the server told of it.
async fn marked(session: &mut Session) -> Result<Vec<u32>, Error> {
    let deleted = [Argument::Atom("DELETED".into())];
    let reply = session.run_one(search::request(session, &deleted, false, Shape::List, None)).await?;
    let found = search::read(&reply, Shape::List)?;
    Ok(sequence::numbers(&sequence::compress(found.uids)).collect())
}
