//! The one directory that a local process writes attachments into and attaches files from, which its person
//! named. Files written to it are made, never overwritten, and no name leads out of it. It stands in the door
//! because only the door knows that its client is on the same machine; it sees octets, and knows nothing of mail.

mod attaching;

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use domain::{Code, Problem};
use engine::attachment::Download;
use futures_util::StreamExt as _;
use tokio::{io::AsyncWriteExt as _, task::spawn_blocking};

use crate::deadline::Deadline;

pub(crate) use attaching::Attachable;

use super::name::{harmless, numbered};

/// Files of the same name that are told apart by a number.
const NAMESAKES: u32 = 1000;

/// A directory that exists, by the name it has without any symbolic link.
#[derive(Debug, Clone)]
pub struct Directory(String);

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidDirectory {
    /// It is not there, or cannot be looked at.
    #[error("the directory cannot be opened")]
    Unusable(#[source] io::Error),
    /// It is something else.
    #[error("it is not a directory")]
    NotADirectory,
    /// An agent could not be told where its files are.
    #[error("its name is not Unicode")]
    NotUnicode,
}

impl Directory {
    /// The directory at `path`, which must exist.
    pub fn open(path: &Path) -> Result<Self, InvalidDirectory> {
        let path = path.canonicalize().map_err(InvalidDirectory::Unusable)?;
        if !path.is_dir() {
            return Err(InvalidDirectory::NotADirectory);
        }
        path.to_str().map(|path| Self(path.to_owned())).ok_or(InvalidDirectory::NotUnicode)
    }

    /// Writes a file and answers its path and its octets. Each piece puts the end of the
    /// call off. If it fails or is given up, nothing of it stays.
    pub(super) async fn write(
        &self,
        download: Download,
        deadline: &Deadline,
    ) -> Result<(String, u64), Problem> {
        let (directory, name) = (self.0.clone(), harmless(&download.name));
        // whole in there, so that giving up meanwhile leaves nothing behind
        let made = spawn_blocking(move || Partial::make(Path::new(&directory), &name)).await;
        let (partial, file) = made.map_err(io::Error::other).flatten().map_err(|error| told(&error))?;
        let mut file = tokio::fs::File::from_std(file);
        let (mut octets, mut size) = (download.body(0), 0);
        while let Some(piece) = octets.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            file.write_all(&piece).await.map_err(|error| told(&error))?;
            deadline.put_off();
        }
        file.flush().await.map_err(|error| told(&error))?;
        Ok((partial.keep(), size))
    }
}

/// A file that is being written; gone with the value.
struct Partial(Option<PathBuf>);

impl Partial {
    /// Makes a new file of that name, or with a number if there is one already.
    fn make(directory: &Path, name: &str) -> io::Result<(Self, File)> {
        // what was a directory may have become a way to somewhere else
        if directory.canonicalize()? != directory {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        for number in 1..=NAMESAKES {
            let path = match number {
                1 => directory.join(name),
                _ => directory.join(numbered(name, number)),
            };
            match options.open(&path) {
                Ok(file) => return Ok((Self(Some(path)), file)),
                // a symbolic link is one as well, wherever it leads
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn keep(mut self) -> String {
        self.0.take().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(kind = %error.kind(), "a file that is not whole could not be removed");
        }
    }
}

fn told(error: &io::Error) -> Problem {
    use io::ErrorKind::{
        AlreadyExists, FileTooLarge, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull,
    };
    tracing::warn!(kind = %error.kind(), "a file could not be written");
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => {
            Problem::new(Code::TooLarge, "There is no room for this file where attachments are written to.")
                .hint("Ask the person to make room on the disk of POSTROOM_FILES_DIR.")
        }
        AlreadyExists => Problem::new(Code::Conflict, "There are too many files of this name already.")
            .hint("Ask the person to tidy up the directory of POSTROOM_FILES_DIR."),
        NotFound | NotADirectory | PermissionDenied | ReadOnlyFilesystem => {
            Problem::new(Code::NotSupported, "The directory for attachments cannot be written to.")
                .hint("Ask the person to look at the directory of POSTROOM_FILES_DIR.")
        }
        _ => Problem::new(Code::Internal, "The file could not be written."),
    }
}

#[cfg(test)]
mod tests;
