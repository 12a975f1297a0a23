//! What an action means for the messages of one folder: which flags, which labels, which place; on Gmail,
//! where folders are labels, often something else than elsewhere.

use domain::{Code, Flag, FolderArg, FolderName, Problem, Role};
use mail::imap::{
    change::{FlagChange, How},
    folder::{Folder, Folders},
    make_role::MakeRole,
};

use super::{Action, wish::Work};
use crate::{Account, opened::Fresh};

/// Gmail's name of the label that puts a message into the inbox.
const INBOX_LABEL: &str = "\\Inbox";

/// What begins the names of Gmail's own folders, which are no labels of that name.
const GMAIL_OWN: [&str; 2] = ["[Gmail]/", "[Google Mail]/"];

/// What is done to the messages of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// They are as wanted.
    Nothing,
    /// Flags or labels change.
    Mark(Marks),
    /// They go to another folder, and are marked there as far as that can be.
    Transfer {
        /// Where to.
        to: Goal,
        /// Whether they stay, too.
        how: How,
        /// What is set and taken away there.
        then: Marks,
    },
    /// They are destroyed.
    Destroy,
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// A folder that is there.
    There(Folder),
    /// The folder of that role, which is missing and is made when it is needed.
    Missing(Role),
}

/// What is set and taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Marks {
    pub(super) add: Vec<Flag>,
    pub(super) remove: Vec<Flag>,
    pub(super) add_labels: Vec<String>,
    pub(super) remove_labels: Vec<String>,
}

impl Marks {
    pub(super) fn as_change(&self) -> FlagChange<'_> {
        FlagChange {
            add: &self.add,
            remove: &self.remove,
            add_labels: &self.add_labels,
            remove_labels: &self.remove_labels,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn setting(flag: Flag) -> Self {
        Self { add: vec![flag], ..Self::default() }
    }

    fn taking(flag: Flag) -> Self {
        Self { remove: vec![flag], ..Self::default() }
    }
}

impl Account {
    /// What the work means for messages of that folder. Changes nothing.
    pub(super) async fn deed(&self, source: &Folder, work: &Work) -> Result<Deed, Problem> {
        let Work::Organize { action, to, keywords } = work else { return Ok(Deed::Destroy) };
        let flags = || keywords.iter().cloned().map(Flag::Keyword).collect::<Vec<_>>();
        Ok(match action {
            Action::Read => Deed::Mark(Marks::setting(Flag::Seen)),
            Action::Unread => Deed::Mark(Marks::taking(Flag::Seen)),
            Action::Star => Deed::Mark(Marks::setting(Flag::Flagged)),
            Action::Unstar => Deed::Mark(Marks::taking(Flag::Flagged)),
            Action::AddKeyword | Action::RemoveKeyword => {
                let folders = self.listed().await?;
                let is_added = *action == Action::AddKeyword;
                Deed::Mark(if folders.is_gmail {
                    keywords.iter().try_for_each(|keyword| self.check_label(&folders, keyword))?;
                    let labels = keywords.clone();
                    if is_added {
                        Marks { add_labels: labels, ..Marks::default() }
                    } else {
                        Marks { remove_labels: labels, ..Marks::default() }
                    }
                } else if is_added {
                    Marks { add: flags(), ..Marks::default() }
                } else {
                    Marks { remove: flags(), ..Marks::default() }
                })
            }
            Action::Move | Action::Copy => {
                let wanted = FolderArg::parse(to.as_deref().unwrap_or_default());
                let folder = self.folder(&wanted).await?;
                let folders = self.listed().await?;
                let how = if *action == Action::Copy { How::Copy } else { How::Move };
                check_goal(&folder, &folders, how)?;
                if how == How::Move && folder.role == Some(Role::All) {
                    return self.archived(source, &folders, Goal::There(folder));
                }
                transferred(source, &folders, folder, how, Marks::default())?
            }
            Action::Archive => {
                let goal = self.goal(Role::Archive).await?;
                self.archived(source, &*self.listed().await?, goal)?
            }
            Action::Trash => match self.goal(Role::Trash).await? {
                Goal::There(folder) => {
                    transferred(source, &*self.listed().await?, folder, How::Move, Marks::default())?
                }
                to @ Goal::Missing(_) => Deed::Transfer { to, how: How::Move, then: Marks::default() },
            },
            Action::Junk | Action::NotJunk => self.judged(source, *action == Action::Junk).await?,
        })
    }

