//! Finding a message by its Message-ID: the inbox first, then Sent and the archive, then everywhere,
//! within three seconds. Message-IDs can be forged and doubled, so several hits are all told.

use bytes::Bytes;
use domain::{
    Code, Principal, Problem, Query, Role,
    query::{Expr, Term},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::imap::folder::{Folder, Folders};
use tokio::time::{Instant, timeout_at};

use super::Resolved;
use crate::{
    Account, Bounds, Engine,
    cursor::At,
    opened::Fresh,
    pages::{Budget, Search, Task},
    search::Row,
};

/// Messages looked at for each ring of folders.
const CANDIDATES: usize = 100;

/// Hits that are told of.
const MAX_HITS: usize = 5;

struct Hit {
    account: Account,
    folder: Folder,
    validity: u32,
    row: Row,
}

impl Engine {
    pub(super) async fn look_up(&self, principal: &Principal, message_id: &str) -> Result<Resolved, Problem> {
        if message_id.len() > 998 || message_id.chars().any(char::is_control) {
            return Err(Problem::new(Code::InvalidInput, "This is no Message-ID."));
        }
        let deadline = Instant::now() + self.0.bounds.look_up;
        let mut hits = Vec::new();
        let mut problem = None;
        let mut looking = Vec::new();
        for opened in self.all_accounts(principal).await? {
            match opened {
                Ok(account) => looking.push(account.look_up(message_id, &self.0.bounds, deadline).boxed()),
                Err((_, failure)) => problem = Some(failure),
            }
        }
        for result in join_all(looking).await {
            match result {
                Ok(found) => hits.extend(found),
                Err(failure) => problem = Some(failure),
            }
        }
        match hits.len() {
            0 => Err(problem.unwrap_or_else(|| {
                Problem::new(Code::NotFound, "No message with this Message-ID was found.")
                    .hint("Search by sender or subject instead.")
            })),
            1 => {
                let hit = hits.remove(0);
                let uid = hit.row.id.uid;
                Ok(Resolved::One {
                    account: Box::new(hit.account),
                    folder: hit.folder,
                    uid,
                    validity: hit.validity,
                })
            }
            _ => Ok(Resolved::Several(hits.into_iter().map(|hit| hit.row).take(MAX_HITS).collect())),
        }
    }
}

impl Account {
    /// Looks in one ring of folders after the other and stops at the first that has it.
    async fn look_up(
        self,
        message_id: &str,
        bounds: &Bounds,
        deadline: Instant,
    ) -> Result<Vec<Hit>, Problem> {
        let looking = async {
            let folders = self.opened.folders(Fresh::Recent).await.map_err(|error| self.problem(&error))?;
            for ring in rings(&self, &folders) {
                let hits = self.look_in(ring, message_id, bounds, deadline).await?;
                if !hits.is_empty() {
                    return Ok(hits);
                }
            }
            Ok(Vec::new())
        };
        timeout_at(deadline, looking).await.unwrap_or_else(|_| {
            // Whoever comes next must not wait behind what was given up.
            self.opened.pool.close_busy();
            Err(Problem::new(
                Code::NotFound,
                format!(
                    "No message with this Message-ID was found in account `{}` within {} s; not every folder could be looked into.",
                    self.name,
                    bounds.look_up.as_secs()
                ),
            )
            .hint("Search by sender or subject instead."))
        })
    }

    async fn look_in(
        &self,
        ring: Vec<Folder>,
        message_id: &str,
        bounds: &Bounds,
        deadline: Instant,
    ) -> Result<Vec<Hit>, Problem> {
        if ring.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::from(Expr::Term(Term::MessageId(message_id.to_owned())));
        let tasks: Vec<Task> =
            ring.into_iter().map(|folder| Task { folder, validity: None, at: At::Nothing }).collect();
        let first: Bytes = tasks.first().map(|task| task.folder.wire_name.clone()).unwrap_or_default();
        let search = Search {
            account: self,
            query: &query,
            tasks: &tasks,
            limit: MAX_HITS,
            budget: Budget { deadline, candidates: CANDIDATES },
            bounds: *bounds,
            ascii_only: !message_id.is_ascii(),
            recalls: false,
        };
        let outcomes = self.opened.ask(Some(&first), &search).await.map_err(|error| self.problem(&error))?;
        let mut hits = Vec::new();
        for (folder, given) in outcomes {
            let Ok(given) = given else { continue };
            for (summary, _) in &given.offer.rows {
                // Servers look for substrings.
                let found = summary.envelope.message_id.as_deref().unwrap_or_default();
                if !found.eq_ignore_ascii_case(message_id) {
                    continue;
                }
                self.opened.remember(&folder.wire_name, given.validity, summary);
                hits.push(Hit {
                    account: self.clone(),
                    row: self.row(&folder, given.validity, summary, None),
                    validity: given.validity,
                    folder: folder.clone(),
                });
            }
        }
        Ok(hits)
    }
}

/// The folders in the order they are looked in.
fn rings(account: &Account, folders: &Folders) -> [Vec<Folder>; 3] {
    let mut rings = [Vec::new(), Vec::new(), Vec::new()];
    for folder in folders.all.iter().filter(|folder| folder.is_selectable && account.shows(folder, folders)) {
        let [first, second, third] = &mut rings;
        match folder.role {
            Some(Role::Inbox) => first.push(folder.clone()),
            Some(Role::Sent | Role::Archive | Role::All) => second.push(folder.clone()),
            _ => third.push(folder.clone()),
        }
    }
    rings
}
