//! Taking back and following, on every server: with MOVE and without, with MODSEQ and without.

use domain::{FolderArg, FolderName};
use engine::{
    manage::{FolderAction, ManageRequest},
    organize::{Action, OrganizeRequest},
    undo::Undone,
};

use testkit::Mail;

use super::{World, on_every_server};
use crate::organizing::{deletion, deletion_confirmed, these, to};

on_every_server!(
    flags_are_taken_back_unless_somebody_changed_them,
    moves_are_taken_back_and_ids_of_before_go_on_leading_there,
    copies_are_taken_away_again,
    junk_is_taken_back_with_its_mark,
    folders_are_as_they_were,
    what_was_sent_is_put_back_and_nothing_that_only_looks_like_it,
);

impl World {
    async fn undo(&self, handle: &str) -> Undone {
        self.engine.undo(&self.principal, handle, &|_, _| {}).await.unwrap()
    }

    /// Does it, and answers the handle to take it back by.
    async fn changed(&self, request: OrganizeRequest, count: u64) -> String {
        self.done(request, count).await.undo.unwrap().to_string()
    }

    async fn manage(&self, action: FolderAction, folder: &str, to: Option<&str>) -> String {
        let request = ManageRequest {
            action,
            folder: FolderArg::parse(folder),
            to: to.map(FolderName::from_agent),
            account: None,
            confirm: None,
        };
        let managed = self.engine.manage(&self.principal, request, &|_, _| {}).await;
        managed.unwrap_or_else(|problem| panic!("{action:?} {folder}: {problem:?}")).undo.unwrap().to_string()
    }

    async fn has_folder(&self, name: &str) -> bool {
        let name = self.shown_name(name);
        let folders = self.engine.folders(&self.principal, None, false).await.unwrap();
        folders.iter().any(|folder| folder.name.as_str() == name)
    }
}

fn codes(undone: &Undone) -> (u64, Vec<&str>) {
    (undone.undone, undone.failed.iter().map(|one| one.problem.code.as_str()).collect())
}

async fn flags_are_taken_back_unless_somebody_changed_them(mut world: World) {
    world.fill("INBOX", &["a", "b", "c"]);
    let ids = world.ids("INBOX").await;
    let undo = world.changed(these(Action::Star, &ids), 3).await;
    world.other.run("SELECT INBOX").unwrap();
    world.other.run("UID STORE 2 -FLAGS (\\Flagged)").unwrap();
    world.other.delete("INBOX", "3").unwrap();
    let undone = world.undo(&undo).await;
    assert_eq!(undone.undone, 2, "the second is as it was already: {undone:?}");
    assert_eq!(world.flags("INBOX", "a").await, [] as [&str; 0]);
    assert_eq!(world.flags("INBOX", "b").await, [] as [&str; 0]);
    assert!(undone.failed.iter().any(|one| one.id == ids[2] && one.problem.code.as_str() == "not_found"));
}

async fn moves_are_taken_back_and_ids_of_before_go_on_leading_there(mut world: World) {
    world.create("Taxes");
    world.fill("INBOX", &["a", "b", "c"]);
    let ids = world.ids("INBOX").await;
    let undo = world.changed(to(these(Action::Move, &ids[..2]), "Taxes"), 2).await;
    for (id, subject) in ids.iter().zip(["a", "b", "c"]) {
        let message = world.read(id).await;
        assert_eq!((message.subject.as_str(), message.asked.is_some()), (subject, subject != "c"));
    }
    let moved = world.ids("Taxes").await;
    let taxes = world.wire_name("Taxes");
    world.other.delete(&taxes, "2").unwrap();
    let undone = world.undo(&undo).await;
    assert_eq!(codes(&undone), (1, vec!["not_found"]), "{undone:?}");
    assert_eq!(undone.failed[0].id, ids[1]);
    assert_eq!(world.named("INBOX").await, ["a", "c"]);
    assert_eq!(world.named("Taxes").await, [] as [&str; 0]);
    let now = world.ids("INBOX").await[0].clone();
    for id in [&ids[0], &moved[0]] {
        let message = world.read(id).await;
        assert_eq!((message.subject.as_str(), message.id.to_string()), ("a", now.clone()));
    }
}

