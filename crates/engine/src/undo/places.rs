//! Where the messages of a change are now: as the journal knows, else as the server said then, else by
//! their Message-IDs.

use std::collections::HashMap;

use bytes::Bytes;
use domain::{Code, Problem};
use mail::{
    Error,
    imap::{
        Question, Session,
        change::OneTransferred,
        command::{fetch, noop},
        folder::Folder,
        write::Placed,
    },
    mime::header::Headers,
};

use super::Reversal;
use crate::{
    Account,
    journal::Place,
    read::{gone, stale},
};

/// Of so many of the newest messages of a folder the Message-IDs are read, for each that is looked for.
const LOOKED_AT: usize = 4;

/// Of so many at the least.
const LEAST_LOOKED_AT: usize = 1_000;

/// Where a message is that was moved by the change.
pub(super) enum Now {
    /// In the folder that it was moved to.
    There(Placed),
    /// Where it was before.
    Back,
}

impl Reversal<'_> {
    /// Where messages are now that were moved from one folder to another.
    pub(super) async fn now(
        &self,
        account: &Account,
        from: &Place,
        to: &Bytes,
        messages: &[&OneTransferred],
    ) -> Vec<Result<Now, Problem>> {
        let before: Vec<(Bytes, Placed)> =
            messages.iter().map(|one| (from.wire.clone(), placed(from, one.was.uid))).collect();
        let moved = match self.engine.moved_to(account, &before).await {
            Ok(moved) => moved,
            Err(problem) => return messages.iter().map(|_| Err(problem.clone())).collect(),
        };
        let mut found = Vec::with_capacity(messages.len());
        let mut unplaced: Vec<(usize, String)> = Vec::new();
        for (index, (one, moved)) in messages.iter().zip(moved).enumerate() {
            let place = match moved {
                None => one.to,
                Some(moved) if moved.wire == *to => moved.placed,
                Some(moved) if moved.wire == from.wire => {
                    found.push(Ok(Now::Back));
                    continue;
                }
                Some(_) => {
                    found.push(Err(moved_again()));
                    continue;
                }
            };
            found.push(match (place, &one.was.message_id) {
                (Some(placed), _) => Ok(Now::There(placed)),
                (None, Some(message_id)) => {
                    unplaced.push((index, message_id.clone()));
                    Err(gone())
                }
                (None, None) => Err(unknown()),
            });
        }
        if unplaced.is_empty() {
            return found;
        }
        let wanted: Vec<&str> = unplaced.iter().map(|(_, message_id)| message_id.as_str()).collect();
        let there = account.by_message_ids(to, &wanted).await;
        for (index, message_id) in &unplaced {
            let Some(slot) = found.get_mut(*index) else { continue };
            *slot = match &there {
                Err(problem) => Err(problem.clone()),
                Ok(there) => match there.get(message_id).map(Vec::as_slice) {
                    Some([only]) => Ok(Now::There(*only)),
                    Some([_, _, ..]) => Err(unknown()),
                    _ => Err(gone()),
                },
            };
        }
        found
    }
}

impl Account {
    /// A folder that the grant shows, as a problem if there is none.
    pub(super) async fn shown_at(&self, wire: &Bytes) -> Result<Folder, Problem> {
        self.seen(wire).await?.ok_or_else(|| {
            Problem::new(Code::FolderNotFound, "The folder is not there any more.")
                .hint("List the folders with mail_folders.")
        })
    }

    /// The messages of a folder that have these Message-IDs, as far as they are among its newest.
    pub(super) async fn by_message_ids(
        &self,
        mailbox: &Bytes,
        wanted: &[&str],
    ) -> Result<HashMap<String, Vec<Placed>>, Problem> {
        let newest = wanted.len().saturating_mul(LOOKED_AT).max(LEAST_LOOKED_AT);
        let newest = u32::try_from(newest).unwrap_or(u32::MAX);
        let question = MessageIds { mailbox, newest };
        let found = self.opened.ask(Some(mailbox), &question).await.map_err(|error| self.problem(&error))?;
        let mut by_id: HashMap<String, Vec<Placed>> = HashMap::new();
        for (message_id, placed) in found {
            if wanted.contains(&message_id.as_str()) {
                by_id.entry(message_id).or_default().push(placed);
            }
        }
        Ok(by_id)
    }
}

/// The Message-IDs of the newest messages of a mailbox, for servers that do not say where messages went.
struct MessageIds<'a> {
    mailbox: &'a [u8],
    newest: u32,
}

impl Question for MessageIds<'_> {
    type Answer = Vec<(String, Placed)>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        // What arrived meanwhile is told by the NOOP.
        let (selected, replies) = session.examine(self.mailbox, vec![noop()]).await?;
        replies.into_iter().try_for_each(|reply| reply.map(drop))?;
        let exists = session.exists();
        if exists == 0 {
            return Ok(Vec::new());
        }
        let low = exists.saturating_sub(self.newest.saturating_sub(1)).max(1);
        let reply = session.run_one(fetch::fields_from(low, "Message-ID")).await?;
        if reply.has_gaps {
            return Err(Error::Protocol("a part of its answer cannot be read"));
        }
        let mut found = Vec::new();
        for fetch in fetch::read(reply) {
            let Some(uid) = fetch.uid else { continue };
            let headers = fetch.sections.iter().filter_map(|section| section.data.as_deref());
            let message_id = headers.map(Headers::parse).find_map(|headers| headers.message_id());
            found.extend(
                message_id.map(|message_id| (message_id, Placed { validity: selected.validity, uid })),
            );
        }
        Ok(found)
    }
}

/// Lets the server tell what others took away, where the mailbox is open already: it is said of each message
/// that is put back.
pub(super) struct Refreshed<'a>(pub(super) &'a [u8]);

impl Question for Refreshed<'_> {
    type Answer = ();

    async fn ask(&self, session: &mut Session) -> Result<(), Error> {
        if session.selected().is_some_and(|open| open.name == self.0) {
            session.run_one(noop()).await?;
        }
        Ok(())
    }
}

pub(super) fn placed(at: &Place, uid: u32) -> Placed {
    Placed { validity: at.validity, uid }
}

/// What did not happen in a folder whose UIDs are others now.
pub(super) fn rebuilt() -> Problem {
    stale()
}

pub(super) fn moved_again() -> Problem {
    Problem::new(Code::Conflict, "It was moved again since.")
        .hint("Take the later change back first, or move it with mail_organize.")
}

pub(super) fn unknown() -> Problem {
    Problem::new(Code::Conflict, "Which message it is now cannot be told for certain, so it was left alone.")
        .hint("Search for it, and move it with mail_organize.")
}
