//! Doing it: folder by folder in batches, each noted before it is begun and after it ended; one outcome for
//! each message.
//!
//! The work runs apart from the call: who goes away ends it between two batches, never within one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Code, Flag, MessageRef, Principal, Problem};
use mail::imap::{
    change::{Changed, End, FlagsChanged, How, Messages, OneTransferred, Transferred, Was},
    folder::Folder,
    write::Removed,
};
use tokio::sync::watch;

use super::{
    Organized, Progress,
    chosen::{Chosen, Lot, keep_seen},
    deed::{Deed, Marks},
    tally::Tally,
    wish::Work,
};
use crate::{
    Engine,
    carried::{HowFar, carried},
    journal::{Change, Place, Reflagged, Step},
    read::{gone, stale},
};

/// Messages of one step.
const BATCH: usize = 1_000;

impl Engine {
    /// Does it, and tells what became of each message.
    pub(super) async fn carry_out(
        &self,
        principal: &Principal,
        work: &Work,
        chosen: Chosen,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        let total = chosen.failed.count() + chosen.count() as u64;
        let (engine, principal, work) = (self.clone(), principal.clone(), work.clone());
        carried((chosen.failed.count(), total), progress, |telling| {
            Run { engine, principal, work, telling, total }.run(chosen)
        })
        .await
    }
}

/// One change that is being made.
struct Run {
    engine: Engine,
    principal: Principal,
    work: Work,
    telling: watch::Sender<HowFar>,
    total: u64,
}

impl Run {
    async fn run(self, chosen: Chosen) -> Result<Organized, Problem> {
        let mut change = self.engine.change(&self.principal);
        let mut tally = chosen.failed;
        for lot in chosen.lots {
            self.do_lot(&mut change, lot, &mut tally).await;
        }
        let undo = change.finish().await.unwrap_or_else(|problem| {
            tracing::error!(code = %problem.code, "a change that was made cannot be noted as such");
            None
        });
        Ok(Organized { undo, ..tally.into_answer() })
    }

    async fn do_lot(&self, change: &mut Change<'_>, lot: Lot, tally: &mut Tally) {
        let deed = match lot.account.deed(&lot.folder, &self.work).await {
            Ok(Deed::Transfer { to, how, then }) => {
                lot.account.made(&to).await.map(|to| Ready::Transfer { to, how, then })
            }
            Ok(Deed::Mark(marks)) => Ok(Ready::Mark(marks)),
            Ok(Deed::Destroy) => Ok(Ready::Destroy),
            Ok(Deed::Nothing) => {
                // Also the same call made again: what it moved is there, under its new id.
                let mut there = [lot];
                keep_seen(&mut there, tally).await;
                let [there] = there;
                for uid in &there.uids {
                    tally.done(there.id(*uid), there.id_now(*uid));
                }
                return;
            }
            Err(problem) => Err(problem),
        };
        let deed = match deed {
            Ok(deed) => deed,
            Err(problem) => return tally.fail_lot(&lot, &problem),
        };
        let mut step = Stepping { change, lot: &lot, tally };
        let mut rest = &lot.uids[..];
        while !rest.is_empty() {
            // Nobody waits for it any more.
            if self.telling.is_closed() {
                return;
            }
            let (uids, later) = rest.split_at(rest.len().min(BATCH));
            let outcome = match &deed {
                Ready::Mark(marks) => step.mark(uids, marks).await,
                Ready::Transfer { to, how, then } => step.transfer(uids, to, *how, then).await,
                Ready::Destroy => step.destroy(uids).await,
            };
            rest = later;
            if let Err(problem) = outcome {
                step.tally.fail_these(&lot, rest, &problem);
                return;
            }
            self.telling.send_replace((step.tally.count(), self.total));
        }
    }
}

/// A deed that can be done.
enum Ready {
    Mark(Marks),
    Transfer { to: Folder, how: How, then: Marks },
    Destroy,
}

/// Batches of one lot. Each tells of every message of its batch; an error is why the later ones are not
/// begun.
struct Stepping<'a, 'b> {
    change: &'a mut Change<'b>,
    lot: &'a Lot,
    tally: &'a mut Tally,
}

impl Stepping<'_, '_> {
    fn messages<'u>(&'u self, uids: &'u [u32]) -> Messages<'u> {
        Messages { mailbox: &self.lot.folder.wire_name, validity: self.lot.validity, uids }
    }

    /// Begins a step. What cannot be noted is not done.
    async fn begin(&mut self, uids: &[u32], step: &Step) -> Result<u32, Problem> {
        let begun = self.change.begin(&self.lot.account, step).await;
        if let Err(problem) = &begun {
            self.tally.fail_these(self.lot, uids, problem);
        }
        begun
    }

    async fn end(&mut self, number: u32, step: &Step) {
        if let Err(problem) = self.change.end(&self.lot.account, number, step).await {
            // It was done all the same.
            tracing::error!(account = %self.lot.account.name, code = %problem.code, "what a change did cannot be noted");
        }
    }

    /// All of these failed, and the later ones will not be tried.
    fn failed<T>(&mut self, uids: &[u32], problem: Problem) -> Result<T, Problem> {
        self.tally.fail_these(self.lot, uids, &problem);
        Err(problem)
    }

    /// Tells of those that were not there.
    fn absent(&mut self, uids: &[u32], there: &BTreeSet<u32>) {
        let absent: Vec<u32> = uids.iter().copied().filter(|uid| !there.contains(uid)).collect();
        self.tally.fail_these(self.lot, &absent, &gone());
    }

