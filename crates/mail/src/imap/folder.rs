//! The mailboxes of an account as one list: decoded names, roles, counts.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use domain::{FolderArg, FolderName, Role, nearest::distance};

use super::{
    command::list::{self, Listed},
    naming::Naming,
    pool::Question,
    response::{ListEntry, MailboxStatus},
    role::{Listed as Named, Roles},
    session::Session,
    wire::utf7,
};
use crate::Error;

/// One mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The name as the server writes it.
    pub wire_name: Bytes,
    /// The name as agents write it.
    pub name: FolderName,
    /// Its role.
    pub role: Option<Role>,
    /// The role that it would have if no other folder had it: two may be marked for sent mail, or named so.
    pub fit_for: Option<Role>,
    /// Whether it can be opened (no `\Noselect`, no `\NonExistent`).
    pub is_selectable: bool,
    /// Whether the person subscribed to it.
    pub is_subscribed: bool,
    /// Messages in it, if asked for.
    pub messages: Option<u32>,
    /// Messages without `\Seen`, if asked for.
    pub unseen: Option<u32>,
    /// UIDNEXT, if counts were asked for.
    pub uid_next: Option<u32>,
}

impl Folder {
    /// The role of which it is no agent's to fill it: what stands in Sent says whom the person wrote to, in
    /// Drafts what they are about to send. Also where another folder has the role now.
    pub fn persons_own(&self) -> Option<Role> {
        let is_own = |role: &Role| matches!(role, Role::Sent | Role::Drafts);
        self.role.filter(is_own).or_else(|| self.fit_for.filter(|role| self.role.is_none() && is_own(role)))
    }

    /// How agents call it in ids: by role where it has one, else by name.
    pub fn key(&self) -> FolderArg {
        self.role.map_or_else(|| FolderArg::Name(self.name.clone()), FolderArg::Role)
    }
}

/// All mailboxes of an account at one moment: INBOX first, then those with roles, then by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// The mailboxes.
    pub all: Vec<Folder>,
    /// The personal namespace's prefix in agents' form (`INBOX/`), which may be left out of names.
    pub prefix: String,
    /// Whether this is Gmail, where `\All` holds every message but Trash and Junk.
    pub is_gmail: bool,
    /// How names are written.
    pub naming: Naming,
}

impl Folders {
    /// The folder that an agent means: a role, a name, a name without the personal prefix, INBOX in any
    /// case.
    pub fn find(&self, wanted: &FolderArg) -> Option<&Folder> {
        match wanted {
            FolderArg::All => None,
            FolderArg::Role(role) => {
                let with = |role: Role| self.all.iter().find(|folder| folder.role == Some(role));
                // Gmail has no archive but All Mail.
                with(*role).or_else(|| with(Role::All).filter(|_| self.is_gmail && *role == Role::Archive))
            }
            FolderArg::Name(name) => {
                let exact = |name: &str| self.all.iter().find(|folder| folder.name.as_str() == name);
                let long = || format!("{}{}", self.prefix, name.as_str());
                let found = exact(name.as_str());
                let found = found.or_else(|| exact(&long()).filter(|_| !self.prefix.is_empty()));
                // An escape may stand where none is needed, or be missing: `%61ll` below a prefix, emoji.
                let is_escaped = || !name.as_str().is_ascii() || name.as_str().contains('%');
                let named = |name: &FolderName| {
                    let segments = name.segments();
                    self.all.iter().find(|folder| folder.name.segments() == segments)
                };
                let anew = || named(name).or_else(|| named(&FolderName::from_agent(long())));
                found.or_else(|| if is_escaped() { anew() } else { None })
            }
        }
    }

    /// The names nearest to one that does not exist, best first, at most `count`.
    pub fn nearest(&self, wanted: &str, count: usize) -> Vec<String> {
        let wanted = wanted.to_lowercase();
        let mut ranked: Vec<(usize, String)> = self
            .all
            .iter()
            .filter(|folder| folder.is_selectable)
            .map(|folder| {
                let name = folder.name.as_str().to_lowercase();
                let last = name.rsplit('/').next().unwrap_or(&name).to_owned();
                let contains = name.contains(&wanted) || wanted.contains(&last);
                let distance = distance(&name, &wanted).min(distance(&last, &wanted) + 1);
                (if contains { distance.min(2) } else { distance }, folder.key().to_string())
            })
            .collect();
        ranked.sort();
        ranked.into_iter().take(count).map(|(_, name)| name).collect()
    }
}

/// All folders, with or without counts.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Whether to count.
    pub counts: bool,
}

impl Question for List {
    type Answer = Folders;

    async fn ask(&self, session: &mut Session) -> Result<Folders, Error> {
        list(session, self.counts).await
    }
}