    /// Junk, or not: into its folder or into the inbox, and marked so that filters learn of it.
    async fn judged(&self, source: &Folder, is_junk: bool) -> Result<Deed, Problem> {
        let goal = self.goal(if is_junk { Role::Junk } else { Role::Inbox }).await?;
        let folders = self.listed().await?;
        let [junk, not_junk] = ["$Junk", "$NotJunk"].map(|name| vec![Flag::Keyword(name.to_owned())]);
        let marks = match (folders.is_gmail, is_junk) {
            // There the folder says it.
            (true, _) => Marks::default(),
            (false, true) => Marks { add: junk, remove: not_junk, ..Marks::default() },
            (false, false) => Marks { add: not_junk, remove: junk, ..Marks::default() },
        };
        if !is_junk && source.role != Some(Role::Junk) {
            // What lies elsewhere was filed there by somebody, and stays.
            return Ok(if marks.is_empty() { Deed::Nothing } else { Deed::Mark(marks) });
        }
        match goal {
            Goal::There(folder) => transferred(source, &folders, folder, How::Move, marks),
            to @ Goal::Missing(_) => Ok(Deed::Transfer { to, how: How::Move, then: marks }),
        }
    }

    /// Into the archive; on Gmail, out of the inbox, since everything is in All Mail anyway.
    fn archived(&self, source: &Folder, folders: &Folders, to: Goal) -> Result<Deed, Problem> {
        let is_label =
            !matches!(source.role, Some(Role::Inbox | Role::Trash | Role::Junk)) && folders.is_gmail;
        if is_label {
            return Ok(Deed::Mark(Marks { remove_labels: vec![INBOX_LABEL.to_owned()], ..Marks::default() }));
        }
        match to {
            Goal::There(folder) if folder.wire_name == source.wire_name => Ok(Deed::Nothing),
            Goal::Missing(_) if folders.is_gmail => Err(Problem::new(
                Code::NotSupported,
                format!("Account `{}` hides All Mail, its archive, from IMAP.", self.name),
            )
            .hint("The person switches it on in Gmail's settings, under Labels.")),
            to => Ok(Deed::Transfer { to, how: How::Move, then: Marks::default() }),
        }
    }

    /// The folder of a role that messages go to. Whether it is missing or not shown makes no difference to
    /// a grant that is limited to other folders.
    async fn goal(&self, role: Role) -> Result<Goal, Problem> {
        let wanted = FolderArg::Role(role);
        for fresh in [Fresh::Known, Fresh::Now { counts: false }] {
            let folders = self.opened.folders(fresh).await.map_err(|error| self.problem(&error))?;
            if let Some(folder) = folders.find(&wanted).filter(|folder| folder.is_selectable) {
                if self.shows(folder, &folders) {
                    return Ok(Goal::There(folder.clone()));
                }
                break;
            }
        }
        let may_be = |limits: &[FolderArg]| {
            limits.is_empty() || limits.contains(&FolderArg::All) || limits.contains(&wanted)
        };
        if may_be(&self.allowed_folders) && may_be(&self.granted_folders) {
            return Ok(Goal::Missing(role));
        }
        let told = format!("The folders of this grant in account `{}` do not include `{wanted}`.", self.name);
        Err(Problem::new(Code::OutsideGrant, told)
            .hint(format!("Ask the person to add `{wanted}` to the grant's folders.")))
    }

    /// The folder that messages go to, made if it is missing.
    pub(super) async fn made(&self, goal: &Goal) -> Result<Folder, Problem> {
        let role = match goal {
            Goal::There(folder) => return Ok(folder.clone()),
            Goal::Missing(role) => *role,
        };
        self.opened.forget_folders();
        let made = self.opened.ask(None, &MakeRole { role }).await;
        let made = made.map_err(|error| {
            self.problem(&error).hint(format!("There is no folder for it; the person makes one for {role}."))
        })?;
        // It was listed by another question than the one that remembers.
        self.opened.forget_folders();
        Ok(made)
    }

