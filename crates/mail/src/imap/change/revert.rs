//! Reversing changes of flags and labels, only of what nobody changed since: the server watches over that
//! where it keeps a MODSEQ (UNCHANGEDSINCE, RFC 7162), else flags are compared with what was left.

use std::collections::{BTreeMap, BTreeSet};

use domain::Flag;

use super::{
    Changed, Revert, Reverted,
    flags::keeps_modseq,
    was::{self, Before, Told},
};
use crate::{
    Error,
    imap::{
        command::{
            noop,
            store::{self, Way},
        },
        pool::{Pool, Question},
        reading::check_whole,
        request::Request,
        response::Range,
        session::Session,
        wire::sequence,
        write,
    },
};

/// How many commands go out in one flight.
const COMMANDS: usize = 200;

pub(super) async fn revert(
    pool: &Pool,
    mailbox: &[u8],
    validity: u32,
    reverts: &[Revert],
) -> Result<Changed<Vec<(u32, Reverted)>>, Error> {
    pool.ask(Some(mailbox), &Reversal { mailbox, validity, reverts }).await
}

struct Reversal<'a> {
    mailbox: &'a [u8],
    validity: u32,
    reverts: &'a [Revert],
}

impl Question for Reversal<'_> {
    type Answer = Changed<Vec<(u32, Reverted)>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let was_open = session.selected().is_some_and(|open| open.name == self.mailbox && !open.is_read_only);
        let Some(selected) = session.select_for_change(self.mailbox, self.validity).await? else {
            return Ok(Changed::Stale);
        };
        if was_open {
            // What others changed meanwhile is told now.
            session.run_one(noop()).await?;
        }
        let is_guarded = keeps_modseq(session, &selected);
        // What a condition means for labels Gmail does not say: they are compared.
        let (guarded, compared): (Vec<&Revert>, Vec<&Revert>) = self.reverts.iter().partition(|revert| {
            is_guarded
                && revert.modseq.is_some()
                && revert.add_labels.is_empty()
                && revert.remove_labels.is_empty()
        });
        let mut outcomes = BTreeMap::new();
        outcomes.extend(by_modseq(session, &guarded).await?);
        outcomes.extend(by_comparing(session, &compared).await?);
        let outcome =
            |revert: &Revert| (revert.uid, outcomes.get(&revert.uid).copied().unwrap_or(Reverted::Gone));
        Ok(Changed::Done(self.reverts.iter().map(outcome).collect()))
    }
}

/// Whether a message is as it was before what is reversed.
fn is_reverted(before: &Before, revert: &Revert) -> bool {
    was::is_as_wanted(&before.was.flags, &revert.add, &revert.remove)
        && was::is_labelled(&before.was.labels, &revert.add_labels, &revert.remove_labels)
}

/// Whether a message is as the change left it.
fn is_as_left(before: &Before, revert: &Revert) -> bool {
    was::is_as_wanted(&before.was.flags, &revert.remove, &revert.add)
        && was::is_labelled(&before.was.labels, &revert.remove_labels, &revert.add_labels)
}

/// Reverses where the MODSEQ is still that of the change. One that has flags to set and flags to take away
/// takes a second flight, since the first changes its MODSEQ.
async fn by_modseq(session: &mut Session, reverts: &[&Revert]) -> Result<Vec<(u32, Reverted)>, Error> {
    type Change<'a> = (Option<u64>, Way, &'a [Flag]);
    let mut first: BTreeMap<Change<'_>, Vec<u32>> = BTreeMap::new();
    for revert in reverts {
        let (way, flags) = if revert.add.is_empty() {
            (Way::Remove, revert.remove.as_slice())
        } else {
            (Way::Add, revert.add.as_slice())
        };
        if !flags.is_empty() {
            first.entry((revert.modseq, way, flags)).or_default().push(revert.uid);
        }
    }
    let mut requests = Vec::new();
    for ((modseq, way, flags), uids) in &first {
        for uids in write::split(session, uids) {
            requests.push(store::told(&sequence::compress(uids), *way, flags, *modseq));
        }
    }
    let mut modified: Vec<Range> = Vec::new();
    let mut is_refused = false;
    while !requests.is_empty() {
        let flight = requests.drain(..requests.len().min(COMMANDS)).collect();
        for reply in session.run(flight).await {
            match reply {
                Ok(reply) => modified.extend(store::modified(&reply)),
                // It says NO where messages are gone as well (RFC 7162, 3.1.3): how they are tells.
                Err(Error::Refused { code: Some(code), .. }) if code == "MODIFIED" => is_refused = true,
                Err(error) => return Err(refused(session, error)),
            }
        }
    }
    let is_modified = |uid: u32| modified.iter().any(|(low, high)| (*low..=*high).contains(&uid));
    let both = |revert: &&&Revert| !revert.add.is_empty() && !revert.remove.is_empty();
    let second: Vec<&&Revert> =
        reverts.iter().filter(both).filter(|revert| !is_modified(revert.uid)).collect();
    let mut removals: BTreeMap<&[Flag], Vec<u32>> = BTreeMap::new();
    if !second.is_empty() {
        // Where the refusal does not say which, only what the first step changed goes on.
        let uids: Vec<u32> = second.iter().map(|revert| revert.uid).collect();
        let now = if is_refused { Some(look(session, &uids).await?) } else { None };
        for revert in second {
            let is_through = now.as_ref().is_none_or(|now: &BTreeMap<u32, Before>| {
                now.get(&revert.uid).is_some_and(|now| was::is_as_wanted(&now.was.flags, &revert.add, &[]))
            });
            if is_through {
                removals.entry(&revert.remove).or_default().push(revert.uid);
            }
        }
    }
    let requests = removals.iter().flat_map(|(flags, uids)| changes(session, uids, Way::Remove, flags, &[]));
    let requests = requests.collect();
    write::run_all(session, requests).await?;
    let uids: Vec<u32> = reverts.iter().map(|revert| revert.uid).collect();
    let now = look(session, &uids).await?;
    let outcome = |revert: &&Revert| {
        let outcome = match now.get(&revert.uid) {
            None => Reverted::Gone,
            Some(now) if is_reverted(now, revert) => Reverted::Done,
            Some(_) => Reverted::ChangedSince,
        };
        (revert.uid, outcome)
    };
    Ok(reverts.iter().map(outcome).collect())
}

