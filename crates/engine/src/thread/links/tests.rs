//! Who belongs to a thread, whatever the headers claim.

use domain::{Envelope, Timestamp};

use super::*;

fn row(id: &str, answers: &[&str]) -> Arc<Summary> {
    let envelope = Envelope { message_id: (!id.is_empty()).then(|| id.to_owned()), ..Envelope::default() };
    Arc::new(Summary {
        uid: 1,
        flags: Vec::new(),
        received: Timestamp::UNIX_EPOCH,
        size: 1,
        envelope,
        structure: None,
        references: answers.iter().map(|id| (*id).to_owned()).collect(),
        list_id: None,
        has_unsubscribe: false,
        authentication_results: Vec::new(),
        gmail: None,
        thread_id: None,
    })
}

/// The ids of those that belong to the first one's thread.
fn belonging(rows: &[Arc<Summary>]) -> Vec<String> {
    let belongs = Links::of(&rows[0]).admit(rows);
    let chosen = rows.iter().zip(belongs).filter(|(_, belongs)| *belongs);
    chosen.map(|(row, _)| row.envelope.message_id.clone().unwrap_or_default()).collect()
}

#[test]
fn everything_above_and_every_branch_below_belongs() {
    let rows = [
        row("<b>", &["<root>", "<a>"]),
        row("<root>", &[]),
        row("<a>", &["<root>"]),
        row("<branch>", &["<root>"]),
        row("<leaf>", &["<branch>"]),
        row("<stranger>", &["<elsewhere>"]),
        row("", &["<leaf>"]),
    ];
    assert_eq!(belonging(&rows), ["<b>", "<root>", "<a>", "<branch>", "<leaf>", ""]);
    // The same from the far end of another branch that names only its parent.
    let mut turned = rows.to_vec();
    turned.swap(0, 4);
    assert_eq!(belonging(&turned).len(), 6);
    // Nothing can be older than what was found, once all that lies above was.
    assert!(Links::of(&rows[0]).is_rooted(&rows) && !Links::of(&rows[0]).is_rooted(&rows[..2]));
}

#[test]
fn a_message_that_claims_two_threads_does_not_join_them() {
    let rows = [
        row("<a2>", &["<a1>"]),
        row("<a1>", &[]),
        row("<forged>", &["<a1>", "<b1>"]),
        row("<b1>", &[]),
        row("<b2>", &["<b1>"]),
    ];
    assert_eq!(belonging(&rows), ["<a2>", "<a1>", "<forged>"]);
}

#[test]
fn a_cycle_ends() {
    let rows = [row("<a>", &["<b>"]), row("<b>", &["<a>", "<b>"]), row("<a>", &["<a>"])];
    assert_eq!(belonging(&rows), ["<a>", "<b>", "<a>"]);
    let mut links = Links::of(&rows[0]);
    while links.next().is_some() {
        links.admit(&rows);
    }
    assert!(!links.is_open());
}

#[test]
fn a_question_is_never_longer_than_servers_take_and_ends_with_nothing_left() {
    let ids: Vec<String> = (0..200).map(|n| format!("<{n}.{}@example.org>", "x".repeat(60))).collect();
    let seed = row("<seed>", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut links = Links::of(&seed);
    let mut asked = Vec::new();
    while let Some(expr) = links.next() {
        let written = expr.to_string();
        assert!(written.len() < MAX_OCTETS, "{}", written.len());
        asked.push(written);
    }
    let all = asked.concat();
    for id in &ids {
        let inner = id.trim_matches(['<', '>']);
        assert_eq!(all.matches(&format!("answers:\"<{inner}")).count(), 1, "{inner}");
        assert_eq!(all.matches(&format!("id:\"<{inner}")).count(), 1, "{inner}");
    }
    assert!(asked[0].contains("answers:\"<seed>") && asked[0].contains("answers:\"<0."), "{}", asked[0]);
    assert!(!links.is_open());
}

#[test]
fn ids_that_no_command_could_hold_are_not_asked_for_but_recognised() {
    let rows = [row("<日本@x>", &["<a b@x>"]), row("<reply>", &["<日本@x>"])];
    let mut links = Links::of(&rows[0]);
    assert_eq!(links.next(), None);
    assert_eq!(links.admit(&rows), [true, true]);
}
