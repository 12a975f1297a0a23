//! The copy in the Sent folder: exactly one, made by the provider or by us.
//!
//! Before each try the row is moved on, and only one who succeeds in that goes on; before each APPEND but
//! the first it is looked whether the message is there, because an answer that was lost may have been a yes.

use domain::{Code, Flag, FolderArg, MessageRef, Problem, Query, Role};
use mail::{
    imap::{
        folder::Folder,
        make_role::MakeRole,
        marked::WithHeader,
        write::{Appending, NotAppended, Placed},
    },
    mime::compose::wire_address,
};
use storage::{Copy, CopyState, Outgoing, Store};
use tokio::time::Instant;

use super::frozen::Checked;
use crate::{
    Account, Engine,
    cursor::At,
    opened::Fresh,
    pages::{Budget, Search, Task},
};

/// How many of the newest messages in Sent are compared where the Message-ID is not found.
const COMPARED: usize = 20;

impl Engine {
    /// One step of a copy.
    pub(super) async fn file_copy(&self, store: &Store, account: &Account, row: &Outgoing) {
        let bounds = &self.0.bounds.sending;
        let now = self.now();
        let looks = u32::try_from(bounds.looks.len()).unwrap_or_default();
        let most = bounds.copy_tries.saturating_add(looks);
        if row.copy.tries >= most {
            // Every try broke off before it could be said how it went.
            set(store, row, &row.copy, &Copy { state: CopyState::Failed, next: None, ..row.copy.clone() })
                .await;
            return;
        }
        // Whoever comes while this runs, or after it broke off, comes later.
        let taken = Copy {
            tries: row.copy.tries.saturating_add(1),
            next: Some(now + bounds.copy_attempt),
            ..row.copy.clone()
        };
        if !set(store, row, &row.copy, &taken).await {
            return;
        }
        // Given up before anybody else may take it.
        let copying = tokio::time::timeout(bounds.copy_attempt, self.copied(store, account, row, &taken));
        let copied = if let Ok(copied) = copying.await {
            copied
        } else {
            // It may have gone a step further meanwhile.
            let stands = store.outbox_find(&row.id).await.ok().flatten();
            let problem = Problem::new(Code::AccountUnreachable, "The copy took too long.");
            Err((stands.map_or(taken, |row| row.copy), problem))
        };
        let (from, end) = copied.unwrap_or_else(|(from, problem)| {
            tracing::warn!(code = %problem.code, "the copy of a sent message could not be filed");
            let wait = super::retry::wait(&bounds.copy_retries, from.tries);
            let state = if from.state == CopyState::Looking { from.state } else { CopyState::Failed };
            let end = if from.tries >= most {
                Copy { state: CopyState::Failed, next: None, ..from.clone() }
            } else {
                Copy { state, next: Some(self.now() + wait), ..from.clone() }
            };
            (from, end)
        });
        set(store, row, &from, &end).await;
    }

    /// The copy as it is stored now, and as it is to be; or what went wrong.
    async fn copied(
        &self,
        store: &Store,
        account: &Account,
        row: &Outgoing,
        taken: &Copy,
    ) -> Result<(Copy, Copy), (Copy, Problem)> {
        let failed = |problem: Problem| (taken.clone(), problem);
        let folder = account.sent_folder().await.map_err(failed)?;
        let may_be_there = taken.state == CopyState::Looking || row.copy.tries > 0;
        if may_be_there
            && let Some((id, is_certain)) = self.find_sent(account, &folder, row).await.map_err(failed)?
        {
            let state = if taken.state == CopyState::Looking {
                // From one that only looks like it nothing is learned: no later message would be looked for.
                if is_certain {
                    learn(store, account, true).await;
                }
                CopyState::Kept
            } else {
                CopyState::Stored
            };
            return Ok((
                taken.clone(),
                Copy { state, id: Some(id.to_string()), next: None, ..taken.clone() },
            ));
        }
        let looked = usize::try_from(taken.tries).unwrap_or(usize::MAX);
        let looks = &self.0.bounds.sending.looks;
        if taken.state == CopyState::Looking
            && let (Some(before), Some(next)) = (looks.get(looked - 1), looks.get(looked))
        {
            let next = self.now() + next.saturating_sub(*before);
            return Ok((taken.clone(), Copy { next: Some(next), ..taken.clone() }));
        }
        // From here on a copy that is found is ours.
        let ours = Copy { state: CopyState::Waiting, ..taken.clone() };
        if taken.state != CopyState::Waiting && !set(store, row, taken, &ours).await {
            return Err((taken.clone(), super::busy()));
        }
        if taken.state == CopyState::Looking {
            learn(store, account, false).await;
        }
        let failed = |problem: Problem| (ours.clone(), problem);
        let placed = self.append_copy(store, account, &folder, row).await.map_err(failed)?;
        let id = placed.map(|placed| account.id(&folder, placed.validity, placed.uid).to_string());
        Ok((ours.clone(), Copy { state: CopyState::Stored, id, next: None, ..ours }))
    }

