//! FETCH: rows of a list, and sections of messages (RFC 9051, 6.4.5). Never sets `\Seen`: only PEEK.

use std::collections::HashMap;

use domain::{Envelope, PartPath, Summary, Timestamp};

use super::super::{
    capability::Capabilities,
    request::{Reply, Request, Wants},
    response::{Fetch, Section, SectionText, Untagged},
    wire::{Command, sequence},
};
use crate::mime::header::Headers;

/// What a row needs: everything but bodies.
const ROW: &str = "UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE \
     BODY.PEEK[HEADER.FIELDS (REFERENCES LIST-ID LIST-UNSUBSCRIBE AUTHENTICATION-RESULTS REPLY-TO)]";

/// What Gmail adds to a row (X-GM-EXT-1).
const GMAIL: &str = "X-GM-MSGID X-GM-THRID X-GM-LABELS";

/// What a server with OBJECTID (RFC 8474) adds to a row.
const THREAD: &str = "THREADID";

/// How many octets of each literal that comes in chunks are kept.
pub(in crate::imap) const KEEP: usize = 4 << 20;

/// Something to fetch of a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// Items of the protocol, as they are written.
    Fixed(&'static str),
    /// The content of a part (of the message itself if the path is empty), with PEEK: all of it, or the
    /// first octets.
    Part(PartPath, Option<u64>),
    /// Some octets of the content of a part, with PEEK: from where, and how many.
    Window(PartPath, u64, u64),
    /// The same without its transfer encoding (RFC 3516).
    DecodedWindow(PartPath, u64, u64),
    /// How many octets a part has without its transfer encoding (RFC 3516).
    DecodedSize(PartPath),
    /// Some octets of what follows the message's header, with PEEK: from where, and how many.
    TextWindow(u64, u64),
    /// One field of the header, and those that a row needs if wanted.
    Field(String, bool),
}

impl Item {
    /// What tells a message from others and may have changed: UID and flags.
    pub const STATE: Self = Self::Fixed("UID FLAGS");
    /// Everything a summary is made of, the header excepted.
    pub const ENVELOPE: Self = Self::Fixed("INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE");
    /// Who wrote to whom, and when.
    pub const CORRESPONDENTS: Self = Self::Fixed("UID INTERNALDATE ENVELOPE");
    /// The whole header.
    pub const HEADER: Self = Self::Fixed("BODY.PEEK[HEADER]");

    /// What the server knows of a message's thread: what Gmail adds, else THREADID.
    pub fn thread(capabilities: &Capabilities) -> Option<Self> {
        if capabilities.has("X-GM-EXT-1") {
            return Some(Self::Fixed(GMAIL));
        }
        capabilities.has("OBJECTID").then_some(Self::Fixed(THREAD))
    }

    fn write(&self, command: Command) -> Command {
        match self {
            Self::Fixed(items) => command.syntax(items),
            Self::Part(path, None) => command.atom(format!("BODY.PEEK[{path}]")),
            Self::Part(path, Some(octets)) => command.atom(format!("BODY.PEEK[{path}]<0.{octets}>")),
            Self::Window(path, from, octets) => command.atom(format!("BODY.PEEK[{path}]<{from}.{octets}>")),
            Self::DecodedSize(path) => command.atom(format!("BINARY.SIZE[{path}]")),
            Self::DecodedWindow(path, from, octets) => {
                command.atom(format!("BINARY.PEEK[{path}]<{from}.{octets}>"))
            }
            Self::TextWindow(from, octets) => command.atom(format!("BODY.PEEK[TEXT]<{from}.{octets}>")),
            Self::Field(name, false) => command.header_fields(&[name]),
            Self::Field(name, true) => {
                let rows =
                    ["REFERENCES", "LIST-ID", "LIST-UNSUBSCRIBE", "AUTHENTICATION-RESULTS", "REPLY-TO"];
                command.header_fields(&[&rows[..], &[name.as_str()]].concat())
            }
        }
    }
}

/// A row and one more field of the header.
pub fn row_with(capabilities: &Capabilities, field: &str) -> Vec<Item> {
    let field = Item::Field(field.to_owned(), true);
    [Some(Item::STATE), Some(Item::ENVELOPE), Some(field), Item::thread(capabilities)]
        .into_iter()
        .flatten()
        .collect()
}

/// One field of the header of each message by sequence number, from `low` to the newest.
pub fn fields_from(low: u32, field: &str) -> Request {
    let items = [Item::Fixed("UID"), Item::Field(field.to_owned(), false)];
    request(Command::new("FETCH").atom(format!("{low}:*")), &items, Wants::Fetch)
}

fn row_items(capabilities: &Capabilities) -> Vec<Item> {
    [Some(Item::Fixed(ROW)), Item::thread(capabilities)].into_iter().flatten().collect()
}

/// Rows by sequence number, from `low` to the newest or to `high`.
pub fn rows_from(capabilities: &Capabilities, low: u32, high: Option<u32>) -> Request {
    let high = high.map_or_else(|| "*".to_owned(), |high| high.to_string());
    let command = Command::new("FETCH").atom(format!("{low}:{high}"));
    request(command, &row_items(capabilities), Wants::Fetch)
}

/// Rows of these UIDs.
pub fn rows_of(capabilities: &Capabilities, uids: &[u32]) -> Request {
    items_of(uids, &row_items(capabilities))
}

