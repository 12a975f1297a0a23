//! What the folders of one account offer for a page: searched, fetched and filtered in rounds, two
//! flights each, until enough is found or the budget of the call is spent.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use domain::{FolderArg, FolderName, Query, Role, Summary, Timestamp, query::Expr, reading::Attachment};
use mail::{
    Error,
    imap::{
        Question, Session,
        command::{
            fetch,
            search::{self, Found, Order, Shape},
        },
        folder::{Folder, Folders},
        listing,
        reading::{self, Wanted},
        search::{Abilities, Candidate, Cost, Plan, compile, matches},
    },
    mime::{attachments::attachments, render},
};
use tokio::time::Instant;

use crate::{Account, cursor::At, merge::Offer};

/// UIDs a costly search looks at in one go, newest first (mail.md).
const WINDOW: u32 = 5_000;

/// Rows fetched at a time when we filter ourselves.
const BATCH: usize = 100;

/// What a call may spend on filtering here (contract 6).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) deadline: Instant,
    pub(crate) candidates: usize,
}

/// One folder to look in, from where the page before left it.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) folder: Folder,
    /// UIDVALIDITY as the cursor knows it.
    pub(crate) validity: Option<u32>,
    pub(crate) at: At,
}

/// What one folder gave.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) folder: Folder,
    pub(crate) validity: u32,
    pub(crate) offer: Offer,
    pub(crate) total: u64,
    pub(crate) is_exact: bool,
    /// Whether it is ordered as filed although the time received was wanted.
    pub(crate) is_filed: bool,
    /// How far back it was looked, where that is not all the way.
    pub(crate) back_to: Option<Timestamp>,
}

/// Why a folder gave nothing.
#[derive(Debug)]
pub(crate) enum Missing {
    /// Its UIDVALIDITY changed since the cursor was made.
    Stale,
    /// The server's answer.
    Mail(Error),
}

/// What is looked for.
pub(crate) struct Search<'a> {
    pub(crate) account: &'a Account,
    pub(crate) query: &'a Query,
    pub(crate) tasks: &'a [Task],
    pub(crate) limit: usize,
    pub(crate) budget: Budget,
    /// Whether the server must not be sent anything but ASCII.
    pub(crate) ascii_only: bool,
}

/// A folder while the rounds go on.
struct Progress {
    task: Task,
    /// What agents may call the folder.
    names: Vec<FolderName>,
    order: Order,
    is_filed: bool,
    validity: u32,
    rows: Vec<(Arc<Summary>, At)>,
    /// UIDs found and not fetched yet, in order.
    pending: VecDeque<u32>,
    /// The place behind everything looked at.
    at: At,
    /// No UID from here up is searched for any more, where windows are used.
    searched_to: Option<u32>,
    is_searched: bool,
    matched: u64,
    counted: u64,
    oldest: Option<Timestamp>,
    failure: Option<Missing>,
}

pub(crate) type Outcome = (Folder, Result<Given, Missing>);

impl Question for Search<'_> {
    type Answer = Vec<Outcome>;

    async fn ask(&self, session: &mut Session) -> Result<Vec<Outcome>, Error> {
        self.run(session, self.tasks).await
    }
}

