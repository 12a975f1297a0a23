//! Folders that are made, renamed and deleted, on every server.

use domain::{Code, FolderArg, FolderName, Problem};
use engine::{
    folders::Folder,
    manage::{FolderAction, ManageRequest, Managed},
};

use super::{World, mail, on_every_server, subjects};

on_every_server!(
    a_folder_is_made_and_used_whatever_its_name,
    a_folder_is_renamed_and_deleted_whatever_its_name,
    a_folder_with_messages_is_deleted_after_a_plan_and_they_go_to_trash,
    a_plan_is_not_carried_out_after_something_arrived,
    a_name_that_no_folder_should_have_is_refused_and_nothing_made,
    what_is_below_moves_along_and_parents_are_made,
    a_name_that_is_taken_is_a_conflict,
    a_folder_with_others_below_it_is_not_deleted,
    subscribing_twice_is_the_same_as_once,
    the_inbox_and_folders_with_a_role_stay_as_they_are,
    no_folder_is_made_that_would_be_taken_for_sent_or_drafts,
    a_folder_made_anew_under_an_old_name_is_another_one,
);

impl World {
    async fn change_folder(
        &self,
        action: FolderAction,
        folder: &str,
        to: Option<&str>,
    ) -> Result<Managed, Problem> {
        let to = to.map(FolderName::from_agent);
        let folder = FolderArg::parse(folder);
        let request = ManageRequest { action, folder, to, account: None, confirm: None };
        self.engine.manage(&self.principal, request).await
    }

    async fn make(&self, folder: &str) -> Result<String, Problem> {
        self.change_folder(FolderAction::Create, folder, None).await.map(|made| made.folder)
    }

    async fn rename(&self, folder: &str, to: &str) -> Result<String, Problem> {
        self.change_folder(FolderAction::Rename, folder, Some(to)).await.map(|made| made.folder)
    }

    async fn delete_folder(&self, folder: &str) -> Result<Managed, Problem> {
        self.change_folder(FolderAction::Delete, folder, None).await
    }

    async fn confirm(&self, folder: &str, confirm: &str) -> Result<Managed, Problem> {
        let (folder, confirm) = (FolderArg::parse(folder), Some(confirm.to_owned()));
        let request =
            ManageRequest { action: FolderAction::Delete, folder, to: None, account: None, confirm };
        self.engine.manage(&self.principal, request).await
    }

    async fn listed(&self, folder: &str) -> Option<Folder> {
        let shown = self.shown_name(folder);
        let all = self.engine.folders(&self.principal, None, true).await.unwrap();
        all.into_iter().find(|one| one.name.as_str() == shown || one.name.as_str() == folder)
    }
}

async fn a_folder_is_made_and_used_whatever_its_name(mut world: World) {
    let names = [
        "Küche",
        "with space",
        "R&D",
        "日本語",
        "Projects/Mars/2026",
        "%40home",
        "%61ll",
        "v1.2",
        "a%2Fb",
        "(round) [square]",
        "{curly}",
        "back\\slash",
        "say \"so\"",
        "-dash",
        "'single'",
        "NIL",
        "rocket \u{1f680}",
        "family \u{1f468}\u{200d}\u{1f469}",
    ];
    for name in names {
        let made = world.make(name).await;
        if world.server.cannot_make.iter().any(|part| name.contains(part)) {
            assert_eq!(made.unwrap_err().code, Code::InvalidInput, "{name}");
            assert!(world.listed(name).await.is_none(), "{name}");
            continue;
        }
        let shown = made.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        let listed = world.listed(&shown).await.unwrap_or_else(|| panic!("{name} is not listed"));
        assert!(listed.is_subscribed && listed.total == Some(0), "{listed:?}");
        let decoded = name.replace("%40", "@").replace("%2F", "/").replace("%61", "a");
        if world.server.other_writes(&decoded) {
            world.file(&decoded, &mail("here", "\r\nin the right place\r\n"));
            assert_eq!(subjects(&world.rows(name, 5).await), ["here"], "{name}");
        }
    }
}

async fn a_folder_is_renamed_and_deleted_whatever_its_name(mut world: World) {
    // Courier takes six seconds for each.
    let names = ["Projects/Küche/2026 \u{1f680}", "%40home \"so\" \\ R&D"];
    for (number, name) in names.into_iter().enumerate() {
        if world.server.cannot_make.iter().any(|part| name.contains(part)) {
            continue;
        }
        world.make(name).await.unwrap();
        // Cyrus cannot delete two folders of one name within a second.
        let other = format!("Renamed & {number}");
        let renamed = world.rename(name, &other).await.unwrap_or_else(|p| panic!("{name}: {p:?}"));
        assert_eq!(renamed, world.shown_name(&other));
        assert!(world.listed(name).await.is_none(), "{name}");
        world.file(&other, &mail("here", "\r\ntext\r\n"));
        assert_eq!(subjects(&world.rows(&other, 5).await), ["here"], "{name}");
        let back = world.rename(&other, name).await.unwrap_or_else(|p| panic!("{name}: {p:?}"));
        assert_eq!(subjects(&world.rows(&back, 5).await), ["here"], "{name}");
        let plan = world.delete_folder(name).await.unwrap().plan.unwrap();
        let gone = world.confirm(name, &plan.confirm).await.unwrap();
        assert_eq!((gone.folder, gone.plan), (back, None));
        assert!(world.listed(name).await.is_none(), "{name}");
    }
}

