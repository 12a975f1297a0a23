//! Following messages that were moved here: an id of before leads to where the message is now, as far as
//! the grant may see that.
//!
//! Where messages went is in `journal`. Nothing is asked of it, or of the server, for a message that is
//! still where its id says.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use domain::{Code, FolderArg, FolderName, MessageRef, Problem};
use mail::imap::{
    folder::{Folder, Folders},
    marked::WithHeader,
    wire::utf7,
    write::Placed,
};
use tokio::time::Instant;

use crate::{Account, Engine, journal::MovedTo, opened::Fresh};

/// How long messages are looked for of which only the Message-ID is known.
const LOOKING: Duration = Duration::from_secs(3);

/// Messages with one Message-ID that are looked at: of several nobody can say which was moved.
const ALIKE: usize = 3;

/// Between the segments of a path, as servers write it.
const DELIMITERS: [char; 2] = ['/', '.'];

impl Engine {
    /// Where messages are now that are not at these places any more (a mailbox as the server writes its
    /// name): one answer each, none where they were not moved here, or to where the grant does not see. How old they are is
    /// not looked at.
    pub(crate) async fn follow(
        &self,
        account: &Account,
        gone: &[(Bytes, Placed)],
    ) -> Result<Vec<Option<(Folder, Placed)>>, Problem> {
        let moved = if gone.is_empty() { Vec::new() } else { self.moved_to(account, gone).await? };
        let mut seen: HashMap<Bytes, Option<Folder>> = HashMap::new();
        let mut found = vec![None; gone.len()];
        let deadline = Instant::now() + LOOKING;
        for (slot, moved) in found.iter_mut().zip(&moved) {
            let Some(moved) = moved else { continue };
            if !seen.contains_key(&moved.wire) {
                seen.insert(moved.wire.clone(), account.seen(&moved.wire).await?);
            }
            if let Some(Some(folder)) = seen.get(&moved.wire) {
                *slot = account.place_in(folder, moved, deadline).await?;
            }
        }
        Ok(found)
    }

    /// The same for ids of the account, also of folders that are not there any more.
    pub(crate) async fn follow_ids(
        &self,
        account: &Account,
        ids: &[MessageRef],
    ) -> Result<Vec<Option<(Folder, Placed)>>, Problem> {
        let mut places = Vec::with_capacity(ids.len());
        let mut whose = Vec::with_capacity(ids.len());
        for (index, id) in ids.iter().enumerate() {
            for wire in account.wires_of(&id.folder).await? {
                places.push((wire, Placed { validity: id.validity, uid: id.uid }));
                whose.push(index);
            }
        }
        let mut found = vec![None; ids.len()];
        for (index, place) in whose.into_iter().zip(self.follow(account, &places).await?) {
            if let Some(slot) = found.get_mut(index) {
                *slot = slot.take().or(place);
            }
        }
        Ok(found)
    }
}

/// Whether the problem says that a message, or its folder, is not there any more.
pub(crate) fn may_have_moved(problem: &Problem) -> bool {
    matches!(problem.code, Code::NotFound | Code::StaleId | Code::FolderNotFound)
}

impl Account {
    /// A folder that agents may see, by the server's name of it.
    async fn seen(&self, wire: &Bytes) -> Result<Option<Folder>, Problem> {
        for fresh in [Fresh::Known, Fresh::Now { counts: false }] {
            let folders = self.opened.folders(fresh).await.map_err(|error| self.problem(&error))?;
            let found = folders.all.iter().find(|folder| folder.wire_name == *wire && folder.is_selectable);
            if let Some(folder) = found {
                return Ok(self.shows(folder, &folders).then(|| folder.clone()));
            }
        }
        Ok(None)
    }

    async fn place_in(
        &self,
        folder: &Folder,
        moved: &MovedTo,
        deadline: Instant,
    ) -> Result<Option<(Folder, Placed)>, Problem> {
        let placed = match (&moved.placed, moved.message_id.as_deref()) {
            (Some(placed), _) => Some(*placed),
            (None, Some(message_id)) if Instant::now() < deadline => {
                self.only_with(folder, message_id).await?
            }
            _ => None,
        };
        Ok(placed.map(|placed| (folder.clone(), placed)))
    }

    /// The message of that folder with a Message-ID, if there is but one.
    pub(crate) async fn only_with(
        &self,
        folder: &Folder,
        message_id: &str,
    ) -> Result<Option<Placed>, Problem> {
        let mailbox = &folder.wire_name;
        let question = WithHeader { mailbox, field: "Message-ID", value: message_id, limit: ALIKE };
        let found = self.opened.ask(Some(mailbox), &question).await.map_err(|error| self.problem(&error))?;
        // Servers look for substrings.
        let mut found = found
            .into_iter()
            .filter(|one| one.summary.envelope.message_id.as_deref() == Some(message_id))
            .map(|one| Placed { validity: one.validity, uid: one.uid });
        Ok(found.next().filter(|_| found.next().is_none()))
    }

    /// How the server writes the name of a folder, which may be gone; none if the grant may not see it.
    async fn wires_of(&self, folder: &FolderArg) -> Result<Vec<Bytes>, Problem> {
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        if let Some(found) = folders.find(folder) {
            let is_shown = self.shows(found, &folders);
            return Ok(is_shown.then(|| found.wire_name.clone()).into_iter().collect());
        }
        let lists = |allowed: &[FolderArg]| {
            allowed.is_empty() || allowed.iter().any(|arg| arg == folder || *arg == FolderArg::All)
        };
        match folder {
            FolderArg::Name(name) if lists(&self.allowed_folders) && lists(&self.granted_folders) => {
                Ok(wires(name, &folders))
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// What a server may have called a folder that it does not list any more.
fn wires(name: &FolderName, folders: &Folders) -> Vec<Bytes> {
    let long = FolderName::from_agent(format!("{}{name}", folders.prefix));
    let mut wires: Vec<Bytes> = Vec::new();
    for path in
        [name, &long].iter().flat_map(|name| DELIMITERS.map(|delimiter| name.to_path(Some(delimiter))))
    {
        for wire in [utf7::encode(&path), path] {
            let wire = Bytes::from(wire);
            if !wires.contains(&wire) {
                wires.push(wire);
            }
        }
    }
    wires
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_gone_is_known_by_all_that_servers_may_have_called_it() {
        let folders = Folders { prefix: "INBOX/".to_owned(), ..Folders::default() };
        let all = wires(&FolderName::from_agent("Reisen/Köln"), &folders);
        for one in ["Reisen/K&APY-ln", "Reisen.Köln", "INBOX.Reisen.K&APY-ln", "INBOX/Reisen/Köln"] {
            assert!(all.contains(&Bytes::from(one)), "{one}: {all:?}");
        }
        assert_eq!(wires(&FolderName::from_agent("Plain"), &Folders::default()), ["Plain"]);
    }
}
