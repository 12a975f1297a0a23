//! Files that were handed over to be attached later: kept for a day, for the grant that brought them.

use std::io;

use bytes::Bytes;
use domain::{Code, Principal, Problem, Timestamp, UploadId};
use futures_util::stream::BoxStream;

use super::keeps_nothing;
use crate::Engine;

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

impl Engine {
    /// Keeps a file for the grant. If `octets` fails, nothing of it stays.
    pub async fn upload(
        &self,
        principal: &Principal,
        file: NewUpload,
        octets: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<Upload, Problem> {
        let _ = (principal, file, octets);
        match &self.0.settings.store {
            Some(_) => Err(Problem::new(Code::NotSupported, "Files are not kept yet.")),
            None => Err(keeps_nothing()),
        }
    }
}
