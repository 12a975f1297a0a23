//! Sorting and deleting, on every server: with MOVE and without, with UIDPLUS and without.

use domain::Code;
use domain::FolderArg;
use engine::{
    delete::DeleteRequest,
    organize::{Action, OrganizeRequest, Organized},
};

use super::{World, mail, on_every_server, subjects};
use crate::organizing::{confirmed, deletion, deletion_confirmed, failures, found, these, to};

on_every_server!(
    flags_and_keywords_are_set_and_taken_away,
    messages_are_moved_copied_archived_and_thrown_away,
    junk_goes_there_and_back,
    what_others_marked_as_deleted_survives_moving_and_deleting,
    a_deletion_is_planned_and_takes_exactly_what_was_planned,
    trash_and_junk_are_emptied_and_no_other_folder,
    a_plan_of_a_query_is_carried_out,
);

impl World {
    pub(super) async fn organize(&self, request: OrganizeRequest) -> Organized {
        let organized = self.engine.organize(&self.principal, request.clone(), &|_, _| {}).await;
        organized.unwrap_or_else(|problem| panic!("{request:?}: {problem:?}"))
    }

    pub(super) async fn delete(&self, request: DeleteRequest) -> Organized {
        self.engine.delete(&self.principal, request, &|_, _| {}).await.unwrap()
    }

    /// All of these are done.
    pub(super) async fn done(&self, request: OrganizeRequest, count: u64) -> Organized {
        let done = self.organize(request).await;
        assert_eq!((done.done_count, done.failed_count), (count, 0), "{done:?}");
        done
    }

    /// Ids of the folder's messages, in the order of their subjects.
    pub(super) async fn ids(&self, folder: &str) -> Vec<String> {
        let mut rows = self.rows(folder, 50).await;
        rows.sort_by(|a, b| a.subject.cmp(&b.subject));
        rows.iter().map(|row| row.id.to_string()).collect()
    }

    pub(super) async fn named(&self, folder: &str) -> Vec<String> {
        let mut named: Vec<String> =
            subjects(&self.rows(folder, 50).await).into_iter().map(str::to_owned).collect();
        named.sort_unstable();
        named
    }

    pub(super) async fn flags(&self, folder: &str, subject: &str) -> Vec<String> {
        let rows = self.rows(folder, 50).await;
        let row = rows.iter().find(|row| row.subject == subject).unwrap();
        let mut flags: Vec<String> = row.flags.iter().map(|flag| flag.as_str().to_lowercase()).collect();
        flags.retain(|flag| flag != "\\recent");
        flags.sort_unstable();
        flags
    }

    pub(super) fn fill(&mut self, folder: &str, names: &[&str]) {
        for name in names {
            let id = name.replace(' ', ".");
            let rest = format!("Message-ID: <{id}@example.org>\r\n\r\nwords of {name}\r\n");
            self.file(folder, &mail(name, &rest));
        }
    }
}

async fn flags_and_keywords_are_set_and_taken_away(mut world: World) {
    world.fill("INBOX", &["a", "b", "c"]);
    let ids = world.ids("INBOX").await;
    world.done(these(Action::Read, &ids[..2]), 2).await;
    world.done(these(Action::Star, &ids[1..]), 2).await;
    assert_eq!(world.flags("INBOX", "b").await, ["\\flagged", "\\seen"]);
    world.done(these(Action::Unread, &ids[1..2]), 1).await;
    world.done(these(Action::Unstar, &ids[1..2]), 1).await;
    assert_eq!(world.flags("INBOX", "b").await, [] as [&str; 0]);
    let keywords = |action| OrganizeRequest {
        keywords: vec!["later".into(), "$MDNSent".into()],
        ..these(action, &ids[2..])
    };
    world.done(keywords(Action::AddKeyword), 1).await;
    assert_eq!(world.flags("INBOX", "c").await, ["$mdnsent", "\\flagged", "later"]);
    world.done(keywords(Action::RemoveKeyword), 1).await;
    assert_eq!(world.flags("INBOX", "c").await, ["\\flagged"]);
    assert_eq!(world.flags("INBOX", "a").await, ["\\seen"], "others are as they were");
}

async fn messages_are_moved_copied_archived_and_thrown_away(mut world: World) {
    world.create("Taxes");
    world.fill("INBOX", &["a", "b", "c", "d", "e"]);
    let ids = world.ids("INBOX").await;
    let done = world.done(to(these(Action::Move, &ids[..2]), "Taxes"), 2).await;
    assert_eq!(world.named("Taxes").await, ["a", "b"]);
    for one in &done.done {
        // The new id names the same message.
        let new_id = one.new_id.as_ref().unwrap_or_else(|| panic!("{done:?}"));
        let subject = world.read(&new_id.to_string()).await.subject;
        assert_eq!(subject, if one.id == ids[0] { "a" } else { "b" });
    }
    world.done(to(these(Action::Copy, &ids[2..3]), "Taxes"), 1).await;
    assert_eq!(world.named("Taxes").await, ["a", "b", "c"]);
    // The folders of these roles are made where they are missing.
    world.done(these(Action::Archive, &ids[3..4]), 1).await;
    assert_eq!(world.named("@archive").await, ["d"]);
    world.done(these(Action::Trash, &ids[4..]), 1).await;
    assert_eq!(world.named("@trash").await, ["e"]);
    assert_eq!(world.named("INBOX").await, ["c"]);
    let gone = world.organize(these(Action::Read, &[ids[2].replace(":3@", ":99@")])).await;
    assert_eq!(failures(&gone)[0].1, "not_found");
}

