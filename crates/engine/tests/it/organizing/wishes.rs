//! Which messages and folders are meant, and wishes that make no sense.

use domain::{Code, FolderArg, Limits};
use engine::{
    organize::{Action, Meant, OrganizeRequest},
    search::SearchRequest,
};
use testkit::{Maildir, Options, maildir::Numbering};

use super::{failures, found, note, these, to};
use crate::world::{credentials, empty_world, granted, principal_of, settings, settings_of};

#[tokio::test]
async fn ids_of_several_folders_and_accounts_are_changed_in_one_call() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one", "two"]);
    world.notes("Taxes", &["three"]);
    let maildir = Maildir::of(&world.dovecot, "bob").unwrap();
    maildir.fill("INBOX", Numbering::default(), [note("four", 1)]).unwrap();
    let alice = granted("work", true, settings(&world.dovecot), credentials("alice-secret"));
    let bob = granted("home", false, settings_of(&world.dovecot, "bob"), credentials("bob-secret"));
    world.principal = principal_of(vec![bob, alice], Limits::default());
    let in_home = SearchRequest { account: Some("home".into()), limit: 5, ..SearchRequest::default() };
    let four = world.engine.search(&world.principal, in_home).await.unwrap().rows[0].id.to_string();
    let listed = SearchRequest { account: Some("work".into()), limit: 5, ..SearchRequest::default() };
    let rows = world.engine.search(&world.principal, listed).await.unwrap().rows;
    let one = rows.iter().find(|row| row.subject == "one").unwrap().id.to_string();
    let taxes = SearchRequest {
        account: Some("work".into()),
        folder: Some(FolderArg::parse("Taxes")),
        limit: 5,
        ..SearchRequest::default()
    };
    let three = world.engine.search(&world.principal, taxes).await.unwrap().rows[0].id.to_string();

    // The same one twice is one.
    let ids = [one.clone(), three.clone(), four.clone(), one.clone()];
    let done = world.organize(these(Action::Star, &ids)).await.unwrap();
    let mut names: Vec<&str> = done.done.iter().map(|done| done.id.as_str()).collect();
    names.sort_unstable();
    let mut wanted = [one.as_str(), three.as_str(), four.as_str()];
    wanted.sort_unstable();
    assert_eq!((names, done.done_count, done.failed_count), (wanted.to_vec(), 3, 0));
    let starred = SearchRequest {
        query: "is:starred".into(),
        folder: Some(FolderArg::All),
        limit: 10,
        ..SearchRequest::default()
    };
    let mut starred: Vec<String> = world
        .engine
        .search(&world.principal, starred)
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|row| row.subject)
        .collect();
    starred.sort_unstable();
    assert_eq!(starred, ["four", "one", "three"]);
}

#[tokio::test]
async fn ids_that_name_nothing_fail_each_for_itself_and_the_good_ones_are_done() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one", "two"]);
    let one = world.id("@inbox", "one").await;
    let (rest, _) = one.rsplit_once('@').unwrap();
    let ids = [
        one.clone(),
        one.replace(":1@", ":4711@"),
        format!("{rest}@zz"),
        one.replace("work/", "else/"),
        one.replace("@inbox", "Nowhere"),
        "<one@example.org>".to_owned(),
        "what?".to_owned(),
    ];
    let done = world.organize(these(Action::Read, &ids)).await.unwrap();
    assert_eq!(done.done.iter().map(|done| done.id.as_str()).collect::<Vec<_>>(), [one.as_str()]);
    let mut wanted = vec![
        (ids[1].as_str(), "not_found"),
        (ids[2].as_str(), "stale_id"),
        (ids[3].as_str(), "not_found"),
        (ids[4].as_str(), "folder_not_found"),
        (ids[5].as_str(), "invalid_input"),
        (ids[6].as_str(), "invalid_input"),
    ];
    wanted.sort_unstable();
    assert_eq!(failures(&done), wanted);
    assert_eq!((done.done_count, done.failed_count), (1, 6));
    assert!(done.plan.is_none());
    let Some(of_message_id) = done.failed.iter().find(|one| one.id.starts_with('<')) else { panic!() };
    assert!(of_message_id.problem.hint.contains("mail_search"), "{of_message_id:?}");
}

