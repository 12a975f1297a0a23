//! How often somebody may try to sign in: counted by address and name for browsers that are not known, by
//! browser for those that are. So guessing is slow, and nobody who fails on purpose under a person's name
//! takes away the tries of the browser that the person uses. In memory of this process.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{Clock, UserId};

/// So many at once, then one each so many milliseconds.
#[derive(Debug, Clone, Copy)]
struct Rate {
    at_once: i64,
    each: i64,
    /// Whether an attempt that was right does not count.
    forgives: bool,
}

/// From one network address, or one network of IPv6.
const ADDRESS: Rate = Rate { at_once: 10, each: 10_000, forgives: true };
/// Under one name, from all browsers that are not known to be that person's.
const NAME: Rate = Rate { at_once: 10, each: 60_000, forgives: true };
/// From one known browser.
const BROWSER: Rate = Rate { at_once: 10, each: 30_000, forgives: true };
/// From all known browsers of a person: one that was stolen cannot use this up by guessing, and nobody keeps
/// a core busy by signing in again and again.
const PERSON: Rate = Rate { at_once: 30, each: 10_000, forgives: false };
/// Passwords that are hashed for strangers altogether: each takes a core for some hundredths of a second.
const STRANGERS: Rate = Rate { at_once: 20, each: 250, forgives: false };
/// One-time codes of a person from all browsers that are not known to be theirs, or from one that is. There are a
/// million codes, of which a few hold at a time: a day's tries find one in some thousand days.
const CODE: Rate = Rate { at_once: 5, each: 300_000, forgives: true };
/// Questions to authenticators from one network address, or one browser that is known: a page to sign in asks one
/// whenever it is opened, and each is a row for some minutes.
const QUESTIONS: Rate = Rate { at_once: 60, each: 2_000, forgives: false };
/// Questions to authenticators of strangers altogether.
const ALL_QUESTIONS: Rate = Rate { at_once: 600, each: 50, forgives: false };
/// Refusals at one address that get a whole page, which says how long to wait for that name.
const REFUSED: Rate = Rate { at_once: 20, each: 1_000, forgives: false };
/// Rows that a person's audit trail gets about attempts that were refused.
const TOLD: Rate = Rate { at_once: 1, each: 600_000, forgives: false };

/// Keys of one kind that are remembered; those least used go first.
const REMEMBERED: usize = 8192;

/// Who tries.
#[derive(Debug, Clone)]
pub(crate) enum Attempt<'a> {
    /// A browser that is not known to be that person's.
    Stranger {
        /// Its network address.
        address: &'a str,
        /// The name that is tried; empty for one that nobody can have.
        name: &'a str,
    },
    /// A browser in which the person signed in before, or is.
    Known {
        /// Who.
        user: &'a UserId,
        /// The id of the browser or session.
        browser: &'a str,
    },
    /// Somebody whose password was right, with a one-time code.
    Code {
        /// Who.
        user: &'a UserId,
        /// The id of the browser or session if it is known to be theirs, else empty.
        browser: &'a str,
    },
    /// Somebody with a link.
    Link {
        /// Their network address.
        address: &'a str,
    },
    /// Somebody whose authenticator is to be asked.
    Question {
        /// Their network address.
        address: &'a str,
        /// The id of the browser or session, if it is known.
        device: Option<&'a str>,
    },
    /// Somebody who makes themselves a user.
    SignUp {
        /// Their network address.
        address: &'a str,
    },
}

/// Counts attempts.
pub(crate) struct Throttle {
    clock: Arc<dyn Clock>,
    counts: Mutex<Counts>,
}

struct Counts {
    addresses: Buckets,
    names: Buckets,
    browsers: Buckets,
    persons: Buckets,
    strangers: Buckets,
    questions: Buckets,
    all_questions: Buckets,
    refused: Buckets,
    told: Buckets,
    codes: Buckets,
}

