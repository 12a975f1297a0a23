//! Limits to fields and back, and what a person may get wrong.

use time::macros::datetime;

use super::*;

fn full() -> Limits {
    Limits {
        folders: vec!["@inbox".to_owned(), "Work/2026".to_owned()],
        nothing_before: Some(datetime!(2026-03-01 13:14:15 UTC)),
        calls_per_hour: Some(60),
        shows_codes: true,
        approval: Some(ApprovalRule::Always),
        approval_place: Some(ApprovalPlace::Client),
        recipients: vec!["bob@example.org".to_owned(), "*@example.com".to_owned()],
        sends_per_hour: Some(3),
    }
}

fn slips(fields: &[(&str, &str)]) -> Vec<&'static str> {
    let mut all = vec![("approval", "always"), ("place", "page")];
    all.extend(fields);
    let read = LimitFields::typed(&Fields::of(&all)).read(&Limits::default());
    read.err().unwrap_or_default().iter().map(|slip| slip.field).collect()
}

#[test]
fn a_form_that_is_posted_as_it_was_shown_changes_nothing() {
    let fields = LimitFields::of(&full());
    assert_eq!(fields.read(&full()), Ok(full()));
}

#[test]
fn a_fresh_form_gives_no_limits_and_the_usual_rule() {
    let fields = LimitFields::of(&Limits::default());
    assert!(fields.is_plain());
    let expected = Limits { approval: Some(ApprovalRule::NewRecipients), ..Limits::default() };
    assert_eq!(fields.read(&Limits::default()), Ok(expected));
    assert!(!LimitFields::of(&full()).is_plain());
}

#[test]
fn what_was_emptied_is_no_limit_any_more() {
    let fields = LimitFields::typed(&Fields::of(&[("approval", "never"), ("place", "page")]));
    let read = fields.read(&full()).unwrap();
    assert_eq!(
        read,
        Limits {
            approval: Some(ApprovalRule::Never),
            approval_place: Some(ApprovalPlace::Page),
            ..Limits::default()
        }
    );
}

#[test]
fn lists_are_read_line_by_line_without_doubles() {
    let fields = LimitFields::typed(&Fields::of(&[
        ("folders", " INBOX \r\n\r\nWork, 2026\nWork, 2026\n"),
        ("recipients", "bob@example.org, *@example.com;\nbob@example.org"),
        ("nothing_before", "2026-02-28"),
        ("approval", "always"),
        ("place", "page"),
    ]));
    let read = fields.read(&Limits::default()).unwrap();
    assert_eq!(read.folders, ["@inbox", "Work, 2026"]);
    assert_eq!(read.recipients, ["bob@example.org", "*@example.com"]);
    assert_eq!(read.nothing_before, Some(datetime!(2026-02-28 00:00 UTC)));
}

#[test]
fn what_cannot_be_read_is_told_beside_its_field() {
    for (field, values) in [
        ("folders", vec!["@nowhere", "all", "ALL", "a\u{7}b"]),
        (
            "recipients",
            vec!["bob", "*", "*@", "a b@example.org", "*bob@example.org", "Bob <bob@example.org>"],
        ),
        (
            "nothing_before",
            vec!["yesterday", "2026-02-30", "1969-01-01", "2026-1", "+2026-01-01", "2026-01-01-01"],
        ),
        ("calls", vec!["0", "-1", "many", "100001", "99999999999999999999"]),
        ("sends", vec!["0", "1.5"]),
    ] {
        for value in values {
            assert_eq!(slips(&[(field, value)]), [field], "{field}: {value}");
        }
    }
    let long = "x".repeat(1_001);
    assert_eq!(slips(&[("folders", &long)]), ["folders"]);
    let many = (0..201).map(|n| format!("a{n}@example.org")).collect::<Vec<_>>().join("\n");
    assert_eq!(slips(&[("recipients", &many)]), ["recipients"]);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    assert_eq!(slips(&[("calls", "x"), ("sends", "y"), ("folders", "@z")]), ["folders", "calls", "sends"]);
    let nothing = LimitFields::typed(&Fields::default()).read(&Limits::default());
    let fields: Vec<_> = nothing.err().unwrap_or_default().iter().map(|slip| slip.field).collect();
    assert_eq!(fields, ["approval", "place"], "a choice that was not posted is not guessed");
}

#[test]
fn only_the_rule_that_never_asks_is_marked_as_risky() {
    let risky: Vec<_> = rules().filter(|rule| rule.is_risky).map(|rule| rule.name).collect();
    assert_eq!(risky, ["never"]);
}
