//! The folder of a role, made where it is missing. Only a write asks for this, never a read.

use bytes::Bytes;
use domain::{FolderArg, Role};

use super::{
    command::create,
    folder::{self, Folder},
    pool::Question,
    session::Session,
};
use crate::Error;

/// The folder of a role: as it is, else made, with its special use where the server can keep that, and
/// subscribed to.
#[derive(Debug, Clone, Copy)]
pub struct MakeRole {
    /// The role.
    pub role: Role,
}

impl Question for MakeRole {
    type Answer = Folder;

    async fn ask(&self, session: &mut Session) -> Result<Folder, Error> {
        let (leaf, attribute) =
            made_as(self.role).ok_or(Error::NotSupported("making a folder of this role"))?;
        let wanted = FolderArg::Role(self.role);
        if let Some(folder) = folder::list(session, false).await?.find(&wanted) {
            return Ok(folder.clone());
        }
        let prefix = session.namespaces().personal.first().map(|(prefix, _)| prefix.as_slice());
        let name = Bytes::from([prefix.unwrap_or_default(), leaf.as_bytes()].concat());
        let has_use = session.capabilities().has("CREATE-SPECIAL-USE");
        let mut refused = session.run_one(create::create(&name, has_use.then_some(attribute))).await.err();
        if has_use && matches!(refused, Some(Error::Refused { .. })) {
            // The use may be what it does not take.
            refused = session.run_one(create::create(&name, None)).await.err();
        }
        if let Some(error) = refused.take_if(|error| error.ends_connection()) {
            return Err(error);
        }
        match session.run_one(create::subscribe(&name)).await {
            Err(error) if error.ends_connection() => return Err(error),
            // A folder is one without being subscribed to.
            _ => {}
        }
        let folders = folder::list(session, false).await?;
        // Where it was refused, it may be there: somebody else made it, or it has another role already.
        let is_it = |folder: &&Folder| folder.wire_name == name && folder.is_selectable;
        let found = folders.find(&wanted).or_else(|| folders.all.iter().find(is_it)).cloned();
        found.ok_or_else(|| refused.unwrap_or(Error::Protocol("a folder that was made is not listed")))
    }
}

/// How a folder of that role is called, and its special use; absent for what is no folder to be made.
fn made_as(role: Role) -> Option<(&'static str, &'static str)> {
    Some(match role {
        Role::Sent => ("Sent", "\\Sent"),
        Role::Drafts => ("Drafts", "\\Drafts"),
        Role::Trash => ("Trash", "\\Trash"),
        Role::Junk => ("Junk", "\\Junk"),
        Role::Archive => ("Archive", "\\Archive"),
        Role::Inbox | Role::All | Role::Flagged => return None,
    })
}
