//! One part of one message in windows, so that nobody holds a connection for as long as a file takes.
//!
//! What comes back is still transfer-encoded (see `mime::transfer`).

use bytes::Bytes;
use domain::PartPath;

use super::{
    command::fetch::{self, Item},
    pool::Question,
    reading::check_whole,
    response::Fetch,
    session::Session,
};
use crate::Error;

/// Where a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The mailbox.
    pub mailbox: Bytes,
    /// The UIDVALIDITY that the UID belongs to.
    pub validity: u32,
    /// The message.
    pub uid: u32,
    /// The part in it.
    pub path: PartPath,
}

/// What became of a question about one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// What was asked for.
    Here(T),
    /// The message is gone.
    Gone,
    /// The mailbox has another UIDVALIDITY: no UID means what the caller thinks.
    Stale,
}

/// Some octets of a part; fewer than asked for, or none, at its end.
#[derive(Debug)]
pub struct Window<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// The first octet wanted.
    pub from: u64,
    /// How many, at the most 4 MiB.
    pub octets: u64,
}

impl Question for Window<'_> {
    type Answer = Found<Bytes>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let item = Item::Window(self.place.path.clone(), self.from, self.octets);
        let fetch = match fetch_of(session, self.place, item).await? {
            Found::Here(fetch) => fetch,
            Found::Gone => return Ok(Found::Gone),
            Found::Stale => return Ok(Found::Stale),
        };
        let Some(section) = fetch::part(&fetch, &self.place.path) else { return Ok(Found::Gone) };
        let Some(data) = section.data.clone() else { return Ok(Found::Here(Bytes::new())) };
        // Some leave `<0>` away; a server that knows no windows would begin anew with each.
        if section.origin.unwrap_or(0) != self.from {
            return Err(Error::Protocol("a window of a part begins elsewhere than it was asked for"));
        }
        let wanted = usize::try_from(self.octets).unwrap_or(usize::MAX);
        Ok(Found::Here(data.slice(..data.len().min(wanted))))
    }
}

/// Some octets of a part without its transfer encoding, removed by the server (RFC 3516); nothing where it
/// cannot. Fewer than asked for, or none, at the part's end.
#[derive(Debug)]
pub struct DecodedWindow<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// The first octet wanted, decoded ones counted.
    pub from: u64,
    /// How many, at the most 4 MiB.
    pub octets: u64,
}

impl Question for DecodedWindow<'_> {
    type Answer = Option<Found<Bytes>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        if !session.capabilities().has_binary() {
            return Ok(None);
        }
        let item = Item::DecodedWindow(self.place.path.clone(), self.from, self.octets);
        let fetch = match fetch_of(session, self.place, item).await {
            Ok(Found::Here(fetch)) => fetch,
            Ok(Found::Gone) => return Ok(Some(Found::Gone)),
            Ok(Found::Stale) => return Ok(Some(Found::Stale)),
            // UNKNOWN-CTE, and whatever else a server minds; the part can still be fetched as it is.
            Err(Error::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(section) = fetch::part(&fetch, &self.place.path) else { return Ok(None) };
        let Some(data) = section.data.clone() else { return Ok(None) };
        if !section.is_binary || section.origin.unwrap_or(0) != self.from {
            return Ok(None);
        }
        let wanted = usize::try_from(self.octets).unwrap_or(usize::MAX);
        Ok(Some(Found::Here(data.slice(..data.len().min(wanted)))))
    }
}

/// How many octets a part has without its transfer encoding; nothing where the server cannot tell.
#[derive(Debug)]
pub struct DecodedSize<'a> {
    /// Where it is.
    pub place: &'a Place,
}

impl Question for DecodedSize<'_> {
    type Answer = Option<u64>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        if !session.capabilities().has_binary() {
            return Ok(None);
        }
        let name = format!("BINARY.SIZE[{}]", self.place.path);
        match fetch_of(session, self.place, Item::DecodedSize(self.place.path.clone())).await {
            Ok(Found::Here(fetch)) => {
                let found = fetch.other.iter().find(|(of, _)| *of == name);
                Ok(found.and_then(|(_, size)| size.as_number()))
            }
            // A part that cannot be decoded is refused; it can still be fetched as it is.
            Ok(Found::Gone | Found::Stale) | Err(Error::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

async fn fetch_of(session: &mut Session, place: &Place, item: Item) -> Result<Found<Fetch>, Error> {
    fetch_one(session, &place.mailbox, place.validity, place.uid, item).await
}

/// One item of one message.
pub(super) async fn fetch_one(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    uid: u32,
    item: Item,
) -> Result<Found<Fetch>, Error> {
    let flight = vec![fetch::items_of(&[uid], &[Item::Fixed("UID"), item])];
    let (selected, replies) = session.examine(mailbox, flight).await?;
    if selected.validity != validity {
        return Ok(Found::Stale);
    }
    let mut has_gaps = false;
    for reply in replies {
        let reply = reply?;
        has_gaps |= reply.has_gaps;
        if let Some(fetch) = fetch::read(reply).into_iter().find(|fetch| fetch.uid == Some(uid)) {
            // A message that is gone is not told of, or without octets; this is an answer that was cut up.
            if fetch.sections.is_empty() && fetch.other.is_empty() {
                return Err(Error::Protocol("an answer to FETCH holds nothing of what was asked"));
            }
            return Ok(Found::Here(fetch));
        }
    }
    check_whole(has_gaps, false)?;
    Ok(Found::Gone)
}
