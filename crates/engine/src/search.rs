//! Finding and listing messages: which accounts and folders, what is covered, and the page.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    AccountName, Address, Code, Flag, FolderArg, MessageRef, Principal, Problem, Query, Scope, Summary,
    Timestamp,
};
use futures_util::{FutureExt as _, future::join_all};
use mail::imap::folder::Folder;
use tokio::time::Instant;

use crate::{
    Account, Engine,
    cursor::{At, Cursor, Place, hash},
    merge::{Offer, merge},
    pages::{Budget, Given, Missing, Search, Task, default_folders, full_name},
};

/// Rows a page at the most.
pub const MAX_LIMIT: usize = 100;

/// What a call may spend on what the server cannot search (contract 6).
const FILTER_TIME: Duration = Duration::from_secs(10);
const FILTER_CANDIDATES: usize = 2_000;

/// What to find.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// The query as the agent wrote it; empty lists.
    pub query: String,
    /// The account's name; all of the principal's if absent.
    pub account: Option<String>,
    /// Where; INBOX for an empty query, else everything but Trash and Junk, if absent.
    pub folder: Option<FolderArg>,
    /// Rows a page, 1 to 100.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Whether to add the beginning of the text to each row.
    pub with_snippet: bool,
}

/// One message of a list. Text is cleaned and codes are masked as the grant says; it stays untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id.
    pub id: MessageRef,
    /// The first From address.
    pub from: Option<Address>,
    /// To; empty where it is only the account's own address.
    pub to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// When the server received it.
    pub date: Timestamp,
    /// The Date header, where it differs from `date` by more than a day.
    pub sent: Option<Timestamp>,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// Octets.
    pub size: u64,
    /// How many attachments.
    pub attachments: usize,
    /// List-Id.
    pub list: Option<String>,
    /// The same for all messages of a thread; at most 10 characters.
    pub thread: Option<String>,
    /// Gmail's labels.
    pub labels: Vec<String>,
    /// The beginning of the visible text, at most 200 characters.
    pub snippet: Option<String>,
}

/// How much of what was asked an answer covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// `server` (or, later, `mirror`).
    pub source: &'static str,
    /// The last moment we heard from the server.
    pub as_of: Timestamp,
    /// Whether `total` is exact, else it is a lower bound.
    pub is_exact: bool,
    /// How far back a search that we filter ourselves got.
    pub back_to: Option<Timestamp>,
    /// `filed` where the server cannot sort by the time received.
    pub order: Option<&'static str>,
    /// Folders that were left out, with their account: `work/@junk`.
    pub skipped: Vec<String>,
    /// Accounts or folders that failed, and how.
    pub failed: Vec<(String, Problem)>,
}

/// One page of rows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Hits over all pages, as far as known.
    pub total: u64,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
    /// What the answer covers.
    pub coverage: Coverage,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The cursor is none of ours for this grant and query: JSON-RPC -32602.
    BadCursor,
    /// Anything a caller can act on.
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// What one account is asked for.
struct Plan {
    account: Account,
    tasks: Vec<Task>,
    skipped: Vec<String>,
}

/// A page's share of one folder.
struct Share {
    account: usize,
    given: Given,
}

