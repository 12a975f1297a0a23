//! All messages that a query finds, not a page of them: their UIDs, and in words what the search could not
//! cover.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use domain::{
    Code, FolderArg, Principal, Problem, Query, Role, Scope, Summary, Timestamp,
    query::{Expr, Term},
};
use mail::{
    Error,
    imap::{
        Question, Session,
        command::{
            noop,
            search::{self, Shape},
        },
        folder::Folder,
        search::{Candidate, compile, matches},
    },
};
use time::UtcOffset;
use tokio::time::Instant;

use super::{
    MOST, Meant,
    chosen::{Chosen, Lot, SAMPLE},
    look::{Dates, Of},
};
use crate::{
    Account, Engine,
    cursor::At,
    pages::{Budget, Task, abilities, fly_until_told, full_name},
    search::{
        Failure, SearchRequest, ask, ask_in_any_charset, missing_problem,
        plan::{Plan, reach},
    },
};

/// What the server finds by itself in each folder, or with what is known of each message without reading
/// it. Nothing where more than that must be looked at.
pub(super) struct Finding<'a> {
    pub(super) query: &'a Query,
    pub(super) tasks: &'a [Task],
    pub(super) ascii_only: bool,
    /// Whether a part will do, where the server looks at so many messages only.
    pub(super) takes_part: bool,
}

/// What it found in a folder.
pub(super) struct Found {
    validity: u32,
    /// Ascending.
    uids: Vec<u32>,
    /// Whether it looked at all of it.
    is_whole: bool,
}

/// Of each folder; and which days it must be checked for.
type Answer = Option<(Vec<Result<Found, Error>>, Option<Expr>)>;

impl Question for Finding<'_> {
    type Answer = Answer;

    async fn ask(&self, session: &mut Session) -> Result<Answer, Error> {
        let plan = compile(self.query, abilities(session, self.ascii_only), UtcOffset::UTC);
        // A server that looks at so many messages only is asked in windows.
        let is_limited = session.quirks().message_limit.is_some() && !self.takes_part;
        if is_limited || !plan.residual.as_ref().is_none_or(is_of_days) {
            return Ok(None);
        }
        let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
        let open = session.selected().map(|selected| selected.name.clone());
        if open.is_some_and(|open| self.tasks.iter().any(|task| task.folder.wire_name == open)) {
            // In a flight of its own: a search behind it may still see what others took away.
            session.run_one(noop()).await?;
        }
        let flight = |task: &Task| {
            let search = search::request(session, &plan.criteria, plan.charset.is_some(), shape, None);
            (task.folder.wire_name.clone(), vec![search])
        };
        let flights = self.tasks.iter().map(flight).collect();
        let mut found = Vec::with_capacity(self.tasks.len());
        for opened in fly_until_told(session, flights).await {
            let one = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")))?;
                let found = search::read(&reply, shape)?;
                let mut uids = found.uids;
                uids.sort_unstable();
                let is_whole = found.reached.is_none() && !reply.has_gaps;
                Ok(Found { validity: selected.validity, uids, is_whole })
            });
            match one {
                Err(error) if error.ends_connection() || error.is_bad_charset() => return Err(error),
                one => found.push(one),
            }
        }
        Ok(Some((found, plan.residual)))
    }
}

/// Whether only the time received decides it.
fn is_of_days(residual: &Expr) -> bool {
    let query = Query::from(residual.clone());
    query.terms().iter().all(|(term, _)| matches!(term, Term::After(_) | Term::Before(_) | Term::On(_)))
}

impl Engine {
    /// All messages that the query finds.
    pub(super) async fn find_all(
        &self,
        principal: &Principal,
        text: &str,
        meant: &Meant,
    ) -> Result<Chosen, Problem> {
        if !principal.may(Scope::Search) {
            return Err(Problem::new(Code::ScopeMissing, "Finding messages by a query needs `mail:search`.")
                .hint("Name them by `ids`, or ask the person for `mail:search`."));
        }
        let mut request = SearchRequest {
            query: text.to_owned(),
            account: meant.account.clone(),
            folder: meant.folder.clone(),
            ..SearchRequest::default()
        };
        let query = self.read_query(principal, &request)?;
        if request.account.is_none() && query.accounts().is_empty() {
            request.account = Some(self.account(principal, None).await?.name.to_string());
        }
        let planned = self.plan(principal, &request, &query).await.map_err(told)?;
        let query = reach(&query, &principal.limits);
        let mut finds = Finds { failed: planned.failed, ..Finds::default() };
        for plan in planned.plans {
            finds.skipped.extend(plan.skipped.iter().cloned());
            let name = plan.account.name.to_string();
            if let Err(problem) = self.find_in(plan, &query, &mut finds).await {
                finds.failed.push((name, problem));
            }
            if finds.count > MOST {
                return Err(Problem::new(
                    Code::TooMany,
                    format!("The query finds more than {MOST} messages."),
                )
                .hint("Narrow it, with `before:`, `after:` or `in:` for instance, and do it in parts."));
            }
        }
        let notes = finds.notes();
        if finds.lots.is_empty() {
            // Nothing at all could be looked into: that there is nothing would be a lie.
            if !finds.has_looked && !finds.failed.is_empty() {
                return Err(finds.failed.remove(0).1);
            }
            let mut told = String::from("The query finds no message, so nothing is to be done.");
            for note in &notes {
                let _ = write!(told, " {note}");
            }
            return Err(
                Problem::new(Code::NotFound, told).hint("Try it with mail_search, or name another `folder`.")
            );
        }
        Ok(Chosen { lots: finds.lots, notes, is_checked: true, ..Chosen::default() })
    }

