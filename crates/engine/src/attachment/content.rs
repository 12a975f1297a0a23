//! Files that are read here, whole and bounded: as text, as a picture, as octets.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use documents::{Error, Kind};
use domain::{Code, Principal, Problem};
use mail::mime::{
    file_text::{self, FileText, Shape},
    whole,
};

use super::{Found, room::Taken, windows, withheld};
use crate::{
    Engine,
    read::files::{charset, judge},
};

/// Octets of a document or picture that is read.
const MAX_DOCUMENT: u64 = 25 << 20;

/// Octets of a text that is read.
const MAX_TEXT: u64 = 4 << 20;

/// Octets of a calendar or of cards that are read: what they are taken apart into is many times as large.
const MAX_CARDS: u64 = 1 << 20;

/// Octets of a nested message that are read: its text stands at its beginning.
const MAX_MESSAGE: u64 = 8 << 20;

/// Octets that are given as they are.
const MAX_OCTETS: u64 = 40_000;

/// Octets of a text that is looked through for codes before its file is given out.
const MAX_SEARCHED: u64 = 1 << 20;

/// Octets of a file of unknown kind that is looked through.
const MAX_UNKNOWN: u64 = 64 << 10;

/// Pixels and octets of a picture that is given: clients refuse results of more than 150,000 characters, and
/// base64 makes four of three octets.
const MAX_PIXELS: u64 = 1_000_000;
const MAX_PICTURE: usize = 100_000;

/// What a file is wanted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What it says.
    Text,
    /// A picture small enough to be looked at.
    Picture,
    /// Its octets, if they are few.
    Octets,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, safe to show and to write.
    pub name: String,
    /// Its media type as the sender claims it.
    pub media_type: String,
    /// Its octets; estimated where not all of it was fetched.
    pub size: u64,
    /// What was wanted of it.
    pub content: Content,
}

/// What was wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What it says; what is missing is told at its end.
    Text {
        /// The text.
        text: String,
        /// How many likely codes and sign-in links were masked, since the grant does not show them.
        masked: usize,
    },
    /// It as a picture of at most a megapixel.
    Picture {
        /// `image/png` or `image/jpeg`.
        media_type: String,
        /// The picture's file.
        data: Bytes,
    },
    /// Its octets.
    Octets(Bytes),
}

/// What can be read of a file.
#[derive(Debug, Clone, Copy)]
enum Readable {
    Document(Kind),
    Text(Shape),
}

/// The octets of a file, or of its beginning.
struct Fetched {
    octets: Bytes,
    is_whole: bool,
}

impl Engine {
    /// Reads an attachment.
    pub async fn attachment(
        &self,
        principal: &Principal,
        id: &str,
        index: usize,
        form: Form,
    ) -> Result<File, Problem> {
        let found = self.found(principal, id, index).await?;
        if form != Form::Text && found.is_withheld {
            return Err(withheld());
        }
        let _room = self.room(&found).await?;
        let (size, content) = match form {
            Form::Text => self.text(&found).await?,
            Form::Picture => self.picture(&found).await?,
            Form::Octets => self.few_octets(&found).await?,
        };
        let super::reading::Attachment { name, media_type, .. } = found.listed;
        Ok(File { name, media_type, size, content })
    }