impl Engine {
    /// One page of what the request asks for.
    pub async fn search(&self, principal: &Principal, request: SearchRequest) -> Result<Page, Failure> {
        let query = self.read_query(principal, &request)?;
        let bound = binding(&request, &query);
        let cursor = match &request.cursor {
            None => None,
            Some(text) => {
                let opened = Cursor::open(text, &self.0.settings.sealer, principal.grant.as_str(), &bound);
                Some(opened.ok_or(Failure::BadCursor)?)
            }
        };
        let limit = request.limit.clamp(1, MAX_LIMIT);
        let mut failed = Vec::new();
        let plans = self.plan(principal, &request, &query, cursor.as_ref(), &mut failed).await?;
        let budget = Budget { deadline: Instant::now() + FILTER_TIME, candidates: FILTER_CANDIDATES };
        let asking: Vec<_> = plans.iter().map(|plan| ask(plan, &query, limit, budget).boxed()).collect();
        let outcomes = join_all(asking).await;

        let is_only = plans.len() == 1;
        let mut shares = Vec::new();
        for (index, (plan, outcome)) in plans.iter().zip(outcomes).enumerate() {
            match outcome {
                Err(problem) if is_only && failed.is_empty() => return Err(problem.into()),
                Err(problem) => failed.push((plan.account.name.to_string(), problem)),
                Ok(folders) => {
                    plan.account.opened.note(Ok(()));
                    for (folder, given) in folders {
                        match given {
                            Ok(given) => shares.push(Share { account: index, given }),
                            Err(missing) => {
                                let problem = missing_problem(&plan.account, &folder, &missing);
                                if is_only && plan.tasks.len() == 1 {
                                    return Err(problem.into());
                                }
                                failed.push((full_name(&plan.account, &folder.key()), problem));
                            }
                        }
                    }
                }
            }
        }
        let skipped = plans.iter().flat_map(|plan| plan.skipped.clone()).collect();
        let coverage = Coverage {
            source: "server",
            as_of: self.now(),
            is_exact: shares.iter().all(|share| share.given.is_exact) && failed.is_empty(),
            back_to: shares.iter().filter_map(|share| share.given.back_to).max(),
            order: shares.iter().any(|share| share.given.is_filed).then_some("filed"),
            skipped,
            failed,
        };
        Ok(self.page(principal, &request, &bound, cursor, &plans, shares, limit, coverage).await)
    }

    #[expect(clippy::too_many_arguments, reason = "the last step of one function, apart for reading")]
    async fn page(
        &self,
        principal: &Principal,
        request: &SearchRequest,
        bound: &str,
        cursor: Option<Cursor>,
        plans: &[Plan],
        mut shares: Vec<Share>,
        limit: usize,
        mut coverage: Coverage,
    ) -> Page {
        let offers: Vec<Offer> = shares
            .iter_mut()
            .map(|share| {
                let empty =
                    Offer { rows: Vec::new(), is_exhausted: true, end: At::Nothing, start: At::Nothing };
                std::mem::replace(&mut share.given.offer, empty)
            })
            .collect();
        let merged = merge(offers, limit);
        let counted: u64 = shares.iter().map(|share| share.given.total).sum();
        let (total, is_exact) = match &cursor {
            Some(cursor) => (cursor.total, cursor.is_exact),
            None => (counted.saturating_sub(merged.doubles), coverage.is_exact && merged.doubles == 0),
        };
        coverage.is_exact = is_exact;
        let places: Vec<Place> = shares
            .iter()
            .zip(&merged.places)
            .filter_map(|(share, at)| {
                let account = plans.get(share.account)?;
                Some(Place {
                    account: hash(account.account.name.as_str()),
                    folder: hash(&share.given.folder.key().to_string()),
                    validity: share.given.validity,
                    at: (*at)?,
                })
            })
            .collect();
        let next = Cursor { places, total, is_exact };
        let next_cursor = (!next.places.is_empty())
            .then(|| next.seal(&self.0.settings.sealer, principal.grant.as_str(), bound));

        for (index, row) in &merged.rows {
            if let Some((plan, share)) = at(plans, &shares, *index) {
                plan.account.opened.remember(&share.given.folder.wire_name, share.given.validity, row);
            }
        }
        let snippets = if request.with_snippet && principal.may(Scope::Read) {
            snippets(plans, &shares, &merged.rows).await
        } else {
            BTreeMap::new()
        };
        let row = |(position, (index, summary)): (usize, &(usize, Arc<Summary>))| {
            let (plan, share) = at(plans, &shares, *index)?;
            let snippet = snippets.get(&position).cloned();
            Some(plan.account.row(&share.given.folder, share.given.validity, summary, snippet))
        };
        let rows = merged.rows.iter().enumerate().filter_map(row).collect();
        Page { rows, total, next_cursor, coverage }
    }

