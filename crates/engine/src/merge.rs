//! One page out of many folders: newest first, doubles merged, nothing skipped.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use domain::{Summary, Timestamp};

use crate::cursor::At;

/// What one folder has to offer for a page.
#[derive(Debug)]
pub(crate) struct Offer {
    /// Rows in the folder's order, each with the place after it.
    pub(crate) rows: Vec<(Arc<Summary>, At)>,
    /// Whether nothing lies behind these rows.
    pub(crate) is_exhausted: bool,
    /// The place behind all rows, where some that do not match were passed over.
    pub(crate) end: At,
    /// The place before all rows.
    pub(crate) start: At,
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

/// Takes up to `limit` rows, always the newest head of all folders. Stops where a folder has no row at
/// hand but may have more: what comes next could be newer than the other heads.
pub(crate) fn merge(offers: Vec<Offer>, limit: usize) -> Merged {
    let mut merged = Merged::default();
    let mut places: Vec<At> = offers.iter().map(|offer| offer.start).collect();
    let ends: Vec<(bool, At)> = offers.iter().map(|offer| (offer.is_exhausted, offer.end)).collect();
    let mut queues: Vec<_> = offers.into_iter().map(|offer| offer.rows.into_iter().peekable()).collect();
    let mut seen = BTreeSet::new();
    while merged.rows.len() < limit {
        let is_waiting =
            queues.iter_mut().zip(&ends).any(|(queue, (done, _))| queue.peek().is_none() && !done);
        if is_waiting {
            break;
        }
        let heads = queues
            .iter_mut()
            .enumerate()
            .filter_map(|(index, queue)| queue.peek().map(|(row, _)| (row.received, Reverse(index))));
        let Some((_, Reverse(index))) = heads.max() else { break };
        let Some((row, at)) = queues.get_mut(index).and_then(Iterator::next) else { break };
        if let Some(place) = places.get_mut(index) {
            *place = at;
        }
        if identity(&row).is_some_and(|identity| !seen.insert(identity)) {
            merged.doubles += 1;
        } else {
            merged.rows.push((index, row));
        }
    }
    for ((queue, (is_exhausted, end)), place) in queues.iter_mut().zip(ends).zip(places) {
        let next = match queue.peek() {
            Some(_) => Some(place),
            None if is_exhausted => None,
            None => Some(end),
        };
        merged.places.push(next);
    }
    merged
}

/// What tells that two rows are copies of one message: Gmail's id, else Message-ID, Date and size
/// together, since Message-IDs alone can be forged.
fn identity(row: &Summary) -> Option<(String, Option<Timestamp>, u64)> {
    match &row.gmail {
        Some(gmail) if gmail.message != 0 => Some((gmail.message.to_string(), None, 0)),
        _ => row.envelope.message_id.clone().map(|id| (id, row.envelope.date, row.size)),
    }
}

#[cfg(test)]
mod tests {
    use domain::Envelope;

    use super::*;

    fn row(uid: u32, minute: i64, id: &str) -> (Arc<Summary>, At) {
        let summary = Summary {
            uid,
            flags: Vec::new(),
            received: Timestamp::UNIX_EPOCH + time::Duration::minutes(minute),
            size: 1,
            envelope: Envelope { message_id: Some(id.to_owned()), ..Envelope::default() },
            structure: None,
            references: Vec::new(),
            list_id: None,
            has_unsubscribe: false,
            authentication_results: Vec::new(),
            gmail: None,
        };
        (Arc::new(summary), At::Below(uid))
    }

    fn offer(rows: Vec<(Arc<Summary>, At)>, is_exhausted: bool) -> Offer {
        Offer { rows, is_exhausted, end: At::Below(1), start: At::Nothing }
    }

    fn uids(merged: &Merged) -> Vec<u32> {
        merged.rows.iter().map(|(_, row)| row.uid).collect()
    }

    #[test]
    fn rows_of_folders_come_newest_first_and_the_rest_stays_for_the_next_page() {
        let left = offer(vec![row(9, 90, "a"), row(7, 70, "b")], true);
        let right = offer(vec![row(18, 80, "c"), row(16, 60, "d")], true);
        let merged = merge(vec![left, right], 3);
        assert_eq!(uids(&merged), [9, 18, 7]);
        assert_eq!(merged.places, [None, Some(At::Below(18))]);
    }

    #[test]
    fn a_folder_that_may_have_newer_rows_is_waited_for() {
        let merged = merge(vec![offer(vec![row(9, 90, "a")], false), offer(vec![row(18, 80, "c")], true)], 5);
        assert_eq!(uids(&merged), [9]);
        assert_eq!(merged.places, [Some(At::Below(1)), Some(At::Nothing)]);
    }

    #[test]
    fn copies_of_a_message_in_two_folders_are_shown_once() {
        let merged = merge(vec![offer(vec![row(9, 90, "a")], true), offer(vec![row(3, 90, "a")], true)], 5);
        assert_eq!(uids(&merged), [9]);
        assert_eq!(merged.doubles, 1);
    }
}