impl Search<'_> {
    /// What each folder offers. An error is one that concerns the connection, not a folder.
    async fn run(&self, session: &mut Session, tasks: &[Task]) -> Result<Vec<Outcome>, Error> {
        if let ([task], true) = (tasks, self.query.is_empty())
            && order(session, &task.folder).0 == Order::Filed
            && !matches!(task.at, At::Below(_))
        {
            let given = self.list(session, task).await?;
            return Ok(vec![(task.folder.clone(), given)]);
        }
        let mut progress: Vec<Progress> = tasks.iter().map(|task| Progress::new(session, task)).collect();
        let mut candidates = self.budget.candidates;
        let plan = self.plan(session);
        loop {
            self.search_round(session, &mut progress, &plan).await?;
            let fetched = self.fetch_round(session, &mut progress, &plan).await?;
            candidates = candidates.saturating_sub(fetched);
            let is_done = progress.iter().all(|folder| !folder.wants_more(self.limit));
            let is_spent = candidates == 0 || Instant::now() >= self.budget.deadline;
            if is_done || is_spent {
                break;
            }
        }
        let is_filtered = self.account.nothing_before.is_some() || plan.residual.is_some();
        Ok(progress.into_iter().map(|folder| folder.finish(is_filtered)).collect())
    }

    /// The newest rows of one folder by sequence number.
    async fn list(&self, session: &mut Session, task: &Task) -> Result<Result<Given, Missing>, Error> {
        let count = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let name = &task.folder.wire_name;
        let rows = match task.at {
            At::Listed(sequence, uid) => listing::older(session, name, sequence, uid, count).await,
            _ => listing::newest(session, name, count).await,
        };
        let rows = match rows {
            Ok(rows) => rows,
            Err(error @ Error::Refused { .. }) => return Ok(Err(Missing::Mail(error))),
            Err(error) => return Err(error),
        };
        let validity = rows.selected.validity;
        if task.validity.is_some_and(|known| known != validity) {
            return Ok(Err(Missing::Stale));
        }
        let before = self.account.nothing_before;
        let count = rows.rows.len();
        let end = rows.rows.last().map_or(At::Nothing, |(sequence, row)| At::Listed(*sequence, row.uid));
        let kept: Vec<(Arc<Summary>, At)> = rows
            .rows
            .into_iter()
            .filter(|(_, row)| before.is_none_or(|before| row.received >= before))
            .map(|(sequence, row)| (At::Listed(sequence, row.uid), Arc::new(row)))
            .map(|(at, row)| (row, at))
            .collect();
        let is_exhausted = rows.is_last || kept.len() < count;
        Ok(Ok(Given {
            folder: task.folder.clone(),
            validity,
            total: if before.is_some() && is_exhausted { kept.len() as u64 } else { rows.total.into() },
            is_exact: before.is_none(),
            is_filed: order(session, &task.folder).1,
            back_to: None,
            offer: Offer { rows: kept, is_exhausted, end, start: task.at },
        }))
    }

    fn plan(&self, session: &Session) -> Plan {
        let abilities = Abilities {
            utf8: !self.ascii_only && !session.quirks().searches_only_ascii,
            text_search: !session.quirks().finds_no_text,
            gmail: session.capabilities().has("X-GM-EXT-1"),
        };
        compile(self.query, abilities, time::UtcOffset::UTC)
    }

    /// Asks every folder that needs more UIDs for them, in one flight.
    async fn search_round(
        &self,
        session: &mut Session,
        folders: &mut [Progress],
        plan: &Plan,
    ) -> Result<(), Error> {
        let is_costly = plan.cost == Cost::Costly;
        let page = u32::try_from(if is_costly { BATCH } else { self.limit }).unwrap_or(u32::MAX);
        let (criteria, utf8) = (&plan.criteria, plan.charset.is_some());
        let mut asked = Vec::new();
        let mut flights = Vec::new();
        for (index, folder) in folders.iter_mut().enumerate() {
            if !folder.needs_search(self.limit) {
                continue;
            }
            let (shape, window) = folder.ask(session, is_costly, page);
            flights.push((
                folder.task.folder.wire_name.clone(),
                vec![search::request(session, criteria, utf8, shape, window)],
            ));
            asked.push((index, shape, window));
        }
        for ((index, shape, window), opened) in asked.into_iter().zip(fly(session, flights).await) {
            let Some(folder) = folders.get_mut(index) else { continue };
            let found = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")));
                Ok((selected, search::read(&reply?, shape)?))
            });
            match found {
                Ok((selected, found)) => folder.take(&selected, found, shape, window),
                Err(error) if error.ends_connection() || error.is_bad_charset() => return Err(error),
                Err(error) => folder.failure = Some(Missing::Mail(error)),
            }
        }
        Ok(())
    }

    /// Fetches the rows of what was found, in one flight, and filters them. Gives how many were fetched.
    async fn fetch_round(
        &self,
        session: &mut Session,
        folders: &mut [Progress],
        plan: &Plan,
    ) -> Result<usize, Error> {
        let residual = plan.residual.as_ref();
        let is_sifted = residual.is_some() && plan.cost == Cost::Costly;
        let mut asked = Vec::new();
        let mut flights = Vec::new();
        for (index, folder) in folders.iter_mut().enumerate() {
            let missing = self.limit.saturating_sub(folder.rows.len());
            let count = if is_sifted && missing > 0 { BATCH } else { missing };
            let uids: Vec<u32> = folder.pending.drain(..count.min(folder.pending.len())).collect();
            if uids.is_empty() || folder.failure.is_some() {
                continue;
            }
            let request = fetch::rows_of(session.capabilities(), &uids);
            flights.push((folder.task.folder.wire_name.clone(), vec![request]));
            asked.push((index, uids));
        }
        let mut fetched = 0;
        let replies = fly(session, flights).await;
        for ((index, uids), opened) in asked.into_iter().zip(replies) {
            let Some(folder) = folders.get_mut(index) else { continue };
            let rows = opened.and_then(|(_, mut replies)| {
                replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch"))).map(fetch::read)
            });
            let mut rows: Vec<Arc<Summary>> = match rows {
                Ok(rows) => rows.into_iter().filter_map(fetch::summary).map(Arc::new).collect(),
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    folder.failure = Some(Missing::Mail(error));
                    continue;
                }
            };
            fetched += rows.len();
            let bodies = match residual {
                Some(residual) => self.bodies(session, folder, residual, &rows).await?,
                None => Vec::new(),
            };
            rows.sort_by_key(|row| uids.iter().position(|uid| *uid == row.uid));
            for uid in uids {
                // One that vanished meanwhile is passed over.
                let Some(row) = rows.iter().find(|row| row.uid == uid) else { continue };
                folder.pass(row);
                let body = bodies.iter().find(|(of, _)| *of == uid).map(|(_, body)| body.as_str());
                if self.accepts(folder, residual, row, body) {
                    let at = folder.at;
                    folder.matched += 1;
                    folder.rows.push((Arc::clone(row), at));
                }
            }
        }
        Ok(fetched)
    }

    fn accepts(&self, folder: &Progress, residual: Option<&Expr>, row: &Summary, body: Option<&str>) -> bool {
        if self.account.nothing_before.is_some_and(|before| row.received < before) {
            return false;
        }
        residual.is_none_or(|residual| self.matches(residual, folder, row, body) == Some(true))
    }

    fn matches(&self, residual: &Expr, folder: &Progress, row: &Summary, body: Option<&str>) -> Option<bool> {
        let attachments: Option<Vec<Attachment>> = row.structure.as_ref().map(attachments);
        let candidate = Candidate {
            summary: row,
            body,
            attachments: attachments.as_deref(),
            account: &self.account.name,
            folder_names: &folder.names,
            role: folder.task.folder.role,
            zone: time::UtcOffset::UTC,
        };
        matches(residual, &candidate)
    }

    /// The text of those rows about which nothing can be said without it.
    async fn bodies(
        &self,
        session: &mut Session,
        folder: &Progress,
        residual: &Expr,
        rows: &[Arc<Summary>],
    ) -> Result<Vec<(u32, String)>, Error> {
        let undecided = |row: &&Arc<Summary>| self.matches(residual, folder, row, None).is_none();
        let wanted: Vec<Wanted> = rows
            .iter()
            .filter(undecided)
            .map(|row| Wanted { uid: row.uid, known: Some(Arc::clone(row)) })
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let name = &folder.task.folder.wire_name;
        let sources = reading::sources(session, name, folder.validity, &wanted).await?.unwrap_or_default();
        let body = |source: &reading::Source| {
            let parts: Vec<_> = source.texts.iter().map(|(part, data)| (part.clone(), &data[..])).collect();
            render::render(&parts, render::Options { full: true, ..render::Options::default() }).readable.text
        };
        Ok(sources.iter().map(|(uid, source)| (*uid, body(source))).collect())
    }
}

