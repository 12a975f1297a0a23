//! `mail_organize`: flags, keywords, moving, copying, archiving, trash and junk. Everything can be taken back.

use domain::{Code, FolderArg, Problem, Scope};
use engine::organize::{Action, Meant, OrganizeRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::changed::Changed;
use crate::{
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
    /// Of `query`; alone: all in it
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
    /// What is wished; whether it makes sense the engine says. An empty query arrives as none.
    fn request(self) -> Result<OrganizeRequest, Problem> {
        let ids = self.ids.unwrap_or_default();
        few_enough(&ids, "For more give `query` with `folder`, or several calls.")?;
        let folder = self.folder.as_deref().map(FolderArg::parse);
        let is_all = ids.is_empty() && folder.is_some() && self.confirm.is_none();
        let query = self.query.or_else(|| is_all.then(String::new));
        Ok(OrganizeRequest {
            meant: Meant { ids, query, folder, account: self.account },
            action: self.action.action(),
            to_folder: self.to_folder.as_deref().map(FolderArg::parse),
            keywords: self.keywords.unwrap_or_default(),
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

    fn ended(output: &Changed) -> &'static str {
        output.ended()
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Changed, Refused> {
        let named = input.ids.clone().unwrap_or_default();
        let request = input.request()?;
        let organized = cx.mail.organize(cx.principal, request, cx.progress).await?;
        Ok(Changed::of(organized, &named, cx.request))
    }
}
