//! `mail_folder`: folders are made, renamed, deleted, shown or no longer shown in mail programs.

use domain::{FolderArg, FolderName, Scope};
use engine::{
    manage::{FolderAction, ManageRequest, Managed},
    organize::Planned,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
    view::shorten,
};

/// Characters of a folder's name that are shown.
const LONGEST: usize = 1_000;

pub(crate) struct Folder;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    #[serde(rename = "do")]
    action: Wish,
    folder: String,
    /// New path
    to: Option<String>,
    account: Option<String>,
    /// Of the `plan`
    confirm: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Wish {
    Create,
    Rename,
    Delete,
    Subscribe,
    Unsubscribe,
}

impl Wish {
    fn action(self) -> FolderAction {
        match self {
            Self::Create => FolderAction::Create,
            Self::Rename => FolderAction::Rename,
            Self::Delete => FolderAction::Delete,
            Self::Subscribe => FolderAction::Subscribe,
            Self::Unsubscribe => FolderAction::Unsubscribe,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    #[schemars(extend("x-untrusted" = true))]
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView>,
}

/// What would be done.
#[derive(Serialize, JsonSchema)]
struct PlanView {
    count: u64,
    confirm: String,
    #[schemars(extend("x-untrusted" = true))]
    note: String,
}

impl From<Planned> for PlanView {
    fn from(planned: Planned) -> Self {
        Self { count: planned.count, confirm: planned.confirm, note: planned.note }
    }
}

impl From<Managed> for Output {
    fn from(managed: Managed) -> Self {
        Self {
            folder: shorten(&managed.folder, LONGEST).0,
            undo: managed.undo.map(|undo| undo.to_string()),
            plan: managed.plan.map(PlanView::from),
        }
    }
}

impl Tool for Folder {
    const NAME: &str = "mail_folder";
    const TITLE: &str = "Manage folders";
    const ABOUT: &str = "Makes, renames, deletes or (un)subscribes a folder, named by its path with `/`. Deleting one with mail in \
        it first answers a `plan`: show it to the person, then call again with its `confirm`; the mail goes to Trash. Folders \
        with a role stay.";
    const SCOPE: Scope = Scope::Manage;
    const EFFECT: Effect = Effect::Changes;
    type Input = Input;
    type Output = Output;

    fn made(output: &Output) -> Vec<String> {
        output.undo.clone().into_iter().collect()
    }

    fn ended(output: &Output) -> &'static str {
        if output.plan.is_some() { "planned" } else { "ok" }
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        let request = ManageRequest {
            action: input.action.action(),
            folder: FolderArg::parse(&input.folder),
            to: input.to.map(|to| FolderName::from_agent(to.trim())),
            account: input.account,
            confirm: input.confirm,
        };
        Ok(cx.mail.manage(cx.principal, request, cx.progress).await?.into())
    }
}