    /// The query, with what the grant excludes taken out of its reach.
    fn read_query(&self, principal: &Principal, request: &SearchRequest) -> Result<Query, Problem> {
        let query = Query::parse(&request.query, self.now().date())?;
        let missing = |what: &str| {
            Problem::new(Code::ScopeMissing, format!("{what} look into bodies, which needs `mail:read`."))
                .hint("Search by subject or address, or ask the person for `mail:read`.")
        };
        if !principal.may(Scope::Read) {
            if query.has_body_terms() {
                return Err(missing("`body:` terms"));
            }
            if request.with_snippet {
                return Err(missing("Snippets"));
            }
            return Ok(query.without_body());
        }
        Ok(query)
    }

    /// Which folders of which accounts are looked in.
    async fn plan(
        &self,
        principal: &Principal,
        request: &SearchRequest,
        query: &Query,
        cursor: Option<&Cursor>,
        failed: &mut Vec<(String, Problem)>,
    ) -> Result<Vec<Plan>, Failure> {
        if let Some(cursor) = cursor {
            return self.resume(principal, cursor).await;
        }
        let accounts = match &request.account {
            Some(name) => vec![self.account(principal, Some(name)).await?],
            None => self.all_accounts(principal).await?,
        };
        let named = query.accounts();
        for name in named.iter().flatten() {
            self.account(principal, Some(name.as_str())).await?;
        }
        let is_meant = |name: &AccountName| named.iter().all(|names| names.contains(&name));
        let accounts: Vec<Account> = accounts.into_iter().filter(|account| is_meant(&account.name)).collect();
        let is_only = accounts.len() == 1;
        let names: Vec<String> = accounts.iter().map(|account| account.name.to_string()).collect();
        let planning: Vec<_> =
            accounts.into_iter().map(|account| folders_of(account, request, query).boxed()).collect();
        let mut out = Vec::new();
        for (name, plan) in names.into_iter().zip(join_all(planning).await) {
            match plan {
                Ok(plan) => out.push(plan),
                Err(problem) if is_only => return Err(problem.into()),
                Err(problem) => failed.push((name, problem)),
            }
        }
        Ok(out)
    }

    /// The folders that the page before left unfinished.
    async fn resume(&self, principal: &Principal, cursor: &Cursor) -> Result<Vec<Plan>, Failure> {
        let mut plans: Vec<Plan> = Vec::new();
        for granted in &principal.accounts {
            let of_it = |place: &&Place| place.account == hash(granted.name.as_str());
            let places: Vec<&Place> = cursor.places.iter().filter(of_it).collect();
            if places.is_empty() {
                continue;
            }
            let account = self.account(principal, Some(granted.name.as_str())).await?;
            let folders = account.opened.folders(false).await.map_err(|error| account.problem(&error))?;
            let mut tasks = Vec::new();
            for place in places {
                let is_it = |folder: &&Folder| hash(&folder.key().to_string()) == place.folder;
                let folder = folders.all.iter().filter(|folder| account.shows(folder, &folders)).find(is_it);
                let folder = folder.ok_or_else(|| {
                    Problem::new(Code::StaleCursor, "A folder of this search is gone.")
                        .hint("Search again without a cursor.")
                })?;
                tasks.push(Task { folder: folder.clone(), validity: Some(place.validity), at: place.at });
            }
            plans.push(Plan { account, tasks, skipped: Vec::new() });
        }
        Ok(plans)
    }
}

/// What a cursor is bound to besides its grant: everything that decides which rows there are.
fn binding(request: &SearchRequest, query: &Query) -> String {
    let account = request.account.as_deref().unwrap_or("*");
    let folder = request.folder.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string);
    format!("{account}\n{folder}\n{query}")
}