async fn a_folder_with_messages_is_deleted_after_a_plan_and_they_go_to_trash(mut world: World) {
    world.make("Full").await.unwrap();
    for number in 0..3 {
        world.file("Full", &mail(&format!("mail {number}"), "\r\ntext\r\n"));
    }
    let planned = world.delete_folder("Full").await.unwrap();
    assert_eq!((planned.folder, planned.undo), (world.shown_name("Full"), None));
    let plan = planned.plan.unwrap();
    assert_eq!(plan.count, 3);
    assert!(plan.note.contains("Trash"), "{plan:?}");
    assert_eq!(world.listed("Full").await.unwrap().total, Some(3), "a plan changes nothing");

    let gone = world.confirm("Full", &plan.confirm).await.unwrap();
    assert!(gone.undo.is_some() && gone.plan.is_none(), "{gone:?}");
    assert!(world.listed("Full").await.is_none());
    let mut trashed = world.rows("@trash", 10).await;
    trashed.sort_by(|a, b| a.subject.cmp(&b.subject));
    assert_eq!(subjects(&trashed), ["mail 0", "mail 1", "mail 2"]);

    let again = world.confirm("Full", &plan.confirm).await.unwrap_err();
    assert_eq!(again.code, Code::FolderNotFound, "{again:?}");
}

async fn a_plan_is_not_carried_out_after_something_arrived(mut world: World) {
    world.make("Busy").await.unwrap();
    world.file("Busy", &mail("first", "\r\ntext\r\n"));
    let plan = world.delete_folder("Busy").await.unwrap().plan.unwrap();
    world.file("Busy", &mail("second", "\r\ntext\r\n"));
    let problem = world.confirm("Busy", &plan.confirm).await.unwrap_err();
    assert_eq!(problem.code, Code::Conflict, "{problem:?}");
    assert_eq!(world.listed("Busy").await.unwrap().total, Some(2));
    let problem = world.confirm("Busy", &plan.confirm).await.unwrap_err();
    assert!(problem.code == Code::Conflict, "a plan is for one try: {problem:?}");

    // another folder under the same name
    let plan = world.delete_folder("Busy").await.unwrap().plan.unwrap();
    world.rename("Busy", "Idle").await.unwrap();
    world.make("Busy").await.unwrap();
    for number in 0..2 {
        world.file("Busy", &mail(&format!("new {number}"), "\r\ntext\r\n"));
    }
    let problem = world.confirm("Busy", &plan.confirm).await.unwrap_err();
    assert_eq!(problem.code, Code::Conflict, "{problem:?}");
    assert_eq!(world.listed("Busy").await.unwrap().total, Some(2));
}

async fn a_name_that_no_folder_should_have_is_refused_and_nothing_made(world: World) {
    let before = world.engine.folders(&world.principal, None, false).await.unwrap();
    for name in
        ["", "a//b", "/a", "a/", "a/../b", ".", "@nobody", "all", "100%", "a*", "a%00b", "a%0Ab", " a/ b"]
    {
        assert_eq!(world.make(name).await.unwrap_err().code, Code::InvalidInput, "{name}");
    }
    let long = "x".repeat(300);
    assert_eq!(world.make(&long).await.unwrap_err().code, Code::InvalidInput);
    let own = if world.server.separator == '/' { "a%2Fb" } else { "a.b" };
    let problem = world.make(own).await.unwrap_err();
    assert_eq!(problem.code, Code::InvalidInput);
    assert!(problem.message.contains(&format!("`{}`", world.server.separator)), "{problem:?}");
    assert_eq!(world.engine.folders(&world.principal, None, false).await.unwrap(), before);
}

async fn what_is_below_moves_along_and_parents_are_made(mut world: World) {
    for name in ["Old", "Old/a", "Old/a/deep", "Older"] {
        world.make(name).await.unwrap();
    }
    world.file("Old/a", &mail("kept", "\r\ntext\r\n"));
    world.change_folder(FolderAction::Unsubscribe, "Old/a/deep", None).await.unwrap();
    assert_eq!(world.rename("Old", "New/place").await.unwrap(), world.shown_name("New/place"));
    for (name, is_subscribed) in [("New/place", true), ("New/place/a", true), ("New/place/a/deep", false)] {
        let folder = world.listed(name).await.unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(folder.is_subscribed, is_subscribed, "{name}");
    }
    assert_eq!(subjects(&world.rows("New/place/a", 5).await), ["kept"]);
    assert!(world.listed("Old").await.is_none() && world.listed("Old/a").await.is_none());
    assert!(world.listed("Older").await.is_some());
    for (folder, to) in [("New/place", "New/place/below"), ("New/place", "New/place")] {
        assert_eq!(world.rename(folder, to).await.unwrap_err().code, Code::InvalidInput, "{to}");
    }
}

