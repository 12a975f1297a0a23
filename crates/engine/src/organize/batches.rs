//! The messages of one folder in batches: each noted before it is begun and after it ended, and told of one by one.
//!
//! While the server is at one batch, what the one before did is noted; of marks also that the next one is about to be
//! done. Of moves not: where a process died, what is not begun must not look as if it might be half done.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Flag, Problem};
use mail::{
    Error,
    imap::{
        change::{Changed, End, FlagsChanged, How, Messages, OneTransferred, Transferred, Was},
        folder::Folder,
        write::Removed,
    },
};
use tokio::sync::watch;

use super::{
    chosen::{Lot, keep_seen},
    deed::Marks,
    refusals::{half_done, in_trash, not_kept},
    tally::Tally,
};
use crate::{
    carried::HowFar,
    journal::{Change, Place, Reflagged, Step},
    read::{gone, stale},
};

/// Messages of one step.
const BATCH: usize = 1_000;

/// What can be taken back of what is done to messages.
pub(super) enum Ready {
    Mark(Marks),
    Transfer { to: Folder, how: How, then: Marks },
}

/// What the server made of a batch.
enum Came {
    Marked(Result<Changed<FlagsChanged>, Error>),
    Transferred(Result<Changed<Transferred>, Error>),
}

impl Ready {
    /// What is noted of a batch before it is done.
    fn before(&self, lot: &Lot, uids: &[u32]) -> Step {
        match self {
            Self::Mark(_) => {
                Step::Flags { at: lot.place(), messages: uids.iter().map(|uid| unchanged(*uid)).collect() }
            }
            Self::Transfer { to, how, .. } => transfer(lot, to, *how, uids, lot.known(uids)),
        }
    }

    /// What is noted of a batch that was not begun after all.
    fn nothing(&self, lot: &Lot) -> Step {
        match self {
            Self::Mark(_) => Step::Flags { at: lot.place(), messages: Vec::new() },
            Self::Transfer { to, how, .. } => transfer(lot, to, *how, &[], Vec::new()),
        }
    }

    /// Has the server do it.
    async fn ask(&self, lot: &Lot, uids: &[u32]) -> Came {
        let (opened, mailbox) = (&lot.account.opened, &lot.folder.wire_name);
        let messages = Messages { mailbox, validity: lot.validity, uids };
        let came = match self {
            Self::Mark(marks) => Came::Marked(opened.pool.change_flags(&messages, &marks.as_change()).await),
            Self::Transfer { to, how, .. } => {
                Came::Transferred(opened.pool.transfer(&messages, &to.wire_name, *how).await)
            }
        };
        opened.forget_rows(mailbox);
        came
    }
}

/// Batches of one lot.
pub(super) struct Batches<'a, 'b> {
    pub(super) change: &'a mut Change<'b>,
    pub(super) lot: &'a Lot,
    pub(super) tally: &'a mut Tally,
    /// Where it is told how far it came. Once nobody listens there, nobody waits for it any more.
    pub(super) telling: &'a watch::Sender<HowFar>,
    pub(super) total: u64,
}

impl Batches<'_, '_> {
    /// Does all of them. Trouble with one is why the later ones are not begun.
    pub(super) async fn run(mut self, deed: &Ready) {
        let lot = self.lot;
        let mut left = &lot.uids[..];
        let (mut begun, mut ended) = (None, None);
        while !left.is_empty() && !self.telling.is_closed() {
            let (uids, later) = left.split_at(left.len().min(BATCH));
            let number = match begun.take() {
                Some(begun) => begun,
                None => self.change.begin(&lot.account, &deed.before(lot, uids)).await,
            };
            let number = match number {
                Ok(number) => number,
                // What cannot be noted is not done.
                Err(problem) => {
                    self.tally.fail_these(lot, left, &problem);
                    break;
                }
            };
            let next = match deed {
                Ready::Mark(_) => later.get(..later.len().min(BATCH)).unwrap_or_default(),
                Ready::Transfer { .. } => &[],
            };
            let (came, following) = tokio::join!(deed.ask(lot, uids), self.note(deed, ended.take(), next));
            begun = following;
            let (step, trouble) = match (came, deed) {
                (Came::Marked(changed), Ready::Mark(marks)) => self.marked(uids, marks, changed),
                (Came::Transferred(moved), Ready::Transfer { to, how, .. }) => {
                    self.transferred(uids, to, *how, moved)
                }
                // Nobody answers something else than what was asked.
                (_, deed) => (deed.nothing(lot), None),
            };
            ended = Some((number, step));
            if let Ready::Transfer { to, then, .. } = deed
                && !then.is_empty()
                && let Some((number, step)) = ended.take()
            {
                self.end(number, &step).await;
                self.mark_there(to, &step, then).await;
            }
            left = later;
            if let Some(problem) = trouble {
                self.tally.fail_these(lot, left, &problem);
                break;
            }
            lot.account.opened.note(Ok(()));
            self.tell();
        }
        self.note(deed, ended, &[]).await;
        if let Some(Ok(number)) = begun {
            self.end(number, &deed.nothing(lot)).await;
        }
    }

