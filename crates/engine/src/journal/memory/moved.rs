//! Where messages went, in few octets each, since a plan moves many: folders are kept once, a message by its UID
//! in one of them. What is named by a Message-ID is kept by its hash, and longer.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use domain::HomeAccount;
use mail::imap::write::Placed;
use sha2::{Digest, Sha256};
use storage::NewMoved;

use super::super::{
    following::MovedTo,
    form::{place_of_name, read_moved, write_moved},
};

/// What is kept of all accounts.
#[derive(Default)]
pub(super) struct Moved {
    mailboxes: Mailboxes,
    placed: Latest<Spot, Target>,
    named: Latest<Hash, Box<[u8]>>,
}

/// A mailbox as long as its UIDVALIDITY stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Mailbox {
    account: HomeAccount,
    wire: Bytes,
    validity: u32,
}

/// The number of a mailbox, and a UID in it.
type Spot = (u32, u32);

/// What names a message otherwise.
type Hash = [u8; 16];

/// Where a message went.
#[expect(clippy::box_collection, reason = "a target has two words then, and most need no more")]
enum Target {
    At(Spot),
    /// Without a UID: as it was written.
    Somewhere(Box<Vec<u8>>),
}

impl Moved {
    /// Notes where messages of an account went, and forgets the oldest beyond so many of each kind.
    pub(super) fn add(&mut self, account: &HomeAccount, moved: &[NewMoved], most: usize) {
        for NewMoved { from, to } in moved {
            let Some((wire, placed)) = place_of_name(from) else {
                self.named.insert(hash_of(account, from), to.as_slice().into(), most);
                continue;
            };
            let spot = self.mailboxes.spot(account, wire, placed);
            let target = match read_moved(to) {
                Some(MovedTo { wire, placed: Some(placed), message_id: None }) => {
                    Target::At(self.mailboxes.spot(account, &wire, placed))
                }
                _ => Target::Somewhere(Box::new(to.clone())),
            };
            for (spot, target) in self.placed.insert(spot, target, most) {
                self.forget(spot, &target);
            }
        }
    }