async fn a_name_that_is_taken_is_a_conflict(mut world: World) {
    world.create("Taken");
    world.make("Mine").await.unwrap();
    assert_eq!(world.make("Taken").await.unwrap_err().code, Code::Conflict);
    assert_eq!(world.rename("Mine", "Taken").await.unwrap_err().code, Code::Conflict);
    for inbox in ["INBOX", "inbox"] {
        assert_eq!(world.make(inbox).await.unwrap_err().code, Code::Conflict);
        assert_eq!(world.rename("Mine", inbox).await.unwrap_err().code, Code::Conflict);
    }
    assert_eq!(world.rename("Nothing", "Else").await.unwrap_err().code, Code::FolderNotFound);
    assert_eq!(world.delete_folder("Nothing").await.unwrap_err().code, Code::FolderNotFound);
}

async fn a_folder_with_others_below_it_is_not_deleted(world: World) {
    for name in ["Tree", "Tree/leaf"] {
        world.make(name).await.unwrap();
    }
    let problem = world.delete_folder("Tree").await.unwrap_err();
    assert_eq!(problem.code, Code::Conflict);
    assert!(problem.hint.contains("first"), "{problem:?}");
    assert!(world.listed("Tree/leaf").await.is_some());
    for name in ["Tree/leaf", "Tree"] {
        world.delete_folder(name).await.unwrap();
        assert!(world.listed(name).await.is_none(), "{name}");
    }
}

async fn subscribing_twice_is_the_same_as_once(mut world: World) {
    world.create("Quiet");
    for (action, is_on) in [
        (FolderAction::Subscribe, true),
        (FolderAction::Subscribe, true),
        (FolderAction::Unsubscribe, false),
        (FolderAction::Unsubscribe, false),
    ] {
        world.change_folder(action, "Quiet", None).await.unwrap();
        assert_eq!(world.listed("Quiet").await.unwrap().is_subscribed, is_on, "{action:?}");
    }
    let problem = world.change_folder(FolderAction::Subscribe, "Nothing", None).await.unwrap_err();
    assert_eq!(problem.code, Code::FolderNotFound);
}

async fn the_inbox_and_folders_with_a_role_stay_as_they_are(mut world: World) {
    if !world.server.has_special_folders {
        for folder in ["Sent", "Drafts", "Trash", "Junk", "Archive"] {
            world.create(folder);
        }
    }
    let before = world.engine.folders(&world.principal, None, true).await.unwrap();
    for folder in ["INBOX", "@sent", "Sent", "@drafts", "@trash", "@junk", "@archive"] {
        for outcome in [world.rename(folder, "Other").await.err(), world.delete_folder(folder).await.err()] {
            let problem = outcome.unwrap();
            assert_eq!(problem.code, Code::InvalidInput, "{folder}: {problem:?}");
            assert!(problem.message.contains("role"), "{folder}: {problem:?}");
        }
    }
    assert_eq!(world.engine.folders(&world.principal, None, true).await.unwrap(), before);
}

async fn no_folder_is_made_that_would_be_taken_for_sent_or_drafts(world: World) {
    world.make("Mine").await.unwrap();
    for name in
        ["Sent", "sent", "Sent Items", "Gesendet", "INBOX/Sent", "INBOX/Sent/below", "Entwürfe", "Drafts"]
    {
        if world.listed(name).await.is_some() {
            continue;
        }
        for outcome in [world.make(name).await.err(), world.rename("Mine", name).await.err()] {
            let problem = outcome.unwrap_or_else(|| panic!("{name} was made"));
            assert_eq!(problem.code, Code::InvalidInput, "{name}: {problem:?}");
        }
    }
    // where it is clearly something else
    world.make("Mine/Sent").await.unwrap();
    assert_eq!(world.listed("Mine/Sent").await.unwrap().role, None);
    // a role that a folder has already gets no second one
    let has_trash = world.engine.folders(&world.principal, None, false).await.unwrap();
    let has_trash = has_trash.iter().any(|folder| folder.role == Some(domain::Role::Trash));
    assert_eq!(world.make("Papierkorb").await.is_err(), has_trash);
}

async fn a_folder_made_anew_under_an_old_name_is_another_one(mut world: World) {
    world.make("Again").await.unwrap();
    world.file("Again", &mail("first", "\r\ntext\r\n"));
    let old = world.rows("Again", 5).await.remove(0).id.to_string();
    assert_eq!(world.read(&old).await.subject, "first");
    world.rename("Again", "Elsewhere").await.unwrap();
    world.make("Again").await.unwrap();
    assert_eq!(subjects(&world.rows("Again", 5).await), Vec::<&str>::new());
    world.file("Again", &mail("second", "\r\ntext\r\n"));
    assert_eq!(subjects(&world.rows("Again", 5).await), ["second"]);
    assert_eq!(subjects(&world.rows("Elsewhere", 5).await), ["first"]);
    if let engine::read::Outcome::Message(message) = world.outcome(&old).await {
        assert_eq!(message.subject, "first", "another message under an old id");
    }
}
