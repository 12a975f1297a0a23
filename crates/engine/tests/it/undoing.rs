//! Taking changes back, on a real Dovecot: all that this grant changed and nobody changed since, and no more.

mod again;
mod sendings;
mod untold;

use std::sync::{Arc, Mutex};

use domain::{Code, FolderArg, FolderName, GrantId, Limits, Problem, Scope, Scopes};
use engine::{
    manage::{FolderAction, ManageRequest},
    organize::{Action, OrganizeRequest, Organized},
    read::{Outcome, View},
    undo::Undone,
};
use testkit::Options;

use crate::{
    organizing::{confirmed, found, these, to},
    world::{World, empty_world, principal},
};

impl World {
    pub(crate) async fn undo(&self, handle: &str) -> Result<Undone, Problem> {
        self.engine.undo(&self.principal, handle, &|_, _| {}).await
    }

    async fn flags(&self, folder: &str, subject: &str) -> Vec<String> {
        let id = self.id(folder, subject).await;
        let mut outcomes = self.engine.read(&self.principal, &[id], View::Headers).await.unwrap();
        let Outcome::Message(message) = outcomes.remove(0) else { panic!("{subject} cannot be read") };
        let mut flags: Vec<String> = message.flags.iter().map(|flag| flag.as_str().to_lowercase()).collect();
        flags.retain(|flag| flag != "\\recent");
        flags.sort_unstable();
        flags
    }

    async fn done(&self, request: OrganizeRequest, count: u64) -> (String, Organized) {
        let done = self.organize(request).await.unwrap();
        assert_eq!((done.done_count, done.failed_count), (count, 0), "{done:?}");
        (done.undo.as_ref().unwrap().to_string(), done)
    }

    async fn manage(&self, action: FolderAction, folder: &str, to: Option<&str>) -> String {
        let request = ManageRequest {
            action,
            folder: FolderArg::parse(folder),
            to: to.map(FolderName::from_agent),
            account: None,
            confirm: None,
        };
        let managed = self.engine.manage(&self.principal, request, &|_, _| {}).await.unwrap();
        managed.undo.unwrap_or_else(|| panic!("{action:?} {folder}: no handle")).to_string()
    }

    async fn folders(&self) -> Vec<(String, bool)> {
        let listed = self.engine.folders(&self.principal, None, false).await.unwrap();
        listed.into_iter().map(|folder| (folder.name.to_string(), folder.is_subscribed)).collect()
    }

    async fn has_folder(&self, name: &str) -> bool {
        self.folders().await.iter().any(|(of, _)| of == name)
    }
}

/// So many are as they were, and these are not, by id and code.
fn told(undone: &Undone) -> (u64, Vec<(&str, &str)>) {
    assert_eq!(undone.failed_count, undone.failed.len() as u64, "{undone:?}");
    (undone.undone, undone.failed.iter().map(|one| (one.id.as_str(), one.problem.code.as_str())).collect())
}

#[tokio::test]
async fn flags_are_taken_back_from_those_only_that_had_not_had_them() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b", "c"]);
    let ids = [world.id("INBOX", "a").await, world.id("INBOX", "b").await];
    world.somebody().run("SELECT INBOX").unwrap();
    let mut somebody = world.somebody();
    somebody.run("SELECT INBOX").unwrap();
    somebody.run("UID STORE 2 +FLAGS.SILENT (\\Flagged)").unwrap();
    let (undo, _) = world.done(these(Action::Star, &ids), 2).await;
    assert_eq!(world.flags("INBOX", "a").await, ["\\flagged"]);
    let undone = world.undo(&undo).await.unwrap();
    assert!(undone.undone >= 1 && undone.failed.is_empty(), "{undone:?}");
    assert_eq!(world.flags("INBOX", "a").await, [] as [&str; 0]);
    assert_eq!(world.flags("INBOX", "b").await, ["\\flagged"], "that one had it before");
    let keywords = OrganizeRequest { keywords: vec!["later".into()], ..these(Action::AddKeyword, &ids) };
    let (undo, _) = world.done(keywords, 2).await;
    assert_eq!(told(&world.undo(&undo).await.unwrap()), (2, vec![]));
    assert_eq!(world.flags("INBOX", "a").await, [] as [&str; 0]);
}

