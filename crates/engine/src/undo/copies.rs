//! Taking copies away again: only those that are still as they were made. They go to Trash where there is one,
//! so that nothing is lost if somebody had come to rely on them; on Gmail a copy is a label.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{Code, Flag, FolderArg, Problem, Role};
use mail::imap::{
    change::{Changed, End, FlagChange, Messages, OneTransferred, Revert, Reverted, Was},
    folder::Folder,
    write::{Placed, Removed},
};

use super::{
    BATCH, Reversal, Reversed,
    messages::{changed_since, is_shown, of_revert, set},
    places::{moved_again, rebuilt, unknown},
};
use crate::{
    Account,
    journal::{Place, Step},
    opened::Fresh,
    read::gone,
};

/// Gmail's name of the label that puts a message into the inbox.
const INBOX_LABEL: &str = "\\Inbox";

impl Reversal<'_> {
    /// Takes copies away.
    pub(super) async fn copies(
        &mut self,
        account: &Account,
        from: &Place,
        to: &(Bytes, String),
        messages: &[OneTransferred],
    ) -> Vec<Reversed> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            outcomes.extend(self.copies_of(account, from, to, batch).await);
            self.advance(batch.len() as u64);
        }
        outcomes
    }

    /// Takes the label away that the copy is.
    async fn unlabel(
        &self,
        account: &Account,
        from: &Place,
        folder: &Folder,
        batch: &[OneTransferred],
    ) -> Vec<Reversed> {
        let label = match folder.role {
            Some(Role::Inbox) => INBOX_LABEL.to_owned(),
            Some(_) => {
                let problem = Problem::new(Code::NotSupported, "This copy cannot be taken away on Gmail.");
                return vec![Err(problem); batch.len()];
            }
            None => folder.name.segments().join("/"),
        };
        // What had the label before is as it was.
        let had = |one: &OneTransferred| one.was.labels.iter().any(|had| had.eq_ignore_ascii_case(&label));
        let revert = |one: &OneTransferred| Revert {
            uid: one.was.uid,
            add: Vec::new(),
            remove: Vec::new(),
            add_labels: Vec::new(),
            remove_labels: vec![label.clone()],
            modseq: None,
        };
        let reverts: Vec<Revert> = batch.iter().filter(|one| !had(one)).map(revert).collect();
        if reverts.is_empty() {
            return vec![Ok(()); batch.len()];
        }
        match account.opened.pool.revert_flags(&from.wire, from.validity, &reverts).await {
            Ok(Changed::Done(reverted)) => {
                let reverted: BTreeMap<u32, Reverted> = reverted.into_iter().collect();
                let outcome = |one: &OneTransferred| of_revert(reverted.get(&one.was.uid));
                batch.iter().map(|one| if had(one) { Ok(()) } else { outcome(one) }).collect()
            }
            Ok(Changed::Stale) => vec![Err(rebuilt()); batch.len()],
            Err(error) => vec![Err(account.problem(&error)); batch.len()],
        }
    }

    pub(super) async fn copies_of(
        &mut self,
        account: &Account,
        from: &Place,
        to: &(Bytes, String),
        batch: &[OneTransferred],
    ) -> Vec<Reversed> {
        match account.shown_at(&to.0).await {
            Err(problem) => vec![Err(problem); batch.len()],
            Ok(folder) => match account.opened.folders(Fresh::Known).await {
                Err(error) => vec![Err(account.problem(&error)); batch.len()],
                Ok(folders) if folders.is_gmail => self.unlabel(account, from, &folder, batch).await,
                Ok(_) => self.take_copies(account, from, to, batch).await,
            },
        }
    }

    async fn take_copies(
        &mut self,
        account: &Account,
        from: &Place,
        to: &(Bytes, String),
        batch: &[OneTransferred],
    ) -> Vec<Reversed> {
        let mut outcomes: Vec<Reversed> = vec![Ok(()); batch.len()];
        let copied: Vec<(usize, &OneTransferred)> =
            batch.iter().enumerate().filter(|(_, one)| one.end == End::Done).collect();
        let places = self.copied_to(account, &to.0, &copied).await;
        let mut groups: BTreeMap<u32, Vec<(usize, u32)>> = BTreeMap::new();
        for ((index, _), place) in copied.iter().zip(places) {
            match place {
                Ok(at) => groups.entry(at.validity).or_default().push((*index, at.uid)),
                Err(problem) => set(&mut outcomes, &[*index], |_| Err(problem.clone())),
            }
        }
        for (validity, group) in groups {
            let at = Place { wire: to.0.clone(), key: to.1.clone(), validity };
            let uids: Vec<u32> = group.iter().map(|(_, uid)| *uid).collect();
            let there = match account.as_they_are(&at, &uids).await {
                Ok(there) => there,
                Err(problem) => {
                    for (index, _) in &group {
                        set(&mut outcomes, &[*index], |_| Err(problem.clone()));
                    }
                    continue;
                }
            };
            let mut same = Vec::new();
            for (index, uid) in group {
                let made = batch.get(index).map(|one| &one.was);
                match (there.get(&uid), made) {
                    (Some(now), Some(made)) if is_same(now, made) => same.push((index, uid)),
                    (Some(_), _) => set(&mut outcomes, &[index], |_| Err(changed_since())),
                    (None, _) => set(&mut outcomes, &[index], |_| Err(gone())),
                }
            }
            let originals: Vec<u32> =
                same.iter().filter_map(|(index, _)| batch.get(*index)).map(|one| one.was.uid).collect();
            let uids: Vec<u32> = same.iter().map(|(_, uid)| *uid).collect();
            let taken = self.take_away(account, &at, &uids, from, &originals).await;
            for ((index, _), outcome) in same.iter().zip(taken) {
                set(&mut outcomes, &[*index], |_| outcome.clone());
            }
        }
        outcomes
    }

    /// Where copies are: not those that were moved on.
    async fn copied_to(
        &self,
        account: &Account,
        to: &Bytes,
        copied: &[(usize, &OneTransferred)],
    ) -> Vec<Result<Placed, Problem>> {
        let known: Vec<(Bytes, Placed)> =
            copied.iter().filter_map(|(_, one)| Some((to.clone(), one.to?))).collect();
        let mut moved = match self.engine.moved_to(account, &known).await {
            Ok(moved) => moved.into_iter(),
            Err(problem) => return vec![Err(problem); copied.len()],
        };
        let mut places = Vec::with_capacity(copied.len());
        for (_, one) in copied {
            places.push(match one.to {
                _ if !is_shown(account, one) => {
                    if one.to.is_some() {
                        moved.next();
                    }
                    Err(gone())
                }
                Some(at) => match moved.next().flatten() {
                    Some(_) => Err(moved_again()),
                    None => Ok(at),
                },
                // One that cannot be told from others is not taken away.
                None => Err(unknown()),
            });
        }
        places
    }

    /// Puts messages into Trash. Where there is none they are destroyed, if those that they are copies of are
    /// still there.
    async fn take_away(
        &mut self,
        account: &Account,
        at: &Place,
        uids: &[u32],
        from: &Place,
        originals: &[u32],
    ) -> Vec<Reversed> {
        if uids.is_empty() {
            return Vec::new();
        }
        let folders = match account.opened.folders(Fresh::Known).await {
            Ok(folders) => folders,
            Err(error) => return vec![Err(account.problem(&error)); uids.len()],
        };
        let trash = folders.find(&FolderArg::Role(Role::Trash)).filter(|folder| {
            folder.is_selectable && folder.wire_name != at.wire && account.shows(folder, &folders)
        });
        if let Some(trash) = trash {
            let goal = (trash.wire_name.clone(), trash.key().to_string());
            return self.put(account, at, &goal, uids).await;
        }
        let still_there = match account.as_they_are(from, originals).await {
            Ok(there) => there,
            Err(problem) => return vec![Err(problem); uids.len()],
        };
        let (safe, mut outcomes): (Vec<u32>, Vec<Reversed>) = (
            uids.iter()
                .zip(originals)
                .filter(|(_, original)| still_there.contains_key(original))
                .map(|(uid, _)| *uid)
                .collect(),
            vec![Ok(()); uids.len()],
        );
        let destroyed = self.destroy(account, at, &safe).await;
        for (uid, outcome) in uids.iter().zip(&mut outcomes) {
            if safe.contains(uid) {
                outcome.clone_from(&destroyed);
            } else {
                *outcome = Err(Problem::new(
                    Code::Conflict,
                    "It is the only copy now: what it was copied from is not there any more.",
                ));
            }
        }
        outcomes
    }

    async fn destroy(&mut self, account: &Account, at: &Place, uids: &[u32]) -> Reversed {
        if uids.is_empty() {
            return Ok(());
        }
        let step = Step::Destroyed { at: at.clone(), uids: uids.to_vec() };
        let number = self.change.begin(account, &step).await?;
        let removed = account.opened.pool.remove(&at.wire, at.validity, uids).await;
        let ended = self.change.end(account, number, &step).await;
        match removed {
            Ok(Removed::Stale) => Err(rebuilt()),
            Ok(_) => ended,
            Err(error) => Err(account.problem(&error)),
        }
    }
}

impl Account {
    /// Messages of a folder as they are, by UID; those that are gone are left out.
    pub(super) async fn as_they_are(&self, at: &Place, uids: &[u32]) -> Result<BTreeMap<u32, Was>, Problem> {
        if uids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let messages = Messages { mailbox: &at.wire, validity: at.validity, uids };
        // A change of nothing tells how they are.
        let asked = self.opened.pool.change_flags(&messages, &FlagChange::default()).await;
        match asked.map_err(|error| self.problem(&error))? {
            Changed::Done(done) => Ok(done.messages.into_iter().map(|(was, _)| (was.uid, was)).collect()),
            Changed::Stale => Err(rebuilt()),
        }
    }
}

/// Whether a copy is as it was made.
fn is_same(now: &Was, made: &Was) -> bool {
    let has = |flags: &[Flag], flag: &Flag| {
        flags.iter().any(|other| other.as_str().eq_ignore_ascii_case(flag.as_str()))
    };
    now.message_id == made.message_id
        && now.size == made.size
        && now.flags.iter().all(|flag| has(&made.flags, flag))
        && made.flags.iter().all(|flag| has(&now.flags, flag))
}