async fn folders_of(account: Account, request: &SearchRequest, query: &Query) -> Result<Plan, Problem> {
    let folders = account.opened.folders(false).await.map_err(|error| account.problem(&error))?;
    let mut skipped = Vec::new();
    let named = query.folders();
    let mut found: Vec<Folder> = match &request.folder {
        Some(FolderArg::All) => folders.all.iter().filter(|folder| folder.is_selectable).cloned().collect(),
        Some(wanted) => vec![account.folder(wanted).await?],
        None if query.is_empty() => vec![account.folder(&FolderArg::Role(domain::Role::Inbox)).await?],
        None if named.is_empty() => {
            let chosen = default_folders(&folders);
            let left_out = folders.all.iter().filter(|folder| {
                folder.is_selectable
                    && matches!(folder.role, Some(domain::Role::Trash | domain::Role::Junk))
                    && account.shows(folder, &folders)
            });
            skipped.extend(left_out.map(|folder| full_name(&account, &folder.key())));
            let mut chosen: Vec<Folder> = chosen.into_iter().cloned().collect();
            for wanted in query.named_folders() {
                let folder = account.folder(wanted).await?;
                skipped.retain(|name| *name != full_name(&account, &folder.key()));
                if !chosen.contains(&folder) {
                    chosen.push(folder);
                }
            }
            chosen
        }
        None => folders.all.iter().filter(|folder| folder.is_selectable).cloned().collect(),
    };
    for alternatives in &named {
        let mut wanted = Vec::new();
        for arg in alternatives {
            if **arg == FolderArg::All {
                wanted.extend(folders.all.iter().map(|folder| folder.wire_name.clone()));
            } else {
                wanted.push(account.folder(arg).await?.wire_name);
            }
        }
        found.retain(|folder| wanted.contains(&folder.wire_name));
    }
    found.retain(|folder| account.shows(folder, &folders));
    let tasks = found.into_iter().map(|folder| Task { folder, validity: None, at: At::Nothing }).collect();
    Ok(Plan { account, tasks, skipped })
}

/// Asks one account, once more in plain ASCII if the server does not know UTF-8.
async fn ask(
    plan: &Plan,
    query: &Query,
    limit: usize,
    budget: Budget,
) -> Result<Vec<crate::pages::Outcome>, Problem> {
    let account = &plan.account;
    if plan.tasks.is_empty() {
        return Ok(Vec::new());
    }
    let prefer = plan.tasks.first().map(|task| task.folder.wire_name.clone());
    for ascii_only in [account.opened.is_ascii_only(), true] {
        let search = Search { account, query, tasks: &plan.tasks, limit, budget, ascii_only };
        let pool = &account.opened.pool;
        let outcome = pool.ask(prefer.as_deref(), &search).await;
        match outcome {
            Err(error) if error.is_bad_charset() && !ascii_only => account.opened.set_ascii_only(),
            outcome => return outcome.map_err(|error| account.problem(&error)),
        }
    }
    Err(Problem::new(Code::NotSupported, "The server can search neither UTF-8 nor ASCII."))
}

fn missing_problem(account: &Account, folder: &Folder, missing: &Missing) -> Problem {
    match missing {
        Missing::Stale => Problem::new(
            Code::StaleCursor,
            format!("Folder `{}` was rebuilt by its server since the page before.", folder.key()),
        )
        .hint("Search again without a cursor."),
        Missing::Mail(error) => account.problem(error),
    }
}

fn at<'a>(plans: &'a [Plan], shares: &'a [Share], index: usize) -> Option<(&'a Plan, &'a Share)> {
    let share = shares.get(index)?;
    Some((plans.get(share.account)?, share))
}

/// The beginnings of the texts of a page's rows, by their position on it.
async fn snippets(
    plans: &[Plan],
    shares: &[Share],
    rows: &[(usize, Arc<Summary>)],
) -> BTreeMap<usize, String> {
    let mut asking = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        let wanted: Vec<(usize, Arc<Summary>)> = rows
            .iter()
            .enumerate()
            .filter(|(_, (of, _))| *of == index)
            .map(|(position, (_, row))| (position, Arc::clone(row)))
            .collect();
        if let Some(plan) = plans.get(share.account).filter(|_| !wanted.is_empty()) {
            asking.push(plan.account.snippets(&share.given.folder, share.given.validity, wanted).boxed());
        }
    }
    join_all(asking).await.into_iter().flatten().collect()
}
