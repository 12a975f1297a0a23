//! What sorting leaves in the database tells who reads its file nothing of the mail.

use domain::{FolderArg, FolderName};
use engine::{
    manage::{FolderAction, ManageRequest},
    organize::Action,
};
use testkit::{SinkOptions, maildir::Numbering};

use crate::{
    organizing::{confirmed, found, note, these, to},
    sending::outbox_world::OutboxWorld,
};

#[tokio::test]
async fn the_journal_and_plans_name_no_folder_message_or_query() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    let mails = [note("Zwiebelkuchen", 2), note("Rhabarber", 1)];
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let manage = |action, folder: &str, name: Option<&str>| ManageRequest {
        action,
        folder: FolderArg::parse(folder),
        to: name.map(FolderName::from_agent),
        account: None,
        confirm: None,
    };
    let (engine, principal) = (&world.engine, &world.principal);
    engine.manage(principal, manage(FolderAction::Create, "Quittenmus", None), &|_, _| ()).await.unwrap();
    let renamed = manage(FolderAction::Rename, "Quittenmus", Some("Stachelbeere"));
    engine.manage(principal, renamed, &|_, _| ()).await.unwrap();
    let silent = |_, _| {};
    let wish = to(found(Action::Move, "subject:Rhabarber", Some("@inbox")), "Stachelbeere");
    let planned = engine.organize(principal, wish, &silent).await.unwrap();
    let done = engine.organize(principal, confirmed(Action::Move, &planned), &silent).await.unwrap();
    assert_eq!(done.done_count, 1);
    let keyword = engine::organize::OrganizeRequest {
        keywords: vec!["Heidelbeere".into()],
        ..these(Action::AddKeyword, &[done.done[0].new_id.as_ref().unwrap().to_string()])
    };
    assert_eq!(engine.organize(principal, keyword, &silent).await.unwrap().done_count, 1);
    // One that is not confirmed stays.
    let wish = to(found(Action::Copy, "subject:Zwiebelkuchen", Some("@inbox")), "Stachelbeere");
    assert!(engine.organize(principal, wish, &silent).await.unwrap().plan.is_some());
    engine.undo(principal, done.undo.unwrap().as_str(), &silent).await.unwrap();

    let mut octets = Vec::new();
    for entry in std::fs::read_dir(world.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            octets.extend(std::fs::read(path).unwrap());
        }
    }
    let holds = |word: &str| octets.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("change_steps") && holds("work"), "this is the database");
    for word in ["Zwiebelkuchen", "Rhabarber", "Quittenmus", "Stachelbeere", "Heidelbeere", "ann@example.org"]
    {
        assert!(!holds(word), "{word}");
    }
}
