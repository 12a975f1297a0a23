//! What names a sending: the grant's own key, the draft, or what is said to whom; and the hash of what was
//! asked, by which the same wish is told from another one under the same key.
//!
//! Nothing is fetched for it: a known key is answered before any work is done.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Code, DraftId, Problem, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    fields::Fields,
    outgoing::{Composition, FileSource, Follows, SendRequest, Sending},
};

/// How keys begin that are made of what is said. Such a key is told to who gave none, and taken back.
const MADE: &str = "hash:";

/// How keys of answers to invites begin: made of event, step and answer.
pub(crate) const ANSWER: &str = "answer:";

/// The longest key that is taken, in characters.
const LONGEST: usize = 200;

/// By what a sending is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The name that it is kept under; each kind has its own beginning, so that none is taken for another.
    pub(super) key: String,
    /// Whether the key is made of what is said, so that it ends soon.
    pub(super) is_of_content: bool,
    /// Whether the caller gave it: then it names what it named as long as that is kept.
    pub(super) is_given: bool,
    /// Hash of what was asked.
    pub(super) content: [u8; 32],
}

/// The key that a grant gave, as it is kept.
pub(super) fn given(key: &str) -> Result<String, Problem> {
    if key.is_empty() || key.chars().count() > LONGEST || key.chars().any(char::is_control) {
        return Err(Problem::new(
            Code::InvalidInput,
            format!("A key has 1 to {LONGEST} characters, none of them a control character."),
        ));
    }
    Ok(if is_made(key) || key.starts_with(ANSWER) { key.to_owned() } else { format!("key:{key}") })
}

/// Whether a key is one that was made here.
fn is_made(key: &str) -> bool {
    let digest = key.strip_prefix(MADE).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    digest.is_some_and(|digest| digest.len() == 32)
}

/// What is to be given alone to learn how a sending stands, by the key that it is kept under.
pub(super) fn to_ask_with(key: &str) -> String {
    match key.split_once(':') {
        Some(("draft", draft)) => format!("`{draft}` as `idempotency_key`"),
        Some(("hash" | "answer", _)) => format!("`{key}` as `idempotency_key`"),
        _ => "the same `idempotency_key`".to_owned(),
    }
}

/// The key of a draft that is sent without another.
pub(super) fn of_draft(draft: &DraftId) -> String {
    format!("draft:{draft}")
}

/// What is asked by this request; nothing if it only asks how a sending stands.
pub(super) async fn asked(request: &SendRequest) -> Result<Option<Asked>, Problem> {
    let mut fields = Fields::default();
    let own = match &request.sending {
        Sending::State { .. } => return Ok(None),
        // Which of its versions is meant is compared where the versions are known.
        Sending::Draft { draft, .. } => {
            fields.add("draft");
            fields.add(draft.as_str());
            Some(of_draft(draft))
        }
        Sending::New(composition) => {
            fields.add("new");
            add_composition(&mut fields, composition).await?;
            None
        }
        // The comment is not part of it: the same answer is not given twice.
        Sending::Invite(answer) => {
            fields.add("invite");
            fields.add(&answer.key);
            Some(answer.key.clone())
        }
    };
    let content = fields.hash();
    let made = || format!("{MADE}{}", BASE64_URL_SAFE_NO_PAD.encode(content));
    Ok(Some(match (&request.key, own) {
        (Some(key), _) if key.starts_with(ANSWER) => return Err(another()),
        (Some(key), own) if is_made(key) => {
            if own.is_some() || *key != made() {
                return Err(another());
            }
            Asked { key: key.clone(), is_of_content: true, is_given: true, content }
        }
        (Some(key), _) => Asked { key: given(key)?, is_of_content: false, is_given: true, content },
        (None, Some(key)) => Asked { key, is_of_content: false, is_given: false, content },
        (None, None) => Asked { key: made(), is_of_content: true, is_given: false, content },
    }))
}

/// The problem of a key that names another message than the one it is given with.
pub(super) fn another() -> Problem {
    Problem::new(Code::Conflict, "This `idempotency_key` names another message that was sent before.").hint(
        "For a new message give a new `idempotency_key`; with the key alone the earlier outcome is told.",
    )
}

/// The text that a Message-ID is made of beside the grant. A key of content names another message later,
/// which must not look to its recipients like the one before.
pub(super) fn of_message_id(asked: &Asked, now: Timestamp) -> String {
    if asked.is_of_content {
        format!("{} {}", asked.key, now.unix_timestamp_nanos())
    } else {
        asked.key.clone()
    }
}

async fn add_composition(fields: &mut Fields, composition: &Composition) -> Result<(), Problem> {
    // Every field is named here, so that a new one is not forgotten.
    let Composition { account, follows, from, to, cc, bcc, subject, body, html, attachments, signature } =
        composition;
    let (kind, id) = match follows {
        None => ("", ""),
        Some(Follows::Reply(id)) => ("reply", id.as_str()),
        Some(Follows::ReplyAll(id)) => ("reply all", id.as_str()),
        Some(Follows::Forward(id)) => ("forward", id.as_str()),
    };
    fields.add(kind);
    fields.add(id);
    for field in [account, from, subject, body, html] {
        fields.add_optional(field.as_deref());
    }
    for list in [to, cc, bcc] {
        fields.add_list(list.as_deref());
    }
    fields.add([u8::from(*signature)]);
    fields.add([u8::from(attachments.is_some())]);
    for source in attachments.iter().flatten() {
        add_source(fields, source).await?;
    }
    Ok(())
}

async fn add_source(fields: &mut Fields, source: &FileSource) -> Result<(), Problem> {
    match source {
        FileSource::FromMessage { message, index } => {
            fields.add("message");
            fields.add(message);
            fields.add(index.map_or(u64::MAX, |index| index as u64).to_be_bytes());
        }
        FileSource::Upload(id) => {
            fields.add("upload");
            fields.add(id.as_str());
        }
        FileSource::Opened { name, media_type, size, file } => {
            for field in ["file", name, media_type] {
                fields.add(field);
            }
            let unreadable = || {
                Problem::new(Code::InvalidInput, "A file to be attached cannot be read.")
                    .hint("Check that it is a plain file and still there.")
            };
            let (file, size) = (file.try_clone().map_err(|_| unreadable())?, *size);
            let hashed = tokio::task::spawn_blocking(move || of_file(&file, size)).await;
            let digest = hashed.map_err(|_| unreadable())?.map_err(|_| unreadable())?;
            fields.add(digest);
        }
        FileSource::Octets { name, media_type, content_id, octets } => {
            for field in ["octets", name, media_type] {
                fields.add(field);
            }
            fields.add_optional(content_id.as_deref());
            fields.add(octets);
        }
    }
    Ok(())
}

/// The file's content; it is at its beginning again afterwards.
fn of_file(mut file: &File, size: u64) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    let mut rest = file.take(size);
    loop {
        let count = rest.read(&mut piece)?;
        if count == 0 {
            break;
        }
        hash.update(piece.get(..count).unwrap_or_default());
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(hash.finalize().into())
}

#[cfg(test)]
mod tests;