    /// Notes what one batch did, and begins the next, if there is one.
    async fn note(
        &mut self,
        deed: &Ready,
        ended: Option<(u32, Step)>,
        next: &[u32],
    ) -> Option<Result<u32, Problem>> {
        if let Some((number, step)) = ended {
            self.end(number, &step).await;
        }
        if next.is_empty() {
            return None;
        }
        Some(self.change.begin(&self.lot.account, &deed.before(self.lot, next)).await)
    }

    async fn end(&mut self, number: u32, step: &Step) {
        if let Err(problem) = self.change.end(&self.lot.account, number, step).await {
            // It was done all the same.
            tracing::error!(account = %self.lot.account.name, code = %problem.code, "what a change did cannot be noted");
        }
    }

    fn tell(&self) {
        self.telling.send_replace((self.tally.count(), self.total));
    }

    /// Tells of those that were not there.
    fn absent(&mut self, uids: &[u32], there: &BTreeSet<u32>) {
        let absent: Vec<u32> = uids.iter().copied().filter(|uid| !there.contains(uid)).collect();
        self.tally.fail_these(self.lot, &absent, &gone());
    }

    /// Tells what became of a batch whose flags were changed; answers what is to be noted, and why the later ones are
    /// not begun.
    fn marked(
        &mut self,
        uids: &[u32],
        marks: &Marks,
        changed: Result<Changed<FlagsChanged>, Error>,
    ) -> (Step, Option<Problem>) {
        let lot = self.lot;
        let step = |messages| Step::Flags { at: lot.place(), messages };
        let changed = match changed {
            Ok(Changed::Done(changed)) => changed,
            Ok(Changed::Stale) => return (step(Vec::new()), Some(self.none(uids, stale()))),
            Err(error) => return (step(Vec::new()), Some(self.none(uids, lot.account.problem(&error)))),
        };
        let there: BTreeSet<u32> = changed.messages.iter().map(|(was, _)| was.uid).collect();
        self.absent(uids, &there);
        for uid in there {
            let id = lot.id(uid);
            match not_kept(&changed.left_out) {
                Some(problem) => self.tally.fail(id, problem),
                None => self.tally.done(id, lot.id_now(uid)),
            }
        }
        (step(reflagged(&changed, marks)), None)
    }

    /// The same of a batch that was moved or copied.
    fn transferred(
        &mut self,
        uids: &[u32],
        to: &Folder,
        how: How,
        moved: Result<Changed<Transferred>, Error>,
    ) -> (Step, Option<Problem>) {
        let lot = self.lot;
        let step = |messages| transfer(lot, to, how, uids, messages);
        let Transferred { mut messages, trouble } = match moved {
            Ok(Changed::Done(moved)) => moved,
            Ok(Changed::Stale) => return (step(Vec::new()), Some(self.none(uids, stale()))),
            Err(error) => return (step(Vec::new()), Some(self.none(uids, lot.account.problem(&error)))),
        };
        let trouble = trouble.map(|error| lot.account.problem(&error));
        let there: BTreeSet<u32> = messages.iter().map(|one| one.was.uid).collect();
        self.absent(uids, &there);
        for one in &messages {
            let id = lot.id(one.was.uid);
            let new_id = || one.to.map(|placed| lot.account.id(to, placed.validity, placed.uid));
            match half_done(one.end, how, trouble.as_ref()) {
                Some(problem) => self.tally.fail(id, problem),
                None => self.tally.done(id, new_id()),
            }
        }
        messages.retain(|one| one.end != End::Here);
        (step(messages), trouble)
    }

    /// None of these was done.
    fn none(&mut self, uids: &[u32], problem: Problem) -> Problem {
        self.tally.fail_these(self.lot, uids, &problem);
        problem
    }

