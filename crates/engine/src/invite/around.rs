//! The calendars in the mail around an invite: which messages of the last half year hold one, fetched once
//! and remembered, so that the next call costs one look at what is new.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use domain::{
    Address, MessageRef, Part, Problem, Query, Role, Summary, Timestamp,
    query::{Expr, Moment, Term},
};
use mail::{
    Error,
    calendar::Invite,
    imap::{
        Question, Session,
        command::{
            self,
            fetch::{self, Item},
            search::{self, Shape},
        },
        folder::{Folder, Folders},
        search::compile,
    },
};
use time::{Duration, UtcOffset};

use super::parts::{self, Octets, Wanted, calendars};
use crate::{
    Account, Bounds,
    opened::Fresh,
    pages::{abilities, fly},
};

/// How far back mail is looked through.
const REACH: Duration = Duration::days(180);

/// Calendars that one call fetches, and octets of each and of all of them.
const MAX_FETCHED: usize = 200;
const MAX_EACH: u64 = 256 << 10;
const MAX_ALL: u64 = 8 << 20;

/// Events of a calendar beyond which it is no invite but somebody's whole calendar.
const MAX_EVENTS: usize = 50;

/// What is remembered of an account: messages that were looked at, and octets of calendars.
const MAX_SEEN: usize = 20_000;
const MAX_KEPT: usize = 16 << 20;

/// One message with a calendar.
#[derive(Debug, Clone)]
pub(super) struct CalendarMail {
    pub(super) received: Timestamp,
    pub(super) from: Vec<Address>,
    /// Whether it stands in Sent: the person, or somebody for them, wrote it.
    pub(super) is_sent: bool,
    pub(super) invite: Arc<Invite>,
    /// What it takes of the memory, about.
    octets: usize,
}

/// What is remembered of one account.
#[derive(Debug, Default)]
pub(crate) struct Agenda(Mutex<HashMap<Bytes, Looked>>);

/// What is remembered of one folder.
#[derive(Debug, Default)]
struct Looked {
    validity: u32,
    /// Messages that were looked at.
    seen: HashSet<u32>,
    mails: BTreeMap<u32, Arc<CalendarMail>>,
}

impl Agenda {
    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Looked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those of the UIDs that nobody looked at yet.
    fn unseen(&self, mailbox: &Bytes, validity: u32, uids: &[u32]) -> Vec<u32> {
        let folders = self.lock();
        match folders.get(mailbox).filter(|looked| looked.validity == validity) {
            Some(looked) => uids.iter().copied().filter(|uid| !looked.seen.contains(uid)).collect(),
            None => uids.to_vec(),
        }
    }

    fn note(&self, mailbox: &Bytes, validity: u32, seen: &[u32], mails: Vec<(u32, CalendarMail)>) {
        let mut folders = self.lock();
        let kept = |looked: &Looked| looked.mails.values().map(|mail| mail.octets).sum::<usize>();
        let all = folders.values().map(kept).sum::<usize>();
        let more = mails.iter().map(|(_, mail)| mail.octets).sum::<usize>();
        let count = folders.values().map(|looked| looked.seen.len()).sum::<usize>();
        if all + more > MAX_KEPT || count + seen.len() > MAX_SEEN {
            folders.clear();
        }
        let looked = folders.entry(mailbox.clone()).or_default();
        if looked.validity != validity {
            *looked = Looked { validity, ..Looked::default() };
        }
        looked.seen.extend(seen);
        looked.mails.extend(mails.into_iter().map(|(uid, mail)| (uid, Arc::new(mail))));
    }

    /// The calendars among the UIDs.
    fn among(&self, mailbox: &Bytes, validity: u32, uids: &[u32]) -> Vec<(u32, Arc<CalendarMail>)> {
        let folders = self.lock();
        let looked = folders.get(mailbox).filter(|looked| looked.validity == validity);
        let found = |uid: &u32| Some((*uid, Arc::clone(looked?.mails.get(uid)?)));
        uids.iter().filter_map(found).collect()
    }
}

