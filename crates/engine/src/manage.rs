//! Making, renaming and deleting folders, and subscribing to them.

use domain::{ChangeId, FolderArg, FolderName, Principal, Problem};

use crate::{Engine, organize::Planned};

/// What is done with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum FolderAction {
    Create,
    Rename,
    Delete,
    Subscribe,
    Unsubscribe,
}

/// A wish to change a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManageRequest {
    /// What.
    pub action: FolderAction,
    /// The folder.
    pub folder: FolderArg,
    /// Its new name, for renaming.
    pub to: Option<FolderName>,
    /// Of that account; the default one if absent.
    pub account: Option<String>,
    /// The plan that is agreed to.
    pub confirm: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The folder, as agents name it now.
    pub folder: String,
    /// By which it is taken back.
    pub undo: Option<ChangeId>,
    /// What would be done: then nothing was.
    pub plan: Option<Planned>,
}

impl Engine {
    /// Changes a folder, or answers a plan.
    pub async fn manage(&self, _principal: &Principal, _request: ManageRequest) -> Result<Managed, Problem> {
        Err(Problem::new(domain::Code::NotSupported, "Not yet."))
    }
}
