//! What reading messages needs from the server: header and text parts, never attachments; one flight
//! when the structure is known or guessed right, else two.

mod several;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use domain::{PartPath, Summary};

use super::{
    command::fetch::{self, Item},
    pool::Question,
    request::Request,
    response::Fetch,
    session::{Selected, Session},
};
use crate::{
    Error,
    mime::{
        render,
        text_parts::{TextPart, text_plan},
    },
};

pub use self::several::Several;

/// The most octets of one text part that are fetched; the rest is told to be missing.
pub const TEXT_LIMIT: u64 = 1 << 20;

/// What is asked of a message whose structure is unknown, along with it. Parts that do not exist cost
/// nothing; `2` may be an attachment, so little of it is asked for.
const GUESSES: &[(&[u32], u64)] = &[(&[1], 65_536), (&[1, 1], 65_536), (&[1, 2], 65_536), (&[2], 16_384)];

/// The least octets that are asked of a part in any way: what is shorter is whole.
const LEAST: usize = 8_192;

/// A message to read.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its UID.
    pub uid: u32,
    /// What a list showed of it before, which saves asking for its structure.
    pub known: Option<Arc<Summary>>,
}

/// What a message is read from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Envelope, flags (fresh), structure.
    pub summary: Summary,
    /// The whole header.
    pub header: Bytes,
    /// The text parts in order, undecoded.
    pub texts: Vec<(TextPart, Bytes)>,
    /// Octets of text beyond [`TEXT_LIMIT`] that were not fetched.
    pub missing: u64,
    /// The beginning of the message itself, where the server could not tell its structure.
    pub whole: Option<Bytes>,
}

/// Messages of one mailbox to be read: see [`sources`].
#[derive(Debug)]
pub struct Sources<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UIDs belong to.
    pub validity: u32,
    /// The messages.
    pub wanted: &'a [Wanted],
    /// Whether their text is wanted, else only the header.
    pub with_text: bool,
}

impl Question for Sources<'_> {
    type Answer = Option<BTreeMap<u32, Source>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let uids: Vec<u32> = self.wanted.iter().map(|wanted| wanted.uid).collect();
        hear_of(session, self.mailbox, &uids).await?;
        if self.with_text {
            sources(session, self.mailbox, self.validity, self.wanted).await
        } else {
            headers(session, self.mailbox, self.validity, self.wanted).await
        }
    }
}

/// Messages of one mailbox as they are stored: see [`raw`].
#[derive(Debug)]
pub struct Raw<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UIDs belong to.
    pub validity: u32,
    /// The messages.
    pub uids: &'a [u32],
    /// Octets of each at the most.
    pub limit: u64,
}

impl Question for Raw<'_> {
    type Answer = Option<BTreeMap<u32, (Summary, Bytes, Bytes)>>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        hear_of(session, self.mailbox, self.uids).await?;
        raw(session, self.mailbox, self.validity, self.uids, self.limit).await
    }
}

/// The beginnings of text parts: see [`beginnings`].
#[derive(Debug)]
pub struct Beginnings<'a> {
    /// The mailbox.
    pub mailbox: &'a [u8],
    /// The UIDVALIDITY that the UIDs belong to.
    pub validity: u32,
    /// UIDs, and one text part of each.
    pub wanted: &'a [(u32, TextPart)],
    /// Octets of each at the most.
    pub octets: u64,
}

impl Question for Beginnings<'_> {
    type Answer = BTreeMap<u32, Bytes>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        beginnings(session, self.mailbox, self.validity, self.wanted, self.octets).await
    }
}

/// Fetches what reading needs; messages that are gone are not in the answer. `None` if the mailbox has
/// another UIDVALIDITY than `validity`: then no UID means what the caller thinks.
pub async fn sources(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    wanted: &[Wanted],
) -> Result<Option<BTreeMap<u32, Source>>, Error> {
    let flight = requests(session, wanted, true);
    let Some((_, replies)) = opened(session, mailbox, validity, flight).await? else { return Ok(None) };
    let fetched = fetched(replies, wanted)?;
    complete(session, mailbox, validity, wanted, fetched).await.map(Some)
}

