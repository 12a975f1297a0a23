//! A file of a message that waits, as it will leave.

use bytes::Bytes;
use domain::{Problem, reading::Attachment};
use mail::mime::{attachments::attachments, decode::decode_transfer};
use storage::Outgoing;

use super::letter::Opened;
use crate::{Engine, attachment::part_at};

/// A file to look at before it leaves.
#[derive(Debug, Clone)]
pub struct LetterFile {
    /// Its name, safe to show and to write.
    pub name: String,
    /// Its media type as the message claims it.
    pub media_type: String,
    /// Its octets.
    pub octets: Bytes,
}

impl Engine {
    /// The file of that number (from 1) of the message, or (0) all of the message as it is stored; nothing if there
    /// is none, or its octets are kept no longer.
    pub async fn letter_file(
        &self,
        message: &Outgoing,
        number: usize,
    ) -> Result<Option<LetterFile>, Problem> {
        let Some(stored) = self.stored_letter(message).await? else { return Ok(None) };
        self.read_apart(move || file(&stored, number)).await
    }
}

fn file(stored: &[u8], number: usize) -> Option<LetterFile> {
    if number == 0 {
        let (name, media_type) = ("message.eml".to_owned(), "message/rfc822".to_owned());
        return Some(LetterFile { name, media_type, octets: Bytes::copy_from_slice(stored) });
    }
    let parsed = Opened::of(stored).parsed;
    let listed = attachments(&parsed.structure).into_iter().find(|listed| listed.index == number)?;
    let Attachment { name, media_type, path, .. } = listed;
    let octets = parsed.part_bytes.get(&path).cloned().unwrap_or_default();
    let encoding = part_at(&parsed.structure, &path).map(|part| part.encoding.as_str()).unwrap_or_default();
    let octets = Bytes::from(decode_transfer(encoding, &octets).into_owned());
    Some(LetterFile { name, media_type, octets })
}
