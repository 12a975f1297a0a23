//! A message as it is stored, in two steps: its header and how large it is, then what follows it, in
//! windows. For what is sent on unchanged.

use bytes::Bytes;
use domain::{Flag, PartPath, Timestamp};

use super::{
    command::{
        fetch::{self, Item},
        noop,
    },
    part::{Found, fetch_one},
    pool::Question,
    response::{Fetch, Section, SectionText},
    session::Session,
};
use crate::Error;

/// The header of one message, all of it.
#[derive(Debug)]
pub struct WholeHeader<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UID belongs to.
    pub validity: u32,
    /// The message.
    pub uid: u32,
}

/// What [`WholeHeader`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The header with the empty line behind it.
    pub header: Bytes,
    /// How large the message is. Servers count differently: what follows the header ends where a
    /// [`TextWindow`] is short.
    pub size: u64,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// When it was received.
    pub received: Option<Timestamp>,
}

impl Question for WholeHeader<'_> {
    type Answer = Found<Head>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let item = Item::Fixed("FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]");
        let fetch = match fetch_fresh(session, self.mailbox, self.validity, self.uid, item).await? {
            Found::Here(fetch) => fetch,
            Found::Gone => return Ok(Found::Gone),
            Found::Stale => return Ok(Found::Stale),
        };
        let Some(header) = fetch::header(&fetch).and_then(|section| section.data.clone()) else {
            return Ok(Found::Gone);
        };
        if header.len() >= fetch::KEEP {
            return Err(Error::TooLarge("the header of a message"));
        }
        let size = fetch.size.unwrap_or(header.len() as u64);
        let flags = fetch.flags.unwrap_or_default();
        Ok(Found::Here(Head { header, size, flags, received: fetch.internal_date }))
    }
}

/// Some octets of what follows the header; fewer than asked for, or none, at its end.
#[derive(Debug)]
pub struct TextWindow<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UID belongs to.
    pub validity: u32,
    /// The message.
    pub uid: u32,
    /// The first octet wanted.
    pub from: u64,
    /// How many, at the most 4 MiB.
    pub octets: u64,
}

impl Question for TextWindow<'_> {
    type Answer = Found<Bytes>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let item = Item::TextWindow(self.from, self.octets);
        let fetch = match fetch_fresh(session, self.mailbox, self.validity, self.uid, item).await? {
            Found::Here(fetch) => fetch,
            Found::Gone => return Ok(Found::Gone),
            Found::Stale => return Ok(Found::Stale),
        };
        let is_text =
            |section: &&Section| section.text == SectionText::Text && section.path == PartPath::default();
        let Some(section) = fetch.sections.iter().find(is_text) else { return Ok(Found::Gone) };
        let Some(data) = section.data.clone() else { return Ok(Found::Here(Bytes::new())) };
        // Some leave `<0>` away; a server that knows no windows would begin anew with each.
        if section.origin.unwrap_or(0) != self.from {
            return Err(Error::Protocol("a window of a message begins elsewhere than it was asked for"));
        }
        let wanted = usize::try_from(self.octets).unwrap_or(usize::MAX);
        Ok(Found::Here(data.slice(..data.len().min(wanted))))
    }
}

/// One item of one message. A mailbox that was open may not know a message that was put into it by
/// another connection: it is asked once more after the server told what is new.
async fn fetch_fresh(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    uid: u32,
    item: Item,
) -> Result<Found<Fetch>, Error> {
    let was_open = session.selected().is_some_and(|selected| selected.name == mailbox);
    match fetch_one(session, mailbox, validity, uid, item.clone()).await? {
        Found::Gone if was_open => {
            session.run_one(noop()).await?;
            fetch_one(session, mailbox, validity, uid, item).await
        }
        found => Ok(found),
    }
}
