//! Steps, places and targets as octets: a version, then JSON whose fields are named by their order; deflated if
//! it is long, since a step of a thousand messages says much the same of each.
//!
//! What another version wrote is not read, and not taken for something else.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use domain::{Flag, Timestamp};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use mail::imap::{
    change::{End, OneTransferred, Was},
    write::Placed,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{MovedTo, Place, Reflagged, Step};

/// What follows is JSON.
const PLAIN: u8 = 1;

/// What follows is deflated JSON.
const DEFLATED: u8 = 2;

/// From how many octets on it is worth deflating.
const LONG: usize = 2 << 10;

/// How many octets JSON may have that was deflated.
const MOST: u64 = 64 << 20;

/// A mailbox's name, one character for each octet: servers write what they like.
type Wire = String;

#[derive(Serialize, Deserialize)]
struct PlaceForm(Wire, String, u32);

#[derive(Serialize, Deserialize)]
struct ReflaggedForm(u32, Vec<String>, Vec<String>, Vec<String>, Vec<String>, Option<u64>);

/// UID, Message-ID, received (seconds since 1970), size, flags, labels.
#[derive(Serialize, Deserialize)]
struct WasForm(u32, Option<String>, Option<i64>, Option<u64>, Vec<String>, Vec<String>);

#[derive(Serialize, Deserialize)]
struct OneForm(WasForm, Option<(u32, u32)>, EndForm);

#[derive(Serialize, Deserialize)]
enum EndForm {
    #[serde(rename = "d")]
    Done,
    #[serde(rename = "h")]
    Here,
    #[serde(rename = "b")]
    Both,
    #[serde(rename = "u")]
    Unknown,
}

#[derive(Serialize, Deserialize)]
enum StepForm {
    #[serde(rename = "f")]
    Flags(PlaceForm, Vec<ReflaggedForm>),
    #[serde(rename = "t")]
    Transfer(PlaceForm, (Wire, String), bool, Vec<u32>, Vec<OneForm>),
    #[serde(rename = "d")]
    Destroyed(PlaceForm, Vec<u32>),
    #[serde(rename = "c")]
    Created(Wire),
    #[serde(rename = "n")]
    Renamed(Wire, Wire),
    #[serde(rename = "r")]
    Removed(Wire, bool),
    #[serde(rename = "s")]
    Subscribed(Wire, bool),
}

#[derive(Serialize, Deserialize)]
struct MovedToForm(Wire, Option<(u32, u32)>, Option<String>);

/// A step as octets.
pub(super) fn write_step(step: &Step) -> Vec<u8> {
    write(&match step {
        Step::Flags { at, messages } => StepForm::Flags(place(at), messages.iter().map(reflagged).collect()),
        Step::Transfer { from, to, is_copy, uids, messages } => StepForm::Transfer(
            place(from),
            (wire(&to.0), to.1.clone()),
            *is_copy,
            uids.clone(),
            messages.iter().map(one).collect(),
        ),
        Step::Destroyed { at, uids } => StepForm::Destroyed(place(at), uids.clone()),
        Step::Created { wire: name } => StepForm::Created(wire(name)),
        Step::Renamed { from, to } => StepForm::Renamed(wire(from), wire(to)),
        Step::Removed { wire: name, was_subscribed } => StepForm::Removed(wire(name), *was_subscribed),
        Step::Subscribed { wire: name, is_on } => StepForm::Subscribed(wire(name), *is_on),
    })
}

/// A step out of octets; nothing if another version wrote them.
pub(super) fn read_step(octets: &[u8]) -> Option<Step> {
    Some(match read(octets)? {
        StepForm::Flags(at, messages) => {
            Step::Flags { at: read_place(at)?, messages: messages.into_iter().map(read_reflagged).collect() }
        }
        StepForm::Transfer(from, to, is_copy, uids, messages) => Step::Transfer {
            from: read_place(from)?,
            to: (read_wire(&to.0)?, to.1),
            is_copy,
            uids,
            messages: messages.into_iter().map(read_one).collect::<Option<_>>()?,
        },
        StepForm::Destroyed(at, uids) => Step::Destroyed { at: read_place(at)?, uids },
        StepForm::Created(name) => Step::Created { wire: read_wire(&name)? },
        StepForm::Renamed(from, to) => Step::Renamed { from: read_wire(&from)?, to: read_wire(&to)? },
        StepForm::Removed(name, was_subscribed) => Step::Removed { wire: read_wire(&name)?, was_subscribed },
        StepForm::Subscribed(name, is_on) => Step::Subscribed { wire: read_wire(&name)?, is_on },
    })
}

/// A target as octets.
pub(super) fn write_moved(to: &MovedTo) -> Vec<u8> {
    let placed = to.placed.map(|placed| (placed.validity, placed.uid));
    write(&MovedToForm(wire(&to.wire), placed, to.message_id.clone()))
}