/// Takes up what the first flight brought and asks for what it did not.
async fn complete(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    wanted: &[Wanted],
    fetched: BTreeMap<u32, Fetch>,
) -> Result<BTreeMap<u32, Source>, Error> {
    let mut sources = BTreeMap::new();
    let mut open: BTreeMap<u32, Vec<TextPart>> = BTreeMap::new();
    for (uid, fetch) in fetched {
        let (source, missing) = assemble(fetch, known(wanted, uid));
        let Some(source) = source else { continue };
        if !missing.is_empty() || source.summary.structure.is_none() {
            open.insert(uid, missing);
        }
        sources.insert(uid, source);
    }
    if !open.is_empty() {
        let answered = second_flight(session, mailbox, validity, &open, &mut sources).await?;
        // What vanished between the flights is gone, not empty.
        sources.retain(|uid, _| !open.contains_key(uid) || answered.contains(uid));
    }
    // The other renderings of messages whose first choice holds nothing.
    let mut empty: BTreeMap<u32, Vec<TextPart>> = BTreeMap::new();
    for (uid, source) in &sources {
        let Some(structure) = &source.summary.structure else { continue };
        let plan = text_plan(structure);
        let has_text = || source.texts.iter().any(|(part, data)| render::has_text(part, data));
        if !plan.alternative_fallback.is_empty() && !has_text() {
            empty.insert(*uid, plan.alternative_fallback);
        }
    }
    if !empty.is_empty() {
        second_flight(session, mailbox, validity, &empty, &mut sources).await?;
    }
    Ok(sources)
}

/// As [`sources`], but only the headers: no octet of a body is asked for.
pub async fn headers(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    wanted: &[Wanted],
) -> Result<Option<BTreeMap<u32, Source>>, Error> {
    let flight = requests(session, wanted, false);
    let Some((_, replies)) = opened(session, mailbox, validity, flight).await? else { return Ok(None) };
    Ok(Some(without_text(fetched(replies, wanted)?, wanted)))
}

fn without_text(fetched: BTreeMap<u32, Fetch>, wanted: &[Wanted]) -> BTreeMap<u32, Source> {
    let source = |(uid, fetch)| assemble(fetch, known(wanted, uid)).0.map(|source| (uid, source));
    fetched.into_iter().filter_map(source).collect()
}

/// What a list showed of the message before.
fn known(wanted: &[Wanted], uid: u32) -> Option<&Summary> {
    wanted.iter().find(|wanted| wanted.uid == uid).and_then(|wanted| wanted.known.as_deref())
}

/// The first flight: messages that are asked the same are asked together.
fn requests(session: &Session, wanted: &[Wanted], with_text: bool) -> Vec<Request> {
    let mut groups: HashMap<Vec<Item>, Vec<u32>> = HashMap::new();
    for Wanted { uid, known } in wanted {
        let structure = known.as_ref().and_then(|known| known.structure.as_ref());
        let items = match structure {
            Some(structure) if with_text => known_items(&text_plan(structure).parts),
            Some(_) => known_items(&[]),
            None => unknown_items(session, if with_text { GUESSES } else { &[] }),
        };
        groups.entry(items).or_default().push(*uid);
    }
    groups.iter().map(|(items, uids)| fetch::items_of(uids, items)).collect()
}

/// What its replies hold, by UID.
fn fetched(replies: Replies, wanted: &[Wanted]) -> Result<BTreeMap<u32, Fetch>, Error> {
    let mut fetched = BTreeMap::new();
    let mut has_gaps = false;
    for reply in replies {
        let reply = reply?;
        has_gaps |= reply.has_gaps;
        for fetch in fetch::read(reply) {
            if let Some(uid) = fetch.uid {
                fetched.insert(uid, fetch);
            }
        }
    }
    check_whole(has_gaps, wanted.iter().all(|wanted| fetched.contains_key(&wanted.uid)))?;
    Ok(fetched)
}

/// A message that is missing is gone, unless the server said something that could not be read.
pub(super) fn check_whole(has_gaps: bool, has_all: bool) -> Result<(), Error> {
    if has_gaps && !has_all {
        return Err(Error::Protocol("a part of its answer cannot be read"));
    }
    Ok(())
}

