//! Which folders of which accounts a search looks in, at first and from a cursor on.

use domain::{
    AccountName, Code, FolderArg, Limits, Principal, Problem, Query, Role,
    query::{Expr, Moment, Term},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::imap::folder::{Folder, Folders};

use super::{Failure, SearchRequest, is_passing};
use crate::{
    Account, Engine,
    cursor::{At, Cursor, Place, hash},
    opened::Fresh,
    pages::{Task, full_name},
};

/// What one account is asked for.
pub(crate) struct Plan {
    pub(crate) account: Account,
    pub(crate) tasks: Vec<Task>,
    pub(crate) skipped: Vec<String>,
}

/// What is asked, and what cannot be.
#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) plans: Vec<Plan>,
    pub(crate) failed: Vec<(String, Problem)>,
    pub(super) carried: Vec<Place>,
}

impl Plan {
    /// Where a task stands, for a cursor.
    pub(super) fn place(&self, task: &Task) -> Place {
        Place {
            account: hash(self.account.name.as_str()),
            folder: hash(&task.folder.key().to_string()),
            validity: task.validity.unwrap_or(0),
            at: task.at,
        }
    }
}

impl Engine {
    /// The folders of a first page.
    pub(crate) async fn plan(
        &self,
        principal: &Principal,
        request: &SearchRequest,
        query: &Query,
    ) -> Result<Planned, Failure> {
        let mut planned = Planned::default();
        let opened = match &request.account {
            Some(name) => vec![Ok(self.account(principal, Some(name)).await?)],
            None => self.all_accounts(principal).await?,
        };
        let named = query.accounts();
        for name in named.iter().flatten() {
            if !principal.accounts.iter().any(|granted| granted.name == **name) {
                self.account(principal, Some(name.as_str())).await?;
            }
        }
        let is_meant = |name: &AccountName| named.iter().all(|names| names.contains(&name));
        let mut accounts = Vec::new();
        for opened in opened {
            match opened {
                Ok(account) if is_meant(&account.name) => accounts.push(account),
                Err((name, problem)) if is_meant(&name) => planned.failed.push((name.to_string(), problem)),
                _ => {}
            }
        }
        let names: Vec<String> = accounts.iter().map(|account| account.name.to_string()).collect();
        let planning: Vec<_> =
            accounts.into_iter().map(|account| folders_of(account, request, query).boxed()).collect();
        for (name, plan) in names.into_iter().zip(join_all(planning).await) {
            match plan {
                Ok(plan) => planned.plans.push(plan),
                Err(problem) => planned.failed.push((name, problem)),
            }
        }
        Ok(planned)
    }

    /// The folders that the page before left unfinished.
    pub(super) async fn resume(
        &self,
        principal: &Principal,
        request: &SearchRequest,
        query: &Query,
        cursor: &Cursor,
    ) -> Result<Planned, Failure> {
        let mut planned = Planned::default();
        let mut placed = 0;
        for granted in &principal.accounts {
            let of_it = |place: &&Place| place.account == hash(granted.name.as_str());
            let places: Vec<&Place> = cursor.places.iter().filter(of_it).collect();
            if places.is_empty() {
                continue;
            }
            placed += places.len();
            let opened = match self.account(principal, Some(granted.name.as_str())).await {
                Ok(account) => match account.opened.folders(Fresh::Known).await {
                    Ok(folders) => Ok((account, folders)),
                    Err(error) => Err(account.problem(&error)),
                },
                Err(problem) => Err(problem),
            };
            let (account, folders) = match opened {
                Ok(opened) => opened,
                Err(problem) => {
                    if is_passing(&problem) {
                        planned.carried.extend(places.into_iter().cloned());
                    }
                    planned.failed.push((granted.name.to_string(), problem));
                    continue;
                }
            };
            let mut tasks = Vec::new();
            for place in places {
                let is_it = |folder: &&Folder| hash(&folder.key().to_string()) == place.folder;
                let folder = folders.all.iter().filter(|folder| account.shows(folder, &folders)).find(is_it);
                let validity = (place.validity != 0).then_some(place.validity);
                let folder = folder.ok_or_else(|| gone("A folder"))?.clone();
                tasks.push(Task { folder, validity, at: place.at });
            }
            let skipped = if looks_by_default(request, query) {
                left_out(&account, &folders, query)
            } else {
                Vec::new()
            };
            planned.plans.push(Plan { account, tasks, skipped });
        }
        if placed < cursor.places.len() {
            return Err(gone("An account").into());
        }
        Ok(planned)
    }
}

