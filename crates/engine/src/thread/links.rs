//! Which messages belong to the thread of one, judged by Message-IDs alone, and what to ask for next.
//!
//! Upwards goes what the message itself says it answers, and so on from there; downwards whatever answers
//! one of those. So a stranger's message that claims to answer two threads does not join them: where
//! it says it comes from counts only for itself.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    Summary,
    query::{Expr, Term},
};

/// Octets of search keys for one question; servers take lines of 8,192, and there may be a date besides.
const MAX_OCTETS: usize = 6_000;

/// Message-IDs that are followed at the most.
const MAX_IDS: usize = 1_000;

/// Octets that a key takes besides the Message-ID in it: `OR HEADER In-Reply-To "…"`.
const KEY_OCTETS: usize = 34;

/// Message-IDs in the order they were learned, each once.
#[derive(Debug, Default)]
struct Ids {
    order: Vec<String>,
    known: HashSet<String>,
    /// How many of them were asked for.
    asked: usize,
}

impl Ids {
    fn learn(&mut self, id: &str) {
        if self.order.len() < MAX_IDS && self.known.insert(id.to_owned()) {
            self.order.push(id.to_owned());
        }
    }

    fn at(&self, index: usize) -> Option<String> {
        self.order.get(index).cloned()
    }
}

/// What is known of a thread.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// The message and what it answers, directly or not.
    above: Ids,
    /// What belongs to the thread: whatever answers one of these does too.
    inside: Ids,
}

impl Links {
    /// The links of one message.
    pub(super) fn of(seed: &Summary) -> Self {
        let mut links = Self::default();
        let own = seed.envelope.message_id.iter();
        // Its own id, the beginning and the nearest find nearly everything, so they are asked for first.
        let answered: Vec<&String> = seed.answered().collect();
        for id in own.chain(answered.first().copied()).chain(answered.iter().rev().copied()) {
            links.learn_above(id);
        }
        links
    }

    fn learn_above(&mut self, id: &str) {
        self.above.learn(id);
        self.inside.learn(id);
    }

    /// What to search for that was not searched for yet, as much as one question can hold.
    pub(super) fn next(&mut self) -> Option<Expr> {
        let mut terms = Vec::new();
        let mut octets = 0;
        let mut fits = |id: &str, keys: usize| {
            octets += keys * (KEY_OCTETS + id.len().min(200));
            octets <= MAX_OCTETS
        };
        // Of what lies above, all are looked for, but few need be asked who answers them: who answers one
        // in the middle nearly always names the beginning as well.
        let first = if self.inside.asked == 0 { 3 } else { 0 };
        for id in self.inside.order.iter().take(first) {
            if is_plain(id) && fits(id, 2) {
                terms.push(Expr::Term(Term::Answers(id.clone())));
            }
        }
        while let Some(id) = self.above.at(self.above.asked) {
            if is_plain(&id) {
                if !fits(&id, 1) {
                    break;
                }
                terms.push(Expr::Term(Term::MessageId(id)));
            }
            self.above.asked += 1;
        }
        if first > 0 {
            self.inside.asked = first.min(self.inside.order.len());
        } else {
            while let Some(id) = self.inside.at(self.inside.asked) {
                if is_plain(&id) {
                    if !fits(&id, 2) {
                        break;
                    }
                    terms.push(Expr::Term(Term::Answers(id)));
                }
                self.inside.asked += 1;
            }
        }
        match terms.len() {
            0 => None,
            1 => terms.pop(),
            _ => Some(Expr::Or(terms)),
        }
    }

    /// Whether something was not asked for yet.
    pub(super) fn is_open(&self) -> bool {
        self.above.asked < self.above.order.len() || self.inside.asked < self.inside.order.len()
    }

    /// Whether all that lies above was found: then nothing that belongs is older than what was found.
    pub(super) fn is_rooted(&self, rows: &[Arc<Summary>]) -> bool {
        let found: HashSet<&str> = rows.iter().filter_map(|row| row.envelope.message_id.as_deref()).collect();
        self.above.order.iter().all(|id| found.contains(id.as_str()))
    }

    /// Which of the rows belong; learns their ids. All rows found so far, since a later one may be what
    /// joins an earlier one.
    pub(super) fn admit(&mut self, rows: &[Arc<Summary>]) -> Vec<bool> {
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut answering: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            if let Some(id) = &row.envelope.message_id {
                by_id.entry(id).or_default().push(index);
            }
            for id in row.answered() {
                answering.entry(id).or_default().push(index);
            }
        }
        let mut belongs = vec![false; rows.len()];
        let found = |map: &HashMap<&str, Vec<usize>>, id: &str| map.get(id).cloned().unwrap_or_default();
        let mut at = 0;
        while let Some(id) = self.above.at(at) {
            at += 1;
            for index in found(&by_id, &id) {
                mark(&mut belongs, index);
                rows.get(index)
                    .into_iter()
                    .flat_map(|row| row.answered())
                    .for_each(|id| self.learn_above(id));
            }
        }
        let mut at = 0;
        while let Some(id) = self.inside.at(at) {
            at += 1;
            for index in found(&answering, &id) {
                mark(&mut belongs, index);
                let own = rows.get(index).and_then(|row| row.envelope.message_id.as_ref());
                if let Some(id) = own {
                    self.inside.learn(id);
                }
            }
        }
        belongs
    }
}

/// Notes that the row at `index` belongs.
pub(super) fn mark(belongs: &mut [bool], index: usize) {
    if let Some(one) = belongs.get_mut(index) {
        *one = true;
    }
}

/// Whether servers can be asked for the id as it stands. Others are still recognised in what is found.
fn is_plain(id: &str) -> bool {
    id.len() > 2 && id.len() <= 998 && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
#[path = "links/tests.rs"]
mod tests;
