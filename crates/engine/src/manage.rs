//! Making, renaming and deleting folders, and subscribing to them.
//!
//! Folders with a role are left as they are, and no folder is made that would be taken for one: what is in
//! Sent says whom the person knows. How a folder that holds messages goes is in [`removal`].

mod removal;
mod rules;

use domain::{ChangeId, Code, FolderArg, FolderName, Principal, Problem};
use mail::imap::{
    folder::{Folder, Folders},
    manage::{self, Manage},
};
use tokio::{sync::watch, time::timeout};

use self::rules::{check_new, invalid, no_role, taken_role};
use crate::{
    Account, Engine,
    carried::{HowFar, carried},
    journal::{Change, Step},
    opened::Fresh,
    organize::{Planned, Progress},
};

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
    /// Changes a folder, or answers a plan. What was begun is carried through also where the call goes away;
    /// only of the messages of a folder that is deleted those stay that were not moved yet, and the folder.
    pub async fn manage(
        &self,
        principal: &Principal,
        request: ManageRequest,
        progress: &Progress,
    ) -> Result<Managed, Problem> {
        let (engine, principal) = (self.clone(), principal.clone());
        carried((0, 0), progress, |telling| async move {
            engine.manage_telling(&principal, request, &telling).await
        })
        .await
    }

    async fn manage_telling(
        &self,
        principal: &Principal,
        request: ManageRequest,
        telling: &watch::Sender<HowFar>,
    ) -> Result<Managed, Problem> {
        let ManageRequest { action, folder, to, account, confirm } = request;
        let to = match (action, to) {
            (FolderAction::Rename, None) => return Err(invalid("Renaming needs `to`, the new name.")),
            (FolderAction::Rename, to) => to,
            (_, None) => None,
            (_, Some(_)) => return Err(invalid("`to` is for renaming only.")),
        };
        if confirm.is_some() && action != FolderAction::Delete {
            return Err(invalid("`confirm` is for deleting only."));
        }
        if folder == FolderArg::All {
            return Err(invalid("`all` means every folder; a folder of that name is written `%61ll`."));
        }
        let account = self.account(principal, account.as_deref()).await?;
        let mut change = self.change(principal);
        let fresh = Fresh::Now { counts: false };
        let folders = account.opened.folders(fresh).await.map_err(|error| account.problem(&error))?;
        let meant = || Meant::of(&account, &folders, &folder);
        let done = match (action, to) {
            (FolderAction::Create, _) => create(&account, &mut change, &folders, &folder).await,
            (FolderAction::Rename, Some(to)) => rename(&mut change, &meant()?, &to).await,
            (FolderAction::Rename, None) => Err(invalid("Renaming needs `to`, the new name.")),
            (FolderAction::Delete, _) => {
                match self.remove(principal, &mut change, &meant()?, confirm, telling).await {
                    Ok(removal::Removed::Planned(name, plan)) => {
                        return Ok(Managed { folder: name, undo: None, plan: Some(plan) });
                    }
                    Ok(removal::Removed::Gone(name)) => Ok(name),
                    Ok(removal::Removed::HalfDone(problem)) => {
                        account.opened.forget_folders();
                        return Err(half_done(problem, change.finish().await?));
                    }
                    Err(problem) => Err(problem),
                }
            }
            (FolderAction::Subscribe, _) => subscribe(&mut change, &meant()?, true).await,
            (FolderAction::Unsubscribe, _) => subscribe(&mut change, &meant()?, false).await,
        };
        // Also after an error: it may have happened all the same.
        account.opened.forget_folders();
        Ok(Managed { folder: done?, undo: change.finish().await?, plan: None })
    }
}

/// A folder that is there, for the grant, among all.
struct Meant<'a> {
    account: &'a Account,
    folders: &'a Folders,
    folder: &'a Folder,
}

impl<'a> Meant<'a> {
    fn of(account: &'a Account, folders: &'a Folders, wanted: &FolderArg) -> Result<Self, Problem> {
        let found = folders.find(wanted).filter(|folder| account.shows(folder, folders));
        let folder = found.ok_or_else(|| account.absent(wanted, folders))?;
        Ok(Self { account, folders, folder })
    }

    /// The folder as agents name it.
    fn name(&self) -> String {
        self.folder.key().to_string()
    }

    fn below(&self) -> impl Iterator<Item = &'a Folder> {
        manage::below(self.folders, self.folder)
    }
}

async fn create(
    account: &Account,
    change: &mut Change<'_>,
    folders: &Folders,
    wanted: &FolderArg,
) -> Result<String, Problem> {
    let name = match wanted {
        FolderArg::Name(name) => name,
        FolderArg::Role(domain::Role::Inbox) | FolderArg::All => return Err(exists("@inbox")),
        FolderArg::Role(role) => {
            let told = format!("`{role}` is a role, not the name of a folder to be made.");
            return Err(invalid(told).hint("Give a name without `@`."));
        }
    };
    let (_, wire) = check_new(account, folders, name)?;
    if folders.all.iter().any(|folder| folder.wire_name == wire && folder.is_selectable) {
        return Err(exists(name.as_str()));
    }
    let step = Step::Created { wire: wire.clone() };
    let number = change.begin(account, &step).await?;
    let folder = there(account, &Manage::Create { mailbox: wire.clone() }).await?;
    if let Some(role) = taken_role(&folder, folders) {
        ask(account, &Manage::Delete { mailbox: wire, holding: None }).await?;
        return Err(no_role(role));
    }
    change.end(account, number, &step).await?;
    Ok(folder.key().to_string())
}

