//! One page out of many folders: newest first, doubles merged, nothing skipped.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use domain::{Summary, Timestamp};

use crate::cursor::At;

/// What one folder has to offer for a page.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Which account it is of: doubles are merged over its folders only.
    pub(crate) account: usize,
    /// Rows in the folder's order, each with the place after it.
    pub(crate) rows: Vec<(Arc<Summary>, At)>,
    /// Whether nothing lies behind these rows.
    pub(crate) is_exhausted: bool,
    /// The place behind all rows, where some that do not match were passed over.
    pub(crate) end: At,
    /// The place before all rows.
    pub(crate) start: At,
    /// When the oldest message looked at was received: what comes behind is hardly newer.
    pub(crate) floor: Option<Timestamp>,
}

/// What the page took.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// Index of the offer, and the row.
    pub(crate) rows: Vec<(usize, Arc<Summary>)>,
    /// For each offer: where it goes on, or `None` if it is exhausted.
    pub(crate) places: Vec<Option<At>>,
    /// How many doubles were left out.
    pub(crate) doubles: u64,
}

/// A folder while rows are taken from it.
struct Queue {
    rows: std::iter::Peekable<std::vec::IntoIter<(Arc<Summary>, At)>>,
    account: usize,
    is_exhausted: bool,
    floor: Option<Timestamp>,
    place: At,
    end: At,
}

/// Takes up to `limit` rows, always the newest head of all folders. Stops where a folder has no row at
/// hand but may have a newer one. Doubles that follow the last row are taken along with it, since the
/// next page would show them again.
pub(crate) fn merge(offers: Vec<Offer>, limit: usize) -> Merged {
    let mut merged = Merged::default();
    let queue = |offer: Offer| Queue {
        rows: offer.rows.into_iter().peekable(),
        account: offer.account,
        is_exhausted: offer.is_exhausted,
        floor: offer.floor,
        place: offer.start,
        end: offer.end,
    };
    let mut queues: Vec<Queue> = offers.into_iter().map(queue).collect();
    let mut seen: HashMap<Identity, usize> = HashMap::new();
    while let Some(index) = newest(&mut queues) {
        let Some(queue) = queues.get_mut(index) else { break };
        let Some((row, _)) = queue.rows.peek() else { break };
        let identity = identity(queue.account, row);
        // The same message twice in one folder is two messages.
        let is_double =
            identity.as_ref().and_then(|identity| seen.get(identity)).is_some_and(|of| *of != index);
        if merged.rows.len() >= limit && !is_double {
            break;
        }
        let Some((row, place)) = queue.rows.next() else { break };
        queue.place = place;
        if is_double {
            merged.doubles += 1;
            continue;
        }
        if let Some(identity) = identity {
            seen.entry(identity).or_insert(index);
        }
        merged.rows.push((index, row));
    }
    let place = |mut queue: Queue| match queue.rows.peek() {
        Some(_) => Some(queue.place),
        None if queue.is_exhausted => None,
        None => Some(queue.end),
    };
    merged.places = queues.into_iter().map(place).collect();
    merged
}

/// The folder whose head is the newest, unless another one may have a newer row that is not at hand.
fn newest(queues: &mut [Queue]) -> Option<usize> {
    let heads = queues
        .iter_mut()
        .enumerate()
        .filter_map(|(index, queue)| queue.rows.peek().map(|(row, _)| (row.received, Reverse(index))));
    let (received, Reverse(index)) = heads.max()?;
    let may_be_newer = |queue: &mut Queue| {
        queue.rows.peek().is_none() && !queue.is_exhausted && queue.floor.is_none_or(|floor| floor > received)
    };
    (!queues.iter_mut().any(may_be_newer)).then_some(index)
}

/// What tells that two rows are copies of one message: Gmail's id, else Message-ID, Date and size
/// together, since Message-IDs alone can be forged. All within one account.
pub(crate) type Identity = (usize, String, Option<Timestamp>, u64);

pub(crate) fn identity(account: usize, row: &Summary) -> Option<Identity> {
    match &row.gmail {
        Some(gmail) if gmail.message != 0 => Some((account, gmail.message.to_string(), None, 0)),
        _ => row.envelope.message_id.clone().map(|id| (account, id, row.envelope.date, row.size)),
    }
}

#[cfg(test)]
#[path = "merge/tests.rs"]
mod tests;
