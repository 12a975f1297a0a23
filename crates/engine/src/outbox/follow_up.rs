//! What is owed in the mailbox once a message has left: its copy in Sent, the flag of the message that it
//! answers, the end of its draft. What fails here does not change that it was sent.
//!
//! The row says what is owed, from the moment that it says `Sent`: killed in between, another takes it up.

use domain::{Flag, HomeAccount, MessageRef, OutboxId};
use mail::imap::{folder::Folder, write::Placed};
use storage::{CopyState, Outgoing, Store};

use super::{Authority, Standing};
use crate::{Account, Engine, opened::Fresh};

impl Engine {
    /// All of it, right after the message left.
    pub(super) async fn follow_up(&self, store: &Store, account: &Account, row: &Outgoing) {
        if row.copy.state == CopyState::Waiting {
            self.file_copy(store, account, row).await;
        }
        self.tidy(store, account, row).await;
    }

    /// One step of what is due of it.
    pub(super) async fn copy_due(&self, store: &Store, id: &OutboxId, authority: &dyn Authority) {
        let Ok(Some(row)) = store.outbox_find(id).await else { return self.0.under_way.leave(id) };
        let account = match &row.account {
            // It is owed whatever became of the grant: nobody is asked for it.
            HomeAccount::Stored(id) => self.stored_account(id, &row.account_name).await,
            HomeAccount::Carried(_) => match authority.standing(&row.grant, &row.user).await {
                Standing::Holds(principal) => self.account(&principal, Some(row.account_name.as_str())).await,
                _ => return self.0.under_way.leave(id),
            },
        };
        match account {
            Ok(account) if account.home == row.account => {
                if !row.copy.is_done() && row.copy.next.is_some_and(|next| next <= self.now()) {
                    self.file_copy(store, &account, &row).await;
                }
                self.tidy(store, &account, &row).await;
            }
            _ => self.0.under_way.leave(id),
        }
    }

    /// The flag and the draft, if they are due and nobody else is at it. Done twice they are as done once.
    async fn tidy(&self, store: &Store, account: &Account, row: &Outgoing) {
        if !row.frozen.owes_follow_up() {
            return;
        }
        let bounds = &self.0.bounds.sending;
        let tries = match store.outbox_follow(&row.id, self.now() + bounds.copy_attempt).await {
            Ok(Some(tries)) => tries,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "what a sent message leaves to do cannot be seen"),
        };
        let tidying = async { (self.answered(account, row).await, self.end_draft(account, row).await) };
        // Given up before anybody else may take it.
        let is_done = match tokio::time::timeout(bounds.copy_attempt, tidying).await {
            Ok((is_marked, is_ended)) => is_marked && is_ended,
            Err(_) => false,
        };
        let next = if is_done || tries >= bounds.copy_tries {
            None
        } else {
            Some(self.now() + super::retry::wait(&bounds.copy_retries, tries))
        };
        if let Err(error) = store.outbox_set_follow(&row.id, next).await {
            // It comes again by itself.
            tracing::warn!(%error, "it could not be written down that a sent message has nothing left to do");
        }
    }

    /// Whether the draft is gone. Which version was sent is frozen with the message; where that is not
    /// known, it may be another one that stands there, and it stays.
    async fn end_draft(&self, account: &Account, row: &Outgoing) -> bool {
        let (Some(draft), Some(version)) = (&row.frozen.draft, &row.frozen.draft_version) else {
            return true;
        };
        let removed = self.discard_draft(account, draft, version).await;
        if let Err(problem) = &removed {
            tracing::warn!(code = %problem.code, "a draft that was sent could not be removed");
        }
        removed.is_ok()
    }

    /// Whether the message that was answered is marked; one that cannot be named or found is left alone.
    async fn answered(&self, account: &Account, row: &Outgoing) -> bool {
        let Some(answers) = row.frozen.answers.as_deref().and_then(|answers| answers.parse().ok()) else {
            return true;
        };
        let flag =
            if row.frozen.is_forward { Flag::Keyword("$Forwarded".to_owned()) } else { Flag::Answered };
        let marked = match self.answered_at(account, &answers).await {
            Ok(Some((folder, placed))) => mark(account, &folder, placed, flag).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = &marked {
            tracing::info!(%error, "the message that was answered could not be marked");
        }
        marked.is_ok()
    }

    /// Where the message that was answered is: it may have been moved here since it was frozen.
    async fn answered_at(
        &self,
        account: &Account,
        answers: &MessageRef,
    ) -> Result<Option<(Folder, Placed)>, mail::Error> {
        if let Ok(Some(moved)) = self
            .follow_ids(account, std::slice::from_ref(answers))
            .await
            .map(|mut found| found.pop().flatten())
        {
            return Ok(Some(moved));
        }
        let folders = account.opened.folders(Fresh::Known).await?;
        let placed = Placed { validity: answers.validity, uid: answers.uid };
        Ok(folders.find(&answers.folder).map(|folder| (folder.clone(), placed)))
    }
}

async fn mark(account: &Account, folder: &Folder, placed: Placed, flag: Flag) -> Result<(), mail::Error> {
    let mailbox = &folder.wire_name;
    account.opened.pool.store_flags(mailbox, placed.validity, &[placed.uid], &[flag], &[]).await.map(drop)
}