async fn copies_are_taken_away_again(mut world: World) {
    world.create("Taxes");
    world.fill("INBOX", &["a", "b"]);
    let ids = world.ids("INBOX").await;
    world.done(these(Action::Star, &ids[..1]), 1).await;
    let undo = world.changed(to(these(Action::Copy, &ids), "Taxes"), 2).await;
    world.other.run(&format!("SELECT \"{}\"", world.wire_name("Taxes"))).unwrap();
    world.other.run("UID STORE 2 +FLAGS (\\Answered)").unwrap();
    let undone = world.undo(&undo).await;
    assert_eq!(codes(&undone), (1, vec!["conflict"]), "{undone:?}");
    assert_eq!(world.named("Taxes").await, ["b"]);
    assert_eq!(world.named("INBOX").await, ["a", "b"]);
}

async fn junk_is_taken_back_with_its_mark(mut world: World) {
    world.fill("INBOX", &["a"]);
    let ids = world.ids("INBOX").await;
    let undo = world.changed(these(Action::Junk, &ids), 1).await;
    let undone = world.undo(&undo).await;
    assert_eq!(codes(&undone), (1, vec![]), "{undone:?}");
    assert_eq!(world.named("INBOX").await, ["a"]);
    assert_eq!(world.flags("INBOX", "a").await, [] as [&str; 0]);
}

async fn folders_are_as_they_were(world: World) {
    world.manage(FolderAction::Create, "One/Two", None).await;
    let renamed = world.manage(FolderAction::Rename, "One/Two", Some("One/Three")).await;
    assert_eq!(codes(&world.undo(&renamed).await), (1, vec![]));
    assert!(world.has_folder("One/Two").await && !world.has_folder("One/Three").await);
    let removed = world.manage(FolderAction::Delete, "One/Two", None).await;
    assert!(!world.has_folder("One/Two").await);
    assert_eq!(codes(&world.undo(&removed).await), (1, vec![]));
    assert!(world.has_folder("One/Two").await);
    // Another name: Cyrus deletes no two mailboxes of one name within a second.
    let made = world.manage(FolderAction::Create, "One/Four", None).await;
    assert_eq!(codes(&world.undo(&made).await), (1, vec![]));
    assert!(!world.has_folder("One/Four").await);
}

async fn what_was_sent_is_put_back_and_nothing_that_only_looks_like_it(mut world: World) {
    let letter = |to: &str, text: &str| {
        let head = "From: alice@example.com\r\nSubject: hello\r\nMessage-ID: <sent@example.com>";
        Mail::new(format!("{head}\r\nTo: {to}\r\n\r\n{text}\r\n"), crate::world::NOW - 400 * 86_400)
    };
    world.create("Taxes");
    if !world.server.has_special_folders {
        world.create("Sent");
    }
    world.file("Sent", &letter("bob@example.org", "hello"));
    let sent = world.ids("@sent").await;
    let undo = world.changed(to(these(Action::Move, &sent), "Taxes"), 1).await;
    assert_eq!(codes(&world.undo(&undo).await), (1, vec![]), "the real one is put back");
    let sent = world.ids("@sent").await;
    let undo = world.changed(to(these(Action::Move, &sent), "Taxes"), 1).await;
    let real = world.ids("Taxes").await;
    // Whoever got it knows its Message-ID, and can send another with it.
    let forged = letter("eve@evil.example", "hullo");
    world.file("INBOX", &Mail::new(forged.raw, crate::world::NOW - 399 * 86_400));
    let forged = world.ids("INBOX").await;
    let planned = world.delete(deletion(&real)).await;
    world.delete(deletion_confirmed(&planned)).await;
    world.changed(to(these(Action::Move, &forged), "Taxes"), 1).await;
    let undone = world.undo(&undo).await;
    assert_eq!(undone.undone, 0, "{undone:?}");
    assert_eq!(world.named("@sent").await, [] as [&str; 0]);
    assert_eq!(world.named("Taxes").await, ["hello"]);
}
