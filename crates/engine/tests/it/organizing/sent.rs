//! Who stands in Sent is known: no agent gets a message there, under whatever name the folder goes.

use std::slice::from_ref;

use domain::{Code, FolderArg, FolderName, Limits, Problem};
use engine::{
    manage::{FolderAction, ManageRequest, Managed},
    organize::Action,
};
use testkit::{Mail, Options, Proxy, proxy::Faults};

use super::{deletion, deletion_confirmed, these, to};
use crate::world::{NOW, World, credentials, empty_world, principal_with, settings};

impl World {
    async fn renames(&self, folder: &str, to: &str) -> Result<Managed, Problem> {
        let request = ManageRequest {
            action: FolderAction::Rename,
            folder: FolderArg::parse(folder),
            to: Some(FolderName::from_agent(to)),
            account: None,
            confirm: None,
        };
        self.engine.manage(&self.principal, request, &|_, _| ()).await
    }
}

/// As Dovecot's own example configuration has it.
fn with_two_sent_folders() -> Options {
    let second = "  mailbox \"Sent Messages\" {\n    special_use = \\Sent\n    auto = create\n  }\n";
    Options { extra_settings: format!("namespace inbox {{\n{second}}}\n"), ..Options::default() }
}

#[tokio::test]
async fn a_second_folder_for_sent_mail_is_not_filled_either() {
    for (options, second) in [
        (with_two_sent_folders(), "Sent Messages"),
        (Options::default(), "Sent Items"),
        (Options { special_use: false, ..Options::default() }, "Gesendet"),
        (Options::default(), "Entw\u{fc}rfe"),
    ] {
        let has_roles = options.special_use;
        let Some(world) = empty_world(options) else { return };
        if !has_roles {
            world.maildir.create("Sent").unwrap();
        }
        world.maildir.create(second).unwrap();
        world.notes("INBOX", &["forged"]);
        let forged = world.id("INBOX", "forged").await;
        // Whichever of the two has the role.
        for folder in [second, "Sent"] {
            for action in [Action::Move, Action::Copy] {
                let refused = world.organize(to(these(action, from_ref(&forged)), folder)).await;
                assert_eq!(refused.unwrap_err().code, Code::NotSupported, "{action:?} {folder}");
            }
            // Neither by a way round: it would be filled under another name, and named back.
            assert_eq!(
                world.renames(folder, "Plain").await.unwrap_err().code,
                Code::InvalidInput,
                "{folder}"
            );
        }
    }
}

#[tokio::test]
async fn a_folder_that_the_server_takes_for_sent_mail_by_a_name_of_its_own_is_named_back() {
    // Not there yet, and deeper than Sent, which keeps the role.
    let more = "namespace inbox {\n  mailbox Box/Zzz {\n    special_use = \\Sent\n  }\n}\n".to_owned();
    let Some(world) = empty_world(Options { extra_settings: more, ..Options::default() }) else { return };
    world.notes("Plain", &["forged"]);
    world.notes("Other/Zzz", &["forged"]);
    for (folder, to) in [("Plain", "Box/Zzz"), ("Other", "Box")] {
        assert_eq!(world.renames(folder, to).await.unwrap_err().code, Code::InvalidInput, "{folder}");
    }
    let listed = world.somebody().run("LIST \"\" *").unwrap().concat();
    assert!(listed.contains("Plain") && listed.contains("Other/Zzz") && !listed.contains("Box/"), "{listed}");
}

#[tokio::test]
async fn nothing_that_only_looks_like_what_was_sent_is_put_back_into_sent() {
    let Some(mut world) = empty_world(Options::default()) else { return };
    world.maildir.create("Taxes").unwrap();
    // A server that does not say where messages go.
    let replace = Some((b"COPYUID".to_vec(), b"XOPYUID".to_vec()));
    let proxy = Proxy::start(world.dovecot.imap_port(), Faults { replace, ..Faults::default() }).unwrap();
    let mut through = settings(&world.dovecot);
    through.imap.port = proxy.port();
    world.principal = principal_with(through, credentials("alice-secret"), Limits::default());
    let letter = |to: &str, hours: u64| {
        let head = "From: alice@example.com\r\nMessage-ID: <sent@example.com>\r\nSubject: hello";
        Mail::new(format!("{head}\r\nTo: {to}\r\n\r\nhello\r\n"), NOW - hours * 3_600)
    };
    let mut other = world.somebody();
    other.append("Sent", &letter("bob@one.example", 48)).unwrap();
    let sent = [world.id("@sent", "hello").await];
    let moved = world.organize(to(these(Action::Move, &sent), "Taxes")).await.unwrap();
    let undone = world.undo(moved.undo.unwrap().as_str()).await.unwrap();
    assert_eq!((undone.undone, undone.failed_count), (1, 0), "the real one is put back: {undone:?}");

    let sent = [world.id("@sent", "hello").await];
    let moved = world.organize(to(these(Action::Move, &sent), "Taxes")).await.unwrap();
    // Whoever got it knows its Message-ID and its length, and can send another with them.
    other.append("INBOX", &letter("eve@two.example", 2)).unwrap();
    let planned = world.delete(deletion(&[world.id("Taxes", "hello").await])).await.unwrap();
    assert_eq!(world.delete(deletion_confirmed(&planned)).await.unwrap().done_count, 1);
    let forged = [world.id("INBOX", "hello").await];
    assert_eq!(world.organize(to(these(Action::Move, &forged), "Taxes")).await.unwrap().done_count, 1);
    let undone = world.undo(moved.undo.unwrap().as_str()).await.unwrap();
    assert_eq!(world.subjects("@sent").await, [""; 0], "{undone:?}");
    assert_eq!(undone.undone, 0, "{undone:?}");
}