    /// Marks messages where they are now, as far as that is known and the folder keeps it: what filters
    /// learn from, and nothing that the move depends on.
    async fn mark_there(&mut self, to: &Folder, moved: &Step, marks: &Marks) {
        let Step::Transfer { messages, .. } = moved else { return };
        let mut places: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for placed in messages.iter().filter(|one| one.end == End::Done).filter_map(|one| one.to) {
            places.entry(placed.validity).or_default().push(placed.uid);
        }
        for (validity, mut uids) in places {
            uids.sort_unstable();
            let at = Place { wire: to.wire_name.clone(), key: to.key().to_string(), validity };
            let messages = uids.iter().map(|uid| unchanged(*uid)).collect();
            let step = Step::Flags { at: at.clone(), messages };
            let Ok(number) = self.change.begin(&self.lot.account, &step).await else { return };
            let there = Messages { mailbox: &to.wire_name, validity, uids: &uids };
            let changed = self.lot.account.opened.pool.change_flags(&there, &marks.as_change()).await;
            let changed = match changed {
                Ok(Changed::Done(changed)) => changed,
                Ok(Changed::Stale) => FlagsChanged::default(),
                Err(error) => {
                    tracing::debug!(account = %self.lot.account.name, reason = %error, "what was moved could not be marked");
                    FlagsChanged::default()
                }
            };
            self.end(number, &Step::Flags { at, messages: reflagged(&changed, marks) }).await;
        }
    }

    /// Destroys all of them, batch by batch: what is not there any more is looked for before each.
    pub(super) async fn destroy_all(mut self) {
        let mut left = &self.lot.uids[..];
        while !left.is_empty() && !self.telling.is_closed() {
            let (uids, later) = left.split_at(left.len().min(BATCH));
            let outcome = self.destroy(uids).await;
            left = later;
            if let Err(problem) = outcome {
                self.tally.fail_these(self.lot, left, &problem);
                return;
            }
            self.tell();
        }
    }

    async fn destroy(&mut self, uids: &[u32]) -> Result<(), Problem> {
        // What is not there any more is told so, and is not among what was destroyed.
        let mut there = [Lot { uids: uids.to_vec(), ..self.lot.clone() }];
        keep_seen(&mut there, self.tally).await;
        let [there] = there;
        let uids = &there.uids[..];
        if uids.is_empty() {
            return Ok(());
        }
        let step = Step::Destroyed { at: self.lot.place(), uids: uids.to_vec() };
        let number = match self.change.begin(&self.lot.account, &step).await {
            Ok(number) => number,
            Err(problem) => return Err(self.none(uids, problem)),
        };
        let account = &self.lot.account;
        let wire = &self.lot.folder.wire_name;
        let removed = account.opened.pool.remove(wire, self.lot.validity, uids).await;
        account.opened.forget_rows(wire);
        let (destroyed, problem) = match removed {
            Ok(Removed::Gone) => (uids, None),
            Ok(Removed::InTrash) => (&[][..], Some(in_trash())),
            Ok(Removed::Stale) => (&[][..], Some(stale())),
            // Perhaps a part of them: what is noted is what was meant.
            Err(error) => (uids, Some(account.problem(&error))),
        };
        self.end(number, &Step::Destroyed { at: self.lot.place(), uids: destroyed.to_vec() }).await;
        if let Some(problem) = problem {
            return Err(self.none(uids, problem));
        }
        self.lot.account.opened.note(Ok(()));
        for uid in uids {
            self.tally.done(self.lot.id(*uid), None);
        }
        Ok(())
    }
}

fn transfer(lot: &Lot, to: &Folder, how: How, uids: &[u32], messages: Vec<OneTransferred>) -> Step {
    Step::Transfer {
        from: lot.place(),
        to: (to.wire_name.clone(), to.key().to_string()),
        is_copy: how == How::Copy,
        uids: uids.to_vec(),
        messages,
    }
}

fn unchanged(uid: u32) -> Reflagged {
    Reflagged {
        uid,
        added: Vec::new(),
        removed: Vec::new(),
        added_labels: Vec::new(),
        removed_labels: Vec::new(),
        modseq: None,
    }
}

/// What is different now: only that is to be taken back.
fn reflagged(changed: &FlagsChanged, marks: &Marks) -> Vec<Reflagged> {
    let is_left_out = |flag: &Flag| changed.left_out.iter().any(|left| is_same(left, flag));
    let one = |(was, modseq): &(Was, Option<u64>)| {
        let had = |flag: &Flag| was.flags.iter().any(|known| is_same(known, flag));
        let wore = |label: &String| was.labels.iter().any(|known| known.eq_ignore_ascii_case(label));
        let reflagged = Reflagged {
            uid: was.uid,
            added: marks.add.iter().filter(|flag| !had(flag) && !is_left_out(flag)).cloned().collect(),
            removed: marks.remove.iter().filter(|flag| had(flag)).cloned().collect(),
            added_labels: marks.add_labels.iter().filter(|label| !wore(label)).cloned().collect(),
            removed_labels: marks.remove_labels.iter().filter(|label| wore(label)).cloned().collect(),
            modseq: *modseq,
        };
        let is_as_before = Reflagged { modseq: None, ..reflagged.clone() } == unchanged(was.uid);
        (!is_as_before).then_some(reflagged)
    };
    changed.messages.iter().filter_map(one).collect()
}

fn is_same(one: &Flag, other: &Flag) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}