type Opened = Result<(mail::imap::session::Selected, Vec<Result<mail::imap::Reply, Error>>), Error>;

/// One flight over one folder (which may be open already) or many.
async fn fly(session: &mut Session, mut flights: Vec<(Bytes, Vec<mail::imap::Request>)>) -> Vec<Opened> {
    if flights.len() == 1
        && let Some((name, requests)) = flights.pop()
    {
        return vec![session.examine(&name, requests).await];
    }
    session.examine_each(flights).await
}

/// The order a folder is listed in, and whether that is a makeshift.
fn order(session: &Session, folder: &Folder) -> (Order, bool) {
    match folder.role {
        Some(Role::Inbox | Role::Junk) => (Order::Filed, false),
        _ if session.capabilities().has("SORT") => (Order::Received, false),
        _ => (Order::Filed, true),
    }
}

impl Progress {
    fn new(session: &Session, task: &Task) -> Self {
        let (order, is_filed) = order(session, &task.folder);
        Self {
            names: vec![task.folder.name.clone()],
            order,
            is_filed,
            validity: task.validity.unwrap_or(0),
            rows: Vec::new(),
            pending: VecDeque::new(),
            at: match task.at {
                At::Listed(_, uid) => At::Below(uid),
                ref at => *at,
            },
            searched_to: None,
            is_searched: false,
            matched: 0,
            counted: 0,
            oldest: None,
            failure: None,
            task: task.clone(),
        }
    }

