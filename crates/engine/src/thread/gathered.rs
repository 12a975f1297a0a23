//! Gathering a thread: searched in rounds over all folders at once, each round asking for what the
//! round before brought to light, within the budget of a call.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    Principal, Problem, Query, Summary, Timestamp,
    query::{Expr, Moment, Term},
};
use mail::imap::folder::{Folder, Folders};
use time::{Duration, UtcOffset};
use tokio::time::Instant;

use super::{
    Member, Seed, is_too_old,
    links::{Links, mark},
    unlinked::Unlinked,
};
use crate::{
    Account, Bounds,
    cursor::At,
    merge::identity,
    opened::Fresh,
    pages::{Budget, Missing, Task, full_name},
    read::stale,
    search::{
        Coverage, ask, missing_problem,
        plan::{Plan, by_default, is_left_out, reach},
    },
};

/// How often it is asked for what is new, at the most. Where every answer names the beginning, as nearly
/// all do, the first finds everything and the second finds nothing more.
const ROUNDS: usize = 4;

/// How much earlier than what it answers a message may have come, by clocks that are wrong.
const BEFORE: Duration = Duration::days(3);

/// What was found of a thread.
pub(super) struct Gathered {
    /// Oldest first, doubles merged.
    pub(super) members: Vec<Member>,
    is_exact: bool,
    back_to: Option<Timestamp>,
    skipped: Vec<String>,
    failed: Vec<(String, Problem)>,
}

impl Gathered {
    pub(super) async fn of(seed: &Seed, principal: &Principal, bounds: &Bounds) -> Result<Self, Problem> {
        let account = &seed.account;
        let folders = account.opened.folders(Fresh::Recent).await.map_err(|error| account.problem(&error))?;
        let mut looking = Looking {
            seed,
            principal,
            bounds: *bounds,
            plan: plan(seed, &folders),
            deadline: Instant::now() + bounds.filter_time,
            found: vec![Member {
                folder: seed.folder.clone(),
                validity: seed.validity,
                row: seed.row.clone(),
            }],
            is_exact: true,
            back_to: None,
            failed: Vec::new(),
        };
        let belongs = match seed.row.server_thread() {
            Some(thread) => looking.by_servers_thread(thread).await?,
            None => looking.by_links().await?,
        };
        account.opened.note(Ok(()));
        let members =
            looking.found.into_iter().zip(belongs).filter_map(|(one, belongs)| belongs.then_some(one));
        Ok(Self {
            members: without_doubles(members.collect()),
            is_exact: looking.is_exact && looking.failed.is_empty(),
            back_to: looking.back_to,
            skipped: looking.plan.skipped,
            failed: looking.failed,
        })
    }

    pub(super) fn coverage(self, as_of: Timestamp) -> Coverage {
        Coverage {
            is_exact: self.is_exact,
            back_to: self.back_to,
            skipped: self.skipped,
            failed: self.failed,
            ..Coverage::of_server(as_of)
        }
    }
}

/// A thread while it is looked for.
struct Looking<'a> {
    seed: &'a Seed,
    principal: &'a Principal,
    bounds: Bounds,
    plan: Plan,
    deadline: Instant,
    /// The message itself first, then whatever the searches gave, each once.
    found: Vec<Member>,
    is_exact: bool,
    back_to: Option<Timestamp>,
    failed: Vec<(String, Problem)>,
}

