//! Reversing what was done to messages: flags that nobody changed since, and moves of those that are still
//! where they were put. What is moved back is in the journal as every move is.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{Code, Problem};
use mail::imap::{
    change::{Changed, End, How, Messages, OneTransferred, Revert, Reverted, Transferred, Was},
    write::Placed,
};

use super::{
    BATCH, Reversal, Reversed,
    places::{Now, Refreshed, placed, rebuilt, unknown},
};
use crate::{
    Account,
    journal::{Place, Reflagged, Step},
    read::gone,
};

/// Messages of one mailbox and UIDVALIDITY: their numbers among the outcomes, and their UIDs.
type Groups = BTreeMap<(Bytes, u32), Vec<(usize, u32)>>;

impl Reversal<'_> {
    /// Takes back flags and labels, wherever the messages are now.
    pub(super) async fn flags(
        &mut self,
        account: &Account,
        at: &Place,
        messages: &[Reflagged],
    ) -> Vec<Reversed> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            outcomes.extend(self.flags_of(account, at, batch).await);
            self.advance(batch.len() as u64);
        }
        outcomes
    }

    async fn flags_of(&self, account: &Account, at: &Place, batch: &[Reflagged]) -> Vec<Reversed> {
        let places: Vec<(Bytes, Placed)> =
            batch.iter().map(|one| (at.wire.clone(), placed(at, one.uid))).collect();
        let moved = match self.engine.follow(account, &places).await {
            Ok(moved) => moved,
            Err(problem) => return vec![Err(problem); batch.len()],
        };
        let mut outcomes = vec![Ok(()); batch.len()];
        let mut groups: Groups = BTreeMap::new();
        for (index, (one, moved)) in batch.iter().zip(&moved).enumerate() {
            if is_unchanged(one) {
                continue;
            }
            let (wire, placed) = match moved {
                Some((folder, placed)) => (folder.wire_name.clone(), *placed),
                None => (at.wire.clone(), placed(at, one.uid)),
            };
            groups.entry((wire, placed.validity)).or_default().push((index, placed.uid));
        }
        for ((wire, validity), group) in groups {
            let reverted = self.revert(account, &wire, validity, batch, &group, &moved).await;
            for ((index, _), outcome) in group.iter().zip(reverted) {
                if let Some(slot) = outcomes.get_mut(*index) {
                    *slot = outcome;
                }
            }
        }
        outcomes
    }

    /// Of a group, in its order.
    async fn revert<T>(
        &self,
        account: &Account,
        wire: &Bytes,
        validity: u32,
        batch: &[Reflagged],
        group: &[(usize, u32)],
        moved: &[Option<T>],
    ) -> Vec<Reversed> {
        if let Err(problem) = account.shown_at(wire).await {
            return vec![Err(problem); group.len()];
        }
        let uids: Vec<u32> = group.iter().map(|(_, uid)| *uid).collect();
        let too_old = match account.too_old(wire, validity, &uids).await {
            Ok(too_old) => too_old,
            Err(problem) => return vec![Err(problem); group.len()],
        };
        let reverts: Vec<Revert> = group
            .iter()
            .filter(|(_, uid)| !too_old.contains(uid))
            .filter_map(|(index, uid)| {
                let one = batch.get(*index)?;
                // What counts changes counts them in one mailbox only.
                let has_moved = moved.get(*index).is_some_and(Option::is_some);
                Some(Revert {
                    uid: *uid,
                    add: one.removed.clone(),
                    remove: one.added.clone(),
                    add_labels: one.removed_labels.clone(),
                    remove_labels: one.added_labels.clone(),
                    modseq: one.modseq.filter(|_| !has_moved),
                })
            })
            .collect();
        let reverted = match account.opened.pool.revert_flags(wire, validity, &reverts).await {
            Ok(Changed::Done(reverted)) => reverted,
            Ok(Changed::Stale) => return vec![Err(rebuilt()); group.len()],
            Err(error) => return vec![Err(account.problem(&error)); group.len()],
        };
        let reverted: BTreeMap<u32, Reverted> = reverted.into_iter().collect();
        group.iter().map(|(_, uid)| of_revert(reverted.get(uid))).collect()
    }

    /// Moves messages back to where they were.
    pub(super) async fn moves(
        &mut self,
        account: &Account,
        from: &Place,
        to: &(Bytes, String),
        messages: &[OneTransferred],
    ) -> Vec<Reversed> {
        let mut outcomes = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            outcomes.extend(self.moves_of(account, from, to, batch).await);
            self.advance(batch.len() as u64);
        }
        outcomes
    }

    async fn moves_of(
        &mut self,
        account: &Account,
        from: &Place,
        to: &(Bytes, String),
        batch: &[OneTransferred],
    ) -> Vec<Reversed> {
        let mut outcomes: Vec<Reversed> = batch.iter().map(|one| ended(account, one)).collect();
        let halves: Vec<usize> = (0..batch.len())
            .filter(|index| batch.get(*index).is_some_and(|one| one.end == End::Both))
            .collect();
        if !halves.is_empty() {
            // What is at both places is a copy, and goes as one.
            let copied: Vec<OneTransferred> = halves
                .iter()
                .filter_map(|index| batch.get(*index))
                .map(|one| OneTransferred { end: End::Done, ..one.clone() })
                .collect();
            let taken = self.copies_of(account, from, to, &copied).await;
            for (index, outcome) in halves.iter().zip(taken) {
                set(&mut outcomes, &[*index], |_| outcome.clone());
            }
        }
        let open: Vec<usize> = (0..batch.len())
            .filter(|index| {
                let is_moved = batch.get(*index).is_some_and(|one| one.end == End::Done);
                is_moved && outcomes.get(*index).is_some_and(Result::is_ok)
            })
            .collect();
        if open.is_empty() {
            return outcomes;
        }
        let mut is_own = false;
        for wire in [&to.0, &from.wire] {
            match account.shown_at(wire).await {
                Ok(folder) => is_own = folder.persons_own().is_some(),
                Err(problem) => {
                    set(&mut outcomes, &open, |_| Err(problem.clone()));
                    return outcomes;
                }
            }
        }
        let moved: Vec<&OneTransferred> = open.iter().filter_map(|index| batch.get(*index)).collect();
        let mut groups: Groups = BTreeMap::new();
        for (index, now) in open.iter().zip(self.now(account, from, &to.0, &moved).await) {
            match now {
                Ok(Now::Back) => {}
                Ok(Now::There(at)) => {
                    groups.entry((to.0.clone(), at.validity)).or_default().push((*index, at.uid));
                }
                Err(problem) => set(&mut outcomes, &[*index], |_| Err(problem.clone())),
            }
        }
        let goal = (from.wire.clone(), from.key.clone());
        for ((wire, validity), group) in groups {
            let at = Place { wire, key: to.1.clone(), validity };
            let group =
                if is_own { same_as_before(account, &at, batch, group, &mut outcomes).await } else { group };
            if group.is_empty() {
                continue;
            }
            let uids: Vec<u32> = group.iter().map(|(_, uid)| *uid).collect();
            let moved = self.put(account, &at, &goal, &uids).await;
            for ((index, _), outcome) in group.iter().zip(moved) {
                set(&mut outcomes, &[*index], |_| outcome.clone());
            }
        }
        if self.is_again {
            self.see_back(account, from, batch, &mut outcomes).await;
        }
        outcomes
    }

    /// Of those that are not where they were put, finds the ones that are where they were before: whoever began
    /// to take the change back died before it could say so.
    async fn see_back(
        &self,
        account: &Account,
        from: &Place,
        batch: &[OneTransferred],
        outcomes: &mut [Reversed],
    ) {
        let is_gone = |outcome: &Reversed| matches!(outcome, Err(problem) if problem.code == Code::NotFound);
        let missing: Vec<(usize, &str)> = (0..)
            .zip(batch.iter().zip(&*outcomes))
            .filter(|(_, (_, outcome))| is_gone(outcome))
            .filter_map(|(index, (one, _))| Some((index, one.was.message_id.as_deref()?)))
            .collect();
        if missing.is_empty() {
            return;
        }
        let wanted: Vec<&str> = missing.iter().map(|(_, message_id)| *message_id).collect();
        let Ok(there) = account.by_message_ids(&from.wire, &wanted).await else { return };
        for (index, message_id) in missing {
            if there.get(message_id).is_some_and(|found| found.len() == 1) {
                set(outcomes, &[index], |_| Ok(()));
            }
        }
    }

    /// Moves messages to a folder, noted before and after; what became of each.
    pub(super) async fn put(
        &mut self,
        account: &Account,
        at: &Place,
        goal: &(Bytes, String),
        uids: &[u32],
    ) -> Vec<Reversed> {
        let all = |problem: Problem| vec![Err(problem); uids.len()];
        if let Err(error) = account.opened.ask(Some(&at.wire), &Refreshed(&at.wire)).await {
            return all(account.problem(&error));
        }
        let step = |messages| Step::Transfer {
            from: at.clone(),
            to: goal.clone(),
            is_copy: false,
            uids: uids.to_vec(),
            messages,
        };
        let number = match self.change.begin(account, &step(Vec::new())).await {
            Ok(number) => number,
            Err(problem) => return all(problem),
        };
        let messages = Messages { mailbox: &at.wire, validity: at.validity, uids };
        let moved = account.opened.pool.transfer(&messages, &goal.0, How::Move).await;
        let (done, outcomes) = match moved {
            Ok(Changed::Done(done)) => {
                let outcomes = each(account, uids, &done);
                (done.messages, outcomes)
            }
            Ok(Changed::Stale) => (Vec::new(), all(rebuilt())),
            Err(error) => (Vec::new(), all(account.problem(&error))),
        };
        for uid in uids {
            account.opened.forget(&at.wire, at.validity, *uid);
        }
        if let Err(problem) = self.change.end(account, number, &step(done)).await {
            // They are where they were; only their ids of now do not lead there.
            tracing::warn!(code = %problem.code, count = uids.len(), "where messages were moved back to could not be noted");
        }
        outcomes
    }
}

