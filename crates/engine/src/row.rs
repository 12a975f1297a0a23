//! From what the server told of a message to what an agent sees of it in a list.

use std::borrow::Cow;

use domain::{Address, MessageRef, Summary, Timestamp};
use mail::{
    imap::folder::Folder,
    mime::{attachments, codes, invisible},
};
use sha2::{Digest, Sha256};

use crate::{Account, search::Row};

/// Characters of a subject or a name that are looked at and shown: no mail program shows more.
const LONGEST_LINE: usize = 2_000;

/// How far the Date header may be off before it is shown beside the time received.
const SENT_TOLERANCE: time::Duration = time::Duration::DAY;

impl Account {
    /// The id of a message in `folder`.
    pub(crate) fn id(&self, folder: &Folder, validity: u32, uid: u32) -> MessageRef {
        MessageRef { account: self.name.clone(), folder: folder.key(), uid, validity }
    }

    /// The row of a message. `snippet` is text that was rendered already.
    pub(crate) fn row(
        &self,
        folder: &Folder,
        validity: u32,
        summary: &Summary,
        snippet: Option<String>,
    ) -> Row {
        let envelope = &summary.envelope;
        let is_own = |address: &Address| address.email.eq_ignore_ascii_case(&self.address);
        let to: Vec<Address> = if envelope.to.iter().all(is_own) {
            Vec::new()
        } else {
            envelope.to.iter().map(address).collect()
        };
        Row {
            id: self.id(folder, validity, summary.uid),
            from: envelope.from.first().map(address),
            to,
            subject: self.line(&envelope.subject).0,
            date: summary.received,
            sent: sent(summary),
            flags: summary.flags.clone(),
            size: summary.size,
            attachments: summary.structure.as_ref().map_or(0, |structure| {
                attachments::attachments(structure).iter().filter(|a| !a.is_inline).count()
            }),
            list: summary.list_id.as_deref().map(|list| clean(list).into_owned()),
            thread: thread(summary),
            labels: summary.gmail.as_ref().map(|gmail| gmail.labels.clone()).unwrap_or_default(),
            snippet,
        }
    }

    /// One line of a sender's text as an agent sees it, how many invisible characters were removed and
    /// how many codes masked. Nothing else bounds what a server tells of a subject.
    pub(crate) fn line(&self, text: &str) -> (String, usize, usize) {
        let (cleaned, removed) = invisible::clean(text);
        let mut cleaned = single_line(&cleaned);
        if let Some((end, _)) = cleaned.char_indices().nth(LONGEST_LINE) {
            cleaned.truncate(end);
            cleaned.push('…');
        }
        if self.shows_codes {
            return (cleaned, removed, 0);
        }
        let (masked, count) = codes::mask(&cleaned);
        (masked, removed, count)
    }
}

/// An address without what nobody would see of it.
pub(crate) fn address(address: &Address) -> Address {
    Address { name: single_line(&clean(&address.name)), email: single_line(&clean(&address.email)) }
}

/// The Date header, where it differs from the time received by more than a day.
pub(crate) fn sent(summary: &Summary) -> Option<Timestamp> {
    summary.envelope.date.filter(|sent| (*sent - summary.received).abs() > SENT_TOLERANCE)
}

fn clean(text: &str) -> Cow<'_, str> {
    invisible::clean(text).0
}

/// Text on one line: whatever breaks lines becomes a space.
pub(crate) fn single_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        let words = text.split(|c: char| breaks(c) || c.is_whitespace()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    } else {
        text.trim().to_owned()
    }
}

/// The same short name for all messages of a thread: of the server's thread id, else of the oldest message
/// that the references name.
fn thread(summary: &Summary) -> Option<String> {
    let root = match summary.server_thread() {
        Some(thread) => thread,
        None => summary.answered().next().or(summary.envelope.message_id.as_ref())?.clone(),
    };
    let digest = Sha256::digest(root.as_bytes());
    let mut number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut name = String::with_capacity(8);
    for _ in 0..8 {
        name.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
    }
    Some(name)
}
