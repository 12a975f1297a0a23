//! What a grant does not show is neither changed nor a place for messages; and what the server does not
//! allow is told.

use domain::{Code, Limits};
use engine::organize::Action;
use testkit::{Options, Proxy, proxy::Faults};

use super::{confirmed, failures, found, these, to};
use crate::world::{NOW, credentials, empty_world, principal, principal_with, settings};

fn limited_to(folders: &[&str]) -> Limits {
    Limits { folders: folders.iter().map(ToString::to_string).collect(), ..Limits::default() }
}

#[tokio::test]
async fn a_grant_sorts_within_its_folders_only() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one", "two"]);
    world.notes("Taxes", &["three"]);
    world.notes("Secret", &["four"]);
    let four = world.id("Secret", "four").await;
    let one = world.id("@inbox", "one").await;
    world.principal = principal(&world.dovecot, limited_to(&["@inbox", "Taxes"]));
    // As if there were no such folder, as source and as target.
    let hidden = world.organize(these(Action::Read, &[four.clone(), one.clone()])).await.unwrap();
    let absent =
        world.organize(these(Action::Read, &[four.replace("Secret", "Secrex"), one.clone()])).await.unwrap();
    assert_eq!(failures(&hidden), [(four.as_str(), "folder_not_found")]);
    let told = |of: &engine::organize::Organized| of.failed[0].problem.message.replace("Secrex", "Secret");
    assert_eq!(told(&hidden), told(&absent));
    assert!(!hidden.failed[0].problem.hint.contains("Secret"), "{hidden:?}");
    for target in ["Secret", "Secrex"] {
        let problem = world.organize(to(these(Action::Move, &[one.clone()]), target)).await.unwrap_err();
        assert_eq!(problem.code, Code::FolderNotFound, "{target}");
        assert!(!problem.hint.contains("Secret"), "{problem:?}");
    }
    for action in [Action::Trash, Action::Archive, Action::Junk] {
        let problem = world.organize(these(action, &[one.clone()])).await.unwrap_err();
        assert_eq!(problem.code, Code::OutsideGrant, "{action:?}");
    }
    let everything = world.organize(found(Action::Star, "", Some("all"))).await.unwrap();
    assert_eq!(everything.plan.as_ref().unwrap().count, 3);
    world.organize(confirmed(Action::Star, &everything)).await.unwrap();
    let done = world.organize(to(these(Action::Move, &[one]), "Taxes")).await.unwrap();
    assert_eq!(done.done_count, 1);
    let mut other = world.somebody();
    let flags = other.run("SELECT Secret").and_then(|_| other.run("UID FETCH 1:* FLAGS")).unwrap().concat();
    assert!(!flags.contains("Seen") && !flags.contains("Flagged"), "{flags}");
}

#[tokio::test]
async fn a_plan_of_a_grant_that_was_narrowed_since_does_not_reach_beyond_it() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one"]);
    world.notes("Secret", &["two"]);
    let planned = world.organize(found(Action::Star, "", Some("all"))).await.unwrap();
    world.principal = principal(&world.dovecot, limited_to(&["@inbox"]));
    let done = world.organize(confirmed(Action::Star, &planned)).await.unwrap();
    assert_eq!((done.done_count, failures(&done)[0].1), (1, "not_found"), "{done:?}");
}

#[tokio::test]
async fn messages_older_than_the_grant_shows_are_not_there() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    // Four, three, two and one hour old.
    world.notes("INBOX", &["a", "b", "c", "d"]);
    let (old, young) = (world.id("@inbox", "a").await, world.id("@inbox", "d").await);
    let before = i64::try_from(NOW - 2 * 3_600 - 1_800).unwrap();
    let nothing_before = Some(domain::Timestamp::from_unix_timestamp(before).unwrap());
    world.principal = principal(&world.dovecot, Limits { nothing_before, ..Limits::default() });
    let done = world.organize(these(Action::Read, &[old.clone(), young])).await.unwrap();
    assert_eq!((done.done_count, failures(&done)), (1, vec![(old.as_str(), "not_found")]));
    let planned = world.organize(found(Action::Star, "", Some("@inbox"))).await.unwrap();
    let plan = planned.plan.as_ref().unwrap();
    assert_eq!((plan.count, plan.sample.len()), (2, 2));
    let planned = world.delete(super::deletion(&[old])).await.unwrap();
    assert_eq!((planned.plan, planned.failed_count), (None, 1));
    let mut other = world.somebody();
    let flags = other.run("SELECT INBOX").and_then(|_| other.run("UID FETCH 1 FLAGS")).unwrap().concat();
    assert!(!flags.contains("\\Seen") && !flags.contains("\\Flagged"), "{flags}");
}

#[tokio::test]
async fn a_folder_that_can_only_be_read_says_so() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one"]);
    world.maildir.create("Taxes").unwrap();
    let replace = Some((b"[READ-WRITE]".to_vec(), b"[READ-ONLY] ".to_vec()));
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults { replace, ..Faults::default() }).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    world.principal = principal_with(through, credentials("alice-secret"), Limits::default());
    let one = [world.id("@inbox", "one").await];
    for request in [these(Action::Read, &one), to(these(Action::Move, &one), "Taxes")] {
        let done = world.organize(request).await.unwrap();
        assert_eq!(failures(&done), [(one[0].as_str(), "not_supported")]);
        assert!(done.failed[0].problem.message.contains("reading only"), "{done:?}");
    }
    assert_eq!(world.subjects("@inbox").await, ["one"]);
}

#[tokio::test]
async fn a_full_mailbox_refuses_copies_in_its_own_words_and_loses_nothing() {
    let extra_settings = "mail_plugins = quota\n\
        protocol imap {\n  mail_plugins = quota imap_quota\n}\n\
        plugin {\n  quota = maildir:User quota\n  quota_rule = *:messages=3\n}\n";
    let options = Options { extra_settings: extra_settings.into(), ..Options::default() };
    let Some(world) = empty_world(options) else { return };
    let mut other = world.somebody();
    for name in ["one", "two", "three"] {
        other.append("INBOX", &super::note(name, 1)).unwrap();
    }
    other.run("CREATE Taxes").unwrap();
    let ids: Vec<String> = world.listed("@inbox").await.into_iter().map(|(_, id)| id).collect();
    let done = world.organize(to(these(Action::Copy, &ids), "Taxes")).await.unwrap();
    assert_eq!((done.done_count, done.failed_count), (0, 3), "{done:?}");
    for failed in &done.failed {
        assert_eq!(failed.problem.code, Code::ServerRefused, "{failed:?}");
        assert!(
            failed.problem.server_text.as_ref().is_some_and(|text| text.to_lowercase().contains("quota"))
        );
    }
    assert_eq!(world.subjects("@inbox").await, ["one", "three", "two"]);
    // What does not make it fuller is done.
    let done = world.organize(to(these(Action::Move, &ids[..1]), "Taxes")).await.unwrap();
    assert_eq!(done.done_count, 1, "{done:?}");
}