/// Lists everything: one flight with LIST-STATUS, else a second one for the counts.
pub async fn list(session: &mut Session, counts: bool) -> Result<Folders, Error> {
    let mut listed = Listed::default();
    let asked = list::everything(session.capabilities(), counts);
    for (index, reply) in session.run(asked).await.into_iter().enumerate() {
        match reply {
            Ok(reply) => listed.take(reply),
            // A server may know no LSUB; its folders are listed all the same.
            Err(error) if index == 0 || error.ends_connection() => return Err(error),
            Err(_) => {}
        }
    }
    if counts && !session.capabilities().has_list_status() {
        let selectable = listed.entries.iter().filter(|entry| is_selectable(entry));
        let asked = selectable.map(|entry| list::status(&entry.name)).collect();
        for reply in session.run(asked).await {
            match reply {
                Ok(reply) => listed.take(reply),
                Err(error) if error.ends_connection() => return Err(error),
                // A folder that cannot be counted (no permission) is listed without counts.
                Err(_) => {}
            }
        }
    }
    Ok(assemble(listed, session))
}

fn is_selectable(entry: &ListEntry) -> bool {
    !entry.attributes.iter().any(|attribute| attribute == "\\noselect" || attribute == "\\nonexistent")
}

fn assemble(listed: Listed, session: &Session) -> Folders {
    let has_sub_attribute = listed.subscribed.is_empty();
    let (prefix, delimiter) = session
        .namespaces()
        .personal
        .first()
        .map(|(prefix, delimiter)| (decode(prefix, session), *delimiter))
        .unwrap_or_default();
    let decoded: Vec<(ListEntry, String)> = listed
        .entries
        .into_iter()
        .map(|entry| {
            let path = decode(&entry.name, session);
            (entry, path)
        })
        .collect();
    let named: Vec<Named<'_>> = decoded
        .iter()
        .map(|(entry, path)| Named { path, delimiter: entry.delimiter, attributes: &entry.attributes })
        .collect();
    let is_gmail = session.capabilities().has("X-GM-EXT-1");
    let roles = Roles::assign(&named, &prefix, is_gmail);
    let statuses: HashMap<&[u8], &MailboxStatus> =
        listed.statuses.iter().map(|status| (key(&status.name), status)).collect();
    let subscribed: HashSet<&[u8]> = listed.subscribed.iter().map(|entry| key(&entry.name)).collect();
    let mut all: Vec<Folder> = decoded
        .iter()
        .enumerate()
        .map(|(index, (entry, path))| {
            let status = statuses.get(key(&entry.name)).copied();
            let subscribed_apart = || subscribed.contains(key(&entry.name));
            let is_subscribed = if has_sub_attribute {
                entry.attributes.iter().any(|attribute| attribute == "\\subscribed")
            } else {
                subscribed_apart()
            };
            Folder {
                wire_name: Bytes::copy_from_slice(&entry.name),
                name: FolderName::from_path(path, entry.delimiter),
                role: roles.of(index),
                fit_for: roles.fit(index),
                is_selectable: is_selectable(entry),
                is_subscribed,
                messages: status.and_then(|MailboxStatus { messages, .. }| *messages),
                unseen: status.and_then(|MailboxStatus { unseen, .. }| *unseen),
                uid_next: status.and_then(|MailboxStatus { uid_next, .. }| *uid_next),
            }
        })
        .collect();
    all.sort_by(|a, b| {
        let rank = |folder: &Folder| (folder.role.is_none(), folder.role);
        rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name))
    });
    all.dedup_by(|a, b| a.wire_name == b.wire_name);
    // Where there are no namespaces, every mailbox tells the delimiter.
    let told = || decoded.iter().find_map(|(entry, _)| entry.delimiter);
    let naming = Naming::of(session, prefix.clone(), delimiter.or_else(told));
    let prefix =
        if prefix.is_empty() { prefix } else { FolderName::from_path(&prefix, delimiter).to_string() };
    Folders { all, prefix, is_gmail, naming }
}

/// What a name is known by: INBOX is the same in any case (RFC 9051, 5.1); other names are not.
fn key(name: &[u8]) -> &[u8] {
    if name.eq_ignore_ascii_case(b"INBOX") { b"INBOX" } else { name }
}

/// A name as the server writes it: UTF-8 where that was agreed (RFC 6855, 3), else modified UTF-7.
fn decode(name: &[u8], session: &Session) -> String {
    if session.is_utf8() { String::from_utf8_lossy(name).into_owned() } else { utf7::decode(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(names: &[&str]) -> Folders {
        let folder = |name: &&str| Folder {
            wire_name: Bytes::copy_from_slice(name.as_bytes()),
            name: FolderName::from_path(name, Some('/')),
            role: None,
            fit_for: None,
            is_selectable: true,
            is_subscribed: true,
            messages: None,
            unseen: None,
            uid_next: None,
        };
        Folders { all: names.iter().map(folder).collect(), prefix: "INBOX/".into(), ..Folders::default() }
    }

    #[test]
    fn the_personal_prefix_may_be_left_out() {
        let folders = folders(&["INBOX/Work", "Other"]);
        assert!(folders.find(&FolderArg::parse("Work")).is_some());
        assert!(folders.find(&FolderArg::parse("INBOX/Work")).is_some());
        assert!(folders.find(&FolderArg::parse("INBOX/Other")).is_none());
    }

    #[test]
    fn the_nearest_names_come_first() {
        let folders = folders(&["Invoices", "Projects/Mars", "Travel"]);
        assert_eq!(folders.nearest("Invoice", 1), ["Invoices"]);
        assert_eq!(folders.nearest("mars", 1), ["Projects/Mars"]);
    }
}