async fn rename(change: &mut Change<'_>, meant: &Meant<'_>, to: &FolderName) -> Result<String, Problem> {
    let Meant { account, folders, folder } = meant;
    rules::check_renamed(meant)?;
    if FolderArg::parse(to.as_str()) == FolderArg::Role(domain::Role::Inbox) {
        return Err(exists("@inbox"));
    }
    let (path, wire) = check_new(account, folders, to)?;
    let from = folder.wire_name.clone();
    if wire == from {
        return Err(invalid("The folder has that name already."));
    }
    let start = [folder.name.as_str(), "/"].concat();
    let to_name = folders.naming.shown(&path);
    if to_name.as_str().starts_with(&start) {
        return Err(invalid("A folder cannot be moved below itself."));
    }
    if folders.all.iter().any(|folder| folder.wire_name == wire) {
        return Err(exists(to_name.as_str()));
    }
    for below in meant.below() {
        let rest = below.wire_name.get(from.len()..).unwrap_or_default();
        rules::check_granted(account, folders, &[wire.as_ref(), rest].concat())?;
    }
    let step = Step::Renamed { from: from.clone(), to: wire.clone() };
    let number = change.begin(account, &step).await?;
    let now = there(account, &Manage::Rename { mailbox: from.clone(), to: wire.clone() }).await?;
    let taken = match taken_role(&now, folders) {
        None if meant.below().next().is_some() => taken_below(account, &now).await?,
        taken => taken,
    };
    if let Some(role) = taken {
        ask(account, &Manage::Rename { mailbox: wire, to: from }).await?;
        return Err(no_role(role));
    }
    change.end(account, number, &step).await?;
    Ok(now.key().to_string())
}

/// The role that a folder below a renamed one got and must not have.
async fn taken_below(account: &Account, folder: &Folder) -> Result<Option<domain::Role>, Problem> {
    account.opened.forget_folders();
    let fresh = Fresh::Now { counts: false };
    let folders = account.opened.folders(fresh).await.map_err(|error| account.problem(&error))?;
    Ok(manage::below(&folders, folder).find_map(Folder::persons_own))
}

async fn subscribe(change: &mut Change<'_>, meant: &Meant<'_>, is_on: bool) -> Result<String, Problem> {
    let Meant { account, folder, .. } = meant;
    if folder.is_subscribed == is_on {
        return Ok(meant.name());
    }
    let mailbox = folder.wire_name.clone();
    let step = Step::Subscribed { wire: mailbox.clone(), is_on };
    let number = change.begin(account, &step).await?;
    let what = if is_on { Manage::Subscribe { mailbox } } else { Manage::Unsubscribe { mailbox } };
    ask(account, &what).await?;
    change.end(account, number, &step).await?;
    Ok(meant.name())
}

/// Has it done. A server that does not answer in time loses its connections, as with every question.
async fn ask(account: &Account, what: &Manage) -> Result<manage::Managed, Problem> {
    let pool = &account.opened.pool;
    let asked = timeout(account.opened.patience(), pool.manage(what)).await.unwrap_or_else(|_| {
        pool.close();
        Err(mail::Error::Timeout("answer"))
    });
    let is_new = matches!(what, Manage::Create { .. } | Manage::Rename { .. });
    asked.map_err(|error| {
        let problem = account.problem(&error);
        match error {
            mail::Error::Refused { code, text, .. } if is_new && is_about_name(code.as_deref(), &text) => {
                let problem = Problem { code: Code::InvalidInput, ..problem };
                problem.hint("The mail server takes no such name; choose another one.")
            }
            _ if error.ends_connection() => {
                problem.hint("It may have happened: see `mail_folders` before trying again.")
            }
            _ => problem,
        }
    })
}

/// Whether a refusal is of the name: RFC 5530's code, or the words of Cyrus and Courier, which have none.
fn is_about_name(code: Option<&str>, text: &str) -> bool {
    code == Some("CANNOT")
        || (code.is_none() && text.to_ascii_lowercase().starts_with("invalid mailbox name"))
}

/// The same, for what leaves a folder there.
async fn there(account: &Account, what: &Manage) -> Result<Folder, Problem> {
    match ask(account, what).await? {
        manage::Managed::There(folder) => Ok(*folder),
        _ => Err(Problem::new(Code::Internal, "The folder is not there after it was made.")),
    }
}

fn exists(name: &str) -> Problem {
    let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    Problem::new(Code::Conflict, format!("There is a folder `{name}` already.")).hint("Choose another name.")
}

/// A problem after which not all is as it was.
fn half_done(problem: Problem, undo: Option<ChangeId>) -> Problem {
    let Some(undo) = undo else { return problem };
    let hint = format!("{} Some messages are in Trash: `mail_undo` `{undo}` brings them back.", problem.hint);
    problem.hint(hint.trim_start())
}
