//! Counting who was met in envelopes, and who of them is nearest to the person.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use domain::{Address, Timestamp};

use super::{
    Person,
    correspondence::{Direction, Looked},
    fold,
};
use crate::{
    merge::{Identity, identity},
    row,
};

/// People by their addresses.
pub(super) struct Circle {
    /// Folded words that name or address must hold.
    words: Vec<String>,
    /// Addresses of the person, folded.
    own: HashSet<String>,
    met: HashMap<String, Met>,
    /// Messages that were counted: copies of them lie in other folders.
    counted: HashSet<(Identity, Direction)>,
}

struct Met {
    person: Person,
    /// When the name was used.
    named: Option<Timestamp>,
    is_written_to: bool,
}

impl Circle {
    pub(super) fn new(words: &[String], own: HashSet<String>) -> Self {
        let words = words.iter().map(|word| fold(word)).collect();
        Self { words, own, met: HashMap::new(), counted: HashSet::new() }
    }

    /// Counts the others of each message of an account, once each; not of messages received before `within`.
    pub(super) fn meet(&mut self, looked: &Looked, account: usize, within: Option<Timestamp>) {
        for row in looked.rows.iter().filter(|row| within.is_none_or(|within| row.received >= within)) {
            let identity = identity(account, row);
            if identity.is_some_and(|identity| !self.counted.insert((identity, looked.direction))) {
                continue;
            }
            let mut seen = HashSet::new();
            for address in looked.direction.addresses(row) {
                let address = row::address(address);
                let key = fold(&address.email);
                let is_other = address.email.contains('@') && !self.own.contains(&key);
                if is_other && self.means(&address) && seen.insert(key.clone()) {
                    self.count(key, address, row.received, looked.direction);
                }
            }
        }
    }

    /// Whether name and address hold all the words; a server finds messages, not the one address in them.
    fn means(&self, address: &Address) -> bool {
        let text = fold(&address.to_string());
        self.words.iter().all(|word| text.contains(word))
    }

    fn count(&mut self, key: String, address: Address, at: Timestamp, direction: Direction) {
        let met = self.met.entry(key).or_insert_with(|| Met {
            person: Person {
                address: Address { name: String::new(), email: address.email.clone() },
                last: at,
                count: 0,
            },
            named: None,
            is_written_to: false,
        });
        met.person.count = met.person.count.saturating_add(1);
        met.person.last = met.person.last.max(at);
        met.is_written_to |= direction == Direction::To;
        let is_name = !address.name.is_empty() && !address.name.eq_ignore_ascii_case(&address.email);
        if is_name && met.named.is_none_or(|named| named < at) {
            met.person.address = address;
            met.named = Some(at);
        }
    }

    /// Those the person wrote to first, then by count, then by date.
    pub(super) fn nearest(self, most: usize) -> Vec<Person> {
        let mut met: Vec<Met> = self.met.into_values().collect();
        met.sort_by(|a, b| {
            let rank = |met: &Met| (!met.is_written_to, Reverse(met.person.count), Reverse(met.person.last));
            rank(a).cmp(&rank(b)).then_with(|| a.person.address.email.cmp(&b.person.address.email))
        });
        met.into_iter().take(most).map(|met| met.person).collect()
    }
}
