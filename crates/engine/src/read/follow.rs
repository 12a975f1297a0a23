//! Following messages that were moved here: an id of before leads to where the message is now, as far as
//! the grant may see that.
//!
//! Where messages went is in `journal`. Nothing is asked of it, or of the server, for a message that is
//! still where its id says.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use bytes::Bytes;
use domain::{AccountName, Code, FolderArg, FolderPath, MessageRef, Principal, Problem};
use mail::imap::{folder::Folder, marked::WithHeader, reading::Source, write::Placed};
use tokio::time::Instant;

use super::{Group, Message, Outcome, View, read_groups};
use crate::{Account, Engine, journal::MovedTo, opened::Fresh};

/// How long messages are looked for of which only the Message-ID is known.
const LOOKING: Duration = Duration::from_secs(3);

/// Messages with one Message-ID that are looked at: of several nobody can say which was moved.
const ALIKE: usize = 3;

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
            if let Some(wire) = account.wire_of(&id.folder).await? {
                places.push((wire, Placed { validity: id.validity, uid: id.uid }));
                whose.push(index);
            }
        }
        let mut found = vec![None; ids.len()];
        for (index, place) in whose.into_iter().zip(self.follow(account, &places).await?) {
            if let Some(slot) = found.get_mut(index) {
                *slot = place;
            }
        }
        Ok(found)
    }

    /// Where the message of an id is now, if the problem of not finding it may be that it was moved here.
    pub(crate) async fn moved_since(
        &self,
        principal: &Principal,
        id: &str,
        problem: &Problem,
    ) -> Result<Option<Moved>, Problem> {
        let Some(asked) = id.parse::<MessageRef>().ok().filter(|_| may_have_moved(problem)) else {
            return Ok(None);
        };
        let Ok(account) = self.account(principal, Some(asked.account.as_str())).await else {
            return Ok(None);
        };
        let found = self.follow_ids(&account, std::slice::from_ref(&asked)).await?.pop().flatten();
        Ok(found.map(|(folder, placed)| Moved { account, folder, placed, asked }))
    }

    /// Reads the one message that an id names; also where it is now, if it was moved here since.
    pub(crate) async fn read_one(
        &self,
        principal: &Principal,
        id: &str,
        view: impl Fn(&Account) -> View + Send,
    ) -> Result<(Group, Source, Message), Problem> {
        let missed = match self.resolve_one(principal, id).await {
            Ok(group) => {
                let uid = group.wanted.first().map(|(_, uid)| *uid).unwrap_or_default();
                match group.source(uid, view(&group.account)).await {
                    Ok((source, message)) => return Ok((group, source, message)),
                    Err(problem) => problem,
                }
            }
            Err(problem) => problem,
        };
        let Some(moved) = self.moved_since(principal, id, &missed).await? else { return Err(missed) };
        let (asked, uid) = (moved.asked.clone(), moved.placed.uid);
        let group = moved.group(0);
        let (source, message) = group.source(uid, view(&group.account)).await?;
        Ok((group, source, Message { asked: Some(asked), ..message }))
    }

    /// Reads what was not found under its id where it is now, as far as it was moved here.
    pub(super) async fn read_moved(
        &self,
        principal: &Principal,
        view: View,
        outcomes: &mut BTreeMap<usize, Outcome>,
    ) {
        let mut missing: BTreeMap<AccountName, Vec<(usize, MessageRef)>> = BTreeMap::new();
        for (position, outcome) in outcomes.iter() {
            let Outcome::Failed(id, problem) = outcome else { continue };
            if let (true, Ok(id)) = (may_have_moved(problem), id.parse::<MessageRef>()) {
                missing.entry(id.account.clone()).or_default().push((*position, id));
            }
        }
        for (name, missing) in missing {
            let Ok(account) = self.account(principal, Some(name.as_str())).await else { continue };
            let (positions, ids): (Vec<usize>, Vec<MessageRef>) = missing.into_iter().unzip();
            let given: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let found = match self.follow_ids(&account, &ids).await {
                Ok(found) => found,
                Err(problem) => {
                    // That they are not there any more may not be true.
                    outcomes.extend(
                        positions
                            .into_iter()
                            .zip(given)
                            .map(|(at, id)| (at, Outcome::Failed(id, problem.clone()))),
                    );
                    continue;
                }
            };
            let mut groups: Vec<Group> = Vec::new();
            for (index, place) in found.into_iter().enumerate() {
                let (Some((folder, placed)), Some(asked)) = (place, ids.get(index).cloned()) else {
                    continue;
                };
                let moved = Moved { account: account.clone(), folder, placed, asked }.group(index);
                let is_same = |one: &&mut Group| one.folder == moved.folder && one.validity == moved.validity;
                match groups.iter_mut().find(is_same) {
                    Some(group) => group.wanted.extend(moved.wanted),
                    None => groups.push(moved),
                }
            }
            for (index, outcome) in read_groups(&groups, &given, view).await {
                let (Some(at), Some(asked)) = (positions.get(index), ids.get(index)) else { continue };
                match outcome {
                    Outcome::Message(message) => {
                        let message = Message { asked: Some(asked.clone()), ..*message };
                        outcomes.insert(*at, Outcome::Message(Box::new(message)));
                    }
                    // Gone there too: what was said of the id that was given still holds.
                    Outcome::Failed(_, problem) if may_have_moved(&problem) => {}
                    outcome => drop(outcomes.insert(*at, outcome)),
                }
            }
        }
    }
}

/// A message that was moved here, where it is now.
pub(crate) struct Moved {
    pub(crate) account: Account,
    pub(crate) folder: Folder,
    pub(crate) placed: Placed,
    /// The id of before.
    pub(crate) asked: MessageRef,
}

impl Moved {
    /// To be read, as that one of several ids.
    fn group(self, position: usize) -> Group {
        let Self { account, folder, placed, .. } = self;
        Group { account, folder, validity: placed.validity, wanted: vec![(position, placed.uid)] }
    }
}

/// Whether the problem may say that a message, or its folder, is not there any more. Of a folder that is open
/// and vanishes servers say so in words of their own.
pub(crate) fn may_have_moved(problem: &Problem) -> bool {
    matches!(problem.code, Code::NotFound | Code::StaleId | Code::FolderNotFound | Code::ServerRefused)
}

impl Account {
    /// A folder that agents may see, by the server's name of it.
    pub(crate) async fn seen(&self, wire: &Bytes) -> Result<Option<Folder>, Problem> {
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

    /// Whether the grant would show a folder of that name, if there were one.
    pub(crate) fn lists(&self, folder: &FolderArg) -> bool {
        let lists = |allowed: &[FolderArg]| {
            allowed.is_empty() || allowed.iter().any(|arg| arg == folder || *arg == FolderArg::All)
        };
        lists(&self.allowed_folders) && lists(&self.granted_folders)
    }

    /// How the server writes the name of a folder, which may be gone; nothing if the grant may not see it.
    async fn wire_of(&self, folder: &FolderArg) -> Result<Option<Bytes>, Problem> {
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        if let Some(found) = folders.find(folder) {
            return Ok(self.shows(found, &folders).then(|| found.wire_name.clone()));
        }
        let FolderArg::Name(name) = folder else { return Ok(None) };
        if !self.lists(folder) {
            return Ok(None);
        }
        Ok(FolderPath::of(name).ok().and_then(|path| folders.naming.wire_name(&path).ok()))
    }
}