    /// What the query finds in the folders of one account.
    async fn find_in(&self, plan: Plan, query: &Query, finds: &mut Finds) -> Result<(), Problem> {
        let Some(first) = plan.tasks.first().map(|task| task.folder.wire_name.clone()) else {
            return Ok(());
        };
        let account = &plan.account;
        let question = |ascii_only| Finding { query, tasks: &plan.tasks, ascii_only, takes_part: false };
        let answer = ask_in_any_charset(account, Some(&first), question).await?;
        account.opened.note(Ok(()));
        let Some((found, days)) = answer else { return self.sift(&plan, query, finds).await };
        let mut lots = Vec::new();
        for (task, found) in plan.tasks.iter().zip(found) {
            match found {
                Ok(found) => {
                    finds.has_looked = true;
                    finds.is_partial |= !found.is_whole;
                    if !found.uids.is_empty() {
                        lots.push(lot(account, &task.folder, found));
                    }
                }
                Err(error) => finds.fail(account, &task.folder, account.problem(&error)),
            }
        }
        // What is dated here is hardly more than what the server found.
        let most = if days.is_some() { 2 * MOST } else { MOST };
        if lots.iter().map(|lot| lot.uids.len()).sum::<usize>() > most {
            finds.count = usize::MAX;
            return Ok(());
        }
        if days.is_some() || account.nothing_before.is_some() {
            dated(account, &mut lots, days.as_ref(), finds).await?;
        }
        finds.take(lots);
        Ok(())
    }

    /// What must be read to know whether it is meant: within the bounds of a search, and told how far it
    /// came.
    async fn sift(&self, plan: &Plan, query: &Query, finds: &mut Finds) -> Result<(), Problem> {
        let bounds = &self.0.bounds;
        let budget =
            Budget { deadline: Instant::now() + bounds.filter_time, candidates: bounds.filter_candidates };
        let account = &plan.account;
        let mut lots = Vec::new();
        for (folder, given) in ask(plan, query, MOST + 1, budget, bounds, false).await? {
            let given = match given {
                Ok(given) => given,
                Err(missing) => {
                    finds.fail(account, &folder, missing_problem(account, &folder, &missing));
                    continue;
                }
            };
            finds.has_looked = true;
            finds.is_partial |= given.has_gaps;
            finds.back_to = finds.back_to.max(given.back_to);
            let mut uids: Vec<u32> = given.offer.rows.iter().map(|(row, _)| row.uid).collect();
            uids.sort_unstable();
            if !uids.is_empty() {
                let found = Found { validity: given.validity, uids, is_whole: true };
                lots.push(lot(account, &folder, found));
            }
        }
        finds.take(lots);
        Ok(())
    }
}

/// Keeps what was received when it should have been.
async fn dated(
    account: &Account,
    lots: &mut Vec<Lot>,
    days: Option<&Expr>,
    finds: &mut Finds,
) -> Result<(), Problem> {
    let seen = {
        let of: Vec<Of<'_>> = lots.iter().map(Lot::of).collect();
        let first = of.first().map(|of| of.mailbox.clone());
        if of.is_empty() {
            return Ok(());
        }
        account.opened.ask(first.as_deref(), &Dates(&of)).await.map_err(|error| account.problem(&error))?
    };
    for (lot, seen) in lots.iter_mut().zip(seen) {
        let mut dates = match seen {
            Ok(Some(dates)) => dates,
            Ok(None) => {
                let problem = Problem::new(Code::Conflict, "The folder was rebuilt during the search.");
                finds.fail(account, &lot.folder, problem.hint("Try again."));
                lot.uids.clear();
                continue;
            }
            Err(error) => {
                finds.fail(account, &lot.folder, account.problem(&error));
                lot.uids.clear();
                continue;
            }
        };
        let is_young = |received: Timestamp| account.nothing_before.is_none_or(|before| received >= before);
        let is_meant = |uid: u32, received: Timestamp| {
            days.is_none_or(|days| is_received_within(account, &lot.folder, days, uid, received))
        };
        dates.retain(|uid, received| is_young(*received) && is_meant(*uid, *received));
        lot.keep(&dates);
    }
    lots.retain(|lot| !lot.uids.is_empty());
    Ok(())
}