    /// Waits until so much may be held.
    async fn room(&self, found: &Found) -> Result<Taken<'_>, Problem> {
        let mebibytes = (found.listed.size.min(MAX_DOCUMENT) >> 20) + 1;
        self.0.file_room.take(&found.user, u32::try_from(mebibytes).unwrap_or(1)).await
    }

    async fn text(&self, found: &Found) -> Result<(u64, Content), Problem> {
        let limit = |beginning: &[u8]| match found.readable(beginning) {
            Some(Readable::Text(shape)) => most_of(shape),
            Some(Readable::Document(_)) => MAX_DOCUMENT,
            None => 0,
        };
        let Fetched { octets, is_whole } = found.fetch(limit).await?;
        let size = if is_whole { octets.len() as u64 } else { found.listed.size };
        let FileText { mut text, masked } = match found.readable(&octets) {
            None if octets.is_empty() => FileText::default(),
            None => return Err(unreadable(&found.listed.media_type)),
            Some(Readable::Document(Kind::Picture)) => {
                return Err(Problem::new(Code::NotSupported, "The file is a picture.")
                    .hint("Ask for it with `as: image`."));
            }
            Some(Readable::Document(_)) if !is_whole => return Err(too_large(size, MAX_DOCUMENT)),
            Some(Readable::Document(kind)) => {
                let read = self.0.settings.documents.text(kind, octets).await;
                let read = read.map_err(|error| error.problem())?;
                let mut shown = found.shown(read.text).await?;
                if read.is_cut {
                    shown.text.push_str("\n[The text goes on beyond what is read of one file.]");
                }
                for note in read.notes {
                    let _ = write!(shown.text, "\n[{note}]");
                }
                shown
            }
            Some(Readable::Text(shape)) if is_whole || shape == Shape::Message => {
                found.read(shape, octets).await?
            }
            Some(Readable::Text(shape)) => return Err(too_large(size, most_of(shape))),
        };
        if !is_whole {
            text.push_str("\n[The message goes on beyond what is read of one.]");
        }
        let text = text.trim_start_matches('\n').to_owned();
        Ok((size, Content::Text { text, masked }))
    }

    async fn picture(&self, found: &Found) -> Result<(u64, Content), Problem> {
        let is_picture =
            |octets: &[u8]| matches!(found.readable(octets), Some(Readable::Document(Kind::Picture)));
        let limit = |beginning: &[u8]| if is_picture(beginning) { MAX_DOCUMENT } else { 0 };
        let Fetched { octets, is_whole } = found.fetch(limit).await?;
        if !is_picture(&octets) {
            return Err(Problem::new(Code::NotSupported, "The file is no picture that can be shown.")
                .hint("PNG, JPEG, GIF and WebP can. Ask for `as: text` or `as: link`."));
        }
        if !is_whole {
            return Err(too_large(found.listed.size, MAX_DOCUMENT));
        }
        let size = octets.len() as u64;
        let picture = self.0.settings.documents.picture(octets, MAX_PIXELS, MAX_PICTURE).await;
        let picture = picture.map_err(|error| error.problem())?;
        Ok((size, Content::Picture { media_type: picture.media_type, data: picture.data }))
    }

    /// Refuses to give out a file that likely holds a code, or whose message does. Of the file itself what
    /// can be read as text is looked through, as far as mail with codes ever goes.
    pub(crate) async fn check_codes(&self, found: &Found) -> Result<(), Problem> {
        if found.is_withheld {
            return Err(withheld());
        }
        let size = found.listed.size;
        let may_say_something = match found.readable(&[]) {
            Some(Readable::Document(Kind::Picture)) => false,
            Some(Readable::Document(_)) => size <= MAX_SEARCHED,
            // Of a long text the beginning is looked through: there a code stands.
            Some(Readable::Text(_)) => true,
            None => size <= MAX_UNKNOWN,
        };
        if found.account.shows_codes || !may_say_something {
            return Ok(());
        }
        let _room = self.room(found).await?;
        let fetched = found.fetch(|_| MAX_SEARCHED).await?;
        self.check_octets(found, fetched).await
    }

    /// Refuses octets whose text would be masked, or could not be looked through this time.
    async fn check_octets(&self, found: &Found, fetched: Fetched) -> Result<(), Problem> {
        if found.account.shows_codes {
            return Ok(());
        }
        let Fetched { octets, is_whole } = fetched;
        let masked = match found.readable(&octets) {
            None | Some(Readable::Document(Kind::Picture)) => 0,
            Some(Readable::Text(shape)) => {
                let in_files =
                    if shape == Shape::Message { found.masked_inside(octets.clone()).await? } else { 0 };
                in_files + found.read(shape, octets).await?.masked
            }
            Some(Readable::Document(_)) if !is_whole => 0,
            Some(Readable::Document(kind)) => match self.0.settings.documents.text(kind, octets).await {
                Ok(read) => found.shown(read.text).await?.masked,
                // A document that cannot be read by anybody without more than the file tells nothing.
                Err(Error::Locked | Error::Damaged | Error::Unsupported) => 0,
                Err(error) => return Err(unsearched(error)),
            },
        };
        if masked > 0 { Err(withheld()) } else { Ok(()) }
    }

    async fn few_octets(&self, found: &Found) -> Result<(u64, Content), Problem> {
        // The size is an estimate; what is far beyond the limit need not be fetched to be refused.
        if found.listed.size > MAX_OCTETS * 2 {
            return Err(too_large(found.listed.size, MAX_OCTETS));
        }
        let Fetched { octets, is_whole } = found.fetch(|_| MAX_OCTETS).await?;
        if !is_whole {
            return Err(too_large(found.listed.size, MAX_OCTETS));
        }
        self.check_octets(found, Fetched { octets: octets.clone(), is_whole }).await?;
        Ok((octets.len() as u64, Content::Octets(octets)))
    }
}