/// A target out of octets; nothing if another version wrote them.
pub(super) fn read_moved(octets: &[u8]) -> Option<MovedTo> {
    let MovedToForm(name, placed, message_id) = read(octets)?;
    Some(MovedTo { wire: read_wire(&name)?, placed: placed.map(read_placed), message_id })
}

/// What names the place of a message.
pub(super) fn place_name(wire: &[u8], placed: Placed) -> Vec<u8> {
    [b"p", wire, b"\0", &placed.validity.to_be_bytes(), &placed.uid.to_be_bytes()].concat()
}

/// The mailbox, as the server writes its name, and the place that [`place_name`] named.
pub(super) fn place_of_name(name: &[u8]) -> Option<(&[u8], Placed)> {
    let (rest, uid) = name.strip_prefix(b"p")?.split_last_chunk()?;
    let (rest, validity) = rest.split_last_chunk()?;
    let wire = rest.strip_suffix(b"\0")?;
    Some((wire, Placed { validity: u32::from_be_bytes(*validity), uid: u32::from_be_bytes(*uid) }))
}

/// What names a message in a mailbox whose UID is not known.
pub(super) fn message_name(wire: &[u8], message_id: &str) -> Vec<u8> {
    [b"m", wire, b"\0", message_id.as_bytes()].concat()
}

fn write<T: Serialize>(form: &T) -> Vec<u8> {
    let mut octets = vec![PLAIN];
    // Nothing in these forms can fail to be written.
    if serde_json::to_writer(&mut octets, form).is_err() {
        octets.truncate(1);
    }
    if octets.len() < LONG {
        return octets;
    }
    let mut deflated = DeflateEncoder::new(vec![DEFLATED], Compression::fast());
    let deflated = deflated.write_all(octets.get(1..).unwrap_or_default()).and_then(|()| deflated.finish());
    deflated.unwrap_or(octets)
}

fn read<T: DeserializeOwned>(octets: &[u8]) -> Option<T> {
    match octets.split_first()? {
        (&PLAIN, json) => serde_json::from_slice(json).ok(),
        (&DEFLATED, deflated) => {
            let mut json = Vec::new();
            DeflateDecoder::new(deflated).take(MOST).read_to_end(&mut json).ok()?;
            serde_json::from_slice(&json).ok()
        }
        _ => None,
    }
}

fn wire(name: &[u8]) -> Wire {
    name.iter().copied().map(char::from).collect()
}

fn read_wire(name: &str) -> Option<Bytes> {
    name.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>().map(Bytes::from)
}

fn place(place: &Place) -> PlaceForm {
    PlaceForm(wire(&place.wire), place.key.clone(), place.validity)
}

fn read_place(PlaceForm(name, key, validity): PlaceForm) -> Option<Place> {
    Some(Place { wire: read_wire(&name)?, key, validity })
}

fn flags(flags: &[Flag]) -> Vec<String> {
    flags.iter().map(|flag| flag.as_str().to_owned()).collect()
}

fn read_flags(flags: &[String]) -> Vec<Flag> {
    flags.iter().map(|flag| Flag::parse(flag)).collect()
}

fn reflagged(message: &Reflagged) -> ReflaggedForm {
    ReflaggedForm(
        message.uid,
        flags(&message.added),
        flags(&message.removed),
        message.added_labels.clone(),
        message.removed_labels.clone(),
        message.modseq,
    )
}

fn read_reflagged(form: ReflaggedForm) -> Reflagged {
    let ReflaggedForm(uid, added, removed, added_labels, removed_labels, modseq) = form;
    let (added, removed) = (read_flags(&added), read_flags(&removed));
    Reflagged { uid, added, removed, added_labels, removed_labels, modseq }
}

fn one(message: &OneTransferred) -> OneForm {
    let Was { uid, message_id, received, size, flags: set, labels } = &message.was;
    let was = WasForm(
        *uid,
        message_id.clone(),
        received.map(Timestamp::unix_timestamp),
        *size,
        flags(set),
        labels.clone(),
    );
    let end = match message.end {
        End::Done => EndForm::Done,
        End::Here => EndForm::Here,
        End::Both => EndForm::Both,
        End::Unknown => EndForm::Unknown,
    };
    OneForm(was, message.to.map(|placed| (placed.validity, placed.uid)), end)
}

fn read_one(OneForm(was, to, end): OneForm) -> Option<OneTransferred> {
    let WasForm(uid, message_id, received, size, flags, labels) = was;
    let received = received.map(Timestamp::from_unix_timestamp).transpose().ok()?;
    let end = match end {
        EndForm::Done => End::Done,
        EndForm::Here => End::Here,
        EndForm::Both => End::Both,
        EndForm::Unknown => End::Unknown,
    };
    let was = Was { uid, message_id, received, size, flags: read_flags(&flags), labels };
    Some(OneTransferred { was, to: to.map(read_placed), end })
}

fn read_placed((validity, uid): (u32, u32)) -> Placed {
    Placed { validity, uid }
}
