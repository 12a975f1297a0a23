//! Files that go along: found where they are, with the limits of reading, and not fetched yet.

use domain::{Code, Part, Principal, Problem, UploadId};
use mail::mime::{
    attachments::clean_file_name,
    compose::{FileEncoding, FilePart},
};

use super::{
    FileSource,
    media_type::media_type,
    originals::Followed,
    source::Source,
    spool::{MAX_SIZE, too_large},
    whole_message::{self, Header},
};
use crate::{
    Engine,
    attachment::{Found, Windows},
    read,
};

/// Files of one message.
pub(super) const MAX_FILES: usize = 50;

/// Octets that come with a call, all files together.
const MAX_IN_CALL: usize = 1 << 20;

/// A file that goes along.
pub(super) struct Attached {
    /// Its `content_id` is a wish: it is shown inline only where the HTML refers to it.
    pub(super) part: FilePart,
    pub(super) source: Source,
    /// Its octets in the message, about.
    pub(super) estimate: u64,
}

impl Attached {
    /// A file that is encoded.
    pub(super) fn encoded(name: &str, media_type: String, size: Option<u64>, source: Source) -> Self {
        let encoding = FileEncoding::Base64;
        let estimate = encoding.encoded_size(size.unwrap_or_default());
        let part = FilePart { name: file_name(name), media_type, content_id: None, encoding, size };
        Self { part, source, estimate }
    }

    /// A part of a stored message, read window by window.
    pub(super) fn of_part(name: &str, part: &Part, windows: Windows) -> Self {
        let kind = media_type(&part.media_type(), name);
        let charset = part.parameters.get("charset").filter(|_| part.kind == "text");
        // Servers tell us-ascii also where a part names none.
        let is_token = |text: &&String| {
            !text.eq_ignore_ascii_case("us-ascii")
                && !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        let kind = match charset.filter(is_token) {
            Some(charset) => format!("{kind}; charset={charset}"),
            None => kind,
        };
        let mut attached = Self::encoded(name, kind, None, Source::Part(Box::new(windows.decoded_there())));
        // It stands there encoded already, most likely as it will here.
        attached.estimate = part.size;
        attached
    }
}

/// A name that is safe to write, and is one.
fn file_name(name: &str) -> String {
    let name = clean_file_name(name);
    if name.is_empty() { "file".to_owned() } else { name }
}

/// Refuses what is too many or too large before anything of it is fetched.
pub(super) fn check(files: &[Attached]) -> Result<(), Problem> {
    if files.len() > MAX_FILES {
        return Err(too_many(files.len()));
    }
    let size = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.estimate));
    // Estimates are generous, servers' sizes sometimes wrong: what is near is counted when it comes.
    if size > MAX_SIZE + MAX_SIZE / 16 { Err(too_large(Some(size), MAX_SIZE)) } else { Ok(()) }
}

pub(super) fn too_many(count: usize) -> Problem {
    let told = format!("A message carries at most {MAX_FILES} files, and these are {count}.");
    Problem::new(Code::TooMany, told).hint("Attach fewer, or pack them into one.")
}

