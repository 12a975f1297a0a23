//! Which folders may be made, changed and removed: by name, by role, by the grant.

use bytes::Bytes;
use domain::{Code, FolderArg, FolderName, FolderPath, Problem, Role};
use mail::imap::folder::{Folder, Folders};

use super::Meant;
use crate::Account;

/// An argument that is no good.
pub(super) fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidInput, message)
}

/// The path of a folder that is to be, and how the server writes it, if there may be such a folder: the grant
/// reaches it, and nothing takes it for a folder with a role.
pub(super) fn check_new(
    account: &Account,
    folders: &Folders,
    name: &FolderName,
) -> Result<(FolderPath, Bytes), Problem> {
    let unusable = |why: &dyn std::fmt::Display| {
        invalid(format!("The folder name cannot be used: {why}.")).hint("Choose another name.")
    };
    let path = FolderPath::of(name).map_err(|bad| unusable(&bad))?;
    let wire = folders.naming.wire_name(&path).map_err(|bad| unusable(&bad))?;
    check_granted(account, folders, &wire)?;
    match folders.naming.role_of(&path) {
        Some(role) if role != Role::Inbox => check_new_role(role, folders)?,
        _ => {}
    }
    Ok((path, wire))
}

/// Who is in Sent is known, and drafts are the person's own words: no agent makes folders of these roles. Other
/// roles may get a folder where there is none.
fn check_new_role(role: Role, folders: &Folders) -> Result<(), Problem> {
    let is_there = folders.all.iter().any(|folder| folder.role == Some(role));
    if is_there || matches!(role, Role::Sent | Role::Drafts) { Err(no_role(role)) } else { Ok(()) }
}

/// The role that a folder got and must not have.
pub(super) fn taken_role(folder: &Folder, before: &Folders) -> Option<Role> {
    let was_there = |role: Role| before.all.iter().any(|folder| folder.role == Some(role));
    folder.persons_own().or_else(|| folder.role.filter(|role| was_there(*role)))
}

/// The error for a folder that would be taken for one with a role.
pub(super) fn no_role(role: Role) -> Problem {
    invalid(format!("The folder name cannot be used: it would be taken for the folder `{role}`."))
        .hint("Choose a name that no mail program uses for it.")
}

/// That the folder may have another name: nobody fills it under that one and gives it its own back, to have sent
/// what the person did not send.
pub(super) fn check_renamed(meant: &Meant<'_>) -> Result<(), Problem> {
    check_changeable(meant)?;
    match std::iter::once(meant.folder).chain(meant.below()).find(|folder| folder.persons_own().is_some()) {
        Some(folder) => Err(protected(folder)),
        None => Ok(()),
    }
}

fn protected(folder: &Folder) -> Problem {
    let told =
        format!("`{}` has a role, or is named so: it can be neither renamed nor deleted.", folder.key());
    invalid(told).hint("Only folders without a role can.")
}

/// That neither the folder nor one below it has a role, and that the grant reaches all of them.
pub(super) fn check_changeable(meant: &Meant<'_>) -> Result<(), Problem> {
    if meant.folder.role.is_some() {
        return Err(protected(meant.folder));
    }
    for below in meant.below() {
        if !meant.account.shows(below, meant.folders) {
            return Err(outside("There are folders below it that the grant does not reach."));
        }
        if below.role.is_some() {
            return Err(protected(below));
        }
    }
    Ok(())
}

/// That a grant, or account, which is limited to some folders would reach one of that name.
pub(super) fn check_granted(account: &Account, folders: &Folders, wire: &[u8]) -> Result<(), Problem> {
    let is_it = |arg: &FolderArg| match arg {
        FolderArg::All => true,
        FolderArg::Role(_) => false,
        FolderArg::Name(name) => {
            let path = FolderPath::of(name).ok();
            path.and_then(|path| folders.naming.wire_name(&path).ok()).is_some_and(|named| named == wire)
        }
    };
    let reaches = |allowed: &[FolderArg]| allowed.is_empty() || allowed.iter().any(is_it);
    if reaches(&account.allowed_folders) && reaches(&account.granted_folders) {
        Ok(())
    } else {
        Err(outside("The grant is limited to some folders, and a folder of this name is none of them."))
    }
}

/// The error for what is beyond the grant's limits.
pub(super) fn outside(message: &str) -> Problem {
    Problem::new(Code::OutsideGrant, message).hint("The person can do it, or widen the grant.")
}