/// Of a group those that are certainly what was moved. Into Sent and Drafts nothing else gets: a Message-ID
/// anybody can write, the time at which the server got a message nobody but it.
async fn same_as_before(
    account: &Account,
    at: &Place,
    batch: &[OneTransferred],
    group: Vec<(usize, u32)>,
    outcomes: &mut [Reversed],
) -> Vec<(usize, u32)> {
    let uids: Vec<u32> = group.iter().map(|(_, uid)| *uid).collect();
    let there = account.as_they_are(at, &uids).await;
    let mut same = Vec::with_capacity(group.len());
    for (index, uid) in group {
        let was = batch.get(index).map(|one| &one.was);
        let outcome = match (&there, was) {
            (Err(problem), _) => Err(problem.clone()),
            (Ok(there), Some(was)) => match there.get(&uid) {
                Some(now) if is_it(now, was) => Ok(()),
                Some(_) => Err(unknown()),
                None => Err(gone()),
            },
            (Ok(_), None) => Err(unknown()),
        };
        if outcome.is_ok() {
            same.push((index, uid));
        }
        set(outcomes, &[index], |_| outcome.clone());
    }
    same
}

fn is_it(now: &Was, was: &Was) -> bool {
    now.received.is_some()
        && now.size.is_some()
        && (&now.message_id, now.size, now.received) == (&was.message_id, was.size, was.received)
}