/// The calendars around an invite.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) mails: Vec<(MessageRef, Arc<CalendarMail>)>,
    /// How far back mail was looked through.
    pub(super) back_to: Timestamp,
    /// Whether something kept it from being looked through that far.
    pub(super) is_cut: bool,
}

/// The messages of one folder that may hold a calendar.
struct Found {
    folder: Folder,
    validity: u32,
    uids: Vec<u32>,
}

impl Account {
    /// The calendars that the grant may see, in the inbox, in Sent, in the archive and beside the invite. What
    /// cannot be looked through is told, and fails nothing.
    pub(super) async fn around(&self, beside: &Folder, bounds: &Bounds, now: Timestamp) -> Around {
        let horizon = self.nothing_before.map_or(now - REACH, |before| before.max(now - REACH));
        let mut around = Around { mails: Vec::new(), back_to: horizon, is_cut: false };
        let looking = self.look(beside, bounds, horizon, &mut around);
        match tokio::time::timeout(bounds.filter_time, Box::pin(looking)).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => {
                tracing::debug!(code = problem.code.as_str(), "calendars cannot be looked through");
                (around.is_cut, around.back_to) = (true, now);
            }
            Err(_) => {
                // Whoever comes next must not wait behind what was given up.
                self.opened.pool.close_busy();
                (around.is_cut, around.back_to) = (true, now);
            }
        }
        around
    }

    async fn look(
        &self,
        beside: &Folder,
        bounds: &Bounds,
        horizon: Timestamp,
        around: &mut Around,
    ) -> Result<(), Problem> {
        let folders = self.opened.folders(Fresh::Recent).await.map_err(|error| self.problem(&error))?;
        let chosen = self.chosen(&folders, beside);
        let names: Vec<Bytes> = chosen.iter().map(|folder| folder.wire_name.clone()).collect();
        let Some(first) = names.first() else { return Ok(()) };
        let since = Since { folders: &names, day: horizon.to_offset(UtcOffset::UTC).date() };
        let answers = self.opened.ask(Some(first), &since).await.map_err(|error| self.problem(&error))?;
        let mut found = Vec::new();
        for (folder, answer) in chosen.into_iter().zip(answers) {
            match answer {
                Ok((validity, uids, is_cut)) => {
                    around.is_cut |= is_cut;
                    found.push(Found { folder, validity, uids });
                }
                Err(_) => around.is_cut = true,
            }
        }
        self.look_at_new(&found, bounds, around).await?;
        let agenda = &self.opened.agenda;
        for Found { folder, validity, uids } in found {
            for (uid, mail) in agenda.among(&folder.wire_name, validity, &uids) {
                if mail.received >= horizon {
                    around.mails.push((self.id(&folder, validity, uid), mail));
                }
            }
        }
        Ok(())
    }

    /// The folders that invites and answers stand in.
    fn chosen(&self, folders: &Folders, beside: &Folder) -> Vec<Folder> {
        let is_wanted = |folder: &&Folder| {
            let is_role = match folder.role {
                Some(Role::All) => folders.is_gmail,
                Some(Role::Inbox | Role::Sent | Role::Archive) => !folders.is_gmail,
                _ => false,
            };
            folder.is_selectable
                && self.shows(folder, folders)
                && (is_role || folder.wire_name == beside.wire_name)
        };
        let chosen: Vec<Folder> = folders.all.iter().filter(is_wanted).cloned().collect();
        if chosen.len() > 1 || !folders.is_gmail {
            return chosen;
        }
        // All Mail may be closed to the grant: then what it sees of the others.
        let is_open = |folder: &&Folder| {
            let is_role = matches!(folder.role, Some(Role::Inbox | Role::Sent | Role::All));
            folder.is_selectable
                && self.shows(folder, folders)
                && (is_role || folder.wire_name == beside.wire_name)
        };
        folders.all.iter().filter(is_open).cloned().collect()
    }

    /// Looks at the messages that nobody looked at yet, and remembers what calendars they hold.
    async fn look_at_new(
        &self,
        found: &[Found],
        bounds: &Bounds,
        around: &mut Around,
    ) -> Result<(), Problem> {
        let each = (bounds.filter_candidates / found.len().max(1)).max(1);
        let mut asked = Vec::new();
        for of in found {
            let mut uids = self.opened.agenda.unseen(&of.folder.wire_name, of.validity, &of.uids);
            let is_cut = uids.len() > each;
            uids.truncate(each);
            if !uids.is_empty() {
                asked.push((of, uids, is_cut));
            }
        }
        let Some((first, ..)) = asked.first() else { return Ok(()) };
        let first = first.folder.wire_name.clone();
        let wanted: Vec<(Bytes, Vec<u32>)> =
            asked.iter().map(|(of, uids, _)| (of.folder.wire_name.clone(), uids.clone())).collect();
        let rows = self.opened.ask(Some(&first), &Rows(&wanted)).await;
        let mut new = Vec::new();
        for ((of, uids, is_cut), rows) in asked.iter().zip(rows.map_err(|error| self.problem(&error))?) {
            match rows {
                Ok((validity, rows)) if validity == of.validity => {
                    if *is_cut {
                        around.is_cut = true;
                        let oldest = rows.iter().map(|row| row.received).min();
                        around.back_to = around.back_to.max(oldest.unwrap_or(around.back_to));
                    }
                    new.push((*of, uids.clone(), rows));
                }
                _ => around.is_cut = true,
            }
        }
        self.fetch_new(new, around).await
    }

    async fn fetch_new(
        &self,
        mut new: Vec<(&Found, Vec<u32>, Vec<Summary>)>,
        around: &mut Around,
    ) -> Result<(), Problem> {
        let mut open: Vec<(usize, &Summary, Part)> = Vec::new();
        for (index, (_, _, rows)) in new.iter().enumerate() {
            for row in rows {
                let part = row.structure.as_ref().and_then(|structure| calendars(structure).first().copied());
                let part = part.filter(|part| part.size <= MAX_EACH);
                open.extend(part.map(|part| (index, row, Part { children: Vec::new(), ..part.clone() })));
            }
        }
        open.sort_by_key(|(_, row, _)| std::cmp::Reverse(row.received));
        let mut octets = 0;
        let mut fits = |(_, _, part): &(usize, &Summary, Part)| {
            octets += if part.size == 0 { MAX_EACH } else { part.size };
            octets <= MAX_ALL
        };
        let count = open.iter().take(MAX_FETCHED).take_while(|part| fits(part)).count();
        let left: Vec<(usize, u32, Timestamp)> =
            open.split_off(count).into_iter().map(|(index, row, _)| (index, row.uid, row.received)).collect();
        if let Some((.., newest)) = left.first() {
            (around.is_cut, around.back_to) = (true, around.back_to.max(*newest));
        }
        let mut wanted: Vec<Wanted> = new
            .iter()
            .map(|(of, ..)| Wanted {
                mailbox: of.folder.wire_name.clone(),
                validity: of.validity,
                parts: Vec::new(),
            })
            .collect();
        for (index, row, part) in &open {
            if let Some(wanted) = wanted.get_mut(*index) {
                wanted.parts.push((row.uid, part.path.clone()));
            }
        }
        let asked: Vec<usize> = wanted
            .iter()
            .enumerate()
            .filter(|(_, of)| !of.parts.is_empty())
            .map(|(index, _)| index)
            .collect();
        wanted.retain(|of| !of.parts.is_empty());
        let came = match wanted.first() {
            None => Vec::new(),
            Some(first) => {
                let question = Octets { wanted: &wanted, limit: MAX_EACH };
                let came = self.opened.ask(Some(&first.mailbox), &question).await;
                came.map_err(|error| self.problem(&error))?
            }
        };
        let mut unread = Vec::new();
        let mut failed: HashSet<usize> = HashSet::new();
        for (index, came) in asked.into_iter().zip(came) {
            let Ok(Some(mut came)) = came else {
                around.is_cut = true;
                failed.insert(index);
                continue;
            };
            for (_, row, part) in open.iter().filter(|(of, ..)| *of == index) {
                if let Some(octets) = came.remove(&(row.uid, part.path.clone())) {
                    let is_sent = new.get(index).is_some_and(|(of, ..)| is_sent(&of.folder, row));
                    unread.push((
                        index,
                        row.uid,
                        row.received,
                        row.envelope.from.clone(),
                        is_sent,
                        part.clone(),
                        octets,
                    ));
                }
            }
        }
        let read = move || {
            let read = |(index, uid, received, from, is_sent, part, octets): (
                usize,
                u32,
                Timestamp,
                Vec<Address>,
                bool,
                Part,
                Bytes,
            )| {
                let invite = parts::read(&part, &octets).ok()?;
                let is_invite = invite.events.len() <= MAX_EVENTS && invite.left_out == 0;
                let octets = octets.len().saturating_mul(4);
                let mail = CalendarMail { received, from, is_sent, invite: Arc::new(invite), octets };
                is_invite.then_some((index, uid, mail))
            };
            unread.into_iter().filter_map(read).collect::<Vec<_>>()
        };
        let mut read = self.opened.apart.run("The mail", read).await?;
        for (index, (of, uids, rows)) in new.iter_mut().enumerate() {
            if failed.contains(&index) {
                continue;
            }
            // What was not fetched this time is looked at the next time; what is gone, never again.
            let is_left = |uid: &u32| left.iter().any(|(at, of, _)| *at == index && of == uid);
            let has_gap = |uid: &u32| !rows.iter().any(|row| row.uid == *uid);
            uids.retain(|uid| !is_left(uid) && !has_gap(uid));
            let mails = read.extract_if(.., |(at, ..)| *at == index).map(|(_, uid, mail)| (uid, mail));
            self.opened.agenda.note(&of.folder.wire_name, of.validity, uids, mails.collect());
        }
        Ok(())
    }
}

