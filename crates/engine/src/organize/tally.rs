//! What became of each message so far: named one by one while they are few, else counted.

use domain::{MessageRef, Problem};

use super::{DoneOne, FailedOne, Organized, SHOWN, chosen::Lot};

/// The count.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: Vec<DoneOne>,
    done_count: u64,
    failed: Vec<FailedOne>,
    failed_count: u64,
}

impl Tally {
    /// One that was changed, or was as wanted already.
    pub(super) fn done(&mut self, id: String, new_id: Option<MessageRef>) {
        self.done_count += 1;
        if self.done.len() < SHOWN {
            self.done.push(DoneOne { id, new_id });
        }
    }

    /// One that was not.
    pub(super) fn fail(&mut self, id: String, problem: Problem) {
        self.failed_count += 1;
        if self.failed.len() < SHOWN {
            self.failed.push(FailedOne { id, problem });
        }
    }

    /// None of a lot was.
    pub(super) fn fail_lot(&mut self, lot: &Lot, problem: &Problem) {
        self.fail_these(lot, &lot.uids, problem);
    }

    /// None of these was.
    pub(super) fn fail_these(&mut self, lot: &Lot, uids: &[u32], problem: &Problem) {
        for uid in uids {
            self.fail(lot.id(*uid), problem.clone());
        }
    }

    pub(super) fn failed_count(&self) -> u64 {
        self.failed_count
    }

    /// How many are told of.
    pub(super) fn count(&self) -> u64 {
        self.done_count + self.failed_count
    }

    /// As it is answered.
    pub(super) fn into_answer(self) -> Organized {
        let Self { mut done, done_count, failed, failed_count } = self;
        if done_count > SHOWN as u64 {
            done.clear();
        }
        Organized { done, done_count, failed, failed_count, undo: None, plan: None }
    }
}
