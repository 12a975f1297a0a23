//! Whom the person has written to themselves: what approvals remember, and the Sent folder, where what left
//! through a grant does not count. Nothing that was received makes anybody known.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{
    Address, Problem, Query, Role, Summary,
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

impl Engine {
    /// Those of the addresses (folded) that the person never wrote to from the account, in their order.
    pub(crate) async fn unknown(
        &self,
        account: &Account,
        addresses: &[String],
    ) -> Result<Vec<String>, Problem> {
        let mut left: Vec<String> = addresses.to_vec();
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
        if addresses.len() > 1 {
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
