//! Whom the person has written to themselves: what approvals remember, and the Sent folder, where what left
//! through a grant does not count. Nothing that was received makes anybody known.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    Address, HomeAccount, Problem, Query, Role, Summary,
    query::{Expr, Field, Term},
};
use tokio::time::Instant;

use super::folded;
use crate::{
    Account, Engine,
    cursor::At,
    opened::Fresh,
    outbox::message_id,
    pages::{Budget, Search, Task},
};

/// Messages that are looked at in one search.
const EACH: usize = 100;

/// Addresses that are searched for together.
const TOGETHER: usize = 20;

/// Addresses that are searched for alone, where the search for all found too many messages to tell.
const ALONE: usize = 10;

/// How long an answer of the server's serves again.
const LASTS: Duration = Duration::from_mins(10);

/// Answers that are remembered; beyond that all are forgotten, which costs a question each.
const REMEMBERED: usize = 10_000;

/// An account and an address, folded.
type Of = (HomeAccount, String);

/// Whom the server said lately that the person wrote to, and whom not.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Of, (Instant, bool)>>);

/// Which of the remembered answers serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recall {
    /// That somebody is known: it stays true.
    Known,
    /// Also that somebody is not, where nothing depends on it but a count.
    Both,
}

impl Known {
    /// Whether the person wrote to the address, if that is remembered.
    fn recall(&self, of: &Of, recall: Recall) -> Option<bool> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, is_known) = all.get(of).copied()?;
        (at.elapsed() < LASTS && (is_known || recall == Recall::Both)).then_some(is_known)
    }

    fn note(&self, of: Of, is_known: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(of, (Instant::now(), is_known));
    }
}

impl Engine {
    /// Those of the addresses (folded) that the person never wrote to from the account, in their order.
    pub(crate) async fn unknown(
        &self,
        account: &Account,
        addresses: &[String],
        recall: Recall,
    ) -> Result<Vec<String>, Problem> {
        let of = |address: &String| (account.home.clone(), address.clone());
        let (mut unknown, mut left) = (Vec::new(), Vec::new());
        for address in addresses {
            match self.0.known.recall(&of(address), recall) {
                Some(true) => {}
                Some(false) => unknown.push(address.clone()),
                None => left.push(address.clone()),
            }
        }
        let asked = left.clone();
        let strangers = self.strangers(account, left).await?;
        for address in asked {
            self.0.known.note(of(&address), !strangers.contains(&address));
        }
        unknown.extend(strangers);
        Ok(addresses.iter().filter(|address| unknown.contains(address)).cloned().collect())
    }

    /// The same, asked anew.
    async fn strangers(&self, account: &Account, mut left: Vec<String>) -> Result<Vec<String>, Problem> {
        let count = left.len();
        if let (Some(store), false) = (&self.0.settings.store, left.is_empty()) {
            let known = store.known_among(&account.home, &left).await.map_err(|error| {
                tracing::error!(%error, "known recipients cannot be looked up");
                Problem::new(domain::Code::Internal, "Whom the person knows cannot be looked up.")
            })?;
            let mut known = known.into_iter();
            left.retain(|_| !known.next().unwrap_or(false));
        }
        for group in left.clone().chunks(TOGETHER) {
            let found = self.written_to(account, group).await?;
            left.retain(|address| !found.contains(address));
        }
        // Many messages to one of them may have hidden those to the others.
        if count > 1 {
            for address in left.clone().iter().take(ALONE) {
                let found = self.written_to(account, std::slice::from_ref(address)).await?;
                left.retain(|address| !found.contains(address));
            }
        }
        Ok(left)
    }

    /// Those of the addresses that stand in a message in Sent that the person wrote.
    async fn written_to(&self, account: &Account, addresses: &[String]) -> Result<BTreeSet<String>, Problem> {
        let mut found = BTreeSet::new();
        for row in sent_to(account, addresses, &self.0.bounds).await? {
            if !is_own(account, &row.envelope.from) || self.is_of_a_grant(account, &row).await? {
                continue;
            }
            let envelope = &row.envelope;
            let recipients = envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc);
            found.extend(recipients.map(|address| folded(&address.email)));
        }
        Ok(found)
    }

    /// Whether an agent had it sent, or had it written.
    async fn is_of_a_grant(&self, account: &Account, row: &Summary) -> Result<bool, Problem> {
        let Some(store) = &self.0.settings.store else { return Ok(false) };
        let id = row.envelope.message_id.as_deref().unwrap_or_default();
        message_id::is_ours(store, &account.home, id).await.map_err(|error| {
            tracing::error!(%error, "the account's key cannot be had");
            Problem::new(domain::Code::Internal, "Whom the person knows cannot be looked up.")
        })
    }
}

/// Whether the account's own identity wrote it, and nobody besides.
fn is_own(account: &Account, from: &[Address]) -> bool {
    let own = folded(&account.address);
    !from.is_empty() && from.iter().all(|address| folded(&address.email) == own)
}

/// The newest messages in Sent that have one of the addresses among their recipients, whatever folders the
/// grant sees: the question is what the person did.
async fn sent_to(
    account: &Account,
    addresses: &[String],
    bounds: &crate::Bounds,
) -> Result<Vec<std::sync::Arc<Summary>>, Problem> {
    let folders = account.opened.folders(Fresh::Known).await.map_err(|error| account.problem(&error))?;
    let is_sent =
        |folder: &&mail::imap::folder::Folder| folder.role == Some(Role::Sent) && folder.is_selectable;
    let tasks: Vec<Task> = folders
        .all
        .iter()
        .filter(is_sent)
        .map(|folder| Task { folder: folder.clone(), validity: None, at: At::Nothing })
        .collect();
    let Some(first) = tasks.first().map(|task| Bytes::clone(&task.folder.wire_name)) else {
        return Ok(Vec::new());
    };
    let terms = addresses.iter().flat_map(|address| {
        [Field::To, Field::Cc, Field::Bcc].map(|field| Expr::Term(Term::Text(field, address.clone())))
    });
    let query = Query::from(Expr::Or(terms.collect()));
    let search = Search {
        account,
        query: &query,
        tasks: &tasks,
        limit: EACH,
        budget: Budget {
            deadline: Instant::now() + bounds.filter_time,
            candidates: bounds.filter_candidates,
        },
        bounds: *bounds,
        ascii_only: !addresses.iter().all(|address| address.is_ascii()),
        recalls: false,
    };
    let outcomes =
        account.opened.ask(Some(&first), &search).await.map_err(|error| account.problem(&error))?;
    let mut rows = Vec::new();
    for (_, given) in outcomes {
        match given {
            Ok(given) => rows.extend(given.offer.rows.into_iter().map(|(summary, _)| summary)),
            // Whoever could not be looked up is not known; but that must not pass for an answer.
            Err(crate::pages::Missing::Mail(error)) => return Err(account.problem(&error)),
            Err(crate::pages::Missing::Stale) => {}
        }
    }
    Ok(rows)
}
