//! What is looked up of many messages before they are changed: which are there, when they were received,
//! and the rows of a few. Nothing of it changes anything.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{Summary, Timestamp};
use mail::{
    Error,
    imap::{
        Question, Reply, Request, Session,
        command::{
            fetch::{self, Item},
            noop,
        },
    },
};

use crate::pages::fly_until_told;

/// UIDs of one FETCH.
const BATCH: usize = 1_000;

/// Messages of one mailbox.
#[derive(Debug, Clone)]
pub(super) struct Of<'a> {
    pub(super) mailbox: &'a Bytes,
    pub(super) validity: u32,
    pub(super) uids: &'a [u32],
}

/// What a look into one mailbox gave: nothing if it has another UIDVALIDITY.
pub(super) type Seen<T> = Result<Option<T>, Error>;

/// When messages that are there were received, in one flight over all mailboxes.
pub(super) struct Dates<'a>(pub(super) &'a [Of<'a>]);

impl Question for Dates<'_> {
    type Answer = Vec<Seen<BTreeMap<u32, Timestamp>>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let items = [Item::Fixed("UID INTERNALDATE RFC822.SIZE")];
        let request = |_: &Session, uids: &[u32]| fetch::items_of(uids, &items);
        let read = |fetched: Vec<mail::imap::response::Fetch>| {
            let date = |fetch: mail::imap::response::Fetch| Some((fetch.uid?, fetch.internal_date?));
            fetched.into_iter().filter_map(date).collect()
        };
        look(session, self.0, request, read).await
    }
}

/// The rows of messages, in one flight over all mailboxes.
pub(super) struct Rows<'a>(pub(super) &'a [Of<'a>]);

impl Question for Rows<'_> {
    type Answer = Vec<Seen<Vec<Summary>>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let request = |session: &Session, uids: &[u32]| fetch::rows_of(session.capabilities(), uids);
        let read = |fetched: Vec<mail::imap::response::Fetch>| {
            let rows = fetched.into_iter().filter(|fetch| fetch.size.is_some());
            rows.filter_map(fetch::summary).collect()
        };
        look(session, self.0, request, read).await
    }
}

async fn look<T>(
    session: &mut Session,
    of: &[Of<'_>],
    request: impl Fn(&Session, &[u32]) -> Request,
    read: impl Fn(Vec<mail::imap::response::Fetch>) -> T,
) -> Result<Vec<Seen<T>>, Error> {
    let at_most = session.quirks().message_limit.map_or(BATCH, |limit| BATCH.min(limit as usize)).max(1);
    let is_open = session.selected().is_some_and(|open| of.iter().any(|of| *of.mailbox == open.name));
    if is_open {
        // In a flight of its own: Dovecot looks at a FETCH behind it first, in the mailbox as it was.
        session.run_one(noop()).await?;
    }
    let flight = |of: &Of<'_>| {
        let fetches = of.uids.chunks(at_most).map(|uids| request(session, uids));
        (of.mailbox.clone(), fetches.collect::<Vec<_>>())
    };
    let flights: Vec<_> = of.iter().map(flight).collect();
    let mut out = Vec::with_capacity(of.len());
    for (of, opened) in of.iter().zip(fly_until_told(session, flights).await) {
        let seen = match opened {
            Err(error) if error.ends_connection() => return Err(error),
            Err(error) => Err(error),
            Ok((selected, _)) if selected.validity != of.validity => Ok(None),
            Ok((_, replies)) => whole(replies).map(|fetched| Some(read(fetched))),
        };
        match seen {
            Err(error) if error.ends_connection() => return Err(error),
            seen => out.push(seen),
        }
    }
    Ok(out)
}

/// All that was fetched. What cannot be read of an answer makes a message seem absent that is there.
fn whole(replies: Vec<Result<Reply, Error>>) -> Result<Vec<mail::imap::response::Fetch>, Error> {
    let mut fetched = Vec::new();
    for reply in replies {
        let reply = reply?;
        if reply.has_gaps {
            return Err(Error::Protocol("a part of its answer cannot be read"));
        }
        fetched.extend(fetch::read(reply));
    }
    Ok(fetched)
}
