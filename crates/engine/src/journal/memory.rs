//! The journal where nothing is stored: in memory, for ten minutes; where messages went as long as there is room.

mod moved;

use std::{collections::VecDeque, sync::Mutex};

use domain::{ChangeId, GrantId, HomeAccount, PlanId, Timestamp};
use storage::{Change, ChangeState, Error, LeftStep, NewMoved, NewStep, Result, Step, TakenPlan};
use time::Duration;

use self::moved::Moved;
use super::lock;

/// How long a change can be taken back.
const UNDONE_WITHIN: Duration = Duration::minutes(10);

/// How long a change may take to be made.
const MADE_WITHIN: Duration = Duration::hours(1);

/// How long it is told that a plan was carried out, or is too old.
const PLAN_REMEMBERED: Duration = Duration::hours(1);

/// What is kept at most; the oldest make room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Changes of one grant.
    pub(super) changes: usize,
    /// Octets that all changes say.
    pub(super) change_octets: usize,
    /// Moved messages whose UIDs are known, and names of those that have Message-IDs only: of each kind.
    pub(super) moved: usize,
    /// Plans of one grant.
    pub(super) plans: usize,
    /// Octets that all plans say.
    pub(super) plan_octets: usize,
}

impl Default for Room {
    fn default() -> Self {
        // As many as one plan moves, and some more.
        Self { changes: 200, change_octets: 8 << 20, moved: 25_000, plans: 50, plan_octets: 16 << 20 }
    }
}

/// What is kept of all grants.
#[derive(Default)]
pub(crate) struct Memory {
    room: Room,
    all: Mutex<All>,
}

/// Each in the order in which it came.
#[derive(Default)]
struct All {
    changes: VecDeque<Change>,
    plans: VecDeque<Plan>,
    moved: Moved,
}

struct Plan {
    id: PlanId,
    grant: GrantId,
    /// Nothing once it was carried out.
    body: Option<Vec<u8>>,
    expires: Timestamp,
}

impl Memory {
    #[cfg(test)]
    pub(super) fn with_room(room: Room) -> Self {
        Self { room, all: Mutex::default() }
    }

    pub(super) fn begin(&self, id: &ChangeId, grant: &GrantId, now: Timestamp, first: &NewStep) {
        let mut all = lock(&self.all);
        all.changes.retain(|change| match change.state {
            ChangeState::Begun => now < change.created + MADE_WITHIN,
            _ => now < change.expires,
        });
        all.changes.push_back(Change {
            id: id.clone(),
            grant: grant.clone(),
            state: ChangeState::Begun,
            owner: String::new(),
            created: now,
            expires: now + UNDONE_WITHIN,
            taken: None,
            steps: vec![step_of(id, 0, first, now)],
        });
        while all.changes.iter().filter(|change| change.grant == *grant).count() > self.room.changes {
            if !forget_oldest(&mut all.changes, |change| change.grant == *grant) {
                break;
            }
        }
    }

    pub(super) fn step(&self, id: &ChangeId, seq: u32, step: &NewStep, now: Timestamp) -> Result<()> {
        let mut all = lock(&self.all);
        let change = all.begun(id)?;
        change.steps.push(step_of(id, seq, step, now));
        Ok(())
    }

    pub(super) fn step_done(
        &self,
        id: &ChangeId,
        seq: u32,
        step: &NewStep,
        moved: &[NewMoved],
    ) -> Result<()> {
        let mut all = lock(&self.all);
        let begun = all.begun(id)?.steps.iter_mut().find(|begun| begun.seq == seq).ok_or(Error::Gone)?;
        // No longer than it is: what it was begun with was another length.
        begun.body = step.body.as_slice().into();
        begun.is_done = true;
        let octets = |change: &Change| change.steps.iter().map(|step| step.body.len()).sum::<usize>();
        while all.changes.iter().map(octets).sum::<usize>() > self.room.change_octets {
            if !forget_oldest(&mut all.changes, |_| true) {
                break;
            }
        }
        all.moved.add(&step.account, moved, self.room.moved);
        Ok(())
    }

    pub(super) fn end(&self, id: &ChangeId, now: Timestamp) {
        if let Ok(change) = lock(&self.all).begun(id) {
            change.state = ChangeState::Done;
            change.expires = now + UNDONE_WITHIN;
        }
    }

