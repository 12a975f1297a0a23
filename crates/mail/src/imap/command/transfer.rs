//! COPY (RFC 9051, 6.4.7) and MOVE (RFC 6851), and where the messages are then (COPYUID, RFC 4315).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        request::{Reply, Request, Wants},
        response::{Code, Range},
        wire::{Command, sequence},
        write::Placed,
    },
    append::codes,
};

/// Copies messages of the open mailbox.
pub fn copy(uids: &[Range], to: &[u8]) -> Request {
    Request::new(Command::new("UID COPY").ranges(uids).string(to), Wants::Places)
}

/// Moves messages of the open mailbox.
pub fn relocate(uids: &[Range], to: &[u8]) -> Request {
    Request::new(Command::new("UID MOVE").ranges(uids).string(to), Wants::Places)
}

/// UIDVALIDITY and UIDs at the other end, if the server says so. Some (Yahoo) say it without the UIDs.
pub fn read(reply: &Reply) -> Option<(u32, Vec<Range>)> {
    codes(reply).find_map(|code| match code {
        Code::CopyUid(validity, _, uids) if *validity > 0 && !uids.is_empty() => {
            Some((*validity, sequence::ascending(uids.clone())))
        }
        _ => None,
    })
}

/// Which message is where at the other end, by its UID here; empty where the server does not say, or says
/// what cannot be. A server may say it in several parts.
pub fn places(reply: &Reply, asked: &[u32]) -> BTreeMap<u32, Placed> {
    let mut places = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for code in codes(reply) {
        let Code::CopyUid(validity, from, to) = code else { continue };
        for (uid, there) in pairs(from, to, asked.len()) {
            if *validity == 0 || !taken.insert((*validity, there)) {
                // Two at one place: none of it is believed.
                return BTreeMap::new();
            }
            if asked.contains(&uid) {
                places.insert(uid, Placed { validity: *validity, uid: there });
            }
        }
    }
    places
}

/// Which of the messages the server says it copied or moved; empty where it does not say.
pub fn named(reply: &Reply, asked: &[u32]) -> BTreeSet<u32> {
    let sets = codes(reply).filter_map(|code| match code {
        Code::CopyUid(validity, from, _) if *validity > 0 => Some(from),
        _ => None,
    });
    let sets: Vec<_> = sets.map(|from| sequence::ascending(from.clone())).collect();
    let is_in = |uid: &u32| sets.iter().flatten().any(|(low, high)| (*low..=*high).contains(uid));
    asked.iter().copied().filter(is_in).collect()
}

/// The numbers of two sets that stand for each other, the first of one for the first of the other
/// (RFC 4315, 3). Whether a range that is written downwards is meant so is not said (`2:4 and 4:2 are
/// equivalent`): only what both ways of reading give is taken. None if the sets differ in length or have
/// more than `most` numbers.
pub fn pairs(from: &[Range], to: &[Range], most: usize) -> Vec<(u32, u32)> {
    let count = sequence::count(from);
    if count != sequence::count(to) || count > most as u64 {
        return Vec::new();
    }
    let written = sequence::numbers(from).zip(sequence::numbers(to));
    let (from, to) = (sequence::ascending(from.to_vec()), sequence::ascending(to.to_vec()));
    let upwards: BTreeMap<u32, u32> = sequence::numbers(&from).zip(sequence::numbers(&to)).collect();
    written.filter(|(uid, there)| upwards.get(uid) == Some(there)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    /// Numbers as a set that keeps their order: runs upwards, and downwards if `is_down`, become ranges.
    fn written(numbers: &[u32], is_down: bool) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for number in numbers.iter().copied() {
            match ranges.last_mut() {
                Some((first, last)) if *first <= *last && last.checked_add(1) == Some(number) => {
                    *last = number
                }
                Some((first, last)) if is_down && *first >= *last && last.checked_sub(1) == Some(number) => {
                    *last = number;
                }
                _ => ranges.push((number, number)),
            }
        }
        ranges
    }

    fn moves() -> impl Strategy<Value = Vec<(u32, u32)>> {
        // Close together, so that runs are frequent; each place once.
        btree_map(1_u32..60, 1_u32..60, 0..40)
            .prop_map(|moves| {
                let mut taken = BTreeSet::new();
                moves.into_iter().filter(|(_, there)| taken.insert(*there)).collect::<Vec<_>>()
            })
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn sets_that_run_upwards_pair_as_the_server_meant(moves in moves()) {
            let (from, to): (Vec<u32>, Vec<u32>) = moves.iter().copied().unzip();
            let found = pairs(&written(&from, false), &written(&to, false), moves.len());
            prop_assert_eq!(found, moves);
        }

        #[test]
        fn ranges_downwards_never_pair_otherwise_than_the_server_meant(moves in moves()) {
            let (from, to): (Vec<u32>, Vec<u32>) = moves.iter().copied().unzip();
            let found = pairs(&written(&from, true), &written(&to, true), moves.len());
            prop_assert!(found.iter().all(|pair| moves.contains(pair)));
        }

        #[test]
        fn sets_of_any_kind_pair_each_number_once_and_are_bounded(
            from: Vec<(u32, u32)>,
            to: Vec<(u32, u32)>,
            most in 0_usize..2_000,
        ) {
            let found = pairs(&from, &to, most);
            prop_assert!(found.len() <= most);
        }
    }
}
