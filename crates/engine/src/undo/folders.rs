//! Reversing what was done to folders: only where nothing would be lost by it, and nobody else's name taken.

use bytes::Bytes;
use domain::{Code, FolderArg, FolderName, Problem};
use mail::imap::{
    folder::Folder,
    manage::{Manage, Managed, below},
    wire::utf7,
};

use super::{Reversal, Reversed};
use crate::{Account, journal::Step, opened::Fresh};

impl Reversal<'_> {
    /// Reverses a step that is about a folder.
    pub(super) async fn folder(&self, account: &Account, step: &Step) -> Reversed {
        let reversed = match step {
            Step::Created { wire } => account.unmake(wire).await,
            Step::Renamed { from, to } => account.name_back(from, to).await,
            Step::Removed { wire, was_subscribed } => account.make_again(wire, *was_subscribed).await,
            Step::Subscribed { wire, is_on } => account.subscribe_back(wire, *is_on).await,
            Step::Flags { .. } | Step::Transfer { .. } | Step::Destroyed { .. } => Ok(()),
        };
        // Also what failed may have failed because the list is old.
        account.opened.forget_folders();
        reversed
    }
}

impl Account {
    /// Removes a folder that was made, if it is as empty as it was.
    async fn unmake(&self, wire: &Bytes) -> Reversed {
        self.opened.forget_folders();
        let folder = self.shown_at(wire).await?;
        if folder.role.is_some() {
            return Err(Problem::new(Code::Conflict, "The folder has a role now, so it stays."));
        }
        match self.manage_one(&Manage::Delete { mailbox: wire.clone(), holding: None }).await? {
            Managed::There(_) | Managed::Gone => Ok(()),
            Managed::HoldsMessages => {
                Err(Problem::new(Code::Conflict, "There are messages in the folder now, so it stays."))
            }
            Managed::HoldsFolders => {
                Err(Problem::new(Code::Conflict, "There are folders below the folder now, so it stays."))
            }
        }
    }

    /// Gives a folder its old name back, if that is free.
    async fn name_back(&self, from: &Bytes, to: &Bytes) -> Reversed {
        self.opened.forget_folders();
        let folder = self.shown_at(to).await?;
        self.check_free(from).await?;
        self.check_tree(&folder, from).await?;
        self.manage_one(&Manage::Rename { mailbox: to.clone(), to: from.clone() }).await.map(drop)
    }

    /// Whether the folder, and all that came to be below it, may have its old name: as if it were renamed now.
    async fn check_tree(&self, folder: &Folder, from: &Bytes) -> Reversed {
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        for one in std::iter::once(folder).chain(below(&folders, folder)) {
            let rest = one.wire_name.get(folder.wire_name.len()..).unwrap_or_default();
            let name = Bytes::from([from.as_ref(), rest].concat());
            if !self.shows(one, &folders) || !self.lists(&FolderArg::Name(shown(&name))) {
                let told =
                    "There are folders below it now that the grant does not reach, so it keeps its name.";
                return Err(
                    Problem::new(Code::OutsideGrant, told).hint("The person can do it, or widen the grant.")
                );
            }
            if one.role.is_some() || one.persons_own().is_some() {
                let told = "The folder, or one below it, has a role now, so it keeps its name.";
                return Err(Problem::new(Code::Conflict, told));
            }
        }
        Ok(())
    }

    /// Makes a folder again that was removed.
    async fn make_again(&self, wire: &Bytes, was_subscribed: bool) -> Reversed {
        self.opened.forget_folders();
        self.check_free(wire).await?;
        self.manage_one(&Manage::Create { mailbox: wire.clone() }).await?;
        if was_subscribed {
            return Ok(());
        }
        self.manage_one(&Manage::Unsubscribe { mailbox: wire.clone() }).await.map(drop)
    }

    async fn subscribe_back(&self, wire: &Bytes, is_on: bool) -> Reversed {
        let folder = self.shown_at(wire).await?;
        if folder.is_subscribed != is_on {
            return Ok(());
        }
        let mailbox = wire.clone();
        let what = if is_on { Manage::Unsubscribe { mailbox } } else { Manage::Subscribe { mailbox } };
        self.manage_one(&what).await.map(drop)
    }

    async fn manage_one(&self, what: &Manage) -> Result<Managed, Problem> {
        self.opened.pool.manage(what).await.map_err(|error| self.problem(&error))
    }

    /// Whether the grant may have a folder of that name, and none has it. Both answer alike.
    async fn check_free(&self, wire: &Bytes) -> Result<(), Problem> {
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        let is_taken = folders.all.iter().any(|folder| folder.wire_name == *wire && folder.is_selectable);
        if is_taken || !self.lists(&FolderArg::Name(shown(wire))) {
            return Err(Problem::new(Code::Conflict, "The folder's old name is taken now.")
                .hint("List the folders with mail_folders."));
        }
        Ok(())
    }
}

/// A name as agents write it, of a folder that may be gone: names of servers are split at one of two signs.
pub(super) fn shown(wire: &Bytes) -> FolderName {
    let path = utf7::decode(wire);
    FolderName::from_path(&path, Some(if path.contains('/') { '/' } else { '.' }))
}
