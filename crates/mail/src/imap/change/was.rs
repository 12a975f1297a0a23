//! How messages were before a change: what is fetched in front of it, and how it is told from what the
//! server says of the same messages afterwards.

use std::collections::BTreeMap;

use domain::Flag;

use super::Was;
use crate::{
    imap::{
        command::fetch::{self, Item},
        request::{Reply, Request},
        response::{Fetch, Untagged},
        session::Session,
    },
    mime::header::Headers,
};

/// What tells a message from others, and what a change may change.
const ITEMS: [Item; 2] = [Item::Fixed("UID FLAGS INTERNALDATE RFC822.SIZE"), Item::Fixed(MESSAGE_ID)];

const MESSAGE_ID: &str = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]";

/// What a change of flags changes, and one thing that is told by nobody who was not asked.
const STATE: Item = Item::Fixed("UID FLAGS INTERNALDATE");

/// Asks how these messages are.
pub(super) fn request(session: &Session, uids: &[u32], with_modseq: bool) -> Request {
    items_of(session, uids, &ITEMS, with_modseq)
}

/// The same of what flags and labels are, for which no server reads a message.
pub(super) fn state(session: &Session, uids: &[u32], with_modseq: bool) -> Request {
    items_of(session, uids, &[STATE], with_modseq)
}

fn items_of(session: &Session, uids: &[u32], items: &[Item], with_modseq: bool) -> Request {
    let labels = session.capabilities().has("X-GM-EXT-1").then_some(Item::Fixed("X-GM-LABELS"));
    let modseq = with_modseq.then_some(Item::Fixed("MODSEQ"));
    let items: Vec<Item> = items.iter().cloned().chain(labels).chain(modseq).collect();
    fetch::items_of(uids, &items)
}

/// Asks how the newest messages are, from that sequence number on.
pub(super) fn request_from(low: u32) -> Request {
    fetch::items_from(low, &ITEMS)
}

/// A message as it was.
#[derive(Debug, Clone)]
pub(super) struct Before {
    pub was: Was,
    pub modseq: Option<u64>,
}

/// What the server said of the flags of a message later.
#[derive(Debug)]
pub(super) struct Later {
    pub uid: u32,
    pub flags: Option<Vec<Flag>>,
    pub modseq: Option<u64>,
}

impl Later {
    fn of(fetch: Fetch) -> Option<Self> {
        Some(Self { uid: fetch.uid?, flags: fetch.flags, modseq: fetch.modseq })
    }
}

/// What the server said of messages: how they were, and everything that it said of them later.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub before: BTreeMap<u32, Before>,
    /// In the order in which it came.
    pub later: Vec<Later>,
    /// Whether some of these messages were taken away by others, and which is not known.
    pub has_ghosts: bool,
}

impl Told {
    /// Reads the answer to [`request`]. What a message was is what came first with all that was asked for:
    /// a change of which the server tells by itself, or one of ours that it is early with, has flags only.
    pub(super) fn read(reply: Reply) -> Self {
        let mut told = Self::read_if(reply, |fetch| fetch.size.is_some());
        if std::mem::take(&mut told.has_ghosts) {
            told.before.retain(|_, before| before.was.size != Some(0));
        }
        told
    }

    /// Reads the answer to [`state`].
    pub(super) fn read_state(reply: Reply) -> Self {
        Self::read_if(reply, |fetch| fetch.internal_date.is_some())
    }

    fn read_if(reply: Reply, is_answer: impl Fn(&Fetch) -> bool) -> Self {
        let mut told = Self { has_ghosts: fetch::has_ghosts(&reply), ..Self::default() };
        let mut parts: BTreeMap<u32, Fetch> = BTreeMap::new();
        for data in reply.data {
            let Untagged::Fetch(fetch) = data else { continue };
            let Some(uid) = fetch.uid else { continue };
            if told.before.contains_key(&uid) {
                told.later.extend(Later::of(*fetch));
                continue;
            }
            let whole = match parts.remove(&uid) {
                None => *fetch,
                Some(mut whole) => {
                    fetch::merge(&mut whole, *fetch);
                    whole
                }
            };
            if is_answer(&whole) && whole.flags.is_some() {
                told.before.insert(uid, before(uid, whole));
            } else {
                parts.insert(uid, whole);
            }
        }
        told
    }

    /// Adds what came with another command behind it.
    pub(super) fn hear(&mut self, reply: Reply) {
        self.later.extend(reply.data.into_iter().filter_map(|data| match data {
            Untagged::Fetch(fetch) => Later::of(*fetch),
            _ => None,
        }));
    }
}

fn before(uid: u32, fetch: Fetch) -> Before {
    let headers = fetch.sections.iter().filter_map(|section| section.data.as_deref());
    let message_id = headers.map(Headers::parse).find_map(|headers| headers.message_id());
    let mut flags = fetch.flags.unwrap_or_default();
    // Nobody can set it.
    flags.retain(|flag| !is_same(flag, &Flag::Keyword("\\Recent".to_owned())));
    let was = Was {
        uid,
        message_id,
        received: fetch.internal_date,
        size: fetch.size,
        flags,
        labels: fetch.gmail.map(|gmail| gmail.labels).unwrap_or_default(),
    };
    Before { was, modseq: fetch.modseq }
}

/// Whether the names are of one flag: keywords are the same in any case.
pub(super) fn is_same(one: &Flag, other: &Flag) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// Whether a message with these flags has all of the first and none of the second.
pub(super) fn is_as_wanted(flags: &[Flag], present: &[Flag], absent: &[Flag]) -> bool {
    let has = |wanted: &Flag| flags.iter().any(|flag| is_same(flag, wanted));
    present.iter().all(has) && !absent.iter().any(has)
}

/// Likewise for labels, which Gmail compares in any case.
pub(super) fn is_labelled(labels: &[String], present: &[String], absent: &[String]) -> bool {
    let has = |wanted: &String| labels.iter().any(|label| label.to_lowercase() == wanted.to_lowercase());
    present.iter().all(has) && !absent.iter().any(has)
}
