//! Merging, by example and against a model that knows every folder whole.

use domain::Envelope;
use proptest::prelude::*;

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
        thread_id: None,
    };
    (Arc::new(summary), At::Below(uid))
}

fn offer(rows: Vec<(Arc<Summary>, At)>, is_exhausted: bool) -> Offer {
    Offer { account: 0, rows, is_exhausted, end: At::Below(1), start: At::Nothing, floor: None }
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
fn a_folder_that_was_looked_through_far_enough_holds_nobody_up() {
    let floor = Some(Timestamp::UNIX_EPOCH + time::Duration::minutes(70));
    let slow = Offer { floor, ..offer(Vec::new(), false) };
    let merged = merge(vec![slow, offer(vec![row(18, 80, "c"), row(17, 60, "d")], true)], 5);
    assert_eq!(uids(&merged), [18]);
    assert_eq!(merged.places, [Some(At::Below(1)), Some(At::Below(18))]);
}

#[test]
fn copies_of_a_message_in_two_folders_are_shown_once() {
    let merged = merge(vec![offer(vec![row(9, 90, "a")], true), offer(vec![row(3, 90, "a")], true)], 5);
    assert_eq!(uids(&merged), [9]);
    assert_eq!(merged.doubles, 1);
}

#[test]
fn a_copy_is_not_left_over_for_the_next_page() {
    let merged = merge(vec![offer(vec![row(9, 90, "a")], true), offer(vec![row(3, 90, "a")], true)], 1);
    assert_eq!(merged.places, [None, None]);
}

#[test]
fn copies_in_one_folder_or_in_two_accounts_are_two_messages() {
    let merged = merge(vec![offer(vec![row(9, 90, "a"), row(8, 90, "a")], true)], 5);
    assert_eq!(uids(&merged), [9, 8]);
    let other = Offer { account: 1, ..offer(vec![row(3, 90, "a")], true) };
    let merged = merge(vec![offer(vec![row(9, 90, "a")], true), other], 5);
    assert_eq!(uids(&merged), [9, 3]);
}

/// A folder of the model: (UID, minute), some of which match. Listed by UID, as INBOX is.
#[derive(Debug, Clone)]
struct Folder(Vec<(u32, i64, bool)>);

impl Folder {
    /// What it offers from `at`: `reach` messages are looked at, up to `limit` of them taken.
    fn offer(&self, index: usize, at: At, reach: usize, limit: usize) -> Offer {
        let below = if let At::Below(uid) = at { uid } else { u32::MAX };
        let rest: Vec<_> = self.0.iter().rev().filter(|(uid, ..)| *uid < below).collect();
        let mut offer = Offer { end: at, start: at, ..offer(Vec::new(), false) };
        for (uid, minute, is_hit) in rest.iter().take(reach) {
            if offer.rows.len() == limit {
                return offer;
            }
            offer.end = At::Below(*uid);
            let received = Timestamp::UNIX_EPOCH + time::Duration::minutes(*minute);
            offer.floor = Some(offer.floor.map_or(received, |floor| floor.min(received)));
            if *is_hit {
                offer.rows.push(row(*uid, *minute, &format!("{index}/{uid}")));
            }
        }
        offer.is_exhausted = rest.len() <= reach;
        offer
    }
}

fn folders() -> impl Strategy<Value = Vec<Folder>> {
    let folder = prop::collection::vec((1_i64..5, any::<bool>()), 0..25).prop_map(|steps| {
        let mut minute = 0;
        let message = |(index, (step, is_hit)): (usize, (i64, bool))| {
            minute += step;
            (u32::try_from(index).unwrap() * 2 + 3, minute, is_hit)
        };
        Folder(steps.into_iter().enumerate().map(message).collect())
    });
    prop::collection::vec(folder, 1..5)
}

proptest! {
    #[test]
    fn pages_show_every_hit_once_in_order_whatever_arrives_or_goes(
        mut folders in folders(),
        limit in 1_usize..8,
        reach in 1_usize..9,
        gone in prop::collection::vec((0_usize..5, 0_usize..25), 0..6),
    ) {
        let all: Vec<(usize, u32)> = hits(&folders);
        let mut places: Vec<Option<At>> = vec![Some(At::Nothing); folders.len()];
        let mut shown: Vec<(usize, u32, i64)> = Vec::new();
        let mut removed = Vec::new();
        let mut gone = gone.into_iter();
        for page in 0_u32.. {
            prop_assert!(page < 1_000, "the pages do not end");
            let live: Vec<usize> = (0..folders.len()).filter(|index| places[*index].is_some()).collect();
            if live.is_empty() {
                break;
            }
            let offers = live
                .iter()
                .map(|index| folders[*index].offer(*index, places[*index].unwrap(), reach, limit))
                .collect();
            let merged = merge(offers, limit);
            prop_assert!(merged.rows.len() <= limit);
            for (of, row) in &merged.rows {
                shown.push((live[*of], row.uid, row.received.unix_timestamp()));
            }
            for (index, place) in live.iter().zip(merged.places) {
                places[*index] = place;
            }
            // Somebody deletes, and something arrives in every folder that was begun.
            if let Some((folder, message)) = gone.next()
                && let Some(rows) = folders.get_mut(folder).filter(|rows| message < rows.0.len())
            {
                removed.push((folder, rows.0.remove(message).0));
            }
            for (index, folder) in folders.iter_mut().enumerate() {
                if matches!(places[index], Some(At::Below(_))) {
                    folder.0.push((1_000 + page, 10_000, true));
                }
            }
        }
        let mut found: Vec<(usize, u32)> = shown.iter().map(|(folder, uid, _)| (*folder, *uid)).collect();
        prop_assert!(shown.is_sorted_by(|a, b| a.2 >= b.2), "not newest first: {shown:?}");
        found.sort_unstable();
        let count = found.len();
        found.dedup();
        prop_assert_eq!(count, found.len(), "a row was shown twice");
        for hit in all {
            prop_assert!(found.contains(&hit) || removed.contains(&hit), "{hit:?} was never shown");
        }
    }
}

fn hits(folders: &[Folder]) -> Vec<(usize, u32)> {
    let of = |(index, folder): (usize, &Folder)| {
        folder.0.iter().filter(|(.., is_hit)| *is_hit).map(move |(uid, ..)| (index, *uid)).collect::<Vec<_>>()
    };
    folders.iter().enumerate().flat_map(of).collect()
}