    async fn mark(&mut self, uids: &[u32], marks: &Marks) -> Result<(), Problem> {
        let at = self.lot.place();
        let messages = uids.iter().map(|uid| unchanged(*uid)).collect();
        let number = self.begin(uids, &Step::Flags { at: at.clone(), messages }).await?;
        let account = &self.lot.account;
        let changed = account.opened.pool.change_flags(&self.messages(uids), &marks.as_change()).await;
        account.opened.forget_rows(&self.lot.folder.wire_name);
        let (changed, problem) = match changed {
            Ok(Changed::Done(changed)) => (changed, None),
            Ok(Changed::Stale) => (FlagsChanged::default(), Some(stale())),
            Err(error) => (FlagsChanged::default(), Some(account.problem(&error))),
        };
        self.end(number, &Step::Flags { at, messages: reflagged(&changed, marks) }).await;
        if let Some(problem) = problem {
            return self.failed(uids, problem);
        }
        self.lot.account.opened.note(Ok(()));
        let there: BTreeSet<u32> = changed.messages.iter().map(|(was, _)| was.uid).collect();
        self.absent(uids, &there);
        for uid in there {
            let id = self.lot.id(uid);
            match not_kept(&changed.left_out) {
                Some(problem) => self.tally.fail(id, problem),
                None => self.tally.done(id, self.lot.id_now(uid)),
            }
        }
        Ok(())
    }

    async fn transfer(&mut self, uids: &[u32], to: &Folder, how: How, then: &Marks) -> Result<(), Problem> {
        let from = self.lot.place();
        let to_key = to.key().to_string();
        let step = |messages: Vec<OneTransferred>| Step::Transfer {
            from: from.clone(),
            to: (to.wire_name.clone(), to_key.clone()),
            is_copy: how == How::Copy,
            uids: uids.to_vec(),
            messages,
        };
        let number = self.begin(uids, &step(self.lot.known(uids))).await?;
        let account = &self.lot.account;
        let moved = account.opened.pool.transfer(&self.messages(uids), &to.wire_name, how).await;
        account.opened.forget_rows(&self.lot.folder.wire_name);
        let (moved, problem) = match moved {
            Ok(Changed::Done(moved)) => (moved, None),
            Ok(Changed::Stale) => (Transferred::default(), Some(stale())),
            Err(error) => (Transferred::default(), Some(account.problem(&error))),
        };
        let Transferred { messages, trouble } = moved;
        let trouble = trouble.map(|error| account.problem(&error));
        self.end(number, &step(messages.iter().filter(|one| one.end != End::Here).cloned().collect())).await;
        if let Some(problem) = problem {
            return self.failed(uids, problem);
        }
        let there: BTreeSet<u32> = messages.iter().map(|one| one.was.uid).collect();
        self.absent(uids, &there);
        for one in &messages {
            let id = self.lot.id(one.was.uid);
            match half_done(one.end, how, trouble.as_ref()) {
                Some(problem) => self.tally.fail(id, problem),
                None => self.tally.done(id, self.new_id(to, one)),
            }
        }
        if !then.is_empty() {
            self.mark_there(to, &messages, then).await;
        }
        if let Some(problem) = trouble {
            return Err(problem);
        }
        self.lot.account.opened.note(Ok(()));
        Ok(())
    }

    fn new_id(&self, to: &Folder, one: &OneTransferred) -> Option<MessageRef> {
        one.to.map(|placed| self.lot.account.id(to, placed.validity, placed.uid))
    }

    /// Marks messages where they are now, as far as that is known and the folder keeps it: what filters
    /// learn from, and nothing that the move depends on.
    async fn mark_there(&mut self, to: &Folder, messages: &[OneTransferred], marks: &Marks) {
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
        let number = self.begin(uids, &step).await?;
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
            return self.failed(uids, problem);
        }
        self.lot.account.opened.note(Ok(()));
        for uid in uids {
            self.tally.done(self.lot.id(*uid), None);
        }
        Ok(())
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

fn not_kept(left_out: &[Flag]) -> Option<Problem> {
    let names: Vec<&str> = left_out.iter().map(Flag::as_str).collect();
    (!names.is_empty()).then(|| {
        Problem::new(
            Code::NotSupported,
            format!("The message's folder cannot keep this on its server: {}.", names.join(", ")),
        )
        .hint("Use a folder or `star` instead.")
    })
}

/// What is told of a message that is not where it should be; nothing if it is.
fn half_done(end: End, how: How, trouble: Option<&Problem>) -> Option<Problem> {
    let because = |what: &str, hint: &str| {
        let problem = trouble.cloned().unwrap_or_else(|| Problem::new(Code::ServerRefused, String::new()));
        Problem { message: what.to_owned(), ..problem }.hint(hint)
    };
    match end {
        End::Done => None,
        // Its trouble says it best.
        End::Here => Some(trouble.cloned().unwrap_or_else(|| {
            let what = if how == How::Copy { "copied" } else { "moved" };
            Problem::new(
                Code::ServerRefused,
                format!("The server left the message where it was, not {what}."),
            )
            .hint("Try again.")
        })),
        End::Both => Some(because(
            "The message is at the new place, and could not be taken away from where it was.",
            "Take away one of the two, or undo this change.",
        )),
        End::Unknown if how == How::Copy => Some(because(
            "It is not known whether the message was copied.",
            "Look for it in the other folder before doing it again.",
        )),
        // The server did what it was asked, and not to this one: somebody took it away before.
        End::Unknown if trouble.is_none() => Some(gone()),
        End::Unknown => Some(because(
            "The message left its folder, and is not known to have come to the other.",
            "Search for it in all folders.",
        )),
    }
}

fn in_trash() -> Problem {
    Problem::new(
        Code::NotSupported,
        "The messages are in the trash, and the server does not say where in it.",
    )
    .hint("To destroy them, delete the folder `@trash`.")
}