/// Reverses what is as the change left it.
async fn by_comparing(session: &mut Session, reverts: &[&Revert]) -> Result<Vec<(u32, Reverted)>, Error> {
    let uids: Vec<u32> = reverts.iter().map(|revert| revert.uid).collect();
    let now = look(session, &uids).await?;
    let mut outcomes = Vec::with_capacity(reverts.len());
    let mut flags: BTreeMap<(Way, &[Flag]), Vec<u32>> = BTreeMap::new();
    let mut labels: BTreeMap<(Way, &[String]), Vec<u32>> = BTreeMap::new();
    for revert in reverts {
        let outcome = match now.get(&revert.uid) {
            None => Reverted::Gone,
            Some(now) if is_reverted(now, revert) => Reverted::Done,
            Some(now) if is_as_left(now, revert) => {
                flags.entry((Way::Add, &revert.add)).or_default().push(revert.uid);
                flags.entry((Way::Remove, &revert.remove)).or_default().push(revert.uid);
                labels.entry((Way::Add, &revert.add_labels)).or_default().push(revert.uid);
                labels.entry((Way::Remove, &revert.remove_labels)).or_default().push(revert.uid);
                Reverted::Done
            }
            Some(_) => Reverted::ChangedSince,
        };
        outcomes.push((revert.uid, outcome));
    }
    let mut requests = Vec::new();
    for ((way, flags), uids) in &flags {
        requests.extend(changes(session, uids, *way, flags, &[]));
    }
    for ((way, labels), uids) in &labels {
        requests.extend(changes(session, uids, *way, &[], labels));
    }
    write::run_all(session, requests).await?;
    Ok(outcomes)
}

/// How these messages are now, in one flight.
async fn look(session: &mut Session, uids: &[u32]) -> Result<BTreeMap<u32, Before>, Error> {
    let groups = write::split(session, uids);
    let requests = groups.iter().map(|uids| was::request(session, uids, false)).collect();
    let mut now = BTreeMap::new();
    let mut has_gaps = false;
    for reply in session.run(requests).await {
        let reply = reply.map_err(|error| refused(session, error))?;
        has_gaps |= reply.has_gaps;
        now.extend(Told::read(reply).before);
    }
    let asked: BTreeSet<&u32> = groups.iter().flatten().collect();
    check_whole(has_gaps, now.len() == asked.len())?;
    Ok(now)
}

fn changes(session: &Session, uids: &[u32], way: Way, flags: &[Flag], labels: &[String]) -> Vec<Request> {
    let mut requests = Vec::new();
    for uids in write::split(session, uids) {
        let uids = sequence::compress(uids);
        requests.extend((!flags.is_empty()).then(|| match way {
            Way::Add => store::add(&uids, flags),
            Way::Remove => store::remove(&uids, flags),
        }));
        requests.extend((!labels.is_empty()).then(|| store::labels(&uids, way, labels)));
    }
    requests
}

fn refused(session: &mut Session, error: Error) -> Error {
    if matches!(error, Error::Refused { .. }) {
        // Perhaps the server closed the mailbox.
        session.forget_selected();
    }
    error
}
