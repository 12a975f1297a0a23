//! Who is met in envelopes, without a server.

use domain::{Envelope, Summary};
use time::macros::datetime;

use super::*;

const NOON: Timestamp = datetime!(2026-11-21 12:00 UTC);

fn address(text: &str) -> Address {
    let (name, email) = text.rsplit_once(' ').unwrap_or(("", text));
    Address { name: name.into(), email: email.into() }
}

/// A message received so many hours before noon.
fn row(hours: i64, from: &str, to: &[&str]) -> Summary {
    Summary {
        uid: 1,
        flags: Vec::new(),
        received: NOON - time::Duration::hours(hours),
        size: 1,
        envelope: Envelope {
            from: vec![address(from)],
            to: to.iter().map(|one| address(one)).collect(),
            ..Envelope::default()
        },
        structure: None,
        references: Vec::new(),
        list_id: None,
        has_unsubscribe: false,
        authentication_results: Vec::new(),
        gmail: None,
    }
}

fn looked(direction: Direction, rows: Vec<Summary>) -> Looked {
    Looked { direction, rows, cut_at: None }
}

fn found(query: &str, folders: &[Looked]) -> Vec<String> {
    let mut circle = Circle::new(&words(query).unwrap(), HashSet::from(["me@example.org".to_owned()]));
    for looked in folders {
        circle.meet(looked, None);
    }
    circle.nearest(MOST).iter().map(|person| format!("{} {}", person.address, person.count)).collect()
}

#[test]
fn those_written_to_come_first_then_the_most_frequent_then_the_most_recent() {
    let sent = looked(Direction::To, vec![row(9, "me@example.org", &["Bo b@x.org"])]);
    let inbox = vec![
        row(5, "Old o@x.org", &[]),
        row(3, "News n@x.org", &[]),
        row(2, "New w@x.org", &[]),
        row(1, "News n@x.org", &[]),
        row(0, "Me me@Example.org", &[]),
    ];
    let people = found("", &[looked(Direction::From, inbox), sent]);
    assert_eq!(people, ["Bo <b@x.org> 1", "News <n@x.org> 2", "New <w@x.org> 1", "Old <o@x.org> 1"]);
}

#[test]
fn one_person_is_counted_once_a_message_in_any_case_by_their_newest_name() {
    let sent = vec![
        row(1, "me@example.org", &["Ann@X.org", "ann@x.org"]),
        row(2, "me@example.org", &["Ann Lee ann@x.org"]),
        row(3, "me@example.org", &["Annie ann@x.org"]),
    ];
    assert_eq!(found("ann", &[looked(Direction::To, sent)]), ["Ann Lee <ann@x.org> 3"]);
}

#[test]
fn of_a_message_only_the_addresses_that_hold_all_words_count() {
    let everyone =
        ["Ann Lee a@x.org", "Ann Moss m@x.org", "Lee Wong w@x.org", "ÄNN b@lee.org", "broken ann.lee"];
    let sent = || [looked(Direction::To, vec![row(1, "me@example.org", &everyone)])];
    assert_eq!(found("lee ann", &sent()), ["Ann Lee <a@x.org> 1"]);
    assert_eq!(found("änn", &sent()), ["ÄNN <b@lee.org> 1"]);
    assert_eq!(found("\"Lee, Ann\" <a@x.org>", &sent()), ["Ann Lee <a@x.org> 1"]);
}

#[test]
fn names_are_shown_without_what_nobody_would_see() {
    let hidden = "Ann\u{202e}\u{200b}\u{e0041} Lee a\u{200b}@x.org";
    assert_eq!(found("", &[looked(Direction::From, vec![row(1, hidden, &[])])]), ["Ann Lee <a@x.org> 1"]);
}

#[test]
fn what_is_older_than_the_grant_allows_makes_nobody_known() {
    let mut circle = Circle::new(&[], HashSet::new());
    let inbox = looked(Direction::From, vec![row(1, "a@x.org", &[]), row(30, "b@x.org", &[])]);
    circle.meet(&inbox, Some(NOON - time::Duration::hours(24)));
    let people: Vec<String> = circle.nearest(MOST).into_iter().map(|person| person.address.email).collect();
    assert_eq!(people, ["a@x.org"]);
}

#[test]
fn a_query_that_is_no_name_is_refused() {
    assert_eq!(words(&"a ".repeat(9)).unwrap_err().code, Code::InvalidInput);
    assert_eq!(words(&"a".repeat(201)).unwrap_err().code, Code::InvalidInput);
    assert_eq!(words(" \r\n\0 ").unwrap(), Vec::<String>::new());
}
