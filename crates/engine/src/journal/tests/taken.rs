//! A change that is being taken back by a process that dies over it: another goes on where it was.

use testkit::{Dovecot, Mail, Maildir, Options, OtherClient, maildir::Numbering, require_dovecot};

use super::{
    super::*,
    world::{Kind, MINUTE, World},
};
use crate::organize::{Action, Meant, OrganizeRequest};

const VALIDITY: u32 = 1_700_000_000;

fn letter(number: u32) -> Mail {
    let text = format!("Subject: {number}\r\nMessage-ID: <l{number}@example.org>\r\n\r\nHello.\r\n");
    Mail::new(text, 1_700_000_000 + u64::from(number))
}

/// Letters 1 to 3 in INBOX, 4 to 6 in Taxes; and somebody else who looks at them.
fn filled() -> Option<(Dovecot, OtherClient)> {
    let dovecot = require_dovecot(Options::default())?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    let numbering = Numbering { uid_validity: VALIDITY, first_uid: 1 };
    maildir.fill("INBOX", numbering, (1..=3).map(letter)).unwrap();
    maildir.fill("Taxes", numbering, (4..=6).map(letter)).unwrap();
    let client = OtherClient::sign_in(&dovecot, "alice", "alice-secret").unwrap();
    Some((dovecot, client))
}

fn count(client: &mut OtherClient, folder: &str) -> usize {
    client.run(&format!("EXAMINE {folder}")).unwrap();
    let lines = client.run("UID SEARCH ALL").unwrap();
    lines.iter().find_map(|line| line.strip_prefix("* SEARCH")).unwrap_or("").split_whitespace().count()
}

/// Moves all six to Trash: a change of two steps.
async fn trash_all(engine: &Engine, principal: &Principal) -> ChangeId {
    let id = |folder: &str, uid| domain::MessageRef {
        account: "work".parse().unwrap(),
        folder: domain::FolderArg::parse(folder),
        uid,
        validity: VALIDITY,
    };
    let ids = ["@inbox", "Taxes"]
        .into_iter()
        .flat_map(|folder| (1..=3).map(move |uid| id(folder, uid).to_string()));
    let request = OrganizeRequest {
        meant: Meant { ids: ids.collect(), ..Meant::default() },
        action: Action::Trash,
        to_folder: None,
        keywords: Vec::new(),
        confirm: None,
    };
    let done = engine.organize(principal, request, &|_, _| {}).await.unwrap();
    assert_eq!(done.done_count, 6, "{done:?}");
    done.undo.unwrap()
}

#[tokio::test]
async fn what_a_dead_process_was_taking_back_another_takes_back() {
    let Some((dovecot, mut client)) = filled() else { return };
    let world = World::over(&dovecot).await;
    let (one, other) = (world.process(Kind::Stored), world.process(Kind::Stored));
    let principal = world.principal(Kind::Stored);
    let id = trash_all(&one, &principal).await;
    assert!(one.take_change(&principal, &id).await.unwrap());
    // It has one step behind it, and is in the middle of the other: letter 1 is back, and not yet noted so.
    let change = one.change_of(&principal, &id).await.unwrap().unwrap();
    client.run("SELECT Trash").unwrap();
    client.run("UID MOVE 1 INBOX").unwrap();
    client.run("UID MOVE 4:6 Taxes").unwrap();
    one.leave_of_change(&principal, &id, change.steps[1].number, None).await.unwrap();

    let undo = id.to_string();
    let refused = other.undo(&principal, &undo, &|_, _| {}).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict, "it may be at it: {refused:?}");
    drop(one);
    let undone = other.undo(&principal, &undo, &|_, _| {}).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (3, 0), "{undone:?}");
    assert_eq!(["INBOX", "Taxes", "Trash"].map(|folder| count(&mut client, folder)), [3, 3, 0]);
    let again = other.undo(&principal, &undo, &|_, _| {}).await.unwrap_err();
    assert!(again.message.contains("already"), "{again:?}");
}

#[tokio::test]
async fn where_nobody_knows_who_lives_a_taken_change_is_free_after_five_minutes() {
    let Some((dovecot, mut client)) = filled() else { return };
    let world = World::over(&dovecot).await;
    let (one, other) = (world.far_process(), world.far_process());
    let principal = world.principal(Kind::Stored);
    let id = trash_all(&one, &principal).await;
    assert!(one.take_change(&principal, &id).await.unwrap());
    world.forward(5 * MINUTE - 1);
    let refused = other.undo(&principal, id.as_str(), &|_, _| {}).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    world.forward(1);
    let undone = other.undo(&principal, id.as_str(), &|_, _| {}).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (6, 0), "{undone:?}");
    // Whoever was thought dead does no harm when it goes on.
    one.give_back_change(&principal, &id, &[]).await.unwrap();
    assert_eq!(["INBOX", "Taxes", "Trash"].map(|folder| count(&mut client, folder)), [3, 3, 0]);
}
