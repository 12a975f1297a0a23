//! Making, renaming and removing mailboxes, and subscribing to them.
//!
//! None of this may be asked twice blindly: after a lost connection it is looked at whether it happened. A mailbox
//! is removed only if there is nothing in it and nothing below. Which names are good is in [`super::naming`].

use bytes::Bytes;

use super::{
    command::{
        create, list, rename,
        search::{self, Shape},
    },
    folder::{self, Folder, Folders},
    pool::{Pool, Question},
    request::{Reply, Request},
    response::Untagged,
    session::Session,
};
use crate::Error;

/// What is to be done with a mailbox. All names are as the server writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manage {
    /// Makes it, those it is below where they are missing, and subscribes to it.
    Create {
        /// Its name.
        mailbox: Bytes,
    },
    /// Gives it another name; what is below it, and the subscriptions, move along.
    Rename {
        /// Its name.
        mailbox: Bytes,
        /// Its new name.
        to: Bytes,
    },
    /// Removes it, and the subscription to it, if nothing is below it and no message in it but those counted.
    Delete {
        /// Its name.
        mailbox: Bytes,
        /// What may be in it, unchanged since.
        holding: Option<Contents>,
    },
    /// Subscribes to it.
    Subscribe {
        /// Its name.
        mailbox: Bytes,
    },
    /// Ends the subscription.
    Unsubscribe {
        /// Its name.
        mailbox: Bytes,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Managed {
    /// There it is.
    There(Box<Folder>),
    /// It is gone.
    Gone,
    /// Nothing was done: it holds messages that were not counted.
    HoldsMessages,
    /// Nothing was done: folders are below it.
    HoldsFolders,
}

/// What is in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    /// UIDVALIDITY.
    pub validity: u32,
    /// UIDNEXT: nothing arrived as long as it is the same.
    pub uid_next: u32,
    /// How many messages.
    pub messages: u32,
}

/// Counts what is in a mailbox.
#[derive(Debug, Clone)]
pub struct Count {
    /// Its name as the server writes it.
    pub mailbox: Bytes,
}

impl Question for Count {
    type Answer = Contents;

    async fn ask(&self, session: &mut Session) -> Result<Contents, Error> {
        // A server may tell what it knew when the mailbox was opened.
        leave(session, &self.mailbox).await?;
        let reply = session.run_one(list::status(&self.mailbox)).await?;
        let told = reply.data.into_iter().find_map(|data| match data {
            Untagged::MailboxStatus(status) => Some(Contents {
                validity: status.uid_validity?,
                uid_next: status.uid_next?,
                messages: status.messages?,
            }),
            _ => None,
        });
        told.ok_or(Error::Protocol("a mailbox is not counted"))
    }
}

/// Finds the messages of a mailbox that were in it when it was counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Its name as the server writes it.
    pub mailbox: Bytes,
    /// What was in it.
    pub contents: Contents,
}

impl Question for Counted {
    /// Their UIDs, ascending; nothing if the mailbox has another UIDVALIDITY.
    type Answer = Option<Vec<u32>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let (selected, _) = session.examine(&self.mailbox, Vec::new()).await?;
        if selected.validity != self.contents.validity {
            return Ok(None);
        }
        let highest = self.contents.uid_next.saturating_sub(1).max(1);
        let shape = if session.capabilities().has_esearch() { Shape::Set } else { Shape::List };
        let request = search::request(session, &[], false, shape, Some((1, highest)));
        let reply = session.run_one(request).await?;
        let mut uids = search::read(&reply, shape)?.uids;
        uids.sort_unstable();
        Ok(Some(uids))
    }
}

impl Pool {
    /// Does it. Once begun it is carried through, also if the caller goes away. An error of a lost connection
    /// means that it did not happen as far as could be seen since.
    pub async fn manage(&self, what: &Manage) -> Result<Managed, Error> {
        tokio::spawn(carry_out(self.clone(), what.clone())).await.unwrap_or(Err(Error::Closed))
    }
}

