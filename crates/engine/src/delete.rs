//! Deleting for good: messages by id, and all that is in Trash or Junk. Always after a plan.

use domain::{FolderArg, Principal, Problem};

use crate::{
    Engine,
    organize::{Organized, Progress},
};

/// A wish to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// Messages by id; empty if there is a folder.
    pub ids: Vec<String>,
    /// `@trash` or `@junk`: all that is in it.
    pub folder: Option<FolderArg>,
    /// Of that account; the default one if absent.
    pub account: Option<String>,
    /// The plan that is agreed to.
    pub confirm: Option<String>,
}

impl Engine {
    /// Deletes messages for good, or answers a plan.
    pub async fn delete(
        &self,
        _principal: &Principal,
        _request: DeleteRequest,
        _progress: &Progress,
    ) -> Result<Organized, Problem> {
        Err(Problem::new(domain::Code::NotSupported, "Not yet."))
    }
}
