//! Files that were handed over to be attached later: kept for a day, for the grant that brought them.

use std::io;

use bytes::Bytes;
use domain::{Code, Principal, Problem, Timestamp, UploadId};
use futures_util::{
    StreamExt as _,
    stream::{BoxStream, Fuse},
};
use storage::{Error, Pieces, UploadLimits};

use super::keeps_nothing;
use crate::Engine;

/// Files that are kept of one grant.
const COUNT: u64 = 100;

/// Octets that are kept of one grant.
const TOTAL: u64 = 250_000_000;

/// A file that comes in, as far as it is known before its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpload {
    /// Its name.
    pub name: String,
    /// Its media type; empty if unknown.
    pub media_type: String,
    /// How many octets are taken at most.
    pub most: u64,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// By which it is attached.
    pub id: UploadId,
    /// Its octets.
    pub size: u64,
    /// Until when it is kept.
    pub expires: Timestamp,
}

/// A body as storage reads it, which asks for more after the end.
struct Body(Fuse<BoxStream<'static, io::Result<Bytes>>>);

impl Pieces for Body {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.0.next().await.transpose()
    }
}

impl Engine {
    /// Keeps a file for the grant. If `octets` fails, nothing of it stays.
    pub async fn upload(
        &self,
        principal: &Principal,
        file: NewUpload,
        octets: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<Upload, Problem> {
        let store = self.0.settings.store.as_ref().ok_or_else(keeps_nothing)?;
        let limits = UploadLimits { size: file.most, count: COUNT, total: TOTAL };
        let added = store
            .upload_add(&principal.grant, &file.name, &file.media_type, &limits, Body(octets.fuse()))
            .await;
        match added {
            Ok(kept) => Ok(Upload { id: kept.id, size: kept.size, expires: kept.expires }),
            Err(error) => Err(refused(&error)),
        }
    }
}

fn refused(error: &Error) -> Problem {
    match error {
        Error::Full => {
            let told =
                format!("There is no room for more files of this grant: {COUNT} files, {TOTAL} octets.");
            Problem::new(Code::TooLarge, told)
                .hint("Attach what was handed over before; each file is forgotten after a day.")
        }
        Error::Source(_) => {
            Problem::new(Code::InvalidInput, "The file did not come whole.").hint("Send it again.")
        }
        error => {
            tracing::error!(%error, "a file could not be kept");
            Problem::new(Code::Internal, "The file could not be kept.")
        }
    }
}