    async fn listed(&self) -> Result<std::sync::Arc<Folders>, Problem> {
        self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))
    }

    /// On Gmail a keyword is a label, and a label is a folder: one that the grant must show.
    fn check_label(&self, folders: &Folders, label: &str) -> Result<(), Problem> {
        if self.allowed_folders.is_empty() && self.granted_folders.is_empty() {
            return Ok(());
        }
        let name = FolderArg::Name(FolderName::from_path(label, Some('/')));
        if folders.find(&name).is_some_and(|folder| self.shows(folder, folders)) {
            return Ok(());
        }
        let told = "On Gmail keywords are labels, and this grant is limited to folders without this one.";
        Err(Problem::new(Code::OutsideGrant, told).hint("Ask the person to add it to the grant's folders."))
    }
}

/// Whether messages may be put there. What stands in Sent says whom the person wrote to, and in Drafts what
/// they are about to send: neither is an agent's to fill.
fn check_goal(folder: &Folder, folders: &Folders, how: How) -> Result<(), Problem> {
    let refused = |what: &str, hint: &str| Err(Problem::new(Code::NotSupported, what).hint(hint));
    match folder.persons_own().or(folder.role) {
        Some(Role::Sent) => refused(
            "Nothing is moved or copied into the folder of sent mail: it is the record of what the person sent.",
            "Choose another folder.",
        ),
        Some(Role::Drafts) => refused(
            "Nothing is moved or copied into Drafts.",
            "Write a draft with mail_draft, or choose another folder.",
        ),
        Some(Role::All) if folders.is_gmail && how == How::Move => Ok(()),
        Some(Role::All | Role::Flagged) => refused(
            "This folder only shows messages of other folders; nothing can be put into it.",
            "Use `star` to flag, `archive` to archive, or choose another folder.",
        ),
        _ => Ok(()),
    }
}

/// Into that folder. On Gmail a message that is named in All Mail gets the folder's label instead.
fn transferred(
    source: &Folder,
    folders: &Folders,
    to: Folder,
    how: How,
    marks: Marks,
) -> Result<Deed, Problem> {
    if to.wire_name == source.wire_name {
        return Ok(if marks.is_empty() { Deed::Nothing } else { Deed::Mark(marks) });
    }
    let is_view = matches!(source.role, Some(Role::All | Role::Flagged));
    let is_label = !matches!(to.role, Some(Role::Trash | Role::Junk));
    if !(folders.is_gmail && is_view && is_label) {
        return Ok(Deed::Transfer { to: Goal::There(to), how, then: marks });
    }
    let to_inbox = to.role == Some(Role::Inbox);
    let label = if to_inbox { INBOX_LABEL.to_owned() } else { to.name.segments().join("/") };
    // A folder may be called `\Sent`; that label is Gmail's, too.
    let is_system = !to_inbox && label.starts_with('\\');
    if is_system || GMAIL_OWN.iter().any(|own| label.starts_with(own)) {
        return Err(Problem::new(Code::NotSupported, "Gmail fills this folder itself.")
            .hint("Choose a label of the person's own."));
    }
    let leaves_inbox = how == How::Move && !to_inbox;
    Ok(Deed::Mark(Marks {
        add_labels: vec![label],
        remove_labels: if leaves_inbox { vec![INBOX_LABEL.to_owned()] } else { Vec::new() },
        ..marks
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str, role: Option<Role>) -> Folder {
        Folder {
            wire_name: name.to_owned().into(),
            name: FolderName::from_path(name, Some('/')),
            role,
            fit_for: role,
            is_selectable: true,
            is_subscribed: true,
            messages: None,
            unseen: None,
            uid_next: None,
        }
    }

    #[test]
    fn a_folder_that_is_named_like_a_label_of_gmails_own_does_not_set_that() {
        let all_mail = folder("[Gmail]/All Mail", Some(Role::All));
        let folders = Folders { is_gmail: true, ..Folders::default() };
        let deed =
            |name: &str| transferred(&all_mail, &folders, folder(name, None), How::Copy, Marks::default());
        for name in ["\\Sent", "\\Draft", "\\sent/x", "[Gmail]/Important", "[Google Mail]/Wichtig"] {
            assert_eq!(deed(name).unwrap_err().code, Code::NotSupported, "{name}");
        }
        assert!(matches!(deed("Taxes"), Ok(Deed::Mark(_))));
    }
}
