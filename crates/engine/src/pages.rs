//! What the folders of one account offer for a page: searched, fetched and filtered in rounds, two
//! flights each, until enough is found or the budget of the call is spent.

mod progress;
mod resume;

use std::sync::Arc;

use bytes::Bytes;
use domain::{FolderArg, Query, Role, Summary, Timestamp, query::Expr, reading::Attachment};
use mail::{
    Error,
    imap::{
        Question, Session,
        command::{
            self, fetch,
            search::{self, Order, Shape},
        },
        folder::Folder,
        listing,
        reading::{self, Wanted},
        search::{Abilities, Candidate, Cost, Plan, compile, matches},
    },
    mime::{attachments::attachments, render, text_parts::text_plan},
};
use tokio::time::Instant;

use self::progress::Progress;
pub(crate) use self::progress::seconds;
use crate::{Account, Bounds, cursor::At, merge::Offer};

/// How often a search is asked again because mail arrived while it ran.
const TRIES: usize = 3;

/// How much larger the next window of a costly search is, if the last one took little of the time left.
const GROWTH: u32 = 4;

/// Octets of text fetched at a time where we look into bodies ourselves.
const TEXTS: u64 = 8 << 20;

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
    /// Whether rows are missing that the server told in a way that nobody can read.
    pub(crate) has_gaps: bool,
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
    /// The query, with what the grant's age limit adds to it.
    pub(crate) query: &'a Query,
    pub(crate) tasks: &'a [Task],
    pub(crate) limit: usize,
    pub(crate) budget: Budget,
    pub(crate) bounds: Bounds,
    /// Whether the server must not be sent anything but ASCII.
    pub(crate) ascii_only: bool,
    /// Whether rows that are remembered serve, flags and all, which saves fetching them again.
    pub(crate) recalls: bool,
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
            && order(session, &task.folder) == Order::Filed
            && matches!(task.at, At::Nothing | At::Listed(..))
        {
            let given = self.list(session, task).await?;
            return Ok(vec![(task.folder.clone(), given)]);
        }
        let mut progress: Vec<Progress> = tasks.iter().map(|task| Progress::new(session, task)).collect();
        let mut candidates = self.budget.candidates;
        let plan = self.plan(session);
        let mut window = self.bounds.window;
        loop {
            let begun = Instant::now();
            let before: Vec<_> = progress.iter().map(Progress::mark).collect();
            self.search_round(session, &mut progress, &plan, window).await?;
            let fetched = self.fetch_round(session, &mut progress, &plan).await?;
            candidates = candidates.saturating_sub(fetched);
            let is_done = progress.iter().all(|folder| !folder.wants_more(self.limit));
            let is_spent = candidates == 0 || Instant::now() >= self.budget.deadline;
            // A server that finds what it then does not have would keep us here.
            let is_stuck = before.into_iter().eq(progress.iter().map(Progress::mark));
            if is_done || is_spent || is_stuck {
                break;
            }
            // While the server is quick, each window is a larger part of a large folder.
            if begun.elapsed() * 2 * GROWTH < self.budget.deadline.saturating_duration_since(Instant::now()) {
                window = window.saturating_mul(GROWTH);
            }
        }
        for folder in &mut progress {
            if folder.wants_more(self.limit) && folder.oldest.is_none() {
                folder.oldest = self.received_at(session, folder).await?;
            }
        }
        let is_filtered = self.account.nothing_before.is_some() || plan.residual.is_some();
        Ok(progress.into_iter().map(|folder| folder.finish(is_filtered, self.limit)).collect())
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
            Err(error) if error.ends_connection() => return Err(error),
            Err(error) => return Ok(Err(Missing::Mail(error))),
        };
        let validity = rows.selected.validity;
        if task.validity.is_some_and(|known| known != validity) {
            return Ok(Err(Missing::Stale));
        }
        let rows_and_places = rows.rows.into_iter().map(|(sequence, row)| {
            let at = At::Listed(sequence, row.uid);
            (Arc::new(row), at)
        });
        let offered: Vec<(Arc<Summary>, At)> = rows_and_places.collect();
        let end = offered.last().map_or(task.at, |(_, at)| *at);
        Ok(Ok(Given {
            folder: task.folder.clone(),
            validity,
            total: rows.total.into(),
            is_exact: !rows.has_gaps,
            is_filed: is_makeshift(Order::Filed, &task.folder) && !offered.is_empty(),
            back_to: None,
            has_gaps: rows.has_gaps,
            offer: Offer {
                account: 0,
                floor: offered.iter().map(|(row, _)| row.received).min(),
                rows: offered,
                is_exhausted: rows.is_last,
                end,
                start: task.at,
            },
        }))
    }

    fn plan(&self, session: &Session) -> Plan {
        compile(self.query, abilities(session, self.ascii_only), time::UtcOffset::UTC)
    }

    /// Asks every folder that needs more UIDs for them, in one flight; once more where mail arrived
    /// meanwhile, since a server searches the mailbox as it stood when the command came.
    async fn search_round(
        &self,
        session: &mut Session,
        folders: &mut [Progress],
        plan: &Plan,
        window: u32,
    ) -> Result<(), Error> {
        let is_costly = plan.cost == Cost::Costly;
        let is_sifted = is_costly && plan.residual.is_some();
        let page = u32::try_from(if is_sifted { self.bounds.batch } else { self.limit }).unwrap_or(u32::MAX);
        // A server that looks at so many messages only (Yahoo) is asked about so many at a time.
        let at_most = session.quirks().message_limit;
        let window = at_most.map_or(window, |limit| limit.min(window));
        let is_costly = is_costly || at_most.is_some();
        let (criteria, utf8) = (&plan.criteria, plan.charset.is_some());
        let mut asked = Vec::new();
        let mut flights = Vec::new();
        for (index, folder) in folders.iter_mut().enumerate() {
            if !folder.needs_search(self.limit) {
                continue;
            }
            let Some((shape, window)) = folder.ask(session, is_costly, page, window) else {
                continue;
            };
            let mut requests = vec![search::request(session, criteria, utf8, shape, window)];
            // Where the folder is open already, its UIDNEXT may be old.
            let open = session.selected().filter(|selected| selected.name == folder.task.folder.wire_name);
            if let Some(next) = open.and_then(|selected| selected.uid_next).filter(|_| is_sort(shape)) {
                requests.insert(0, fetch::uids_from(next));
            }
            if open.is_some() {
                // Courier searches an open mailbox as it stood when it last told what is new.
                requests.insert(0, command::noop());
            }
            flights.push((folder.task.folder.wire_name.clone(), requests));
            asked.push((index, shape, window));
        }
        let opened = fly_until_told(session, flights).await;
        let mut lost = Vec::new();
        for ((index, shape, window), opened) in asked.into_iter().zip(opened) {
            let Some(folder) = folders.get_mut(index) else { continue };
            let found = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")));
                let newest = replies.pop().and_then(Result::ok).map(fetch::read).unwrap_or_default();
                let newest = newest.iter().filter_map(|fetch| fetch.uid).max();
                Ok((selected, newest, search::read(&reply?, shape)?))
            });
            match found {
                Ok((selected, newest, found)) => folder.take(&selected, newest, found, shape, window),
                Err(error) if error.ends_connection() || error.is_bad_charset() => return Err(error),
                Err(error) => folder.failure = Some(Missing::Mail(error)),
            }
            if folder.is_lost {
                lost.push(index);
            }
        }
        for index in lost {
            let Some(folder) = folders.get_mut(index) else { continue };
            match self.find_place(session, folder, plan, page).await {
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => folder.failure = Some(Missing::Mail(error)),
                Ok(()) => {}
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
        let remembered = &self.account.opened;
        let at_most = session.quirks().message_limit.and_then(|limit| usize::try_from(limit).ok());
        let mut asked = Vec::new();
        let mut flights = Vec::new();
        for (index, folder) in folders.iter_mut().enumerate() {
            let missing = self.limit.saturating_sub(folder.rows.len());
            let count = if is_sifted && missing > 0 { self.bounds.batch.max(1) } else { missing };
            if folder.failure.is_some() {
                continue;
            }
            // Beyond what such a server looks at, messages would seem to have vanished.
            let count = at_most.map_or(count, |limit| count.min(limit));
            let uids: Vec<u32> = folder.pending.drain(..count.min(folder.pending.len())).collect();
            if uids.is_empty() {
                continue;
            }
            let name = &folder.task.folder.wire_name;
            let recall = |uid: &u32| remembered.recall(name, folder.validity, *uid);
            let recalled: Vec<Arc<Summary>> =
                if self.recalls { uids.iter().filter_map(recall).collect() } else { Vec::new() };
            let is_known = |uid: &u32| recalled.iter().any(|row| row.uid == *uid);
            let unknown: Vec<u32> = uids.iter().copied().filter(|uid| !is_known(uid)).collect();
            if !unknown.is_empty() {
                flights.push((name.clone(), vec![fetch::rows_of(session.capabilities(), &unknown)]));
            }
            asked.push((index, uids, recalled, !unknown.is_empty()));
        }
        let mut fetched = 0;
        let mut replies =
            if flights.is_empty() { Vec::new() } else { fly(session, flights).await }.into_iter();
        for (index, uids, recalled, is_asked) in asked {
            let reply = if is_asked { replies.next() } else { None };
            let Some(folder) = folders.get_mut(index) else { continue };
            let rows: Result<_, Error> = reply.map_or(Ok((folder.validity, Vec::new(), false)), |opened| {
                let (selected, mut replies) = opened?;
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch")))?;
                let has_gaps = reply.has_gaps;
                Ok((selected.validity, fetch::read(reply), has_gaps))
            });
            let (rows, has_gaps): (Vec<Arc<Summary>>, bool) = match rows {
                // Rebuilt between the two flights: the UIDs mean other messages now.
                Ok((validity, ..)) if validity != folder.validity => {
                    folder.failure = Some(Missing::Stale);
                    continue;
                }
                Ok((_, rows, has_gaps)) => {
                    let rows = rows.into_iter().filter_map(fetch::summary).map(Arc::new);
                    (recalled.into_iter().chain(rows).collect(), has_gaps)
                }
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    folder.failure = Some(Missing::Mail(error));
                    continue;
                }
            };
            fetched += rows.len();
            let bodies = match residual {
                Some(residual) => self.bodies(session, folder, residual, &rows).await,
                None => Ok(Vec::new()),
            };
            let bodies = match bodies {
                Ok(bodies) => bodies,
                Err(error) if error.ends_connection() => return Err(error),
                Err(error) => {
                    folder.failure = Some(Missing::Mail(error));
                    continue;
                }
            };
            for uid in uids {
                let Some(row) = rows.iter().find(|row| row.uid == uid) else {
                    folder.has_gaps |= has_gaps;
                    folder.pass_vanished(uid);
                    continue;
                };
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

    /// About when the place was received that a search got to without finding anything.
    async fn received_at(
        &self,
        session: &mut Session,
        folder: &Progress,
    ) -> Result<Option<Timestamp>, Error> {
        let At::Below(low) = folder.at else { return Ok(None) };
        let name = &folder.task.folder.wire_name;
        let window = Some((low, low.saturating_add(self.bounds.window)));
        let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
        let request = search::request(session, &[], false, shape, window);
        let reply = session.examine(name, vec![request]).await.map(|(_, mut replies)| replies.pop());
        let Ok(Some(Ok(reply))) = reply else { return Ok(None) };
        let Some(uid) = search::read(&reply, shape)?.uids.into_iter().filter(|uid| *uid >= low).min() else {
            return Ok(None);
        };
        Ok(self.row_of(session, folder, uid).await?.map(|row| row.received))
    }

    /// The row of one message; nothing if it is gone.
    async fn row_of(
        &self,
        session: &mut Session,
        folder: &Progress,
        uid: u32,
    ) -> Result<Option<Summary>, Error> {
        let request = fetch::rows_of(session.capabilities(), &[uid]);
        let (_, mut replies) = session.examine(&folder.task.folder.wire_name, vec![request]).await?;
        let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch")))?;
        Ok(fetch::read(reply).into_iter().filter_map(fetch::summary).find(|row| row.uid == uid))
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

    /// The text of those rows about which nothing can be said without it, fetched a few megabytes at a
    /// time. What the budget's time does not reach stays without.
    async fn bodies(
        &self,
        session: &mut Session,
        folder: &Progress,
        residual: &Expr,
        rows: &[Arc<Summary>],
    ) -> Result<Vec<(u32, String)>, Error> {
        let undecided = |row: &&Arc<Summary>| self.matches(residual, folder, row, None).is_none();
        let name = &folder.task.folder.wire_name;
        let body = |source: &reading::Source| {
            let parts: Vec<_> = source.texts.iter().map(|(part, data)| (part.clone(), &data[..])).collect();
            render::render(&parts, render::Options { full: true, ..render::Options::default() }).readable.text
        };
        let mut found = Vec::new();
        let mut rows = rows.iter().filter(undecided).peekable();
        while rows.peek().is_some() {
            let mut wanted = Vec::new();
            let mut octets = 0;
            while let Some(row) = rows.next_if(|row| wanted.is_empty() || octets + text_size(row) <= TEXTS) {
                octets += text_size(row);
                wanted.push(Wanted { uid: row.uid, known: Some(Arc::clone(row)) });
            }
            let sources = reading::sources(session, name, folder.validity, &wanted).await?;
            found.extend(sources.unwrap_or_default().iter().map(|(uid, source)| (*uid, body(source))));
        }
        Ok(found)
    }
}

/// Octets of a message's text that reading it fetches.
pub(crate) fn text_size(row: &Summary) -> u64 {
    let sum =
        |structure| text_plan(structure).parts.iter().map(|part| part.size.min(reading::TEXT_LIMIT)).sum();
    row.structure.as_ref().map_or(row.size.min(reading::TEXT_LIMIT), sum)
}

type Opened = Result<(mail::imap::session::Selected, Vec<Result<mail::imap::Reply, Error>>), Error>;

/// What the search of the session's server can do; in ASCII alone where it refused more.
pub(crate) fn abilities(session: &Session, ascii_only: bool) -> Abilities {
    Abilities {
        utf8: !ascii_only && !session.quirks().searches_only_ascii,
        text_search: !session.quirks().finds_no_text,
        gmail: session.capabilities().has("X-GM-EXT-1"),
    }
}

/// One flight over one folder (which may be open already) or many.
pub(crate) async fn fly(
    session: &mut Session,
    mut flights: Vec<(Bytes, Vec<mail::imap::Request>)>,
) -> Vec<Opened> {
    if flights.len() == 1
        && let Some((name, requests)) = flights.pop()
    {
        return vec![session.examine(&name, requests).await];
    }
    session.examine_each(flights).await
}

/// The same, once more if the server told meanwhile that there are more messages: what came in one flight with
/// the question is often told only after the answer.
pub(crate) async fn fly_until_told(
    session: &mut Session,
    flights: Vec<(Bytes, Vec<mail::imap::Request>)>,
) -> Vec<Opened> {
    let mut opened = Vec::new();
    for _ in 0..TRIES {
        let is_open = |name: &Bytes| session.selected().is_some_and(|selected| selected.name == *name);
        let known = match flights.as_slice() {
            [(name, _)] if is_open(name) => Some(session.exists()),
            _ => None,
        };
        opened = fly(session, flights.clone()).await;
        if known.is_none_or(|known| session.exists() <= known) {
            break;
        }
    }
    opened
}

/// The order a folder is listed in.
fn order(session: &Session, folder: &Folder) -> Order {
    match folder.role {
        Some(Role::Inbox | Role::Junk) => Order::Filed,
        _ if session.capabilities().has("SORT") => Order::Received,
        _ => Order::Filed,
    }
}

/// Whether a folder in that order is not in the order that was wanted: mail gets into INBOX and Junk
/// as it is received, into other folders by being moved there.
fn is_makeshift(order: Order, folder: &Folder) -> bool {
    order == Order::Filed && !matches!(folder.role, Some(Role::Inbox | Role::Junk))
}

fn is_sort(shape: Shape) -> bool {
    matches!(shape, Shape::SortedPage(..) | Shape::Sorted)
}

/// The name of a folder with its account, as coverage tells it.
pub(crate) fn full_name(account: &Account, folder: &FolderArg) -> String {
    format!("{}/{folder}", account.name)
}