    pub(super) fn find(&self, grant: &GrantId, id: &ChangeId, now: Timestamp) -> Option<Change> {
        let all = lock(&self.all);
        all.changes.iter().find(|change| is_it(change, grant, id, now)).cloned()
    }

    pub(super) fn take(&self, grant: &GrantId, id: &ChangeId, now: Timestamp) -> bool {
        let mut all = lock(&self.all);
        let is_made =
            |change: &&mut Change| change.state == ChangeState::Done && is_it(change, grant, id, now);
        let found = all.changes.iter_mut().find(is_made);
        found.map(|change| change.state = ChangeState::Undoing).is_some()
    }

    pub(super) fn give_back(&self, id: &ChangeId, left: &[LeftStep]) {
        let mut all = lock(&self.all);
        let is_taken = |change: &&mut Change| change.id == *id && change.state == ChangeState::Undoing;
        let Some(change) = all.changes.iter_mut().find(is_taken) else { return };
        if left.is_empty() {
            change.state = ChangeState::Undone;
            return;
        }
        change.steps.retain_mut(|step| {
            let left = left.iter().find(|left| left.seq == step.seq);
            if let Some(left) = left {
                step.body.clone_from(&left.step.body);
            }
            left.is_some()
        });
        change.state = ChangeState::Done;
    }

    pub(super) fn moved(&self, account: &HomeAccount, from: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let all = lock(&self.all);
        if all.moved.is_empty() {
            return vec![None; from.len()];
        }
        from.iter().map(|from| all.moved.find(account, from)).collect()
    }

    pub(super) fn add_plan(
        &self,
        id: &PlanId,
        grant: &GrantId,
        body: Vec<u8>,
        (now, expires): (Timestamp, Timestamp),
    ) {
        let mut all = lock(&self.all);
        let plans = &mut all.plans;
        plans.retain(|plan| now < plan.expires + PLAN_REMEMBERED);
        plans.push_back(Plan { id: id.clone(), grant: grant.clone(), body: Some(body), expires });
        while plans.iter().filter(|plan| plan.grant == *grant).count() > self.room.plans {
            let oldest = plans.iter().position(|plan| plan.grant == *grant);
            oldest.and_then(|oldest| plans.remove(oldest));
        }
        let octets = |plan: &Plan| plan.body.as_ref().map_or(0, Vec::len);
        while plans.len() > 1 && plans.iter().map(octets).sum::<usize>() > self.room.plan_octets {
            plans.pop_front();
        }
    }

    pub(super) fn take_plan(&self, id: &PlanId, grant: &GrantId, now: Timestamp) -> TakenPlan {
        let mut all = lock(&self.all);
        let Some(plan) = all.plans.iter_mut().find(|plan| plan.id == *id && plan.grant == *grant) else {
            return TakenPlan::Absent;
        };
        match &plan.body {
            None => TakenPlan::Used,
            Some(_) if plan.expires <= now => TakenPlan::Expired,
            Some(_) => plan.body.take().map_or(TakenPlan::Used, TakenPlan::Plan),
        }
    }
}

impl All {
    fn begun(&mut self, id: &ChangeId) -> Result<&mut Change> {
        let is_it = |change: &&mut Change| change.id == *id && change.state == ChangeState::Begun;
        self.changes.iter_mut().find(is_it).ok_or(Error::Gone)
    }
}

fn is_it(change: &Change, grant: &GrantId, id: &ChangeId, now: Timestamp) -> bool {
    change.id == *id && change.grant == *grant && now < change.expires
}

/// Whether there was one that is not being made.
fn forget_oldest(changes: &mut VecDeque<Change>, is_meant: impl Fn(&Change) -> bool) -> bool {
    let oldest = changes.iter().position(|change| change.state != ChangeState::Begun && is_meant(change));
    oldest.and_then(|oldest| changes.remove(oldest)).is_some()
}

fn step_of(id: &ChangeId, seq: u32, step: &NewStep, now: Timestamp) -> Step {
    Step {
        change: id.clone(),
        seq,
        account: step.account.clone(),
        account_name: step.account_name.clone(),
        body: step.body.clone(),
        is_done: false,
        begun: now,
    }
}