impl Throttle {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let counts = Counts {
            addresses: Buckets::new(ADDRESS),
            names: Buckets::new(NAME),
            browsers: Buckets::new(BROWSER),
            persons: Buckets::new(PERSON),
            strangers: Buckets::new(STRANGERS),
            questions: Buckets::new(QUESTIONS),
            all_questions: Buckets::new(ALL_QUESTIONS),
            refused: Buckets::new(REFUSED),
            told: Buckets::new(TOLD),
            codes: Buckets::new(CODE),
        };
        Self { clock, counts: Mutex::new(counts) }
    }

    /// Counts an attempt; an error is the whole seconds (at least 1) after which the next one is let through.
    /// What is refused counts nowhere but among the refusals at its address.
    pub(crate) fn take(&self, attempt: &Attempt<'_>) -> Result<(), u64> {
        self.with(|counts, now| {
            let mut places = counts.places(attempt);
            let wait = places.iter_mut().map(|(buckets, key)| buckets.wait(key, now)).max().unwrap_or(0);
            if wait > 0 {
                if let Attempt::Stranger { address, .. } | Attempt::SignUp { address } = attempt {
                    counts.refused.take(&network_of(address), now);
                }
                return Err(seconds(wait));
            }
            for (buckets, key) in &mut places {
                buckets.take(key, now);
            }
            Ok(())
        })
    }

    /// The whole seconds that a stranger at that address has to wait, whatever name they try, if so many were
    /// refused there, whatever for, that it is not worth while to read what this one tries; else nothing.
    pub(crate) fn flood_wait(&self, address: &str) -> Option<u64> {
        self.with(|counts, now| {
            let network = network_of(address);
            let refused = counts.refused.wait(&network, now);
            if refused == 0 {
                return None;
            }
            let wait = counts.addresses.wait(&network, now).max(counts.strangers.wait("", now));
            Some(seconds(wait.max(refused)))
        })
    }

    /// Takes back an attempt that was right: only wrong ones add up, so that many people behind one address
    /// can sign in. The hash that it cost stays counted.
    pub(crate) fn give_back(&self, attempt: &Attempt<'_>) {
        self.with(|counts, _| {
            for (buckets, key) in &mut counts.places(attempt) {
                buckets.give_back(key);
            }
        });
    }

    /// Whether refusals under that name are to be recorded now: the first of a series, and then some.
    pub(crate) fn is_news(&self, name: &str) -> bool {
        self.with(|counts, now| {
            let is_news = counts.told.wait(name, now) == 0;
            if is_news {
                counts.told.take(name, now);
            }
            is_news
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts, i64) -> T) -> T {
        let now = self.clock.now().unix_timestamp_nanos() / 1_000_000;
        let now = i64::try_from(now).unwrap_or(0);
        work(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner), now)
    }
}

impl Counts {
    /// Where an attempt counts.
    fn places(&mut self, attempt: &Attempt<'_>) -> Vec<(&mut Buckets, String)> {
        let strangers = (&mut self.strangers, String::new());
        match *attempt {
            Attempt::Stranger { address, name: "" } => {
                vec![(&mut self.addresses, network_of(address)), strangers]
            }
            Attempt::Stranger { address, name } => vec![
                (&mut self.addresses, network_of(address)),
                (&mut self.names, name.to_owned()),
                strangers,
            ],
            Attempt::Known { user, browser } => vec![
                (&mut self.browsers, format!("{user} {browser}")),
                (&mut self.persons, user.as_str().to_owned()),
            ],
            Attempt::Code { user, browser } => vec![(&mut self.codes, format!("{user} {browser}"))],
            Attempt::Link { address } => vec![(&mut self.addresses, network_of(address))],
            Attempt::Question { device: Some(device), .. } => {
                vec![(&mut self.questions, device.to_owned())]
            }
            Attempt::Question { address, device: None } => {
                vec![(&mut self.questions, network_of(address)), (&mut self.all_questions, String::new())]
            }
            Attempt::SignUp { address } => vec![(&mut self.addresses, network_of(address)), strangers],
        }
    }
}

/// Whole seconds, at least 1, of so many milliseconds.
fn seconds(wait: i64) -> u64 {
    u64::try_from(wait).unwrap_or(1).div_ceil(1000)
}

/// What one subscriber has of addresses: one of IPv4, 64 bits of IPv6.
fn network_of(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        // not known: all of these share one count
        Err(_) => String::new(),
    }
}

/// Counts of one kind. What is kept of a key is the instant, in milliseconds, at which all its attempts will
/// have come back; a key at rest is kept no longer than there is room.
struct Buckets {
    rate: Rate,
    rested: HashMap<String, i64>,
}

impl Buckets {
    fn new(rate: Rate) -> Self {
        Self { rate, rested: HashMap::new() }
    }

    /// Milliseconds until an attempt is let through.
    fn wait(&mut self, key: &str, now: i64) -> i64 {
        (self.rested_at(key, now) - now - (self.rate.at_once - 1) * self.rate.each).max(0)
    }

    fn take(&mut self, key: &str, now: i64) {
        let rested = self.rested_at(key, now) + self.rate.each;
        if self.rested.len() >= REMEMBERED && !self.rested.contains_key(key) {
            self.make_room(now);
        }
        self.rested.insert(key.to_owned(), rested);
    }

    fn give_back(&mut self, key: &str) {
        if let (true, Some(rested)) = (self.rate.forgives, self.rested.get_mut(key)) {
            *rested = rested.saturating_sub(self.rate.each);
        }
    }

    fn rested_at(&mut self, key: &str, now: i64) -> i64 {
        let Some(rested) = self.rested.get_mut(key) else { return now };
        // later than that only if the clock went back, for which nobody is to wait
        *rested = (*rested).clamp(now, now.saturating_add(self.rate.at_once * self.rate.each));
        *rested
    }

    /// Forgets keys at rest; if most are not, the half that will be soonest.
    fn make_room(&mut self, now: i64) {
        self.rested.retain(|_, rested| *rested > now);
        if self.rested.len() > REMEMBERED / 2 {
            let mut instants: Vec<i64> = self.rested.values().copied().collect();
            let (_, middle, _) = instants.select_nth_unstable(REMEMBERED / 2);
            let middle = *middle;
            let mut left = REMEMBERED / 2;
            self.rested.retain(|_, rested| {
                let stays = *rested > middle || (*rested == middle && left > 0);
                left = left.saturating_sub(usize::from(stays));
                stays
            });
        }
    }
}

#[cfg(test)]
mod tests;