/// Whether the message stands in Sent, or bears Gmail's label for it.
fn is_sent(folder: &Folder, row: &Summary) -> bool {
    let is_label = |label: &String| label.trim_start_matches('\\').eq_ignore_ascii_case("sent");
    folder.role == Some(Role::Sent)
        || row.gmail.as_ref().is_some_and(|gmail| gmail.labels.iter().any(is_label))
}

/// The messages of several folders that came since a day, newest first, in one flight: UIDVALIDITY, UIDs, and
/// whether the server did not look at all of them.
struct Since<'a> {
    folders: &'a [Bytes],
    day: time::Date,
}

impl Question for Since<'_> {
    type Answer = Vec<Result<(u32, Vec<u32>, bool), Error>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let query = Query::from(Expr::Term(Term::After(Moment { day: self.day, age: None })));
        let criteria = compile(&query, abilities(session, true), UtcOffset::UTC).criteria;
        let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
        let request = || search::request(session, &criteria, false, shape, None);
        // A mailbox that is open already may have new mail that nobody asked about.
        let flight = |name: &Bytes| (name.clone(), vec![command::noop(), request()]);
        let flights = self.folders.iter().map(flight).collect();
        let mut answers = Vec::with_capacity(self.folders.len());
        for opened in fly(session, flights).await {
            let answer = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")))?;
                let found = search::read(&reply, shape)?;
                Ok((selected.validity, found.uids, found.reached.is_some()))
            });
            match answer {
                Err(error) if error.ends_connection() => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }
}

/// What is known of messages without their bodies, over several folders in one flight.
struct Rows<'a>(&'a [(Bytes, Vec<u32>)]);

impl Question for Rows<'_> {
    type Answer = Vec<Result<(u32, Vec<Summary>), Error>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let items: Vec<Item> =
            [Some(Item::STATE), Some(Item::ENVELOPE), Item::thread(session.capabilities())]
                .into_iter()
                .flatten()
                .collect();
        let flight = |(name, uids): &(Bytes, Vec<u32>)| (name.clone(), vec![fetch::items_of(uids, &items)]);
        let flights = self.0.iter().map(flight).collect();
        let mut answers = Vec::with_capacity(self.0.len());
        for opened in fly(session, flights).await {
            let answer = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch")))?;
                let rows = fetch::read(reply).into_iter().filter_map(fetch::summary).collect();
                Ok((selected.validity, rows))
            });
            match answer {
                Err(error) if error.ends_connection() => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }
}