async fn junk_goes_there_and_back(mut world: World) {
    world.fill("INBOX", &["a", "b"]);
    let ids = world.ids("INBOX").await;
    world.done(these(Action::Junk, &ids[..1]), 1).await;
    assert_eq!(world.named("@junk").await, ["a"]);
    assert_eq!(world.flags("@junk", "a").await, ["$junk"]);
    let junk = world.ids("@junk").await;
    world.done(these(Action::NotJunk, &junk), 1).await;
    assert_eq!(world.named("INBOX").await, ["a", "b"]);
    assert_eq!(world.flags("INBOX", "a").await, ["$notjunk"]);
}

async fn what_others_marked_as_deleted_survives_moving_and_deleting(mut world: World) {
    world.create("Taxes");
    world.fill("INBOX", &["a", "b", "c", "d"]);
    let ids = world.ids("INBOX").await;
    world.other.run("SELECT INBOX").unwrap();
    world.other.run("UID STORE 2 +FLAGS.SILENT (\\Deleted)").unwrap();
    world.done(to(these(Action::Move, &ids[..1]), "Taxes"), 1).await;
    let planned = world.delete(deletion(&ids[2..3])).await;
    let done = world.delete(deletion_confirmed(&planned)).await;
    assert_eq!((done.done_count, done.failed_count, done.undo), (1, 0, None));
    assert_eq!(world.named("INBOX").await, ["b", "d"]);
    assert!(world.flags("INBOX", "b").await.contains(&"\\deleted".to_owned()), "still marked");
}

async fn a_deletion_is_planned_and_takes_exactly_what_was_planned(mut world: World) {
    world.fill("INBOX", &["a", "b", "c", "d"]);
    let ids = world.ids("INBOX").await;
    let planned =
        world.delete(deletion(&[ids[0].clone(), ids[1].clone(), ids[1].replace(":2@", ":99@")])).await;
    let plan = planned.plan.as_ref().unwrap();
    assert_eq!((plan.count, plan.sample.len(), planned.done_count, planned.failed_count), (2, 2, 0, 1));
    assert_eq!(world.named("INBOX").await, ["a", "b", "c", "d"], "nothing is done yet");
    world.other.delete("INBOX", "2").unwrap();
    let done = world.delete(deletion_confirmed(&planned)).await;
    assert_eq!((done.done_count, failures(&done)), (1, vec![(ids[1].as_str(), "not_found")]));
    assert_eq!(world.named("INBOX").await, ["c", "d"]);
    let again = world.engine.delete(&world.principal, deletion_confirmed(&planned), &|_, _| {}).await;
    assert!(again.is_err(), "{again:?}");
}

async fn trash_and_junk_are_emptied_and_no_other_folder(mut world: World) {
    world.fill("INBOX", &["a", "b", "c"]);
    let ids = world.ids("INBOX").await;
    world.done(these(Action::Trash, &ids[..2]), 2).await;
    let folder = |name: &str| DeleteRequest { folder: Some(FolderArg::parse(name)), ..deletion(&[]) };
    let planned = world.delete(folder("@trash")).await;
    assert_eq!(planned.plan.as_ref().unwrap().count, 2);
    // What is thrown away since was not planned.
    world.done(these(Action::Trash, &ids[2..]), 1).await;
    let done = world.delete(deletion_confirmed(&planned)).await;
    assert_eq!(done.done_count, 2);
    assert_eq!(world.named("@trash").await, ["c"]);
    for other in ["INBOX", "all"] {
        let refused = world.engine.delete(&world.principal, folder(other), &|_, _| {}).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidInput, "{other}");
    }
}

async fn a_plan_of_a_query_is_carried_out(mut world: World) {
    world.create("Taxes");
    world.fill("INBOX", &["bill 1", "letter", "bill 2"]);
    world.fill("Taxes", &["bill 0"]);
    let wish = to(found(Action::Move, "subject:bill", Some("INBOX")), "Taxes");
    let planned = world.organize(wish).await;
    assert_eq!(planned.plan.as_ref().unwrap().count, 2);
    let done = world.done(confirmed(Action::Move, &planned), 2).await;
    assert!(done.undo.is_some());
    assert_eq!(world.named("Taxes").await, ["bill 0", "bill 1", "bill 2"]);
    assert_eq!(world.named("INBOX").await, ["letter"]);
}