/// A mailbox that is open already may not know messages yet that came since, by a move on another connection
/// for instance; to FETCH they would seem to be gone.
async fn hear_of(session: &mut Session, mailbox: &[u8], uids: &[u32]) -> Result<(), Error> {
    if session.selected().is_some_and(|open| open.name == mailbox) {
        super::write::hear_of(session, uids).await?;
    }
    Ok(())
}

type Replies = Vec<Result<super::request::Reply, Error>>;

async fn opened(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    flight: Vec<Request>,
) -> Result<Option<(Selected, Replies)>, Error> {
    let (selected, replies) = session.examine(mailbox, flight).await?;
    Ok((selected.validity == validity).then_some((selected, replies)))
}

fn known_items(parts: &[TextPart]) -> Vec<Item> {
    [Item::STATE, Item::HEADER].into_iter().chain(part_items(parts)).collect()
}

fn part_items(parts: &[TextPart]) -> impl Iterator<Item = Item> {
    parts.iter().map(|TextPart { path, size, .. }| {
        let is_bounded = *size > TEXT_LIMIT || *size == 0;
        Item::Part(path.clone(), is_bounded.then_some(TEXT_LIMIT))
    })
}

fn unknown_items(session: &Session, guesses: &[(&[u32], u64)]) -> Vec<Item> {
    let guesses = guesses.iter().map(|(path, octets)| Item::Part(PartPath(path.to_vec()), Some(*octets)));
    [Item::STATE, Item::ENVELOPE, Item::HEADER]
        .into_iter()
        .chain(guesses)
        .chain(Item::thread(session.capabilities()))
        .collect()
}

/// What one FETCH gave, and the text parts that are still missing.
fn assemble(fetch: Fetch, known: Option<&Summary>) -> (Option<Source>, Vec<TextPart>) {
    let header = fetch::header(&fetch).and_then(|section| section.data.clone()).unwrap_or_default();
    let mut texts = Vec::new();
    let mut missing = Vec::new();
    let known = known.filter(|known| known.structure.is_some());
    let structure = known.map_or(fetch.structure.as_deref(), |known| known.structure.as_ref());
    let mut beyond = 0;
    for part in structure.map(|structure| text_plan(structure).parts).unwrap_or_default() {
        match whole_of(&fetch, &part.path, part.size) {
            Some(data) => {
                beyond += beyond_limit(part.size, &data);
                texts.push((part, data));
            }
            None => missing.push(part),
        }
    }
    if !missing.is_empty() {
        // Parts are shown in their order, so all are put together again after the second flight.
        missing = texts.drain(..).map(|(part, _)| part).chain(missing).collect();
        missing.sort_by(|a, b| a.path.cmp(&b.path));
    }
    let flags = fetch.flags.clone();
    let summary = match known {
        Some(known) => Some(Summary { flags: flags.unwrap_or_else(|| known.flags.clone()), ..known.clone() }),
        None => fetch::summary(fetch),
    };
    let source = summary.map(|summary| Source { summary, header, texts, missing: beyond, whole: None });
    (source, missing)
}

/// How many octets of a part of `size` were not fetched. Servers may estimate sizes, so a part is cut
/// only where the limit cut it.
fn beyond_limit(size: u64, data: &[u8]) -> u64 {
    let length = data.len() as u64;
    if length >= TEXT_LIMIT { size.saturating_sub(length) } else { 0 }
}

/// The octets of a part, if the response holds all of it that will ever be asked for.
fn whole_of(fetch: &Fetch, path: &PartPath, size: u64) -> Option<Bytes> {
    let section = fetch::part(fetch, path)?;
    let data = section.data.clone()?;
    let has_all = size > 0 && data.len() as u64 >= size.min(TEXT_LIMIT);
    (section.origin.is_none() || has_all || data.len() < LEAST).then_some(data)
}