    async fn append_copy(
        &self,
        store: &Store,
        account: &Account,
        folder: &Folder,
        row: &Outgoing,
    ) -> Result<Option<Placed>, Problem> {
        let reader = store.outbox_reader(&row.id).await.map_err(|error| super::stored_badly(&error))?;
        let mut octets = Checked::stored(reader, &row.frozen);
        let appending = Appending {
            mailbox: &folder.wire_name,
            flags: &[Flag::Seen],
            received: Some(row.updated),
            size: row.frozen.size,
            is_utf8: row.frozen.needs_utf8,
        };
        let appended = account.opened.pool.append(&appending, &mut octets).await;
        appended.map_err(|failure| match failure {
            NotAppended::Before(error) | NotAppended::During(error) | NotAppended::Refused(error) => {
                // The folder may have been removed meanwhile: the next try makes it anew.
                account.opened.forget_folders();
                account.problem(&error)
            }
            NotAppended::Source(error) => {
                tracing::error!(%error, "a sent message could not be read for its copy");
                super::busy()
            }
        })
    }

    /// Where the message is in Sent, and whether that is certain: by its Message-ID, else, where the provider
    /// gave it another one, by From, Date, subject and first recipient.
    pub(super) async fn find_sent(
        &self,
        account: &Account,
        folder: &Folder,
        row: &Outgoing,
    ) -> Result<Option<(MessageRef, bool)>, Problem> {
        let wanted = row.frozen.message_id.as_str();
        let by_id = WithHeader { mailbox: &folder.wire_name, field: "Message-ID", value: wanted, limit: 1 };
        let found = account.opened.ask(Some(&folder.wire_name), &by_id).await;
        if let Some(found) = found.map_err(|error| account.problem(&error))?.first() {
            return Ok(Some((account.id(folder, found.validity, found.uid), true)));
        }
        let query = Query::default();
        let tasks = [Task { folder: folder.clone(), validity: None, at: At::Nothing }];
        let search = Search {
            account,
            query: &query,
            tasks: &tasks,
            limit: COMPARED,
            budget: Budget { deadline: Instant::now() + self.0.bounds.filter_time, candidates: COMPARED },
            bounds: self.0.bounds,
            ascii_only: account.opened.is_ascii_only(),
            recalls: false,
        };
        let outcomes = account.opened.ask(Some(&folder.wire_name), &search).await;
        for (_, given) in outcomes.map_err(|error| account.problem(&error))? {
            let given = match given {
                Ok(given) => given,
                Err(crate::pages::Missing::Mail(error)) => return Err(account.problem(&error)),
                Err(crate::pages::Missing::Stale) => return Err(super::busy()),
            };
            let found = given.offer.rows.iter().find(|(summary, _)| is_it(&summary.envelope, row));
            if let Some((summary, _)) = found {
                return Ok(Some((account.id(folder, given.validity, summary.uid), false)));
            }
        }
        Ok(None)
    }
}

impl Account {
    /// The Sent folder, which is made if there is none.
    pub(super) async fn sent_folder(&self) -> Result<Folder, Problem> {
        let wanted = FolderArg::Role(Role::Sent);
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        if let Some(folder) = folders.find(&wanted).filter(|folder| folder.is_selectable) {
            return Ok(folder.clone());
        }
        let made = self.opened.ask(None, &MakeRole { role: Role::Sent }).await;
        self.opened.forget_folders();
        made.map_err(|error| self.problem(&error))
    }
}

/// Whether a message in Sent is the one that was sent, under another Message-ID. The Date is as we wrote it:
/// what the person wrote themselves at about that time to the same people is another message.
fn is_it(envelope: &domain::Envelope, row: &Outgoing) -> bool {
    let is = |address: &domain::Address, wanted: &str| {
        let wire = wire_address(&address.email).map_or_else(|_| address.email.clone(), |wire| wire.text);
        wire.eq_ignore_ascii_case(wanted)
    };
    let first = row.frozen.recipients.first().map(String::as_str).unwrap_or_default();
    let mut shown = envelope.to.iter().chain(&envelope.cc).chain(&envelope.bcc);
    envelope.date.is_some_and(|date| Some(date.unix_timestamp()) == row.frozen.date)
        && matches!(envelope.from.as_slice(), [from] if is(from, &row.frozen.from))
        && envelope.subject.trim() == row.frozen.subject.trim()
        && shown.any(|address| is(address, first))
        && envelope.message_id.as_deref().is_none_or(|id| !is_of_ours(id, row))
}

/// Whether it is another message that was sent through here to the same people: those keep their own id.
fn is_of_ours(message_id: &str, row: &Outgoing) -> bool {
    super::message_id::has_shape(message_id) && message_id != row.frozen.message_id
}

async fn learn(store: &Store, account: &Account, files_itself: bool) {
    if let Err(error) = store.filing_learn(&account.home, files_itself).await {
        tracing::warn!(%error, "who files sent mail could not be remembered");
    }
}

async fn set(store: &Store, row: &Outgoing, from: &Copy, to: &Copy) -> bool {
    store.outbox_set_copy(&row.id, from, to).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "how a copy stands could not be written down");
        false
    })
}
