//! The envelopes of one account that tell whom the person knows: found in one flight, fetched in another.

use domain::{Address, Query, Summary, Timestamp, query::Field};
use mail::{
    Error,
    imap::{
        Question, Session,
        command::{
            fetch::{self, Item},
            search::{self, Order, Shape},
        },
        folder::Folder,
        response::Fetch,
        search::compile,
    },
};

use crate::pages::{abilities, fly};

/// Envelopes of one folder at the most.
const EACH: u32 = 200;

/// Which of a message's addresses are of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// The person wrote it: its recipients.
    To,
    /// The person got it: its author.
    From,
}

impl Direction {
    /// Where the addresses stand.
    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::To => &[Field::To, Field::Cc],
            Self::From => &[Field::From],
        }
    }

    /// The addresses.
    pub(super) fn addresses(self, row: &Summary) -> impl Iterator<Item = &Address> {
        let lists = match self {
            Self::To => [row.envelope.to.as_slice(), row.envelope.cc.as_slice()],
            Self::From => [row.envelope.from.as_slice(), &[]],
        };
        lists.into_iter().flatten()
    }
}

/// A folder to look in.
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) direction: Direction,
    /// What its messages must match.
    pub(super) query: Query,
}

/// What was seen of a folder.
pub(super) struct Looked {
    pub(super) direction: Direction,
    /// Envelopes, the last filed first.
    pub(super) rows: Vec<Summary>,
    /// Whether there are older ones.
    pub(super) is_cut: bool,
}

impl Looked {
    /// When the last envelope was received; nothing if there was no room for any.
    pub(super) fn last(&self) -> Option<Timestamp> {
        self.rows.last().map(|row| row.received)
    }

    /// Whether there is more that was received from `within` on.
    pub(super) fn is_cut_within(&self, within: Option<Timestamp>) -> bool {
        let is_beyond = matches!((self.last(), within), (Some(last), Some(within)) if last < within);
        self.is_cut && !is_beyond
    }
}

/// The newest envelopes of each place.
pub(super) struct Correspondence<'a> {
    pub(super) places: &'a [Place],
    /// Envelopes of all places together at the most.
    pub(super) envelopes: usize,
    /// Whether the server must not be sent anything but ASCII.
    pub(super) ascii_only: bool,
}

/// What a folder's search found.
struct Found {
    validity: u32,
    uids: Vec<u32>,
    is_cut: bool,
}

impl Question for Correspondence<'_> {
    type Answer = Vec<Result<Looked, Error>>;

    /// Answers in the order of the places. An error is one that concerns the connection, not a folder.
    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let mut found = self.find(session).await?;
        let wanted: Vec<usize> = found.iter().flatten().map(|found| found.uids.len()).collect();
        for (found, share) in found.iter_mut().flatten().zip(shares(&wanted, self.envelopes)) {
            found.is_cut |= found.uids.len() > share;
            found.uids.truncate(share);
        }
        self.fetch(session, found).await
    }
}

impl Correspondence<'_> {
    async fn find(&self, session: &mut Session) -> Result<Vec<Result<Found, Error>>, Error> {
        // A server that looks at so many messages only is asked for so many.
        let each = session.quirks().message_limit.map_or(EACH, |limit| limit.min(EACH));
        let shape = Shape::choose(session, Order::Filed, 1, each);
        let flight = |place: &Place| {
            let plan = compile(&place.query, abilities(session, self.ascii_only), time::UtcOffset::UTC);
            let request = search::request(session, &plan.criteria, plan.charset.is_some(), shape, None);
            (place.folder.wire_name.clone(), vec![request])
        };
        let flights = self.places.iter().map(flight).collect();
        let mut out = Vec::new();
        for opened in fly(session, flights).await {
            let found = opened.and_then(|(selected, mut replies)| {
                let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a search")))?;
                let mut found = search::read(&reply, shape)?;
                found.uids.truncate(each as usize);
                let is_cut = found.reached.is_some() || found.total as usize > found.uids.len();
                Ok(Found { validity: selected.validity, uids: found.uids, is_cut })
            });
            match found {
                Err(error) if error.ends_connection() || error.is_bad_charset() => return Err(error),
                found => out.push(found),
            }
        }
        Ok(out)
    }

    async fn fetch(
        &self,
        session: &mut Session,
        found: Vec<Result<Found, Error>>,
    ) -> Result<Vec<Result<Looked, Error>>, Error> {
        let mut flights = Vec::new();
        for (place, found) in self.places.iter().zip(&found) {
            if has_any(found) {
                let uids = found.as_ref().map_or(&[][..], |found| &found.uids);
                let request = fetch::items_of(uids, &[Item::CORRESPONDENTS]);
                flights.push((place.folder.wire_name.clone(), vec![request]));
            }
        }
        let mut fetched = fly(session, flights).await.into_iter();
        let mut out = Vec::new();
        for (place, found) in self.places.iter().zip(found) {
            let opened = if has_any(&found) { fetched.next() } else { None };
            let looked = match (found, opened) {
                (Ok(found), Some(opened)) => opened.and_then(|(selected, mut replies)| {
                    let reply = replies.pop().unwrap_or(Err(Error::Protocol("no answer to a fetch")))?;
                    if selected.validity != found.validity {
                        return Err(Error::Protocol("a folder that was rebuilt while it was read"));
                    }
                    let has_gaps = reply.has_gaps;
                    let mut looked = looked(place.direction, found.is_cut, fetch::read(reply));
                    // What cannot be read is not counted.
                    looked.is_cut |= has_gaps && looked.rows.len() < found.uids.len();
                    Ok(looked)
                }),
                (Ok(found), None) => Ok(looked(place.direction, found.is_cut, Vec::new())),
                (Err(error), _) => Err(error),
            };
            match looked {
                Err(error) if error.ends_connection() => return Err(error),
                looked => out.push(looked),
            }
        }
        Ok(out)
    }
}

/// As much for each as for the others; what one does not want goes to those that want more.
pub(super) fn shares(wanted: &[usize], mut room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| wanted.get(*index));
    let mut shares = vec![0; wanted.len()];
    for (done, index) in order.into_iter().enumerate() {
        let fair = room / (wanted.len() - done);
        if let (Some(share), Some(wanted)) = (shares.get_mut(index), wanted.get(index)) {
            *share = fair.min(*wanted);
            room -= *share;
        }
    }
    shares
}

fn has_any(found: &Result<Found, Error>) -> bool {
    found.as_ref().is_ok_and(|found| !found.uids.is_empty())
}

fn looked(direction: Direction, is_cut: bool, fetched: Vec<Fetch>) -> Looked {
    let mut rows: Vec<Summary> = fetched.into_iter().filter_map(fetch::summary).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.uid));
    Looked { direction, rows, is_cut }
}