/// Asks for the parts of these messages (for the beginning of a message itself where it has none), and
/// tells which of them are still there.
async fn second_flight(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    open: &BTreeMap<u32, Vec<TextPart>>,
    sources: &mut BTreeMap<u32, Source>,
) -> Result<BTreeSet<u32>, Error> {
    let mut answered = BTreeSet::new();
    let items = |parts: &[TextPart]| -> Vec<Item> {
        if parts.is_empty() {
            vec![Item::STATE, Item::Part(PartPath::default(), Some(TEXT_LIMIT))]
        } else {
            std::iter::once(Item::STATE).chain(part_items(parts)).collect()
        }
    };
    let flight = open.iter().map(|(uid, parts)| fetch::items_of(&[*uid], &items(parts))).collect();
    let Some((_, replies)) = opened(session, mailbox, validity, flight).await? else { return Ok(answered) };
    let mut has_gaps = false;
    for reply in replies {
        let reply = reply?;
        has_gaps |= reply.has_gaps;
        for fetch in fetch::read(reply) {
            let Some(uid) = fetch.uid else { continue };
            let (Some(parts), Some(source)) = (open.get(&uid), sources.get_mut(&uid)) else { continue };
            if fetch.sections.is_empty() {
                continue;
            }
            answered.insert(uid);
            source.texts.clear();
            source.missing = 0;
            if parts.is_empty() {
                source.whole = fetch::part(&fetch, &PartPath::default()).and_then(|part| part.data.clone());
            }
            for part in parts {
                let data = fetch::part(&fetch, &part.path).and_then(|section| section.data.clone());
                let data = data.unwrap_or_default();
                source.missing += beyond_limit(part.size, &data);
                source.texts.push((part.clone(), data));
            }
        }
    }
    check_whole(has_gaps, answered.len() == open.len())?;
    Ok(answered)
}

/// The first `limit` octets of messages as they are stored, with a fresh summary and the header each.
pub async fn raw(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    uids: &[u32],
    limit: u64,
) -> Result<Option<BTreeMap<u32, (Summary, Bytes, Bytes)>>, Error> {
    let whole = Item::Part(PartPath::default(), Some(limit));
    let flight = vec![fetch::items_of(uids, &[Item::STATE, Item::ENVELOPE, Item::HEADER, whole])];
    let Some((_, replies)) = opened(session, mailbox, validity, flight).await? else { return Ok(None) };
    let mut out = BTreeMap::new();
    let mut has_gaps = false;
    for reply in replies {
        let reply = reply?;
        has_gaps |= reply.has_gaps;
        for fetch in fetch::read(reply) {
            let whole = fetch::part(&fetch, &PartPath::default()).and_then(|part| part.data.clone());
            let header = fetch::header(&fetch).and_then(|section| section.data.clone()).unwrap_or_default();
            if let (Some(summary), Some(whole)) = (fetch::summary(fetch), whole) {
                out.insert(summary.uid, (summary, header, whole));
            }
        }
    }
    check_whole(has_gaps, uids.iter().all(|uid| out.contains_key(uid)))?;
    Ok(Some(out))
}

/// The first `octets` of text parts, for snippets: one part of each message, undecoded.
pub async fn beginnings(
    session: &mut Session,
    mailbox: &[u8],
    validity: u32,
    wanted: &[(u32, TextPart)],
    octets: u64,
) -> Result<BTreeMap<u32, Bytes>, Error> {
    let mut groups: HashMap<PartPath, Vec<u32>> = HashMap::new();
    for (uid, part) in wanted {
        groups.entry(part.path.clone()).or_default().push(*uid);
    }
    let flight = groups
        .iter()
        .map(|(path, uids)| fetch::items_of(uids, &[Item::STATE, Item::Part(path.clone(), Some(octets))]))
        .collect();
    let mut out = BTreeMap::new();
    let Some((_, replies)) = opened(session, mailbox, validity, flight).await? else { return Ok(out) };
    for reply in replies {
        for fetch in fetch::read(reply?) {
            let Some(uid) = fetch.uid else { continue };
            let part = wanted.iter().find(|(of, _)| *of == uid).map(|(_, part)| &part.path);
            let data = part.and_then(|path| fetch::part(&fetch, path)).and_then(|part| part.data.clone());
            out.extend(data.map(|data| (uid, data)));
        }
    }
    Ok(out)
}