fn is_received_within(
    account: &Account,
    folder: &Folder,
    days: &Expr,
    uid: u32,
    received: Timestamp,
) -> bool {
    let summary = Summary {
        uid,
        flags: Vec::new(),
        received,
        size: 0,
        envelope: domain::Envelope::default(),
        structure: None,
        references: Vec::new(),
        list_id: None,
        has_unsubscribe: false,
        authentication_results: Vec::new(),
        gmail: None,
        thread_id: None,
    };
    let candidate = Candidate {
        summary: &summary,
        body: None,
        attachments: None,
        account: &account.name,
        folder_names: &[],
        role: folder.role,
        zone: UtcOffset::UTC,
    };
    matches(days, &candidate) == Some(true)
}

fn lot(account: &Account, folder: &Folder, found: Found) -> Lot {
    let newest = found.uids.iter().rev().take(SAMPLE).copied().collect();
    let (account, folder, given) = (account.clone(), folder.clone(), HashMap::new());
    let followed = HashSet::new();
    Lot { account, folder, validity: found.validity, uids: found.uids, given, followed, newest }
}

/// What was found so far.
#[derive(Default)]
struct Finds {
    lots: Vec<Lot>,
    count: usize,
    failed: Vec<(String, Problem)>,
    skipped: Vec<String>,
    back_to: Option<Timestamp>,
    is_partial: bool,
    has_looked: bool,
}

impl Finds {
    fn fail(&mut self, account: &Account, folder: &Folder, problem: Problem) {
        self.failed.push((full_name(account, &folder.key()), problem));
    }

    fn take(&mut self, lots: Vec<Lot>) {
        self.count = self.count.saturating_add(lots.iter().map(|lot| lot.uids.len()).sum());
        self.lots.extend(lots);
    }

    /// What the search did not cover, in words.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(back_to) = self.back_to {
            notes.push(format!(
                "Only messages received since {} were looked at, since every one must be read for this \
                 query: there may be more.",
                back_to.date()
            ));
        }
        if self.is_partial {
            notes.push("The server did not look at all messages: there may be more.".to_owned());
        }
        for (name, problem) in &self.failed {
            notes.push(format!("{name} could not be looked into ({}): there may be more.", problem.code));
        }
        if !self.skipped.is_empty() {
            notes.push(format!("Left out: {}.", self.skipped.join(", ")));
        }
        notes
    }
}

fn told(failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::BadCursor => Problem::new(Code::Internal, "A search that was just begun has no place."),
    }
}

impl Engine {
    /// All messages of Trash or Junk, at the most as many as one plan takes: the oldest then.
    pub(crate) async fn all_in(
        &self,
        principal: &Principal,
        account: Option<&str>,
        wanted: &FolderArg,
    ) -> Result<Chosen, Problem> {
        let account = self.account(principal, account).await?;
        let folder = match account.folder(wanted).await {
            Ok(folder) => Some(folder).filter(|folder| matches!(folder.role, Some(Role::Trash | Role::Junk))),
            Err(problem) if matches!(wanted, FolderArg::Role(Role::Trash | Role::Junk)) => {
                return Err(problem);
            }
            Err(_) => None,
        };
        let Some(folder) = folder else {
            return Err(Problem::new(Code::InvalidInput, "Only `@trash` and `@junk` can be emptied.")
                .hint("Name single messages by `ids`, or move them to the trash with mail_organize."));
        };
        let found = account.all_of(&folder).await?;
        account.opened.note(Ok(()));
        let mut finds = Finds { is_partial: !found.is_whole, ..Finds::default() };
        let mut lots = vec![lot(&account, &folder, found)];
        if account.nothing_before.is_some() {
            dated(&account, &mut lots, None, &mut finds).await?;
        }
        let mut is_more = false;
        for lot in &mut lots {
            is_more |= lot.uids.len() > MOST;
            lot.uids.truncate(MOST);
            lot.newest = lot.uids.iter().rev().take(SAMPLE).copied().collect();
        }
        if let Some((_, problem)) = finds.failed.pop() {
            return Err(problem);
        }
        if lots.iter().all(|lot| lot.uids.is_empty()) {
            let told = format!("{} is empty: nothing is to be deleted.", full_name(&account, &folder.key()));
            return Err(Problem::new(Code::NotFound, told));
        }
        let mut notes = finds.notes();
        if is_more {
            notes.push(format!("There are more: these are the first {MOST}. Do it again for the rest."));
        }
        Ok(Chosen { lots, notes, is_checked: true, ..Chosen::default() })
    }
}

impl Account {
    /// All messages of the folder.
    async fn all_of(&self, folder: &Folder) -> Result<Found, Problem> {
        let tasks = [Task { folder: folder.clone(), validity: None, at: At::Nothing }];
        let query = Query::default();
        let question = Finding { query: &query, tasks: &tasks, ascii_only: true, takes_part: true };
        let answer = self.opened.ask(Some(&folder.wire_name), &question).await;
        let found = answer.and_then(|answer| {
            let found = answer.and_then(|(mut found, _)| found.pop());
            found.unwrap_or(Err(Error::Protocol("no answer to a search")))
        });
        found.map_err(|error| self.problem(&error))
    }
}
