//! Where the octets of an attached file come from, read once from their beginning.

use std::{fs::File, io::Read as _, sync::Arc};

use bytes::Bytes;
use domain::{Code, Problem};
use mail::octets::Chunks as _;

use super::spool::{SpoolReader, blocking};
use crate::attachment::Windows;

/// Octets of a file that are read at a time.
const PIECE: u64 = 64 << 10;

/// The octets of one file.
pub(crate) enum Source {
    /// They are here.
    Octets(Bytes),
    /// A part of a message on its server.
    Part(Box<Windows>),
    /// They were looked through and put aside.
    Spooled(SpoolReader),
    /// A file that was uploaded.
    Upload(Box<storage::PieceReader>),
    /// A file of this machine that the door opened, and how much of it is left.
    File(Arc<File>, u64),
}

impl Source {
    /// The next octets, never none; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Octets(octets) => Ok(Some(std::mem::take(octets)).filter(|octets| !octets.is_empty())),
            Self::Part(windows) => windows.next().await,
            Self::Spooled(reader) => reader.next().await.map_err(|error| super::spool::no_room(&error)),
            Self::Upload(reader) => reader.next().await.map_err(|error| {
                tracing::error!(%error, "an uploaded file cannot be read");
                Problem::new(Code::Internal, "An uploaded file cannot be read.").hint("Upload it again.")
            }),
            Self::File(_, 0) => Ok(None),
            Self::File(file, left) => {
                let (reading, most) = (Arc::clone(file), (*left).min(PIECE));
                let read = blocking(move || {
                    let mut octets = Vec::new();
                    (&*reading).take(most).read_to_end(&mut octets)?;
                    Ok(octets)
                });
                let octets = read.await.map_err(|error| {
                    Problem::new(Code::InvalidInput, format!("A file cannot be read: {}.", error.kind()))
                })?;
                if octets.is_empty() {
                    return Err(Problem::new(Code::Conflict, "A file became shorter while it was read.")
                        .hint("Attach it again once nothing writes to it."));
                }
                *left -= octets.len() as u64;
                Ok(Some(Bytes::from(octets)))
            }
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Octets(_) => "Octets",
            Self::Part(_) => "Part",
            Self::Spooled(_) => "Spooled",
            Self::Upload(_) => "Upload",
            Self::File(..) => "File",
        })
    }
}