/// Any items of these UIDs.
pub fn items_of(uids: &[u32], items: &[Item]) -> Request {
    let ranges = sequence::compress(uids.iter().copied());
    request(Command::new("UID FETCH").ranges(&ranges), items, Wants::Uids(ranges))
}

/// Any items of the messages by sequence number, from `low` to the newest.
pub fn items_from(low: u32, items: &[Item]) -> Request {
    request(Command::new("FETCH").atom(format!("{low}:*")), items, Wants::Fetch)
}

/// The UIDs from `low` up, and that of the newest message in any case.
pub fn uids_from(low: u32) -> Request {
    let command = Command::new("UID FETCH").atom(format!("{low}:*"));
    request(command, &[Item::STATE], Wants::Uids(vec![(low, u32::MAX)]))
}

fn request(command: Command, items: &[Item], wants: Wants) -> Request {
    let command = items.iter().fold(command.open(), |command, item| item.write(command)).close();
    Request { keep: KEEP, ..Request::new(command, wants) }
}

/// All FETCH data of a reply; several of the same message are merged, since servers may send the flags
/// apart from the rest. A message is known by its UID: sequence numbers move when others are expunged in
/// the middle of a UID FETCH.
pub fn read(reply: Reply) -> Vec<Fetch> {
    let has_ghosts = has_ghosts(&reply);
    let mut out: Vec<Fetch> = Vec::with_capacity(reply.data.len());
    let mut by_uid: HashMap<u32, usize> = HashMap::new();
    let mut by_sequence: HashMap<u32, usize> = HashMap::new();
    for data in reply.data {
        let Untagged::Fetch(fetch) = data else { continue };
        let same_number = by_sequence.get(&fetch.sequence).copied();
        let seen = match fetch.uid {
            None => same_number,
            Some(uid) => by_uid.get(&uid).copied().or_else(|| {
                same_number.filter(|index| out.get(*index).is_some_and(|seen: &Fetch| seen.uid.is_none()))
            }),
        };
        let index = seen.unwrap_or(out.len());
        by_sequence.insert(fetch.sequence, index);
        by_uid.extend(fetch.uid.map(|uid| (uid, index)));
        match out.get_mut(index) {
            Some(seen) => merge(seen, *fetch),
            None => out.push(*fetch),
        }
    }
    if has_ghosts {
        out.retain(|fetch| !is_ghost(fetch));
    }
    out
}

/// Whether some of the messages were expunged by somebody else, which the server may not tell during
/// FETCH; it answers with empty items instead (EXPUNGEISSUED, RFC 5530; seen with Dovecot).
pub fn has_ghosts(reply: &Reply) -> bool {
    reply.status.code.as_ref().is_some_and(|code| code.to_string() == "EXPUNGEISSUED")
}

fn is_ghost(fetch: &Fetch) -> bool {
    let is_empty = !fetch.sections.is_empty() && fetch.sections.iter().all(|section| section.data.is_none());
    fetch.size == Some(0) || is_empty
}

/// Adds to what is known of a message; flags are the later ones.
pub(in crate::imap) fn merge(into: &mut Fetch, from: Fetch) {
    into.sequence = from.sequence;
    into.uid = into.uid.or(from.uid);
    into.flags = from.flags.or(into.flags.take());
    into.internal_date = into.internal_date.or(from.internal_date);
    into.size = into.size.or(from.size);
    into.envelope = into.envelope.take().or(from.envelope);
    into.structure = into.structure.take().or(from.structure);
    into.modseq = from.modseq.or(into.modseq);
    into.gmail = into.gmail.take().or(from.gmail);
    into.preview = into.preview.take().or(from.preview);
    into.email_id = into.email_id.take().or(from.email_id);
    into.thread_id = into.thread_id.take().or(from.thread_id);
    into.sections.extend(from.sections);
}

/// A row as a summary; absent for data without a UID, which nobody asked for.
pub fn summary(fetch: Fetch) -> Option<Summary> {
    let uid = fetch.uid?;
    let fields = fetch.sections.iter().find_map(|section| match section.text {
        SectionText::HeaderFields(_) => section.data.as_deref(),
        SectionText::Header if section.path == PartPath::default() => section.data.as_deref(),
        _ => None,
    });
    let header = Headers::parse(fields.unwrap_or_default());
    let envelope = fetch.envelope.map_or_else(Envelope::default, |envelope| *envelope);
    Some(Summary {
        uid,
        flags: fetch.flags.unwrap_or_default(),
        received: fetch.internal_date.or(envelope.date).unwrap_or(Timestamp::UNIX_EPOCH),
        size: fetch.size.unwrap_or_default(),
        envelope,
        structure: fetch.structure.map(|structure| *structure),
        references: header.references(),
        list_id: header.list_id(),
        has_unsubscribe: header.has_unsubscribe(),
        authentication_results: header.authentication_results(),
        gmail: fetch.gmail,
        thread_id: fetch.thread_id,
    })
}

/// The section of `fetch` for the whole of the part at `path`.
pub fn part<'a>(fetch: &'a Fetch, path: &PartPath) -> Option<&'a Section> {
    fetch.sections.iter().find(|section| section.text == SectionText::Whole && section.path == *path)
}

/// The header of the message itself, if it was asked for.
pub fn header(fetch: &Fetch) -> Option<&Section> {
    let is_header =
        |section: &&Section| section.text == SectionText::Header && section.path == PartPath::default();
    fetch.sections.iter().find(is_header)
}