async fn carry_out(pool: Pool, what: Manage) -> Result<Managed, Error> {
    let mut lease = pool.lease(None).await?;
    loop {
        match what.attempt(&mut lease).await {
            Err(error) if error.ends_connection() || error.is_out_of_step() => {
                let may_repeat = lease.may_be_renewed(&error);
                if lease.renew().await.is_err() {
                    return Err(error);
                }
                match what.seen(&mut lease).await {
                    Ok(Some(done)) => {
                        what.forget(&pool);
                        return Ok(done);
                    }
                    Ok(None) if may_repeat => {}
                    _ => return Err(error),
                }
            }
            result => {
                what.forget(&pool);
                return result;
            }
        }
    }
}

impl Manage {
    async fn attempt(&self, session: &mut Session) -> Result<Managed, Error> {
        match self {
            Self::Create { mailbox } => {
                with_parents(session, mailbox, || create::create(mailbox, None)).await?;
                let subscribed = session.run_one(create::subscribe(mailbox)).await;
                // A folder is one without being subscribed to.
                survived(subscribed)?;
                there(session, mailbox).await
            }
            Self::Rename { mailbox, to } => rename_it(session, mailbox, to).await,
            Self::Delete { mailbox, holding } => remove(session, mailbox, *holding).await,
            Self::Subscribe { mailbox } => {
                session.run_one(create::subscribe(mailbox)).await?;
                there(session, mailbox).await
            }
            Self::Unsubscribe { mailbox } => {
                // Some refuse what is so already; the list tells.
                let refused = survived(session.run_one(create::unsubscribe(mailbox)).await)?;
                match there(session, mailbox).await? {
                    Managed::There(folder) if folder.is_subscribed => {
                        Err(refused.unwrap_or(Error::Protocol("a subscription that was ended is listed")))
                    }
                    done => Ok(done),
                }
            }
        }
    }

    /// Whether it happened, as the list of mailboxes tells.
    async fn seen(&self, session: &mut Session) -> Result<Option<Managed>, Error> {
        let folders = folder::list(session, false).await?;
        let there = |name: &Bytes| by_wire(&folders, name).cloned();
        let found = |folder: Folder| Managed::There(Box::new(folder));
        Ok(match self {
            Self::Create { mailbox } => there(mailbox).filter(|folder| folder.is_selectable).map(found),
            Self::Rename { mailbox, to } => there(to).filter(|_| there(mailbox).is_none()).map(found),
            Self::Delete { mailbox, .. } => {
                let is_there = there(mailbox).is_some_and(|folder| folder.is_selectable);
                (!is_there).then_some(Managed::Gone)
            }
            Self::Subscribe { mailbox } => there(mailbox).filter(|folder| folder.is_subscribed).map(found),
            Self::Unsubscribe { mailbox } => there(mailbox).filter(|folder| !folder.is_subscribed).map(found),
        })
    }

    /// Has no session believe that it has a mailbox open which is another one now.
    fn forget(&self, pool: &Pool) {
        if matches!(self, Self::Rename { .. } | Self::Delete { .. }) {
            pool.forget_selected();
        }
    }
}

async fn rename_it(session: &mut Session, mailbox: &Bytes, to: &Bytes) -> Result<Managed, Error> {
    let before = folder::list(session, false).await?;
    let Some(folder) = by_wire(&before, mailbox) else { return Err(not_there("RENAME")) };
    let moved: Vec<&Folder> = std::iter::once(folder).chain(below(&before, folder)).collect();
    for folder in &moved {
        leave(session, &folder.wire_name).await?;
    }
    with_parents(session, to, || rename::rename(mailbox, to)).await?;
    let subscriptions: Vec<Request> = moved
        .iter()
        .filter(|folder| folder.is_subscribed)
        .flat_map(|folder| {
            let rest = folder.wire_name.get(mailbox.len()..).unwrap_or_default();
            let name = [to.as_ref(), rest].concat();
            [create::subscribe(&name), create::unsubscribe(&folder.wire_name)]
        })
        .collect();
    if !subscriptions.is_empty() {
        for reply in session.run(subscriptions).await {
            survived(reply)?;
        }
    }
    there(session, to).await
}