    /// Where messages went that were at places which are named so, as it was written.
    pub(super) fn find(&self, account: &HomeAccount, from: &[u8]) -> Option<Vec<u8>> {
        let Some((wire, placed)) = place_of_name(from) else {
            return self.named.map.get(&hash_of(account, from)).map(|to| to.to_vec());
        };
        let spot = self.mailboxes.known(account, wire, placed)?;
        match self.placed.map.get(&spot)? {
            Target::Somewhere(to) => Some(to.as_ref().clone()),
            Target::At(spot) => {
                let (wire, placed) = self.mailboxes.place(*spot)?;
                Some(write_moved(&MovedTo { wire, placed: Some(placed), message_id: None }))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.placed.map.is_empty() && self.named.map.is_empty()
    }

    /// Mailboxes that nothing is known of any more make room.
    fn forget(&mut self, spot: Spot, target: &Target) {
        self.mailboxes.release(spot.0);
        if let Target::At((mailbox, _)) = target {
            self.mailboxes.release(*mailbox);
        }
    }
}

fn hash_of(account: &HomeAccount, name: &[u8]) -> Hash {
    let hash = Sha256::new().chain_update(account.to_string()).chain_update([0]).chain_update(name);
    let mut short = Hash::default();
    short.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    short
}

/// The latest of many.
struct Latest<K, V> {
    map: BTreeMap<K, V>,
    /// In the order in which they came first.
    order: VecDeque<K>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self { map: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Ord + Clone, V> Latest<K, V> {
    /// Adds one; answers what is forgotten for it.
    fn insert(&mut self, key: K, value: V, most: usize) -> Vec<(K, V)> {
        let before = self.map.insert(key.clone(), value);
        let mut forgotten = Vec::new();
        match before {
            Some(before) => forgotten.push((key, before)),
            None => self.order.push_back(key),
        }
        while self.map.len() > most {
            let Some(oldest) = self.order.pop_front() else { break };
            forgotten.extend(self.map.remove_entry(&oldest));
        }
        forgotten
    }
}

/// Mailboxes by number, each as long as something names it.
#[derive(Default)]
struct Mailboxes {
    numbers: HashMap<Arc<Mailbox>, u32>,
    /// With how many name it.
    all: BTreeMap<u32, (Arc<Mailbox>, usize)>,
    next: u32,
}

impl Mailboxes {
    /// The spot of a place, whose mailbox is named once more.
    fn spot(&mut self, account: &HomeAccount, wire: &[u8], placed: Placed) -> Spot {
        let mailbox = mailbox(account, wire, placed);
        let number = self.numbers.get(&mailbox).copied().unwrap_or_else(|| {
            while self.all.contains_key(&self.next) {
                self.next = self.next.wrapping_add(1);
            }
            let mailbox = Arc::new(mailbox);
            self.numbers.insert(Arc::clone(&mailbox), self.next);
            self.all.insert(self.next, (mailbox, 0));
            self.next
        });
        if let Some((_, named)) = self.all.get_mut(&number) {
            *named += 1;
        }
        (number, placed.uid)
    }

    fn known(&self, account: &HomeAccount, wire: &[u8], placed: Placed) -> Option<Spot> {
        let number = self.numbers.get(&mailbox(account, wire, placed))?;
        Some((*number, placed.uid))
    }

    fn place(&self, (number, uid): Spot) -> Option<(Bytes, Placed)> {
        let (mailbox, _) = self.all.get(&number)?;
        Some((mailbox.wire.clone(), Placed { validity: mailbox.validity, uid }))
    }

    fn release(&mut self, number: u32) {
        let Some((mailbox, named)) = self.all.get_mut(&number) else { return };
        *named -= 1;
        if *named == 0 {
            self.numbers.remove(&**mailbox);
            self.all.remove(&number);
        }
    }
}

fn mailbox(account: &HomeAccount, wire: &[u8], placed: Placed) -> Mailbox {
    Mailbox { account: account.clone(), wire: Bytes::copy_from_slice(wire), validity: placed.validity }
}

#[cfg(test)]
mod tests {
    use super::super::super::form::{message_name, place_name};
    use super::*;

    fn account(number: u8) -> HomeAccount {
        HomeAccount::Carried([number; 32])
    }

    fn from(folder: &str, uid: u32) -> Vec<u8> {
        place_name(folder.as_bytes(), Placed { validity: 7, uid })
    }

    fn to(folder: &str, uid: Option<u32>) -> Vec<u8> {
        write_moved(&MovedTo {
            wire: Bytes::copy_from_slice(folder.as_bytes()),
            placed: uid.map(|uid| Placed { validity: 9, uid }),
            message_id: uid.is_none().then(|| "<a@example.org>".to_owned()),
        })
    }

    fn moves(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<NewMoved> {
        pairs.iter().cloned().map(|(from, to)| NewMoved { from, to }).collect()
    }

    #[test]
    fn what_was_written_comes_back_whatever_names_it() {
        let mut moved = Moved::default();
        let by_id = message_name(b"B", "<a@example.org>");
        let pairs = [
            (from("A", 1), to("B", Some(5))),
            (from("A", 2), to("B", None)),
            (place_name(b"b\0\xff", Placed { validity: 7, uid: 2 }), to("\u{e9}", Some(6))),
            (by_id, to("C", None)),
            (b"anything".to_vec(), b"else".to_vec()),
        ];
        moved.add(&account(1), &moves(&pairs), 10);
        for (from, to) in &pairs {
            assert_eq!(moved.find(&account(1), from).as_ref(), Some(to));
            assert_eq!(moved.find(&account(2), from), None);
        }
        assert_eq!(moved.find(&account(1), &from("A", 3)), None);
        // Moved on from there by somebody else, and by us to where another one was.
        moved.add(&account(1), &moves(&[(from("A", 1), to("D", None))]), 10);
        assert_eq!(moved.find(&account(1), &from("A", 1)), Some(to("D", None)));
    }

    #[test]
    fn the_oldest_make_room_and_so_do_their_folders() {
        let mut moved = Moved::default();
        for number in 0..100 {
            let (old, new) = (format!("from {number}"), format!("to {number}"));
            moved.add(&account(1), &moves(&[(from(&old, 1), to(&new, Some(2)))]), 3);
        }
        assert_eq!((moved.placed.map.len(), moved.placed.order.len()), (3, 3));
        assert_eq!((moved.mailboxes.all.len(), moved.mailboxes.numbers.len()), (6, 6));
        assert_eq!(moved.find(&account(1), &from("from 96", 1)), None);
        assert_eq!(moved.find(&account(1), &from("from 97", 1)), Some(to("to 97", Some(2))));
        for number in 0..100 {
            moved.add(&account(1), &moves(&[(from("A", 1), to("B", Some(number)))]), 3);
        }
        assert_eq!((moved.placed.map.len(), moved.placed.order.len()), (3, 3), "one place, again and again");
        assert_eq!(moved.find(&account(1), &from("A", 1)), Some(to("B", Some(99))));
        moved.add(&account(1), &moves(&[(from("A", 2), to("A", Some(3)))]), 0);
        assert!(moved.is_empty() && moved.mailboxes.all.is_empty() && moved.mailboxes.numbers.is_empty());
    }
}
