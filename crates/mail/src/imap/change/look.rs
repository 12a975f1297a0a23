//! Where messages are: still in their mailbox, or in the other one, where they are known by Message-ID, size
//! and time received. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Was,
    transfer::Route,
    was::{self, Told},
};
use crate::{
    Error,
    imap::{
        command::{
            noop,
            search::{self, Shape},
        },
        pool::Question,
        reading::check_whole,
        search::Argument,
        session::Session,
        write::{self, Placed},
    },
};

/// How many of the newest messages are looked at beyond as many as are looked for: others come in meanwhile.
const SLACK: usize = 200;

/// How many of those that are not among the newest are searched for, one by one in one flight.
const SEARCHED: usize = 100;

/// Where messages are that were to be moved or copied.
pub(super) struct Look<'a> {
    pub route: &'a Route,
    /// The messages to be looked for here.
    pub uids: &'a [u32],
    /// How they were.
    pub known: &'a BTreeMap<u32, Was>,
    /// Of which it is known that they are there, so that they need not be looked for.
    pub arrived: &'a BTreeSet<u32>,
    /// Whether a message is at one place only, so that what is here need not be looked for there.
    pub is_either: bool,
    /// Those of the messages that may be there.
    pub group: &'a [u32],
}

/// Where they are.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Here, as they are.
    pub here: BTreeMap<u32, Was>,
    /// At the other place, by their UID here: those with a Message-ID.
    pub there: BTreeMap<u32, Placed>,
    /// Those without one, if there is one there of that size and second: that is no proof that it is the same.
    pub alike: BTreeSet<u32>,
    /// Whether the mailboxes are labels, so that a message at two places is one.
    pub are_labels: bool,
}

impl Question for Look<'_> {
    /// Nothing if the mailbox has another UIDVALIDITY.
    type Answer = Option<Looked>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let mut looked = Looked { are_labels: session.quirks().folders_are_labels, ..Looked::default() };
        for group in write::split(session, self.uids) {
            refresh(session, &self.route.mailbox).await?;
            let asked = vec![was::request(session, &group, false)];
            let (selected, mut replies) = session.examine(&self.route.mailbox, asked).await?;
            if selected.validity != self.route.validity {
                return Ok(None);
            }
            let reply = replies.pop().unwrap_or(Err(Error::Closed))?;
            let has_gaps = reply.has_gaps;
            let here = Told::read(reply).before;
            check_whole(has_gaps, here.len() == group.len())?;
            looked.here.extend(here.into_iter().map(|(uid, before)| (uid, before.was)));
        }
        let wanted: Vec<&Was> = self
            .group
            .iter()
            .filter(|uid| !self.arrived.contains(uid))
            .filter(|uid| !self.is_either || !looked.here.contains_key(uid))
            .filter_map(|uid| looked.here.get(uid).or_else(|| self.known.get(uid)))
            .collect();
        let (mut there, mut alike) = (BTreeMap::new(), BTreeSet::new());
        if !wanted.is_empty() {
            for (was, placed) in self.there(session, wanted).await? {
                if was.message_id.is_some() {
                    there.insert(was.uid, placed);
                } else {
                    alike.insert(was.uid);
                }
            }
        }
        (looked.there, looked.alike) = (there, alike);
        Ok(Some(looked))
    }
}

impl Look<'_> {
    /// Which of the messages are at the other place: copies are the newest there.
    async fn there<'w>(
        &self,
        session: &mut Session,
        wanted: Vec<&'w Was>,
    ) -> Result<Vec<(&'w Was, Placed)>, Error> {
        refresh(session, &self.route.to).await?;
        let validity = match session.examine(&self.route.to, Vec::new()).await {
            Ok((selected, _)) => selected.validity,
            // It does not exist, so nothing is in it.
            Err(Error::Refused { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut there = Vec::new();
        let exists = session.exists();
        if exists == 0 {
            return Ok(there);
        }
        let count = u32::try_from(wanted.len() + SLACK).unwrap_or(u32::MAX);
        let low = exists.saturating_sub(count - 1).max(1);
        let reply = session.run_one(was::request_from(low)).await?;
        check_whole(reply.has_gaps, false)?;
        let mut found = Candidates::default();
        found.add(Told::read(reply));
        let mut missing = Vec::new();
        for was in wanted {
            match found.take(was) {
                Some(uid) => there.push((was, Placed { validity, uid })),
                None => missing.push(was),
            }
        }
        if low > 1 {
            missing.truncate(SEARCHED);
            let found = &mut searched(session, &missing, low).await?;
            for was in missing {
                there.extend(found.take(was).map(|uid| (was, Placed { validity, uid })));
            }
        }
        Ok(there)
    }
}

/// Messages with the Message-IDs of these, in the open mailbox before the sequence number.
async fn searched(session: &mut Session, missing: &[&Was], below: u32) -> Result<Candidates, Error> {
    let mut found = Candidates::default();
    let ids: BTreeSet<&String> = missing.iter().filter_map(|was| was.message_id.as_ref()).collect();
    let searches = ids.into_iter().filter(|id| id.is_ascii()).map(|id| {
        let criteria = [
            Argument::Atom(format!("1:{}", below - 1).into()),
            Argument::Atom("HEADER".into()),
            Argument::Atom("MESSAGE-ID".into()),
            Argument::Text(id.clone()),
        ];
        search::request(session, &criteria, false, Shape::List, None)
    });
    let searches = searches.collect();
    let mut uids = Vec::new();
    for reply in session.run(searches).await {
        match reply {
            Ok(reply) => uids.extend(search::read(&reply, Shape::List)?.uids),
            // A server may know no such search.
            Err(Error::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    for group in write::split(session, &uids).into_iter().take(1) {
        found.add(Told::read(session.run_one(was::request(session, &group, false)).await?));
    }
    Ok(found)
}

/// Lets the server tell what is new, if the mailbox is open already.
async fn refresh(session: &mut Session, mailbox: &[u8]) -> Result<(), Error> {
    if session.selected().is_some_and(|open| open.name == mailbox) {
        session.run_one(noop()).await?;
    }
    Ok(())
}

/// Messages that may be those looked for, by what is the same of a copy.
#[derive(Default)]
struct Candidates(HashMap<Same, Vec<u32>>);

/// Message-ID, size and the second in which it was received.
type Same = (Option<String>, u64, i64);

fn same(was: &Was) -> Option<Same> {
    Some((was.message_id.clone(), was.size?, was.received?.unix_timestamp()))
}

impl Candidates {
    fn add(&mut self, told: Told) {
        for before in told.before.into_values() {
            if let Some(same) = same(&before.was) {
                self.0.entry(same).or_default().push(before.was.uid);
            }
        }
    }

    /// The newest that is the same, once.
    fn take(&mut self, was: &Was) -> Option<u32> {
        self.0.get_mut(&same(was)?)?.pop()
    }
}