async fn remove(session: &mut Session, mailbox: &Bytes, holding: Option<Contents>) -> Result<Managed, Error> {
    let folders = folder::list(session, false).await?;
    let Some(folder) = by_wire(&folders, mailbox) else { return Err(not_there("DELETE")) };
    if below(&folders, folder).next().is_some() {
        return Ok(Managed::HoldsFolders);
    }
    if folder.is_selectable {
        let now = Count { mailbox: mailbox.clone() }.ask(session).await?;
        let is_counted = |counted: Contents| {
            (now.validity, now.uid_next) == (counted.validity, counted.uid_next)
                && now.messages <= counted.messages
        };
        if now.messages > 0 && !holding.is_some_and(is_counted) {
            return Ok(Managed::HoldsMessages);
        }
    }
    session.run_one(rename::delete(mailbox)).await?;
    // It is gone; what follows may fail.
    let _ = session.run_one(create::unsubscribe(mailbox)).await;
    Ok(Managed::Gone)
}

/// Runs what makes a mailbox; where the server does not make those it is below, they are made first.
async fn with_parents(
    session: &mut Session,
    mailbox: &Bytes,
    request: impl Fn() -> Request + Send,
) -> Result<(), Error> {
    let Some(refused) = survived(session.run_one(request()).await)? else { return Ok(()) };
    let is_perhaps_that = match &refused {
        Error::Refused { code: Some(code), .. } => matches!(code.as_str(), "NONEXISTENT" | "TRYCREATE"),
        _ => true,
    };
    if !is_perhaps_that {
        return Err(refused);
    }
    let folders = folder::list(session, false).await?;
    let parents = folders.naming.parents(mailbox);
    let missing: Vec<Bytes> = parents.into_iter().filter(|name| by_wire(&folders, name).is_none()).collect();
    if missing.is_empty() {
        return Err(refused);
    }
    let mut made = Vec::new();
    for parent in &missing {
        if survived(session.run_one(create::create(parent, None)).await)?.is_some() {
            break;
        }
        made.push(parent);
    }
    let last =
        if made.len() == missing.len() { survived(session.run_one(request()).await)? } else { Some(refused) };
    let Some(error) = last else { return Ok(()) };
    for parent in made.into_iter().rev() {
        survived(session.run_one(rename::delete(parent)).await)?;
    }
    Err(error)
}

/// The refusal, if it was only that.
fn survived(reply: Result<Reply, Error>) -> Result<Option<Error>, Error> {
    match reply {
        Ok(_) => Ok(None),
        Err(error @ Error::Refused { .. }) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Closes the mailbox if the session has it open, for which some refuse to touch it (Courier).
async fn leave(session: &mut Session, mailbox: &[u8]) -> Result<(), Error> {
    if session.selected().is_some_and(|open| open.name == mailbox) && mailbox != b"INBOX" {
        session.examine(b"INBOX", Vec::new()).await?;
    }
    Ok(())
}

async fn there(session: &mut Session, mailbox: &Bytes) -> Result<Managed, Error> {
    let folders = folder::list(session, false).await?;
    let folder = by_wire(&folders, mailbox).cloned();
    folder
        .map(|folder| Managed::There(Box::new(folder)))
        .ok_or(Error::Protocol("a folder that is there is not listed"))
}

fn by_wire<'a>(folders: &'a Folders, name: &Bytes) -> Option<&'a Folder> {
    folders.all.iter().find(|folder| folder.wire_name == *name)
}

/// Folders below one.
pub fn below<'a>(folders: &'a Folders, folder: &Folder) -> impl Iterator<Item = &'a Folder> {
    let start = format!("{}/", folder.name);
    folders.all.iter().filter(move |other| other.name.as_str().starts_with(&start))
}

fn not_there(command: &'static str) -> Error {
    Error::Refused { command, code: Some("NONEXISTENT".to_owned()), text: String::new() }
}
