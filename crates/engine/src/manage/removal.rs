//! Deleting a folder. Its messages go to Trash first: nobody loses mail by what is about folders.
//!
//! One with messages in it is deleted after a plan, and only as long as nothing arrived since. On Gmail a folder
//! is a label, and its messages stay where they are.

use domain::{AccountName, Code, Principal, Problem, Role, Scope};
use mail::imap::{
    change::{Changed, End, How, Messages, OneTransferred},
    folder::Folder,
    make_role::MakeRole,
    manage::{self, Contents, Count, Counted, Manage},
};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Meant, ask, rules};
use crate::{
    Account, Engine,
    carried::HowFar,
    journal::{Change, Place, Step},
    organize::{MOST, Planned},
};

/// Messages that are moved at once.
const BATCH: usize = 500;

/// How far a removal came.
pub(super) enum Removed {
    /// The folder of that name is gone.
    Gone(String),
    /// Nothing was done: this is what would be.
    Planned(String, Planned),
    /// Messages were moved, and the folder is still there.
    HalfDone(Problem),
}

/// What was planned.
#[derive(Serialize, Deserialize)]
enum FolderPlan {
    RemoveFolder { account: AccountName, wire: Vec<u8>, validity: u32, uid_next: u32, messages: u32 },
}

impl Engine {
    pub(super) async fn remove(
        &self,
        principal: &Principal,
        change: &mut Change<'_>,
        meant: &Meant<'_>,
        confirm: Option<String>,
        telling: &watch::Sender<HowFar>,
    ) -> Result<Removed, Problem> {
        let Meant { account, folder, .. } = meant;
        let agreed = match confirm {
            Some(confirm) => Some(self.agreed(principal, meant, &confirm).await?),
            None => None,
        };
        if meant.folder.role.is_none() && meant.below().next().is_some() {
            return Err(has_below(meant));
        }
        rules::check_changeable(meant)?;
        let mailbox = folder.wire_name.clone();
        if !folder.is_selectable {
            return remove_empty(change, meant).await;
        }
        let count = Count { mailbox };
        let now = account.opened.ask(None, &count).await.map_err(|error| account.problem(&error))?;
        match agreed {
            Some(then) if !is_unchanged(then, now) => Err(changed(meant)),
            _ if now.messages == 0 => remove_empty(change, meant).await,
            Some(then) => {
                check_may_empty(principal, meant, now)?;
                empty_and_remove(change, meant, then, telling).await
            }
            None => {
                check_may_empty(principal, meant, now)?;
                self.plan_removal(principal, meant, now).await
            }
        }
    }

    async fn plan_removal(
        &self,
        principal: &Principal,
        meant: &Meant<'_>,
        now: Contents,
    ) -> Result<Removed, Problem> {
        let plan = FolderPlan::RemoveFolder {
            account: meant.account.name.clone(),
            wire: meant.folder.wire_name.to_vec(),
            validity: now.validity,
            uid_next: now.uid_next,
            messages: now.messages,
        };
        let confirm = self.keep_plan(principal, &plan).await?;
        let note = if meant.folders.is_gmail {
            "The label goes, its messages stay in All Mail. This cannot be undone."
        } else {
            "Its messages go to Trash, then the folder is deleted."
        };
        let count = u64::from(now.messages);
        let planned = Planned { count, sample: Vec::new(), confirm, note: note.to_owned() };
        Ok(Removed::Planned(meant.name(), planned))
    }

    /// What was in the folder when the plan was made.
    async fn agreed(
        &self,
        principal: &Principal,
        meant: &Meant<'_>,
        confirm: &str,
    ) -> Result<Contents, Problem> {
        let plan: FolderPlan = self.take_plan(principal, confirm).await?;
        let FolderPlan::RemoveFolder { account, wire, validity, uid_next, messages } = plan;
        if account != meant.account.name || wire != meant.folder.wire_name {
            return Err(Problem::new(Code::Conflict, "The plan is for another folder.")
                .hint("Ask for a plan for this folder, without `confirm`."));
        }
        Ok(Contents { validity, uid_next, messages })
    }
}

/// Whether nothing is in the folder that was not counted.
fn is_unchanged(then: Contents, now: Contents) -> bool {
    (then.validity, then.uid_next) == (now.validity, now.uid_next) && now.messages <= then.messages
}

/// That the grant may move the folder's messages to Trash, all of them.
fn check_may_empty(principal: &Principal, meant: &Meant<'_>, now: Contents) -> Result<(), Problem> {
    if !principal.may(Scope::Modify) {
        let told = format!(
            "`{}` holds messages, and moving them to Trash needs the scope {}.",
            meant.name(),
            Scope::Modify
        );
        return Err(Problem::new(Code::ScopeMissing, told)
            .hint("Empty folders can be deleted; for this one the person can give the grant that scope."));
    }
    if meant.account.nothing_before.is_some() {
        return Err(rules::outside(
            "The folder holds messages, and the grant may not see those from before a certain day.",
        ));
    }
    if now.messages as usize > MOST {
        let told =
            format!("The folder holds {} messages, more than {MOST} that a plan may have.", now.messages);
        return Err(Problem::new(Code::TooMany, told).hint("Move some of them with `mail_organize` first."));
    }
    if meant.folders.is_gmail {
        return Ok(());
    }
    let trash = meant.folders.all.iter().find(|folder| folder.role == Some(Role::Trash));
    let is_reached = match trash {
        Some(trash) => meant.account.shows(trash, meant.folders),
        None => meant.account.allowed_folders.is_empty() && meant.account.granted_folders.is_empty(),
    };
    if is_reached {
        Ok(())
    } else {
        Err(rules::outside("The folder holds messages, and the grant does not reach Trash."))
    }
}

