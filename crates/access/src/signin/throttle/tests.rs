//! Attempts against a clock that the test moves.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;

use super::*;

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let millis = i128::from(self.0.load(Ordering::SeqCst));
        Timestamp::from_unix_timestamp_nanos(millis * 1_000_000).unwrap()
    }
}

fn throttle() -> (Throttle, Arc<TestClock>) {
    let clock = Arc::new(TestClock(AtomicI64::new(1_790_000_000_000)));
    (Throttle::new(clock.clone()), clock)
}

impl TestClock {
    fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

fn stranger<'a>(address: &'a str, name: &'a str) -> Attempt<'a> {
    Attempt::Stranger { address, name }
}

/// How many of `attempts` are let through.
fn let_through<'a>(throttle: &Throttle, attempts: impl IntoIterator<Item = Attempt<'a>>) -> usize {
    attempts.into_iter().filter(|attempt| throttle.take(attempt).is_ok()).count()
}

#[test]
fn an_address_tries_ten_names_at_once_and_then_one_each_ten_seconds() {
    let (throttle, clock) = throttle();
    let names: Vec<String> = (0..12).map(|number| format!("n{number}")).collect();
    assert_eq!(let_through(&throttle, names.iter().map(|name| stranger("192.0.2.1", name))), 10);
    assert_eq!(throttle.take(&stranger("192.0.2.1", "x")), Err(10));
    assert_eq!(throttle.take(&stranger("192.0.2.2", "x")), Ok(()), "another address");
    clock.forward(9_001);
    assert_eq!(throttle.take(&stranger("192.0.2.1", "x")), Err(1), "whole seconds, never none");
    clock.forward(999);
    assert_eq!(throttle.take(&stranger("192.0.2.1", "x")), Ok(()));
    assert_eq!(throttle.take(&stranger("192.0.2.1", "x")), Err(10));
    assert_eq!(throttle.take(&Attempt::Link { address: "192.0.2.1" }), Err(10), "of links as well");
}

#[test]
fn a_name_is_tried_ten_times_from_wherever_and_then_once_a_minute() {
    let (throttle, clock) = throttle();
    let addresses: Vec<String> = (0..12).map(|number| format!("192.0.2.{number}")).collect();
    let attempts = || addresses.iter().map(|address| stranger(address, "ann"));
    assert_eq!(let_through(&throttle, attempts()), 10);
    assert_eq!(throttle.take(&stranger("198.51.100.1", "ann")), Err(60));
    assert_eq!(throttle.take(&stranger("198.51.100.1", "bob")), Ok(()));
    clock.forward(60_000);
    assert_eq!(let_through(&throttle, attempts()), 1);
}

#[test]
fn failing_under_a_name_takes_nothing_from_the_browser_that_its_person_uses() {
    let (throttle, _) = throttle();
    let ann = UserId::from_text("usr_1");
    let known = |browser| Attempt::Known { user: &ann, browser };
    while throttle.take(&stranger("192.0.2.1", "ann")).is_ok() {}
    assert_eq!(let_through(&throttle, (0..12).map(|_| known("home"))), 10);
    assert_eq!(throttle.take(&known("home")), Err(30));
    // who has stolen one browser has not taken the others
    assert_eq!(throttle.take(&known("phone")), Ok(()));
}

#[test]
fn one_known_browser_cannot_use_up_what_all_of_a_person_s_browsers_have() {
    let (throttle, clock) = throttle();
    let ann = UserId::from_text("usr_1");
    for _ in 0..2_000 {
        let _ = throttle.take(&Attempt::Known { user: &ann, browser: "stolen" });
        clock.forward(1_000);
    }
    assert_eq!(throttle.take(&Attempt::Known { user: &ann, browser: "home" }), Ok(()));
}

#[test]
fn strangers_are_hashed_for_twenty_times_at_once_and_then_four_times_a_second() {
    let (throttle, clock) = throttle();
    let flood =
        || (0..1000).map(|number| (format!("10.0.{}.{}", number / 250, number % 250), number.to_string()));
    let attempts: Vec<_> = flood().collect();
    let through = || let_through(&throttle, attempts.iter().map(|(address, name)| stranger(address, name)));
    assert_eq!(through(), 20);
    clock.forward(1000);
    assert_eq!(through(), 4);
    assert_eq!(throttle.take(&Attempt::SignUp { address: "192.0.2.9" }), Err(1));
    assert_eq!(throttle.take(&Attempt::Link { address: "192.0.2.9" }), Ok(()), "a link is worth a hash");
    let ann = UserId::from_text("usr_1");
    assert_eq!(throttle.take(&Attempt::Known { user: &ann, browser: "home" }), Ok(()));
}