    fn needs_search(&self, limit: usize) -> bool {
        self.wants_more(limit) && self.pending.is_empty()
    }

    fn wants_more(&self, limit: usize) -> bool {
        self.failure.is_none() && self.rows.len() < limit && !(self.is_searched && self.pending.is_empty())
    }

    /// How the next UIDs are asked for, and between which.
    fn ask(&mut self, session: &Session, is_costly: bool, page: u32) -> (Shape, Option<(u32, u32)>) {
        let newest = self.task.folder.uid_next;
        if is_costly && newest.is_some_and(|next| next > WINDOW) || self.searched_to.is_some() {
            self.order = Order::Filed;
            let high = match (self.searched_to, &self.at) {
                (Some(to), _) => to.saturating_sub(1),
                (None, At::Below(uid)) => uid.saturating_sub(1),
                (None, _) => u32::MAX,
            };
            let top = high.min(newest.unwrap_or(u32::MAX));
            let low = top.saturating_sub(WINDOW - 1).max(1);
            let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
            return (shape, Some((low, high)));
        }
        match self.at {
            At::Sorted(offset, _, bound) => {
                let from = offset.saturating_sub(OVERLAP) + 1;
                (
                    Shape::choose(session, Order::Received, from, offset + page),
                    Some((1, bound.saturating_sub(1))),
                )
            }
            At::Below(uid) => {
                self.order = Order::Filed;
                (Shape::choose(session, Order::Filed, 1, page), Some((1, uid.saturating_sub(1))))
            }
            _ => (Shape::choose(session, self.order, 1, page), None),
        }
    }

    fn take(
        &mut self,
        selected: &mail::imap::session::Selected,
        found: Found,
        shape: Shape,
        window: Option<(u32, u32)>,
    ) {
        if self.task.validity.is_some_and(|known| known != selected.validity) {
            self.failure = Some(Missing::Stale);
            return;
        }
        self.validity = selected.validity;
        let is_sorted = matches!(shape, Shape::SortedPage(..) | Shape::Sorted);
        if is_sorted {
            self.take_sorted(selected, found, shape);
            return;
        }
        let (low, high) = window.unwrap_or((1, u32::MAX));
        let is_windowed = low > 1 || self.searched_to.is_some();
        self.counted += u64::from(found.total);
        self.pending = found.uids.into_iter().filter(|uid| (low..=high).contains(uid)).collect();
        let has_all = !matches!(shape, Shape::Tail(_)) || found.total as usize <= self.pending.len();
        if is_windowed {
            self.searched_to = Some(low);
            self.is_searched = low <= 1;
            if self.pending.is_empty() {
                self.at = At::Below(low);
            }
        } else {
            self.is_searched = has_all;
            if !has_all {
                self.counted = found.total.into();
            }
        }
    }