async fn remove_empty(change: &mut Change<'_>, meant: &Meant<'_>) -> Result<Removed, Problem> {
    let Meant { account, folder, .. } = meant;
    let wire = folder.wire_name.clone();
    let step = Step::Removed { wire: wire.clone(), was_subscribed: folder.is_subscribed };
    let number = change.begin(account, &step).await?;
    match ask(account, &Manage::Delete { mailbox: wire, holding: None }).await? {
        manage::Managed::Gone | manage::Managed::There(_) => {}
        manage::Managed::HoldsMessages => return Err(changed(meant)),
        manage::Managed::HoldsFolders => return Err(has_below(meant)),
    }
    change.end(account, number, &step).await?;
    Ok(Removed::Gone(meant.name()))
}

async fn empty_and_remove(
    change: &mut Change<'_>,
    meant: &Meant<'_>,
    contents: Contents,
    telling: &watch::Sender<HowFar>,
) -> Result<Removed, Problem> {
    let Meant { account, folder, .. } = meant;
    let mailbox = folder.wire_name.clone();
    let at = Place { wire: mailbox.clone(), key: meant.name(), validity: contents.validity };
    if meant.folders.is_gmail {
        let step = Step::Destroyed { at, uids: Vec::new() };
        let number = change.begin(account, &step).await?;
        return match ask(account, &Manage::Delete { mailbox, holding: Some(contents) }).await? {
            manage::Managed::HoldsMessages => Err(changed(meant)),
            manage::Managed::HoldsFolders => Err(has_below(meant)),
            manage::Managed::Gone | manage::Managed::There(_) => {
                change.end(account, number, &step).await?;
                Ok(Removed::Gone(meant.name()))
            }
        };
    }
    let problem = |error: mail::Error| account.problem(&error);
    let trash = account.opened.ask(None, &MakeRole { role: Role::Trash }).await.map_err(problem)?;
    let counted = Counted { mailbox: mailbox.clone(), contents };
    let uids = account.opened.ask(Some(&mailbox), &counted).await.map_err(problem)?;
    let Some(uids) = uids else { return Err(changed(meant)) };
    let total = uids.len() as u64;
    telling.send_replace((0, total));
    for uids in uids.chunks(BATCH) {
        // Nobody waits for it any more.
        if telling.is_closed() {
            let problem = Problem::new(Code::Timeout, "The call went away before all messages were moved.");
            return Ok(Removed::HalfDone(problem));
        }
        if let Err(problem) = to_trash(change, account, &at, &trash, uids).await {
            return Ok(Removed::HalfDone(problem));
        }
        telling.send_modify(|(done, _)| *done += uids.len() as u64);
    }
    Ok(match remove_empty(change, meant).await {
        Ok(removed) => removed,
        Err(problem) => Removed::HalfDone(problem),
    })
}

async fn to_trash(
    change: &mut Change<'_>,
    account: &Account,
    at: &Place,
    trash: &Folder,
    uids: &[u32],
) -> Result<(), Problem> {
    let step = |messages: Vec<OneTransferred>| Step::Transfer {
        from: at.clone(),
        to: (trash.wire_name.clone(), trash.key().to_string()),
        is_copy: false,
        uids: uids.to_vec(),
        messages,
    };
    let number = change.begin(account, &step(Vec::new())).await?;
    let messages = Messages { mailbox: &at.wire, validity: at.validity, uids };
    let moved = account.opened.pool.transfer(&messages, &trash.wire_name, How::Move).await;
    let Changed::Done(moved) = moved.map_err(|error| account.problem(&error))? else {
        return Err(Problem::new(Code::Conflict, "The folder was rebuilt by its mail server meanwhile."));
    };
    let is_whole = moved.messages.iter().all(|one| one.end == End::Done);
    change.end(account, number, &step(moved.messages)).await?;
    match moved.trouble {
        Some(trouble) => Err(account.problem(&trouble)),
        None if is_whole => Ok(()),
        None => Err(Problem::new(
            Code::ServerRefused,
            "Not all of the folder's messages could be moved to Trash.",
        )),
    }
}

fn changed(meant: &Meant<'_>) -> Problem {
    let told = format!("Something arrived in `{}` that was not counted; it is still there.", meant.name());
    Problem::new(Code::Conflict, told).hint("Ask for a plan again, without `confirm`.")
}

fn has_below(meant: &Meant<'_>) -> Problem {
    let told = format!("There are folders below `{}`; nothing was deleted.", meant.name());
    Problem::new(Code::Conflict, told).hint("Delete those first, the lowest first.")
}