#[tokio::test]
async fn what_somebody_changed_since_is_left_alone_and_told() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b", "c"]);
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(world.id("INBOX", name).await);
    }
    let (undo, _) = world.done(these(Action::Read, &ids), 3).await;
    let mut somebody = world.somebody();
    somebody.run("SELECT INBOX").unwrap();
    // Unread and read again: whoever did that wants it so.
    somebody.run("UID STORE 1 -FLAGS (\\Seen)").unwrap();
    somebody.run("UID STORE 1 +FLAGS (\\Seen)").unwrap();
    somebody.delete("INBOX", "3").unwrap();
    let undone = world.undo(&undo).await.unwrap();
    assert_eq!(told(&undone), (1, vec![(ids[0].as_str(), "conflict"), (ids[2].as_str(), "not_found")]));
    assert_eq!(world.flags("INBOX", "a").await, ["\\seen"]);
    assert_eq!(world.flags("INBOX", "b").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_move_is_taken_back_and_every_id_goes_on_leading_to_the_message() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b"]);
    world.notes("Taxes", &["c"]);
    let id = world.id("INBOX", "a").await;
    let (undo, done) = world.done(to(these(Action::Move, std::slice::from_ref(&id)), "Taxes"), 1).await;
    let moved = done.done[0].new_id.as_ref().unwrap().to_string();
    assert_eq!(told(&world.undo(&undo).await.unwrap()), (1, vec![]));
    assert_eq!(world.subjects("INBOX").await, ["a", "b"]);
    assert_eq!(world.subjects("Taxes").await, ["c"]);
    let now = world.id("INBOX", "a").await;
    assert!(now != id && now != moved);
    let ids = [id, moved, now.clone()];
    for outcome in world.engine.read(&world.principal, &ids, View::Headers).await.unwrap() {
        let Outcome::Message(message) = outcome else { panic!("{outcome:?}") };
        assert_eq!((message.subject.as_str(), message.id.to_string()), ("a", now.clone()));
    }
}

#[tokio::test]
async fn archiving_trash_and_junk_are_taken_back_with_their_marks() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a"]);
    for (action, folder) in
        [(Action::Archive, "@archive"), (Action::Trash, "@trash"), (Action::Junk, "@junk")]
    {
        let id = world.id("INBOX", "a").await;
        let (undo, _) = world.done(these(action, &[id]), 1).await;
        assert_eq!(world.subjects(folder).await, ["a"]);
        assert_eq!(told(&world.undo(&undo).await.unwrap()), (1, vec![]), "{action:?}");
        assert_eq!(world.subjects("INBOX").await, ["a"]);
        assert_eq!(world.flags("INBOX", "a").await, [] as [&str; 0], "{action:?}");
    }
}

#[tokio::test]
async fn what_is_not_where_it_was_put_is_not_moved_back() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b", "c", "d"]);
    world.maildir.create("Taxes").unwrap();
    world.maildir.create("Other").unwrap();
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(world.id("INBOX", name).await);
    }
    let (undo, done) = world.done(to(these(Action::Move, &ids), "Taxes"), 4).await;
    let mut somebody = world.somebody();
    somebody.run("SELECT Taxes").unwrap();
    somebody.run("UID MOVE 1 Other").unwrap();
    somebody.delete("Taxes", "2").unwrap();
    // And one through here, later.
    let third = done.done.iter().find(|one| one.id == ids[2]).unwrap().new_id.as_ref().unwrap().to_string();
    let (later, _) = world.done(to(these(Action::Move, &[third]), "Other"), 1).await;
    let undone = world.undo(&undo).await.unwrap();
    let (count, failed) = told(&undone);
    assert_eq!(count, 1, "{undone:?}");
    let expected = [(ids[0].as_str(), "not_found"), (&ids[1], "not_found"), (&ids[2], "conflict")];
    assert_eq!(failed, expected);
    assert_eq!(world.subjects("INBOX").await, ["d"]);
    // The later change is still its own to take back.
    assert_eq!(told(&world.undo(&later).await.unwrap()).0, 1);
    assert_eq!(world.subjects("Taxes").await, ["c"]);
}

