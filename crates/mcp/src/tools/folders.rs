//! `mail_folders`: the folders of one account, subscribed or not.

use domain::Scope;
use engine::folders::Folder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::Refused,
    tool::{Call, Effect, Tool},
    view::size,
};

pub(crate) struct Folders;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    account: Option<String>,
    #[serde(default = "yes")]
    counts: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    folders: Vec<FolderView>,
    /// How many folders did not fit into the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
struct FolderView {
    account: String,
    #[schemars(extend("x-untrusted" = true))]
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread: Option<u32>,
    subscribed: bool,
}

impl From<Folder> for FolderView {
    fn from(folder: Folder) -> Self {
        Self {
            account: folder.account.into(),
            folder: folder.name.as_str().to_owned(),
            role: folder.role.map(domain::Role::as_str),
            total: folder.total,
            unread: folder.unread,
            subscribed: folder.is_subscribed,
        }
    }
}

impl Tool for Folders {
    const NAME: &str = "mail_folders";
    const TITLE: &str = "List folders";
    const ABOUT: &str = "Lists the folders of one account. A folder is named by its path or, where it has a role, by `@role`. \
        Without `counts` it is faster.";
    const SCOPE: Scope = Scope::Folders;
    const EFFECT: Effect = Effect::Reads;
    type Input = Input;
    type Output = Output;

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        let folders = cx.mail.folders(cx.principal, input.account.as_deref(), input.counts).await?;
        let mut folders: Vec<FolderView> = folders.into_iter().map(FolderView::from).collect();
        let all = folders.len();
        let mut room = size::HARD_CAP.saturating_sub(40);
        let fitting = folders.iter().take_while(|folder| {
            let cost = size::json_chars(folder) + 1;
            let fits = cost <= room;
            room = room.saturating_sub(cost);
            fits
        });
        let shown = fitting.count();
        folders.truncate(shown);
        Ok(Output { folders, more: (shown < all).then(|| all - shown) })
    }
}
