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
        thread_id: None,
        gmail: None,
    }
}

fn looked(direction: Direction, rows: Vec<Summary>) -> Looked {
    Looked { direction, rows, is_cut: false }
}

fn found(query: &str, folders: &[Looked]) -> Vec<String> {
    let mut circle = Circle::new(&words(query).unwrap(), HashSet::from(["me@example.org".to_owned()]));
    for looked in folders {
        circle.meet(looked, 0, None);
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
    circle.meet(&inbox, 0, Some(NOON - time::Duration::hours(24)));
    let people: Vec<String> = circle.nearest(MOST).into_iter().map(|person| person.address.email).collect();
    assert_eq!(people, ["a@x.org"]);
}

#[test]
fn copies_of_a_message_in_several_folders_count_once() {
    let named = |id: &str, mut row: Summary| {
        row.envelope.message_id = Some(id.to_owned());
        row
    };
    let inbox = || looked(Direction::From, vec![named("<1>", row(1, "a@x.org", &[]))]);
    let archive = || {
        looked(
            Direction::From,
            vec![named("<1>", row(1, "a@x.org", &[])), named("<2>", row(2, "a@x.org", &[]))],
        )
    };
    assert_eq!(found("", &[inbox(), archive()]), ["a@x.org 2"]);
    let mut circle = Circle::new(&[], HashSet::new());
    circle.meet(&inbox(), 0, None);
    circle.meet(&inbox(), 1, None);
    assert_eq!(circle.nearest(MOST)[0].count, 2, "another account's is another message");
}

#[test]
fn every_folder_has_its_share_of_what_is_looked_at() {
    use super::correspondence::shares;
    assert_eq!(shares(&[200, 5, 200], 105), [50, 5, 50]);
    assert_eq!(shares(&[200, 5], 1_000), [200, 5]);
    assert_eq!(shares(&[9, 9, 9], 2), [0, 1, 1]);
    assert_eq!(shares(&[], 2), [0; 0]);
}

#[test]
fn a_query_that_is_no_name_is_refused() {
    assert_eq!(words(&"a ".repeat(9)).unwrap_err().code, Code::InvalidInput);
    assert_eq!(words(&"a".repeat(201)).unwrap_err().code, Code::InvalidInput);
    assert_eq!(words(" \r\n\0 ").unwrap(), Vec::<String>::new());
}

fn looked_in(is_gmail: bool, roles: &[Option<Role>], is_anybody: bool) -> Vec<(Option<Role>, Direction)> {
    let folder = |(number, role): (usize, &Option<Role>)| {
        let name = format!("f{number}");
        Folder {
            wire_name: name.clone().into(),
            name: domain::FolderName::from_agent(name),
            role: *role,
            fit_for: *role,
            is_selectable: true,
            is_subscribed: true,
            messages: None,
            unseen: None,
            uid_next: None,
        }
    };
    let all = roles.iter().enumerate().map(folder).collect();
    let folders = Folders { all, is_gmail, ..Folders::default() };
    let places = places(&folders, folders.all.iter().collect(), is_anybody);
    places.into_iter().map(|(folder, direction)| (folder.role, direction)).collect()
}

#[test]
fn whom_the_person_wrote_to_is_in_sent_and_who_wrote_to_them_wherever_mail_is_kept() {
    use Direction::{From, To};
    let usual: Vec<Option<Role>> =
        [Role::Inbox, Role::Sent, Role::Drafts, Role::Trash, Role::Junk, Role::Archive]
            .map(Some)
            .into_iter()
            .chain([None])
            .collect();
    let (sent, inbox) = ((Some(Role::Sent), To), (Some(Role::Inbox), From));
    let archive = (Some(Role::Archive), From);
    assert_eq!(looked_in(false, &usual, false), [sent, inbox, archive, (None, From)]);
    assert_eq!(looked_in(false, &usual, true), [sent, inbox, archive]);
    let gmail =
        [Role::Inbox, Role::Sent, Role::Drafts, Role::Trash, Role::Junk, Role::All, Role::Flagged].map(Some);
    for is_anybody in [false, true] {
        assert_eq!(looked_in(true, &gmail, is_anybody), [sent, (Some(Role::All), From)]);
    }
    assert_eq!(looked_in(false, &[None, None], true), [(None, From), (None, From)]);
}

#[test]
fn what_was_not_looked_at_is_known_unless_the_grant_hides_it() {
    let full = Looked {
        is_cut: true,
        ..looked(Direction::From, vec![row(1, "a@x.org", &[]), row(5, "b@x.org", &[])])
    };
    let before = |hours| NOON - time::Duration::hours(hours);
    assert_eq!(full.last(), Some(before(5)));
    assert!(full.is_cut_within(None) && full.is_cut_within(Some(before(9))));
    assert!(!full.is_cut_within(Some(before(3))));
    let untouched = Looked { is_cut: true, ..looked(Direction::From, Vec::new()) };
    assert!(untouched.is_cut_within(None) && untouched.is_cut_within(Some(before(3))));
    assert!(!looked(Direction::From, Vec::new()).is_cut_within(None));
}