#[test]
fn who_is_right_has_not_tried_and_what_is_refused_counts_nowhere() {
    let (throttle, clock) = throttle();
    for _ in 0..40 {
        throttle.take(&stranger("192.0.2.1", "ann")).unwrap();
        throttle.give_back(&stranger("192.0.2.1", "ann"));
        clock.forward(250);
    }
    clock.forward(3_600_000);
    assert_eq!(let_through(&throttle, (0..500).map(|_| stranger("192.0.2.1", "ann"))), 10);
    clock.forward(600_000);
    assert_eq!(let_through(&throttle, (0..500).map(|_| stranger("192.0.2.1", "ann"))), 10);
}

#[test]
fn a_person_who_is_right_again_and_again_does_not_keep_the_machine_busy() {
    let (throttle, _) = throttle();
    let ann = UserId::from_text("usr_1");
    let known = Attempt::Known { user: &ann, browser: "home" };
    for _ in 0..30 {
        throttle.take(&known).unwrap();
        throttle.give_back(&known);
    }
    assert_eq!(throttle.take(&known), Err(10));
}

#[test]
fn an_address_of_ipv6_counts_as_its_network_and_what_is_no_address_as_one() {
    let (throttle, clock) = throttle();
    let neighbours: Vec<String> = (1..20).map(|number| format!("2001:db8:1:2::{number:x}")).collect();
    assert_eq!(let_through(&throttle, neighbours.iter().map(|address| Attempt::Link { address })), 10);
    assert_eq!(throttle.take(&Attempt::Link { address: "2001:db8:1:3::1" }), Ok(()));
    let mapped = ["::ffff:192.0.2.1", "192.0.2.1"].repeat(10);
    assert_eq!(let_through(&throttle, mapped.iter().map(|address| Attempt::Link { address })), 10);
    clock.forward(1_000_000);
    let odd: Vec<String> = (0..20).map(|number| "x".repeat(number)).collect();
    assert_eq!(let_through(&throttle, odd.iter().map(|address| Attempt::Link { address })), 10);
}

#[test]
fn a_clock_that_goes_back_makes_nobody_wait_longer_than_a_full_count() {
    let (throttle, clock) = throttle();
    while throttle.take(&Attempt::Link { address: "192.0.2.1" }).is_ok() {}
    clock.forward(-86_400_000);
    assert_eq!(throttle.take(&Attempt::Link { address: "192.0.2.1" }), Err(10));
    clock.forward(10_000);
    assert_eq!(throttle.take(&Attempt::Link { address: "192.0.2.1" }), Ok(()));
}

#[test]
fn memory_is_bounded_and_who_guesses_most_is_remembered_longest() {
    let (throttle, _) = throttle();
    while throttle.take(&Attempt::Link { address: "192.0.2.1" }).is_ok() {}
    for number in 0..4 * u32::try_from(REMEMBERED).unwrap() {
        let [a, b, c, d] = (number + 0x0a00_0000).to_be_bytes();
        throttle.take(&Attempt::Link { address: &format!("{a}.{b}.{c}.{d}") }).unwrap();
        assert!(throttle.counts.lock().unwrap().addresses.rested.len() <= REMEMBERED);
    }
    assert!(throttle.take(&Attempt::Link { address: "192.0.2.1" }).is_err());
}

#[test]
fn of_a_series_of_refusals_the_first_is_news() {
    let (throttle, clock) = throttle();
    assert!(throttle.is_news("ann"));
    assert!(!throttle.is_news("ann"));
    assert!(throttle.is_news("bob"));
    clock.forward(600_000);
    assert!(throttle.is_news("ann"));
}

#[test]
fn who_is_refused_again_and_again_is_not_listened_to_and_everybody_else_is() {
    let (throttle, clock) = throttle();
    for _ in 0..100 {
        assert_eq!(throttle.flood_wait("192.0.2.1"), None, "nothing was refused");
    }
    let tries = || {
        let is_heard = throttle.flood_wait("192.0.2.1").is_none();
        if is_heard {
            let _ = throttle.take(&stranger("192.0.2.1", "ann"));
        }
        is_heard
    };
    let heard = || (0..500).filter(|_| tries()).count();
    assert_eq!(heard(), 10 + 20, "tries, and refusals");
    assert_eq!(throttle.flood_wait("192.0.2.1"), Some(10));
    assert_eq!(throttle.flood_wait("192.0.2.2"), None);
    // the address has room again after ten seconds, the name after a minute
    for _ in 0..59 {
        clock.forward(1_000);
        assert_eq!(heard(), 1);
    }
    clock.forward(20_000);
    assert_eq!(throttle.flood_wait("192.0.2.1"), None, "nobody tried for a while");
    assert_eq!(throttle.take(&stranger("192.0.2.1", "ann")), Ok(()));
    for number in 0..30 {
        let _ = throttle.take(&stranger(&format!("198.51.100.{number}"), ""));
    }
    assert_eq!(throttle.flood_wait("203.0.113.1"), None, "no flood comes from there");
}