impl Found {
    fn shape(&self, beginning: &[u8]) -> Option<Shape> {
        Shape::of(&self.listed.media_type, &self.listed.name, charset(&self.part), beginning)
    }

    fn readable(&self, beginning: &[u8]) -> Option<Readable> {
        let document = Kind::of(&self.listed.media_type, &self.listed.name, beginning);
        document.map(Readable::Document).or_else(|| self.shape(beginning).map(Readable::Text))
    }

    async fn read(&self, shape: Shape, octets: Bytes) -> Result<FileText, Problem> {
        let charset = charset(&self.part).map(str::to_owned);
        let (subject, mask_codes) = (self.subject.clone(), !self.account.shows_codes);
        self.apart(move || {
            let file = file_text::File { shape, charset: charset.as_deref(), subject: &subject, mask_codes };
            file_text::read(&file, &octets)
        })
        .await
    }

    /// A text that another program took out of the file.
    async fn shown(&self, text: String) -> Result<FileText, Problem> {
        let (subject, mask_codes) = (self.subject.clone(), !self.account.shows_codes);
        self.apart(move || file_text::shown(&text, &subject, mask_codes)).await
    }

    /// How many codes the files of a nested message hold: they come along with its octets.
    async fn masked_inside(&self, octets: Bytes) -> Result<usize, Problem> {
        let subject = self.subject.clone();
        self.apart(move || judge(&whole::parse(&octets), &subject, false).masked).await
    }

    async fn apart<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let read = self.account.opened.apart.run("The file", read).await;
        read.map_err(|problem| problem.hint("Ask for `as: link` to get the file itself."))
    }

    /// The whole file, or as much of its beginning as the limit allows, which the first of its octets decide.
    async fn fetch(&self, limit: impl Fn(&[u8]) -> u64) -> Result<Fetched, Problem> {
        let mut windows = self.windows(windows::READ, 0);
        let mut octets = BytesMut::new();
        let mut most = None;
        while let Some(piece) = windows.next().await? {
            octets.extend_from_slice(&piece);
            let most = *most.get_or_insert_with(|| limit(&octets));
            // Its size is an estimate, but not so wrong; only of a message the beginning is of use.
            let is_hopeless = self.listed.size / 2 > most && self.part.kind != "message";
            if octets.len() as u64 > most || is_hopeless {
                let kept = usize::try_from(most).unwrap_or(usize::MAX);
                // Of what is refused anyway, enough stays to say why.
                octets.truncate(kept.max(READ_ANYWAY));
                return Ok(Fetched { octets: octets.freeze(), is_whole: false });
            }
        }
        Ok(Fetched { octets: octets.freeze(), is_whole: true })
    }
}

/// Octets that tell what a file is.
const READ_ANYWAY: usize = 64 * 1024;

/// Octets of a text of that shape that are read.
fn most_of(shape: Shape) -> u64 {
    match shape {
        Shape::Message => MAX_MESSAGE,
        Shape::Calendar | Shape::Card => MAX_CARDS,
        Shape::Plain | Shape::Html => MAX_TEXT,
    }
}

/// The file might hold a code, and nobody looked: it is not given out.
fn unsearched(error: Error) -> Problem {
    let Problem { code, retry_after, .. } = error.problem();
    let told =
        "The file is not given out: codes, which this grant does not show, could not be looked for in it.";
    let problem = Problem::new(code, told).hint("Try again later, or ask the person for it.");
    Problem { retry_after, ..problem }
}

fn unreadable(media_type: &str) -> Problem {
    let told = if media_type.starts_with("image/") {
        "Pictures of this kind cannot be shown or read."
    } else {
        "Files of this kind cannot be read as text."
    };
    Problem::new(Code::NotSupported, told).hint("Ask for `as: link` to get the file itself.")
}

fn too_large(size: u64, most: u64) -> Problem {
    let told = format!("The file has about {size} octets; at most {most} can be given this way.");
    Problem::new(Code::TooLarge, told).hint("Ask for `as: link` to get the file itself.")
}