impl Engine {
    /// Finds the files that were asked for. A message that `followed` holds already is not read again.
    pub(super) async fn attach(
        &self,
        principal: &Principal,
        sources: Vec<FileSource>,
        followed: Option<&Followed>,
    ) -> Result<Vec<Attached>, Problem> {
        if sources.len() > MAX_FILES {
            return Err(too_many(sources.len()));
        }
        let mut seen: Vec<(String, Followed)> = Vec::new();
        let mut in_call = 0_usize;
        let mut out = Vec::with_capacity(sources.len());
        for source in sources {
            out.push(match source {
                FileSource::Octets { name, media_type: given, content_id, octets } => {
                    in_call = in_call.saturating_add(octets.len());
                    if in_call > MAX_IN_CALL {
                        let told = "Files in a call have at most 1 MB together.";
                        return Err(Problem::new(Code::TooLarge, told)
                            .hint("Upload larger ones, or attach them from messages."));
                    }
                    let size = Some(octets.len() as u64);
                    let kind = media_type(&given, &name);
                    let mut attached = Attached::encoded(&name, kind, size, Source::Octets(octets));
                    attached.part.content_id = content_id
                        .map(|id| id.trim().trim_matches(['<', '>']).to_owned())
                        .filter(|id| !id.is_empty());
                    attached
                }
                FileSource::Opened { name, media_type: given, size, file } => {
                    let kind = media_type(&given, &name);
                    Attached::encoded(&name, kind, Some(size), Source::File(file.into(), size))
                }
                FileSource::Upload(id) => self.uploaded(principal, &id).await?,
                FileSource::FromMessage { message, index } => {
                    let is_followed = followed.is_some_and(|followed| followed.id().to_string() == message);
                    if !is_followed && !seen.iter().any(|(id, _)| *id == message) {
                        seen.push((message.clone(), self.followed(principal, &message).await?));
                    }
                    let found = seen.iter().find(|(id, _)| *id == message).map(|(_, found)| found);
                    let found = found.or(followed).ok_or_else(read::gone)?;
                    match index {
                        Some(index) => self.attach_part(principal, found, index).await?,
                        None => self.attach_whole(principal, found).await?,
                    }
                }
            });
        }
        check(&out)?;
        Ok(out)
    }

    /// All files of a message that is handed on.
    pub(super) async fn attach_files_of(
        &self,
        principal: &Principal,
        followed: &Followed,
    ) -> Result<Vec<Attached>, Problem> {
        let files = &followed.message.attachments;
        if files.len() > MAX_FILES {
            return Err(too_many(files.len()));
        }
        let mut out = Vec::with_capacity(files.len());
        for file in files {
            out.push(self.attach_part(principal, followed, file.index).await?);
        }
        check(&out)?;
        Ok(out)
    }

    async fn attach_part(
        &self,
        principal: &Principal,
        followed: &Followed,
        index: usize,
    ) -> Result<Attached, Problem> {
        let (group, summary) = (&followed.group, &followed.source.summary);
        let found = Found::among(principal, group, summary, &followed.message, index)?;
        self.check_codes(&found).await?;
        let (name, part) = (found.listed.name.clone(), found.part.clone());
        if part.kind == "message" {
            let random = &self.0.settings.random;
            return whole_message::attach(&name, part.size, found.stream(), Header::AsItIs, random).await;
        }
        Ok(Attached::of_part(&name, &part, found.stream()))
    }

    /// The message itself, as a file.
    async fn attach_whole(&self, principal: &Principal, followed: &Followed) -> Result<Attached, Problem> {
        let (group, summary) = (&followed.group, &followed.source.summary);
        if !group.account.shows_codes {
            let holds_code = followed.message.trust.masked_codes > 0;
            if holds_code || group.withholds_source(summary.uid).await? {
                return Err(crate::attachment::withheld());
            }
            if followed.message.attachments.len() > MAX_FILES {
                return Err(too_many(followed.message.attachments.len()));
            }
            for file in &followed.message.attachments {
                let found = Found::among(principal, group, summary, &followed.message, file.index)?;
                self.check_codes(&found).await?;
            }
        }
        let name = match followed.message.subject.trim() {
            "" => "message.eml".to_owned(),
            subject => format!("{subject}.eml"),
        };
        let windows = whole_message::windows(group, summary);
        whole_message::attach(&name, summary.size, windows, Header::Stripped, &self.0.settings.random).await
    }

    async fn uploaded(&self, principal: &Principal, id: &UploadId) -> Result<Attached, Problem> {
        let absent = || {
            Problem::new(Code::NotFound, "There is no such uploaded file.")
                .hint("Files are kept for a day; upload it again.")
        };
        let store = self.0.settings.store.as_ref().ok_or_else(absent)?;
        let failed = |error: storage::Error| {
            tracing::error!(%error, "an uploaded file cannot be read");
            Problem::new(Code::Internal, "The uploaded file cannot be read.")
        };
        let upload = store.upload_find(&principal.grant, id).await.map_err(failed)?.ok_or_else(absent)?;
        let reader = store.upload_reader(&principal.grant, id).await.map_err(failed)?;
        let kind = media_type(&upload.media_type, &upload.name);
        Ok(Attached::encoded(&upload.name, kind, Some(upload.size), Source::Upload(Box::new(reader))))
    }
}
