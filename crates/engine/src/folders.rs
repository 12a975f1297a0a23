//! The folders of an account with their counts.

use domain::{AccountName, FolderName, Principal, Problem, Role};

use crate::Engine;

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its account.
    pub account: AccountName,
    /// Its name as agents write it.
    pub name: FolderName,
    /// Its role.
    pub role: Option<Role>,
    /// Messages in it; absent if not asked for or not selectable.
    pub total: Option<u32>,
    /// Messages without `\Seen`.
    pub unread: Option<u32>,
    /// Whether the person subscribed to it.
    pub is_subscribed: bool,
}

impl Engine {
    /// The folders of one account, INBOX first, then those with roles, then by name.
    pub async fn folders(
        &self,
        _principal: &Principal,
        _account: Option<&str>,
        _counts: bool,
    ) -> Result<Vec<Folder>, Problem> {
        Ok(Vec::new())
    }
}
