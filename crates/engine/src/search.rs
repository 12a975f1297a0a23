//! Finding and listing messages: which accounts and folders, what is covered, and the page.

pub(crate) mod plan;

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    Address, Code, Flag, FolderArg, MessageRef, Principal, Problem, Query, Scope, Summary, Timestamp,
};
use futures_util::{FutureExt as _, future::join_all};
use mail::imap::{Question, folder::Folder};
use tokio::time::Instant;

use self::plan::Plan;
use crate::{
    Account, Bounds, Engine,
    cursor::{At, Cursor, Place, hash},
    leaving::Shown,
    merge::{Offer, merge},
    pages::{Budget, Given, Missing, Outcome, Search, full_name},
};

/// Rows a page at the most.
pub const MAX_LIMIT: usize = 100;

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

impl Coverage {
    /// All there is, as the server has it.
    pub(crate) fn of_server(as_of: Timestamp) -> Self {
        Self {
            source: "server",
            as_of,
            is_exact: true,
            back_to: None,
            order: None,
            skipped: Vec::new(),
            failed: Vec::new(),
        }
    }
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

/// A page's share of one folder.
struct Share {
    plan: usize,
    given: Given,
}

/// What a page is made of.
struct Gathered {
    plans: Vec<Plan>,
    shares: Vec<Share>,
    failed: Vec<(String, Problem)>,
    /// Where folders go on that could not be asked just now.
    carried: Vec<Place>,
}

impl Engine {
    /// One page of what the request asks for.
    pub async fn search(&self, principal: &Principal, request: SearchRequest) -> Result<Page, Failure> {
        let query = self.read_query(principal, &request)?;
        let bound = binding(principal, &request);
        let cursor = match &request.cursor {
            None => None,
            Some(text) => {
                let opened = Cursor::open(text, &self.0.settings.sealer, principal.grant.as_str(), &bound);
                Some(opened.ok_or(Failure::BadCursor)?)
            }
        };
        let limit = request.limit.clamp(1, MAX_LIMIT);
        let planned = match &cursor {
            Some(cursor) => self.resume(principal, &request, &query, cursor).await?,
            None => self.plan(principal, &request, &query).await?,
        };
        let mut gathered = self.gather(principal, planned, &query, limit, cursor.is_some()).await;
        if gathered.shares.is_empty() && !gathered.failed.is_empty() {
            // Nothing at all could be looked into: an empty page would say that there is nothing.
            return Err(gathered.failed.remove(0).1.into());
        }
        let page = self.page(principal, &request, &bound, cursor.as_ref(), gathered, limit).await;
        self.expose(principal, page.rows.iter().map(Shown::of_row).collect()).await?;
        Ok(page)
    }

    /// Asks all accounts at once.
    async fn gather(
        &self,
        principal: &Principal,
        planned: plan::Planned,
        query: &Query,
        limit: usize,
        goes_on: bool,
    ) -> Gathered {
        let plan::Planned { plans, failed, carried } = planned;
        let bounds = &self.0.bounds;
        let budget =
            Budget { deadline: Instant::now() + bounds.filter_time, candidates: bounds.filter_candidates };
        let query = plan::reach(query, &principal.limits);
        let asking: Vec<_> =
            plans.iter().map(|plan| ask(plan, &query, limit, budget, bounds, false).boxed()).collect();
        let outcomes = join_all(asking).await;
        let mut gathered = Gathered { plans, shares: Vec::new(), failed, carried };
        for (index, (plan, outcome)) in gathered.plans.iter().zip(outcomes).enumerate() {
            let account = &plan.account;
            let folders = match outcome {
                Ok(folders) => folders,
                Err(problem) => {
                    if goes_on && is_passing(&problem) {
                        gathered.carried.extend(plan.tasks.iter().map(|task| plan.place(task)));
                    }
                    gathered.failed.push((account.name.to_string(), problem));
                    continue;
                }
            };
            account.opened.note(Ok(()));
            for ((folder, given), task) in folders.into_iter().zip(&plan.tasks) {
                match given {
                    Ok(given) => gathered.shares.push(Share { plan: index, given }),
                    Err(missing) => {
                        let problem = missing_problem(account, &folder, &missing);
                        if goes_on && is_passing(&problem) {
                            gathered.carried.push(plan.place(task));
                        }
                        gathered.failed.push((full_name(account, &folder.key()), problem));
                    }
                }
            }
        }
        gathered
    }