impl Account {
    /// Those that are older than what the grant shows by now.
    async fn too_old(&self, wire: &Bytes, validity: u32, uids: &[u32]) -> Result<BTreeSet<u32>, Problem> {
        let Some(before) = self.nothing_before else { return Ok(BTreeSet::new()) };
        let at = Place { wire: wire.clone(), key: String::new(), validity };
        let there = self.as_they_are(&at, uids).await?;
        let is_old = |was: &Was| was.received.is_none_or(|received| received < before);
        Ok(there.into_values().filter(is_old).map(|was| was.uid).collect())
    }
}

/// What became of each message of a transfer.
fn each(account: &Account, uids: &[u32], done: &Transferred) -> Vec<Reversed> {
    let trouble = done.trouble.as_ref().map(|error| account.problem(error));
    let left = || trouble.clone().unwrap_or_else(|| Problem::new(Code::Internal, "It was not moved."));
    let ends: BTreeMap<u32, End> = done.messages.iter().map(|one| (one.was.uid, one.end)).collect();
    let outcome = |uid: &u32| match ends.get(uid) {
        Some(End::Done) => Ok(()),
        Some(End::Here) => Err(left()),
        Some(End::Both) => Err(Problem::new(
            Code::Conflict,
            "It was put back, and could not be taken away where it was: it is at both places.",
        )),
        Some(End::Unknown) => Err(unknown()),
        None => Err(gone()),
    };
    uids.iter().map(outcome).collect()
}

/// What is to be said of a message without a look at where it is: nothing of one that was moved.
fn ended(account: &Account, one: &OneTransferred) -> Reversed {
    match one.end {
        End::Done if !is_shown(account, one) => Err(gone()),
        End::Done | End::Here | End::Both => Ok(()),
        End::Unknown => Err(unknown()),
    }
}

/// Whether the message is as young as the grant wants it.
pub(super) fn is_shown(account: &Account, one: &OneTransferred) -> bool {
    account.nothing_before.is_none_or(|before| one.was.received.is_none_or(|received| received >= before))
}

fn is_unchanged(one: &Reflagged) -> bool {
    one.added.is_empty()
        && one.removed.is_empty()
        && one.added_labels.is_empty()
        && one.removed_labels.is_empty()
}

/// What the reversal of flags or labels comes to; of a message that was not told of, that it is gone.
pub(super) fn of_revert(reverted: Option<&Reverted>) -> Reversed {
    match reverted {
        Some(Reverted::Done) => Ok(()),
        Some(Reverted::ChangedSince) => Err(changed_since()),
        Some(Reverted::Gone) | None => Err(gone()),
    }
}

pub(super) fn changed_since() -> Problem {
    Problem::new(Code::Conflict, "Somebody changed it since, so it was left alone.")
}

pub(super) fn set(outcomes: &mut [Reversed], which: &[usize], outcome: impl Fn(usize) -> Reversed) {
    for index in which {
        if let Some(slot) = outcomes.get_mut(*index) {
            *slot = outcome(*index);
        }
    }
}
