//! Who stands in Sent is known: no agent gets a message there, under whatever name the folder goes.

use std::slice::from_ref;

use domain::{Code, FolderArg, FolderName, Problem};
use engine::{
    manage::{FolderAction, ManageRequest, Managed},
    organize::Action,
};
use testkit::Options;

use super::{these, to};
use crate::world::{World, empty_world};

impl World {
    async fn renames(&self, folder: &str, to: &str) -> Result<Managed, Problem> {
        let request = ManageRequest {
            action: FolderAction::Rename,
            folder: FolderArg::parse(folder),
            to: Some(FolderName::from_agent(to)),
            account: None,
            confirm: None,
        };
        self.engine.manage(&self.principal, request).await
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
            assert_eq!(world.renames(folder, "Plain").await.unwrap_err().code, Code::InvalidInput, "{folder}");
        }
    }
}