fn gone(what: &str) -> Problem {
    Problem::new(Code::StaleCursor, format!("{what} of this search is gone."))
        .hint("Search again without a cursor.")
}

/// The query within the grant's age limit. By days: the exact moment is checked of each row.
pub(crate) fn reach(query: &Query, limits: &Limits) -> Query {
    match limits.nothing_before {
        None => query.clone(),
        Some(before) => {
            let day = before.to_offset(time::UtcOffset::UTC).date();
            query.clone().and(Expr::Term(Term::After(Moment { day, age: None })))
        }
    }
}

/// Whether neither the request nor the query says where to look.
fn looks_by_default(request: &SearchRequest, query: &Query) -> bool {
    request.folder.is_none() && !query.is_empty() && query.folders().is_empty()
}

async fn folders_of(account: Account, request: &SearchRequest, query: &Query) -> Result<Plan, Problem> {
    let is_everywhere = request.folder == Some(FolderArg::All) || looks_by_default(request, query);
    let fresh = if is_everywhere { Fresh::Recent } else { Fresh::Known };
    let folders = account.opened.folders(fresh).await.map_err(|error| account.problem(&error))?;
    let shown =
        || folders.all.iter().filter(|folder| folder.is_selectable && account.shows(folder, &folders));
    let mut skipped = Vec::new();
    let named = query.folders();
    let mut found: Vec<Folder> = match &request.folder {
        Some(FolderArg::All) => everything(&folders, shown().collect()).into_iter().cloned().collect(),
        Some(wanted) => vec![account.folder(wanted).await?],
        None if query.is_empty() => vec![account.folder(&FolderArg::Role(Role::Inbox)).await?],
        None if named.is_empty() => {
            skipped = left_out(&account, &folders, query);
            let mut chosen: Vec<Folder> =
                by_default(&folders, shown().collect()).into_iter().cloned().collect();
            for wanted in query.named_folders().into_iter().filter(|wanted| **wanted != FolderArg::All) {
                let folder = account.folder(wanted).await?;
                if !chosen.iter().any(|other| other.wire_name == folder.wire_name) {
                    chosen.push(folder);
                }
            }
            chosen
        }
        None => shown().cloned().collect(),
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
    let tasks = found.into_iter().map(|folder| Task { folder, validity: None, at: At::Nothing }).collect();
    Ok(Plan { account, tasks, skipped })
}

/// Trash and Junk where they are there and the query does not name them.
fn left_out(account: &Account, folders: &Folders, query: &Query) -> Vec<String> {
    let named: Vec<_> = query
        .named_folders()
        .into_iter()
        .filter_map(|wanted| folders.find(wanted))
        .map(Folder::key)
        .collect();
    let is_out = |folder: &&Folder| {
        folder.is_selectable
            && is_left_out(folder)
            && account.shows(folder, folders)
            && !named.contains(&folder.key())
    };
    folders.all.iter().filter(is_out).map(|folder| full_name(account, &folder.key())).collect()
}

pub(crate) fn is_left_out(folder: &Folder) -> bool {
    matches!(folder.role, Some(Role::Trash | Role::Junk))
}

/// The folder with a role, if it is shown.
pub(crate) fn with_role<'a>(shown: &[&'a Folder], role: Role) -> Option<&'a Folder> {
    shown.iter().copied().find(|folder| folder.role == Some(role))
}

/// Every message once: on Gmail its All Mail, Trash and Junk hold what all other folders show again.
fn everything<'a>(folders: &Folders, shown: Vec<&'a Folder>) -> Vec<&'a Folder> {
    if folders.is_gmail && with_role(&shown, Role::All).is_some() {
        return [Role::All, Role::Trash, Role::Junk]
            .iter()
            .filter_map(|role| with_role(&shown, *role))
            .collect();
    }
    shown
}

/// The folders a search looks in when none is named: all but Trash and Junk; on Gmail, All Mail. Folders
/// that only show others' messages again are taken where the grant shows nothing else.
pub(crate) fn by_default<'a>(folders: &Folders, shown: Vec<&'a Folder>) -> Vec<&'a Folder> {
    let all_mail = with_role(&shown, Role::All).filter(|_| folders.is_gmail);
    if let Some(all_mail) = all_mail {
        return vec![all_mail];
    }
    let wanted: Vec<&Folder> = shown.into_iter().filter(|folder| !is_left_out(folder)).collect();
    let is_view = |folder: &&Folder| matches!(folder.role, Some(Role::All | Role::Flagged));
    if wanted.iter().all(is_view) {
        return wanted;
    }
    wanted.into_iter().filter(|folder| !is_view(folder)).collect()
}