#[tokio::test]
async fn copies_go_to_trash_as_long_as_they_are_as_they_were_made() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b"]);
    world.maildir.create("Taxes").unwrap();
    let ids = [world.id("INBOX", "a").await, world.id("INBOX", "b").await];
    let (undo, _) = world.done(to(these(Action::Copy, &ids), "Taxes"), 2).await;
    assert_eq!(world.subjects("Taxes").await, ["a", "b"]);
    let mut somebody = world.somebody();
    somebody.run("SELECT Taxes").unwrap();
    somebody.run("UID STORE 2 +FLAGS (\\Flagged)").unwrap();
    let undone = world.undo(&undo).await.unwrap();
    assert_eq!(told(&undone), (1, vec![(ids[1].as_str(), "conflict")]));
    assert_eq!(world.subjects("Taxes").await, ["b"]);
    assert_eq!(world.subjects("INBOX").await, ["a", "b"], "what was copied stays");
    assert_eq!(world.subjects("@trash").await, ["a"]);
}

#[tokio::test]
async fn a_folder_that_is_gone_or_was_rebuilt_is_told_of_each_message() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a", "b", "c"]);
    world.notes("From", &["d"]);
    world.maildir.create("Gone").unwrap();
    world.maildir.create("Rebuilt").unwrap();
    let (a, b, d) = (world.id("INBOX", "a").await, world.id("INBOX", "b").await, world.id("From", "d").await);
    let (into_gone, _) = world.done(to(these(Action::Move, std::slice::from_ref(&a)), "Gone"), 1).await;
    let (into_rebuilt, _) = world.done(to(these(Action::Move, std::slice::from_ref(&b)), "Rebuilt"), 1).await;
    let (from, _) = world.done(to(these(Action::Move, std::slice::from_ref(&d)), "Trash"), 1).await;
    let mut somebody = world.somebody();
    somebody.run("DELETE Gone").unwrap();
    somebody.run("DELETE Rebuilt").unwrap();
    somebody.run("CREATE Rebuilt").unwrap();
    somebody.append("Rebuilt", &crate::organizing::note("b", 1)).unwrap();
    somebody.run("DELETE From").unwrap();
    for (undo, id, code) in
        [(into_gone, &a, "folder_not_found"), (into_rebuilt, &b, "stale_id"), (from, &d, "folder_not_found")]
    {
        let undone = world.undo(&undo).await.unwrap();
        assert_eq!(told(&undone), (0, vec![(id.as_str(), code)]));
    }
    assert_eq!(world.subjects("INBOX").await, ["c"]);
    assert_eq!(world.subjects("Rebuilt").await, ["b"], "it is another message now");
}

#[tokio::test]
async fn folders_are_as_they_were_unless_something_would_be_lost() {
    let Some(world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a"]);
    let made = world.manage(FolderAction::Create, "New", None).await;
    assert_eq!(told(&world.undo(&made).await.unwrap()), (1, vec![]));
    assert!(!world.has_folder("New").await);
    let made = world.manage(FolderAction::Create, "New", None).await;
    let id = world.id("INBOX", "a").await;
    world.done(to(these(Action::Move, &[id]), "New"), 1).await;
    assert_eq!(told(&world.undo(&made).await.unwrap()), (0, vec![("work/New", "conflict")]));
    assert_eq!(world.subjects("New").await, ["a"], "it holds mail now");
    let renamed = world.manage(FolderAction::Rename, "New", Some("Newer")).await;
    assert_eq!(told(&world.undo(&renamed).await.unwrap()), (1, vec![]));
    assert_eq!(world.subjects("New").await, ["a"]);
    let renamed = world.manage(FolderAction::Rename, "New", Some("Newer")).await;
    world.manage(FolderAction::Create, "New", None).await;
    assert_eq!(told(&world.undo(&renamed).await.unwrap()), (0, vec![("work/Newer", "conflict")]));
    let removed = world.manage(FolderAction::Delete, "New", None).await;
    assert!(!world.has_folder("New").await);
    assert_eq!(told(&world.undo(&removed).await.unwrap()), (1, vec![]));
    assert!(world.folders().await.contains(&("New".to_owned(), true)), "subscribed to as it was");
    let ended = world.manage(FolderAction::Unsubscribe, "New", None).await;
    assert!(world.folders().await.contains(&("New".to_owned(), false)));
    assert_eq!(told(&world.undo(&ended).await.unwrap()), (1, vec![]));
    assert!(world.folders().await.contains(&("New".to_owned(), true)));
}

#[tokio::test]
async fn only_the_grant_that_made_a_change_takes_it_back_within_what_it_may_now() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.notes("INBOX", &["a"]);
    world.maildir.create("Taxes").unwrap();
    let id = world.id("INBOX", "a").await;
    let (undo, _) = world.done(to(these(Action::Move, std::slice::from_ref(&id)), "Taxes"), 1).await;
    let own = world.principal.clone();
    world.principal.grant = GrantId::from_text("gra_other");
    let of_another = world.undo(&undo).await.unwrap_err();
    let never_was = world.undo("chg_00000000000000000000000000000007").await.unwrap_err();
    assert_eq!(of_another, never_was);
    assert_eq!(of_another.code, Code::NotFound);
    assert_eq!(world.undo("whatever").await.unwrap_err().code, Code::InvalidInput);
    world.principal = own.clone();
    world.principal.scopes = Scopes::from_iter([Scope::Read, Scope::Search, Scope::Manage]);
    assert_eq!(world.undo(&undo).await.unwrap_err().code, Code::ScopeMissing);
    // The folder that it would come back to is not the grant's any more.
    let limits = Limits { folders: vec!["Taxes".into()], ..Limits::default() };
    world.principal = principal(&world.dovecot, limits);
    let undone = world.undo(&undo).await.unwrap();
    assert_eq!(told(&undone), (0, vec![(id.as_str(), "folder_not_found")]));
    world.principal = own;
    assert_eq!(world.subjects("Taxes").await, ["a"]);
}