#[tokio::test]
async fn wishes_that_make_no_sense_say_what_is_wrong() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one"]);
    let id = [world.id("@inbox", "one").await];
    let none = these(Action::Read, &[]);
    let both = OrganizeRequest {
        meant: Meant { query: Some("one".into()), ids: id.to_vec(), ..Meant::default() },
        ..none.clone()
    };
    let folder_of_ids = OrganizeRequest {
        meant: Meant { folder: Some(FolderArg::parse("INBOX")), ids: id.to_vec(), ..Meant::default() },
        ..none.clone()
    };
    for (request, word) in [
        (none.clone(), "ids"),
        (both, "query"),
        (folder_of_ids, "folder"),
        (these(Action::Move, &id), "to_folder"),
        (to(these(Action::Read, &id), "Taxes"), "to_folder"),
        (to(these(Action::Copy, &id), "all"), "all"),
        (these(Action::AddKeyword, &id), "keywords"),
    ] {
        let problem = world.organize(request.clone()).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidInput, "{request:?}");
        assert!(format!("{} {}", problem.message, problem.hint).contains(word), "{problem:?}");
    }
    for (folder, code) in [
        ("Taxis", Code::FolderNotFound),
        ("@sent", Code::NotSupported),
        ("Sent", Code::NotSupported),
        ("@drafts", Code::NotSupported),
    ] {
        for action in [Action::Move, Action::Copy] {
            let problem = world.organize(to(these(action, &id), folder)).await.unwrap_err();
            assert_eq!(problem.code, code, "{folder}: {problem:?}");
        }
    }
    assert_eq!(world.subjects("@inbox").await, ["one"]);
    let unknown = world.organize(found(Action::Read, "form:ann", None)).await.unwrap_err();
    assert_eq!(unknown.code, Code::BadQuery);
    let elsewhere = found(Action::Read, "one", Some("Nowhere"));
    assert_eq!(world.organize(elsewhere).await.unwrap_err().code, Code::FolderNotFound);
}

#[tokio::test]
async fn what_is_where_it_should_be_is_told_as_done() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["one"]);
    world.notes("Trash", &["old"]);
    let one = [world.id("@inbox", "one").await];
    let done = world.organize(to(these(Action::Move, &one), "inbox")).await.unwrap();
    assert_eq!((done.done_count, done.undo), (1, None));
    let old = [world.id("@trash", "old").await];
    let done = world.organize(these(Action::Trash, &old)).await.unwrap();
    assert_eq!((done.done_count, done.failed_count, done.undo), (1, 0, None));
    assert_eq!(world.subjects("@trash").await, ["old"], "never deleted for good");
}

#[tokio::test]
async fn folders_of_any_name_are_found_and_moved_into() {
    let Some(world) = empty_world(Options::default()) else { return };
    let names = [
        "Küche",
        "Projects/Mars/2026",
        "R&D",
        "50% off*",
        "say \"so\"",
        "back\\slash",
        "rocket \u{1f680}",
        "%40home",
    ];
    let subjects: Vec<String> = (0..names.len()).map(|number| format!("note {number}")).collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    world.notes("INBOX", &subjects);
    let mut other = world.somebody();
    for (name, subject) in names.iter().zip(&subjects) {
        let decoded = name.replace("%40", "@");
        let wire = testkit::maildir::encode_name(&decoded).replace('\\', "\\\\").replace('"', "\\\"");
        other.run(&format!("CREATE \"{wire}\"")).unwrap();
        let id = [world.id("@inbox", subject).await];
        let agents = name.replace("50% off", "50%25 off");
        let done = world.organize(to(these(Action::Move, &id), &agents)).await.unwrap();
        assert_eq!(done.done_count, 1, "{name}: {done:?}");
        assert_eq!(world.subjects(&agents).await, [*subject], "{name}");
    }
    assert_eq!(world.subjects("@inbox").await, [] as [&str; 0]);
}