impl Looking<'_> {
    async fn by_servers_thread(&mut self, thread: String) -> Result<Vec<bool>, Problem> {
        self.search(Expr::Term(Term::Thread(thread.clone()))).await?;
        if self.failed.len() == self.plan.tasks.len() {
            // A server may keep threads and not search for them.
            self.failed.clear();
            return self.by_links().await;
        }
        let thread = Some(thread);
        Ok(self.found.iter().map(|one| one.row.server_thread() == thread).collect())
    }

    async fn by_links(&mut self) -> Result<Vec<bool>, Problem> {
        let mut links = Links::of(&self.seed.row);
        for _ in 0..ROUNDS {
            let Some(condition) = links.next() else { break };
            let rows = self.rows();
            let since = if links.is_rooted(&rows) { since(&rows, &links.admit(&rows)) } else { None };
            self.search(Expr::all([condition].into_iter().chain(since).collect())).await?;
            links.admit(&self.rows());
            if Instant::now() >= self.deadline || self.back_to.is_some() {
                break;
            }
        }
        self.is_exact &= !links.is_open();
        let mut belongs = links.admit(&self.rows());
        mark(&mut belongs, 0);
        let own = &self.seed.account.address;
        let unlinked = Unlinked::of(&self.seed.row, own);
        if let Some(unlinked) = unlinked.filter(|_| belongs.iter().filter(|belongs| **belongs).count() == 1) {
            self.search(unlinked.condition()).await?;
            belongs.resize(self.found.len(), false);
            for (index, row) in self.rows().iter().enumerate() {
                if unlinked.is_near(row, own) {
                    mark(&mut belongs, index);
                }
            }
        }
        Ok(belongs)
    }

    fn rows(&self) -> Vec<Arc<Summary>> {
        self.found.iter().map(|one| one.row.clone()).collect()
    }

    /// Searches all folders at once and keeps what is new. An error only if nothing could be asked yet.
    async fn search(&mut self, condition: Expr) -> Result<(), Problem> {
        let account = &self.seed.account;
        let query = reach(&Query::from(condition), &self.principal.limits);
        let most = self.bounds.filter_candidates;
        let budget =
            Budget { deadline: self.deadline, candidates: most.saturating_sub(self.found.len()).max(1) };
        let folders = match ask(&self.plan, &query, most, budget, &self.bounds, true).await {
            Ok(folders) => folders,
            Err(problem) if self.found.len() < 2 && self.failed.is_empty() => return Err(problem),
            Err(problem) => {
                self.fail(account.name.to_string(), problem);
                return Ok(());
            }
        };
        let mut known: HashSet<_> =
            self.found.iter().map(|one| (one.folder.wire_name.clone(), one.row.uid)).collect();
        for (folder, given) in folders {
            let given = match given {
                Ok(given) => given,
                Err(Missing::Stale) if folder.wire_name == self.seed.folder.wire_name => {
                    return Err(stale());
                }
                Err(missing) => {
                    let problem = missing_problem(account, &folder, &missing);
                    self.fail(full_name(account, &folder.key()), problem);
                    continue;
                }
            };
            // An exact count of more than are looked at is still not all of them.
            self.is_exact &= given.is_exact && given.offer.is_exhausted;
            self.back_to = self.back_to.max(given.back_to);
            for (row, _) in given.offer.rows {
                if is_too_old(account, &row) || !known.insert((folder.wire_name.clone(), row.uid)) {
                    continue;
                }
                account.opened.remember(&folder.wire_name, given.validity, &row);
                self.found.push(Member { folder: folder.clone(), validity: given.validity, row });
            }
        }
        Ok(())
    }

    fn fail(&mut self, place: String, problem: Problem) {
        if !self.failed.iter().any(|(failed, _)| *failed == place) {
            self.failed.push((place, problem));
        }
    }
}

/// That a message came no earlier than the first of those that belong was written. Dates of servers and
/// senders differ, and copies may be dated when they were made, so it is the earlier of both and generous.
/// Servers answer it from their index, which spares them reading the headers of what is older.
fn since(rows: &[Arc<Summary>], belongs: &[bool]) -> Option<Expr> {
    let members =
        rows.iter().zip(belongs).enumerate().filter(|(index, (_, belongs))| *index == 0 || **belongs);
    let written = |row: &Summary| row.envelope.date.map_or(row.received, |date| date.min(row.received));
    let first = members.map(|(_, (row, _))| written(row)).min()?.saturating_sub(BEFORE);
    Some(Expr::Term(Term::After(Moment { day: first.to_offset(UtcOffset::UTC).date(), age: None })))
}

/// Where a thread is looked for: everywhere but Trash and Junk, unless the message itself lies there.
fn plan(seed: &Seed, folders: &Folders) -> Plan {
    let account = &seed.account;
    let shown: Vec<&Folder> =
        folders.all.iter().filter(|folder| folder.is_selectable && account.shows(folder, folders)).collect();
    let is_seeds = |folder: &Folder| folder.wire_name == seed.folder.wire_name;
    let mut chosen: Vec<Folder> = by_default(folders, shown.clone()).into_iter().cloned().collect();
    if is_left_out(&seed.folder) && !chosen.iter().any(is_seeds) {
        chosen.insert(0, seed.folder.clone());
    }
    let skipped = shown
        .into_iter()
        .filter(|folder| is_left_out(folder) && !is_seeds(folder))
        .map(|folder| full_name(account, &folder.key()))
        .collect();
    let task = |folder: Folder| {
        let validity = is_seeds(&folder).then_some(seed.validity);
        Task { folder, validity, at: At::Nothing }
    };
    Plan { account: Account::clone(account), tasks: chosen.into_iter().map(task).collect(), skipped }
}

/// In the order received, copies of a message in several folders once: the message that was asked for (it
/// stands first), else the one received first, since a forger comes later.
fn without_doubles(mut members: Vec<Member>) -> Vec<Member> {
    let seed = members.first().map(Member::key);
    members.sort_by_key(|member| (Some(member.key()) != seed, member.key()));
    let mut seen = HashMap::new();
    members.retain(|member| {
        let Some(identity) = identity(0, &member.row) else { return true };
        // The same message twice in one folder is two messages.
        let of = seen.entry(identity).or_insert_with(|| member.folder.wire_name.clone());
        *of == member.folder.wire_name
    });
    members.sort_by_key(Member::key);
    members
}
