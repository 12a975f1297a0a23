//! The folders of an account with their counts.

use domain::{AccountName, FolderName, Principal, Problem, Role};

use crate::{Engine, opened::Fresh};

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
    /// The folders of one account, INBOX first, then those with roles, then by name. Asks the server each
    /// time: one round trip where it can count while listing (RFC 5819).
    pub async fn folders(
        &self,
        principal: &Principal,
        account: Option<&str>,
        counts: bool,
    ) -> Result<Vec<Folder>, Problem> {
        let account = self.account(principal, account).await?;
        let folders =
            account.opened.folders(Fresh::Now { counts }).await.map_err(|error| account.problem(&error))?;
        account.opened.note(Ok(()));
        let shown = folders.all.iter().filter(|folder| account.shows(folder, &folders));
        let folder = |folder: &mail::imap::folder::Folder| Folder {
            account: account.name.clone(),
            name: folder.name.clone(),
            role: folder.role,
            total: folder.messages.filter(|_| counts),
            unread: folder.unseen.filter(|_| counts),
            is_subscribed: folder.is_subscribed,
        };
        Ok(shown.map(folder).collect())
    }
}
