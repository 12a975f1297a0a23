//! `mail_organize`: flags, keywords, moving, copying, archiving, trash and junk. Everything can be taken back.

use domain::{Code, FolderArg, Problem, Scope};
use engine::organize::{Action, Meant, OrganizeRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changed::Changed;
use crate::{
    arguments::invalid,
    error::Refused,
    tool::{Call, Effect, Tool},
};

/// Ids of one call.
const MOST_IDS: usize = 1_000;

pub(crate) struct Organize;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    ids: Option<Vec<String>>,
    /// Instead of `ids`, as of `mail_search`
    query: Option<String>,
    /// Of `query`
    folder: Option<String>,
    account: Option<String>,
    #[serde(rename = "do")]
    action: Wish,
    to_folder: Option<String>,
    keywords: Option<Vec<String>>,
    /// Of the `plan`
    confirm: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Wish {
    Read,
    Unread,
    Star,
    Unstar,
    AddKeyword,
    RemoveKeyword,
    Move,
    Copy,
    Archive,
    Trash,
    Junk,
    NotJunk,
}

impl Wish {
    fn action(self) -> Action {
        match self {
            Self::Read => Action::Read,
            Self::Unread => Action::Unread,
            Self::Star => Action::Star,
            Self::Unstar => Action::Unstar,
            Self::AddKeyword => Action::AddKeyword,
            Self::RemoveKeyword => Action::RemoveKeyword,
            Self::Move => Action::Move,
            Self::Copy => Action::Copy,
            Self::Archive => Action::Archive,
            Self::Trash => Action::Trash,
            Self::Junk => Action::Junk,
            Self::NotJunk => Action::NotJunk,
        }
    }

    fn takes_folder(self) -> bool {
        matches!(self, Self::Move | Self::Copy)
    }

    fn takes_keywords(self) -> bool {
        matches!(self, Self::AddKeyword | Self::RemoveKeyword)
    }
}

/// Refuses more ids than a call takes.
pub(super) fn few_enough(ids: &[String], instead: &str) -> Result<(), Problem> {
    if ids.len() <= MOST_IDS {
        return Ok(());
    }
    let told = format!("A call takes at most {MOST_IDS} ids, not {}.", ids.len());
    Err(Problem::new(Code::TooMany, told).hint(instead))
}

impl Input {
    /// What is wished. A plan knows its messages and where they go; what is said again must agree with it, which is
    /// looked at where it is kept.
    fn request(self) -> Result<OrganizeRequest, Problem> {
        let (ids, keywords) = (self.ids.unwrap_or_default(), self.keywords.unwrap_or_default());
        few_enough(&ids, "For more give `query` with `folder`, or several calls.")?;
        let is_new = self.confirm.is_none();
        match (ids.is_empty(), &self.query) {
            (false, Some(_)) => return Err(invalid("`ids` and `query` exclude each other.".to_owned())),
            (false, None) if self.folder.is_some() => {
                return Err(invalid("`folder` belongs to `query`.".to_owned())
                    .hint("Ids name their folder; where to move them is `to_folder`."));
            }
            (true, None) if is_new => {
                return Err(invalid("Nothing says which messages.".to_owned())
                    .hint("Give `ids` from `mail_search`, or `query` with `folder`."));
            }
            (true, Some(_)) if self.folder.is_none() && is_new => {
                return Err(invalid("`query` needs `folder`.".to_owned())
                    .hint("For example `@inbox`; `all` for every folder."));
            }
            _ => {}
        }
        match &self.to_folder {
            Some(_) if !self.action.takes_folder() => {
                return Err(invalid("`to_folder` is for `move` and `copy`.".to_owned()));
            }
            None if self.action.takes_folder() && is_new => {
                return Err(invalid("`to_folder` is missing: where to?".to_owned())
                    .hint("`mail_folders` lists them; `@archive`, `@trash` and other roles do, too."));
            }
            _ => {}
        }
        if !keywords.is_empty() && !self.action.takes_keywords() {
            return Err(invalid("`keywords` are for `add_keyword` and `remove_keyword`.".to_owned()));
        }
        if keywords.is_empty() && self.action.takes_keywords() && is_new {
            return Err(invalid("`keywords` is missing.".to_owned()).hint("For example `[\"$Important\"]`."));
        }
        let meant = Meant {
            ids,
            query: self.query,
            folder: self.folder.as_deref().map(FolderArg::parse),
            account: self.account,
        };
        Ok(OrganizeRequest {
            meant,
            action: self.action.action(),
            to_folder: self.to_folder.as_deref().map(FolderArg::parse),
            keywords,
            confirm: self.confirm,
        })
    }
}

impl Tool for Organize {
    const NAME: &str = "mail_organize";
    const TITLE: &str = "Sort mail";
    const ABOUT: &str = "Marks, moves, copies, archives or trashes messages. More than 50, or a `query`, first answers a `plan` \
        and changes nothing: show it to the person, then call again with its `confirm`. Moved messages get a `new_id`. \
        `mail_undo` takes `undo` back.";
    const SCOPE: Scope = Scope::Modify;
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = Changed;

    fn targets(input: &Input) -> Vec<String> {
        input.ids.clone().unwrap_or_default()
    }

    fn made(output: &Changed) -> Vec<String> {
        output.made()
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Changed, Refused> {
        let request = input.request()?;
        let organized = cx.mail.organize(cx.principal, request, cx.progress).await?;
        Ok(Changed::of(organized, cx.request))
    }
}