#[tokio::test]
async fn a_plan_is_taken_back_in_batches_with_progress() {
    let Some(world) = empty_world(Options::default()) else { return };
    let names: Vec<String> = (0..2_300).map(|number| format!("n{number:04}")).collect();
    world.notes("INBOX", &names.iter().map(String::as_str).collect::<Vec<_>>());
    world.maildir.create("Taxes").unwrap();
    let planned = world.organize(to(found(Action::Move, "", Some("@inbox")), "Taxes")).await.unwrap();
    let done = world.organize(confirmed(Action::Move, &planned)).await.unwrap();
    assert_eq!(done.done_count, 2_300);
    world.somebody().delete("Taxes", "5").unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let progress = move |done, total| noted.lock().unwrap().push((done, total));
    let undo = done.undo.unwrap().to_string();
    let undone = world.engine.undo(&world.principal, &undo, &progress).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (2_299, 1));
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() >= 3 && seen.is_sorted() && seen.last() == Some(&(2_300, 2_300)), "{seen:?}");
    let mut somebody = world.somebody();
    assert!(somebody.run("STATUS INBOX (MESSAGES)").unwrap().concat().contains("MESSAGES 2299"));
}

#[tokio::test]
async fn a_folder_keeps_its_name_while_one_is_below_it_that_the_grant_does_not_reach() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.manage(FolderAction::Create, "One", None).await;
    let renamed = world.manage(FolderAction::Rename, "One", Some("Two")).await;
    world.somebody().run("CREATE Two/secret").unwrap();
    let folders = ["One", "Two"].map(str::to_owned).to_vec();
    world.principal = principal(&world.dovecot, Limits { folders, ..Limits::default() });
    let undone = world.undo(&renamed).await.unwrap();
    assert_eq!(told(&undone), (0, vec![("work/Two", "outside_grant")]));
    let listed = world.somebody().run("LIST \"\" *").unwrap().concat();
    assert!(listed.contains("Two/secret") && !listed.contains("One"), "{listed}");
    // Once it is gone, the name is given back.
    world.somebody().run("DELETE Two/secret").unwrap();
    assert_eq!(world.undo(&renamed).await.unwrap().undone, 1);
}

#[tokio::test]
async fn flags_of_messages_that_are_too_old_for_the_grant_by_now_are_left_alone() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    // Two hours old, and one.
    world.notes("INBOX", &["old", "young"]);
    let ids = [world.id("INBOX", "old").await, world.id("INBOX", "young").await];
    let (undo, _) = world.done(these(Action::Star, &ids), 2).await;
    let before = i64::try_from(crate::world::NOW - 5_400).unwrap();
    let nothing_before = Some(domain::Timestamp::from_unix_timestamp(before).unwrap());
    let everything = world.principal.clone();
    world.principal = principal(&world.dovecot, Limits { nothing_before, ..Limits::default() });
    let undone = world.undo(&undo).await.unwrap();
    assert_eq!(told(&undone), (1, vec![(ids[0].as_str(), "not_found")]));
    world.principal = everything;
    assert_eq!(world.flags("INBOX", "old").await, ["\\flagged"]);
}