    fn take_sorted(&mut self, selected: &mail::imap::session::Selected, found: Found, shape: Shape) {
        let (offset, last, bound) = match self.at {
            At::Sorted(offset, last, bound) => (offset, Some(last), bound),
            _ => (0, None, selected.uid_next.unwrap_or(u32::MAX)),
        };
        let asked_from = match shape {
            Shape::SortedPage(from, _) => from - 1,
            _ => 0,
        };
        // Messages that were expunged since moved the rest up, so the last row is looked for first.
        let after_last =
            last.and_then(|last| found.uids.iter().position(|uid| *uid == last)).map(|at| at + 1);
        let skip = after_last.unwrap_or(offset.saturating_sub(asked_from) as usize);
        let returned = u32::try_from(found.uids.len()).unwrap_or(u32::MAX);
        self.pending = found.uids.into_iter().skip(skip).collect();
        let begins = asked_from + u32::try_from(skip).unwrap_or(0);
        self.at = At::Sorted(begins, last.unwrap_or(0), bound);
        self.counted = found.total.into();
        self.is_searched = self.pending.is_empty() || asked_from + returned >= found.total;
    }

    /// Notes that a row was looked at.
    fn pass(&mut self, row: &Summary) {
        self.oldest = Some(self.oldest.map_or(row.received, |oldest| oldest.min(row.received)));
        self.at = match self.at {
            At::Sorted(offset, _, bound) => At::Sorted(offset + 1, row.uid, bound),
            _ => At::Below(row.uid),
        };
    }

    /// `is_filtered`: whether the server's count says little, since we drop some of what it found.
    fn finish(self, is_filtered: bool) -> Outcome {
        let folder = self.task.folder;
        if let Some(failure) = self.failure {
            return (folder, Err(failure));
        }
        let is_exhausted = self.is_searched && self.pending.is_empty();
        let is_whole = self.searched_to.is_none_or(|to| to <= 1);
        let total = if is_filtered { self.matched } else { self.counted };
        let given = Given {
            validity: self.validity,
            total,
            is_exact: is_whole && (!is_filtered || is_exhausted),
            is_filed: self.is_filed,
            back_to: (!is_exhausted && (is_filtered || !is_whole)).then_some(self.oldest).flatten(),
            offer: Offer { rows: self.rows, is_exhausted, end: self.at, start: self.task.at },
            folder: folder.clone(),
        };
        (folder, Ok(given))
    }
}

/// How many rows before the place are asked again, to find it after deletions.
const OVERLAP: u32 = 10;

/// The folders a search looks in when none is named: all but Trash and Junk; on Gmail, All Mail.
pub(crate) fn default_folders(folders: &Folders) -> Vec<&Folder> {
    let all_mail = folders.all.iter().find(|folder| folder.role == Some(Role::All) && folder.is_selectable);
    if let Some(all_mail) = all_mail.filter(|_| folders.is_gmail) {
        return vec![all_mail];
    }
    let wanted = |folder: &&Folder| {
        folder.is_selectable
            && !matches!(folder.role, Some(Role::Trash | Role::Junk | Role::All | Role::Flagged))
    };
    folders.all.iter().filter(wanted).collect()
}

/// The name of a folder with its account, as coverage tells it.
pub(crate) fn full_name(account: &Account, folder: &FolderArg) -> String {
    format!("{}/{folder}", account.name)
}