    async fn page(
        &self,
        principal: &Principal,
        request: &SearchRequest,
        bound: &str,
        cursor: Option<&Cursor>,
        gathered: Gathered,
        limit: usize,
    ) -> Page {
        let Gathered { plans, mut shares, failed, carried } = gathered;
        let offers: Vec<Offer> = shares.iter_mut().map(Share::take_offer).collect();
        let merged = merge(offers, limit);
        let mut places = carried;
        for (share, at) in shares.iter().zip(&merged.places) {
            let (Some(plan), Some(at)) = (plans.get(share.plan), at) else { continue };
            places.push(Place {
                account: hash(plan.account.name.as_str()),
                folder: hash(&share.given.folder.key().to_string()),
                validity: share.given.validity,
                at: *at,
            });
        }
        let has_gaps = shares.iter().any(|share| share.given.has_gaps);
        let (total, is_exact) = match cursor {
            Some(cursor) => (cursor.total, cursor.is_exact && !has_gaps),
            // All of it is at hand.
            None if places.is_empty() => (merged.rows.len() as u64, failed.is_empty() && !has_gaps),
            None => {
                let counted: u64 = shares.iter().map(|share| share.given.total).sum();
                let is_exact = failed.is_empty()
                    && shares.iter().all(|share| share.given.is_exact)
                    && !may_have_doubles(&shares);
                (counted.saturating_sub(merged.doubles), is_exact)
            }
        };
        let mut coverage = Coverage {
            is_exact,
            back_to: shares.iter().filter_map(|share| share.given.back_to).max(),
            order: shares.iter().any(|share| share.given.is_filed).then_some("filed"),
            skipped: plans.iter().flat_map(|plan| plan.skipped.clone()).collect(),
            failed,
            ..Coverage::of_server(self.now())
        };
        let next = Cursor { places, total, is_exact };
        let next_cursor = (!next.places.is_empty())
            .then(|| next.seal(&self.0.settings.sealer, principal.grant.as_str(), bound));

        for (index, row) in &merged.rows {
            if let Some((plan, share)) = at(&plans, &shares, *index) {
                plan.account.opened.remember(&share.given.folder.wire_name, share.given.validity, row);
            }
        }
        let snippets = if request.with_snippet && principal.may(Scope::Read) {
            snippets(&plans, &shares, &merged.rows, &mut coverage.failed).await
        } else {
            BTreeMap::new()
        };
        let row = |(position, (index, summary)): (usize, &(usize, Arc<Summary>))| {
            let (plan, share) = at(&plans, &shares, *index)?;
            let snippet = snippets.get(&position).cloned();
            Some(plan.account.row(&share.given.folder, share.given.validity, summary, snippet))
        };
        let rows = merged.rows.iter().enumerate().filter_map(row).collect();
        Page { rows, total, next_cursor, coverage }
    }

