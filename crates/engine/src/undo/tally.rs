//! What became of each message and folder of a change, by the id that its grant knows. Several steps may be
//! about one message: it is as it was if all of them are reversed.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use domain::{FolderArg, HomeAccount, MessageRef, Problem};

use super::{Reversed, Undone};
use crate::{
    journal::{ChangeFound, Place, Step, StepFound},
    organize::{FailedOne, SHOWN},
};

/// Where a message is or was.
type Spot = (HomeAccount, Bytes, u32, u32);

pub(super) struct Tally {
    /// Where messages came from that the change put somewhere else.
    came_from: HashMap<Spot, (Place, u32)>,
    /// The first problem of each.
    outcomes: BTreeMap<String, Option<Problem>>,
}

impl Tally {
    pub(super) fn of(change: &ChangeFound) -> Self {
        let mut came_from = HashMap::new();
        for found in &change.steps {
            let Step::Transfer { from, to, is_copy: false, messages, .. } = &found.step else { continue };
            for message in messages {
                let Some(placed) = message.to else { continue };
                let spot = (found.account.clone(), to.0.clone(), placed.validity, placed.uid);
                came_from.insert(spot, (from.clone(), message.was.uid));
            }
        }
        Self { came_from, outcomes: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, found: &StepFound, outcomes: Vec<Reversed>) {
        let uids: Vec<u32> = match &found.step {
            Step::Flags { messages, .. } => messages.iter().map(|message| message.uid).collect(),
            Step::Transfer { messages, uids, .. } if messages.is_empty() => uids.clone(),
            Step::Transfer { messages, .. } => messages.iter().map(|message| message.was.uid).collect(),
            Step::Destroyed { uids, .. } => uids.clone(),
            Step::Created { .. } | Step::Renamed { .. } | Step::Removed { .. } | Step::Subscribed { .. } => {
                Vec::new()
            }
        };
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let id = match (&found.step, uids.get(index)) {
                (
                    Step::Flags { at: place, .. }
                    | Step::Transfer { from: place, .. }
                    | Step::Destroyed { at: place, .. },
                    Some(uid),
                ) => self.id(found, place, *uid),
                (step, _) => folder_id(found, step),
            };
            let known = self.outcomes.entry(id).or_default();
            *known = known.take().or(outcome.err());
        }
    }

    /// The id by which the grant named the message, or would have before the change.
    fn id(&self, found: &StepFound, place: &Place, uid: u32) -> String {
        let (mut place, mut uid) = (place, uid);
        // A message that is moved in a circle does not keep this up for ever.
        for _ in 0..self.came_from.len().min(8) {
            let spot = (found.account.clone(), place.wire.clone(), place.validity, uid);
            let Some((before, was)) = self.came_from.get(&spot) else { break };
            (place, uid) = (before, *was);
        }
        let folder = FolderArg::parse(&place.key);
        MessageRef { account: found.account_name.clone(), folder, uid, validity: place.validity }.to_string()
    }

    pub(super) fn told(self) -> Undone {
        let mut told = Undone::default();
        for (id, problem) in self.outcomes {
            let Some(problem) = problem else {
                told.undone += 1;
                continue;
            };
            told.failed_count += 1;
            if told.failed.len() < SHOWN {
                told.failed.push(FailedOne { id, problem });
            }
        }
        told
    }
}

fn folder_id(found: &StepFound, step: &Step) -> String {
    let wire = match step {
        Step::Created { wire } | Step::Removed { wire, .. } | Step::Subscribed { wire, .. } => wire,
        Step::Renamed { to, .. } => to,
        Step::Flags { at, .. } | Step::Destroyed { at, .. } => &at.wire,
        Step::Transfer { from, .. } => &from.wire,
    };
    format!("{}/{}", found.account_name, super::folders::shown(wire))
}
