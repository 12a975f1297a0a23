//! Attachments: the file of a message that an id and an index name, streamed or read.
//!
//! Every call checks the grant anew, as reading does: account, folder, age, and whether the message
//! likely holds a code that the grant does not show. How octets come is in `windows`, what is read of
//! them in `content`.

use bytes::Bytes;
use domain::{Code, MessageRef, Part, PartPath, Principal, Problem, Summary, reading};
use futures_util::{StreamExt as _, stream::BoxStream};
use mail::{
    imap::part::{DecodedSize, Place},
    mime::transfer::Decoder,
};

use crate::{
    Account, Engine,
    leaving::Shown,
    read::{Group, Message, View},
};

mod content;
mod room;
mod windows;

pub use content::{Content, File, Form};
pub(crate) use room::FileRoom;
pub(crate) use windows::{STREAMED, Windows};

/// Begins to stream a file from one of its octets on. Holds at most two windows of it, and no connection while
/// nobody reads. An error is the last item.
pub type Octets = Box<dyn FnOnce(u64) -> BoxStream<'static, Result<Bytes, Problem>> + Send>;

/// A file that was found, and of which nothing is fetched yet.
pub struct Download {
    /// The message that it is part of.
    pub id: MessageRef,
    /// Its name, safe to show and to write.
    pub name: String,
    /// Its media type as the sender claims it.
    pub media_type: String,
    /// Octets of the whole file, only where they are known exactly.
    pub size: Option<u64>,
    /// Octets of the whole file, as the message's list of attachments has them.
    pub listed_size: u64,
    /// Where its octets come from.
    pub octets: Octets,
}

impl Download {
    /// Its octets from that one on, decoded, in constant memory whatever the speed of their reader.
    pub fn body(self, from: u64) -> BoxStream<'static, Result<Bytes, Problem>> {
        (self.octets)(from)
    }
}

/// One attachment of one message that the grant shows.
pub(crate) struct Found {
    pub(crate) id: MessageRef,
    account: Account,
    place: Place,
    /// The attachment as lists show it.
    pub(crate) listed: reading::Attachment,
    pub(crate) part: Part,
    /// The subject of its message.
    subject: String,
    /// Whether octets must not be given out: the message likely holds a code.
    is_withheld: bool,
    /// Whose turn it is while the file is read.
    user: String,
}

impl Engine {
    /// Finds an attachment that is to be streamed.
    pub async fn download(&self, principal: &Principal, id: &str, index: usize) -> Result<Download, Problem> {
        let found = self.found(principal, id, index).await?;
        self.check_codes(&found).await?;
        let size = found.exact_size().await?;
        Ok(Download {
            id: found.id.clone(),
            name: found.listed.name.clone(),
            media_type: found.listed.media_type.clone(),
            size,
            listed_size: found.listed.size,
            octets: Box::new(move |from| found.windows(windows::STREAMED, from).into_stream().boxed()),
        })
    }

    async fn found(&self, principal: &Principal, id: &str, index: usize) -> Result<Found, Problem> {
        // Whether a message holds a code is seen in its text; a grant that shows codes need not look.
        let view = |account: &Account| if account.shows_codes { View::Headers } else { View::Full };
        let (group, source, message) = self.read_one(principal, id, view).await?;
        let shown = Shown { account: group.account.name.clone(), senders: message.from.clone() };
        self.expose(principal, vec![shown]).await?;
        Found::among(principal, &group, &source.summary, &message, index)
    }
}

impl Found {
    /// An attachment of a message that was read, with its text if codes must not be shown.
    pub(crate) fn among(
        principal: &Principal,
        group: &Group,
        summary: &Summary,
        message: &Message,
        index: usize,
    ) -> Result<Self, Problem> {
        let listed = message.attachments.iter().find(|attachment| attachment.index == index);
        let listed = listed.ok_or_else(|| no_such(index, message.attachments.len()))?;
        let structure = summary.structure.as_ref();
        let part = structure.and_then(|structure| part_at(structure, &listed.path)).cloned();
        Ok(Self {
            id: message.id.clone(),
            place: Place {
                mailbox: group.folder.wire_name.clone(),
                validity: group.validity,
                uid: summary.uid,
                path: listed.path.clone(),
            },
            account: group.account.clone(),
            listed: listed.clone(),
            part: part.unwrap_or_default(),
            subject: summary.envelope.subject.clone(),
            is_withheld: message.trust.masked_codes > 0,
            user: principal.user.clone(),
        })
    }

    /// Its decoded octets, window by window.
    pub(crate) fn stream(&self) -> Windows {
        self.windows(windows::STREAMED, 0)
    }

    fn windows(&self, octets: u64, from: u64) -> Windows {
        Windows::new(self.account.clone(), self.place.clone(), &self.part, octets, from)
    }

    /// Octets of the decoded file, where the server counts them and every decoder comes to the same.
    async fn exact_size(&self) -> Result<Option<u64>, Problem> {
        if !Decoder::new(&self.part.encoding).is_unambiguous() {
            return Ok(None);
        }
        let question = DecodedSize { place: &self.place };
        let size = self.account.opened.ask(Some(&self.place.mailbox), &question).await;
        size.map_err(|error| self.account.problem(&error))
    }
}

/// The part at that place, looked for with a bound on depth: the structure's own.
pub(crate) fn part_at<'a>(structure: &'a Part, path: &PartPath) -> Option<&'a Part> {
    let mut open = vec![structure];
    while let Some(part) = open.pop() {
        if part.path == *path && part.kind != "multipart" {
            return Some(part);
        }
        open.extend(&part.children);
    }
    None
}

fn no_such(index: usize, count: usize) -> Problem {
    let told = match count {
        0 => "The message has no attachments.".to_owned(),
        1 => format!("The message has no attachment {index}: it has only one, with index 1."),
        _ => format!("The message has no attachment {index}: it has 1 to {count}."),
    };
    Problem::new(Code::NotFound, told).hint("mail_read lists a message's attachments.")
}

pub(crate) fn withheld() -> Problem {
    let told = "The file is not given out: its message likely holds a one-time code or a sign-in link, which this grant does not show.";
    Problem::new(Code::OutsideGrant, told)
        .hint("Read it as text, where codes are hidden, or ask the person for it.")
}