    /// The query, with what the grant excludes taken out of its reach.
    pub(crate) fn read_query(
        &self,
        principal: &Principal,
        request: &SearchRequest,
    ) -> Result<Query, Problem> {
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
}

impl Share {
    /// What it offers for the page; its account is known by its plan.
    fn take_offer(&mut self) -> Offer {
        let nothing = Offer {
            account: 0,
            rows: Vec::new(),
            is_exhausted: true,
            end: At::Nothing,
            start: At::Nothing,
            floor: None,
        };
        let offer = std::mem::replace(&mut self.given.offer, nothing);
        Offer { account: self.plan, ..offer }
    }
}

/// Whether several folders of one account have hits: how many of these are doubles is known at the end.
fn may_have_doubles(shares: &[Share]) -> bool {
    let mut with_hits: Vec<usize> =
        shares.iter().filter(|share| share.given.total > 0).map(|share| share.plan).collect();
    let count = with_hits.len();
    with_hits.dedup();
    with_hits.len() < count
}

/// Whether the same may well work on the next page.
fn is_passing(problem: &Problem) -> bool {
    matches!(problem.code, Code::AccountUnreachable | Code::Timeout) || problem.retry_after.is_some()
}

/// What a cursor is bound to besides its grant: everything that decides which rows there are. The query
/// stands as it was written, since `newer_than:` means another day after midnight.
fn binding(principal: &Principal, request: &SearchRequest) -> String {
    let account = request.account.as_deref().unwrap_or("*");
    let folder = request.folder.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string);
    let reads = principal.may(Scope::Read);
    format!("{account}\n{folder}\n{reads}\n{}", request.query.trim())
}

/// Asks one account.
pub(crate) async fn ask(
    plan: &Plan,
    query: &Query,
    limit: usize,
    budget: Budget,
    bounds: &Bounds,
    recalls: bool,
) -> Result<Vec<Outcome>, Problem> {
    let (account, tasks) = (&plan.account, &plan.tasks);
    let Some(first) = tasks.first() else { return Ok(Vec::new()) };
    let search =
        |ascii_only| Search { account, query, tasks, limit, budget, bounds: *bounds, ascii_only, recalls };
    ask_in_any_charset(account, Some(&first.folder.wire_name), search).await
}

/// Asks a question that searches, once more in plain ASCII if the server does not know UTF-8.
pub(crate) async fn ask_in_any_charset<Q: Question>(
    account: &Account,
    prefer: Option<&[u8]>,
    question: impl Fn(bool) -> Q,
) -> Result<Q::Answer, Problem> {
    for ascii_only in [account.opened.is_ascii_only(), true] {
        let outcome = account.opened.ask(prefer, &question(ascii_only)).await;
        match outcome {
            Err(error) if error.is_bad_charset() && !ascii_only => account.opened.set_ascii_only(),
            outcome => return outcome.map_err(|error| account.problem(&error)),
        }
    }
    Err(Problem::new(Code::NotSupported, "The server can search neither UTF-8 nor ASCII."))
}

pub(crate) fn missing_problem(account: &Account, folder: &Folder, missing: &Missing) -> Problem {
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
    Some((plans.get(share.plan)?, share))
}

/// The beginnings of the texts of a page's rows, by their position on it; folders where they could not be
/// had are added to `failed`.
async fn snippets(
    plans: &[Plan],
    shares: &[Share],
    rows: &[(usize, Arc<Summary>)],
    failed: &mut Vec<(String, Problem)>,
) -> BTreeMap<usize, String> {
    let mut asking = Vec::new();
    let mut asked = Vec::new();
    for (index, share) in shares.iter().enumerate() {
        let wanted: Vec<(usize, Arc<Summary>)> = rows
            .iter()
            .enumerate()
            .filter(|(_, (of, _))| *of == index)
            .map(|(position, (_, row))| (position, Arc::clone(row)))
            .collect();
        if let Some(plan) = plans.get(share.plan).filter(|_| !wanted.is_empty()) {
            asking.push(plan.account.snippets(&share.given.folder, share.given.validity, wanted).boxed());
            asked.push(full_name(&plan.account, &share.given.folder.key()));
        }
    }
    let mut snippets = BTreeMap::new();
    for (folder, outcome) in asked.into_iter().zip(join_all(asking).await) {
        match outcome {
            Ok(found) => snippets.extend(found),
            Err(problem) => failed.push((folder, problem)),
        }
    }
    snippets
}
